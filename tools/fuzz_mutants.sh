#!/bin/bash
# fuzz_mutants.sh [OPTION...] GLOB...: puts one known bug after the other into a copy of the tree,
# and says how long a fuzzer takes to find it from an empty corpus.
#
#   GLOB            bugs of tests/mutants whose name matches; without * ? [ a part of the name
#   --target LIST   tried in this order, "filter,syscall"; default: what fuzz/planted.tsv says
#   --seconds N     of CPU, of one run, at most (20)
#   --seeds N       runs of each bug, with the seeds 1, 2, 3 ... (5)
#   --vain N        a target that has found nothing in as many runs does not find it (2)
#   --list          the bugs with their rules and files, and no run
#
# Only bugs whose patch touches nothing but model/, sim/apps and scenarios/boards: the kernel's, and
# those of the programs and boards that are tried. The rest are the simulator's and its judges'.
#
# Bugs come in the order of the GLOBs. One is found by the first target that sees it; a target whose
# first runs see nothing has not found it, and the next one is tried. A line for each bug, with the
# middle one of its runs:
#
#   bug | target | inputs | seconds of CPU | runs that found it, of how many | seen as
#
# Runs that have found nothing count as longer than any; is the middle one of those, there is no
# number but a dash. "Seen as" is the rule that broke, or what else the program said as it ended.
# A table of such lines makes tools/fuzz_table.sh.
# The inputs that found it are in FUZZ_BUILD, found/BUG-TARGET-SEED. Each is played without the bug,
# too: one that breaks then has found something else, is said on stderr, and does not count.
#
# Exit: 0 all were tried, found or not; 1 one does not apply or not build; 2 bad usage; 3 there is
# nothing to start from.
# Environment: SAN=1, with ASan and UBSan (several times as slow, and sees more); FUZZ_BUILD, a
# build folder in this tree (build-fuzz-plain, build-fuzz-san), made here; OPTIONS, further ones of
# libFuzzer's; MAKE.
set -u

here=$(cd "$(dirname "$0")/.." && pwd -P) || exit 3
build=${FUZZ_BUILD:-"build-fuzz-$([ -n "${SAN:-}" ] && echo san || echo plain)"}
make=${MAKE:-make}
unset MAKEFLAGS MAKEOVERRIDES MFLAGS MAKELEVEL

usage() {
    echo "fuzz_mutants: $1" >&2
    sed -n '2,10s/^# \{0,1\}//p' "$0" >&2
    exit 2
}

# In the order in which they are likely to see it.
targets_of() {
    awk -F'\t' -v name="$1" '$1 == name { gsub(",", " ", $3); print $3; exit }' "$here/fuzz/planted.tsv"
}

rule_of() {
    sed -n '/^$/q; s/^Rule: //p' "$1"
}

files_of() {
    sed -n 's|^+++ b/||p' "$1"
}

seconds=20 seeds=5 vain=2 wanted='' list='' globs=()
while [ $# -gt 0 ]; do
    case $1 in
    --target) wanted=${2//,/ } ;;
    --seconds) seconds=${2:-} ;;
    --seeds) seeds=${2:-} ;;
    --vain) vain=${2:-} ;;
    --list)
        list=yes
        shift
        continue
        ;;
    -*) usage "unknown option \"$1\"" ;;
    *)
        globs+=("$1")
        shift
        continue
        ;;
    esac
    [ -n "${2:-}" ] || usage "$1 wants a value"
    shift 2
