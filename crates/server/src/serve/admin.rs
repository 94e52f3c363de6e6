//! What an operator does beside a running server, on its ledger: tokens, users, migrations. The server notices within
//! seconds.

mod jobs;

use std::sync::Arc;

use windlass_core::error::{ErrorCode, Failure};
use windlass_core::ids::{OwnerId, TokenId};
use windlass_core::time::Timestamp;
use windlass_protocol::owners::{CreateOwner, Owner, PatchOwner, Role};
use windlass_protocol::tokens::{CreateToken, CreatedToken, Scope, Token};

use super::settings::{Database, LedgerAt};
use super::start::{file, open};
use crate::auth::secret::TokenSecret;
use crate::clock::{LedgerWorld, SystemWorld, World, random};
use crate::db::{Db, Tx, Version, params};
use crate::embedded::prepare_home;
use crate::failure::{Refusal, internal};
use crate::store::audit::{Actor, ActorKind};
use crate::store::{owners, tokens};
pub use jobs::OwnedJob;

/// The owner of tokens for which none was named.
pub const FIRST_OWNER: &str = "admin";

/// Nobody's token: the command line acts by its right to the database.
const OPERATOR: Actor = Actor {
    id: None,
    kind: ActorKind::Admin,
};

/// The ledger, opened for an operator.
pub struct Admin {
    db: Db,
    world: Arc<dyn World>,
    /// Held when no server runs on the data folder.
    _lock: Option<std::fs::File>,
}

/// A token to be made, in words.
#[derive(Debug, Clone)]
pub struct TokenWish {
    /// Its name.
    pub name: String,
    /// What it allows.
    pub scopes: Vec<Scope>,
    /// Whose; none: [`FIRST_OWNER`], who is made when it is not there.
    pub owner: Option<String>,
    /// Names of destinations; empty: everywhere.
    pub destinations: Vec<String>,
    /// When it ends.
    pub expires_at: Option<Timestamp>,
}

impl Admin {
    /// Opens a ledger, which a server may be working on.
    ///
    /// # Errors
    /// What is wrong with the ledger.
    pub async fn open(at: LedgerAt) -> Result<Self, Failure> {
        let lock = match (&at.database, &at.data) {
            (Database::Sqlite, Some(data)) => match prepare_home(data) {
                Ok(lock) => Some(lock),
                // A server works on it; SQLite lets both write, one after the other.
                Err(e) if e.code == ErrorCode::AlreadyRunning => None,
                Err(e) => return Err(e),
            },
            (Database::Sqlite, None) | (Database::Postgres(_), _) => None,
        };
        let db = tokio::task::spawn_blocking(move || open(&at))
            .await
            .map_err(internal)??;
        Ok(Self {
            world: LedgerWorld::of(&db, Arc::new(SystemWorld)),
            db,
            _lock: lock,
        })
    }

    /// Makes a token.
    ///
    /// # Errors
    /// `not_found` for an owner or a destination that is not there, `invalid_field`; as the ledger answers.
    pub async fn create_token(&self, wish: TokenWish) -> Result<CreatedToken, Refusal> {
        let secret = TokenSecret::make(self.world.as_ref())?;
        let now = self.world.now();
        let id = TokenId::new(now, random(self.world.as_ref())?);
        let new_owner = OwnerId::new(now, random(self.world.as_ref())?);
        let hash = secret.hash;
        let write = self.db.write(None, move |tx| {
            let owner = match &wish.owner {
                Some(name) => match owner(tx, name)? {
                    Some(owner) => owner,
                    None => return Ok(Err(no_owner(name))),
                },
                None => match first_owner(tx, new_owner, now)? {
                    Ok(owner) => owner,
                    Err(refusal) => return Ok(Err(refusal)),
                },
            };
            let mut places = Vec::with_capacity(wish.destinations.len());
            for name in &wish.destinations {
                let sql = "SELECT id FROM destination WHERE name = ?1 AND state <> 'retired'";
                match tx.query_opt(sql, params![name.as_str()])? {
                    Some(row) => places.push(row.get(0)?),
                    None => return Ok(Err(no_destination(tx, name)?)),
                }
            }
            let wanted = CreateToken {
                id,
                name: wish.name.clone(),
                scopes: wish.scopes.clone(),
                owner_id: None,
                destinations: Some(places).filter(|p| !p.is_empty()),
                client_id: None,
                expires_at: wish.expires_at.map(Timestamp::as_millis),
            };
            tokens::create(tx, owner.id, &wanted, hash, OPERATOR, now)
        });
        Ok(CreatedToken {
            about: write.await??,
            token: secret.text,
        })
    }

    /// Tokens of one owner, or of all.
    ///
    /// # Errors
    /// `not_found`; as the ledger answers.
    pub async fn tokens(&self, of: Option<String>) -> Result<Vec<Token>, Refusal> {
        let read = self.db.read(move |tx| {
            let owner = match &of {
                None => None,
                Some(name) => match owner(tx, name)? {
                    Some(owner) => Some(owner.id),
                    None => return Ok(Err(no_owner(name))),
                },
            };
            tokens::all(tx, owner).map(Ok)
        });
        read.await?
    }

