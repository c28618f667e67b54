#!/bin/sh
# fuzz/build.sh in a clean copy of the tree, called as OSS-Fuzz calls it; what it has built plays its
# seeds in a folder where nothing of the tree is. Speaks TAP.
#
#   FUZZ_BUILT=replay (the default)  gcc, -O0, fuzz/main_replay.c as the engine: some seconds, for
#                                    `make test`, and there in the plain build alone
#   FUZZ_BUILT=all                   libFuzzer with ASan and UBSan, and AFL++'s driver where there
#                                    is one: `make fuzz-build`, some minutes
# Environment: BUILD, FUZZ_BUILT.
set -u
. tests/support.sh

built=${FUZZ_BUILT:-replay}
if [ "$built" = replay ] && [ "${BUILD:-build}" != build ]; then
    claim 'fuzz/build.sh is a script that bash reads; it builds for itself, so once is enough' \
        bash -n fuzz/build.sh
    exit
fi
skips python3 'targets are built by fuzz/build.sh and play their seeds' && exit
work=$(mktemp -d) || exit 3
trap 'rm -rf "$work"' EXIT
mkdir "$work/copy" "$work/elsewhere"
cp -R Makefile model sim devices tools fuzz scenarios tests "$work/copy" || exit 3
targets=$(for source in fuzz/fuzz_*.c; do basename "$source" .c; done)

# builds ENGINE NAME=VALUE...: into $work/out-ENGINE.
builds() {
    engine=$1
    shift
    (cd "$work/copy" && env "$@" OUT="$work/out-$engine" WORK="$work/work-$engine" fuzz/build.sh) \
        >"$work/log" 2>&1 && return
    tail -n 30 "$work/log"
    return 1
}

is_complete() {
    for target in $targets; do
        for end in '' .options _seed_corpus.zip; do
            [ -s "$1/$target$end" ] || {
                echo "there is no $target$end"
                return 1
            }
        done
    done
    # OSS-Fuzz takes each program in the folder's top for a target.
    find "$1" -maxdepth 1 -type f -perm -u+x -printf '%f\n' | sort >"$work/programs"
    printf '%s\n' "$targets" | sort | diff - "$work/programs"
}

# plays OUT TARGET OPTION...: all of the target's seeds.
plays() {
    seeds=$work/seeds-$2
    rm -rf "$seeds"
    mkdir "$seeds"
    python3 -m zipfile -e "$1/$2_seed_corpus.zip" "$seeds" || return
    out=$1 target=$2
    shift 2
    (cd "$work/elsewhere" && timeout 250 "$out/$target" "$@" "$seeds"/*) >"$work/log" 2>&1 && return
    tail -n 20 "$work/log"
    return 1
}

# judge ENGINE OPTION...: what `builds` left.
judge() {
    engine=$1 out=$work/out-$1
    shift
    claim "$engine: each target is there with options and seeds, and no other program" is_complete "$out"
    for target in $targets; do
        claim "$engine: $target plays its seeds far from the tree" plays "$out" "$target" "$@"
    done
    claim "$engine: no file of the tree is needed but the boards beside the program" \
        test -z "$(find "$work/elsewhere" -type f)"
}

has_the_same_seeds_again() {
    cp "$work/out-$1"/*.zip "$work/elsewhere" || return
    sleep 2 # zip's seconds are two
    find "$work/copy/fuzz" "$work/copy/scenarios" -type f -exec touch {} +
    builds "$@" || return
    for archive in "$work/elsewhere"/*.zip; do
        cmp "$archive" "$work/out-$1/$(basename "$archive")" || return
    done
    rm "$work/elsewhere"/*.zip
}

case $built in
replay)
    gcc -std=c11 -I. -c fuzz/main_replay.c -o "$work/replay.o" || exit 3
    set -- CC=gcc CXX=gcc CFLAGS=-O0 CXXFLAGS= LIB_FUZZING_ENGINE="$work/replay.o"
    claim 'replay: all targets are built' builds replay "$@"
    judge replay
    ;;
all)
    set -- -u CC -u CXX -u CFLAGS -u CXXFLAGS -u LIB_FUZZING_ENGINE
    claim 'libFuzzer: all targets are built with nothing said' builds libFuzzer "$@"
    judge libFuzzer -runs=1
    claim 'libFuzzer: the same seeds are packed to the same bytes' has_the_same_seeds_again libFuzzer "$@"
    if ! skips afl-clang-fast 'AFL++: all targets are built'; then
        set -- CC=afl-clang-fast CXX=afl-clang-fast++ LIB_FUZZING_ENGINE=/usr/lib/afl/libAFLDriver.a
        claim 'AFL++: all targets are built' builds AFL++ "$@"
        judge AFL++
    fi
    ;;
*)
    echo "not ok - FUZZ_BUILT=$built: want replay or all"
    ;;
esac
