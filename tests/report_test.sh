#!/bin/sh
# report_test.sh: `postern report`: the page says what failed and where, escapes what scenarios say,
# asks for nothing else, is the same each time, and shows no run that is another one than the
# results tell of; in a browser it can be used by keys, in both themes. Speaks TAP.
# Environment: POSTERN, the runner.
set -u
. tests/support.sh
want_runner
work=$(mktemp -d) || exit 3
trap 'rm -rf "$work"' EXIT

# ---- three scenarios: one holds, one fails, one breaks a rule as it claims; and a family

mkdir "$work/x"
ln -s "$root/scenarios/boards" "$work/boards"
cp scenarios/passthrough/undeclared_widening_breaks_the_rule.json "$work/x/claimed <b>.json"
cd "$work" || exit 3
{
    cat <<'END'
{ "claim": "An app that was lent TIMER1 gets an upcall: <script>document.title = 'no'</script> <&>\"']]>",
  "board": "nrf52840dk",
  "covers": ["TRD107-2.0", "TRD107-2.6"],
END
    tick_apps
    cat <<'END'
  "until_ms": 5,
  "expect": {
    "latency": { "from": "irq TIMER1", "to": "upcall owner tick", "max_us": 40 } } }
END
} >x/holds.json
sed 's/"max_us": 40/"max_us": 1/' x/holds.json >x/fails.json
"$postern" run --format json --output r.jsonl x
gives 'a page is written, whatever it says: exit code 0' 0 '^$' \
    sh -c "'$postern' report r.jsonl -o r.html && echo"

# has SENTENCE PATTERN [FILE]: a line of the page matches. lacks: none does.
has() {
    is "$1" grep -qE -e "$2" "${3:-r.html}"
}
lacks() {
    sees "$1" grep -qE -e "$2" "${3:-r.html}"
}

# ---- what it says

has 'how many claims hold' '<h1>2 of 3 claims hold</h1>'
has 'which version ran, and which wrote' 'Results of postern [0-9.]+, page written by postern [0-9.]+'
has 'a rule that broke and should not have' '<th scope="row">latency</th><td>1</td><td>0</td>'
has 'a rule that broke as claimed' '<th scope="row">over-exposure</th><td>0</td><td>[1-9]'
has 'the verdict as a sentence' '<strong>latency</strong> at [0-9.]+ us, app owner: from &quot;irq TIMER1.*took [0-9.]+ us, wanted at most 1.000 us'
has 'the place in the file' '<code>/expect/latency</code> <span class="place">x/fails.json:18:16</span>'
has 'the command that repeats it' '<p>Again: <code>postern run x/fails.json@1</code>'
has 'the command that shows its map as text' 'As text: <code>postern map x/fails.json@1 --at [0-9.]+</code>'
is "a failure's picture is there without a script" sh -c \
    "sed '/id=\"claims\"/,\$d' r.html | grep -q '<svg role=\"img\".*aria-label=\"Map and time line of x/fails@1'"
has 'what a picture shows has its tooltip' '<title>.*TIMER1'
has 'a statement, and the claims that check it' 'id="s-TRD107-2.6".*<a href="#c2">x/holds</a>'
has 'of a claim that checks it and fails, that' '<a href="#c1">x/fails</a> <span class="bad">does not hold</span>'
has 'latencies as numbers' '<th scope="row">5 to 10</th><td>2</td><td>2</td>'
has 'a link over the head of the page' '<a class="skip" href="#claims">'
has 'without a script, that this is so' '<noscript>.*Without JavaScript'

# ---- what it must not

lacks 'no markup of a scenario is the page'"'"'s' '<script>document'
json_block() {
    sed -n '/type="application.json"/,/<.script>/p' "$1" | sed '1s/.*{"strings"//; $s/<.script>$//'
}
is 'a block of JSON holds the name of a file with a <' sh -c "grep -q 'claimed .u003cb.u003e@1' r.html"
json_block r.html >block
lacks 'nothing in it begins an element' '<' block
lacks 'nothing is asked of others' '(https?:|src=|url\([^#]|@import|<link [^>]*href="[^d])'
is 'the same results give the same page' sh -c "'$postern' report r.jsonl -o r2.html -j1 && cmp r.html r2.html"
is 'to stdout, too' sh -c "'$postern' report r.jsonl | cmp - r.html"
is 'and shards give it, in any order' sh -c \
    "'$postern' run --shard 1/2 --format json --output 1.jsonl x; '$postern' run --shard 2/2 --format json --output 2.jsonl x
     '$postern' report 2.jsonl 1.jsonl -o r2.html && cmp r.html r2.html"
