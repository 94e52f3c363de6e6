//! Destinations on a Windlass server: tested before they are saved, and what the server keeps there for this person: jobs
//! that can be done again, sessions that another machine left behind.

use std::collections::BTreeMap;
use std::sync::Arc;

use windlass_core::error::{ErrorCode, Failure};
use windlass_core::ids::{DestinationId, FileId, GroupId, JobId};
use windlass_core::limits::MAX_BATCH;
use windlass_core::machine::Event;
use windlass_core::names::shown;
use windlass_core::states::JobState;
use windlass_protocol::destinations::{Destination, SecretKeep};
use windlass_protocol::files::FileView as RemoteFile;
use windlass_protocol::jobs::RetryJobs;
use windlass_protocol::owners::Quota;
use windlass_protocol::sessions::{Ids, Query};
use windlass_protocol::{ControlClient, Endpoint};
use windlass_queue::processing::{self, State, Track};
use windlass_queue::servers::{Keep, ServerRow};

use crate::clock;
use crate::handle::Scope;
use crate::shell::Shared;
use crate::view::{CheckOutcome, CheckStep, DestinationCheck, ElsewhereGroup, KeepSecret, NewServer};

/// Clocks that differ by more are told.
const SKEW_MS: i64 = 15 * 60_000;
/// Abandoned sessions of one page, and pages that are read.
const PAGES: usize = 20;

/// The answer to a test, and the destination that was found by it.
pub(crate) struct Tested {
    pub(crate) check: DestinationCheck,
    pub(crate) place: Option<Destination>,
}

/// Which destination of the server is meant.
pub(crate) enum Wanted<'a> {
    /// By its name; empty: the only one.
    Name(&'a str),
    /// The one that was chosen before.
    Id(DestinationId),
}

/// The address without a slash at its end.
///
/// # Errors
/// `invalid_field` for what is no address.
pub(crate) fn address(url: &str) -> Result<String, Failure> {
    let url = url.trim().trim_end_matches('/');
    let rest = url
        .strip_prefix("https://")
        .or_else(|| url.strip_prefix("http://"));
    match rest {
        Some(rest) if !rest.is_empty() && !rest.contains(['@', '?', '#', ' ']) => Ok(url.to_owned()),
        _ => Err(Failure::new(
            ErrorCode::InvalidField,
            "the address begins with https:// or http:// and names a host, nothing else",
        )),
    }
}

/// Where it is, for people.
pub(crate) fn location(url: &str, place: &str) -> String {
    let host = url.split_once("://").map_or(url, |(_, host)| host);
    format!("{place} at {host}")
}

pub(crate) fn keep(k: KeepSecret) -> (SecretKeep, Keep) {
    match k {
        KeepSecret::Keyring => (SecretKeep::Keyring, Keep::Keyring),
        KeepSecret::File => (SecretKeep::File, Keep::File),
        KeepSecret::Session => (SecretKeep::Session, Keep::Session),
    }
}

struct Steps(Vec<CheckStep>);

impl Steps {
    fn add(&mut self, step: &str, outcome: CheckOutcome, detail: impl Into<String>, code: Option<ErrorCode>) {
        self.0.push(CheckStep {
            step: step.to_owned(),
            outcome,
            detail: detail.into(),
            code,
        });
    }

    fn failed(mut self, step: &str, failure: Failure) -> Tested {
        self.add(step, CheckOutcome::Failed, failure.detail, Some(failure.code));
        self.end(false, Vec::new(), None)
    }

    fn end(self, ok: bool, places: Vec<String>, place: Option<Destination>) -> Tested {
        Tested {
            check: DestinationCheck {
                ok,
                steps: self.0,
                places,
            },
            place,
        }
    }
}

