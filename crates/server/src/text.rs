//! Bytes as text, and texts that fit.

use std::fmt::Write as _;

/// Bytes as hex digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .fold(String::with_capacity(2 * bytes.len()), |mut text, b| {
            // Writing to a string does not fail.
            write!(text, "{b:02x}").ok();
            text
        })
}

/// A text that both databases keep: of so many bytes, without NUL.
pub(crate) fn cut(text: &str, most: usize) -> String {
    let mut end = text.len().min(most);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default().replace('\0', "\u{fffd}")
}
