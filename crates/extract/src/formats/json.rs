//! JSON: one line `name: value` for each value, read as a stream; no tree is built.

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use std::cell::RefCell;
use std::fmt;
use std::io::BufReader;

use super::{Format, Output, Source};
use crate::error::Fault;
use crate::limits::{Limit, Limits};
use crate::piece::{Locator, Metadata};

const PIECE: usize = 8 * 1024;

pub(super) const FORMAT: Format = Format {
    name: "json",
    types: &["application/json", "model/gltf+json", "application/x-ndjson"],
    read,
};

fn read(source: &mut Source, limits: &Limits, output: &mut Output<'_>) -> Result<Metadata, Fault> {
    let (text, encoding) = source.decoded(|_| None)?;
    let state = RefCell::new(State {
        output,
        limits,
        path: String::new(),
        depth: 0,
        lines: String::new(),
        from: String::new(),
        fault: None,
    });
    let mut json = serde_json::Deserializer::from_reader(BufReader::new(text));
    // Several values one after another are JSON lines.
    let mut values = 0_u64;
    loop {
        match json.end() {
            Ok(()) if values > 0 => break,
            _ => {}
        }
        if let Err(e) = Value(&state, "").deserialize(&mut json) {
            let too_deep = e.to_string().starts_with("recursion limit");
            return Err(match state.into_inner().fault {
                Some(fault) => fault,
                None if too_deep => Fault::limit(Limit::Depth, "JSON values inside each other"),
                None => Fault::damaged(format_args!("JSON: {e}")),
            });
        }
        values += 1;
    }
    state.into_inner().flush()?;
    Ok(Metadata {
        encoding: Some(encoding.to_owned()),
        ..Metadata::default()
    })
}

struct State<'s, 'a> {
    output: &'s mut Output<'a>,
    limits: &'s Limits,
    path: String,
    depth: u64,
    lines: String,
    from: String,
    fault: Option<Fault>,
}

impl State<'_, '_> {
    fn line(&mut self, name: &str, value: &str) -> Result<(), Fault> {
        if self.lines.is_empty() {
            self.from = self.path.chars().take(300).collect();
        }
        if !name.is_empty() {
            self.lines.push_str(name);
            self.lines.push_str(": ");
        }
        self.lines.push_str(value);
        self.lines.push('\n');
        if self.lines.len() >= PIECE {
            self.flush()
        } else {
            Ok(())
        }
    }

    fn flush(&mut self) -> Result<(), Fault> {
        let lines = std::mem::take(&mut self.lines);
        self.output.emit(
            &Locator::Pointer {
                path: std::mem::take(&mut self.from),
            },
            &lines,
        )
    }
}

/// Visits a value; the name it stands under is written before it.
#[derive(Clone, Copy)]
struct Value<'v, 's, 'a>(&'v RefCell<State<'s, 'a>>, &'v str);

impl Value<'_, '_, '_> {
    fn scalar<E: serde::de::Error>(self, value: impl fmt::Display) -> Result<(), E> {
        let mut state = self.0.borrow_mut();
        state.line(self.1, &value.to_string()).map_err(|fault| {
            state.fault = Some(fault);
            E::custom("stopped")
        })
    }

    fn enter<E: serde::de::Error>(self) -> Result<(), E> {
        let mut state = self.0.borrow_mut();
        state.depth += 1;
        if state.depth > state.limits.depth {
            let most = state.limits.depth;
            state.fault = Some(Fault::limit(
                Limit::Depth,
                format!("{most} JSON values inside each other"),
            ));
            return Err(E::custom("stopped"));
        }
        Ok(())
    }

    /// Adds a step to the path; gives what the path has to be cut back to.
    fn step(self, name: &str) -> usize {
        let mut state = self.0.borrow_mut();
        let before = state.path.len();
        // The path of a hostile file would grow with depth times names; 1 KiB finds anything honest.
        if before < 1024 {
            state.path.push('/');
            let short: String = name.chars().take(200).collect();
            state.path.push_str(&short.replace('~', "~0").replace('/', "~1"));
        }
        before
    }
}

impl<'de> DeserializeSeed<'de> for Value<'_, '_, '_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Value<'_, '_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }
    fn visit_bool<E: serde::de::Error>(self, v: bool) -> Result<(), E> {
        self.scalar(v)
    }
    fn visit_i64<E: serde::de::Error>(self, v: i64) -> Result<(), E> {
        self.scalar(v)
    }
    fn visit_u64<E: serde::de::Error>(self, v: u64) -> Result<(), E> {
        self.scalar(v)
    }
    fn visit_f64<E: serde::de::Error>(self, v: f64) -> Result<(), E> {
        self.scalar(v)
    }
    fn visit_str<E: serde::de::Error>(self, v: &str) -> Result<(), E> {
        self.scalar(v)
    }
    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        self.enter()?;
        let mut i = 0_u64;
        loop {
            let before = self.step(&i.to_string());
            let more = items.next_element_seed(self)?;
            self.0.borrow_mut().path.truncate(before);
            if more.is_none() {
                break;
            }
            i += 1;
        }
        self.0.borrow_mut().depth -= 1;
        Ok(())
    }
    fn visit_map<A: MapAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        self.enter()?;
        while let Some(name) = items.next_key::<String>()? {
            let before = self.step(&name);
            items
                .next_value_seed(Value(self.0, &name))
                .map_err(A::Error::custom)?;
            self.0.borrow_mut().path.truncate(before);
        }
        self.0.borrow_mut().depth -= 1;
        Ok(())
    }
}
