//! Rows of the queue, with what the machine does with them just now, as what people see.

use windlass_core::display::{FileFacts, FileWord, GroupFacts, file_word, group_word};
use windlass_core::error::{Failure, RetryClass};
use windlass_core::ids::FileId;
use windlass_core::machine::records::DoneResult;
use windlass_core::machine::{Activity, Machine};
use windlass_core::names::shown;
use windlass_core::states::{BlockedReason, FileState, GroupState, Intent, PartState};
use windlass_core::time::Timestamp;
use windlass_queue::files::FileRow;
use windlass_queue::groups::{GroupRow, Origin};
use windlass_queue::processing::{Counts, State, Track};
use windlass_queue::totals::GroupTotals;

use crate::view::{
    ErrorFold, FileCounts, FileError, FileView, Find, FindKind, GroupView, Notes, ProcessingCounts,
    ProcessingView, ProcessingWord,
};

/// Cells of a part strip.
const CELLS: usize = 46;

/// What holds a group, looked up in the machine.
#[derive(Debug, Clone, Default)]
pub(crate) struct GroupNow {
    pub(crate) active: u32,
    pub(crate) finishing: u32,
    pub(crate) blocked_by: Vec<BlockedReason>,
    pub(crate) anyway: Vec<BlockedReason>,
    pub(crate) because: Option<Failure>,
    pub(crate) since: Option<Timestamp>,
    /// A file of it whose disk is not connected.
    pub(crate) no_disk: Option<FileId>,
}

impl GroupNow {
    pub(crate) fn of(machine: &Machine, row: &GroupRow, held: bool, app_paused: bool) -> Self {
        let (active, finishing) = machine.group_activity(row.record.id);
        let mut blocked_by = Vec::new();
        let mut anyway = Vec::new();
        let (mut because, mut since) = (None, None);
        let ended = matches!(row.record.state, GroupState::Completed | GroupState::Cancelled);
        if !ended {
            if app_paused || row.record.intent == Intent::Paused {
                blocked_by.push(BlockedReason::User);
            }
            if held {
                blocked_by.push(BlockedReason::Question);
            }
            blocked_by.extend(machine.unwritable());
            let (id, destination) = (row.record.id, row.record.destination);
            blocked_by.extend(machine.holds().against(id, destination));
            anyway.extend(machine.holds().passed(id, destination));
            if let Some(h) = machine.held(row.record.destination) {
                blocked_by.push(h.reason);
                because = Some(h.failure.clone());
                since = machine.failing(row.record.destination).map(|f| f.since);
            } else if blocked_by.is_empty()
                && let Some(failure) = machine.trouble(id)
            {
                // What heals by itself is the way there or the storage: what a file on this computer met waits for a person.
                blocked_by.push(failure.code.retry_class().reason());
                because = Some(failure.clone());
            }
        }
        blocked_by.sort_unstable();
        blocked_by.dedup();
        Self {
            active,
            finishing,
            blocked_by,
            anyway,
            because,
            since,
            no_disk: machine.without_its_disk(row.record.id),
        }
    }
}

/// A search as the queue takes it.
pub(crate) fn find(find: &Find) -> windlass_queue::files::Find {
    use windlass_queue::files::Kind;
    windlass_queue::files::Find {
        text: find.text.clone(),
        code: find.code,
        kind: match find.kind {
            FindKind::All => Kind::All,
            FindKind::Open => Kind::Open,
            FindKind::Failed => Kind::Failed,
            FindKind::Done => Kind::Done,
            FindKind::LeftOut => Kind::LeftOut,
            FindKind::Unprocessed => Kind::Unprocessed,
            FindKind::NoDisk => Kind::NoDisk,
        },
    }
}

fn u32_of(n: u64) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

/// A failure as a window tells it.
pub(crate) fn file_error(failure: &Failure) -> FileError {
    FileError {
        code: failure.code,
        number: failure.code.label(),
        detail: failure.detail.clone(),
    }
}

/// A group's card.
pub(crate) fn group_view(
    row: &GroupRow,
    totals: &GroupTotals,
    errors: Vec<ErrorFold>,
    now: &GroupNow,
    destination_name: String,
) -> GroupView {
    let counts = FileCounts {
        total: u32_of(totals.total),
        done: u32_of(totals.done),
        deduplicated: u32_of(totals.deduplicated),
        unchanged: u32_of(totals.unchanged),
        failed: u32_of(totals.failed),
        rejected: u32_of(totals.rejected),
        active: now.active,
        finishing: now.finishing,
        removed: u32_of(totals.removed),
    };
    let word = group_word(GroupFacts {
        cancelled: row.record.intent == Intent::Cancelled,
        paused: row.record.intent == Intent::Paused,
        blocked: now.blocked_by.first().copied(),
        scanning: row.scanning,
        total: counts.total,
        done: counts.done,
        failed: counts.failed,
        rejected: counts.rejected,
        active: counts.active,
        finishing: counts.finishing,
        moved: totals.bytes_done > 0 || totals.done > 0,
    });
    GroupView {
        id: row.record.id,
        name: shown(&row.name),
        destination_id: row.record.destination,
        destination_name,
        word,
        intent: row.record.intent,
        blocked_by: now.blocked_by.clone(),
        anyway: now.anyway.clone(),
        because: now.because.as_ref().map(file_error),
        since: now.since.map(Timestamp::as_millis),
        disk: None,
        scanning: row.scanning,
        growing: 0,
        order: row.record.position,
        accepts_files: row.record.intent != Intent::Cancelled
            && !matches!(row.record.state, GroupState::Completed | GroupState::Cancelled),
        files: counts,
        processing: None,
        bytes_total: totals.bytes_total,
        bytes_done: totals.bytes_done.min(totals.bytes_total),
        rate_bytes: None,
        rate_files: None,
        eta: None,
        errors,
        notes: Some(Notes {
            text: row.notes.text.clone(),
            pairs: row.notes.pairs.clone(),
        })
        .filter(|notes| !notes.is_empty()),
        regroups: row.origin != Origin::Watch
            && !row.scanning
            && row.record.intent != Intent::Cancelled
            && !matches!(row.record.state, GroupState::Completed | GroupState::Cancelled),
        created_at: row.created_at.as_millis(),
        finished_at: row.finished_at.map(|t| t.as_millis()),
    }
}

