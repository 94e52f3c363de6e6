//! `windlass history`: words for what ended.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::Json;

/// How a group ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum EndedAs {
    /// All that was wanted is verified
    Verified,
    /// By the person
    Cancelled,
    /// Nothing more was to be done, and files were left out
    LeftOut,
}

/// Which verified files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum FileKind {
    /// Every one
    All,
    /// Those that were sent
    Sent,
    /// Those that did not have to be: they were there, or are unchanged
    AlreadyThere,
    /// Those that the server has processed, well or not
    Processed,
}

/// `windlass history`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  windlass history --since 7d
  windlass history shoot --to nas --ended cancelled
  windlass history --files --folder /media/card --since 2026-11-01 --until 2026-11-15
  windlass history --acts

All that is given has to hold. Days are of this computer's calendar; both are counted.

With --json each line is {\"event\":\"ended\",…}, {\"event\":\"act\",…} or {\"event\":\"file\",…}, newest first.")]
pub struct History {
    /// Words of the group's name or destination; with --files, of the path, or the beginning of the SHA-256
    pub words: Vec<String>,
    /// Only what went to this destination
    #[arg(long, value_name = "DEST")]
    pub to: Option<String>,
    /// Only what came from this folder or from below it; it need not be there any more
    #[arg(long, value_name = "DIR")]
    pub folder: Option<PathBuf>,
    /// Only groups that ended so; with --files, files of those groups
    #[arg(long, value_name = "HOW", value_enum)]
    pub ended: Option<EndedAs>,
    /// Only since then: a day like 2026-11-21, `today`, or a time up to now like 24h or 7d
    #[arg(long, value_name = "WHEN")]
    pub since: Option<String>,
    /// Only up to the end of this day, like 2026-11-21
    #[arg(long, value_name = "DAY")]
    pub until: Option<String>,
    /// List verified files instead of groups
    #[arg(long, value_name = "WHICH", value_enum, num_args = 0..=1, require_equals = true, default_missing_value = "all")]
    pub files: Option<FileKind>,
    /// Only what was done besides: checks, originals that were moved away and brought back
    #[arg(long, conflicts_with_all = ["files", "words", "to", "folder", "ended"])]
    pub acts: bool,
    /// Lines, at most
    #[arg(long, value_name = "N", default_value_t = 50)]
    pub limit: usize,
    /// Output
    #[command(flatten)]
    pub json: Json,
}
