//! DOCX: paragraphs, tables, foot- and endnotes in reading order; what was deleted under track changes is not text.

use super::office::{main_part, properties, relations};
use super::{Flow, Format, Output, Source};
use crate::error::Fault;
use crate::limits::Limits;
use crate::piece::{Locator, Metadata, one_line};
use crate::xml::Node;
use crate::zipped::Package;

pub(super) const FORMAT: Format = Format {
    name: "docx",
    types: &[
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "application/vnd.ms-word.document.macroEnabled.12",
    ],
    read,
};

fn read(source: &mut Source, limits: &Limits, output: &mut Output<'_>) -> Result<Metadata, Fault> {
    let mut package = Package::open(source, limits)?;
    let mut metadata = properties(&mut package);
    let main = main_part(&mut package, "word/document.xml")?;
    let mut flow = Flow::new(
        output,
        Locator::Section {
            number: 0,
            title: None,
        },
    );
    let mut headings = 0;
    body(&mut package, &main, &mut flow, &mut headings, &mut metadata)?;
    let notes: Vec<String> = relations(&mut package, &main)?
        .into_values()
        .filter(|r| r.kind == "footnotes" || r.kind == "endnotes")
        .map(|r| r.target)
        .collect();
    for part in notes.iter().filter(|part| **part != main) {
        if package.has(part) {
            flow.paragraph()?;
            body(&mut package, part, &mut flow, &mut headings, &mut metadata)?;
        }
    }
    flow.flush()?;
    Ok(metadata)
}

fn body(
    package: &mut Package<'_>,
    part: &str,
    flow: &mut Flow<'_, '_>,
    headings: &mut u64,
    metadata: &mut Metadata,
) -> Result<(), Fault> {
    let (mut in_text, mut fallback, mut cells) = (false, 0_u32, 0_u32);
    let mut heading: Option<String> = None;
    package.needed_xml(part, |node| {
        match node {
            // The same content once more, for programs that don't know the newer form.
            Node::Start("Fallback", _) => fallback += 1,
            Node::End("Fallback") => fallback = fallback.saturating_sub(1),
            _ if fallback > 0 => {}
            Node::Start("t", _) => in_text = true,
            Node::End("t") => in_text = false,
            Node::Text(text) if in_text => match &mut heading {
                Some(heading) => heading.push_str(text),
                None => flow.text(text),
            },
            Node::Start("tab" | "noBreakHyphen", _) => match &mut heading {
                Some(heading) => heading.push(' '),
                None => flow.space(),
            },
            Node::Start("br" | "cr", _) => flow.line(),
            Node::Start("pStyle", attributes) => {
                let style = attributes.get("val").unwrap_or_default().to_ascii_lowercase();
                // "heading 1" in most languages of the program, "Title" on the cover.
                if cells == 0
                    && ["heading", "berschrift", "title", "titel", "titre"]
                        .iter()
                        .any(|s| style.contains(s))
                {
                    heading = Some(String::new());
                }
            }
            Node::Start("tc", _) => cells += 1,
            Node::End("tc") => {
                cells = cells.saturating_sub(1);
                flow.space();
            }
            Node::End("tr") => flow.line(),
            Node::End("tbl") => flow.paragraph()?,
            Node::End("p") if cells > 0 => flow.space(),
            Node::End("p") => {
                if let Some(title) = heading.take().and_then(|h| one_line(&h)) {
                    *headings += 1;
                    if metadata.title.is_none() {
                        metadata.title = Some(title.clone());
                    }
                    flow.go_to(Locator::Section {
                        number: *headings,
                        title: Some(title.clone()),
                    })?;
                    flow.text(&title);
                }
                flow.paragraph()?;
            }
            Node::Start(..) | Node::End(_) | Node::Text(_) => {}
        }
        flow.relieve()
    })
}
