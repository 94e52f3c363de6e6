//! How the groups of a command stand together: the figures behind a bar, a line or an event.

use std::collections::BTreeMap;

use serde::Serialize;
use windlass_core::ids::GroupId;
use windlass_core::states::BlockedReason;
use windlass_engine::view::{Eta, FileError, GroupView, GroupWord};

use crate::{human, words};

/// Characters of a name in a line of progress, which is best kept on one line.
const NAME: usize = 32;

/// The groups that a command follows.
#[derive(Debug, Clone, Default)]
pub struct Board {
    groups: BTreeMap<GroupId, GroupView>,
}

/// Sums over a board.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Sums {
    /// Files taken in.
    pub files: u64,
    /// Proved.
    pub files_done: u64,
    /// Need a person.
    pub failed: u64,
    /// Left out.
    pub rejected: u64,
    /// Of all files.
    pub bytes: u64,
    /// Held by the destination.
    pub bytes_done: u64,
    /// Bytes a second.
    pub rate_bytes: f64,
    /// Time left.
    pub eta: Option<Eta>,
    /// True while more files are being found.
    pub scanning: bool,
    /// Files that other programs are still writing.
    pub growing: u64,
    /// Why all of it stands still; empty while anything moves.
    pub waits_for: Vec<BlockedReason>,
    /// The failure behind that, when the destination is what is waited for.
    pub because: Option<FileError>,
}

impl Board {
    /// Takes in how groups stand now.
    pub fn update(&mut self, views: Vec<GroupView>) {
        self.groups.extend(views.into_iter().map(|g| (g.id, g)));
    }

    /// All of it.
    #[must_use]
    pub fn sums(&self) -> Sums {
        let mut s = Sums::default();
        let mut moves = false;
        for g in self.groups.values() {
            s.files += u64::from(g.files.total);
            s.files_done += u64::from(g.files.done);
            s.failed += u64::from(g.files.failed);
            s.rejected += u64::from(g.files.rejected);
            s.bytes += g.bytes_total;
            s.bytes_done += g.bytes_done;
            s.rate_bytes += g.rate_bytes.unwrap_or(0.0);
            s.scanning |= g.scanning;
            s.growing += u64::from(g.growing);
            if let Some(eta) = g.eta {
                // They go side by side, so the whole takes as long as the longest.
                let known = s.eta.unwrap_or(eta);
                s.eta = Some(Eta {
                    low_s: known.low_s.max(eta.low_s),
                    high_s: known.high_s.max(eta.high_s),
                });
            }
            moves |= g.blocked_by.is_empty() && !ended(g.word);
            if !ended(g.word) {
                s.waits_for.extend(&g.blocked_by);
                s.because = s.because.or_else(|| g.because.clone());
            }
        }
        s.waits_for.sort_unstable();
        s.waits_for.dedup();
        if moves {
            s.waits_for.clear();
            s.because = None;
        }
        s
    }

    /// The line under the bar: the group that is under way, and what has to be known.
    #[must_use]
    pub fn current(&self) -> String {
        let s = self.sums();
        let mut parts = Vec::new();
        let open: Vec<&GroupView> = self.groups.values().filter(|g| !ended(g.word)).collect();
        let shown = open
            .iter()
            .find(|g| g.word == GroupWord::Uploading)
            .or(open.first())
            .copied()
            .or(self.groups.values().next());
        if let Some(g) = shown {
            parts.push(format!("{}: {}", human::cut(&g.name, NAME), words::word(g.word)));
        }
        if open.len() > 1 {
            parts.push(format!(
                "and {} more",
                human::counted(open.len() as u64 - 1, "group", "groups")
            ));
        }
        let more = match s.growing {
            0 if s.scanning => ", looking for more".to_owned(),
            0 => String::new(),
            n => format!(", {} still being written", human::files(n)),
        };
        parts.push(format!(
            "{} of {}{more}",
            human::count(s.files_done),
            human::files(s.files)
        ));
        if s.failed > 0 {
            parts.push(format!("{} need you", human::count(s.failed)));
        }
        if s.rejected > 0 {
            parts.push(format!("{} left out", human::count(s.rejected)));
        }
        if let Some(reason) = s.waits_for.first() {
            parts.push(words::reason(*reason).to_owned());
        }
        parts.join(" · ")
    }
}

impl Sums {
    /// Percent, bytes, rate, time left.
    #[must_use]
    pub fn figures(&self) -> String {
        let mut parts = vec![format!(
            "{} of {}",
            human::size(self.bytes_done),
            human::size(self.bytes)
        )];
        if self.waits_for.is_empty() {
            if self.rate_bytes >= 1.0 {
                parts.push(human::rate(self.rate_bytes));
            }
            if let Some(eta) = self.eta {
                parts.push(human::time_left(eta));
            }
        }
        parts.join(" · ")
    }
}

fn ended(word: GroupWord) -> bool {
    matches!(
        word,
        GroupWord::Done | GroupWord::DoneLeftOut | GroupWord::Cancelled | GroupWord::NeedsYou
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::select::tests::view;

    #[test]
    fn a_reason_is_told_only_while_nothing_moves() {
        let mut held = view(1, "a", GroupWord::Paused);
        held.blocked_by = vec![BlockedReason::DestinationDown];
        let mut board = Board::default();
        board.update(vec![held]);
        assert_eq!(board.sums().waits_for, [BlockedReason::DestinationDown]);
        assert!(board.current().contains("does not answer"), "{}", board.current());
        board.update(vec![view(2, "b", GroupWord::Uploading)]);
        assert_eq!(board.sums().waits_for, []);
        assert_eq!(board.current(), "b: Uploading · and 1 group more · 0 of 0 files");
    }

    #[test]
    fn the_sum_of_two_groups_takes_as_long_as_the_longer() {
        let mut a = view(1, "a", GroupWord::Uploading);
        (a.bytes_total, a.bytes_done, a.rate_bytes) = (2_000_000, 1_000_000, Some(500_000.0));
        a.eta = Some(Eta {
            low_s: 10,
            high_s: 20,
        });
        let mut b = a.clone();
        b.id = view(2, "b", GroupWord::Done).id;
        b.eta = Some(Eta {
            low_s: 30,
            high_s: 40,
        });
        let mut board = Board::default();
        board.update(vec![a, b]);
        assert_eq!(
            board.sums().figures(),
            "2.0 MB of 4.0 MB · 1.0 MB/s · 30–40 s left"
        );
    }
}
