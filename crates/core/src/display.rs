//! The one word that people see, derived from what is and what is wanted (experience §0). Total; a table by construction.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::error::{ErrorCode, RetryClass};
use crate::states::{BlockedReason, FileState, Intent};

/// Words of a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum GroupWord {
    /// Nothing sent yet.
    Waiting,
    /// Dropped paths are being walked, or files read and announced.
    Preparing,
    /// Parts are on their way.
    Uploading,
    /// All parts sent; proofs are awaited.
    Finishing,
    /// Held by the person or by a reason.
    Paused,
    /// Interrupted by the end of the program; the relaunch report asks.
    Interrupted,
    /// Can't go on without a person.
    NeedsYou,
    /// Every file proved.
    Done,
    /// Every file proved but those left out.
    DoneLeftOut,
    /// Cancelled.
    Cancelled,
    /// Cancelled; the destination still has to confirm.
    CleaningUp,
}

/// Words of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum FileWord {
    /// In the queue.
    Waiting,
    /// Being announced, read or hashed.
    Preparing,
    /// Parts are being sent.
    Uploading,
    /// All parts sent; the proof is awaited.
    Finishing,
    /// Arrived and proved.
    Verified,
    /// Same content was there.
    AlreadyThere,
    /// Proved before, untouched since.
    Unchanged,
    /// Left out; the reason follows.
    Skipped,
    /// The source changed.
    Changed,
    /// Needs a decision.
    NeedsYou,
    /// Gave up.
    Failed,
    /// Stopped on purpose or held back.
    Paused,
    /// Stopped for good.
    Cancelled,
}

/// What a file's word depends on.
#[derive(Debug, Clone, Copy)]
pub struct FileFacts {
    /// State.
    pub state: FileState,
    /// The file's own intent, or the group's where that is stronger.
    pub intent: Intent,
    /// Something holds it.
    pub blocked: bool,
    /// Its error.
    pub error: Option<ErrorCode>,
    /// Done as a duplicate.
    pub deduplicated: bool,
    /// Done as unchanged.
    pub unchanged: bool,
    /// The engine works on it just now.
    pub active: bool,
}

/// The word of a file.
#[must_use]
pub fn file_word(f: FileFacts) -> FileWord {
    match f.state {
        FileState::Done if f.unchanged => FileWord::Unchanged,
        FileState::Done if f.deduplicated => FileWord::AlreadyThere,
        FileState::Done => FileWord::Verified,
        FileState::Removed => FileWord::Cancelled,
        FileState::Failed => match f.error {
            Some(ErrorCode::FileChanged) => FileWord::Changed,
            Some(code) => match code.retry_class() {
                RetryClass::Never => FileWord::Skipped,
                RetryClass::AfterPerson => FileWord::NeedsYou,
                RetryClass::Now | RetryClass::Backoff | RetryClass::When(_) => FileWord::Failed,
            },
            None => FileWord::Failed,
        },
        FileState::Queued | FileState::Registered | FileState::Uploading | FileState::Verifying => {
            match f.intent {
                Intent::Cancelled => FileWord::Cancelled,
                Intent::Paused => FileWord::Paused,
                Intent::Run if f.blocked => FileWord::Paused,
                Intent::Run => match f.state {
                    FileState::Uploading if f.active => FileWord::Uploading,
                    FileState::Verifying => FileWord::Finishing,
                    FileState::Queued | FileState::Registered if f.active => FileWord::Preparing,
                    _ => FileWord::Waiting,
                },
            }
        }
    }
}

/// What a group's word depends on.
#[derive(Debug, Clone, Copy, Default)]
pub struct GroupFacts {
    /// Cancelled by the person.
    pub cancelled: bool,
    /// Paused by the person.
    pub paused: bool,
    /// First reason that holds it.
    pub blocked: Option<BlockedReason>,
    /// Paths are still being walked.
    pub scanning: bool,
    /// Files in all, removed ones not counted.
    pub total: u32,
    /// Proved.
    pub done: u32,
    /// Failed: a person is needed.
    pub failed: u32,
    /// Left out: refused for good.
    pub rejected: u32,
    /// Being worked on.
    pub active: u32,
    /// Waiting for their proof.
    pub finishing: u32,
    /// Bytes were sent or files done.
    pub moved: bool,
}

