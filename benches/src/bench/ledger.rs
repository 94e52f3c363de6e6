//! The ledger by itself, on SQLite and on PostgreSQL, as it grows from a thousand sessions to a million.
//!
//! What is timed are the ledger's own calls, without HTTP, clients and storage: whole batches from announce to proof, one
//! file after the other, and what is asked all the time (a status, a group's counts, the feed, claims, the sweep). A ledger
//! is flat when these cost the same at every size. Growth is by rows that the product wrote, copied under other ids with
//! their log and their jobs.

mod calls;
mod grow;

use std::path::Path;

use anyhow::Result;
use serde::{Deserialize, Serialize};
use windlass_server::db::Db;
use windlass_testkit::postgres::{Durability, Postgres};

use super::Bench;
use crate::floor;
use crate::meter;
use crate::report::{Budget, Row, Unit};
use calls::Ledgers;

/// Sessions a second in batches.
const SQLITE: f64 = 10_000.0;
const POSTGRES: f64 = 3_000.0;
/// What a call may cost at the largest size, over what it cost at the smallest.
const FLAT: f64 = 2.0;
/// Connections of one replica.
const CONNECTIONS: usize = 4;

/// What calls cost at one size.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Took {
    sessions: u64,
    /// Sessions a second from announce to proof, in batches of 1,000.
    batched: f64,
    /// The same with the processor time of this program alone.
    of_processor: f64,
    /// Milliseconds, the median: one file from announce to proof.
    one: f64,
    status: f64,
    group: f64,
    feed: f64,
    claim: f64,
    sweep: f64,
}

/// A call, and its figure.
type Figure = (&'static str, fn(&Took) -> f64);
const FIGURES: &[Figure] = &[
    ("one file from announce to proof", |t| t.one),
    ("a status", |t| t.status),
    ("a group with its counts", |t| t.group),
    ("a page of the feed", |t| t.feed),
    ("a claim of 10 jobs", |t| t.claim),
    ("a look for quiet files", |t| t.sweep),
];

pub(super) fn run(bench: &Bench<'_>) -> Result<Vec<Row>> {
    let sizes: &[u64] = match (bench.options.quick, bench.options.full) {
        (true, _) => &[1_000, 5_000],
        (false, false) => &[1_000, 10_000, 100_000],
        (false, true) => &[1_000, 10_000, 100_000, 1_000_000],
    };
    let mut rows = of("SQLite", SQLITE, measure(bench, None, sizes)?);
    // With fsync, as it is meant to be run.
    let server = std::sync::Arc::new(Postgres::start(Durability::Safe)?);
    let database = server.database()?;
    rows.extend(of(
        "PostgreSQL",
        POSTGRES,
        measure(bench, Some(database.url()), sizes)?,
    ));
    Ok(rows)
}

fn measure(bench: &Bench<'_>, url: Option<&str>, sizes: &[u64]) -> Result<Vec<Took>> {
    let scratch = bench.data.scratch()?;
    let mut command = floor::inner("ledger")?;
    let sizes: Vec<String> = sizes.iter().map(u64::to_string).collect();
    command.arg(scratch.path()).arg(sizes.join(","));
    if let Some(url) = url {
        command.args(["--database", url]);
    }
    let out = meter::run(command)?.out;
    out.lines().map(|line| Ok(serde_json::from_str(line)?)).collect()
}

/// A row for each size, and one for each call from the smallest to the largest.
fn of(place: &str, budget: f64, all: Vec<Took>) -> Vec<Row> {
    let mut rows = Vec::new();
    for took in &all {
        println!("   {place}: {took:?}");
        let name = format!("ledger on {place}: batches at {} sessions", took.sessions);
        let row = Row::new(&name, Unit::PerSecond, vec![took.batched]).within(Budget::AtLeast(budget));
        rows.push(row.noting(format!(
            "{:.0}/s of this program's processor time",
            took.of_processor
        )));
    }
    let (Some(first), Some(last)) = (all.first(), all.last()) else {
        return rows;
    };
    for (what, figure) in FIGURES {
        let name = format!("ledger on {place}: {what}, at {} sessions", last.sessions);
        let row = Row::new(&name, Unit::Milliseconds, vec![figure(last)])
            .beside(&[figure(first)])
            .within(Budget::RatioAtMost(FLAT));
        rows.push(row.noting(format!("the floor is the same at {} sessions", first.sessions)));
    }
    rows
}

/// The process.
pub(crate) fn drive(dir: &Path, sizes: &[u64], url: Option<&str>) -> Result<()> {
    let open = || match url {
        None => Db::open_sqlite(&dir.join("ledger.sqlite")),
        Some(url) => Db::open_postgres(url, CONNECTIONS),
    };
    let runtime = tokio::runtime::Runtime::new()?;
    let (db, mut grown) = (open()?, grow::Grown::default());
    runtime.block_on(async {
        let ledgers = Ledgers::furnish(&db, dir).await?;
        ledgers.template().await?;
        for size in sizes {
            grown.to(&db, *size).await?;
            let took = ledgers.measure(*size).await?;
            println!("{}", serde_json::to_string(&took)?);
        }
        db.close().await?;
        Ok(())
    })
}
