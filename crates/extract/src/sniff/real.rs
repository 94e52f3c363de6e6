//! What a content is.

use serde::de::IgnoredAny;
use serde_json::error::Category;

/// Names in an archive that tell what it is. The order matters: a document may hold another one.
const BY_NAME: &[(&str, &str)] = &[
    ("META-INF/container.xml", "application/epub+zip"),
    (
        "word/document.xml",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ),
    (
        "xl/workbook.xml",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ),
    (
        "ppt/presentation.xml",
        "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    ),
    (
        "xl/workbook.bin",
        "application/vnd.ms-excel.sheet.binary.macroenabled.12",
    ),
    ("AndroidManifest.xml", "application/vnd.android.package-archive"),
    ("META-INF/MANIFEST.MF", "application/java-archive"),
];

/// Formats whose first entry is called `mimetype`, stored, and says it.
const BY_MIMETYPE: &[&str] = &[
    "application/epub+zip",
    "application/vnd.oasis.opendocument.text",
    "application/vnd.oasis.opendocument.spreadsheet",
    "application/vnd.oasis.opendocument.presentation",
];

/// Whether the names in its directory would tell more.
pub(super) fn names_matter(head: &[u8]) -> bool {
    head.starts_with(b"PK\x03\x04") || head.starts_with(b"PK\x05\x06")
}

/// The type of a content; empty if it is not known. `declared` only decides between kinds of text.
pub(super) fn of(head: &[u8], complete: bool, names: Option<&[String]>, declared: &str) -> &'static str {
    if head.is_empty() {
        // No words are a text too.
        return "text/plain";
    }
    if names_matter(head) {
        return archive(head, names);
    }
    if head.starts_with(b"glTF") {
        return "model/gltf-binary";
    }
    // Up to 1,024 bytes may stand before the mark of a PDF (ISO 32000-1, H.3.4.1).
    if head[..head.len().min(1029)].windows(5).any(|w| w == b"%PDF-") {
        return "application/pdf";
    }
    if let Some(text) = as_text(head, complete) {
        return text_kind(&text, complete, declared);
    }
    infer::get(head).map_or("", |t| t.mime_type())
}

fn archive(head: &[u8], names: Option<&[String]>) -> &'static str {
    // The first local header: name at 30, then extra, then the bytes.
    if head.get(30..38) == Some(b"mimetype") {
        let extra = head
            .get(28..30)
            .map_or(0, |b| usize::from(u16::from_le_bytes([b[0], b[1]])));
        let content = head.get(38 + extra..).unwrap_or_default();
        if let Some(found) = BY_MIMETYPE
            .iter()
            .filter(|m| content.starts_with(m.as_bytes()))
            .max_by_key(|m| m.len())
        {
            return found;
        }
    }
    for (name, found) in BY_NAME {
        if names.is_some_and(|names| {
            names
                .iter()
                .any(|n| n.trim_start_matches('/').eq_ignore_ascii_case(name))
        }) {
            return found;
        }
    }
    "application/zip"
}

/// The content as text, if it is one: no control characters that no text has.
fn as_text(head: &[u8], complete: bool) -> Option<String> {
    let encoding = crate::decode::detect(head, complete, None);
    if encoding != encoding_rs::UTF_8 && encoding_rs::Encoding::for_bom(head).is_none() {
        // Not UTF-8 and without a mark: a file with a sign of its own is that; else it may be an older encoding.
        if infer::get(head).is_some() {
            return None;
        }
    }
    let (text, _, _) = encoding.decode(head);
    let odd = |c: char| {
        (c.is_control() && !matches!(c, '\t' | '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{1b}')) || c == '\u{fffd}'
    };
    let (mut total, mut strange) = (0_usize, 0_usize);
    for c in text.chars() {
        total += 1;
        if c == '\0' {
            return None;
        }
        strange += usize::from(odd(c));
    }
    // A few bad bytes are a damaged text; more are no text. The cut at the end of the head may be one of them.
    (strange <= 1 + total / 200).then(|| text.into_owned())
}

