//! Which names something in the bucket has already: a listing of the group's place, kept for a while, so that many small
//! files don't cost a question each. Where it may not be listed, or is too large, each key is asked for.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use futures::StreamExt as _;
use windlass_core::error::{ErrorCode, Failure};
use windlass_core::time::Timestamp;

use super::client::Client;

/// A listing is believed for so long, milliseconds.
const FRESH_MS: i64 = 600_000;
/// Keys of a listing that is kept.
const MOST: usize = 50_000;
/// Listings that are kept.
const PLACES: usize = 64;
/// Questions that are out at a time.
const IN_FLIGHT: usize = 64;

/// Listings of places, by prefix.
#[derive(Default)]
pub(super) struct Names(Mutex<BTreeMap<String, Place>>);

#[derive(Clone)]
struct Place {
    at: Timestamp,
    /// `None`: to be asked one by one.
    keys: Option<Arc<BTreeSet<String>>>,
}

impl Names {
    /// Which of these keys something has.
    pub(super) async fn taken(
        &self,
        client: &Client,
        root: &str,
        keys: &[String],
        now: Timestamp,
    ) -> Result<Vec<bool>, Failure> {
        let mut taken = Vec::with_capacity(keys.len());
        let mut ask = Vec::new();
        for (i, key) in keys.iter().enumerate() {
            match self.place(client, place_of(root, key), now).await?.keys {
                Some(there) => taken.push(there.contains(key)),
                None => {
                    taken.push(false);
                    ask.push((i, key.clone()));
                }
            }
        }
        let answers: Vec<_> = futures::stream::iter(ask)
            .map(|(i, key)| async move { client.head(&key).await.map(|head| (i, head.is_some())) })
            .buffer_unordered(IN_FLIGHT)
            .collect()
            .await;
        for answer in answers {
            let (i, there) = answer?;
            taken[i] = there;
        }
        Ok(taken)
    }

    async fn place(&self, client: &Client, prefix: &str, now: Timestamp) -> Result<Place, Failure> {
        if let Some(place) = self.known(prefix).filter(|p| now.millis_since(p.at) < FRESH_MS) {
            return Ok(place);
        }
        let keys = match client.list_keys(prefix, MOST).await {
            Ok(keys) => keys.map(|keys| Arc::new(keys.into_iter().collect())),
            // A key that may write but not list: each name is asked for.
            Err(e) if e.code == ErrorCode::StorageDenied => None,
            Err(e) => return Err(e),
        };
        let place = Place { at: now, keys };
        let mut places = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if places.len() >= PLACES {
            places.clear();
        }
        places.insert(prefix.to_owned(), place.clone());
        Ok(place)
    }

    fn known(&self, prefix: &str) -> Option<Place> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(prefix)
            .cloned()
    }
}

/// Prefix of the group that a key is in.
fn place_of<'a>(root: &str, key: &'a str) -> &'a str {
    let below = key.strip_prefix(root).unwrap_or(key);
    let group = below
        .find('/')
        .map_or(key.len(), |i| key.len() - below.len() + i + 1);
    &key[..group]
}

#[cfg(test)]
mod tests {
    use super::place_of;

    #[test]
    fn a_place_is_the_prefix_of_a_group() {
        assert_eq!(place_of("", "Trip/a/b"), "Trip/");
        assert_eq!(place_of("x/y/", "x/y/Trip/a/b"), "x/y/Trip/");
        assert_eq!(place_of("x-", "x-Trip/a"), "x-Trip/");
    }
}
