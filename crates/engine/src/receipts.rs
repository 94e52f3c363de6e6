//! Receipts: the proof of a group, and asking the storage whether it still holds.

use std::collections::BTreeMap;
use std::sync::Arc;

use windlass_core::error::{ErrorCode, Failure};
use windlass_core::ids::{FileId, GroupId};
use windlass_core::limits::MAX_BATCH;
use windlass_core::names::encode_path_bytes;
use windlass_protocol::sessions::Ids;
use windlass_queue::receipts::Receipt;
use windlass_queue::{groups, receipts};

use crate::handle::VerifyReport;
use crate::shell::Shared;
use crate::view::{FileError, ReceiptLine, ReceiptView};

pub(crate) async fn of_group(shared: &Shared, group: GroupId) -> Result<ReceiptView, Failure> {
    let (row, lines) = rows(shared, group).await?;
    let lines = lines.into_iter().map(line).collect();
    Ok(ReceiptView {
        group_id: group,
        group: row.name,
        lines,
    })
}

async fn rows(
    shared: &Shared,
    group: GroupId,
) -> Result<(windlass_queue::groups::GroupRow, Vec<Receipt>), Failure> {
    let found = shared
        .queue
        .read(move |conn| Ok((groups::get(conn, group)?, receipts::of_group(conn, group)?)))
        .await?;
    match found {
        (Some(row), lines) => Ok((row, lines)),
        (None, _) => Err(Failure::new(ErrorCode::NotFound, "no such group")),
    }
}

fn line(r: Receipt) -> ReceiptLine {
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
    let mut report = VerifyReport::default();
    for chunk in lines.chunks(MAX_BATCH.min(200)) {
        let by_id: BTreeMap<FileId, &Receipt> = chunk.iter().map(|r| (r.file, r)).collect();
        let ids = by_id.keys().copied().collect();
        for result in shared.control.verify(&Ids { ids }).await? {
            let Some(receipt) = by_id.get(&result.id) else {
                continue;
            };
            report.checked += 1;
            if let Some(failure) = doubt(receipt, &result) {
                let error = FileError {
                    code: failure.code,
                    number: failure.code.label(),
                    detail: failure.detail,
                };
                report.failed.push((encode_path_bytes(&receipt.path), error));
            }
        }
    }
    Ok(report)
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
