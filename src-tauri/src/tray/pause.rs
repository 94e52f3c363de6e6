//! Until when a pause from the tray lasts, in the time of this place.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, Zoned};

/// Spans that the menu offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Span {
    /// Half an hour.
    HalfHour,
    /// Two hours.
    TwoHours,
    /// Until eight in the morning of the next day.
    Tomorrow,
}

impl Span {
    /// All, in the order of the menu.
    pub(crate) const ALL: [Self; 3] = [Self::HalfHour, Self::TwoHours, Self::Tomorrow];

    /// When it ends, milliseconds since 1970.
    pub(crate) fn end(self, now_ms: i64) -> i64 {
        let now = Timestamp::from_millisecond(now_ms).unwrap_or_default();
        self.end_in(&now.to_zoned(TimeZone::system()))
            .timestamp()
            .as_millisecond()
    }

    fn end_in(self, now: &Zoned) -> Zoned {
        let after = |minutes| now.saturating_add(SignedDuration::from_mins(minutes));
        match self {
            Self::HalfHour => after(30),
            Self::TwoHours => after(120),
            // Where the next morning can't be told (the end of all calendars), a day is one.
            Self::Tomorrow => now
                .tomorrow()
                .and_then(|t| t.with().hour(8).minute(0).second(0).subsec_nanosecond(0).build())
                .unwrap_or_else(|_| after(24 * 60)),
        }
    }
}

/// The time of day here, `15:30`.
pub(crate) fn clock(ms: i64) -> String {
    let at = Timestamp::from_millisecond(ms).unwrap_or_default();
    at.to_zoned(TimeZone::system()).strftime("%H:%M").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    // F-2
    #[test]
    fn a_pause_until_tomorrow_ends_at_eight_also_where_the_clock_is_turned() {
        for (now, end) in [
            (
                "2026-11-21T23:59:00+01:00[Europe/Berlin]",
                "2026-11-22T08:00:00+01:00",
            ),
            (
                "2026-03-28T12:00:00+01:00[Europe/Berlin]",
                "2026-03-29T08:00:00+02:00",
            ),
            (
                "2026-12-31T00:00:00+01:00[Europe/Berlin]",
                "2027-01-01T08:00:00+01:00",
            ),
        ] {
            let now: Zoned = now.parse().unwrap();
            let end: Timestamp = end.parse().unwrap();
            assert_eq!(Span::Tomorrow.end_in(&now).timestamp(), end);
            assert_eq!(
                Span::HalfHour.end_in(&now).timestamp().as_second() - now.timestamp().as_second(),
                1_800
            );
        }
    }
}
