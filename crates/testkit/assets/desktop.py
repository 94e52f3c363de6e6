#!/usr/bin/python3
"""The desktop's notification service, tray and portal for files, as a test needs them: what came is written down, and a test
can act.

    desktop.py serve LOG [LACK]      own the services until ended; one JSON line per event in LOG. LACK: "tray", a desktop
                                     that has none, or "notifications", one that refuses each
    desktop.py tray                  the tray icons and their menus, as JSON
    desktop.py click LABEL           choose a tray menu item by its label
    desktop.py activate              left-click the first tray icon
    desktop.py invoke ID [ACTION]    click a notification, or one of its buttons
    desktop.py dismiss ID            close a notification
    desktop.py quiet yes|no          the person wants no notifications, or wants them again
    desktop.py choose [PATH...]      answer the portal's chooser that is open; without a path it is cancelled
    desktop.py copy files PATH...    put files on the clipboard, as a file manager does
    desktop.py copy text WORDS       put text on the clipboard
    desktop.py secrets SERVICE       what a program has filed in the keyring under this name, as JSON

LOG: {"event": "ready"}, {"event": "notify", "id", "app", "summary", "body", "actions", "replaces", "urgency"},
{"event": "close", "id"} (by the program), {"event": "tray", "item"} (an icon was registered), {"event": "asked", "quiet"} (a
program asked whether the person wants quiet), {"event": "chooser", "method", "title", "multiple", "directory"} (the portal was
asked to let the person choose), {"event": "chosen"} (and was answered).
Needs a session bus and the system's Python with python3-gi.
"""
import json
import pathlib
import sys

from gi.repository import Gio, GLib

NOTIFY = "org.freedesktop.Notifications"
WATCHER = "org.kde.StatusNotifierWatcher"
ITEM = "org.kde.StatusNotifierItem"
MENU = "com.canonical.dbusmenu"
CONTROL = "test.Desktop"
PORTAL, CHOOSER = "org.freedesktop.portal.Desktop", "org.freedesktop.portal.FileChooser"
PROXIES, PORTAL_AT = "org.freedesktop.portal.ProxyResolver", "/org/freedesktop/portal/desktop"
NOTIFY_AT, WATCHER_AT = "/org/freedesktop/Notifications", "/StatusNotifierWatcher"
SECRETS, SECRETS_AT, VAULT = "org.freedesktop.secrets", "/org/freedesktop/secrets", "org.freedesktop.Secret.Service"
BY_PROGRAM, BY_PERSON = 3, 2

INTERFACES = """<node>
<interface name="org.freedesktop.Notifications">
  <method name="Notify"><arg direction="in" type="s"/><arg direction="in" type="u"/><arg direction="in" type="s"/>
    <arg direction="in" type="s"/><arg direction="in" type="s"/><arg direction="in" type="as"/>
    <arg direction="in" type="a{sv}"/><arg direction="in" type="i"/><arg direction="out" type="u"/></method>
  <method name="CloseNotification"><arg direction="in" type="u"/></method>
  <method name="GetCapabilities"><arg direction="out" type="as"/></method>
  <method name="GetServerInformation"><arg direction="out" type="s"/><arg direction="out" type="s"/>
    <arg direction="out" type="s"/><arg direction="out" type="s"/></method>
  <signal name="NotificationClosed"><arg type="u"/><arg type="u"/></signal>
  <signal name="ActionInvoked"><arg type="u"/><arg type="s"/></signal>
  <property name="Inhibited" type="b" access="read"/>
</interface>
<interface name="org.freedesktop.portal.FileChooser">
  <method name="OpenFile"><arg direction="in" type="s"/><arg direction="in" type="s"/><arg direction="in" type="a{sv}"/>
    <arg direction="out" type="o"/></method>
  <method name="SaveFile"><arg direction="in" type="s"/><arg direction="in" type="s"/><arg direction="in" type="a{sv}"/>
    <arg direction="out" type="o"/></method>
  <property name="version" type="u" access="read"/>
</interface>
<interface name="org.freedesktop.portal.ProxyResolver">
  <method name="Lookup"><arg direction="in" type="s"/><arg direction="out" type="as"/></method>
</interface>
<interface name="test.Desktop">
  <method name="Choose"><arg direction="in" type="as"/></method>
  <method name="Copy"><arg direction="in" type="as"/><arg direction="in" type="s"/></method>
  <method name="Quiet"><arg direction="in" type="b"/></method>
  <method name="Invoke"><arg direction="in" type="u"/><arg direction="in" type="s"/></method>
  <method name="Dismiss"><arg direction="in" type="u"/></method>
</interface>
<interface name="org.kde.StatusNotifierWatcher">
  <method name="RegisterStatusNotifierItem"><arg direction="in" type="s"/></method>
  <method name="RegisterStatusNotifierHost"><arg direction="in" type="s"/></method>
  <property name="RegisteredStatusNotifierItems" type="as" access="read"/>
  <property name="IsStatusNotifierHostRegistered" type="b" access="read"/>
  <property name="ProtocolVersion" type="i" access="read"/>
  <signal name="StatusNotifierItemRegistered"><arg type="s"/></signal>
  <signal name="StatusNotifierItemUnregistered"><arg type="s"/></signal>
</interface></node>"""


