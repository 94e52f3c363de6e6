//! What may help another person to help: versions, choices, the shape of the queue, codes of errors, checks of destinations.
//!
//! Nothing of it names a file, a folder, a person, an address or a secret; what could is told by a short code that is the
//! same wherever the thing occurs in this bundle, and in no other.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use windlass_core::error::Failure;
use windlass_queue::{events, groups, settings, totals};

use crate::clock;
use crate::shell::Shared;
use crate::view::DiagnosticsSection;

/// Events told.
const EVENTS: usize = 200;
/// Choices that name nothing.
const PLAIN: &[&str] = &[
    "theme",
    "density",
    "motion",
    "language",
    "notifications",
    "limit",
    "connections",
    "small_share",
    "keep_awake",
    "metered",
    "battery_below",
    "power_saver",
    "schedule",
    "notify_sound",
    "watch_summary",
    "preflight",
    "duplicates",
    "start_hidden",
    "close_to_tray",
    "rate_unit",
    "log_level",
    "log_days",
    "paused",
];

pub(crate) async fn bundle(shared: &Shared) -> Result<Vec<DiagnosticsSection>, Failure> {
    let (chosen, list, counted, told) = shared
        .queue
        .read(|conn| {
            Ok((
                settings::all(conn)?,
                groups::list(conn)?,
                totals::totals_all(conn)?,
                events::page(conn, None, EVENTS)?,
            ))
        })
        .await?;
    let places = crate::places::list(shared).await?;
    let mut names = Codes::default();

    let mut versions = String::new();
    let _ = writeln!(versions, "windlass {}", env!("CARGO_PKG_VERSION"));
    let _ = writeln!(
        versions,
        "system {} {}",
        std::env::consts::OS,
        std::env::consts::ARCH
    );
    let _ = writeln!(versions, "made at {} ms", clock::now().as_millis());

    let mut choices = String::new();
    for (key, value) in chosen {
        if PLAIN.contains(&key.as_str()) {
            let _ = writeln!(choices, "{key} = {value}");
        }
    }

    let mut queue = String::new();
    for row in &list {
        let t = counted.get(&row.record.id).copied().unwrap_or_default();
        let _ = writeln!(
            queue,
            "{} {} intent {} to {}: {} files, {} done ({} deduplicated, {} unchanged), {} failed, {} left out, {} bytes of {}",
            names.of("group", &row.record.id.to_string()),
            row.record.state,
            row.record.intent.as_str(),
            names.of("destination", &row.record.destination.to_string()),
            t.total,
            t.done,
            t.deduplicated,
            t.unchanged,
            t.failed,
            t.rejected,
            t.bytes_done,
            t.bytes_total,
        );
    }

    let mut errors = String::new();
    for e in told {
        let e = e.event;
        let what = match e.scope {
            events::EventScope::App => "app".to_owned(),
            events::EventScope::Destination(id) => names.of("destination", &id.to_string()),
            events::EventScope::Group(id) => names.of("group", &id.to_string()),
            events::EventScope::File(id) => names.of("file", &id.to_string()),
        };
        let code = e.code.map(|c| format!("{} {c}", c.label())).unwrap_or_default();
        // The fact of an error may name a path: it stays here.
        let _ = writeln!(errors, "{} {} {what} {code}", e.at.as_millis(), e.kind);
    }

    let mut destinations = String::new();
    for place in places {
        let _ = writeln!(
            destinations,
            "{} {:?}{}: {}",
            names.of("destination", &place.id.to_string()),
            place.kind,
            if place.is_default { ", default" } else { "" },
            place
                .problem
                .map_or_else(|| "answers".to_owned(), |p| format!("{} {p}", p.label())),
        );
    }

    let section = |name: &str, text: String| DiagnosticsSection {
        name: name.to_owned(),
        text,
    };
    Ok(vec![
        section("versions", versions),
        section("settings", choices),
        section("destinations", destinations),
        section("queue", queue),
        section("errors", errors),
    ])
}

/// Short codes instead of names.
#[derive(Default)]
struct Codes(BTreeMap<String, usize>);

impl Codes {
    fn of(&mut self, kind: &str, id: &str) -> String {
        let next = self.0.len() + 1;
        let n = *self.0.entry(id.to_owned()).or_insert(next);
        format!("{kind}-{n}")
    }
}
