//! Receipts: the proof of a group, and asking the storage whether it still holds.

use std::collections::BTreeMap;
use std::sync::Arc;

use windlass_core::error::{ErrorCode, Failure};
use windlass_core::ids::{DestinationId, FileId, GroupId};
use windlass_core::limits::MAX_BATCH;
use windlass_core::machine::records::DoneResult;
use windlass_core::names::encode_path_bytes;
use windlass_queue::acts::{ActKind, NewAct};
use windlass_queue::events::{EventScope, NewEvent};
use windlass_queue::receipts::Receipt;
use windlass_queue::{Connection, QueueError, acts, events, groups, history, receipts, watched};

use crate::clock;
use crate::convert::file_error;
use crate::handle::VerifyReport;
use crate::shell::Shared;
use crate::view::{ReceiptForm, ReceiptLine, ReceiptView};

mod export;
mod pdf;

/// The destination was asked again, and all is as the receipt says.
pub(crate) const VERIFIED: &str = "verified";
/// It was asked again, and something is not.
pub(crate) const DOUBTED: &str = "doubted";

/// A receipt in one of its forms, and a name for its file.
pub(crate) async fn export(
    shared: &Shared,
    group: GroupId,
    form: ReceiptForm,
) -> Result<(String, Vec<u8>), Failure> {
    let details = crate::history::details(shared, group).await?;
    let lines = shared.queue.read(move |conn| by_path(conn, group)).await?;
    let made = tokio::task::spawn_blocking(move || {
        let whole = export::Whole {
            lines: lines.into_iter().map(line).collect(),
            details,
        };
        let bytes = export::export(&whole, form)?;
        let end = match form {
            ReceiptForm::Csv => "csv",
            ReceiptForm::Json => "json",
            ReceiptForm::Pdf => "pdf",
        };
        Ok((format!("{}.{end}", whole.details.receipt), bytes))
    });
    made.await
        .map_err(|e| Failure::new(ErrorCode::Internal, e.to_string()))?
}

pub(crate) async fn of_group(shared: &Shared, group: GroupId) -> Result<ReceiptView, Failure> {
    let (name, lines) = rows(shared, group).await?;
    let lines = lines.into_iter().map(line).collect();
    Ok(ReceiptView {
        group_id: group,
        group: name,
        lines,
    })
}

/// The name and the lines of a group, also of one whose card is gone.
async fn rows(shared: &Shared, group: GroupId) -> Result<(String, Vec<Receipt>), Failure> {
    let found = shared
        .queue
        .read(move |conn| {
            let name = match groups::get(conn, group)? {
                Some(row) => Some(row.name),
                None => history::get(conn, group)?.map(|row| row.name),
            };
            Ok((name, by_path(conn, group)?))
        })
        .await?;
    match found {
        (Some(name), lines) => Ok((name, lines)),
        (None, _) => Err(Failure::new(ErrorCode::NotFound, "no such group")),
    }
}

/// The lines of a group as a folder lists its files: they end in any order, and a name is looked for in its place.
fn by_path(conn: &Connection, group: GroupId) -> Result<Vec<Receipt>, QueueError> {
    let mut lines = receipts::of_group(conn, group)?;
    lines.sort_by(|a, b| steps(&a.path).cmp(steps(&b.path)));
    Ok(lines)
}

fn steps(path: &[u8]) -> impl Iterator<Item = &[u8]> {
    path.split(|b| matches!(b, b'/' | b'\\'))
}

pub(crate) fn line(r: Receipt) -> ReceiptLine {
    ReceiptLine {
        path: encode_path_bytes(&r.path),
        destination: r.destination_name,
        object_key: r.proof.object_key,
        size: r.fingerprint.size,
        sha256: r.proof.sha256.map(|h| h.to_string()),
        crc64: r.proof.crc64.map(|c| c.to_string()).unwrap_or_default(),
        proof: r.proof.how,
        result: r.proof.result.as_str().to_owned(),
        uploaded_at: r.proof.uploaded_at.as_millis(),
    }
}

