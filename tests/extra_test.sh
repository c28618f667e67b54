#!/bin/sh
# A board author's own code, as README.md tells it: from an empty folder to a claim that fails, and
# to one that holds; then own devices and apps, and what is refused. Speaks TAP.
# Environment: POSTERN, BUILD, MAKE, CC.
set -u

build=${BUILD:-build}
postern=${POSTERN:-$build/postern}
if ! [ -x "$postern" ]; then
    echo "not ok - the runner is there: $postern"
    exit 1
fi
work=$(mktemp -d) || exit 3
extra=$work/mine
# Where the Makefile puts the program: beside the build folder.
tool=$build-extra-mine-$$/postern
extra=$work/mine-$$
trap 'rm -rf "$work" "$build-extra-mine-$$"' EXIT
unset NO_COLOR CLICOLOR_FORCE

# is SENTENCE COMMAND...: the command succeeds.
is() {
    sentence=$1
    shift
    if "$@" >"$work/log" 2>&1; then
        echo "ok - $sentence"
    else
        echo "not ok - $sentence: $*"
        cat "$work/log"
    fi
}

# says CODE REGEX COMMAND...: it ends with CODE, and a line that it prints anywhere matches.
says() {
    want=$1 line=$2
    shift 2
    "$@" >"$work/out" 2>&1 </dev/null
    code=$?
    [ $code = "$want" ] && grep -qE -e "$line" "$work/out" && return
    echo "exit code $code, wanted $want with a line $line"
    cat "$work/out"
    return 1
}

# made [TARGET]: make with the folder.
made() {
    "${MAKE:-make}" --no-print-directory BUILD="$build" EXTRA="$extra" "$@"
}

# in_file FILE SED-SCRIPT: changes the file, or fails.
in_file() {
    cp "$1" "$work/before" && sed -i "$2" "$1" && ! cmp -s "$work/before" "$1"
}

# ---- an empty folder, a filter, a claim

is 'a filter to begin with' \
    says 0 "next, in the source tree: make EXTRA=$extra && .*-extra-mine-$$/postern list filters\$" \
    "$postern" new filter "$extra/wide"
is 'a claim to begin with' "$postern" new scenario "$extra/window"
is 'the claim is put under the filter' in_file "$extra/window.json" \
    's/"board": "nrf52840dk"/"board": { "name": "nrf52840dk", "filter": { "function": "wide" } }/'
is 'the plain tool does not know the filter' says 2 '"wide" is not a filter .*EXTRA=folder' "$postern" run "$extra/window.json"
is 'make EXTRA=folder says what it made' says 0 'postern has 1 C file of .* in it$' made
is 'the tool is beside the build folder' [ -x "$tool" ]
is 'list filters says where it comes from' says 0 "^ +\($extra/wide.c\)$" "$tool" list filters
is 'with the filter as written, the claim holds' says 0 '^1 claim holds' made run
is 'the filter becomes wide' in_file "$extra/wide.c" \
    's/\*granted = asked;/*granted = (struct span){0x40008000, 0x4000};/'
is 'only that file is compiled again' says 0 'cc .*wide.c' made
is 'and nothing else is' sh -c "[ \"\$(grep -c '^  cc' '$work/out')\" = 1 ]"
is 'the claim fails: over-exposure that no board declares' \
    says 1 'broke +over-exposure' "$tool" run "$extra/window.json"
is 'it says how much' grep -q '12288 bytes' "$work/out"
is 'the summary counts it as broken' grep -q 'isolation: 0 held, 1 broken; containment: 1 held' "$work/out"
is 'the command that repeats it is this tool' grep -q "^  repeat  [^ ]*-extra-mine-$$/postern run .*/window.json@1\$" "$work/out"
is 'in JSON, too' says 1 "\"repeat\": \"[^ ]*-extra-mine-$$/postern run " "$tool" run --format json "$extra/window.json"
is 'map shows what is reached besides' \
    says 0 '^  RTC0 .*NOT ASKED FOR, and no board file says so' "$tool" map "$extra/window.json" --app owner
is 'declared by the board, it holds' in_file "$extra/window.json" 's/"filter": {/"over_exposure": [\
    { "address": "0x40008000", "size": "0x1000", "why": "TIMER0: the filter answers 16 KiB" },\
    { "address": "0x4000A000", "size": "0x2000", "why": "TIMER2, RTC0: likewise" } ],\
    &/'
