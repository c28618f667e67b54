#!/bin/bash
# fuzz.sh long TARGET SECONDS [OPTION...]   fuzzes one target; OPTIONs are libFuzzer's
# fuzz.sh smoke TARGET...                   each for a moment, always the same: fixed seed and count
# fuzz.sh options|seeds TARGET, dictionary  what the first two use, for other engines (fuzz/build.sh)
#
# Starts from fuzz/corpus/TARGET and fuzz/regress/TARGET, and for texts from the tree's own files.
# What a long run learns is kept in $BUILD/fuzz/corpus-TARGET; what it finds, in
# $BUILD/fuzz/found-TARGET-...: the last lines say how to play that again, and how to read it.
# Exit: 0 nothing was found; 1 something was; 2 bad usage.
# Environment: BUILD, where `make fuzz` has put its programs; CPU_SECONDS, after which a long run
# ends, or before (SECONDS 0: only then).
set -u
: "${BUILD:=build-fuzz}"
: "${CPU_SECONDS:=0}"
export BUILD

SMOKE_SECONDS=10 # at most, of one target; on a slow machine it makes fewer runs
TIMEOUT=60       # of one input: it takes milliseconds, and more would be a run without end

# shellcheck disable=SC2012 # no newlines in those names
targets() {
    ls fuzz/fuzz_*.c | sed 's|fuzz/fuzz_||; s|\.c$||' | tr '\n' ' '
}

# options_of TARGET: its own; 64 operations are enough of a tape, texts are as long as scenarios.
options_of() {
    case $1 in
    scenario | board) echo "-max_len=8192 -dict=$BUILD/fuzz/json.dict" ;;
    *) echo '-max_len=512 -detect_leaks=0' ;; # they take memory once, and for good
    esac
}

seeds_of() {
    for folder in "fuzz/corpus/$1" "fuzz/regress/$1"; do
        [ ! -d "$folder" ] || echo "$folder"
    done
    case $1 in
    scenario) find scenarios -mindepth 1 -maxdepth 1 -type d ! -name boards | sort ;;
    board) echo scenarios/boards ;;
    esac
}

# runs_of TARGET: inputs of a smoke run: what takes some 5 s of one 3 GHz processor.
runs_of() {
    case $1 in
    ble) echo 6000 ;;
    syscall) echo 30000 ;;
    filter) echo 20000 ;;
    start) echo 80000 ;;
    device) echo 8000 ;;
    mpu) echo 300000 ;;
    *) echo 15000 ;;
    esac
}

# Every word of the schemas: keys, and values that are words.
dictionary() {
    cat scenarios/scenario.schema.json scenarios/boards/board.schema.json |
        grep -oE '"[A-Za-z0-9_$.-]+"' | sort -u | sed 's/"\(.*\)"/"\\"\1\\""/'
}
make_dictionary() {
    dictionary >"$BUILD/fuzz/json.dict"
}

# name_next TARGET LOG INPUT: how people read it. What only a sanitizer saw, a sanitized runner sees.
name_next() {
    local postern=build/postern
    ! grep -qE 'runtime error:|AddressSanitizer' "$2" || postern='build-san/postern' # make SAN=1
    case $1 in
    scenario | board | start) ;;
    mpu) echo "in words: $postern fuzz decode $3 -o calls.txt" ;;
    *)
        echo "as a scenario: $postern fuzz decode $3 -o x.json"
        echo "made small:    $postern minimize $3 -o small.json"
        ;;
    esac
}

# fuzz TARGET CORPUS OPTION...
fuzz() {
    local name=$1 corpus=$2 log=$BUILD/fuzz/$1.log cpu=$BUILD/fuzz/$1.cpu options seeds
    shift 2
    mkdir -p "$corpus"
    options=$(options_of "$name")
    mapfile -t seeds < <(seeds_of "$name")
    # shellcheck disable=SC2086 # options are words
    tools/cpu_limited.sh "$CPU_SECONDS" "$cpu" "$BUILD/fuzz/fuzz_$name" $options \
        -print_final_stats=1 -timeout=$TIMEOUT -artifact_prefix="$BUILD/fuzz/found-$name-" "$@" "$corpus" "${seeds[@]}" >"$log" 2>&1 </dev/null
    local code=$?
    [ "$code" = 0 ] || tail -n 60 "$log"
    awk -v name="$name" -v code="$code" -v cpu="$(cat "$cpu")" '
        /^stat::number_of_executed_units/ { runs = $2 }
        /^stat::average_exec_per_sec/ { rate = $2 }
        /Test unit written to/ { found = $NF }
        END {
            printf "%-9s %d inputs, %d a second, %s s of CPU: %s\n", name, runs, rate, cpu,
                code ? "found something" : "nothing found"
            if (code && found) printf "again: %s %s\n", ENVIRON["BUILD"] "/fuzz/fuzz_" name, found
            if (code && found) print found >found_in
        }' found_in="$BUILD/fuzz/found.last" "$log"
    [ "$code" = 0 ] || name_next "$name" "$log" "$(cat "$BUILD/fuzz/found.last" 2>/dev/null)"
    [ "$code" = 0 ]
}

case ${1:-} in
long)
    [ $# -ge 3 ] || exec "$0"
    if [ ! -x "$BUILD/fuzz/fuzz_$2" ]; then
        echo "fuzz: no target \"$2\": want one of $(targets)" >&2
        exit 2
    fi
    make_dictionary
    fuzz "$2" "$BUILD/fuzz/corpus-$2" -max_total_time="$3" "${@:4}" || exit 1
    ;;
smoke)
    shift
    make_dictionary
    printf '%s\n' "$@" | xargs -P "$(nproc)" -I{} "$0" smoke_one {} || exit 1
    ;;
smoke_one)
    corpus=$(mktemp -d) || exit 1
    trap 'rm -rf "$corpus"' EXIT
    fuzz "$2" "$corpus" -seed=1 -runs="$(runs_of "$2")" -max_total_time=$SMOKE_SECONDS
    ;;
options) options_of "$2" ;;
seeds) seeds_of "$2" ;;
dictionary) dictionary ;;
*)
    echo "usage: fuzz.sh long TARGET SECONDS [OPTION...] | fuzz.sh smoke TARGET... |" >&2
    echo "       fuzz.sh options TARGET | fuzz.sh seeds TARGET | fuzz.sh dictionary" >&2
    exit 2
    ;;
esac
