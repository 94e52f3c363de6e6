//! What is to be done, from facts and ages alone.

#[cfg(test)]
mod tests;

use windlass_core::ids::{DestinationId, FileId, GroupId, ObjectId, OwnerId};
use windlass_core::time::Timestamp;
use windlass_protocol::janitor::{JanitorAction, JanitorStep, StepEnd};

use crate::storage::Found;

const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;

/// What a file or a draft that nobody finished is told (L-15).
pub const ABANDONED: &str = "Upload abandoned - exceeded 7 day threshold";

/// Ages, milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Thresholds {
    /// An open file that is quiet for so long is listed as abandoned (L-13).
    pub abandoned: i64,
    /// An open file that is quiet for so long fails.
    pub quiet: i64,
    /// A draft without a template that is quiet for so long fails; templates have their own.
    pub draft: i64,
    /// Bytes of a file that failed so long ago go.
    pub failed: i64,
    /// What no row knows is told when it was seen for so long.
    pub stray: i64,
    /// Rows of bytes that were deleted so long ago go, and rows of parts of what was stored so long ago.
    pub forget: i64,
}

impl Default for Thresholds {
    fn default() -> Self {
        Self {
            abandoned: HOUR,
            quiet: 7 * DAY,
            draft: 7 * DAY,
            failed: 30 * DAY,
            stray: DAY,
            forget: 7 * DAY,
        }
    }
}

impl Thresholds {
    /// The message of a file or draft that is given up, with the threshold in it.
    #[must_use]
    pub fn abandoned_text(age: i64) -> String {
        if age % DAY == 0 {
            return ABANDONED.replace('7', &(age / DAY).to_string());
        }
        format!("Upload abandoned - exceeded {} hour threshold", age / HOUR)
    }
}

/// An open file without a sign of life.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuietFile {
    /// Whose.
    pub owner: OwnerId,
    /// Which.
    pub id: FileId,
    /// Last sign of life.
    pub alive_at: Timestamp,
    /// What the storage said; none: it did not answer, or a file is not its own.
    pub at_storage: AtStorage,
}

/// What the storage has of an open file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AtStorage {
    /// Not all of it, or there is nothing to ask for.
    Parts,
    /// All of it.
    Whole,
    /// It did not answer.
    Silent,
}

/// A draft.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// Whose.
    pub owner: OwnerId,
    /// Which.
    pub id: GroupId,
    /// The newest sign of life, of itself or of one of its files.
    pub alive_at: Timestamp,
    /// True when it has a template.
    pub has_template: bool,
    /// Of its template; none: such drafts don't age.
    pub draft_days: Option<u32>,
}

/// An object of a file that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailedObject {
    /// Whose.
    pub owner: OwnerId,
    /// The file.
    pub session: FileId,
    /// Its object.
    pub object: ObjectId,
    /// Where it lies.
    pub destination: DestinationId,
    /// Under which key.
    pub key: String,
    /// When the file failed.
    pub failed_at: Timestamp,
}

/// An object that was given up, or is gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OldObject {
    /// Whose.
    pub owner: OwnerId,
    /// Which.
    pub id: ObjectId,
    /// Where it lies.
    pub destination: DestinationId,
    /// Under which key.
    pub key: String,
    /// When it may be cleaned, or when it was gone.
    pub at: Timestamp,
}

/// Something that carries our mark and that no row knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stray {
    /// Where it lies.
    pub destination: DestinationId,
    /// What it is.
    pub found: Found,
    /// When it was seen first; none: never before.
    pub first_seen: Option<Timestamp>,
    /// True when it was told before.
    pub told: bool,
}

/// What was seen earlier and not now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoStray {
    /// Where it lay.
    pub destination: DestinationId,
    /// Under which key.
    pub key: String,
    /// Of which unfinished upload; empty: a whole object.
    pub upload_id: String,
}

/// A row that points at nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OddRow {
    /// Whose.
    pub owner: OwnerId,
    /// Kind of the row.
    pub kind: &'static str,
    /// Which.
    pub id: FileId,
    /// What is wrong with it.
    pub what: &'static str,
}

