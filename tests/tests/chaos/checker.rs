//! Is a session's history linearizable: is there one order of its calls that fits their times, and in which each read shows
//! what the writes before it made?
//!
//! A session only goes forward here (`Absent < Pending < … < Uploaded`): a write takes it through the levels between to where
//! the write leads, unless it is there already; each of these steps may be seen. For such a register the search for an order
//! is not needed. With `low(r)` the furthest level that was certain before the read `r` began (answered writes, and reads that
//! had ended), and `high(r)` the furthest that any write leads to which had begun before `r` ended, an order exists exactly
//! when each read lies within:
//!
//! - *necessary*: whatever ended before `r` began stands before it in any order, and what begins after `r` has ended stands
//!   behind it;
//! - *sufficient*: let each level begin with the first step to it, as late as the reads allow: just before the end of the
//!   first read that shows it or more, or of the first answered write to it or more. Such a step exists, as that read lies
//!   below its `high`; every other step comes at its write's end and changes nothing. A read that shows less has begun before
//!   that moment, else its `low` would be more than it shows; so it can stand before the step, and those that show the level
//!   behind it.
//!
//! A write whose answer says how far it led (`least`), and which may have led further (`most`), stands for the one that it
//! was. One without an answer may take effect at any time after its begin, or never: it raises `high` and not `low`.
//! The tests below hold this against the search through all orders, on many small histories.
//!
//! The revision that a read shows is held to the same: it never goes back, and one revision has one level.

use std::collections::BTreeMap;

use crate::history::{Call, Level, Moment, What};

/// Why a history is none of one session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Violation {
    /// A read shows less than was certain before it began.
    Back { read: Call, certain: Level },
    /// A read shows what nobody had asked for before it ended.
    Ahead { read: Call, possible: Level },
    /// A later read shows an earlier revision.
    Revision { read: Call, seen: u64 },
    /// One revision with two levels.
    TwoFaces { rev: u64, one: Level, other: Level },
}

/// The first violation of a session's history, if there is one.
pub(crate) fn check(calls: &[Call]) -> Result<(), Violation> {
    let certain = Certain::of(calls);
    let mut begun: Vec<(Moment, Level)> = calls
        .iter()
        .filter_map(|c| match c.what {
            What::Write { most, .. } => Some((c.begin, most)),
            What::Read { .. } => None,
        })
        .collect();
    begun.sort_unstable();
    let mut faces: BTreeMap<u64, Level> = BTreeMap::new();
    for call in calls {
        let (What::Read { level, rev }, Some(end)) = (&call.what, call.end) else {
            continue;
        };
        let (low, seen) = certain.before(call.begin);
        if *level < low {
            return Err(Violation::Back {
                read: call.clone(),
                certain: low,
            });
        }
        let before_its_end = begun.iter().take_while(|(begin, _)| *begin < end);
        let high = before_its_end.map(|(_, most)| *most).max();
        let high = high.unwrap_or(Level::Absent);
        if *level > high {
            return Err(Violation::Ahead {
                read: call.clone(),
                possible: high,
            });
        }
        if *rev < seen {
            return Err(Violation::Revision {
                read: call.clone(),
                seen,
            });
        }
        match faces.insert(*rev, *level) {
            Some(other) if other != *level => {
                return Err(Violation::TwoFaces {
                    rev: *rev,
                    one: other,
                    other: *level,
                });
            }
            _ => {}
        }
    }
    Ok(())
}

/// What is certain from which moment on: by the end of a call, the furthest that it and those before it made certain.
struct Certain(Vec<(Moment, Level, u64)>);

impl Certain {
    fn of(calls: &[Call]) -> Self {
        let mut ends: Vec<(Moment, Level, u64)> = calls
            .iter()
            .filter_map(|c| match c.what {
                What::Write { least, .. } => Some((c.end?, least?, 0)),
                What::Read { level, rev } => Some((c.end?, level, rev)),
            })
            .collect();
        ends.sort_unstable();
        let (mut level, mut rev) = (Level::Absent, 0);
        for one in &mut ends {
            level = level.max(one.1);
            rev = rev.max(one.2);
            (one.1, one.2) = (level, rev);
        }
        Self(ends)
    }

