//! The desktop's notification server, over D-Bus (org.freedesktop.Notifications).
//!
//! Connected at the start, and anew when the bus went. What the server can do is asked once a connection: without
//! actions only a click is offered, with markup the text is escaped.

use futures::StreamExt as _;
use futures::stream::{BoxStream, SelectAll};
use std::collections::{BTreeSet, HashMap};
use zbus::message::Type;
use zbus::zvariant::{OwnedValue, Value};
use zbus::{Connection, MatchRule, Message, MessageStream};

use super::post::Note;

const NAME: &str = "org.freedesktop.Notifications";
const PATH: &str = "/org/freedesktop/Notifications";
const PROPERTIES: &str = "org.freedesktop.DBus.Properties";
/// The desktop file, by which desktops know whose notifications these are.
const DESKTOP_ENTRY: &str = "windlass";
/// Signals that may wait to be read.
const WAITING: usize = 64;

/// What the server says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Happened {
    /// A note was clicked, or something on it.
    Chosen(u32, String),
    /// A note is gone.
    Closed(u32),
    /// The person wants quiet, or no longer.
    Unwanted(bool),
}

/// The server, where one was found.
#[derive(Default)]
pub(super) struct Server(Option<Line>);

struct Line {
    bus: Connection,
    can: BTreeSet<String>,
    signals: SelectAll<BoxStream<'static, zbus::Result<Message>>>,
    /// Whether the person wants quiet is to be asked.
    ask_quiet: bool,
}

impl Server {
    /// Looks for it before there is something to show: the person may want quiet. Says whether there is one.
    pub(super) async fn find(&mut self) -> bool {
        match Line::open().await {
            Ok(line) => self.0 = Some(line),
            Err(why) => tracing::info!(%why, "no notification server yet"),
        }
        self.0.is_some()
    }

    /// Shows a note, in place of another when one is named. Answers its number.
    pub(super) async fn show(&mut self, note: &Note, replaces: u32) -> zbus::Result<u32> {
        let line = match &mut self.0 {
            Some(line) => line,
            none => none.insert(Line::open().await?),
        };
        let shown = line.show(note, replaces).await;
        if matches!(&shown, Err(zbus::Error::InputOutput(_))) {
            // The bus went; the next note opens another one.
            self.0 = None;
        }
        shown
    }

    /// Takes a note back. One that the person closed is gone already.
    pub(super) async fn close(&mut self, number: u32) {
        if let Some(line) = &mut self.0 {
            let _ = line
                .bus
                .call_method(Some(NAME), PATH, Some(NAME), "CloseNotification", &number)
                .await;
        }
    }

    /// The next thing that happens; never, without a server.
    pub(super) async fn next(&mut self) -> Happened {
        loop {
            let Some(line) = self.0.as_mut() else {
                return std::future::pending().await;
            };
            if line.ask_quiet {
                let unwanted = inhibited(&line.bus).await;
                line.ask_quiet = false;
                if let Some(unwanted) = unwanted {
                    return Happened::Unwanted(unwanted);
                }
            }
            match line.signals.next().await {
                Some(Ok(message)) => {
                    if let Some(happened) = line.read(&message) {
                        return happened;
                    }
                }
                Some(Err(_)) | None => self.0 = None,
            }
        }
    }
}

impl Line {
    async fn open() -> zbus::Result<Self> {
        let bus = Connection::session().await?;
        let mut signals = SelectAll::new();
        for (interface, member) in [
            (NAME, "ActionInvoked"),
            (NAME, "NotificationClosed"),
            (PROPERTIES, "PropertiesChanged"),
        ] {
            let rule = MatchRule::builder()
                .msg_type(Type::Signal)
                .sender(NAME)?
                .path(PATH)?
                .interface(interface)?
                .member(member)?
                .build();
            let heard = MessageStream::for_match_rule(rule, &bus, Some(WAITING)).await?;
            signals.push(heard.boxed());
        }
        let can = bus
            .call_method(Some(NAME), PATH, Some(NAME), "GetCapabilities", &())
            .await?
            .body()
            .deserialize::<Vec<String>>()?
            .into_iter()
            .collect();
        Ok(Self {
            bus,
            can,
            signals,
            ask_quiet: true,
        })
    }

    async fn show(&mut self, note: &Note, replaces: u32) -> zbus::Result<u32> {
        let mut actions = vec!["default", ""];
        if self.can.contains("actions") {
            actions.extend(note.choices.iter().flat_map(|(c, word)| [c.key(), word.as_str()]));
        }
        let mut hints: HashMap<&str, Value<'_>> = HashMap::from([
            ("desktop-entry", Value::from(DESKTOP_ENTRY)),
            ("category", Value::from("transfer")),
            ("urgency", Value::from(1u8)),
        ]);
        if note.sound {
            hints.insert("sound-name", Value::from("complete"));
        } else {
            hints.insert("suppress-sound", Value::from(true));
        }
        let body = if self.can.contains("body-markup") {
            escaped(&note.body)
        } else {
            note.body.clone()
        };
        let what = (
            "Windlass",
            replaces,
            "windlass",
            note.title.as_str(),
            body.as_str(),
            actions,
            hints,
            -1i32,
        );
        let reply = self
            .bus
            .call_method(Some(NAME), PATH, Some(NAME), "Notify", &what)
            .await?;
        reply.body().deserialize()
    }

    fn read(&mut self, message: &Message) -> Option<Happened> {
        let body = message.body();
        match message.header().member()?.as_str() {
            "ActionInvoked" => {
                let (number, key) = body.deserialize::<(u32, String)>().ok()?;
                Some(Happened::Chosen(number, key))
            }
            "NotificationClosed" => {
                let (number, _) = body.deserialize::<(u32, u32)>().ok()?;
                Some(Happened::Closed(number))
            }
            "PropertiesChanged" => {
                self.ask_quiet = true;
                None
            }
            _ => None,
        }
    }
}

/// Whether the person wants quiet, where the server says so. Those that don't keep notifications back by themselves.
async fn inhibited(bus: &Connection) -> Option<bool> {
    let asked = bus.call_method(Some(NAME), PATH, Some(PROPERTIES), "Get", &(NAME, "Inhibited"));
    let value: OwnedValue = asked.await.ok()?.body().deserialize().ok()?;
    bool::try_from(value).ok()
}

/// Text that markup leaves as it is.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::escaped;

    // A08
    #[test]
    fn a008_a_name_can_not_be_markup() {
        assert_eq!(escaped("<b>R&D</b>"), "&lt;b&gt;R&amp;D&lt;/b&gt;");
    }
}
