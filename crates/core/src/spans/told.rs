//! What of the spans is told: cut to a stretch of time, put together, without what lasted a moment only.

use std::collections::BTreeMap;

use super::{Reach, Span, SpanCause};
use crate::error::ErrorCode;
use crate::ids::{DestinationId, GroupId};
use crate::time::Timestamp;

/// What was over sooner is not told, milliseconds.
const MOMENT_MS: i64 = 1_000;

/// A span as people read it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Told {
    /// Why.
    pub cause: SpanCause,
    /// With [`SpanCause::Limit`]: bytes a second.
    pub limit: Option<u64>,
    /// The one destination that it concerns; `None` where it says nothing about one.
    pub destination: Option<DestinationId>,
    /// The one group that it held; `None`: more than one.
    pub group: Option<GroupId>,
    /// The error behind it.
    pub code: Option<ErrorCode>,
    /// Its beginning, inside the stretch.
    pub from: Timestamp,
    /// Its end, inside the stretch.
    pub to: Timestamp,
    /// It goes on.
    pub open: bool,
}

impl Told {
    /// Milliseconds.
    #[must_use]
    pub const fn lasted_ms(&self) -> i64 {
        self.to.millis_since(self.from)
    }
}

fn of(span: &Span, to: Timestamp) -> Told {
    let (destination, group) = match span.key.reach {
        Reach::Everything => (None, None),
        Reach::Destination(id) => (Some(id).filter(|_| span.key.cause.is_of_a_place()), None),
        Reach::Group(id, group) => (Some(id), Some(group)),
    };
    Told {
        cause: span.key.cause,
        limit: span.key.limit,
        destination,
        group,
        code: span.code,
        from: span.from,
        to: span.to.unwrap_or(to),
        open: span.to.is_none(),
    }
}

/// Spans cut to the stretch from `from` to `to`; equal ones that follow each other or overlap are one. The oldest first.
fn folded(spans: impl Iterator<Item = Told>, from: Timestamp, to: Timestamp) -> Vec<Told> {
    let mut all: Vec<Told> = spans
        .filter(|t| t.to > from && t.from < to)
        .map(|t| Told {
            from: t.from.max(from),
            to: t.to.min(to),
            ..t
        })
        .collect();
    all.sort_by_key(|t| (t.from, t.to));
    let mut last: BTreeMap<_, usize> = BTreeMap::new();
    let mut made: Vec<Told> = Vec::with_capacity(all.len());
    for next in all {
        let same = (next.cause, next.limit, next.destination, next.group);
        let before = last.get(&same).and_then(|i| made.get_mut(*i));
        if let Some(before) = before.filter(|b| next.from.millis_since(b.to) <= next.cause.gap_ms()) {
            before.to = before.to.max(next.to);
            before.open |= next.open;
            before.code = before.code.or(next.code);
        } else {
            last.insert(same, made.len());
            made.push(next);
        }
    }
    made.retain(|t| t.lasted_ms() >= MOMENT_MS);
    made
}

/// The spans of a stretch of time for all groups, or for those of one destination; the oldest first.
#[must_use]
pub fn told(spans: &[Span], from: Timestamp, to: Timestamp, destination: Option<DestinationId>) -> Vec<Told> {
    let concerns = |span: &&Span| match span.key.reach {
        Reach::Everything => true,
        Reach::Destination(id) | Reach::Group(id, _) => destination.is_none_or(|wanted| wanted == id),
    };
    folded(spans.iter().filter(concerns).map(|s| of(s, to)), from, to)
}

/// What held one group between its beginning and its end, the oldest first; without the limit of an hour, which holds nobody.
#[must_use]
pub fn of_group(
    spans: &[Span],
    group: GroupId,
    destination: DestinationId,
    from: Timestamp,
    to: Timestamp,
) -> Vec<Told> {
    let concerns = |span: &&Span| {
        span.key.cause != SpanCause::Limit
            && match span.key.reach {
                Reach::Everything => true,
                Reach::Destination(id) => id == destination,
                Reach::Group(_, id) => id == group,
            }
    };
    let mine = spans.iter().filter(concerns).map(|span| Told {
        destination: Some(destination).filter(|_| span.key.cause.is_of_a_place()),
        group: None,
        ..of(span, to)
    });
    folded(mine, from, to)
}

/// How many times something broke in that nobody wanted: what met several groups at once counts once.
#[must_use]
pub fn interruptions(told: &[Told]) -> usize {
    let (Some(from), Some(to)) = (told.iter().map(|t| t.from).min(), told.iter().map(|t| t.to).max()) else {
        return 0;
    };
    let broke = told
        .iter()
        .filter(|t| t.cause.is_interruption())
        .map(|t| Told { group: None, ..*t });
    folded(broke, from, to).len()
}

/// How long each cause held anything, milliseconds; what overlaps counts once. The longest first; without the limit.
#[must_use]
pub fn summed(told: &[Told]) -> Vec<(SpanCause, i64)> {
    let mut sums: BTreeMap<SpanCause, (i64, Timestamp)> = BTreeMap::new();
    let mut all: Vec<&Told> = told.iter().filter(|t| t.cause != SpanCause::Limit).collect();
    all.sort_by_key(|t| t.from);
    for t in all {
        let (sum, upto) = sums.entry(t.cause).or_insert((0, t.from));
        *sum += t.to.millis_since(t.from.max(*upto));
        *upto = t.to.max(*upto);
    }
    let mut sums: Vec<_> = sums.into_iter().map(|(cause, (sum, _))| (cause, sum)).collect();
    sums.sort_by_key(|(cause, sum)| (std::cmp::Reverse(*sum), *cause));
    sums
}
