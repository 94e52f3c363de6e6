//! The way to the network, as the person chose it: followed at each launch and with each choice.
//!
//! The choice stands with the others in the queue; the password of a proxy lies where tokens of servers lie. A choice that can't
//! be followed any more, as with a keyring that is gone, leaves the way as the system has it, and says so in the log.

use std::collections::BTreeMap;

use serde_json::Value;
use windlass_core::error::Failure;
use windlass_core::ids::DestinationId;
use windlass_core::time::Timestamp;
use windlass_protocol::destinations::SecretKeep;
use windlass_way::{Authorities, ProxyChoice, Way};

use crate::shell::Shared;

const PROXY: &str = "proxy";
const AUTHORITIES: &str = "authorities";
/// Where the password is kept. No secret.
const KEPT_IN: &str = "proxy_password_in";
/// The choices that are followed here.
pub(crate) const KEYS: [&str; 2] = [PROXY, AUTHORITIES];

/// The password's place among the secrets: no destination has this number.
fn place() -> DestinationId {
    DestinationId::new(Timestamp::from_millis(0), *b"way\0proxy\0")
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

/// Goes the way that stands there.
pub(crate) async fn follow(shared: &Shared, all: &BTreeMap<String, Value>) {
    let proxy: ProxyChoice = read(all, PROXY).unwrap_or_default();
    let authorities: Option<Authorities> = read(all, AUTHORITIES);
    let has_name = matches!(&proxy, ProxyChoice::Manual { user, .. } if !user.is_empty());
    let password = if has_name {
        password(shared, all).await
    } else {
        String::new()
    };
    match Way::new(proxy, password, authorities) {
        Ok(way) => windlass_way::choose(way),
        Err(failure) => tracing::warn!(%failure, "the chosen way to the network can't be gone"),
    }
}

fn read<T: serde::de::DeserializeOwned>(all: &BTreeMap<String, Value>, key: &str) -> Option<T> {
    serde_json::from_value(all.get(key)?.clone()).ok()
}

async fn password(shared: &Shared, all: &BTreeMap<String, Value>) -> String {
    let keep = read(all, KEPT_IN).unwrap_or(SecretKeep::Keyring);
    match shared.planes.tokens().get(place(), keep).await {
        Ok(found) => found.unwrap_or_default(),
        Err(failure) => {
            tracing::warn!(%failure, "the password of the proxy can't be read");
            String::new()
        }
    }
}

/// Keeps the password of the proxy; empty: forgets it.
///
/// # Errors
/// As the keyring or the file answers; errors of the queue.
pub(crate) async fn keep_password(shared: &Shared, password: &str, keep: SecretKeep) -> Result<(), Failure> {
    let tokens = shared.planes.tokens();
    if password.is_empty() {
        tokens.remove(place(), keep).await?;
    } else {
        tokens.put(place(), password, keep).await?;
    }
    let value = serde_json::to_value(keep).unwrap_or_default();
    shared
        .queue
        .write(move |conn| windlass_queue::settings::set(conn, KEPT_IN, &value))
        .await?;
    follow(shared, &shared.queue.read(windlass_queue::settings::all).await?).await;
    Ok(())
}
