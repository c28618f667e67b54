#!/bin/sh
# The command line: what it prints where, its exit codes, and what it says about what is wrong.
# Speaks TAP. Environment: POSTERN, the runner.
set -u
. tests/support.sh
want_runner
work=$(mktemp -d) || exit 3
trap 'rm -rf "$work"' EXIT
unset NO_COLOR CLICOLOR_FORCE

# matches FILE PATTERN: '' for PATTERN wants an empty file, '*' takes anything.
matches() {
    case $2 in
    '') [ ! -s "$1" ] ;;
    '*') true ;;
    *) grep -qE -e "$2" "$1" ;;
    esac
}

# gives SENTENCE CODE OUT ERR COMMAND...: the command ends with CODE; each of stdout and stderr has a
# line that the extended regular expression OUT, ERR matches ('': it is empty; '*': anything).
gives() {
    sentence=$1 want=$2 out=$3 err=$4
    shift 4
    "$@" >"$work/out" 2>"$work/err" </dev/null
    code=$?
    if [ $code = "$want" ] && matches "$work/out" "$out" && matches "$work/err" "$err"; then
        echo "ok - $sentence"
        return
    fi
    echo "not ok - $sentence: $*"
    echo "exit code $code, wanted $want; stdout wanted: $out; stderr wanted: $err"
    sed 's/^/stdout: /' "$work/out"
    sed 's/^/stderr: /' "$work/err"
}

# is SENTENCE COMMAND...: the command succeeds.
is() {
    sentence=$1
    shift
    if "$@" >"$work/log" 2>&1; then
        echo "ok - $sentence"
    else
        echo "not ok - $sentence"
        cat "$work/log"
    fi
}

# ---- scenarios to try it on: one that holds, and each with one thing changed

mkdir "$work/x" || exit 3
ln -s "$root/scenarios/boards" "$work/boards"
cd "$work" || exit 3
{
    cat <<'END'
{ "claim": "An app that was lent TIMER1 gets its interrupt as an upcall.",
  "source": "TRD 107, section 2, step 6",
  "board": "nrf52840dk",
END
    tick_apps
    cat <<'END'
  "until_ms": 5,
  "expect": {
    "count": { "event": "upcall owner tick", "is": 1 },
    "latency": { "from": "irq TIMER1", "to": "upcall owner tick", "max_us": 40 } } }
END
} >x/holds.json
sed 's/"max_us": 40/"max_us": 1/' x/holds.json >x/late.json
sed 's/"event": "upcall owner tick", "is": 1/"event": "upcall other", "is": 0/
     s/"irq TIMER1", "to"/"irq TIMER2", "to"/' x/holds.json >x/vacuous.json
sed 's/"claim"/"clam"/' x/holds.json >x/typo.json
sed 's/"until_ms": 5/"until_ms": 100000000/
     s/{ "load": "TIMER1.CC\[0\]", "expect": "fault" }/{ "forever": [ { "load": "app.ram" } ] }/' \
    x/holds.json >x/endless.json
sed 's/"until_ms": 5/"until_ms": 5, "sweep": { "kernel.costs": ["m4-300", "trap-80"] }/' \
    x/holds.json >x/family.json

# ---- the front door

gives 'without a command, the usage is a complaint' 2 '' 'usage: postern' "$postern"
gives '--help is data' 0 'usage: postern' '' "$postern" --help
gives '--version is data' 0 '^postern [0-9]' '' "$postern" --version
gives 'a misspelt command gets the nearest' 2 '' 'did you mean "check"' "$postern" chek
for command in run check list show explain schema mpu; do
    gives "$command has a help with examples" 0 '^examples:' '' "$postern" "$command" --help
done

# ---- flags

gives 'a misspelt flag gets the nearest' 2 '' 'no such flag: --formt \(did you mean "--format"' \
    "$postern" run --formt json
gives 'a flag without its value is refused' 2 '' 'seed wants a value' "$postern" run --seed
gives 'a flag given twice is refused' 2 '' 'given twice' "$postern" run --seed 1 --seed=2 x
gives 'a number that is none is refused' 2 '' 'want a whole number' "$postern" run --seed 1x x
gives 'a number beyond 64 bits is refused' 2 '' 'want a whole number' \
    "$postern" run --seed 18446744073709551616 x
gives 'a number out of its range is refused' 2 '' 'want 1 to 64' "$postern" run -j 0 x
gives 'a word that is none gets the nearest' 2 '' 'did you mean "json"' "$postern" run --format jsn x
gives 'a value where none is taken is refused' 2 '' 'takes no value' "$postern" run --quiet=1 x
gives 'two flags against each other are refused' 2 '' 'quiet and --verbose' \
    "$postern" run --quiet --verbose x
