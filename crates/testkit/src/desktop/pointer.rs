//! The pointer of a person inside a window: pressed, drawn over something, let go.

use anyhow::{Context as _, Result};

use super::Desktop;

/// Movements between two places of a stroke: a hand does not jump.
const STEPS: i64 = 12;

impl Desktop {
    /// Presses and lets go at a place inside a window.
    ///
    /// # Errors
    /// There is no such window.
    pub fn press_at(&self, window: &str, at: (i64, i64)) -> Result<()> {
        self.stroke(window, &[at])
    }

    /// Presses with the second button, which opens a menu.
    ///
    /// # Errors
    /// There is no such window.
    pub fn press_for_menu(&self, window: &str, at: (i64, i64)) -> Result<()> {
        self.hand(window, &[at], "3", None)
    }

    /// Presses while a key is held down, as xdotool names it.
    ///
    /// # Errors
    /// There is no such window, or no such key.
    pub fn press_with(&self, key: &str, window: &str, at: (i64, i64)) -> Result<()> {
        self.hand(window, &[at], "1", Some(key))
    }

    /// Presses at the first place inside a window, moves over the others, and lets go at the last.
    ///
    /// # Errors
    /// There is no such window, or no place.
    pub fn stroke(&self, window: &str, places: &[(i64, i64)]) -> Result<()> {
        self.hand(window, places, "1", None)
    }

    fn hand(&self, window: &str, places: &[(i64, i64)], button: &str, key: Option<&str>) -> Result<()> {
        let found = self.tool(
            "xdotool",
            &["search", "--onlyvisible", "--name", &format!("^{window}$")],
        )?;
        let id = found.lines().next().context("no such window")?;
        let first = places.first().context("a stroke begins somewhere")?;
        let mut hand: Vec<String> = vec!["windowactivate".into(), "--sync".into(), id.into()];
        let mut to = |(x, y): (i64, i64), then: &[&str]| {
            hand.extend(["mousemove", "--window", id].map(str::to_owned));
            hand.extend([x.to_string(), y.to_string()]);
            hand.extend(["sleep", "0.015"].map(str::to_owned));
            hand.extend(then.iter().map(|&word| word.to_owned()));
        };
        if let Some(key) = key {
            to(*first, &["keydown", key]);
        }
        to(*first, &["mousedown", button]);
        for pair in places.windows(2) {
            let [from, end] = pair else { continue };
            for step in 1..=STEPS {
                let on = |from: i64, end: i64| from + (end - from) * step / STEPS;
                to((on(from.0, end.0), on(from.1, end.1)), &[]);
            }
        }
        to(places.last().copied().unwrap_or(*first), &["mouseup", button]);
        if let Some(key) = key {
            hand.extend(["keyup", key].map(str::to_owned));
        }
        let hand: Vec<&str> = hand.iter().map(String::as_str).collect();
        self.tool("xdotool", &hand).map(drop)
    }
}
