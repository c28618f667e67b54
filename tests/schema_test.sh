#!/bin/sh
# The JSON schemas and the loader agree: on what is shipped (make schemas), and on copies of every
# scenario and board with one thing wrong. Of each copy:
#
#   the loader does not crash      no signal, no report of a sanitizer, exit code 2
#   a refusal says where           file:line:col: error: /json/pointer: ..., and the line is there
#   the schema says the same       but for what no schema can say: SEMANTIC below, by the words of
#                                  the loader's complaints
#
# What is wrong is one of KINDS below. The sample is the same each time: seeded by the file's name,
# so that a new scenario leaves the others' copies as they are.
# Speaks TAP. Environment: POSTERN, the runner.
set -u

if [ ! -x "$POSTERN" ]; then
    echo "ok - schemas and loader agree on broken scenarios and boards # SKIP there is no runner"
    exit 0
fi
if ! /usr/bin/python3 -c 'import jsonschema' 2>/dev/null; then
    echo "ok - schemas and loader agree on broken scenarios and boards # SKIP python3-jsonschema is not installed"
    exit 0
fi
# The plain build says whether they agree, the sanitized one whether the loader reads what is its own.
case ${BUILD:-build} in
*clang*)
    echo "ok - schemas and loader are compared by the plain and the sanitized build"
    exit 0
    ;;
esac
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

/usr/bin/python3 -W ignore - "$work" "$POSTERN" 2>&1 <<'END' || echo "not ok - the comparison itself ended well"
import glob, json, os, random, re, shutil, subprocess, sys
from jsonschema import Draft7Validator, RefResolver

work, postern = sys.argv[1], sys.argv[2]
BATCH = 250  # files of one call of the runner

# Complaints about what no schema can say.
SEMANTIC = re.compile("|".join([
    # a name that stands for nothing
    "is no address", "is not the name of", "is not modelled", "has no register", "is not a program", "is not a filter", "is more than 32 bits", "want one of \"ok\", \"fault\"",
    "is not a device type", "there is no boards/", "is not in this app's", "means something else",
    "want one of this app's", "is not a variable", "no app's name", "is not an? (event|app|handler)",
    "the board.s kernel has no ", "of this board write flash", "is not success, failure or an error", "no memory to keep things in", "is not a device", "is not a driver's name", "is not a rule", "is a word too many", "want one of \"widen_512k\"",
    "no such parameter", "is not a number$", "behind the app's name", "is not a (peer, or a )?note of", "is not out or in", "has no interrupt line", r"want a number behind \+ or -",
    # what a type of peers, a program's facts may say
    "nothing that can be asked of", "has no octets", "is not a value of", "is not a type of peer", "is nothing that an?", "has no antenna",
    "has no such (parameter|argument)", "is taken by the peer", "want one of \"running\"", "want them in order", "it ends before it begins",
    r"^/world/(?!air/)[a-z0-9_]+/(plan/\d+/)?(?!is:|drift_ppm|position_m|plan|at_event|do:)\w+: ",
    # what is known only while it runs, or only by adding up
    "known only while it runs", "not in RAM", "not inside", "meets", "lies below", "wraps, or is",
    "goes past the end", "is what a row without an answer has", "is more than", "want a \"console\" as well", "would do: want", "want a line for each device",
    "more than [0-9]+ bytes", "another device of this board", "is lent to apps", "is another kernel driver",
    "DMA master by its type", "leads nowhere", "only an upcall handler", "at most [69] decimals", "at most 15 digits",
    "only a yield with", "\"0x[0-9a-f]+\": want an integer", "want an integer from 0 to [0-9]+, or",
    # a value that a sweep put there
    "in member #",
]))

# ---- ways to be wrong. Each takes the random numbers and a file's places, and changes the tree.

def walk(value, path=()):
    yield path, value
    if isinstance(value, (dict, list)):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            if key not in ("comment", "$schema"):
                yield from walk(inner, path + (key,))

def holder(tree, path):
    for key in path[:-1]:
        tree = tree[key]
    return tree

def some_place(random, tree, wanted=lambda path, value: True):
    places = [path for path, value in walk(tree) if path and wanted(path, value)]
    return random.choice(places) if places else None

def renamed(up, old, new):
    """The key keeps its place among the others."""
    members = [(new if key == old else key, value) for key, value in up.items()]
    up.clear()
    up.update(members)

def is_number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool)

PROSE = ("claim", "source", "why", "about", "covers")
OTHER_TYPES = (None, True, -1, 0, 3, 1.5, "zzz", "", "0x10", "$r0", [], {}, [1], {"a": 1})
FAR_NUMBERS = (-1, 0, 0.5, 1e-7, 255, 256, 65536, 2**31, 2**32 - 1, 2**32, 2**53 - 1, 2**53, 2**64, 1e19, 1e300,
               -2**31 - 1, -1e300)

def dropped(random, tree):
    path = some_place(random, tree)
    holder(tree, path).pop(path[-1])
    return path