class Services:
    """The services, on one connection."""

    def __init__(self, log, lack=""):
        self.bus = Gio.bus_get_sync(Gio.BusType.SESSION)
        self.log = open(log, "a", buffering=1, encoding="utf-8")
        self.icons, self.last_id, self.owned, self.quiet = [], 0, 0, False
        self.chooser = self.clipboard = None
        self.refuses = lack == "notifications"
        self.names = (NOTIFY, PORTAL) if lack == "tray" else (NOTIFY, PORTAL, WATCHER)
        known = Gio.DBusNodeInfo.new_for_xml(INTERFACES)
        for where, interface in ((NOTIFY_AT, NOTIFY), (NOTIFY_AT, CONTROL), (WATCHER_AT, WATCHER),
                                 (PORTAL_AT, CHOOSER), (PORTAL_AT, PROXIES)):
            self.bus.register_object(where, known.lookup_interface(interface), self.call, self.get, None)
        for name in self.names:
            Gio.bus_own_name_on_connection(self.bus, name, 0, self.own, lambda _bus, taken: sys.exit(f"{taken} is taken"))

    def write(self, **line):
        self.log.write(json.dumps(line, ensure_ascii=False) + "\n")

    def own(self, _bus, _name):
        self.owned += 1
        if self.owned == len(self.names):
            self.write(event="ready")

    def signal(self, interface, where, name, types, *values):
        self.bus.emit_signal(None, where, interface, name, GLib.Variant(types, values))

    def call(self, _bus, sender, _where, _interface, method, arguments, answer):
        values, result = arguments.unpack(), None
        if method == "Notify" and self.refuses:
            self.write(event="refused")
            answer.return_dbus_error("org.freedesktop.Notifications.Error.Refused", "not here")
            return
        if method == "Notify":
            result = GLib.Variant("(u)", (self.notify(*values),))
        elif method == "CloseNotification":
            self.write(event="close", id=values[0])
            self.signal(NOTIFY, NOTIFY_AT, "NotificationClosed", "(uu)", values[0], BY_PROGRAM)
        elif method == "GetCapabilities":
            result = GLib.Variant("(as)", (["body", "actions", "persistence"],))
        elif method == "GetServerInformation":
            result = GLib.Variant("(ssss)", ("recorder", "test", "1", "1.2"))
        elif method == "Invoke":
            self.signal(NOTIFY, NOTIFY_AT, "ActionInvoked", "(us)", *values)
            self.signal(NOTIFY, NOTIFY_AT, "NotificationClosed", "(uu)", values[0], BY_PERSON)
        elif method == "Dismiss":
            self.signal(NOTIFY, NOTIFY_AT, "NotificationClosed", "(uu)", values[0], BY_PERSON)
        elif method in ("OpenFile", "SaveFile"):
            result = GLib.Variant("(o)", (self.open_chooser(sender, method, values[1], values[2]),))
        elif method == "Lookup":
            result = GLib.Variant("(as)", (["direct://"],))
        elif method == "Choose":
            self.choose(values[0])
        elif method == "Copy":
            self.copy(*values)
        elif method == "Quiet":
            self.quiet = values[0]
            changed = {"Inhibited": GLib.Variant("b", self.quiet)}
            self.signal("org.freedesktop.DBus.Properties", NOTIFY_AT, "PropertiesChanged", "(sa{sv}as)", NOTIFY, changed, [])
        elif method == "RegisterStatusNotifierItem":
            self.register(sender, values[0])
        answer.return_value(result)

    def notify(self, app, replaces, _icon, summary, body, actions, hints, _timeout):
        if not replaces:
            self.last_id += 1
        number = replaces or self.last_id
        self.write(event="notify", id=number, app=app, summary=summary, body=body, replaces=replaces, actions=actions,
                   urgency=hints.get("urgency"))
        return number

    def open_chooser(self, sender, method, title, options):
        request = f"{PORTAL_AT}/request/{sender[1:].replace('.', '_')}/{options.get('handle_token', 'test')}"
        self.chooser = (sender, request)
        self.write(event="chooser", method=method, title=title, multiple=options.get("multiple", False),
                   directory=options.get("directory", False))
        return request

    def choose(self, uris):
        who, request = self.chooser
        self.chooser = None
        result = GLib.Variant("(ua{sv})", (0 if uris else 1, {"uris": GLib.Variant("as", uris)} if uris else {}))
        self.bus.emit_signal(who, request, "org.freedesktop.portal.Request", "Response", result)
        self.write(event="chosen")

    def copy(self, uris, text):
        # Only a desktop that is asked for it has a clipboard: Gtk opens the screen, which takes its time.
        import gi
        gi.require_version("Gtk", "3.0")
        gi.require_version("Gdk", "3.0")  # Gdk alone would be 4.0 where GTK 4 is installed too
        from gi.repository import Gdk, Gtk
        if self.clipboard:
            self.clipboard.destroy()
        owner = self.clipboard = Gtk.Invisible()
        kinds = ["text/uri-list"] if uris else ["UTF8_STRING", "text/plain;charset=utf-8"]
        for kind in kinds:
            Gtk.selection_add_target(owner, Gdk.SELECTION_CLIPBOARD, Gdk.Atom.intern(kind, False), 0)
        owner.connect("selection-get", lambda _owner, data, *_: data.set_uris(uris) if uris else data.set_text(text, -1))
        if not Gtk.selection_owner_set(owner, Gdk.SELECTION_CLIPBOARD, Gdk.CURRENT_TIME):
            self.write(event="no clipboard")

    def register(self, sender, named):
        # An icon names its object's path (Ayatana) or its name on the bus (KDE).
        icon = sender + named if named.startswith("/") else named + "/StatusNotifierItem"
        self.icons.append(icon)
        Gio.bus_watch_name_on_connection(self.bus, sender, 0, None, lambda *_: self.gone(icon))
        self.write(event="tray", item=icon)
        self.signal(WATCHER, WATCHER_AT, "StatusNotifierItemRegistered", "(s)", icon)

    def gone(self, icon):
        if icon in self.icons:
            self.icons.remove(icon)
            self.signal(WATCHER, WATCHER_AT, "StatusNotifierItemUnregistered", "(s)", icon)

    def get(self, _bus, _sender, _where, _interface, name):
        if name == "Inhibited":
            self.write(event="asked", quiet=self.quiet)
        return {"version": GLib.Variant("u", 4),
                "Inhibited": GLib.Variant("b", self.quiet),
                "RegisteredStatusNotifierItems": GLib.Variant("as", self.icons),
                "IsStatusNotifierHostRegistered": GLib.Variant("b", True),
                "ProtocolVersion": GLib.Variant("i", 0)}[name]