/// Tries everything that an upload needs, up to the first thing that does not work, by the way of this destination. Nothing is
/// written there.
///
/// # Errors
/// When the TLS set-up of this computer can't be read.
pub(crate) async fn test(
    id: DestinationId,
    url: &str,
    token: &str,
    wanted: Wanted<'_>,
) -> Result<Tested, Failure> {
    let endpoint = Endpoint {
        base_url: url.to_owned(),
        token: token.to_owned(),
    };
    let client = ControlClient::of(Some(id), endpoint)?;
    let mut steps = Steps(Vec::new());
    let time = match client.time().await {
        Ok(Some(time)) => time,
        Ok(None) => {
            let failure = Failure::new(
                ErrorCode::InvalidField,
                "what answers there is no Windlass server",
            );
            return Ok(steps.failed("reachable", failure));
        }
        Err(failure) => return Ok(steps.failed("reachable", failure)),
    };
    steps.add("reachable", CheckOutcome::Ok, "", None);
    if !is_private_way(url) {
        let detail = "the address is http: whoever is on the way can read the token";
        steps.add("encrypted", CheckOutcome::Warning, detail, None);
    }
    let skew = clock::now().as_millis().saturating_sub(time).abs();
    if skew > SKEW_MS {
        let detail = format!("{} s apart", skew / 1_000);
        steps.add("clock", CheckOutcome::Warning, detail, Some(ErrorCode::ClockSkew));
    }
    let places = match client.destinations().await {
        Ok(places) => places,
        Err(failure) => return Ok(steps.failed("sign_in", failure)),
    };
    let nothing = Query {
        ids: Vec::new(),
        parts: false,
    };
    // Asking about no file shows whether asking is allowed.
    if let Err(failure) = client.query(&nothing).await {
        return Ok(steps.failed("sign_in", failure));
    }
    match client.delete(&Ids { ids: Vec::new() }).await {
        Ok(_) => steps.add("sign_in", CheckOutcome::Ok, "", None),
        Err(failure) if failure.code == ErrorCode::Forbidden => {
            let detail =
                "without the scope delete, what is cancelled stays there until the server clears it away";
            steps.add("sign_in", CheckOutcome::Warning, detail, None);
        }
        Err(failure) => return Ok(steps.failed("sign_in", failure)),
    }
    let names: Vec<String> = places.iter().map(|p| p.name.clone()).collect();
    let found = match wanted {
        Wanted::Id(id) => places.into_iter().find(|p| p.id == id),
        Wanted::Name("") if places.len() == 1 => places.into_iter().next(),
        Wanted::Name(name) => places.into_iter().find(|p| p.name == name),
    };
    let Some(found) = found else {
        let chosen = matches!(wanted, Wanted::Name(""));
        let (code, detail) = match (names.is_empty(), chosen) {
            (true, _) => (ErrorCode::Forbidden, "the token is for no destination".to_owned()),
            (false, true) => (
                ErrorCode::InvalidField,
                format!("choose one of {}", names.join(", ")),
            ),
            (false, false) => (ErrorCode::NotFound, format!("there are {}", names.join(", "))),
        };
        steps.add("place", CheckOutcome::Failed, detail, Some(code));
        return Ok(steps.end(false, names, None));
    };
    let limit = found
        .max_bytes
        .map_or_else(String::new, |b| format!("files of up to {b} bytes"));
    steps.add("place", CheckOutcome::Ok, limit, None);
    // A server that is older does not tell, and one without a quota has nothing to tell.
    match client.quota().await.ok().and_then(Quota::left) {
        Some(0) => {
            let full = Some(ErrorCode::QuotaExceeded);
            steps.add("free_space", CheckOutcome::Warning, "0", full);
        }
        Some(left) => steps.add("free_space", CheckOutcome::Ok, left.to_string(), None),
        None => {}
    }
    Ok(steps.end(true, names, Some(found)))
}

/// TLS, or this computer.
fn is_private_way(url: &str) -> bool {
    url.starts_with("https://") || windlass_way::is_loopback(url)
}

/// What a person fills in, checked as far as it goes without asking.
///
/// # Errors
/// `invalid_field`.
pub(crate) fn checked(new: &NewServer, keeps_token: bool) -> Result<String, Failure> {
    let url = address(&new.url)?;
    let token = new.token.trim();
    if token.is_empty() && !keeps_token {
        return Err(Failure::new(
            ErrorCode::InvalidField,
            "a token of the server is needed",
        ));
    }
    // It becomes a header.
    if !token.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(Failure::new(ErrorCode::InvalidField, "this is no token"));
    }
    Ok(url)
}

