//! What the tests share.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tempfile::TempDir;
use windlass_core::error::Failure;
use windlass_core::fingerprint::SourceFingerprint;
use windlass_core::ids::{DestinationId, FileId, GroupId};
use windlass_core::machine::records::{Change, DoneResult, Proof};
use windlass_core::states::{FileState, PartState};
use windlass_core::time::Timestamp;
use windlass_core::units::{Crc64Nvme, ETag, PartNumber, Sha256};
use windlass_queue::changes::{self, Applied};
use windlass_queue::destinations::{ContentHash, DestinationKind, DestinationRow};
use windlass_queue::files::NewFile;
use windlass_queue::groups::{NewGroup, Origin};
use windlass_queue::{Connection, Opened, Queue, QueueError, destinations, files, groups};

pub(crate) const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);
pub(crate) const MIB: u64 = 1 << 20;

fn random(n: u64) -> [u8; 10] {
    let mut r = [0; 10];
    r[2..].copy_from_slice(&n.to_be_bytes());
    r
}

pub(crate) fn group_id(n: u64) -> GroupId {
    GroupId::new(NOW, random(n))
}

pub(crate) fn file_id(n: u64) -> FileId {
    FileId::new(NOW, random(n))
}

pub(crate) fn destination_id(n: u64) -> DestinationId {
    DestinationId::new(NOW, random(n))
}

pub(crate) fn at(ms: i64) -> Timestamp {
    NOW.plus_millis(ms)
}

pub(crate) fn n(number: u32) -> PartNumber {
    PartNumber::try_from(number).unwrap()
}

/// A queue in a folder that goes with it.
pub(crate) struct Sandbox {
    pub(crate) dir: TempDir,
    pub(crate) queue: Queue,
}

impl Sandbox {
    pub(crate) fn path(&self) -> PathBuf {
        path_in(&self.dir)
    }
}

pub(crate) fn path_in(dir: &TempDir) -> PathBuf {
    dir.path().join("queue.sqlite")
}

pub(crate) fn open(path: &Path) -> Result<Opened, QueueError> {
    Queue::open(path, NOW, [9; 10])
}

/// With destination 1 and group 1.
pub(crate) fn sandbox() -> Sandbox {
    let dir = tempfile::tempdir().unwrap();
    let queue = open(&path_in(&dir)).unwrap().queue;
    queue.write_blocking(|c| furnish(c, 1)).unwrap();
    Sandbox { dir, queue }
}

/// Destination 1 (when missing) and a group.
pub(crate) fn furnish(c: &Connection, group: u64) -> Result<(), QueueError> {
    if destinations::list(c)?.is_empty() {
        destinations::insert(c, &destination(1, true))?;
    }
    groups::insert(c, &new_group(group))?;
    Ok(())
}

pub(crate) fn destination(number: u64, is_default: bool) -> DestinationRow {
    DestinationRow {
        id: destination_id(number),
        name: format!("Archive {number}"),
        kind: DestinationKind::Folder,
        location: "/mnt/archive".into(),
        is_default,
        position: number.cast_signed(),
        content_hash: ContentHash::Always,
        accepts: windlass_core::accepts::Accepts::default(),
    }
}

pub(crate) fn new_group(number: u64) -> NewGroup {
    NewGroup {
        id: group_id(number),
        name: format!("Group {number}"),
        destination: destination_id(1),
        origin: Origin::Drop,
        created_at: NOW,
    }
}

pub(crate) fn fingerprint(inode: u64, size: u64) -> SourceFingerprint {
    SourceFingerprint {
        dev: 0xffff_ffff_ffff_fffe,
        inode,
        size,
        mtime_ns: 1_700_000_000_123_456_789,
        ctime_ns: -5,
    }
}

/// A file of `parts` parts of 8 MiB, the last one half.
pub(crate) fn new_file(number: u64, group: u64, position: i64, parts: u32) -> NewFile {
    let size = u64::from(parts) * 8 * MIB - 4 * MIB;
    NewFile {
        id: file_id(number),
        group: group_id(group),
        position,
        path: format!("/home/me/photos/{number}.raw").into_bytes(),
        rel_path: format!("photos/{number}.raw"),
        fingerprint: fingerprint(number, size),
        part_size: 8 * MIB,
        part_count: parts,
        mime: Some("image/x-raw".into()),
        at: NOW,
        failure: None,
    }
}

pub(crate) fn uploaded(file: u64, part: u32) -> Change {
    let etag = ETag(format!("\"{file}-{part}\""));
    Change::PartUploaded {
        id: file_id(file),
        n: n(part),
        crc64: crc(part),
        etag,
        at: at(5),
    }
}

pub(crate) fn crc(part: u32) -> Crc64Nvme {
    Crc64Nvme(0xf000_0000_0000_0000 | u64::from(part))
}

pub(crate) fn proof() -> Proof {
    Proof {
        result: DoneResult::Uploaded,
        object_key: "photos/1.raw".into(),
        how: "crc64nvme".into(),
        sha256: Some(Sha256([3; 32])),
        crc64: Some(Crc64Nvme(u64::MAX)),
        uploaded_at: at(50),
    }
}

