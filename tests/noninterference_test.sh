#!/bin/sh
# `postern noninterference`: leaks that a scenario makes on purpose, of values and of times, are
# found, told apart and traced back; what is declassified is none; what says nothing is an error.
# Speaks TAP. Environment: POSTERN, the runner.
set -u
. tests/support.sh
want_runner
work=$(mktemp -d) || exit 3
trap 'rm -rf "$work"' EXIT
mkdir "$work/x" || exit 3
cp -r scenarios/boards "$work/"
cd "$work" || exit 3

# scenario NAME A-KEYS A-STEPS B-STEPS MORE-KEYS
scenario() {
    cat >"x/$1.json" <<END
{ "claim": "It runs.", "board": "nrf52840dk", "until_us": 20000, $5
  "apps": [
    { "name": "a", "short_id": 16, $2 "steps": [$3],
      "upcalls": { "tick": [ { "store": "TIMER1.EVENTS_COMPARE[0]", "value": 0 }, { "compute_us": 30 } ] } },
    { "name": "b", "steps": [$4] } ],
  "expect": { "b": { "state": "yielded" } } }
END
}

# The device writes what arrives for a into b's memory.
aim='{ "command": { "driver": "passthrough", "number": 2, "args": ["UARTE1", "UARTE1.size"] }, "expect": "success" },
    { "store": "UARTE1.PSEL.RXD", "value": 8 },
    { "store": "UARTE1.ENABLE", "value": 8 },
    { "store": "UARTE1.RXD.PTR", "value": "b.ram+0x40" },
    { "store": "UARTE1.RXD.MAXCNT", "value": 4 },
    { "store": "UARTE1.TASKS_STARTRX", "value": 1 }'
look='{ "compute_us": 15000 }, { "load": "app.ram+0x40" }'
arrives='"inject": [{ "at_us": 5000, "receive": { "device": "UARTE1", "text": "key!", "secret_of": "a" } }],'
scenario bytes '"secrets": [],' "$aim" "$look" "$arrives"
scenario bytes_of_a '' "$aim" "$look" "$arrives"
scenario shared '' "$aim" "$look" "$arrives"'
  "declassify": [{ "app": "b", "at": "app.ram+0x40", "size": 4, "why": "it asked for them" }],'
scenario too_little_shared '' "$aim" "$look" "$arrives"'
  "declassify": [{ "app": "b", "at": "app.ram+0x40", "size": 2, "why": "it asked for two" }],'
scenario shared_for_nothing '' '{ "compute_us": 10 }' '{ "compute_us": 10 }' '
  "declassify": [{ "driver": "alarm", "upcall": 0, "why": "nobody asks" }],'

# A secret decides when a's device interrupts, and thus when b runs; nothing of it is in memory.
wait='{ "command": { "driver": "passthrough", "number": 2, "args": ["TIMER1", "TIMER1.size"] }, "expect": "success" },
    { "subscribe": { "driver": "passthrough", "number": 0, "upcall": "tick" }, "expect": "success" },
    { "store": "TIMER1.BITMODE", "value": 0 },
    { "store": "TIMER1.CC[0]", "value": 1000, "secret": true },
    { "store": "TIMER1.INTENSET", "value": "0x00010000" },
    { "store": "TIMER1.TASKS_START", "value": 1 }'
