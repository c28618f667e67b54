#!/bin/sh
# The command line's other half: map, diff, show --around, run --break-at, new, completion, man,
# install. Speaks TAP. Environment: POSTERN, the runner; MAKE.
set -u
. tests/support.sh
want_runner
work=$(mktemp -d) || exit 3
trap 'rm -rf "$work"' EXIT
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

skip() {
    echo "ok - $1 # SKIP $2"
}

# run CODE COMMAND...: the command ends with CODE; $work/out and $work/err keep what it printed.
run() {
    want=$1
    shift
    "$@" >"$work/out" 2>"$work/err" </dev/null
    code=$?
    [ $code = "$want" ] && return
    echo "exit code $code, wanted $want"
    cat "$work/out" "$work/err"
    return 1
}

# says CODE REGEX COMMAND...: and a line of stdout matches; complains: of stderr.
says() {
    want_line=$2
    want_code=$1
    shift 2
    run "$want_code" "$@" && { grep -qE -e "$want_line" "$work/out" || { cat "$work/out"; false; }; }
}
complains() {
    want_line=$2
    want_code=$1
    shift 2
    run "$want_code" "$@" && { grep -qE -e "$want_line" "$work/err" || { cat "$work/err"; false; }; }
}

# out REGEX: a line of the last stdout matches.
out() {
    grep -qE -e "$1" "$work/out" || { cat "$work/out" && false; }
}

# out_has: the lines on stdin stand in the last stdout, one after another, and exactly so.
out_has() {
    cat >"$work/wanted"
    awk 'NR == FNR { wanted[++n] = $0; next }
        { at = ($0 == wanted[at + 1]) ? at + 1 : ($0 == wanted[1]) ? 1 : 0 }
        at == n { found = 1; exit }
        END { exit !found }' "$work/wanted" "$work/out" || { cat "$work/out" && false; }
}

mkdir "$work/x" || exit 3
ln -s "$root/scenarios/boards" "$work/boards"
ln -s "$root/scenarios" "$work/scenarios"
cd "$work" || exit 3
lent=passthrough/lent_timer_reaches_its_app
wide=passthrough/widened_window_is_declared
undeclared=passthrough/undeclared_widening_breaks_the_rule

# ---- map

is 'map ends well' run 0 "$postern" map $wide --app ble
is 'map: an app as Tock heads it' out '^𝐀𝐩𝐩: ble   -   \[Running\]$'
is 'map: memory as Tock draws it' out_has <<'END'
 ╔═══════════╤══════════════════════════════════════════╗
 ║  Address  │ Region Name    Used | Allocated (bytes)  ║
 ╚0x10011200═╪══════════════════════════════════════════╝
END
is 'map: flash as Tock draws it' out_has <<'END'
             .....
  0x00041000 ┬─────────────────────────────────────────── F
             │ App Flash      3968                        L
  0x00040080 ┼─────────────────────────────────────────── A
             │ Protected       128                        S
  0x00040000 ┴─────────────────────────────────────────── H
END
is 'map: a region with its sub-regions, from the registers' out_has <<'END'
 Cortex-M MPU
  Region 0: [0x10010000:0x10011000], length: 4096 bytes; ReadWrite (0x3)
    Sub-region 0: [0x10010000:0x10010200], Enabled
    Sub-region 1: [0x10010200:0x10010400], Enabled
    Sub-region 2: [0x10010400:0x10010600], Enabled
    Sub-region 3: [0x10010600:0x10010800], Enabled
    Sub-region 4: [0x10010800:0x10010A00], Disabled
    Sub-region 5: [0x10010A00:0x10010C00], Disabled
    Sub-region 6: [0x10010C00:0x10010E00], Disabled
    Sub-region 7: [0x10010E00:0x10011000], Disabled
  Region 1: Unused
END
is 'map: each piece that is reached, with its reason' out_has <<'END'
  [0x00040000:0x00041000]      4096 bytes  r-x  its flash
  [0x10010000:0x10010800]      2048 bytes  rw-  its memory
  [0x50000000:0x5000C000]     49152 bytes  rw-  not asked for: declared by the board
  [0x5000C000:0x50019000]     53248 bytes  rw-  asked for
  [0x50019000:0x50080000]    421888 bytes  rw-  not asked for: declared by the board
END
is 'map: what was asked for, and what came of it' out_has <<'END'
 Requests of ble that were granted
  asked 0xd000 bytes at 0x5000C000 (BLE), lent 0x80000 bytes at 0x50000000: WIDENED BY THE FILTER
