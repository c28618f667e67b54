#!/bin/sh
# `postern view` and `postern why` as people call them; then the window itself, if it was built and
# there is an X server to be had (Xvfb, xdotool). Speaks TAP. Environment: POSTERN, the runner.
set -u
. tests/support.sh
want_runner
work=$(mktemp -d) || exit 3
trap 'rm -rf "$work"' EXIT
unset DISPLAY WAYLAND_DISPLAY SDL_VIDEODRIVER POSTERN_FONT
window=$(dirname "$postern")/postern-view
widened=passthrough/undeclared_widening_breaks_the_rule

font_is_there() {
    "$postern" view $widened --png "$work/font.png" >/dev/null 2>&1
}

same() {
    cmp "$work/$1" "$work/$2"
}

is_png() {
    [ "$(head -c 8 "$1" | od -An -tx1 | tr -d ' \n')" = 89504e470d0a1a0a ]
}

# --- pictures without a display

is 'a view is written as SVG' "$postern" view $widened --svg "$work/a.svg"
is 'what was reached and not asked for stands in it' grep -q 'NOT ASKED FOR' "$work/a.svg"
is 'a view is the same twice' "$postern" view $widened --svg "$work/b.svg"
is 'byte for byte' same a.svg b.svg
if command -v xmllint >/dev/null; then
    is 'xmllint takes it' xmllint --noout "$work/a.svg"
else
    echo 'ok - xmllint takes it # SKIP xmllint is not installed'
fi
is 'keys are played first' "$postern" view $widened --keys 'Home' --svg "$work/home.svg"
is 'and the picture is of where they led' grep -q 'rules broken 0' "$work/home.svg"
is 'n leads to the first break' "$postern" view $widened --keys 'Home n' --svg "$work/n.svg"
is 'which it is' grep -q 'rules broken 1' "$work/n.svg"
is 'a light one is another' "$postern" view $widened --theme light --svg "$work/light.svg"
sees 'by its colours' same a.svg light.svg
the_map_is_of() {
    "$postern" view attacks/dma_overwrites_another_apps_memory --keys "$1" --svg "$work/t.svg" |
        grep -q 'at 10108.438 us'
}
is 'a map as text is of the moment that is shown, between two nanoseconds too' the_map_is_of t
is 'a time that was shown and is typed is that moment' the_map_is_of 'Home g 10108.438 Return t'
is 'text of a key t is the map' sh -c "'$postern' view $widened --keys t --svg '$work/t.svg' |
    grep -q 'Cortex-M MPU'"
if font_is_there; then
    is 'a PNG begins as PNGs do' is_png "$work/font.png"
    is 'and again' "$postern" view $widened --png "$work/again.png"
    is 'is the same' same font.png again.png
else
    echo 'ok - a PNG is the same twice # SKIP no font is installed (fonts-dejavu-core)'
fi
gives 'a font that is none is said' 2 'error: .*README.md' \
    "$postern" view $widened --font README.md --png "$work/x.png"

# --- what is refused

gives 'an unknown key' 2 '--keys: no such key: F1' \
    "$postern" view $widened --keys F1 --svg "$work/x.svg"
gives 'an unknown app' 2 '--app: no such app: bel .*ble' \
    "$postern" view $widened --app bel --svg "$work/x.svg"
gives 'a size that is none' 2 '--size 10x10: want WIDTHxHEIGHT' \
    "$postern" view $widened --size 10x10 --svg "$work/x.svg"
gives 'a folder that is not there' 2 'error: ' \
    "$postern" view $widened --svg "$work/none/x.svg"
gives 'a scenario that is not there' 2 'error' "$postern" view nothing/here --svg "$work/x.svg"

# --- why

gives 'why: the region that decides' 0 'read +yes +region 3 .*sub-region 0, AP 3' \
    "$postern" why $widened --address 0x50004000
gives 'why: the call that it comes from' 0 '=> command passthrough 2, BLE, 0xd000' \
    "$postern" why $widened --address 0x50004000
gives 'why: what the filter made of it' 0 'the filter answers yes, 0x80000 bytes' \
    "$postern" why $widened --address 0x50004000
gives 'why not: nothing was granted' 0 'it was never granted' \
    "$postern" why passthrough/lent_timer_reaches_its_app --address 0x40009000 --app other
gives 'why: the private bus' 0 'write +no +the private peripheral bus' \
    "$postern" why passthrough/lent_timer_reaches_its_app --address 0xe000ed94
gives 'why: DMA goes past the MPU' 0 'attacker by DMA of UARTE1, .*reads and writes it' \
    "$postern" why attacks/dma_overwrites_another_apps_memory --address 0x20010100 --app attacker
gives 'why: a time that was shown is that moment' 0 'for attacker at 10108.438 us' \
    "$postern" why attacks/dma_overwrites_another_apps_memory --address 0x20010100 --app attacker \
    --at 10108.438
gives 'why: an address is wanted' 2 '--address is missing' "$postern" why $widened
gives 'why: an app that is there' 2 'no such app: bel .*ble' \
    "$postern" why $widened --address 0 --app bel

# --- the window

if [ ! -x "$window" ]; then
    echo 'ok - the window # SKIP postern-view is not built (SDL2 is not installed, or NO_SDL=1)'
    exit 0
fi
gives 'without a display it says what to do, at once' 2 'no display here' timeout 5 \
    "$postern" view $widened
for tool in Xvfb xdotool xvfb-run; do
    if ! command -v $tool >/dev/null; then
        echo "ok - the window on a screen # SKIP $tool is not installed"
        exit 0
    fi
done

# A session on a screen of its own: opens, finds the window, writes a picture of it by a key, sees
# that it is idle, and leaves.
cat >"$work/session" <<'SESSION'
cd "$2" || exit 3
export XDG_RUNTIME_DIR=$2
# SDL's libdbus keeps what it took, which is not ours to give back.
export ASAN_OPTIONS="${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0"
"$1" "$3" >"$2/window.log" 2>&1 &
viewer=$!
tries=0
while ! id=$(xdotool search --pid $viewer 2>/dev/null | tail -n 1) || [ -z "$id" ]; do
    tries=$((tries + 1))
    [ $tries -lt 100 ] || exit 4
    sleep 0.1
done
sleep 0.5
xdotool windowfocus --sync "$id" key n key h key h key s
tries=0
while ! ls "$2"/undeclared*.svg >/dev/null 2>&1; do
    tries=$((tries + 1))
    [ $tries -lt 100 ] || exit 5
    sleep 0.1
done
ticks() {
    awk '{ print $14 + $15 }' /proc/$viewer/stat
}
sleep 0.3
before=$(ticks)
sleep 1
echo "idle ticks: $(($(ticks) - before))" >"$2/idle"
xdotool key --window "$id" q
wait $viewer
SESSION
is 'the window opens, takes keys and leaves on q' timeout 60 \
    xvfb-run -a -s '-screen 0 1280x800x24' sh "$work/session" "$window" "$work" \
    "$root/scenarios/$widened.json"
is 'the key s wrote what it showed' grep -q 'NOT ASKED FOR' "$work"/undeclared*.svg
is 'untouched it uses no CPU' grep -qE 'idle ticks: [01]$' "$work/idle"
