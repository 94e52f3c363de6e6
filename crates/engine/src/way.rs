//! The way to the network, as the person chose it: followed at each launch and with each choice.
//!
//! One choice is for all; a destination may have a proxy of its own. The choices stand with the others in the queue; the passwords
//! of proxies lie where tokens of servers lie. A choice that can't be followed any more, as with a keyring that is gone, leaves
//! the way as the system has it, and says so in the log.

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

use crate::shell::Shared;
use crate::view::{KeepSecret, OwnProxy};

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
struct Chosen {
    proxy: ProxyChoice,
    kept_in: SecretKeep,
    authorities: Option<Authorities>,
    own: Vec<(DestinationId, Own)>,
}

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

    /// Goes these ways, with the passwords that are kept; none: without.
    async fn go(self, keeper: Option<&Shared>) {
        let secret = password_for(keeper, &self.proxy, None, self.kept_in).await;
        match Way::new(self.proxy, secret, self.authorities) {
            Ok(way) => windlass_way::choose(way),
            Err(failure) => tracing::warn!(%failure, "the chosen way to the network can't be gone"),
        }
        for (id, own) in self.own {
            let secret = password_for(keeper, &own.choice, Some(id), own.kept_in).await;
            match Way::new(own.choice, secret, None) {
                Ok(way) => drop(windlass_way::choose_for(id, Some(way))),
                Err(failure) => tracing::warn!(destination = %id, %failure, "its proxy can't be used"),
            }
        }
    }
}

fn get<T: serde::de::DeserializeOwned>(all: &BTreeMap<String, Value>, key: &str) -> Option<T> {
    serde_json::from_value(all.get(key)?.clone()).ok()
}

/// At a launch. A keyring that waits for the person holds nothing up: until it answers, proxies are gone to without a password.
///
/// # Errors
/// Errors of the queue.
pub(crate) async fn begin(shared: &Arc<Shared>) -> Result<(), Failure> {
    if let Ok(done) = tokio::time::timeout(PATIENCE, follow(shared)).await {
        return done;
    }
    Chosen::read(shared).await?.go(None).await;
    let later = Arc::clone(shared);
    shared.tasks.spawn(async move {
        tokio::select! {
            () = later.stop.cancelled() => {}
            done = change(&later) => if let Err(failure) = done {
                tracing::warn!(%failure, "the chosen way to the network can't be read");
            }
        }
    });
    Ok(())
}

/// As [`follow`]; what waited for a better way goes on at once.
///
/// # Errors
/// Errors of the queue.
pub(crate) async fn change(shared: &Shared) -> Result<(), Failure> {
    let before = windlass_way::number();
    follow(shared).await?;
    if windlass_way::number() != before {
        for row in crate::places::rows(shared).await? {
            shared.event(Event::DestinationReady { id: row.id }).await;
        }
    }
    Ok(())
}

/// Goes the ways that stand there.
///
/// # Errors
/// Errors of the queue.
async fn follow(shared: &Shared) -> Result<(), Failure> {
    let _one_at_a_time = shared.way.lock().await;
    Chosen::read(shared).await?.go(Some(shared)).await;
    Ok(())
}

/// The password for the name that a proxy asks for; empty where it asks for none.
async fn password_for(
    keeper: Option<&Shared>,
    choice: &ProxyChoice,
    of: Option<DestinationId>,
    kept_in: SecretKeep,
) -> String {
    match (keeper, signs_in_as(choice)) {
        (Some(shared), Some(_)) => password(shared, place(of), kept_in).await,
        _ => String::new(),
    }
}

async fn password(shared: &Shared, place: DestinationId, keep: SecretKeep) -> String {
    match shared.planes.tokens().get(place, keep).await {
        Ok(found) => found.unwrap_or_default(),
        Err(failure) => {
            tracing::warn!(%failure, "the password of a proxy can't be read");
            String::new()
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
            settings::set(conn, PROXY, &choice)?;
            settings::set(conn, KEPT_IN, &kept_in)
        })
        .await?;
    shared.deltas.settings_changed();
    change(shared).await
}

fn value(of: &impl Serialize) -> Result<Value, Failure> {
    serde_json::to_value(of).map_err(|e| Failure::new(ErrorCode::Internal, e.to_string()))
}

