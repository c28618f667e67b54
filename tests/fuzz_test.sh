#!/bin/sh
# What fuzzers have found and learned is played again, with any compiler: fuzz/corpus and
# fuzz/regress, a folder for each target there. Speaks TAP. Environment: BUILD.
set -u
. tests/support.sh

work=$(mktemp -d) || exit 3
trap 'rm -rf "$work"' EXIT

# plays NAME KIND: all files of fuzz/KIND/NAME, and one at least.
plays() {
    "$BUILD/fuzz/fuzz_$1" "fuzz/$2/$1" >"$work/log" 2>&1
    code=$?
    tail -n 20 "$work/log"
    files=$(find "fuzz/$2/$1" -type f ! -name '.*' | wc -l)
    [ $code = 0 ] && [ "$files" -gt 0 ] && grep -qx "$files inputs were played" "$work/log"
}

for kind in corpus regress; do
    for folder in fuzz/"$kind"/*/; do
        [ -d "$folder" ] || continue
        name=$(basename "$folder")
        claim "every file of $folder is played, and nothing breaks" plays "$name" "$kind"
    done
done

each_target_has_a_corpus() {
    for source in fuzz/fuzz_*.c; do
        name=$(basename "$source" .c)
        [ -d "fuzz/corpus/${name#fuzz_}" ] || {
            echo "there is no fuzz/corpus/${name#fuzz_}"
            return 1
        }
    done
}
claim 'each target has a corpus' each_target_has_a_corpus

says_of() {
    printf '%s' "$2" >"$work/input"
    "$BUILD/fuzz/fuzz_$1" "$work/input" >"$work/log" 2>&1
}
claim 'a text that is none is refused with a place' says_of scenario '{"claim": 1'
claim 'no bytes are a tape' says_of syscall ''

# Each scenario whose apps have steps, as a tape of that target.
scenarios_are_seeds() {
    rm -rf "$work/seeds"
    mkdir "$work/seeds"
    "$BUILD/fuzz/seed" "$1" "$work/seeds" scenarios/passthrough/*.json scenarios/virtualization/*.json &&
        "$BUILD/fuzz/fuzz_$1" "$work/seeds" >"$work/log" 2>&1
    code=$?
    tail -n 20 "$work/log"
    [ $code = 0 ] && [ "$(find "$work/seeds" -type f | wc -l)" -gt 100 ]
}
claim 'scenarios are written as tapes, and break nothing as those either' scenarios_are_seeds syscall

seed_of_nothing() {
    "$BUILD/fuzz/seed" "$@" 2>&1
    [ $? = 2 ]
}
claim 'no tapes are made for a target of texts' \
    seed_of_nothing board "$work" scenarios/passthrough/devices_of_the_kernels_drivers_are_never_lent.json
claim 'what is no scenario is said' seed_of_nothing syscall "$work" Makefile

nothing_to_play() {
    "$BUILD/fuzz/fuzz_syscall" "$@" >"$work/log" 2>&1
    [ $? = 2 ]
}
claim 'a target that is given nothing says so' nothing_to_play
claim 'a file that is not there is said' nothing_to_play "$work/nowhere"