done
[ ${#globs[@]} != 0 ] || usage "want a GLOB"
[[ $seconds =~ ^[1-9][0-9]*$ ]] || usage "--seconds wants a number, not \"$seconds\""
[[ $seeds =~ ^[1-9][0-9]*$ ]] || usage "--seeds wants a number, not \"$seeds\""
[[ $vain =~ ^[1-9][0-9]*$ ]] || usage "--vain wants a number, not \"$vain\""
[[ $build != /* ]] || usage "FUZZ_BUILD wants a folder of this tree, not \"$build\""
for target in $wanted; do
    [ -e "$here/fuzz/fuzz_$target.c" ] || usage "no target \"$target\""
done

# is_meant PATCH GLOB
is_meant() {
    local name=${1##*/} glob=$2
    [[ $glob = *[*?[]* ]] || glob="*$glob*"
    # shellcheck disable=SC2053 # a glob is meant
    [[ ${name%.patch} = $glob ]]
}

chosen=()
for glob in "${globs[@]}"; do
    for patch in "$here"/tests/mutants/*.patch; do
        is_meant "$patch" "$glob" && ! files_of "$patch" | grep -qvE '^(model|sim/apps|scenarios/boards)/' &&
            chosen+=("$patch")
    done
done
[ ${#chosen[@]} != 0 ] || usage "no bug of the kernel's, and no program's, matches \"${globs[*]}\""
if [ -n "$list" ]; then
    for patch in "${chosen[@]}"; do
        printf '%s | %s | %s\n' "$(basename "$patch" .patch)" "$(rule_of "$patch")" \
            "$(files_of "$patch" | paste -sd' ')"
    done
    exit 0
fi

work=$(mktemp -d) || exit 3
trap 'rm -rf "$work"' EXIT

# make_programs TARGET...: also in the copy, as if it were the tree itself: with the same paths.
make_programs() {
    "$make" --no-print-directory -s "CURDIR=$here" CC=clang ${SAN:+SAN=1} OPT=-O2 "BUILD=$build" \
        ENGINE=-fsanitize=fuzzer "${@/#/$build/fuzz/fuzz_}" >"$work/build.log" 2>&1
}

# Sources and objects with their times, so that only what a bug touches is built.
copy_tree() {
    local name
    mkdir -p "$work/$build"
    for name in Makefile devices fuzz model scenarios sim tests tools; do
        cp -a "$here/$name" "$work/" || return 3
    done
    (cd "$here/$build" && find . -type f \( -name '*.[oad]' -o -name flags -o -name sources \) \
        -print0 | xargs -0 cp -a --parents -t "$work/$build")
}

sources_of() {
    files_of "$1" | sed -n 's|\.c$||p'
}

# Headers and boards.
others_of() {
    files_of "$1" | grep -v '\.c$'
}

# Files and objects without the bug are kept aside, and come back when it goes.
put_in() {
    local file
    for file in $(sources_of "$1"); do
        cp -p "$file.c" "$file.c.kept"
        cp -p "$build/$file.o" "$build/$file.o.kept" 2>/dev/null
    done
    for file in $(others_of "$1"); do
        cp "$file" "$file.kept"
    done
    GIT_CEILING_DIRECTORIES=$PWD/.. git apply "$1" >apply.log 2>&1
}

take_out() {
    local file
    for file in $(sources_of "$1"); do
        mv "$file.c.kept" "$file.c"
        [ ! -e "$build/$file.o.kept" ] || mv "$build/$file.o.kept" "$build/$file.o"
        touch "$build/$file.o"
    done
    for file in $(others_of "$1"); do
        mv "$file.kept" "$file"
        touch "$file" # all that read it are built again
    done
}

# What the log says of the end: a rule, a sanitizer's words, or those of the target itself.
seen_in() {
    awk '
        /^  broke / && !rule { rule = $2 }
        /^  (values|times) that .* observes$/ && !rule { rule = substr($1, 1, length($1) - 1) "-leak" }
        /runtime error: / && !san { san = $0; sub(/.*runtime error: /, "UBSan: ", san) }
        /^SUMMARY: AddressSanitizer/ && !asan { asan = "ASan: " $3 }
        /libFuzzer: timeout/ { slow = "a run without end" }
        /deadly signal/ { dead = "a crash" }
        /^[a-z]/ && !/^stat::|^artifact_prefix/ && !first { first = $0 }
        END {
            sub(/^at 0x[0-9a-f]* wanted rights.*/, "the registers open something else", first)
            said = san ? san : asan ? asan : slow ? slow : first ? first : dead
            print rule ? rule : said ? said : "an abort"
        }' "$1"
}

