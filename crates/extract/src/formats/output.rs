//! Where readers put their text: counted, cleaned and cut into pieces.

use crate::error::Fault;
use crate::limits::{Limit, Limits};
use crate::piece::{Locator, Piece};

/// Bytes of one piece at most. Two pages of print; small enough to be sent as one line.
pub(crate) const PIECE: usize = 16 * 1024;

/// Takes text, gives pieces.
pub(crate) struct Output<'a> {
    limits: &'a Limits,
    sink: &'a mut dyn FnMut(Piece),
    pieces: u64,
    text_bytes: u64,
}

impl<'a> Output<'a> {
    pub(crate) fn new(limits: &'a Limits, sink: &'a mut dyn FnMut(Piece)) -> Self {
        Self {
            limits,
            sink,
            pieces: 0,
            text_bytes: 0,
        }
    }

    pub(crate) const fn pieces(&self) -> u64 {
        self.pieces
    }

    pub(crate) const fn text_bytes(&self) -> u64 {
        self.text_bytes
    }

    /// Gives `text`, in several pieces if it is long; blank text is left out.
    pub(crate) fn emit(&mut self, locator: &Locator, text: &str) -> Result<(), Fault> {
        let clean = clean(text);
        let mut rest = clean.as_str();
        while !rest.is_empty() {
            let (piece, after) = rest.split_at(cut(rest, PIECE));
            rest = after;
            let piece = piece.trim_end();
            if piece.trim_start().is_empty() {
                continue;
            }
            self.pieces += 1;
            self.text_bytes += piece.len() as u64;
            if self.text_bytes > self.limits.text_bytes || self.pieces > self.limits.pieces {
                return Err(Fault::limit(
                    Limit::Output,
                    format!(
                        "{} bytes of text or {} pieces",
                        self.limits.text_bytes, self.limits.pieces
                    ),
                ));
            }
            (self.sink)(Piece {
                locator: locator.clone(),
                text: piece.to_owned(),
            });
        }
        Ok(())
    }
}

/// Line ends are `\n`; other control characters but the tab are gone.
fn clean(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\r' if chars.peek() == Some(&'\n') => {}
            '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}' => clean.push('\n'),
            '\n' | '\t' => clean.push(c),
            c if c.is_control() || c == '\u{feff}' => {}
            c => clean.push(c),
        }
    }
    clean
}

/// Where to cut `text` so that at most `most` bytes come first: after a line, else after a space, else between characters.
fn cut(text: &str, most: usize) -> usize {
    if text.len() <= most {
        return text.len();
    }
    let end = text.floor_char_boundary(most);
    let window = &text[..end];
    let half = end / 2;
    let after = |at: Option<usize>| at.map(|i| i + 1).filter(|i| *i > half);
    after(window.rfind('\n'))
        .or_else(|| after(window.rfind(' ')))
        .unwrap_or(end)
}

/// Running text with headings: paragraphs are put together to pieces, a heading begins another section.
pub(crate) struct Flow<'o, 'a> {
    output: &'o mut Output<'a>,
    locator: Locator,
    text: String,
    /// A break that is due before the next text: none, space, line, paragraph.
    due: Break,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Break {
    None,
    Space,
    Line,
    Paragraph,
}

impl<'o, 'a> Flow<'o, 'a> {
    pub(crate) fn new(output: &'o mut Output<'a>, locator: Locator) -> Self {
        Self {
            output,
            locator,
            text: String::new(),
            due: Break::None,
        }
    }

    /// Text as it is written; white space inside is kept.
    pub(crate) fn text(&mut self, text: &str) {
        if text.is_empty() {
            return;
        }
        match self.due {
            _ if self.text.is_empty() => {}
            Break::None => {}
            Break::Space => self.text.push(' '),
            Break::Line => self.text.push('\n'),
            Break::Paragraph => self.text.push_str("\n\n"),
        }
        self.due = Break::None;
        self.text.push_str(text);
    }

    /// Text where any white space is one space, as in HTML.
    pub(crate) fn words(&mut self, text: &str) {
        if text.starts_with(|c: char| c.is_ascii_whitespace()) {
            self.space();
        }
        for (i, word) in text.split_ascii_whitespace().enumerate() {
            if i > 0 {
                self.space();
            }
            self.text(word);
        }
        if text.ends_with(|c: char| c.is_ascii_whitespace()) {
            self.space();
        }
    }

    /// A space before what follows.
    pub(crate) fn space(&mut self) {
        self.due = self.due.max(Break::Space);
    }

    /// A new line before what follows.
    pub(crate) fn line(&mut self) {
        self.due = self.due.max(Break::Line);
    }

    /// A new paragraph before what follows; a full piece goes out.
    pub(crate) fn paragraph(&mut self) -> Result<(), Fault> {
        self.due = Break::Paragraph;
        if self.text.len() >= PIECE / 2 {
            self.flush()?;
        }
        Ok(())
    }

    /// What follows stands elsewhere.
    pub(crate) fn go_to(&mut self, locator: Locator) -> Result<(), Fault> {
        self.flush()?;
        self.locator = locator;
        Ok(())
    }

    /// What is held and what follows stands at a place that got its name only now.
    pub(crate) fn rename(&mut self, locator: Locator) {
        self.locator = locator;
    }

    /// Gives what there is.
    pub(crate) fn flush(&mut self) -> Result<(), Fault> {
        self.due = Break::None;
        let text = std::mem::take(&mut self.text);
        self.output.emit(&self.locator, &text)
    }

    /// Gives a piece if the text became long without a paragraph.
    pub(crate) fn relieve(&mut self) -> Result<(), Fault> {
        if self.text.len() >= 4 * PIECE {
            let due = self.due;
            self.flush()?;
            self.due = due;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_text_is_cut_between_words_and_never_inside_a_character() {
        let limits = Limits::default();
        let text = "žluťoučký kůň ".repeat(3000) + &"東".repeat(20_000);
        let mut got = Vec::new();
        let mut sink = |p: Piece| got.push(p.text);
        Output::new(&limits, &mut sink)
            .emit(&Locator::Page { number: 1 }, &text)
            .expect("within limits");
        assert!(got.iter().all(|p| p.len() <= PIECE));
        assert!(got[0].ends_with("kůň") || got[0].ends_with("žluťoučký"));
        let joined: String = got.concat().split_whitespace().collect();
        assert_eq!(joined, text.split_whitespace().collect::<String>());
    }
}
