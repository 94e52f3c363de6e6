//! Watched folders, their files, and the groups that these join.
//!
//! An entry is written when a file is first seen. It names its upload in the very transaction that makes the upload, so that
//! a crash leaves either both or none, and each version goes up once (I38).

mod entries;
mod folders;
mod joining;

pub use entries::{
    AfterState, EntryCounts, EntryFilter, EntryRow, NewEntry, Outcome, after_due, counts, entries_by_inode,
    entries_by_path, forget, listed, listed_count, mark, mark_gone, mark_removed_there, page_after, put,
    sent_since, set_after, settled_since, take_over,
};
pub use folders::{
    FolderRow, add, all, folder, remove, set_after_upload, set_identity, set_intent, set_only_new_done,
    set_rules, set_scanned, used_by,
};
pub use joining::{Joining, close, join, joining, open_groups};
