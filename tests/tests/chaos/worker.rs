//! Workers of the test: they claim jobs over HTTP and report them, but sometimes they die, or say it too late.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::{Value, json};

use crate::client::{Caller, KIND};

/// The lease that they ask for: the shortest.
const LEASE_S: u64 = 5;

/// What is known of the jobs that clients made.
#[derive(Debug, Default)]
pub(crate) struct Tallies(Mutex<BTreeMap<String, Tally>>);

/// One job.
#[derive(Debug, Default, Clone)]
pub(crate) struct Tally {
    /// Fences that it was claimed under.
    pub(crate) fences: BTreeSet<i64>,
    /// What workers were told to have had effect.
    pub(crate) accepted: BTreeSet<String>,
    /// How many were told that it is not theirs any more.
    pub(crate) refused: u64,
}

impl Tallies {
    pub(crate) fn made(&self, job: &str) {
        self.of(job, |_| {});
    }

    pub(crate) fn all(&self) -> BTreeMap<String, Tally> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn of(&self, job: &str, change: impl FnOnce(&mut Tally)) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        change(all.entry(job.to_owned()).or_default());
    }
}

/// Works until it is told to end.
pub(crate) fn work(mut caller: Caller<'_>, name: &str, tallies: &Tallies, ends: &AtomicBool) -> Result<()> {
    let mut late: Vec<(Instant, Value, String)> = Vec::new();
    let mut n = 0;
    while !ends.load(Ordering::Relaxed) || !late.is_empty() {
        let body = json!({ "types": [KIND], "max": 8, "lease_s": LEASE_S, "worker": name });
        let claimed = caller.ask("POST", "/v1/jobs:claim", Some(&body))?;
        ensure!(claimed.status == 200, "claim: {}", claimed.body);
        let jobs = claimed.body["jobs"].as_array().context("no jobs")?.clone();
        if jobs.is_empty() {
            thread::sleep(Duration::from_millis(100));
        }
        for job in jobs {
            let id = job["id"].as_str().context("no id")?;
            let fence = job["fence"].as_i64().context("no fence")?;
            let mut again = false;
            tallies.of(id, |t| again = !t.fences.insert(fence));
            ensure!(
                !again,
                "the job {id} was handed out twice under the fence {fence}"
            );
            n += 1;
            let effect = format!("{name} {n}");
            match caller.chance.below(20) {
                // It dies.
                0 => {}
                // It is slow, and says it when its lease is over.
                1 => late.push((Instant::now() + Duration::from_secs(LEASE_S + 1), job, effect)),
                _ => report(&mut caller, &job, &effect, tallies)?,
            }
        }
        while let Some(at) = late.iter().position(|(due, ..)| *due <= Instant::now()) {
            let (_, job, effect) = late.swap_remove(at);
            report(&mut caller, &job, &effect, tallies)?;
        }
    }
    Ok(())
}

fn report(caller: &mut Caller<'_>, job: &Value, effect: &str, tallies: &Tallies) -> Result<()> {
    let id = job["id"].as_str().context("no id")?;
    let body = json!({ "fence": job["fence"], "status": "completed", "result": { "effect": effect } });
    let said = caller.ask("POST", &format!("/v1/jobs/{id}/report"), Some(&body))?;
    match (said.status, said.body["code"].as_str()) {
        (200, _) => tallies.of(id, |t| {
            t.accepted.insert(effect.to_owned());
        }),
        (_, Some("lease_lost")) => tallies.of(id, |t| t.refused += 1),
        (status, _) => bail!("report: {status} {}", said.body),
    }
    Ok(())
}
