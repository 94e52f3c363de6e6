//! How this process reaches the network: by which proxy, and which authorities it believes besides those of the system.
//!
//! It begins as the system has it. A person chooses otherwise, and the choice is told here, for all or for one destination alone;
//! each [`Client`] is made anew when it is asked for next, so that a choice acts at once. What is under way ends as it began. What
//! lies on this computer is never asked by a proxy.

mod choice;
mod client;
mod lost;

pub use choice::{Authorities, MAX_PEM_BYTES, ProxyChoice, Way};
pub use client::{Client, is_loopback};
pub use lost::lost;

use std::collections::HashMap;
use std::sync::{LazyLock, PoisonError, RwLock};

use windlass_core::ids::DestinationId;

/// The ways of the process.
#[derive(Default)]
struct Ways {
    /// How often one of them was chosen.
    number: u64,
    all: Way,
    /// Those of destinations that do not go as all do: their proxies. Whom to believe is one choice for all.
    own: HashMap<DestinationId, Way>,
}

static NOW: LazyLock<RwLock<Ways>> = LazyLock::new(RwLock::default);

/// From now on all go this way, but for destinations with one of their own.
pub fn choose(way: Way) {
    let mut now = NOW.write().unwrap_or_else(PoisonError::into_inner);
    if now.all != way {
        now.all = way;
        now.number += 1;
    }
}

/// From now on nothing goes over a connection that is open now: after sleep, or on another network, it leads nowhere.
pub fn renew() {
    NOW.write().unwrap_or_else(PoisonError::into_inner).number += 1;
}

/// What a destination has of its own.
#[must_use]
pub fn own(place: DestinationId) -> Option<Way> {
    NOW.read()
        .unwrap_or_else(PoisonError::into_inner)
        .own
        .get(&place)
        .cloned()
}

/// How often a way was chosen that was not the one before, or begun anew.
#[must_use]
pub fn number() -> u64 {
    NOW.read().unwrap_or_else(PoisonError::into_inner).number
}

/// From now on this destination goes by the proxy of this way; none: as all do. Answers what it had.
pub fn choose_for(place: DestinationId, way: Option<Way>) -> Option<Way> {
    let mut now = NOW.write().unwrap_or_else(PoisonError::into_inner);
    if now.own.get(&place) != way.as_ref() {
        now.number += 1;
    }
    match way {
        Some(way) => now.own.insert(place, way),
        None => now.own.remove(&place),
    }
}

/// The number of the choice, and what is done by the ways: of all, and of the destination where it has one.
fn now<T>(place: Option<DestinationId>, by: impl FnOnce(&Way, Option<&Way>) -> T) -> (u64, T) {
    let now = NOW.read().unwrap_or_else(PoisonError::into_inner);
    let own = place.and_then(|place| now.own.get(&place));
    (now.number, by(&now.all, own))
}
