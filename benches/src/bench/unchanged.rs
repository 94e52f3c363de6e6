//! The same folder again, nothing changed: not a byte moves.

use anyhow::{Result, ensure};

use super::Bench;
use crate::floor;
use crate::product::{self, Product};
use crate::report::{Budget, Row, Unit};

/// Over looking at each file.
const TIME: f64 = 5.0;

pub(super) fn run(bench: &Bench<'_>) -> Result<Vec<Row>> {
    let count: u64 = bench.size(10_000, 1_000);
    let tree = bench.data.tree(count, 16 << 10)?;
    bench.sink.reset()?;
    let windlass = Product::to_sink(bench.data, bench.sink)?;
    product::measured(windlass.up(&tree)?, count)?;
    let (mut stat, mut command, mut inside) = (Vec::new(), Vec::new(), Vec::new());
    let mut note = String::new();
    for _ in 0..bench.rounds() {
        stat.push(floor::measure_stat(&tree)?.seconds() * 1e3);
        let (spent, summary) = product::measured(windlass.up(&tree)?, count)?;
        ensure!(
            summary.unchanged + summary.deduplicated == count && summary.bytes_sent == 0,
            "something was sent: {summary:?}"
        );
        if summary.deduplicated > 0 {
            note = format!("{} of them looked up by their hash", summary.deduplicated);
        }
        println!(
            "   windlass {:.3} s, {:.3} s of it inside",
            spent.seconds(),
            summary.seconds
        );
        command.push(spent.seconds() * 1e3);
        inside.push(summary.seconds * 1e3);
    }
    let mut rows = vec![
        Row::new(
            &format!("unchanged: {count} files, whole command"),
            Unit::Milliseconds,
            command,
        )
        .beside(&stat)
        .within(Budget::RatioAtMost(TIME))
        .noting(note),
        Row::new(
            &format!("unchanged: {count} files, inside"),
            Unit::Milliseconds,
            inside,
        )
        .beside(&stat)
        .noting("without start and end of the program: what a drop on the window costs"),
    ];
    rows.extend(peers(bench, &tree, count, &stat)?);
    Ok(rows)
}

/// Those that look before they send.
fn peers(bench: &Bench<'_>, tree: &std::path::Path, count: u64, stat: &[f64]) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    for peer in bench.peers.iter().filter(|peer| peer.name == "rclone") {
        bench.sink.reset()?;
        peer.run(tree, bench.sink)?;
        let again: Result<Vec<f64>> = (0..bench.rounds())
            .map(|_| Ok(peer.run(tree, bench.sink)?.seconds() * 1e3))
            .collect();
        let name = format!("unchanged: {count} files, whole command");
        rows.push(
            Row::new(&name, Unit::Milliseconds, again?)
                .beside(stat)
                .of(peer.name),
        );
    }
    Ok(rows)
}
