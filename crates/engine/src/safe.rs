//! "Can I delete the originals?", answered from the receipts, the files as they are now, and what the destination said last.
//!
//! Yes is said only where every file of the group is proved by the SHA-256 of its whole content, its original is still that
//! version, the destination lies on another disk, and it was asked in the last day. Only then may they go to the
//! trash, and never without one.

use std::os::unix::ffi::OsStrExt as _;
use std::path::PathBuf;

use windlass_core::error::{ErrorCode, Failure};
use windlass_core::fingerprint::SourceFingerprint;
use windlass_core::ids::GroupId;
use windlass_core::names::{encode_path_bytes, shown};
use windlass_queue::acts::ActKind;
use windlass_queue::destinations::DestinationKind;
use windlass_queue::events::{self, EventScope, NewEvent};
use windlass_queue::receipts::Receipt;
use windlass_queue::{destinations, files, groups};
use windlass_transfer::source::look;

use crate::convert::file_error;
use crate::groups::path_of;
use crate::receipts::{DOUBTED, VERIFIED};
use crate::shell::Shared;
use crate::view::{SafeAnswer, SafeView, Trashed};
use crate::{clock, put_back};

/// An answer of the destination counts so long, milliseconds.
const FRESH_MS: i64 = 24 * 60 * 60 * 1_000;
/// Originals of one step.
const TOGETHER: usize = 50;

struct Line {
    path: PathBuf,
    rel_path: String,
    fingerprint: SourceFingerprint,
    hashed: bool,
}

pub(crate) async fn of_group(shared: &Shared, group: GroupId) -> Result<SafeView, Failure> {
    let (lines, last_at, row, counts, told, places) = shared
        .queue
        .read(move |conn| {
            let all = put_back::as_they_are(conn, group)?;
            // When the destination's proof came, by this computer's clock.
            let last = all.iter().map(|r| r.recorded_at).max();
            let place = all.last().map(|r| r.destination);
            let lines: Vec<Line> = all
                .into_iter()
                .map(|r| Line {
                    path: path_of(&r.path),
                    rel_path: r.rel_path,
                    fingerprint: r.fingerprint,
                    hashed: r.proof.sha256.is_some(),
                })
                .collect();
            let places: Vec<_> = destinations::list(conn)?
                .into_iter()
                .filter(|d| Some(d.id) == place && d.kind == DestinationKind::Folder)
                .collect();
            Ok((
                lines,
                last,
                groups::get(conn, group)?,
                files::open_or_failed(conn, group)?,
                events::of(conn, EventScope::Group(group), 50)?,
                places,
            ))
        })
        .await?;
    if lines.is_empty() && row.is_none() {
        return Err(Failure::new(ErrorCode::NotFound, "no such group"));
    }
    let asked = told
        .iter()
        .find(|e| e.event.kind == VERIFIED || e.event.kind == DOUBTED);
    let doubted = asked.is_some_and(|e| e.event.kind == DOUBTED);
    let asked_at = asked.map(|e| e.event.at).into_iter().chain(last_at).max();
    let folder = places.first().map(|p| PathBuf::from(&p.location));
    let seen = tokio::task::spawn_blocking(move || compare(lines, folder.as_deref()))
        .await
        .map_err(|e| Failure::new(ErrorCode::Internal, e.to_string()))?;
    let now = clock::now();
    let stale = doubted || asked_at.is_none_or(|at| now.millis_since(at) > FRESH_MS);
    let mut view = SafeView {
        open: counts,
        asked_at: asked_at.map(|t| t.as_millis()),
        stale,
        ..seen
    };
    view.answer = answer(&view, doubted);
    Ok(view)
}

fn answer(view: &SafeView, doubted: bool) -> SafeAnswer {
    if view.open > 0 || view.changed > 0 || doubted {
        SafeAnswer::NotYet
    } else if view.covered == 0 || view.unhashed > 0 || view.stale || view.same_disk {
        SafeAnswer::CantTell
    } else {
        SafeAnswer::Yes
    }
}

/// Holds the originals against the receipts. Blocks.
fn compare(lines: Vec<Line>, folder: Option<&std::path::Path>) -> SafeView {
    let disk = folder.and_then(look_dev);
    let mut view = SafeView {
        answer: SafeAnswer::CantTell,
        covered: 0,
        bytes: 0,
        open: 0,
        changed: 0,
        gone: 0,
        unhashed: 0,
        same_disk: false,
        asked_at: None,
        stale: false,
        example: None,
    };
    for line in lines {
        let now = match look(&line.path) {
            Ok(now) => now,
            Err(e) if e.code == ErrorCode::FileMissing => {
                view.gone += 1;
                continue;
            }
            Err(_) => {
                view.changed += 1;
                view.example.get_or_insert_with(|| shown(&line.rel_path));
                continue;
            }
        };
        if !line.fingerprint.is_untouched(&now) {
            view.changed += 1;
            view.example.get_or_insert_with(|| shown(&line.rel_path));
            continue;
        }
        view.covered += 1;
        view.bytes += now.size;
        view.unhashed += u32::from(!line.hashed);
        view.same_disk |= disk == Some(now.dev);
    }
    view
}

