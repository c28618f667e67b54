#!/bin/sh
# What others read: TAP, JUnit, shards and their merging, Chrome traces, VCD, lines of JSON; captures
# have a test of their own (pcapng_test.sh). Each format is tried with a client that is not ours
# (prove, xmllint, vcd2fst, gtkwave, speedscope), and each check is shown to see a file that is broken. A client that is missing is a skip.
# Speaks TAP. Environment: POSTERN, the runner; SPEEDSCOPE, the folder dist/release of the npm package.
set -u
. tests/support.sh
# The plain build says whether others can read them, the sanitized one whether the writers read and
# write what is their own.
case ${BUILD:-build} in
*clang*)
    echo 'ok - formats are read by clients of the plain and the sanitized build'
    exit
    ;;
esac
want_runner
work=$(mktemp -d) || exit 3
trap 'rm -rf "$work"' EXIT
unset NO_COLOR CLICOLOR_FORCE SOURCE_DATE_EPOCH

# ---- scenarios to try it on. Names are odd on purpose: what a format gives a meaning must be escaped

mkdir "$work/x" "$work/y" "$work/z" "$work/z/x" || exit 3
ln -s "$root/scenarios/boards" "$work/boards"
cd "$work" || exit 3
{
    cat <<'END'
{ "claim": "An app that was lent TIMER1 gets its interrupt as an upcall: <&>\"']]>.",
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
odd=$(printf 'y/odd #TODO \\ \001 & <b> "q" \377.json')
sed 's/"max_us": 40/"max_us": 1/' x/holds.json >"$odd"
sed 's/"event": "upcall owner tick", "is": 1/"event": "upcall other", "is": 0/
     s/"irq TIMER1", "to"/"irq TIMER2", "to"/' x/holds.json >x/vacuous.json
sed 's/"claim"/"clam"/' x/holds.json >x/typo.json
sed 's/"until_ms": 5/"until_ms": 5, "sweep": { "kernel.costs": ["m4-300", "trap-80", "zero"] }/' \
    x/holds.json >x/family.json
sed 's/"max_us": 40/"max_us": 7/' x/family.json >x/half.json
cp x/holds.json z/x/holds.json

# ---- TAP

gives 'TAP says its version and the plan first' 0 '^1\.\.3$' \
    sh -c "'$postern' run --format tap x/family.json | head -n 2"
"$postern" run --format tap -j1 x y >all.tap 2>err.txt
is 'with other jobs, TAP is the same' sh -c "'$postern' run --format tap -j2 x y 2>err2.txt | cmp - all.tap"
is 'and so are the complaints' cmp err.txt err2.txt
is 'a file that cannot be read is no pass' grep -q '^not ok [0-9]* - x/typo$' all.tap
gives 'flags that do nothing to TAP are refused' 2 'does nothing with --format tap' \
    "$postern" run --format tap --verbose x/holds.json
if ! skips prove 'prove takes the TAP'; then
    is 'prove takes the TAP of what holds' prove -e "$postern run --format tap" x/family.json
    gives 'prove counts what fails' 1 'Failed [0-9]+/10 subtests' prove -e cat all.tap
    cat >tap.pl <<'END'
use strict; use warnings; use TAP::Parser;
my $tap = TAP::Parser->new({ source => $ARGV[0] });
my ($blocks, @names) = (0);
while (my $result = $tap->next) {
    push @names, $result->description if $result->is_test;
    next unless $result->is_yaml;
    my $block = $result->data;
    $blocks++ if $block->{message} =~ /\S/ && $block->{severity} =~ /^(failure|error)$/
        && $block->{at}{file} =~ /json$/ && $block->{data}{outcome} =~ /\S/;
}
die 'parse errors: ', join("; ", $tap->parse_errors) if $tap->parse_errors;
die 'todo or skipped' if $tap->todo || $tap->skipped;
my $failed = () = $tap->actual_failed;
die "$failed failed, $blocks blocks say why" unless $failed == $ARGV[1] && $blocks == $failed;
print "$_\n" for @names;
END
    # The odd one, the vacuous one, the typo, and one or two of the half family.
    failing=$(grep -c '^not ok' all.tap)
    gives 'each failure has a block that is read' 0 'y/odd' perl tap.pl all.tap "$failing"
    sed 's/\\#/#/' all.tap >broken.tap
    sees 'a "#" without its backslash is seen: the failure would be a TODO' \
        perl tap.pl broken.tap "$failing"
    sed '/^  ---/,/^  \.\.\./s/"$//' all.tap >broken.tap
    sees 'a string without its end is seen' perl tap.pl broken.tap "$failing"
    sed '$d' all.tap | sed 's/^1\.\..*/1..9/' >broken.tap
    sees 'a plan that promises other results is seen' perl tap.pl broken.tap "$failing"
fi

# ---- JUnit

"$postern" run --format junit --reproducible -j 1 x y z >all.xml 2>/dev/null
is 'with other jobs, JUnit is the same' sh -c \
    "'$postern' run --format junit --reproducible -j 2 x y z 2>err2.txt | cmp - all.xml"
gives 'what --reproducible would do nothing to is refused' 2 'reproducible does nothing' \
    "$postern" run --reproducible --format tap x/holds.json
gives 'the time is 1970 under --reproducible' 0 'timestamp="1970-01-01T00:00:00" hostname="localhost"' \
    cat all.xml
gives 'SOURCE_DATE_EPOCH is the time' 0 'timestamp="1970-01-02T00:00:01"' \
    env SOURCE_DATE_EPOCH=86401 "$postern" run --format junit x/holds.json
gives 'a SOURCE_DATE_EPOCH that is no number is refused' 2 'SOURCE_DATE_EPOCH' \
    env SOURCE_DATE_EPOCH=today "$postern" run --format junit x/holds.json
gives 'without --reproducible there are wall-clock times' 0 '<testcase .* time="0\.0*[1-9]' \
    "$postern" run --format junit x/holds.json
gives 'the second file of one id gets a name of its own' 0 'name="holds@1 \(2\)"' cat all.xml
gives 'a break that a rule saw is a failure of that type' 0 '<failure type="latency" message="latency at' \
    cat all.xml
gives 'a vacuous pass is a failure' 0 '<failure type="vacuous" ' cat all.xml
gives 'a file that cannot be read is an error, in its own words' 0 \
    '<error type="unreadable" .*>x/typo.json:1:3: error: /clam' cat all.xml
gives 'a failure names the command that repeats it' 0 "^repeat: postern run 'x/half.json#" cat all.xml
if ! skips xmllint 'xmllint takes the JUnit'; then
    valid() {
        xmllint --noout --schema "$root/tests/junit.xsd" "$1"
    }
    count_is() {
        [ "$(xmllint --xpath "count($1)" all.xml)" = "$(xmllint --xpath "sum($2)" all.xml)" ]
    }
    is 'the rules of tests/junit.xsd are kept' valid all.xml
    is 'tests= counts' count_is //testcase //@tests
    is 'failures= counts' count_is //failure //@failures
    is 'errors= counts' count_is //error //@errors
    # One way to be wrong a line: what it is, then the edit.
    while IFS='|' read -r what edit; do
        sed "$edit" all.xml >broken.xml
        sees "JUnit that breaks the rules is seen: $what" valid broken.xml
    done <<'END'
attributes of testsuites|s/<testsuites>/<testsuites tests="9">/
a file= on a case|s/<testcase /<testcase file="x.json" /
a zone in the time|s/T00:00:00"/T00:00:00Z"/
no host|s/ hostname="[^"]*"//
two cases of one name|s/ name="[a-z]*@1[^"]*"/ name="same"/
no properties|/<properties>/,/<\/properties>/d
a bare "<"|s/&#60;/</
a bare "&"|s/&#38;/\&/
a failure without a place|s/>x\/[a-z]*\.json:1:1:/>/
a time with a comma|s/ time="0\./ time="0,/
a time of microseconds|s/ time="0\.000"/ time="0.000000"/
END
    sed "s/&#60;b&#62;/$(printf '\001')/" all.xml >broken.xml
    sees 'JUnit that breaks the rules is seen: a control character' valid broken.xml
    sed "s/&#60;b&#62;/\&#1;/" all.xml >broken.xml
    sees 'JUnit that breaks the rules is seen: the number of a control character' valid broken.xml
