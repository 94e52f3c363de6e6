//! What all clients of a run share: what is still to be done, what was seen, and figures.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use crate::chance::Chance;
use crate::cluster::Cluster;
use crate::history::History;
use crate::worker::Tallies;

/// Kinds of trouble that are kept for messages.
const NOTES: usize = 200;
/// Sessions of an owner that are looked at.
const RECENT: usize = 48;

/// Counts.
#[derive(Debug, Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    pub(crate) fn add(&self, n: u64) {
        self.0.fetch_add(n, Ordering::Relaxed);
    }

    pub(crate) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// A run.
pub(crate) struct Run {
    pub(crate) cluster: Cluster,
    pub(crate) seed: u64,
    pub(crate) began: Instant,
    pub(crate) history: History,
    pub(crate) tallies: Tallies,
    pub(crate) requests: Counter,
    pub(crate) retries: Counter,
    pub(crate) reads: Counter,
    /// Nobody is killed any more.
    pub(crate) calm: AtomicBool,
    sessions: u64,
    next: AtomicU64,
    settled: Mutex<BTreeSet<String>>,
    /// A token of each owner.
    readers: Mutex<Vec<String>>,
    /// Leases of the dead may end at once, instead of in a minute.
    hurry: bool,
    last_hurry: Mutex<Instant>,
    notes: Mutex<BTreeMap<String, u64>>,
}

impl Run {
    pub(crate) fn new(cluster: Cluster, seed: u64, sessions: u64, hurry: bool) -> Self {
        Self {
            cluster,
            seed,
            began: Instant::now(),
            history: History::new(),
            tallies: Tallies::default(),
            requests: Counter::default(),
            retries: Counter::default(),
            reads: Counter::default(),
            calm: AtomicBool::new(false),
            sessions,
            next: AtomicU64::new(0),
            settled: Mutex::default(),
            readers: Mutex::default(),
            hurry,
            last_hurry: Mutex::new(Instant::now()),
            notes: Mutex::default(),
        }
    }

    pub(crate) fn reader(&self, token: &str) {
        let mut all = self.readers.lock().unwrap_or_else(PoisonError::into_inner);
        all.push(token.to_owned());
    }

    pub(crate) fn readers(&self) -> Vec<String> {
        self.readers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// The next file, while there are any.
    pub(crate) fn next(&self) -> Option<u64> {
        let n = self.next.fetch_add(1, Ordering::Relaxed);
        (n < self.sessions).then_some(n)
    }

    /// Are there any?
    pub(crate) fn has_more(&self) -> bool {
        self.next.load(Ordering::Relaxed) < self.sessions
    }

    /// A client was told that this is there.
    pub(crate) fn settled(&self, id: &str) {
        let mut all = self.settled.lock().unwrap_or_else(PoisonError::into_inner);
        all.insert(id.to_owned());
    }

    pub(crate) fn all_settled(&self) -> BTreeSet<String> {
        self.settled
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Somebody waits for the lease of a replica that was killed. Once nobody is killed any more, a short run lets the
    /// minute of such leases pass by itself; a long one waits for it.
    pub(crate) fn stuck(&self) {
        let mut last = self.last_hurry.lock().unwrap_or_else(PoisonError::into_inner);
        if !self.hurry || !self.calm.load(Ordering::Relaxed) || last.elapsed().as_millis() < 500 {
            return;
        }
        *last = Instant::now();
        // What a living replica holds was taken or prolonged in these ten seconds, and stays held.
        let old = "lease_until < (extract(epoch FROM clock_timestamp()) * 1000)::bigint + 50000";
        let passes = format!(
            "UPDATE upload_session SET lease_until = lease_until - 50000 WHERE state = 'verifying' AND {old};
             UPDATE processing_job SET lease_until = lease_until - 50000 WHERE state IN ('sending', 'running')
             AND lease_owner LIKE 'server %' AND {old}"
        );
        if let Err(e) = self.cluster.sql(&passes) {
            self.note(&format!("{e:#}"));
        }
    }

    /// Trouble, counted by its first words.
    pub(crate) fn note(&self, why: &str) {
        let mut notes = self.notes.lock().unwrap_or_else(PoisonError::into_inner);
        let words: String = why.chars().take(90).filter(|c| !c.is_ascii_digit()).collect();
        if notes.len() < NOTES || notes.contains_key(&words) {
            *notes.entry(words).or_default() += 1;
        }
    }

    pub(crate) fn notes(&self) -> BTreeMap<String, u64> {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Sessions that clients of one owner have just begun.
#[derive(Debug, Default)]
pub(crate) struct Neighbours(Mutex<Vec<String>>);

impl Neighbours {
    pub(crate) fn add(&self, id: &str) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= RECENT {
            all.remove(0);
        }
        all.push(id.to_owned());
    }

    pub(crate) fn some(&self, chance: &mut Chance) -> Option<String> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let at = usize::try_from(chance.below(all.len() as u64)).ok()?;
        all.get(at).cloned()
    }
}
