//! The chunks that are most like a vector. All of an owner's are read, a page at a time; only the best are kept.

use windlass_core::error::Failure;
use windlass_core::ids::{DestinationId, FileId, OwnerId};
use windlass_protocol::search::{SearchAnswer, SearchHit};

use crate::db::{Tx, Value, list, params};
use crate::embedding::search::{Hit, nearest as best_of};
use crate::embedding::vector::Vector;

/// Chunks that are read at a time.
const PAGE: usize = 2_000;

/// The best hits of an owner's files that live, or that a duplicate shows that lives.
///
/// # Errors
/// As the database answers.
pub fn nearest(
    tx: &mut dyn Tx,
    owner: OwnerId,
    query: &Vector,
    model: &str,
    places: Option<&[DestinationId]>,
    most: usize,
    least: f32,
) -> Result<SearchAnswer, Failure> {
    let mut best: Vec<Hit<(FileId, u64)>> = Vec::new();
    let mut other_models = 0;
    let mut at: Option<(FileId, u64)> = None;
    loop {
        let mut values: Vec<Value> = vec![owner.into()];
        let mut rule = String::new();
        if let Some((session, n)) = at {
            values.push(session.into());
            values.push(n.into());
            rule.push_str(" AND (c.session_id, c.n) > (?2, ?3)");
        }
        if let Some(places) = places {
            let first = values.len() + 1;
            values.extend(places.iter().copied().map(Value::from));
            rule.push_str(&format!(
                " AND s.destination_id IN ({})",
                list(first, places.len())
            ));
        }
        let sql = format!(
            "SELECT c.session_id, c.n, c.vector, c.model FROM chunk c
               JOIN upload_session s ON s.owner_id = c.owner_id AND s.id = c.session_id
             WHERE c.owner_id = ?1{rule} AND (s.deleted_at IS NULL OR EXISTS (SELECT 1 FROM upload_session d
               WHERE d.owner_id = s.owner_id AND d.canonical_id = s.id AND d.deleted_at IS NULL))
             ORDER BY c.session_id, c.n LIMIT {PAGE}"
        );
        let rows = tx.query(&sql, &values)?;
        let mut page: Vec<((FileId, u64), Vec<u8>)> = Vec::with_capacity(rows.len());
        for row in &rows {
            let place = (row.get(0)?, row.get(1)?);
            at = Some(place);
            if row.get::<String>(3)? == model {
                page.push((place, row.get(2)?));
            } else {
                other_models += 1;
            }
        }
        let found = best_of(query, page, most, least)?;
        other_models += found.other_dimensions;
        best.extend(found.hits);
        best.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.id.cmp(&b.id)));
        best.truncate(most);
        if rows.len() < PAGE {
            break;
        }
    }
    let mut hits = Vec::with_capacity(best.len());
    for hit in best {
        let row = tx.query_one(
            "SELECT c.text, s.rel_path FROM chunk c
               JOIN upload_session s ON s.owner_id = c.owner_id AND s.id = c.session_id
             WHERE c.owner_id = ?1 AND c.session_id = ?2 AND c.n = ?3",
            params![owner, hit.id.0, hit.id.1],
        )?;
        hits.push(SearchHit {
            session_id: hit.id.0,
            rel_path: row.get(1)?,
            n: hit.id.1,
            score: hit.score,
            text: row.get(0)?,
        });
    }
    Ok(SearchAnswer { hits, other_models })
}
