#!/bin/sh
# The house itself: what the Makefile, the set-up and the test runner promise. Speaks TAP.
# Environment: MAKE.
set -u
. tests/support.sh

# Nothing here asks what was built, so once is enough.
if [ "${BUILD:-build}" != build ]; then
    claim 'tools/run_tests is a script that bash reads; the plain build tries the house' \
        bash -n tools/run_tests
    exit
fi
work=$(mktemp -d) || exit 3
trap 'rm -rf "$work"' EXIT

# A PATH with a few tools of the base system, no compiler, and an apt-get that tells when called.
bare=$work/bare
mkdir "$bare"
for tool in sh mktemp rm id uname ls env tail cat grep; do
    ln -s "$(command -v $tool)" "$bare/$tool"
done
printf '#!/bin/sh\necho "$*" >>%s/apt-calls\nexit 1\n' "$work" >"$bare/apt-get"
chmod +x "$bare/apt-get"

help_lists_every_target() {
    help=$("${MAKE:-make}" --no-print-directory help)
    # shellcheck disable=SC2013 # words are meant
    for target in $(sed -n 's/^\.PHONY://p' Makefile); do
        case $target in
        _* | FORCE) continue ;;
        esac
        printf '%s\n' "$help" | grep -q "^  make $target " || {
            echo "make help does not list $target"
            return 1
        }
    done
}

setup_says_the_line_to_type() {
    output=$(env -u CC PATH="$bare" NO_INSTALL=1 sh tools/setup.sh build 2>&1)
    [ $? = 1 ] || return 1
    printf '%s\n' "$output"
    printf '%s\n' "$output" | grep -q 'apt-get install -y .*make gcc libc6-dev libcjson-dev libstb-dev$' &&
        [ ! -e "$work/apt-calls" ]
}

setup_shows_why_apt_failed() {
    printf '#!/bin/sh\necho "no network: $*"\nexit 100\n' >"$bare/apt-get"
    output=$(env -u CC -u NO_INSTALL PATH="$bare" sh tools/setup.sh build 2>&1 </dev/null)
    [ $? = 1 ] || return 1
    printf '%s\n' "$output"
    [ "$(id -u)" != 0 ] || printf '%s\n' "$output" | grep -q '^no network: ' || return 1
    printf '%s\n' "$output" | grep -q 'missing: make gcc libc6-dev libcjson-dev libstb-dev$'
}

setup_starts_no_package_tool_when_all_is_there() {
    mkdir "$work/spy"
    printf '#!/bin/sh\ntouch %s/spied\nexit 1\n' "$work" >"$work/spy/apt-get"
    cp "$work/spy/apt-get" "$work/spy/sudo"
    chmod +x "$work/spy/"*
    PATH="$work/spy:$PATH" sh tools/setup.sh test && [ ! -e "$work/spied" ]
}

a_dry_run_installs_nothing() {
    (PATH="$work/spy:$PATH" CC=no-such-compiler "${MAKE:-make}" -n run) >/dev/null 2>&1
    [ ! -e "$work/spied" ]
}

# runner_says LAST-LINE EXIT-CODE TEXT: a test program that prints TEXT.
runner_says() {
    printf '#!/bin/sh\ncat <<END\n%s\nEND\n%s\n' "$3" "${4:-}" >"$work/program"
    chmod +x "$work/program"
    output=$(BUILD="$work" tools/run_tests "$work/program")
    [ $? = "$2" ] || return 1
    printf '%s\n' "$output"
    [ "$(printf '%s\n' "$output" | tail -n 1)" = "$1" ]
}

claim 'make help lists every target for people' help_lists_every_target
claim 'set-up that may not install says the one line to type' setup_says_the_line_to_type
claim 'set-up that cannot install shows why and what is missing' setup_shows_why_apt_failed
claim 'set-up starts no package tool when all is there' setup_starts_no_package_tool_when_all_is_there
claim 'make -n installs nothing' a_dry_run_installs_nothing
claim "the runner adds up Check's summaries" runner_says '9 passed, 3 failed' 1 '66%: Checks: 6, Failures: 1, Errors: 1
83%: Checks: 6, Failures: 1, Errors: 0' 'exit 1'
claim 'the runner counts TAP, skips apart' runner_says '1 passed, 1 failed, 1 skipped' 1 'ok - a
not ok - b
ok - c # SKIP no c here'
claim 'a program that checks nothing has failed' runner_says '0 passed, 1 failed' 1 'hello'
claim 'a program that crashes after its summary has failed' runner_says '5 passed, 1 failed' 1 \
    '100%: Checks: 5, Failures: 0, Errors: 0' 'kill -SEGV $$'
echo 2 >"$work/built"
claim 'a build that failed is a failure' runner_says '5 passed, 1 failed' 1 \
    '100%: Checks: 5, Failures: 0, Errors: 0'
rm "$work/built"
claim 'all passed is exit code 0' runner_says '5 passed, 0 failed' 0 \
    '100%: Checks: 5, Failures: 0, Errors: 0'
