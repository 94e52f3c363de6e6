//! The post: one task that shows notes one after the other, remembers which is about what, and carries out what the person
//! chose on one.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tauri::{AppHandle, Manager as _};
use tokio::sync::mpsc;
use windlass_core::error::Failure;
use windlass_core::herald::About;
use windlass_core::ids::GroupId;
use windlass_core::states::BlockedReason;
use windlass_engine::Scope;

use crate::shell::Shell;
use crate::window;

/// Notes that may wait to be shown; more are dropped, for nobody reads so many.
const WAITING: usize = 64;
/// Notes that a click is remembered for.
const REMEMBERED: usize = 256;

/// Where a click leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Target {
    /// All groups.
    List,
    /// Those that need the person.
    Attention,
    /// One.
    Group(GroupId),
}

/// What may be chosen on a note.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Choice {
    /// The same as a click.
    Show,
    /// Try the group's failed files again.
    Retry(GroupId),
    /// Upload in spite of it.
    Anyway(BlockedReason),
    /// Never take this network for metered again.
    Trust,
}

impl Choice {
    /// Its name on the wire.
    pub(super) const fn key(self) -> &'static str {
        match self {
            Self::Show => "show",
            Self::Retry(_) => "retry",
            Self::Anyway(_) => "anyway",
            Self::Trust => "always",
        }
    }
}

/// A note.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Note {
    pub(super) title: String,
    pub(super) body: String,
    pub(super) target: Target,
    pub(super) choices: Vec<(Choice, String)>,
    /// It may be heard.
    pub(super) sound: bool,
}

impl Note {
    pub(super) fn new(title: String, body: String, target: Target) -> Self {
        Self {
            title,
            body,
            target,
            choices: Vec::new(),
            sound: false,
        }
    }

    pub(super) fn with(mut self, choices: Vec<(Choice, String)>) -> Self {
        self.choices = choices;
        self
    }
}

enum Letter {
    Show(Option<About>, Note),
    TakeBack(About),
}

/// The way to it. Managed by the program.
pub(crate) struct Post {
    letters: mpsc::Sender<Letter>,
    heard: Heard,
}

/// What the desktop says of notifications as such.
#[derive(Debug, Clone, Default)]
struct Heard {
    /// The person wants quiet.
    unwanted: Arc<AtomicBool>,
    /// It showed none when it was last asked to, or has nobody who would.
    refused: Arc<AtomicBool>,
}

impl Post {
    /// The desktop is told to be quiet.
    pub(super) fn is_unwanted(&self) -> bool {
        self.heard.unwanted.load(Ordering::Relaxed)
    }

    /// The desktop shows no notifications; what they would tell stands in the window and the tray.
    pub(crate) fn is_refused(&self) -> bool {
        self.heard.refused.load(Ordering::Relaxed)
    }

    pub(super) fn show(&self, about: Option<About>, note: Note) {
        self.send(Letter::Show(about, note));
    }

    pub(super) fn take_back(&self, about: About) {
        self.send(Letter::TakeBack(about));
    }

    fn send(&self, letter: Letter) {
        if self.letters.try_send(letter).is_err() {
            tracing::warn!("a notification was dropped");
        }
    }
}

/// Begins. Before the first note: those shown earlier report nothing.
pub(crate) fn begin(app: &AppHandle) {
    let (letters, inbox) = mpsc::channel(WAITING);
    let heard = Heard::default();
    app.manage(Post {
        letters,
        heard: heard.clone(),
    });
    tauri::async_runtime::spawn(run(app.clone(), inbox, heard));
}

/// Which note the server knows by which number.
#[derive(Debug, Default)]
struct Shown {
    notes: BTreeMap<u32, (Target, Vec<Choice>)>,
    about: BTreeMap<About, u32>,
}

impl Shown {
    fn put(&mut self, number: u32, about: Option<About>, note: &Note) {
        let choices = note.choices.iter().map(|(choice, _)| *choice).collect();
        self.notes.insert(number, (note.target, choices));
        if let Some(about) = about {
            self.about.insert(about, number);
        }
        while self.notes.len() > REMEMBERED {
            if let Some((old, _)) = self.notes.pop_first() {
                self.about.retain(|_, n| *n != old);
            }
        }
    }

    fn closed(&mut self, number: u32) {
        self.notes.remove(&number);
        self.about.retain(|_, n| *n != number);
    }

    /// What an action's name means on this note.
    fn chosen(&self, number: u32, key: &str) -> Option<(Target, Choice)> {
        let (target, choices) = self.notes.get(&number)?;
        let choice = if key == "default" {
            Choice::Show
        } else {
            *choices.iter().find(|c| c.key() == key)?
        };
        Some((*target, choice))
    }
}

