//! The system's keyring. It may ask the person and never answer, so it is asked on a thread of its own, with a limit.

use std::time::Duration;

use keyring::v1::{Entry, Error};
use tokio::sync::oneshot;
use windlass_core::error::{ErrorCode, Failure};
use windlass_core::ids::DestinationId;

use super::Keys;

/// The service that entries are filed under.
const SERVICE: &str = "windlass";
/// A person may be typing the keyring's password.
const LIMIT: Duration = Duration::from_secs(30);

pub(super) async fn put(id: DestinationId, keys: &Keys) -> Result<(), Failure> {
    let text = serde_json::to_string(keys).map_err(|_| locked("the key can't be written"))?;
    ask(id, move |entry| entry.set_password(&text)).await
}

pub(super) async fn get(id: DestinationId) -> Result<Option<Keys>, Failure> {
    let text = ask(id, |entry| match entry.get_password() {
        Err(Error::NoEntry) => Ok(None),
        found => found.map(Some),
    })
    .await?;
    match text {
        None => Ok(None),
        Some(text) => serde_json::from_str(&text)
            .map(Some)
            .map_err(|_| locked("the entry is not one of Windlass")),
    }
}

pub(super) async fn remove(id: DestinationId) -> Result<(), Failure> {
    ask(id, |entry| match entry.delete_credential() {
        Err(Error::NoEntry) => Ok(()),
        done => done,
    })
    .await
}

async fn ask<T: Send + 'static>(
    id: DestinationId,
    f: impl FnOnce(&Entry) -> Result<T, Error> + Send + 'static,
) -> Result<T, Failure> {
    let (tell, answer) = oneshot::channel();
    std::thread::Builder::new()
        .name("windlass-keyring".to_owned())
        .spawn(move || {
            let result = Entry::new(SERVICE, &format!("destination/{id}")).and_then(|entry| f(&entry));
            // Nobody waits any more when the limit passed.
            drop(tell.send(result));
        })
        .map_err(|_| locked("no thread for the keyring"))?;
    match tokio::time::timeout(LIMIT, answer).await {
        // The error of a keyring names no secret, but its words are not ours: only its kind is told.
        Ok(Ok(result)) => result.map_err(|e| locked(kind(&e))),
        Ok(Err(_)) => Err(locked("the keyring ended early")),
        Err(_) => Err(locked("the keyring did not answer")),
    }
}

fn kind(e: &Error) -> &'static str {
    match e {
        Error::NoDefaultStore => "this computer has no keyring",
        Error::NoStorageAccess(_) => "the keyring is locked",
        _ => "the keyring refused",
    }
}

fn locked(detail: &str) -> Failure {
    Failure::new(ErrorCode::KeyringLocked, detail)
}
