#!/bin/sh
# `postern run --seeds`: which members run, and what is said of what the seeds have varied. Speaks TAP.
# Environment: POSTERN, the runner.
set -u

if [ ! -x "$POSTERN" ]; then
    echo 'ok - many seeds # SKIP there is no runner'
    exit 0
fi
case $POSTERN in
/*) runner=$POSTERN ;;
*) runner=$PWD/$POSTERN ;;
esac
work=$(mktemp -d) || exit 3
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/x" && cp -r scenarios/boards "$work/" && cd "$work" || exit 3

# The alarm's clock has a phase that the board leaves open; the number of its ticks has not.
cat >x/own.json <<'END'
{ "claim": "Seeds of its own.", "board": "nrf52840dk", "seeds": [7, 8], "until_ms": 5,
  "apps": [{ "name": "a", "steps": [
    { "command": { "driver": "alarm", "number": 5, "args": [33] }, "expect": "success" },
    { "yield": { "wait_for": { "driver": "alarm", "number": 0 } } }, { "mark": 1 } ] }],
  "expect": { "count": { "event": "mark a 1", "is": 1 } } }
END
cat >x/fails.json <<'END'
{ "claim": "It never holds.", "board": "nrf52840dk", "until_us": 100,
  "apps": [{ "name": "a", "steps": [{ "mark": 1 }] }],
  "expect": { "count": { "event": "mark a 1", "is": 2 } } }
END

# claim SENTENCE WANTED COMMAND...: what the command prints, on either stream.
claim() {
    sentence=$1 wanted=$2
    shift 2
    got=$("$@" 2>&1)
    if [ "$got" = "$wanted" ]; then
        echo "ok - $sentence"
    else
        echo "not ok - $sentence"
        printf 'wanted %s\ngot %s\n' "$wanted" "$got"
    fi
}
ids() {
    "$runner" run --format json "$@" | sed -n 's/.*"id": "\([^"]*\)".*/\1/p' | paste -sd ' '
}
says() {
    "$runner" run "$@" 2>&1 | grep -c 'vary what RAM holds'
}
first_line() {
    "$runner" run "$@" 2>&1 | head -n 1
}

claim 'a file has the seeds that it names' 'x/own@7 x/own@8' ids x/own.json
claim '--seeds counts from 1' 'x/own@1 x/own@2 x/own@3' ids --seeds 3 x/own.json
claim '--seed says where --seeds begins' 'x/own@5 x/own@6' ids --seed 5 --seeds 2 x/own.json
claim 'a member with a seed runs once' 'x/own@7' ids --seeds 3 x/own.json@7
claim 'the members of a file come one after another' 'x/fails@1 x/fails@2 x/own@1 x/own@2' \
    ids --seeds 2 x
claim '--filter may choose among seeds' 'x/own@2' ids --seeds 3 --filter '*@2' x/own.json
claim 'shards part the seeds, too' 'x/own@3 x/own@4' ids --seeds 4 --shard 2/2 x/own.json
claim 'no seed at all is refused' 1 sh -c "'$runner' run --seeds 0 x 2>&1 | grep -c 'seeds'"
claim '--break-at is about one run' \
    'postern run: error: --break-at goes with --seed and with no other flag' \
    first_line --seeds 2 --break-at 5 x/own.json
claim 'what seeds vary is said once' 1 says --seeds 3 x
claim 'with one seed there is nothing to say' 0 says --seed 3 x
claim 'courses that part are counted' 1 sh -c \
    "'$runner' run --seeds 5 x/own.json | grep -c 'of 1 member run with several, 1 took more'"
claim 'courses that do not part are not' 1 sh -c \
    "'$runner' run --seeds 5 x/fails.json | grep -c 'of 1 member run with several, 0 took more'"
claim 'a claim that fails again and again is cut short' 20 sh -c \
    "'$runner' run --seeds 50 x/fails.json | grep -c '^failed  '"
claim 'and all of its failures are counted' 1 sh -c \
    "'$runner' run --quiet --seeds 50 x/fails.json | grep -c '50 failed'"