gives 'a flag without effect is refused' 2 '' 'does nothing' "$postern" run --format json --quiet x
gives 'a filter that matches nothing is refused' 2 '' 'no id matches' \
    "$postern" run --filter nothing x/holds.json
gives 'an output that cannot be is refused' 2 '' 'nowhere' \
    "$postern" run --output "$work/nowhere/x" x/holds.json
gives 'what follows -- is no flag' 2 '' 'no such file, folder or scenario: --quiet' \
    "$postern" run -- --quiet

# ---- run: exit codes, and what each end says

gives 'a claim that holds: 0, and a summary' 0 '^1 claim holds in ' '' "$postern" run x/holds.json
gives 'a measured latency has its margin' 0 '^  irq TIMER1 -> upcall owner tick .* 3[0-9][.][0-9]{3}$' '' \
    "$postern" run x/holds.json
gives 'a folder within another is taken once' 0 '^designs +14 +14 ' '' \
    "$postern" run "$root/scenarios/ble/designs" "$root/scenarios/ble/designs"
gives '--verify runs twice and agrees' 0 '1 claim holds' '' "$postern" run --verify x/holds.json
gives 'a claim that fails: 1, and the rule' 1 '^  broke   latency at ' '' "$postern" run x/late.json
gives 'a failure tells the events before it' 1 'TIMER1 rises|line 9 \(TIMER1\) rises' '' \
    "$postern" run x/late.json
gives 'a failure names the command that repeats it' 1 '^  repeat  postern run x/late.json@1$' '' \
    "$postern" run x/late.json
gives 'that command repeats it' 1 'broke   latency' '' "$postern" run x/late.json@1
gives 'a vacuous pass: 5, and what was not looked at' 5 'nothing came that it could judge' '' \
    "$postern" run x/vacuous.json
gives 'a budget that ends: 6' 6 'out-of-budget' '' "$postern" run --budget 1 x/endless.json
gives 'bad input: 2, with its place and the nearest key' 2 '*' \
    '^x/typo.json:1:3: error: /clam: .*did you mean "claim"' "$postern" run x/typo.json
# injected LIST: the scenario that holds, with these injections
injected() {
    sed "s|\"until_ms\": 5|\"until_ms\": 5, \"inject\": [ $1 ]|" x/holds.json
}
unfelt='{ "at_us": 100, "force": { "register": "TIMER2.CC[0]", "value": 7 } }'
unfelt="$unfelt, { \"at_us\": 100, \"interrupt\": \"EGU3\" }"
injected "$unfelt, { \"at_us\": 200, \"interrupt\": \"EGU3\" }" >x/unfelt.json
gives 'a register that nobody reads is forced in vain' 5 'inject/0: .*nobody read' '' \
    "$postern" run x/unfelt.json
gives 'a line that pends is pulsed in vain' 5 'inject/2: .*was pending already' '' \
    "$postern" run x/unfelt.json
bytes="\"receive\": { \"device\": \"UARTE1\", \"hex\": \"$(printf '%0128d' 0)\" } }"
overfull=$(printf '{ "at_us": %d, %s, ' 100 "$bytes" 101 "$bytes" 102 "$bytes" 103 "$bytes")
injected "$overfull { \"at_us\": 104, $bytes" >x/overfull.json
gives 'what a device has no room for: 3, and whose it was' 3 'model of UARTE1 failed: 64 of' '' \
    "$postern" run x/overfull.json
gives 'of failed, vacuous and bad input, bad input wins' 2 '2 of 3 claims do not hold' 'typo.json' \
    "$postern" run x/holds.json x/late.json x/vacuous.json x/typo.json
gives 'of failed and vacuous, failed wins' 1 '2 of 3 claims do not hold: 1 failed, 1 vacuous' '' \
    "$postern" run x/holds.json x/late.json x/vacuous.json
gives 'of vacuous and out of budget, vacuous wins' 5 '1 vacuous, 1 out-of-budget' '' \
    "$postern" run --budget 1 x/vacuous.json x/endless.json
gives 'a file that is not there: 2' 2 '' 'no such file, folder or scenario' "$postern" run x/none.json
# Part of an id | what is offered
while IFS='|' read -r part offered; do
    gives "part of an id gets a name: $part" 2 '' "$part .did you mean $offered" "$postern" run "$part"
