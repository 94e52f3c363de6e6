#!/usr/bin/python3
"""Drags files onto a window as a person does from a file manager: a true XDND drag from another program.

    drag.py --window TITLE --to X,Y [--hover SECONDS] [--picture PNG] [--cancel] [--text] FILE...

X,Y is inside the window's content. --hover is how long the files are held there before they are let go. --picture keeps
what the screen shows at the end of that. --cancel presses Escape instead. --text drags the words as text, as a browser
drags a link. Prints {"dropped": bool, "data_requested": bool}; exit status 0 when that is what was asked for.

The drag begins at a small popup in a corner of the screen; xdotool moves the pointer. Needs the system's Python with
python3-gi and gir1.2-gtk-3.0.
"""
import argparse
import json
import pathlib
import re
import shlex
import subprocess
import sys

import gi

gi.require_version("Gtk", "3.0")
gi.require_version("Gdk", "3.0")  # Gdk alone would be 4.0 where GTK 4 is installed too
from gi.repository import Gdk, GLib, Gtk  # noqa: E402

SIZE = 48
STEPS = 20


def content_origin(title):
    """Where a window's content begins on the screen. (xdotool's getwindowgeometry counts the frame twice.)"""
    # The whole title first: toolkits keep hidden helper windows whose names hold it.
    for pattern in (f"^{re.escape(title)}$", re.escape(title)):
        search = ["xdotool", "search", "--onlyvisible", "--name", pattern]
        found = subprocess.run(search, capture_output=True, text=True)
        if found.stdout.split():
            break
    windows = found.stdout.split()
    if not windows:
        sys.exit(f"drag: no visible window titled {title!r}")
    info = subprocess.run(["xwininfo", "-id", windows[0]], capture_output=True, text=True, check=True).stdout
    return [int(re.search(rf"Absolute upper-left {axis}:\s+(-?\d+)", info)[1]) for axis in "XY"]


def hand(start, target, hover, picture, cancel):
    """The hand's movements, for a shell. A drag needs motion: one jump is taken for a click."""
    (from_x, from_y), (to_x, to_y) = start, target
    moves = ["mousemove", from_x, from_y, "sleep", "0.1", "mousedown", "1"]
    for step in range(1, STEPS + 1):
        x, y = from_x + (to_x - from_x) * step // STEPS, from_y + (to_y - from_y) * step // STEPS
        moves += ["mousemove", x, y, "sleep", "0.015"]
    moves += ["mousemove", to_x - 1, to_y, "sleep", "0.05", "mousemove", to_x, to_y, "sleep", hover]
    steps = [["xdotool", *map(str, moves)]]
    if picture:
        steps.append(["import", "-window", "root", picture])
    steps.append(["xdotool", *(["key", "Escape", "sleep", "0.1"] if cancel else []), "mouseup", "1"])
    return " ; ".join(shlex.join(step) for step in steps)


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--window", required=True)
    options.add_argument("--to", required=True)
    options.add_argument("--hover", type=float, default=0.3)
    options.add_argument("--picture")
    options.add_argument("--cancel", action="store_true")
    options.add_argument("--text", action="store_true")
    options.add_argument("files", nargs="+")
    asked = options.parse_args()

    left, top = content_origin(asked.window)
    inside_x, inside_y = map(int, asked.to.split(","))
    target = (left + inside_x, top + inside_y)
    # Not resolved: a link is dragged as a link.
    uris = [pathlib.Path(file).absolute().as_uri() for file in asked.files]
    text = " ".join(asked.files)

    screen = Gdk.Display.get_default().get_monitor(0).get_geometry()
    corner = (0 if target[0] > screen.width // 2 else screen.width - SIZE,
              0 if target[1] > screen.height // 2 else screen.height - SIZE)
    source = Gtk.Window(type=Gtk.WindowType.POPUP)  # the window manager does not place a popup
    source.set_default_size(SIZE, SIZE)
    source.move(*corner)
    source.drag_source_set(Gdk.ModifierType.BUTTON1_MASK, [], Gdk.DragAction.COPY)
    if asked.text:
        source.drag_source_add_text_targets()
    else:
        source.drag_source_add_uri_targets()
    seen = {"dropped": True, "data_requested": False}

    def data_wanted(_widget, _context, data, _info, _time):
        seen["data_requested"] = True
        if asked.text:
            data.set_text(text, -1)
        else:
            data.set_uris(uris)

    def failed(_widget, _context, _result):
        seen["dropped"] = False
        return True  # no picture flying back

    def too_late():
        seen["dropped"] = False
        Gtk.main_quit()

    def begin():
        start = (corner[0] + SIZE // 2, corner[1] + SIZE // 2)
        subprocess.Popen(["sh", "-c", hand(start, target, asked.hover, asked.picture, asked.cancel)])
        return False

    source.connect("drag-data-get", data_wanted)
    source.connect("drag-failed", failed)
    source.connect("drag-end", lambda *_: GLib.timeout_add(100, Gtk.main_quit))
    source.show_all()
    GLib.timeout_add(150, begin)
    GLib.timeout_add(int((asked.hover + 20) * 1000), too_late)
    Gtk.main()
    print(json.dumps(seen))
    return 0 if seen["dropped"] != asked.cancel else 1


if __name__ == "__main__":
    sys.exit(main())
