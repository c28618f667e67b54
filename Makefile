# One folder, one library; only build folders are written. `make help` lists what people type.
#
# Variables, all optional:
#   CC=gcc|clang   the compiler            OPT=-O0   another optimisation
#   SAN=1          ASan and UBSan          BUILD=dir another build folder
#   LTO=1          optimises across files (gcc): runs are a fifth shorter, links take long
#   CFLAGS=...     appended to our flags   V=1       show the commands
#   PATHS=...      what `make run` and `make soak` run (default: all of scenarios/, or of EXTRA's)
#   SEEDS=N        seeds of `make soak`, from 1 on (default: 1000)
#   PAIRS=N        pairs of runs of `make soak` (default: ten times SEEDS) and of `make noninterference`
#   EXTRA=dir      compiles dir/*.c into the tool as well: devices, apps, filters (sim/extra.h);
#                  `make run` then runs the scenarios in dir, if there are any
#   NO_SDL=1       leaves the window of `postern view` out (so does a machine without SDL2)
#   PREFIX, DESTDIR  where `make install` puts things (default: /usr/local)
#   ARGS=...       options of `make bench`
#   ONLY=glob, THIRD=n  which bugs `make mutants` tries (default: all; tools/mutants.sh)
#   TARGET=name, SECONDS=n  what `make fuzz`, `make fuzz-afl` fuzz (default: syscall) and how long (60)
#   CPU_SECONDS=n  how much of a processor's time `make fuzz` uses, instead of SECONDS
# Each variant has its own build folder: build, build-clang, build-san, build-O0, ...

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SUFFIXES:
MAKEFLAGS += --no-builtin-rules

ifeq ($(origin CC),default)
CC := gcc
endif
ifdef SAN
san := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
# A trace needs lines, not where each variable is: gcc takes a fifth longer to find out.
san += $(if $(findstring gcc,$(CC)),-fno-var-tracking)
endif
# The archives' own objects stay whole, so that tools/layers can read them.
lto := $(if $(LTO),-flto=auto -ffat-lto-objects)
OPT_DEFAULT := $(if $(SAN),-O1,-O2)
OPT ?= $(OPT_DEFAULT)
cc_name := $(notdir $(lastword $(CC)))
PREFIX ?= /usr/local
SEEDS ?= 1000
soak_pairs = $(or $(PAIRS),$(SEEDS)0)
BUILD ?= build$(addprefix -,$(filter-out gcc,$(cc_name)))$(if $(SAN),-san)$(if $(LTO),-lto)$(filter-out $(OPT_DEFAULT),$(OPT))
Q := $(if $(V),,@)

# ---- flags

warnings := -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
	-Wwrite-strings -Wpointer-arith -Wundef -Wvla -Werror=date-time
# No contraction: a fused multiply-add would round differently from machine to machine.
language := -std=c11 -ffp-contract=off -I.
prefix_map := -ffile-prefix-map=$(CURDIR)=.
flags := $(language) $(warnings) $(OPT) -g $(prefix_map) $(san) $(lto) $(CPPFLAGS) $(CFLAGS)
model_flags := -ffreestanding # the kernel is built as for a chip

# Evaluated when first used, thus only after tools/setup.sh has put Check and pkg-config there.
check_cflags = $(eval check_cflags := $$(shell pkg-config --cflags check))$(check_cflags)
check_libs = $(eval check_libs := $$(shell pkg-config --libs check))$(check_libs)

# ---- sources

