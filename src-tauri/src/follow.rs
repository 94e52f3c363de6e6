//! Follows the engine for what stands outside the page: tray and notifications.

use std::collections::BTreeMap;
use std::time::Duration;

use tauri::{AppHandle, Manager as _};
use tokio::sync::broadcast::error::RecvError;
use tokio::time::{Instant, sleep_until};
use windlass_core::ids::GroupId;
use windlass_engine::EngineHandle;
use windlass_engine::view::{Delta, GroupView, GroupWord, Snapshot, Totals};

use crate::logs::Logs;
use crate::notify::{Teller, standing};
use crate::shell::Shell;
use crate::{awake, tray};

/// The tray is drawn at most so often.
const DRAWN_EVERY: Duration = Duration::from_secs(1);

/// The newest picture of groups and totals, as deltas left it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Facts {
    /// Number of the last delta in it.
    pub(crate) seq: u64,
    /// Groups.
    pub(crate) groups: BTreeMap<GroupId, GroupView>,
    /// Figures over all.
    pub(crate) totals: Totals,
}

impl Facts {
    fn of(snapshot: Snapshot) -> Self {
        let groups = snapshot.groups.into_iter().map(|g| (g.id, g)).collect();
        Self {
            seq: snapshot.seq,
            groups,
            totals: snapshot.totals,
        }
    }

    fn apply(&mut self, delta: &Delta) {
        if delta.seq <= self.seq {
            return;
        }
        self.seq = delta.seq;
        for group in &delta.groups {
            self.groups.insert(group.id, group.clone());
        }
        for group in &delta.removed {
            self.groups.remove(group);
        }
        if let Some(totals) = &delta.totals {
            self.totals = totals.clone();
        }
    }

    /// Groups that would go on by themselves if the program stayed.
    pub(crate) fn working(&self) -> usize {
        self.groups.values().filter(|g| works(g.word)).count()
    }

    /// Whether anything is read, sent or proved just now. The rate does not tell: it counts what was acknowledged, and the
    /// first parts of a slow line take minutes.
    pub(crate) fn moves(&self) -> bool {
        self.groups
            .values()
            .any(|g| works(g.word) && g.files.active + g.files.finishing > 0)
    }

    /// Groups that are not finished.
    pub(crate) fn unfinished(&self) -> usize {
        self.groups.values().filter(|g| g.finished_at.is_none()).count()
    }
}

/// Whether a group moves, or will by itself.
pub(crate) fn works(word: GroupWord) -> bool {
    match word {
        GroupWord::Waiting
        | GroupWord::Preparing
        | GroupWord::Uploading
        | GroupWord::Finishing
        | GroupWord::CleaningUp => true,
        GroupWord::Paused
        | GroupWord::Interrupted
        | GroupWord::NeedsYou
        | GroupWord::Done
        | GroupWord::DoneLeftOut
        | GroupWord::Cancelled => false,
    }
}

/// Follows until the engine ends.
pub(crate) async fn run(app: AppHandle, engine: EngineHandle) {
    let shell = app.state::<Shell>().inner().clone();
    let (mut told, mut teller) = (engine.told(), Teller::new(app.clone(), &engine));
    let logs = app.state::<Logs>();
    logs.follow(shell.keep_logs());
    loop {
        let mut deltas = engine.deltas();
        match engine.snapshot().await {
            Ok(snapshot) => *shell.facts() = Facts::of(snapshot),
            Err(e) => tracing::warn!(error = %e, "the tray has no picture of the queue"),
        }
        tray::draw(&app);
        awake::follow(&app);
        let mut drawn = Instant::now();
        let mut stale = false;
        loop {
            tokio::select! {
                delta = deltas.recv() => match delta {
                    Ok(delta) => {
                        if let Some(settings) = &delta.settings {
                            shell.settings_are(settings.clone());
                            logs.follow(shell.keep_logs());
                        }
                        let standing = {
                            let mut facts = shell.facts();
                            facts.apply(&delta);
                            standing(&facts)
                        };
                        teller.saw(&delta, &standing);
                        stale = true;
                    }
                    Err(RecvError::Lagged(_)) => break,
                    Err(RecvError::Closed) => return,
                },
                news = told.recv() => match news {
                    Ok(news) => teller.hear(&news),
                    Err(RecvError::Lagged(missed)) => tracing::warn!(missed, "notifications were missed"),
                    Err(RecvError::Closed) => return,
                },
                () = sleep_until(drawn + DRAWN_EVERY), if stale => {
                    tray::draw(&app);
                    awake::follow(&app);
                    (drawn, stale) = (Instant::now(), false);
                }
                () = teller.due() => teller.tell_held(),
            }
        }
    }
}