END
is 'map: devices by name' out '^  IOM3 +\[0x50007000:0x50008000\]  rw-  not asked for: declared'
is 'map: over-exposure in bytes' out '^ Over-exposure of ble: 0x73000 bytes .* 0x0 of them not declared'
is 'map: what no board declares is said aloud' \
    says 0 '0x50000000:0x5000C000.*NOT ASKED FOR, and no board file says so' \
    "$postern" map $undeclared --app ble
is 'map: all of it counts' out 'Over-exposure of ble: 0x73000 bytes .* 0x73000 of them not declared'
is 'map: before any app has run' says 0 'no app has run yet' "$postern" map $lent --at 50
is 'map --app: an app that no longer runs is met at its last moment' \
    says 0 'other has the CPU; the MPU.s regions are those of other' "$postern" map $lent --app other
is 'map: a device of another app is out of reach' out '48 other devices of the board are out'
is 'map: without --at it is the end, and a dead app is shown' says 0 '𝐀𝐩𝐩: other   -   \[Faulted\]' \
    "$postern" map $lent
is 'map --at past the end is refused' complains 2 'the run ends at 200000.000 us' \
    "$postern" map $lent --at 300000
is 'map --app --at: never again' complains 2 'other does not have the CPU at or after 1000.000 us' \
    "$postern" map $lent --app other --at 1000
is 'map of no such app' complains 2 'did you mean "owner"' "$postern" map $lent --app oner

# ---- show in colour

