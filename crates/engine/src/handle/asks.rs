//! What may be asked of the engine, and what it tells, as types.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use windlass_core::error::ErrorCode;
use windlass_core::fingerprint::SourceFingerprint;
use windlass_core::ids::{DestinationId, FileId, GroupId};
use windlass_core::machine::Notice;

use crate::view::{FileError, Find};

/// How files came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// Dropped on the window.
    Drop,
    /// Chosen in a dialog.
    Dialog,
    /// Pasted.
    Paste,
    /// By the command line.
    Cli,
    /// Given by the desktop.
    OpenWith,
}

impl Origin {
    pub(crate) const fn stored(self) -> windlass_queue::groups::Origin {
        use windlass_queue::groups::Origin as Stored;
        match self {
            Self::Drop => Stored::Drop,
            Self::Dialog => Stored::Dialog,
            Self::Paste => Stored::Paste,
            Self::Cli => Stored::Cli,
            Self::OpenWith => Stored::OpenWith,
        }
    }
}

/// Paths to take in.
#[derive(Debug, Clone)]
pub struct AddPaths {
    /// Absolute paths of files and folders.
    pub paths: Vec<PathBuf>,
    /// Into this group; `None`: a new one.
    pub group: Option<GroupId>,
    /// Name of a new group; `None`: made from the paths.
    pub name: Option<String>,
    /// Where a new group goes; `None`: the default destination.
    pub destination: Option<DestinationId>,
    /// How they came.
    pub origin: Origin,
    /// The id of a new group, made by who asks: the same question put again, because its answer was lost, is the same
    /// group. `None`: nobody will ask again.
    pub id: Option<GroupId>,
    /// A new group is written down and waits until the person resumes it.
    pub paused: bool,
}

/// What an action is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Everything.
    App,
    /// A group.
    Group(GroupId),
    /// A file.
    File(FileId),
}

/// Rows of a group that a window shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowRange {
    /// Group.
    pub group: GroupId,
    /// First position.
    pub offset: u32,
    /// Rows.
    pub limit: u32,
    /// Only what this finds; positions count what is found then.
    pub find: Option<Find>,
}

/// For whom a look is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LookFor {
    /// A group that is there.
    Group(GroupId),
    /// A new group there; `None`: at the default destination.
    New(Option<DestinationId>),
}

/// What of the given files is left out of the group, by the person's answer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Leave {
    /// What was proved there before and is unchanged.
    pub unchanged: bool,
    /// What can't be sent: unreadable, too large, links, names that can't be used.
    pub troubled: bool,
    /// What has a name that another file of the group has already. Kept, it gets a number.
    pub same_name: bool,
    /// These, by their paths inside the group.
    pub names: BTreeSet<String>,
    /// These as long as they are the version that was seen.
    pub there: BTreeMap<String, SourceFingerprint>,
}

/// Files that a person chose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Chosen {
    /// Those that stand from one place on up to another, several times.
    Places(Vec<(u32, u32)>),
    /// All that this finds.
    Found(Find),
}

/// What is done with chosen files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileAct {
    /// Hold.
    Pause,
    /// Go on, where it was paused.
    Resume,
    /// Again, where it failed.
    Retry,
    /// Leave out.
    Cancel,
}

/// Something to tell the person outside of the window, once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// The group.
    pub group: GroupId,
    /// Its name.
    pub name: String,
    /// What.
    pub notice: Notice,
    /// Files proved.
    pub done: u64,
    /// Files that need a person.
    pub failed: u64,
    /// Files left out.
    pub rejected: u64,
    /// Its files came from a watched folder.
    pub watched: bool,
    /// Where it goes and why most of its failed files failed, when it needs the person.
    pub cause: Option<(DestinationId, ErrorCode)>,
}

/// What asking the storage again found.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct VerifyReport {
    /// Files asked about.
    pub checked: u64,
    /// Those whose proof does not hold any more, by path.
    pub failed: Vec<(String, FileError)>,
}
