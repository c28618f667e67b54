#!/bin/sh
# The bench runs, prints its table and writes JSON. Times are never judged: they are the machine's.
# Speaks TAP. Environment: BUILD, POSTERN.
set -u
. tests/support.sh

bench=$BUILD/bench
work=$(mktemp -d) || exit 3
trap 'rm -rf "$work"' EXIT

measured() {
    "$bench" --quick --only "$1" --runner "$POSTERN" --nothing "$BUILD/bench-noop" \
        --json "$work/$1.json" >"$work/$1.txt" || return
    cat "$work/$1.txt"
    grep -qE "^ +$1 +$2.* [0-9.]+(x|x faster| ns| B| MiB) " "$work/$1.txt"
}

says_why() {
    grep -qE '^ +10 .* not measured: [a-z]' "$work/10.txt"
}

well_formed() {
    python3 - "$work"/*.json <<'END'
import json, sys
for path in sys.argv[1:]:
    figures = json.load(open(path))["figures"]
    assert figures, path
    for figure in figures:
        assert figure["work"] and figure["unit"], figure
        assert figure["value"] > 0 if figure["measured"] else figure["note"], figure
        assert not figure["measured"] or figure["min"] <= figure["value"] <= figure["max"], figure
END
}

refuses() {
    "$bench" "$@" >"$work/out" 2>"$work/complaint"
    [ $? = 2 ] && [ -s "$work/complaint" ] && [ ! -s "$work/out" ]
}

claim 'calls are timed against a bare loop' measured 1 'command \+ yield'
claim 'connection events are timed against a bare loop' measured 2 'the same, armed ahead'
claim 'register accesses are timed against a bare loop' measured 3 'an app'
claim 'an input of a fuzzer is timed against a target that returns at once' measured 4 'a fuzzer'
claim 'a scenario is timed from its text to its result' measured 5 'scenario of 5 KB'
claim 'the cost of the trace is told' measured 10 'calls with trace'
claim 'multiplexers are timed with many clients against one' measured 11 'an SPI transfer'
claim 'a goal that cannot be measured says why' says_why
if command -v python3 >/dev/null; then
    claim 'what is written as JSON is JSON' well_formed
else
    echo 'ok - what is written as JSON is JSON # SKIP no python3'
fi
claim 'an unknown option is refused' refuses --fast
claim 'an option without its value is refused' refuses --json
claim 'a goal that is not there is refused' refuses --only 12
