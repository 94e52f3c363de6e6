//! Pages in the fonts that every reader has: for a system without a font.
//!
//! These fonts know the letters of Western Europe; another letter is told by its number. Nothing is compressed, so that the file can
//! be read by anything.

use super::letters::{hidden, number};
use super::{HEIGHT, Hand, Look, WIDTH};

/// How wide each letter of the fonts is, of its height.
const LETTER: f32 = 0.6;

/// A document in the standard fonts.
pub(super) struct Standard {
    name: String,
    pages: Vec<Vec<u8>>,
    page: Vec<u8>,
}

impl Standard {
    pub(super) fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            pages: Vec::new(),
            page: Vec::new(),
        }
    }

    /// The file.
    pub(super) fn end(self) -> Vec<u8> {
        let count = self.pages.len();
        let mut out = b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n".to_vec();
        let mut places = Vec::new();
        let mut object = |out: &mut Vec<u8>, body: &[u8]| {
            places.push(out.len());
            out.extend_from_slice(format!("{} 0 obj\n", places.len()).as_bytes());
            out.extend_from_slice(body);
            out.extend_from_slice(b"\nendobj\n");
        };
        // 1: catalog, 2: pages, 3 and 4: fonts, 5: facts; then each page and its content.
        let kids: Vec<String> = (0..count).map(|i| format!("{} 0 R", 6 + 2 * i)).collect();
        object(&mut out, b"<< /Type /Catalog /Pages 2 0 R >>");
        object(
            &mut out,
            format!("<< /Type /Pages /Count {count} /Kids [{}] >>", kids.join(" ")).as_bytes(),
        );
        for font in ["Courier", "Courier-Bold"] {
            object(
                &mut out,
                format!("<< /Type /Font /Subtype /Type1 /BaseFont /{font} /Encoding /WinAnsiEncoding >>")
                    .as_bytes(),
            );
        }
        let mut facts = b"<< /Producer (Windlass) /Title (".to_vec();
        quoted(&mut facts, &latin(&self.name));
        facts.extend_from_slice(b") >>");
        object(&mut out, &facts);
        for (i, page) in self.pages.iter().enumerate() {
            object(
                &mut out,
                format!(
                    "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {WIDTH} {HEIGHT}] /Contents {} 0 R \
                     /Resources << /Font << /F1 3 0 R /F2 4 0 R >> >> >>",
                    7 + 2 * i
                )
                .as_bytes(),
            );
            let mut body = format!("<< /Length {} >>\nstream\n", page.len()).into_bytes();
            body.extend_from_slice(page);
            body.extend_from_slice(b"\nendstream");
            object(&mut out, &body);
        }
        let xref = out.len();
        out.extend_from_slice(format!("xref\n0 {}\n0000000000 65535 f \n", places.len() + 1).as_bytes());
        for place in &places {
            out.extend_from_slice(format!("{place:010} 00000 n \n").as_bytes());
        }
        out.extend_from_slice(
            format!(
                "trailer\n<< /Size {} /Root 1 0 R /Info 5 0 R >>\nstartxref\n{xref}\n%%EOF\n",
                places.len() + 1
            )
            .as_bytes(),
        );
        out
    }
}

impl Hand for Standard {
    fn lines(&self, text: &str, look: Look, width: f32) -> Vec<String> {
        let told: Vec<char> = text.chars().flat_map(told).collect();
        let columns = (width / (LETTER * look.size)) as usize;
        if told.is_empty() {
            return vec![String::new()];
        }
        told.chunks(columns.max(1))
            .map(|line| line.iter().collect())
            .collect()
    }

    fn put(&mut self, line: String, look: Look, x: f32, y: f32) {
        let font = if look.strong { "F2" } else { "F1" };
        let place = format!(
            "BT /{font} {} Tf {x:.1} {:.1} Td (",
            look.size,
            HEIGHT - y - look.size
        );
        self.page.extend_from_slice(place.as_bytes());
        quoted(&mut self.page, &latin(&line));
        self.page.extend_from_slice(b") Tj ET\n");
    }

    fn turn(&mut self) {
        self.pages.push(std::mem::take(&mut self.page));
    }
}

/// A letter, or its number.
fn told(c: char) -> Vec<char> {
    match byte(c) {
        Some(_) => vec![c],
        None => number(c).chars().collect(),
    }
}

/// Text in the letters of the fonts.
fn latin(text: &str) -> Vec<u8> {
    text.chars().flat_map(told).filter_map(byte).collect()
}

/// What a letter is in the encoding of the fonts.
fn byte(c: char) -> Option<u8> {
    match c {
        c if hidden(c) => None,
        ' '..='~' | '\u{a0}'..='\u{ff}' => u8::try_from(u32::from(c)).ok(),
        '\u{20ac}' => Some(0x80),
        '\u{2013}' => Some(0x96),
        '\u{2014}' => Some(0x97),
        '\u{2018}' => Some(0x91),
        '\u{2019}' => Some(0x92),
        '\u{201c}' => Some(0x93),
        '\u{201d}' => Some(0x94),
        _ => None,
    }
}

fn quoted(out: &mut Vec<u8>, bytes: &[u8]) {
    for b in bytes {
        if matches!(b, b'(' | b')' | b'\\') {
            out.push(b'\\');
        }
        out.push(*b);
    }
}
