//! One file in full: what the window's drawer shows.

use std::path::PathBuf;

use windlass_core::error::{ErrorCode, Failure};
use windlass_core::ids::FileId;
use windlass_core::names::encode_path_bytes;
use windlass_queue::events::{self, Event, EventScope};
use windlass_queue::{files, receipts};

use crate::shell::Shared;
use crate::view::{EventView, FileDetails, PartView};

/// Parts of one answer.
const PARTS: u32 = 500;
/// Events of one answer.
const EVENTS: usize = 100;

pub(crate) async fn of(shared: &Shared, id: FileId, from_part: u32) -> Result<FileDetails, Failure> {
    let found = shared
        .queue
        .read(move |conn| {
            Ok((
                files::get(conn, id)?,
                receipts::of_file(conn, id)?,
                files::parts(conn, id, from_part, PARTS)?,
                events::of(conn, EventScope::File(id), EVENTS)?,
            ))
        })
        .await?;
    let (Some(row), receipt, parts, events) = found else {
        return Err(Failure::new(ErrorCode::NotFound, "no such file"));
    };
    let views = crate::deltas::views(shared, row.group, vec![id]).await?;
    let Some(file) = views.into_iter().next() else {
        return Err(Failure::new(ErrorCode::NotFound, "its group left the list"));
    };
    let proof = receipt.map(|r| r.proof);
    Ok(FileDetails {
        file,
        path: encode_path_bytes(&row.path),
        mime: row.mime,
        modified_at: row.fingerprint.mtime_ns / 1_000_000,
        created_at: row.created_at.as_millis(),
        finished_at: row.finished_at.map(|t| t.as_millis()),
        attempt: row.attempt,
        tries: row.tries,
        next_try_at: row.next_try_at.map(|t| t.as_millis()),
        sha256: row
            .sha256
            .or(proof.as_ref().and_then(|p| p.sha256))
            .map(|h| h.to_string()),
        crc64: proof.as_ref().and_then(|p| p.crc64).map(|c| c.to_string()),
        proof: proof.map(|p| p.how),
        part_size: row.part_size,
        parts: parts
            .into_iter()
            .map(|p| PartView {
                number: p.number,
                size: p.size,
                state: p.state,
                crc64: p.crc64.map(|c| c.to_string()),
                uploaded_at: p.uploaded_at.map(|t| t.as_millis()),
            })
            .collect(),
        events: events.into_iter().map(event).collect(),
    })
}

/// An event for people.
pub(crate) fn event(e: Event) -> EventView {
    let e = e.event;
    let detail = e.data.get("detail").and_then(|d| d.as_str()).map_or_else(
        || {
            if e.data.as_object().is_none_or(serde_json::Map::is_empty) {
                String::new()
            } else {
                e.data.to_string()
            }
        },
        str::to_owned,
    );
    EventView {
        at: e.at.as_millis(),
        kind: e.kind,
        code: e.code,
        number: e.code.map(ErrorCode::label),
        detail,
    }
}

pub(crate) async fn source_of(shared: &Shared, id: FileId) -> Result<PathBuf, Failure> {
    let row = shared.queue.read(move |conn| files::get(conn, id)).await?;
    row.map(|r| crate::groups::path_of(&r.path))
        .ok_or_else(|| Failure::new(ErrorCode::NotFound, "no such file"))
}
