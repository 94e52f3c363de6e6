//! A sign-in from its start to its token. What has to be known between two questions is sealed into the handle.

use std::net::IpAddr;
use std::sync::Arc;

use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use windlass_core::error::{ErrorCode, Failure};
use windlass_core::ids::{ClientId, OwnerId, TokenId};
use windlass_protocol::signin::{SignInOffer, SignInStarted, SignInState, StartSignIn};
use windlass_protocol::tokens::{CreateToken, Scope};

use super::person::{Person, admit, lacks, person};
use super::provider::{Asked, Provider};
use super::{OidcSettings, wrong};
use crate::auth::keeper::network;
use crate::auth::limiter::{Limiter, Rate};
use crate::auth::secret::TokenSecret;
use crate::clock::{World, random};
use crate::db::{Db, is_unique};
use crate::failure::{Refusal, internal};
use crate::outgoing::{Origin, Outgoing};
use crate::seal::Seal;
use crate::store::identities::{self, Newcomer};

/// Sign-ins that a network begins.
const STARTS: Rate = Rate {
    per_second: 1,
    burst: 20,
};
/// Handles of a network that are none.
const WRONG: Rate = Rate {
    per_second: 1,
    burst: 30,
};
/// Questions about one sign-in.
const QUESTIONS: Rate = Rate {
    per_second: 1,
    burst: 3,
};
/// What a handle is sealed for.
const PURPOSE: &[u8] = b"sign-in";
/// Longest handle that is opened.
const MAX_HANDLE: usize = 16 << 10;
/// Longest name of a computer.
const MAX_NAME: usize = 200;
/// What is added to the time between two questions when the provider wants fewer (RFC 8628 3.5).
const SLOWER_MS: i64 = 5_000;
/// Times that a provider may name, whatever it says.
const INTERVAL_MS: (i64, i64) = (1_000, 60_000);
const LIFE_MS: (i64, i64) = (30_000, 1_800_000);
/// What a token of a sign-in is for. Admins make those of admins.
const SCOPES: [Scope; 4] = [Scope::Upload, Scope::Read, Scope::Delete, Scope::Process];

/// What a handle holds.
#[derive(Serialize, Deserialize)]
struct Held {
    device_code: String,
    nonce: String,
    until: i64,
    interval: i64,
    name: String,
    client: Option<ClientId>,
}

/// Lets people sign in with an identity provider.
pub struct SignIn {
    settings: OidcSettings,
    provider: Provider,
    db: Db,
    seal: Arc<Seal>,
    world: Arc<dyn World>,
    starts: Limiter<u128>,
    wrong: Limiter<u128>,
    questions: Limiter<[u8; 32]>,
}

impl SignIn {
    /// With the settings of a provider. Addresses inside the network that the operator allowed may be its own, too.
    ///
    /// # Errors
    /// `invalid_field` for an address that is none.
    pub fn new(
        settings: OidcSettings,
        allowed: &[Origin],
        db: Db,
        seal: Arc<Seal>,
        world: Arc<dyn World>,
    ) -> Result<Self, Failure> {
        let url: url::Url = settings.issuer.parse().map_err(|_| wrong("no address"))?;
        let own: Origin = url.origin().ascii_serialization().parse()?;
        let mut excepted = allowed.to_vec();
        excepted.push(own);
        Ok(Self {
            provider: Provider::new(settings.clone(), Outgoing::new(excepted)?, Arc::clone(&world)),
            settings,
            db,
            seal,
            world,
            starts: Limiter::new(STARTS),
            wrong: Limiter::new(WRONG),
            questions: Limiter::new(QUESTIONS),
        })
    }

    /// Asks the provider once. One that is away is no reason not to start.
    ///
    /// # Errors
    /// `invalid_field` for one that answers and can't be used.
    pub async fn begin(&self) -> Result<(), Failure> {
        if self.settings.groups.is_empty() && self.settings.domains.is_empty() {
            tracing::warn!(
                "everybody whom the identity provider knows may upload here: set oidc-groups or oidc-domains, unless all of them are meant"
            );
        }
        match self.provider.discover().await {
            Err(e) if e.code == ErrorCode::InvalidField => Err(e),
            Err(e) => {
                tracing::warn!(error = %e, "the identity provider does not answer; nobody can sign in until it does");
                Ok(())
            }
            Ok(()) => Ok(()),
        }
    }

    /// Where people sign in.
    #[must_use]
    pub fn offer(&self) -> SignInOffer {
        SignInOffer {
            provider: self.settings.host().to_owned(),
        }
    }

    /// Begins a sign-in for a client.
    ///
    /// # Errors
    /// `rate_limited`, `invalid_field`; `storage_down` when the provider can't be used.
    pub async fn start(&self, wanted: StartSignIn, from: IpAddr) -> Result<SignInStarted, Refusal> {
        let now = self.world.now();
        self.starts.take(&network(from), now).map_err(too_many)?;
        let name = wanted.name.trim();
        if name.is_empty() || name.len() > MAX_NAME || name.chars().any(char::is_control) {
            let what = "name: 1 to 200 bytes, no control characters";
            return Err(Refusal::new(ErrorCode::InvalidField, what));
        }
        let nonce = URL_SAFE_NO_PAD.encode(random::<24>(self.world.as_ref())?);
        let device = self.provider.device(&nonce).await.map_err(away)?;
        let seconds = |s: i64, (least, most): (i64, i64)| s.saturating_mul(1_000).clamp(least, most);
        let life = seconds(device.expires_in, LIFE_MS);
        let interval = seconds(device.interval.unwrap_or(5), INTERVAL_MS);
        let held = Held {
            device_code: device.device_code,
            nonce,
            until: now.plus_millis(life).as_millis(),
            interval,
            name: name.to_owned(),
            client: wanted.client_id,
        };
        let text = serde_json::to_vec(&held).map_err(internal)?;
        let sealed = self.seal.seal(PURPOSE, &text, self.world.as_ref())?;
        Ok(SignInStarted {
            handle: URL_SAFE_NO_PAD.encode(sealed),
            user_code: device.user_code,
            verification_uri: device.verification_uri,
            verification_uri_complete: device.verification_uri_complete,
            expires_in_ms: life,
            interval_ms: interval,
        })
    }

