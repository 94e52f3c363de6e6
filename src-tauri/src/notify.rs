//! Notifications: what the herald of `core` decides is put into words here, shown by the desktop's server, and taken back.
//!
//! The [`Teller`] lives with the task that follows the engine. Words go to the [`post`], which knows the server, finds a
//! notification again by what it is about, and says what the person chose on it.

mod post;
#[cfg(target_os = "linux")]
mod server;

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::Value;
use tauri::{AppHandle, Manager as _};
use tokio::sync::watch;
use windlass_core::herald::{About, Act, Herald, Level, News, Say, Scene, Standing};
use windlass_core::machine::Notice;
use windlass_core::states::BlockedReason;
use windlass_engine::view::{Delta, GroupWord};
use windlass_engine::{EngineHandle, Told, clock};

use crate::follow::Facts;
use crate::shell::Shell;
use crate::words::plain;
use post::{Choice, Note, Target};

pub(crate) use post::{Post, begin};

/// Says that closing the window did not end the work.
pub(crate) fn tell_that_it_goes_on(app: &AppHandle) {
    let (title, body) = app.state::<Shell>().words().keeps_uploading();
    app.state::<Post>()
        .show(None, Note::new(title.to_owned(), body.to_owned(), Target::List));
}

/// Tells what the herald wants told.
pub(crate) struct Teller {
    app: AppHandle,
    herald: Herald,
    /// Counts wakes and changes of the network.
    lines: watch::Receiver<u64>,
}

impl Teller {
    /// Nothing told yet.
    pub(crate) fn new(app: AppHandle, engine: &EngineHandle) -> Self {
        Self {
            app,
            herald: Herald::default(),
            lines: engine.lines(),
        }
    }

    /// The engine has news.
    pub(crate) fn hear(&mut self, told: &Told) {
        let name = plain(&told.name);
        let news = match told.notice {
            Notice::Done => News::Done {
                group: told.group,
                name,
                verified: told.done,
                left_out: told.rejected,
                watched: told.watched,
            },
            Notice::NeedsYou => News::NeedsYou {
                group: told.group,
                name,
                files: told.failed,
                cause: told.cause,
            },
        };
        let acts = self.herald.hear(news, self.scene(), clock::now());
        self.carry_out(acts);
    }

    /// What stands now, and what is no longer true.
    pub(crate) fn saw(&mut self, delta: &Delta, stands: &BTreeSet<Standing>) {
        self.hush();
        let mut acts = Vec::new();
        for group in &delta.groups {
            acts.extend(self.herald.look(group.id, group.word == GroupWord::NeedsYou));
        }
        for group in &delta.removed {
            acts.extend(self.herald.gone(*group));
        }
        acts.extend(self.herald.stand(stands, self.scene(), clock::now()));
        self.carry_out(acts);
    }

    /// Ends when something is to be told that waits.
    pub(crate) async fn due(&self) {
        match self.herald.due(self.scene().level) {
            Some(at) => {
                let wait = u64::try_from(at.millis_since(clock::now())).unwrap_or(0);
                tokio::time::sleep(Duration::from_millis(wait)).await;
            }
            None => std::future::pending().await,
        }
    }

    /// Tells what waited long enough.
    pub(crate) fn tell_held(&mut self) {
        self.hush();
        let acts = self.herald.release(self.scene(), clock::now());
        self.carry_out(acts);
    }

    /// After a wake, or on another network, it is quiet for a while.
    fn hush(&mut self) {
        if self.lines.has_changed().unwrap_or(false) {
            self.lines.mark_unchanged();
            self.herald.hush(clock::now());
        }
    }

    fn scene(&self) -> Scene {
        let shell = self.app.state::<Shell>();
        let level = shell.setting("notifications");
        let summary = shell.setting("watch_summary");
        Scene {
            level: Level::of(level.as_ref().and_then(Value::as_str)),
            seen_or_unwanted: shell.is_focused() || self.app.state::<Post>().is_unwanted(),
            hourly: summary.as_ref().and_then(Value::as_str) != Some("each"),
        }
    }

    fn carry_out(&self, acts: Vec<Act>) {
        let (shell, post) = (self.app.state::<Shell>(), self.app.state::<Post>());
        for act in acts {
            match act {
                Act::TakeBack(about) => post.take_back(about),
                Act::Tell(about, say) => {
                    let note = note(&shell, &say);
                    let about = (about != About::Several).then_some(about);
                    post.show(about, note);
                }
            }
        }
    }
}

/// What stands for a while, of what the queue shows.
pub(crate) fn standing(facts: &Facts) -> BTreeSet<Standing> {
    let mut all = BTreeSet::new();
    for group in facts.groups.values().filter(|g| g.finished_at.is_none()) {
        for reason in &group.blocked_by {
            match reason {
                BlockedReason::DestinationDown => {
                    all.insert(Standing::Down(group.destination_id));
                }
                BlockedReason::Metered if facts.totals.around.asks => {
                    all.insert(Standing::Asks);
                }
                BlockedReason::Metered
                | BlockedReason::Battery
                | BlockedReason::PowerSaver
                | BlockedReason::DiskMissing => {
                    all.insert(Standing::Held(*reason));
                }
                _ => {}
            }
        }
    }
    all
}

/// The words of it, where a click leads, and what may be chosen on it.
fn note(shell: &Shell, say: &Say) -> Note {
    let words = shell.words();
    let show = (Choice::Show, words.show().to_owned());
    match say {
        Say::News(News::Done {
            group,
            name,
            verified,
            left_out,
            ..
        }) => {
            let (title, body) = words.done(name, *verified, *left_out);
            Note::new(title, body, Target::Group(*group)).with(vec![show])
        }
        Say::News(News::NeedsYou {
            group, name, files, ..
        }) => {
            let (title, body) = words.needs_you(name, *files);
            let retry = (Choice::Retry(*group), words.retry().to_owned());
            Note::new(title, body, Target::Group(*group)).with(vec![show, retry])
        }
        Say::Several { done, need_you } => {
            let (title, body) = words.several(*done, *need_you);
            let to = if *need_you > 0 {
                Target::Attention
            } else {
                Target::List
            };
            Note::new(title, body, to).with(vec![show])
        }
        Say::Watched { groups, files } => {
            let (title, body) = words.watched(*groups, *files);
            Note::new(title, body, Target::List).with(vec![show])
        }
        Say::Standing(Standing::Down(destination)) => {
            let facts = shell.facts();
            let name = facts
                .groups
                .values()
                .find(|g| g.destination_id == *destination)
                .map_or_else(String::new, |g| plain(&g.destination_name));
            let (title, body) = words.down(&name);
            Note::new(title, body, Target::List).with(vec![show])
        }
        Say::Standing(Standing::Asks) => {
            let network = shell.facts().totals.around.network.as_deref().map(plain);
            let (title, body) = words.asks(network.as_deref());
            let here = (
                Choice::Anyway(BlockedReason::Metered),
                words.anyway_here().to_owned(),
            );
            let always = (Choice::Trust, words.always_here().to_owned());
            Note::new(title, body, Target::List).with(vec![here, always])
        }
        Say::Standing(Standing::Held(reason)) => {
            let title = {
                let around = &shell.facts().totals.around;
                words.held(*reason, around)
            };
            let mut choices = vec![show];
            if windlass_core::conditions::may_be_passed(*reason) {
                choices.push((Choice::Anyway(*reason), words.anyway().to_owned()));
            }
            Note::new(title, words.goes_on().to_owned(), Target::List).with(choices)
        }
    }
}