    fn before(&self, begin: Moment) -> (Level, u64) {
        let ended = self.0.partition_point(|(end, ..)| *end < begin);
        match ended.checked_sub(1).and_then(|last| self.0.get(last)) {
            Some((_, level, rev)) => (*level, *rev),
            None => (Level::Absent, 0),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    const LEVELS: [Level; 4] = [Level::Absent, Level::Pending, Level::Uploading, Level::Verifying];

    fn write(begin: Moment, end: impl Into<Option<Moment>>, to: Level) -> Call {
        let end = end.into();
        Call {
            begin,
            end,
            what: What::Write {
                most: to,
                least: end.map(|_| to),
            },
        }
    }

    fn read(begin: Moment, end: Moment, level: Level) -> Call {
        Call {
            begin,
            end: Some(end),
            what: What::Read {
                level,
                rev: level as u64,
            },
        }
    }

    #[test]
    fn a_read_beside_a_write_may_show_either_side_of_it() {
        let written = write(10, 20, Level::Pending);
        for level in [Level::Absent, Level::Pending] {
            assert_eq!(check(&[written.clone(), read(12, 15, level)]), Ok(()));
        }
    }

    #[test]
    fn a_planted_read_that_shows_less_than_was_acknowledged_is_found() {
        let calls = [
            write(0, 5, Level::Pending),
            write(10, 20, Level::Uploading),
            read(21, 25, Level::Pending),
        ];
        assert!(matches!(
            check(&calls),
            Err(Violation::Back {
                certain: Level::Uploading,
                ..
            })
        ));
    }

    #[test]
    fn a_planted_read_that_goes_back_behind_another_read_is_found() {
        // The write has no answer yet; but once somebody saw it, everybody does.
        let calls = [
            write(0, None, Level::Uploaded),
            read(10, 20, Level::Uploaded),
            read(30, 40, Level::Absent),
        ];
        assert!(matches!(
            check(&calls),
            Err(Violation::Back {
                certain: Level::Uploaded,
                ..
            })
        ));
    }

    #[test]
    fn a_planted_read_of_what_nobody_has_asked_for_yet_is_found() {
        let calls = [
            write(0, 5, Level::Pending),
            read(6, 9, Level::Uploading),
            write(10, 12, Level::Uploading),
        ];
        assert!(matches!(
            check(&calls),
            Err(Violation::Ahead {
                possible: Level::Pending,
                ..
            })
        ));
    }

    #[test]
    fn a_planted_revision_that_goes_back_or_has_two_faces_is_found() {
        let seen = |begin, level, rev| Call {
            begin,
            end: Some(begin + 1),
            what: What::Read { level, rev },
        };
        let asked = write(0, None, Level::Uploaded);
        let back = [
            asked.clone(),
            seen(1, Level::Pending, 4),
            seen(5, Level::Pending, 3),
        ];
        assert!(matches!(check(&back), Err(Violation::Revision { seen: 4, .. })));
        let faces = [asked, seen(1, Level::Pending, 4), seen(5, Level::Uploading, 4)];
        assert!(matches!(check(&faces), Err(Violation::TwoFaces { rev: 4, .. })));
    }

    #[test]
    fn a_write_without_an_answer_may_take_effect_late_or_never() {
        let unanswered = write(0, None, Level::Pending);
        let early = read(10, 11, Level::Absent);
        let late = read(1_000, 1_001, Level::Pending);
        assert_eq!(check(&[unanswered.clone(), early.clone(), late]), Ok(()));
        let never = read(2_000, 2_001, Level::Absent);
        assert_eq!(check(&[unanswered, early, never]), Ok(()));
    }

    /// Each write as the steps that it is on its way.
    fn steps(calls: &[Call]) -> Vec<Call> {
        let mut all = Vec::new();
        for call in calls {
            match call.what {
                What::Write { most, .. } => {
                    let way = LEVELS.into_iter().filter(|l| *l > Level::Absent && *l <= most);
                    all.extend(way.map(|level| write(call.begin, call.end, level)));
                }
                What::Read { .. } => all.push(call.clone()),
            }
        }
        all
    }

    /// Searches all orders: the definition itself. Bits of `left` are calls that are still to come.
    fn has_an_order(calls: &[Call], left: u32, now: Level, tried: &mut BTreeSet<(u32, Level)>) -> bool {
        let to_come = |left: u32| (0..calls.len()).filter(move |at| left & (1 << at) != 0);
        // What nobody waits for may stay undone.
        if to_come(left).all(|at| calls[at].end.is_none()) {
            return true;
        }
        if !tried.insert((left, now)) {
            return false;
        }
        to_come(left).any(|at| {
            let next = &calls[at];
            // Nothing that is still to come has ended before it began.
            let is_first = to_come(left).all(|o| calls[o].end.is_none_or(|end| end >= next.begin));
            let after = match next.what {
                What::Write { most, .. } => Some(now.max(most)),
                What::Read { level, .. } => (level == now).then_some(now),
            };
            match after.filter(|_| is_first) {
                Some(after) => has_an_order(calls, left & !(1 << at), after, tried),
                None => false,
            }
        })
    }

    #[test]
    fn it_says_what_the_search_through_all_orders_says() {
        let mut seed = 0x2545_f491_4f6c_dd1d_u64;
        let mut next = |below: u64| {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            seed % below
        };
        let (mut fine, mut violated) = (0, 0);
        for _ in 0..5_000 {
            let calls: Vec<Call> = (0..=next(5))
                .map(|_| {
                    // A begin and an end are never the same moment, as with a clock of nanoseconds.
                    let begin = next(12) * 2;
                    let end = begin + 1 + next(6) * 2;
                    let level = LEVELS[next(4) as usize];
                    match next(3) {
                        0 => write(begin, (next(4) > 0).then_some(end), level),
                        _ => read(begin, end, level),
                    }
                })
                .collect();
            let steps = steps(&calls);
            let expected = has_an_order(
                &steps,
                (1 << steps.len()) - 1,
                Level::Absent,
                &mut BTreeSet::new(),
            );
            assert_eq!(check(&calls).is_ok(), expected, "{calls:#?}");
            if expected {
                fine += 1;
            } else {
                violated += 1;
            }
        }
        assert!(fine > 1_000 && violated > 1_000, "{fine} {violated}");
    }
}