fi

# ---- shards

"$postern" run --format json x y z >all.jsonl 2>/dev/null
all_code=$?
for shards in 1 2 3 5 40; do
    i=0 files=
    while [ $((i += 1)) -le $shards ]; do
        "$postern" run --format json --shard $i/$shards x y z >$shards.$i.jsonl 2>/dev/null
        files="$files $shards.$i.jsonl"
    done
    # shellcheck disable=SC2086
    "$postern" merge --output merged.jsonl $files
    merged_code=$?
    is "of $shards shards, the whole is as it would be" cmp merged.jsonl all.jsonl
    is "of $shards shards, the exit code is as well" [ $merged_code = $all_code ]
done
gives 'a file is a claim, whatever the number of its members' 0 '"claims": 6, "claims_held": 3, "runs": 10,' \
    cat merged.jsonl
is 'the order of the files does not matter' sh -c \
    "'$postern' merge 3.2.jsonl 3.3.jsonl 3.1.jsonl | cmp - all.jsonl"
is 'shards become the JUnit of one run' sh -c \
    "'$postern' merge --format junit --reproducible 3.?.jsonl | cmp - all.xml"
"$postern" run --format tap x y z >all.tap 2>/dev/null
is 'shards become the TAP of one run' sh -c "'$postern' merge --format tap 3.?.jsonl | cmp - all.tap"
is 'a whole run is taken as well' sh -c "'$postern' merge --format tap all.jsonl | cmp - all.tap"
is 'shards of other jobs are the same' sh -c \
    "'$postern' run --format json --shard 2/3 -j 2 x y z 2>err2.txt | cmp - 3.2.jsonl"
