//! Peak memory for very many files. Engine, control plane and command line are one process here, so the figure is of all three.

use anyhow::Result;

use super::Bench;
use crate::product::{self, Product};
use crate::report::{Budget, Row, Unit};

pub(super) fn run(bench: &Bench<'_>) -> Result<Vec<Row>> {
    let mut rows = vec![of(bench, bench.size(100_000, 5_000), 150.0)?];
    if bench.options.full {
        rows.push(of(bench, 1_000_000, 250.0)?);
    } else {
        rows.push(Row::not_measured(
            "memory: 1000000 files",
            "takes many minutes; --full does it",
        ));
    }
    Ok(rows)
}

/// Once: the peak hardly differs between runs.
fn of(bench: &Bench<'_>, count: u64, megabytes: f64) -> Result<Row> {
    let tree = bench.data.tree(count, 1 << 10)?;
    let windlass = Product::to_folder(bench.data)?;
    let (spent, _) = product::measured(windlass.up(&tree)?, count)?;
    let peak = spent.peak as f64 / 1e6;
    let rate = count as f64 / spent.seconds();
    println!("   {count} files: {peak:.0} MB, {rate:.0} files/s");
    let row = Row::new(
        &format!("memory: {count} files of 1 KiB to a folder"),
        Unit::Megabytes,
        vec![peak],
    );
    Ok(row
        .within(Budget::AtMost(megabytes))
        .noting(format!("{rate:.0} files/s")))
}