pub(crate) fn register(file: u64) -> Change {
    Change::FileRegistered {
        id: file_id(file),
        object_key: format!("key/{file}"),
    }
}

pub(crate) fn step(file: u64, from: FileState, to: FileState) -> Change {
    Change::FileState {
        id: file_id(file),
        from,
        to,
    }
}

pub(crate) fn part_state(file: u64, part: u32, to: PartState) -> Change {
    Change::PartState {
        id: file_id(file),
        n: n(part),
        to,
    }
}

pub(crate) fn fail(file: u64, from: FileState, code: windlass_core::error::ErrorCode) -> Change {
    Change::FileFailed {
        id: file_id(file),
        from,
        failure: Failure::new(code, "because"),
        at: at(9),
    }
}

pub(crate) fn done(file: u64, from: FileState) -> Change {
    Change::FileDone {
        id: file_id(file),
        from,
        proof: proof(),
        at: at(60),
    }
}

/// All changes of a file of so many parts, from queued to done.
pub(crate) fn whole_life(file: u64, parts: u32) -> Vec<Change> {
    let mut all = vec![
        register(file),
        step(file, FileState::Registered, FileState::Uploading),
    ];
    for part in 1..=parts {
        all.extend([part_state(file, part, PartState::Uploading), uploaded(file, part)]);
    }
    all.extend([
        step(file, FileState::Uploading, FileState::Verifying),
        done(file, FileState::Verifying),
    ]);
    all
}

/// Applies and wants all to be written.
pub(crate) fn apply(queue: &Queue, changes: Vec<Change>) {
    let applied = try_apply(queue, changes).unwrap();
    assert!(applied.iter().all(|a| *a == Applied::Done), "{applied:?}");
}

pub(crate) fn try_apply(queue: &Queue, changes: Vec<Change>) -> Result<Vec<Applied>, QueueError> {
    queue.write_blocking(move |c| changes::apply(c, &changes))
}

pub(crate) fn insert(queue: &Queue, new: Vec<NewFile>) {
    queue
        .write_blocking(move |c| files::insert_many(c, &new))
        .unwrap();
}

pub(crate) fn state_of(queue: &Queue, file: u64) -> FileState {
    queue
        .write_blocking(move |c| files::get(c, file_id(file)))
        .unwrap()
        .unwrap()
        .state
}

/// Reads on a runtime of its own.
pub(crate) fn read<T: Send + 'static>(
    queue: &Queue,
    f: impl FnOnce(&Connection) -> Result<T, QueueError> + Send + 'static,
) -> T {
    block_on(queue.read(f)).unwrap()
}

/// A connection that counts what it costs, in steps of the database's own machine: as many on a slow computer as on a fast one,
/// also beside other work.
pub(crate) struct Counting {
    conn: Connection,
    steps: Arc<AtomicU64>,
}

impl Counting {
    /// Steps between two counts.
    const TOGETHER: u64 = 10;

    pub(crate) fn open(path: &Path) -> Self {
        let mut conn = Connection::open(path).unwrap();
        for pragma in ["foreign_keys", "recursive_triggers"] {
            conn.pragma_update(None, pragma, true).unwrap();
        }
        let steps = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&steps);
        let count = move || {
            counted.fetch_add(Self::TOGETHER, Ordering::Relaxed);
            false
        };
        conn.progress_handler(Self::TOGETHER as i32, Some(count)).unwrap();
        Self { conn, steps }
    }

    /// What is found, and the steps.
    pub(crate) fn count<T>(&self, f: impl FnOnce(&Connection) -> Result<T, QueueError>) -> (T, u64) {
        let before = self.steps.load(Ordering::Relaxed);
        let found = f(&self.conn).unwrap();
        (found, self.steps.load(Ordering::Relaxed) - before)
    }

    /// The same, in a transaction.
    pub(crate) fn count_written<T>(&self, f: impl FnOnce(&Connection) -> Result<T, QueueError>) -> (T, u64) {
        self.count(|c| {
            let t = c.unchecked_transaction()?;
            let done = f(&t)?;
            t.commit()?;
            Ok(done)
        })
    }
}

pub(crate) fn block_on<T>(f: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap()
        .block_on(f)
}

/// This test program again, for one test that plays a part when `WINDLASS_QUEUE_PART` says so.
pub(crate) fn play(wrapper: &[&str], test: &str, part: &str, path: &Path) -> Command {
    let me = std::env::current_exe().unwrap();
    let mut command = match wrapper {
        [] => Command::new(&me),
        [program, arguments @ ..] => {
            let mut c = Command::new(program);
            c.args(arguments).arg(&me);
            c
        }
    };
    command.args([test, "--exact", "--nocapture", "--test-threads=1"]);
    command
        .env("WINDLASS_QUEUE_PART", part)
        .env("WINDLASS_QUEUE_PATH", path);
    command
}

/// The part that this process plays, and on which file; `None` in an ordinary run.
pub(crate) fn my_part() -> Option<(String, PathBuf)> {
    Some((
        std::env::var("WINDLASS_QUEUE_PART").ok()?,
        std::env::var_os("WINDLASS_QUEUE_PATH")?.into(),
    ))
}