    /// Takes a token back, told by its id, the beginning of it, or a name that only one living token has.
    ///
    /// # Errors
    /// `not_found`, `invalid_field` when it fits several; as the ledger answers.
    pub async fn revoke_token(&self, which: String) -> Result<Token, Refusal> {
        let now = self.world.now();
        let write = self.db.write(None, move |tx| {
            let all = tokens::all(tx, None)?;
            let fits = |t: &&Token| t.id.to_string().starts_with(&which) || t.name == which;
            let exact = all.iter().find(|t| t.id.to_string() == which);
            let mut some = all.iter().filter(fits).filter(|t| t.revoked_at.is_none());
            let token = match (exact, some.next(), some.next()) {
                (Some(token), _, _) | (None, Some(token), None) => token.clone(),
                (None, Some(_), Some(_)) => {
                    let detail =
                        format!("several tokens fit {which:?}: say its id, from `windlass token list`");
                    return Ok(Err(Refusal::new(ErrorCode::InvalidField, detail)));
                }
                (None, None, _) => {
                    let detail = format!("no living token is called {which:?}");
                    return Ok(Err(Refusal::new(ErrorCode::NotFound, detail)));
                }
            };
            tokens::revoke(tx, token.owner_id, token.id, OPERATOR, now).map(Ok)
        });
        write.await?
    }

    /// Makes an owner.
    ///
    /// # Errors
    /// `invalid_field`, `state_conflict`; as the ledger answers.
    pub async fn add_user(
        &self,
        name: String,
        email: Option<String>,
        role: Role,
        quota_bytes: Option<u64>,
    ) -> Result<Owner, Refusal> {
        let now = self.world.now();
        let wanted = CreateOwner {
            id: OwnerId::new(now, random(self.world.as_ref())?),
            name,
            email,
            role,
            quota_bytes,
        };
        self.db
            .write(None, move |tx| owners::create(tx, &wanted, OPERATOR, now))
            .await?
    }

    /// Owners, without anonymous ones.
    ///
    /// # Errors
    /// As the ledger answers.
    pub async fn users(&self) -> Result<Vec<Owner>, Failure> {
        self.db.read(|tx| owners::all(tx, false)).await
    }

    /// Disables an owner, or enables it again.
    ///
    /// # Errors
    /// `not_found`; as the ledger answers.
    pub async fn disable_user(&self, name: String, disabled: bool) -> Result<Owner, Refusal> {
        let now = self.world.now();
        let write = self.db.write(None, move |tx| {
            let Some(known) = owner(tx, &name)? else {
                return Ok(Err(no_owner(&name)));
            };
            let change = PatchOwner {
                disabled: Some(disabled),
                ..PatchOwner::default()
            };
            owners::patch(tx, known.id, &change, OPERATOR, now).map(Ok)
        });
        write.await?
    }

    /// Closes the ledger.
    ///
    /// # Errors
    /// When it can't be closed; what was answered is safe all the same.
    pub async fn close(self) -> Result<(), Failure> {
        self.db.close().await
    }
}

/// How far a ledger is, without touching it.
///
/// # Errors
/// When it can't be read.
pub async fn version(at: LedgerAt) -> Result<Version, Failure> {
    let ask = move || match &at.database {
        Database::Sqlite => Version::of_sqlite(&file(&at)),
        Database::Postgres(url) => Version::of_postgres(url),
    };
    tokio::task::spawn_blocking(ask).await.map_err(internal)?
}

/// By name, mail address or id.
fn owner(tx: &mut dyn Tx, which: &str) -> Result<Option<Owner>, Failure> {
    match which.parse::<OwnerId>() {
        Ok(id) => owners::by_id(tx, id),
        Err(_) => owners::by_name(tx, which),
    }
}

fn first_owner(tx: &mut dyn Tx, id: OwnerId, now: Timestamp) -> Result<Result<Owner, Refusal>, Failure> {
    if let Some(owner) = owners::by_name(tx, FIRST_OWNER)? {
        return Ok(Ok(owner));
    }
    let wanted = CreateOwner {
        id,
        name: FIRST_OWNER.into(),
        email: None,
        role: Role::Admin,
        quota_bytes: None,
    };
    owners::create(tx, &wanted, OPERATOR, now)
}

fn no_owner(name: &str) -> Refusal {
    let detail =
        format!("there is no user {name:?}; `windlass user add` makes one, `windlass user list` names them");
    Refusal::new(ErrorCode::NotFound, detail)
}

fn no_destination(tx: &mut dyn Tx, name: &str) -> Result<Refusal, Failure> {
    let rows = tx.query(
        "SELECT name FROM destination WHERE state <> 'retired' ORDER BY name",
        params![],
    )?;
    let names = rows
        .iter()
        .map(|r| r.get(0))
        .collect::<Result<Vec<String>, Failure>>()?;
    let known = if names.is_empty() {
        "there are none before the server's first start".to_owned()
    } else {
        format!("there are {}", names.join(", "))
    };
    Ok(Refusal::new(
        ErrorCode::NotFound,
        format!("no destination {name:?}; {known}"),
    ))
}