model_src := $(sort $(wildcard model/*.c model/*/*.c))
sim_src := $(sort $(wildcard sim/*.c sim/*/*.c))
devices_src := $(sort $(wildcard devices/*.c))
tools_src := $(sort $(filter-out tools/postern.c,$(wildcard tools/*.c tools/view/*.c tools/page/*.c)))
test_src := $(sort $(wildcard tests/test_*.c))
support_src := $(sort $(filter-out $(test_src),$(wildcard tests/*.c)))
main_src := $(wildcard tools/postern.c)
# The window, a program of its own: only it links SDL. NO_SDL=1, or no SDL2 here: it is left out.
window_src := tools/window/postern_view.c
sdl := $(if $(NO_SDL),,$(shell pkg-config --exists sdl2 2>/dev/null && echo yes))
sdl_cflags = $(if $(sdl),$(shell pkg-config --cflags sdl2))
sdl_libs = $(if $(sdl),$(shell pkg-config --libs sdl2))
window := $(if $(sdl),$(BUILD)/postern-view)
bench_src := $(sort $(wildcard tools/bench/*.c))
# A target is fuzz/fuzz_NAME.c; the other files there are what targets share, and a main.
fuzz_src := $(sort $(wildcard fuzz/*.c))
fuzz_target_src := $(filter fuzz/fuzz_%,$(fuzz_src))
fuzz_names := $(patsubst fuzz/fuzz_%.c,%,$(fuzz_target_src))
lib_src := $(model_src) $(sim_src) $(devices_src) $(tools_src) $(main_src)
c_src := $(lib_src) $(test_src) $(support_src) $(bench_src) $(fuzz_src) $(if $(sdl),$(window_src))
c_text := $(sort $(c_src) $(window_src) $(wildcard $(foreach d,model sim devices tools tests fuzz,$d/*.h $d/*/*.h)))
sh_text := $(wildcard .ci/run .clusterfuzzlite/build.sh fuzz/build.sh tools/layers tools/function_lengths tools/run_tests tools/*.sh tests/*.sh)

obj = $(patsubst %.c,$(BUILD)/%.o,$(1))
# Highest first. The kernel and its port need each other, so the linker gets them as a group.
archives := $(patsubst %,$(BUILD)/lib%.a,tools devices sim model)
# What fuzzers play is played by the tool, too, and the stages of fuzz/ need the tool's catalogue.
fuzz_archive := $(BUILD)/fuzz/libfuzz.a
cjson := -lcjson
libs := -Wl,--start-group $(archives) $(fuzz_archive) -Wl,--end-group $(cjson) -lm
program := $(patsubst tools/%.c,$(BUILD)/%,$(main_src))
tests := $(patsubst %.c,$(BUILD)/%,$(test_src))
sh_tests := $(sort $(wildcard tests/*_test.sh))

# A folder of somebody's own: its objects and the program with them go to a folder beside the build
# folder, and all the rest is shared with it.
ifdef EXTRA
extra_dir := $(patsubst %/,%,$(EXTRA))
extra_src := $(sort $(wildcard $(extra_dir)/*.c))
$(if $(extra_src),,$(error EXTRA=$(EXTRA): no folder with C files))
extra_build := $(BUILD)-extra-$(notdir $(realpath $(extra_dir)))
extra_obj := $(patsubst $(extra_dir)/%.c,$(extra_build)/%.o,$(extra_src))
program := $(extra_build)/postern
extra_scenarios := $(filter-out $(extra_dir)/boards/%,$(wildcard $(extra_dir)/*.json $(extra_dir)/*/*.json))
run_paths = $(or $(PATHS),$(if $(extra_scenarios),$(extra_dir)))
endif
run_paths ?= $(PATHS)

# ---- compiling

# A stamp is rewritten only when its text changes: then, and only then, what hangs on it is rebuilt.
stamp = @mkdir -p $(@D); printf '%s\n' '$(1)' | cmp -s - $@ || printf '%s\n' '$(1)' >$@

$(BUILD)/flags: FORCE
	$(call stamp,$(CC) $(flags) model: $(model_flags)$(if $(ENGINE), $(ENGINE) $(GUIDE) $(FUZZ_LINK)))
$(BUILD)/sources: FORCE
	$(call stamp,$(c_src))

$(BUILD)/%.o: %.c $(BUILD)/flags
	@mkdir -p $(@D)
	@echo "  cc $<"
	$(Q)$(CC) $(flags) $(own_flags) -MMD -MP -c $< -o $@

$(call obj,$(model_src)): own_flags = $(model_flags)
$(call obj,$(test_src) $(support_src)): own_flags = $(check_cflags)
# Not ours: other people's libraries, in one file.
foreign_src := tools/view/stb.c
$(call obj,$(foreign_src)): own_flags = -w
# What a fuzzer is guided by: the kernel, and the readers of texts. Counting the simulator as well
# costs it half of its speed and teaches it little about either. Compared values (trace-cmp) cost
# the other half: tapes are made of words worth trying, texts have a dictionary.
ifdef ENGINE
guides := $(model_src) $(filter sim/json_text.c sim/board_load.c sim/load_value.c sim/pattern.c \
	sim/scenario_% sim/app_steps_compile.c sim/apps/ble_%,$(sim_src))
GUIDE ?= -fsanitize-coverage=inline-8bit-counters,pc-table # another engine counts in its own way
$(call obj,$(guides)): own_flags += $(GUIDE)
endif

