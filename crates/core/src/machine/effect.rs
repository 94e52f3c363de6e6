//! What the machine asks for: effects that the shell carries out.

use super::records::Change;
use crate::ids::{DestinationId, FileId, GroupId};
use crate::part_plan::PartRange;
use crate::units::{Crc64Nvme, ETag, PartNumber, Sha256};

/// Names a content buffer of the shell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BufferId(pub u64);

/// Names one PUT, so that a late answer is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PutId(pub u64);

/// What a read is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReadMode {
    /// Count CRC and the running SHA-256; keep nothing.
    Hash,
    /// Count both and keep the bytes for sending.
    HashAndKeep,
    /// Count the CRC and keep the bytes: a part that is read again.
    Keep,
    /// Count the CRC alone: a part that is streamed from the source when it is sent.
    Crc,
}

/// One file of an `Init`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InitAsk {
    /// File.
    pub file: FileId,
    /// Attempt.
    pub attempt: u32,
    /// Hash, when known.
    pub sha256: Option<Sha256>,
    /// Send it in any case: the one that it followed did not arrive in its time.
    pub race: bool,
}

/// One part of a `Sign`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignAsk {
    /// File.
    pub file: FileId,
    /// Attempt.
    pub attempt: u32,
    /// Part.
    pub n: PartNumber,
    /// Bytes.
    pub size: u64,
    /// CRC.
    pub crc64: Crc64Nvme,
    /// Hash, when the file is one PUT.
    pub sha256: Option<Sha256>,
    /// A URL for it was refused as too old just now: the clocks may differ.
    pub again: bool,
}

/// One file of a `Complete`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompleteAsk {
    /// File.
    pub file: FileId,
    /// Attempt.
    pub attempt: u32,
    /// Bytes.
    pub size: u64,
    /// CRC of the whole.
    pub crc64: Crc64Nvme,
    /// Hash of the whole.
    pub sha256: Option<Sha256>,
    /// Parts with size, CRC, tag.
    pub parts: Vec<(PartNumber, u64, Crc64Nvme, ETag)>,
}

/// What a person is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Notice {
    /// Every file is proved (or left out).
    Done,
    /// It can't go on without a person.
    NeedsYou,
}

/// Something to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Write, in one transaction; then, only after the commit, do the rest.
    Persist {
        /// In order.
        changes: Vec<Change>,
        /// After the commit.
        then: Vec<Effect>,
    },
    /// Bring more files of a group, by position.
    Load {
        /// Group.
        group: GroupId,
        /// Beyond this position.
        after: i64,
        /// At most.
        limit: usize,
    },
    /// Count the group's files.
    Count {
        /// Group.
        group: GroupId,
    },
    /// Tell the control plane of the group.
    CreateGroup {
        /// Group.
        group: GroupId,
    },
    /// Announce files.
    Init {
        /// To whom.
        destination: DestinationId,
        /// Files.
        files: Vec<InitAsk>,
    },
    /// Read a part.
    Read {
        /// File.
        file: FileId,
        /// Where.
        part: PartRange,
        /// What for.
        mode: ReadMode,
        /// Name of the buffer.
        buffer: BufferId,
        /// The hashing pass begins here.
        restart_hash: bool,
        /// The source is closed after it.
        last: bool,
    },
    /// Ask for signed URLs.
    Sign {
        /// Whom.
        destination: DestinationId,
        /// Parts.
        parts: Vec<SignAsk>,
    },
    /// Send a part with the URL signed for it.
    Put {
        /// File.
        file: FileId,
        /// Part.
        part: PartRange,
        /// Which PUT.
        put: PutId,
        /// The bytes; `None`: stream them from the source (F186).
        buffer: Option<BufferId>,
    },
    /// Cut a PUT short.
    CancelPut {
        /// Which.
        put: PutId,
    },
    /// The bytes are not needed any more.
    DropBuffer {
        /// Which.
        buffer: BufferId,
    },
    /// Look at the sources.
    Check {
        /// Files.
        files: Vec<FileId>,
    },
    /// Complete and prove.
    Complete {
        /// Whom.
        destination: DestinationId,
        /// Files.
        files: Vec<CompleteAsk>,
    },
    /// Give up files at the control plane.
    Delete {
        /// Whom.
        destination: DestinationId,
        /// Files.
        files: Vec<FileId>,
    },
    /// Give up a group there.
    CancelGroup {
        /// Group.
        group: GroupId,
    },
    /// Close a complete group there.
    Finalize {
        /// Group.
        group: GroupId,
    },
    /// The file left the machine: close its source, forget its URLs.
    Close {
        /// File.
        file: FileId,
    },
    /// Tell the person, once.
    Notify {
        /// Group.
        group: GroupId,
        /// What.
        notice: Notice,
    },
}
