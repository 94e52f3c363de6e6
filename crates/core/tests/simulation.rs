//! The machine against a simulated world: thousands of seeds, each reproducible by its number.
//!
//! `WINDLASS_SIM_SEEDS=n` runs n seeds, `WINDLASS_SIM_SEED=n` that one with its whole log.

#![expect(clippy::expect_used, reason = "a test that can't go on says so")]

#[path = "simulation/calls.rs"]
mod calls;
#[path = "simulation/disk.rs"]
mod disk;
#[path = "simulation/oracle.rs"]
mod oracle;
#[path = "simulation/person.rs"]
mod person;
#[path = "simulation/queue.rs"]
mod queue;
#[path = "simulation/rng.rs"]
mod rng;
#[path = "simulation/run.rs"]
mod run;
#[path = "simulation/server.rs"]
mod server;
#[path = "simulation/world.rs"]
mod world;

use oracle::Seen;

/// So many are run unless told otherwise.
const SEEDS: u64 = 1_000;

/// What so many seeds meet; one that is not met any more shows that the simulation went blind.
const MEETS: [&str; 32] = [
    "complete: failed",
    "complete: parts missing",
    "complete: settled",
    "complete: verifying",
    "crash",
    "done",
    "failed",
    "found: continues",
    "found: fewer stored",
    "found: file changed",
    "found: file missing",
    "found: finishes",
    "found: more stored",
    "found: not started",
    "found: session gone",
    "found: was finished",
    "group: cancelled",
    "group: completed",
    "init: follow",
    "init: hash first",
    "init: refused",
    "init: settled",
    "init: upload",
    "notice: done",
    "notice: needs you",
    "put",
    "put: cut",
    "put: streamed",
    "removed",
    "stale",
    "start over",
    "the clock is set",
];

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().and_then(|v| v.parse().ok())
}

#[test]
fn whatever_happens_no_ground_is_lost() {
    if let Some(seed) = number("WINDLASS_SIM_SEED") {
        run::run_logged(seed, true);
        return;
    }
    let mut seen = Seen::new();
    let mut failed = Vec::new();
    let seeds = number("WINDLASS_SIM_SEEDS").unwrap_or(SEEDS);
    for seed in 0..seeds {
        match std::panic::catch_unwind(|| run::run(seed)) {
            Ok(ended) => ended
                .seen
                .into_iter()
                .for_each(|(what, times)| *seen.entry(what).or_default() += times),
            Err(_) => failed.push(seed),
        }
    }
    println!("{seen:#?}");
    assert!(failed.is_empty(), "{} seeds failed: {failed:?}", failed.len());
    let blind: Vec<_> = MEETS.iter().filter(|what| !seen.contains_key(*what)).collect();
    assert!(
        blind.is_empty() || seeds < SEEDS,
        "the simulation never meets {blind:?}"
    );
}

#[test]
fn i41_the_same_seed_is_the_same_run() {
    for seed in 1_000..1_020 {
        assert_eq!(run::run(seed).trace, run::run(seed).trace, "seed {seed}");
    }
}