done <<'END'
lent_timer|"passthrough/lent_timer_reaches_its_app"[?]
passthrough/lent_ti|"passthrough/lent_timer_reaches_its_app"[?]
passthrough/lent_timer_reaches_its_ap|"passthrough/lent_timer_reaches_its_app"[?]
passthrough/lent_tiner_reaches_its_app|"passthrough/lent_timer_reaches_its_app"[?]
passthrough/r|"passthrough/.*", "passthrough/.*", "passthrough/.*" or [0-9]+ more[?]
END
gives 'a board is no scenario' 2 '' 'is a board' "$postern" run boards/teaching.json
gives 'a full disk is no pass' 3 '*' 'cannot write' sh -c "'$postern' run x/holds.json >/dev/full"
gives '--quiet says one line about what holds' 0 '^1 claim holds' '' "$postern" run --quiet x/holds.json
is 'and no more than that line' [ "$(wc -l <"$work/out")" = 1 ]
gives '--verbose says each claim' 0 '^ok  x/holds@1$' '' "$postern" run --verbose x/holds.json

# crash_one: runs the endless scenario and another, and kills the process that the first one is in.
crash_one() {
    "$postern" run -j 2 x/endless.json x/holds.json >"$work/out" 2>"$work/err" &
    parent=$!
    for _ in 1 2 3 4 5 6 7 8 9 10; do
        sleep 0.2
        child=$(cat "/proc/$parent/task/$parent/children")
        # The other one ends by itself: a single child left is the endless one.
        [ "$(echo "$child" | wc -w)" = 1 ] && break
    done
    # shellcheck disable=SC2086
    kill -ABRT $child
    wait $parent
    code=$?
    [ $code = 3 ] && grep -q 'crashed: signal 6' "$work/out" &&
        grep -q '^1 of 2 claims does not hold: 1 simulator-failed' "$work/out"
}
if [ -e "/proc/$$/task/$$/children" ]; then
    is 'a crash of the simulator: 3, and the rest has run' crash_one
else
    echo 'ok - a crash of the simulator: 3, and the rest has run # SKIP /proc names no children'
fi

# ---- members

gives 'a sweep is one claim in several runs' 0 '^1 claim holds in 2 runs' '' \
    "$postern" run x/family.json
gives 'a member reruns alone by its id' 0 'trap-80@1' '' \
    "$postern" run --verbose 'x/family.json#kernel.costs=trap-80@1'
gives 'a member with another seed' 0 'trap-80@7' '' \
    "$postern" run --verbose 'x/family.json#kernel.costs=trap-80@7'
gives 'a member that is none is refused' 2 '*' 'no member' \
    "$postern" run 'x/family.json#kernel.costs=trap-81@1'
gives 'a member without its seed is all its seeds' 0 'trap-80@1' '' \
    "$postern" run --verbose 'x/family.json#kernel.costs=trap-80'
gives 'half a member is none' 2 '*' 'no member' "$postern" run 'x/family.json#kernel.costs=trap-8'
gives '--seed is in the id' 0 '^ok  x/holds@18446744073709551615' '' \
    "$postern" run --verbose --seed 0xffffffffffffffff x/holds.json
gives '--table has a column for each value of its key' 0 \
    '^margin of the bound, us  *trap-80  *m4-300' '' \
    "$postern" run --table kernel.costs x/family.json
gives '--table without such a key is refused' 2 '*' 'no scenario here sweeps this' \
    "$postern" run --table kernel.cost x/family.json
gives '--table does nothing to the other formats' 2 '' 'table does nothing with json' \
    "$postern" run --table kernel.costs --format json x/family.json
gives '--filter takes a glob' 0 '^1 claim holds in' '' "$postern" run --filter '*trap-80*' x/family.json

# ---- json: one object a line, on stdout or in a file

gives 'json has the hash in 16 digits' 0 '"trace_hash": "[0-9a-f]{16}"' '' \
    "$postern" run --format json x/holds.json
is 'json ends with a summary' grep -q '^{"summary": ' "$work/out"
set -- x/holds.json x/late.json x/vacuous.json x/family.json
gives '--output leaves stdout empty' 1 '' '' "$postern" run --format json --output all.jsonl -j 1 "$@"
is 'with other jobs and another way out, it is the same' sh -c \
    "'$postern' run --format json -j 4 $* | cmp - all.jsonl"
if [ -x /usr/bin/python3 ]; then
    is 'every line of json is JSON' /usr/bin/python3 -c '
import json
lines = [json.loads(line) for line in open("all.jsonl")]
assert len(lines) == 6, len(lines)
assert lines[-1]["summary"]["runs"] == 5 and lines[-1]["summary"]["exit"] == 1
late = next(line for line in lines if line["id"] == "x/late@1")
assert late["outcome"] == "failed" and late["latency"][0]["margin_us"] < 0
assert late["verdicts"][0]["rule"] == "latency" and not late["verdicts"][0]["expected"]'
else
    echo 'ok - every line of json is JSON # SKIP python3 is not installed'
fi

# ---- colours

