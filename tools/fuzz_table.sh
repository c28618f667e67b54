#!/bin/bash
# fuzz_table.sh: the tables of fuzz/README.md's "What it finds, and what it cannot", as text for
# between its lines "<!-- planted -->" and "<!-- /planted -->".
#
#   fuzz/planted.tsv        of each bug of tests/mutants: name, class, targets, why
#   fuzz/planted_runs.txt   of each that is reachable the line of tools/fuzz_mutants.sh
#
#   --write   puts them into fuzz/README.md
#   --check   complains if they are not what stands there
#
# Of a bug's lines the best counts: the one with most runs that found it. Exit: 0 all is well; 1 it
# is not; 2 bad usage.
set -u
cd "$(dirname "$0")/.." || exit 1
readme=fuzz/README.md

# name, target, inputs, seconds (or -), hits, runs, seen as: by tabs, one line a bug.
best_lines() {
    awk -F ' [|] ' '
        NF == 6 {
            split($5, n, " of ")
            if (!($1 in hits) || n[1] + 0 > hits[$1]) {
                hits[$1] = n[1] + 0
                line[$1] = $1 "\t" $2 "\t" $3 "\t" $4 "\t" n[1] "\t" n[2] "\t" $6
            }
        }
        END { for (name in line) print line[name] }' fuzz/planted_runs.txt | LC_ALL=C sort
}

reachable() {
    awk -F'\t' '$2 == "reachable" { print $1 "\t" $4 }' fuzz/planted.tsv
}

# The reachable ones with their lines.
joined() {
    LC_ALL=C join -t "$(printf '\t')" <(reachable | LC_ALL=C sort) <(best_lines)
}

missing() {
    LC_ALL=C join -t "$(printf '\t')" -v 1 <(reachable | LC_ALL=C sort) <(best_lines)
}

count_of_class() {
    awk -F'\t' -v class="$1" '$2 == class' fuzz/planted.tsv | wc -l
}

counts() {
    joined | awk -F'\t' -v total="$(wc -l <fuzz/planted.tsv)" -v none="$(count_of_class 'no rule')" \
        -v judge="$(count_of_class judge)" -v untried="$(missing | wc -l)" '
        {
            found[$6 == 0 ? "none" : $6 == $7 ? "all" : "some"]++
            for (i = 1; i <= 4; i++)
                within[i] += $5 != "-" && $5 <= limit[i]
        }
        BEGIN { split("0.1 1 5 20", limit, " ") }
        END {
            printf "Of %d bugs %d can be reached; %d no rule sees that is always on, ", total,
                NR + untried, none
            printf "and %d are the\nsimulator\047s and its judges\047. Of the %d:\n\n", judge, NR + untried
            print "| found by | bugs |\n|---|---|"
            printf "| each of its runs | %d |\n| some of them | %d |\n", found["all"], found["some"]
            printf "| none | %d |\n", found["none"]
            if (untried)
                printf "| not tried | %d |\n", untried
            for (i = 1; i <= 4; i++)
                printf "| half of them or more, within %s s | %d |\n", limit[i], within[i]
        }'
}

# Those of TRD 107's draft that a tape can reach.
holes() {
    echo '| bug | target | inputs | seconds | runs that found it | seen as |'
    echo '|---|---|---|---|---|---|'
    joined | awk -F'\t' '
        $1 ~ /^pt(0[1-7]|12|13|17)-/ {
            printf "| `%s` | %s | %s | %s | %s of %s | %s |\n", $1, $3, $4, $5, $6, $7, $8
            sum += $5; bugs++
            if ($5 == "-") late = 1
        }
        END { printf "| %d bugs | | | %s%.1f | | |\n", bugs, late ? "> " : "", sum }'
}

# A row is a target and how long it takes; the bugs in it by their time.
found() {
    echo '| target | seconds | bugs: inputs (seconds), and where it is not each run: how many |'
    echo '|---|---|---|'
    joined | awk -F'\t' '
        function bucket(s) { return s == "-" ? 9 : s <= 0.1 ? 1 : s <= 1 ? 2 : s <= 5 ? 3 : 4 }
        $6 > 0 { print $3 "\t" bucket($5) "\t" ($5 == "-" ? 99 : $5) "\t" $0 }' |
        LC_ALL=C sort -t "$(printf '\t')" -k1,1 -k2,2n -k3,3n -k4,4 | awk -F'\t' '
        BEGIN { split("at most 0.1,at most 1,at most 5,at most 20,,,,,most runs do not", limit, ",") }
        {
            runs = $9 " of " $10
            figures = $8 == "-" ? runs : $7 " (" $8 ")" ($9 == $10 ? "" : ", " runs)
            key = $1 FS $2
            if (key == last) {
                row = row "; "
            } else {
                if (last != "")
                    print row " |"
                row = "| " ($1 == target ? "" : "`" $1 "`") " | " limit[$2] " | "
            }
            row = row "`" $4 "` " figures
            last = key
            target = $1
        }
        END {
            if (last != "")
                print row " |"
        }'
}

# `why` behind a semicolon.
not_found() {
    joined | awk -F'\t' '$6 == 0 {
        why = $2; sub(/^[^;]*(; |$)/, "", why)
        if (!rows++)
            print "| not found | tried | why |\n|---|---|---|"
        print "| `" $1 "` | `" $3 "`, " $7 ($7 == 1 ? " run, " : " runs, ") $4 " inputs | " (why ? why : "-") " |"
    }
    END {
        if (!rows)
            print "Each of them was found by some run."
    }'
}

tables() {
    counts
    echo
    holes
    echo
    found
    echo
    not_found
}

standing() {
    sed -n '/^<!-- planted -->$/,/^<!-- \/planted -->$/p' "$readme" | sed '1,2d; $d' | sed '$d'
}

case ${1:-} in
'') tables ;;
--write)
    tables >"$readme.new" || exit 1
    sed -i -e '/^<!-- planted -->$/,/^<!-- \/planted -->$/{/^<!-- /!d}' -e "/^<!-- planted -->$/{
r $readme.new
}" "$readme"
    sed -i -e 's/^<!-- planted -->$/&\n/; s/^<!-- \/planted -->$/\n&/' "$readme"
    rm -f "$readme.new"
    ;;
--check)
    diff <(standing) <(tables)
    ;;
*)
    echo 'usage: fuzz_table.sh [--write | --check]' >&2
    exit 2
    ;;
esac
