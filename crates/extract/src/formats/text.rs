//! Plain text, and every text without a reader of its own: pieces of whole lines.

use super::{Format, Output, Source};
use crate::error::Fault;
use crate::limits::Limits;
use crate::piece::{Locator, Metadata};

/// A piece goes out when it has this much.
const PIECE: usize = 8 * 1024;

pub(super) const FORMAT: Format = Format {
    name: "text",
    types: &["text/plain"],
    read,
};

fn read(source: &mut Source, _: &Limits, output: &mut Output<'_>) -> Result<Metadata, Fault> {
    let (mut text, encoding) = source.decoded(|_| None)?;
    let (mut piece, mut first, mut line) = (String::new(), 1_u64, 1_u64);
    loop {
        let more = text.next_text().map_err(super::unread)?;
        if more.is_empty() {
            break;
        }
        for part in more.split_inclusive('\n') {
            piece.push_str(part);
            if part.ends_with('\n') {
                line += 1;
            }
            if piece.len() >= PIECE && (part.ends_with('\n') || piece.len() >= 2 * PIECE) {
                let last = if piece.ends_with('\n') { line - 1 } else { line };
                output.emit(&Locator::Lines { first, last }, &piece)?;
                piece.clear();
                first = line;
            }
        }
    }
    let last = if piece.ends_with('\n') { line - 1 } else { line };
    output.emit(&Locator::Lines { first, last }, &piece)?;
    Ok(Metadata {
        encoding: Some(encoding.to_owned()),
        ..Metadata::default()
    })
}