/// Keeps the token, then answers the row that the queue shall have.
///
/// # Errors
/// As the keyring or the file answers.
pub(crate) async fn keep_token(
    shared: &Shared,
    destination: DestinationId,
    new: &NewServer,
    url: String,
    place: &Destination,
    was: Option<&ServerRow>,
) -> Result<ServerRow, Failure> {
    let (mut wire, mut kept) = keep(new.keep_secret);
    let token = new.token.trim();
    match was {
        // Without a new token the old one stays where it is.
        Some(was) if token.is_empty() => (wire, kept) = (crate::planes::keep(was.keep), was.keep),
        _ => shared.planes.tokens().put(destination, token, wire).await?,
    }
    if let Some(was) = was.filter(|w| crate::planes::keep(w.keep) != wire) {
        // The one that is used now is safe; that another is left somewhere is no reason to fail.
        if let Err(failure) = shared
            .planes
            .tokens()
            .remove(destination, crate::planes::keep(was.keep))
            .await
        {
            tracing::warn!(%failure, "an old token could not be removed");
        }
    }
    Ok(ServerRow {
        destination,
        url,
        remote: place.id,
        remote_name: place.name.clone(),
        keep: kept,
    })
}

/// Gives a token back, at the server and here. Answers whether the server was told.
pub(crate) async fn sign_out(shared: &Shared, id: DestinationId) -> Result<bool, Failure> {
    let missing = || Failure::new(ErrorCode::NotFound, "no such server");
    let row = shared.planes.server(id).ok_or_else(missing)?;
    let kept = crate::planes::keep(row.keep);
    let told = match shared.planes.tokens().get(id, kept).await? {
        None => true,
        Some(token) => match crate::sign_in::end(Some(id), &row.url, &token).await {
            Ok(()) => true,
            Err(failure) => {
                tracing::warn!(%failure, "the server could not be told that a token is given back");
                false
            }
        },
    };
    shared.planes.tokens().remove(id, kept).await?;
    // Whoever asks from now on finds none.
    shared.planes.put(row);
    shared.deltas.destinations_changed();
    Ok(told)
}

/// Has the server do again what it failed to do with files. Nothing is uploaded. Answers how many go again.
pub(crate) async fn retry_processing(shared: &Arc<Shared>, scope: Scope) -> Result<u64, Failure> {
    let failed = shared
        .queue
        .read(move |conn| {
            let files = match scope {
                Scope::File(file) => vec![file],
                Scope::Group(group) => processing::failed(conn, group)?,
                Scope::App => {
                    let mut all = Vec::new();
                    for row in windlass_queue::groups::list(conn)? {
                        all.extend(processing::failed(conn, row.record.id)?);
                    }
                    all
                }
            };
            let mut by_place: BTreeMap<DestinationId, Vec<(FileId, GroupId)>> = BTreeMap::new();
            for row in windlass_queue::files::get_many(conn, &files)? {
                if let Some(group) = windlass_queue::groups::get(conn, row.group)? {
                    let of = by_place.entry(group.record.destination).or_default();
                    of.push((row.id, row.group));
                }
            }
            Ok(by_place)
        })
        .await?;
    let mut again = 0;
    for (destination, files) in failed {
        let client = shared.planes.of(destination).await?.client;
        for some in files.chunks(MAX_BATCH) {
            let ids: Vec<FileId> = some.iter().map(|(id, _)| *id).collect();
            let told = client.jobs_of(&Ids { ids }).await?;
            let dead: Vec<(FileId, JobId)> = told
                .iter()
                .flat_map(|f| f.jobs.iter().map(|j| (f.id, j)))
                .filter(|(_, j)| j.state == JobState::Failed)
                .map(|(file, j)| (file, JobId::from(j.id)))
                .collect();
            let mut going: Vec<FileId> = Vec::new();
            for jobs in dead.chunks(MAX_BATCH) {
                let ids = jobs.iter().map(|(_, job)| *job).collect();
                for (result, (file, _)) in client.retry_jobs(&RetryJobs { ids }).await?.into_iter().zip(jobs)
                {
                    match result.error {
                        None => going.push(*file),
                        Some(problem) => return Err(problem.to_failure()),
                    }
                }
            }
            going.sort_unstable();
            going.dedup();
            again += going.len() as u64;
            let now = clock::now();
            shared
                .queue
                .write(move |conn| {
                    let waits = Track {
                        state: State::Waiting,
                        failure: None,
                    };
                    going
                        .iter()
                        .try_for_each(|id| processing::told(conn, *id, &waits, now, now))
                })
                .await?;
            shared.deltas.stir_rows(some.iter().map(|(_, group)| *group));
            shared.deltas.stir_all(some.iter().map(|(_, group)| *group));
        }
    }
    shared.arrived.notify_one();
    Ok(again)
}

