//! Sessions one by one: looked at, listed, changed, retried, taken over, deleted.

use std::sync::Arc;

use windlass_core::error::{ErrorCode, Failure};
use windlass_core::ids::{ClientId, FileId, OwnerId, TokenId};
use windlass_core::part_plan::PartPlan;
use windlass_core::states::{FilePartState, ObjectState, SessionState};
use windlass_protocol::files::{Deleted, FileView, Page, PartView, Parts, PatchFile};

use super::Service;
use super::groups::check_metadata;
use crate::failure::Refusal;
use crate::storage::Listing;
use crate::store::demand::{self, At};
use crate::store::files::{self, FileFilter};
use crate::store::parts::{self, Learnt, Sent};
use crate::store::{InitRow, SessionRow};

impl Service {
    /// A session; a deleted one too. A follower is looked at again first: what it waited for may be there.
    ///
    /// # Errors
    /// `not_found`.
    pub async fn file(self: &Arc<Self>, owner: OwnerId, id: FileId) -> Result<FileView, Refusal> {
        let mut view = self.read_file(owner, id).await?;
        // A follower shows no key, nor does one that followed until the other failed.
        if view.state == SessionState::Pending && view.object_key.is_none() && !view.deleted {
            let rows = self.store.sessions(owner, vec![id]).await?;
            self.ask_again(owner, &rows.into_iter().flatten().collect::<Vec<_>>())
                .await?;
            view = self.read_file(owner, id).await?;
        }
        Ok(view)
    }

    async fn read_file(&self, owner: OwnerId, id: FileId) -> Result<FileView, Refusal> {
        let read = self.store.db().read(move |tx| files::load(tx, owner, id));
        read.await?
            .ok_or_else(|| Refusal::new(ErrorCode::NotFound, "no such session"))
    }

    /// A page of sessions, newest first.
    ///
    /// # Errors
    /// When the ledger does not answer.
    pub async fn files(&self, owner: OwnerId, filter: FileFilter) -> Result<Page<FileView>, Failure> {
        let (items, next) = self
            .store
            .db()
            .read(move |tx| files::page(tx, owner, &filter))
            .await?;
        Ok(Page {
            items,
            next: next.map(|c| c.text()),
        })
    }

    /// The parts of a session; with `ask` the storage is asked, and what it lists is written down.
    ///
    /// # Errors
    /// `not_found`; what the storage answers.
    pub async fn parts(&self, owner: OwnerId, id: FileId, ask: bool) -> Result<Parts, Refusal> {
        let row = self.row(owner, id).await?;
        let object = row.object.clone();
        let open = object
            .as_ref()
            .filter(|o| o.state == ObjectState::Open && !row.deleted && !row.is_settled());
        let mut from_storage = false;
        if let (true, Some(object)) = (ask && !row.plan.is_single(), open) {
            let storage = self.storages.get(object.destination).await?.storage;
            if let Listing::Parts(listed) = storage.list(object).await? {
                let sent = listed
                    .into_iter()
                    .map(|p| Sent {
                        n: p.n,
                        etag: p.etag,
                        crc64: p.crc64,
                    })
                    .collect();
                let learnt = Learnt {
                    sent,
                    ..Learnt::of(object)
                };
                self.learn(owner, vec![learnt]).await?;
            }
            from_storage = true;
        }
        Ok(Parts {
            parts: self.known_parts(owner, &row).await?,
            from_storage,
        })
    }