/// Everything that a run knows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facts {
    /// Open files.
    pub quiet: Vec<QuietFile>,
    /// Drafts.
    pub drafts: Vec<Draft>,
    /// Objects of failed files.
    pub failed: Vec<FailedObject>,
    /// Objects that were given up.
    pub condemned: Vec<OldObject>,
    /// Objects that are gone, and there again.
    pub late: Vec<OldObject>,
    /// Objects that are gone and that nothing refers to.
    pub gone: Vec<OldObject>,
    /// Stored objects that still have rows of their parts.
    pub parts: Vec<OldObject>,
    /// Things without a row.
    pub strays: Vec<Stray>,
    /// Things that were without a row.
    pub over: Vec<NoStray>,
    /// Rows that point at nothing.
    pub odd: Vec<OddRow>,
}

/// What a step is about, for whoever carries it out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// A file.
    Session(OwnerId, FileId),
    /// A group.
    Group(OwnerId, GroupId),
    /// An object, of a file.
    Object(OwnerId, ObjectId),
    /// Something without a row.
    Stray(DestinationId, Found),
    /// A row.
    Row(OwnerId, &'static str, FileId),
}

/// A step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// What.
    pub action: JanitorAction,
    /// About what.
    pub subject: Subject,
    /// Where it lies and under which key.
    pub place: Option<(DestinationId, String)>,
    /// What it has to be older than still, when it is done.
    pub before: Timestamp,
    /// Why.
    pub reason: String,
}

impl Step {
    /// As it is told.
    #[must_use]
    pub fn told(&self, end: StepEnd) -> JanitorStep {
        let (kind, subject, owner) = match &self.subject {
            Subject::Session(owner, id) => ("session", id.to_string(), Some(*owner)),
            Subject::Group(owner, id) => ("group", id.to_string(), Some(*owner)),
            Subject::Object(owner, id) => ("object", id.to_string(), Some(*owner)),
            Subject::Stray(_, found) => ("stray", found.key.clone(), None),
            Subject::Row(owner, kind, id) => (*kind, id.to_string(), Some(*owner)),
        };
        let upload_id = match &self.subject {
            Subject::Stray(_, found) => found.upload_id.clone().filter(|id| !id.is_empty()),
            _ => None,
        };
        JanitorStep {
            action: self.action,
            subject_kind: kind.to_owned(),
            subject,
            owner_id: owner,
            destination_id: self.place.as_ref().map(|(id, _)| *id),
            key: self.place.as_ref().map(|(_, key)| key.clone()),
            upload_id,
            reason: self.reason.clone(),
            end,
            error: None,
        }
    }
}

/// Decides. Nothing else does.
#[must_use]
pub fn plan(facts: &Facts, t: &Thresholds, now: Timestamp) -> Vec<Step> {
    let mut steps = Vec::new();
    steps.extend(facts.quiet.iter().filter_map(|f| quiet(f, t, now)));
    steps.extend(facts.drafts.iter().filter_map(|d| draft(d, t, now)));
    steps.extend(facts.failed.iter().filter_map(|f| failed(f, t, now)));
    steps.extend(facts.condemned.iter().filter_map(|o| condemned(o, now)));
    steps.extend(facts.late.iter().map(|o| late(o, now)));
    steps.extend(facts.strays.iter().filter_map(|s| stray(s, t, now)));
    steps.extend(facts.over.iter().map(|s| over(s, now)));
    steps.extend(facts.gone.iter().filter_map(|o| forget(o, t, now)));
    steps.extend(facts.parts.iter().filter_map(|o| forget_parts(o, t, now)));
    steps.extend(facts.odd.iter().map(|row| odd(row, now)));
    steps
}

fn quiet(file: &QuietFile, t: &Thresholds, now: Timestamp) -> Option<Step> {
    let before = now.plus_millis(-t.quiet);
    if file.alive_at > before {
        return None;
    }
    let (action, reason) = match file.at_storage {
        // Nothing is failed that might be whole.
        AtStorage::Silent => return None,
        AtStorage::Whole => (
            JanitorAction::Settle,
            "all of it arrived, and its client never said so".to_owned(),
        ),
        AtStorage::Parts => (JanitorAction::FailSession, Thresholds::abandoned_text(t.quiet)),
    };
    Some(Step {
        action,
        subject: Subject::Session(file.owner, file.id),
        place: None,
        before,
        reason,
    })
}