#[cfg(target_os = "linux")]
async fn run(app: AppHandle, mut inbox: mpsc::Receiver<Letter>, heard: Heard) {
    use super::server::{Happened, Server};
    let mut shown = Shown::default();
    let mut server = Server::default();
    heard.refused.store(!server.find().await, Ordering::Relaxed);
    loop {
        tokio::select! {
            letter = inbox.recv() => match letter {
                None => return,
                Some(Letter::Show(about, mut note)) => {
                    note.sound = sounds(&app);
                    let replaces = about.and_then(|a| shown.about.get(&a).copied()).unwrap_or(0);
                    let told = server.show(&note, replaces).await;
                    heard.refused.store(told.is_err(), Ordering::Relaxed);
                    match told {
                        Ok(number) => shown.put(number, about, &note),
                        Err(why) => tracing::warn!(%why, "a notification could not be shown"),
                    }
                }
                Some(Letter::TakeBack(about)) => {
                    if let Some(number) = shown.about.get(&about).copied() {
                        shown.closed(number);
                        server.close(number).await;
                    }
                }
            },
            happened = server.next() => match happened {
                Happened::Chosen(number, key) => {
                    if let Some((target, choice)) = shown.chosen(number, &key) {
                        chosen(&app, target, choice);
                    }
                }
                Happened::Closed(number) => shown.closed(number),
                Happened::Unwanted(is) => heard.unwanted.store(is, Ordering::Relaxed),
            },
        }
    }
}

#[cfg(not(target_os = "linux"))]
async fn run(app: AppHandle, mut inbox: mpsc::Receiver<Letter>, heard: Heard) {
    use tauri_plugin_notification::NotificationExt as _;
    let mut shown = Shown::default();
    let mut last = 0u32;
    while let Some(letter) = inbox.recv().await {
        match letter {
            Letter::Show(about, note) => {
                last = last.wrapping_add(1).max(1);
                let mut builder = app
                    .notification()
                    .builder()
                    .id(i32::try_from(last).unwrap_or(1))
                    .title(&note.title)
                    .body(&note.body);
                if sounds(&app) {
                    builder = builder.sound("default");
                }
                let told = builder.show();
                heard.refused.store(told.is_err(), Ordering::Relaxed);
                match told {
                    Ok(()) => shown.put(last, about, &note),
                    Err(why) => tracing::warn!(%why, "a notification could not be shown"),
                }
            }
            Letter::TakeBack(about) => {
                if let Some(number) = shown.about.get(&about).copied() {
                    shown.closed(number);
                    let number = i32::try_from(number).unwrap_or(1);
                    let _ = app.notification().remove_active(vec![number]);
                }
            }
        }
    }
}

fn sounds(app: &AppHandle) -> bool {
    let choice = app.state::<Shell>().setting("notify_sound");
    choice.and_then(|v| v.as_bool()).unwrap_or(false)
}

/// Does what the person chose.
#[cfg(target_os = "linux")]
fn chosen(app: &AppHandle, target: Target, choice: Choice) {
    if choice == Choice::Show {
        match target {
            Target::Group(group) => window::show_group(app, Some(group)),
            Target::List => window::show_group(app, None),
            Target::Attention => window::show_place(app, crate::page::Place::Attention),
        }
        return;
    }
    let app = app.clone();
    tauri::async_runtime::spawn(async move {
        if let Err(why) = act(&app, choice).await {
            tracing::warn!(error = %why, "what was chosen on a notification failed");
        }
    });
}

#[cfg(target_os = "linux")]
async fn act(app: &AppHandle, choice: Choice) -> Result<(), Failure> {
    let engine = app.state::<Shell>().inner().clone().engine().await?;
    match choice {
        Choice::Show => Ok(()),
        Choice::Retry(group) => engine.retry(Scope::Group(group), None).await.map(drop),
        Choice::Anyway(reason) => engine.go_anyway(Scope::App, Some(reason)).await.map(drop),
        Choice::Trust => engine.trust_network().await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use windlass_core::herald::Standing;

    #[test]
    fn a_note_is_found_by_what_it_is_about_and_its_choices_by_their_names() {
        let mut shown = Shown::default();
        let about = About::Standing(Standing::Asks);
        let note =
            Note::new("a".into(), "b".into(), Target::List).with(vec![(Choice::Trust, "Always".into())]);
        shown.put(7, Some(about), &note);
        assert_eq!(shown.about.get(&about), Some(&7));
        assert_eq!(shown.chosen(7, "default"), Some((Target::List, Choice::Show)));
        assert_eq!(shown.chosen(7, "always"), Some((Target::List, Choice::Trust)));
        assert_eq!(
            (shown.chosen(7, "retry"), shown.chosen(8, "default")),
            (None, None)
        );
        shown.closed(7);
        assert_eq!(
            (shown.about.get(&about), shown.chosen(7, "default")),
            (None, None)
        );
    }

    #[test]
    fn only_the_newest_notes_are_remembered() {
        let mut shown = Shown::default();
        let note = Note::new(String::new(), String::new(), Target::List);
        for number in 1..=300 {
            shown.put(number, None, &note);
        }
        assert_eq!(shown.notes.len(), REMEMBERED);
        assert!(shown.chosen(300, "default").is_some());
    }
}
