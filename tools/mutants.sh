#!/bin/bash
# mutants.sh [OPTION...]: puts one known bug after the other into a copy of the tree, and says
# whether the suite catches it by the very rule, or test, that the bug's file names.
#
#   --only GLOB   only bugs whose name matches; without * ? [ a part of the name
#   --third N     a third of the bugs, another one for N, N + 1, N + 2 (a day's or a run's number)
#   --jobs N      bugs at once (default: one a processor)
#   --list        the names with their rules, and no run
#
# A bug is tests/mutants/NAME.patch, a unified diff with these lines on top, and then an empty one:
#   Bug: what the kernel does wrong; as many lines as it takes, the further ones indented
#   Origin: where it was seen, or which document it breaks
#   Rule: an id of sim/rules.h; "noninterference" where another app can tell a secret, by a value or
#       by a time; or "test PROGRAM" where no scenario can see it
#   Scenarios: globs under scenarios/, without .json, that are tried first; none for a test
#
# What has the rule noninterference is tried by `postern noninterference`, and not by `run`: on its
# own scenarios only, the whole suite is no fallback. It is caught by a leak of values or of times.
#
#   caught    by the rule that the file names, in its scenarios or else in the whole suite
#   other     only by other rules, which are listed: the file must be right
#   survived  nothing saw it
#   error     the patch does not apply, what it makes does not compile, or a scenario is not there
# Exit: 0 all are caught; 1 one is not; 2 bad usage; 3 there is nothing to start from.
# Environment: BUILD, a folder in which everything has been built; CC, as it was built with; MAKE.
set -u
shopt -s extglob

here=$(cd "$(dirname "$0")/.." && pwd -P) || exit 3
BUILD=${BUILD:-build}
export BUILD CC="${CC:-gcc}" MAKE="${MAKE:-make}"
unset MAKEFLAGS MAKEOVERRIDES MFLAGS MAKELEVEL
[[ $BUILD = /* ]] || BUILD=$here/$BUILD
patches=$here/tests/mutants
work=$BUILD/mutants

# field NAME FILE: what stands behind "NAME:" on top of the file, on one line.
field() {
    awk -v name="$1:" '
        /^$/ { exit }
        /^[A-Z]/ { on = $1 == name; sub(/^[^:]*: */, "") }
        on { sub(/^ +/, ""); printf "%s%s", gap, $0; gap = " " }
        END { print "" }' "$2"
}

# ---- the copy to start from

# The sources and what was built from them, with their times: so nothing is built again but what a
# patch touches. The folder has another name there, and the lists of headers name its files.
base_copy() {
    local folders=() name
    for name in devices fuzz model scenarios sim tests tools; do
        [ ! -d "$here/$name" ] || folders+=("$here/$name")
    done
    if ! ls "$BUILD/postern" "$BUILD/flags" "$BUILD/tests/libsupport.a" >/dev/null 2>&1; then
        echo "mutants: nothing is built in $BUILD: \`make mutants\` does it" >&2
        return 3
    fi
    rm -rf "$work"
    mkdir -p "$work/base/build" || return 3
    cp -a "$here/Makefile" "${folders[@]}" "$work/base/" || return 3
    rm -rf "$work/base/tests/mutants"
    (
        cd "$BUILD" || exit 3
        find . -path ./mutants -prune -o -type f \( -name '*.[oad]' -o -name flags \
            -o -name sources -o -name postern \) -print0 | xargs -0 cp -a --parents -t "$work/base/build"
    ) || return 3
    find "$work/base/build" -name '*.d' -exec sed -i "s|^$built_as/|build/|" {} +
    up_to_date
}

