//! Prove, then complete: is what the storage lists what was sent? (I3, M1)
//!
//! The client's own list decides, the listing checks it: a listing that lags is asked again, it never shortens a file (F90).

use std::collections::BTreeMap;

use crate::checksum::combine;
use crate::part_plan::PartPlan;
use crate::units::{Crc64Nvme, ETag, PartNumber};

/// A part that the client says it sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SentPart {
    /// Number.
    pub n: PartNumber,
    /// Bytes.
    pub size: u64,
    /// CRC.
    pub crc64: Crc64Nvme,
    /// What storage answered to its PUT.
    pub etag: ETag,
}

/// A part that the storage lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredPart {
    /// Number.
    pub n: PartNumber,
    /// Bytes.
    pub size: u64,
    /// What storage calls it.
    pub etag: ETag,
    /// CRC, where the storage tells it.
    pub crc64: Option<Crc64Nvme>,
}

/// The answer of [`review`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CompleteVerdict {
    /// Complete with the client's list.
    Complete,
    /// These parts are not listed, or listed with another size, checksum or tag: they go again.
    SendAgain(Vec<PartNumber>),
    /// The client's list itself is wrong; completing it would make a wrong file.
    Refuse(ListFault),
}

/// What is wrong with a client's list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ListFault {
    /// Not 1..n in order without gap or repeat.
    #[error("the parts are not 1 to n without gap or repeat")]
    Numbers,
    /// A size that the plan does not give the part.
    #[error("part {0} has not the size of the plan")]
    Size(PartNumber),
    /// The parts' checksums do not give the whole's.
    #[error("the parts' checksums do not give the checksum of the whole")]
    Checksum,
}

/// Holds the client's list against the plan, the whole's checksum and the storage's listing.
#[must_use]
pub fn review(
    plan: &PartPlan,
    whole: Crc64Nvme,
    sent: &[SentPart],
    listed: &[StoredPart],
) -> CompleteVerdict {
    if sent.len() != plan.count() as usize {
        return CompleteVerdict::Refuse(ListFault::Numbers);
    }
    for (range, part) in plan.parts().zip(sent) {
        if range.number != part.n {
            return CompleteVerdict::Refuse(ListFault::Numbers);
        }
        if range.len != part.size {
            return CompleteVerdict::Refuse(ListFault::Size(part.n));
        }
    }
    if combine(sent.iter().map(|p| (p.crc64, p.size))) != whole {
        return CompleteVerdict::Refuse(ListFault::Checksum);
    }
    let listed: BTreeMap<_, _> = listed.iter().map(|p| (p.n, p)).collect();
    let again: Vec<_> = sent
        .iter()
        .filter(|s| {
            listed.get(&s.n).is_none_or(|l| {
                l.size != s.size
                    || l.crc64.is_some_and(|c| c != s.crc64)
                    || (l.crc64.is_none() && !same_tag(&l.etag, &s.etag))
            })
        })
        .map(|s| s.n)
        .collect();
    if again.is_empty() {
        CompleteVerdict::Complete
    } else {
        CompleteVerdict::SendAgain(again)
    }
}

/// Stores quote their tags in one answer and not in another.
pub(crate) fn same_tag(a: &ETag, b: &ETag) -> bool {
    a.0.trim_matches('"') == b.0.trim_matches('"')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checksum::crc64;
    use proptest::prelude::*;

    fn parts(data: &[u8], part: usize) -> (PartPlan, Vec<SentPart>, Vec<StoredPart>) {
        let plan = PartPlan::stored(data.len() as u64, part as u64).expect("a plan");
        let sent: Vec<_> = plan
            .parts()
            .map(|r| {
                let bytes = &data[r.offset as usize..(r.offset + r.len) as usize];
                SentPart {
                    n: r.number,
                    size: r.len,
                    crc64: crc64(bytes),
                    etag: ETag(format!("\"{}\"", r.number)),
                }
            })
            .collect();
        let listed = sent
            .iter()
            .map(|s| StoredPart {
                n: s.n,
                size: s.size,
                etag: ETag(s.n.to_string()),
                crc64: Some(s.crc64),
            })
            .collect();
        (plan, sent, listed)
    }

    proptest! {
        #[test]
        fn i03_only_a_whole_and_equal_listing_completes(data in proptest::collection::vec(any::<u8>(), 1..400), part in 1usize..100, hurt in 0usize..8, at: prop::sample::Index) {
            let (plan, mut sent, mut listed) = parts(&data, part);
            let whole = crc64(&data);
            prop_assert_eq!(review(&plan, whole, &sent, &listed), CompleteVerdict::Complete);
            let i = at.index(listed.len());
            let n = sent[i].n;
            let verdict = match hurt {
                0 => { listed.remove(i); review(&plan, whole, &sent, &listed) }
                1 => { listed[i].size += 1; review(&plan, whole, &sent, &listed) }
                2 => { listed[i].crc64 = Some(Crc64Nvme(listed[i].crc64.map_or(0, |c| c.0) ^ 1)); review(&plan, whole, &sent, &listed) }
                3 => { listed[i].crc64 = None; listed[i].etag = ETag("other".into()); review(&plan, whole, &sent, &listed) }
                4 => { sent.remove(i); review(&plan, whole, &sent, &listed) }
                5 => { sent[i].size += 1; review(&plan, whole, &sent, &listed) }
                6 => { sent[i].crc64 = Crc64Nvme(sent[i].crc64.0 ^ 1); review(&plan, whole, &sent, &listed) }
                _ => { let twin = sent[i].clone(); sent.insert(i, twin); review(&plan, whole, &sent, &listed) }
            };
            let expected = match hurt {
                0..=3 => CompleteVerdict::SendAgain(vec![n]),
                4 | 7 => CompleteVerdict::Refuse(ListFault::Numbers),
                5 => CompleteVerdict::Refuse(ListFault::Size(n)),
                _ => CompleteVerdict::Refuse(ListFault::Checksum),
            };
            prop_assert_eq!(verdict, expected);
        }
    }
}
