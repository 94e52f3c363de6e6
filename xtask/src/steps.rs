//! The steps of a verb, their times, and the table at the end.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};

/// How a step ended.
enum End {
    Done,
    Skipped(String),
    Failed,
}

/// What a step may say when it ends well.
pub(crate) enum Outcome {
    Done,
    /// Nothing to do, and why.
    Skipped(String),
}

impl From<()> for Outcome {
    fn from((): ()) -> Self {
        Self::Done
    }
}

/// Runs steps in order and remembers their times.
pub(crate) struct Steps {
    started: Instant,
    ended: Vec<(String, Duration, End)>,
}

impl Steps {
    pub(crate) fn new() -> Self {
        Self {
            started: Instant::now(),
            ended: Vec::new(),
        }
    }

    /// Runs one step. A failure prints the table and is passed on, so that `?` ends the verb.
    pub(crate) fn step<T: Into<Outcome>>(
        &mut self,
        name: &str,
        work: impl FnOnce() -> Result<T>,
    ) -> Result<()> {
        println!("\n== {name}");
        let began = Instant::now();
        let result = work();
        let took = began.elapsed();
        match result.map(Into::into) {
            Ok(Outcome::Done) => {
                println!("== {name}: done in {}", seconds(took));
                self.ended.push((name.to_owned(), took, End::Done));
                Ok(())
            }
            Ok(Outcome::Skipped(why)) => {
                println!("== {name}: skipped, {why}");
                self.ended.push((name.to_owned(), took, End::Skipped(why)));
                Ok(())
            }
            Err(why) => {
                println!("== {name}: FAILED after {}", seconds(took));
                self.ended.push((name.to_owned(), took, End::Failed));
                self.table();
                Err(why).with_context(|| format!("step \"{name}\" failed"))
            }
        }
    }

    /// Prints the table of a verb that ended well.
    pub(crate) fn finish(self) {
        self.table();
    }

    fn table(&self) {
        let width = self
            .ended
            .iter()
            .map(|(name, ..)| name.chars().count())
            .max()
            .unwrap_or(0);
        println!();
        for (name, took, end) in &self.ended {
            let end = match end {
                End::Done => "ok".to_owned(),
                End::Skipped(why) => format!("skipped: {why}"),
                End::Failed => "FAILED".to_owned(),
            };
            println!("  {name:width$}  {:>9}  {end}", seconds(*took));
        }
        println!("  {:width$}  {:>9}", "all", seconds(self.started.elapsed()));
    }
}

fn seconds(took: Duration) -> String {
    let all = took.as_secs_f64();
    if all < 60.0 {
        format!("{all:.1} s")
    } else {
        format!("{:.0} min {:02.0} s", (all / 60.0).floor(), all % 60.0)
    }
}