fn text_kind(text: &str, complete: bool, declared: &str) -> &'static str {
    let start = text.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
    if start.starts_with(['{', '[']) || declared == "application/json" || declared.ends_with("+json") {
        match json(start, complete) {
            Json::Gltf => return "model/gltf+json",
            Json::Some => return "application/json",
            Json::Lines => return "application/x-ndjson",
            Json::No => {}
        }
    }
    if let Some(markup) = markup(start) {
        return markup;
    }
    // Between these the content can't decide; the word of the sender is taken.
    for kind in [
        "text/markdown",
        "text/csv",
        "text/tab-separated-values",
        "text/plain",
    ] {
        if declared == kind {
            return kind;
        }
    }
    if looks_like_a_table(text) {
        "text/csv"
    } else if looks_like_markdown(text) {
        "text/markdown"
    } else {
        "text/plain"
    }
}

enum Json {
    No,
    Some,
    Lines,
    Gltf,
}

fn json(text: &str, complete: bool) -> Json {
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<IgnoredAny>();
    let mut count = 0;
    loop {
        match values.next() {
            Some(Ok(_)) => count += 1,
            None if count == 1 => break,
            None if count > 1 => return Json::Lines,
            // The head ends inside a value: so far it was JSON.
            Some(Err(e)) if !complete && e.classify() == Category::Eof => {
                if count > 0 {
                    return Json::Lines;
                }
                break;
            }
            _ => return Json::No,
        }
    }
    if !text.starts_with(['{', '[', '"'])
        && text.trim().parse::<f64>().is_err()
        && !matches!(text.trim(), "true" | "false" | "null")
    {
        return Json::No;
    }
    // glTF 2.0, 3.2: `asset` with its `version` is the one thing every such file has.
    let gltf = text.starts_with('{')
        && text.find("\"asset\"").is_some_and(|at| {
            let after: String = text[at + 7..].chars().take(2000).collect();
            after
                .trim_start()
                .trim_start_matches(':')
                .trim_start()
                .starts_with('{')
                && after.contains("\"version\"")
        });
    if gltf { Json::Gltf } else { Json::Some }
}

fn markup(start: &str) -> Option<&'static str> {
    let mut rest = start;
    let mut xml = false;
    // Declarations and comments stand before the first element.
    for _ in 0..64 {
        rest = rest.trim_start();
        let end = if rest.starts_with("<?") {
            xml = true;
            rest.find("?>").map(|i| i + 2)
        } else if rest.starts_with("<!--") {
            rest.find("-->").map(|i| i + 3)
        } else if rest.get(..9).is_some_and(|d| d.eq_ignore_ascii_case("<!doctype")) {
            let name = rest[9..].trim_start();
            if name.get(..4).is_some_and(|n| n.eq_ignore_ascii_case("html")) && !xml {
                return Some("text/html");
            }
            xml = true;
            rest.find('>').map(|i| i + 1)
        } else {
            break;
        };
        let Some(end) = end else { break };
        rest = &rest[end..];
    }
    let name: String = rest
        .strip_prefix('<')?
        .chars()
        .take_while(|c| c.is_alphanumeric() || matches!(c, ':' | '-' | '_'))
        .collect::<String>()
        .to_ascii_lowercase();
    match name.as_str() {
        "svg" => Some("image/svg+xml"),
        "html" if xml || rest.contains("http://www.w3.org/1999/xhtml") && start.starts_with("<?xml") => {
            Some("application/xhtml+xml")
        }
        "html" | "head" | "body" | "script" | "iframe" | "title" | "table" | "div" | "p" | "h1" | "style"
        | "meta" | "a" => Some("text/html"),
        "" => None,
        _ if xml => Some("application/xml"),
        _ => None,
    }
}

/// Three lines or more with the same number of separators, one at least.
fn looks_like_a_table(text: &str) -> bool {
    // Separators between quotes belong to their cell.
    let count = |line: &str, separator: char| {
        line.split('"')
            .step_by(2)
            .map(|bare| bare.matches(separator).count())
            .sum()
    };
    [',', ';', '\t'].iter().any(|separator| {
        let mut counts = text
            .lines()
            .filter(|l| !l.trim().is_empty())
            .take(20)
            .map(|l| -> usize { count(l, *separator) });
        let first = counts.next().unwrap_or(0);
        // The last line of the head may be cut.
        let same = counts.clone().take_while(|c| *c == first).count();
        first >= 1 && same >= 2 && same + 1 >= counts.count()
    })
}

fn looks_like_markdown(text: &str) -> bool {
    let heading = |l: &str| {
        let marks = l.bytes().take_while(|b| *b == b'#').count();
        (1..=6).contains(&marks) && l[marks..].starts_with(' ')
    };
    text.lines()
        .take(200)
        .any(|l| heading(l) || l.starts_with("```") || (l.contains("](") && l.contains('[')))
}
