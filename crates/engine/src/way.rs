//! The way to the network, as the person chose it: followed at each launch and with each choice.
//!
//! One choice is for all; a destination may have a proxy of its own ([`own`]). The choices stand with the others in the queue; the
//! passwords of proxies lie where tokens of servers lie. While a keyring does not give one, what would go that way waits: a proxy
//! that is asked without it refuses, and files would fail of it.

mod own;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use windlass_core::error::{ErrorCode, Failure};
use windlass_core::ids::DestinationId;
use windlass_core::machine::Event;
use windlass_core::time::Timestamp;
use windlass_protocol::destinations::SecretKeep;
use windlass_queue::settings;
use windlass_way::{Authorities, ProxyChoice, Way};

use crate::changes;
use crate::infos::locked;
use crate::shell::Shared;
use crate::view::{KeepSecret, OwnProxy, SettingKey};

pub(crate) use own::{Trial, forget, of};

const PROXY: &str = "proxy";
const AUTHORITIES: &str = "authorities";
/// Where the password for all is kept. No secret.
const KEPT_IN: &str = "proxy_password_in";
/// Before the id of a destination: the proxy that is its own.
const OWN: &str = "proxy_of:";
/// The choices that are followed here.
pub(crate) const KEYS: [&str; 2] = [PROXY, AUTHORITIES];
/// A launch waits no longer for a keyring that asks the person first.
const PATIENCE: Duration = Duration::from_secs(1);
/// A keyring that was closed is asked again after this.
const AGAIN: Duration = Duration::from_secs(60);

/// The proxy of a destination, as the queue keeps it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Own {
    choice: ProxyChoice,
    kept_in: SecretKeep,
}

/// A password's place among the secrets: no destination has this number.
fn place(of: Option<DestinationId>) -> DestinationId {
    let all = DestinationId::new(Timestamp::from_millis(0), *b"way\0proxy\0");
    let Some(id) = of else { return all };
    let mut bytes = *id.as_bytes();
    for (byte, other) in bytes.iter_mut().zip(all.as_bytes()) {
        *byte ^= other;
    }
    DestinationId::from_slice(&bytes).unwrap_or(all)
}

fn own_key(id: DestinationId) -> String {
    format!("{OWN}{id}")
}

/// Whether this may be chosen.
pub(crate) fn may_be(key: &str, value: &Value) -> bool {
    let way = if key == PROXY {
        serde_json::from_value(value.clone()).map(|proxy| Way::new(proxy, String::new(), None))
    } else {
        serde_json::from_value(value.clone())
            .map(|authorities| Way::new(ProxyChoice::System, String::new(), Some(authorities)))
    };
    matches!(way, Ok(Ok(_)))
}

/// What stands in the queue.
#[derive(PartialEq)]
struct Chosen {
    proxy: ProxyChoice,
    kept_in: SecretKeep,
    authorities: Option<Authorities>,
    own: Vec<(DestinationId, Own)>,
}

/// What is known of passwords: none for a place whose keyring did not give it.
type Passwords = BTreeMap<DestinationId, Option<String>>;

impl Chosen {
    async fn read(shared: &Shared) -> Result<Self, Failure> {
        let all = shared.queue.read(settings::all).await?;
        let own = all.iter().filter_map(|(key, value)| {
            let id = serde_json::from_value(key.strip_prefix(OWN)?.into()).ok()?;
            Some((id, serde_json::from_value(value.clone()).ok()?))
        });
        Ok(Self {
            own: own.collect(),
            proxy: get(&all, PROXY).unwrap_or_default(),
            kept_in: get(&all, KEPT_IN).unwrap_or(SecretKeep::Keyring),
            authorities: get(&all, AUTHORITIES),
        })
    }

    /// The passwords that these need.
    async fn passwords(&self, shared: &Shared) -> Passwords {
        let mut found = Passwords::new();
        let all = [(None, &self.proxy, self.kept_in)];
        let own = self
            .own
            .iter()
            .map(|(id, own)| (Some(*id), &own.choice, own.kept_in));
        for (of, choice, kept_in) in all.into_iter().chain(own) {
            if signs_in_as(choice).is_some() {
                found.insert(place(of), password(shared, of, kept_in).await);
            }
        }
        found
    }

    /// Goes these ways. True when one waits for its password.
    fn go(self, shared: &Shared, passwords: &Passwords) -> bool {
        let mut waits = false;
        let mut way = |choice: ProxyChoice, of, authorities| {
            let known = match signs_in_as(&choice) {
                Some(_) => passwords.get(&place(of)).cloned().flatten(),
                None => Some(String::new()),
            };
            waits |= known.is_none();
            let way = Way::new(choice, known.clone().unwrap_or_default(), authorities);
            way.map(|way| if known.is_none() { way.waiting() } else { way })
        };
        match way(self.proxy, None, self.authorities) {
            Ok(way) => windlass_way::choose(way),
            Err(failure) => tracing::warn!(%failure, "the chosen way to the network can't be gone"),
        }
        let tried = *locked(&shared.tried);
        for (id, own) in self.own {
            match way(own.choice, Some(id), None) {
                // What is tried just now says itself what comes after.
                Ok(_) if tried == Some(id) => {}
                Ok(way) => drop(windlass_way::choose_for(id, Some(way))),
                Err(failure) => tracing::warn!(destination = %id, %failure, "its proxy can't be used"),
            }
        }
        waits
    }
}

fn get<T: serde::de::DeserializeOwned>(all: &BTreeMap<String, Value>, key: &str) -> Option<T> {
    serde_json::from_value(all.get(key)?.clone()).ok()
}