def added(random, tree):
    path = random.choice([path for path, value in walk(tree) if isinstance(value, dict)])
    holder(tree, path + ("",))["unknown_key"] = 1
    return path

def misspelt(random, tree):
    path = some_place(random, tree, lambda path, value: isinstance(path[-1], str))
    key = path[-1]
    at = random.randrange(len(key))
    new = random.choice((key + "x", key[:at] + key[at + 1:], key[:at] + "_" + key[at:], key.upper()))
    if new != key and new not in holder(tree, path):
        renamed(holder(tree, path), key, new)
    return path

def retyped(random, tree):
    path = some_place(random, tree)
    holder(tree, path)[path[-1]] = random.choice(OTHER_TYPES)
    return path

def out_of_range(random, tree):
    path = some_place(random, tree, lambda path, value: is_number(value))
    if path:
        holder(tree, path)[path[-1]] = random.choice(FAR_NUMBERS)
    return path

def other_unit(random, tree):
    """Of a time's key, or of its value."""
    path = some_place(random, tree, lambda path, value: re.search("_(us|ms|ps|hz|cycles)$", str(path[-1])))
    if not path:
        return None
    up, key = holder(tree, path), path[-1]
    stem, unit = key.rsplit("_", 1)
    new = random.choice((stem, stem + "_ns", stem + "_s", stem + "_US", stem + "_ms", stem + "_us", key))
    if new == key:
        up[key] = random.choice(("10us", "10 ms", "10", str(up[key]), [up[key]]))
    elif new not in up:
        renamed(up, key, new)
    return path

def other_name(random, tree):
    """A name, a reference or a word, by one character."""
    path = some_place(random, tree, lambda path, value: isinstance(value, str)
                      and not any(key in PROSE for key in path))
    if not path:
        return None
    up, key = holder(tree, path), path[-1]
    old = up[key]
    at = random.randrange(len(old))
    up[key] = random.choice((old[:at] + old[at + 1:], old[:at] + "q" + old[at:], old + "0", old + " ",
                             old.swapcase(), "no-such-name"))
    return path

def twice(random, tree):
    path = some_place(random, tree, lambda path, value: not isinstance(path[-1], str))
    if path:
        holder(tree, path).insert(path[-1], holder(tree, path)[path[-1]])
    return path

# ---- the same for the text. Each gives the place and the new bytes.

def key_twice(random, text):
    keys = list(re.finditer(rb'"(\w+)": ', text))
    again = random.choice(keys)
    return again.start(), text[:again.start()] + again.group(0) + b"0, " + text[again.start():]

def truncated(random, text):
    at = random.randrange(len(text.rstrip()))
    return at, text[:at]

BYTES = (b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xc0\x80", b"\0", b"\x01", b"\x1f", b"\t", b"\\", b"\\u0000", b'"', b",", b"}",
         b"[", b"[" * 60, b"//", b"'", b"\xef\xbb\xbf", b"\xf4\x90\x80\x80", b"0", b"1e999", b"NaN", b"-")

def bad_bytes(random, text):
    at = random.randrange(len(text) + 1)
    return at, text[:at] + random.choice(BYTES) + text[at + random.randrange(2):]

def bad_bit(random, text):
    at = random.randrange(len(text))
    return at, text[:at] + bytes([text[at] ^ 1 << random.randrange(8)]) + text[at + 1:]

IN_TREE = {"a key or part dropped": dropped, "a key added": added, "a key misspelt": misspelt,
           "a value of another type": retyped, "a number out of range": out_of_range,
           "another unit": other_unit, "another name": other_name, "a part twice": twice}
IN_TEXT = {"a key twice": key_twice, "a text that ends too soon": truncated, "bad bytes": bad_bytes,
           "a bad bit": bad_bit}
KINDS = list(IN_TREE) + list(IN_TEXT)

# ---- the copies

class NotJson(ValueError):
    pass

def no_doubles(pairs):
    if len(dict(pairs)) < len(pairs):
        raise NotJson("a key twice")
    return dict(pairs)

def no_constant(name):
    raise NotJson(name)

def parsed(text):
    """The tree, or None: no JSON, as RFC 8259 has it."""
    try:
        tree = json.loads(text.decode("utf-8-sig"), object_pairs_hook=no_doubles, parse_constant=no_constant)
    except (ValueError, RecursionError):
        return None
    return None if "\\u0000" in json.dumps(tree) else tree  # the loader's own: no NUL in a string

def validator(path):
    with open(path, encoding="utf-8") as file:
        schema = json.load(file)
    return Draft7Validator(schema, resolver=RefResolver("file://" + os.path.abspath(path), schema))

class Case:
    def __init__(self, source, kind, place, tree, valid):
        self.source, self.kind, self.place, self.valid = source, kind, place, valid
        self.is_json = tree is not None

