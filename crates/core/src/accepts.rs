//! What a destination takes: how large a file may be, and of which types.
//!
//! Decided from a file's name, size and content type alone, before a byte moves. The ledger decides by it when a file is
//! announced; the look before an upload and the intake decide by what the ledger told last, so that a person hears it first.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::error::{ErrorCode, Failure};
use crate::limits::MAX_REFUSED_TYPES;

/// Bytes of one type's word.
const MAX_TYPE_BYTES: usize = 32;

/// The limits of a destination. As it is made it takes everything.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
#[serde(default, deny_unknown_fields)]
pub struct Accepts {
    /// Largest file, bytes; null: no limit of its own.
    #[ts(type = "number | null")]
    pub max_bytes: Option<u64>,
    /// Endings of names that are refused: small letters, without the first dot. At most 100.
    pub refused_types: Vec<String>,
    /// Content types that are taken, `image/*` is a pattern; null: all.
    pub allowed_mime: Option<Vec<String>>,
}

/// Why a file is not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refused {
    /// Too many bytes.
    TooLarge {
        /// Of the file.
        size: u64,
        /// The largest that is taken.
        most: u64,
    },
    /// Its name ends like this.
    Ending(String),
    /// Its content type is none of these.
    Content {
        /// Of the file, without parameters.
        mime: String,
        /// Those that are taken.
        allowed: Vec<String>,
    },
}

impl Refused {
    /// The code and the fact in it.
    #[must_use]
    pub fn failure(&self) -> Failure {
        match self {
            Self::TooLarge { size, most } => {
                Failure::new(ErrorCode::TooLarge, format!("{size} bytes, allowed are {most}"))
            }
            Self::Ending(ending) => {
                Failure::new(ErrorCode::MimeNotAllowed, format!(".{ending} files are refused"))
            }
            Self::Content { mime, allowed } => Failure::new(
                ErrorCode::MimeNotAllowed,
                format!("{mime:?}, allowed are {}", allowed.join(", ")),
            ),
        }
    }
}

impl Accepts {
    /// Why a file of this name, size in bytes and content type is not taken; none: it is.
    #[must_use]
    pub fn refuses(&self, rel_path: &str, size: u64, mime: &str) -> Option<Refused> {
        if let Some(most) = self.max_bytes.filter(|most| size > *most) {
            return Some(Refused::TooLarge { size, most });
        }
        if let Some(ending) = self.ending(rel_path) {
            return Some(Refused::Ending(ending.to_owned()));
        }
        let allowed = self.allowed_mime.as_ref()?;
        (!mime_fits(allowed, mime)).then(|| Refused::Content {
            mime: essence(mime),
            allowed: allowed.clone(),
        })
    }

    /// The refused type that a name ends with.
    fn ending(&self, rel_path: &str) -> Option<&str> {
        if self.refused_types.is_empty() {
            return None;
        }
        let name = rel_path.rsplit('/').next().unwrap_or(rel_path);
        // Some systems drop dots and spaces at the end of a name: `a.exe.` is a program there.
        let name = name.trim_end_matches(['.', ' ']).to_lowercase();
        let ends_with = |word: &&String| {
            name.strip_suffix(word.as_str())
                .is_some_and(|rest| rest.ends_with('.'))
        };
        self.refused_types.iter().find(ends_with).map(String::as_str)
    }

    /// The same, with a largest file that the place has by nature.
    #[must_use]
    pub fn at_most(mut self, bytes: Option<u64>) -> Self {
        self.max_bytes = match (self.max_bytes, bytes) {
            (Some(own), Some(natural)) => Some(own.min(natural)),
            (own, natural) => own.or(natural),
        };
        self
    }

    /// The same, with types as a person writes them (`.EXE`, `*.msi`) made into words; each once, in their order.
    #[must_use]
    pub fn tidied(mut self) -> Self {
        let mut words: Vec<String> = Vec::with_capacity(self.refused_types.len());
        for written in &self.refused_types {
            let word = written
                .trim()
                .trim_start_matches('*')
                .trim_start_matches('.')
                .to_lowercase();
            if !word.is_empty() && !words.contains(&word) {
                words.push(word);
            }
        }
        self.refused_types = words;
        self
    }

