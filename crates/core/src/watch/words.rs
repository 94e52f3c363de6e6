//! Closed sets of words. They are stored, and cross to the window, which has texts for each.

use std::str::FromStr;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::states::UnknownState;

macro_rules! words {
    ($(#[$doc:meta])* $name:ident, $set:literal { $($(#[$vdoc:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
        #[serde(rename_all = "snake_case")]
        #[ts(export)]
        pub enum $name { $($(#[$vdoc])* $variant),+ }

        impl $name {
            /// All words.
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
                    .ok_or_else(|| UnknownState { machine: $set, word: s.chars().take(40).collect() })
            }
        }
    };
}

words! {
    /// Which files of a watched folder make one group.
    GroupRule, "group_rule" {
        /// Those that arrive together: a group ends when nothing came for a while.
        Batch = "batch",
        /// Those of one day.
        Day = "day",
        /// Those of one subfolder that arrive together.
        Folder = "folder",
    }
}

words! {
    /// What becomes of an original after its proof.
    After, "after" {
        /// It stays.
        Keep = "keep",
        /// It is moved to a folder.
        Move = "move",
        /// It goes to the trash.
        Delete = "delete",
    }
}

words! {
    /// How changes are noticed.
    WatchMode, "watch_mode" {
        /// The system tells.
        Events = "events",
        /// By looking again and again.
        Polling = "polling",
    }
}

words! {
    /// What is written down of a file in a watched folder.
    EntryState, "watched_entry" {
        /// Seen; it does not stand still yet.
        Settling = "settling",
        /// Handed to the queue.
        Queued = "queued",
        /// Proved at the destination.
        Uploaded = "uploaded",
        /// It does not go.
        Ignored = "ignored",
        /// Its upload failed.
        Failed = "failed",
    }
}

words! {
    /// Why a file was, is or will not be uploaded.
    Why, "watch_why" {
        /// It has just changed; it goes when it stands still.
        Growing = "growing",
        /// It stands still, but not for long enough.
        Settling = "settling",
        /// A program has it open for writing.
        InUse = "in_use",
        /// It has been changing for so long that a person may want to look.
        NeverStill = "never_still",
        /// The same file is on its way under its older name.
        OtherName = "other_name",
        /// It is in the queue, or on its way.
        Queued = "queued",
        /// Proved at the destination.
        Uploaded = "uploaded",
        /// Its content was at the destination already; nothing was sent.
        Deduplicated = "deduplicated",
        /// A later version than the first; proved.
        NewVersion = "new_version",
        /// Touched, but its content is the one that was proved.
        SameContent = "same_content",
        /// It was proved under another name; renaming is no new upload.
        Renamed = "renamed",
        /// It was proved, and is gone at the destination since: that is remembered, and it does not go again by itself.
        RemovedThere = "removed_there",
        /// The name of an unfinished file; looked at again when it is renamed.
        TempName = "temp_name",
        /// A file that systems leave behind.
        Junk = "junk",
        /// Hidden files stay out by the folder's rules.
        Hidden = "hidden",
        /// By an exclude pattern.
        Excluded = "excluded",
        /// By no include pattern.
        NotIncluded = "not_included",
        /// Smaller than the rules want.
        TooSmall = "too_small",
        /// Larger than the rules want.
        TooLarge = "too_large",
        /// Changed longer ago than the rules want.
        TooOld = "too_old",
        /// Deeper than the rules want.
        TooDeep = "too_deep",
        /// Larger than the destination takes.
        TooLargeThere = "too_large_there",
        /// Of a type that the destination refuses.
        TypeRefused = "type_refused",
        /// A link, a pipe, a socket or a device.
        NotRegular = "not_regular",
        /// Its name can't be carried.
        OddName = "odd_name",
        /// It was there before the folder was watched.
        WasThere = "was_there",
        /// A person cancelled its upload.
        Cancelled = "cancelled",
        /// Its upload failed; the code says why.
        Failed = "failed",
        /// It may not be read.
        Unreadable = "unreadable",
        /// A person said: anyway.
        Anyway = "anyway",
        /// There is no such file.
        Absent = "absent",
    }
}

/// Left out by a rule: which kind, and its text where there is one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Left {
    /// Kind.
    pub why: Why,
    /// The pattern, or the limit.
    pub detail: String,
}

impl Left {
    /// By this.
    #[must_use]
    pub fn by(why: Why, detail: impl Into<String>) -> Self {
        Self {
            why,
            detail: detail.into(),
        }
    }
}
