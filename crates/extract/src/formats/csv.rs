//! Tables as text: rows with their cells between tabs.

use csv::{ReaderBuilder, StringRecord};

use super::{Format, Output, Source};
use crate::error::Fault;
use crate::limits::{Limit, Limits};
use crate::piece::{Locator, Metadata};

const PIECE: usize = 8 * 1024;

pub(super) const FORMAT: Format = Format {
    name: "csv",
    types: &["text/csv", "text/tab-separated-values", "application/csv"],
    read,
};

fn read(source: &mut Source, limits: &Limits, output: &mut Output<'_>) -> Result<Metadata, Fault> {
    let delimiter = {
        let (mut text, _) = source.decoded(|_| None)?;
        separator(text.next_text().map_err(super::unread)?)
    };
    let (text, encoding) = source.decoded(|_| None)?;
    let mut rows = ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter)
        .from_reader(text);
    let mut record = StringRecord::new();
    let (mut piece, mut first, mut row) = (String::new(), 1_u64, 0_u64);
    while rows.read_record(&mut record).map_err(Fault::damaged)? {
        row += 1;
        if record.len() as u64 > limits.columns {
            return Err(Fault::limit(
                Limit::Columns,
                format!("{} columns of at most {}", record.len(), limits.columns),
            ));
        }
        for (i, cell) in record.iter().enumerate() {
            if i > 0 {
                piece.push('\t');
            }
            piece.push_str(cell.trim());
        }
        piece.push('\n');
        if piece.len() >= PIECE {
            output.emit(
                &Locator::Rows {
                    sheet: None,
                    first,
                    last: row,
                },
                &piece,
            )?;
            piece.clear();
            first = row + 1;
        }
    }
    output.emit(
        &Locator::Rows {
            sheet: None,
            first,
            last: row,
        },
        &piece,
    )?;
    Ok(Metadata {
        encoding: Some(encoding.to_owned()),
        ..Metadata::default()
    })
}

/// What separates cells: the one of the usual four that the first line has most of.
pub(crate) fn separator(text: &str) -> u8 {
    let line = text.lines().find(|l| !l.trim().is_empty()).unwrap_or_default();
    let mut quoted = false;
    let mut counts = [0_usize; 4];
    for b in line.bytes() {
        quoted ^= b == b'"';
        if let Some(i) = b",;\t|".iter().position(|s| *s == b && !quoted) {
            counts[i] += 1;
        }
    }
    let most = counts.iter().copied().max().unwrap_or_default();
    counts
        .iter()
        .position(|c| *c == most)
        .and_then(|i| b",;\t|".get(i))
        .copied()
        .unwrap_or(b',')
}
