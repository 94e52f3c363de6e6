//! The week of the person: in which hours files may go, and how fast.
//!
//! Hours are those of the wall clock where the computer stands. When clocks are turned, the hour that is skipped does not
//! come, and the one that comes twice has the same pen both times.

use jiff::civil::DateTime;
use jiff::{ToSpan as _, Zoned};
use serde::{Deserialize, Serialize};

/// Hours of a week.
pub const HOURS: usize = 168;
/// Edges in more than a week, with clocks that are turned in the middle of an hour: what did not come by then never comes.
const EDGES: usize = HOURS + 48;

/// What may be drawn over an hour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Pen {
    /// As fast as it goes.
    Full,
    /// Up to the schedule's limit.
    Limited,
    /// Nothing is sent.
    Closed,
}

impl Pen {
    /// The stored letter.
    #[must_use]
    pub const fn letter(self) -> char {
        match self {
            Self::Full => 'f',
            Self::Limited => 'l',
            Self::Closed => 'n',
        }
    }

    fn of(letter: char) -> Option<Self> {
        [Self::Full, Self::Limited, Self::Closed]
            .into_iter()
            .find(|pen| pen.letter() == letter)
    }
}

/// A week, from Monday 0:00 on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub struct Schedule {
    week: Vec<Pen>,
    limit: u64,
}

/// A schedule as it is written down.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    /// A letter an hour.
    week: String,
    /// Bytes a second of the limited hours.
    limit: u64,
}

impl TryFrom<Written> for Schedule {
    type Error = &'static str;

    fn try_from(written: Written) -> Result<Self, Self::Error> {
        let week: Option<Vec<Pen>> = written.week.chars().map(Pen::of).collect();
        let week = week
            .filter(|w| w.len() == HOURS)
            .ok_or("a week has 168 letters f, l, n")?;
        if written.limit == 0 {
            return Err("a limit is not 0");
        }
        Ok(Self {
            week,
            limit: written.limit,
        })
    }
}

impl From<Schedule> for Written {
    fn from(schedule: Schedule) -> Self {
        Self {
            week: schedule.week.iter().map(|pen| pen.letter()).collect(),
            limit: schedule.limit,
        }
    }
}

impl Schedule {
    /// The pen of a moment.
    #[must_use]
    pub fn pen(&self, at: &Zoned) -> Pen {
        let day = usize::try_from(at.weekday().to_monday_zero_offset()).unwrap_or(0);
        let hour = usize::try_from(at.hour()).unwrap_or(0);
        self.week.get(day * 24 + hour).copied().unwrap_or(Pen::Full)
    }

    /// Bytes a second of the limited hours.
    #[must_use]
    pub const fn limit(&self) -> u64 {
        self.limit
    }

    /// When another pen begins; `None`: the whole week has one.
    #[must_use]
    pub fn next_change(&self, now: &Zoned) -> Option<Zoned> {
        let here = self.pen(now);
        self.first(now, |pen| pen != here)
    }

    /// When files may go again; `None`: never.
    #[must_use]
    pub fn next_open(&self, now: &Zoned) -> Option<Zoned> {
        self.first(now, |pen| pen != Pen::Closed)
    }

    fn first(&self, now: &Zoned, fits: impl Fn(Pen) -> bool) -> Option<Zoned> {
        let mut at = now.clone();
        for _ in 0..EDGES {
            at = edge(&at)?;
            if fits(self.pen(&at)) {
                return Some(at);
            }
        }
        None
    }
}

/// When the wall clock shows another hour: the next full hour, or clocks are turned before.
fn edge(at: &Zoned) -> Option<Zoned> {
    let here: DateTime = at.datetime();
    let full = here
        .with()
        .minute(0)
        .second(0)
        .subsec_nanosecond(0)
        .build()
        .ok()?;
    let hour = full
        .checked_add(1.hour())
        .ok()?
        .to_zoned(at.time_zone().clone())
        .ok()?;
    let turned = at
        .time_zone()
        .following(at.timestamp())
        .next()
        .map(|t| t.timestamp().to_zoned(at.time_zone().clone()));
    let next = match turned {
        Some(turned) if turned < hour => turned,
        _ => hour,
    };
    // A wall clock that shows the same hour once more.
    if next > *at {
        Some(next)
    } else {
        at.checked_add(1.hour()).ok()
    }
}
