#!/bin/bash
# fuzz_reproducers.sh [--seconds N] [--target NAME] BUG...: from a planted bug to a scenario that a
# person can read, for each of these bugs of tests/mutants: put into a copy of the tree, found by the
# target from an empty corpus within N seconds (60), decoded, made small, and run:
#
#   the runner with the bug in it must see the scenario fail, by the rule that the fuzzer saw;
#   the runner without it must see it hold.
#
# Prints a row of a table for each bug, then the median and the largest.
# Exit: 0 all were so; 1 one was not; 2 bad usage; 3 nothing is built.
# Environment: BUILD and FUZZ_BUILD, in which `make` and `make fuzz` have built everything; MAKE.
set -u

here=$(cd "$(dirname "$0")/.." && pwd -P) || exit 3
BUILD=${BUILD:-build} FUZZ_BUILD=${FUZZ_BUILD:-build-fuzz} MAKE=${MAKE:-make}
work=$here/$BUILD/reproducers
unset MAKEFLAGS MAKEOVERRIDES MFLAGS MAKELEVEL

seconds=60 target=syscall
while [ $# -gt 0 ]; do
    case $1 in
    --seconds) seconds=${2:-} ;;
    --target) target=${2:-} ;;
    *) break ;;
    esac
    shift 2 || exit 2
done
if [ $# = 0 ]; then
    sed -n '2,/^set/s/^# \{0,1\}//p' "$0" | sed -n '1,8p' >&2
    exit 2
fi
if [ ! -x "$here/$BUILD/postern" ] || [ ! -x "$here/$FUZZ_BUILD/fuzz/fuzz_$target" ]; then
    echo "fuzz_reproducers: want $BUILD/postern and $FUZZ_BUILD/fuzz/fuzz_$target: make, make fuzz" >&2
    exit 3
fi

# The sources and what was built from them, with their times: only what a bug touches is built again.
copy_tree() {
    rm -rf "$work"
    mkdir -p "$work/tree" || exit 3
    cp -a "$here/Makefile" "$here/devices" "$here/fuzz" "$here/model" "$here/scenarios" \
        "$here/sim" "$here/tests" "$here/tools" "$work/tree/" || exit 3
    (cd "$here" && tar cf - --exclude "$BUILD/reproducers" --exclude '*/found-*' "$BUILD" \
        "$FUZZ_BUILD") | tar xf - -C "$work/tree" || exit 3
}

# As if it were the tree itself: with the same paths in the objects.
make_in_copy() {
    "$MAKE" --no-print-directory -s "CURDIR=$here" BUILD="$BUILD" "$BUILD/postern" &&
        "$MAKE" --no-print-directory -s "CURDIR=$here" BUILD="$FUZZ_BUILD" CC=clang SAN=1 OPT=-O2 \
            ENGINE=-fsanitize=fuzzer "$FUZZ_BUILD/postern" "$FUZZ_BUILD/fuzz/fuzz_$target"
}

# Sets `found` to the input, `inputs` to how many it took.
fuzz() {
    mkdir -p "$work/$1/corpus"
    "$FUZZ_BUILD/fuzz/fuzz_$target" -seed=1 -max_total_time="$seconds" -max_len=512 \
        -detect_leaks=0 -print_final_stats=1 -artifact_prefix="$work/$1/found-$target-" \
        "$work/$1/corpus" >"$work/$1/log" 2>&1 </dev/null
    found=$(find "$work/$1" -name "found-$target-*" | sort | head -n 1)
    inputs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$work/$1/log")
}

# What only a sanitizer sees, only a sanitized runner fails by.
decode() {
    for runner in "$BUILD/postern" "$FUZZ_BUILD/postern"; do
        "$runner" fuzz decode "$found" --target "$target" -o "$work/$1/decoded.json" \
            >"$work/$1/decode" 2>&1 && ! grep -q 'nothing breaks' "$work/$1/decode" && return
    done
    return 1
}

# Sets `verdict`, and for the table `before`, `now`, `took`, `rule`.
judge() {
    local name=$1
    before=- now=- took=- rule=-
    fuzz "$name"
    if [ -z "$found" ]; then
        verdict="not found in $seconds s"
        return
    fi
    decode "$name" || {
        verdict="is not decoded: $(tail -n 1 "$work/$name/decode")"
        return
    }
    rule=$(sed -n 's/^tape *\([a-z-]*\).*/\1/p' "$work/$name/decode")
    "$runner" minimize "$found" --target "$target" -o "$work/$name/small.json" \
        >"$work/$name/minimize" 2>&1 || {
        verdict="is not made small: $(tail -n 1 "$work/$name/minimize")"
        return
    }
    read -r before now took < <(sed -n \
        's/^\([0-9]*\) operations, .* before; \([0-9]*\) operations, .* runs, \([0-9.]*\) s$/\1 \2 \3/p' \
        "$work/$name/minimize")
    "$runner" run --format json --output "$work/$name/result" "$work/$name/small.json" \
        >"$work/$name/run" 2>&1
    local code=$?
    if [ "$rule" = crash ]; then
        [ $code = 3 ] || verdict="does not crash any more"
    elif ! grep -q "\"rule\": \"$rule\"" "$work/$name/result" || [ $code != 1 ]; then
        verdict="does not break $rule"
    fi
    "$here/${runner%%/*}/postern" run "$work/$name/small.json" >"$work/$name/clean" 2>&1 ||
        verdict="does not hold without the bug: exit code $?"
}

one() {
    local name=$1 patch=$here/tests/mutants/$1.patch
    mkdir -p "$work/$name"
    verdict=good found='' inputs=-
    if ! GIT_CEILING_DIRECTORIES=$PWD/.. git apply "$patch" >"$work/$name/apply" 2>&1; then
        verdict="does not apply"
        echo "| \`$name\` | $verdict |"
        return
    fi
    if make_in_copy >"$work/$name/build" 2>&1; then
        judge "$name"
    else
        verdict="does not compile"
    fi
    GIT_CEILING_DIRECTORIES=$PWD/.. git apply -R "$patch" || exit 3
    # shellcheck disable=SC2016 # Markdown's quotes
    printf '| `%s` | %s | %s | %s | %s | %s | %s |\n' "$name" "${inputs:--}" "$rule" "$before" \
        "$now" "$took" "$verdict"
}

copy_tree
cd "$work/tree" || exit 3
make_in_copy >"$work/build" 2>&1 || {
    tail -n 5 "$work/build" >&2
    exit 3
}
echo '| bug | inputs | seen as | operations of the tape | of the scenario | seconds | |'
echo '|---|---|---|---|---|---|---|'
for name; do
    one "$name"
done | tee "$work/table"

# of COLUMN: median and largest
of() {
    awk -F' *[|] *' -v c="$1" '$c ~ /^[0-9.]+$/ { print $c }' "$work/table" | sort -n |
        awk '{ v[NR] = $1 } END { if (NR) printf "median %s, largest %s", v[int((NR + 1) / 2)], v[NR] }'
}
echo
echo "operations of the scenario: $(of 6); seconds: $(of 7)"
! grep -qv '| good |$' <(grep '^| `' "$work/table")