    /// What became of a sign-in; once, its token.
    ///
    /// # Errors
    /// `unauthenticated` for what is no sign-in or was used, `token_expired`, `forbidden`, `rate_limited`; `storage_down`
    /// when the provider can't be used.
    pub async fn poll(&self, handle: &str, from: IpAddr) -> Result<SignInState, Refusal> {
        let now = self.world.now();
        let net = network(from);
        self.wrong.peek(&net, now).map_err(too_many)?;
        let Some(held) = self.open(handle) else {
            self.wrong.take(&net, now).map_err(too_many)?;
            return Err(unknown().into());
        };
        if held.until <= now.as_millis() {
            return Err(Refusal::new(
                ErrorCode::TokenExpired,
                "the code was not used in time",
            ));
        }
        let mut which = [0; 32];
        which.copy_from_slice(digest::digest(&digest::SHA256, handle.as_bytes()).as_ref());
        self.questions.take(&which, now).map_err(too_many)?;
        match self.provider.ask(&held.device_code).await.map_err(away)? {
            Asked::Waiting => Ok(SignInState::Waiting {
                interval_ms: held.interval,
            }),
            Asked::Slower => Ok(SignInState::Waiting {
                interval_ms: held.interval + SLOWER_MS,
            }),
            Asked::Denied => Err(Refusal::new(
                ErrorCode::Forbidden,
                "the sign-in was refused at the provider",
            )),
            Asked::Ended => Err(Refusal::new(
                ErrorCode::TokenExpired,
                "the code was not used in time",
            )),
            Asked::Unknown => Err(unknown().into()),
            Asked::Tokens { id, access } => self.let_in(&id, access.as_deref(), held).await,
        }
    }

    fn open(&self, handle: &str) -> Option<Held> {
        if handle.len() > MAX_HANDLE {
            return None;
        }
        let sealed = URL_SAFE_NO_PAD.decode(handle).ok()?;
        let text = self.seal.open(PURPOSE, &sealed).ok()?;
        serde_json::from_slice(&text).ok()
    }

    async fn let_in(&self, id: &str, access: Option<&str>, held: Held) -> Result<SignInState, Refusal> {
        let claims = match self.provider.examine(id, &held.nonce).await.map_err(away)? {
            Ok(claims) => claims,
            Err(why) => {
                tracing::warn!(%why, "an ID token is not believed");
                let what = "what the identity provider answered is not believed; the server's log says why";
                return Err(Refusal::new(ErrorCode::Forbidden, what));
            }
        };
        let mut said = claims.all;
        if let (Some(access), true) = (access, lacks(&self.settings, &said)) {
            let more = self
                .provider
                .person(access, &claims.subject)
                .await
                .map_err(away)?;
            fill(&mut said, more);
        }
        if let Err(why) = admit(&self.settings, &said) {
            tracing::info!(why, "somebody who signed in may not come in");
            return Err(Refusal::new(ErrorCode::Forbidden, why));
        }
        let person = person(&self.settings, &claims.subject, &said);
        self.give(person, held).await
    }

    /// Finds or makes the owner, and makes the token, at once.
    async fn give(&self, person: Person, held: Held) -> Result<SignInState, Refusal> {
        let now = self.world.now();
        let secret = TokenSecret::make(self.world.as_ref())?;
        let wanted = CreateToken {
            id: TokenId::new(now, random(self.world.as_ref())?),
            name: held.name,
            scopes: SCOPES.to_vec(),
            owner_id: None,
            destinations: None,
            client_id: held.client,
            expires_at: Some(now.plus_millis(self.settings.token_life).as_millis()),
        };
        let newcomer = Newcomer {
            id: OwnerId::new(now, random(self.world.as_ref())?),
            issuer: self.settings.issuer.clone(),
            person,
        };
        let hash = secret.hash;
        let work = move || {
            let (newcomer, wanted) = (newcomer.clone(), wanted.clone());
            self.db.write(None, move |tx| {
                identities::sign_in(tx, &newcomer, &wanted, hash, now)
            })
        };
        let made = match work().await {
            // Two first sign-ins of one person at once: the second finds what the first made.
            Err(e) if is_unique(&e) => work().await?,
            other => other?,
        };
        let (about, owner) = made?;
        Ok(SignInState::Done {
            token: secret.text,
            about: Box::new(about),
            owner,
        })
    }
}

/// What the token says stands.
fn fill(said: &mut Map<String, Value>, more: Map<String, Value>) {
    for (name, value) in more {
        said.entry(name).or_insert(value);
    }
}

fn unknown() -> Failure {
    Failure::new(
        ErrorCode::Unauthenticated,
        "there is no such sign-in, or its token was told",
    )
}

fn too_many(wait_ms: i64) -> Failure {
    Failure::new(ErrorCode::RateLimited, "too many sign-ins from this address").after(Some(wait_ms))
}

/// What went wrong with the provider is the operator's to know.
fn away(failure: Failure) -> Refusal {
    tracing::warn!(error = %failure, "the identity provider can't be used");
    Refusal::new(
        ErrorCode::StorageDown,
        "the identity provider can't be used now; the server's log says why",
    )
}
