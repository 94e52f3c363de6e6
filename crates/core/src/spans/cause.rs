//! Why work was held up, as a stored word.

use std::str::FromStr;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::states::{BlockedReason, UnknownState};

/// Why a stretch of time sent nothing, or less: the reasons of [`BlockedReason`] that hold whole groups, the limit of an hour,
/// and a program that did not run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum SpanCause {
    /// The person paused it.
    User,
    /// A question waited for an answer.
    Question,
    /// There was no network.
    Offline,
    /// Bytes cost money on the network.
    Metered,
    /// The battery was low.
    Battery,
    /// The computer saved power.
    PowerSaver,
    /// The person's week had no uploads in these hours.
    Schedule,
    /// The person's week allowed so many bytes a second in these hours.
    Limit,
    /// The destination did not answer.
    DestinationDown,
    /// The destination was full.
    StorageFull,
    /// The destination refused the stored key.
    SignedOut,
    /// The disk of the source was not connected.
    DiskMissing,
    /// The disk of the queue was full.
    QueueDiskFull,
    /// The source was gone.
    FileMissing,
    /// The source changed, or another program held it.
    LockedFile,
    /// Windlass did not run.
    NotRunning,
}

impl SpanCause {
    /// All, in the order of telling.
    pub const ALL: [Self; 16] = [
        Self::User,
        Self::Question,
        Self::Offline,
        Self::Metered,
        Self::Battery,
        Self::PowerSaver,
        Self::Schedule,
        Self::Limit,
        Self::DestinationDown,
        Self::StorageFull,
        Self::SignedOut,
        Self::DiskMissing,
        Self::QueueDiskFull,
        Self::FileMissing,
        Self::LockedFile,
        Self::NotRunning,
    ];

    /// The stored word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Question => "question",
            Self::Offline => "offline",
            Self::Metered => "metered",
            Self::Battery => "battery",
            Self::PowerSaver => "power_saver",
            Self::Schedule => "schedule",
            Self::Limit => "limit",
            Self::DestinationDown => "destination_down",
            Self::StorageFull => "storage_full",
            Self::SignedOut => "signed_out",
            Self::DiskMissing => "disk_missing",
            Self::QueueDiskFull => "queue_disk_full",
            Self::FileMissing => "file_missing",
            Self::LockedFile => "locked_file",
            Self::NotRunning => "not_running",
        }
    }

    /// The cause of a span for a reason; `None` for what is no stop: a moment that the destination asked for, and a file that
    /// waits for its like.
    #[must_use]
    pub const fn of(reason: BlockedReason) -> Option<Self> {
        Some(match reason {
            BlockedReason::User => Self::User,
            BlockedReason::Question => Self::Question,
            BlockedReason::Offline => Self::Offline,
            BlockedReason::Metered => Self::Metered,
            BlockedReason::Battery => Self::Battery,
            BlockedReason::PowerSaver => Self::PowerSaver,
            BlockedReason::Schedule => Self::Schedule,
            BlockedReason::DestinationDown => Self::DestinationDown,
            BlockedReason::StorageFull => Self::StorageFull,
            BlockedReason::SignedOut => Self::SignedOut,
            BlockedReason::DiskMissing => Self::DiskMissing,
            BlockedReason::QueueDiskFull => Self::QueueDiskFull,
            BlockedReason::FileMissing => Self::FileMissing,
            BlockedReason::LockedFile => Self::LockedFile,
            BlockedReason::DestinationSlowDown | BlockedReason::Following => return None,
        })
    }

    /// It lies at one destination.
    #[must_use]
    pub const fn is_of_a_place(self) -> bool {
        matches!(self, Self::DestinationDown | Self::StorageFull | Self::SignedOut)
    }

    /// A person did it, or has to answer.
    #[must_use]
    pub const fn is_of_the_person(self) -> bool {
        matches!(self, Self::User | Self::Question)
    }

    /// Nobody wanted it; what the person or the person's rules hold is a pause, and a limit is neither.
    #[must_use]
    pub const fn is_interruption(self) -> bool {
        !matches!(
            self,
            Self::User
                | Self::Question
                | Self::Metered
                | Self::Battery
                | Self::PowerSaver
                | Self::Schedule
                | Self::Limit
        )
    }

    /// An error stands behind it.
    #[must_use]
    pub const fn has_code(self) -> bool {
        self.is_of_a_place() || matches!(self, Self::DiskMissing | Self::FileMissing | Self::LockedFile)
    }

    /// What goes on within so many milliseconds after its end is the same span. A destination is not held while it is tried
    /// again, and a try may last until its time is over.
    #[must_use]
    pub const fn gap_ms(self) -> i64 {
        if self.has_code() { 60_000 } else { 5_000 }
    }
}

impl FromStr for SpanCause {
    type Err = UnknownState;

    fn from_str(s: &str) -> Result<Self, UnknownState> {
        Self::ALL
            .into_iter()
            .find(|c| c.as_str() == s)
            .ok_or_else(|| UnknownState {
                machine: "span",
                word: s.chars().take(40).collect(),
            })
    }
}
