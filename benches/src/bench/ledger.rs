//! The ledger by itself, on SQLite and on PostgreSQL, as it grows from a thousand sessions to a million.
//!
//! What is timed are the ledger's own calls, without HTTP, clients and storage: whole batches from announce to proof, one
//! file after the other, and what is asked all the time (a status, a group's counts, the feed, claims, the sweep). A ledger
//! is flat when these cost the same at every size: a large and a small one are asked in turns, for minutes lie between two
//! sizes and the machine is not the same in them. Growth is by rows that the product wrote, copied under other ids with
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

/// Milliseconds, the median of each call.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Cost {
    /// One file from announce to proof.
    one: f64,
    status: f64,
    group: f64,
    feed: f64,
    claim: f64,
    sweep: f64,
}

/// What calls cost at one size.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Took {
    sessions: u64,
    /// Sessions a second from announce to proof, in batches of 1,000.
    batched: f64,
    /// The same with the processor time of this program alone.
    of_processor: f64,
    cost: Cost,
    /// The same on a small ledger, in turns with this one.
    small: Cost,
}

/// A call, and its figure.
type Figure = (&'static str, fn(&Cost) -> f64);
const FIGURES: &[Figure] = &[
    ("one file from announce to proof", |c| c.one),
    ("a status", |c| c.status),
    ("a group with its counts", |c| c.group),
    ("a page of the feed", |c| c.feed),
    ("a claim of 10 jobs", |c| c.claim),
    ("a look for quiet files", |c| c.sweep),
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
    let (database, small) = (server.database()?, server.database()?);
    let urls = [database.url(), small.url()];
    rows.extend(of("PostgreSQL", POSTGRES, measure(bench, Some(urls), sizes)?));
    Ok(rows)
}

fn measure(bench: &Bench<'_>, urls: Option<[&str; 2]>, sizes: &[u64]) -> Result<Vec<Took>> {
    let scratch = bench.data.scratch()?;
    let mut command = floor::inner("ledger")?;
    let sizes: Vec<String> = sizes.iter().map(u64::to_string).collect();
    command.arg(scratch.path()).arg(sizes.join(","));
    if let Some([database, small]) = urls {
        command.args(["--database", database, "--small", small]);
    }
    let out = meter::run(command)?.out;
    out.lines().map(|line| Ok(serde_json::from_str(line)?)).collect()
}

/// A row for each size, and one for each call at the largest.
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
    let Some(last) = all.last() else {
        return rows;
    };
    for (what, figure) in FIGURES {
        let name = format!("ledger on {place}: {what}, at {} sessions", last.sessions);
        let row = Row::new(&name, Unit::Milliseconds, vec![figure(&last.cost)])
            .beside(&[figure(&last.small)])
            .within(Budget::RatioAtMost(FLAT));
        rows.push(row.noting("the floor is the same on a ledger of a few thousand, in turns"));
    }
    rows
}

/// The process.
pub(crate) fn drive(dir: &Path, sizes: &[u64], urls: Option<[&str; 2]>) -> Result<()> {
    let open = |name: &str, url: Option<&str>| match url {
        None => Db::open_sqlite(&dir.join(name)),
        Some(url) => Db::open_postgres(url, CONNECTIONS),
    };
    let runtime = tokio::runtime::Runtime::new()?;
    let db = open("ledger.sqlite", urls.map(|[database, _]| database))?;
    let few = open("small.sqlite", urls.map(|[_, small]| small))?;
    let mut grown = grow::Grown::default();
    runtime.block_on(async {
        let ledgers = Ledgers::furnish(&db, dir).await?;
        let small = Ledgers::furnish(&few, dir).await?;
        for each in [&ledgers, &small] {
            each.template().await?;
        }
        for size in sizes {
            grown.to(&db, *size).await?;
            let (batched, of_processor) = ledgers.batches().await?;
            let [cost, of_small] = calls::in_turns([&ledgers, &small]).await?;
            let took = Took {
                sessions: *size,
                batched,
                of_processor,
                cost,
                small: of_small,
            };
            println!("{}", serde_json::to_string(&took)?);
        }
        few.close().await?;
        db.close().await?;
        Ok(())
    })
}
