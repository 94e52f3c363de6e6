//! A server whose clock is off: refuses what is signed for another time, and dates its answers by its own.

use std::time::{SystemTime, UNIX_EPOCH};

use super::ledger::Seen;
use super::rule::Fault;

/// What S3 lets pass between the two clocks, seconds.
const TOLERANCE: i64 = 15 * 60;

/// The refusal of a request whose signature is for another time; `None` when it is in time or not signed.
pub(crate) fn refusal(target: &str, ahead: i64) -> Option<Fault> {
    let seen = Seen::new("GET", target, Vec::new());
    let signed = seconds(seen.query.get("X-Amz-Date")?)?;
    let valid: i64 = seen.query.get("X-Amz-Expires")?.parse().ok()?;
    let now = now() + ahead;
    let (status, code, message) = if signed > now + TOLERANCE {
        (
            403,
            "RequestTimeTooSkewed",
            "The difference between the request time and the current time is too large.",
        )
    } else if now > signed + valid {
        (403, "AccessDenied", "Request has expired")
    } else {
        return None;
    };
    let body =
        format!("<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>{message}</Message></Error>");
    let headers = [
        ("date", http_date(now)),
        ("content-type", "application/xml".to_owned()),
    ];
    Some(Fault::Status {
        status,
        headers: headers.map(|(name, value)| (name.to_owned(), value)).into(),
        body,
    })
}

/// The head of an answer with the server's date in place of the true one.
pub(crate) fn dated(head: &[u8], ahead: i64) -> Vec<u8> {
    let mut dated = Vec::with_capacity(head.len() + 40);
    for (number, line) in head.split_inclusive(|byte| *byte == b'\n').enumerate() {
        let is_date = line
            .get(..5)
            .is_some_and(|name| name.eq_ignore_ascii_case(b"date:"));
        if !is_date {
            dated.extend_from_slice(line);
        }
        if number == 0 {
            dated.extend_from_slice(format!("date: {}\r\n", http_date(now() + ahead)).as_bytes());
        }
    }
    dated
}

#[expect(
    clippy::disallowed_methods,
    reason = "a clock that is wrong by intent begins with one that is right"
)]
fn now() -> i64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| i64::try_from(since.as_secs()).unwrap_or(i64::MAX))
}

/// `20260512T101500Z` as seconds.
fn seconds(basic: &str) -> Option<i64> {
    let number = |from: usize, to: usize| basic.get(from..to)?.parse::<i64>().ok();
    let (year, month, day) = (number(0, 4)?, number(4, 6)?, number(6, 8)?);
    let of_day = number(9, 11)? * 3_600 + number(11, 13)? * 60 + number(13, 15)?;
    // Days of the civil calendar (Hinnant).
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let days = era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468;
    Some(days * 86_400 + of_day)
}

/// `Tue, 12 May 2026 10:15:00 GMT`.
fn http_date(seconds: i64) -> String {
    let (days, of_day) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 {
        from_march + 3
    } else {
        from_march - 9
    };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    let name = |names: &'static [&'static str], at: i64| {
        usize::try_from(at)
            .ok()
            .and_then(|at| names.get(at))
            .copied()
            .unwrap_or("")
    };
    let week = name(
        &["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"],
        days.rem_euclid(7),
    );
    let months = &[
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    format!(
        "{week}, {day:02} {} {year} {:02}:{:02}:{:02} GMT",
        name(months, month - 1),
        of_day / 3_600,
        of_day % 3_600 / 60,
        of_day % 60
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read_and_written_as_s3_has_them() {
        assert_eq!(seconds("20260512T101500Z"), Some(1_778_580_900));
        assert_eq!(http_date(1_778_580_900), "Tue, 12 May 2026 10:15:00 GMT");
        assert_eq!(http_date(951_782_400), "Tue, 29 Feb 2000 00:00:00 GMT");
        assert_eq!(seconds("20000229T000000Z"), Some(951_782_400));
    }
}
