//! The identity provider: where its doors are, its keys, and the three things it is asked. All by the client for addresses
//! that somebody typed in; only the issuer's own origin is excepted from its rules.
//!
//! What it says about itself is believed for an hour; its keys too, but a token with a key that is not known has them
//! fetched again, at most once a minute, so a key that was changed is known at once and nobody can make this server ask
//! without end.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use jsonwebtoken::jwk::Jwk;
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderName, HeaderValue};
use serde::Deserialize;
use serde_json::{Map, Value};
use tokio::sync::Mutex;
use url::form_urlencoded;
use windlass_core::error::{ErrorCode, Failure};
use windlass_core::time::Timestamp;

use super::token::{Claims, Expected, Rejected, examine, keys};
use super::wire::{Device, Tokens, error_word, secret, written};
use super::{OidcSettings, wrong};
use crate::clock::World;
use crate::outgoing::{Call, Limits, Outgoing, Reply};

/// What one question may cost.
const LIMITS: Limits = Limits {
    time: Duration::from_secs(10),
    bytes: 1 << 20,
};
/// So long is believed what it says about itself.
const KNOWN_MS: i64 = 3_600_000;
/// Keys are not fetched more often.
const KEYS_MS: i64 = 60_000;
/// The flow, by its standard.
const DEVICE_CODE: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// What it says about itself.
#[derive(Debug, Clone, Deserialize)]
struct About {
    issuer: String,
    jwks_uri: Option<String>,
    token_endpoint: Option<String>,
    device_authorization_endpoint: Option<String>,
    userinfo_endpoint: Option<String>,
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
}

#[derive(Clone)]
struct Doors {
    keys: String,
    token: String,
    device: String,
    person: Option<String>,
    secret_in_body: bool,
}

#[derive(Default)]
struct Known {
    doors: Option<(Doors, Timestamp)>,
    keys: Option<(Arc<[Jwk]>, Timestamp)>,
}

/// What it answers to a device that asks.
pub(super) enum Asked {
    /// The person has not done it yet.
    Waiting,
    /// Not so often.
    Slower,
    /// The person said no.
    Denied,
    /// The code ended.
    Ended,
    /// The code is not known, or was used.
    Unknown,
    /// Done.
    Tokens { id: String, access: Option<String> },
}

pub(super) struct Provider {
    settings: OidcSettings,
    outgoing: Outgoing,
    world: Arc<dyn World>,
    known: Mutex<Known>,
}

impl Provider {
    pub(super) fn new(settings: OidcSettings, outgoing: Outgoing, world: Arc<dyn World>) -> Self {
        Self {
            settings,
            outgoing,
            world,
            known: Mutex::default(),
        }
    }

    /// Asks what it says about itself.
    ///
    /// # Errors
    /// `invalid_field` for an answer that can't be used; as the network answers.
    pub(super) async fn discover(&self) -> Result<(), Failure> {
        self.doors().await.map(drop)
    }

    async fn doors(&self) -> Result<Doors, Failure> {
        let now = self.world.now();
        let mut known = self.known.lock().await;
        if let Some((doors, at)) = &known.doors
            && now.millis_since(*at).abs() <= KNOWN_MS
        {
            return Ok(doors.clone());
        }
        let base = self.settings.issuer.trim_end_matches('/');
        let reply = self
            .get(&format!("{base}/.well-known/openid-configuration"), None)
            .await?;
        if reply.status != 200 {
            return Err(unusual(reply.status, "/.well-known/openid-configuration"));
        }
        let about: About = serde_json::from_slice(&reply.body)
            .map_err(|_| wrong("what answers there does not describe an identity provider"))?;
        let doors = self.look_at(about)?;
        known.doors = Some((doors.clone(), now));
        Ok(doors)
    }

