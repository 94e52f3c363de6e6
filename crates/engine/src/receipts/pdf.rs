//! Pages of text as PDF 1.4, with the fonts that every reader has.
//!
//! These fonts know the letters of Western Europe; another letter is told by its number, `<U+5951>`. Nothing is compressed, so
//! that the file can be read by anything.

const WIDTH: f64 = 595.0;
const HEIGHT: f64 = 842.0;
const MARGIN: f64 = 48.0;
/// Bytes of one line at 8 points, of which each takes 4.8.
const COLUMNS: usize = 103;

/// A document under way.
pub(super) struct Pdf {
    name: String,
    pages: Vec<Vec<u8>>,
    page: Vec<u8>,
    y: f64,
}

impl Pdf {
    pub(super) fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            pages: Vec::new(),
            page: Vec::new(),
            y: HEIGHT - MARGIN,
        }
    }

    pub(super) fn title(&mut self, text: &str) {
        for line in wrapped(&latin(text), 56) {
            self.line("F2", 15.0, 20.0, MARGIN, &line);
        }
    }

    pub(super) fn pair(&mut self, term: &str, value: &str) {
        let lines = wrapped(&latin(value), 62);
        for (i, line) in lines.iter().enumerate() {
            self.room(12.0);
            if i == 0 {
                self.text("F1", 8.0, MARGIN, &latin(term));
            }
            self.text("F1", 8.0, MARGIN + 190.0, line);
            self.y -= 12.0;
        }
    }

    pub(super) fn strong(&mut self, text: &str) {
        self.y -= 3.0;
        for line in wrapped(&latin(text), COLUMNS) {
            self.line("F2", 8.0, 10.0, MARGIN, &line);
        }
    }

    pub(super) fn plain(&mut self, text: &str) {
        for line in wrapped(&latin(text), COLUMNS) {
            self.line("F1", 8.0, 10.0, MARGIN, &line);
        }
    }

    pub(super) fn space(&mut self) {
        self.y -= 12.0;
    }

    fn room(&mut self, needed: f64) {
        if self.y - needed < MARGIN {
            self.turn();
        }
    }

    fn turn(&mut self) {
        self.pages.push(std::mem::take(&mut self.page));
        self.y = HEIGHT - MARGIN;
    }

    fn line(&mut self, font: &str, size: f64, height: f64, x: f64, bytes: &[u8]) {
        self.room(height);
        self.text(font, size, x, bytes);
        self.y -= height;
    }

    fn text(&mut self, font: &str, size: f64, x: f64, bytes: &[u8]) {
        let place = format!("BT /{font} {size} Tf {x:.1} {:.1} Td (", self.y - size);
        self.page.extend_from_slice(place.as_bytes());
        for b in bytes {
            if matches!(b, b'(' | b')' | b'\\') {
                self.page.push(b'\\');
            }
            self.page.push(*b);
        }
        self.page.extend_from_slice(b") Tj ET\n");
    }

    /// The file.
    pub(super) fn end(mut self) -> Vec<u8> {
        self.turn();
        let count = self.pages.len();
        let name = latin(&self.name);
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
        for b in &name {
            if matches!(b, b'(' | b')' | b'\\') {
                facts.push(b'\\');
            }
            facts.push(*b);
        }
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

/// Text in the letters of the fonts.
fn latin(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    for c in text.chars() {
        match c {
            ' '..='~' => bytes.push(c as u8),
            '\u{a0}'..='\u{ff}' => bytes.extend(u8::try_from(u32::from(c))),
            '\u{20ac}' => bytes.push(0x80),
            '\u{2013}' => bytes.push(0x96),
            '\u{2014}' => bytes.push(0x97),
            '\u{2018}' => bytes.push(0x91),
            '\u{2019}' => bytes.push(0x92),
            '\u{201c}' => bytes.push(0x93),
            '\u{201d}' => bytes.push(0x94),
            other => bytes.extend_from_slice(format!("<U+{:04X}>", u32::from(other)).as_bytes()),
        }
    }
    bytes
}

fn wrapped(bytes: &[u8], columns: usize) -> Vec<Vec<u8>> {
    if bytes.is_empty() {
        return vec![Vec::new()];
    }
    bytes.chunks(columns).map(<[u8]>::to_vec).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_points_at_each_of_its_objects() {
        let mut pdf = Pdf::new("Shoot (12 May)");
        pdf.title("Receipt: Müller \u{5951}");
        pdf.pair("Files", &"x".repeat(200));
        for i in 0..400 {
            pdf.strong(&format!("/a/{i}"));
            pdf.plain("1 bytes");
        }
        let bytes = pdf.end();
        let text: String = bytes.iter().map(|b| char::from(*b)).collect();
        assert!(text.contains("M\u{fc}ller <U+5951>") && text.contains("Shoot \\(12 May\\)"));
        let xref = text.rfind("xref\n0 ").unwrap();
        let places: Vec<usize> = text[xref..]
            .lines()
            .filter(|l| l.ends_with(" 00000 n "))
            .map(|l| l[..10].parse().unwrap())
            .collect();
        assert!(places.len() > 10);
        for (i, place) in places.iter().enumerate() {
            assert!(bytes[*place..].starts_with(format!("{} 0 obj", i + 1).as_bytes()));
        }
        let start: usize = text.lines().rev().nth(1).unwrap().parse().unwrap();
        assert!(bytes[start..].starts_with(b"xref"));
    }
}