$(BUILD)/libmodel.a: $(call obj,$(model_src))
$(BUILD)/libsim.a: $(call obj,$(sim_src))
$(BUILD)/libdevices.a: $(call obj,$(devices_src))
$(BUILD)/libtools.a: $(call obj,$(tools_src))
$(BUILD)/tests/libsupport.a: $(call obj,$(support_src))
$(BUILD)/fuzz/libfuzz.a: $(call obj,$(filter-out $(fuzz_target_src) fuzz/main_replay.c fuzz/seed_main.c fuzz/bare_hw.c,$(fuzz_src)))
$(BUILD)/%.a: $(BUILD)/sources
	@mkdir -p $(@D)
	$(Q)rm -f $@ && ar rcs $@ $(filter %.o,$^)

$(BUILD)/postern: $(BUILD)/tools/postern.o $(archives) $(fuzz_archive)
	@echo "  ld $@"
	$(Q)$(CC) $(flags) $< $(libs) -o $@

$(call obj,$(window_src)) $(patsubst %.c,$(BUILD)/%.tidy,$(window_src)): own_flags = $(sdl_cflags)
$(BUILD)/postern-view: $(call obj,$(window_src)) $(archives) $(fuzz_archive)
	@echo "  ld $@"
	$(Q)$(CC) $(flags) $< $(libs) $(sdl_libs) -o $@

# Its objects come before the archives: so its own driver wins over the GPIO capsule.
bench_objects := $(call obj,$(filter-out %/noop.c %/fuzz.c,$(bench_src)))
$(BUILD)/bench: $(bench_objects) $(archives) $(fuzz_archive)
	@echo "  ld $@"
	$(Q)$(CC) $(flags) $(bench_objects) $(libs) -o $@
bench_fuzz_objects := $(call obj,tools/bench/fuzz.c tools/bench/pairs.c)
$(BUILD)/bench-fuzz: $(bench_fuzz_objects) $(archives) $(fuzz_archive)
	@echo "  ld $@"
	$(Q)$(CC) $(flags) $(bench_fuzz_objects) $(libs) -o $@
$(BUILD)/bench-noop: $(BUILD)/tools/bench/noop.o
	$(Q)$(CC) $(flags) $< -o $@

# With ENGINE they are a fuzzer's programs (`make fuzz`), else they play what they are given. Objects
# come first, so that the hw_* of bare_hw.c win over the simulator's where they are linked.
fuzz_programs := $(patsubst %.c,$(BUILD)/%,$(fuzz_target_src))
fuzz_main := $(if $(ENGINE),,$(BUILD)/fuzz/main_replay.o)
$(BUILD)/fuzz/fuzz_mpu $(BUILD)/fuzz/fuzz_start: $(BUILD)/fuzz/bare_hw.o
$(fuzz_programs): %: %.o $(fuzz_main) $(fuzz_archive) $(archives)
	@echo "  ld $@"
	$(Q)$(or $(FUZZ_LINK),$(CC) $(flags)) $(ENGINE) $(filter %.o,$^) $(libs) -o $@

# Scenarios as tapes, to begin a corpus with (fuzz/README.md).
$(BUILD)/fuzz/seed: $(BUILD)/fuzz/seed_main.o $(fuzz_archive) $(archives)
	@echo "  ld $@"
	$(Q)$(CC) $(flags) $< $(libs) -o $@

ifdef EXTRA
# Warnings are its author's own affair. Linked one by one, not from an archive: nothing calls them.
$(extra_obj): $(extra_build)/%.o: $(extra_dir)/%.c $(BUILD)/flags $(extra_build)/sources
	@mkdir -p $(@D)
	@echo "  cc $<"
	$(Q)$(CC) $(filter-out -Werror,$(flags)) -MMD -MP -c $< -o $@
$(extra_build)/sources: FORCE
	$(call stamp,$(realpath $(extra_dir)): $(extra_src))
$(extra_build)/postern: $(BUILD)/tools/postern.o $(extra_obj) $(archives) $(fuzz_archive) $(extra_build)/sources
	@echo "  ld $@"
	$(Q)$(CC) $(flags) $(filter %.o,$^) $(libs) -o $@
-include $(extra_obj:.o=.d)
endif

