#!/bin/bash
# line_coverage.sh [TEST...]: how many lines and branches of model/, sim/ and devices/ are reached
#
#   tests    by the test programs that are named (none: only the other two are measured)
#   suite    by the whole scenario suite
#   corpora  by fuzz/corpus and fuzz/regress, played by the targets that have a folder there
#
# alone, and added up; then which lines of model/ suite and corpora do not reach, those first that
# tests do not reach either. `make coverage` builds what it runs, with --coverage.
#
#   counters *.gcda in $BUILD --gcovr--> $BUILD/coverage/{tests,suite,corpora}.json
#                                        --> table, HTML, text
#
# A line counts if the compiler made code of it, and as reached if that ran at least once; at -O0
# every such line has code of its own. A brace alone counts only where it is reached: so gcovr has
# it. Branches of a KASSERT do not count: its other side is a bug of the kernel, and no measure.
# Every process adds its counters when it exits, the suite's children in isolate_leave
# (tools/isolate.h); of one that is killed they are lost.
# Exit: 0; 1 model/ is below LINES_MIN or BRANCHES_MIN, a test failed, a claim did not hold, an input
# found something; 2 a client is missing; 3 nothing was measured.
# Environment: BUILD, a folder that `make coverage` built; GCOV, the gcov of the compiler that did.
set -u

# Percent of model/ by suite and corpora together. Unit tests reach a line by calling it: that an app
# or a fault can get there is what these say.
LINES_MIN=97
BRANCHES_MIN=90
BUILD=${BUILD:-build-coverage}
GCOV=${GCOV:-gcov}
out=$BUILD/coverage
folders=(model sim devices)
filters=(--filter model/ --filter sim/ --filter devices/)

# need COMMAND PACKAGE: a client that is missing is no pass.
need() {
    command -v "$1" >/dev/null && return
    echo "coverage: $1 is missing; as root: apt-get install -y --no-install-recommends $2" >&2
    exit 2
}

give_up() {
    echo "coverage: $1" >&2
    exit 3
}

# Those of a file that is gone, too, which gcovr would look for.
forget_counters() {
    find "$BUILD" -name '*.gcda' -delete
    find "$BUILD" -name '*.gcno' -printf '%P\n' | while IFS= read -r notes; do
        [ -e "${notes%.gcno}.c" ] || rm "$BUILD/$notes"
    done
}

# take NAME: makes $out/NAME.json of the counters as they are.
take() {
    find "$BUILD" -name '*.gcda' | grep -q . || give_up "no counters: is $BUILD built with --coverage?"
    gcovr --root . --gcov-executable "$GCOV" "${filters[@]}" \
        --exclude-branches-by-pattern '.*KASSERT\(.*' \
        --json "$out/$1.json" "$BUILD" || give_up "gcovr failed"
}

# add NAME... -- OPTION...: gcovr over these measurements added up.
add() {
    local tracefiles=()
    while [ "$1" != -- ]; do
        tracefiles+=(-a "$out/$1.json")
        shift
    done
    shift
    gcovr --root . "${tracefiles[@]}" "$@"
}

# row NAME...: a line of the table. The shares are rounded down; $out/counts gets the row as numbers:
# names, and for each folder lines, reached ones, branches, taken ones.
row() {
    add "$@" -- --csv | awk -F, -v title="$*" -v folders="${folders[*]}" -v file="$out/counts" '
        function share(part, all) { return sprintf("%5.1f %%", int(1000 * part / all) / 10) }
        NR > 1 {
            split($1, path, "/")
            lines[path[1]] += $2; reached[path[1]] += $3
            branches[path[1]] += $5; taken[path[1]] += $6
        }
        END {
            count = split(folders, names, " ")
            text = sprintf("%-20s", title)
            gsub(/ /, "+", title)
            for (i = 1; i <= count; i++) {
                f = names[i]
                if (!lines[f] || !branches[f]) exit 3
                text = text sprintf(" |%9s %10s", share(reached[f], lines[f]), share(taken[f], branches[f]))
                title = title " " lines[f] " " reached[f] " " branches[f] " " taken[f]
            }
            print text
            print title >>file
        }' || give_up "there are no lines of ${folders[*]}"
}

heading() {
    printf '%-20s' ''
    printf ' | %-19s' "${folders[@]/%//}"
    printf '\n%-20s' 'share reached by'
    printf ' |%9s %10s' lines branches lines branches lines branches
    printf '\n'
}

# unreached NAME...: of gcovr's table its last column, "12,15-17" of each file: a line a range.
unreached() {
    add "$@" -- --filter model/ --txt | awk '
        NF == 1 && /^model\// { file = $1; next }
        /^model\// { file = $1 }
        file != "" && $NF ~ /^[0-9][0-9,-]*$/ && / [0-9]+%  / {
            n = split($NF, range, ",")
            for (i = 1; i <= n; i++) print file ":" range[i]
        }
        NF > 1 { file = "" }' |
        while IFS=: read -r file range; do
            printf '%-40s %s\n' "$file:$range" "$(sed -n "${range%-*}s/^ *//p" "$file")"
        done
}

# enough WHAT PART ALL MIN
enough() {
    [ $(($2 * 100)) -lt $(($3 * $4)) ] || return 0
    echo "coverage: suite and corpora reach $2 of $3 $1 of model/, less than $4 %"
    bad=1
}

play() {
    local kind folder name
    for kind in corpus regress; do
        for folder in fuzz/"$kind"/*/; do
            name=$(basename "$folder")
            "$BUILD/fuzz/fuzz_$name" "$folder" >"$out/played" 2>&1 && continue
            tail -n 20 "$out/played"
            echo "coverage: an input of $folder found something"
            bad=1
        done
    done
}

need gcovr gcovr
need "$GCOV" gcc
bad=0 by=()
rm -rf "$out"
mkdir -p "$out" || exit 3

if [ $# -gt 0 ]; then
    forget_counters
    tools/run_tests "$@" || bad=1
    take tests
    by=(tests)
fi

forget_counters
"$BUILD/postern" run --quiet || { echo "coverage: postern run ended with exit code $?"; bad=1; }
take suite

forget_counters
play
take corpora

echo
heading
[ $# = 0 ] || row tests
row suite
row corpora
row suite corpora
[ $# = 0 ] || row tests suite corpora
add "${by[@]}" suite corpora -- --html-details "$out/index.html" --txt "$out/lines.txt" ||
    give_up 'gcovr wrote no HTML'
mkdir "$out/without_tests"
add suite corpora -- --html-details "$out/without_tests/index.html" --txt "$out/without_tests/lines.txt" ||
    give_up 'gcovr wrote no HTML'
add suite corpora -- --filter model/ --branches --txt "$out/without_tests/branches.txt"
echo "line by line: $out/index.html; of suite and corpora: $out/without_tests/index.html"

unreached "${by[@]}" suite corpora >"$out/unreached"
unreached suite corpora >"$out/unreached_without_tests"
echo
echo "lines of model/ that nothing reaches: $(wc -l <"$out/unreached") places"
sed 's/^/  /' "$out/unreached"
if [ $# -gt 0 ]; then
    only=$(grep -vxFf "$out/unreached" "$out/unreached_without_tests")
    echo "and that tests alone reach: $(printf '%s' "$only" | grep -c '') places"
    printf '%s' "$only" | sed 's/^/  /'
    echo
fi
read -r lines reached branches taken < <(sed -n 's/^suite+corpora //p' "$out/counts" | cut -d' ' -f1-4)
enough lines "$reached" "$lines" $LINES_MIN
enough branches "$taken" "$branches" $BRANCHES_MIN
exit $bad
