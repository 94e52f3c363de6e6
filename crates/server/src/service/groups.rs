//! Groups: made, listed, changed, finalized, retried, reset, cancelled, released, deleted.

use std::sync::Arc;

use futures::{StreamExt as _, stream};
use windlass_core::error::{ErrorCode, Failure};
use windlass_core::ids::{DestinationId, GroupId, OwnerId};
use windlass_core::limits::{MAX_BATCH, MAX_TEXT_BYTES};
use windlass_protocol::files::Page;
use windlass_protocol::groups::{FileLink, Finalized, Folders, GroupView, Metadata, NewGroup, PatchGroup};

use super::Service;
use crate::clock::random;
use crate::db::Tx;
use crate::failure::Refusal;
use crate::naming::checked_path;
use crate::store::demand::{self, At};
use crate::store::group_view::{self, GroupFilter};
use crate::store::{ObjectRow, groups, placing};

/// Empty folders that are made at a time.
const FOLDERS_IN_FLIGHT: usize = 8;
/// Bytes of what callers keep beside a row.
const MAX_METADATA_BYTES: usize = 65_536;

impl Service {
    /// Makes a group or finds it.
    ///
    /// # Errors
    /// `invalid_field`, `id_reused`; `not_found` for destination and parent; `state_conflict` when the entity has an open
    /// group.
    pub async fn create_group(&self, owner: OwnerId, group: &NewGroup) -> Result<GroupView, Refusal> {
        check_text("name", &group.name)?;
        check_text("description", group.description.as_deref().unwrap_or_default())?;
        check_metadata(&group.metadata)?;
        let (group, now) = (group.clone(), self.now());
        let write = self
            .store
            .db()
            .write(Some(owner), move |tx| groups::create(tx, owner, &group, now));
        write.await?
    }

    /// Where the files of a new group may go: its own destination and those of its slots.
    ///
    /// # Errors
    /// When the ledger does not answer.
    pub async fn group_places(&self, group: &NewGroup) -> Result<Vec<DestinationId>, Failure> {
        let group = group.clone();
        self.store.db().read(move |tx| groups::places(tx, &group)).await
    }

    /// A group; a deleted one too.
    ///
    /// # Errors
    /// `not_found`.
    pub async fn group(&self, owner: OwnerId, id: GroupId) -> Result<GroupView, Refusal> {
        let group = self.store.group(owner, id).await?;
        group.ok_or_else(|| Refusal::new(ErrorCode::NotFound, "no such group"))
    }

    /// A page of groups, newest first.
    ///
    /// # Errors
    /// When the ledger does not answer.
    pub async fn groups(&self, owner: OwnerId, filter: GroupFilter) -> Result<Page<GroupView>, Failure> {
        let (items, next) = self
            .store
            .db()
            .read(move |tx| group_view::page(tx, owner, &filter))
            .await?;
        Ok(Page {
            items,
            next: next.map(|c| c.text()),
        })
    }