# A test that includes "tests/fake_hw.h" gets the whole of tests/fake_hw.c, before all libraries: so
# a fake's hw_* win over the simulator's. Other support is taken from libsupport.a as it is needed.
$(tests): $(BUILD)/%: $(BUILD)/%.o $(BUILD)/tests/libsupport.a $(archives) $(fuzz_archive)
	@echo "  ld $@"
	$(Q)$(CC) $(flags) $(filter %.o,$^) $(BUILD)/tests/libsupport.a $(libs) $(check_libs) -o $@
support_pairs := $(shell grep -oE '^.include "tests/[^"]+\.h"' /dev/null $(test_src) | \
	sed -E 's|\.c:.include "(.*)\.h"|:\1|')
$(foreach pair,$(support_pairs),$(if $(wildcard $(lastword $(subst :, ,$(pair))).c),\
	$(eval $(BUILD)/$(firstword $(subst :, ,$(pair))): $(BUILD)/$(lastword $(subst :, ,$(pair))).o)))
# These call the port themselves, and mean the simulator's.
$(BUILD)/tests/test_nvmc $(BUILD)/tests/test_secret: $(BUILD)/sim/hw_sim.o

-include $(patsubst %.c,$(BUILD)/%.d,$(c_src))

# ---- what people type. Set-up comes first and make starts anew after it, to see what it brought.
# It is a line of its own, so that `make -n` installs nothing.

again = +@$(MAKE) --no-print-directory $(if $(findstring jobserver,$(MAKEFLAGS)),,-j$(shell nproc))

# Fuzzers have a build of their own: clang, instrumented for libFuzzer, with ASan and UBSan.
FUZZ_BUILD ?= build-fuzz
fuzz_again = $(again) CC=clang SAN=1 OPT=-O2 BUILD='$(FUZZ_BUILD)' ENGINE=-fsanitize=fuzzer

## Build build/postern
all:
	@sh tools/setup.sh build
	$(again) _all

## Build the window of `postern view` as well, with what it needs (SDL2)
view:
	@sh tools/setup.sh view
	$(again) _window
_window: $(program) $(window)
	@$(if $(window),:,echo 'no window: pkg-config finds no sdl2, or NO_SDL=1' >&2; exit 1)

## Run all scenarios, or those of PATHS=...
run:
	@sh tools/setup.sh build
	$(again) _all
	@test -z '$(program)' || $(program) run $(run_paths)

## Run all scenarios (or PATHS=...) over 1,000 seeds each, or SEEDS=..., and 10,000 pairs of runs
soak:
	@sh tools/setup.sh build
	$(again) _all
	@test -z '$(program)' || $(program) run --seeds $(SEEDS) $(run_paths)
	@test -z '$(program)' || $(program) noninterference --quiet --pairs $(soak_pairs) $(run_paths)

## Find who can tell another app's secrets, in pairs of runs of scenarios/virtualization or PATHS=...
noninterference:
	@sh tools/setup.sh build
	$(again) _all
	@test -z '$(program)' || $(call pairs_run,$(or $(run_paths),scenarios/virtualization))

## Run all scenarios, or those of PATHS=..., and write build/report.html
report:
	@sh tools/setup.sh build
	$(again) _all
	@test -z '$(program)' || { code=0; $(program) run --format json --output $(BUILD)/report.jsonl $(run_paths) || code=$$?; \
	    $(program) report $(BUILD)/report.jsonl -o $(BUILD)/report.html && echo 'written: $(BUILD)/report.html' && exit $$code; }

## Draw the pictures of tests/data/pictures anew, that tests compare with
pictures:
	@sh tools/setup.sh build
	$(again) _all
	@POSTERN='$(BUILD)/postern' tests/pictures_test.sh --write
	@$(BUILD)/postern view 'ble/designs/software_turnaround_holds_at_every_cost#kernel.costs=m4-300@1' \
	    --keys 'g 19260 Return + +' --size 1280x720 --png tests/data/pictures/connection_event.png

## Build and run every test; ends with "N passed, N failed"
test:
	@sh tools/setup.sh test
	$(again) --keep-going _all _tests; code=$$?; mkdir -p $(BUILD); echo $$code >$(BUILD)/built
	@BUILD='$(BUILD)' CC='$(CC)' MAKE='$(MAKE)' $(if $(SAN),CK_FORK=no) tools/run_tests $(tests) $(sh_tests)

