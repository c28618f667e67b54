#!/bin/bash
# fuzz.sh long TARGET SECONDS [OPTION...]   fuzzes one target; OPTIONs are libFuzzer's
# fuzz.sh smoke TARGET...                   each for a moment, the same inputs on every machine: seed,
#                                           count and the order of the seeds are fixed
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

SMOKE_SECONDS=120 # a guard, of one target; who meets it tries fewer inputs, and says so
TIMEOUT=60        # of one input: it takes milliseconds, and more would be a run without end

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
    leaks) echo 3000 ;;
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

# list_seeds TARGET FILE: the seeds' files as libFuzzer's -seed_inputs wants them, in one order:
# of a folder it takes them as the disk gives them, which is another order in each clone. Empty
# files are left out, as it does itself. Prints how many there are.
list_seeds() {
    local folders
    mapfile -t folders < <(seeds_of "$1")
    find "${folders[@]}" -type f ! -name '.*' -size +0c | LC_ALL=C sort | paste -sd, | tr -d '\n' >"$2"
    tr ',' '\n' <"$2" | grep -c .
}

# all_played LOG COUNT: they were, before the first of its own making.
all_played() {
    awk -v want="$2" '/^INFO: seed corpus: files: / { files = $5 }
        /INITED/ { played = substr($1, 2) + 0 }
        END { exit !(files == want + 0 && played > want + 0) }' "$1" && return
    echo "fuzz: not all of the $2 seeds were played: see $1" >&2
    return 1
}

# fuzz TARGET OPTION|CORPUS...
fuzz() {
    local name=$1 log=$BUILD/fuzz/$1.log cpu=$BUILD/fuzz/$1.cpu options
    shift
    options=$(options_of "$name")
    # shellcheck disable=SC2086 # options are words
    tools/cpu_limited.sh "$CPU_SECONDS" "$cpu" "$BUILD/fuzz/fuzz_$name" $options \
        -print_final_stats=1 -timeout=$TIMEOUT -artifact_prefix="$BUILD/fuzz/found-$name-" "$@" \
        >"$log" 2>&1 </dev/null
    local code=$?
    [ "$code" = 0 ] || tail -n 60 "$log"
    awk -v name="$name" -v code="$code" -v cpu="$(cat "$cpu")" \
        -v wanted="$(printf '%s\n' "$@" | sed -n 's/^-runs=//p')" '
        /^stat::number_of_executed_units/ { runs = $2 }
        /^stat::average_exec_per_sec/ { rate = $2 }
        /Test unit written to/ { found = $NF }
        END {
            printf "%-9s %d inputs, %d a second, %s s of CPU: %s\n", name, runs, rate, cpu,
                code ? "found something" : "nothing found"
            if (!code && runs < wanted) printf "%-9s ended by the clock, of %d inputs\n", name, wanted
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
    mapfile -t seeds < <(seeds_of "$2")
    mkdir -p "$BUILD/fuzz/corpus-$2"
    fuzz "$2" -max_total_time="$3" "${@:4}" "$BUILD/fuzz/corpus-$2" "${seeds[@]}" || exit 1
    ;;
smoke)
    shift
    make_dictionary
    printf '%s\n' "$@" | xargs -P "$(nproc)" -I{} "$0" smoke_one {} || exit 1
    ;;
smoke_one)
    list=$BUILD/fuzz/$2.seeds
    count=$(list_seeds "$2" "$list")
    # No folder of its own: what it would read of that again, by the clock, is another reason to differ.
    fuzz "$2" -seed=1 -runs="$(runs_of "$2")" -max_total_time=$SMOKE_SECONDS -reload=0 \
        -seed_inputs="@$list" || exit 1
    all_played "$BUILD/fuzz/$2.log" "$count"
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
