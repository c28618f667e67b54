#!/bin/bash
# fuzz_mutants.sh TARGET GLOB SECONDS SEEDS: puts one known bug after the other into a copy of the
# tree, and says how long a fuzzer takes to find it from nothing.
#
#   TARGET    as `make fuzz TARGET=` has it
#   GLOB      bugs of tests/mutants whose name matches; without * ? [ a part of the name
#   SECONDS   of one run, at most
#   SEEDS     runs of each bug, with the seeds 1, 2, 3 ...
#
# A line for each bug, with the middle one of its runs (of two, the worse):
#
#   bug | target | inputs | seconds of CPU | seen as
#
# Runs that have found nothing count as longer than any. Is the middle one of those, the line begins
# its inputs with > (the fewest that were tried in vain) and says how many runs have found it.
# "Seen as" is the rule that broke, or what else the program said as it ended.
#
# Exit: 0 all were tried, found or not; 1 one does not apply or not build; 2 bad usage; 3 there is
# nothing to start from.
# Environment: FUZZ_BUILD, where `make fuzz` has put its programs, in this tree (build-fuzz); JOBS,
# bugs at once (1), each with a copy of the tree; MAKE.
set -u

here=$(cd "$(dirname "$0")/.." && pwd -P) || exit 3
build=${FUZZ_BUILD:-build-fuzz}
make=${MAKE:-make}
jobs=${JOBS:-1}
unset MAKEFLAGS MAKEOVERRIDES MFLAGS MAKELEVEL

usage() {
    echo "fuzz_mutants: $1" >&2
    sed -n '2,8s/^# \{0,1\}//p' "$0" >&2
    exit 2
}

