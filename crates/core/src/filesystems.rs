//! What is known of a file system by the number that the kernel has for it (`f_type` of `statfs`, `linux/magic.h`).
//!
//! A folder is a place to upload from and to. What the disk under it can't do by its nature is told before a byte moves.

const FAT: i64 = 0x4d44;
/// FAT writes a file's size in 32 bits.
const FAT_FILE_BYTES: u64 = u32::MAX as u64;

/// NFS, NCP, CIFS, SMB2, SMB, Coda, AFS, 9P, Ceph, and whatever a program serves (FUSE: sshfs, rclone, a phone).
const REMOTE: [i64; 10] = [
    0x6969,
    0x564c,
    0xff53_4d42,
    0xfe53_4d42,
    0x517b,
    0x7375_7245,
    0x5346_414f,
    0x0102_1997,
    0x00c3_6400,
    0x6573_5546,
];

/// The largest file that a file system holds by its nature, bytes; none: more than anybody has. FAT is 12, 16 and 32; exFAT
/// has another number, and no such limit.
#[must_use]
pub const fn largest_on(number: i64) -> Option<u64> {
    match number {
        FAT => Some(FAT_FILE_BYTES),
        _ => None,
    }
}

/// True where files may lie on another computer: its clock is not ours, nobody tells of changes, and a sync may not tell of an
/// error that comes late (F154, F187).
#[must_use]
pub fn is_remote(number: i64) -> bool {
    // Some have the highest bit of 32 set, which a signed number carries on.
    REMOTE.contains(&(number & 0xffff_ffff))
}

#[cfg(test)]
mod tests {
    use super::*;

    //
    #[test]
    fn a9_only_fat_has_a_largest_file() {
        assert_eq!(largest_on(0x4d44), Some((4 << 30) - 1));
        // ext4, exFAT, SMB.
        for other in [0xef53, 0x2011_bab0, 0xff53_4d42] {
            assert_eq!(largest_on(other), None);
        }
    }

    // F154, F187
    #[test]
    fn f154_shares_are_known_however_wide_their_number_was_read() {
        for share in [0x6969, 0xff53_4d42, -0x00ac_b2be, 0x6573_5546] {
            assert!(is_remote(share), "{share:x}");
        }
        // ext4, XFS, Btrfs, tmpfs.
        for local in [0xef53, 0x5846_5342, 0x9123_683e, 0x0102_1994] {
            assert!(!is_remote(local), "{local:x}");
        }
    }
}