pub(crate) async fn verify(shared: &Arc<Shared>, group: GroupId) -> Result<VerifyReport, Failure> {
    let (_, lines) = rows(shared, group).await?;
    let uploads = uploads_of(shared, &lines).await?;
    let mut report = VerifyReport::default();
    let mut gone: Vec<FileId> = Vec::new();
    for chunk in lines.chunks(MAX_BATCH.min(200)) {
        let of = |r: &Receipt| uploads.get(&r.file).copied().unwrap_or(r.file);
        let by_id: BTreeMap<FileId, &Receipt> = chunk.iter().map(|r| (of(r), r)).collect();
        let mut by_place: BTreeMap<DestinationId, Vec<FileId>> = BTreeMap::new();
        for (id, receipt) in &by_id {
            by_place.entry(receipt.destination).or_default().push(*id);
        }
        let mut results = Vec::with_capacity(by_id.len());
        for (destination, ids) in by_place {
            results.extend(shared.planes.verify(destination, ids).await?);
        }
        for result in results {
            let Some(receipt) = by_id.get(&result.id) else {
                continue;
            };
            report.checked += 1;
            if let Some(failure) = doubt(receipt, &result) {
                if failure.code == ErrorCode::ObjectMissing {
                    gone.push(receipt.file);
                }
                report
                    .failed
                    .push((encode_path_bytes(&receipt.path), file_error(&failure)));
            }
        }
    }
    let (checked, failed) = (report.checked, report.failed.len());
    if checked > 0 {
        let event = NewEvent {
            at: clock::now(),
            scope: EventScope::Group(group),
            kind: if failed == 0 { VERIFIED } else { DOUBTED }.to_owned(),
            code: report.failed.first().map(|(_, e)| e.code),
            data: serde_json::json!({ "checked": checked, "failed": failed }),
        };
        shared
            .queue
            .write(move |conn| {
                watched::mark_removed_there(conn, &gone)?;
                acts::append(
                    conn,
                    &NewAct {
                        at: event.at,
                        kind: ActKind::Asked,
                        group: Some(group),
                        files: checked,
                        bytes: 0,
                        failed: failed as u64,
                        data: serde_json::json!({}),
                    },
                )?;
                events::append(conn, &event)
            })
            .await?;
    }
    Ok(report)
}

/// The uploads that unchanged files stand on: the control plane knows those.
async fn uploads_of(shared: &Shared, lines: &[Receipt]) -> Result<BTreeMap<FileId, FileId>, Failure> {
    let unchanged: Vec<(FileId, DestinationId, Vec<u8>)> = lines
        .iter()
        .filter(|r| r.proof.result == DoneResult::Unchanged)
        .map(|r| (r.file, r.destination, r.path.clone()))
        .collect();
    if unchanged.is_empty() {
        return Ok(BTreeMap::new());
    }
    let uploads = shared.queue.read(move |conn| {
        let mut uploads = BTreeMap::new();
        for (file, destination, path) in unchanged {
            if let Some(upload) = receipts::of_upload(conn, destination, &path)? {
                uploads.insert(file, upload.file);
            }
        }
        Ok(uploads)
    });
    Ok(uploads.await?)
}

/// Why the storage's answer does not bear the receipt out, if it does not.
fn doubt(receipt: &Receipt, answer: &windlass_protocol::sessions::VerifyResult) -> Option<Failure> {
    if let Some(error) = &answer.error {
        return Some(error.to_failure());
    }
    let Some(settled) = &answer.settled else {
        return Some(Failure::new(
            ErrorCode::ObjectMissing,
            "the control plane knows no proof of it",
        ));
    };
    let differs = settled.size != receipt.fingerprint.size
        || matches!((settled.sha256, receipt.proof.sha256), (Some(a), Some(b)) if a != b)
        || matches!((settled.crc64, receipt.proof.crc64), (Some(a), Some(b)) if a != b);
    differs.then(|| {
        Failure::new(
            ErrorCode::VerifyMismatch,
            "size or checksum differ from the receipt",
        )
    })
}
