#!/bin/bash
# line_coverage.sh TEST...: runs the test programs, then the whole scenario suite, and prints how many
# lines and branches of model/, sim/ and devices/ each of them reaches and both together, then the
# lines of model/ that nothing reaches. `make coverage` builds what it runs, with --coverage.
#
#   counters *.gcda in $BUILD --gcovr--> $BUILD/coverage/tests.json, suite.json --> summary, HTML
#
# A line counts if the compiler made code of it, and as reached if that ran at least once; at -O0
# every such line has code of its own. A brace alone counts only where it is reached: so gcovr has it.
# Every process adds its counters when it exits, the suite's children in isolate_leave
# (tools/isolate.h); of one that is killed they are lost.
# Exit: 0; 1 model/ is below MODEL_MIN percent of lines, a test failed or a claim did not hold; 2 a
# client is missing; 3 nothing was measured.
# Environment: BUILD, a folder that `make coverage` built; GCOV, the gcov of the compiler that did.
set -u

MODEL_MIN=95 # percent of lines, by tests and suite together
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

# summary NAME...: a line for each folder. The folder's name, its lines and the reached ones also go
# into $out/summary. Percentages are rounded down.
summary() {
    add "$@" -- --csv | awk -F, -v title="$*" -v folders="${folders[*]}" -v file="$out/summary" '
        function share(part, all) { return sprintf("%5.1f %%", int(1000 * part / all) / 10) }
        NR > 1 {
            split($1, path, "/")
            lines[path[1]] += $2; reached[path[1]] += $3
            branches[path[1]] += $5; taken[path[1]] += $6
        }
        END {
            count = split(folders, names, " ")
            for (i = 1; i <= count; i++) {
                f = names[i]
                if (!lines[f] || !branches[f]) exit 3
                print f, lines[f], reached[f] >file
                printf "%-12s %-9s %5d of %5d lines %s  %5d of %5d branches %s\n",
                    i == 1 ? title : "", f "/", reached[f], lines[f], share(reached[f], lines[f]),
                    taken[f], branches[f], share(taken[f], branches[f])
            }
        }' || give_up "there are no lines of ${folders[*]}"
}

# Of gcovr's table, its last column: "12,15-17" of each file, with the first line's text.
unreached() {
    add tests suite -- --filter model/ --txt | awk '
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

need gcovr gcovr
need "$GCOV" gcc
bad=0
rm -rf "$out"
mkdir -p "$out" || exit 3

forget_counters
tools/run_tests "$@" || bad=1
take tests

forget_counters
"$BUILD/postern" run --quiet || { echo "coverage: postern run ended with exit code $?"; bad=1; }
take suite

echo
summary tests
summary suite
summary tests suite
add tests suite -- --html-details "$out/index.html" ||
    give_up 'gcovr wrote no HTML'
echo "line by line: $out/index.html"

echo
unreached >"$out/unreached"
echo "lines of model/ that neither reaches: $(wc -l <"$out/unreached") places"
sed 's/^/  /' "$out/unreached"
read -r _ lines reached < <(grep '^model ' "$out/summary")
if [ $((reached * 100)) -lt $((lines * MODEL_MIN)) ]; then
    echo "coverage: $reached of $lines lines of model/ are less than $MODEL_MIN %"
    bad=1
fi
exit $bad