gives 'TAP of an empty shard is a skip' 0 '^1\.\.0 # SKIP' "$postern" run --format tap --shard 1/2 x/holds.json
gives 'an empty shard says so' 0 'shard 1/2 is empty' "$postern" run --shard 1/2 x/holds.json
gives 'a filter without a match is no empty shard' 2 'no id matches' \
    "$postern" run --shard 1/2 --filter nothing x/holds.json
for shard in 0/3 4/3 1/0 3 /3 1/ 1/2/3 -1/3 1/1000000 a/b; do
    gives "$shard is no shard" 2 'shard.*want I/N' "$postern" run "--shard=$shard" x/holds.json
done
sed '$d' 3.2.jsonl >cut.jsonl
sed 2d 3.2.jsonl >short.jsonl
sed '1s/^/junk/' 3.2.jsonl >junk.jsonl
cat 3.2.jsonl 3.2.jsonl >twice.jsonl
sed 's/"version": "[^"]*"/"version": "0"/' 3.2.jsonl >old.jsonl
sed 's/"index": 2/"index": 9/' 3.2.jsonl >ninth.jsonl
"$postern" run --format json --shard 2/3 --seed 7 x y z >seed.jsonl 2>/dev/null
: >empty.jsonl
# What it is | the files | what is said about it
while IFS='|' read -r what files says; do
    # shellcheck disable=SC2086
    gives "merge refuses $what" 2 "$says" "$postern" merge $files
done <<'END'
a missing shard|3.1.jsonl 3.3.jsonl|shard 2/3 is missing
a missing last shard|3.1.jsonl 3.2.jsonl|shard 3/3 is missing
the same shard twice|3.1.jsonl 3.2.jsonl 3.2.jsonl 3.3.jsonl|are both shard 2/3
shards of runs with other seeds|3.1.jsonl seed.jsonl 3.3.jsonl|different runs
shards of other counts|3.1.jsonl 2.2.jsonl 3.3.jsonl|different runs
shards of another version|3.1.jsonl old.jsonl 3.3.jsonl|of version
a shard that cannot be|3.1.jsonl ninth.jsonl 3.3.jsonl|of no shard
a whole run among shards|3.1.jsonl all.jsonl 3.3.jsonl|whole run
a run that has not ended|3.1.jsonl cut.jsonl 3.3.jsonl|cut.jsonl:[0-9]+:1: error: no summary
a lost result|3.1.jsonl short.jsonl 3.3.jsonl|counts other results
what is no result|3.1.jsonl junk.jsonl 3.3.jsonl|junk.jsonl:1:1: error: this is no result
two runs in one file|3.1.jsonl twice.jsonl 3.3.jsonl|follows the summary
an empty file|empty.jsonl|no summary
a file that is not there|none.jsonl|none.jsonl: No such
no file at all||something is missing
END

# ---- traces

gives 'a trace goes into a file' 2 'wants --output' "$postern" run --trace vcd x/holds.json
gives 'a trace is of one run' 2 'these are 3: name one' \
    "$postern" run --trace vcd --output t x/family.json
gives 'a trace is of no shard' 2 'leave --shard' \
    "$postern" run --trace vcd --output t --shard 1/1 x/holds.json
