#!/bin/bash
# fuzz/build.sh: builds every target as OSS-Fuzz and ClusterFuzzLite ask for it; by hand, from any
# folder, with no variable set, for libFuzzer in build-out.
#
#   fuzz/fuzz_NAME.c --> $OUT/fuzz_NAME                 the program
#                        $OUT/fuzz_NAME_seed_corpus.zip fuzz/corpus/NAME, fuzz/regress/NAME and, for
#                                                       texts, the tree's own; same bytes each time
#                        $OUT/fuzz_NAME.options         libFuzzer's
#                        $OUT/fuzz_NAME.dict            for texts
#   scenarios/boards --> $OUT/scenarios/boards          which targets look for beside themselves
#   libcjson         --> $OUT/lib                       unless there is one to link statically
#
# Environment, all optional: CC, CFLAGS (compiled with), CXX, CXXFLAGS (linked with),
# LIB_FUZZING_ENGINE, OUT, WORK (objects), V=1 (show the commands). What is compiled, and with what
# flags of our own, the Makefile says.
# Two of the platform's flags are not used as they come: warnings are no errors, since compilers of
# another day have new ones; and libFuzzer's counters go into the kernel and the loader alone
# (Makefile, `guides`), where -fsanitize=fuzzer-no-link would slow the simulator down six times.
# Exit: 0; 1 something could not be built.
# Source: google.github.io/oss-fuzz, "New project guide", sections "build.sh", "Seed Corpus".
set -eu

cd "$(dirname "$0")/.."
: "${CC:=clang}" "${CXX:=clang++}"
: "${CFLAGS=-g -O1 -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all}"
: "${CXXFLAGS=$CFLAGS}"
: "${LIB_FUZZING_ENGINE=-fsanitize=fuzzer}"
: "${OUT:=$PWD/build-out}" "${WORK:=$PWD/build-out-work}"
export CC CXX
mkdir -p "$OUT" "$WORK"
OUT=$(cd "$OUT" && pwd)
WORK=$(cd "$WORK" && pwd)

# Some engines ask for the target weakly, and a weak wish takes nothing out of an archive.
make_arguments=(BUILD="$WORK/postern" SAN= OPT=-O2 ENGINE="$LIB_FUZZING_ENGINE"
    "FUZZ_LINK=$CXX $CXXFLAGS -Wl,-u,LLVMFuzzerTestOneInput -Wl,-rpath,\\\$\$ORIGIN/lib")
case $LIB_FUZZING_ENGINE in
-fsanitize=fuzzer) CFLAGS=${CFLAGS//-fsanitize=fuzzer-no-link/} ;;
*) make_arguments+=(GUIDE=) ;;
esac
case $CFLAGS in
*-fcoverage-mapping*) make_arguments+=(prefix_map=) ;; # reports look for sources at their full paths
esac
CFLAGS="$CFLAGS -Wno-error"
export CFLAGS

# links FLAG...: can a program be linked so?
links() {
    # shellcheck disable=SC2086 # flags are words
    echo 'int main(void) { return 0; }' |
        $CC $CFLAGS -x c - -o "$WORK/probe" "$@" 2>/dev/null
}

# Where fuzzers run, no package of ours is installed.
take_cjson() {
    local library
    if links -l:libcjson.a; then
        make_arguments+=(cjson=-l:libcjson.a)
        return
    fi
    library=$($CC -print-file-name=libcjson.so.1)
    mkdir -p "$OUT/lib"
    cp -L "$library" "$OUT/lib/libcjson.so.1"
}

# AFL++ counts where it is told to: the same files that guide libFuzzer.
guide_afl() {
    make --no-print-directory -s "${make_arguments[@]}" _guides >"$WORK/guides"
    export AFL_LLVM_ALLOWLIST=$WORK/guides
}

# put_options NAME: what tools/fuzz.sh runs it with, as a section for libFuzzer.
put_options() {
    local option
    echo '[libfuzzer]'
    # shellcheck disable=SC2046 # words are meant
    for option in $(tools/fuzz.sh options "$1"); do
        case $option in
        -dict=*) echo "dict = fuzz_$1.dict" ;;
        *)
            option=${option#-}
            echo "${option%%=*} = ${option#*=}"
            ;;
        esac
    done
}

# zip keeps times and their order in the folder: all are the same day, in order of their names.
put_seeds() {
    local seeds=$WORK/seeds archive=$OUT/fuzz_$1_seed_corpus.zip folder file
    rm -rf "$seeds" "$archive"
    mkdir -p "$seeds"
    tools/fuzz.sh seeds "$1" | while IFS= read -r folder; do
        for file in "$folder"/*; do
            [ ! -f "$file" ] || cp "$file" "$seeds/${folder//\//-}-${file##*/}"
        done
    done
    (cd "$seeds" && TZ=UTC find . -type f -exec touch -d 2000-01-01 {} + -exec chmod 644 {} + &&
        find . -type f -printf '%P\n' | LC_ALL=C sort |
        if command -v zip >/dev/null; then
            TZ=UTC zip -X -q -@ "$archive"
        else
            echo 'fuzz/build.sh: no zip here: python3 packs the seeds' >&2
            python3 -c 'import sys, zipfile
with zipfile.ZipFile(sys.argv[1], "w", zipfile.ZIP_DEFLATED) as archive:
    for name in sys.stdin.read().split():
        entry = zipfile.ZipInfo(name, (2000, 1, 1, 0, 0, 0))
        archive.writestr(entry, open(name, "rb").read(), zipfile.ZIP_DEFLATED)' "$archive"
        fi)
}

take_cjson
case $CC in
*afl*) guide_afl ;;
esac
make -j"$(nproc)" --no-print-directory "${make_arguments[@]}" _fuzz

mkdir -p "$OUT/scenarios/boards"
cp scenarios/boards/*.json "$OUT/scenarios/boards/"
for source in fuzz/fuzz_*.c; do
    name=$(basename "$source" .c)
    name=${name#fuzz_}
    cp "$WORK/postern/fuzz/fuzz_$name" "$OUT/"
    put_options "$name" >"$OUT/fuzz_$name.options"
    if grep -q '^dict' "$OUT/fuzz_$name.options"; then
        tools/fuzz.sh dictionary >"$OUT/fuzz_$name.dict"
    fi
    put_seeds "$name"
done