# holds_without INPUT TARGET: the input breaks nothing in the tree as it is, so it is the bug's.
holds_without() {
    [ -e "$1" ] || return 0 # it ended before it played one
    (cd "$here" && "$build/fuzz/fuzz_$2" -timeout=10 "$1") >without.log 2>&1 </dev/null && return
    echo "fuzz_mutants: $1 breaks without the bug, too: $(seen_in without.log)" >&2
    return 1
}

# one_run TARGET SEED, of the bug `name`: "found inputs seconds", found is 1 or 0; what was seen goes
# to seen.SEED.
one_run() {
    local inputs found=0
    rm -rf corpus "$here/$build/found/$name-$1-$2" && mkdir corpus
    export ASAN_OPTIONS=symbolize=0 UBSAN_OPTIONS=symbolize=0
    # shellcheck disable=SC2086 # options are words
    "$here/tools/cpu_limited.sh" "$seconds" cpu "$build/fuzz/fuzz_$1" -max_len=512 -detect_leaks=0 \
        -print_final_stats=1 -timeout=10 -seed="$2" ${OPTIONS:-} \
        -exact_artifact_path="$here/$build/found/$name-$1-$2" corpus >run.log 2>&1 </dev/null ||
        ! holds_without "$here/$build/found/$name-$1-$2" "$1" || found=1
    inputs=$(awk '/^stat::number_of_executed_units/ { print $2 }' run.log)
    [ $found = 0 ] || seen_in run.log >"seen.$2"
    echo "$found ${inputs:-0} $(cat cpu)"
}

# Whether a run more is wanted, after those of runs.log.
goes_on() {
    local runs hits
    runs=$(wc -l <runs.log)
    hits=$(grep -c '^1 ' runs.log)
    [ "$runs" -lt "$seeds" ] || return 1
    [ "$runs" != "$vain" ] || [ "$hits" != 0 ]
}

# Of all runs, found ones first by their time, the one in the middle; of two, the worse.
say() {
    local name=$1 target=$2 runs hits seen
    runs=$(wc -l <runs.log)
    hits=$(grep -c '^1 ' runs.log)
    if [ "$hits" = 0 ]; then
        echo "$name | $target | > $(cut -d' ' -f2 runs.log | sort -n | head -n 1) | - | 0 of $runs |" \
            "not in $seconds s"
        return
    fi
    seen=$(cat seen.* | sort | uniq -c | sort -rn | sed 's/^ *[0-9]* //' | paste -sd, | sed 's/,/, /g')
    # shellcheck disable=SC2046 # three words
    set -- $(sort -k1,1nr -k3,3n runs.log | sed -n "$((runs / 2 + 1))p")
    [ "$1" = 1 ] || set -- 0 "> $2" -
    echo "$name | $target | $2 | $3 | $hits of $runs | $seen"
}

# try_target NAME TARGET: true, if that is the end of it.
try_target() {
    local seed=0
    rm -f seen.* runs.log
    if ! make_programs "$2"; then
        echo "$1 | $2 | - | - | - | does not build: $(grep -m 1 error: build.log)" >row
        touch bad
        return 0
    fi
    : >runs.log
    while goes_on; do
        one_run "$2" $((++seed)) >>runs.log
    done
    say "$1" "$2" >row
    grep -q '^1 ' runs.log
}

try() {
    local name target
    name=$(basename "$1" .patch)
    if ! put_in "$1"; then
        echo "$name | - | - | - | - | does not apply"
        touch bad
    else
        : >rows
        for target in ${wanted:-$(targets_of "$name")}; do
            try_target "$name" "$target" && : >rows && cat row >>rows && break
            cat row >>rows
        done
        cat rows
    fi
    take_out "$1"
}

all=$(for patch in "${chosen[@]}"; do targets_of "$(basename "$patch" .patch)"; done | tr ' ' '\n' | sort -u)
# shellcheck disable=SC2086 # words
if ! (cd "$here" && make_programs ${wanted:-$all}); then
    cat "$work/build.log" >&2
    exit 3
fi
mkdir -p "$here/$build/found"
copy_tree && cd "$work" || exit 3
for patch in "${chosen[@]}"; do
    try "$patch"
done
[ ! -e bad ]
