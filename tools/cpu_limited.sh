#!/bin/bash
# cpu_limited.sh SECONDS USED COMMAND...: runs a fuzzer of libFuzzer until it has used its seconds of
# CPU, or ends before; 0: no limit. libFuzzer's own limit is of time, and others use the processor,
# too. The seconds that it has used are written to the file USED.
#
# At the limit it is asked to end (SIGUSR1): it then says its figures, and its exit code is 0. So
# any other code is a find, as it is without a limit. Exit: the command's code.
set -u

seconds=$1 used=$2
shift 2

# watch PID
watch() {
    local stat ticks
    ticks=$(($(getconf CLK_TCK) * seconds))
    while read -r stat 2>/dev/null <"/proc/$1/stat"; do
        # shellcheck disable=SC2086 # words: the 14th and 15th are user's and system's time
        set -- "$1" $stat
        if [ $((${15} + ${16})) -ge $ticks ]; then
            kill -USR1 "$1"
            return
        fi
        sleep 0.2
    done
}

"$@" &
fuzzer=$!
[ "$seconds" = 0 ] || (watch $fuzzer >/dev/null 2>&1 &) # no child of ours: its time does not count
wait $fuzzer
code=$?
# The second line is of children that have ended, which is this one alone: "9m59.8s 0m0.4s".
times >"$used"
spent=$(awk -F '[ms ]+' 'NR == 2 {
    spent = $1 * 60 + $2 + $3 * 60 + $4
    printf spent < 1 ? "%.2f" : "%.1f", spent
}' "$used")
echo "$spent" >"$used"
exit $code
