//! kill -9 at several moments of one upload: what goes over the wire a second time.
//!
//! The sink's ledger is the judge. A PUT that was cut was in flight; a part that was answered twice was sent in vain.

use std::collections::BTreeMap;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use windlass_core::limits::PART_BYTES;

use super::Bench;
use crate::meter;
use crate::product::Product;
use crate::report::{Budget, Row, Unit};
use crate::sink::{Seen, Sink};

/// Each run is killed when it sent so many percent of the parts.
const SHARES: &[u64] = &[2, 18, 20, 20, 20, 15];
const PATIENCE: Duration = Duration::from_secs(120);
/// Between two looks; far less than a part takes.
const LOOK_EVERY: Duration = Duration::from_millis(2);
/// The sink notices a cut connection, and takes what lay in the socket, within this.
const SETTLES: Duration = Duration::from_millis(300);

pub(super) fn run(bench: &Bench<'_>) -> Result<Vec<Row>> {
    let bytes: u64 = bench.size(1 << 30, 256 << 20);
    let file = bench.data.file(bytes)?;
    bench.sink.reset()?;
    let windlass = Product::to_sink(bench.data, bench.sink)?;
    bench.sink.reset()?;
    let parts = bytes / PART_BYTES;
    let (mut kills, mut in_flight) = (0_u32, 0);
    for share in SHARES {
        let command = if kills == 0 {
            windlass.up(&file)?
        } else {
            windlass.resume()?
        };
        if !killed(command, bench.sink, (parts * share / 100).max(1))? {
            break;
        }
        kills += 1;
        thread::sleep(SETTLES);
        let cut = bench
            .sink
            .seen()?
            .iter()
            .filter(|put| put.answered_us.is_none())
            .count();
        println!("   killed after {share} % more: {} parts cut", cut - in_flight);
        in_flight = cut;
    }
    meter::run(windlass.resume()?)?;
    let seen = bench.sink.seen()?;
    let (again, twice) = sent_again(&seen);
    let megabytes = |bytes: u64| bytes as f64 / 1e6;
    let allowed = megabytes(in_flight as u64 * PART_BYTES);
    Ok(vec![
        Row::new(
            &format!("crash: sent again after {kills} kills"),
            Unit::Megabytes,
            vec![megabytes(again)],
        )
        .beside(&[allowed])
        .within(Budget::RatioAtMost(1.0))
        .noting("the floor is what was in flight at the kills, each part in full"),
        Row::new("crash: stored parts sent again", Unit::Count, vec![twice as f64])
            .within(Budget::AtMost(0.0)),
    ])
}

/// Starts it and kills it when so many parts more were answered. False when it ended before.
fn killed(mut command: Command, sink: &Sink, parts: u64) -> Result<bool> {
    let parts = sink.answered()? + parts;
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    let reached = reached(&mut child, sink, parts);
    // It fails only when it has ended already.
    let _ = child.kill();
    child.wait()?;
    reached
}

fn reached(child: &mut Child, sink: &Sink, parts: u64) -> Result<bool> {
    let began = Instant::now();
    while sink.answered()? < parts {
        if child.try_wait()?.is_some() {
            return Ok(false);
        }
        if began.elapsed() > PATIENCE {
            bail!("only {} of {parts} parts came in {PATIENCE:?}", sink.answered()?);
        }
        thread::sleep(LOOK_EVERY);
    }
    Ok(true)
}

/// Bytes that were sent in vain, and how many parts that were answered were sent once more.
fn sent_again(seen: &[Seen]) -> (u64, u64) {
    let mut answered: BTreeMap<(&str, u32), u64> = BTreeMap::new();
    let (mut bytes, mut twice) = (0, 0);
    for put in seen {
        if put.answered_us.is_none() {
            bytes += put.bytes;
            continue;
        }
        let times = answered.entry((&put.key, put.part)).or_default();
        *times += 1;
        if *times > 1 {
            bytes += put.bytes;
            twice += 1;
        }
    }
    (bytes, twice)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_put_counts_its_bytes_and_a_second_answer_counts_as_sent_in_vain() {
        let put = |part, bytes, answered_us| Seen {
            key: "k".to_owned(),
            part,
            bytes,
            began_us: 0,
            answered_us,
        };
        let seen = [
            put(1, 8, Some(1)),
            put(2, 3, None),
            put(2, 8, Some(2)),
            put(1, 8, Some(3)),
        ];
        assert_eq!(sent_again(&seen), (11, 1));
    }
}
