//! How a file is cut into parts: decided once, stored, never computed again.
//!
//! One request up to 8 MiB; else parts of 8 MiB, growing by whole MiB so that 10,000 parts reach 5 TiB (architecture §4).
//! A resume takes the stored part size ([`PartPlan::stored`]); today's rules never touch yesterday's plan.

use crate::limits::{MAX_OBJECT_BYTES, MAX_PARTS, MIB, PART_BYTES};
use crate::units::PartNumber;

/// The cut of one file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PartPlan {
    size: u64,
    part_size: u64,
    count: u32,
}

/// One part's place in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PartRange {
    /// Its number.
    pub number: PartNumber,
    /// First byte.
    pub offset: u64,
    /// Bytes; 0 only for the one part of an empty file.
    pub len: u64,
}

/// Why there is no plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// Larger than the largest object (5 TiB).
    #[error("{0} bytes are more than the largest object of 5 TiB")]
    TooLarge(u64),
    /// A stored part size that does not fit the size.
    #[error("a stored plan of parts of {part_size} bytes does not fit {size} bytes")]
    Unfit {
        /// Size of the file.
        size: u64,
        /// Stored part size.
        part_size: u64,
    },
}

impl PartPlan {
    /// The plan for a new file of `size` bytes.
    ///
    /// # Errors
    /// [`PlanError::TooLarge`] beyond 5 TiB; told before the first byte moves (F11).
    pub fn new(size: u64) -> Result<Self, PlanError> {
        if size > MAX_OBJECT_BYTES {
            return Err(PlanError::TooLarge(size));
        }
        if size <= PART_BYTES {
            return Ok(Self {
                size,
                part_size: PART_BYTES,
                count: 1,
            });
        }
        let part_size = size
            .div_ceil(u64::from(MAX_PARTS))
            .max(PART_BYTES)
            .next_multiple_of(MIB);
        Self::stored(size, part_size)
    }

    /// The plan that was stored: same size, same part size.
    ///
    /// # Errors
    /// [`PlanError::Unfit`] when the two make no plan of 1 to 10,000 parts.
    pub fn stored(size: u64, part_size: u64) -> Result<Self, PlanError> {
        let unfit = PlanError::Unfit { size, part_size };
        if part_size == 0 || size > MAX_OBJECT_BYTES {
            return Err(unfit);
        }
        let count = u32::try_from(size.div_ceil(part_size).max(1)).map_err(|_| unfit)?;
        if count > MAX_PARTS {
            Err(unfit)
        } else {
            Ok(Self {
                size,
                part_size,
                count,
            })
        }
    }

    /// Bytes of the file.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// Bytes of each part but the last.
    #[must_use]
    pub const fn part_size(&self) -> u64 {
        self.part_size
    }

    /// Number of parts, at least 1.
    #[must_use]
    pub const fn count(&self) -> u32 {
        self.count
    }

    /// True when the file goes in one PUT, without a multipart upload.
    #[must_use]
    pub const fn is_single(&self) -> bool {
        self.count == 1
    }

    /// Where a part lies; `None` beyond the last.
    #[must_use]
    pub fn part(&self, number: PartNumber) -> Option<PartRange> {
        if number.get() > self.count {
            return None;
        }
        let offset = number.index() as u64 * self.part_size;
        Some(PartRange {
            number,
            offset,
            len: self.part_size.min(self.size - offset),
        })
    }

    /// All parts in order.
    pub fn parts(&self) -> impl Iterator<Item = PartRange> + '_ {
        (0..self.count as usize).filter_map(|i| PartNumber::from_index(i).ok().and_then(|n| self.part(n)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::MAX_OBJECT_BYTES;
    use proptest::prelude::*;

    proptest! {
        // F11: planner borders, every size.
        #[test]
        fn f011_parts_cover_the_file_without_gap_or_overlap(size in prop_oneof![
            0..=3 * PART_BYTES, (1u64..=700_000).prop_map(|n| n * PART_BYTES), (1u64..=600_000).prop_map(|n| n * PART_BYTES + 1),
            (1u64..=600_000).prop_map(|n| n * PART_BYTES - 1), 0..=MAX_OBJECT_BYTES]) {
            match PartPlan::new(size) {
                Err(PlanError::TooLarge(s)) => prop_assert!(s > MAX_OBJECT_BYTES),
                Err(e) => prop_assert!(false, "{e}"),
                Ok(plan) => {
                    prop_assert!(plan.count() >= 1 && plan.count() <= MAX_PARTS);
                    let mut next = 0;
                    for p in plan.parts() {
                        prop_assert_eq!(p.offset, next);
                        prop_assert!(p.len > 0 || size == 0);
                        next += p.len;
                    }
                    prop_assert_eq!(next, size);
                    prop_assert_eq!(PartPlan::stored(size, plan.part_size()), Ok(plan));
                }
            }
        }
    }

    #[test]
    fn f011_the_largest_object_has_a_plan_and_one_byte_more_has_none() {
        assert_eq!(
            PartPlan::new(MAX_OBJECT_BYTES).map(|p| p.count() <= MAX_PARTS),
            Ok(true)
        );
        assert_eq!(
            PartPlan::new(MAX_OBJECT_BYTES + 1),
            Err(PlanError::TooLarge(MAX_OBJECT_BYTES + 1))
        );
        assert_eq!(PartPlan::new(PART_BYTES).map(|p| p.count()), Ok(1));
        assert_eq!(PartPlan::new(PART_BYTES + 1).map(|p| p.count()), Ok(2));
        assert!(PartPlan::stored(10, 0).is_err());
    }
}
