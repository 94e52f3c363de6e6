//! What is unfinished in a folder. Files that have their names are the person's; nothing tells them from others.

use rustix::fs::{AtFlags, Dir};
use windlass_core::error::Failure;
use windlass_core::ids::ObjectId;

use super::root::WORK;
use super::{FolderStorage, place};
use crate::failure::folder_failure;
use crate::storage::{Found, Inventory};

impl FolderStorage {
    /// All of it, by the ids of objects. Blocks.
    pub(super) fn unfinished(&self) -> Result<Inventory, Failure> {
        let root = self.root()?;
        let failed = |e: rustix::io::Errno| folder_failure("what is unfinished can't be listed", e.into());
        let mut found = Vec::new();
        for entry in Dir::read_from(root.work()).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let Ok(name) = entry.file_name().to_str() else {
                continue;
            };
            let Some(id) = name
                .strip_suffix(".partial")
                .filter(|id| id.parse::<ObjectId>().is_ok())
            else {
                continue;
            };
            let stat = rustix::fs::statat(root.work(), name, AtFlags::SYMLINK_NOFOLLOW);
            found.push(Found {
                key: format!("{WORK}/{name}"),
                upload_id: Some(id.to_owned()),
                size: stat.ok().map(|s| place::size(&s)),
            });
        }
        found.sort_by(|a, b| a.key.cmp(&b.key));
        Ok(Inventory { found, next: None })
    }
}
