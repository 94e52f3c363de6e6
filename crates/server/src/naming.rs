//! Names of objects: from a group's name and a path inside it to a key, and on to the next one when it is taken.
//!
//! `{prefix}{group}/{path}`; on collision ` (2)` before the extension (server model §1.1). Keys are text as
//! `core::names` encodes path bytes, so a key can be turned back into the bytes of a name.

use windlass_core::error::{ErrorCode, Failure};
use windlass_core::limits::MAX_KEY_BYTES;
use windlass_core::names::{checked_rel_path, decode_path_text, encode_path_bytes, numbered};

/// Bytes of one name in a folder (NAME_MAX of every file system that Linux mounts for people).
const MAX_NAME_BYTES: usize = 255;
/// Bytes of a path below a folder (PATH_MAX, with room for the folder itself).
const MAX_PATH_BYTES: usize = 3_072;

/// What a place allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rules {
    /// Names of at most 255 bytes; case does not tell two apart.
    Folder,
    /// Keys of at most 1,024 bytes.
    Bucket,
}

/// A path inside a group, as `core::names` makes it and nothing else.
///
/// # Errors
/// `name_invalid` for a path that climbs, is empty in a part, or is no encoding of a path (`%2F`, `%00`, `%2e`).
pub fn checked_path(path: &str) -> Result<&str, Failure> {
    let refused = || {
        Failure::new(
            ErrorCode::NameInvalid,
            format!("no path inside a group: {:?}", clip(path)),
        )
    };
    let fine = checked_rel_path(path).ok_or_else(refused)?;
    let bytes = decode_path_text(fine).ok_or_else(refused)?;
    // One text a path: otherwise `%2E%2E` would be a way to write `..`.
    if encode_path_bytes(&bytes) == fine {
        Ok(fine)
    } else {
        Err(refused())
    }
}

/// The group's name as one part of a path.
#[must_use]
pub fn group_part(name: &str) -> String {
    let mut part: String = name
        .chars()
        .map(|c| if c == '/' || c.is_control() { '_' } else { c })
        .collect();
    let lower = part.to_lowercase();
    // `.windlass` is where a folder destination keeps what is unfinished.
    if part.is_empty() || part == "." || part == ".." || lower == ".windlass" {
        part.insert(0, '_');
    }
    let end = (0..=part.len().min(MAX_NAME_BYTES))
        .rev()
        .find(|i| part.is_char_boundary(*i))
        .unwrap_or(0);
    part.truncate(end);
    encode_path_bytes(part.as_bytes())
}

/// The key that a file should have.
///
/// # Errors
/// `name_invalid` when the place can't have a name of this length.
pub fn key(prefix: &str, group: &str, path: &str, rules: Rules) -> Result<String, Failure> {
    let group = group_part(group);
    // A folder that gave its own name to the group stands there once, not inside a folder of its name.
    let own = path
        .strip_prefix(group.as_str())
        .is_some_and(|rest| rest.starts_with('/'));
    let key = if own {
        format!("{prefix}{path}")
    } else {
        format!("{prefix}{group}/{path}")
    };
    fits(&key, rules)?;
    Ok(key)
}

/// A key that was put together, if the place can have it.
///
/// # Errors
/// `name_invalid` when the place can't have a name of this length.
pub fn plain(key: String, rules: Rules) -> Result<String, Failure> {
    fits(&key, rules)?;
    Ok(key)
}

/// The extension of a name as a key may have it: letters and digits, `bin` where there is none.
#[must_use]
pub fn extension(path: &str) -> String {
    let name = path.rsplit('/').next().unwrap_or_default();
    let found = name
        .rsplit_once('.')
        .map_or("", |(stem, ext)| if stem.is_empty() { "" } else { ext });
    let fine = (1..=16).contains(&found.len()) && found.bytes().all(|b| b.is_ascii_alphanumeric());
    if fine {
        found.to_ascii_lowercase()
    } else {
        "bin".to_owned()
    }
}

/// The n-th way to write a key that is taken; n from 2. A name that would grow too long is cut before its extension.
///
/// # Errors
/// `name_invalid` when nothing is left to cut.
pub fn nth(key: &str, n: u32, rules: Rules) -> Result<String, Failure> {
    let mut base = key.to_owned();
    loop {
        let next = numbered(&base, n);
        match fits(&next, rules) {
            Ok(()) => return Ok(next),
            Err(e) => base = shorter(&base).ok_or(e)?,
        }
    }
}

