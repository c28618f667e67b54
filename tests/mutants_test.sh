#!/bin/sh
# The bugs of tests/mutants: each says what it is and applies to the tree; and tools/mutants.sh
# tells one that is caught from one that is not. Speaks TAP. Environment: BUILD, CC, MAKE.
# Whether the suite catches all of them: `make mutants`.
set -u

# claim SENTENCE COMMAND...
claim() {
    sentence=$1
    shift
    if output=$("$@" 2>&1); then
        echo "ok - $sentence"
    else
        echo "not ok - $sentence"
        printf '%s\n' "$output"
    fi
}

# It builds for itself, so once is enough.
if [ "${BUILD:-build}" != build ]; then
    claim 'tools/mutants.sh is a script that bash reads; the plain build tries it' \
        bash -n tools/mutants.sh
    exit
fi
work=$(mktemp -d) || exit 3
trap 'rm -rf "$work"' EXIT

# Complains about what is missing on top of a file, about a rule that there is not, and about
# scenarios that a test's bug names or another one lacks.
heads_are_whole() {
    sed -n 's/^ *X(RULE_[A-Z_]*, "\([a-z-]*\)".*/\1/p' sim/rules.h >"$work/rules"
    for file in tests/mutants/*.patch; do
        awk -v file="$file" -v rules="$work/rules" '
            BEGIN {
                known["noninterference"] = 1
                while ((getline id < rules) > 0) known[id] = 1
            }
            /^$/ { exit }
            length > 98 { print file ": a line of more than 98 columns" }
            /^[A-Z]/ { name = $1; if ($2 == "") print file ": nothing behind " name; seen[name]++ }
            /^Rule:/ { rule = $2; program = $3 }
            !/^(Bug|Origin|Rule|Scenarios): |^    [^ ]/ { print file ": what is \"" $0 "\"?" }
            END {
                if (seen["Bug:"] != 1 || seen["Origin:"] != 1 || seen["Rule:"] != 1)
                    print file ": want one Bug, one Origin, one Rule"
                if (rule == "test" ? program == "" || seen["Scenarios:"] : !seen["Scenarios:"])
                    print file ": want \"test PROGRAM\", or a rule and scenarios"
                if (rule != "test" && !known[rule]) print file ": there is no rule " rule
            }' "$file"
        program=$(sed -n 's/^Rule: test //p' "$file")
        [ -z "$program" ] || [ -e "tests/$program.c" ] || echo "$file: there is no tests/$program.c"
    done >"$work/complaints"
    cat "$work/complaints"
    [ ! -s "$work/complaints" ]
}

scenarios_are_there() {
    for file in tests/mutants/*.patch; do
        # shellcheck disable=SC2013 # words are meant
        for glob in $(awk '/^$/ { exit }
            /^[A-Z]/ { on = $1 == "Scenarios:"; sub(/^[^:]*:/, "") } on' "$file"); do
            # shellcheck disable=SC2086 # a glob is meant
            ls scenarios/$glob.json >/dev/null 2>&1 || echo "$file: no scenarios/$glob.json"
        done
    done >"$work/complaints"
    cat "$work/complaints"
    [ ! -s "$work/complaints" ]
}

# In a copy, where git sees no repository: else it leaves out what lies outside the current folder.
every_patch_applies() {
    for folder in model sim devices scenarios; do
        [ -d "$work/$folder" ] || cp -r "$folder" "$work/"
    done
    for file in "$PWD"/tests/mutants/*.patch; do
        (cd "$work" && GIT_CEILING_DIRECTORIES=$work/.. git apply --check "$file") ||
            echo "$file does not apply"
    done >"$work/complaints" 2>&1
    cat "$work/complaints"
    [ ! -s "$work/complaints" ]
}

# fuzz/planted.tsv: a row for each bug, in the order of their names: what fuzzing can find.
#   name <tab> class <tab> targets, by commas <tab> why
# class: reachable; no rule: no rule that is always on judges it; judge: what is broken is not the
# kernel, a program or a board.
names_of() {
    printf '%s\n' "$@" | sed 's|.*/||; s|\.patch$||'
}

planted_rows_are_whole() {
    (
        cut -f 1 fuzz/planted.tsv >"$work/planted"
        names_of tests/mutants/*.patch | LC_ALL=C sort | diff - "$work/planted"
        awk -F'\t' '
            NF != 4 || $4 == "" { print $1 ": want four columns" }
            $2 !~ /^(reachable|no rule|judge)$/ { print $1 ": there is no class \"" $2 "\"" }
            ($2 == "judge") != ($3 == "-") { print $1 ": want targets for all but judges" }' \
            fuzz/planted.tsv
        cut -f 3 fuzz/planted.tsv | tr ',' '\n' | sort -u | while read -r target; do
            [ "$target" = - ] || [ -e "fuzz/fuzz_$target.c" ] || echo "there is no target $target"
        done
        # shellcheck disable=SC2046 # words are meant
        names_of $(grep '^+++ b/' tests/mutants/*.patch |
            grep -vE '\+\+\+ b/(model|sim/apps|scenarios/boards)/' | cut -d: -f 1) |
            LC_ALL=C sort -u >"$work/judges"
        awk -F'\t' '$2 == "judge" { print $1 }' fuzz/planted.tsv | diff "$work/judges" -
    ) >"$work/complaints" 2>&1
    cat "$work/complaints"
    [ ! -s "$work/complaints" ]
}

there_are_enough() {
    ls tests/mutants/*.patch >"$work/names" && [ "$(wc -l <"$work/names")" -ge 60 ]
}

# The three thirds together are all of them, each once.
thirds_are_all() {
    for n in 7 8 9; do
        tools/mutants.sh --third $n --list || return 1
    done | sort >"$work/thirds"
    tools/mutants.sh --list | sort | diff - "$work/thirds"
}

a_bug_of_each_kind_is_caught() {
    only='@(pt05-query-panics|grant-entered-twice|leak-key-left-in-a-register)'
    tools/mutants.sh --jobs 1 --only "$only" >"$work/log" 2>&1
    code=$?
    cat "$work/log"
    [ $code = 0 ] && grep -q '^3 bugs: 3 caught' "$work/log" &&
        grep -q '^caught  *leak-.*noninterference: value-leak ' "$work/log"
}

a_wrong_name_is_refused() {
    ! tools/mutants.sh --only no-such-bug && ! tools/mutants.sh --onyl x
}

claim 'there are at least 60 bugs' there_are_enough
claim 'every bug says what it is, where it comes from, and which rule must catch it' heads_are_whole
claim 'the scenarios that bugs name are there' scenarios_are_there
claim 'of every bug fuzz/planted.tsv says whether fuzzing can find it' planted_rows_are_whole
claim 'what fuzzing finds of them is in fuzz/README.md: tools/fuzz_table.sh --write puts it there' \
    tools/fuzz_table.sh --check
claim 'three thirds are all bugs' thirds_are_all
claim 'a name that no bug has is refused' a_wrong_name_is_refused
if command -v git >/dev/null; then
    claim 'every bug applies to the tree' every_patch_applies
    if [ "${BUILD##*/}" = build ]; then
        claim 'a bug for a scenario, one for a test and one for pairs of runs are caught' a_bug_of_each_kind_is_caught
    else
        echo 'ok - a bug of each kind is caught # SKIP the plain build tries it, which compiles in half the time'
    fi
else
    echo 'ok - every bug applies to the tree # SKIP git is not installed'
fi
