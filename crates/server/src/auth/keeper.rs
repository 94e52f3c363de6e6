//! Finds out who a secret belongs to.
//!
//! What the ledger said is believed for [`TRUSTED_MS`], so a token that is taken back is refused within that time on every
//! replica. Wrong secrets are counted by network; whoever tried too many is refused before the ledger is asked, unless the
//! secret was seen to be right shortly before.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use aws_lc_rs::constant_time::verify_slices_are_equal;
use windlass_core::error::{ErrorCode, Failure};
use windlass_core::ids::{DestinationId, OwnerId, TokenId};
use windlass_core::time::Timestamp;
use windlass_protocol::owners::Role;
use windlass_protocol::tokens::{CreateToken, Scope};

use super::limiter::{Limiter, Rate};
use super::principal::{Kind, Principal, Scopes};
use super::secret::{self, Maker, TokenHash};
use crate::clock::{World, random};
use crate::db::{Db, is_unique, params};
use crate::failure::Refusal;
use crate::store::tokens::{self, Found};

/// So long an answer of the ledger is believed.
pub const TRUSTED_MS: i64 = 2_000;
/// Tokens whose answers are remembered.
const REMEMBERED: usize = 10_000;
/// Wrong secrets of a network.
const WRONG: Rate = Rate {
    per_second: 1,
    burst: 30,
};
/// New anonymous owners of a network.
const NEWCOMERS: Rate = Rate {
    per_second: 1,
    burst: 20,
};

/// What an anonymous uploader may, with its own.
const ANONYMOUS: [Scope; 3] = [Scope::Upload, Scope::Read, Scope::Delete];

/// Whether there are anonymous uploaders, and how much each may store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Anonymous {
    /// Bytes of one.
    pub quota_bytes: u64,
}

/// Finds out who a secret belongs to.
pub struct Keeper {
    db: Db,
    world: Arc<dyn World>,
    anonymous: Option<Anonymous>,
    known: Mutex<BTreeMap<TokenHash, Remembered>>,
    wrong: Limiter<u128>,
    newcomers: Limiter<u128>,
}

#[derive(Clone)]
struct Remembered {
    found: Arc<Found>,
    principal: Principal,
    asked_at: Timestamp,
}

impl Keeper {
    /// Over a ledger.
    #[must_use]
    pub fn new(db: Db, world: Arc<dyn World>, anonymous: Option<Anonymous>) -> Self {
        Self {
            db,
            world,
            anonymous,
            known: Mutex::default(),
            wrong: Limiter::new(WRONG),
            newcomers: Limiter::new(NEWCOMERS),
        }
    }

    /// Whose secret it is that came from an address.
    ///
    /// # Errors
    /// `unauthenticated`, `token_expired`, `token_revoked`; `rate_limited` after too many wrong ones; as the ledger answers.
    pub async fn find(&self, bearer: &[u8], from: IpAddr) -> Result<Principal, Failure> {
        let now = self.world.now();
        let net = network(from);
        let result = match secret::read(bearer) {
            Some((maker, hash)) => self.look_up(maker, hash, net, now).await,
            None => Err(unknown()),
        };
        if result
            .as_ref()
            .is_err_and(|e| e.code == ErrorCode::Unauthenticated)
            && let Err(wait) = self.wrong.take(&net, now)
        {
            return Err(too_many(wait));
        }
        result
    }

    async fn look_up(
        &self,
        maker: Maker,
        hash: TokenHash,
        net: u128,
        now: Timestamp,
    ) -> Result<Principal, Failure> {
        let remembered = self.known().get(&hash).cloned();
        let entry = match remembered {
            Some(entry) if now.millis_since(entry.asked_at).abs() <= TRUSTED_MS => entry,
            earlier => {
                if earlier.is_none()
                    && let Err(wait) = self.wrong.peek(&net, now)
                {
                    return Err(too_many(wait));
                }
                match self.ask(hash, now).await? {
                    Some(entry) => entry,
                    None if maker == Maker::Client && self.anonymous.is_some() => return self.newcomer(hash),
                    None => return Err(unknown()),
                }
            }
        };
        judge(&entry.found, now)?;
        Ok(entry.principal)
    }

    async fn ask(&self, hash: TokenHash, now: Timestamp) -> Result<Option<Remembered>, Failure> {
        let Some(found) = self.db.read(move |tx| tokens::find(tx, hash)).await? else {
            self.known().remove(&hash);
            return Ok(None);
        };
        // The index found it; that it is the same is said in constant time (A41).
        if verify_slices_are_equal(&found.hash.0, &hash.0).is_err() {
            return Ok(None);
        }
        if judge(&found, now).is_ok() && tokens::is_stale(found.token.last_used_at, now) {
            self.touch(&found, now).await;
        }
        let entry = Remembered {
            principal: principal(&found),
            found: Arc::new(found),
            asked_at: now,
        };
        let mut known = self.known();
        if known.len() >= REMEMBERED {
            known.retain(|_, e| now.millis_since(e.asked_at).abs() <= TRUSTED_MS);
            if known.len() > REMEMBERED / 2 {
                known.clear();
            }
        }
        known.insert(hash, entry.clone());
        Ok(Some(entry))
    }

    /// That it can't be noted is no reason to refuse.
    async fn touch(&self, found: &Found, now: Timestamp) {
        let (owner, id) = (found.token.owner_id, found.token.id);
        let noted = self
            .db
            .write(None, move |tx| tokens::touch(tx, owner, id, now))
            .await;
        if let Err(e) = noted {
            tracing::warn!(token = %id, error = %e, "the use of a token could not be noted");
        }
    }

