# shellcheck shell=sh
# support.sh: what the shell tests share; each sources it from the project's root and speaks TAP.
#
#   claim SENTENCE COMMAND...   the command succeeds; what it printed is shown if not
#   gives, is, sees, skips      below; for those who have $work, a folder of their own
#   tick_apps                   a scenario's line "apps": owner's TIMER1 ticks once, other may not read it
#   finds_browser               $browser, a Chromium; false if there is none
#   want_runner                 $root and $postern, the runner by its full path; ends if it is missing

claim() {
    sentence=$1
    shift
    if output=$("$@" 2>&1); then
        echo "ok - $sentence"
    else
        echo "not ok - $sentence: $*"
        printf '%s\n' "$output"
    fi
}

# shellcheck disable=SC2034 # for those who source this
want_runner() {
    root=$(pwd)
    postern=${POSTERN:-build/postern}
    case $postern in
    /*) ;;
    *) postern=$root/$postern ;;
    esac
    [ -x "$postern" ] && return
    echo "not ok - the runner is there: $postern"
    exit 1
}

# gives SENTENCE CODE PATTERN COMMAND...: the command ends with CODE and says, on stdout or stderr, a
# line that the extended regular expression PATTERN matches.
gives() {
    sentence=$1 want=$2 pattern=$3
    shift 3
    # shellcheck disable=SC2154 # theirs
    "$@" >"$work/log" 2>&1 </dev/null
    code=$?
    if [ $code = "$want" ] && grep -qaE -e "$pattern" "$work/log"; then
        echo "ok - $sentence"
        return
    fi
    echo "not ok - $sentence: $*"
    echo "exit code $code, wanted $want; wanted a line that matches: $pattern"
    head -n 40 "$work/log"
}

# is SENTENCE COMMAND...: the command succeeds. sees SENTENCE COMMAND...: it does not, and does not
# crash either.
is() {
    sentence=$1
    shift
    if "$@" >"$work/log" 2>&1 </dev/null; then
        echo "ok - $sentence"
    else
        echo "not ok - $sentence: $*"
        head -n 40 "$work/log"
    fi
}
sees() {
    sentence=$1
    shift
    "$@" >"$work/log" 2>&1 </dev/null
    code=$?
    if [ $code -gt 0 ] && { [ $code -lt 126 ] || [ $code = 255 ]; }; then # 255: perl's die
        echo "ok - $sentence"
    else
        echo "not ok - $sentence: exit code $code: $*"
    fi
}

# skips CLIENT SENTENCE: true, and says so, if the client is not there.
skips() {
    command -v "$1" >/dev/null && return 1
    echo "ok - $2 # SKIP $1 is not installed"
}

# shellcheck disable=SC2034 # for those who source this
finds_browser() {
    for browser in chromium chromium-browser google-chrome; do
        command -v $browser >/dev/null && return
    done
    return 1
}

tick_apps() {
    cat <<'END'
  "apps": [
    { "name": "owner",
      "steps": [
        { "subscribe": { "driver": "passthrough", "number": 0, "upcall": "tick" }, "expect": { "success": [0, 0] } },
        { "command": { "driver": "passthrough", "number": 2, "args": ["TIMER1", "TIMER1.size"] }, "expect": "success" },
        { "store": "TIMER1.BITMODE", "value": 3 },
        { "store": "TIMER1.CC[0]", "value": 1600 },
        { "store": "TIMER1.INTENSET", "value": "0x00010000" },
        { "store": "TIMER1.TASKS_START", "value": 1 },
        { "yield": "wait" } ],
      "upcalls": { "tick": [ { "store": "TIMER1.EVENTS_COMPARE[0]", "value": 0 } ] } },
    { "name": "other", "steps": [ { "load": "TIMER1.CC[0]", "expect": "fault" } ] } ],
END
}