gives 'no colours in a pipe' 0 '*' '' "$postern" run x/holds.json
is 'no colours in a pipe: none' sh -c "! grep -q '$(printf '\033')' '$work/out'"
gives '--color always' 0 "$(printf '\033')" '' "$postern" run --color always x/holds.json
gives 'CLICOLOR_FORCE' 0 "$(printf '\033')" '' env CLICOLOR_FORCE=1 "$postern" run x/holds.json
gives '--color never is stronger' 0 '*' '' \
    env CLICOLOR_FORCE=1 "$postern" run --color never x/holds.json
is '--color never is stronger: none' sh -c "! grep -q '$(printf '\033')' '$work/out'"

# ---- check, list, show, explain, schema

gives 'check counts what it read' 0 '^2 scenarios \(3 members\)' '' \
    "$postern" check x/holds.json x/family.json
gives 'check complains as a compiler' 2 '1 of them with errors' '^x/typo.json:1:3: error: ' \
    "$postern" check x
gives 'check --quiet prints complaints only' 2 '' 'x/typo.json:1:3' "$postern" check --quiet x
gives 'check reads boards' 0 'board' '' "$postern" check boards/teaching.json
gives 'list says the claims' 0 '^    An app that was lent TIMER1' '' "$postern" list x/holds.json
gives 'list --members says ids' 0 '#kernel.costs=trap-80@1$' '' "$postern" list --members x/family.json
# What may be named | a line of its list
while IFS='|' read -r what line; do
    gives "list $what" 0 "$line" '' "$postern" list "$what"
done <<'END'
apps|^steps +a list of steps
boards|^teaching +[0-9]+ MHz
costs|^mpu_setup( +[0-9]+){7}$
devices|^nrf52-timer +[0-9]+ registers
filters|^widen_512k +[a-z]
policies|^restart-at-most +[a-z]
presets|^m4-300 +300 cycles
quiesce|^gpiote +[0-9]+ steps$
rules|^exclusive-owner +[A-Z]
peers|^central +[a-z]
schedulers|^mlfq +[a-z]
END
gives 'list devices TYPE' 0 '^0x540 +CC\[0\]$' '' "$postern" list devices nrf52-timer
gives 'list devices of a type that is none' 2 '' 'did you mean "nrf52-timer"' "$postern" list devices nrf52-tmer
gives 'list devices of a part of a type' 2 '' 'did you mean "nrf52-spim"' "$postern" list devices spim
gives 'list of what is not listed' 2 '' 'did you mean "devices"' "$postern" list device
gives 'show pairs a call' 0 '=> command passthrough 2, TIMER1' '' "$postern" show x/holds.json
is 'show pairs its return' grep -qE '<= success \([0-9]+ cycles\)' "$work/out"
is 'show names the handler' grep -q '<= upcall tick' "$work/out"
is 'show says what refused an access' grep -q 'unprivileged read refused' "$work/out"
gives 'show puts a verdict where it fell' 0 '\*\* latency: ' '' "$postern" show x/late.json
gives 'show --kinds' 0 'FAULT' '' "$postern" show --kinds fault x/holds.json
is 'show --kinds leaves the others out' sh -c "! grep -q '=>' '$work/out'"
gives 'show --app' 0 'other .*FAULT' '' "$postern" show --app other x/holds.json
is 'show --app leaves the others out' sh -c "! grep -q 'owner ' '$work/out'"
gives 'show --from --to' 0 'starts at its entry' '' "$postern" show --from 50 --to 60.5 x/holds.json
is 'show --from --to leaves the rest out' [ "$(grep -cE '^ +[0-9]+ ' "$work/out")" -lt 10 ]
gives 'show of a kind that is none' 2 '' 'did you mean "syscall"' "$postern" show --kinds sycall x/holds.json
gives 'show of an app that is none' 2 '' 'did you mean "owner"' "$postern" show --app ower x/holds.json
gives 'show of several members names them' 2 '' "show 'x/family.json#kernel.costs=trap-80@1'" \
    "$postern" show x/family.json
gives 'show into a closed pipe is no failure' 0 '*' '' sh -c "'$postern' show x/holds.json | head -n 1"
gives 'explain by id' 0 'demands:' '' "$postern" explain death-order
gives 'explain by alias finds each rule' 0 '^kernel-panic' '' "$postern" explain PT3
is 'explain by alias finds each rule: both' grep -q '^upcall-once' "$work/out"
gives 'explain of no rule' 2 '' 'did you mean "reach"' "$postern" explain reech

case $postern in
"$root"/*)
    gives 'from elsewhere, the tree of the binary is found' 0 '^passthrough/' '' "$postern" list
    gives 'and its schema' 0 'json-schema.org' '' "$postern" schema
    gives 'and the schema of boards' 0 'json-schema.org' '' "$postern" schema board
    ;;
*)
    echo 'ok - from elsewhere, the tree of the binary is found # SKIP it was built outside of the tree'
    ;;
esac
