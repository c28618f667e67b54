#!/bin/sh
# install.sh PROGRAM [WINDOW]   puts the program and what belongs to it below $DESTDIR$PREFIX
# install.sh --remove   takes it away again
#
#   bin/postern                                     the program: it finds its scenarios beside bin/
#   bin/postern-view                                its window, where that was built
#   share/postern/scenarios/                        scenarios, boards, both schemas, README.md, coverage.txt
#   share/man/man1/postern.1                        printed by the program itself
#   share/bash-completion/completions/postern       likewise
#   share/pkgconfig/postern.pc                      version, and where the scenarios and schemas are
#
# Environment: PREFIX, DESTDIR; PKGCONFIGDIR, MANDIR, COMPLETIONDIR if they are elsewhere.
set -eu

prefix=${PREFIX:-/usr/local}
case $prefix in
/*) ;;
*)
    echo "install.sh: PREFIX=$prefix: want an absolute path" >&2
    exit 2
    ;;
esac
bin=$prefix/bin
data=$prefix/share/postern
man=${MANDIR:-$prefix/share/man}/man1
completion=${COMPLETIONDIR:-$prefix/share/bash-completion/completions}
pkgconfig=${PKGCONFIGDIR:-$prefix/share/pkgconfig}
root=${DESTDIR:-}

if [ "${1:-}" = --remove ]; then
    rm -f "$root$bin/postern" "$root$bin/postern-view" "$root$man/postern.1" "$root$completion/postern" \
        "$root$pkgconfig/postern.pc"
    rm -rf "$root$data"
    exit
fi
program=${1:?want the program}
window=${2:-}

install -d "$root$bin" "$root$data" "$root$man" "$root$completion" "$root$pkgconfig"
# What an older version had and this one has not must not stay.
rm -rf "$root$data/scenarios"
find scenarios -type f \( -name '*.json' -o -name '*.md' -o -name coverage.txt \) | while read -r file; do
    install -d "$root$data/$(dirname "$file")"
    install -m 644 "$file" "$root$data/$file"
done
install -m 755 "$program" "$root$bin/postern"
[ -z "$window" ] || install -m 755 "$window" "$root$bin/postern-view"

# write FILE COMMAND...: its output, or nothing at all.
write() {
    file=$1
    shift
    "$@" >"$file.new"
    chmod 644 "$file.new"
    mv "$file.new" "$file"
}
write "$root$man/postern.1" "$program" man
write "$root$completion/postern" "$program" completion bash
version=$("$program" --version)
write "$root$pkgconfig/postern.pc" cat <<PC
prefix=$prefix
datadir=\${prefix}/share/postern
scenarios=\${datadir}/scenarios
scenario_schema=\${scenarios}/scenario.schema.json
board_schema=\${scenarios}/boards/board.schema.json
trace_schema=\${scenarios}/trace.schema.json

Name: postern
Description: Simulator and test harness for device passthrough: the program and its scenarios
Version: ${version#postern }
PC
echo "installed below $root$prefix"