## Time the simulator against bare C loops; ARGS="--quick --only 3", ARGS=--help
bench:
	@sh tools/setup.sh build
	$(again) _all _bench
	@$(BUILD)/bench --runner $(BUILD)/postern --nothing $(BUILD)/bench-noop \
	    $(addprefix --sanitized ,$(wildcard build-san/postern)) $(ARGS)

## Fuzz TARGET=syscall for SECONDS=60 with libFuzzer, from its corpus; fuzz/README.md
fuzz:
	@sh tools/setup.sh dev
	$(fuzz_again) _fuzz
	@BUILD='$(FUZZ_BUILD)' CPU_SECONDS='$(CPU_SECONDS)' tools/fuzz.sh long '$(or $(TARGET),syscall)' \
	    '$(or $(SECONDS),$(if $(CPU_SECONDS),0,60))' $(ARGS)

## Fuzz each target for a moment from a fixed seed; 40 s on two processors, then builds are there
fuzz-smoke:
	@sh tools/setup.sh dev
	$(fuzz_again) _fuzz
	@BUILD='$(FUZZ_BUILD)' tools/fuzz.sh smoke $(fuzz_names)

## Fuzz TARGET=syscall for SECONDS=60 with AFL++, from its corpus; says so if AFL++ is missing
fuzz-afl:
	@sh tools/setup.sh dev
	@BUILD=build-afl tools/fuzz_afl.sh '$(or $(TARGET),syscall)' '$(or $(SECONDS),60)' $(ARGS)

## Build all targets as OSS-Fuzz does (fuzz/build.sh), and play their seeds in another folder
fuzz-build:
	@sh tools/setup.sh dev
	@FUZZ_BUILT=all tests/fuzz_build_test.sh

## Check formats and find faults without running: clang-format, clang-tidy, cppcheck, shellcheck
lint:
	@sh tools/setup.sh dev
	$(again) --keep-going _format _tidy _cppcheck _shellcheck _lengths

## Check that no folder reaches up: includes, and what each library asks of others
layers:
	@$(if $(SAN),echo 'make layers looks at the plain libraries: leave SAN=1 out' >&2; exit 2,:)
	@tools/layers includes
	$(again) _libs
	@tools/layers archives $(filter-out %/libtools.a,$(archives))

## Compile the kernel for Cortex-M4 and for RV32, with all warnings
cross:
	@sh tools/setup.sh dev
	$(again) _cross

## Compare the trace hashes of gcc -O2, gcc -O0, clang -O2 and of a sanitized build
determinism:
	@sh tools/setup.sh dev
	@BUILD=build MAKE='$(MAKE)' tools/determinism.sh $(PATHS)

## Check scenarios and boards against the JSON schemas (skipped without python3-jsonschema)
schemas:
	@tools/schemas.sh

## Install program, scenarios, manual page, completion below PREFIX (and DESTDIR)
install:
	@sh tools/setup.sh build
	$(again) _all
	@PREFIX='$(PREFIX)' DESTDIR='$(DESTDIR)' tools/install.sh '$(program)' $(window)

## Remove what `make install` has put there
uninstall:
	@PREFIX='$(PREFIX)' DESTDIR='$(DESTDIR)' tools/install.sh --remove

## Measure what tests, suite, fuzz/corpus reach of the kernel; the last two: 97 % of lines, 90 % of branches
coverage:
	@$(if $(findstring gcc,$(cc_name)),:,echo 'make coverage counts with gcc and gcov: leave CC=$(CC) out' >&2; exit 2)
	@$(if $(SAN),echo 'make coverage counts in a plain build: leave SAN=1 out' >&2; exit 2,:)
	@sh tools/setup.sh dev || :
	$(again) BUILD='$(BUILD)-coverage' OPT=-O0 CFLAGS='$(CFLAGS) --coverage -DCOVERAGE_BUILD' _coverage

## Put one known bug after the other into a copy of the tree and see each of them caught
mutants:
	@sh tools/setup.sh dev
	$(again) _all _tests
	@BUILD='$(BUILD)' CC='$(CC)' MAKE='$(MAKE)' tools/mutants.sh \
	    $(if $(ONLY),--only '$(ONLY)') $(if $(THIRD),--third '$(THIRD)')

## Remove the build folders, or only BUILD=dir
clean:
	rm -rf $(if $(filter command environment,$(origin BUILD)),$(BUILD),build build-*)

## Show this help
help:
	@awk '/^## /{text=substr($$0,4); getline; sub(/:.*/,""); printf "  make %-15s %s\n", $$0, text}' Makefile