gives 'a trace that cannot be written' 2 'nowhere' \
    "$postern" run --trace vcd --output nowhere/t x/holds.json
gives 'a trace on a full disk is no success' 3 'cannot write' \
    "$postern" run --trace vcd --output /dev/full x/holds.json
for format in chrome vcd jsonl; do
    gives "a $format trace leaves the report as it is" 0 '^1 claim holds' \
        "$postern" run --trace $format --output "t.$format" x/holds.json
    "$postern" run --trace $format --output "t2.$format" x/holds.json >/dev/null
    is "two $format traces of one run are the same" cmp "t.$format" "t2.$format"
done
gives 'a claim that fails is traced, and fails' 1 'does not hold' \
    "$postern" run --trace chrome --output late.chrome "$odd"

is 'a view for gtkwave goes beside the VCD' grep -q '^\[dumpfile\] "t.vcd"$' t.gtkw
echo 'mine' >t.gtkw
gives 'a view that is not ours stays' 0 't.gtkw is not ours' \
    "$postern" run --trace vcd --output t.vcd x/holds.json
is 'and is as it was' grep -qx mine t.gtkw
rm t.gtkw
"$postern" run --trace vcd --output t.vcd x/holds.json >/dev/null
sed 's/"until_ms": 5/"until_ms": 9007199255/' x/holds.json >x/long.json
gives 'times that are no numbers of JSON are refused' 2 'ends after 2\^53' \
    "$postern" run --trace jsonl --output t2.jsonl x/long.json
rm x/long.json

# Of every folder; the first is an encrypted connection.
ln -s "$root/scenarios" scenarios
ten=0
while read -r id; do
    ten=$((ten + 1))
    for format in chrome vcd jsonl; do
        "$postern" run --trace $format --output "ten$ten.$format" "$id" >/dev/null </dev/null ||
            echo "not ok - a $format trace of $id"
    done
done <<'END'
ble/encryption_begins_under_way_and_nothing_is_lost#apps.ble.program=ble_armed@1
attacks/alias_is_no_way_round
attacks/dma_master_without_opt_in_is_refused
ble/next_client_of_the_kernels_radio_finds_a_wiped_buffer
faults/bits_that_a_flash_chip_spoils_are_seen_where_they_are
isolation/app_that_gives_up_all_its_memory_reaches_none
passthrough/release_revokes_at_once
passthrough/widened_window_is_declared
syscalls/buffers_are_swapped_within_the_apps_memory
timing/a_rest_of_half_a_millisecond_is_not_run
virtualization/address_is_its_first_askers_until_it_lets_go_or_ends
virtualization/spi_grant_that_a_bus_master_rewrites_ends_in_an_error_later
END

cat >each.py <<'END'
# each.py SCRIPT COUNT ARGUMENT...: the script for each of the last COUNT arguments, behind the others,
# in one process: most of a short script's time goes into its imports. COUNT below 0: each must fail.
import sys
code, count, rest = compile(open(sys.argv[1]).read(), sys.argv[1], "exec"), int(sys.argv[2]), sys.argv[3:]
for path in rest[-abs(count):]:
    sys.argv, end = ["", *rest[:-abs(count)], path], None
    try:
        exec(code, {})
    except (Exception, SystemExit) as error:
        end = None if isinstance(error, SystemExit) and not error.code else error
    if (end is None) != (count > 0):
        sys.exit("%s: %s" % (path, repr(end) if end else "nothing is said"))
END
if ! skips python3 'Chrome traces nest'; then
    cat >chrome.py <<'END'
# Slices of a track never overlap; flows start and end in slices, forward in time; what begins ends;
# every track has a name; counters count; events stand in the order of their times. Prints how many
# of what there are.
import json, sys
from decimal import Decimal
text = open(sys.argv[1]).read()
assert text.startswith('{"traceEvents":[\n{'), "another beginning"
assert all(line.startswith('{"ph":') for line in text.split("\n],")[0].split("\n")[1:]), "one a line"
whole = json.loads(text, parse_float=Decimal)
events = whole["traceEvents"]
slices, opened, flows, waits, names, kinds = {}, {}, {}, {}, {}, {}
for e in events:
    kinds[e["ph"]] = kinds.get(e["ph"], 0) + 1
    track = (e["pid"], e["tid"])
    if e["ph"] == "M":
        names[track] = e["args"]["name"]
    elif e["ph"] == "B":
        assert not opened.get(track), f"{track}: {e['name']} overlaps at {e['ts']}"
        opened[track] = e
    elif e["ph"] == "E":
        begin = opened.pop(track)
        assert begin["name"] == e["name"], "another slice ends"
        slices.setdefault(track, []).append((begin["ts"], e["ts"], e["name"]))
    elif e["ph"] in "sf":
        flows.setdefault(e["id"], []).append((e["ph"], e["ts"], track))
    elif e["ph"] in "be":
        waits.setdefault((e["cat"], e["id"]), []).append((e["ph"], e["name"], e["pid"], e["tid"]))
    elif e["ph"] == "C":
        assert e["args"]["value"] >= 0
    else:
        assert e["ph"] == "i" and e["s"] in "gpt", e
