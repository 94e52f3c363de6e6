//! What a person wants, and why something waits.

use serde::{Deserialize, Serialize};
use std::str::FromStr;
use ts_rs::TS;

use super::UnknownState;

macro_rules! words {
    ($(#[$doc:meta])* $name:ident, $machine:literal { $($(#[$vdoc:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
        #[serde(rename_all = "snake_case")]
        #[ts(export)]
        pub enum $name { $($(#[$vdoc])* $variant),+ }

        impl $name {
            /// All words, in the order of telling.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The stored word.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }
        }

        impl FromStr for $name {
            type Err = UnknownState;
            fn from_str(s: &str) -> Result<Self, UnknownState> {
                Self::ALL.iter().copied().find(|v| v.as_str() == s)
                    .ok_or_else(|| UnknownState { machine: $machine, word: s.chars().take(40).collect() })
            }
        }
    };
}

words! {
    /// What the person wants. Written only for the person; the engine writes only states.
    Intent, "intent" {
        /// Go on.
        Run = "run",
        /// Stand still; nothing stored is lost.
        Paused = "paused",
        /// Stop for good and remove what is unfinished at the destination.
        Cancelled = "cancelled",
    }
}

words! {
    /// Why something waits. Always a set; this is the order in which it is told.
    BlockedReason, "blocked_by" {
        /// The person paused it.
        User = "user",
        /// A relaunch report or another question waits for an answer.
        Question = "question",
        /// There is no network.
        Offline = "offline",
        /// Bytes cost money on this network.
        Metered = "metered",
        /// The computer runs on a battery that is low.
        Battery = "battery",
        /// The computer saves power.
        PowerSaver = "power_saver",
        /// The person's week has no uploads in this hour.
        Schedule = "schedule",
        /// The destination does not answer.
        DestinationDown = "destination_down",
        /// The destination asked to slow down.
        DestinationSlowDown = "destination_slow_down",
        /// The destination is full.
        StorageFull = "storage_full",
        /// The destination refuses the stored key, or the way to it is not allowed.
        SignedOut = "signed_out",
        /// The disk of the source is not connected.
        DiskMissing = "disk_missing",
        /// The disk of the queue is full.
        QueueDiskFull = "queue_disk_full",
        /// The source is gone.
        FileMissing = "file_missing",
        /// The source changes, or another program holds it.
        LockedFile = "locked_file",
        /// The same content is on its way from elsewhere.
        Following = "following",
    }
}
