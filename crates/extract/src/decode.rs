//! Bytes in whatever encoding to UTF-8, as a stream.

use encoding_rs::{CoderResult, Decoder, Encoding, UTF_8, UTF_16BE, UTF_16LE};
use std::io::{self, Read};

/// How many bytes are looked at to find the encoding.
pub(crate) const HEAD: usize = 64 * 1024;

/// The encoding of a text by its beginning: byte order mark, UTF-8 by validity, UTF-16 by its zeros, else the best guess.
/// `complete` says that `head` is all there is. `label` is what the file itself claims (`<meta charset>`).
pub(crate) fn detect(head: &[u8], complete: bool, label: Option<&[u8]>) -> &'static Encoding {
    if let Some((encoding, _)) = Encoding::for_bom(head) {
        return encoding;
    }
    match std::str::from_utf8(head) {
        Ok(_) if !head.contains(&0) => return UTF_8,
        // The last character may be cut by the end of the head.
        Err(e) if !complete && e.error_len().is_none() && !head.contains(&0) => return UTF_8,
        _ => {}
    }
    if let Some(encoding) = utf_16_by_zeros(head) {
        return encoding;
    }
    if let Some(encoding) = label.and_then(Encoding::for_label) {
        return encoding;
    }
    let mut guess = chardetng::EncodingDetector::new(chardetng::Iso2022JpDetection::Allow);
    guess.feed(head, complete);
    guess.guess(None, chardetng::Utf8Detection::Allow)
}

/// Text in UTF-16 has its zeros on one side of each pair (letters, digits, spaces), and hardly any on the other.
fn utf_16_by_zeros(head: &[u8]) -> Option<&'static Encoding> {
    let pairs = head.len() / 2;
    if pairs == 0 {
        return None;
    }
    let zeros = |side: usize| head.iter().skip(side).step_by(2).filter(|b| **b == 0).count();
    let (even, odd) = (zeros(0), zeros(1));
    // Spaces and line ends alone are one in ten, also where the letters are not Latin.
    match (even * 16 > pairs, odd * 16 > pairs) {
        (false, true) if even * 100 <= pairs => Some(UTF_16LE),
        (true, false) if odd * 100 <= pairs => Some(UTF_16BE),
        _ => None,
    }
}

/// A reader of UTF-8 over a reader of anything. Bytes that mean nothing become U+FFFD; a byte order mark is left out.
pub(crate) struct Utf8<R> {
    inner: R,
    decoder: Decoder,
    raw: Box<[u8]>,
    text: String,
    given: usize,
    ended: bool,
}

impl<R: Read> Utf8<R> {
    pub(crate) fn new(inner: R, encoding: &'static Encoding) -> Self {
        Self {
            inner,
            decoder: encoding.new_decoder(),
            raw: vec![0; 32 * 1024].into_boxed_slice(),
            text: String::with_capacity(128 * 1024),
            given: 0,
            ended: false,
        }
    }

    /// The next characters; empty at the end.
    pub(crate) fn next_text(&mut self) -> io::Result<&str> {
        self.text.clear();
        self.given = 0;
        while self.text.is_empty() && !self.ended {
            let n = self.inner.read(&mut self.raw)?;
            self.ended = n == 0;
            let mut rest = &self.raw[..n];
            loop {
                let (result, read, _) = self.decoder.decode_to_string(rest, &mut self.text, self.ended);
                rest = &rest[read..];
                match result {
                    CoderResult::InputEmpty => break,
                    CoderResult::OutputFull => self.text.reserve(64 * 1024),
                }
            }
        }
        Ok(&self.text)
    }
}

impl<R: Read> Read for Utf8<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if self.given == self.text.len() {
            self.next_text()?;
        }
        let rest = self.text.as_bytes().get(self.given..).unwrap_or_default();
        let n = rest.len().min(buf.len());
        buf[..n].copy_from_slice(&rest[..n]);
        self.given += n;
        Ok(n)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> String {
        let encoding = detect(bytes, true, None);
        let mut text = String::new();
        Utf8::new(bytes, encoding)
            .read_to_string(&mut text)
            .expect("reads");
        text
    }

    #[test]
    fn each_encoding_is_read_with_and_without_a_mark() {
        let text = "Grüße, жизнь и 東京\nsecond line of text\n";
        assert_eq!(read(text.as_bytes()), text);
        assert_eq!(read(&[b"\xEF\xBB\xBF", text.as_bytes()].concat()), text);
        let le: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let be: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
        assert_eq!(read(&[b"\xFF\xFE", le.as_slice()].concat()), text);
        assert_eq!(read(&[b"\xFE\xFF", be.as_slice()].concat()), text);
        assert_eq!(read(&le), text);
        assert_eq!(read(&be), text);
    }

    #[test]
    fn older_encodings_are_guessed() {
        let german = "Die Größe der Straße überrascht die Gäste; schöne Grüße aus Köln. ".repeat(5);
        let (bytes, _, _) = encoding_rs::WINDOWS_1252.encode(&german);
        assert_eq!(read(&bytes), german);
        let japanese = "これは日本語の文章です。東京から大阪まで電車で行きました。".repeat(5);
        let (bytes, _, _) = encoding_rs::SHIFT_JIS.encode(&japanese);
        assert_eq!(read(&bytes), japanese);
    }
}
