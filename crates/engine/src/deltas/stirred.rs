//! What changed since the last delta, and what of it is owed to those who look.

use std::collections::BTreeSet;

use windlass_core::ids::GroupId;

use crate::view::Notice;

#[derive(Debug, Default, Clone)]
pub(super) struct Stirred {
    pub(super) groups: BTreeSet<GroupId>,
    pub(super) rows: BTreeSet<GroupId>,
    /// Their newest views were taken into a snapshot, and into no delta yet.
    pub(super) owed: BTreeSet<GroupId>,
    pub(super) removed: Vec<GroupId>,
    pub(super) notices: Vec<Notice>,
    pub(super) everything: bool,
    pub(super) destinations: bool,
    pub(super) relaunch: bool,
    pub(super) watches: bool,
    pub(super) settings: bool,
}

impl Stirred {
    /// What was stirred before comes before what was since.
    pub(super) fn owe(&mut self, mut before: Self) {
        self.groups.append(&mut before.groups);
        self.rows.append(&mut before.rows);
        self.owed.append(&mut before.owed);
        before.removed.append(&mut self.removed);
        self.removed = before.removed;
        before.notices.append(&mut self.notices);
        self.notices = before.notices;
        self.everything |= before.everything;
        self.destinations |= before.destinations;
        self.relaunch |= before.relaunch;
        self.watches |= before.watches;
        self.settings |= before.settings;
    }
}
