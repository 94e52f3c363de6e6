//! The parts of one file: what this computer wrote down against what the storage lists.

use std::collections::BTreeMap;

use super::observation::LocalFile;
use crate::complete::{StoredPart, same_tag};
use crate::machine::records::{Change, PartRecord};
use crate::part_plan::{PartPlan, PartRange};
use crate::states::PartState;
use crate::time::Timestamp;
use crate::units::{Crc64Nvme, ETag, PartNumber};

/// Where the parts stand, and what makes the queue say so.
#[derive(Debug, Default)]
pub(super) struct Parts {
    /// In order of the parts.
    pub(super) changes: Vec<Change>,
    /// Taken over from the listing.
    pub(super) more: u32,
    /// Written down as stored, but not there.
    pub(super) fewer: u32,
    /// Stored, once the changes are made.
    pub(super) stored: u32,
    /// True when a request for some part was made once.
    pub(super) tried: bool,
}

impl Parts {
    /// As the queue has them, when there is no listing to hold against it.
    pub(super) fn known(file: &LocalFile, layout: &PartPlan) -> Self {
        let records = by_number(file);
        let mut parts = Self {
            tried: !records.is_empty(),
            ..Self::default()
        };
        parts.stored = count(
            layout
                .parts()
                .filter(|r| state(&records, r.number) == PartState::Uploaded)
                .count(),
        );
        parts
    }

    /// Held against the listing. `may_forget`: a part that is not listed is not there; false while the storage may have made
    /// the object of its parts already.
    pub(super) fn compared(
        file: &LocalFile,
        layout: &PartPlan,
        listed: &[StoredPart],
        may_forget: bool,
        now: Timestamp,
    ) -> Self {
        let records = by_number(file);
        let listed: BTreeMap<_, _> = listed.iter().map(|p| (p.n, p)).collect();
        let mut parts = Self {
            tried: !records.is_empty(),
            ..Self::default()
        };
        for range in layout.parts() {
            let here = records.get(&range.number).copied();
            let there = listed.get(&range.number).copied().filter(|p| p.size == range.len);
            parts.one(file, range, here, there, may_forget, now);
        }
        parts
    }

    fn one(
        &mut self,
        file: &LocalFile,
        range: PartRange,
        here: Option<&PartRecord>,
        there: Option<&StoredPart>,
        may_forget: bool,
        now: Timestamp,
    ) {
        let (id, n) = (file.id, range.number);
        let adopt = |crc64: Crc64Nvme, etag: &ETag| Change::PartUploaded {
            id,
            n,
            crc64,
            etag: etag.clone(),
            at: now,
        };
        match (here.map_or(PartState::Pending, |p| p.state), there) {
            (PartState::Uploaded, Some(listed)) => match held_against(here, listed) {
                Held::Same => self.stored += 1,
                // The same bytes arrived once more before the crash; the tag that the storage has now completes it.
                Held::NewTag(crc64) => {
                    self.changes.push(Change::PartState {
                        id,
                        n,
                        to: PartState::Failed,
                    });
                    self.changes.push(adopt(crc64, &listed.etag));
                    self.stored += 1;
                }
                Held::Other => self.gone(file, n, may_forget),
            },
            (PartState::Uploaded, None) => self.gone(file, n, may_forget),
            (PartState::Pending | PartState::Uploading | PartState::Failed, Some(listed))
                if may_adopt(here, listed) =>
            {
                self.changes
                    .extend(listed.crc64.map(|crc64| adopt(crc64, &listed.etag)));
                self.more += 1;
                self.stored += 1;
            }
            // Not there, or not provably the same: it goes again.
            (PartState::Uploading, Some(_) | None) => {
                self.changes.push(Change::PartState {
                    id,
                    n,
                    to: PartState::Pending,
                });
            }
            (PartState::Pending | PartState::Failed, Some(_) | None) => {}
        }
    }

    fn gone(&mut self, file: &LocalFile, n: PartNumber, may_forget: bool) {
        if may_forget {
            self.changes.push(Change::PartState {
                id: file.id,
                n,
                to: PartState::Failed,
            });
            self.fewer += 1;
        } else {
            self.stored += 1;
        }
    }
}

/// Only with a checksum, and never against one that this computer read: that part is of other bytes.
fn may_adopt(here: Option<&PartRecord>, listed: &StoredPart) -> bool {
    let ours = here.and_then(|p| p.crc64);
    listed
        .crc64
        .is_some_and(|theirs| ours.is_none_or(|ours| ours == theirs))
}

enum Held {
    Same,
    NewTag(Crc64Nvme),
    Other,
}

/// A checksum decides where both sides have one; a tag is only a handle (F89).
fn held_against(here: Option<&PartRecord>, listed: &StoredPart) -> Held {
    let same_tag = here
        .and_then(|p| p.etag.as_ref())
        .is_some_and(|tag| same_tag(tag, &listed.etag));
    match (here.and_then(|p| p.crc64), listed.crc64) {
        (Some(ours), Some(theirs)) if ours != theirs => Held::Other,
        (Some(ours), Some(_)) if !same_tag => Held::NewTag(ours),
        (Some(_), Some(_)) => Held::Same,
        (None, _) | (_, None) if same_tag => Held::Same,
        (None, _) | (_, None) => Held::Other,
    }
}

fn by_number(file: &LocalFile) -> BTreeMap<PartNumber, &PartRecord> {
    file.parts
        .iter()
        .filter(|p| p.state != PartState::Pending)
        .map(|p| (p.n, p))
        .collect()
}

fn state(records: &BTreeMap<PartNumber, &PartRecord>, n: PartNumber) -> PartState {
    records.get(&n).map_or(PartState::Pending, |p| p.state)
}

fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}