/// At a launch. A keyring that asks the person first does not hold it up: what goes by a proxy with a name waits until it answers.
///
/// # Errors
/// Errors of the queue.
pub(crate) async fn begin(shared: &Arc<Shared>) -> Result<(), Failure> {
    match tokio::time::timeout(PATIENCE, follow(shared)).await {
        Ok(Ok(false)) => return Ok(()),
        Ok(Err(failure)) => return Err(failure),
        Ok(Ok(true)) => {}
        Err(_) => {
            let _one_at_a_time = shared.way.lock().await;
            Chosen::read(shared).await?.go(shared, &Passwords::new());
        }
    }
    let later = Arc::clone(shared);
    shared.tasks.spawn(async move {
        tokio::select! {
            () = later.stop.cancelled() => {}
            () = until_known(&later) => {}
        }
    });
    Ok(())
}

async fn until_known(shared: &Shared) {
    loop {
        match change(shared).await {
            Ok(false) => return,
            Ok(true) => {}
            Err(failure) => tracing::warn!(%failure, "the chosen way to the network can't be read"),
        }
        tokio::time::sleep(AGAIN).await;
    }
}

/// As [`follow`]; what waited for a better way goes on at once.
///
/// # Errors
/// Errors of the queue.
pub(crate) async fn change(shared: &Shared) -> Result<bool, Failure> {
    let before = windlass_way::number();
    let waits = follow(shared).await?;
    if windlass_way::number() != before {
        for row in crate::places::rows(shared).await? {
            shared.event(Event::DestinationReady { id: row.id }).await;
        }
    }
    Ok(waits)
}

/// Goes the ways that stand there. True when one waits for its password.
///
/// # Errors
/// Errors of the queue.
async fn follow(shared: &Shared) -> Result<bool, Failure> {
    loop {
        let chosen = Chosen::read(shared).await?;
        let passwords = chosen.passwords(shared).await;
        // The keyring may have taken its time: what holds now is gone, and by one at a time.
        let _one_at_a_time = shared.way.lock().await;
        let now = Chosen::read(shared).await?;
        if now == chosen {
            return Ok(now.go(shared, &passwords));
        }
    }
}

async fn password(shared: &Shared, of: Option<DestinationId>, keep: SecretKeep) -> Option<String> {
    match shared.planes.tokens().get(place(of), keep).await {
        // Forgotten by the keyring, or by a program that ended: the proxy says what it thinks of none.
        Ok(found) => Some(found.unwrap_or_default()),
        Err(failure) => {
            tracing::warn!(%failure, "the password of a proxy can't be read");
            None
        }
    }
}

/// Chooses the proxy of all that have none of their own.
///
/// # Errors
/// `invalid_field`; as the keyring or the file answers; errors of the queue.
pub(crate) async fn choose(shared: &Shared, proxy: &OwnProxy) -> Result<(), Failure> {
    Way::new(proxy.choice.clone(), proxy.password.clone(), None)?;
    let now = Chosen::read(shared).await?;
    let was = Own {
        choice: now.proxy,
        kept_in: now.kept_in,
    };
    let new = keep_password(shared, None, proxy, Some(&was)).await?;
    let choice = value(&new.choice)?;
    let kept_in = value(&new.kept_in)?;
    shared
        .queue
        .write(move |conn| {
            let was = settings::get(conn, PROXY)?;
            changes::setting(conn, SettingKey::Proxy, was.as_ref(), &choice)?;
            settings::set(conn, PROXY, &choice)?;
            settings::set(conn, KEPT_IN, &kept_in)
        })
        .await?;
    shared.deltas.settings_changed();
    change(shared).await.map(drop)
}

fn value(of: &impl Serialize) -> Result<Value, Failure> {
    serde_json::to_value(of).map_err(|e| Failure::new(ErrorCode::Internal, e.to_string()))
}

/// Puts the password where it is kept, and takes away what is of no use any more.
async fn keep_password(
    shared: &Shared,
    of: Option<DestinationId>,
    new: &OwnProxy,
    was: Option<&Own>,
) -> Result<Own, Failure> {
    let mut kept_in = match new.keep_secret {
        KeepSecret::Keyring => SecretKeep::Keyring,
        KeepSecret::File => SecretKeep::File,
        KeepSecret::Session => SecretKeep::Session,
    };
    let signs_in = signs_in_as(&new.choice).is_some();
    let has_new = signs_in && !new.password.is_empty();
    if has_new {
        shared
            .planes
            .tokens()
            .put(place(of), &new.password, kept_in)
            .await?;
    }
    if let Some(was) = was.filter(|was| signs_in_as(&was.choice).is_some()) {
        // A password goes to the proxy that it was given for, and to no other.
        let stays = signs_in && signs_in_as(&was.choice) == signs_in_as(&new.choice) && !has_new;
        if stays {
            kept_in = was.kept_in;
        } else if !has_new || was.kept_in != kept_in {
            remove_password(shared, of, was.kept_in).await;
        }
    }
    Ok(Own {
        choice: new.choice.clone(),
        kept_in,
    })
}

/// That one is left somewhere is no reason to fail: nobody is asked with it any more.
async fn remove_password(shared: &Shared, of: Option<DestinationId>, keep: SecretKeep) {
    if let Err(failure) = shared.planes.tokens().remove(place(of), keep).await {
        tracing::warn!(%failure, "an old password of a proxy could not be removed");
    }
}

/// Where, and under which name; none where no name is asked for.
fn signs_in_as(choice: &ProxyChoice) -> Option<(&str, &str)> {
    match choice {
        ProxyChoice::Manual { address, user, .. } if !user.is_empty() => Some((address, user)),
        _ => None,
    }
}