def ask(who, where, interface, method, arguments=None):
    bus = Gio.bus_get_sync(Gio.BusType.SESSION)
    answer = bus.call_sync(who, where, interface, method, arguments, None, 0, 5000, None)
    return answer.unpack() if answer else ()


def prop(who, where, interface, name):
    wanted = GLib.Variant("(ss)", (interface, name))
    try:
        return ask(who, where, "org.freedesktop.DBus.Properties", "Get", wanted)[0]
    except GLib.Error:
        return None


def menu(who, where):
    ask(who, where, MENU, "AboutToShow", GLib.Variant("(i)", (0,)))
    _revision, root = ask(who, where, MENU, "GetLayout", GLib.Variant("(iias)", (0, -1, [])))

    def entry(raw):
        number, properties, children = raw
        if properties.get("type") == "separator":
            return {"id": number, "separator": True}
        out = {"id": number, "label": properties.get("label", "").replace("_", ""),
               "enabled": properties.get("enabled", True)}
        if properties.get("toggle-type"):
            out["checked"] = properties.get("toggle-state") == 1
        if children:
            out["items"] = [entry(child) for child in children]
        return out
    return entry(root).get("items", [])


def tray():
    out = []
    for icon in prop(WATCHER, WATCHER_AT, WATCHER, "RegisteredStatusNotifierItems") or []:
        who, _, where = icon.partition("/")
        where = "/" + where
        menu_at = prop(who, where, ITEM, "Menu")
        out.append({"item": icon, "menu_at": menu_at, "menu": menu(who, menu_at) if menu_at else [],
                    **{name.lower(): prop(who, where, ITEM, name) for name in ("Id", "Title", "Status", "IconName")}})
    return out


