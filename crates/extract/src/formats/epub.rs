//! EPUB: the chapters in the order of the spine.

use std::collections::BTreeMap;
use std::io::Read as _;

use super::html::{Kind, Place, charset, words};
use super::office::resolve;
use super::{Flow, Format, Output, Source};
use crate::decode::{HEAD, Utf8, detect};
use crate::error::Fault;
use crate::limits::Limits;
use crate::piece::{Locator, Metadata, one_line};
use crate::xml::Node;
use crate::zipped::Package;

pub(super) const FORMAT: Format = Format {
    name: "epub",
    types: &["application/epub+zip"],
    read,
};

fn read(source: &mut Source, limits: &Limits, output: &mut Output<'_>) -> Result<Metadata, Fault> {
    let mut package = Package::open(source, limits)?;
    let mut root = None;
    package.needed_xml("META-INF/container.xml", |node| {
        if let Node::Start("rootfile", attributes) = node
            && root.is_none()
        {
            root = attributes.get("full-path");
        }
        Ok(())
    })?;
    let root = root.ok_or_else(|| Fault::damaged("a book without a root file"))?;
    let (mut metadata, chapters) = contents(&mut package, &root)?;
    let mut number = 0;
    for part in &chapters {
        if !package.has(part) {
            metadata.unread_pages += 1;
            continue;
        }
        number += 1;
        chapter(&mut package, part, number, output)?;
    }
    metadata.pages = Some(number);
    Ok(metadata)
}

/// Title, language and the parts in reading order.
fn contents(package: &mut Package<'_>, root: &str) -> Result<(Metadata, Vec<String>), Fault> {
    let folder = root.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut parts = BTreeMap::new();
    let (mut spine, mut inside, mut title, mut language) = (Vec::new(), "", String::new(), String::new());
    package.needed_xml(root, |node| {
        match node {
            Node::Start("item", attributes) => {
                if let (Some(id), Some(href)) = (attributes.get("id"), attributes.get("href")) {
                    parts.insert(id, resolve(folder, &unescape(&href)));
                }
            }
            Node::Start("itemref", attributes) => spine.extend(attributes.get("idref")),
            Node::Start("title", _) if title.is_empty() => inside = "title",
            Node::Start("language", _) if language.is_empty() => inside = "language",
            Node::Text(text) if inside == "title" && title.len() < 4096 => title.push_str(text),
            Node::Text(text) if inside == "language" && language.len() < 100 => language.push_str(text),
            Node::End(_) => inside = "",
            Node::Start(..) | Node::Text(_) => {}
        }
        Ok(())
    })?;
    let mut seen = std::collections::BTreeSet::new();
    let chapters = spine
        .iter()
        .filter_map(|id| parts.get(id))
        .filter(|p| seen.insert(*p))
        .cloned()
        .collect();
    Ok((
        Metadata {
            title: one_line(&title),
            language: one_line(&language),
            ..Metadata::default()
        },
        chapters,
    ))
}

fn chapter(package: &mut Package<'_>, part: &str, number: u64, output: &mut Output<'_>) -> Result<(), Fault> {
    package.entry(part, |entry, _| {
        let mut head = Vec::new();
        (&mut *entry)
            .take(HEAD as u64)
            .read_to_end(&mut head)
            .map_err(Fault::damaged)?;
        let encoding = detect(&head, head.len() < HEAD, charset(&head));
        let mut text = Utf8::new(head.as_slice().chain(entry), encoding);
        let flow = Flow::new(output, Locator::Chapter { number, title: None });
        words(&mut text, flow, Kind::Xhtml, Place::Chapter(number)).map(drop)
    })?;
    Ok(())
}

/// `%20` of a reference; anything that is no escape stays.
fn unescape(href: &str) -> String {
    let href = href.split('#').next().unwrap_or_default();
    let bytes = href.as_bytes();
    let (mut out, mut i) = (Vec::with_capacity(bytes.len()), 0);
    while let Some(b) = bytes.get(i) {
        let hex = bytes.get(i + 1..i + 3).and_then(|h| std::str::from_utf8(h).ok());
        match hex.and_then(|h| u8::from_str_radix(h, 16).ok()) {
            Some(byte) if *b == b'%' => {
                out.push(byte);
                i += 3;
            }
            _ => {
                out.push(*b);
                i += 1;
            }
        }
    }
    String::from_utf8(out).unwrap_or_else(|_| href.to_owned())
}
