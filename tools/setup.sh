#!/bin/sh
# setup.sh [build|view|test|dev]: finds what is missing on this machine and installs it with apt.
#
#   build  what `make run` needs (the default)   test  and `make test`   dev  and everything else
#   view   what `make view` needs: build, and SDL2 for the window
#
# Each thing is looked for by use (is the command there, does the header compile, does the library
# link), never by its package's name; with nothing missing no package tool is started. When it may
# not install (no root and no sudo, NO_INSTALL=1, another system), it says the one line to type.
# Exit: 0 nothing is missing any more; 1 something is.
# Source of the package names: Debian 12.
set -u

level=${1:-build}
case $level in
build | view | test | dev) ;;
*)
    echo "setup.sh: unknown level \"$level\": want build, view, test or dev" >&2
    exit 2
    ;;
esac
cc=${CC:-gcc}
case ${cc##*/} in
cc | gcc) cc_package=gcc ;;
*) cc_package=${cc##*/} ;; # clang, gcc-13, clang-14: the package has the command's name
esac
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

# want PACKAGE COMMAND...: the package is missing unless the command succeeds.
want() {
    package=$1
    shift
    "$@" >/dev/null 2>&1 || missing="$missing $package"
}

# links SOURCE FLAG...: does this program link? $cc may be two words, such as "ccache gcc".
links() {
    source=$1
    shift
    # shellcheck disable=SC2086
    echo "$source" | $cc -x c - -o "$work/probe" "$@"
}

clang_has_sanitizers() {
    ls "$(clang -print-runtime-dir)"/libclang_rt.asan*
}

python_has_jsonschema() {
    /usr/bin/python3 -c 'import jsonschema'
}

python_has_cryptography() {
    /usr/bin/python3 -c 'import cryptography'
}

look_for_build() {
    want make command -v make
    # shellcheck disable=SC2086
    want "$cc_package" command -v $cc
    if links '#include <stdio.h>
#include <cjson/cJSON.h>
#include <stb/stb_image_write.h>
#include <stb/stb_truetype.h>
int main(void) { return cJSON_Version() == 0; }' -lcjson >/dev/null 2>&1; then
        return
    fi
    # One of them; when the compiler itself is missing, none can be told apart: take all.
    want libc6-dev links '#include <stdio.h>
int main(void) { return puts(""); }'
    want libcjson-dev links 'int cJSON_Version(void);
int main(void) { return 0; }' -include cjson/cJSON.h -lcjson
    want libstb-dev links 'int main(void) { return 0; }' \
        -include stb/stb_image_write.h -include stb/stb_truetype.h -fsyntax-only
}

# Any of those that `postern map --png` finds by itself (tools/view/font.c).
has_font() {
    find /usr/share/fonts /Library/Fonts \( -name DejaVuSansMono.ttf -o -name LiberationMono-Regular.ttf \) \
        2>/dev/null | grep -q .
}

look_for_view() {
    want pkg-config command -v pkg-config
    want libsdl2-dev pkg-config --exists sdl2
    want fonts-dejavu-core has_font
}

look_for_test() {
    want pkg-config command -v pkg-config
    want check links 'int main(void) { return 0; }' -include check.h -fsyntax-only
    want fonts-dejavu-core has_font
}

look_for_dev() {
    for tool in clang clang-format clang-tidy cppcheck shellcheck gcovr git; do
        want "$tool" command -v "$tool"
    done
    want libclang-rt-dev clang_has_sanitizers
    want universal-ctags sh -c 'ctags --version | grep -q Universal'
    want python3-jsonschema python_has_jsonschema
    # Readers of what we write; without them tests say what they skip. vcd2fst (its package: gtkwave)
    # and tshark are not asked for: they bring a desktop's libraries, 125 MB of a network's, along.
    want perl command -v prove
    want libxml2-utils command -v xmllint
    want python3-cryptography python_has_cryptography
    look_for_view
    want xvfb command -v Xvfb
    want xauth command -v xauth
    want xdotool command -v xdotool
}

look() {
    missing=
    look_for_build
    case $level in
    build) ;;
    view) look_for_view ;;
    *) look_for_test ;;
    esac
    [ "$level" != dev ] || look_for_dev
    missing=${missing# }
}

# give_up WHY: what a person can do about it.
give_up() {
    echo "setup.sh: missing: $missing" >&2
    echo "setup.sh: $1" >&2
    if command -v apt-get >/dev/null 2>&1; then
        echo "as root:  apt-get update && apt-get install -y --no-install-recommends $missing" >&2
    else
        echo "those are the Debian packages; Fedora: dnf install gcc make pkgconf cjson-devel stb-devel check-devel" >&2
        echo "                               macOS:  brew install make pkg-config cjson check" >&2
    fi
    exit 1
}

become_root() {
    if [ "$(id -u)" = 0 ]; then
        as_root=
    elif sudo -n true 2>/dev/null || { command -v sudo >/dev/null 2>&1 && [ -t 0 ]; }; then
        as_root=sudo
    else
        give_up "this needs root, and sudo cannot be asked"
    fi
}

apt_install() {
    # shellcheck disable=SC2086
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get -y -o DPkg::Lock::Timeout=300 \
        install --no-install-recommends $missing
}

install_missing() {
    [ -z "${NO_INSTALL:-}" ] || give_up "NO_INSTALL is set: nothing was installed"
    command -v apt-get >/dev/null 2>&1 || give_up "there is no apt-get here"
    become_root
    echo "setup.sh: installing $missing" >&2
    log=$work/apt.log
    # The package lists may be empty or old: only then are they fetched.
    if ! apt_install >"$log" 2>&1 </dev/null &&
        ! { $as_root apt-get -o DPkg::Lock::Timeout=300 update && apt_install; } >>"$log" 2>&1 </dev/null; then
        tail -n 20 "$log" >&2
        give_up "apt-get failed (its last lines are above); is there a network?"
    fi
}

look
[ -n "$missing" ] || exit 0
install_missing
look
[ -z "$missing" ] || give_up "still not found after an installation that said it went well"