if ! skips xmllint 'it is HTML'; then
    # An old reader: it does not know the elements of HTML 5 and of SVG by name.
    well_formed() {
        xmllint --html --noout "$1" 2>&1 | grep 'parser error' | grep -v 'Tag [a-z]* invalid' >errors
        [ ! -s errors ]
    }
    is 'it is HTML' well_formed r.html
    sed 's/<\/table>//' r.html >broken.html
    sees 'a page that is none is seen' well_formed broken.html
fi
# Each link leads somewhere.
links_lead() {
    grep -oE 'href="#[^"]*"' "$1" | sed 's/href="#//; s/"//' | sort -u >links
    grep -oE ' id="[^"]*"' "$1" | sed 's/ id="//; s/"//' | sort -u >ids
    [ -s links ] && [ -z "$(comm -23 links ids)" ]
}
is 'each link leads somewhere' links_lead r.html

# ---- a run that is another one, or not to be had

cp x/fails.json kept.json
sed 's/"value": 1600/"value": 1700/' kept.json >x/fails.json
"$postern" report r.jsonl -o r2.html
has 'a run with another trace is not shown' 'No picture: run again, it gave another trace \([0-9a-f]{16}\) than the results have' r2.html
lacks 'nor drawn' 'aria-label="Map and time line of x/fails@1' r2.html
rm x/fails.json
"$postern" report r.jsonl -o r2.html
has 'a file that is gone is said' 'No picture: its file could not be read again: x/fails.json: error: cannot be read' r2.html
has 'and what it covers is not known' '1 of the claims.* files are not there' r2.html
echo '{' >x/fails.json
"$postern" run --format json --output bad.jsonl x 2>errors
"$postern" report bad.jsonl -o r2.html
has 'a file that could not be read is a failure' '<h1>2 of 2 claims hold, 1 file could not be read</h1>' r2.html
has 'with its complaint' '^<pre>x/fails.json:2:1: error' r2.html
cp kept.json x/fails.json

"$postern" report r.jsonl -o r2.html --pictures none
lacks '--pictures none draws none' '(data-p=|role="img")' r2.html
"$postern" report r.jsonl -o r2.html --pictures failed
is '--pictures failed draws one' sh -c "grep -c '<figure>' r2.html | grep -qx 1"
is '--pictures all draws three' sh -c "grep -o '<figure>' r.html | wc -l | grep -qx ' *3'"

# ---- what is refused

echo '{"id": 1}' >no.jsonl
head -n 2 r.jsonl >half.jsonl
: >empty.jsonl
gives 'not JSON lines' 2 '^x/holds.json:1:1: error: this is no result of' "$postern" report x/holds.json -o no.html
gives 'JSON that is no result' 2 '^no.jsonl:1:1: error: this is no result of' "$postern" report no.jsonl -o no.html
gives 'half a run' 2 '^half.jsonl:3:1: error: no summary at the end' "$postern" report half.jsonl -o no.html
gives 'nothing' 2 '^empty.jsonl:1:1: error: no summary' "$postern" report empty.jsonl -o no.html
gives 'no such file' 2 'postern report: error: gone.jsonl: No such file' "$postern" report gone.jsonl -o no.html
gives 'a shard alone' 2 'shard 2/2 is missing' "$postern" report 1.jsonl -o no.html
is 'after any of these there is no page' test ! -e no.html
gives 'a page that cannot be' 2 '-o /nowhere/r.html: No such file' "$postern" report r.jsonl -o /nowhere/r.html
gives 'a full disk is noticed' 3 '/dev/full: error: No space left' "$postern" report r.jsonl -o /dev/full
gives 'pictures are a word' 2 'want one of auto, failed, all, none' "$postern" report r.jsonl --pictures some

# ---- in a browser

if ! finds_browser || ! command -v python3 >/dev/null; then
    echo 'ok - a browser shows it # SKIP no chromium, or no python3, is installed'
    exit
fi
"$postern" view x/holds.json --svg holds.svg --theme light
python3 -B "$root/tests/report_browser.py" "$browser" r.html holds.svg
