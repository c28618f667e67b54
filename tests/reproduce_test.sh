#!/bin/sh
# From a fuzzer's input to a scenario: `postern fuzz decode`, `fuzz sort` and `minimize`, what they
# write and what they refuse. Speaks TAP. Environment: POSTERN, the runner.
set -u
. tests/support.sh
want_runner

work=$(mktemp -d) || exit 3
trap 'rm -rf "$work"' EXIT

# decodes FILE: it does, into a scenario that does what the tape did, record for record.
decodes() {
    "$postern" fuzz decode "$1" -o "$work/decoded.json" >"$work/said" || {
        cat "$work/said"
        return 1
    }
    grep -q '; the same trace$' "$work/said" && "$postern" check "$work/decoded.json"
}

# Every sixth is enough here; tests/test_reproduce.c has more.
stages=$("$postern" fuzz decode none --target none -o none 2>&1 |
    sed -n 's/.*want one of \(.*\), mpu, .*/\1/p' | tr -d ,)
is 'there are targets of tapes' test -n "$stages"
for folder in $(for name in $stages; do echo "fuzz/corpus/$name fuzz/regress/$name"; done); do
    [ -d "$folder" ] || continue
    find "$folder" -type f ! -name '.*' | sort | awk 'NR % 6 == 1' >"$work/tapes"
    all_decode() {
        while read -r tape; do
            decodes "$tape" || return 1
        done <"$work/tapes"
    }
    claim "the tapes of $folder become scenarios with the same trace" all_decode
done

# ---- a scenario that breaks a rule, with much that it does not need

cat >"$work/large.json" <<'END'
{
  "claim": "Whoever faults, the kernel goes on.",
  "board": "nrf52840dk",
  "kernel": { "scheduler": "mlfq" },
  "apps": [
    { "name": "idle", "steps": [{ "compute_us": 100 }, { "repeat": 3, "steps": [{ "mark": 1 }] }] },
    {
      "name": "culprit", "ram": 8192, "fault_policy": "panic",
      "steps": [
        { "memop": { "operation": "sbrk", "argument": 128 }, "expect": "success" },
        { "command": { "driver": "alarm", "number": 2 }, "expect": "success" },
        { "compute_cycles": 1000 },
        { "store": "0x20000100", "value": 7 },
        { "mark": 2 }
      ]
    },
    { "name": "third", "steps": [{ "yield": "no-wait" }] }
  ],
  "inject": [{ "at_us": 150, "interrupt": "TIMER1" }, { "at_us": 200, "kill": "idle" }],
  "until_ms": 20,
  "expect": { "idle": { "state": "terminated" }, "absent": { "event": "kernel-panic" } }
}
END
gives 'the large one breaks a rule' 1 'kernel-panic' "$postern" run "$work/large.json"
gives 'it is made small' 0 '^11 operations, .* before; 1 operations, .* runs, [0-9.]+ s$' \
    "$postern" minimize "$work/large.json" -o "$work/small.json"
gives 'the small one breaks the same rule' 1 'kernel-panic' "$postern" run "$work/small.json"
is 'it is less than a third of it' test "$(wc -c <"$work/small.json")" -lt \
    $(($(wc -c <"$work/large.json") / 3))
gives 'what holds is not made small' 1 'nothing breaks' \
    "$postern" minimize scenarios/isolation/restart_closes_what_the_heap_had_opened.json -o "$work/none.json"
sees 'and nothing is written then' test -e "$work/none.json"
gives 'a family is none for it' 2 'a family: write the values' \
    sh -c "sed 's/\"until_ms\": 20/\"until_ms\": 20, \"seeds\": [1]/' \"\$1\" >\"\$2\" &&
        \"\$3\" minimize \"\$2\" -o \"\$2.small\"" sh "$work/large.json" "$work/family.json" "$postern"
gives 'a scenario that cannot be read is none' 2 'error' \
    "$postern" minimize Makefile --target scenario -o "$work/none.json"

# ---- what is no tape of a stage

first() {
    find "fuzz/corpus/$1" -type f | sort | head -n 1
}
gives 'calls of the kernel are told in words' 0 'no scenario beneath the kernel' \
    "$postern" fuzz decode "$(first mpu)" -o "$work/calls.txt"
is 'one line each' grep -qE '^config [012]: ' "$work/calls.txt"
gives 'a board that nobody can describe has no scenario' 2 'no scenario can say' \
    "$postern" fuzz decode "$(first start)" -o "$work/x.json"
gives 'a text is copied' 0 'the text as it was' \
    "$postern" fuzz decode "$(first scenario)" -o "$work/copy.json"
is 'byte for byte' cmp "$(first scenario)" "$work/copy.json"

# ---- sorting

count=$(find fuzz/regress/syscall -type f | wc -l)
gives 'inputs that break nothing are counted' 0 "^$count inputs break nothing here" \
    "$postern" fuzz sort fuzz/regress/syscall -o "$work/sorted"
gives 'those beneath the kernel are put together' 0 'mpu: [0-9]+$' \
    "$postern" fuzz sort fuzz/corpus/mpu -o "$work/sorted"
is 'with a text that says how to see them' grep -q 'fuzz decode .*--target mpu' \
    "$work/sorted/mpu/README.txt"
is 'and the smallest of them' test -s "$work/sorted/mpu/tape"

# ---- refusals

echo tape >"$work/input"
gives 'an input of nobody wants a target' 2 'want --target, one of .*syscall.*, mpu, start, scenario, board' \
    "$postern" fuzz decode "$work/input" -o "$work/x.json"
gives 'a target that is none' 2 'no such target: sycall: want one of' \
    "$postern" fuzz decode "$work/input" --target sycall -o "$work/x.json"
is 'any bytes are a tape' "$postern" fuzz decode "$work/input" --target syscall -o "$work/x.json"
cp "$work/input" "$work/found-syscall-crash-1"
is 'its name says its target' "$postern" fuzz decode "$work/found-syscall-crash-1" -o "$work/x.json"
gives 'nothing else is done' 2 'no such thing to do: decoed .did you mean "decode"' \
    "$postern" fuzz decoed "$work/input" -o x
gives 'decode wants a file to write' 2 'want -o FILE' "$postern" fuzz decode "$work/input"
gives 'sort wants a folder to write' 2 'want -o FOLDER' "$postern" fuzz sort "$work/input"
gives 'decode takes one file' 2 'want one FILE, not 2' \
    "$postern" fuzz decode "$work/input" "$work/input" --target syscall -o "$work/x.json"
gives 'a file that is not there' 2 'No such file' \
    "$postern" fuzz decode "$work/nowhere" --target syscall -o "$work/x.json"
gives 'a folder that is not there' 2 'No such file' \
    "$postern" fuzz decode "$work/input" --target syscall -o "$work/no/x.json"
gives 'minimize wants a file to write' 2 'want -o FILE' "$postern" minimize "$work/large.json"
gives 'minimize has nothing to do beneath the kernel' 2 'neither a scenario nor a tape' \
    "$postern" minimize "$(first mpu)" -o "$work/x.json"