assert not opened, "a slice without an end"
for track, parts in slices.items():
    assert track in names, "a track without a name"
    last = Decimal(0)
    for start, end, name in sorted(parts):
        assert start >= last and end >= start, f"{names[track]}: {name} overlaps at {start}"
        last = end
for ends in flows.values():
    assert [phase for phase, _, _ in ends] == ["s", "f"], "half a flow"
    assert ends[0][1] < ends[1][1], "a flow goes back in time"
    for _, at, track in ends:
        assert any(a <= at <= b for a, b, _ in slices[track]), "a flow ends beside a slice"
for ends in waits.values():
    assert [end[0] for end in ends] == ["b", "e"] and ends[0][1:] == ends[1][1:], "half a wait"
# Kernel, sleep and apps share the CPU: together they take all of the time. (An open call takes none.)
busy = sum(end - start for track, parts in slices.items() for start, end, name in parts
           if track == (1, 1) or track[0] == 1 and (name == "runs" or name.startswith("upcall ")))
assert busy * 10 ** 6 == whole["otherData"]["end_ps"], f"the CPU's time adds up to {busy} us"
at = [e["ts"] for e in events if e["ph"] != "M"]
assert at == sorted(at), "times go back"
print(" ".join(f"{kind}={kinds.get(kind, 0)}" for kind in "MBEsfbeCi"),
      "ble=%d" % sum(cat == "ble" for cat, _ in waits),
      "faults=%d" % sum(e["name"].startswith("FAULT") for e in events))
END
    gives 'Chrome traces nest, flows end in slices' 0 ' s=1 f=1 b=1 e=1 C=[1-9].* faults=1$' \
        python3 chrome.py t.chrome
    is 'an upcall is a slice' grep -q '"ph":"B","pid":1,"tid":2,"name":"upcall tick"' t.chrome
    # shellcheck disable=SC2046
    gives 'so do those of scenarios of all folders' 0 ' faults=0' \
        python3 each.py chrome.py "$ten" $(seq -f 'ten%g.chrome' 1 "$ten")
    gives 'a connection has its events' 0 ' ble=13[0-9] ' python3 chrome.py ten1.chrome
    is 'the air and the radio have slices' sh -c \
        'grep -q "\"B\",\"pid\":3.*\"TXRU\"" ten1.chrome && grep -q "\"pid\":3.*LL_ENC_REQ" ten1.chrome'
    gives 'a verdict is in the trace' 0 'latency: ' grep '"ph":"i".*\*\* latency' late.chrome
    # One way to be wrong a line: what it is, then the edit.
    while IFS='|' read -r what edit; do
        sed "$edit" t.chrome >broken.chrome
        sees "a Chrome trace that is wrong is seen: $what" python3 chrome.py broken.chrome
    done <<'END'
slices overlap|0,/"ph":"E","pid":1,"tid":2/{/"ph":"E","pid":1,"tid":2/d}
a track without a name|/"ph":"M","pid":1,"tid":2,/d
half a flow|/"ph":"s"/d
a flow that ends nowhere|s/\("ph":"f".*"ts":\)/\19/
a missing comma|s/},$/}/
another beginning|1s/^/ /
a counter below zero|s/"value":/"value":-/
half a wait|/"ph":"e"/d
times that go back|s/\("ph":"i".*"ts":\)/\19/
END
fi

speedscope=${SPEEDSCOPE:-$(npm root -g 2>/dev/null)/speedscope/dist/release}
if [ ! -f "$speedscope/index.html" ]; then
    echo 'ok - speedscope shows a Chrome trace # SKIP speedscope is not installed (npm; or name it in SPEEDSCOPE)'