def entries(nodes):
    for node in nodes:
        yield node
        yield from entries(node.get("items", []))


def click(label):
    for icon in tray():
        for node in entries(icon["menu"]):
            if node.get("label") == label:
                if not node["enabled"]:
                    sys.exit(f"desktop: {label!r} is disabled")
                what = GLib.Variant("(isvu)", (node["id"], "clicked", GLib.Variant("s", ""), 0))
                try:
                    ask(icon["item"].partition("/")[0], icon["menu_at"], MENU, "Event", what)
                except GLib.Error as why:
                    # The menu was made anew since it was read: nothing was clicked.
                    sys.exit(f"desktop: the menu went away: {why}")
                return
    sys.exit(f"desktop: no tray menu item {label!r}")


def secrets(service):
    # What the keyring opens for a connection ends with it.
    kept = Gio.bus_get_sync(Gio.BusType.SESSION)
    # Without an alias for the default collection the keyring is not open yet.
    assert ask(SECRETS, SECRETS_AT, VAULT, "ReadAlias", GLib.Variant("(s)", ("default",)))[0] != "/"
    plain = GLib.Variant("(sv)", ("plain", GLib.Variant("s", "")))
    _output, session = ask(SECRETS, SECRETS_AT, VAULT, "OpenSession", plain)
    open_ones, locked = ask(SECRETS, SECRETS_AT, VAULT, "SearchItems", GLib.Variant("(a{ss})", ({"service": service},)))
    assert not locked
    found, = ask(SECRETS, SECRETS_AT, VAULT, "GetSecrets", GLib.Variant("(aoo)", (open_ones, session)))
    assert kept
    return [bytes(value).decode() for _session, _parameters, value, _kind in found.values()]


def main(arguments):
    match arguments:
        case ["serve", log, *lack]:
            services = Services(log, *lack)
            assert services.bus
            GLib.MainLoop().run()
        case ["tray"]:
            print(json.dumps(tray(), ensure_ascii=False))
        case ["click", label]:
            click(label)
        case ["activate"]:
            who, _, where = tray()[0]["item"].partition("/")
            ask(who, "/" + where, ITEM, "Activate", GLib.Variant("(ii)", (0, 0)))
        case ["invoke", number, *action]:
            what = GLib.Variant("(us)", (int(number), action[0] if action else "default"))
            ask(NOTIFY, NOTIFY_AT, CONTROL, "Invoke", what)
        case ["dismiss", number]:
            ask(NOTIFY, NOTIFY_AT, CONTROL, "Dismiss", GLib.Variant("(u)", (int(number),)))
        case ["choose", *paths]:
            uris = [pathlib.Path(path).absolute().as_uri() for path in paths]
            ask(NOTIFY, NOTIFY_AT, CONTROL, "Choose", GLib.Variant("(as)", (uris,)))
        case ["copy", "files", *paths]:
            uris = [pathlib.Path(path).absolute().as_uri() for path in paths]
            ask(NOTIFY, NOTIFY_AT, CONTROL, "Copy", GLib.Variant("(ass)", (uris, "")))
        case ["copy", "text", text]:
            ask(NOTIFY, NOTIFY_AT, CONTROL, "Copy", GLib.Variant("(ass)", ([], text)))
        case ["quiet", wanted]:
            ask(NOTIFY, NOTIFY_AT, CONTROL, "Quiet", GLib.Variant("(b)", (wanted == "yes",)))
        case ["secrets", service]:
            print(json.dumps(secrets(service)))
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
