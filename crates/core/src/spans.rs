//! Stretches of time in which work was held up, and why: the shaded parts of the throughput and the interruptions of a receipt.
//!
//! A span begins when a look at the open groups finds something that holds them, and ends when a later look does not find it
//! any more; both are written to the queue. What goes on soon after its end is the same span (a network that comes and goes
//! leaves one, not a thousand). kill -9 leaves spans open: the next launch ends them at the last sign of life, and the time
//! from there to itself is [`SpanCause::NotRunning`]. Here is decided what begins and ends ([`held`], [`Book::next`],
//! [`not_running`]) and what of it is told ([`told`], [`of_group`], [`summed`]); nothing here knows a clock or a database.

mod cause;
mod told;

use std::collections::{BTreeMap, BTreeSet};

use crate::error::ErrorCode;
use crate::ids::{DestinationId, GroupId};
use crate::states::BlockedReason;
use crate::time::Timestamp;

pub use cause::SpanCause;
pub use told::{Told, interruptions, of_group, summed, told};

/// Spans that may be open at once; what is held beyond that is not written down.
pub const MOST_OPEN: usize = 200;
/// A launch so soon after the last sign of life is no interruption, milliseconds.
pub const RELAUNCH_MS: i64 = 5_000;

/// How far a span reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reach {
    /// All groups that were open.
    Everything,
    /// All open groups that go to one destination.
    Destination(DestinationId),
    /// One group, with its destination.
    Group(DestinationId, GroupId),
}

/// What makes two spans the same one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// Why.
    pub cause: SpanCause,
    /// With [`SpanCause::Limit`]: bytes a second.
    pub limit: Option<u64>,
    /// Whom.
    pub reach: Reach,
}

/// A stretch of time as it was written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// Why and whom.
    pub key: Key,
    /// The error behind it, as it was at the beginning.
    pub code: Option<ErrorCode>,
    /// Its beginning.
    pub from: Timestamp,
    /// Its end; `None` while it goes on.
    pub to: Option<Timestamp>,
}

/// A group with work that is left to do, and what holds it at this moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenGroup {
    /// Its id.
    pub group: GroupId,
    /// Where its files go.
    pub destination: DestinationId,
    /// What holds it.
    pub reasons: Vec<BlockedReason>,
    /// The error behind the reason that has one.
    pub code: Option<ErrorCode>,
}

/// What holds the open groups, each cause with the widest reach that is true: where it holds all groups it is of everything,
/// where it holds all of a destination it is of that, else of single groups. A reason that lies at a destination is never of
/// everything. `limit`: what the hour allows, bytes a second. At most [`MOST_OPEN`], the widest first.
#[must_use]
pub fn held(open: &[OpenGroup], limit: Option<u64>) -> BTreeMap<Key, Option<ErrorCode>> {
    let mut by_cause: BTreeMap<SpanCause, Vec<&OpenGroup>> = BTreeMap::new();
    let mut of_destination: BTreeMap<DestinationId, usize> = BTreeMap::new();
    for group in open {
        *of_destination.entry(group.destination).or_default() += 1;
        let causes: BTreeSet<SpanCause> = group.reasons.iter().filter_map(|r| SpanCause::of(*r)).collect();
        for cause in causes {
            by_cause.entry(cause).or_default().push(group);
        }
    }
    let mut wide = BTreeMap::new();
    let mut narrow = Vec::new();
    let mut put = |cause: SpanCause, reach: Reach, code: Option<ErrorCode>| {
        let key = Key {
            cause,
            limit: None,
            reach,
        };
        let code = code.filter(|_| cause.has_code());
        match reach {
            Reach::Group(..) => narrow.push((key, code)),
            Reach::Everything | Reach::Destination(_) => {
                wide.insert(key, code);
            }
        }
    };
    for (cause, groups) in by_cause {
        if groups.len() == open.len() && !cause.is_of_a_place() {
            put(cause, Reach::Everything, None);
            continue;
        }
        let mut of_this: BTreeMap<DestinationId, Vec<&OpenGroup>> = BTreeMap::new();
        for group in groups {
            of_this.entry(group.destination).or_default().push(group);
        }
        for (id, groups) in of_this {
            // A pause is of what the person paused: all or a group.
            let whole = of_destination.get(&id) == Some(&groups.len()) && !cause.is_of_the_person();
            if whole {
                put(cause, Reach::Destination(id), groups.first().and_then(|g| g.code));
            } else {
                for g in groups {
                    put(cause, Reach::Group(id, g.group), g.code);
                }
            }
        }
    }
    if let Some(limit) = limit.filter(|_| !open.is_empty()) {
        let key = Key {
            cause: SpanCause::Limit,
            limit: Some(limit),
            reach: Reach::Everything,
        };
        wide.insert(key, None);
    }
    wide.into_iter().chain(narrow).take(MOST_OPEN).collect()
}

/// One write to what is kept of spans.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// A span begins.
    Begin {
        /// Which.
        key: Key,
        /// The error behind it.
        code: Option<ErrorCode>,
        /// When.
        at: Timestamp,
    },
    /// One that ended a moment ago goes on.
    GoOn {
        /// Which.
        key: Key,
        /// When it had ended.
        ended: Timestamp,
    },
    /// One ends.
    End {
        /// Which.
        key: Key,
        /// When.
        at: Timestamp,
    },
}

/// Which spans are open, and which ended so recently that they may go on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Book {
    open: BTreeSet<Key>,
    ended: BTreeMap<Key, Timestamp>,
}

impl Book {
    /// Nothing is open; these ended before.
    #[must_use]
    pub fn after(ended: impl IntoIterator<Item = (Key, Timestamp)>) -> Self {
        Self {
            open: BTreeSet::new(),
            ended: ended.into_iter().collect(),
        }
    }

    /// What is to be written when this holds now, and the book after that. Each key begins before it ends, and never twice.
    #[must_use]
    pub fn next(&self, held: &BTreeMap<Key, Option<ErrorCode>>, now: Timestamp) -> (Vec<Step>, Self) {
        let mut steps = Vec::new();
        let mut after = self.clone();
        after
            .ended
            .retain(|key, at| now.millis_since(*at) <= key.cause.gap_ms());
        for key in self.open.iter().filter(|key| !held.contains_key(key)) {
            steps.push(Step::End { key: *key, at: now });
            after.open.remove(key);
            after.ended.insert(*key, now);
        }
        for (key, code) in held {
            if !after.open.insert(*key) {
                continue;
            }
            steps.push(match after.ended.remove(key) {
                Some(ended) => Step::GoOn { key: *key, ended },
                None => Step::Begin {
                    key: *key,
                    code: *code,
                    at: now,
                },
            });
        }
        (steps, after)
    }
}

/// From when to when the program did not run although work was open; `alive`: the last sign of life of the run before.
#[must_use]
pub fn not_running(
    alive: Option<Timestamp>,
    now: Timestamp,
    work_open: bool,
) -> Option<(Timestamp, Timestamp)> {
    let alive = alive.filter(|at| work_open && now.millis_since(*at) > RELAUNCH_MS)?;
    Some((alive, now))
}
