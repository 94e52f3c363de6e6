//! A walk over XML that expands nothing: no DOCTYPE, so no entities but the five of XML; depth and attributes are bounded.

use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion};
use std::io::{BufReader, Read};

use crate::decode::{HEAD, Utf8, detect};
use crate::error::Fault;
use crate::limits::{Limit, Limits};

/// Attributes of one element; the widest of office formats have some 40.
const ATTRIBUTES: usize = 512;

/// What the walk meets. Names are without their prefix.
pub(crate) enum Node<'a> {
    Start(&'a str, Attributes<'a>),
    Text(&'a str),
    End(&'a str),
}

/// The attributes of an element.
pub(crate) struct Attributes<'a>(&'a BytesStart<'a>);

impl Attributes<'_> {
    /// The value of the attribute of this name; with a prefix where `name` has one.
    pub(crate) fn get(&self, name: &str) -> Option<String> {
        self.0
            .attributes()
            .with_checks(false)
            .filter_map(Result::ok)
            .find_map(|a| {
                let key: &str = a.key.as_ref();
                let same = if name.contains(':') {
                    key == name
                } else {
                    key.rsplit(':').next() == Some(name)
                };
                same.then(|| {
                    a.normalized_value(XmlVersion::Implicit1_0)
                        .ok()
                        .map(std::borrow::Cow::into_owned)
                })?
            })
    }

    /// `r:id`, whatever its prefix is called, but never a plain `id`.
    pub(crate) fn relation(&self) -> Option<String> {
        self.0
            .attributes()
            .with_checks(false)
            .filter_map(Result::ok)
            .find_map(|a| {
                let key: &str = a.key.as_ref();
                key.ends_with(":id").then(|| a.value.to_string())
            })
    }
}

/// Walks the whole of `xml`.
pub(crate) fn walk(
    mut xml: impl Read,
    limits: &Limits,
    mut visit: impl FnMut(Node<'_>) -> Result<(), Fault>,
) -> Result<(), Fault> {
    let mut head = Vec::with_capacity(1024);
    xml.by_ref()
        .take(HEAD as u64)
        .read_to_end(&mut head)
        .map_err(Fault::damaged)?;
    let encoding = detect(&head, head.len() < HEAD, declared_encoding(&head));
    let mut reader = Reader::from_reader(BufReader::new(Utf8::new(head.as_slice().chain(xml), encoding)));
    reader.config_mut().expand_empty_elements = true;
    let mut depth = 0_u64;
    let mut buf = Vec::new();
    loop {
        buf.clear();
        match reader
            .read_event_into(&mut buf)
            .map_err(|e| Fault::damaged(format_args!("XML: {e}")))?
        {
            Event::Start(start) => {
                depth += 1;
                if depth > limits.depth {
                    return Err(Fault::limit(
                        Limit::Depth,
                        format!("{} XML elements inside each other", limits.depth),
                    ));
                }
                if start.attributes().with_checks(false).take(ATTRIBUTES + 1).count() > ATTRIBUTES {
                    return Err(Fault::damaged("an XML element with too many attributes"));
                }
                let name = start.local_name();
                visit(Node::Start(name.as_ref(), Attributes(&start)))?;
            }
            Event::End(end) => {
                depth = depth.saturating_sub(1);
                visit(Node::End(end.local_name().as_ref()))?;
            }
            Event::Text(text) => visit(Node::Text(&text.xml10_content()))?,
            Event::CData(text) => visit(Node::Text(&text.xml10_content()))?,
            Event::GeneralRef(name) => {
                let found = match name.resolve_char_ref() {
                    Ok(Some(c)) => Some(c),
                    Ok(None) => {
                        quick_xml::escape::resolve_predefined_entity(&name).and_then(|s| s.chars().next())
                    }
                    Err(_) => None,
                };
                if let Some(c) = found {
                    visit(Node::Text(c.encode_utf8(&mut [0; 4])))?;
                }
            }
            Event::DocType(_) => return Err(Fault::damaged("XML with a DOCTYPE is not read")),
            Event::Eof if depth == 0 => return Ok(()),
            Event::Eof => return Err(Fault::damaged("XML ends early")),
            Event::Empty(_) | Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
        }
    }
}

/// `encoding="…"` of the XML declaration.
fn declared_encoding(head: &[u8]) -> Option<&[u8]> {
    let declaration = &head[..head.len().min(200)];
    let at = declaration.windows(9).position(|w| w == b"encoding=")? + 9;
    let quote = *declaration.get(at)?;
    let value = declaration.get(at + 1..)?;
    Some(&value[..value.iter().position(|b| *b == quote)?])
}
