//! Changes of a part. A part moves only while the control plane expects it: its file has a key there and has not ended.

use rusqlite::{Connection, OptionalExtension as _, params};
use windlass_core::ids::FileId;
use windlass_core::states::PartState;
use windlass_core::time::Timestamp;
use windlass_core::units::{Crc64Nvme, ETag, PartNumber};

use super::{Applied, guarded};
use crate::QueueError;
use crate::row::key;

pub(super) fn state(
    conn: &Connection,
    id: FileId,
    n: PartNumber,
    to: PartState,
) -> Result<Applied, QueueError> {
    if to == PartState::Uploaded {
        return Err(QueueError::Refused(
            "a part is uploaded by its checksum and tag only".into(),
        ));
    }
    // What storage answered belongs to `uploaded`; the checksum stays for a part that failed, to compare with its next read.
    let update = conn.prepare_cached(
        "UPDATE part SET state = ?3, etag = NULL, uploaded_at = NULL, crc64 = CASE ?3 WHEN 'failed' THEN crc64 END
         WHERE file_id = ?1 AND number = ?2
           AND EXISTS (SELECT 1 FROM allowed_transition WHERE machine = 'part' AND from_state = part.state AND to_state = ?3)
           AND EXISTS (SELECT 1 FROM upload_file WHERE id = ?1 AND object_key IS NOT NULL AND state <> 'done' AND state <> 'removed')",
    )?;
    guarded(update, params![key(id), n.get(), to.as_str()], || {
        stands(conn, id, n, |p| p.state == to.as_str())
    })
}

pub(super) fn uploaded(
    conn: &Connection,
    id: FileId,
    n: PartNumber,
    crc64: Crc64Nvme,
    etag: &ETag,
    at: Timestamp,
) -> Result<Applied, QueueError> {
    let update = conn.prepare_cached(
        "UPDATE part SET state = 'uploaded', crc64 = ?3, etag = ?4, uploaded_at = ?5
         WHERE file_id = ?1 AND number = ?2 AND state <> 'uploaded'
           AND EXISTS (SELECT 1 FROM upload_file WHERE id = ?1 AND object_key IS NOT NULL AND state <> 'done' AND state <> 'removed')",
    )?;
    guarded(
        update,
        params![key(id), n.get(), crc64.to_bytes(), etag.0, at.as_millis()],
        || {
            stands(conn, id, n, |p| {
                p.state == "uploaded" && p.crc64 == Some(crc64.to_bytes())
            })
        },
    )
}

struct Stands {
    state: String,
    crc64: Option<[u8; 8]>,
}

/// Done when it stands there already, else stale.
fn stands(
    conn: &Connection,
    id: FileId,
    n: PartNumber,
    same: impl FnOnce(&Stands) -> bool,
) -> Result<Applied, QueueError> {
    let found = conn
        .prepare_cached("SELECT state, crc64 FROM part WHERE file_id = ?1 AND number = ?2")?
        .query_row(params![key(id), n.get()], |r| {
            Ok(Stands {
                state: r.get(0)?,
                crc64: r.get(1)?,
            })
        })
        .optional()?;
    Ok(match found {
        Some(part) if same(&part) => Applied::Done,
        found => Applied::Stale {
            actual: found.map(|p| p.state),
        },
    })
}
