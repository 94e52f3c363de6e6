//! Rows of figures: the table on screen, and the file that is kept.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::Result;
use serde::{Deserialize, Serialize};

use crate::machine::Machine;

/// What a figure counts. Of times, CPU and memory less is better; of rates more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Unit {
    Seconds,
    Milliseconds,
    SecondsPerGigabyte,
    Megabytes,
    PerSecond,
    MegabytesPerSecond,
    Count,
}

impl Unit {
    const fn short(self) -> &'static str {
        match self {
            Self::Seconds => "s",
            Self::Milliseconds => "ms",
            Self::SecondsPerGigabyte => "s/GB",
            Self::Megabytes => "MB",
            Self::PerSecond => "/s",
            Self::MegabytesPerSecond => "MB/s",
            Self::Count => "",
        }
    }
}

/// A bound of `architecture.md` §9.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Budget {
    /// Of the subject's figure over the floor's.
    RatioAtMost(f64),
    /// Of the subject's figure over the floor's.
    RatioAtLeast(f64),
    AtMost(f64),
    AtLeast(f64),
}

impl Budget {
    fn told(self) -> String {
        match self {
            Self::RatioAtMost(x) => format!("<= {x} x"),
            Self::RatioAtLeast(x) => format!(">= {x} x"),
            Self::AtMost(x) => format!("<= {}", figure(x)),
            Self::AtLeast(x) => format!(">= {}", figure(x)),
        }
    }
}

/// One thing that was measured.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Row {
    /// Bench and what of it.
    pub(crate) name: String,
    /// Whose figure: `windlass`, or a peer.
    pub(crate) subject: String,
    pub(crate) unit: Unit,
    /// What the floor took, a sample a round. Empty where there is none.
    pub(crate) floor: Vec<f64>,
    /// What the subject took.
    pub(crate) samples: Vec<f64>,
    /// Median over median.
    pub(crate) ratio: Option<f64>,
    pub(crate) budget: Option<Budget>,
    pub(crate) met: Option<bool>,
    /// What one must know to read it, or why there is no figure.
    pub(crate) note: String,
}

impl Row {
    /// A figure of Windlass.
    pub(crate) fn new(name: &str, unit: Unit, samples: Vec<f64>) -> Self {
        Self {
            name: name.to_owned(),
            subject: "windlass".to_owned(),
            unit,
            floor: Vec::new(),
            samples,
            ratio: None,
            budget: None,
            met: None,
            note: String::new(),
        }
    }

    /// Something that could not be measured.
    pub(crate) fn not_measured(name: &str, why: &str) -> Self {
        let mut row = Self::new(name, Unit::Count, Vec::new());
        row.note = format!("not measured: {why}");
        row
    }

    pub(crate) fn of(mut self, subject: &str) -> Self {
        self.subject = subject.to_owned();
        self
    }

    pub(crate) fn beside(mut self, floor: &[f64]) -> Self {
        self.floor = floor.to_vec();
        self.ratio = median(&self.samples)
            .zip(median(floor))
            .map(|(ours, floor)| ours / floor);
        self
    }

    pub(crate) fn within(mut self, budget: Budget) -> Self {
        let ours = median(&self.samples);
        self.met = match budget {
            Budget::RatioAtMost(x) => self.ratio.map(|ratio| ratio <= x),
            Budget::RatioAtLeast(x) => self.ratio.map(|ratio| ratio >= x),
            Budget::AtMost(x) => ours.map(|ours| ours <= x),
            Budget::AtLeast(x) => ours.map(|ours| ours >= x),
        };
        self.budget = Some(budget);
        self
    }

    pub(crate) fn noting(mut self, note: impl Into<String>) -> Self {
        self.note = note.into();
        self
    }
}

/// All of a run.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Report {
    /// When, UTC.
    pub(crate) at: String,
    /// What was measured, as git names it; `-dirty` with changes that are in no commit.
    pub(crate) commit: String,
    /// True when sizes were small: such figures say little.
    pub(crate) quick: bool,
    pub(crate) machine: Option<Machine>,
    pub(crate) rows: Vec<Row>,
}

