#!/bin/sh
# determinism.sh [PATH...]: builds four variants, runs the scenarios (default: all) in each and
# compares the trace hashes. Same scenario and seed, same trace: whatever compiled it.
# Exit: 0 all hashes agree; 1 they differ; 3 a variant did not build or did not run.
# Environment: MAKE, BUILD (the folders are $BUILD, $BUILD-O0, ...).
set -u

make=${MAKE:-make}
build=${BUILD:-build}

# One variant a line: what its folder ends with, then the arguments of make.
variants=' CC=gcc OPT=-O2
-O0 CC=gcc OPT=-O0
-clang CC=clang OPT=-O2
-san CC=gcc SAN=1 OPT=-O1'

# hashes FILE: one line "trace_hash id" for each result, whatever the order of the keys.
hashes() {
    awk '{
        id = hash = ""
        if (match($0, /"id" *: *"([^"\\]|\\.)*"/)) id = substr($0, RSTART, RLENGTH)
        if (match($0, /"trace_hash" *: *"?[0-9a-fA-Fx]+/)) hash = substr($0, RSTART, RLENGTH)
        sub(/.*: *"?/, "", hash)
        sub(/^"id" *: */, "", id)
        if (id != "" && hash != "") print hash, id
    }' "$1"
}

# run_variant SUFFIX MAKE-ARGUMENT...
run_variant() {
    folder=$build$1
    shift
    # Variables of the make that called us must not leak into this variant.
    if ! env -u SAN -u CC -u OPT -u BUILD -u MAKEFLAGS -u MAKEOVERRIDES "$make" --no-print-directory \
        -s -j"$(nproc)" BUILD="$folder" "$@" _all >&2; then
        echo "determinism: make $* did not build" >&2
        return 3
    fi
    # shellcheck disable=SC2086
    "$folder/postern" run --format json $paths >"$folder/results.jsonl"
    code=$?
    if [ $code -ge 3 ] && [ $code -ne 5 ]; then
        echo "determinism: $folder/postern run ended with exit code $code" >&2
        return 3
    fi
    hashes "$folder/results.jsonl" >"$folder/hashes"
    if [ ! -s "$folder/hashes" ]; then
        echo "determinism: $folder/postern run gave no trace hash" >&2
        return 3
    fi
}

paths=$*
exit_code=0
echo "$variants" | {
    while IFS= read -r line; do
        suffix=${line%% *}
        # shellcheck disable=SC2086
        run_variant "$suffix" ${line#* } || exit 3
        if ! diff "$build/hashes" "$build$suffix/hashes" >"$build$suffix/hashes.diff"; then
            echo "determinism: $build and $build$suffix differ (trace hash, scenario):"
            cat "$build$suffix/hashes.diff"
            exit_code=1
        fi
    done
    [ $exit_code != 0 ] ||
        echo "determinism: $(wc -l <"$build/hashes") trace hashes are the same in 4 variants"
    exit $exit_code
}
