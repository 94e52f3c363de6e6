//! What the office formats share: relations between the parts of a package, and its properties.

use std::collections::BTreeMap;

use crate::error::Fault;
use crate::piece::{Metadata, one_line};
use crate::xml::Node;
use crate::zipped::Package;

/// One relation of a part.
pub(super) struct Relation {
    /// Its type, the last word: "slide", "worksheet".
    pub(super) kind: String,
    /// The name of the part it leads to.
    pub(super) target: String,
}

/// The relations of `part`; none if it has none.
pub(super) fn relations(package: &mut Package<'_>, part: &str) -> Result<BTreeMap<String, Relation>, Fault> {
    let (folder, name) = part.rsplit_once('/').unwrap_or(("", part));
    let slash = if folder.is_empty() { "" } else { "/" };
    let mut found = BTreeMap::new();
    package.xml(&format!("{folder}{slash}_rels/{name}.rels"), |node| {
        if let Node::Start("Relationship", attributes) = node
            && attributes.get("TargetMode").as_deref() != Some("External")
            && let (Some(id), Some(kind), Some(target)) = (
                attributes.get("Id"),
                attributes.get("Type"),
                attributes.get("Target"),
            )
        {
            let kind = kind.rsplit('/').next().unwrap_or_default().to_owned();
            found.insert(
                id,
                Relation {
                    kind,
                    target: resolve(folder, &target),
                },
            );
        }
        Ok(())
    })?;
    Ok(found)
}

/// The part where the document begins.
pub(super) fn main_part(package: &mut Package<'_>, usual: &str) -> Result<String, Fault> {
    let found = relations(package, "")?
        .into_values()
        .find(|r| r.kind == "officeDocument" && package.has(&r.target))
        .map(|r| r.target);
    Ok(found.unwrap_or_else(|| usual.to_owned()))
}

/// A name relative to a folder. It is only ever looked up in the directory of the same archive.
pub(super) fn resolve(folder: &str, target: &str) -> String {
    if let Some(absolute) = target.strip_prefix('/') {
        return absolute.to_owned();
    }
    let mut parts: Vec<&str> = folder.split('/').filter(|p| !p.is_empty()).collect();
    for step in target.split('/') {
        match step {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            name => parts.push(name),
        }
    }
    parts.join("/")
}

/// Title and language as the properties say.
pub(super) fn properties(package: &mut Package<'_>) -> Metadata {
    let mut metadata = Metadata::default();
    let (mut inside, mut title, mut language) = ("", String::new(), String::new());
    // Properties that can't be read take nothing from the text.
    let _ = package.xml("docProps/core.xml", |node| {
        match node {
            Node::Start("title", _) => inside = "title",
            Node::Start("language", _) => inside = "language",
            Node::Text(text) if inside == "title" && title.len() < 4096 => title.push_str(text),
            Node::Text(text) if inside == "language" && language.len() < 100 => language.push_str(text),
            Node::End(_) => inside = "",
            Node::Start(..) | Node::Text(_) => {}
        }
        Ok(())
    });
    metadata.title = one_line(&title);
    metadata.language = one_line(&language);
    metadata
}