# Make, in a copy, as if it were the tree itself: with the same compiler, flags and paths.
make_copy() {
    local flags
    flags=$(cat "$BUILD/flags")
    flags=${flags#"$CC "}
    "$MAKE" --no-print-directory -s "CURDIR=$here" BUILD=build "CC=$CC" \
        "flags=${flags%% model: *}" "$@"
}

up_to_date() {
    (cd "$work/base" && make_copy build/postern) >"$work/base.log" 2>&1 && return 0
    cat "$work/base.log" >&2
    echo "mutants: the tree without a bug does not build" >&2
    return 3
}

# The scenarios of the bugs among "$@" that are tried by pairs of runs.
pairs_of() {
    local patch
    for patch; do
        [ "$(field Rule "$patch")" != noninterference ] || field Scenarios "$patch"
    done | tr ' ' '\n' | sort -u
}

# What complains about the tree without a bug catches nothing.
base_is_sound() {
    local sound=0 program
    cd "$work/base" || return 3
    build/postern run --quiet >"$work/base.log" 2>&1 || sound=3
    for program in $(for patch; do field Rule "$patch" | sed -n 's/^test //p'; done | sort -u); do
        rule="test $program" scenarios=
        judge_by_test "$program"
        if [ "$verdict" != survived ]; then
            cat build.log run.log >>"$work/base.log" 2>&1
            sound=3
        fi
    done
    for scenarios in $(pairs_of "$@"); do
        judge_by_pairs
        [ "$verdict" = survived ] && continue
        echo "scenarios/$scenarios.json: $verdict $detail" >>"$work/base.log"
        sound=3
    done
    [ $sound = 0 ] || cat "$work/base.log" >&2
    [ $sound = 0 ] || echo "mutants: the tree without a bug does not pass" >&2
    return $sound
}

# ---- one bug

# broken RESULTS: "rule id" for each rule that is broken against the claim, or that should be broken
# and is not.
broken() {
    awk '{
        count = split($0, part, /[{]"rule": "/)
        id = $2
        gsub(/[",]|#.*|@.*/, "", id)
        for (i = 2; i <= count; i++)
            if (part[i] ~ /"expected": false[}]/ || part[i] ~ /"came": false[}]/)
                print substr(part[i], 1, index(part[i], "\"") - 1), id
    }' "$1" | sort -u
}

# judge PATH...: runs scenarios; sets `verdict` and `detail`.
judge() {
    local code where
    rm -f results.jsonl
    build/postern run -j 1 --budget 20 --format json --output results.jsonl "$@" >run.log 2>&1
    code=$?
    if ! [ -e results.jsonl ] || [ $code = 2 ]; then
        verdict=error detail=$(head -n 1 run.log)
        return
    fi
    broken results.jsonl >broken.log
    where=$(sed -n "s/^$rule //p" broken.log | head -n 1)
    if [ -n "$where" ]; then
        verdict=caught detail=$rule
    elif [ $code != 0 ]; then
        detail=$(cut -d' ' -f1 broken.log | sort -u | tr '\n' ' ')
        verdict=other detail=${detail:-"no rule, but exit code $code"}
    else
        verdict=survived detail=
    fi
}

# Sets `paths` to the files that `scenarios` means; false: a glob of it means none.
find_paths() {
    local glob found
    paths=()
    for glob in $scenarios; do
        # shellcheck disable=SC2206 # a glob is meant
        found=(scenarios/$glob.json)
        if ! [ -e "${found[0]}" ]; then
            verdict=error detail="there is no scenarios/$glob.json"
            return 1
        fi
        paths+=("${found[@]}")
    done
}

# Only a leak catches: a pair that says nothing any more does not.
judge_by_pairs() {
    local paths code leaks
    find_paths || return
    build/postern noninterference -j 1 --budget 20 --format json --output pairs.jsonl \
        "${paths[@]}" >run.log 2>&1
    code=$?
    leaks=$(grep -oE '"rule": "(value|time)-leak"' pairs.jsonl 2>/dev/null | cut -d'"' -f4 |
        sort -ru | tr '\n' ' ')
    case $code in
    0) verdict=survived detail= ;;
    1) verdict=caught detail="noninterference: ${leaks% }" ;;
    2 | 3) verdict=error detail=$(head -n 1 run.log) ;;
    *) verdict=other detail="no leak, but exit code $code" ;;
    esac
    if [ "$verdict" = caught ] && [ -z "$leaks" ]; then
        verdict=other detail='exit code 1 without a leak'
    fi
}

