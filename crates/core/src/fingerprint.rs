//! "Is this still the file I read?" Not a hash: what `stat` says.

use serde::{Deserialize, Serialize};

/// What identifies a version of a source file without reading it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SourceFingerprint {
    /// Device, by its number: a disk gets another one when it is connected again, a share or a subvolume at each mount.
    pub dev: u64,
    /// Inode (file id where there are none).
    pub inode: u64,
    /// Bytes.
    pub size: u64,
    /// Last change of content, nanoseconds since 1970.
    pub mtime_ns: i64,
    /// Last change of content or metadata, nanoseconds since 1970.
    pub ctime_ns: i64,
}

impl SourceFingerprint {
    /// Of what could not be looked at.
    pub const NOTHING: Self = Self {
        dev: 0,
        inode: 0,
        size: 0,
        mtime_ns: 0,
        ctime_ns: 0,
    };
}

/// How two looks at one path differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SourceChange {
    /// The same file, untouched.
    Same,
    /// Only metadata: rights, links, owner. The content must be proved equal before it is believed (F18).
    MetadataOnly,
    /// Size and time of the content are the same under another number: of a disk without lasting numbers that was connected
    /// again, or of another file that took its place. What was read of it must be proved equal before it is believed (F17).
    Renumbered,
    /// Another content, another size or another file.
    Changed,
}

impl SourceChange {
    /// True for what needs no look at the bytes for a person to call it the same file.
    #[must_use]
    pub const fn is_same_file(self) -> bool {
        matches!(self, Self::Same | Self::MetadataOnly)
    }
}

impl SourceFingerprint {
    /// What `later` says about this one.
    #[must_use]
    pub fn compare(&self, later: &Self) -> SourceChange {
        if (self.size, self.mtime_ns) != (later.size, later.mtime_ns) {
            return SourceChange::Changed;
        }
        match (self.inode == later.inode, self.ctime_ns == later.ctime_ns) {
            // Another number of the disk alone says nothing of the file.
            (true, true) => SourceChange::Same,
            (true, false) if self.dev == later.dev => SourceChange::MetadataOnly,
            _ => SourceChange::Renumbered,
        }
    }

    /// Nothing of it is another, but for the number of its disk.
    #[must_use]
    pub fn is_untouched(&self, later: &Self) -> bool {
        self.compare(later) == SourceChange::Same
    }

    /// False when the file was touched less than 2 s before `read_began_ns`: a write in the same tick of a coarse clock
    /// would not show, so its hash may not be remembered (F181).
    #[must_use]
    pub fn may_be_cached(&self, read_began_ns: i64) -> bool {
        const SETTLED_NS: i64 = 2_000_000_000;
        read_began_ns.saturating_sub(self.mtime_ns.max(self.ctime_ns)) >= SETTLED_NS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const F: SourceFingerprint = SourceFingerprint {
        dev: 1,
        inode: 2,
        size: 3,
        mtime_ns: 4,
        ctime_ns: 5,
    };

    #[test]
    fn f018_rights_alone_are_metadata_and_everything_else_is_a_change() {
        assert_eq!(F.compare(&F), SourceChange::Same);
        assert_eq!(
            F.compare(&SourceFingerprint { ctime_ns: 9, ..F }),
            SourceChange::MetadataOnly
        );
        for changed in [
            SourceFingerprint { size: 9, ..F },
            SourceFingerprint { mtime_ns: 9, ..F },
        ] {
            assert_eq!(F.compare(&changed), SourceChange::Changed);
        }
    }

    #[test]
    fn f017_a_disk_that_was_connected_again_has_other_numbers_and_the_same_files() {
        assert_eq!(F.compare(&SourceFingerprint { dev: 9, ..F }), SourceChange::Same);
        for renumbered in [
            SourceFingerprint { inode: 9, ..F },
            SourceFingerprint {
                dev: 9,
                inode: 9,
                ctime_ns: 9,
                ..F
            },
            SourceFingerprint {
                dev: 9,
                ctime_ns: 9,
                ..F
            },
        ] {
            assert_eq!(F.compare(&renumbered), SourceChange::Renumbered);
        }
        let written = SourceFingerprint {
            dev: 9,
            mtime_ns: 9,
            ..F
        };
        assert_eq!(F.compare(&written), SourceChange::Changed);
    }

    #[test]
    fn f181_a_file_touched_within_two_seconds_of_the_read_is_not_cached() {
        assert!(!F.may_be_cached(5 + 1_999_999_999));
        assert!(F.may_be_cached(5 + 2_000_000_000));
    }
}