/// Uploads that other machines of this person began on a server and left, by destination and group.
pub(crate) async fn elsewhere(shared: &Shared) -> Result<Vec<ElsewhereGroup>, Failure> {
    let mut found = Vec::new();
    for (row, name) in listed(shared).await? {
        for file in abandoned(shared, &row).await? {
            let entry = found.iter_mut().find(|g: &&mut ElsewhereGroup| {
                g.destination_id == row.destination && g.group_id == file.group_id
            });
            let group = match entry {
                Some(group) => group,
                None => {
                    let name = match file.group_id {
                        Some(id) => group_name(shared, &row, id).await,
                        None => String::new(),
                    };
                    found.push(ElsewhereGroup {
                        destination_id: row.destination,
                        destination: String::new(),
                        group_id: file.group_id,
                        name,
                        files: 0,
                        bytes: 0,
                        bytes_done: 0,
                        example: shown(&file.rel_path),
                        alive_at: 0,
                    });
                    match found.last_mut() {
                        Some(group) => group,
                        None => continue,
                    }
                }
            };
            group.destination.clone_from(&name);
            group.files += 1;
            group.bytes += file.size.unwrap_or(0);
            group.bytes_done += file.bytes_done;
            group.alive_at = group.alive_at.max(file.alive_at);
        }
    }
    found.sort_by_key(|g| std::cmp::Reverse(g.alive_at));
    Ok(found)
}

/// Gives up what another machine left in a group. Answers how many files.
pub(crate) async fn discard_elsewhere(
    shared: &Shared,
    destination: DestinationId,
    group: Option<GroupId>,
) -> Result<u64, Failure> {
    let rows = listed(shared).await?;
    let Some((row, _)) = rows.into_iter().find(|(row, _)| row.destination == destination) else {
        return Err(Failure::new(ErrorCode::NotFound, "no such server"));
    };
    let files = abandoned(shared, &row).await?;
    let ids: Vec<FileId> = files
        .iter()
        .filter(|f| f.group_id == group)
        .map(|f| f.id)
        .collect();
    let client = shared.planes.of(row.destination).await?.client;
    let mut gone = 0;
    for some in ids.chunks(MAX_BATCH) {
        for result in client.delete(&Ids { ids: some.to_vec() }).await? {
            match result.error {
                None => gone += 1,
                Some(problem) => return Err(problem.to_failure()),
            }
        }
    }
    Ok(gone)
}

/// Servers that are on the list, with the names that people gave.
pub(crate) async fn listed(shared: &Shared) -> Result<Vec<(ServerRow, String)>, Failure> {
    let rows = crate::places::rows(shared).await?;
    Ok(rows
        .into_iter()
        .filter_map(|d| shared.planes.server(d.id).map(|row| (row, d.name)))
        .collect())
}

/// Open sessions without a sign of life for an hour that are not of this machine, and go to this destination.
async fn abandoned(shared: &Shared, row: &ServerRow) -> Result<Vec<RemoteFile>, Failure> {
    let client = shared.planes.of(row.destination).await?.client;
    let mut all = Vec::new();
    let mut cursor: Option<String> = None;
    for _ in 0..PAGES {
        let page = client.abandoned(cursor.as_deref()).await?;
        all.extend(
            page.items
                .into_iter()
                .filter(|f| f.client_id != Some(shared.client_id) && f.destination_id == row.remote),
        );
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    Ok(all)
}

async fn group_name(shared: &Shared, row: &ServerRow, id: GroupId) -> String {
    let asked = async { shared.planes.of(row.destination).await?.client.group(id).await };
    match asked.await {
        Ok(group) => shown(&group.name),
        Err(failure) => {
            tracing::info!(%failure, "the name of a group is not known");
            String::new()
        }
    }
}

/// What waited for a better token goes on at once.
pub(crate) async fn ready(shared: &Shared, id: DestinationId) {
    shared.event(Event::DestinationReady { id }).await;
    shared.arrived.notify_one();
}

/// A person has seen what could not be processed in a group.
pub(crate) async fn see_processing(shared: &Shared, group: GroupId) -> Result<(), Failure> {
    shared
        .queue
        .write(move |conn| processing::see(conn, group))
        .await?;
    shared.deltas.stir(group);
    Ok(())
}
