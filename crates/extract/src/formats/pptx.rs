//! PPTX: slides in the order of the show, each with its speaker's notes.

use super::office::{main_part, properties, relations};
use super::{Flow, Format, Output, Source};
use crate::error::Fault;
use crate::limits::Limits;
use crate::piece::{Locator, Metadata};
use crate::xml::Node;
use crate::zipped::Package;

pub(super) const FORMAT: Format = Format {
    name: "pptx",
    types: &[
        "application/vnd.openxmlformats-officedocument.presentationml.presentation",
        "application/vnd.openxmlformats-officedocument.presentationml.slideshow",
        "application/vnd.ms-powerpoint.presentation.macroEnabled.12",
    ],
    read,
};

fn read(source: &mut Source, limits: &Limits, output: &mut Output<'_>) -> Result<Metadata, Fault> {
    let mut package = Package::open(source, limits)?;
    let mut metadata = properties(&mut package);
    let main = main_part(&mut package, "ppt/presentation.xml")?;
    let mut ids = Vec::new();
    package.needed_xml(&main, |node| {
        if let Node::Start("sldId", attributes) = node {
            ids.extend(attributes.relation());
        }
        Ok(())
    })?;
    let all = relations(&mut package, &main)?;
    let mut flow = Flow::new(output, Locator::Slide { number: 1 });
    let mut number = 0;
    // A list that names the same slide again and again would read it as often.
    let mut seen = std::collections::BTreeSet::new();
    for slide in ids.iter().filter_map(|id| all.get(id)).map(|r| r.target.as_str()) {
        if !seen.insert(slide) || !package.has(slide) {
            continue;
        }
        number += 1;
        flow.go_to(Locator::Slide { number })?;
        shapes(&mut package, slide, &mut flow)?;
        let notes = relations(&mut package, slide)?
            .into_values()
            .find(|r| r.kind == "notesSlide");
        if let Some(notes) = notes.filter(|n| package.has(&n.target)) {
            flow.paragraph()?;
            shapes(&mut package, &notes.target, &mut flow)?;
        }
    }
    flow.flush()?;
    metadata.pages = Some(number);
    Ok(metadata)
}

fn shapes(package: &mut Package<'_>, part: &str, flow: &mut Flow<'_, '_>) -> Result<(), Fault> {
    let (mut in_text, mut fallback, mut field) = (false, 0_u32, false);
    package.needed_xml(part, |node| {
        match node {
            Node::Start("Fallback", _) => fallback += 1,
            Node::End("Fallback") => fallback = fallback.saturating_sub(1),
            _ if fallback > 0 => {}
            // The number of the slide, the date: filled in by the program, not written by the author.
            Node::Start("fld", _) => field = true,
            Node::End("fld") => field = false,
            Node::Start("t", _) => in_text = !field,
            Node::End("t") => in_text = false,
            Node::Text(text) if in_text => flow.text(text),
            Node::Start("br", _) | Node::End("p") => flow.line(),
            Node::End("tc") => flow.space(),
            Node::End("sp" | "graphicFrame") => flow.paragraph()?,
            Node::Start(..) | Node::End(_) | Node::Text(_) => {}
        }
        flow.relieve()
    })
}