elif ! finds_browser || ! command -v python3 >/dev/null; then
    echo 'ok - speedscope shows a Chrome trace # SKIP no chromium, or no python3, is installed'
else
    head -c 2000 t.chrome >cut.chrome
    sed '/"ph":"[BE]"/d' t.chrome >none.chrome
    sed '0,/"ph":"E","pid":1,"tid":2/{/"ph":"E","pid":1,"tid":2/d}' t.chrome >open.chrome
    python3 -B "$root/tests/formats_browser.py" "$browser" "$speedscope" \
        t.chrome ten1.chrome cut.chrome none.chrome open.chrome >shown 2>&1
    tracks() {
        grep -oE '"ph":"B","pid":[0-9]+,"tid":[0-9]+' "$1" | sort -u | grep -c .
    }
    all_shown() {
        [ "$(grep -c "^$1: shows " shown)" = "$(tracks "$1")" ] || ! cat shown
    }
    gives 'speedscope shows a Chrome trace' 0 '^t\.chrome: shows CPU \(pid 1\), owner .*upcall tick' cat shown
    is 'with every track that has slices' all_shown t.chrome
    is 'and those of a connection' all_shown ten1.chrome
    is 'it warns of nothing, and asks for nothing but files' sh -c \
        "! grep -E '^(t|ten1)\.chrome: (warns|asks|refused)|^(not ok|Traceback)|asks for' shown"
    gives 'speedscope refuses a trace that is cut' 0 '^cut\.chrome: refused: Unrecognized format' cat shown
    gives 'speedscope refuses a trace without slices' 0 '^none\.chrome: refused: ' cat shown
    gives 'speedscope warns of a slice without an end' 0 '^open\.chrome: warns: .*still open' cat shown
fi

if ! skips python3 'VCD says what happened'; then
    cat >vcd.py <<'END'
# A reader of its own: declarations, initial values, times that grow, values of the right width.
# Prints what the run did, as the waves have it.
import re, sys
head, body = open(sys.argv[-1]).read().split("$enddefinitions $end\n")
widths, names = {}, {}
for kind, bits, code, name in re.findall(r"\$var (\w+) (\d+) (\S+) (\S+) \$end", head):
    assert code not in names, "a code for two"
    names[code], widths[code] = name, None if kind == "string" else int(bits)
assert "$timescale 1 ps $end" in head
times, values, rises, words, first = [], {}, {}, {}, set()
dumping = False
for line in body.splitlines():
    if line.startswith("#"):
        times.append(int(line[1:]))
        continue
    if line in ("$dumpvars", "$end"):
        dumping = line == "$dumpvars"
        continue
    match = re.fullmatch(r"([01])(\S+)|b([01]+) (\S+)|s([!-~]+) (\S+)", line)
    assert match, line
    value = match[1] or match[3] or match[5]
    code = match[2] or match[4] or match[6]
    assert (widths[code] is None) == bool(match[5]), line
    assert match[5] or len(value) <= widths[code], line
    if dumping:
        first.add(code)
    elif value == "1":
        rises[names[code]] = rises.get(names[code], 0) + 1
    if match[5] and not dumping:
        words.setdefault(names[code], []).append(value)
    assert dumping or values.get(code) != value, "nothing changes: " + line
    values[code] = value
assert times[0] == 0 and all(a < b for a, b in zip(times, times[1:])), "times do not grow"
assert first == set(names), "without a first value: %s" % (set(names) - first)
at = {name: values[code] for code, name in names.items()}
# Beside it a view: groups that end, and each name is there, with its bits.
view, group, shown = open(sys.argv[-1][:-4] + ".gtkw").read().splitlines(), None, set()
for flags, line in zip(view, view[1:]):
    if flags == "@800200":
        assert group is None, "a group in a group"
        group = line
    elif flags == "@1000200":
        assert line == group, "another group ends"
        group = None
    elif flags.startswith("@"):
        name, bits = re.fullmatch(r"postern\.(\w+)(\[\d+:0\])?", line).groups()
        width = next(widths[code] for code in names if names[code] == name)
        assert group and bits == ("[%d:0]" % (width - 1) if width and width > 1 else None), line
        assert flags == ("@820" if width is None else "@28" if width == 1 else flags), line
        shown.add(name)