    /// Changes a group, when it is as the caller saw it.
    async fn change_group<T: Send + 'static>(
        &self,
        owner: OwnerId,
        at: At<GroupId>,
        mut change: impl FnMut(&mut dyn Tx) -> Result<Result<T, Refusal>, Failure> + Send + 'static,
    ) -> Result<T, Refusal> {
        let write = self
            .store
            .db()
            .write(Some(owner), move |tx| match demand::group(tx, owner, at)? {
                Ok(()) => change(tx),
                Err(refused) => Ok(Err(refused)),
            });
        write.await?
    }

    /// Changes what is written about a group.
    ///
    /// # Errors
    /// `invalid_field`, `not_found`, `group_completed`, `group_closed`, `rev_mismatch`.
    pub async fn patch_group(
        &self,
        owner: OwnerId,
        at: impl Into<At<GroupId>>,
        wanted: &PatchGroup,
    ) -> Result<GroupView, Refusal> {
        check_text("name", wanted.name.as_deref().unwrap_or_default())?;
        check_text("description", wanted.description.as_deref().unwrap_or_default())?;
        if let Some(metadata) = &wanted.metadata {
            check_metadata(metadata)?;
        }
        let (at, wanted, now) = (at.into(), wanted.clone(), self.now());
        self.change_group(owner, at, move |tx| groups::patch(tx, owner, at.id, &wanted, now))
            .await
    }

    /// Completes a group and tells where its files are; at most `most` of them, and whether there are more.
    ///
    /// # Errors
    /// `finalize_incomplete` with what is missing, `group_closed`, `not_found`, `rev_mismatch`.
    pub async fn finalize_group(
        &self,
        owner: OwnerId,
        at: impl Into<At<GroupId>>,
        most: usize,
    ) -> Result<Finalized, Refusal> {
        let (at, now) = (at.into(), self.now());
        let finalize = move |tx: &mut dyn Tx| groups::finalize(tx, owner, at.id, now);
        let group = self.change_group(owner, at, finalize).await?;
        let files = self.group_files(owner, at.id, most).await?;
        Ok(Finalized {
            success: true,
            more: group.completed_files > files.len() as u64,
            files,
            group,
        })
    }

    /// The first settled files of a group, with where they are read.
    ///
    /// # Errors
    /// When the ledger does not answer.
    pub async fn group_files(
        &self,
        owner: OwnerId,
        id: GroupId,
        most: usize,
    ) -> Result<Vec<FileLink>, Failure> {
        let files = self
            .store
            .db()
            .read(move |tx| group_view::settled(tx, owner, id, most))
            .await?;
        let base = self.storages.signer().base_url();
        let url = |f: &group_view::SettledFile| match f.is_public {
            true => format!(
                "{base}/v1/public/d/{}/{}",
                in_url(&f.destination),
                in_url(&f.link.object_key)
            ),
            false => format!("{base}/v1/sessions/{}/content", f.link.session_id),
        };
        let told = |f: group_view::SettledFile| FileLink {
            url: url(&f),
            ..f.link
        };
        Ok(files.into_iter().map(told).collect())
    }

    /// Cancels a group and cleans up behind its unfinished files. What can't be cleaned now is cleaned by the sweep.
    ///
    /// # Errors
    /// `group_completed`, `not_found`, `rev_mismatch`.
    pub async fn cancel_group(
        &self,
        owner: OwnerId,
        at: impl Into<At<GroupId>>,
    ) -> Result<GroupView, Refusal> {
        let (at, now) = (at.into(), self.now());
        let cancel = move |tx: &mut dyn Tx| groups::cancel(tx, owner, at.id, now);
        let (group, objects) = self.change_group(owner, at, cancel).await?;
        self.clean_quietly(objects).await?;
        Ok(group)
    }

    /// Begins a failed group again from nothing: failed → draft.
    ///
    /// # Errors
    /// `state_conflict` unless it is failed; `group_completed`, `not_found`, `rev_mismatch`.
    pub async fn reset_group(
        &self,
        owner: OwnerId,
        at: impl Into<At<GroupId>>,
    ) -> Result<GroupView, Refusal> {
        let (at, now) = (at.into(), self.now());
        let reset = move |tx: &mut dyn Tx| groups::reset(tx, owner, at.id, now);
        let (group, objects) = self.change_group(owner, at, reset).await?;
        self.clean_quietly(objects).await?;
        Ok(group)
    }

    /// Lets the failed files of a group go again, and only those (L-14).
    ///
    /// # Errors
    /// `group_completed`, `state_conflict` for a cancelled one, `not_found`.
    pub async fn retry_group(self: &Arc<Self>, owner: OwnerId, id: GroupId) -> Result<GroupView, Refusal> {
        let read = self
            .store
            .db()
            .read(move |tx| groups::failed_files(tx, owner, id));
        for file in read.await?? {
            match self.retry_file(owner, file, false).await {
                Ok(_) => {}
                // Changed by somebody else meanwhile; the others go on.
                Err(refused) if refused.state.is_some() => {}
                Err(refused) => return Err(refused),
            }
        }
        let now = self.now();
        let write = self
            .store
            .db()
            .write(Some(owner), move |tx| groups::retry(tx, owner, id, now));
        Ok(write.await?)
    }

    /// Has empty folders of an open group stand at its destination, where that can hold any. Answers which do.
    ///
    /// # Errors
    /// `invalid_field` for too many, `name_invalid` for what is no path inside a group; `not_found`, `group_completed`,
    /// `group_closed`; as the storage answers when none of them could be made.
    pub async fn keep_folders(
        &self,
        owner: OwnerId,
        group: GroupId,
        wanted: &Folders,
    ) -> Result<Folders, Refusal> {
        if wanted.paths.len() > MAX_BATCH {
            let detail = format!("paths: at most {MAX_BATCH}");
            return Err(Refusal::new(ErrorCode::InvalidField, detail));
        }
        for path in &wanted.paths {
            checked_path(path)?;
        }
        let asked = wanted.paths.clone();
        let read = self
            .store
            .db()
            .read(move |tx| placing::folders(tx, owner, group, &asked));
        let standing = read.await??;
        let storage = self.storages.get(standing.destination).await?.storage;
        let kept: Vec<_> = stream::iter(standing.keys)
            .map(|(path, key)| {
                let storage = Arc::clone(&storage);
                async move { storage.keep_folder(&key).await.map(|kept| kept.then_some(path)) }
            })
            .buffered(FOLDERS_IN_FLIGHT)
            .collect()
            .await;
        let (mut paths, mut failure) = (Vec::new(), None);
        for one in kept {
            match one {
                Ok(path) => paths.extend(path),
                Err(e) => failure = Some(e),
            }
        }
        match failure {
            Some(e) if paths.is_empty() => Err(e.into()),
            Some(e) => {
                tracing::warn!(%group, error = %e, "some empty folders could not be made");
                Ok(Folders { paths })
            }
            None => Ok(Folders { paths }),
        }
    }

    /// Gives a completed group out to everybody who has its public id, or takes it back.
    ///
    /// # Errors
    /// `state_conflict` unless it is completed; `not_found`, `rev_mismatch`.
    pub async fn release_group(
        &self,
        owner: OwnerId,
        at: impl Into<At<GroupId>>,
        released: bool,
    ) -> Result<GroupView, Refusal> {
        let public: [u8; 16] = random(self.world.as_ref())?;
        let (at, now) = (at.into(), self.now());
        self.change_group(owner, at, move |tx| {
            groups::release(tx, owner, at.id, released.then_some(public), now)
        })
        .await
    }

    /// Deletes a group with all its files.
    ///
    /// # Errors
    /// `not_found`, `rev_mismatch`.
    pub async fn delete_group(&self, owner: OwnerId, at: impl Into<At<GroupId>>) -> Result<(), Refusal> {
        let (at, now) = (at.into(), self.now());
        let delete = move |tx: &mut dyn Tx| groups::delete(tx, owner, at.id, now);
        let objects = self.change_group(owner, at, delete).await?;
        Ok(self.clean_quietly(objects).await?)
    }

    /// Cleans what was given up; what can't be cleaned now is left to the sweep.
    pub(super) async fn clean_quietly(&self, objects: Vec<ObjectRow>) -> Result<(), Failure> {
        for (object, cleaned) in self.clean(objects).await? {
            if let Err(e) = cleaned {
                tracing::warn!(%object, error = %e, "what was given up is not cleaned up yet");
            }
        }
        Ok(())
    }
}

/// A key as the path of a URL; its parts stay parts.
fn in_url(key: &str) -> String {
    use std::fmt::Write as _;
    let mut out = String::with_capacity(key.len());
    for byte in key.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a string does not fail.
            write!(out, "%{byte:02X}").ok();
        }
    }
    out
}

fn check_text(field: &str, text: &str) -> Result<(), Refusal> {
    if text.len() > MAX_TEXT_BYTES || text.contains('\0') {
        let detail = format!("{field}: at most 1,024 bytes, none of them zero");
        return Err(Refusal::new(ErrorCode::InvalidField, detail));
    }
    Ok(())
}

/// What is kept beside a row fits it.
pub(super) fn check_metadata(metadata: &Metadata) -> Result<String, Refusal> {
    let text = serde_json::to_string(metadata).map_err(crate::failure::internal)?;
    if text.len() > MAX_METADATA_BYTES || text.contains("\\u0000") {
        let detail = "metadata: at most 64 KiB, without zero characters";
        return Err(Refusal::new(ErrorCode::InvalidField, detail));
    }
    Ok(text)
}

/// An error of the ledger as a refusal of the whole call.
impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        refusal.failure
    }
}
