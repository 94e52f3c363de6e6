//! Room on the disk, asked for before an hour of work and not found out in the middle of it.

use std::process::Command;

use anyhow::{Context as _, Result, ensure};

use crate::paths;
use crate::steps::Outcome;

/// What a first build with all tests takes, gigabytes: programs, what the lints keep, files of the tests.
const TAKES_GB: u64 = 9;

/// Whether a first build has room. One that was built before has its room already.
pub(crate) fn look() -> Result<Outcome> {
    if paths::built("windlass").exists() {
        return Ok(Outcome::Skipped("it was built before".to_owned()));
    }
    let said = Command::new("df")
        .arg("-Pk")
        .arg(paths::root())
        .output()
        .context("df can't be run")?;
    let free =
        free_gb(&String::from_utf8_lossy(&said.stdout)).context("df says nothing that is understood")?;
    println!("{free} GB are free; about {TAKES_GB} GB are needed");
    ensure!(
        free >= TAKES_GB,
        "a first build with all tests takes about {TAKES_GB} GB, and {free} GB are free where the project is"
    );
    Ok(Outcome::Done)
}

/// The free gigabytes in what `df -Pk` prints.
fn free_gb(table: &str) -> Option<u64> {
    let free = table.lines().nth(1)?.split_whitespace().nth(3)?;
    Some(free.parse::<u64>().ok()? / 1_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_free_room_is_read_from_the_table() {
        let table = "Filesystem 1024-blocks Used Available Capacity Mounted on\n/dev/vda 263112772 88905220 6908140 93% /\n";
        assert_eq!(free_gb(table), Some(6));
        assert_eq!(free_gb("df: nothing\n"), None);
    }
}
