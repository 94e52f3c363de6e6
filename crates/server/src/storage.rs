//! Where bytes are: a folder or a bucket, behind one trait and one conformance suite.
//!
//! A storage is asked by the service and never asks the ledger. It answers with what it saw: proved, missing, somebody
//! else's, or no answer. It creates nothing under a key that is not in the ledger, and deletes nothing that is not its
//! object's own.

mod download;
pub mod folder;
pub mod s3;

use futures::future::BoxFuture;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;
use windlass_core::complete::{ListFault, SentPart, StoredPart};
use windlass_core::error::Failure;
use windlass_core::time::Timestamp;
use windlass_core::units::{Crc64Nvme, ETag, PartNumber, Sha256};
use windlass_protocol::sessions::{SignPart, SignedPart};

use crate::store::{ObjectRow, Proof};
pub(crate) use download::{attachment, content_type};

/// How a storage treats a checksum that it is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Checked {
    /// It computes its own and refuses a wrong one.
    Verified,
    /// It takes no notice.
    Ignored,
    /// It refuses the request that has one.
    Refused,
}

/// What a storage was seen to do, by trying (F87, F88).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Capabilities {
    /// SHA-256 of a single PUT.
    pub sha256: Checked,
    /// CRC64NVME of a part.
    pub crc64: Checked,
    /// HEAD tells the SHA-256 of a single PUT.
    pub tells_sha256: bool,
    /// HEAD tells the CRC64NVME of a whole multipart object.
    pub tells_crc64: bool,
}

impl Capabilities {
    /// Of a storage that was not probed: nothing is believed.
    pub const NONE: Self = Self {
        sha256: Checked::Ignored,
        crc64: Checked::Ignored,
        tells_sha256: false,
        tells_crc64: false,
    };

    /// Of a storage that computes and tells everything.
    #[must_use]
    pub const fn all() -> Self {
        Self {
            sha256: Checked::Verified,
            crc64: Checked::Verified,
            tells_sha256: true,
            tells_crc64: true,
        }
    }
}

/// An object to complete and to prove.
#[derive(Debug, Clone)]
pub struct CompleteJob {
    /// The object.
    pub object: ObjectRow,
    /// The parts, as the client sent them.
    pub sent: Vec<SentPart>,
    /// CRC of the whole, as the client says.
    pub crc64: Crc64Nvme,
    /// Hash of the whole, as the client says.
    pub sha256: Option<Sha256>,
}

/// What came of completing an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CompleteEnd {
    /// It is there and it is what was sent.
    Stored(Proved),
    /// These parts are missing or differ; nothing was completed.
    Missing(Vec<PartNumber>),
    /// The client's list is wrong; nothing was completed.
    Refused(ListFault),
    /// Something else has the name; the bytes are safe and wait for another one.
    Taken,
    /// The unfinished upload is gone, or what is there is not ours: this attempt can't end well.
    Lost(Failure),
    /// It is not known: ask again.
    Unknown(Failure),
}

/// What proves an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proved {
    /// As the storage tells it; a handle.
    pub etag: Option<String>,
    /// CRC of the whole.
    pub crc64: Crc64Nvme,
    /// How.
    pub proof: Proof,
}

/// Parts that a storage holds of an unfinished object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Listing {
    /// These.
    Parts(Vec<StoredPart>),
    /// There is no unfinished upload: finished, given up, or never begun.
    NoUpload,
}

/// A part of somebody who tells no checksum.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlainPart {
    /// Number.
    pub n: PartNumber,
    /// Bytes, where they are known.
    pub size: Option<u64>,
}

/// An object of somebody who told no checksum, to be completed and looked at (M2).
#[derive(Debug, Clone)]
pub struct PlainJob {
    /// The object.
    pub object: ObjectRow,
    /// True when it goes in one request.
    pub single: bool,
    /// Bytes as they were told; none: as many as are there.
    pub size: Option<u64>,
    /// Parts as the caller says; none: as they are there.
    pub parts: Option<Vec<(PartNumber, ETag)>>,
    /// What the content is said to be.
    pub sha256: Option<Sha256>,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PlainEnd {
    /// It is there.
    Stored(PlainProof),
    /// Nothing is there.
    Absent,
    /// These parts are missing; nothing was completed.
    Missing(Vec<PartNumber>),
    /// The caller's list is wrong; nothing was completed.
    Refused(Failure),
    /// Something else has the name; the bytes are safe and wait for another one.
    Taken,
    /// What is there is not what was said, or the unfinished upload is gone: this attempt can't end well.
    Lost(Failure),
    /// It is not known: ask again.
    Unknown(Failure),
}

/// What was seen of such an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlainProof {
    /// Bytes.
    pub size: u64,
    /// As the storage tells it.
    pub etag: Option<String>,
    /// CRC of the whole, where the storage or the server computed it.
    pub crc64: Option<Crc64Nvme>,
    /// Hash of the whole, where the server read all of it.
    pub sha256: Option<Sha256>,
    /// How.
    pub proof: Proof,
    /// The parts that it was completed from just now.
    pub parts: Vec<StoredPart>,
}

/// A form that a browser may post to the storage.
#[derive(Clone)]
pub struct PostForm {
    /// Where to.
    pub url: String,
    /// Its fields, the file's excepted.
    pub fields: Vec<(String, String)>,
}

