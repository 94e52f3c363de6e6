//! A receipt's text as pages of PDF 1.4.
//!
//! A document is filled part by part and made at its end, when all its letters are known. They are then looked for in the fonts of
//! this system, and what is needed of those is embedded, so that the file looks the same elsewhere. A letter that no font has, and
//! whatever can't be seen or turns the text around, is told by its number, `<U+5951>`. A system without a font gets the pages in the
//! fonts that every reader has.

use std::collections::BTreeSet;

use fontdb::Database;
use windlass_core::error::Failure;

mod drawn;
mod fonts;
mod letters;
mod runs;
mod standard;

/// Of a page of A4, in points.
const WIDTH: f32 = 595.0;
const HEIGHT: f32 = 842.0;
const MARGIN: f32 = 48.0;
/// Of a term; beside it a SHA-256 fits into one line.
const TERM: f32 = 160.0;

/// A document under way.
pub(super) struct Pdf {
    name: String,
    parts: Vec<Part>,
}

enum Part {
    Title(String),
    Pair(String, String),
    Strong(String),
    Plain(String),
    Space,
}

/// How letters look: bold or not, and how many points high.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Look {
    strong: bool,
    size: f32,
}

const TITLE: Look = Look {
    strong: true,
    size: 15.0,
};
const STRONG: Look = Look {
    strong: true,
    size: 8.0,
};
const PLAIN: Look = Look {
    strong: false,
    size: 8.0,
};

/// What writes pages.
trait Hand {
    /// A text as lines that are not wider than this many points, in letters that the hand can write.
    fn lines(&self, text: &str, look: Look, width: f32) -> Vec<String>;
    /// Writes one of those lines. `x` and `y` are points from the left and the top of the page to the line's upper corner.
    fn put(&mut self, line: String, look: Look, x: f32, y: f32);
    /// Ends a page.
    fn turn(&mut self);
}

impl Pdf {
    pub(super) fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            parts: Vec::new(),
        }
    }

    pub(super) fn title(&mut self, text: &str) {
        self.parts.push(Part::Title(text.to_owned()));
    }

    pub(super) fn pair(&mut self, term: &str, value: &str) {
        self.parts.push(Part::Pair(term.to_owned(), value.to_owned()));
    }

    pub(super) fn strong(&mut self, text: &str) {
        self.parts.push(Part::Strong(text.to_owned()));
    }

    pub(super) fn plain(&mut self, text: &str) {
        self.parts.push(Part::Plain(text.to_owned()));
    }

    pub(super) fn space(&mut self) {
        self.parts.push(Part::Space);
    }

    /// The file. Looks through the fonts of the system: not for an async thread.
    ///
    /// # Errors
    /// `Internal` where a font of the system can't be embedded.
    pub(super) fn end(self) -> Result<Vec<u8>, Failure> {
        let mut system = Database::new();
        system.load_system_fonts();
        self.end_in(&system)
    }

    fn end_in(self, system: &Database) -> Result<Vec<u8>, Failure> {
        let Some(fonts) = self.fonts(system) else {
            let mut hand = standard::Standard::new(&self.name);
            write(self.parts, &mut hand);
            return Ok(hand.end());
        };
        let mut hand = drawn::Drawn::new(&fonts, &self.name);
        write(self.parts, &mut hand);
        hand.end()
    }

    fn fonts(&self, system: &Database) -> Option<fonts::Fonts> {
        let (mut plain, mut strong) = (BTreeSet::new(), BTreeSet::new());
        for part in &self.parts {
            match part {
                Part::Title(text) | Part::Strong(text) => strong.extend(text.chars()),
                Part::Pair(term, value) => plain.extend(term.chars().chain(value.chars())),
                Part::Plain(text) => plain.extend(text.chars()),
                Part::Space => {}
            }
        }
        fonts::Fonts::of(system, plain, strong)
    }
}

/// Lays the parts out on pages.
fn write(parts: Vec<Part>, hand: &mut impl Hand) {
    let full = WIDTH - 2.0 * MARGIN;
    let mut sheet = Sheet { hand, y: MARGIN };
    for part in parts {
        match part {
            Part::Title(text) => sheet.block(&text, TITLE, 20.0, full),
            Part::Pair(term, value) => sheet.pair(term, &value, full - TERM),
            Part::Strong(text) => {
                sheet.y += 3.0;
                sheet.block(&text, STRONG, 10.0, full);
            }
            Part::Plain(text) => sheet.block(&text, PLAIN, 10.0, full),
            Part::Space => sheet.y += 12.0,
        }
    }
    sheet.hand.turn();
}

struct Sheet<'a, H> {
    hand: &'a mut H,
    y: f32,
}

impl<H: Hand> Sheet<'_, H> {
    fn room(&mut self, needed: f32) {
        if self.y + needed > HEIGHT - MARGIN {
            self.hand.turn();
            self.y = MARGIN;
        }
    }

    fn block(&mut self, text: &str, look: Look, height: f32, width: f32) {
        for line in self.hand.lines(text, look, width) {
            self.room(height);
            self.hand.put(line, look, MARGIN, self.y);
            self.y += height;
        }
    }

    fn pair(&mut self, term: String, value: &str, width: f32) {
        let mut term = Some(term);
        for line in self.hand.lines(value, PLAIN, width) {
            self.room(12.0);
            if let Some(term) = term.take() {
                self.hand.put(term, PLAIN, MARGIN, self.y);
            }
            self.hand.put(line, PLAIN, MARGIN + TERM, self.y);
            self.y += 12.0;
        }
    }
}

#[cfg(test)]
mod tests;
