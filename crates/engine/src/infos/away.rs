//! Disks that were found to be away, each with its name where one could be found.
//!
//! A disk is found by the number that rows have of it and by the place where it was mounted: a reader gives all its cards
//! one number. Where the place is not known, each folder stands for itself.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

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
    /// Whether the disk of a file is known to be away. `known`: its number in rows, as below.
    pub(super) fn knows(&self, path: &Path, known: u64) -> bool {
        self.find(path, known).is_some()
    }

    /// The disk of a file is away; `place`: where it was mounted, where that could be found.
    pub(super) fn missed(&mut self, path: &Path, known: u64, place: Option<PathBuf>) {
        let missed = Missed {
            name: place.as_deref().and_then(name),
            place: place.unwrap_or_else(|| path.parent().unwrap_or(path).to_owned()),
        };
        let all = self.0.entry(known).or_default();
        all.retain(|earlier| earlier.place != missed.place);
        all.push(missed);
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
        all.iter()
            .filter(|missed| path.starts_with(&missed.place))
            .max_by_key(|missed| missed.place.components().count())
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
        let place = |card: &str| Path::new("/media/ann").join(card);
        let [a, b] = ["CARD_A", "CARD_B"].map(|card| place(card).join("DCIM/1.jpg"));
        let mut away = Away::default();
        away.missed(&a, 7, Some(place("CARD_A")));
        away.missed(&b, 7, Some(place("CARD_B")));
        away.missed(Path::new("/media/ann/1.jpg"), 7, None);
        let name = |away: &Away, path| away.name(path, 7);
        assert_eq!(name(&away, &a).as_deref(), Some("CARD_A"));
        assert_eq!(name(&away, &b).as_deref(), Some("CARD_B"));
        assert_eq!(away.name(&a, 8), None);
        away.seen(&b, 7);
        assert_eq!(name(&away, &a).as_deref(), Some("CARD_A"));
        assert_eq!(name(&away, &b), None);
    }
}