[ $# = 4 ] || usage "want four arguments"
target=$1 only=$2 seconds=$3 seeds=$4
[[ $seconds =~ ^[1-9][0-9]*$ ]] || usage "SECONDS wants a number, not \"$seconds\""
[[ $seeds =~ ^[1-9][0-9]*$ ]] || usage "SEEDS wants a number, not \"$seeds\""
[[ $build != /* ]] || usage "FUZZ_BUILD wants a folder of this tree, not \"$build\""
[[ $only = *[*?[]* ]] || only="*$only*"
if ! [ -x "$here/$build/fuzz/fuzz_$target" ]; then
    echo "fuzz_mutants: there is no $build/fuzz/fuzz_$target: \`make fuzz TARGET=$target\` makes it" >&2
    exit 3
fi
work=$(mktemp -d) || exit 3
trap 'rm -rf "$work"' EXIT

chosen=()
for patch in "$here"/tests/mutants/*.patch; do
    # shellcheck disable=SC2053 # a glob is meant
    [[ $(basename "$patch" .patch) = $only ]] && chosen+=("$patch")
done
[ ${#chosen[@]} != 0 ] || usage "no bug's name matches \"$only\""

# tree_of FOLDER: sources and objects with their times, so that only what a bug touches is built.
tree_of() {
    local name
    mkdir -p "$1/$build"
    for name in Makefile devices fuzz model scenarios sim tests tools; do
        cp -a "$here/$name" "$1/" || return 3
    done
    (cd "$here/$build" && find . -type f \( -name '*.[oad]' -o -name flags -o -name sources \) \
        -print0 | xargs -0 cp -a --parents -t "$1/$build")
}

# In the copy, as if it were the tree itself: with the same flags and paths.
make_copy() {
    local flags
    flags=$(cat "$build/flags")
    flags=${flags#* }
    "$make" --no-print-directory -s "CURDIR=$here" CC=clang "BUILD=$build" \
        ENGINE=-fsanitize=fuzzer "flags=${flags%% model: *}" "$build/fuzz/fuzz_$target"
}

sources_of() {
    sed -n 's|^+++ b/\(.*\)\.c$|\1|p' "$1"
}

headers_of() {
    sed -n 's|^+++ b/\(.*\.h\)$|\1|p' "$1"
}

# Files and objects without the bug are kept aside, and come back when it goes.
put_in() {
    local file
    for file in $(sources_of "$1"); do
        cp -p "$file.c" "$file.c.kept"
        cp -p "$build/$file.o" "$build/$file.o.kept" 2>/dev/null
    done
    for file in $(headers_of "$1"); do
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
    for file in $(headers_of "$1"); do
        mv "$file.kept" "$file"
        touch "$file" # all that read it are built again
    done
}

# What the log says of the end: a rule, a sanitizer's words, or those of the target itself.
seen_in() {
    awk '
        /^  broke / && !rule { rule = $2 }
        /runtime error: / && !san { san = $0; sub(/.*runtime error: /, "UBSan: ", san) }
        /^SUMMARY: AddressSanitizer/ && !asan { asan = "ASan: " $3 }
        /libFuzzer: timeout/ { slow = "a run without end" }
        /^[a-z]/ && !/^stat::|^artifact_prefix/ && !first { first = $0 }
        END {
            print rule ? rule : san ? san : asan ? asan : slow ? slow : first ? first : "an abort"
        }' "$1"
}

# one_run SEED: "found inputs seconds", found is 1 or 0; what was seen goes to seen.SEED.
one_run() {
    local options='-max_len=512 -detect_leaks=0' inputs found=0 cpu
    rm -rf corpus && mkdir corpus
    TIMEFORMAT='%U %S'
    # shellcheck disable=SC2086 # options are words
    cpu=$({ time ASAN_OPTIONS=symbolize=0 UBSAN_OPTIONS=symbolize=0 "$build/fuzz/fuzz_$target" \
        $options -print_final_stats=1 -timeout=10 -seed="$1" -max_total_time="$seconds" \
        -artifact_prefix="$PWD/found-" corpus >run.log 2>&1 </dev/null || echo 1 >failed; } 2>&1)
    [ ! -e failed ] || found=1
    rm -f failed
    inputs=$(awk '/^stat::number_of_executed_units/ { print $2 }' run.log)
    [ $found = 0 ] || seen_in run.log >"seen.$1"
    echo "$found ${inputs:-0} $(echo "$cpu" | awk '{ printf "%.1f", $1 + $2 }')"
}

# Of all runs, found ones first by their inputs, the one in the middle.
say() {
    local name=$1 middle=$((seeds / 2 + 1)) hits line
    hits=$(grep -c '^1 ' runs.log)
    sort -k1,1nr -k2,2n runs.log >sorted.log
    line=$(sed -n "${middle}p" sorted.log)
    # shellcheck disable=SC2086 # three words
    set -- $line
    if [ "$1" = 1 ]; then
        echo "$name | $target | $2 | $3 | $(cat seen.* | sort | uniq -c | sort -rn | sed 's/^ *[0-9]* //' |
            paste -sd, | sed 's/,/, /g')"
    elif [ "$hits" = 0 ]; then
        echo "$name | $target | > $2 | - | not in $seconds s"
    else
        echo "$name | $target | > $2 | - | found in $hits of $seeds runs: $(cat seen.* | sort -u | head -n 1)"
    fi
}

try() {
    local name seed
    name=$(basename "$1" .patch)
    rm -f seen.* runs.log
    if ! put_in "$1"; then
        echo "$name | $target | - | - | does not apply"
        touch "$work/bad"
    elif ! make_copy >build.log 2>&1; then
        echo "$name | $target | - | - | does not build: $(grep -m 1 error: build.log)"
        touch "$work/bad"
    else
        for ((seed = 1; seed <= seeds; seed++)); do
            one_run "$seed" >>runs.log
        done
        say "$name"
    fi
    take_out "$1"
}

# worker N: every one of the bugs whose number is N, N + jobs, ...
worker() {
    local i tree=$work/tree-$1
    tree_of "$tree" && cd "$tree" || exit 3
    if ! make_copy >build.log 2>&1; then
        cat build.log >&2
        touch "$work/bad"
        return
    fi
    for ((i = $1; i < ${#chosen[@]}; i += jobs)); do
        try "${chosen[i]}"
    done
}

for ((n = 0; n < jobs; n++)); do
    worker "$n" &
done
wait
[ ! -e "$work/bad" ]
