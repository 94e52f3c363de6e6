//! What is told, and when: by the person's level, and never more than three in a minute.

use std::collections::VecDeque;

use windlass_core::machine::Notice;
use windlass_core::time::Timestamp;
use windlass_engine::Told;

/// Notifications in a row before they are gathered.
const IN_A_ROW: usize = 3;
/// Within this time, milliseconds.
const MINUTE_MS: i64 = 60_000;

/// How much the person wants to be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Level {
    /// Ends and problems.
    Normal,
    /// What needs the person, and ends with something left out.
    Problems,
    /// Nothing.
    None,
}

impl From<Option<&str>> for Level {
    fn from(setting: Option<&str>) -> Self {
        match setting {
            Some("problems") => Self::Problems,
            Some("none") => Self::None,
            _ => Self::Normal,
        }
    }
}

/// A notification.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Say {
    /// About one group.
    One(Told),
    /// About several at once.
    Several {
        /// Done.
        done: u64,
        /// Need the person.
        need_you: u64,
    },
}

/// Remembers what was told in the last minute, and what waits.
#[derive(Debug, Default)]
pub(crate) struct Herald {
    told: VecDeque<Timestamp>,
    held: Vec<Told>,
}

impl Herald {
    /// News: what is to be said of it now.
    pub(crate) fn hear(&mut self, told: &Told, level: Level, now: Timestamp) -> Option<Say> {
        let wanted = match level {
            Level::Normal => true,
            Level::Problems => told.notice == Notice::NeedsYou || told.rejected > 0,
            Level::None => false,
        };
        if !wanted {
            return None;
        }
        self.forget(now);
        if !self.held.is_empty() || self.told.len() >= IN_A_ROW {
            self.held.retain(|held| held.group != told.group);
            self.held.push(told.clone());
            return None;
        }
        self.told.push_back(now);
        Some(Say::One(told.clone()))
    }

    /// When what is held back is to be said.
    pub(crate) fn due(&self) -> Option<Timestamp> {
        let first = self.told.front().copied().unwrap_or_default();
        (!self.held.is_empty()).then(|| first.plus_millis(MINUTE_MS))
    }

    /// Says it, when it is time.
    pub(crate) fn release(&mut self, now: Timestamp) -> Option<Say> {
        self.forget(now);
        if self.told.len() >= IN_A_ROW {
            return None;
        }
        let mut held = std::mem::take(&mut self.held);
        let one = if held.len() == 1 { held.pop() } else { None };
        let say = match one {
            Some(told) => Say::One(told),
            None if held.is_empty() => return None,
            None => {
                let need_you = held.iter().filter(|t| t.notice == Notice::NeedsYou).count() as u64;
                Say::Several {
                    done: held.len() as u64 - need_you,
                    need_you,
                }
            }
        };
        self.told.push_back(now);
        Some(say)
    }

    /// A clock that went back counts as a new minute.
    fn forget(&mut self, now: Timestamp) {
        self.told
            .retain(|t| *t <= now && now.millis_since(*t) < MINUTE_MS);
    }
}

#[cfg(test)]
mod tests {
    use windlass_core::ids::GroupId;

    use super::*;

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_millis(ms)
    }

    fn told(n: u8, notice: Notice, rejected: u64) -> Told {
        let group = GroupId::new(at(i64::from(n)), [n; 10]);
        Told {
            group,
            name: format!("g{n}"),
            notice,
            done: 3,
            failed: 0,
            rejected,
        }
    }

    #[test]
    fn the_level_decides_what_is_told() {
        let mut herald = Herald::default();
        let done = told(1, Notice::Done, 0);
        assert_eq!(herald.hear(&done, Level::None, at(0)), None);
        assert_eq!(herald.hear(&done, Level::Problems, at(0)), None);
        assert!(
            herald
                .hear(&told(2, Notice::Done, 1), Level::Problems, at(0))
                .is_some()
        );
        assert!(
            herald
                .hear(&told(3, Notice::NeedsYou, 0), Level::Problems, at(0))
                .is_some()
        );
        assert_eq!(herald.hear(&done, Level::Normal, at(0)), Some(Say::One(done)));
    }

    #[test]
    fn more_than_three_in_a_minute_become_one() {
        let mut herald = Herald::default();
        for n in 0..3 {
            assert!(
                herald
                    .hear(&told(n, Notice::Done, 0), Level::Normal, at(i64::from(n)))
                    .is_some()
            );
        }
        for n in 3..7 {
            assert_eq!(
                herald.hear(&told(n, Notice::Done, 0), Level::Normal, at(1_000)),
                None
            );
        }
        assert_eq!(
            herald.hear(&told(7, Notice::NeedsYou, 0), Level::Normal, at(1_000)),
            None
        );
        assert_eq!(herald.due(), Some(at(MINUTE_MS)));
        assert_eq!(herald.release(at(30_000)), None);
        assert_eq!(
            herald.release(at(MINUTE_MS)),
            Some(Say::Several { done: 4, need_you: 1 })
        );
        assert_eq!((herald.due(), herald.release(at(200_000))), (None, None));
    }

    #[test]
    fn one_that_was_held_back_alone_is_told_by_its_name() {
        let mut herald = Herald::default();
        for n in 0..3 {
            assert!(
                herald
                    .hear(&told(n, Notice::Done, 0), Level::Normal, at(0))
                    .is_some()
            );
        }
        let last = told(9, Notice::NeedsYou, 0);
        assert_eq!(herald.hear(&told(9, Notice::Done, 0), Level::Normal, at(5)), None);
        assert_eq!(herald.hear(&last, Level::Normal, at(6)), None);
        assert_eq!(herald.release(at(MINUTE_MS)), Some(Say::One(last)));
    }

    #[test]
    fn a_clock_that_went_back_holds_nothing_for_ever() {
        let mut herald = Herald::default();
        for n in 0..3 {
            assert!(
                herald
                    .hear(&told(n, Notice::Done, 0), Level::Normal, at(1_000_000))
                    .is_some()
            );
        }
        assert!(
            herald
                .hear(&told(4, Notice::Done, 0), Level::Normal, at(5))
                .is_some()
        );
    }
}
