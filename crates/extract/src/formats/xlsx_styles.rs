//! Which cells of a sheet are dates: the file stores a number of days and says "date" only in the style.

use crate::error::Fault;
use crate::xml::Node;
use crate::zipped::Package;

/// The styles of a workbook, as far as they matter here.
#[derive(Default)]
pub(super) struct Styles {
    dates: Vec<bool>,
}

impl Styles {
    pub(super) fn read(package: &mut Package<'_>, part: &str) -> Result<Self, Fault> {
        let mut own = std::collections::BTreeMap::new();
        let (mut formats, mut in_cells) = (Vec::new(), false);
        package.xml(part, |node| {
            match node {
                Node::Start("numFmt", attributes) => {
                    let id = attributes.get("numFmtId").and_then(|id| id.parse::<u32>().ok());
                    if let (Some(id), Some(code)) = (id, attributes.get("formatCode")) {
                        own.insert(id, shows_a_date(&code));
                    }
                }
                Node::Start("cellXfs", _) => in_cells = true,
                Node::End("cellXfs") => in_cells = false,
                Node::Start("xf", attributes) if in_cells => {
                    formats.push(
                        attributes
                            .get("numFmtId")
                            .and_then(|id| id.parse::<u32>().ok())
                            .unwrap_or(0),
                    );
                }
                Node::Start(..) | Node::End(_) | Node::Text(_) => {}
            }
            Ok(())
        })?;
        // 14 to 22 and 45 to 47 are the dates and times among the built-in formats (ECMA-376, 18.8.30).
        let is_date = |id: &u32| own.get(id).copied().unwrap_or(matches!(id, 14..=22 | 45..=47));
        Ok(Self {
            dates: formats.iter().map(is_date).collect(),
        })
    }

    pub(super) fn is_date(&self, style: usize) -> bool {
        self.dates.get(style).copied().unwrap_or(false)
    }
}

/// Whether a format code has a letter of a date outside quotes, escapes and brackets.
fn shows_a_date(code: &str) -> bool {
    let (mut quoted, mut bracket) = (false, false);
    let mut chars = code.chars();
    while let Some(c) = chars.next() {
        match c {
            '"' => quoted = !quoted,
            '\\' | '_' | '*' => {
                chars.next();
            }
            '[' => bracket = true,
            ']' => bracket = false,
            'y' | 'Y' | 'd' | 'D' | 'm' | 'M' | 'h' | 'H' | 's' | 'S' if !quoted && !bracket => return true,
            _ => {}
        }
    }
    false
}

/// A number of days as ISO date, or date and time, or time alone below one day.
pub(super) fn date(days: f64, since_1904: bool) -> Option<String> {
    // Year 9999 is where the format ends.
    if !(0.0..2_958_466.0).contains(&days) {
        return None;
    }
    let minutes = (days * 1440.0).round();
    #[expect(clippy::cast_possible_truncation, reason = "checked to be small")]
    let (day, minute) = ((minutes / 1440.0).floor() as i64, (minutes % 1440.0) as i64);
    let time = format!("{:02}:{:02}", minute / 60, minute % 60);
    if day == 0 && !since_1904 {
        return Some(time);
    }
    // Day 60 is the 29th of February 1900, which never was; the days before it count from one day later.
    let epoch = if since_1904 {
        -24_107
    } else if day < 60 {
        -25_568
    } else {
        -25_569
    };
    let (y, m, d) = civil(day + epoch);
    let date = format!("{y:04}-{m:02}-{d:02}");
    Some(if minute == 0 {
        date
    } else {
        format!("{date} {time}")
    })
}

/// Days since 1970-01-01 to year, month and day of the Gregorian calendar (the era-based method of H. Hinnant).
const fn civil(days: i64) -> (i64, i64, i64) {
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let doe = z.rem_euclid(146_097);
    let yoe = (doe - doe / 1460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let month = if mp < 10 { mp + 3 } else { mp - 9 };
    (
        yoe + era * 400 + (month <= 2) as i64,
        month,
        doy - (153 * mp + 2) / 5 + 1,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_become_dates_as_sheets_show_them() {
        assert_eq!(date(1.0, false).as_deref(), Some("1900-01-01"));
        assert_eq!(date(59.0, false).as_deref(), Some("1900-02-28"));
        assert_eq!(date(61.0, false).as_deref(), Some("1900-03-01"));
        assert_eq!(date(45_292.5, false).as_deref(), Some("2024-01-01 12:00"));
        assert_eq!(date(43_830.0, true).as_deref(), Some("2024-01-01"));
        assert_eq!(date(0.25, false).as_deref(), Some("06:00"));
        assert_eq!(date(f64::NAN, false), None);
        assert_eq!(date(1e300, false), None);
    }

    #[test]
    fn only_letters_of_a_date_make_a_format_a_date() {
        assert!(shows_a_date("yyyy\\-mm\\-dd"));
        assert!(shows_a_date("[$-407]d. mmm"));
        assert!(!shows_a_date("0.00\\ \"days\""));
        assert!(!shows_a_date("[Red]#,##0"));
    }
}
