# shellcheck shell=sh
# support.sh: what the shell tests share; each sources it from the project's root and speaks TAP.
#
#   claim SENTENCE COMMAND...   the command succeeds; what it printed is shown if not
#   want_runner                 $root and $postern, the runner by its full path; ends if it is missing

claim() {
    sentence=$1
    shift
    if output=$("$@" 2>&1); then
        echo "ok - $sentence"
    else
        echo "not ok - $sentence: $*"
        printf '%s\n' "$output"
    fi
}

# shellcheck disable=SC2034 # for those who source this
want_runner() {
    root=$(pwd)
    postern=${POSTERN:-build/postern}
    case $postern in
    /*) ;;
    *) postern=$root/$postern ;;
    esac
    [ -x "$postern" ] && return
    echo "not ok - the runner is there: $postern"
    exit 1
}
