//! Keys of destinations: kept in the system's keyring, in a file that only this account can read, or in memory until the
//! program ends. Never in the ledger, a log, or the text of an error; `Debug` shows none.

mod file;
mod keyring;

use std::collections::HashMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use windlass_core::error::{ErrorCode, Failure};
use windlass_core::ids::DestinationId;
use windlass_protocol::destinations::{Kept, SecretKeep, StorageSecret, TokenStore};

/// Keys to a bucket, as they are kept.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Keys {
    /// Key id.
    pub access_key: String,
    /// Secret.
    pub secret_key: String,
    /// Of temporary keys.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_token: Option<String>,
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keys(…)")
    }
}

impl From<&StorageSecret> for Keys {
    fn from(s: &StorageSecret) -> Self {
        Self {
            access_key: s.access_key.clone(),
            secret_key: s.secret_key.clone(),
            session_token: s.session_token.clone(),
        }
    }
}

/// Where the keys of a data folder's destinations are.
pub struct Secrets {
    file: file::SecretFile,
    memory: Mutex<HashMap<DestinationId, Keys>>,
}

impl Secrets {
    /// The secrets of a data folder.
    #[must_use]
    pub fn new(home: PathBuf) -> Self {
        Self {
            file: file::SecretFile::new(home),
            memory: Mutex::default(),
        }
    }

    /// Keeps keys; those kept elsewhere for the destination are removed.
    ///
    /// # Errors
    /// `keyring_locked` when the keyring does not take them; `queue_read_only`, `queue_disk_full` for the file.
    pub async fn put(&self, id: DestinationId, keys: &Keys, keep: SecretKeep) -> Result<(), Failure> {
        match keep {
            SecretKeep::Keyring => keyring::put(id, keys).await?,
            SecretKeep::File => self.file.put(id, keys).await?,
            SecretKeep::Session => drop(self.memory().insert(id, keys.clone())),
        }
        for other in [SecretKeep::File, SecretKeep::Session]
            .into_iter()
            .filter(|k| *k != keep)
        {
            self.remove(id, other).await?;
        }
        Ok(())
    }

    /// The keys of a destination.
    ///
    /// # Errors
    /// `keyring_locked` when the keyring does not give them; `storage_credentials` when there are none.
    pub async fn get(&self, id: DestinationId, keep: SecretKeep) -> Result<Keys, Failure> {
        let found = match keep {
            SecretKeep::Keyring => keyring::get(id).await?,
            SecretKeep::File => self.file.get(id).await?,
            SecretKeep::Session => self.memory().get(&id).cloned(),
        };
        found.ok_or_else(|| {
            Failure::new(
                ErrorCode::StorageCredentials,
                "the key of the destination is not stored",
            )
        })
    }

    /// Forgets the keys of a destination.
    ///
    /// # Errors
    /// As [`Secrets::put`].
    pub async fn remove(&self, id: DestinationId, keep: SecretKeep) -> Result<(), Failure> {
        match keep {
            SecretKeep::Keyring => keyring::remove(id).await,
            SecretKeep::File => self.file.remove(id).await,
            SecretKeep::Session => {
                self.memory().remove(&id);
                Ok(())
            }
        }
    }

    fn memory(&self) -> std::sync::MutexGuard<'_, HashMap<DestinationId, Keys>> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Tokens of servers lie beside the keys of buckets, under ids of their own.
impl TokenStore for Secrets {
    fn put<'a>(&'a self, id: DestinationId, token: &'a str, keep: SecretKeep) -> Kept<'a, ()> {
        let keys = Keys {
            access_key: String::new(),
            secret_key: token.to_owned(),
            session_token: None,
        };
        Box::pin(async move { Self::put(self, id, &keys, keep).await })
    }

    fn get(&self, id: DestinationId, keep: SecretKeep) -> Kept<'_, Option<String>> {
        Box::pin(async move {
            match Self::get(self, id, keep).await {
                Ok(keys) => Ok(Some(keys.secret_key)),
                Err(e) if e.code == ErrorCode::StorageCredentials => Ok(None),
                Err(e) => Err(e),
            }
        })
    }

    fn remove(&self, id: DestinationId, keep: SecretKeep) -> Kept<'_, ()> {
        Box::pin(Self::remove(self, id, keep))
    }
}