    async fn known_parts(&self, owner: OwnerId, row: &SessionRow) -> Result<Vec<PartView>, Failure> {
        let (id, plan) = (row.id, row.plan);
        let at = row.uploaded_at.map(|t| t.as_millis());
        let state = match row.state {
            SessionState::Uploaded | SessionState::Deduplicated => FilePartState::Uploaded,
            SessionState::Failed | SessionState::Rejected => FilePartState::Failed,
            SessionState::Uploading | SessionState::Verifying if plan.is_single() => FilePartState::Uploading,
            SessionState::Pending | SessionState::Uploading | SessionState::Verifying => {
                FilePartState::Pending
            }
        };
        let Some(object) = row.object.as_ref().filter(|_| !plan.is_single()).map(|o| o.id) else {
            return Ok(parts::planned(id, &plan, state, at));
        };
        let known = self
            .store
            .db()
            .read(move |tx| parts::load(tx, owner, id, object))
            .await?;
        if known.is_empty() {
            return Ok(parts::planned(id, &plan, state, at));
        }
        Ok(known.into_values().collect())
    }

    /// Writes down what was learnt of parts.
    pub(super) async fn learn(&self, owner: OwnerId, learnt: Vec<Learnt>) -> Result<(), Failure> {
        if learnt.iter().all(|l| l.plan.is_single()) {
            return Ok(());
        }
        let now = self.now();
        self.store
            .db()
            .write(Some(owner), move |tx| parts::learn(tx, owner, &learnt, now))
            .await
    }

    /// Changes a session: whether its group needs it, what is kept beside it; another size begins its next attempt.
    ///
    /// # Errors
    /// `not_found`, `invalid_field`, `state_conflict`, `session_settled`, `session_deleted`, `rev_mismatch`.
    pub async fn patch_file(
        self: &Arc<Self>,
        owner: OwnerId,
        at: impl Into<At<FileId>>,
        wanted: &PatchFile,
    ) -> Result<FileView, Refusal> {
        let At { id, rev } = at.into();
        let metadata = wanted.metadata.as_ref().map(check_metadata).transpose()?;
        let (is_required, now) = (wanted.is_required, self.now());
        let write = self.store.db().write(Some(owner), move |tx| {
            if let Err(refused) = demand::session(tx, owner, At { id, rev })? {
                return Ok(Err(refused));
            }
            if is_required.is_none() && metadata.is_none() {
                return Ok(Ok(()));
            }
            files::patch(tx, owner, id, is_required, metadata.as_deref(), now)
        });
        write.await??;
        if let Some(size) = wanted.size {
            let row = self.open_or_failed(owner, id).await?;
            let same = row.plan.size() == size && (wanted.sha256.is_none() || wanted.sha256 == row.sha256);
            if !same {
                let plan = PartPlan::stored(size, row.plan.part_size())
                    .or_else(|_| PartPlan::new(size))
                    .map_err(|e| Refusal::new(ErrorCode::TooLarge, e.to_string()))?;
                let mut next = self.again(&row)?;
                next.attempt = row.attempt + 1;
                next.plan = plan;
                next.sha256 = wanted.sha256;
                self.decide_one(owner, next).await?;
            }
        }
        self.file(owner, id).await
    }

    /// Lets a failed file go again: from where it stood, or (`start`, or when nothing of it is left) from its first byte.
    ///
    /// # Errors
    /// `not_found`, `session_settled`, `session_deleted`, `group_closed`; `state_conflict` for a rejected one.
    pub async fn retry_file(
        self: &Arc<Self>,
        owner: OwnerId,
        id: FileId,
        start: bool,
    ) -> Result<FileView, Refusal> {
        let goes_on = if start {
            false
        } else {
            let now = self.now();
            let write = self
                .store
                .db()
                .write(Some(owner), move |tx| files::go_on(tx, owner, id, now));
            write.await??
        };
        if !goes_on {
            let row = self.open_or_failed(owner, id).await?;
            let mut next = self.again(&row)?;
            next.attempt = row.attempt + 1;
            self.decide_one(owner, next).await?;
        }
        self.file(owner, id).await
    }

    /// A follower waits no longer: it sends by itself.
    ///
    /// # Errors
    /// `not_found`, `session_settled`, `session_deleted`; `state_conflict` when it follows nobody.
    pub async fn take_over(self: &Arc<Self>, owner: OwnerId, id: FileId) -> Result<FileView, Refusal> {
        let row = self.open_or_failed(owner, id).await?;
        if row.canonical.is_none() {
            let refused = Refusal::new(ErrorCode::StateConflict, "it waits for nobody");
            return Err(refused.with_state(row.state));
        }
        let mut next = self.again(&row)?;
        next.race = true;
        self.decide_one(owner, next).await?;
        self.file(owner, id).await
    }

