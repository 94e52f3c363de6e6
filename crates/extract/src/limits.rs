//! What one extraction may use.

use serde::{Deserialize, Serialize};

/// Ceilings of one extraction. The defaults let through what people write and stop what is built to hurt: the largest
/// manuals and data books met in practice have some 20 MB of text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Limits {
    /// Bytes of the file; a larger one is not begun.
    pub input_bytes: u64,
    /// Bytes of memory for the child beyond what it holds at its start.
    pub memory_bytes: u64,
    /// Milliseconds by the wall clock, and processor time at most the same.
    pub time_ms: u64,
    /// Bytes of text.
    pub text_bytes: u64,
    /// Pieces of text.
    pub pieces: u64,
    /// Entries of an archive.
    pub zip_entries: u64,
    /// Bytes unpacked from one archive, all entries together.
    pub unpacked_bytes: u64,
    /// Unpacked bytes for each packed one, looked at from the first MiB of an entry on. XML of real sheets reaches 100.
    pub unpack_ratio: u64,
    /// Columns of a table.
    pub columns: u64,
    /// Elements inside each other.
    pub depth: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            input_bytes: 512 << 20,
            memory_bytes: 512 << 20,
            time_ms: 60_000,
            text_bytes: 64 << 20,
            pieces: 1_000_000,
            zip_entries: 10_000,
            unpacked_bytes: 512 << 20,
            unpack_ratio: 250,
            columns: 16_384,
            depth: 256,
        }
    }
}

/// Which ceiling was reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Limit {
    /// The file is too large to begin.
    Input,
    /// The child wanted more memory.
    Memory,
    /// It took too long.
    Time,
    /// More text or pieces than are kept.
    Output,
    /// Too many entries in an archive.
    Entries,
    /// An archive unpacks to too much, or at an impossible ratio.
    Unpacked,
    /// Too many columns.
    Columns,
    /// Too deep.
    Depth,
}

impl Limit {
    /// The word of it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Input => "input",
            Self::Memory => "memory",
            Self::Time => "time",
            Self::Output => "output",
            Self::Entries => "entries",
            Self::Unpacked => "unpacked",
            Self::Columns => "columns",
            Self::Depth => "depth",
        }
    }
}

impl std::fmt::Display for Limit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}
