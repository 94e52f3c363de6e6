//! What must hold after a run: held against the answers, the ledger's rows, its log, and the storage's own listing.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};

use crate::chance::Chance;
use crate::checker;
use crate::client::{Caller, KIND};
use crate::history::{Call, Level, What};
use crate::run::Run;

/// Nothing ends for so long: longer than the lease of a worker that was killed.
const STANDSTILL: Duration = Duration::from_secs(180);

/// Waits until no job is left that this says, as long as there are ever fewer.
fn wait_for(run: &Run, which: &str) -> Result<()> {
    let left = format!("SELECT count(*) FROM processing_job WHERE finished_at IS NULL AND {which}");
    let (mut fewest, mut since) = (u64::MAX, Instant::now());
    loop {
        let left = run.cluster.count(&left)?;
        if left == 0 {
            return Ok(());
        }
        if left < fewest {
            (fewest, since) = (left, Instant::now());
        }
        ensure!(since.elapsed() < STANDSTILL, "{left} jobs do not end: {which}");
        run.stuck();
        std::thread::sleep(Duration::from_millis(250));
    }
}

/// Waits until no job of the test's own type is left.
pub(crate) fn wait_for_tallies(run: &Run) -> Result<()> {
    wait_for(run, &format!("type = '{KIND}'"))
}

/// All that must hold; what the servers still have to do by themselves comes last.
pub(crate) fn judge(run: &Run, groups: &[(String, u64)]) -> Result<()> {
    acknowledged(run)?;
    linearizable(run)?;
    equal_counts(run, groups)?;
    wait_for(run, "true")?;
    jobs_once(run)
}

/// What a client was told is there, is there: in the rows, and by a last look at either replica, which goes into the
/// history.
fn acknowledged(run: &Run) -> Result<()> {
    let told = run.all_settled();
    let rows = run
        .cluster
        .sql("SELECT id FROM upload_session WHERE state = 'uploaded' AND deleted_at IS NULL")?;
    let kept: BTreeSet<String> = rows.into_iter().flatten().collect();
    let lost: Vec<_> = told.difference(&kept).collect();
    ensure!(lost.is_empty(), "acknowledged, and not there: {lost:?}");
    ensure!(
        kept.len() == told.len(),
        "{} are there, {} were acknowledged",
        kept.len(),
        told.len()
    );
    Ok(())
}

fn linearizable(run: &Run) -> Result<()> {
    let log = log(run)?;
    let (mut calls_seen, mut violations) = (0, Vec::new());
    for (id, calls) in run.history.sessions() {
        calls_seen += calls.len();
        if let Err(violation) = checker::check(&calls) {
            violations.push(format!("{id}: {violation:?}\n   of {calls:?}"));
        }
        let steps = log.get(&id).with_context(|| format!("{id} has no log"))?;
        violations.extend(calls.iter().filter_map(|c| against_log(&id, c, steps)));
    }
    println!(
        "{} histories of {calls_seen} calls, {} violations",
        log.len(),
        violations.len()
    );
    ensure!(violations.is_empty(), "{}", violations.join("\n"));
    Ok(())
}

/// The changes of each session as the ledger wrote them down: by revision, the level from there on.
fn log(run: &Run) -> Result<BTreeMap<String, BTreeMap<u64, Level>>> {
    let rows = run.cluster.sql(
        "SELECT subject_id, rev, from_state, to_state FROM outbox_entry WHERE machine = 'session' AND kind = 'state'
         ORDER BY subject_id, txid, seq",
    )?;
    let mut log: BTreeMap<String, BTreeMap<u64, Level>> = BTreeMap::new();
    for row in rows {
        let [id, rev, from, to] = row.as_slice() else {
            bail!("{row:?}");
        };
        let steps = log.entry(id.clone()).or_default();
        let (rev, to) = (rev.parse()?, Level::of(to).with_context(|| format!("{row:?}"))?);
        let before = steps.last_key_value().map(|(rev, level)| (*rev, *level));
        let follows = match before {
            None => from.is_empty(),
            Some((last, level)) => last < rev && Level::of(from) == Some(level) && level < to,
        };
        ensure!(follows, "the log of {id} goes from {before:?} to {to:?} at {rev}");
        steps.insert(rev, to);
    }
    Ok(log)
}

/// A read shows what the log says was true at its revision.
fn against_log(id: &str, call: &Call, steps: &BTreeMap<u64, Level>) -> Option<String> {
    let What::Read { level, rev } = call.what else {
        return None;
    };
    let logged = steps.range(..=rev).next_back().map_or(Level::Absent, |(_, l)| *l);
    (logged != level).then(|| format!("{id}: {call:?}, and the log says {logged:?}"))
}

