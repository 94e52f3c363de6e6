#!/usr/bin/python3
"""A window to try the desktop on: takes dropped files, and shows one notification.

    target.py LOG        appends a line per dropped URI to LOG, after the line "shown"
"""
import sys

import gi

gi.require_version("Gtk", "3.0")
gi.require_version("Gdk", "3.0")  # Gdk alone would be 4.0 where GTK 4 is installed too
from gi.repository import Gdk, Gio, GLib, Gtk  # noqa: E402

log = open(sys.argv[1], "a", buffering=1, encoding="utf-8")
window = Gtk.Window(title="Target")
window.set_default_size(400, 300)
window.drag_dest_set(Gtk.DestDefaults.ALL, [], Gdk.DragAction.COPY)
window.drag_dest_add_uri_targets()


def received(_widget, _context, _x, _y, data, _info, _time):
    for uri in data.get_uris():
        log.write(uri + "\n")


window.connect("drag-data-received", received)
window.connect("map-event", lambda *_: log.write("shown\n"))
window.connect("destroy", Gtk.main_quit)
window.show_all()
Gio.bus_get_sync(Gio.BusType.SESSION).call_sync(
    "org.freedesktop.Notifications", "/org/freedesktop/Notifications", "org.freedesktop.Notifications", "Notify",
    GLib.Variant("(susssasa{sv}i)", ("target", 0, "", "Here", "a window", [], {}, -1)), None, 0, 5000, None)
Gtk.main()
