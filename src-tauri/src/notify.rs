//! Notifications: one a group when it is done or needs the person; a click brings the window and the group.
//!
//! What is told and when is decided by the [`herald`]; here it is shown, found again by its number, and taken back when its
//! cause is gone.

mod herald;

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde_json::Value;
use tauri::{AppHandle, Manager as _};
use tauri_plugin_notification::NotificationExt as _;
use windlass_core::ids::GroupId;
use windlass_core::machine::Notice;
use windlass_engine::view::{Delta, GroupWord};
use windlass_engine::{Told, clock};

use crate::shell::Shell;
use crate::window;
use herald::{Herald, Level, Say};

/// Notifications that a click is remembered for.
const REMEMBERED: usize = 256;

/// Which notification was about which group, for the click.
#[derive(Default)]
pub(crate) struct Shown(Mutex<Numbers>);

#[derive(Default)]
struct Numbers {
    last: i32,
    about: BTreeMap<i32, Option<GroupId>>,
}

impl Shown {
    fn number(&self, about: Option<GroupId>) -> i32 {
        let mut shown = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        shown.last = shown.last.wrapping_add(1).max(1);
        let number = shown.last;
        shown.about.insert(number, about);
        while shown.about.len() > REMEMBERED {
            shown.about.pop_first();
        }
        number
    }

    fn about(&self, number: i32) -> Option<Option<GroupId>> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .about
            .remove(&number)
    }
}

/// Listens for clicks. Before the first notification: those shown earlier report nothing.
pub(crate) fn listen(app: &AppHandle) {
    let handle = app.clone();
    let listening = app.notification().on_action(move |action| {
        let number = action.notification().map(|n| n.id());
        if let Some(group) = number.and_then(|number| handle.state::<Shown>().about(number)) {
            window::show_group(&handle, group);
        }
    });
    if let Err(why) = listening {
        tracing::warn!(%why, "clicks on notifications are not heard");
    }
}

/// Says that closing the window did not end the work.
pub(crate) fn tell_that_it_goes_on(app: &AppHandle) {
    let (title, body) = app.state::<Shell>().words().keeps_uploading();
    show(app, None, title.to_owned(), body.to_owned());
}

fn show(app: &AppHandle, about: Option<GroupId>, title: String, body: String) -> i32 {
    let number = app.state::<Shown>().number(about);
    if let Err(why) = app
        .notification()
        .builder()
        .id(number)
        .title(title)
        .body(body)
        .show()
    {
        tracing::warn!(%why, "a notification could not be shown");
    }
    number
}

/// Tells the ends of groups.
pub(crate) struct Teller {
    app: AppHandle,
    herald: Herald,
    /// Groups told to need the person: the notification, and whether a delta showed it yet.
    needs: BTreeMap<GroupId, (i32, bool)>,
}

impl Teller {
    /// Nothing told yet.
    pub(crate) fn new(app: AppHandle) -> Self {
        Self {
            app,
            herald: Herald::default(),
            needs: BTreeMap::new(),
        }
    }

    /// The engine has news.
    pub(crate) fn hear(&mut self, told: &Told) {
        let level = self.app.state::<Shell>().setting("notifications");
        let level = Level::from(level.as_ref().and_then(Value::as_str));
        if let Some(say) = self.herald.hear(told, level, clock::now()) {
            self.say(say);
        }
    }

    /// Takes back what is no longer true.
    pub(crate) fn saw(&mut self, delta: &Delta) {
        let mut over = Vec::new();
        for group in &delta.groups {
            let Some((number, seen)) = self.needs.get_mut(&group.id) else {
                continue;
            };
            if group.word == GroupWord::NeedsYou {
                *seen = true;
            } else if *seen {
                over.push((group.id, *number));
            }
        }
        over.extend(
            delta
                .removed
                .iter()
                .filter_map(|id| self.needs.get(id).map(|(number, _)| (*id, *number))),
        );
        for (group, number) in over {
            self.needs.remove(&group);
            let _ = self.app.notification().remove_active(vec![number]);
        }
    }

    /// Ends when what was held back is to be told.
    pub(crate) async fn due(&self) {
        match self.herald.due() {
            Some(at) => {
                let wait = u64::try_from(at.millis_since(clock::now())).unwrap_or(0);
                tokio::time::sleep(Duration::from_millis(wait)).await;
            }
            None => std::future::pending().await,
        }
    }

    /// Tells what was held back.
    pub(crate) fn tell_held(&mut self) {
        if let Some(say) = self.herald.release(clock::now()) {
            self.say(say);
        }
    }

    fn say(&mut self, say: Say) {
        let words = self.app.state::<Shell>().words();
        match say {
            Say::One(told) => {
                let name = crate::words::plain(&told.name);
                let (title, body) = match told.notice {
                    Notice::Done => words.done(&name, told.done, told.rejected),
                    Notice::NeedsYou => words.needs_you(&name, told.failed),
                };
                let number = show(&self.app, Some(told.group), title, body);
                if told.notice == Notice::NeedsYou {
                    self.needs.insert(told.group, (number, false));
                }
            }
            Say::Several { done, need_you } => {
                let (title, body) = words.several(done, need_you);
                show(&self.app, None, title, body);
            }
        }
    }
}