/// Puts the password where it is kept, or takes away the one that is of no use any more.
async fn keep_password(
    shared: &Shared,
    of: Option<DestinationId>,
    new: &OwnProxy,
    was: Option<&Own>,
) -> Result<Own, Failure> {
    let tokens = shared.planes.tokens();
    let mut kept_in = match new.keep_secret {
        KeepSecret::Keyring => SecretKeep::Keyring,
        KeepSecret::File => SecretKeep::File,
        KeepSecret::Session => SecretKeep::Session,
    };
    if !new.password.is_empty() {
        tokens.put(place(of), &new.password, kept_in).await?;
    } else if let Some(was) = was {
        // A password goes to the proxy that it was given for, and to no other.
        let is_same =
            signs_in_as(&was.choice).is_some() && signs_in_as(&was.choice) == signs_in_as(&new.choice);
        if is_same {
            kept_in = was.kept_in;
        } else if signs_in_as(&was.choice).is_some() {
            tokens.remove(place(of), was.kept_in).await?;
        }
    }
    Ok(Own {
        choice: new.choice.clone(),
        kept_in,
    })
}

/// Where, and under which name; none where no name is asked for.
fn signs_in_as(choice: &ProxyChoice) -> Option<(&str, &str)> {
    match choice {
        ProxyChoice::Manual { address, user, .. } if !user.is_empty() => Some((address, user)),
        _ => None,
    }
}

/// The proxy of a destination's own, without its password.
///
/// # Errors
/// Errors of the queue.
pub(crate) async fn own(shared: &Shared, id: DestinationId) -> Result<Option<OwnProxy>, Failure> {
    let own = read_own(shared, id).await?;
    Ok(own.map(|own| OwnProxy {
        choice: own.choice,
        password: String::new(),
        keep_secret: match own.kept_in {
            SecretKeep::Keyring => KeepSecret::Keyring,
            SecretKeep::File => KeepSecret::File,
            SecretKeep::Session => KeepSecret::Session,
        },
    }))
}

async fn read_own(shared: &Shared, id: DestinationId) -> Result<Option<Own>, Failure> {
    let all = shared.queue.read(settings::all).await?;
    Ok(get(&all, &own_key(id)))
}

/// A destination's way while it is tried: the one that it had comes back, unless this one is kept.
#[must_use]
pub(crate) struct Trial<'a> {
    shared: &'a Shared,
    id: DestinationId,
    new: Option<OwnProxy>,
    was: Option<Own>,
    /// What comes back.
    before: Option<Way>,
    kept: bool,
}

impl<'a> Trial<'a> {
    /// From now on the destination goes by this proxy; none: as all do.
    ///
    /// # Errors
    /// `invalid_field` for what is no proxy; errors of the queue.
    pub(crate) async fn begin(
        shared: &'a Shared,
        id: DestinationId,
        new: Option<&OwnProxy>,
    ) -> Result<Self, Failure> {
        let was = read_own(shared, id).await?;
        let way = match new {
            None => None,
            Some(new) => {
                let stays = was.as_ref().filter(|was| {
                    new.password.is_empty() && signs_in_as(&was.choice) == signs_in_as(&new.choice)
                });
                let secret = match stays {
                    Some(was) if signs_in_as(&was.choice).is_some() => {
                        password(shared, place(Some(id)), was.kept_in).await
                    }
                    _ => new.password.clone(),
                };
                Some(Way::new(new.choice.clone(), secret, None)?)
            }
        };
        Ok(Self {
            shared,
            id,
            new: new.cloned(),
            was,
            before: windlass_way::choose_for(id, way),
            kept: false,
        })
    }

    /// Writes it down.
    ///
    /// # Errors
    /// As the keyring or the file answers; errors of the queue.
    pub(crate) async fn keep(mut self) -> Result<(), Failure> {
        let key = own_key(self.id);
        match &self.new {
            Some(new) => {
                let own = keep_password(self.shared, Some(self.id), new, self.was.as_ref()).await?;
                let own = value(&own)?;
                self.shared
                    .queue
                    .write(move |conn| settings::set(conn, &key, &own))
                    .await?;
            }
            None => forget(self.shared, self.id).await?,
        }
        self.kept = true;
        Ok(())
    }
}

impl Drop for Trial<'_> {
    fn drop(&mut self) {
        if !self.kept {
            windlass_way::choose_for(self.id, self.before.take());
        }
    }
}

/// The destination has no proxy of its own any more.
///
/// # Errors
/// As the keyring or the file answers; errors of the queue.
pub(crate) async fn forget(shared: &Shared, id: DestinationId) -> Result<(), Failure> {
    let Some(was) = read_own(shared, id).await? else {
        return Ok(());
    };
    if signs_in_as(&was.choice).is_some() {
        shared
            .planes
            .tokens()
            .remove(place(Some(id)), was.kept_in)
            .await?;
    }
    let key = own_key(id);
    shared
        .queue
        .write(move |conn| settings::remove(conn, &key).map(drop))
        .await?;
    windlass_way::choose_for(id, None);
    Ok(())
}
