//! Two servers on one PostgreSQL and one bucket under 64 clients, while either is killed at random moments: every
//! acknowledged state is kept, no job takes effect twice, all counts are equal, and each session's history is linearizable.
//!
//! A scaled run by itself; the whole one by `WINDLASS_CHAOS=20000` (how many files). `WINDLASS_SEED` runs the chances of an
//! earlier run again; when processes die, and what they were just at, stays up to the computer.

mod chance;
mod checker;
mod client;
mod cluster;
mod history;
mod judge;
mod run;
mod worker;

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use anyhow::{Context as _, Result, anyhow, ensure};

use crate::chance::Chance;
use crate::client::{Caller, Client};
use crate::cluster::Cluster;
use crate::run::{Neighbours, Run};

/// Clients at a time, each with a token of its own.
const CLIENTS: usize = 64;
/// People that they belong to: some look at what others of the same owner do.
const OWNERS: usize = 8;
/// Workers of the test.
const WORKERS: usize = 4;
/// Files of the scaled run.
const SCALED: u64 = 1_500;
/// Kills of a run, at the least.
const KILLS: u64 = 5;

fn asked(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

// M1 M13 M20 I24
#[test]
fn m13_m20_two_replicas_that_are_killed_under_load_keep_what_they_acknowledged() -> Result<()> {
    let seed = asked("WINDLASS_SEED").unwrap_or_else(chance::seed);
    let whole = asked("WINDLASS_CHAOS");
    let sessions = whole.unwrap_or(SCALED);
    println!("WINDLASS_SEED={seed}, {sessions} sessions");
    let run = Run::new(Cluster::start()?, seed, sessions, whole.is_none());
    let groups = work(&run)?;
    let seconds = run.began.elapsed().as_secs_f64();
    let verdict = judge::judge(&run, &groups);
    println!(
        "{sessions} sessions, {} kills, {} requests, {} retries, {} reads, {seconds:.1} s ({:.0} sessions/s)",
        run.cluster.kills.load(Ordering::Relaxed),
        run.requests.get(),
        run.retries.get(),
        run.reads.get(),
        sessions as f64 / seconds,
    );
    for (why, times) in run.notes() {
        println!("   {times} times: {why}");
    }
    verdict.with_context(|| format!("WINDLASS_SEED={seed}"))
}

/// Runs clients, workers and the killer. Answers each client's group with how many files it brought.
fn work(run: &Run) -> Result<Vec<(String, u64)>> {
    let mut tokens = Vec::new();
    for owner in 0..OWNERS {
        let scopes = ["upload", "read", "process"];
        let of_owner = run
            .cluster
            .person(&format!("owner {owner}"), "member", CLIENTS / OWNERS, &scopes)?;
        run.reader(&of_owner[0]);
        tokens.push(of_owner);
    }
    let robots = run.cluster.person("robot", "worker", WORKERS, &["process"])?;
    let neighbours: Vec<Neighbours> = (0..OWNERS).map(|_| Neighbours::default()).collect();
    let mut clients = Vec::new();
    for number in 0..CLIENTS {
        let (owner, at) = (number % OWNERS, number / OWNERS);
        clients.push(Client::new(run, number, &tokens[owner][at], &neighbours[owner])?);
    }
    let all_done = AtomicBool::new(false);
    let groups = thread::scope(|scope| -> Result<Vec<(String, u64)>> {
        let killer = scope.spawn(|| {
            let killed = run
                .cluster
                .kill(Chance::new(run.seed, 1), KILLS, || run.has_more());
            run.calm.store(true, Ordering::Relaxed);
            killed
        });
        let workers: Vec<_> = robots
            .iter()
            .enumerate()
            .map(|(n, token)| {
                let done = &all_done;
                scope.spawn(move || {
                    let caller = Caller::new(run, token, Chance::new(run.seed, 10 + n as u64))?;
                    worker::work(caller, &format!("robot {n}"), &run.tallies, done)
                })
            })
            .collect();
        let working: Vec<_> = clients.into_iter().map(|c| scope.spawn(|| c.work())).collect();
        let ended: Vec<_> = working.into_iter().map(|c| c.join()).collect();
        let killed = killer.join();
        // Also when something failed above: nobody waits for them then.
        let tallied = ended
            .iter()
            .all(|e| matches!(e, Ok(Ok(_))))
            .then(|| judge::wait_for_tallies(run));
        all_done.store(true, Ordering::Relaxed);
        let worked: Vec<_> = workers.into_iter().map(|w| w.join()).collect();
        let panicked = |_| anyhow!("a thread panicked");
        let groups = ended
            .into_iter()
            .map(|e| e.map_err(panicked)?)
            .collect::<Result<Vec<_>>>()?;
        killed.map_err(panicked)??;
        worked.into_iter().try_for_each(|w| w.map_err(panicked)?)?;
        tallied.context("nothing to wait for")??;
        Ok(groups)
    })?;
    let brought: u64 = groups.iter().map(|(_, n)| n).sum();
    ensure!(
        brought == run.all_settled().len() as u64,
        "{brought} files were brought"
    );
    Ok(groups)
}