/// The word of a group.
#[must_use]
pub fn group_word(g: GroupFacts) -> GroupWord {
    let ended = g.done + g.failed + g.rejected;
    let open = g.total.saturating_sub(ended);
    if g.cancelled {
        return if open > 0 {
            GroupWord::CleaningUp
        } else {
            GroupWord::Cancelled
        };
    }
    if g.scanning {
        return if g.moved {
            GroupWord::Uploading
        } else {
            GroupWord::Preparing
        };
    }
    if open == 0 {
        return match (g.failed, g.rejected) {
            (0, 0) => GroupWord::Done,
            (0, _) => GroupWord::DoneLeftOut,
            _ => GroupWord::NeedsYou,
        };
    }
    match g.blocked {
        Some(BlockedReason::Question) => return GroupWord::Interrupted,
        Some(_) => return GroupWord::Paused,
        None if g.paused => return GroupWord::Paused,
        None => {}
    }
    if g.finishing > 0 && g.finishing == open {
        GroupWord::Finishing
    } else if g.moved {
        GroupWord::Uploading
    } else if g.active > 0 {
        GroupWord::Preparing
    } else {
        GroupWord::Waiting
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn done_is_said_only_when_every_file_is_proved() {
        let g = GroupFacts {
            total: 3,
            done: 3,
            moved: true,
            ..GroupFacts::default()
        };
        assert_eq!(group_word(g), GroupWord::Done);
        assert_eq!(
            group_word(GroupFacts {
                done: 2,
                rejected: 1,
                ..g
            }),
            GroupWord::DoneLeftOut
        );
        assert_eq!(
            group_word(GroupFacts {
                done: 2,
                failed: 1,
                ..g
            }),
            GroupWord::NeedsYou
        );
        assert_eq!(
            group_word(GroupFacts {
                done: 2,
                finishing: 1,
                ..g
            }),
            GroupWord::Finishing
        );
        assert_eq!(group_word(GroupFacts { done: 1, ..g }), GroupWord::Uploading);
        assert_eq!(
            group_word(GroupFacts {
                done: 1,
                paused: true,
                ..g
            }),
            GroupWord::Paused
        );
        assert_eq!(
            group_word(GroupFacts {
                done: 1,
                blocked: Some(BlockedReason::Question),
                ..g
            }),
            GroupWord::Interrupted
        );
        assert_eq!(
            group_word(GroupFacts {
                done: 1,
                cancelled: true,
                ..g
            }),
            GroupWord::CleaningUp
        );
        assert_eq!(
            group_word(GroupFacts {
                scanning: true,
                total: 0,
                done: 0,
                moved: false,
                ..g
            }),
            GroupWord::Preparing
        );
    }

    #[test]
    fn verified_is_said_of_a_file_only_in_state_done() {
        for &state in FileState::ALL {
            for &intent in Intent::ALL {
                for error in [
                    None,
                    Some(ErrorCode::FileChanged),
                    Some(ErrorCode::TooLarge),
                    Some(ErrorCode::NoPermission),
                ] {
                    for bits in 0..16u8 {
                        let f = FileFacts {
                            state,
                            intent,
                            error,
                            blocked: bits & 1 != 0,
                            deduplicated: bits & 2 != 0,
                            unchanged: bits & 4 != 0,
                            active: bits & 8 != 0,
                        };
                        let word = file_word(f);
                        let settled = matches!(
                            word,
                            FileWord::Verified | FileWord::AlreadyThere | FileWord::Unchanged
                        );
                        assert_eq!(settled, state == FileState::Done, "{f:?} says {word:?}");
                    }
                }
            }
        }
    }
}
