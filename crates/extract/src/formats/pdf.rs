//! PDF, page by page. A page that the library falls over is counted and left out; the other pages are still read.

use pdf_extract::{Document, Object, OutputError, PlainTextOutput, output_doc_page};
use std::io::Read as _;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::{Format, Output, Source};
use crate::error::Fault;
use crate::limits::Limits;
use crate::piece::{Locator, Metadata, one_line};

pub(super) const FORMAT: Format = Format {
    name: "pdf",
    types: &["application/pdf"],
    read,
};

fn read(source: &mut Source, _: &Limits, output: &mut Output<'_>) -> Result<Metadata, Fault> {
    let mut bytes = Vec::new();
    source.read_to_end(&mut bytes).map_err(super::unread)?;
    let mut document = Document::load_mem(&bytes).map_err(|e| Fault::damaged(format_args!("PDF: {e}")))?;
    drop(bytes);
    if document.is_encrypted() && document.decrypt("").is_err() {
        return Err(Fault::encrypted("an encrypted PDF"));
    }
    let mut metadata = facts(&document);
    let pages: Vec<u32> = document.get_pages().into_keys().collect();
    if pages.is_empty() {
        return Err(Fault::damaged("a PDF without a page"));
    }
    let mut why = String::new();
    for page in &pages {
        let mut text = String::new();
        let read = catch_unwind(AssertUnwindSafe(|| {
            let mut plain = PlainTextOutput::new(&mut text);
            output_doc_page(&document, &mut plain, *page)
        }));
        match read {
            Ok(Ok(())) => {}
            Ok(Err(OutputError::PdfError(e))) => {
                (metadata.unread_pages, why) = (metadata.unread_pages + 1, e.to_string());
            }
            Ok(Err(e)) => (metadata.unread_pages, why) = (metadata.unread_pages + 1, e.to_string()),
            Err(_) => (metadata.unread_pages, why) = (metadata.unread_pages + 1, "its content".to_owned()),
        }
        // Also of a page that broke off: what stands before the break is text of the page.
        output.emit(
            &Locator::Page {
                number: u64::from(*page),
            },
            &tidy(&text),
        )?;
    }
    if metadata.unread_pages == pages.len() as u64 && output.pieces() == 0 {
        return Err(Fault::damaged(format_args!(
            "no page of the PDF can be read: {why}"
        )));
    }
    metadata.pages = Some(pages.len() as u64);
    Ok(metadata)
}

fn facts(document: &Document) -> Metadata {
    let info = document
        .trailer
        .get(b"Info")
        .ok()
        .and_then(|info| document.dereference(info).ok())
        .and_then(|(_, info)| info.as_dict().ok());
    let title = info.and_then(|i| i.get(b"Title").ok()).and_then(words);
    let language = document
        .catalog()
        .ok()
        .and_then(|c| c.get(b"Lang").ok())
        .and_then(words);
    Metadata {
        title,
        language,
        ..Metadata::default()
    }
}

/// A text string: UTF-16 by its mark, else close enough to Latin-1.
fn words(object: &Object) -> Option<String> {
    let bytes = object.as_str().ok()?;
    let encoding = encoding_rs::Encoding::for_bom(bytes).map_or(encoding_rs::WINDOWS_1252, |(e, _)| e);
    one_line(&encoding.decode(bytes).0)
}

/// The library puts out empty lines for the gaps of a page; one is enough.
fn tidy(text: &str) -> String {
    let mut tidy = String::with_capacity(text.len());
    let mut blank = true;
    for line in text.lines().map(str::trim) {
        if line.is_empty() {
            if !blank {
                tidy.push('\n');
            }
        } else {
            tidy.push_str(line);
            tidy.push('\n');
        }
        blank = line.is_empty();
    }
    tidy
}
