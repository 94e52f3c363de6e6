//! Every limit with its source. `docs/LIMITS.md` tells them to people.

/// 2^20 bytes.
pub const MIB: u64 = 1 << 20;
/// A file of at most this goes in one PUT; larger ones in parts of this (architecture §4; S3 wants at least 5 MiB).
pub const PART_BYTES: u64 = 8 * MIB;
/// Parts of one object (S3).
pub const MAX_PARTS: u32 = 10_000;
/// Bytes of one object: 5 TiB (S3).
pub const MAX_OBJECT_BYTES: u64 = 5 << 40;
/// Items of one batch call (server model §5).
pub const MAX_BATCH: usize = 1_000;
/// Bytes of one call's body (server model §5).
pub const MAX_BODY_BYTES: usize = 4 * MIB as usize;
/// Bytes read at a time (architecture §4).
pub const READ_STEP_BYTES: usize = 256 * 1024;
/// Bytes of file content held in memory at once, over all files (architecture §4).
pub const BUFFER_POOL_BYTES: u64 = 256 * MIB;
/// Bytes of an object key (S3).
pub const MAX_KEY_BYTES: usize = 1_024;
/// Bytes of a name or a text that people write (server model §0).
pub const MAX_TEXT_BYTES: usize = 1_024;
/// Paths that one gesture may bring (experience §3).
pub const MAX_FILES_PER_INTAKE: usize = 1_000_000;
/// Types of files that one destination may refuse (experience §1).
pub const MAX_REFUSED_TYPES: usize = 100;
/// Milliseconds that a signed URL lives unless the destination says otherwise (server model §1).
pub const URL_TTL_MS: i64 = 900_000;
/// Milliseconds without progress after which a request is given up (I32).
pub const STALL_MS: i64 = 60_000;
/// Milliseconds that parts in flight get to end after a pause (experience §6).
pub const PAUSE_GRACE_MS: i64 = 3_000;
/// Waits that absurd answers are clamped to, milliseconds (F78).
pub const RETRY_AFTER_MS: std::ops::RangeInclusive<i64> = 1_000..=900_000;
