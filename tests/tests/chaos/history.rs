//! What was asked and what was answered, each with its begin and its end, as the clients saw it.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Instant;

/// How far a session is, as its status words say it. A later one is further.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Level {
    /// Nobody knows it.
    Absent,
    Pending,
    Uploading,
    Verifying,
    Uploaded,
}

impl Level {
    /// By the word of a status.
    pub(crate) fn of(word: &str) -> Option<Self> {
        Some(match word {
            "pending" => Self::Pending,
            "uploading" => Self::Uploading,
            "verifying" => Self::Verifying,
            "uploaded" => Self::Uploaded,
            _ => return None,
        })
    }
}

/// Nanoseconds since the history began.
pub(crate) type Moment = u64;

/// One call, as whoever made it saw it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Call {
    pub(crate) begin: Moment,
    /// None: no answer came, so it may have had its effect, may have it later, or never.
    pub(crate) end: Option<Moment>,
    pub(crate) what: What,
}

/// What was asked, and answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum What {
    /// Brings the session on.
    Write {
        /// At the most to here, whatever was answered.
        most: Level,
        /// At least to here, by the answer; none without one.
        least: Option<Level>,
    },
    /// Its status.
    Read {
        level: Level,
        /// Counts the changes of the session; 0 for one that is not there.
        rev: u64,
    },
}

/// All calls of a run, by session.
pub(crate) struct History {
    began: Instant,
    calls: Vec<Mutex<BTreeMap<String, Vec<Call>>>>,
}

/// Clients that write down at the same time rarely meet.
const SHARDS: usize = 64;

impl History {
    pub(crate) fn new() -> Self {
        Self {
            began: Instant::now(),
            calls: (0..SHARDS).map(|_| Mutex::default()).collect(),
        }
    }

    pub(crate) fn now(&self) -> Moment {
        u64::try_from(self.began.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    pub(crate) fn add(&self, session: &str, call: Call) {
        let at = session.bytes().map(usize::from).sum::<usize>() % SHARDS;
        let mut shard = self.calls[at].lock().unwrap_or_else(PoisonError::into_inner);
        shard.entry(session.to_owned()).or_default().push(call);
    }

    /// Every session's calls.
    pub(crate) fn sessions(&self) -> BTreeMap<String, Vec<Call>> {
        let mut all = BTreeMap::new();
        for shard in &self.calls {
            all.extend(shard.lock().unwrap_or_else(PoisonError::into_inner).clone());
        }
        all
    }
}
