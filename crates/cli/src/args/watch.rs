//! What may be typed about watched folders.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::Json;

/// `windlass watch`
#[derive(Debug, Subcommand)]
pub enum Watch {
    /// Watch a folder: what is in it, and what comes, is uploaded
    Add(WatchAdd),
    /// List watched folders
    List(Json),
    /// Stop sending what comes to a folder, until `windlass watch resume`
    Pause(WatchName),
    /// Go on with a paused folder
    Resume(WatchName),
    /// Watch a folder no more; files, uploads and receipts stay
    Remove(WatchName),
    /// Say of a file, or of each file of a folder, why it was, is or will not be uploaded
    Explain(WatchExplain),
    /// Look through a folder, or all, now
    Now(WatchNow),
    /// The folder at this place is the same, though its disk is another
    Same(WatchName),
    /// Watch, and upload what comes, until a signal; what a user service runs
    Run(WatchRun),
}

/// What makes a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum GroupBy {
    /// What arrives together
    Batch,
    /// One a day
    Day,
    /// One a subfolder
    Folder,
}

/// What does not hold a watched folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Despite {
    /// Bytes cost money on the network
    Metered,
    /// The battery is low, or the computer saves power
    Battery,
    /// The week has no uploads in this hour
    Schedule,
}

/// `windlass watch add`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  windlass watch add ~/Scans --to nas
  windlass watch add /media/card --include '*.mp4' --include '*.mov' --group-rule day
  windlass watch add ~/Exports --exclude 'proxies/' --after move=~/Exported

Patterns are those of a .gitignore file. Originals are moved or deleted only after the destination proved them and while they
are unchanged; deleted ones go to the trash.
A folder is watched while the window is open or `windlass watch run` runs.")]
pub struct WatchAdd {
    /// The folder
    pub path: PathBuf,
    /// Its name [default: that of the folder]
    #[arg(long)]
    pub name: Option<String>,
    /// Destination, by name [default: the default destination]
    #[arg(long, value_name = "DEST")]
    pub to: Option<String>,
    /// Only files that fit; may be given more than once
    #[arg(long, value_name = "PATTERN")]
    pub include: Vec<String>,
    /// Never files or folders that fit; may be given more than once
    #[arg(long, value_name = "PATTERN")]
    pub exclude: Vec<String>,
    /// Smallest file, in bytes
    #[arg(long, value_name = "BYTES", default_value_t = 0, hide_default_value = true)]
    pub min_size: u64,
    /// Largest file, in bytes
    #[arg(long, value_name = "BYTES")]
    pub max_size: Option<u64>,
    /// Only files that were changed within so many days
    #[arg(long, value_name = "DAYS")]
    pub max_age: Option<u32>,
    /// How many subfolders deep
    #[arg(long, value_name = "N")]
    pub depth: Option<u32>,
    /// Hidden files too
    #[arg(long)]
    pub hidden: bool,
    /// What makes a group
    #[arg(long, value_enum, default_value = "batch", value_name = "RULE")]
    pub group_rule: GroupBy,
    /// What becomes of originals after their proof: keep, move=DIR, or delete (to the trash)
    #[arg(long, default_value = "keep", value_name = "WHAT")]
    pub after: String,
    /// Go up also on a metered network, on a low battery, when the schedule is closed; several by commas
    #[arg(long, value_enum, value_delimiter = ',', value_name = "WHAT")]
    pub despite: Vec<Despite>,
    /// Leave out the files that are there already
    #[arg(long)]
    pub only_new: bool,
    /// How long a file has to stand still at least, in seconds
    #[arg(long, default_value_t = 3.0, value_name = "SECONDS")]
    pub settle: f64,
    /// A group ends when nothing came for so long, in seconds
    #[arg(long, default_value_t = 60.0, value_name = "SECONDS")]
    pub quiet: f64,
    /// Output
    #[command(flatten)]
    pub json: Json,
}

/// A watched folder.
#[derive(Debug, Args)]
pub struct WatchName {
    /// Its name, its path, its id, or the beginning of its id
    pub folder: String,
    /// Output
    #[command(flatten)]
    pub json: Json,
}

/// `windlass watch explain`
#[derive(Debug, Args)]
pub struct WatchExplain {
    /// A file in a watched folder, which need not be there; or a watched folder
    pub path: String,
    /// Output
    #[command(flatten)]
    pub json: Json,
}

/// `windlass watch now`
#[derive(Debug, Args)]
pub struct WatchNow {
    /// Only this folder
    pub folder: Option<String>,
    /// Output
    #[command(flatten)]
    pub json: Json,
}

/// `windlass watch run`
#[derive(Debug, Args)]
#[command(after_help = "\
With --json: `watching` at the start, then `progress` of folders that changed, `notice`, `stopped` at the end.")]
pub struct WatchRun {
    /// Output
    #[command(flatten)]
    pub json: Json,
}

impl Watch {
    /// Whether lines of JSON were asked for.
    #[must_use]
    pub fn json(&self) -> bool {
        match self {
            Self::Add(a) => a.json.json,
            Self::List(a) => a.json,
            Self::Pause(a) | Self::Resume(a) | Self::Remove(a) | Self::Same(a) => a.json.json,
            Self::Explain(a) => a.json.json,
            Self::Now(a) => a.json.json,
            Self::Run(a) => a.json.json,
        }
    }
}