/// The key with one character less before the extension.
fn shorter(key: &str) -> Option<String> {
    let (folder, name) = key.rsplit_once('/')?;
    let bytes = decode_path_text(name)?;
    let cut = name.rfind('.').filter(|i| *i > 0).map_or(bytes.len(), |i| {
        decode_path_text(&name[..i]).map_or(bytes.len(), |b| b.len())
    });
    let mut stem = bytes[..cut].to_vec();
    // A whole character: the bytes of UTF-8 that follow its first one begin with 10.
    while stem.pop().is_some_and(|b| b & 0xc0 == 0x80 && !stem.is_empty()) {}
    if stem.is_empty() {
        return None;
    }
    stem.extend_from_slice(&bytes[cut..]);
    Some(format!("{folder}/{}", encode_path_bytes(&stem)))
}

fn fits(key: &str, rules: Rules) -> Result<(), Failure> {
    let refused = |why: &str| {
        Err(Failure::new(
            ErrorCode::NameInvalid,
            format!("{why}: {:?}", clip(key)),
        ))
    };
    match rules {
        Rules::Bucket if key.len() > MAX_KEY_BYTES => refused("the key has more than 1,024 bytes"),
        Rules::Bucket => Ok(()),
        Rules::Folder => {
            let Some(bytes) = decode_path_text(key) else {
                return refused("not an encoded path");
            };
            if bytes.len() > MAX_PATH_BYTES {
                refused("the path has more than 3,072 bytes")
            } else if bytes
                .split(|b| *b == b'/')
                .any(|part| part.len() > MAX_NAME_BYTES)
            {
                refused("a name has more than 255 bytes")
            } else {
                Ok(())
            }
        }
    }
}

fn clip(text: &str) -> String {
    text.chars().take(120).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a072_only_the_one_encoding_of_a_path_passes() {
        for bad in [
            "..",
            "a/../b",
            "%2E%2E/a",
            "a%2Fb",
            "a%00b",
            "%zz",
            "%",
            "/a",
            "a//b",
            "",
            "%ff",
            "a%2525/..",
        ] {
            assert!(checked_path(bad).is_err(), "{bad:?}");
        }
        for good in ["a/b", "100%25", "a%FFb", "e\u{301}", " a\nb\"'\\", "..a"] {
            assert!(checked_path(good).is_ok(), "{good:?}");
        }
    }

    #[test]
    fn a_folder_that_named_its_group_is_not_put_into_itself() {
        let folder = Rules::Folder;
        let of = |group: &str, path: &str| key("p/", group, path, folder).expect("a key");
        assert_eq!(of("tree", "tree/a/b"), "p/tree/a/b");
        assert_eq!(of("a", "a"), "p/a/a");
        assert_eq!(of("tree", "treetop/a"), "p/tree/treetop/a");
        assert_eq!(of(".windlass", ".windlass/a"), "p/_.windlass/.windlass/a");
    }

    #[test]
    fn a_group_is_one_part_of_a_path_whatever_it_is_called() {
        assert_eq!(group_part("a/b\u{0}c\n"), "a_b_c_");
        assert_eq!(group_part(".."), "_..");
        assert_eq!(group_part(""), "_");
        assert_eq!(group_part(".WindLass"), "_.WindLass");
        assert_eq!(group_part("100%"), "100%25");
        assert_eq!(group_part(&"é".repeat(300)).len(), 254);
    }

    #[test]
    fn a_numbered_name_of_255_bytes_is_cut_before_its_extension() {
        let long = format!("g/{}.txt", "é".repeat(125));
        let next = nth(&long, 12, Rules::Folder);
        let name = next
            .as_deref()
            .map(|k| k.trim_start_matches("g/").to_owned())
            .unwrap_or_default();
        assert!(name.len() <= 255 && name.ends_with("é (12).txt"), "{name}");
        assert_eq!(nth("g/a.txt", 2, Rules::Folder).as_deref(), Ok("g/a (2).txt"));
        assert!(key("", "g", &"x".repeat(256), Rules::Folder).is_err());
        assert!(key("", "g", &"x".repeat(1_023), Rules::Bucket).is_err());
    }
}
