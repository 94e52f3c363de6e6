//! Side by side with the machine's floor and other uploaders: `cargo xtask bench -- [NAMES] [--quick] [--compare FILE]`.
//!
//! Each bench runs the floor (the work that can't be left out, and nothing else), Windlass and the peers that are installed
//! in turns on the same files against the same storage, each in a process of its own. Times differ between machines and
//! hours, so budgets (`docs`: the table on screen) are ratios inside one run wherever they can be. A budget that is not met
//! is said and fails nothing.
//!
//! How to read it: everything lies in the page cache, so no disk is measured but where a bench writes; the storage
//! discards what it gets and shares the cores with who sends; both hold for floor, product and peers alike. A run is kept
//! in `benches/results/DATE.json`.

mod bench;
mod compare;
mod data;
mod floor;
mod machine;
mod meter;
mod options;
mod peers;
mod product;
mod report;
mod sink;

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use clap::Parser as _;
use windlass_engine::clock;

use crate::bench::{ALL, Bench};
use crate::data::Data;
use crate::options::{Inner, Options, Outer};
use crate::report::{Report, Row};
use crate::sink::Sink;

fn main() -> Result<()> {
    let options = Options::parse();
    match options.inner {
        Some(Outer::Inner { what }) => inner(what),
        None => measure(&options),
    }
}

fn inner(what: Inner) -> Result<()> {
    match what {
        Inner::Sink => sink::run(),
        Inner::FloorPut {
            address,
            source,
            no_hash,
        } => floor::put(&address, &source, !no_hash),
        Inner::FloorCopy { source, target } => floor::copy(&source, &target),
        Inner::FloorStat { source } => floor::stat(&source),
        Inner::LaunchSeed { home, source, target } => bench::launch::seed(&home, &source, &target),
        Inner::Launch { home } => bench::launch::launch(&home),
        Inner::ControlPlane {
            dir,
            sessions,
            database,
        } => bench::server::drive(&dir, sessions, database.as_deref()),
        Inner::Ledger {
            dir,
            sizes,
            database,
            small,
        } => {
            let urls = database.as_deref().zip(small.as_deref());
            bench::ledger::drive(&dir, &sizes, urls.map(|(database, small)| [database, small]))
        }
        Inner::Machine { dir, address } => machine::print(&dir, &address),
    }
}

fn measure(options: &Options) -> Result<()> {
    if options.names.iter().any(|name| name == "list") {
        ALL.iter()
            .for_each(|(name, what, _)| println!("{name:10} {what}"));
        return Ok(());
    }
    for name in &options.names {
        ensure!(
            ALL.iter().any(|(known, ..)| known == name),
            "no bench is called {name:?}; `list` names them"
        );
    }
    let then = options.compare.as_deref().map(Report::read).transpose();
    let then = then.context("the earlier results can't be read")?;
    let (data, sink) = (Data::new(options.data.clone())?, Sink::start()?);
    println!("== machine");
    let machine = machine::measure(data.dir(), &sink)?;
    println!("{}", machine.told());
    let peers = peers::installed();
    for (name, there) in peers::ALL
        .iter()
        .map(|peer| (peer.name, peers.iter().any(|p| p.name == peer.name)))
    {
        if !there {
            println!("   {name} is not installed and not compared");
        }
    }
    let bench = Bench {
        options,
        data: &data,
        sink: &sink,
        machine: &machine,
        peers: &peers,
    };
    let mut rows = Vec::new();
    for (name, what, run) in ALL {
        if !options.names.is_empty() && !options.names.iter().any(|wanted| wanted == name) {
            continue;
        }
        println!("== {name}: {what}");
        match run(&bench) {
            Ok(measured) => rows.extend(measured),
            Err(why) => {
                println!("   {why:#}");
                let first = format!("{why:#}").lines().next().unwrap_or_default().to_owned();
                rows.push(Row::not_measured(name, &first));
            }
        }
    }
    let report = Report {
        at: now(),
        commit: commit(),
        quick: options.quick,
        machine: Some(machine),
        rows,
    };
    println!("\n{}", report.table());
    if !options.no_save {
        let path = free_name(&report.at);
        report.save(&path)?;
        println!("kept in {}", path.display());
    }
    if let Some(then) = &then {
        println!("\n{}", compare::table(then, &report));
    }
    Ok(())
}

fn now() -> String {
    let now = jiff::Timestamp::from_millisecond(clock::now().as_millis()).unwrap_or_default();
    now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// `results/DATE.json`, or with a number when the day has one already.
fn free_name(at: &str) -> PathBuf {
    let results = Path::new(env!("CARGO_MANIFEST_DIR")).join("results");
    let day = at.split('T').next().unwrap_or(at);
    let names = std::iter::once(String::new()).chain((2..).map(|n| format!("-{n}")));
    let mut free = names
        .map(|number| results.join(format!("{day}{number}.json")))
        .filter(|path| !path.exists());
    free.next().unwrap_or(results)
}

fn commit() -> String {
    let mut git = Command::new("git");
    git.args(["describe", "--always", "--dirty", "--exclude=*"])
        .current_dir(env!("CARGO_MANIFEST_DIR"));
    let out = git.output().ok().filter(|out| out.status.success());
    out.map_or_else(
        || "unknown".to_owned(),
        |out| String::from_utf8_lossy(&out.stdout).trim().to_owned(),
    )
}