/// The processing track of a group; none where nothing is done with any of its files.
pub(crate) fn processing_view(counts: &Counts, errors: Vec<ErrorFold>) -> Option<ProcessingCounts> {
    (*counts != Counts::default()).then(|| ProcessingCounts {
        waiting: u32_of(counts.waiting),
        running: u32_of(counts.running),
        done: u32_of(counts.done),
        failed: u32_of(counts.failed),
        errors,
    })
}

/// A file's row.
pub(crate) fn file_view(
    row: &FileRow,
    parts: &[u8],
    activity: Option<&Activity>,
    group_intent: Intent,
    group_held: &[BlockedReason],
) -> FileView {
    let open = matches!(
        row.state,
        FileState::Queued | FileState::Registered | FileState::Uploading | FileState::Verifying
    );
    let intent = if row.intent == Intent::Run {
        group_intent
    } else {
        row.intent
    };
    let mut blocked_by: Vec<BlockedReason> = if open { group_held.to_vec() } else { Vec::new() };
    blocked_by.extend(activity.and_then(|a| a.waits).filter(|_| open));
    if open
        && activity.is_none_or(|a| a.waits.is_none())
        && let Some(RetryClass::When(reason)) = row
            .error
            .as_ref()
            .filter(|_| row.next_try_at.is_some())
            .map(|e| e.code.retry_class())
    {
        blocked_by.push(reason);
    }
    blocked_by.sort_unstable();
    blocked_by.dedup();
    let word = file_word(FileFacts {
        state: row.state,
        intent,
        blocked: !blocked_by.is_empty(),
        error: row.error.as_ref().map(|e| e.code),
        deduplicated: row.result == Some(DoneResult::Deduplicated),
        unchanged: row.result == Some(DoneResult::Unchanged),
        active: activity.is_some_and(|a| a.runs),
    });
    let (folder, name) = row.rel_path.rsplit_once('/').unwrap_or(("", &row.rel_path));
    let settled = row.state == FileState::Done;
    let total = row.part_count;
    FileView {
        id: row.id,
        group_id: row.group,
        position: u32::try_from(row.position).unwrap_or(u32::MAX),
        name: shown(name),
        folder: shown(folder),
        size: row.fingerprint.size,
        state: row.state,
        word,
        intent,
        blocked_by,
        parts_total: total,
        parts_done: if settled { total } else { row.parts_done },
        cells: cells(row, parts, word, activity),
        bytes_done: if settled {
            row.fingerprint.size
        } else {
            row.bytes_done
        },
        error: row.error.as_ref().map(file_error),
        moved_to: row.moved_to,
        object_key: row.object_key.clone(),
        processing: row.track.as_ref().and_then(processing),
    }
}

fn processing(track: &Track) -> Option<ProcessingView> {
    let word = match track.state {
        State::None => return None,
        State::Waiting => ProcessingWord::Waiting,
        State::Running => ProcessingWord::Running,
        State::Done => ProcessingWord::Done,
        State::Failed => ProcessingWord::Failed,
    };
    Some(ProcessingView {
        word,
        error: track.failure.as_ref().map(file_error),
    })
}

/// The part strip, one letter a cell.
fn cells(row: &FileRow, parts: &[u8], word: FileWord, activity: Option<&Activity>) -> String {
    let total = row.part_count as usize;
    let count = total.clamp(1, CELLS);
    match word {
        FileWord::AlreadyThere | FileWord::Unchanged => return "d".repeat(count),
        FileWord::Verified => return "9".repeat(count),
        FileWord::Waiting
        | FileWord::Preparing
        | FileWord::Uploading
        | FileWord::Finishing
        | FileWord::Skipped
        | FileWord::Changed
        | FileWord::NeedsYou
        | FileWord::Failed
        | FileWord::Paused
        | FileWord::Cancelled => {}
    }
    let uploaded = PartState::ALL.iter().position(|s| *s == PartState::Uploaded);
    let stored: Vec<bool> = parts
        .iter()
        .map(|place| Some(usize::from(*place)) == uploaded)
        .collect();
    (0..count)
        .map(|cell| {
            let range = cell * total / count..((cell + 1) * total / count).max(cell * total / count + 1);
            let sending = activity.is_some_and(|a| a.sending.iter().any(|i| range.contains(i)));
            let again = activity.is_some_and(|a| a.again.iter().any(|i| range.contains(i)));
            let done = range
                .clone()
                .filter(|i| stored.get(*i).copied().unwrap_or(false))
                .count();
            match (again, sending, range.len()) {
                (true, _, _) => 'f',
                (false, true, _) if done < range.len() => 's',
                (false, _, len) => {
                    char::from_digit(u32::try_from(done * 9 / len.max(1)).unwrap_or(0), 10).unwrap_or('0')
                }
            }
        })
        .collect()
}
