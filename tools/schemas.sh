#!/bin/sh
# schemas.sh: checks every scenario and every board against its JSON schema (draft-07), with a
# validator that is not ours. Exit: 0 valid, or skipped since there is no validator; 1 not valid.
set -u

python=/usr/bin/python3 # Debian's: another python on the path has not got Debian's jsonschema
if ! $python -c 'import jsonschema' 2>/dev/null; then
    echo 'schemas: SKIPPED, python3-jsonschema is not installed'
    exit 0
fi

# validate NAME SCHEMA FILE...
validate() {
    name=$1 schema=$2
    shift 2
    if [ $# = 0 ]; then
        echo "schemas: SKIPPED, there are no $name yet"
        return 0
    fi
    if [ ! -f "$schema" ]; then
        echo "schemas: $schema is missing"
        return 1
    fi
    $python - "$schema" "$@" <<'END' && echo "schemas: $# $name agree with $schema"
import json, os, sys
from jsonschema import Draft7Validator, RefResolver

schema_path = sys.argv[1]
with open(schema_path, encoding="utf-8") as file:
    schema = json.load(file)
Draft7Validator.check_schema(schema)
base = "file://" + os.path.abspath(schema_path)
validator = Draft7Validator(schema, resolver=RefResolver(base, schema))
bad = 0
for path in sys.argv[2:]:
    with open(path, encoding="utf-8") as file:
        value = json.load(file)
    for error in sorted(validator.iter_errors(value), key=lambda e: list(map(str, e.absolute_path))):
        pointer = "".join("/" + str(part) for part in error.absolute_path)
        print(f"{path}: {pointer or '/'}: {error.message[:300]}")
        bad += 1
sys.exit(bad > 0)
END
}

# The schemas stand beside what they describe, or in scenarios/.
board_schema=$(find scenarios -name board.schema.json 2>/dev/null | head -n 1)
scenarios=$(find scenarios -name '*.json' ! -name '*.schema.json' ! -path '*/boards/*' 2>/dev/null | sort)
boards=$(find scenarios/boards -name '*.json' ! -name '*.schema.json' 2>/dev/null | sort)

exit_code=0
# File names are our own: no spaces in them.
# shellcheck disable=SC2086
validate scenarios scenarios/scenario.schema.json $scenarios || exit_code=1
# shellcheck disable=SC2086
validate boards "${board_schema:-scenarios/board.schema.json}" $boards || exit_code=1
exit $exit_code
