#!/bin/bash
# fuzz_afl.sh TARGET SECONDS [OPTION...]: fuzzes one target with AFL++ instead of libFuzzer; OPTIONs
# are afl-fuzz's. Installs nothing: `apt-get install afl++`.
#
#   fuzz/build.sh, CC=afl-clang-fast --> $BUILD/out/fuzz_TARGET     ASan and UBSan as with libFuzzer
#   fuzz/afl_mutator.c and the target --> $BUILD/fuzz_TARGET.so     for those that have a mutator
#
# What it learns is kept in $BUILD/TARGET: the next run goes on from there. Another engine than
# libFuzzer is a second opinion, no second way: its corpus is in its own form, and it is slower.
# Exit: 0 nothing was found; 1 something was, or AFL++ did not run; 2 it is missing, or bad usage.
# Environment: BUILD. Source of the variables: AFL++ 4.04c, docs/env_variables.md.
set -u

BUILD=${BUILD:-build-afl}
driver=${AFL_DRIVER:-/usr/lib/afl/libAFLDriver.a}

if [ $# -lt 2 ] || [ ! -f "fuzz/fuzz_$1.c" ]; then
    echo "usage: fuzz_afl.sh TARGET SECONDS [OPTION...]; TARGET NAME is a fuzz/fuzz_NAME.c" >&2
    exit 2
fi
if ! command -v afl-fuzz >/dev/null || ! command -v afl-clang-fast >/dev/null || [ ! -e "$driver" ]; then
    echo "fuzz_afl: AFL++ is missing (afl-fuzz, afl-clang-fast, $driver)" >&2
    echo 'as root:  apt-get install -y --no-install-recommends afl++' >&2
    exit 2
fi
target=$1 seconds=$2
shift 2

# What is compiled, and which files guide: fuzz/build.sh.
build() {
    CC=afl-clang-fast CXX=afl-clang-fast++ LIB_FUZZING_ENGINE=$driver OUT=$BUILD/out WORK=$BUILD/work \
        fuzz/build.sh
}

# Of the target and of what targets share only what mutates is left: nothing else is reached from
# afl_custom_*, so the library needs no simulator.
build_mutator() {
    local pic=$BUILD/mutator only=$BUILD/mutator.map
    local objects=("$pic/fuzz/fuzz_$target.o" "$pic/fuzz/afl_mutator.o" "$pic/sim/random.o")
    make --no-print-directory -j"$(nproc)" BUILD="$pic" CC=clang OPT=-O2 \
        CFLAGS='-fPIC -ffunction-sections -fdata-sections' "${objects[@]}" "$pic/fuzz/libfuzz.a" ||
        return
    echo '{ global: afl_custom_*; local: *; };' >"$only"
    clang -shared -Wl,--gc-sections "-Wl,--version-script=$only" "${objects[@]}" "$pic/fuzz/libfuzz.a" \
        -o "$BUILD/fuzz_$target.so"
}

take_seeds() {
    local folder file
    rm -rf "$BUILD/seeds"
    mkdir -p "$BUILD/seeds"
    tools/fuzz.sh seeds "$target" | while IFS= read -r folder; do
        for file in "$folder"/*; do
            [ ! -f "$file" ] || cp "$file" "$BUILD/seeds/${folder//\//-}-${file##*/}"
        done
    done
}

build || exit 1
options=(-t 1000)
if nm "$BUILD/out/fuzz_$target" | grep -q ' T LLVMFuzzerCustomMutator$'; then
    build_mutator || exit 1
    AFL_CUSTOM_MUTATOR_LIBRARY=$PWD/$BUILD/fuzz_$target.so
    export AFL_CUSTOM_MUTATOR_LIBRARY AFL_CUSTOM_MUTATOR_ONLY=1 # any bytes are a tape, most say little
elif [ -e "$BUILD/out/fuzz_$target.dict" ]; then
    options+=(-x "$BUILD/out/fuzz_$target.dict")
fi
max=$(sed -n 's/^max_len = //p' "$BUILD/out/fuzz_$target.options")
[ -z "$max" ] || options+=(-G "$max")
take_seeds

# AFL++ asks for a machine of its own: a core_pattern and a CPU governor that only root sets.
AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES=1 AFL_SKIP_CPUFREQ=1 AFL_NO_UI=1 AFL_AUTORESUME=1 \
    afl-fuzz -i "$BUILD/seeds" -o "$BUILD/$target" -V "$seconds" "${options[@]}" "$@" \
    -- "$BUILD/out/fuzz_$target" >"$BUILD/$target.log" 2>&1 </dev/null
code=$?
stats=$BUILD/$target/default/fuzzer_stats
if [ $code != 0 ] || [ ! -e "$stats" ]; then
    tail -n 40 "$BUILD/$target.log"
    exit 1
fi
grep -aE 'WARNING|^\[-\]' "$BUILD/$target.log" | sort -u
awk -v name="$target" '
    { value[$1] = $3 }
    END {
        printf "%-9s %d inputs, %d a second, %d kept, stability %s, %d of %d edges: %s\n", name,
            value["execs_done"], value["execs_per_sec"], value["corpus_count"], value["stability"],
            value["edges_found"], value["total_edges"],
            value["saved_crashes"] + value["saved_hangs"] ? "found something" : "nothing found"
        exit value["saved_crashes"] + value["saved_hangs"] > 0
    }' "$stats" && exit 0
find "$BUILD/$target/default/crashes" "$BUILD/$target/default/hangs" -name 'id:*' |
    sed "s|^|again: $BUILD/out/fuzz_$target |"
exit 1
