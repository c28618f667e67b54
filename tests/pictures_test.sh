#!/bin/sh
# pictures_test.sh: `postern map --svg` and `--png`, `postern view --svg`: pictures are what they were,
# valid, the same in each run; flags without effect and files that cannot be are refused. Speaks TAP.
#
#   pictures_test.sh          compares with tests/data/pictures/
#   pictures_test.sh --write  writes them anew (`make pictures`); look at the difference
# Environment: POSTERN, the runner.
set -u
. tests/support.sh
want_runner

# NAME ARGUMENT...: a picture of tests/data/pictures, and what `map` is asked for.
pictures() {
    cat <<'END'
draft_grant passthrough/widened_window_is_declared --app ble
draft_grant_undeclared passthrough/undeclared_widening_breaks_the_rule --size 800x600 --theme light
lent_timer passthrough/lent_timer_reaches_its_app --at 900 --app owner --beside other
eight_devices ble/owner_of_all_eight_devices_reaches_their_pages_only#apps.controller.variables.at=TEMP@1 --app controller --size 1920x1080
sixteen_apps virtualization/sixteen_apps_and_the_kernel_are_each_served_once_in_a_round --size 800x600
released passthrough/release_revokes_at_once --at 74 --app owner --since 67
END
}

# NAME SCENARIO KEY...: a whole view, map and time line, and the keys that lead to it.
views() {
    cat <<'END'
view_draft passthrough/undeclared_widening_breaks_the_rule + + +
view_connection_event ble/designs/software_turnaround_holds_at_every_cost#kernel.costs=m4-300@1 g 19260 Return + +
view_why attacks/dma_overwrites_another_apps_memory b l w
END
}

if [ "${1:-}" = --write ]; then
    pictures | while read -r name arguments; do
        # shellcheck disable=SC2086
        "$postern" map $arguments --svg "tests/data/pictures/$name.svg" || exit
    done || exit
    views | while read -r name scenario keys; do
        "$postern" view "$scenario" --keys "$keys" --svg "tests/data/pictures/$name.svg" || exit
    done
    exit
fi

work=$(mktemp -d) || exit 3
trap 'rm -rf "$work"' EXIT

same_picture() {
    name=$1
    shift
    "$postern" map "$@" --svg "$work/$name.svg" && [ ! -s "$work/log" ] &&
        diff "tests/data/pictures/$name.svg" "$work/$name.svg"
}

pictures >"$work/pictures"
while read -r name arguments; do
    # shellcheck disable=SC2086
    is "the picture $name is what it was (if it should not be: make pictures)" \
        same_picture "$name" $arguments
    skips xmllint "the picture $name is XML" ||
        is "the picture $name is XML" xmllint --noout "$work/$name.svg"
done <"$work/pictures"

same_view() {
    "$postern" view "$2" --keys "$3" --svg "$work/$1.svg" && [ ! -s "$work/log" ] &&
        diff "tests/data/pictures/$1.svg" "$work/$1.svg"
}

views >"$work/views"
while read -r name scenario keys; do
    is "the view $name is what it was (if it should not be: make pictures)" \
        same_view "$name" "$scenario" "$keys"
    skips xmllint "the view $name is XML" ||
        is "the view $name is XML" xmllint --noout "$work/$name.svg"
done <"$work/views"

wide=passthrough/widened_window_is_declared
the_draft_is_told() {
    grep -q '>+412 KiB not asked' "$work/draft_grant.svg" && grep -q 'fill="url(#h' "$work/draft_grant.svg" &&
        grep -q 'IOM3 at 0x50007000.*reached by ble, which did not ask for it' "$work/draft_grant.svg"
}
is "the draft's 512 KiB: hatched, with its bytes and whose they are" the_draft_is_told

has_font() {
    find /usr/share/fonts /Library/Fonts -name DejaVuSansMono.ttf -o -name LiberationMono-Regular.ttf 2>/dev/null | grep -q .
}
same_pixels() {
    "$postern" map $wide --app ble --png "$work/1.png" && "$postern" map $wide --app ble --png "$work/2.png" &&
        cmp "$work/1.png" "$work/2.png" && [ "$(head -c 8 "$work/1.png" | od -An -tx1 | tr -d ' \n')" = 89504e470d0a1a0a ]
}
if has_font; then
    is 'a PNG is the same in two runs' same_pixels
    gives 'SVG on stdout' 0 '^<svg .*width="1280"' "$postern" map $wide --svg -
else
    echo 'ok - a PNG is the same in two runs # SKIP no font: fonts-dejavu-core is not installed'
fi

gives 'no such font' 2 'the font /nowhere.ttf: No such file' "$postern" map $wide --png "$work/x.png" --font /nowhere.ttf
gives 'a font that is none' 2 'is no TrueType font' env POSTERN_FONT=Makefile "$postern" map $wide --png "$work/x.png"
is 'without its font there is no file' test ! -e "$work/x.png"
gives 'a file that cannot be' 2 'cannot write /nowhere/x.svg: No such file' "$postern" map $wide --svg /nowhere/x.svg
gives 'a full disk is noticed' 2 'cannot write /dev/full: No space left' "$postern" map $wide --svg /dev/full
gives 'a size is two numbers' 2 'want WIDTHxHEIGHT' "$postern" map $wide --svg "$work/x.svg" --size 1280
gives 'a size has limits' 2 '640x480 to 8192x8192' "$postern" map $wide --svg "$work/x.svg" --size 639x480
gives 'flags of a picture want one' 2 '--size wants --svg FILE or --png FILE' "$postern" map $wide --size 800x600
gives '--beside wants a picture' 2 '--beside wants' "$postern" map $wide --beside ble
gives '--since wants a picture' 2 '--since wants' "$postern" map $wide --since 5
gives '--font wants --png' 2 '--font is for --png' "$postern" map $wide --svg "$work/x.svg" --font y
gives '--beside of no such app' 2 '--beside: no such app: blee .did you mean "ble"' "$postern" map $wide --svg "$work/x.svg" --beside blee
gives 'a theme is a word' 2 'want one of dark, light' "$postern" map $wide --svg "$work/x.svg" --theme lihgt