judge_by_scenarios() {
    local paths
    find_paths || return
    verdict=survived
    [ ${#paths[@]} = 0 ] || judge "${paths[@]}"
    if [ $verdict = survived ] || [ $verdict = other ]; then
        judge scenarios
        [ $verdict != caught ] || detail="$detail, not in its own scenarios but in $(
            sed -n "s/^$rule //p" broken.log | head -n 3 | tr '\n' ' ')"
    fi
}

judge_by_test() {
    local code
    if ! make_copy "build/tests/$1" >build.log 2>&1; then
        verdict=error detail="tests/$1 does not build"
        return
    fi
    CK_DEFAULT_TIMEOUT=30 timeout 120 "build/tests/$1" >run.log 2>&1 </dev/null
    code=$?
    verdict=survived detail=
    if [ $code != 0 ]; then
        verdict=caught detail="test $1"
    fi
}

# Of the tree in the current folder: applies and builds the bug, then judges.
judge_patch() {
    detail=
    if ! GIT_CEILING_DIRECTORIES=$PWD/.. git apply "$1" >apply.log 2>&1; then
        verdict=error detail="does not apply: $(head -n 1 apply.log)"
    elif ! make_copy build/postern >build.log 2>&1; then
        verdict=error detail="does not compile: $(grep -m 1 error: build.log)"
    elif [[ $rule = test\ * ]]; then
        judge_by_test "${rule#test }"
    elif [ "$rule" = noninterference ]; then
        judge_by_pairs
    else
        judge_by_scenarios
    fi
}

# tree_of PATCH FOLDER: a copy of the base by hard links, which costs next to nothing. What the bug
# changes is written anew: the sources by git, the archives by make, the rest is taken away here.
# A header changes more than one knows: then nothing is shared.
tree_of() {
    local file
    rm -rf "$2"
    if grep -q '^+++ .*\.h$' "$1"; then
        cp -a "$work/base" "$2"
        return
    fi
    cp -al "$work/base" "$2" || return 3
    rm -f "$2/build/postern"
    sed -n 's|^+++ b/\(.*\)\.c$|\1|p' "$1" | while read -r file; do
        rm -f "$2/build/$file.o" "$2/build/$file.d"
    done
}

run_one() {
    local name start end verdict='' detail='' rule scenarios
    name=$(basename "$1" .patch)
    start=$(date +%s%N)
    rule=$(field Rule "$1")
    scenarios=$(field Scenarios "$1")
    tree_of "$1" "$work/$name" && cd "$work/$name" || exit 3
    judge_patch "$1"
    end=$(date +%s%N)
    printf '%-9s %-44s %s  (%d.%d s)\n' "$verdict" "$name" "$detail" \
        $(((end - start) / 1000000000)) $(((end - start) / 100000000 % 10)) |
        tee "$work/$name.result"
    rm -rf "${work:?}/$name"
}

# ---- all of them

usage() {
    echo "mutants: $1" >&2
    sed -n '2,/^$/s/^# \{0,1\}//p' "$0" | sed -n '1,8p' >&2
    exit 2
}

if [ "${1:-}" = --one ]; then
    run_one "$2"
    exit
fi

only='*' third='' jobs=$(nproc) list=
while [ $# -gt 0 ]; do
    case $1 in
    --only) only=${2:-} ;;
    --third) third=${2:-} ;;
    --jobs) jobs=${2:-} ;;
    --list)
        list=yes
        shift
        continue
        ;;
    *) usage "unknown option \"$1\"" ;;
    esac
    [ -n "${2:-}" ] || usage "$1 wants a value"
    shift 2
done
[[ $third =~ ^[0-9]*$ ]] || usage "--third wants a number, not \"$third\""
[[ $jobs =~ ^[1-9][0-9]*$ ]] || usage "--jobs wants a number, not \"$jobs\""
[[ $only = *[*?[@]* ]] || only="*$only*"

chosen=()
for patch in "$patches"/*.patch; do
    # shellcheck disable=SC2053 # a glob is meant
    [[ $(basename "$patch" .patch) = $only ]] && chosen+=("$patch")
done
[ ${#chosen[@]} != 0 ] || usage "no bug's name matches \"$only\""
if [ -n "$third" ]; then
    all=("${chosen[@]}") chosen=()
    for i in "${!all[@]}"; do
        [ $((i % 3)) != $((10#$third % 3)) ] || chosen+=("${all[i]}")
    done
fi
if [ -n "$list" ]; then
    for patch in "${chosen[@]}"; do
        printf '%-44s %s\n' "$(basename "$patch" .patch)" "$(field Rule "$patch")"
    done
    exit 0
fi

start=$SECONDS
# As the Makefile was given it: that is how the lists of headers call the folder.
built_as=$(sed -n '1s|/[^/]*/[^/]*\.o:.*||p' "$BUILD/model/memop.d")
export built_as
base_copy || exit 3
(base_is_sound "${chosen[@]}") || exit 3
printf '%s\n' "${chosen[@]}" | xargs -P "$jobs" -I{} "$0" --one {}

# count VERDICT
count() {
    cat "$work"/*.result | grep -c "^$1 "
}
echo
grep -hv '^caught ' "$work"/*.result
printf '%d bugs: %d caught by the rule they name, %d by another, %d survived, %d errors; %d s\n' \
    ${#chosen[@]} "$(count caught)" "$(count other)" "$(count survived)" "$(count error)" \
    $((SECONDS - start))
[ "$(count caught)" = ${#chosen[@]} ]
