//! One content, one canonical (M5 to M8): files that turn out to have content that is there already are settled as its
//! duplicates, and duplicates whose canonical was deleted are pointed at the next one.

use std::collections::{BTreeMap, BTreeSet};

use windlass_core::error::Failure;
use windlass_core::ids::{DestinationId, FileId, OwnerId};
use windlass_core::states::SessionState;
use windlass_core::time::Timestamp;
use windlass_core::units::Sha256;

use super::audit::{self, Act, Actor, ActorKind};
use super::{init, placing, reads};
use crate::db::{Kind, Tx, Value, params, values_list};
use crate::store::{ObjectRow, SessionRow, Settle};

/// A content at a place: destination, hash, bytes.
pub(super) type Content = (DestinationId, Sha256, u64);

/// Who has the contents of a batch, and what a destination does with duplicates.
#[derive(Default)]
pub(super) struct Canonicals {
    there: BTreeMap<Content, SessionRow>,
    links: BTreeMap<DestinationId, bool>,
}

impl Canonicals {
    /// Who has these contents now. Only objects that the storage was asked about not long ago count: for another one no
    /// bytes are given up.
    pub(super) fn find(
        tx: &mut dyn Tx,
        owner: OwnerId,
        wanted: &BTreeSet<Content>,
        now: Timestamp,
    ) -> Result<Self, Failure> {
        let mut by_place: BTreeMap<DestinationId, Vec<(Sha256, u64)>> = BTreeMap::new();
        for (to, hash, size) in wanted {
            by_place.entry(*to).or_default().push((*hash, *size));
        }
        let mut found = Self::default();
        for (to, contents) in by_place {
            let there = init::settled_contents(tx, owner, to, &contents, now)?;
            let rows = reads::sessions(tx, owner, there.values().copied())?;
            for ((hash, size), id) in there {
                let seen = |o: &ObjectRow| {
                    o.checked_at
                        .is_some_and(|at| now.millis_since(at) < init::SEEN_MS)
                };
                if let Some(row) = rows.get(&id).filter(|r| r.object.as_ref().is_some_and(seen)) {
                    found.there.insert((to, hash, size), row.clone());
                }
            }
            let kind = tx.query_one("SELECT kind = 's3' FROM destination WHERE id = ?1", params![to])?;
            found.links.insert(to, kind.get(0)?);
        }
        Ok(found)
    }

    /// Who has the content of a file that is about to be settled, if somebody else has.
    pub(super) fn of(&self, content: Content, id: FileId) -> Option<&SessionRow> {
        self.there.get(&content).filter(|c| c.id != id)
    }

    /// The file has it from here on, if nobody had.
    pub(super) fn is_there(&mut self, content: Content, row: &SessionRow) {
        self.there.entry(content).or_insert_with(|| row.clone());
    }

    /// True when duplicates share an object there.
    pub(super) fn links(&self, to: DestinationId) -> bool {
        self.links.get(&to).copied().unwrap_or(false)
    }
}

/// Verifying → deduplicated: the content was there already. A link shares the canonical's object and gives its own up; a
/// copy keeps its own.
pub(super) fn join(
    tx: &mut dyn Tx,
    owner: OwnerId,
    row: &SessionRow,
    item: &Settle,
    canonical: &SessionRow,
    now: Timestamp,
) -> Result<(), Failure> {
    // Whoever waited for this one waits for that one: no chains (M11).
    tx.execute(
        "UPDATE upload_session SET canonical_id = ?3, updated_at = ?4, rev = rev + 1
         WHERE owner_id = ?1 AND canonical_id = ?2 AND state = 'pending' AND deleted_at IS NULL",
        params![owner, row.id, canonical.id, now],
    )?;
    let object = row.object.as_ref().map(|o| o.id);
    tx.execute(
        "UPDATE upload_session SET state = 'deduplicated', canonical_id = ?3, object_id = ?4,
           sha256 = COALESCE(sha256, ?5), uploaded_at = ?6, verified_at = ?6, alive_at = ?6, updated_at = ?6,
           lease_until = 0, rev = rev + 1
         WHERE owner_id = ?1 AND id = ?2 AND fence = ?7 AND state = 'verifying' AND deleted_at IS NULL",
        params![owner, row.id, canonical.id, object, item.sha256, now, item.fence],
    )?;
    if object != Some(item.object) {
        placing::condemn(tx, item.object)?;
    }
    Ok(())
}

/// Whoever waited for a file that does not bring its content after all waits for the oldest of them from here on, and that
/// one sends by itself (M7, F118).
pub(super) fn pass_on(tx: &mut dyn Tx, owner: OwnerId, left: FileId, now: Timestamp) -> Result<(), Failure> {
    let oldest = tx.query_opt(
        "SELECT id FROM upload_session WHERE owner_id = ?1 AND canonical_id = ?2 AND state = 'pending'
           AND deleted_at IS NULL ORDER BY created_at, id LIMIT 1",
        params![owner, left],
    )?;
    let Some(row) = oldest else {
        return Ok(());
    };
    let first: FileId = row.get(0)?;
    tx.execute(
        "UPDATE upload_session SET canonical_id = NULL, updated_at = ?3, rev = rev + 1
         WHERE owner_id = ?1 AND id = ?2 AND state = 'pending' AND deleted_at IS NULL",
        params![owner, first, now],
    )?;
    tx.execute(
        "UPDATE upload_session SET canonical_id = ?3, updated_at = ?4, rev = rev + 1
         WHERE owner_id = ?1 AND canonical_id = ?2 AND state = 'pending' AND deleted_at IS NULL",
        params![owner, left, first, now],
    )
    .map(drop)
}

