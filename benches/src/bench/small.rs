//! Many small files: each tracked, completed and verified.

use anyhow::{Result, ensure};

use super::{Bench, Peers};
use crate::floor;
use crate::product::{self, Product};
use crate::report::{Budget, Row, Unit, median};

/// Files a second.
const RATE: f64 = 8_000.0;

pub(super) fn run(bench: &Bench<'_>) -> Result<Vec<Row>> {
    let count: u64 = bench.size(10_000, 1_000);
    let tree = bench.data.tree(count, 16 << 10)?;
    let rate = |seconds: f64| count as f64 / seconds;
    let (mut put, mut to_sink, mut inside_sink) = (Vec::new(), Vec::new(), Vec::new());
    let (mut copy, mut to_folder, mut inside_folder) = (Vec::new(), Vec::new(), Vec::new());
    let mut peers = Peers::new(bench);
    for _ in 0..bench.rounds() {
        bench.sink.reset()?;
        put.push(rate(floor::measure_put(bench.sink, &tree, true)?.seconds()));
        bench.sink.reset()?;
        let windlass = Product::to_sink(bench.data, bench.sink)?;
        let (spent, summary) = product::measured(windlass.up(&tree)?, count)?;
        let stored = bench.sink.objects()?;
        ensure!(stored >= count, "the sink has {stored} objects of {count}");
        println!(
            "   to the sink: windlass {:.2} s, {:.2} s of it inside",
            spent.seconds(),
            summary.seconds
        );
        to_sink.push(rate(spent.seconds()));
        inside_sink.push(rate(summary.seconds));
        peers.round(&tree)?;

        let scratch = bench.data.scratch()?;
        copy.push(rate(
            floor::measure_copy(&tree, &scratch.path().join("copy"))?.seconds(),
        ));
        let windlass = Product::to_folder(bench.data)?;
        let (spent, summary) = product::measured(windlass.up(&tree)?, count)?;
        println!(
            "   to a folder: windlass {:.2} s, {:.2} s of it inside",
            spent.seconds(),
            summary.seconds
        );
        to_folder.push(rate(spent.seconds()));
        inside_folder.push(rate(summary.seconds));
    }
    let start = |inside: &[f64]| {
        let rate = median(inside).unwrap_or_default();
        format!("{rate:.0}/s without start and end of the program")
    };
    let mut rows = vec![
        Row::new(
            &format!("small: {count} x 16 KiB to S3"),
            Unit::PerSecond,
            to_sink,
        )
        .beside(&put)
        .within(Budget::AtLeast(RATE))
        .noting(start(&inside_sink)),
        Row::new(
            &format!("small: {count} x 16 KiB to a folder"),
            Unit::PerSecond,
            to_folder,
        )
        .beside(&copy)
        .within(Budget::AtLeast(RATE))
        .noting(start(&inside_folder)),
    ];
    rows.extend(peers.rows(
        &format!("small: {count} x 16 KiB to S3"),
        Unit::PerSecond,
        &put,
        rate,
    ));
    Ok(rows)
}
