#!/bin/sh
# Inside the fresh Debian: a display, a session bus, and the installed window. The file it is opened with arrives at the
# destination that the command line added. Called by check-install.sh.
set -eu
cd "$HOME"
export XDG_RUNTIME_DIR="$HOME/run" DISPLAY=:97
mkdir -p "$XDG_RUNTIME_DIR"
chmod 700 "$XDG_RUNTIME_DIR"
Xvfb :97 -screen 0 1280x900x24 -nolisten tcp > xvfb.txt 2>&1 &
display=$!
trap 'kill $display 2> /dev/null' EXIT

until_true() {
    what=$1
    shift
    tries=0
    until "$@" > /dev/null 2>&1; do
        tries=$((tries + 1))
        [ $tries -le 240 ] || { echo "not within 2 minutes: $what"; cat desktop.txt || true; exit 1; }
        sleep 0.5
    done
}

until_true "a display" xdpyinfo
head -c 3000000 /dev/urandom > "opened with.bin"
# As the desktop does it: by the entry's own command.
command=$(sed -n 's/^Exec=\(.*\) %F$/\1/p' /usr/share/applications/Windlass.desktop | head -n 1)
[ -n "$command" ]
dbus-run-session -- $command "$HOME/opened with.bin" > desktop.txt 2>&1 &
window=$!
until_true "a window" sh -c 'xwininfo -root -tree | grep -q "\"Windlass\".*windlass-desktop"'
until_true "the file at the destination" sh -c 'find nas -name "opened with.bin" -type f | grep -q .'
# An empty page packs to 9 kB, one with something on it to 38.
until_true "something on the page" sh -c 'xwd -root -out window.xwd && [ "$(gzip -9c window.xwd | wc -c)" -gt 20000 ]'
cmp "opened with.bin" "$(find nas -name 'opened with.bin' -type f)"
xwininfo -root -tree | grep '"Windlass"' | head -n 2
kill $window
wait $window || true
