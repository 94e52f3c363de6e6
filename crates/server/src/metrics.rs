//! Figures of this process, in the text format of Prometheus.
//!
//! Counted from the start of the process; whoever counts names one of [`FAMILIES`]. Figures that are a question to the
//! ledger are asked when they are read, not here.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// What a family is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// Only grows.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Seconds, in buckets.
    Histogram,
}

/// A family of figures.
#[derive(Debug, Clone, Copy)]
pub struct Family {
    /// Its name.
    pub name: &'static str,
    /// What it is.
    pub shape: Shape,
    /// What it says.
    pub help: &'static str,
}

const fn family(name: &'static str, shape: Shape, help: &'static str) -> Family {
    Family { name, shape, help }
}

/// All families.
pub const FAMILIES: &[Family] = &[
    family(
        "windlass_requests_total",
        Shape::Counter,
        "Requests by method, route and status.",
    ),
    family(
        "windlass_request_seconds",
        Shape::Histogram,
        "Time to the head of an answer, by route.",
    ),
    family(
        "windlass_requests_running",
        Shape::Gauge,
        "Requests that are being answered.",
    ),
    family("windlass_connections", Shape::Gauge, "Open connections."),
    family(
        "windlass_connections_refused_total",
        Shape::Counter,
        "Connections that were closed at once, by reason.",
    ),
    family(
        "windlass_panics_total",
        Shape::Counter,
        "Requests that ended in a defect of the program.",
    ),
    family(
        "windlass_job_attempts_total",
        Shape::Counter,
        "Attempts of jobs by this server's workers, by type and end.",
    ),
    family(
        "windlass_limited_total",
        Shape::Counter,
        "Requests refused by a limit, by which.",
    ),
    family(
        "windlass_unauthenticated_total",
        Shape::Counter,
        "Requests without a right token, by code.",
    ),
    family(
        "windlass_init_total",
        Shape::Counter,
        "Announced files by answer.",
    ),
    family(
        "windlass_signed_parts_total",
        Shape::Counter,
        "Signed URLs of parts.",
    ),
    family(
        "windlass_complete_total",
        Shape::Counter,
        "Completed files by outcome.",
    ),
    family(
        "windlass_complete_bytes_total",
        Shape::Counter,
        "Bytes of files that were proved at complete.",
    ),
    family(
        "windlass_deleted_total",
        Shape::Counter,
        "Deleted or cancelled files.",
    ),
    family(
        "windlass_blob_bytes_total",
        Shape::Counter,
        "Bytes of folder destinations over this server, by direction.",
    ),
    family(
        "windlass_sessions",
        Shape::Gauge,
        "Files by state of upload, in the ledger.",
    ),
    family(
        "windlass_jobs",
        Shape::Gauge,
        "Open jobs by state, in the ledger.",
    ),
    family(
        "windlass_outbox_entries",
        Shape::Gauge,
        "Newest number of the outbox.",
    ),
    family(
        "windlass_outbox_lag_seconds",
        Shape::Gauge,
        "Age of the oldest change that a webhook has not got yet; 0 when all have got all.",
    ),
    family("windlass_database_up", Shape::Gauge, "1 when the ledger answers."),
    family(
        "windlass_database_seconds",
        Shape::Gauge,
        "Time of the ledger's last trivial answer.",
    ),
    family(
        "windlass_database_connections",
        Shape::Gauge,
        "Connections that may be used to the ledger.",
    ),
    family(
        "windlass_start_time_seconds",
        Shape::Gauge,
        "When the process started, since 1970.",
    ),
];

/// Upper edges of the buckets, in seconds.
const EDGES: [f64; 13] = [
    0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0,
];

#[derive(Debug, Clone)]
enum Figure {
    Number(f64),
    Histogram {
        counts: [u64; EDGES.len()],
        sum: f64,
        count: u64,
    },
}

/// The figures of a process.
#[derive(Debug, Default)]
pub struct Metrics {
    figures: Mutex<BTreeMap<(&'static str, String), Figure>>,
}

impl Metrics {
    /// Adds to a counter.
    pub fn count(&self, name: &'static str, labels: &[(&str, &str)], by: u64) {
        self.number(name, labels, |n| *n += float(by));
    }

    /// Adds to a gauge; less than nothing too.
    pub fn add(&self, name: &'static str, labels: &[(&str, &str)], by: f64) {
        self.number(name, labels, |n| *n += by);
    }

    /// Sets a gauge.
    pub fn set(&self, name: &'static str, labels: &[(&str, &str)], to: f64) {
        self.number(name, labels, |n| *n = to);
    }

    /// Notes how long something took.
    pub fn observe(&self, name: &'static str, labels: &[(&str, &str)], took: Duration) {
        let seconds = took.as_secs_f64();
        let mut all = self.lock();
        let figure = all.entry((name, text(labels))).or_insert(Figure::Histogram {
            counts: [0; EDGES.len()],
            sum: 0.0,
            count: 0,
        });
        if let Figure::Histogram { counts, sum, count } = figure {
            for (n, edge) in counts.iter_mut().zip(EDGES) {
                *n += u64::from(seconds <= edge);
            }
            *sum += seconds;
            *count += 1;
        }
    }