assert group is None and {"running", "fault", "region0_rights"} <= shown, "too little is shown"
if len(sys.argv) > 2:
    wanted = sys.argv[1][len("--words="):].split(",")
    print(" ".join(",".join(dict.fromkeys(words.get(name, []))) for name in wanted))
    sys.exit()
assert at["fault"] == "0" and at["irq_TIMER1"] == "0", "a wire stays high"
assert int(at["windows_owner"], 2) == 1 and words["lent_owner"] == ["TIMER1"], "not lent"
assert int(at["region0_size"], 2) in [0] + [2 ** n for n in range(5, 33)]
print("irq=%d fault=%d upcalls=%d end=%d apps=%s" % (rises.get("irq_TIMER1", 0),
      rises.get("fault", 0), rises.get("upcalls_owner", 0), times[-1],
      ",".join(sorted(set(words["running"])))))
END
    gives 'VCD says what happened' 0 \
        '^irq=1 fault=1 upcalls=1 end=5000000000 apps=kernel,other,owner,sleep$' python3 vcd.py t.vcd
    # shellcheck disable=SC2046
    gives 'so do those of scenarios of all folders' 0 '^owner,kernel,heir' \
        python3 each.py vcd.py "$ten" --words=running $(seq -f 'ten%g.vcd' 1 "$ten")
    gives 'the radio goes through its states, and what is sent has a name' 0 \
        '^TXRU,TX,TXDISABLE,RXRU,RX,DISABLED .*CONNECT_IND.*LL_ENC_REQ' \
        python3 vcd.py --words=radio_state,central_sent ten1.vcd
    cp t.gtkw broken.gtkw
    while IFS='|' read -r what edit; do
        sed "$edit" t.vcd >broken.vcd
        sees "a VCD that is wrong is seen: $what" python3 vcd.py broken.vcd
    done <<'END'
a time that goes back|s/^#5000000000$/#5/
a variable that was not declared|/ fault \$end/d
a string with a space|s/^skernel/s the kernel/
too many bits|s/^b/b1111111111111111111111111111111111/
no first values|/^\$dumpvars/,/^\$end/d
END
fi
if ! skips vcd2fst 'vcd2fst takes the VCD'; then
    is 'vcd2fst takes the VCD' vcd2fst t.vcd t.fst
    fst2vcd t.fst >back.vcd 2>/dev/null
    # Codes and the header are fst2vcd's own; times and how often each name's wire changes are not.
    changes() {
        awk '/^\$var/ { name[$4] = $5 } /^\$enddef/ { on = 1; next } !on || /^\$/ { next }
            /^#/ { time = $1; next }
            /^[01]/ { print time, name[substr($0, 2)], substr($0, 1, 1); next }
            /^[bs]/ { v = substr($1, 2); if (/^b/) sub(/^0*/, "", v); print time, name[$2], v }' "$1" | sort
    }
    changes t.vcd >t.changes
    changes back.vcd >back.changes
    is 'and gives back each change' sh -c '[ -s t.changes ] && cmp t.changes back.changes'
    is 'vcd2fst takes that of a connection' vcd2fst ten1.vcd ten1.fst
    sed 's/^#.*/#x/' t.vcd | sed 's/enddefinitions/enddefinition/' >broken.vcd
    rm -f t.fst
    vcd2fst broken.vcd t.fst >/dev/null 2>&1
    fst2vcd t.fst >back.vcd 2>/dev/null
    changes back.vcd >back.changes
    sees 'a broken VCD is seen' cmp t.changes back.changes
fi

if ! skips gtkwave 'gtkwave opens the view' && ! skips xvfb-run 'gtkwave opens the view'; then
    cat >view.tcl <<'END'
puts "traces [gtkwave::getTotalNumTraces], [gtkwave::getTraceNameFromIndex 1]"
gtkwave::/File/Grab_To_File view.png
gtkwave::/File/Quit
END
    gives 'gtkwave opens the view' 0 "^traces $(grep -c '^@' ten1.gtkw), running$" \
        timeout 60 xvfb-run -a gtkwave --nomenu -S view.tcl ten1.gtkw
    gives 'and makes a picture of it' 0 'PNG' head -c 8 view.png
fi

if ! /usr/bin/python3 -c 'import jsonschema' 2>/dev/null; then
    echo 'ok - each line of a trace keeps to the schema # SKIP python3-jsonschema is not installed'
    exit 0
