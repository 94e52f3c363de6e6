//! What was seen: one entry a PUT, from its first line to its answer.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use serde::{Deserialize, Serialize};

/// A PUT as it is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Seen {
    /// Key of the object.
    pub(crate) key: String,
    /// Number of the part; 0 for a whole object.
    pub(crate) part: u32,
    /// Bytes that came.
    pub(crate) bytes: u64,
    /// When its first line had come, in microseconds of the sink's own time.
    pub(crate) began_us: i64,
    /// When its answer was handed to the socket; none when it was cut.
    pub(crate) answered_us: Option<i64>,
}

/// A PUT while it comes.
pub(super) struct Entry {
    key: String,
    part: u32,
    began_us: i64,
    bytes: AtomicU64,
    /// -1 until then.
    answered_us: AtomicI64,
}

/// All of them.
pub(super) struct Ledger {
    born: Instant,
    entries: Mutex<Vec<Arc<Entry>>>,
    answered: AtomicU64,
}

impl Default for Ledger {
    fn default() -> Self {
        Self {
            born: Instant::now(),
            entries: Mutex::default(),
            answered: AtomicU64::new(0),
        }
    }
}

impl Ledger {
    pub(super) fn begin(&self, key: &str, part: u32) -> Arc<Entry> {
        let entry = Arc::new(Entry {
            key: key.to_owned(),
            part,
            began_us: self.now(),
            bytes: AtomicU64::new(0),
            answered_us: AtomicI64::new(-1),
        });
        self.entries().push(Arc::clone(&entry));
        entry
    }

    pub(super) fn answer(&self, entry: &Entry) {
        entry.answered_us.store(self.now(), Ordering::Release);
        self.answered.fetch_add(1, Ordering::Release);
    }

    pub(super) fn answered(&self) -> u64 {
        self.answered.load(Ordering::Acquire)
    }

    pub(super) fn told(&self) -> Vec<Seen> {
        self.entries().iter().map(|entry| entry.told()).collect()
    }

    pub(super) fn reset(&self) {
        self.entries().clear();
        self.answered.store(0, Ordering::Release);
    }

    fn entries(&self) -> MutexGuard<'_, Vec<Arc<Entry>>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> i64 {
        i64::try_from(self.born.elapsed().as_micros()).unwrap_or(i64::MAX)
    }
}

impl Entry {
    pub(super) fn came(&self, bytes: u64) {
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    fn told(&self) -> Seen {
        let answered = self.answered_us.load(Ordering::Acquire);
        Seen {
            key: self.key.clone(),
            part: self.part,
            bytes: self.bytes.load(Ordering::Relaxed),
            began_us: self.began_us,
            answered_us: (answered >= 0).then_some(answered),
        }
    }
}