    /// What of it can't be kept, in words.
    ///
    /// # Errors
    /// `invalid_field`.
    pub fn checked(&self) -> Result<(), Failure> {
        let refused = |what: String| Err(Failure::new(ErrorCode::InvalidField, what));
        if self.max_bytes.is_some_and(|most| i64::try_from(most).is_err()) {
            return refused("max_bytes: at most 2^63 - 1".to_owned());
        }
        if self.refused_types.len() > MAX_REFUSED_TYPES {
            return refused(format!("refused_types: at most {MAX_REFUSED_TYPES}"));
        }
        if let Some(word) = self.refused_types.iter().find(|word| !is_type(word)) {
            return refused(format!(
                "refused_types: {word:?} is none; each like exe or tar.gz, in small letters, at most {MAX_TYPE_BYTES} bytes"
            ));
        }
        match &self.allowed_mime {
            Some(mime) if mime.len() > 256 || !mime.iter().all(|m| is_pattern(m)) => refused(
                "allowed_mime: at most 256, each like image/png or image/*, in small letters".to_owned(),
            ),
            Some(_) | None => Ok(()),
        }
    }
}

fn is_type(word: &str) -> bool {
    (1..=MAX_TYPE_BYTES).contains(&word.len())
        && !word.starts_with('.')
        && !word.ends_with('.')
        && word == word.to_lowercase()
        && !word
            .chars()
            .any(|c| c.is_control() || c.is_whitespace() || ['/', '\\', '*', '?', ',', ';'].contains(&c))
}

fn is_pattern(mime: &str) -> bool {
    let fine = |part: &str| {
        !part.is_empty()
            && part
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"!#$&^_.+-".contains(&b))
    };
    mime == "*/*"
        || mime
            .split_once('/')
            .is_some_and(|(kind, sub)| fine(kind) && (sub == "*" || fine(sub)))
}

/// A content type without its parameters, in small letters.
fn essence(mime: &str) -> String {
    let first = mime.split(';').next().unwrap_or_default();
    first.trim().to_ascii_lowercase()
}

