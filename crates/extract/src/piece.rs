//! What comes out: pieces of text that know where they stood, and a few facts about the whole.

use serde::{Deserialize, Serialize};
use std::fmt;

use crate::sniff::Verdict;

/// Where a piece stood. Numbers count from 1, as people do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Locator {
    /// Lines of a text file.
    Lines {
        /// First line.
        first: u64,
        /// Last line.
        last: u64,
    },
    /// Rows of a table.
    Rows {
        /// The sheet, where there are several.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        sheet: Option<String>,
        /// First row.
        first: u64,
        /// Last row.
        last: u64,
    },
    /// A page.
    Page {
        /// Its number.
        number: u64,
    },
    /// A slide with its notes.
    Slide {
        /// Its number.
        number: u64,
    },
    /// What follows a heading; number 0 stands before the first.
    Section {
        /// Its number.
        number: u64,
        /// The heading.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        title: Option<String>,
    },
    /// A chapter of a book.
    Chapter {
        /// Its number in reading order.
        number: u64,
        /// Its heading.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        title: Option<String>,
    },
    /// A value in a tree, as a JSON pointer (RFC 6901); of a long piece the first.
    Pointer {
        /// The pointer.
        path: String,
    },
}

impl fmt::Display for Locator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lines { first, last } if first == last => write!(f, "line {first}"),
            Self::Lines { first, last } => write!(f, "lines {first}-{last}"),
            Self::Rows {
                sheet: Some(sheet),
                first,
                last,
            } => write!(f, "{sheet}, rows {first}-{last}"),
            Self::Rows {
                sheet: None,
                first,
                last,
            } => write!(f, "rows {first}-{last}"),
            Self::Page { number } => write!(f, "page {number}"),
            Self::Slide { number } => write!(f, "slide {number}"),
            Self::Section {
                title: Some(title), ..
            } => write!(f, "section {title}"),
            Self::Section { number, title: None } => write!(f, "section {number}"),
            Self::Chapter {
                number,
                title: Some(title),
            } => write!(f, "chapter {number}, {title}"),
            Self::Chapter { number, title: None } => write!(f, "chapter {number}"),
            Self::Pointer { path } => write!(f, "at {path}"),
        }
    }
}

/// A piece of text, at most 16 KiB of UTF-8 without control characters but tab and newline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Piece {
    /// Where it stood.
    pub locator: Locator,
    /// The text.
    pub text: String,
}

/// What a reader learned besides the text. The file says it, so it may be wrong.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Metadata {
    /// Its title, at most 500 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Its language, a BCP 47 tag as the file writes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// Pages, slides, sheets or chapters that were read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pages: Option<u64>,
    /// The encoding its text was in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encoding: Option<String>,
    /// Pages that could not be read while others could.
    #[serde(skip_serializing_if = "is_zero")]
    pub unread_pages: u64,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde calls it with a reference"
)]
const fn is_zero(n: &u64) -> bool {
    *n == 0
}

/// The end of an extraction that worked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Extracted {
    /// The name of the reader: "pdf", "docx", …
    pub format: String,
    /// The type by content.
    pub real_type: String,
    /// The same against what was declared.
    pub verdict: Verdict,
    /// Facts about the whole.
    pub metadata: Metadata,
    /// How many pieces went out.
    pub pieces: u64,
    /// Their bytes.
    pub text_bytes: u64,
}

/// `text` on one line and short enough for a title; `None` if nothing is left.
pub(crate) fn one_line(text: &str) -> Option<String> {
    let mut line = String::new();
    for word in text
        .split(|c: char| c.is_whitespace() || c.is_control())
        .filter(|w| !w.is_empty())
    {
        if !line.is_empty() {
            line.push(' ');
        }
        line.extend(word.chars().take(500));
        if line.chars().count() >= 500 {
            break;
        }
    }
    let line: String = line.chars().take(500).collect();
    (!line.is_empty()).then_some(line)
}
