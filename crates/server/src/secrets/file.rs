//! The file of secrets: mode 0600, replaced as a whole, so it is the old or the new one after a crash.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use windlass_core::error::{ErrorCode, Failure};
use windlass_core::ids::DestinationId;

use super::Keys;
use crate::failure::{home_failure, internal};

/// `secrets.json` of a data folder.
pub(super) struct SecretFile {
    inner: Arc<Inner>,
}

struct Inner {
    home: PathBuf,
    turn: Mutex<()>,
}

type Entries = BTreeMap<String, Keys>;

impl SecretFile {
    pub(super) fn new(home: PathBuf) -> Self {
        Self {
            inner: Arc::new(Inner {
                home,
                turn: Mutex::new(()),
            }),
        }
    }

    pub(super) async fn put(&self, id: DestinationId, keys: &Keys) -> Result<(), Failure> {
        let keys = keys.clone();
        self.blocking(move |inner| {
            inner.change(|all| {
                all.insert(id.to_string(), keys);
                true
            })
        })
        .await
    }

    pub(super) async fn get(&self, id: DestinationId) -> Result<Option<Keys>, Failure> {
        self.blocking(move |inner| Ok(inner.read()?.remove(&id.to_string())))
            .await
    }

    pub(super) async fn remove(&self, id: DestinationId) -> Result<(), Failure> {
        self.blocking(move |inner| inner.change(|all| all.remove(&id.to_string()).is_some()))
            .await
    }

    async fn blocking<T: Send + 'static>(
        &self,
        f: impl FnOnce(&Inner) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Failure> {
        let inner = Arc::clone(&self.inner);
        tokio::task::spawn_blocking(move || f(&inner))
            .await
            .map_err(internal)?
    }
}

impl Inner {
    fn read(&self) -> Result<Entries, Failure> {
        let path = self.home.join("secrets.json");
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(e) if e.kind() == ErrorKind::NotFound => return Ok(Entries::new()),
            Err(e) => return Err(home_failure("the file of keys can't be read", &e)),
        };
        let mode = file
            .metadata()
            .map_err(|e| home_failure("the file of keys can't be read", &e))?
            .permissions()
            .mode();
        if mode & 0o077 != 0 {
            let detail = "others can read the file of keys: make it readable by this account alone";
            return Err(Failure::new(ErrorCode::StorageCredentials, detail));
        }
        // The parser's words may quote the text.
        serde_json::from_reader(file).map_err(|_| {
            Failure::new(
                ErrorCode::StorageCredentials,
                "the file of keys can't be understood",
            )
        })
    }

    /// Reads, changes and replaces, one at a time. `f` says whether something changed.
    fn change(&self, f: impl FnOnce(&mut Entries) -> bool) -> Result<(), Failure> {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let mut all = self.read()?;
        if !f(&mut all) {
            return Ok(());
        }
        self.replace(&all)
            .map_err(|e| home_failure("the file of keys can't be written", &e))
    }

    fn replace(&self, all: &Entries) -> std::io::Result<()> {
        let next = self.home.join("secrets.json.new");
        match fs::remove_file(&next) {
            Err(e) if e.kind() != ErrorKind::NotFound => return Err(e),
            _ => {}
        }
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&next)?;
        file.write_all(&serde_json::to_vec_pretty(all)?)?;
        file.sync_all()?;
        fs::rename(&next, self.home.join("secrets.json"))?;
        File::open(&self.home)?.sync_all()
    }
}