fn draft(group: &Draft, t: &Thresholds, now: Timestamp) -> Option<Step> {
    let age = match (group.has_template, group.draft_days) {
        (true, None) => return None,
        (true, Some(days)) => i64::from(days) * DAY,
        (false, _) => t.draft,
    };
    let before = now.plus_millis(-age);
    (group.alive_at <= before).then(|| Step {
        action: JanitorAction::FailDraft,
        subject: Subject::Group(group.owner, group.id),
        place: None,
        before,
        reason: Thresholds::abandoned_text(age),
    })
}

fn failed(object: &FailedObject, t: &Thresholds, now: Timestamp) -> Option<Step> {
    let before = now.plus_millis(-t.failed);
    (object.failed_at <= before).then(|| Step {
        action: JanitorAction::Condemn,
        subject: Subject::Object(object.owner, object.object),
        place: Some((object.destination, object.key.clone())),
        before,
        reason: format!(
            "its file {} failed more than {} days ago",
            object.session,
            t.failed / DAY
        ),
    })
}

fn of_object(object: &OldObject, action: JanitorAction, before: Timestamp, reason: String) -> Step {
    Step {
        action,
        subject: Subject::Object(object.owner, object.id),
        place: Some((object.destination, object.key.clone())),
        before,
        reason,
    }
}

fn condemned(object: &OldObject, now: Timestamp) -> Option<Step> {
    let reason = "it was given up earlier, and may not be deleted yet".to_owned();
    (object.at <= now).then(|| of_object(object, JanitorAction::Clean, now, reason))
}

fn late(object: &OldObject, now: Timestamp) -> Step {
    let reason = "something arrived under its key after it was deleted".to_owned();
    of_object(object, JanitorAction::CleanLate, now, reason)
}

fn forget(object: &OldObject, t: &Thresholds, now: Timestamp) -> Option<Step> {
    let before = now.plus_millis(-t.forget);
    let reason = format!("it was deleted more than {} days ago", t.forget / DAY);
    (object.at <= before).then(|| of_object(object, JanitorAction::ForgetObject, before, reason))
}

fn forget_parts(object: &OldObject, t: &Thresholds, now: Timestamp) -> Option<Step> {
    let before = now.plus_millis(-t.forget);
    let reason = format!("it was stored more than {} days ago", t.forget / DAY);
    (object.at <= before).then(|| of_object(object, JanitorAction::ForgetParts, before, reason))
}

fn stray(stray: &Stray, t: &Thresholds, now: Timestamp) -> Option<Step> {
    let (action, reason) = match stray.first_seen {
        None => (
            JanitorAction::StraySeen,
            "it carries the mark of Windlass, and no row knows it",
        ),
        Some(first) if !stray.told && now.millis_since(first) >= t.stray => (
            JanitorAction::StrayTold,
            "it carries the mark of Windlass, and no row has known it since it was first seen; an admin decides",
        ),
        Some(_) => return None,
    };
    Some(Step {
        action,
        subject: Subject::Stray(stray.destination, stray.found.clone()),
        place: Some((stray.destination, stray.found.key.clone())),
        before: now,
        reason: reason.to_owned(),
    })
}

fn over(stray: &NoStray, now: Timestamp) -> Step {
    let found = Found {
        key: stray.key.clone(),
        upload_id: Some(stray.upload_id.clone()),
        size: None,
    };
    Step {
        action: JanitorAction::StrayOver,
        subject: Subject::Stray(stray.destination, found),
        place: Some((stray.destination, stray.key.clone())),
        before: now,
        reason: "it is not there any more, or a row knows it now".to_owned(),
    }
}

fn odd(row: &OddRow, now: Timestamp) -> Step {
    Step {
        action: JanitorAction::OddRow,
        subject: Subject::Row(row.owner, row.kind, row.id),
        place: None,
        before: now,
        reason: row.what.to_owned(),
    }
}