busy='{ "repeat": 20, "steps": [{ "compute_us": 500 }, { "mark": 1 }] }'
scenario times '' "$wait" "$busy" ''
scenario ticks '' "$wait" '{ "repeat": 40, "steps": [{ "compute_us": 300 }, { "command": { "driver": "alarm", "number": 2 } }] }' ''
scenario ticks_shared '' "$wait" '{ "repeat": 40, "steps": [{ "compute_us": 300 }, { "command": { "driver": "alarm", "number": 2 } }] }' '
  "declassify": [{ "driver": "alarm", "command": 2, "why": "time is everybody'"'"'s" }],'

scenario times_shared '' "$wait" "$busy" '
  "declassify": [{ "times_of": "a", "why": "it may interrupt when it likes" }],'
scenario times_shared_for_nothing '' '{ "compute_us": 10 }' "$busy" '
  "declassify": [{ "times_of": "a", "why": "it sends nothing" }],'

# a prints its secrets: the world's, nobody else's. Its own loads give what it stored.
prints='{ "store": "app.ram", "value": "0x21796568" }, { "load": "app.ram", "expect": "0x21796568" },
    { "load": "app.ram+0x1", "size": 1, "expect": 121 },
    { "allow_ro": { "driver": "console", "number": 1, "address": "app.ram", "size": 4 }, "expect": "success" },
    { "command": { "driver": "console", "number": 1, "args": [4] }, "expect": "success" },
    { "yield": { "wait_for": { "driver": "console", "number": 1 } } }'
scenario printed '' "$prints" '{ "compute_us": 2000 }' ''
scenario no_secrets '"secrets": [],' "$prints" '{ "compute_us": 2000 }' ''
scenario nowhere '"ram": { "size": 4096, "initial": 1024 }, "secrets": [{ "at": "app.ram+0x800", "size": 4 }],' "$prints" '{ "compute_us": 2000 }' ''
# A register gives back what it holds, and a asks the kernel by it.
# shellcheck disable=SC2016 # $x is the scenario's
scenario acts '"variables": { "x": 0 },' '{ "command": { "driver": "passthrough", "number": 2, "args": ["TIMER1", "TIMER1.size"] }, "expect": "success" },
    { "store": "TIMER1.BITMODE", "value": 3 }, { "store": "TIMER1.CC[1]", "value": 5, "secret": true },
    { "load": "TIMER1.CC[1]", "into": "x" }, { "command": { "driver": "alarm", "number": "$x" } }' '{ "compute_us": 10 }' ''

# The kernel's own client of the SPI, beside one app: it has secrets, and it observes.
component() {
    cat >"x/$1.json" <<END
{ "claim": "It runs.", "board": "services", "until_us": 2000, $2
  "kernel": { "clients": { "$3": 1 } },
  "apps": [{ "name": "a", "steps": [
    { "allow_ro": { "driver": "spi", "number": 0, "address": "app.ram", "size": 4 }, "expect": "success" },
    { "command": { "driver": "spi", "number": 3, "args": [5] }, "expect": "success" },
    { "command": { "driver": "spi", "number": 2, "args": [4] }, "expect": "success" }] }],
  "expect": { "a": { "state": "yielded" } } }
END
}
component beside '' spi
component beside_for_nothing '"declassify": [{ "times_of": "kernel", "why": "it sends nothing" }],' adc
component beside_alarm '' alarm

# A frame for a, in which each octet of run 1 is stuffed; behind it a datagram for a port that is
# nobody's. The network, which is the kernel's, has not seen that yet when run 1 ends.
late() {
    cat >"x/$1.json" <<END
{ "claim": "It runs.", "board": "services", "until_us": $2, $3
  "apps": [{ "name": "a", "steps": [{ "yield": "wait" }] }, { "name": "b", "secrets": [], "steps": [{ "yield": "wait" }] }],
  "world": { "host": { "on": "UARTE0", "plan": [
    { "at_us": 0, "do": "frame", "hex": "7e7e7e7e7e7e7e7e7e7e7e7e7e7e", "secret_of": "a" },
    { "at_us": 0, "do": "datagram" }] } },
  "expect": { "b": { "state": "yielded" } } }
END
}
times_of_a='"declassify": [{ "times_of": "a", "why": "an octet that is stuffed takes two" }],'
late late_shared 3125 "$times_of_a"
late late '3125' ''

mkdir alone
cat >alone/alone.json <<'END'
{ "claim": "It runs.", "board": "nrf52840dk", "until_us": 200,
  "apps": [{ "name": "a", "steps": [{ "mark": 1 }] }], "expect": { "a": { "state": "yielded" } } }
END

leaks() {
    "$postern" noninterference "$@"
}
# has REGEX...: the last output has a line that matches each.
has() {
    for regex in "$@"; do
        grep -qE -e "$regex" "$work/log" || { echo "no line matches $regex"; cat "$work/log"; return 1; }
    done
}
# finds SENTENCE CODE NAME REGEX...
finds() {
    sentence=$1 want=$2 name=$3
    shift 3
    leaks "x/$name.json" --verbose >"$work/log" 2>&1
    code=$?
    if [ $code = "$want" ]; then
        claim "$sentence" has "$@"
    else
        echo "not ok - $sentence: exit code $code, wanted $want"
        cat "$work/log"
    fi
}

finds 'a secret of its own that an app only prints is no leak' 0 printed \
    '^equal  x/printed@1: secrets of a, [0-9]+ bytes changed, 4 read by kernel and devices$'
finds 'bytes for one app that DMA brings into another are a leak of values' 1 bytes_of_a \
    '^LEAK  x/bytes_of_a@1: secrets of a$' '^  values that b observes$' \
    '^    run 1 .* b  can read at ram\+0x[0-9a-f]+: 6b 65 79 21$' '^    run 2 .* b  can read at ram' \
    '^  path .* in UARTE1, what came from outside' 'memory of b: ram\+0x[0-9a-f]+, DMA of UARTE1$' \
    '^  repeat   postern noninterference x/bytes_of_a.json@1 --app a$'
finds 'there is no leak of times beside it' 1 bytes_of_a '1 leak \(1 of values, 0 of times\)'
finds 'an app that says it has no secrets is not varied, the other one is' 0 bytes '1 pairs of 1 runs'
finds 'bytes that are declassified are no leak, and listed' 0 shared '^  shared   it asked for them$'
finds 'those beside them are' 1 too_little_shared '^  values that b observes$'
finds 'what is declassified and never needed is an error' 5 shared_for_nothing \
    '^VACUOUS  x/shared_for_nothing@1: secrets of all$' '^  /declassify/0 was never needed' \
    '^  repeat   postern noninterference x/shared_for_nothing.json@1$'
finds 'a secret that decides when others run is a leak of times, and of times only' 1 times \
    '^  times that b observes$' '1 leak \(0 of values, 1 of times\)' 'the runs part at'
finds 'unless its times are declassified' 0 times_shared '^  shared   it may interrupt when it likes$'
finds 'times of an app whose secrets nobody gets need no such entry' 5 times_shared_for_nothing \
    '^  /declassify/0 was never needed'
finds 'what has not come yet at the end, where times are shared, is no leak' 0 late_shared \
    '^  shared   an octet that is stuffed takes two$'
finds 'what never comes is one where they are not' 1 late 'a client in the kernel  nothing$'
finds 'what a command returns is a value' 1 ticks '1 leak \(1 of values, 1 of times\)'
finds 'unless it is declassified' 1 ticks_shared '1 leak \(0 of values, 1 of times\)' \
    "^  shared   time is everybody's$"
finds 'an app that acts on its secrets makes the pair void' 5 acts \
    'a does something else when its secrets differ'
finds 'secrets in memory that the app has not got are an error' 5 nowhere \
    'nothing of its secrets differed'
finds 'an app without secrets is not compared' 0 no_secrets '1 pairs of 1 runs'

finds 'an app and a component of the kernel are two, and both have secrets' 0 beside \
    '^equal  x/beside@1: secrets of a, ' '^equal  x/beside@1: secrets of kernel, 64 bytes changed' \
    '^2 pairs of 1 runs'
finds 'times of components of which nothing is read need not be declassified' 5 beside_for_nothing \
    '^  /declassify/0 was never needed'
finds 'a component that has an alarm only has no secrets' 5 beside_alarm 'one of the runs of one app'
gives 'the components can be asked for alone' 0 '^1 pairs of 1 runs' \
    "$postern" noninterference x/beside.json --app kernel
gives 'an app that no scenario has is bad usage' 2 '--app nobody: no scenario here has it' \
    "$postern" noninterference x/printed.json --app nobody
gives 'nothing to compare is vacuous' 5 'nothing was compared' "$postern" noninterference alone
gives 'the command that repeats a leak finds it again' 1 'LEAK' \
    "$postern" noninterference x/bytes_of_a.json@1 --app a
gives 'many pairs run with many seeds' 0 '^10 pairs of 5 runs: 0 leaks' \
    "$postern" noninterference x/printed.json --pairs 9
gives 'JSON names both runs and the path' 1 '"rule": "value-leak".*"run_2": "can read.*"path_of_leak": \[".*"repeat": ' \
    "$postern" noninterference x/bytes_of_a.json --format json
gives 'TAP counts pairs' 1 '^1\.\.2$' "$postern" noninterference x/bytes_of_a.json --format tap
gives 'a pair of TAP has its leak' 1 'value-leak at 10073' \
    "$postern" noninterference x/bytes_of_a.json --format tap
gives 'JUnit has a failure' 1 '<failure type="value-leak"' \
    "$postern" noninterference x/bytes_of_a.json --format junit --reproducible
twice() {
    leaks x --format json -j1 >1.jsonl
    leaks x --format json -j2 >2.jsonl
    cmp 1.jsonl 2.jsonl && [ -s 1.jsonl ]
}
is 'the result is the same with one process and with two' twice