/// What a storage says about a stored object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Presence {
    /// It is there and it is the one.
    Same,
    /// It is not there.
    Missing,
    /// Something else is there.
    Different(Failure),
}

/// Something that lies below the place of a destination.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Its key.
    pub key: String,
    /// Of an unfinished upload: what the storage calls it; in a folder the id of the object.
    pub upload_id: Option<String>,
    /// Bytes, as far as they are known.
    pub size: Option<u64>,
}

/// Where the next page of an inventory begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Turn {
    /// Whole objects.
    Objects(String),
    /// Unfinished uploads, after this key and this upload.
    Uploads(String, String),
}

/// A page of what lies below the place of a destination.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inventory {
    /// What was found.
    pub found: Vec<Found>,
    /// Where the next page begins; none: this is the last one.
    pub next: Option<Turn>,
}

/// How closely to look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// Metadata.
    Glance,
    /// Every byte where that is ours to read, else what the storage computed.
    Bytes,
}

/// A place for bytes.
pub trait ObjectStorage: Send + Sync {
    /// True when a copy has to be placed for a duplicate; false when it shares the object.
    fn copies_duplicates(&self) -> bool;

    /// True when names are to be looked up before the first URL is signed.
    fn names_are_looked_up(&self) -> bool;

    /// Which of these keys something else has.
    fn taken<'a>(&'a self, keys: &'a [String], now: Timestamp) -> BoxFuture<'a, Result<Vec<bool>, Failure>>;

    /// Makes what must be there before parts can be sent. `again`: it may have been made before, and the answer was lost.
    fn begin<'a>(
        &'a self,
        object: &'a ObjectRow,
        again: bool,
    ) -> BoxFuture<'a, Result<Option<String>, Failure>>;

    /// Checks that there is room for so many more bytes, as far as that can be known.
    fn room(&self, bytes: u64) -> BoxFuture<'_, Result<(), Failure>>;

    /// Asks for the storage's time where signatures are dated by it: what was signed before was refused as too old. One that
    /// does not answer is signed for as before.
    fn hear_time(&self) -> BoxFuture<'_, ()>;

    /// Signs for parts; nothing is asked.
    ///
    /// # Errors
    /// When the keys can't be read.
    fn sign(
        &self,
        object: &ObjectRow,
        parts: &[SignPart],
        now: Timestamp,
    ) -> Result<Vec<SignedPart>, Failure>;

    /// A URL by which the bytes of a stored object can be read until then, as an attachment; nothing is asked.
    ///
    /// # Errors
    /// When the keys can't be read.
    fn content_url(&self, object: &ObjectRow, expires: Timestamp, now: Timestamp) -> Result<String, Failure>;

    /// As [`ObjectStorage::begin`], for somebody who sends no checksums.
    fn begin_plain<'a>(
        &'a self,
        object: &'a ObjectRow,
        again: bool,
    ) -> BoxFuture<'a, Result<Option<String>, Failure>>;

    /// Signs for parts of somebody who sends no header of one's own; nothing is asked.
    ///
    /// # Errors
    /// When the keys can't be read.
    fn sign_plain(
        &self,
        object: &ObjectRow,
        single: bool,
        parts: &[PlainPart],
        now: Timestamp,
    ) -> Result<Vec<SignedPart>, Failure>;

    /// A form by which an object of at most so many bytes is posted; none where the storage takes no forms.
    ///
    /// # Errors
    /// When the keys can't be read.
    fn form(&self, object: &ObjectRow, most: u64, now: Timestamp) -> Result<Option<PostForm>, Failure>;

    /// Completes and looks at an object of somebody who told no checksums.
    fn complete_plain<'a>(&'a self, job: &'a PlainJob) -> BoxFuture<'a, PlainEnd>;

    /// Parts that are there.
    fn list<'a>(&'a self, object: &'a ObjectRow) -> BoxFuture<'a, Result<Listing, Failure>>;

    /// Completes and proves; each end is told as soon as it is known, with the job's place in the list.
    fn complete(&self, jobs: Vec<CompleteJob>, ends: mpsc::Sender<(usize, CompleteEnd)>)
    -> BoxFuture<'_, ()>;

    /// Makes `to` from the bytes of `from`, as if they had been sent.
    fn copy<'a>(&'a self, from: &'a ObjectRow, to: &'a ObjectRow) -> BoxFuture<'a, CompleteEnd>;

    /// Removes what is left of a given-up object. False when something may still be there: ask again.
    fn discard<'a>(&'a self, object: &'a ObjectRow) -> BoxFuture<'a, Result<bool, Failure>>;

    /// The ledger has written what became of these: nothing about them needs to be remembered.
    fn forget(&self, objects: &[ObjectRow]);

    /// What lies below the place, whosever it is: whole objects where a mark tells which are ours, and what is unfinished.
    fn inventory(&self, turn: Option<Turn>) -> BoxFuture<'_, Result<Inventory, Failure>>;

    /// True when a whole object carries the mark of Windlass, of this installation or of another one.
    fn marked<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<bool, Failure>>;

    /// Has a folder stand there in which nothing is. False where no folder can.
    fn keep_folder<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<bool, Failure>>;

    /// Looks at a stored object.
    fn look<'a>(&'a self, object: &'a ObjectRow, how: Look) -> BoxFuture<'a, Result<Presence, Failure>>;
}