    fn look_at(&self, about: About) -> Result<Doors, Failure> {
        let ours = &self.settings.issuer;
        if about.issuer != *ours {
            let theirs: String = about
                .issuer
                .chars()
                .filter(|c| !c.is_control())
                .take(300)
                .collect();
            return Err(wrong(format!(
                "it calls itself {theirs:?}, not {ours:?}; both have to be the same"
            )));
        }
        let door = |found: Option<String>, name: &str, what: &str| {
            let url = found.ok_or_else(|| wrong(format!("it has no {name}, {what}")))?;
            self.outgoing.check(&url).map_err(|e| {
                let hint = "an address inside the network has to stand in outgoing-allow";
                wrong(format!("its {name} is not to be called: {}; {hint}", e.detail))
            })?;
            Ok::<_, Failure>(url)
        };
        let methods = about.token_endpoint_auth_methods_supported.unwrap_or_default();
        let takes = |name: &str| methods.iter().any(|m| m == name);
        Ok(Doors {
            keys: door(about.jwks_uri, "jwks_uri", "so its signatures can't be checked")?,
            token: door(about.token_endpoint, "token_endpoint", "so nobody can sign in")?,
            device: door(
                about.device_authorization_endpoint,
                "device_authorization_endpoint",
                "so nobody can sign in with a code: switch the device flow on there",
            )?,
            person: about
                .userinfo_endpoint
                .filter(|url| self.outgoing.check(url).is_ok()),
            secret_in_body: takes("client_secret_post") && !takes("client_secret_basic"),
        })
    }

    /// Begins a sign-in.
    pub(super) async fn device(&self, nonce: &str) -> Result<Device, Failure> {
        let doors = self.doors().await?;
        let fields = [("scope", self.settings.scopes.as_str()), ("nonce", nonce)];
        let reply = self.post(&doors.device, &doors, &fields).await?;
        if reply.status != 200 {
            let word = error_word(&reply);
            tracing::warn!(
                status = reply.status,
                error = word,
                "the identity provider gave no code"
            );
            return Err(unusual(reply.status, "the device endpoint"));
        }
        let device: Device =
            serde_json::from_slice(&reply.body).map_err(|_| unusual(200, "the device endpoint"))?;
        let plain =
            |text: &str, most| (1..=most).contains(&text.len()) && !text.chars().any(char::is_control);
        let is_address =
            |url: &str| plain(url, 2_048) && (url.starts_with("https://") || url.starts_with("http://"));
        let fine = plain(&device.user_code, 64)
            && plain(&device.device_code, 4_096)
            && is_address(&device.verification_uri)
            && device.verification_uri_complete.as_deref().is_none_or(is_address);
        if fine {
            Ok(device)
        } else {
            Err(unusual(200, "the device endpoint"))
        }
    }

    /// Asks what became of a sign-in.
    pub(super) async fn ask(&self, device_code: &str) -> Result<Asked, Failure> {
        let doors = self.doors().await?;
        let fields = [("grant_type", DEVICE_CODE), ("device_code", device_code)];
        let reply = self.post(&doors.token, &doors, &fields).await?;
        if reply.status == 200 {
            let tokens: Tokens =
                serde_json::from_slice(&reply.body).map_err(|_| unusual(200, "the token endpoint"))?;
            let id = tokens
                .id_token
                .ok_or_else(|| unusual(200, "the token endpoint, without an ID token"))?;
            return Ok(Asked::Tokens {
                id,
                access: tokens.access_token,
            });
        }
        match error_word(&reply) {
            "authorization_pending" => Ok(Asked::Waiting),
            "slow_down" => Ok(Asked::Slower),
            "access_denied" => Ok(Asked::Denied),
            "expired_token" => Ok(Asked::Ended),
            "invalid_grant" => Ok(Asked::Unknown),
            word => {
                tracing::warn!(
                    status = reply.status,
                    error = word,
                    "the identity provider gave no token"
                );
                Err(unusual(reply.status, "the token endpoint"))
            }
        }
    }

    /// Examines an ID token, with newer keys where the known ones don't fit.
    ///
    /// # Errors
    /// As the network answers; inside, why it is not believed.
    pub(super) async fn examine(
        &self,
        token: &str,
        nonce: &str,
    ) -> Result<Result<Claims, Rejected>, Failure> {
        let expected = Expected {
            issuer: &self.settings.issuer,
            client_id: &self.settings.client_id,
            nonce,
            now: self.world.now(),
        };
        let (known, at) = self.keys(None).await?;
        match examine(token, &known, &expected) {
            Err(Rejected::Key) => {
                let (newer, _) = self.keys(Some(at)).await?;
                Ok(examine(token, &newer, &expected))
            }
            done => Ok(done),
        }
    }