    /// The client gives a file up for now, with the reason (L-16).
    ///
    /// # Errors
    /// `not_found`, `session_settled`, `session_deleted`.
    pub async fn fail_file(
        self: &Arc<Self>,
        owner: OwnerId,
        id: FileId,
        why: Failure,
    ) -> Result<FileView, Refusal> {
        let now = self.now();
        let write = self
            .store
            .db()
            .write(Some(owner), move |tx| files::fail(tx, owner, id, &why, now));
        write.await??;
        self.file(owner, id).await
    }

    /// Deletes a file: its row stays with a tombstone, its bytes go unless another living file shares them.
    ///
    /// # Errors
    /// `not_found`; `group_completed` for a required file of a completed group; `rev_mismatch`.
    pub async fn delete_file(
        self: &Arc<Self>,
        owner: OwnerId,
        at: impl Into<At<FileId>>,
    ) -> Result<Deleted, Refusal> {
        let (at, now) = (at.into(), self.now());
        let id = at.id;
        let write = self
            .store
            .db()
            .write(Some(owner), move |tx| match demand::session(tx, owner, at)? {
                Ok(()) => files::delete(tx, owner, id, now),
                Err(refused) => Ok(Err(refused)),
            });
        let objects = write.await??;
        let mut cleaned = true;
        for (object, done) in self.clean(objects).await? {
            if let Err(e) = done {
                cleaned = false;
                tracing::warn!(%object, error = %e, "what was given up is not cleaned up yet");
            }
        }
        let view = self.read_file(owner, id).await?;
        Ok(Deleted {
            state: view.state,
            deleted_at: view.deleted_at,
            cleaned,
        })
    }

    /// The machine that a token was made for.
    ///
    /// # Errors
    /// When the ledger does not answer.
    pub async fn token_client(
        &self,
        owner: OwnerId,
        token: Option<TokenId>,
    ) -> Result<Option<ClientId>, Failure> {
        let Some(token) = token else {
            return Ok(None);
        };
        let read = self
            .store
            .db()
            .read(move |tx| files::token_client(tx, owner, token));
        read.await
    }

    async fn row(&self, owner: OwnerId, id: FileId) -> Result<SessionRow, Refusal> {
        let row = self.store.sessions(owner, vec![id]).await?.pop().flatten();
        row.ok_or_else(|| Refusal::new(ErrorCode::NotFound, "no such session"))
    }

    async fn open_or_failed(&self, owner: OwnerId, id: FileId) -> Result<SessionRow, Refusal> {
        let row = self.row(owner, id).await?;
        let refuse = |code, why: &str| Err(Refusal::new(code, why).with_state(row.state));
        if row.deleted {
            return refuse(ErrorCode::SessionDeleted, "the session was removed");
        }
        match row.state {
            SessionState::Uploaded | SessionState::Deduplicated => {
                refuse(ErrorCode::SessionSettled, "the file is settled")
            }
            SessionState::Rejected => refuse(
                ErrorCode::StateConflict,
                "the file can never be taken: send another one",
            ),
            SessionState::Pending
            | SessionState::Uploading
            | SessionState::Verifying
            | SessionState::Failed => Ok(row),
        }
    }

    /// Decides one file anew; a refusal is the answer.
    async fn decide_one(self: &Arc<Self>, owner: OwnerId, row: InitRow) -> Result<(), Refusal> {
        use windlass_protocol::sessions::InitAnswer;
        let answers = self.decide(owner, vec![(0, row)]).await?;
        match answers.into_iter().next() {
            Some((_, InitAnswer::Refused { error })) => Err(error.to_failure().into()),
            _ => Ok(()),
        }
    }
}
