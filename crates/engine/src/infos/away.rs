//! Disks that were found to be away, each with its name where one could be found.
//!
//! A disk is found by the number that rows have of it and by the place where it was mounted: a reader gives all its cards
//! one number. Its name is looked up once per absence, for it is looked for on what is left of the way to a file.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use windlass_transfer::disks::place_of_disk;

/// By number.
#[derive(Debug, Default)]
pub(super) struct Away(BTreeMap<u64, Vec<Missed>>);

#[derive(Debug)]
struct Missed {
    /// Where it was mounted; the folder of the file when that is not known.
    place: PathBuf,
    name: Option<String>,
}

impl Away {
    /// The disk of a file is away. `known` is its number in rows, `now` the one it was last seen under. Blocks.
    pub(super) fn missed(&mut self, path: &Path, known: u64, now: u64) {
        if self.find(path, known).is_some() {
            return;
        }
        let place = place_of_disk(path, now);
        let missed = Missed {
            name: place.as_deref().and_then(name),
            place: place.unwrap_or_else(|| path.parent().unwrap_or(path).to_owned()),
        };
        self.0.entry(known).or_default().push(missed);
    }

    /// A file of it was seen.
    pub(super) fn seen(&mut self, path: &Path, known: u64) {
        if let Some(all) = self.0.get_mut(&known) {
            all.retain(|missed| !path.starts_with(&missed.place));
        }
    }

    /// The name of the disk of a file.
    pub(super) fn name(&self, path: &Path, known: u64) -> Option<String> {
        self.find(path, known)?.name.clone()
    }

    fn find(&self, path: &Path, known: u64) -> Option<&Missed> {
        let all = self.0.get(&known)?;
        all.iter().find(|missed| path.starts_with(&missed.place))
    }
}

fn name(place: &Path) -> Option<String> {
    let last = place.file_name()?;
    Some(windlass_core::names::shown(&last.to_string_lossy()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn f017_two_cards_of_one_reader_have_a_name_each_also_when_one_is_back() {
        let dir = tempfile::tempdir().unwrap();
        // What is left beside mount points that went.
        std::fs::write(dir.path().join("x"), "").unwrap();
        let file = |card: &str| dir.path().join(card).join("DCIM/1.jpg");
        let (a, b) = (file("CARD_A"), file("CARD_B"));
        let mut away = Away::default();
        away.missed(&a, 7, 7);
        away.missed(&b, 7, 7);
        let name = |away: &Away, path| away.name(path, 7);
        assert_eq!(name(&away, &a).as_deref(), Some("CARD_A"));
        assert_eq!(name(&away, &b).as_deref(), Some("CARD_B"));
        assert_eq!(away.name(&a, 8), None);
        away.seen(&b, 7);
        assert_eq!(name(&away, &a).as_deref(), Some("CARD_A"));
        assert_eq!(name(&away, &b), None);
    }
}
