//! Destinations: tried, saved, removed. Nothing is saved that did not pass its trial; keys go where the person said.

use std::path::PathBuf;

use windlass_core::error::{ErrorCode, Failure};
use windlass_core::ids::DestinationId;
use windlass_core::limits::MAX_TEXT_BYTES;
use windlass_protocol::destinations::{Check, Destination, DestinationConfig, PutDestination};

use super::Service;
use crate::clock::random;
use crate::failure::{Refusal, internal};
use crate::secrets::Keys;
use crate::storage::Capabilities;
use crate::storage::folder::root::Root;
use crate::storage::folder::trial::{Standing, Steps, try_folder};
use crate::storage::s3::trial::try_bucket;
use crate::store::DestinationRow;

impl Service {
    /// All destinations in use.
    ///
    /// # Errors
    /// When the ledger does not answer.
    pub async fn destinations(&self) -> Result<Vec<Destination>, Failure> {
        let rows = self.store.destinations().await?;
        let told = |d: DestinationRow| Destination {
            id: d.id,
            name: d.name,
            config: d.config,
            max_bytes: d.accepts.max_bytes,
            refused_types: d.accepts.refused_types,
            allowed_mime: d.accepts.allowed_mime,
        };
        Ok(rows.into_iter().map(told).collect())
    }

    /// Tries a destination; nothing is saved.
    ///
    /// # Errors
    /// `invalid_field`; a trial that ran and failed is an answer.
    pub async fn test_destination(&self, wanted: &PutDestination) -> Result<Check, Refusal> {
        check(wanted)?;
        let keys = self.keys_for(wanted).await?;
        Ok(self
            .run_trial(wanted.id, &wanted.config, keys.as_ref(), false)
            .await?
            .0)
    }

    /// Tries a saved destination again.
    ///
    /// # Errors
    /// `not_found`; a trial that ran and failed is an answer.
    pub async fn check_destination(&self, id: DestinationId) -> Result<Check, Refusal> {
        let row = self.active(id).await?;
        let keys = match row.keep {
            Some(keep) => match self.secrets.get(id, keep).await {
                Ok(keys) => Some(keys),
                Err(e) => return Ok(failed("reachable", &e)),
            },
            None => None,
        };
        let (check, capabilities) = self.run_trial(id, &row.config, keys.as_ref(), true).await?;
        if check.ok && capabilities.is_some() && capabilities != row.capabilities {
            // The storage was updated: what it can do is learnt again.
            self.store
                .put_destination(DestinationRow { capabilities, ..row }, None, self.now())
                .await??;
            self.storages.renew(id).await;
        }
        Ok(check)
    }

    /// Tries and, when the trial went well, saves a destination.
    ///
    /// # Errors
    /// `invalid_field`, `state_conflict`, `keyring_locked`; a trial that ran and failed is an answer.
    pub async fn put_destination(&self, wanted: &PutDestination) -> Result<Check, Refusal> {
        check(wanted)?;
        let keys = self.keys_for(wanted).await?;
        let known = self.store.destination(wanted.id).await?;
        // A folder that was a destination before must be that folder, wherever it is now; it is never made again.
        let is_known = known.as_ref().is_some_and(|d| d.active);
        let (check, capabilities) = self
            .run_trial(wanted.id, &wanted.config, keys.as_ref(), is_known)
            .await?;
        if !check.ok {
            return Ok(check);
        }
        if let (DestinationConfig::Folder { path }, false) = (&wanted.config, is_known) {
            let (path, id) = (PathBuf::from(path), wanted.id);
            tokio::task::spawn_blocking(move || Root::make(&path, id))
                .await
                .map_err(internal)??;
        }
        if let Some(secret) = &wanted.secret {
            self.secrets
                .put(wanted.id, &Keys::from(secret), secret.keep)
                .await?;
        }
        let keep = wanted
            .secret
            .as_ref()
            .map(|s| s.keep)
            .or(known.as_ref().and_then(|d| d.keep));
        let row = DestinationRow {
            id: wanted.id,
            name: wanted.name.clone(),
            config: wanted.config.clone(),
            keep: keep.filter(|_| matches!(wanted.config, DestinationConfig::S3 { .. })),
            capabilities,
            accepts: known.map(|d| d.accepts).unwrap_or_default(),
            active: true,
        };
        self.store
            .put_destination(row, wanted.accepts.clone(), self.now())
            .await??;
        self.storages.renew(wanted.id).await;
        Ok(check)
    }

