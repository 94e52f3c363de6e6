//! What came of the uploads of a watched folder.

use windlass_core::error::ErrorCode;
use windlass_core::machine::records::DoneResult;
use windlass_core::states::FileState;
use windlass_core::watch::{After, EntryState, Why};
use windlass_queue::watched::{AfterState, EntryRow, Outcome};

/// What is to be written down of a file whose upload came further. `None`: nothing.
pub(super) fn outcome(e: &EntryRow, after: After) -> Option<Outcome> {
    let came_to = |state, why, detail: String| Outcome {
        state,
        why,
        detail,
        version: None,
        after: AfterState::None,
    };
    Some(match e.file_state {
        Some(FileState::Done) => proved(e, after)?,
        // The group was taken from the list; the receipt stays.
        None if e.proved.is_some() => proved(e, after)?,
        Some(FileState::Failed) => {
            let code = e.error.as_ref().map_or(ErrorCode::Internal, |f| f.code);
            came_to(EntryState::Failed, Why::Failed, code.as_str().to_owned())
        }
        Some(FileState::Removed) | None => came_to(EntryState::Ignored, Why::Cancelled, String::new()),
        // Somebody retried it.
        Some(FileState::Queued | FileState::Registered | FileState::Uploading | FileState::Verifying) => {
            came_to(EntryState::Queued, Why::Queued, String::new())
        }
    })
}

fn proved(e: &EntryRow, after: After) -> Option<Outcome> {
    let why = match e.result? {
        DoneResult::Deduplicated => Why::Deduplicated,
        DoneResult::Uploaded | DoneResult::Unchanged if e.versions > 0 => Why::NewVersion,
        DoneResult::Uploaded | DoneResult::Unchanged => Why::Uploaded,
    };
    Some(Outcome {
        state: EntryState::Uploaded,
        why,
        detail: String::new(),
        version: e.proved,
        after: if after == After::Keep {
            AfterState::None
        } else {
            AfterState::Due
        },
    })
}
