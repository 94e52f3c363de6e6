//! Where words go: answers to stdout, complaints and progress to stderr, JSON to stdout.
//!
//! A reader that left (`windlass status | head -1`) is no error.

use std::io::{IsTerminal as _, Write as _};

use serde::Serialize;

use crate::exit::Trouble;

/// How this command speaks.
#[derive(Debug, Clone, Copy)]
pub struct Output {
    json: bool,
    colour_out: bool,
    colour_err: bool,
    bars: bool,
}

/// A line of JSON: its fields stay in the order of telling.
#[derive(Debug, Clone)]
pub struct Line(pub Vec<(&'static str, serde_json::Value)>);

impl Serialize for Line {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(k, v)| (k, v)))
    }
}

/// `event!("started", group: id, name: name)`: a [`Line`] with what happened first.
#[macro_export]
macro_rules! event {
    ($name:literal $(, $key:ident: $value:expr)* $(,)?) => {
        $crate::output::Line(vec![("event", serde_json::json!($name)) $(, (stringify!($key), serde_json::json!($value)))*])
    };
}

/// A colour with a meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ink {
    /// Fine.
    Good,
    /// To be known.
    Warn,
    /// Wrong.
    Bad,
    /// Beside the point.
    Dim,
    /// The point.
    Bold,
}

impl Output {
    /// As the terminal and the environment allow.
    #[must_use]
    pub fn new(json: bool) -> Self {
        let plain = std::env::var_os("NO_COLOR").is_some_and(|v| !v.is_empty());
        let dumb = std::env::var_os("TERM").is_some_and(|v| v == "dumb");
        let (out, err) = (std::io::stdout().is_terminal(), std::io::stderr().is_terminal());
        let colours = !plain && !dumb && !json;
        Self {
            json,
            colour_out: out && colours,
            colour_err: err && colours,
            bars: err && !dumb && !json,
        }
    }

    /// Lines of JSON were asked for.
    #[must_use]
    pub fn is_json(self) -> bool {
        self.json
    }

    /// Moving bars can be drawn.
    #[must_use]
    pub fn has_bars(self) -> bool {
        self.bars
    }

    /// An answer, in words.
    pub fn say(self, text: impl AsRef<str>) {
        let mut out = std::io::stdout().lock();
        let _ = writeln!(out, "{}", text.as_ref()).and_then(|()| out.flush());
    }

    /// A complaint or a remark, in words.
    pub fn tell(self, text: impl AsRef<str>) {
        let _ = writeln!(std::io::stderr().lock(), "{}", text.as_ref());
    }

    /// A line of JSON, where it was asked for.
    pub fn event(self, value: &impl Serialize) {
        if self.json
            && let Ok(line) = serde_json::to_string(value)
        {
            self.say(line);
        }
    }

    /// Coloured for stdout.
    #[must_use]
    pub fn ink(self, ink: Ink, text: &str) -> String {
        painted(self.colour_out, ink, text)
    }

    /// Coloured for stderr.
    #[must_use]
    pub fn ink_err(self, ink: Ink, text: &str) -> String {
        painted(self.colour_err, ink, text)
    }

    /// Tells why a command did not do what was asked.
    pub fn trouble(self, t: &Trouble) {
        let number = t.code.label();
        self.event(&crate::event!("error", code: t.code, number: number, what: t.what, detail: t.detail, todo: t.todo));
        let code = self.ink_err(Ink::Dim, &format!("({} {})", t.code.label(), t.code));
        self.tell(format!(
            "{} {} {code}",
            self.ink_err(Ink::Bad, "windlass:"),
            t.what
        ));
        for line in [&t.detail, &t.todo] {
            if !line.is_empty() {
                self.tell(format!("  {}", line.replace('\n', "\n  ")));
            }
        }
    }
}

fn painted(colour: bool, ink: Ink, text: &str) -> String {
    let code = match ink {
        Ink::Good => "32",
        Ink::Warn => "33",
        Ink::Bad => "31",
        Ink::Dim => "2",
        Ink::Bold => "1",
    };
    if colour {
        format!("\u{1b}[{code}m{text}\u{1b}[0m")
    } else {
        text.to_owned()
    }
}