    /// All of it, as Prometheus reads it.
    #[must_use]
    pub fn render(&self) -> String {
        let all = self.lock().clone();
        let mut out = String::with_capacity(16 << 10);
        for family in FAMILIES {
            let mine = all
                .range((family.name, String::new())..)
                .take_while(|((name, _), _)| *name == family.name);
            let mut is_first = true;
            for ((name, labels), figure) in mine {
                if std::mem::take(&mut is_first) {
                    let shape = match family.shape {
                        Shape::Counter => "counter",
                        Shape::Gauge => "gauge",
                        Shape::Histogram => "histogram",
                    };
                    // Writing to a string does not fail.
                    writeln!(out, "# HELP {name} {}\n# TYPE {name} {shape}", family.help).ok();
                }
                write_figure(&mut out, name, labels, figure);
            }
        }
        out
    }

    fn number(&self, name: &'static str, labels: &[(&str, &str)], change: impl FnOnce(&mut f64)) {
        debug_assert!(FAMILIES.iter().any(|f| f.name == name), "{name} is no family");
        let mut all = self.lock();
        if let Figure::Number(n) = all.entry((name, text(labels))).or_insert(Figure::Number(0.0)) {
            change(n);
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<(&'static str, String), Figure>> {
        self.figures.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn write_figure(out: &mut String, name: &str, labels: &str, figure: &Figure) {
    let braces = |more: &str| match (labels.is_empty(), more.is_empty()) {
        (true, true) => String::new(),
        (false, true) => format!("{{{labels}}}"),
        (true, false) => format!("{{{more}}}"),
        (false, false) => format!("{{{labels},{more}}}"),
    };
    match figure {
        Figure::Number(n) => {
            writeln!(out, "{name}{} {n}", braces("")).ok();
        }
        Figure::Histogram { counts, sum, count } => {
            for (n, edge) in counts.iter().zip(EDGES) {
                writeln!(out, "{name}_bucket{} {n}", braces(&format!("le=\"{edge}\""))).ok();
            }
            writeln!(out, "{name}_bucket{} {count}", braces("le=\"+Inf\"")).ok();
            writeln!(
                out,
                "{name}_sum{} {sum}\n{name}_count{} {count}",
                braces(""),
                braces("")
            )
            .ok();
        }
    }
}

fn text(labels: &[(&str, &str)]) -> String {
    let mut out = String::new();
    for (at, (name, value)) in labels.iter().enumerate() {
        let comma = if at == 0 { "" } else { "," };
        let value = value
            .replace('\\', "\\\\")
            .replace('"', "\\\"")
            .replace('\n', "\\n");
        write!(out, "{comma}{name}=\"{value}\"").ok();
    }
    out
}

#[expect(clippy::cast_precision_loss, reason = "Prometheus counts in floats")]
fn float(n: u64) -> f64 {
    n as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_family_is_counted_or_set_somewhere() {
        fn read(folder: &std::path::Path, all: &mut String) {
            for entry in std::fs::read_dir(folder).expect("a folder") {
                let path = entry.expect("an entry").path();
                if path.is_dir() {
                    read(&path, all);
                } else if path.extension().is_some_and(|e| e == "rs") && !path.ends_with("metrics.rs") {
                    all.push_str(&std::fs::read_to_string(&path).expect("text"));
                }
            }
        }
        let mut all = String::new();
        read(
            &std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src"),
            &mut all,
        );
        for family in FAMILIES {
            assert!(all.contains(&format!("\"{}\"", family.name)), "{}", family.name);
        }
    }

    #[test]
    fn figures_are_told_as_prometheus_reads_them() {
        let metrics = Metrics::default();
        let labels = [("method", "GET"), ("route", "/a\"b\n"), ("status", "200")];
        metrics.count("windlass_requests_total", &labels, 1);
        metrics.count("windlass_requests_total", &labels, 2);
        metrics.add("windlass_connections", &[], 2.0);
        metrics.add("windlass_connections", &[], -1.0);
        metrics.observe(
            "windlass_request_seconds",
            &[("route", "/x")],
            Duration::from_millis(20),
        );
        metrics.observe(
            "windlass_request_seconds",
            &[("route", "/x")],
            Duration::from_secs(60),
        );
        let text = metrics.render();
        for line in [
            "# TYPE windlass_requests_total counter",
            "windlass_requests_total{method=\"GET\",route=\"/a\\\"b\\n\",status=\"200\"} 3",
            "windlass_connections 1",
            "windlass_request_seconds_bucket{route=\"/x\",le=\"0.01\"} 0",
            "windlass_request_seconds_bucket{route=\"/x\",le=\"0.025\"} 1",
            "windlass_request_seconds_bucket{route=\"/x\",le=\"+Inf\"} 2",
            "windlass_request_seconds_count{route=\"/x\"} 2",
        ] {
            assert!(text.lines().any(|l| l == line), "{line}\n{text}");
        }
        assert_eq!(text.matches("# HELP windlass_request_seconds ").count(), 1);
    }
}
