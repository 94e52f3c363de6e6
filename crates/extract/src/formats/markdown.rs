//! Markdown: its words without its marks, one section for each heading.

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};
use std::io::Read as _;

use super::{Flow, Format, Output, Source, html};
use crate::error::Fault;
use crate::limits::Limits;
use crate::piece::{Locator, Metadata, one_line};

pub(super) const FORMAT: Format = Format {
    name: "markdown",
    types: &["text/markdown", "text/x-markdown"],
    read,
};

fn read(source: &mut Source, _: &Limits, output: &mut Output<'_>) -> Result<Metadata, Fault> {
    let (mut decoded, encoding) = source.decoded(|_| None)?;
    let mut whole = String::new();
    decoded.read_to_string(&mut whole).map_err(super::unread)?;
    let options = Options::ENABLE_TABLES
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_YAML_STYLE_METADATA_BLOCKS;
    let mut flow = Flow::new(
        output,
        Locator::Section {
            number: 0,
            title: None,
        },
    );
    let mut metadata = Metadata {
        encoding: Some(encoding.to_owned()),
        ..Metadata::default()
    };
    let (mut heading, mut number, mut hidden) = (None::<String>, 0, false);
    for event in Parser::new_ext(&whole, options) {
        match event {
            Event::Start(Tag::Heading { .. }) => heading = Some(String::new()),
            Event::End(TagEnd::Heading(_)) => {
                let title = heading.take().and_then(|h| one_line(&h));
                number += 1;
                if metadata.title.is_none() {
                    metadata.title.clone_from(&title);
                }
                flow.go_to(Locator::Section {
                    number,
                    title: title.clone(),
                })?;
                flow.text(&title.unwrap_or_default());
                flow.paragraph()?;
            }
            Event::Start(Tag::MetadataBlock(_)) => hidden = true,
            Event::End(TagEnd::MetadataBlock(_)) => hidden = false,
            Event::Text(text) | Event::Code(text) => match &mut heading {
                _ if hidden => {}
                Some(heading) => heading.push_str(&text),
                None => flow.text(&text),
            },
            Event::Html(code) | Event::InlineHtml(code) => html::bare_words(&code, &mut flow)?,
            Event::SoftBreak | Event::HardBreak => match &mut heading {
                Some(heading) => heading.push(' '),
                None => flow.line(),
            },
            Event::End(TagEnd::Paragraph | TagEnd::CodeBlock | TagEnd::Table | TagEnd::List(_)) => {
                flow.paragraph()?;
            }
            Event::End(TagEnd::TableCell) => flow.space(),
            Event::Start(Tag::Item) | Event::End(TagEnd::Item | TagEnd::TableRow | TagEnd::TableHead) => {
                flow.line();
            }
            _ => {}
        }
        flow.relieve()?;
    }
    flow.flush()?;
    Ok(metadata)
}
