//! XLSX: each sheet row by row as it streams by. No grid is built, so a cell in the last corner costs nothing.

use super::office::{main_part, properties, relations};
use super::xlsx_styles::{Styles, date};
use super::{Format, Output, Source};
use crate::error::Fault;
use crate::limits::{Limit, Limits};
use crate::piece::{Locator, Metadata};
use crate::xml::Node;
use crate::zipped::Package;

const PIECE: usize = 8 * 1024;

pub(super) const FORMAT: Format = Format {
    name: "xlsx",
    types: &[
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "application/vnd.ms-excel.sheet.macroEnabled.12",
    ],
    read,
};

fn read(source: &mut Source, limits: &Limits, output: &mut Output<'_>) -> Result<Metadata, Fault> {
    let mut package = Package::open(source, limits)?;
    let mut metadata = properties(&mut package);
    let main = main_part(&mut package, "xl/workbook.xml")?;
    let (mut sheets, mut since_1904) = (Vec::new(), false);
    package.needed_xml(&main, |node| {
        match node {
            Node::Start("workbookPr", attributes) => {
                since_1904 = matches!(attributes.get("date1904").as_deref(), Some("1" | "true"));
            }
            Node::Start("sheet", attributes) => {
                if let (Some(name), Some(id)) = (attributes.get("name"), attributes.relation()) {
                    sheets.push((name.chars().take(100).collect::<String>(), id));
                }
            }
            Node::Start(..) | Node::End(_) | Node::Text(_) => {}
        }
        Ok(())
    })?;
    let all = relations(&mut package, &main)?;
    let of_kind = |kind: &str| all.values().find(|r| r.kind == kind).map(|r| r.target.clone());
    let strings =
        of_kind("sharedStrings").map_or(Ok(Vec::new()), |part| shared_strings(&mut package, &part))?;
    let styles = of_kind("styles").map_or(Ok(Styles::default()), |part| Styles::read(&mut package, &part))?;
    let book = Book {
        strings,
        styles,
        since_1904,
    };
    let mut seen = std::collections::BTreeSet::new();
    for (name, id) in &sheets {
        let Some(part) = all.get(id).map(|r| r.target.as_str()) else {
            continue;
        };
        if seen.insert(part) && package.has(part) {
            book.sheet(&mut package, part, name, limits, output)?;
        }
    }
    metadata.pages = Some(seen.len() as u64);
    Ok(metadata)
}

fn shared_strings(package: &mut Package<'_>, part: &str) -> Result<Vec<String>, Fault> {
    let mut strings = Vec::new();
    let (mut text, mut in_text, mut phonetic) = (String::new(), false, false);
    package.xml(part, |node| {
        match node {
            Node::Start("si", _) => text.clear(),
            Node::Start("rPh", _) => phonetic = true,
            Node::End("rPh") => phonetic = false,
            Node::Start("t", _) => in_text = !phonetic,
            Node::End("t") => in_text = false,
            Node::Text(more) if in_text => text.push_str(more),
            Node::End("si") => strings.push(std::mem::take(&mut text)),
            Node::Start(..) | Node::End(_) | Node::Text(_) => {}
        }
        Ok(())
    })?;
    Ok(strings)
}

struct Book {
    strings: Vec<String>,
    styles: Styles,
    since_1904: bool,
}

impl Book {
    fn sheet(
        &self,
        package: &mut Package<'_>,
        part: &str,
        name: &str,
        limits: &Limits,
        output: &mut Output<'_>,
    ) -> Result<(), Fault> {
        let at = |first, last| Locator::Rows {
            sheet: Some(name.to_owned()),
            first,
            last,
        };
        let (mut piece, mut line) = (String::new(), String::new());
        let (mut first, mut row, mut columns) = (0_u64, 0_u64, 0_u64);
        let (mut kind, mut style, mut value, mut in_value) = (String::new(), 0_usize, String::new(), false);
        package.needed_xml(part, |node| {
            match node {
                Node::Start("row", attributes) => {
                    row = attributes
                        .get("r")
                        .and_then(|r| r.parse().ok())
                        .unwrap_or(row + 1);
                    columns = 0;
                }
                Node::Start("c", attributes) => {
                    columns += 1;
                    if columns > limits.columns {
                        let most = limits.columns;
                        return Err(Fault::limit(
                            Limit::Columns,
                            format!("{columns} columns of at most {most}"),
                        ));
                    }
                    kind = attributes.get("t").unwrap_or_default();
                    style = attributes.get("s").and_then(|s| s.parse().ok()).unwrap_or(0);
                    value.clear();
                }
                Node::Start("v", _) => in_value = true,
                Node::Start("t", _) => in_value = kind == "inlineStr",
                Node::End("v" | "t") => in_value = false,
                Node::Text(text) if in_value => value.push_str(text),
                Node::End("c") => {
                    let shown = self.shown(&kind, style, &value);
                    if !shown.trim().is_empty() {
                        if !line.is_empty() {
                            line.push('\t');
                        }
                        line.extend(shown.trim().chars().map(|c| if c == '\n' { ' ' } else { c }));
                    }
                }
                Node::End("row") if !line.is_empty() => {
                    if piece.is_empty() {
                        first = row;
                    }
                    piece.push_str(&line);
                    piece.push('\n');
                    line.clear();
                    if piece.len() >= PIECE {
                        output.emit(&at(first, row), &piece)?;
                        piece.clear();
                    }
                }
                Node::Start(..) | Node::End(_) | Node::Text(_) => {}
            }
            Ok(())
        })?;
        output.emit(&at(first, row), &piece)
    }

    /// The value as a person sees it.
    fn shown(&self, kind: &str, style: usize, value: &str) -> String {
        match kind {
            "s" => value
                .trim()
                .parse::<usize>()
                .ok()
                .and_then(|i| self.strings.get(i))
                .cloned()
                .unwrap_or_default(),
            "b" => if value.trim() == "1" { "true" } else { "false" }.to_owned(),
            "" | "n" if self.styles.is_date(style) => value
                .trim()
                .parse()
                .ok()
                .and_then(|days| date(days, self.since_1904))
                .unwrap_or_else(|| value.to_owned()),
            _ => value.to_owned(),
        }
    }
}
