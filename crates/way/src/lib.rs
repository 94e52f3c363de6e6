//! How this process reaches the network: by which proxy, and which authorities it believes besides those of the system.
//!
//! It begins as the system has it. A person chooses otherwise, and the choice is told here; each [`Client`] is made anew when it
//! is asked for next, so that a choice acts at once. What is under way ends as it began. What lies on this computer is never
//! asked by a proxy.

mod choice;
mod client;

pub use choice::{Authorities, MAX_PEM_BYTES, ProxyChoice, Way};
pub use client::{Client, is_loopback};

use std::sync::{Arc, LazyLock, PoisonError, RwLock};

/// The way of the process, and how often it was chosen.
static NOW: LazyLock<RwLock<(u64, Arc<Way>)>> = LazyLock::new(RwLock::default);

/// From now on all go this way.
pub fn choose(way: Way) {
    let mut now = NOW.write().unwrap_or_else(PoisonError::into_inner);
    if *now.1 != way {
        *now = (now.0 + 1, Arc::new(way));
    }
}

/// The way, and the number of the choice.
fn now() -> (u64, Arc<Way>) {
    let now = NOW.read().unwrap_or_else(PoisonError::into_inner);
    (now.0, Arc::clone(&now.1))
}