fi
cat >jsonl.py <<'END'
# Each line keeps to the schema. Of lines that differ in nothing that a schema may tell (digits,
# numbers of the same size and sign) one is looked at. Then what no schema can say: a beginning, an
# end that counts, times in order. Prints which kinds there were, how often.
import json, re, sys
from jsonschema import Draft7Validator
schema = json.load(open(sys.argv[1]))
Draft7Validator.check_schema(schema)
validator = Draft7Validator(schema)
names = re.findall(r'\] = "([a-z-]+)"', open(sys.argv[2]).read())
listed = schema["properties"]["kind"]["enum"]
told = [kind for rule in schema["allOf"] for kind in
        rule["if"]["properties"]["kind"].get("enum", [rule["if"]["properties"]["kind"].get("const")])]
assert sorted(listed) == sorted(names + ["begin", "verdict", "end"]), "other kinds than sim/trace.c"
assert sorted(told) == sorted(listed), "a kind has no rule, or two"

def shape(key, value):
    if isinstance(value, str):
        return bool(value) if key == "text" else re.sub("[0-9a-f]*[0-9][0-9a-f]*", lambda m: str(len(m[0])), value)
    if isinstance(value, bool) or value is None:
        return value
    return (type(value), value < 0, value >= 2 ** 53) if isinstance(value, (int, float)) else str(value)

seen, kinds = set(), {}
for path in sys.argv[3:]:
    lines = [json.loads(line) for line in open(path)]
    for number, line in enumerate(lines, 1):
        one = tuple((key, shape(key, value)) for key, value in line.items())
        if one not in seen:
            seen.add(one)
            for error in validator.iter_errors(line):
                sys.exit("%s:%d: %s" % (path, number, error.message[:300]))
        kinds[line["kind"]] = kinds.get(line["kind"], 0) + 1
    records = [line for line in lines[1:-1] if line["kind"] != "verdict"]
    times = [line["at_ps"] for line in records]
    assert lines[0]["kind"] == "begin" and lines[-1]["kind"] == "end", "no beginning, or no end"
    assert all(line["kind"] not in ("begin", "end") for line in records), "another beginning or end"
    assert len(records) == lines[-1]["records"], "not every record"
    assert len(lines) - 2 - len(records) == lines[-1]["verdicts"], "not every verdict"
    assert times == sorted(times) and times[-1] <= lines[-1]["at_ps"], "times go back"
print(" ".join("%s=%d" % item for item in kinds.items()))
END
set -- "$root/scenarios/trace.schema.json" "$root/sim/trace.c"
follows() {
    /usr/bin/python3 -W ignore "$@"
}
gives 'each line of a trace keeps to the schema' 0 'store=[1-9].*fault=1 ' follows jsonl.py "$@" t.jsonl
# shellcheck disable=SC2046
gives 'so do those of scenarios of all folders' 0 'air-bytes=.*buffer-wiped=' \
    follows jsonl.py "$@" $(seq -f 'ten%g.jsonl' 1 "$ten")
gives 'a trace in lines has the hash of the run' 0 \
    "hash $(sed -n 's/.*"trace_hash":"\(.*\)".*/\1/p' t.jsonl)$" "$postern" show x/holds.json
"$postern" show --kinds all x/holds.json | cut -c43- | grep -E '^(=>|<=|store|FAULT)' >texts
is 'its texts are those of show' sh -c \
    'grep -oE "\"text\":\"(=>|<=|store|FAULT).*\"}" t.jsonl | sed "s/^.text.:.//; s/.}$//" | cmp - texts && [ -s texts ]'
broken=0
while IFS='|' read -r what edit; do
    broken=$((broken + 1))
    sed "$edit" t.jsonl >"wrong in $what.jsonl"
done <<'END'
an unknown kind|s/"kind":"store"/"kind":"stored"/
an unknown key|s/"kind":"store"/"kind":"store","more":1/
a missing key|s/,"value":[0-9]*,"size":4/,"size":4/
an address as a number|s/"address":"0x40009[0-9a-f]*"/"address":1073779984/
a time as a string|s/"at_ps":\([0-9]*\)/"at_ps":"\1"/
a word that is none|s/"access":"read"/"access":"look"/
no beginning|1d
no end|$d
a lost record|/"kind":"fault"/d
END
is 'lines that are wrong are seen, in each way' \
    follows each.py jsonl.py -$broken "$@" 'wrong in '*.jsonl
gives 'postern schema trace prints the schema' 0 '"title": "A line of a trace"' "$postern" schema trace
