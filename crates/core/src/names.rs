//! Names: how path bytes become text, keys and things to show, without losing or confusing any (I40).

use unicode_normalization::UnicodeNormalization as _;

/// Path bytes as text that can be turned back: valid UTF-8 stays, every other byte becomes `%XX`, and `%` becomes `%25`.
#[must_use]
pub fn encode_path_bytes(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            if c == '%' {
                out.push_str("%25");
            } else {
                out.push(c);
            }
        }
        for b in chunk.invalid() {
            out.push_str(&format!("%{b:02X}"));
        }
    }
    out
}

/// The bytes behind [`encode_path_bytes`]; `None` for a text it never makes.
#[must_use]
pub fn decode_path_text(text: &str) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&b, tail)) = rest.split_first() {
        if b != b'%' {
            out.push(b);
            rest = tail;
            continue;
        }
        let hex = std::str::from_utf8(tail.get(..2)?).ok()?;
        out.push(u8::from_str_radix(hex, 16).ok()?);
        rest = &tail[2..];
    }
    Some(out)
}

/// A path inside a group that is safe as an object key and below a folder: `/`-separated, relative, no empty part, no `.`
/// or `..`, no NUL. `None` when it is not.
#[must_use]
pub fn checked_rel_path(path: &str) -> Option<&str> {
    let fine = !path.is_empty()
        && !path.contains('\0')
        && path
            .split('/')
            .all(|part| !part.is_empty() && part != "." && part != "..");
    fine.then_some(path)
}

/// The form in which two names are the same for the rule of collisions: NFC, and case-folded where the place folds case.
#[must_use]
pub fn collision_form(name: &str, fold_case: bool) -> String {
    let nfc: String = name.nfc().collect();
    if fold_case { nfc.to_lowercase() } else { nfc }
}

/// The n-th way to write a name that is taken: `a.tar.gz` → `a (2).tar.gz`; n from 2. Only the last two short
/// extensions count as such.
#[must_use]
pub fn numbered(path: &str, n: u32) -> String {
    let (folder, name) = path.rsplit_once('/').map_or(("", path), |(f, n)| (f, n));
    let mut cut = name.rfind('.').filter(|i| *i > 0).unwrap_or(name.len());
    if name[cut..].len() <= 5
        && let Some(inner) = name[..cut]
            .rfind('.')
            .filter(|i| *i > 0 && name[*i..cut] == *".tar")
    {
        cut = inner;
    }
    let slash = if folder.is_empty() { "" } else { "/" };
    format!("{folder}{slash}{} ({n}){}", &name[..cut], &name[cut..])
}

/// A name made safe to show: control and direction-changing characters become visible marks (A08).
#[must_use]
pub fn shown(name: &str) -> String {
    name.chars()
        .map(|c| match c {
            '\u{0}'..='\u{1f}' => char::from_u32(0x2400 + c as u32).unwrap_or('\u{fffd}'),
            '\u{7f}' => '\u{2421}',
            '\u{80}'..='\u{9f}'
            | '\u{200e}'
            | '\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2066}'..='\u{2069}'
            | '\u{2028}'
            | '\u{2029}' => '\u{fffd}',
            c => c,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn i40_any_path_bytes_round_trip_and_two_never_become_one(a: Vec<u8>, b: Vec<u8>) {
            let (ta, tb) = (encode_path_bytes(&a), encode_path_bytes(&b));
            prop_assert_eq!(decode_path_text(&ta), Some(a.clone()));
            prop_assert_eq!(ta == tb, a == b);
        }
    }

    #[test]
    fn numbering_keeps_folder_and_extension() {
        assert_eq!(numbered("a/b.txt", 2), "a/b (2).txt");
        assert_eq!(numbered("b.tar.gz", 3), "b (3).tar.gz");
        assert_eq!(numbered(".profile", 2), ".profile (2)");
        assert_eq!(numbered("no extension", 2), "no extension (2)");
    }

    #[test]
    fn a038_paths_that_climb_are_refused() {
        for bad in ["", "/a", "a//b", "a/../b", "..", ".", "a/", "a\0b"] {
            assert_eq!(checked_rel_path(bad), None, "{bad:?}");
        }
        assert_eq!(checked_rel_path("a/ b..c/…"), Some("a/ b..c/…"));
    }

    #[test]
    fn f014_twins_collide_only_in_their_folded_form() {
        assert_eq!(collision_form("e\u{301}", false), collision_form("\u{e9}", false));
        assert_ne!(collision_form("A", false), collision_form("a", false));
        assert_eq!(collision_form("A", true), collision_form("a", true));
    }

    #[test]
    fn a008_control_and_direction_characters_are_visible() {
        assert_eq!(shown("a\nb\u{202e}c"), "a\u{240a}b\u{fffd}c");
    }
}
