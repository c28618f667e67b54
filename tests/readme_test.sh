#!/bin/bash
# readme_test.sh: the README shows what is: its scenario is the file, its timeline is the run's, its
# failure is what the changed file gives, its one-line set-ups name what exists, and every place that
# it names is there. Speaks TAP.
set -u
postern=${POSTERN:-build/postern}
number=0

# check NAME COMMAND...: one TAP line.
check() {
    local name=$1
    shift
    number=$((number + 1))
    if "$@" >/dev/null 2>&1; then echo "ok $number - $name"; else echo "not ok $number - $name"; fi
}

# block N: the README's N-th fenced block.
block() {
    awk -v want="$1" '/^```/ { inside = !inside; if (inside) n++; next } inside && n == want' README.md
}

scenario=$(grep -oE 'scenarios/passthrough/[a-z_]+\.json' README.md | head -n 1)

same_scenario() { diff <(block 3) "$scenario"; }

# every_line_is_in TEXT: each line of stdin, but for commands and gaps, is one of the text's.
every_line_is_in() {
    local lines
    lines=$(grep -vE '^(\$|\.\.\.)') && [ -n "$lines" ] || return 1
    while IFS= read -r line; do
        grep -qxF -- "$line" <<<"$1" || return 1
    done <<<"$lines"
}
# every_line_is_of RUN...: the same of what the run prints, which must succeed.
every_line_is_of() {
    local shown
    shown=$("$@") || return 1
    every_line_is_in "$shown"
}

same_timeline() { block 4 | every_line_is_of "$postern" show "$scenario"; }

# The shown failure is that of the file with its last "fault" made an "ok".
same_failure() {
    local work shown tool
    tool=$(realpath "$postern") && work=$(mktemp -d) && mkdir "$work/mine" || return 1
    sed 's/"value": 4, "expect": "fault"/"value": 4, "expect": "ok"/' "$scenario" \
        >"$work/mine/too_late.json"
    shown=$(cd "$work" && "$tool" run mine/too_late.json)
    rm -rf "$work"
    block 5 | every_line_is_in "$shown"
}
blocks_with() {
    awk -v what="$1" '/^```/ { inside = !inside; if (!inside && text ~ what) printf "%s", text; text = ""; next }
        inside { text = text $0 "\n" }' README.md
}
same_margins() {
    blocks_with 'margin of the bound' |
        every_line_is_of "$postern" run scenarios/ble/designs
}
same_connection() {
    local id
    id=$(grep -oE "show --ble '[^']+'" README.md | cut -d"'" -f2)
    blocks_with 'show --ble .ble' | every_line_is_of "$postern" show --ble "$id"
}

# Each recipe for a CI: its run, here of one scenario, writes the report that it keeps.
recipes_keep_their_report() {
    local work tool line count=0 scenario_id=${scenario#scenarios/}
    scenario_id=${scenario_id%.json}
    tool=$(realpath "$postern") && work=$(mktemp -d) || return 1
    while IFS= read -r line; do
        rm -f "$work/results.xml"
        (cd "$work" && CI_NODE_INDEX=1 CI_NODE_TOTAL=1 \
            sh -c "$tool${line#build/postern} $scenario_id") || return 1
        grep -q '<testcase ' "$work/results.xml" || return 1
        count=$((count + 1))
    done < <(recipes | grep -oE 'build/postern run .*')
    rm -rf "$work"
    [ $count = 2 ] && [ "$(recipes | grep -cE '(path|junit): results\.xml')" = 2 ] &&
        [ "$(recipes | grep -cE 'if: always\(\)|when: always')" = 2 ]
}
recipes() { awk '/^```/ { inside = /^```yaml/; next } inside' README.md; }

# The places of the tables: `file` or `folder/`, and functions named beside a file.
named_places() {
    # shellcheck disable=SC2016 # the backquotes are Markdown, not the shell's
    grep -oE '`(model|sim|devices|tools|scenarios|tests)/[a-zA-Z0-9_./]*`' README.md | tr -d '\`' |
        sort -u
}
places_exist() {
    local place
    for place in $(named_places); do [ -e "$place" ] || return 1; done
}
function_is_in() { grep -qE "^[a-z].*\\b$1\\(" "$2"; }

check 'the scenario shown is the file' same_scenario
check 'the timeline shown is the run' same_timeline
check 'the failure shown is the run' same_failure
check 'the margins of the three designs are the run' same_margins
check 'the connection shown is the run' same_connection
check 'the recipes for a CI keep their report' recipes_keep_their_report
check 'every place named exists' places_exist
check 'an access is judged where it says' function_is_in judge sim/machine_user.c
check 'the filter is asked where it says' function_is_in filter_ask model/passthrough.c
check 'the answer is checked where it says' function_is_in answer_refused model/passthrough.c
check 'the MPU is written where it says' function_is_in mpu_configure model/mpu_armv7m.c
check 'an owner dies where it says' function_is_in process_end model/kernel.c
check 'devices are taken back where it says' function_is_in endpoints_take_back model/passthrough.c
check 'the set-up levels exist' env NO_INSTALL=1 sh tools/setup.sh test
echo "1..$number"
