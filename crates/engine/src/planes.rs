//! Control planes: the embedded one of this computer, and the servers that destinations of kind `server` are on.
//!
//! A destination has one id here and another on its server; groups and files have the same on both. The token of a server is
//! fetched when it is needed first, and again after a failure: a keyring that is locked now may be open later.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use windlass_core::error::{ErrorCode, Failure};
use windlass_core::ids::{DestinationId, FileId};
use windlass_protocol::destinations::{SecretKeep, TokenStore};
use windlass_protocol::sessions::{Ids, VerifyResult};
use windlass_protocol::{ControlClient, Endpoint};
use windlass_queue::receipts;
use windlass_queue::servers::{Keep, ServerRow};

use crate::infos::locked;
use crate::shell::Shared;

/// A control plane, as a destination reaches it.
#[derive(Debug, Clone)]
pub(crate) struct Plane {
    pub(crate) client: ControlClient,
    /// The destination, as the control plane knows it.
    pub(crate) destination: DestinationId,
}

/// All of them.
pub(crate) struct Planes {
    own: ControlClient,
    tokens: Arc<dyn TokenStore>,
    servers: Mutex<BTreeMap<DestinationId, Server>>,
}

struct Server {
    row: ServerRow,
    client: Option<ControlClient>,
}

impl Planes {
    pub(crate) fn new(own: ControlClient, tokens: Arc<dyn TokenStore>) -> Self {
        Self {
            own,
            tokens,
            servers: Mutex::default(),
        }
    }

    /// The embedded control plane.
    pub(crate) fn own(&self) -> &ControlClient {
        &self.own
    }

    pub(crate) fn tokens(&self) -> &dyn TokenStore {
        self.tokens.as_ref()
    }

    /// Takes a server in, or what changed of it.
    pub(crate) fn put(&self, row: ServerRow) {
        locked(&self.servers).insert(row.destination, Server { row, client: None });
    }

    /// True when there is a server at all.
    pub(crate) fn has_servers(&self) -> bool {
        !locked(&self.servers).is_empty()
    }

    /// What is known of a destination's server; none for those of the embedded control plane.
    pub(crate) fn server(&self, destination: DestinationId) -> Option<ServerRow> {
        locked(&self.servers).get(&destination).map(|s| s.row.clone())
    }

    /// The control plane of a destination.
    ///
    /// # Errors
    /// `unauthenticated` without a token, `keyring_locked`; when the TLS set-up of this computer can't be read.
    pub(crate) async fn of(&self, destination: DestinationId) -> Result<Plane, Failure> {
        let row = match locked(&self.servers).get(&destination) {
            None => {
                return Ok(Plane {
                    client: self.own.clone(),
                    destination,
                });
            }
            Some(Server {
                row,
                client: Some(client),
            }) => {
                return Ok(Plane {
                    client: client.clone(),
                    destination: row.remote,
                });
            }
            Some(Server { row, client: None }) => row.clone(),
        };
        let token = self.token(&row).await?;
        let endpoint = Endpoint {
            base_url: row.url.clone(),
            token,
        };
        let client = ControlClient::of(Some(destination), endpoint)?;
        if let Some(server) = locked(&self.servers).get_mut(&destination)
            && server.row == row
        {
            server.client = Some(client.clone());
        }
        Ok(Plane {
            client,
            destination: row.remote,
        })
    }

    /// The token of a server's destination.
    ///
    /// # Errors
    /// `unauthenticated` without one, `keyring_locked`.
    pub(crate) async fn token(&self, row: &ServerRow) -> Result<String, Failure> {
        let found = self.tokens.get(row.destination, keep(row.keep)).await?;
        found.ok_or_else(|| {
            Failure::new(
                ErrorCode::Unauthenticated,
                "the token of the server is not stored; enter it again",
            )
        })
    }

    /// Asks the storages behind a destination again whether files are as they were proved.
    ///
    /// # Errors
    /// As [`Planes::of`] and the call.
    pub(crate) async fn verify(
        &self,
        destination: DestinationId,
        ids: Vec<FileId>,
    ) -> Result<Vec<VerifyResult>, Failure> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        self.of(destination).await?.client.verify(&Ids { ids }).await
    }
}

/// Where a token is kept, in the words of the protocol.
pub(crate) fn keep(keep: Keep) -> SecretKeep {
    match keep {
        Keep::Keyring => SecretKeep::Keyring,
        Keep::File => SecretKeep::File,
        Keep::Session => SecretKeep::Session,
    }
}

/// As [`Planes::verify`], of files that may have gone to several destinations: their receipts say where.
///
/// # Errors
/// As there; a destination that does not answer bears nothing out.
pub(crate) async fn verify_files(shared: &Shared, ids: Vec<FileId>) -> Result<Vec<VerifyResult>, Failure> {
    let by_place = shared
        .queue
        .read(move |conn| {
            let mut by_place: BTreeMap<DestinationId, Vec<FileId>> = BTreeMap::new();
            for id in ids {
                if let Some(receipt) = receipts::of_file(conn, id)? {
                    by_place.entry(receipt.destination).or_default().push(id);
                }
            }
            Ok(by_place)
        })
        .await?;
    let mut all = Vec::new();
    for (destination, ids) in by_place {
        all.extend(shared.planes.verify(destination, ids).await?);
    }
    Ok(all)
}