    /// Removes a destination and forgets its keys.
    ///
    /// # Errors
    /// `state_conflict` while open files go there.
    pub async fn remove_destination(&self, id: DestinationId) -> Result<(), Refusal> {
        let known = self.store.destination(id).await?;
        self.store.remove_destination(id, self.now()).await??;
        if let Some(keep) = known.and_then(|d| d.keep) {
            self.secrets.remove(id, keep).await?;
        }
        self.storages.renew(id).await;
        Ok(())
    }

    async fn active(&self, id: DestinationId) -> Result<DestinationRow, Refusal> {
        let row = self.store.destination(id).await?.filter(|d| d.active);
        row.ok_or_else(|| Refusal::new(ErrorCode::NotFound, "no such destination"))
    }

    /// The keys that came with the request, or those that are kept.
    async fn keys_for(&self, wanted: &PutDestination) -> Result<Option<Keys>, Refusal> {
        if let Some(secret) = &wanted.secret {
            return Ok(Some(Keys::from(secret)));
        }
        if let DestinationConfig::Folder { .. } = wanted.config {
            return Ok(None);
        }
        match self.store.destination(wanted.id).await?.and_then(|d| d.keep) {
            Some(keep) => Ok(Some(self.secrets.get(wanted.id, keep).await?)),
            None => Err(Refusal::new(
                ErrorCode::InvalidField,
                "secret: a bucket needs a key",
            )),
        }
    }

    async fn run_trial(
        &self,
        id: DestinationId,
        config: &DestinationConfig,
        keys: Option<&Keys>,
        known: bool,
    ) -> Result<(Check, Option<Capabilities>), Refusal> {
        match (config, keys) {
            (DestinationConfig::Folder { path }, _) => {
                let number = u64::from_le_bytes(random(self.world.as_ref())?);
                let standing = if known { Standing::Known(id) } else { Standing::New };
                let path = PathBuf::from(path);
                let tried = tokio::task::spawn_blocking(move || try_folder(&path, standing, number)).await;
                Ok((tried.map_err(internal)?, None))
            }
            (DestinationConfig::S3 { .. }, Some(keys)) => {
                match self.storages.s3(id, config, keys, Capabilities::NONE) {
                    Ok(bucket) => {
                        let (check, capabilities) = try_bucket(&bucket).await;
                        Ok((check, Some(capabilities)))
                    }
                    Err(e) => Err(e.into()),
                }
            }
            (DestinationConfig::S3 { .. }, None) => Err(Refusal::new(
                ErrorCode::InvalidField,
                "secret: a bucket needs a key",
            )),
        }
    }
}

fn failed(step: &str, why: &Failure) -> Check {
    let mut steps = Steps::default();
    steps.fail(step, why);
    steps.check()
}

fn check(wanted: &PutDestination) -> Result<(), Refusal> {
    let invalid = |what: &str| Err(Refusal::new(ErrorCode::InvalidField, what));
    if wanted.name.is_empty() || wanted.name.len() > MAX_TEXT_BYTES {
        return invalid("name: 1 to 1,024 bytes");
    }
    if let Some(accepts) = &wanted.accepts {
        accepts.checked()?;
    }
    match &wanted.config {
        DestinationConfig::Folder { path } if !path.starts_with('/') || path.contains('\0') => {
            invalid("path: an absolute path")
        }
        DestinationConfig::S3 { prefix, .. }
            if prefix.starts_with('/') || prefix.len() > 512 || climbs(prefix) =>
        {
            invalid("prefix: at most 512 bytes, no / first, no . or .. as a part")
        }
        DestinationConfig::S3 { bucket, region, .. } if bucket.is_empty() || region.is_empty() => {
            invalid("bucket and region: not empty")
        }
        DestinationConfig::Folder { .. } | DestinationConfig::S3 { .. } => Ok(()),
    }
}

/// A part that a URL would swallow.
fn climbs(prefix: &str) -> bool {
    prefix.contains("//") || prefix.split('/').any(|part| part == "." || part == "..")
}