/// No job ran twice to effect: one end each in the log, and of the test's own the one effect that was acknowledged.
fn jobs_once(run: &Run) -> Result<()> {
    let twice = run.cluster.sql(
        "SELECT subject_id, count(*) FROM outbox_entry WHERE machine = 'job' AND to_state IN ('completed', 'failed')
         GROUP BY owner_id, subject_id HAVING count(*) > 1",
    )?;
    ensure!(twice.is_empty(), "jobs that ended twice: {twice:?}");
    let jobs = run.cluster.count("SELECT count(*) FROM processing_job")?;
    let ends = run
        .cluster
        .count("SELECT count(*) FROM processing_job WHERE state = 'completed'")?;
    let again = run
        .cluster
        .count("SELECT count(*) FROM processing_job WHERE attempts > 1")?;
    let failed = run.cluster.sql(
        "SELECT type, error_code, error_detail, count(*) FROM processing_job WHERE state <> 'completed' GROUP BY 1, 2, 3",
    )?;
    println!(
        "{jobs} jobs, {ends} completed, {again} of them begun more than once; not completed: {failed:?}"
    );
    // What was read from a text is there once, whoever read it how often.
    let texts = run.cluster.sql(
        "SELECT s.id, count(t.n) FROM upload_session s JOIN processing_job j ON j.owner_id = s.owner_id
           AND j.session_id = s.id AND j.type = 'extract_text' AND j.state = 'completed'
         LEFT JOIN document_text t ON t.owner_id = s.owner_id AND t.session_id = s.id
         WHERE s.mime = 'application/json' GROUP BY s.id HAVING count(t.n) <> 1",
    )?;
    ensure!(texts.is_empty(), "texts that are not there once: {texts:?}");
    let rows = run.cluster.sql(&format!(
        "SELECT id, state, fence, result::json ->> 'effect' FROM processing_job WHERE type = '{KIND}'"
    ))?;
    let tallies = run.tallies.all();
    ensure!(
        rows.len() == tallies.len(),
        "{} jobs were made, {} are there",
        tallies.len(),
        rows.len()
    );
    let mut refused = 0;
    for row in &rows {
        let [id, state, fence, effect] = row.as_slice() else {
            bail!("{row:?}");
        };
        let tally = tallies
            .get(id)
            .with_context(|| format!("nobody made the job {id}"))?;
        refused += tally.refused;
        let newest = tally
            .fences
            .last()
            .is_some_and(|f| Some(*f) <= fence.parse().ok());
        let one = tally.accepted.len() <= 1 && tally.accepted.iter().all(|e| e == effect);
        ensure!(state == "completed" && newest && one, "{row:?}: {tally:?}");
        ensure!(!effect.is_empty(), "a job without its effect: {row:?}");
    }
    println!(
        "{} jobs of the test: one effect each; {refused} reports of lost leases refused",
        rows.len()
    );
    Ok(())
}

/// The groups' counters, the rows and the storage's listing agree.
fn equal_counts(run: &Run, groups: &[(String, u64)]) -> Result<()> {
    let rows = run.cluster.sql(
        "SELECT group_id, count(*), count(*) FILTER (WHERE state = 'uploaded') FROM upload_session
         WHERE deleted_at IS NULL GROUP BY group_id",
    )?;
    let rows: BTreeMap<&str, &[String]> = rows.iter().map(|r| (r[0].as_str(), &r[1..])).collect();
    let told = counters(run)?;
    for (group, brought) in groups {
        let zero = ["0".to_owned(), "0".to_owned()];
        let counted = rows.get(group.as_str()).copied().unwrap_or(&zero);
        let shown = told
            .get(group)
            .with_context(|| format!("the group {group} is not shown"))?;
        let same = counted.iter().chain(shown).all(|n| *n == brought.to_string());
        ensure!(
            same,
            "of {group} {brought} were brought, {counted:?} are in the rows, {shown:?} are shown"
        );
    }
    let wanted = run
        .cluster
        .sql("SELECT object_key, size FROM stored_object WHERE state = 'stored'")?;
    let wanted: BTreeMap<String, String> = wanted.into_iter().map(|r| (r[0].clone(), r[1].clone())).collect();
    let listed = run.cluster.garage.oracle()?.objects("served/recordings/")?;
    let listed: BTreeMap<String, String> = listed.into_iter().map(|o| (o.key, o.bytes.to_string())).collect();
    println!(
        "{} objects in the ledger, {} in the storage",
        wanted.len(),
        listed.len()
    );
    ensure!(wanted == listed, "the ledger and the storage differ");
    let uploads = run.cluster.garage.oracle()?.uploads()?;
    ensure!(uploads.is_empty(), "unfinished uploads: {uploads:?}");
    Ok(())
}

/// What the product shows of each group: files, and files that are there.
fn counters(run: &Run) -> Result<BTreeMap<String, Vec<String>>> {
    let mut found = BTreeMap::new();
    for token in run.readers() {
        let mut caller = Caller::new(run, &token, Chance::new(run.seed, 5))?;
        let page = caller.ask("GET", "/v1/groups?limit=100", None)?;
        for group in page.body["items"].as_array().context("no groups")? {
            let id = group["id"].as_str().context("no id")?;
            let counts = [&group["total_files"], &group["completed_files"]].map(ToString::to_string);
            found.insert(id.to_owned(), counts.to_vec());
        }
    }
    Ok(found)
}
