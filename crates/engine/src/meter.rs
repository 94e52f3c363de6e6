//! What this run sent, by group: for summaries and rates.

use std::collections::BTreeMap;
use std::sync::Mutex;

use windlass_core::ids::GroupId;

use crate::infos::locked;

/// Counters of one group since the engine started.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Sent {
    /// Bytes that sockets took, those sent again included.
    pub(crate) bytes: u64,
    /// Of these: bytes of requests that failed; they go again.
    pub(crate) lost: u64,
    /// Parts that the storage acknowledged.
    pub(crate) parts: u64,
}

/// All counters.
#[derive(Debug, Default)]
pub(crate) struct Meter {
    groups: Mutex<BTreeMap<GroupId, Sent>>,
}

impl Meter {
    pub(crate) fn add(&self, group: GroupId, change: impl FnOnce(&mut Sent)) {
        change(locked(&self.groups).entry(group).or_default());
    }

    /// All groups that this run sent for.
    pub(crate) fn all(&self) -> Vec<(GroupId, Sent)> {
        locked(&self.groups)
            .iter()
            .map(|(id, sent)| (*id, *sent))
            .collect()
    }

    pub(crate) fn of(&self, group: GroupId) -> Sent {
        locked(&self.groups).get(&group).copied().unwrap_or_default()
    }
}