fn look_dev(folder: &std::path::Path) -> Option<u64> {
    use std::os::unix::fs::MetadataExt as _;
    std::fs::metadata(folder).ok().map(|m| m.dev())
}

/// Moves the originals to the trash: only after a yes, and each only after it was read again, whole, and found to be what was
/// proved. What stays is told.
pub(crate) async fn trash(shared: &Shared, group: GroupId) -> Result<Trashed, Failure> {
    if of_group(shared, group).await?.answer != SafeAnswer::Yes {
        return Err(Failure::new(
            ErrorCode::StateConflict,
            "they are not safe to delete now",
        ));
    }
    let lines = shared
        .queue
        .read(move |conn| put_back::as_they_are(conn, group))
        .await?;
    let mut told = Trashed::default();
    for some in lines.chunks(TOGETHER) {
        let some = some.to_vec();
        let done = tokio::task::spawn_blocking(move || {
            some.into_iter().map(|r| (throw_away(&r), r)).collect::<Vec<_>>()
        });
        let done = done
            .await
            .map_err(|e| Failure::new(ErrorCode::Internal, e.to_string()))?;
        let mut events = Vec::new();
        let mut act = put_back::act(ActKind::Trashed, group);
        for (outcome, r) in done {
            match outcome {
                Ok(None) => {}
                Ok(Some(to)) => {
                    act.files += 1;
                    act.bytes += r.fingerprint.size;
                    told.trashed += 1;
                    told.bytes += r.fingerprint.size;
                    events.push(NewEvent {
                        at: clock::now(),
                        scope: EventScope::File(r.file),
                        kind: put_back::TRASHED.to_owned(),
                        code: None,
                        data: serde_json::json!({
                            "from": encode_path_bytes(&r.path),
                            "to": encode_path_bytes(to.as_os_str().as_bytes()),
                        }),
                    });
                }
                Err(failure) => {
                    told.kept += 1;
                    told.example.get_or_insert_with(|| shown(&r.rel_path));
                    told.error.get_or_insert_with(|| file_error(&failure));
                }
            }
        }
        shared
            .queue
            .write(move |conn| {
                put_back::note(conn, &act)?;
                events
                    .iter()
                    .try_for_each(|event| events::append(conn, event).map(|_| ()))
            })
            .await?;
    }
    Ok(told)
}

/// One original. `None`: it is gone already. Blocks.
fn throw_away(r: &Receipt) -> Result<Option<PathBuf>, Failure> {
    let path = path_of(&r.path);
    let changed = |why: &str| Failure::new(ErrorCode::FileChanged, why);
    match look(&path) {
        Ok(now) if r.fingerprint.is_untouched(&now) => {}
        Ok(_) => return Err(changed("it is not what was uploaded any more")),
        Err(e) if e.code == ErrorCode::FileMissing => return Ok(None),
        Err(e) => return Err(e),
    }
    let read = crate::watch::content(&path)?;
    let proved = r.proof.sha256;
    match read {
        Some((now, hash)) if r.fingerprint.is_untouched(&now) && Some(hash) == proved => {}
        Some(_) | None => return Err(changed("its content is not what was uploaded any more")),
    }
    crate::watch::to_trash(&path).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view() -> SafeView {
        SafeView {
            answer: SafeAnswer::CantTell,
            covered: 3,
            bytes: 9,
            open: 0,
            changed: 0,
            gone: 0,
            unhashed: 0,
            same_disk: false,
            asked_at: Some(1),
            stale: false,
            example: None,
        }
    }

    // G-9, X-12
    #[test]
    fn yes_is_said_only_when_nothing_stands_against_it() {
        assert_eq!(answer(&view(), false), SafeAnswer::Yes);
        let with = |change: fn(&mut SafeView)| {
            let mut v = view();
            change(&mut v);
            answer(&v, false)
        };
        assert_eq!(with(|v| v.open = 1), SafeAnswer::NotYet);
        assert_eq!(with(|v| v.changed = 1), SafeAnswer::NotYet);
        assert_eq!(answer(&view(), true), SafeAnswer::NotYet);
        assert_eq!(with(|v| v.unhashed = 1), SafeAnswer::CantTell);
        assert_eq!(with(|v| v.stale = true), SafeAnswer::CantTell);
        assert_eq!(with(|v| v.same_disk = true), SafeAnswer::CantTell);
        assert_eq!(with(|v| v.covered = 0), SafeAnswer::CantTell);
        assert_eq!(with(|v| v.gone = 2), SafeAnswer::Yes);
    }
}
