//! Files that are one PUT each, but large.

use anyhow::Result;

use super::{Bench, Peers};
use crate::floor;
use crate::product::{self, Product};
use crate::report::{Budget, Row, Unit};

/// Of the floor's rate.
const RATE: f64 = 0.85;

pub(super) fn run(bench: &Bench<'_>) -> Result<Vec<Row>> {
    let count: u64 = bench.size(200, 24);
    let bytes: u64 = 8 << 20;
    let tree = bench.data.tree(count, bytes)?;
    let rate = |seconds: f64| (count * bytes) as f64 / 1e6 / seconds;
    let (mut floor, mut ours) = (Vec::new(), Vec::new());
    let mut peers = Peers::new(bench);
    for _ in 0..bench.rounds() {
        bench.sink.reset()?;
        floor.push(rate(floor::measure_put(bench.sink, &tree, true)?.seconds()));
        bench.sink.reset()?;
        let windlass = Product::to_sink(bench.data, bench.sink)?;
        let (spent, _) = product::measured(windlass.up(&tree)?, count)?;
        println!("   windlass {:.2} s", spent.seconds());
        ours.push(rate(spent.seconds()));
        peers.round(&tree)?;
    }
    let name = format!("medium: {count} x 8 MiB to S3");
    let row = Row::new(&name, Unit::MegabytesPerSecond, ours).beside(&floor);
    let mut rows = vec![row.within(Budget::RatioAtLeast(RATE))];
    rows.extend(peers.rows(&name, Unit::MegabytesPerSecond, &floor, rate));
    Ok(rows)
}
