//! Follows what servers do with files that arrived: the second track of a row. One question asks about a thousand files;
//! the longer nothing changes, the rarer it is asked. What is told touches no upload.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use windlass_core::error::{ErrorCode, Failure};
use windlass_core::ids::DestinationId;
use windlass_core::limits::MAX_BATCH;
use windlass_core::names::shown;
use windlass_core::states::JobState;
use windlass_protocol::files::JobBrief;
use windlass_protocol::sessions::Ids;
use windlass_queue::processing::{self, Due, State, Track};

use crate::clock;
use crate::shell::Shared;

/// Files that arrive within this are asked about together.
const GATHER: Duration = Duration::from_millis(300);
/// The first wait after an answer that changed nothing, and the longest.
const SOON_MS: i64 = 500;
const LATE_MS: i64 = 60_000;
/// A server that does not answer is asked again after this.
const SILENT_MS: i64 = 15_000;

/// Runs until the engine stops.
pub(crate) async fn run(shared: Arc<Shared>) {
    loop {
        let wait = match round(&shared).await {
            Ok(wait) => wait,
            Err(failure) => {
                tracing::warn!(%failure, "what servers do could not be written down");
                Duration::from_secs(10)
            }
        };
        tokio::select! {
            biased;
            () = shared.stop.cancelled() => return,
            () = shared.arrived.notified() => tokio::time::sleep(GATHER).await,
            () = tokio::time::sleep(wait) => {}
        }
    }
}

/// Asks about all that are due. Answers how long nothing is.
async fn round(shared: &Arc<Shared>) -> Result<Duration, Failure> {
    loop {
        let now = clock::now();
        let (due, next) = shared
            .queue
            .read(move |conn| processing::due(conn, now, MAX_BATCH))
            .await?;
        if due.is_empty() {
            let wait = next.map_or(3_600_000, |at| at.millis_since(now).max(100));
            return Ok(Duration::from_millis(u64::try_from(wait).unwrap_or(1_000)));
        }
        let mut by_place: BTreeMap<DestinationId, Vec<Due>> = BTreeMap::new();
        for file in due {
            by_place.entry(file.destination).or_default().push(file);
        }
        for (destination, files) in by_place {
            if shared.stop.is_cancelled() {
                return Ok(Duration::ZERO);
            }
            one(shared, destination, files).await?;
        }
    }
}

async fn one(shared: &Arc<Shared>, destination: DestinationId, files: Vec<Due>) -> Result<(), Failure> {
    let ids: Vec<_> = files.iter().map(|f| f.file).collect();
    let asked = Ids { ids: ids.clone() };
    let answer = match shared.planes.of(destination).await {
        Ok(plane) => plane.client.jobs_of(&asked).await,
        Err(failure) => Err(failure),
    };
    let now = clock::now();
    let answer = match answer {
        Ok(answer) => answer,
        Err(failure) => {
            tracing::info!(%destination, %failure, "the server does not say what it does");
            let later = now.plus_millis(SILENT_MS);
            return Ok(shared
                .queue
                .write(move |conn| processing::later(conn, &ids, later))
                .await?);
        }
    };
    let jobs: BTreeMap<_, _> = answer.into_iter().map(|f| (f.id, f.jobs)).collect();
    let told: Vec<(Due, Track)> = files
        .into_iter()
        .map(|f| (f, track(jobs.get(&f.file).map_or(&[], Vec::as_slice))))
        .collect();
    let changed: BTreeSet<_> = told
        .iter()
        .filter(|(f, t)| f.state != t.state)
        .map(|(f, _)| f.group)
        .collect();
    let failed: Vec<(Due, Failure)> = told
        .iter()
        .filter_map(|(f, t)| t.failure.clone().map(|failure| (*f, failure)))
        .collect();
    shared
        .queue
        .write(move |conn| {
            for (file, track) in &told {
                let wait = if file.state == track.state {
                    (SOON_MS << file.asks.min(7)).min(LATE_MS)
                } else {
                    SOON_MS
                };
                processing::told(conn, file.file, track, now, now.plus_millis(wait))?;
            }
            Ok(())
        })
        .await?;
    shared.deltas.stir_rows(changed.iter().copied());
    shared.deltas.stir_all(changed);
    tell(shared, failed).await
}