/// True when a content type is one of a list, which may have patterns like `image/*`.
#[must_use]
pub fn mime_fits(allowed: &[String], mime: &str) -> bool {
    let essence = essence(mime);
    allowed.iter().any(|pattern| match pattern.strip_suffix('*') {
        Some("*/") => true,
        Some(start) => essence.starts_with(start),
        None => essence == *pattern,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn words(list: &[&str]) -> Vec<String> {
        list.iter().map(|w| (*w).to_owned()).collect()
    }

    fn accepts(max: Option<u64>, refused: &[&str], allowed: Option<&[&str]>) -> Accepts {
        Accepts {
            max_bytes: max,
            refused_types: words(refused),
            allowed_mime: allowed.map(words),
        }
    }

    // A-9, A-11
    #[test]
    fn a9_name_size_and_type_decide_what_is_taken() {
        let (bin, text) = ("application/octet-stream", "text/plain; charset=utf-8");
        let any = accepts(None, &[], None);
        let small = accepts(Some(10), &[], None);
        let none = accepts(Some(0), &[], None);
        let safe = accepts(None, &["exe", "tar.gz", "häß"], None);
        let texts = accepts(None, &[], Some(&["text/*", "image/png"]));
        let both = accepts(Some(10), &["exe"], Some(&["text/*"]));
        let table: [(&Accepts, &str, u64, &str, Option<&str>); 28] = [
            (&any, "a.exe", u64::MAX, bin, None),
            (&small, "a", 10, bin, None),
            (&small, "a", 11, bin, Some("too_large: 11 bytes, allowed are 10")),
            (&none, "a", 0, bin, None),
            (&none, "a", 1, bin, Some("too_large: 1 bytes, allowed are 0")),
            (
                &safe,
                "a.exe",
                1,
                bin,
                Some("mime_not_allowed: .exe files are refused"),
            ),
            (&safe, "d.exe/a.txt", 1, bin, None),
            (
                &safe,
                "d/A.EXE",
                1,
                bin,
                Some("mime_not_allowed: .exe files are refused"),
            ),
            (
                &safe,
                "a.exe. .",
                1,
                bin,
                Some("mime_not_allowed: .exe files are refused"),
            ),
            (
                &safe,
                ".exe",
                1,
                bin,
                Some("mime_not_allowed: .exe files are refused"),
            ),
            (&safe, "exe", 1, bin, None),
            (&safe, "a.exe.txt", 1, bin, None),
            (&safe, "aexe", 1, bin, None),
            (&safe, "a.gz", 1, bin, None),
            (
                &safe,
                "a.tar.gz",
                1,
                bin,
                Some("mime_not_allowed: .tar.gz files are refused"),
            ),
            (
                &safe,
                "a.HÄß",
                1,
                bin,
                Some("mime_not_allowed: .häß files are refused"),
            ),
            (&safe, "", 1, bin, None),
            (&safe, "...", 1, bin, None),
            (&texts, "a", 1, text, None),
            (&texts, "a", 1, "TEXT/html", None),
            (&texts, "a", 1, "image/png", None),
            (
                &texts,
                "a",
                1,
                "image/jpeg",
                Some("mime_not_allowed: \"image/jpeg\", allowed are text/*, image/png"),
            ),
            (
                &texts,
                "a",
                1,
                "",
                Some("mime_not_allowed: \"\", allowed are text/*, image/png"),
            ),
            (&accepts(None, &[], Some(&["*/*"])), "a", 1, bin, None),
            (&both, "a.txt", 10, text, None),
            (
                &both,
                "a.exe",
                11,
                bin,
                Some("too_large: 11 bytes, allowed are 10"),
            ),
            (
                &both,
                "a.exe",
                1,
                bin,
                Some("mime_not_allowed: .exe files are refused"),
            ),
            (
                &both,
                "a.bin",
                1,
                bin,
                Some("mime_not_allowed: \"application/octet-stream\", allowed are text/*"),
            ),
        ];
        for (limits, name, size, mime, said) in table {
            let found = limits.refuses(name, size, mime).map(|r| r.failure().to_string());
            assert_eq!(found.as_deref(), said, "{name} {size} {mime} at {limits:?}");
        }
    }

    #[test]
    fn a9_what_a_person_writes_becomes_words_each_once() {
        let written = accepts(Some(5), &[".EXE", " *.msi ", "exe", "", ".", "Tar.GZ"], None);
        let tidied = written.tidied();
        assert_eq!(tidied, accepts(Some(5), &["exe", "msi", "tar.gz"], None));
        assert_eq!(tidied.checked(), Ok(()));
    }

    #[test]
    fn a9_limits_that_can_not_be_kept_are_refused_with_the_field() {
        let many: Vec<String> = (0..=MAX_REFUSED_TYPES).map(|n| format!("t{n}")).collect();
        let refused_types = |list: Vec<String>| Accepts {
            refused_types: list,
            ..Accepts::default()
        };
        let mut table = vec![
            (accepts(Some(u64::MAX), &[], None), "max_bytes"),
            (refused_types(many.clone()), "refused_types"),
            (accepts(None, &[], Some(&["text"])), "allowed_mime"),
            (accepts(None, &[], Some(&["Text/plain"])), "allowed_mime"),
        ];
        for word in [
            "",
            ".exe",
            "exe.",
            "EXE",
            "a b",
            "a/b",
            "a\\b",
            "*",
            "a,b",
            "a\0",
            &"x".repeat(33),
        ] {
            table.push((accepts(None, &[word], None), "refused_types"));
        }
        for (limits, field) in table {
            let failure = limits.checked().expect_err("not to be kept");
            assert_eq!(failure.code, ErrorCode::InvalidField, "{limits:?}");
            assert!(failure.detail.starts_with(&format!("{field}:")), "{failure}");
        }
        let (most, _) = many.split_at(MAX_REFUSED_TYPES);
        assert_eq!(refused_types(most.to_vec()).checked(), Ok(()));
        assert_eq!(
            accepts(Some(0), &["c++"], Some(&["image/*", "*/*"])).checked(),
            Ok(())
        );
    }

    #[test]
    fn a9_the_smaller_of_two_limits_holds() {
        let at_most = |own, natural| accepts(own, &[], None).at_most(natural).max_bytes;
        assert_eq!(at_most(None, None), None);
        assert_eq!(at_most(Some(5), None), Some(5));
        assert_eq!(at_most(None, Some(7)), Some(7));
        assert_eq!(at_most(Some(5), Some(7)), Some(5));
        assert_eq!(at_most(Some(9), Some(7)), Some(7));
    }

    #[test]
    fn a9_limits_of_before_this_field_are_none_and_unknown_ones_are_told() {
        assert_eq!(
            serde_json::from_str::<Accepts>("{}").ok(),
            Some(Accepts::default())
        );
        assert!(serde_json::from_str::<Accepts>(r#"{"max_byte": 1}"#).is_err());
    }

    proptest! {
        // Whatever a person writes, what is tidied and kept refuses the files that end with it, in any case.
        #[test]
        fn a9_a_type_that_is_kept_is_refused(written in "[.*]{0,2}[A-Za-z0-9+._-]{1,12}", stem in "[a-z. ]{0,8}") {
            let limits = Accepts { refused_types: vec![written], ..Accepts::default() }.tidied();
            prop_assume!(limits.checked().is_ok());
            for word in &limits.refused_types {
                let name = format!("x/{stem}.{}", word.to_uppercase());
                prop_assert!(limits.refuses(&name, 1, "").is_some(), "{name} {limits:?}");
            }
        }
    }
}
