//! What one engine may do at once.

/// Limits of one engine.
#[derive(Debug, Clone)]
pub struct Config {
    /// PUTs at once, over all destinations.
    pub connections: u32,
    /// PUTs of files of some kilobytes in place of one other: they wait for answers and commits, not for the line.
    pub small_puts: u32,
    /// Of connections and readers, in percent, what is for files of one PUT while some wait; at least one, and never all.
    pub small_share: u8,
    /// Reads at once.
    pub readers: u32,
    /// Bytes of content in memory at once.
    pub pool_bytes: u64,
    /// Parts in memory at once: what one signing window and the connections need.
    pub pool_parts: usize,
    /// Files in the machine at once.
    pub active_files: usize,
    /// Large files read at once.
    pub large_files: usize,
    /// Items of one call to the control plane.
    pub batch: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            connections: 8,
            small_puts: 8,
            small_share: 25,
            readers: 4,
            pool_bytes: crate::limits::BUFFER_POOL_BYTES,
            pool_parts: 1_000,
            active_files: 3_000,
            large_files: 4,
            batch: 500,
        }
    }
}

/// Whether the SHA-256 of the whole is counted while a file is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ContentHash {
    /// From the same read.
    #[default]
    Always,
    /// Not at all: the upload is proved by CRC64NVME alone and is no dedup source.
    Never,
}
