//! The janitor beside a running server, or without one: for the command line.

use std::path::PathBuf;
use std::sync::Arc;

use windlass_core::error::{ErrorCode, Failure};
use windlass_protocol::destinations::{DestinationConfig, SecretKeep};
use windlass_protocol::janitor::{AuditEntry, JanitorReport};

use super::settings::{Database, Layers, LedgerAt, StoragePlace, storage_place, thresholds};
use super::start::open;
use crate::clock::{LedgerWorld, SystemWorld, World, random};
use crate::embedded::prepare_home;
use crate::failure::{Refusal, internal};
use crate::secrets::Secrets;
use crate::service::Service;
use crate::service::storages::Storages;
use crate::storage::folder::url::BlobSigner;
use crate::store::{Ledger, audit};

/// A ledger with its storages, opened to be cleaned up.
pub struct Janitor {
    service: Arc<Service>,
    /// Held when no server runs on the data folder.
    _lock: Option<std::fs::File>,
}

impl Janitor {
    /// Opens a ledger, which a server may be working on.
    ///
    /// # Errors
    /// What is wrong with a setting or the ledger.
    pub async fn open(layers: &Layers) -> Result<Self, Failure> {
        let (at, t) = (LedgerAt::resolve(layers)?, thresholds(layers)?);
        let place = storage_place(layers, at.data.as_deref())?;
        let lock = match (&at.database, &at.data) {
            (Database::Sqlite, Some(data)) => match prepare_home(data) {
                Ok(lock) => Some(lock),
                // A server works on it; SQLite lets both write, one after the other.
                Err(e) if e.code == ErrorCode::AlreadyRunning => None,
                Err(e) => return Err(e),
            },
            (Database::Sqlite, None) | (Database::Postgres(_), _) => None,
        };
        let home: PathBuf = at.data.clone().unwrap_or_default();
        let db = tokio::task::spawn_blocking(move || open(&at))
            .await
            .map_err(internal)??;
        let world: Arc<dyn World> = LedgerWorld::of(&db, Arc::new(SystemWorld));
        let store = Ledger::new(db);
        let secrets = Arc::new(Secrets::new(home));
        if let StoragePlace::Bucket(bucket) = &place {
            // They come with each start, and are kept nowhere.
            for row in store.destinations().await? {
                let same =
                    matches!(&row.config, DestinationConfig::S3 { bucket: b, .. } if *b == bucket.bucket);
                if same && row.keep == Some(SecretKeep::Session) {
                    secrets.put(row.id, &bucket.keys, SecretKeep::Session).await?;
                }
            }
        }
        // Nothing is signed here.
        let signer = Arc::new(BlobSigner::new(&random(world.as_ref())?, String::new()));
        let launch = random(world.as_ref())?;
        let storages = Storages::new(
            store.clone(),
            Arc::clone(&secrets),
            Arc::clone(&world),
            signer,
            launch,
        );
        let service = Service::new(store, storages, secrets, world);
        service.set_thresholds(t);
        Ok(Self { service, _lock: lock })
    }

    /// Cleans up, or only tells what would be done.
    ///
    /// # Errors
    /// `state_conflict` while another run goes on; when the ledger does not answer.
    pub async fn run(&self, dry_run: bool) -> Result<JanitorReport, Refusal> {
        self.service.run_janitor(None, dry_run).await
    }

    /// Rows of the audit, newest first.
    ///
    /// # Errors
    /// When the ledger does not answer.
    pub async fn audit(&self, action: Option<String>, limit: u32) -> Result<Vec<AuditEntry>, Failure> {
        let db = self.service.store().db();
        db.read(move |tx| audit::page(tx, action.as_deref(), i64::MAX, limit))
            .await
    }

    /// Ends.
    ///
    /// # Errors
    /// As the ledger answers.
    pub async fn close(self) -> Result<(), Failure> {
        self.service.close().await
    }
}