released=passthrough/release_revokes_at_once
esc=$(printf '\033')
# What is painted | TERM | a regular expression, in which ~ is the escape
while IFS='|' read -r what terminal pattern; do
    is "show paints $what" says 0 "$(printf '%s' "$pattern" | sed "s/~/$esc\\\\[/g")" \
        env -u COLORTERM TERM="$terminal" "$postern" show --color always $released
done <<'END'
a grant green|xterm|~32mis lent 0x1000 bytes
a fault red|xterm|~31mFAULT writing
the kernel's own dim|xterm|^~2m.* the MPU is written
an app in a colour|xterm|~36mowner +~0m=> command
another in another|xterm|~35mheir +~0m
an app in the viewer's colour, where there are 256|xterm-256color|~38;5;178mowner
END
is 'show paints a rule that broke, though expected, yellow' says 0 "$esc\\[33mverdict .*\\(expected\\)" \
    "$postern" show --color always passthrough/undeclared_widening_breaks_the_rule
no_colors() {
    run 0 "$@" && ! grep -q "$esc" "$work/out"
}
is 'show paints nothing into a pipe' no_colors "$postern" show $released
is 'and nothing with --color never' no_colors env CLICOLOR_FORCE=1 "$postern" show --color never $released

# ---- show --around

is 'show --around ends well' run 0 "$postern" show $lent --around 1250 --lines 3
is 'show --around: so many lines before, and after' out_has <<'END'
       69371        1083.921  owner       => yield-wait
       69465        1085.390  owner       is yielded
       69511        1086.109  cpu         the CPU sleeps
             1250.000 us
      132800        2075.000  device      event TIMER1.EVENTS_COMPARE[0]
      132800        2075.000  device      task TIMER1.TASKS_CLEAR
      132800        2075.000  device      line 9 (TIMER1) rises
END
is 'show --around: and nothing else' [ "$(grep -cE '^ +[0-9]+ ' "$work/out")" = 6 ]
is 'show --around obeys --app' says 0 'owner .*=> yield-wait' \
    "$postern" show $lent --around 1250 --lines 2 --app owner
is 'show --around obeys --app: others are left out' sh -c "! grep -q ' cpu ' '$work/out'"
is 'show --lines alone is refused' complains 2 'nothing without --around' \
    "$postern" show $lent --lines 3
is 'show --around beside --from is refused' complains 2 'want one of them' \
    "$postern" show $lent --around 3 --from 2

# ---- run --break-at

is 'run --break-at without a debugger says how' complains 2 "^  gdb .*break_here.* run $lent@1 " \
    "$postern" run $lent --break-at 900
is 'run --break-at with another flag is refused' complains 2 'with no other flag' \
    "$postern" run $lent --break-at 900 --quiet
is 'run --break-at of many is refused' complains 2 'exactly one' "$postern" run --break-at 900
if command -v gdb >/dev/null && ! grep -q __asan_init "$postern"; then
    # shellcheck disable=SC2016 # gdb's $1
    is 'run --break-at stops with the machine at hand' says 0 '^\$1 = [0-9]{9,}$' \
        timeout 100 gdb -q -nx -batch -ex run -ex 'frame function break_here' \
        -ex 'print hw->m->now_ps' -ex continue --args "$postern" run $lent --break-at 900
    is 'and goes on to the verdict' out "^holds +$lent@1 after 200000.000 us"
else
    skip 'run --break-at stops with the machine at hand' 'no gdb, or a sanitizer'
fi

# ---- diff

"$postern" run --format json --output a.jsonl $lent $wide || exit 3
is 'diff of a result with itself' says 0 '^0 worse, 0 better, 0 changed, 2 alike .0 of them' \
    "$postern" diff a.jsonl a.jsonl
# altered SED-SCRIPT: the result, changed by hand.
altered() {
    sed -E "$1" a.jsonl >b.jsonl
    ! cmp -s a.jsonl b.jsonl
}
is 'a latency can be made longer' altered 's/("max_us": )([0-9])/\19\2/'
is 'diff: less margin is worse' says 1 '^    worse    latency        irq TIMER1 to .* us \(\+9' \
    "$postern" diff a.jsonl b.jsonl
is 'diff: more margin is better' says 0 '^    better   latency ' "$postern" diff b.jsonl a.jsonl
is 'diff --tolerance: a little less is not worse' says 0 '^    changed  latency' \
    "$postern" diff --tolerance 100000 a.jsonl b.jsonl
is 'an outcome can be altered' altered 's/"outcome": "holds"/"outcome": "failed"/'
is 'diff: an outcome further from holds is worse' \
    says 1 '^    worse    outcome        holds -> failed' "$postern" diff a.jsonl b.jsonl
is 'diff: back is better' says 0 '^    better   outcome        failed -> holds' \
    "$postern" diff b.jsonl a.jsonl
is 'over-exposure can be altered' altered 's/"bytes": 471040/"bytes": 475136/'
is 'diff: more over-exposure is worse' \
    says 1 '^    worse    over-exposure  ble: 0x73000 -> 0x74000' "$postern" diff a.jsonl b.jsonl
is 'a break can be added' altered '/lent_timer/s/"verdicts": \[/&{"rule": "reach", "process": "owner", "text": "it reaches", "expected": false}/'
is 'diff: a new break is worse' says 1 '^    worse    new break      reach: it reaches' \
    "$postern" diff a.jsonl b.jsonl
is 'a trace can be altered' altered 's/"trace_hash": "./"trace_hash": "x/'
is 'diff: another trace alone is no change' says 0 '2 alike \(2 of them by another trace\)' \
    "$postern" diff a.jsonl b.jsonl
is 'a member can go' altered '/widened/d'
is 'diff: a member that went is worse' says 1 "^worse    $wide@1: went, was holds" \
    "$postern" diff a.jsonl b.jsonl
is 'diff: a member that came and holds is not' says 0 "^changed  $wide@1: came, holds" \
    "$postern" diff b.jsonl a.jsonl
is 'a summary can be cut off' altered '/"summary"/d'
is 'diff: half a result is refused' complains 2 'b.jsonl: error: no summary' \
    "$postern" diff a.jsonl b.jsonl
echo '{"id": 7,' >b.jsonl
is 'diff: what is no JSON is refused with its place' complains 2 '^b.jsonl:1:1: error: .*no result' \
    "$postern" diff a.jsonl b.jsonl
sed '2s/^/{}/' a.jsonl >b.jsonl
is 'diff: so is what was another line' complains 2 '^b.jsonl:2:1: error: this is no result of' \
    "$postern" diff a.jsonl b.jsonl
cp "$root/scenarios/$lent.json" b.jsonl
is 'diff: a scenario is no result' complains 2 '^b.jsonl:1:1: error: this is no result of' \
    "$postern" diff b.jsonl a.jsonl
is 'diff: nor is a folder' complains 2 '^x: error: ' "$postern" diff a.jsonl x
is 'diff: what is not there is refused' complains 2 '^none.jsonl: error: ' \
    "$postern" diff a.jsonl none.jsonl

# ---- new

is 'new scenario' says 0 'next: postern run y/first.json' "$postern" new scenario y/first
is 'a new scenario holds' says 0 '^1 claim holds' "$postern" run y/first.json
is 'new does not overwrite' complains 2 'stays as it is' "$postern" new scenario y/first
is 'new board goes into boards/' says 0 '^z/boards/small.json is there now' \
    "$postern" new board z/small
is 'a new board reads without a complaint' says 0 '1 board read' "$postern" check z/boards/small.json
is 'a new scenario holds on a new board' sh -c "
    '$postern' new scenario z/t/on_small && sed -i 's/nrf52840dk/small/' z/t/on_small.json &&
    '$postern' run z/t/on_small.json"
is 'new refuses a name that is none' complains 2 'want a name of small letters' \
    "$postern" new device y/Big
is 'new refuses a kind that is none' complains 2 'did you mean "device"' "$postern" new devise y/a
for kind in device filter app; do
    is "new $kind" run 0 "$postern" new $kind y/my-$kind
    for compiler in gcc clang; do
        if command -v $compiler >/dev/null; then
            is "a new $kind compiles with $compiler without a warning" $compiler -std=c11 -Wall \
                -Wextra -Werror -I"$root" -c y/my-$kind.c -o my.o
        else
            skip "a new $kind compiles with $compiler" "no $compiler"
        fi
    done
done

# ---- completion

"$postern" completion bash >complete.bash || exit 3
# completed WORD...: what bash offers behind `postern WORD...`, the last word unfinished.
cat >complete_test.bash <<'END'
source ./complete.bash
COMP_WORDS=("$POSTERN_PROGRAM" "$@") COMP_CWORD=$#
_postern
printf '%s\n' "${COMPREPLY[@]}"
END
completed() {
    POSTERN_PROGRAM=$postern bash complete_test.bash "$@"
}
if command -v bash >/dev/null; then
    is 'completion knows the commands' says 0 '^completion$' completed comp
    is 'completion knows flags' says 0 '^--around$' completed show --ar
    is 'completion knows the words of a flag' says 0 '^json$' completed run --format js
    is 'completion knows --flag=word' says 0 '^json$' completed run --format = js
    is 'completion knows scenarios' says 0 "^$lent\$" completed run passthrough/lent
    is 'completion knows what list lists' says 0 '^devices$' completed list dev
    is 'completion offers no words for a number' [ -z "$(completed run --seed '')" ]
else
    skip 'completion' 'no bash'
fi
is 'completion for another shell is refused' complains 2 'want bash' "$postern" completion fish

# ---- man

"$postern" man >postern.1 || exit 3
commands=$("$postern" --help | sed -nE 's/^  ([a-z]+)  +[a-z].*/\1/p')
is 'help lists the commands' [ "$(echo "$commands" | wc -l)" -gt 10 ]
for command in $commands; do
    is "the manual page has $command" grep -q "^\.SS postern $command" postern.1
done
is 'the manual page has the exit codes' grep -q '^\.SH EXIT STATUS' postern.1
if command -v groff >/dev/null; then
    # shellcheck disable=SC2016 # the inner shell's
    is 'groff has no complaint about it' \
        sh -c '[ -z "$(groff -man -Tutf8 -ww postern.1 2>&1 >/dev/null)" ]'
else
    skip 'groff has no complaint about it' 'no groff'
fi

# ---- install

is 'install into DESTDIR' sh -c "cd '$root' && PREFIX=/opt/p DESTDIR='$work/stage' \
    tools/install.sh '$postern'"
for file in bin/postern share/man/man1/postern.1 share/pkgconfig/postern.pc \
    share/bash-completion/completions/postern share/postern/scenarios/scenario.schema.json \
    share/postern/scenarios/boards/board.schema.json; do
    is "installed: $file" [ -s "stage/opt/p/$file" ]
done
mkdir elsewhere && cd elsewhere || exit 3
is 'the installed program finds its scenarios' says 0 '^passthrough/lent_timer' \
    ../stage/opt/p/bin/postern list passthrough
is 'and runs them' says 0 '^1 claim holds' ../stage/opt/p/bin/postern run $lent
is 'and its schema' says 0 'json-schema.org' ../stage/opt/p/bin/postern schema
is 'and its boards, for a scenario of elsewhere' sh -c \
    '../stage/opt/p/bin/postern new scenario mine && ../stage/opt/p/bin/postern run mine.json'
if command -v pkg-config >/dev/null; then
    PKG_CONFIG_PATH=$work/stage/opt/p/share/pkgconfig
    export PKG_CONFIG_PATH
    is 'pkg-config reads it' says 0 '^/opt/p/share/postern/scenarios ?$' \
        pkg-config --variable=scenarios postern
    is 'and has the version of the program' \
        [ "postern $(pkg-config --modversion postern)" = "$("$postern" --version)" ]
else
    skip 'pkg-config reads it' 'no pkg-config'
fi
cd "$root" || exit 3
is 'uninstall leaves nothing but folders' sh -c "PREFIX=/opt/p DESTDIR='$work/stage' \
    tools/install.sh --remove && [ -z \"\$(find '$work/stage' -type f)\" ]"
is 'a PREFIX that is no path is refused' sh -c "! PREFIX=p tools/install.sh '$postern' 2>/dev/null"