    fn newcomer(&self, hash: TokenHash) -> Result<Principal, Failure> {
        Ok(Principal {
            owner: OwnerId::new(self.world.now(), random(self.world.as_ref())?),
            role: Role::Member,
            scopes: ANONYMOUS.into_iter().collect(),
            destinations: None,
            token_id: None,
            kind: Kind::Newcomer(hash),
        })
    }

    /// True for a token that may stand in a path: for uploading only, to one destination, for a while.
    ///
    /// # Errors
    /// As the ledger answers.
    pub async fn is_upload_key(&self, who: &Principal) -> Result<bool, Failure> {
        let only: Scopes = [Scope::Upload].into_iter().collect();
        let narrow = who.scopes == only && who.destinations.as_ref().is_some_and(|d| d.len() == 1);
        let (Some(id), true) = (who.token_id, narrow) else {
            return Ok(false);
        };
        let owner = who.owner;
        let until = self.db.read(move |tx| tokens::expiry(tx, owner, id)).await?;
        Ok(until.is_some())
    }

    /// Makes the owner of a newcomer, where a destination takes such; whoever is known stays who they are.
    ///
    /// # Errors
    /// `forbidden` where no destination takes them, `rate_limited`; as the ledger answers.
    pub async fn admit(
        &self,
        who: &Principal,
        destination: DestinationId,
        from: IpAddr,
    ) -> Result<Principal, Refusal> {
        if !who.is_anonymous() {
            return Ok(who.clone());
        }
        let allowed = self
            .db
            .read(move |tx| {
                tx.exists(
                    "SELECT 1 FROM destination WHERE id = ?1 AND allow_anonymous = 1",
                    params![destination],
                )
            })
            .await?;
        let Some(anonymous) = self.anonymous.filter(|_| allowed) else {
            return Err(Refusal::new(
                ErrorCode::Forbidden,
                "the destination takes no anonymous uploads",
            ));
        };
        let Kind::Newcomer(hash) = who.kind else {
            return Ok(who.clone());
        };
        let now = self.world.now();
        self.newcomers.take(&network(from), now).map_err(too_many)?;
        let (owner, id) = (who.owner, TokenId::new(now, random(self.world.as_ref())?));
        let found = self
            .db
            .write(None, move |tx| {
                // Two first requests at once: the second finds what the first made.
                if let Some(found) = tokens::find(tx, hash)? {
                    return Ok(Some(found));
                }
                tx.execute(
                    "INSERT INTO owner (id, kind, role, name, quota_bytes, created_at)
                     VALUES (?1, 'anonymous', 'member', 'anonymous', ?2, ?3)",
                    params![owner, anonymous.quota_bytes, now],
                )?;
                let wanted = CreateToken {
                    id,
                    name: "anonymous".into(),
                    scopes: ANONYMOUS.to_vec(),
                    owner_id: None,
                    destinations: None,
                    client_id: None,
                    expires_at: None,
                };
                tokens::insert(tx, owner, &wanted, &ANONYMOUS, hash, now)?;
                tokens::find(tx, hash)
            })
            .await;
        let found = match found {
            // Lost the race on PostgreSQL, where both inserted.
            Err(e) if is_unique(&e) => self.db.read(move |tx| tokens::find(tx, hash)).await?,
            other => other?,
        };
        found.as_ref().map(principal).ok_or_else(|| unknown().into())
    }

    /// Forgets what is remembered of an owner's tokens: they were changed here.
    pub fn forget(&self, owner: OwnerId) {
        self.known().retain(|_, e| e.principal.owner != owner);
    }

    fn known(&self) -> std::sync::MutexGuard<'_, BTreeMap<TokenHash, Remembered>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether a token that is there may be used.
fn judge(found: &Found, now: Timestamp) -> Result<(), Failure> {
    let token = &found.token;
    if token.revoked_at.is_some() {
        return Err(Failure::new(ErrorCode::TokenRevoked, "the token was taken back"));
    }
    if token.expires_at.is_some_and(|at| at <= now.as_millis()) {
        return Err(Failure::new(ErrorCode::TokenExpired, "the token has expired"));
    }
    if found.disabled {
        return Err(Failure::new(ErrorCode::Unauthenticated, "the owner is disabled"));
    }
    Ok(())
}

fn principal(found: &Found) -> Principal {
    let token = &found.token;
    Principal {
        owner: token.owner_id,
        role: found.role,
        scopes: token.scopes.iter().copied().collect::<Scopes>(),
        destinations: token
            .destinations
            .as_ref()
            .map(|d| Arc::new(d.iter().copied().collect())),
        token_id: Some(token.id),
        kind: if found.anonymous {
            Kind::Anonymous
        } else {
            Kind::Token
        },
    }
}

/// Who shares limits: an IPv4 address, or the /64 that one customer of IPv6 has (A100).
#[must_use]
pub fn network(address: IpAddr) -> u128 {
    match address.to_canonical() {
        IpAddr::V4(v4) => u128::from(v4.to_bits()),
        IpAddr::V6(v6) => (v6.to_bits() >> 64) << 64,
    }
}

fn unknown() -> Failure {
    Failure::new(ErrorCode::Unauthenticated, "nobody has this token")
}

fn too_many(wait_ms: i64) -> Failure {
    Failure::new(ErrorCode::RateLimited, "too many attempts from this address").after(Some(wait_ms))
}
