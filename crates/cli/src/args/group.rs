//! `windlass group`: words for groups as such.

use clap::{Args, Subcommand};

use super::Json;

/// `windlass group`
#[derive(Debug, Subcommand)]
pub enum Group {
    /// Put the files of a group into another; what was begun stays where it is
    Merge(GroupMerge),
    /// Take files that were not begun out of a group, into a new one
    Split(GroupSplit),
    /// Send a group before or after others
    Move(GroupMove),
    /// Give a group another name; what is at the destination keeps its own
    Rename(GroupRename),
    /// Show or write what is noted of a group
    Note(GroupNote),
}

/// `windlass group merge`
#[derive(Debug, Args)]
pub struct GroupMerge {
    /// The group that goes: its name, its id, or the beginning of its id
    pub from: String,
    /// The group that takes it
    pub into: String,
    /// Output
    #[command(flatten)]
    pub json: Json,
}

/// `windlass group split`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  windlass group split Shoot raw/            what has raw/ in its path
  windlass group split Shoot --failed --name \"To look at\"")]
pub struct GroupSplit {
    /// The group: its name, its id, or the beginning of its id
    pub group: String,
    /// Words that the path inside the group has, all of them
    #[arg(required_unless_present = "failed")]
    pub words: Vec<String>,
    /// Only files that failed
    #[arg(long)]
    pub failed: bool,
    /// Name of the new group [default: made from the old one's]
    #[arg(long)]
    pub name: Option<String>,
    /// Output
    #[command(flatten)]
    pub json: Json,
}

/// `windlass group move`
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("where").required(true).args(["first", "last", "before"]))]
pub struct GroupMove {
    /// The group: its name, its id, or the beginning of its id
    pub group: String,
    /// Before all others
    #[arg(long)]
    pub first: bool,
    /// After all others
    #[arg(long)]
    pub last: bool,
    /// Before this group
    #[arg(long, value_name = "GROUP")]
    pub before: Option<String>,
    /// Output
    #[command(flatten)]
    pub json: Json,
}

/// `windlass group rename`
#[derive(Debug, Args)]
pub struct GroupRename {
    /// The group: its name, its id, or the beginning of its id
    pub group: String,
    /// Its new name
    pub name: String,
    /// Output
    #[command(flatten)]
    pub json: Json,
}

/// `windlass group note`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  windlass group note Shoot
  windlass group note Shoot \"For Ada, by Friday\" --set job=4711")]
pub struct GroupNote {
    /// The group: its name, its id, or the beginning of its id
    pub group: String,
    /// What to note instead of what was noted; \"\" removes it
    pub text: Option<String>,
    /// Note a value under a key
    #[arg(long, value_name = "KEY=VALUE", value_parser = pair)]
    pub set: Vec<(String, String)>,
    /// Forget a key
    #[arg(long, value_name = "KEY")]
    pub unset: Vec<String>,
    /// Output
    #[command(flatten)]
    pub json: Json,
}

fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.trim().is_empty() => Ok((key.trim().to_owned(), value.trim().to_owned())),
        Some(_) | None => Err("write it as KEY=VALUE".to_owned()),
    }
}

impl Group {
    pub(super) fn json(&self) -> bool {
        match self {
            Self::Merge(a) => a.json.json,
            Self::Split(a) => a.json.json,
            Self::Move(a) => a.json.json,
            Self::Rename(a) => a.json.json,
            Self::Note(a) => a.json.json,
        }
    }
}