/// Points living duplicates of deleted canonicals at the file that has their content now (M8).
pub(super) fn succeed(
    tx: &mut dyn Tx,
    owner: OwnerId,
    files: &[(FileId, DestinationId, Sha256)],
    now: Timestamp,
) -> Result<(), Failure> {
    for some in files.chunks(reads::MOST / 4) {
        let rows = reads::step(some.len());
        let values = values_list(tx.dialect(), 2, rows, &[Kind::Id, Kind::Id, Kind::Bytes]);
        let sql = format!(
            "WITH v(id, place, sha256) AS ({values}) SELECT DISTINCT v.id, d.id FROM v CROSS JOIN upload_session d
             WHERE d.owner_id = ?1 AND d.destination_id = v.place AND d.sha256 = v.sha256
               AND d.canonical_id IS NULL AND d.deleted_at IS NOT NULL AND d.state = 'uploaded'"
        );
        let last = some.last().copied();
        let more = std::iter::repeat_n(last, rows - some.len()).flatten();
        let mut params_of: Vec<Value> = vec![owner.into()];
        params_of.extend(
            some.iter()
                .copied()
                .chain(more)
                .flat_map(|(id, to, hash)| [Value::from(id), to.into(), hash.into()]),
        );
        for row in tx.query(&sql, &params_of)? {
            take_over(tx, owner, row.get(0)?, row.get(1)?, now)?;
        }
    }
    Ok(())
}

fn take_over(
    tx: &mut dyn Tx,
    owner: OwnerId,
    new: FileId,
    old: FileId,
    now: Timestamp,
) -> Result<(), Failure> {
    let moved = tx.execute(
        "UPDATE upload_session SET canonical_id = ?3, updated_at = ?4, rev = rev + 1
         WHERE owner_id = ?1 AND canonical_id = ?2 AND state = 'deduplicated' AND deleted_at IS NULL",
        params![owner, old, new, now],
    )?;
    if moved == 0 {
        return Ok(());
    }
    let act = Act {
        actor: Actor {
            id: Some(owner),
            kind: ActorKind::Owner,
        },
        action: "session.canonical",
        subject_kind: "session",
        subject: new.into(),
        owner: Some(owner),
        reason: Some("the canonical was deleted, and its content came again"),
        data: serde_json::json!({ "of": old, "duplicates": moved }),
    };
    audit::write(tx, &act, now)
}

/// Those contents of which a deleted canonical is left.
pub(super) fn orphaned(
    tx: &mut dyn Tx,
    owner: OwnerId,
    to: DestinationId,
    of: &[(Sha256, u64)],
) -> Result<BTreeSet<(Sha256, u64)>, Failure> {
    let mut found = BTreeSet::new();
    for some in of.chunks(reads::MOST / 2) {
        let rows = reads::step(some.len());
        let values = values_list(tx.dialect(), 3, rows, &[Kind::Bytes, Kind::Int]);
        let sql = format!(
            "WITH v(sha256, size) AS ({values}) SELECT DISTINCT v.sha256, v.size FROM v JOIN upload_session d
               ON d.owner_id = ?1 AND d.destination_id = ?2 AND d.sha256 = v.sha256 AND +d.size = v.size
             WHERE d.canonical_id IS NULL AND d.deleted_at IS NOT NULL AND d.state = 'uploaded'"
        );
        let last = some.last().copied();
        let more = std::iter::repeat_n(last, rows - some.len()).flatten();
        let mut params_of: Vec<Value> = vec![owner.into(), to.into()];
        params_of.extend(
            some.iter()
                .copied()
                .chain(more)
                .flat_map(|(hash, size)| [Value::from(hash), size.into()]),
        );
        for row in tx.query(&sql, &params_of)? {
            found.insert((row.get(0)?, row.get(1)?));
        }
    }
    Ok(found)
}

/// The stored object of a deleted canonical with this content, that a new file may adopt.
pub(super) fn orphan(
    tx: &mut dyn Tx,
    owner: OwnerId,
    (to, hash, size): Content,
) -> Result<Option<ObjectRow>, Failure> {
    let rule = "o.state = 'stored' AND o.owner_id = ?1 AND o.sha256 = ?3 AND o.size = ?4 AND s.deleted_at IS NOT NULL
         AND o.id IN (SELECT d.object_id FROM upload_session d WHERE d.owner_id = ?1 AND d.destination_id = ?2
           AND d.sha256 = ?3 AND d.canonical_id IS NULL AND d.deleted_at IS NOT NULL AND d.state = 'uploaded')
         ORDER BY o.checked_at DESC LIMIT 1";
    Ok(reads::objects(tx, rule, params![owner, to, hash, size])?.pop())
}

/// Pending → verifying → uploaded in one step, with an object that is there and proved: no byte is sent (M8).
pub(super) fn adopt(
    tx: &mut dyn Tx,
    owner: OwnerId,
    id: FileId,
    object: &ObjectRow,
    to: DestinationId,
    now: Timestamp,
) -> Result<(), Failure> {
    for state in [SessionState::Verifying, SessionState::Uploaded] {
        let settled = (state == SessionState::Uploaded).then_some(now);
        tx.execute(
            "UPDATE upload_session SET state = ?3, object_id = ?4, uploaded_at = ?5, verified_at = ?5, updated_at = ?6,
               rev = rev + 1, fence = fence + 1
             WHERE owner_id = ?1 AND id = ?2 AND state IN ('pending', 'verifying') AND deleted_at IS NULL",
            params![owner, id, state, object.id, settled, now],
        )?;
    }
    if let Some(hash) = object.sha256 {
        succeed(tx, owner, &[(id, to, hash)], now)?;
    }
    super::jobs::make::by_pipeline(tx, owner, &[(id, to)], now)
}
