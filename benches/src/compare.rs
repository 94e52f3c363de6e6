//! Ratios then and now. Absolute figures of two machines can't be compared, ratios of one run can.

use std::fmt::Write as _;

use crate::report::{Report, Row, median};

/// A table of all rows that both have.
pub(crate) fn table(then: &Report, now: &Report) -> String {
    let mut out = format!("then: {} ({})\n", then.at, then.commit);
    if then.quick != now.quick {
        out.push_str("one of the two was measured with small sizes: they can't be compared\n");
    }
    let width = now.rows.iter().map(|r| r.name.chars().count()).max().unwrap_or(0);
    for row in &now.rows {
        let Some(before) = then
            .rows
            .iter()
            .find(|r| r.name == row.name && r.subject == row.subject)
        else {
            continue;
        };
        let (kind, a, b) = match (before.ratio, row.ratio) {
            (Some(a), Some(b)) => ("ratio", a, b),
            _ => match (middle(before), middle(row)) {
                (Some(a), Some(b)) => ("figure", a, b),
                _ => continue,
            },
        };
        let change = if a == 0.0 { 0.0 } else { (b / a - 1.0) * 100.0 };
        let _ = writeln!(
            out,
            "{:width$}  {:10}  {kind:6}  {a:>10.2} -> {b:>10.2}  {change:+6.1} %",
            row.name, row.subject
        );
    }
    out
}

fn middle(row: &Row) -> Option<f64> {
    median(&row.samples)
}
