//! Sizes, times and counts for people. A GB has 10^9 bytes, as disks and file managers count.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use windlass_engine::view::Eta;

/// `0 B`, `999 B`, `1.0 kB`, `20.9 MB`, `1.2 TB`.
#[must_use]
pub fn size(bytes: u64) -> String {
    if bytes < 1_000 {
        return format!("{bytes} B");
    }
    let mut value = bytes as f64;
    let mut unit = "B";
    for next in ["kB", "MB", "GB", "TB", "PB", "EB"] {
        // What would be written as 1000 goes to the next unit.
        if value < 999.5 {
            break;
        }
        value /= 1_000.0;
        unit = next;
    }
    if value < 99.95 {
        format!("{value:.1} {unit}")
    } else {
        format!("{value:.0} {unit}")
    }
}

/// Bytes a second.
#[must_use]
pub fn rate(bytes: f64) -> String {
    format!(
        "{}/s",
        size(if bytes.is_finite() && bytes > 0.0 {
            bytes as u64
        } else {
            0
        })
    )
}

/// `12,301`.
#[must_use]
pub fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() * 4 / 3);
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(c);
    }
    out
}

/// `1 file`, `12,301 files`.
#[must_use]
pub fn counted(n: u64, one: &str, many: &str) -> String {
    format!("{} {}", count(n), if n == 1 { one } else { many })
}

/// `3 files`.
#[must_use]
pub fn files(n: u64) -> String {
    counted(n, "file", "files")
}

/// `0.9 s`, `23 s`, `2 min 5 s`, `1 h 12 min`, `3 days 4 h`.
#[must_use]
pub fn duration(seconds: f64) -> String {
    if !seconds.is_finite() || seconds < 0.0 {
        return "0 s".to_owned();
    }
    if seconds < 9.95 {
        return format!("{seconds:.1} s");
    }
    let s = seconds.round() as u64;
    let (min, h, d) = (s / 60, s / 3_600, s / 86_400);
    let two = |a: u64, a_unit: &str, b: u64, b_unit: &str| {
        if b == 0 {
            format!("{a} {a_unit}")
        } else {
            format!("{a} {a_unit} {b} {b_unit}")
        }
    };
    match s {
        0..60 => format!("{s} s"),
        60..3_600 => two(min, "min", s % 60, "s"),
        3_600..86_400 => two(h, "h", min % 60, "min"),
        86_400..172_800 => two(d, "day", h % 24, "h"),
        _ => two(d, "days", h % 24, "h"),
    }
}

/// The time left as a range: `10–20 s left`, `2–3 min left`, `about 9–11 h left`.
#[must_use]
pub fn time_left(eta: Eta) -> String {
    let (low, high) = (eta.low_s.min(eta.high_s), eta.high_s.max(eta.low_s));
    if low > 0 && high > 4 * low && high > 120 {
        return format!("more than {}; the speed is unsteady", duration(f64::from(low)));
    }
    let (unit, name, about) = match high {
        0..120 => (1, "s", ""),
        120..7_200 => (60, "min", ""),
        7_200..172_800 => (3_600, "h", "about "),
        _ => (86_400, "days", "about "),
    };
    let (low, high) = (low / unit, high.div_ceil(unit));
    if low == 0 && high > 1 {
        return format!("up to {about}{high} {name} left");
    }
    if low == high {
        format!("{about}{high} {name} left")
    } else {
        format!("{about}{low}–{high} {name} left")
    }
}

/// A moment in this computer's time zone: `2026-11-21 14:02`.
#[must_use]
pub fn moment(ms: i64) -> String {
    at(ms, TimeZone::system())
}

fn at(ms: i64, zone: TimeZone) -> String {
    match Timestamp::from_millisecond(ms) {
        Ok(t) => t.to_zoned(zone).strftime("%Y-%m-%d %H:%M").to_string(),
        Err(_) => "at an unknown time".to_owned(),
    }
}

/// A text of at most so many characters; the middle goes first, for the end tells files apart.
#[must_use]
pub fn cut(text: &str, most: usize) -> String {
    let n = text.chars().count();
    if n <= most || most < 3 {
        return text.to_owned();
    }
    let head = (most - 1).div_ceil(2);
    let tail = most - 1 - head;
    text.chars()
        .take(head)
        .chain(['…'])
        .chain(text.chars().skip(n - tail))
        .collect()
}

/// A share in whole percent that says 100 only for all of it.
#[must_use]
pub fn percent(done: u64, total: u64) -> u64 {
    if total == 0 {
        0
    } else {
        (u128::from(done.min(total)) * 100 / u128::from(total)) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_decimal_and_have_three_digits() {
        let cases = [
            (0, "0 B"),
            (999, "999 B"),
            (1_000, "1.0 kB"),
            (99_949, "99.9 kB"),
            (99_951, "100 kB"),
            (999_499, "999 kB"),
            (999_500, "1.0 MB"),
            (20_971_520, "21.0 MB"),
            (1_234_567_890_123, "1.2 TB"),
            (u64::MAX, "18.4 EB"),
        ];
        for (bytes, text) in cases {
            assert_eq!(size(bytes), text);
        }
        assert_eq!(rate(f64::NAN), "0 B/s");
    }

    #[test]
    fn durations_have_at_most_two_units() {
        let cases = [
            (0.0, "0.0 s"),
            (0.94, "0.9 s"),
            (9.96, "10 s"),
            (59.4, "59 s"),
            (59.6, "1 min"),
            (125.0, "2 min 5 s"),
            (4_320.0, "1 h 12 min"),
            (90_000.0, "1 day 1 h"),
            (273_600.0, "3 days 4 h"),
            (f64::NAN, "0 s"),
        ];
        for (seconds, text) in cases {
            assert_eq!(duration(seconds), text);
        }
    }

    #[test]
    fn the_time_left_is_a_range_of_one_unit() {
        let words = |low_s, high_s| time_left(Eta { low_s, high_s });
        assert_eq!(words(10, 20), "10–20 s left");
        assert_eq!(words(0, 20), "up to 20 s left");
        assert_eq!(words(60, 180), "1–3 min left");
        assert_eq!(words(180, 180), "3 min left");
        assert_eq!(words(32_400, 39_600), "about 9–11 h left");
        assert_eq!(words(7_200, 40_000), "more than 2 h; the speed is unsteady");
        assert_eq!(words(200_000, 300_000), "about 2–4 days left");
    }

    #[test]
    fn counts_have_separators_and_percent_is_never_early() {
        assert_eq!(
            (count(0), count(999), count(1_000), count(12_301_000)),
            ("0".into(), "999".into(), "1,000".into(), "12,301,000".into())
        );
        assert_eq!((files(1), files(2)), ("1 file".into(), "2 files".into()));
        assert_eq!(
            (
                percent(999, 1_000),
                percent(1_000, 1_000),
                percent(0, 0),
                percent(u64::MAX, u64::MAX)
            ),
            (99, 100, 0, 100)
        );
    }

    #[test]
    fn a_long_name_loses_its_middle() {
        assert_eq!(cut("short", 5), "short");
        assert_eq!(cut("äöü-long-name.mov", 9), "äöü-….mov");
        assert_eq!(cut("äöü-long-name.mov", 9).chars().count(), 9);
    }

    #[test]
    fn a_moment_is_told_in_the_zone() {
        assert_eq!(at(1_700_000_000_000, TimeZone::UTC), "2023-11-14 22:13");
        assert_eq!(at(i64::MAX, TimeZone::UTC), "at an unknown time");
    }
}
