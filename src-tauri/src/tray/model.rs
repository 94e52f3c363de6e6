//! What the tray shows, decided from the facts alone.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use windlass_core::conditions::may_be_passed;
use windlass_core::ids::GroupId;
use windlass_core::states::BlockedReason;
use windlass_engine::view::{GroupView, GroupWord, Totals};

use super::pause;
use crate::follow::works;
use crate::words::{Left, Words, plain};

/// Groups that the menu names.
const MOST_GROUPS: usize = 3;

/// The tray, ready to be drawn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TrayModel {
    /// Which picture.
    pub(crate) icon: TrayIcon,
    /// First line of the menu.
    pub(crate) line: String,
    /// The same with the time left.
    pub(crate) tooltip: String,
    /// Groups to open, most urgent first; then what ended last.
    pub(crate) groups: Vec<(GroupId, String)>,
    /// Groups that need the person.
    pub(crate) need_you: u64,
    /// What the item about everything does.
    pub(crate) all: PauseAll,
    /// What holds may be passed over.
    pub(crate) anyway: bool,
    /// The limit of all uploads, bytes a second; 0: none.
    pub(crate) limit: u64,
}

/// Pictures, told apart by shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TrayIcon {
    /// Nothing under way.
    Idle,
    /// Files are moving; so many sixteenths are there.
    Active(u8),
    /// Something waits, by a person's wish or not.
    Paused,
    /// There is no network.
    Offline,
    /// The queue can't be opened.
    Broken,
    /// A person is needed.
    Attention,
}

/// The item about everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PauseAll {
    /// Pauses; can't be chosen when nothing would be paused.
    Pause {
        /// Can be chosen.
        enabled: bool,
    },
    /// Goes on.
    Resume,
}

/// Decides.
pub(crate) fn tray_model(
    groups: &BTreeMap<GroupId, GroupView>,
    totals: &Totals,
    limit: u64,
    words: &Words,
) -> TrayModel {
    let working = groups.values().filter(|g| works(g.word)).count() as u64;
    let need_you = groups.values().filter(|g| needs_you(g)).count() as u64;
    let held = held(groups, totals);
    let verified = groups.values().any(is_done);
    let moving = working > 0 && held.is_none();
    let until = totals.paused_until.filter(|_| totals.paused).map(pause::clock);
    let line = match held {
        Some(BlockedReason::User) if until.is_some() => {
            words.paused_until(until.as_deref().unwrap_or_default())
        }
        Some(BlockedReason::Offline) => words.offline(waiting_files(totals)),
        Some(
            reason @ (BlockedReason::Metered
            | BlockedReason::Battery
            | BlockedReason::PowerSaver
            | BlockedReason::Schedule),
        ) => words.held(reason, &totals.around),
        Some(reason) => words.paused(reason),
        None if moving => words.uploading(working, percent(totals.bytes_done, totals.bytes_total)),
        None if need_you > 0 => words.need_you(need_you),
        None if verified => words.all_verified().to_owned(),
        None => words.nothing().to_owned(),
    };
    let icon = match (need_you, held, moving) {
        (1.., ..) => TrayIcon::Attention,
        (0, Some(BlockedReason::Offline), _) => TrayIcon::Offline,
        (0, Some(_), _) => TrayIcon::Paused,
        (0, None, true) => TrayIcon::Active(sixteenths(totals.bytes_done, totals.bytes_total)),
        (0, None, false) => TrayIcon::Idle,
    };
    let mut tooltip = format!("Windlass: {line}");
    if let Some(eta) = totals.eta.filter(|_| moving) {
        tooltip = format!("{tooltip}, {}", words.left(Left::from(eta)));
    }
    if need_you > 0 && (moving || held.is_some()) {
        tooltip = format!("{tooltip}. {}", words.need_you(need_you));
    }
    let all = if totals.paused {
        PauseAll::Resume
    } else {
        PauseAll::Pause { enabled: working > 0 }
    };
    TrayModel {
        icon,
        line,
        tooltip,
        groups: named(groups, words),
        need_you,
        all,
        anyway: !totals.paused && held.is_some_and(may_be_passed),
        limit,
    }
}

/// Why nothing moves although something is left to do: the reason of everything, else of all groups that are left.
fn held(groups: &BTreeMap<GroupId, GroupView>, totals: &Totals) -> Option<BlockedReason> {
    if totals.paused {
        return Some(BlockedReason::User);
    }
    if groups.values().any(|g| works(g.word)) {
        return totals.blocked_by.first().copied();
    }
    let mut waiting = groups
        .values()
        .filter(|g| matches!(g.word, GroupWord::Paused | GroupWord::Interrupted));
    let first = waiting.next()?;
    let own = if first.word == GroupWord::Interrupted {
        Some(BlockedReason::Question)
    } else {
        None
    };
    Some(
        first
            .blocked_by
            .first()
            .copied()
            .or(own)
            .unwrap_or(BlockedReason::User),
    )
}

fn named(groups: &BTreeMap<GroupId, GroupView>, words: &Words) -> Vec<(GroupId, String)> {
    let mut open: Vec<&GroupView> = groups
        .values()
        .filter(|g| needs_you(g) || works(g.word))
        .collect();
    open.sort_by_key(|g| (!needs_you(g), g.created_at, g.id));
    // Where there is room, what ended last.
    let mut ended: Vec<&GroupView> = groups.values().filter(|g| is_done(g)).collect();
    ended.sort_by_key(|g| (Reverse(g.finished_at), g.id));
    open.extend(ended);
    let line = |g: &GroupView| {
        let name = plain(&g.name);
        if is_done(g) {
            words.group_done(&name)
        } else if needs_you(g) {
            words.group_needs_you(&name, u64::from(g.files.failed))
        } else {
            words.group(&name, percent(g.bytes_done, g.bytes_total).unwrap_or(0))
        }
    };
    open.into_iter()
        .take(MOST_GROUPS)
        .map(|g| (g.id, line(g)))
        .collect()
}

fn needs_you(group: &GroupView) -> bool {
    group.word == GroupWord::NeedsYou
}

fn is_done(group: &GroupView) -> bool {
    matches!(group.word, GroupWord::Done | GroupWord::DoneLeftOut)
}

fn waiting_files(totals: &Totals) -> u64 {
    u64::from(totals.files_total.saturating_sub(totals.files_done))
}

/// How much of the ring is full.
fn sixteenths(done: u64, total: u64) -> u8 {
    let part = u128::from(done.min(total)) * 16;
    part.checked_div(u128::from(total))
        .and_then(|p| u8::try_from(p).ok())
        .unwrap_or(0)
}

/// Whole percent; 100 only when all is there.
fn percent(done: u64, total: u64) -> Option<u8> {
    let part = u128::from(done.min(total)) * 100;
    part.checked_div(u128::from(total))
        .and_then(|p| u8::try_from(p).ok())
}

#[cfg(test)]
#[path = "model_tests.rs"]
mod tests;
