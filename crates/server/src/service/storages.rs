//! The storages of the destinations, opened when they are first needed.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::Mutex;
use windlass_core::error::{ErrorCode, Failure};
use windlass_core::ids::DestinationId;
use windlass_core::limits::URL_TTL_MS;
use windlass_protocol::destinations::DestinationConfig;

use crate::clock::World;
use crate::db::params;
use crate::secrets::{Keys, Secrets};
use crate::storage::folder::url::BlobSigner;
use crate::storage::folder::{Folder, FolderStorage};
use crate::storage::s3::S3Storage;
use crate::storage::{Capabilities, ObjectStorage};
use crate::store::{DestinationRow, Ledger};

/// A storage, with the turn to begin uploads there.
#[derive(Clone)]
pub(super) struct Opened {
    pub(super) storage: Arc<dyn ObjectStorage>,
    /// One batch begins at a time, so that no upload is begun twice.
    pub(super) begin: Arc<Mutex<()>>,
    folder: Option<Arc<FolderStorage>>,
}

/// All storages.
pub struct Storages {
    store: Ledger,
    secrets: Arc<Secrets>,
    world: Arc<dyn World>,
    signer: Arc<BlobSigner>,
    launch: [u8; 8],
    open: Mutex<BTreeMap<DestinationId, Opened>>,
}

impl Storages {
    /// Storages for a ledger. `launch` names this launch in files of unfinished work.
    #[must_use]
    pub fn new(
        store: Ledger,
        secrets: Arc<Secrets>,
        world: Arc<dyn World>,
        signer: Arc<BlobSigner>,
        launch: [u8; 8],
    ) -> Self {
        Self {
            store,
            secrets,
            world,
            signer,
            launch,
            open: Mutex::default(),
        }
    }

    /// What checks the URLs of parts.
    #[must_use]
    pub fn signer(&self) -> &BlobSigner {
        &self.signer
    }

    /// The folder of a destination; `None` when it is no folder.
    ///
    /// # Errors
    /// When the ledger can't be read.
    pub async fn folder(&self, id: DestinationId) -> Result<Option<Arc<FolderStorage>>, Failure> {
        Ok(self.get(id).await?.folder)
    }

    pub(super) async fn get(&self, id: DestinationId) -> Result<Opened, Failure> {
        if let Some(opened) = self.open.lock().await.get(&id) {
            return Ok(opened.clone());
        }
        // Not under the lock: a keyring that asks the person holds up its own destination only.
        let row = self.store.destination(id).await?;
        let row = row.ok_or_else(|| Failure::new(ErrorCode::NotFound, "no such destination"))?;
        let ttl_ms = self.ttl_ms(id).await?;
        let opened = self.open_row(&row, ttl_ms).await?;
        // Of two that opened it at once the first one counts: a folder has one record of what is being written.
        Ok(self.open.lock().await.entry(id).or_insert(opened).clone())
    }

    /// Milliseconds that URLs to send there live.
    async fn ttl_ms(&self, id: DestinationId) -> Result<i64, Failure> {
        let sql = "SELECT url_ttl_s FROM destination WHERE id = ?1";
        let read = self.store.db().read(move |tx| tx.query_opt(sql, params![id]));
        let seconds: Option<i64> = read.await?.map(|r| r.get(0)).transpose()?;
        Ok(seconds.map_or(URL_TTL_MS, |s| s * 1_000))
    }

    async fn open_row(&self, row: &DestinationRow, ttl_ms: i64) -> Result<Opened, Failure> {
        let begin = Arc::default();
        match &row.config {
            DestinationConfig::Folder { path } => {
                let folder = FolderStorage::new(
                    row.id,
                    PathBuf::from(path),
                    Arc::clone(&self.signer),
                    &self.launch,
                    ttl_ms,
                );
                Ok(Opened {
                    storage: Arc::new(Folder(Arc::clone(&folder))),
                    begin,
                    folder: Some(folder),
                })
            }
            DestinationConfig::S3 { .. } => {
                let keep = row.keep.ok_or_else(|| {
                    Failure::new(ErrorCode::StorageCredentials, "the destination has no key")
                })?;
                let keys = self.secrets.get(row.id, keep).await?;
                // Without a probe nothing is believed: objects are read back.
                let capabilities = row.capabilities.unwrap_or(Capabilities::NONE);
                let s3 = self
                    .s3(row.id, &row.config, &keys, capabilities)?
                    .with_ttl(ttl_ms);
                Ok(Opened {
                    storage: Arc::new(s3),
                    begin,
                    folder: None,
                })
            }
        }
    }

    /// A bucket that need not be a destination yet.
    pub(super) fn s3(
        &self,
        id: DestinationId,
        config: &DestinationConfig,
        keys: &Keys,
        capabilities: Capabilities,
    ) -> Result<S3Storage, Failure> {
        S3Storage::new(id, config, keys, capabilities, Arc::clone(&self.world))
    }

    /// Opens the destination anew when it is next needed: its settings or keys changed.
    pub(super) async fn renew(&self, id: DestinationId) {
        self.open.lock().await.remove(&id);
    }
}
