#!/bin/sh
# The JSON schemas and the loader agree: on what is shipped, and on copies of it with one thing
# wrong (a key dropped, renamed or added, a value of another type or out of range). What only the
# loader can know (names, orders, sums) is listed below by the words of its complaints.
# Speaks TAP. Environment: POSTERN, the runner.
set -u

sentence='schemas and loader agree on broken scenarios and boards'
if [ ! -x "$POSTERN" ]; then
    echo "ok - $sentence # SKIP there is no runner"
    exit 0
fi
if ! /usr/bin/python3 -c 'import jsonschema' 2>/dev/null; then
    echo "ok - $sentence # SKIP python3-jsonschema is not installed"
    exit 0
fi
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

output=$(/usr/bin/python3 -W ignore - "$work" "$POSTERN" 2>&1 <<'END'
import copy, json, os, random, re, shutil, subprocess, sys
from jsonschema import Draft7Validator, RefResolver

work, postern = sys.argv[1], sys.argv[2]
random.seed(1)
SAMPLE = 70  # of each file's mutations

# Complaints about what no schema can say.
SEMANTIC = re.compile("|".join([
    # a name that stands for nothing
    "is no address", "is not the name of", "is not modelled", "has no register", "is not a program",
    "is not a device type", "there is no boards/", "is not in this app's", "means something else",
    "want one of this app's", "is not a variable", "no app's name", "is not an? (event|app|handler)",
    "is not a device", "is not a rule", "is a word too many", "want one of \"widen_512k\"",
    "no such parameter", "behind the app's name", "is not out or in", "has no interrupt line",
    # what is known only while it runs, or only by adding up
    "known only while it runs", "not in RAM", "not inside", "meets", "lies below", "wraps, or is",
    "goes past the end", "is more than", "would do: want", "want a line for each device",
    "more than [0-9]+ bytes", "another device of this board", "is lent to apps",
    "DMA master by its type", "leads nowhere", "only an upcall handler", "at most [69] decimals",
    "only a yield with", "\"0x[0-9a-f]+\": want an integer", "want an integer from 0 to [0-9]+, or",
    # a value that a sweep put there
    "in member #",
]))

def mutations(document):
    def walk(value, path=()):
        yield path, value
        if isinstance(value, (dict, list)):
            for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
                if key not in ("comment", "$schema"):
                    yield from walk(inner, path + (key,))

    def changed(path, change):
        new = copy.deepcopy(document)
        up = new
        for key in path[:-1]:
            up = up[key]
        change(up, path[-1])
        return new

    for path, value in list(walk(document)):
        if isinstance(value, dict):
            yield path, changed(path + ("unknown_key",), lambda up, key: up.__setitem__(key, 1))
        if not path:
            continue
        yield path, changed(path, lambda up, key: up.pop(key))
        if isinstance(path[-1], str):
            yield path, changed(path, lambda up, key: up.__setitem__(key + "x", up.pop(key)))
        for other in (None, True, -1, 0, 3, 1.5, 2**32, "zzz", "", "0x10", "$r0", [], {}, [1], {"a": 1}):
            yield path, changed(path, lambda up, key: up.__setitem__(key, other))

def validator(path):
    with open(path, encoding="utf-8") as file:
        schema = json.load(file)
    return Draft7Validator(schema, resolver=RefResolver("file://" + os.path.abspath(path), schema))

shutil.copytree("scenarios/boards", work + "/s/boards")
files = [("scenario", path) for path in (
    "tests/data/every_word.json", "scenarios/passthrough/lent_timer_reaches_its_app.json",
    "scenarios/passthrough/busy_timer_is_refused.json")]

files += [("board", "scenarios/boards/" + name) for name in sorted(os.listdir("scenarios/boards"))
          if name.endswith(".json") and ".schema." not in name]
validators = {"scenario": validator("scenarios/scenario.schema.json"),
              "board": validator("scenarios/boards/board.schema.json")}
cases = {}
for kind, path in files:
    with open(path, encoding="utf-8") as file:
        every = list(mutations(json.load(file)))
    for place, document in random.sample(every, min(SAMPLE, len(every))):
        folder = work + ("/s/boards" if kind == "board" else "/s/theme")
        os.makedirs(folder, exist_ok=True)
        name = "%s/case%04d.json" % (folder, len(cases))
        with open(name, "w", encoding="utf-8") as file:
            json.dump(document, file)
        cases[name] = (path, place, validators[kind].is_valid(document))

said = {}
run = subprocess.run([postern, "check", "--quiet"] + list(cases), capture_output=True, text=True)
for line in run.stderr.splitlines():
    match = re.match(r"(.*\.json):\d+:\d+: error: (.*)", line)
    if match:
        said.setdefault(match.group(1), []).append(match.group(2))
bad = 0
for name, (path, place, valid) in cases.items():
    complaints = said.get(name, [])
    if valid and any(not SEMANTIC.search(c) for c in complaints):
        what = "the schema takes it, the loader says " + complaints[0]
    elif not valid and not complaints:
        what = "the loader takes it, the schema does not"
    else:
        continue
    bad += 1
    print("# %s %s: %s" % (path, "/".join(map(str, place)), what))
print("# %d cases, %d of them valid" % (len(cases), sum(valid for _, _, valid in cases.values())))
if len(cases) < 500 or not said:
    bad += 1
sys.exit(bad > 0)
END
) && echo "ok - $sentence" || echo "not ok - $sentence"
echo "$output"
