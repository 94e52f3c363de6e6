//! Keys as they stand in events.

use windlass_core::limits::MAX_KEY_BYTES;

/// Decodes once: `+` is a space, `%XX` a byte; a `%` that begins no byte stands for itself. `None` when that is no text.
pub(super) fn decoded(key: &str) -> Option<String> {
    let mut out = Vec::with_capacity(key.len());
    let mut rest = key.as_bytes();
    while let Some((&byte, tail)) = rest.split_first() {
        rest = tail;
        match (byte, tail) {
            (b'+', _) => out.push(b' '),
            (b'%', [high, low, after @ ..]) => match (nibble(*high), nibble(*low)) {
                (Some(high), Some(low)) => {
                    out.push(high << 4 | low);
                    rest = after;
                }
                _ => out.push(byte),
            },
            _ => out.push(byte),
        }
    }
    String::from_utf8(out).ok()
}

fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

/// A key that an object can have.
pub(super) fn is_possible(key: &str) -> bool {
    !key.is_empty() && key.len() <= MAX_KEY_BYTES
}