impl Report {
    /// For people.
    pub(crate) fn table(&self) -> String {
        let mut out = String::new();
        let wide = |f: fn(&Row) -> &str| self.rows.iter().map(|r| f(r).chars().count()).max().unwrap_or(0);
        let (names, subjects) = (wide(|r| &r.name), wide(|r| &r.subject));
        let _ = writeln!(
            out,
            "{:names$}  {:subjects$}  {:>24}  {:>24}  {:>7}  {:>10}",
            "what", "whose", "floor", "measured", "ratio", "budget"
        );
        for row in &self.rows {
            let ratio = row.ratio.map_or_else(String::new, |r| format!("{r:.2}"));
            let budget = row.budget.map_or_else(String::new, Budget::told);
            let met = match row.met {
                Some(true) => "met",
                Some(false) => "not met",
                None => "",
            };
            let line = format!(
                "{:names$}  {:subjects$}  {:>24}  {:>24}  {ratio:>7}  {budget:>10}  {met:7}  {}",
                row.name,
                row.subject,
                spread(&row.floor, row.unit),
                spread(&row.samples, row.unit),
                row.note
            );
            let _ = writeln!(out, "{}", line.trim_end());
        }
        out
    }

    /// Keeps it.
    pub(crate) fn save(&self, path: &Path) -> Result<()> {
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        let mut json = serde_json::to_string_pretty(self)?;
        json.push('\n');
        fs::write(path, json)?;
        Ok(())
    }

    pub(crate) fn read(path: &Path) -> Result<Self> {
        Ok(serde_json::from_slice(&fs::read(path)?)?)
    }
}

/// The middle one.
pub(crate) fn median(samples: &[f64]) -> Option<f64> {
    let mut sorted = samples.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    let upper = *sorted.get(middle)?;
    Some(if sorted.len() % 2 == 1 {
        upper
    } else {
        f64::midpoint(upper, *sorted.get(middle.checked_sub(1)?)?)
    })
}

/// Median, and from the least to the most.
fn spread(samples: &[f64], unit: Unit) -> String {
    let Some(middle) = median(samples) else {
        return "-".to_owned();
    };
    let middle = format!("{} {}", figure(middle), unit.short());
    let (least, most) = samples
        .iter()
        .fold((f64::MAX, f64::MIN), |(a, b), x| (a.min(*x), b.max(*x)));
    if samples.len() < 2 {
        return middle.trim_end().to_owned();
    }
    format!("{} ({}-{})", middle.trim_end(), figure(least), figure(most))
}

fn figure(x: f64) -> String {
    match x.abs() {
        a if a >= 100.0 => format!("{x:.0}"),
        a if a >= 10.0 => format!("{x:.1}"),
        a if a == a.trunc() => format!("{x:.0}"),
        _ => format!("{x:.2}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_is_met_by_the_medians_and_an_outlier_decides_nothing() {
        let row = Row::new("x", Unit::Seconds, vec![1.1, 9.0, 1.0]).beside(&[1.0, 1.0, 0.2]);
        assert_eq!(row.ratio, Some(1.1));
        assert_eq!(row.clone().within(Budget::RatioAtMost(1.15)).met, Some(true));
        assert_eq!(row.within(Budget::AtMost(1.05)).met, Some(false));
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), Some(2.5));
    }

    #[test]
    fn what_could_not_be_measured_meets_and_misses_nothing() {
        let row = Row::not_measured("x", "it is not here").within(Budget::AtMost(1.0));
        assert_eq!((row.met, row.ratio), (None, None));
        let report = Report {
            at: String::new(),
            commit: String::new(),
            quick: true,
            machine: None,
            rows: vec![row],
        };
        assert!(report.table().contains("not measured: it is not here"));
    }
}