def is_swept(place, text):
    """A sweep puts other values there: the loader never sees what the file has."""
    sweep = parsed(text).get("sweep", {}) if place else {}
    return isinstance(sweep, dict) and any(".".join(map(str, place)).startswith(key) for key in sweep)

def copy_of(random, kind, text):
    """Place, bytes and tree of one copy; None: the file has nothing of that kind."""
    if kind in IN_TEXT:
        place, new = IN_TEXT[kind](random, text)
        return ("byte %d" % place, new, parsed(new))
    tree = json.loads(text)
    place = IN_TREE[kind](random, tree)
    if place is None or is_swept(place, text):
        return None
    return ("/".join(map(str, place)), json.dumps(tree).encode(), tree)

validators = {"scenario": validator("scenarios/scenario.schema.json"),
              "board": validator("scenarios/boards/board.schema.json")}
boards = [path for path in sorted(glob.glob("scenarios/boards/*.json")) if ".schema." not in path]
# Rounds: how many copies of each kind. Two kinds of three are tried on one scenario, others on the next.
files = [(path, "board", 4) for path in boards] + [("tests/data/every_word.json", "scenario", 8)]
files += [(path, "scenario", 1) for path in sorted(glob.glob("scenarios/*/*.json"))
          if os.path.dirname(path) != "scenarios/boards"]
shutil.copytree("scenarios/boards", work + "/s/boards")
os.mkdir(work + "/s/theme")
cases = {}
for number, (path, what, rounds) in enumerate(files):
    with open(path, "rb") as file:
        text = file.read()
    for turn, kind in enumerate(KINDS * rounds):
        if rounds == 1 and (number + turn) % 3 == 0:
            continue
        copy = copy_of(random.Random("%s %d" % (path, turn)), kind, text)
        if copy is None or copy[1] == text:
            continue
        name = "%s/%s/case%04d.json" % (work, "s/boards" if what == "board" else "s/theme", len(cases))
        with open(name, "wb") as file:
            file.write(copy[1])
        cases[name] = Case(path, kind, copy[0], copy[2],
                           copy[2] is not None and validators[what].is_valid(copy[2]))

# ---- what the loader says of them

said, crashes, nowhere = {name: [] for name in cases}, [], []

def check(names):
    run = subprocess.run([postern, "check", "--quiet"] + names, capture_output=True)
    stderr = run.stderr.decode("utf-8", "replace")
    if run.returncode not in (0, 2) or "Sanitizer" in stderr or "runtime error" in stderr:
        if len(names) > 1:  # which of them is it?
            for name in names:
                check([name])
        else:
            crashes.append("%s: exit code %d: %s" % (names[0], run.returncode, stderr[-2000:]))
        return
    for line in stderr.splitlines():
        match = re.match(r"(.*/case\d+\.json):(\d+):(\d+): error: ((/\S*: )?.*)", line)
        case = match and cases.get(match.group(1))
        if case:
            said[match.group(1)].append(match.group(4))
            with open(match.group(1), "rb") as file:
                if int(match.group(2)) > file.read().count(b"\n") + 1 or int(match.group(3)) < 1:
                    nowhere.append("no such line: " + line)
        if not case or case.is_json and not match.group(5):
            nowhere.append(line)
    refused = [name for name in names if said[name]]
    if (run.returncode == 2) != bool(refused):
        nowhere.append("exit code %d, %d refused" % (run.returncode, len(refused)))

names = list(cases)
for first in range(0, len(names), BATCH):
    check(names[first:first + BATCH])

differ = []
for name, case in cases.items():
    complaints = said[name]
    unknown = [text for text in complaints if not SEMANTIC.search(text)]
    if case.valid and unknown:
        what = "the schema takes it, the loader says " + unknown[0]
    elif not case.valid and not complaints:
        what = "the loader takes it, %s" % ("the schema does not" if case.is_json else "it is no JSON")
    else:
        continue
    differ.append("%s, %s at %s: %s" % (case.source, case.kind, case.place, what))

def claim(sentence, wrong):
    print(("not ok - " if wrong else "ok - ") + sentence)
    for line in wrong[:40]:
        print("# " + line)

taken = sum(not complaints for complaints in said.values())
few = ["%s: %d copies, %d refused" % (kind, len(of), sum(bool(said[name]) for name in of))
       for kind, of in ((kind, [name for name in names if cases[name].kind == kind]) for kind in KINDS)
       if len(of) < 50 or 4 * sum(bool(said[name]) for name in of) < len(of)]
left_out = [path for path, _, _ in files if path not in {case.source for case in cases.values()}]
claim("no broken scenario or board crashes the loader", crashes)
claim("each refusal says where", nowhere)
claim("schemas and loader agree on broken scenarios and boards", differ)
claim("there are 1,000 of them, of every file and of every kind, most of them refused",
      few + left_out + (["%d copies" % len(cases)] if len(cases) < 1000 else []))
print("# %d copies of %d files: %d refused, %d taken" % (len(cases), len(files), len(cases) - taken, taken))
END