# Of pairs without a difference nothing is said, but what they share on purpose, and why. What is not
# compared is listed with its reason, the members of a sweep as one.
pairs_run = { $(program) noninterference --verbose $(addprefix --pairs ,$(PAIRS)) $(1) \
	>$(BUILD)/noninterference.log; code=$$?; awk '/^equal/ { held = $$0; next } \
	/^-----/ { sub(/[\#@][^:]*:/, ":"); if (seen[$$0]++) next } \
	/^  shared/ && held { print held } { held = ""; print }' $(BUILD)/noninterference.log; exit $$code; }

# ---- what those call

_all: $(program) $(window)
	@$(if $(program),:,echo 'tools/postern.c is not there: nothing to link' >&2)
	@$(if $(EXTRA),echo '$(program) has $(words $(extra_src)) C file$(if $(word 2,$(extra_src)),s) of $(extra_dir) in it')
_tests: $(tests) _bench _fuzz $(BUILD)/fuzz/seed
_fuzz: $(fuzz_programs)
_guides:
	@printf '%s\n' $(guides)
_bench: $(BUILD)/bench $(BUILD)/bench-noop $(BUILD)/bench-fuzz

# Each line has code of its own at -O0.
_coverage: $(BUILD)/postern $(tests) $(fuzz_programs)
	@BUILD='$(BUILD)' CC='$(CC)' MAKE='$(MAKE)' GCOV='$(subst gcc,gcov,$(cc_name))' \
	    tools/line_coverage.sh $(tests)

_libs: $(archives)
	@:

_format:
	@clang-format --dry-run -Werror $(c_text) </dev/null; code=$$?; \
	    if grep -nE '^.{101,}$$' $(c_text) /dev/null; then \
	    echo 'lines of more than 100 columns' >&2; code=1; fi; exit $$code
	@echo 'clang-format: no findings'
_cppcheck:
	@mkdir -p $(BUILD)/cppcheck
	$(Q)cppcheck --quiet --std=c11 --enable=warning,style,performance,portability -j$(shell nproc) \
	    --cppcheck-build-dir=$(BUILD)/cppcheck --suppressions-list=tools/cppcheck_suppressions \
	    --error-exitcode=1 -I. '-DSTART_TEST(name)=static void name(int _i)' -DEND_TEST= \
	    '-D_Noreturn=__attribute__((noreturn))' \
	    $(filter-out $(foreign_src),$(c_src))
	@echo 'cppcheck: no findings'
_shellcheck:
	@shellcheck $(sh_text)
	@echo 'shellcheck: no findings'
_lengths:
	@tools/function_lengths $(filter %.c,$(c_text))

_tidy: $(patsubst %.c,$(BUILD)/%.tidy,$(filter-out $(foreign_src),$(c_src)))
	@echo 'clang-tidy: no findings'
# An object is rebuilt when any header of its file changes; thus the file is checked again, too.
$(BUILD)/%.tidy: $(BUILD)/%.o .clang-tidy
	@echo "  tidy $*.c"
	$(Q)clang-tidy --quiet --warnings-as-errors='*' $*.c -- $(language) $(own_flags) >$@.log 2>&1 || \
	    { cat $@.log; exit 1; }
	@touch $@

# $(1): a chip, $(2): how to compile for it
define cross_rule
cross_obj += $(patsubst %.c,$(BUILD)/cross/$(1)/%.o,$(model_src))
$(BUILD)/cross/$(1)/%.o: %.c $(BUILD)/flags
	@mkdir -p $$(@D)
	$$(Q)clang $(2) $(language) $(warnings) -Os -ffreestanding -nostdlib -MMD -MP -c $$< -o $$@
endef
$(eval $(call cross_rule,armv7em,--target=armv7em-none-eabi -mcpu=cortex-m4 -mthumb))
$(eval $(call cross_rule,rv32imac,--target=riscv32-unknown-elf -march=rv32imac))
_cross: $(cross_obj)
	@echo '$(words $(model_src)) kernel files compile for armv7em and for rv32imac'
-include $(cross_obj:.o=.d)

FORCE:
.PHONY: install uninstall pictures report view _window
.PHONY: all run soak noninterference test bench lint layers cross determinism schemas coverage mutants clean help
.PHONY: fuzz fuzz-smoke fuzz-afl fuzz-build
.PHONY: FORCE _all _tests _bench _fuzz _guides _coverage _libs _format _tidy _cppcheck _shellcheck _lengths _cross
