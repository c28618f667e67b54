#!/bin/sh
# scenarios/coverage.md: it is what tools/coverage.sh makes today, and the tool refuses what it does
# not know. Speaks TAP.
set -u

root=$PWD
work=$(mktemp -d) || exit 3
trap 'rm -rf "$work"' EXIT

# result OK SENTENCE
result() {
    if [ "$1" = 0 ]; then
        echo "ok - $2"
    else
        echo "not ok - $2"
    fi
}

if difference=$(tools/coverage.sh | diff scenarios/coverage.md - 2>&1); then
    echo 'ok - coverage.md is what coverage.sh makes'
else
    echo 'not ok - coverage.md is what coverage.sh makes: tools/coverage.sh >scenarios/coverage.md'
    printf '%s\n' "$difference"
fi

# A small project: two statements, one scenario.
mkdir -p "$work/sim" "$work/scenarios/theme" "$work/scenarios/boards" && cd "$work" || exit 3
cp "$root/sim/rules.h" sim/
cat >scenarios/coverage.txt <<'END'
= A a text
A-1.1 | First | rule reach
A-1.2 | Second |
A-1.3 | Third | - nobody can
A-1.4 | Fourth |
END
printf '{\n  "covers": [\n    "A-1.2",\n    "A-1.4"\n  ]\n}\n' >scenarios/theme/lines.json
echo '{ "claim": "c", "covers": ["A-1.2"] }' >scenarios/theme/one.json
echo '{ "covers": ["B-9"] }' >scenarios/boards/board.json

"$root/tools/coverage.sh" >made.md
result $? 'a small project has its table'
grep -qxF '| A | 4 | 2 | 1 | 1 | 0 |' made.md
result $? 'statements are counted by what checks them'
grep -qxF '| A-1.2 | Second | [theme/lines](theme/lines.json)<br>[theme/one](theme/one.json) |  |' made.md
result $? 'a statement names all of its scenarios, also those of lists over several lines'

# refused SENTENCE COMPLAINT: after a change, exit 1 with that on stderr and nothing on stdout.
refused() {
    "$root/tools/coverage.sh" >out 2>err
    code=$?
    if [ $code = 1 ] && [ ! -s out ] && grep -qxF "$2" err; then
        echo "ok - $1"
    else
        echo "not ok - $1 (exit code $code)"
        cat err
    fi
}

echo '{ "covers": ["A-1.9"] }' >scenarios/theme/two.json
refused 'an id that is not in the table is an error' \
    'scenarios/theme/two.json: error: covers A-1.9, which scenarios/coverage.txt has not'
echo '{ "covers": ["A-1.3"] }' >scenarios/theme/two.json
refused 'nobody checks what no scenario can check' \
    'scenarios/theme/two.json: error: covers A-1.3, which no scenario can check'
rm scenarios/theme/two.json
echo 'A-1.1 | Again |' >>scenarios/coverage.txt
refused 'an id twice is an error' 'scenarios/coverage.txt:6: error: A-1.1 is there already'
sed -i 's/^A-1.1 | Again |/A-1.5 | Fifth | rule raech/' scenarios/coverage.txt
refused 'a rule that there is not is an error' 'scenarios/coverage.txt:6: error: raech is not a rule'
sed -i 's/^A-1.5.*/B-1.5 | Fifth |/' scenarios/coverage.txt
refused "an id of another text is an error" \
    'scenarios/coverage.txt:6: error: want ID | statement | remarks, with an id of the text above'
