//! The readers: one file for each format, and the table of them. A format is added by a file here with a `FORMAT`, its
//! line in [`FORMATS`], and, if its content has a sign of its own, a line in [`crate::sniff`].
//!
//! A reader takes the open file and gives pieces in reading order. It may panic, loop or eat memory on a hostile file: in
//! the child that is an answer like any other. What it can count itself it holds against [`Limits`].

mod csv;
mod docx;
mod epub;
mod html;
mod json;
mod markdown;
mod office;
mod output;
mod pdf;
mod pptx;
mod text;
mod xlsx;
mod xlsx_styles;

use std::io::{self, Read, Seek, SeekFrom};

use crate::decode::{HEAD, Utf8, detect};
use crate::error::Fault;
use crate::limits::{Limit, Limits};
use crate::piece::{Extracted, Metadata, Piece};
use crate::sniff;
pub(crate) use output::{Flow, Output};

/// A kind of file that text is read from.
pub struct Format {
    /// Its name: "pdf".
    pub name: &'static str,
    /// Its types; the first is the one that [`sniff`] finds.
    pub types: &'static [&'static str],
    read: fn(&mut Source, &Limits, &mut Output<'_>) -> Result<Metadata, Fault>,
}

/// All of them.
pub static FORMATS: &[Format] = &[
    text::FORMAT,
    markdown::FORMAT,
    html::FORMAT,
    csv::FORMAT,
    json::FORMAT,
    pdf::FORMAT,
    docx::FORMAT,
    pptx::FORMAT,
    xlsx::FORMAT,
    epub::FORMAT,
];

/// The reader of a type; any kind of text without one of its own is read as plain text.
#[must_use]
pub fn format_of(media_type: &str) -> Option<&'static Format> {
    let of = |wanted: &str| FORMATS.iter().find(|f| f.types.contains(&wanted));
    let json = media_type
        .ends_with("+json")
        .then(|| of("application/json"))
        .flatten();
    let text =
        (media_type.starts_with("text/") || media_type.ends_with("+xml") || media_type == "application/xml")
            .then(|| of("text/plain"))
            .flatten();
    of(media_type).or(json).or(text)
}

trait ReadSeek: Read + Seek {}
impl<T: Read + Seek> ReadSeek for T {}

/// The file as readers see it.
pub struct Source {
    bytes: Box<dyn ReadSeek>,
    size: u64,
    real_type: &'static str,
}

impl Source {
    /// A source over anything that can be read twice.
    ///
    /// # Errors
    /// When its end can't be found.
    pub fn new(bytes: impl Read + Seek + 'static) -> io::Result<Self> {
        let mut bytes = Box::new(bytes);
        let size = bytes.seek(SeekFrom::End(0))?;
        Ok(Self {
            bytes,
            size,
            real_type: "",
        })
    }

    /// Its beginning, and whether that is all of it.
    pub(crate) fn head(&mut self, n: usize) -> Result<(Vec<u8>, bool), Fault> {
        let mut head = Vec::new();
        self.seek(SeekFrom::Start(0))
            .and_then(|_| self.bytes.by_ref().take(n as u64).read_to_end(&mut head))
            .map_err(unread)?;
        let complete = head.len() as u64 == self.size;
        Ok((head, complete))
    }

    /// All of it as UTF-8, and the name of the encoding it is in. `label` finds what the file says of itself.
    pub(crate) fn decoded(
        &mut self,
        label: impl FnOnce(&[u8]) -> Option<&[u8]>,
    ) -> Result<(Utf8<&mut Self>, &'static str), Fault> {
        let (head, complete) = self.head(HEAD)?;
        let encoding = detect(&head, complete, label(&head));
        self.seek(SeekFrom::Start(0)).map_err(unread)?;
        Ok((Utf8::new(self, encoding), encoding.name()))
    }
}

impl Read for Source {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.bytes.read(buf)
    }
}

impl Seek for Source {
    fn seek(&mut self, pos: SeekFrom) -> io::Result<u64> {
        self.bytes.seek(pos)
    }
}

pub(crate) fn unread(e: io::Error) -> Fault {
    Fault::Unread {
        detail: e.to_string(),
    }
}

/// Reads `source` right here, without a child: only [`Limits`] that count (bytes, entries, columns, depth) hold, not those
/// of memory and time, and a panic of a reader is the caller's. For the child and for tests.
///
/// # Errors
/// The fault of the file.
pub fn read_here(
    source: &mut Source,
    declared: &str,
    limits: &Limits,
    sink: &mut dyn FnMut(Piece),
) -> Result<Extracted, Fault> {
    if source.size > limits.input_bytes {
        return Err(Fault::limit(
            Limit::Input,
            format!("{} bytes of at most {}", source.size, limits.input_bytes),
        ));
    }
    let found = sniff::sniff_file(source, declared).map_err(unread)?;
    source.real_type = found.real;
    source.seek(SeekFrom::Start(0)).map_err(unread)?;
    let format = format_of(found.real).ok_or_else(|| {
        Fault::unsupported(if found.real.is_empty() {
            "a type that is not known"
        } else {
            found.real
        })
    })?;
    let mut output = Output::new(limits, sink);
    let metadata = (format.read)(source, limits, &mut output)?;
    Ok(Extracted {
        format: format.name.to_owned(),
        real_type: found.real.to_owned(),
        verdict: found.verdict,
        metadata,
        pieces: output.pieces(),
        text_bytes: output.text_bytes(),
    })
}