/// One line a group: its files are safe, and something could not be done with them.
async fn tell(shared: &Arc<Shared>, failed: Vec<(Due, Failure)>) -> Result<(), Failure> {
    let mut groups: BTreeMap<_, Vec<(Due, Failure)>> = BTreeMap::new();
    for (file, failure) in failed {
        groups.entry(file.group).or_default().push((file, failure));
    }
    for (group, files) in groups {
        let Some((first, failure)) = files.first().cloned() else {
            continue;
        };
        let row = shared
            .queue
            .read(move |conn| windlass_queue::files::get(conn, first.file))
            .await?;
        let name = row.map_or_else(String::new, |r| shown(&r.rel_path));
        let detail = match files.len() {
            1 => format!("{name}: {}", failure.detail),
            n => format!("{n} files, as {name}: {}", failure.detail),
        };
        shared
            .deltas
            .notice(Failure::new(ErrorCode::ProcessingFailed, detail), Some(group));
    }
    Ok(())
}

/// Something went wrong. That a film has no text is no trouble of anybody.
fn failed(job: &JobBrief) -> bool {
    let none = ErrorCode::ExtractUnsupported.as_str();
    job.state == JobState::Failed && job.error.as_ref().is_none_or(|e| e.code != none)
}

/// All jobs of a file as one.
fn track(jobs: &[JobBrief]) -> Track {
    let is = |state: fn(JobState) -> bool| jobs.iter().any(|j| state(j.state));
    let state = if is(|s| matches!(s, JobState::Sending | JobState::Running)) {
        State::Running
    } else if is(|s| s == JobState::Pending) {
        State::Waiting
    } else if jobs.iter().any(failed) {
        State::Failed
    } else if is(|s| matches!(s, JobState::Completed | JobState::Failed)) {
        State::Done
    } else {
        State::None
    };
    let failure = jobs
        .iter()
        .filter(|_| state == State::Failed)
        .find(|j| failed(j))
        .map(|j| {
            let error = j.error.as_ref();
            let code = error
                .and_then(|e| e.code.parse().ok())
                .unwrap_or(ErrorCode::ProcessingFailed);
            let detail = error.map_or("", |e| e.detail.as_str());
            let detail = if detail.is_empty() { code.text() } else { detail };
            Failure::new(code, format!("{}: {detail}", j.kind))
        });
    Track { state, failure }
}

#[cfg(test)]
mod tests {
    use super::*;
    use windlass_protocol::groups::RowError;

    fn job(kind: &str, state: JobState) -> JobBrief {
        JobBrief {
            id: windlass_core::ids::JobId::new(clock::now(), clock::random()).into(),
            kind: kind.into(),
            state,
            attempts: 1,
            error: None,
        }
    }

    // D-10, D-12
    #[test]
    fn several_jobs_of_a_file_are_told_as_one_track() {
        use JobState as J;
        let told = |states: &[JobState]| {
            let jobs: Vec<_> = states.iter().map(|s| job("validate", *s)).collect();
            track(&jobs)
        };
        assert_eq!(told(&[]).state, State::None);
        assert_eq!(told(&[J::Pending, J::Completed]).state, State::Waiting);
        assert_eq!(told(&[J::Pending, J::Running]).state, State::Running);
        assert_eq!(told(&[J::Failed, J::Running]).state, State::Running, "it goes on");
        assert_eq!(told(&[J::Completed, J::Cancelled]).state, State::Done);
        let failed = told(&[J::Completed, J::Failed]);
        assert_eq!(failed.state, State::Failed);
        assert_eq!(failed.failure.unwrap().code, ErrorCode::ProcessingFailed);
        let mut film = job("extract_text", J::Failed);
        film.error = Some(RowError {
            code: "extract_unsupported".into(),
            detail: String::new(),
            at: None,
        });
        assert_eq!(track(&[film, job("validate", J::Completed)]).state, State::Done);
    }
}