    /// Its keys; with `tried`, newer ones than those of that time.
    async fn keys(&self, tried: Option<Timestamp>) -> Result<(Arc<[Jwk]>, Timestamp), Failure> {
        let doors = self.doors().await?;
        let now = self.world.now();
        let mut known = self.known.lock().await;
        if let Some((keys, at)) = &known.keys {
            let age = now.millis_since(*at).abs();
            let is_good = match tried {
                None => age <= KNOWN_MS,
                Some(tried) => *at != tried || age < KEYS_MS,
            };
            if is_good {
                return Ok((Arc::clone(keys), *at));
            }
        }
        #[derive(Deserialize)]
        struct Set {
            keys: Vec<Value>,
        }
        let reply = self.get(&doors.keys, None).await?;
        let set: Set = match reply.status {
            200 => serde_json::from_slice(&reply.body).map_err(|_| unusual(200, "the keys"))?,
            status => return Err(unusual(status, "the keys")),
        };
        let found: Arc<[Jwk]> = keys(&set.keys).into();
        known.keys = Some((Arc::clone(&found), now));
        Ok((found, now))
    }

    /// What else it says about a person; nothing where it has no door for that.
    pub(super) async fn person(&self, access: &str, subject: &str) -> Result<Map<String, Value>, Failure> {
        let Some(url) = self.doors().await?.person else {
            return Ok(Map::new());
        };
        let reply = self.get(&url, Some(access)).await?;
        if reply.status != 200 {
            return Err(unusual(reply.status, "the userinfo endpoint"));
        }
        let all: Map<String, Value> =
            serde_json::from_slice(&reply.body).map_err(|_| unusual(200, "the userinfo endpoint"))?;
        // Another person's answer is none (OpenID Connect Core 5.3.2).
        if all.get("sub").and_then(Value::as_str) != Some(subject) {
            return Err(unusual(200, "the userinfo endpoint, about somebody else"));
        }
        Ok(all)
    }

    async fn get(&self, url: &str, access: Option<&str>) -> Result<Reply, Failure> {
        let mut headers = vec![(ACCEPT, HeaderValue::from_static("application/json"))];
        if let Some(access) = access {
            headers.push((AUTHORIZATION, secret(&format!("Bearer {access}"))?));
        }
        let call = Call {
            url,
            headers,
            body: Bytes::new(),
            limits: LIMITS,
        };
        self.outgoing.get(call).await
    }

    async fn post(&self, url: &str, doors: &Doors, fields: &[(&str, &str)]) -> Result<Reply, Failure> {
        let settings = &self.settings;
        let mut form = fields.to_vec();
        form.push(("client_id", &settings.client_id));
        let mut headers: Vec<(HeaderName, HeaderValue)> = vec![
            (ACCEPT, HeaderValue::from_static("application/json")),
            (
                CONTENT_TYPE,
                HeaderValue::from_static("application/x-www-form-urlencoded"),
            ),
        ];
        match &settings.client_secret {
            Some(text) if doors.secret_in_body => {
                form.push(("client_secret", text));
            }
            Some(text) => {
                // Both are written as in a form first (RFC 6749 2.3.1).
                let coded = |t: &str| form_urlencoded::byte_serialize(t.as_bytes()).collect::<String>();
                let pair = format!("{}:{}", coded(&settings.client_id), coded(text));
                headers.push((
                    AUTHORIZATION,
                    secret(&format!("Basic {}", STANDARD.encode(pair)))?,
                ));
            }
            None => {}
        }
        let call = Call {
            url,
            headers,
            body: written(&form),
            limits: LIMITS,
        };
        self.outgoing.post(call).await
    }
}

fn unusual(status: u16, what: &str) -> Failure {
    Failure::new(
        ErrorCode::StorageDown,
        format!("the identity provider answered {status}: {what}"),
    )
}
