//! What is ready for which step, and what is under way.

use std::collections::BTreeSet;

use super::file::OrderKey;
use crate::ids::DestinationId;

/// Whether a file is one PUT or many parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Size {
    Small,
    Large,
}

/// What a read or a kept part holds of the pool.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reserved {
    pub(super) bytes: u64,
    /// It counts as a part in memory.
    pub(super) counted: bool,
    pub(super) size: Size,
}

/// A PUT under way.
#[derive(Debug, Clone, Copy)]
pub(super) struct Out {
    pub(super) destination: DestinationId,
    pub(super) size: Size,
    pub(super) weight: u32,
}

/// Files by what they need next, in the order in which people put them. Only files that may run now are in here. Those of
/// one PUT stand apart from those of many parts where they have a share of their own.
#[derive(Debug, Default)]
pub(super) struct Ready {
    pub(super) init: BTreeSet<OrderKey>,
    pub(super) read: BTreeSet<OrderKey>,
    pub(super) read_large: BTreeSet<OrderKey>,
    pub(super) sign: BTreeSet<OrderKey>,
    pub(super) put: BTreeSet<OrderKey>,
    pub(super) put_large: BTreeSet<OrderKey>,
    pub(super) check: BTreeSet<OrderKey>,
    pub(super) complete: BTreeSet<OrderKey>,
}

impl Ready {
    pub(super) fn remove(&mut self, key: &OrderKey) {
        for set in [
            &mut self.init,
            &mut self.read,
            &mut self.read_large,
            &mut self.sign,
            &mut self.put,
            &mut self.put_large,
            &mut self.check,
            &mut self.complete,
        ] {
            set.remove(key);
        }
    }
}
