//! Queries: what the ledger and the storage know, for a launch that finds out where it stands.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::StreamExt as _;
use windlass_core::error::Failure;
use windlass_core::ids::{FileId, GroupId, OwnerId};
use windlass_core::states::ObjectState;
use windlass_protocol::files::FileJobs;
use windlass_protocol::sessions::{ListedPart, Query, QueryAnswer, Session};

use super::{IN_FLIGHT, Service};
use crate::failure::known_problem;
use crate::storage::Listing;
use crate::store::files::newest_jobs;
use crate::store::{ObjectRow, SessionRow};

impl Service {
    /// What is known of files.
    ///
    /// # Errors
    /// `batch_too_large`; when the ledger does not answer.
    pub async fn query(self: &Arc<Self>, owner: OwnerId, query: Query) -> Result<QueryAnswer, Failure> {
        super::check_batch(query.ids.len())?;
        let mut rows = self.store.sessions(owner, query.ids.clone()).await?;
        let following: Vec<_> = rows.iter().flatten().filter(|row| row.waits()).cloned().collect();
        if !following.is_empty() {
            self.ask_again(owner, &following).await?;
            rows = self.store.sessions(owner, query.ids.clone()).await?;
        }
        let mut parts = if query.parts {
            self.list_all(&rows).await
        } else {
            BTreeMap::new()
        };
        let mut answer = QueryAnswer {
            sessions: Vec::with_capacity(rows.len()),
            unknown: Vec::new(),
        };
        for (id, row) in query.ids.into_iter().zip(rows) {
            match row {
                Some(row) => {
                    let listed = parts.remove(&id);
                    answer.sessions.push(session(row, listed));
                }
                None => answer.unknown.push(id),
            }
        }
        Ok(answer)
    }

    /// The newest job of each type of files; a duplicate has its canonical's.
    ///
    /// # Errors
    /// `batch_too_large`; when the ledger does not answer.
    pub async fn jobs_of(&self, owner: OwnerId, ids: Vec<FileId>) -> Result<Vec<FileJobs>, Failure> {
        super::check_batch(ids.len())?;
        let rows = self.store.sessions(owner, ids.clone()).await?;
        let of: Vec<FileId> = ids
            .iter()
            .zip(&rows)
            .map(|(id, row)| row.as_ref().and_then(|r| r.canonical).unwrap_or(*id))
            .collect();
        let asked = of.clone();
        let read = self.store.db().read(move |tx| newest_jobs(tx, owner, &asked));
        let jobs = read.await?;
        let told = |(id, of): (FileId, FileId)| FileJobs {
            id,
            jobs: jobs.get(&of).cloned().unwrap_or_default(),
        };
        Ok(ids.into_iter().zip(of).map(told).collect())
    }

    /// Parts of open multipart uploads, of several files at a time; `None` where the storage did not answer.
    async fn list_all(&self, rows: &[Option<SessionRow>]) -> BTreeMap<FileId, Option<Vec<ListedPart>>> {
        let mut open: Vec<(FileId, ObjectRow)> = Vec::new();
        for row in rows
            .iter()
            .flatten()
            .filter(|row| !row.is_settled() && !row.deleted)
        {
            let object = row
                .object
                .as_ref()
                .filter(|o| o.state == ObjectState::Open && !o.plan.is_single());
            open.extend(object.map(|o| (row.id, o.clone())));
        }
        futures::stream::iter(open)
            .map(|(id, object)| async move { (id, self.list_one(&object).await) })
            .buffer_unordered(IN_FLIGHT)
            .collect()
            .await
    }

    async fn list_one(&self, object: &ObjectRow) -> Option<Vec<ListedPart>> {
        let listing = match self.storages.get(object.destination).await {
            Ok(opened) => opened.storage.list(object).await,
            Err(e) => Err(e),
        };
        match listing {
            Ok(Listing::Parts(parts)) => {
                let part = |p: windlass_core::complete::StoredPart| ListedPart {
                    n: p.n,
                    size: p.size,
                    etag: p.etag,
                    crc64: p.crc64,
                };
                Some(parts.into_iter().map(part).collect())
            }
            Ok(Listing::NoUpload) => Some(Vec::new()),
            Err(e) => {
                tracing::info!(object = %object.id, error = %e, "the storage was asked for parts and did not answer");
                None
            }
        }
    }
}

/// A session as it stands in an answer; `listed` as [`Service::list_all`] found it.
fn session(row: SessionRow, listed: Option<Option<Vec<ListedPart>>>) -> Session {
    let settled = row.settled();
    let object_key = row
        .object
        .as_ref()
        .filter(|_| !row.waits())
        .map(|o| o.key.clone());
    let parts_known = matches!(listed, Some(Some(_)));
    Session {
        id: row.id,
        attempt: row.attempt,
        group_id: row.group.unwrap_or_else(|| GroupId::from(uuid::Uuid::nil())),
        destination_id: row.destination,
        size: row.plan.size(),
        part_size: row.plan.part_size(),
        state: row.state,
        deleted: row.deleted,
        object_key,
        parts: listed.flatten().unwrap_or_default(),
        parts_known,
        settled,
        error: row.error.as_ref().map(known_problem),
        alive_at: row.alive_at.as_millis(),
        rel_path: row.rel_path,
    }
}