is 'with the list' says 0 '1 with declared over-exposure' "$tool" run "$extra/window.json"

# ---- a device and an app of one's own

is 'a device to begin with' "$postern" new device "$extra/count-down"
is 'an app to begin with' "$postern" new app "$extra/worker"
is 'a board to begin with' "$postern" new board "$extra/own"
is 'the board gets the device' in_file "$extra/boards/own.json" \
    's/"filter": { "table": \[/&{ "device": "COUNT_DOWN" }, /
     s/"lend": { "quiesce": "timer" }/&\
    },\
    {\
      "name": "COUNT_DOWN",\
      "at": "0x40030000",\
      "size": "0x1000",\
      "line": 40,\
      "type": "count-down",\
      "lend": { "quiesce": "count-down" }/'
cat >"$extra/counts.json" <<'END'
{
  "claim": "The countdown interrupts its owner 250 us after START; after the owner's death the next one finds it reset, beside a program of one's own.",
  "board": "own",
  "apps": [
    { "name": "owner",
      "steps": [
        { "subscribe": { "driver": "passthrough", "number": 0, "upcall": "done" } },
        { "command": { "driver": "passthrough", "number": 2, "args": ["COUNT_DOWN", "COUNT_DOWN.size"] }, "expect": "success" },
        { "store": "COUNT_DOWN.DELAY", "value": 250 },
        { "store": "COUNT_DOWN.INTENSET", "value": 1 },
        { "store": "COUNT_DOWN.TASKS_START", "value": 1 },
        { "yield": "wait" } ],
      "upcalls": { "done": [ { "load": "COUNT_DOWN.EVENTS_DONE", "expect": 1 } ] } },
    { "name": "heir",
      "steps": [
        { "compute_us": 20000 },
        { "command": { "driver": "passthrough", "number": 2, "args": ["COUNT_DOWN", "COUNT_DOWN.size"] }, "expect": "success" },
        { "load": "COUNT_DOWN.DELAY", "expect": 100 } ] },
    { "name": "worker", "program": "worker", "parameters": { "cycles": 6400 } } ],
  "inject": [ { "at_us": 30000, "kill": "owner" } ],
  "until_ms": 100,
  "expect": {
    "owner": { "state": "terminated" },
    "count": [ { "event": "upcall owner done", "is": 1 },
               { "event": "mark worker 1", "min": 2 } ],
    "latency": { "from": "store owner COUNT_DOWN.TASKS_START", "to": "irq COUNT_DOWN", "min_us": 250, "max_us": 251 } }
}
END
is 'they are compiled in' made
is 'list devices says where it comes from' says 0 "^ +\($extra/count-down.c\)$" "$tool" list devices
is 'list apps, too' says 0 "^ +\($extra/worker.c\)$" "$tool" list apps
is 'list quiesce, too' says 0 "^ +\($extra/count-down.c\)$" "$tool" list quiesce
is 'they do what they should' says 0 '^1 claim holds' "$tool" run --verify "$extra/counts.json"
is 'a forgotten reset step is found' in_file "$extra/count-down.c" \
    '/offset = 0x540, .value = 100/d'
is 'and compiled' made
is 'by the rule of a reset device' says 1 'broke +device-reset|broke +death-order' \
    "$tool" run "$extra/counts.json"

# ---- what is refused

is 'a name that is there already' in_file "$extra/worker.c" 's/\.name = "worker"/.name = "hog"/'
is 'is compiled all the same' made
is 'and refused by name and file when the tool starts' \
    says 2 'worker.c: error: "hog": there is a program of that name already' "$tool" list
is 'registers out of order' in_file "$extra/count-down.c" 's/"DELAY", 0x540/"DELAY", 0x300/'
is 'are compiled all the same' made
is 'and refused as well' says 2 'count-down.c: error: .*, DELAY at 0x300: want the rows in the order' \
    "$tool" list
mkdir "$work/empty"
extra=$work/empty
is 'a folder without C files is refused' says 2 'no folder with C files' made
extra=$work/none
is 'a folder that is not there is refused' says 2 'no folder with C files' made
is 'the plain tool is as it was' says 0 '^widen_512k' "$postern" list filters
is 'and has no row of any of this' sh -c "! grep -q wide.c '$work/out'"
