//! One large file to the sink: how near to the floor, and at what CPU.

use anyhow::Result;

use super::{Bench, Peers};
use crate::floor;
use crate::product::{self, Product};
use crate::report::{Budget, Row, Unit, median};

/// Over reads, hashes and PUTs alone.
const WALL: f64 = 1.15;
/// Seconds a GB, without the content hash.
const CPU: f64 = 0.8;

/// Measures of one setting.
#[derive(Default)]
struct Series {
    floor: Vec<f64>,
    wall: Vec<f64>,
    inside: Vec<f64>,
    floor_cpu: Vec<f64>,
    cpu: Vec<f64>,
}

pub(super) fn run(bench: &Bench<'_>) -> Result<Vec<Row>> {
    let bytes: u64 = bench.size(4 << 30, 256 << 20);
    let gigabytes = bytes as f64 / 1e9;
    let file = bench.data.file(bytes)?;
    let (mut hashed, mut plain) = (Series::default(), Series::default());
    let mut peers = Peers::new(bench);
    for _ in 0..bench.rounds() {
        for (series, hash) in [(&mut hashed, true), (&mut plain, false)] {
            bench.sink.reset()?;
            let floor = floor::measure_put(bench.sink, &file, hash)?;
            bench.sink.reset()?;
            let mut windlass = Product::to_sink(bench.data, bench.sink)?;
            if !hash {
                windlass = windlass.without_content_hash()?;
            }
            let (spent, summary) = product::measured(windlass.up(&file)?, 1)?;
            println!(
                "   content hash {}: floor {:.2} s, windlass {:.2} s",
                if hash { "always" } else { "never" },
                floor.seconds(),
                spent.seconds()
            );
            series.floor.push(floor.seconds());
            series.wall.push(spent.seconds());
            series.inside.push(summary.seconds);
            series.floor_cpu.push(floor.cpu.as_secs_f64() / gigabytes);
            series.cpu.push(spent.cpu.as_secs_f64() / gigabytes);
        }
        peers.round(&file)?;
    }
    let size = format!("{} MiB", bytes >> 20);
    let cost = bench.machine.hash_cost();
    let with = |what: &str, series: &Series, cpu: f64, note: String| {
        let inside = median(&series.inside).unwrap_or_default();
        let time = Row::new(
            &format!("big: {size}, {what}, time"),
            Unit::Seconds,
            series.wall.clone(),
        );
        let spent = Row::new(
            &format!("big: {size}, {what}, CPU"),
            Unit::SecondsPerGigabyte,
            series.cpu.clone(),
        );
        [
            time.beside(&series.floor)
                .within(Budget::RatioAtMost(WALL))
                .noting(format!("{inside:.2} s without start and end of the program")),
            spent
                .beside(&series.floor_cpu)
                .within(Budget::AtMost(cpu))
                .noting(note),
        ]
    };
    let note = format!("of the budget {cost:.2} for SHA-256 on this CPU");
    let mut rows = Vec::from(with("hash always", &hashed, CPU + cost, note));
    rows.extend(with("hash never", &plain, CPU, String::new()));
    rows.extend(peers.rows(&format!("big: {size}, time"), Unit::Seconds, &plain.floor, |s| s));
    Ok(rows)
}
