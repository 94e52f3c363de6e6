//! The benches, one file each. A bench returns rows; it fails only when nothing can be measured.

mod big;
mod crash;
pub(crate) mod launch;
pub(crate) mod ledger;
mod medium;
mod memory;
pub(crate) mod server;
mod small;
mod unchanged;
mod window;

use std::path::Path;

use anyhow::Result;

use crate::data::Data;
use crate::machine::Machine;
use crate::options::Options;
use crate::peers::Peer;
use crate::report::{Row, Unit};
use crate::sink::Sink;

/// What a bench works with.
pub(crate) struct Bench<'a> {
    pub(crate) options: &'a Options,
    pub(crate) data: &'a Data,
    pub(crate) sink: &'a Sink,
    pub(crate) machine: &'a Machine,
    pub(crate) peers: &'a [Peer],
}

/// A bench.
type Run = fn(&Bench<'_>) -> Result<Vec<Row>>;

/// Name, what it is, how it is run.
pub(crate) const ALL: &[(&str, &str, Run)] = &[
    ("big", "one large file to the sink", big::run),
    (
        "small",
        "10,000 files of 16 KiB to the sink and to a folder",
        small::run,
    ),
    ("medium", "200 files of 8 MiB to the sink", medium::run),
    (
        "unchanged",
        "10,000 files that were uploaded before",
        unchanged::run,
    ),
    ("memory", "peak memory for very many files", memory::run),
    ("launch", "a queue with 100,000 interrupted sessions", launch::run),
    ("crash", "kill -9 at several moments", crash::run),
    ("server", "the control plane alone", server::run),
    ("ledger", "the ledger alone, as it grows", ledger::run),
    ("window", "first paint", window::run),
];

impl Bench<'_> {
    /// The size that was asked for.
    fn size<T>(&self, real: T, quick: T) -> T {
        if self.options.quick { quick } else { real }
    }

    fn rounds(&self) -> u32 {
        self.options.rounds
    }
}

/// What each peer took, a list a peer: filled a round at a time.
struct Peers<'a> {
    bench: &'a Bench<'a>,
    took: Vec<(Peer, Vec<f64>, Option<String>)>,
}

impl<'a> Peers<'a> {
    fn new(bench: &'a Bench<'a>) -> Self {
        let took = bench.peers.iter().map(|peer| (*peer, Vec::new(), None));
        Self {
            bench,
            took: took.collect(),
        }
    }

    /// Each uploads once. One that fails is told, and not tried again.
    fn round(&mut self, source: &Path) -> Result<()> {
        for (peer, seconds, failed) in self.took.iter_mut().filter(|(.., failed)| failed.is_none()) {
            self.bench.sink.reset()?;
            match peer.run(source, self.bench.sink) {
                Ok(spent) => {
                    println!("   {}: {:.2} s", peer.name, spent.seconds());
                    seconds.push(spent.seconds());
                }
                Err(why) => {
                    println!("   {}: {why:#}", peer.name);
                    *failed = Some(format!("{why:#}").lines().last().unwrap_or_default().to_owned());
                }
            }
        }
        Ok(())
    }

    /// Rows beside the same floor. `to_figure` makes the unit of seconds.
    fn rows(self, name: &str, unit: Unit, floor: &[f64], to_figure: impl Fn(f64) -> f64) -> Vec<Row> {
        let row = |(peer, seconds, failed): (Peer, Vec<f64>, Option<String>)| {
            let figures = seconds.into_iter().map(&to_figure).collect();
            let row = Row::new(name, unit, figures).beside(floor).of(peer.name);
            match failed {
                Some(why) => row.noting(format!("failed: {why}")),
                None => row,
            }
        };
        self.took.into_iter().map(row).collect()
    }
}
