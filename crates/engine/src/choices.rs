//! The person's choices: which there are, what may be chosen, and those that the engine itself follows.
//!
//! They are written in the queue and act at once; a launch follows them again before anything moves.

use std::sync::Arc;

use serde_json::Value;
use windlass_core::error::{ErrorCode, Failure};
use windlass_core::machine::{Config, Event};
use windlass_queue::settings;

use crate::conditions;
use crate::shell::Shared;

/// Bytes a second that all uploads may take; 0: as many as there are.
pub(crate) const LIMIT: &str = "limit";
/// PUTs at once; 0: as the engine sees fit.
pub(crate) const CONNECTIONS: &str = "connections";
/// No limit is smaller, bytes a second: below it a request would seem dead.
const LEAST: u64 = 32 * 1024;
/// Connections that may be chosen.
const MOST_CONNECTIONS: u64 = 64;

/// All keys that a window may write, with what each may hold.
const KNOWN: &[(&str, Holds)] = &[
    ("close_told", Holds::Any),
    (CONNECTIONS, Holds::Count(MOST_CONNECTIONS)),
    ("duplicates", Holds::OneOf(&["skip", "leave_out"])),
    (conditions::BATTERY, Holds::Rule),
    ("keep_awake", Holds::OneOf(&["mains", "uploading", "never"])),
    ("language", Holds::Any),
    ("last_view", Holds::Any),
    (LIMIT, Holds::Rate),
    ("limit_last", Holds::Rate),
    (conditions::METERED, Holds::Rule),
    (
        "notifications",
        Holds::OneOf(&["all", "normal", "quiet", "problems", "none"]),
    ),
    ("notify_sound", Holds::Flag),
    (conditions::SAVER, Holds::Rule),
    (conditions::SCHEDULE, Holds::Rule),
    (conditions::TRUSTED, Holds::Rule),
    ("watch_summary", Holds::OneOf(&["hourly", "each"])),
    ("preflight", Holds::OneOf(&["needed", "always", "never"])),
    ("start_hidden", Holds::Flag),
    ("theme", Holds::OneOf(&["system", "light", "dark"])),
];

#[derive(Debug, Clone, Copy)]
enum Holds {
    Any,
    Flag,
    OneOf(&'static [&'static str]),
    Count(u64),
    Rate,
    /// One of the conditions' rules.
    Rule,
}

impl Holds {
    fn takes(self, key: &str, value: &Value) -> bool {
        match self {
            Self::Any => true,
            Self::Flag => value.is_boolean(),
            Self::OneOf(words) => value.as_str().is_some_and(|v| words.contains(&v)),
            Self::Count(most) => value.as_u64().is_some_and(|n| n <= most),
            Self::Rule => conditions::may_be(key, value),
            Self::Rate => value.as_u64().is_some_and(|n| n == 0 || n >= LEAST),
        }
    }
}

/// Follows what was chosen before.
pub(crate) async fn begin(shared: &Arc<Shared>) -> Result<(), Failure> {
    let all = shared.queue.read(settings::all).await?;
    for key in [LIMIT, CONNECTIONS] {
        if let Some(value) = all.get(key) {
            follow(shared, key, value).await;
        }
    }
    conditions::begin(shared, &all).await;
    let until = all.get(crate::groups::PAUSED_UNTIL).and_then(Value::as_i64);
    shared.deltas.set_paused_until(until);
    Ok(())
}

/// Writes a choice down and follows it.
pub(crate) async fn set(shared: &Arc<Shared>, key: &str, value: Value) -> Result<(), Failure> {
    let known = KNOWN.iter().find(|(name, _)| *name == key);
    let Some((key, holds)) = known else {
        return Err(Failure::new(ErrorCode::InvalidField, "no such setting"));
    };
    if !holds.takes(key, &value) {
        return Err(Failure::new(
            ErrorCode::InvalidField,
            format!("{key} can't be {value}"),
        ));
    }
    let written = value.clone();
    shared
        .queue
        .write(move |conn| settings::set(conn, key, &written))
        .await?;
    shared.deltas.settings_changed();
    follow(shared, key, &value).await;
    if conditions::RULES.contains(key) {
        conditions::rules_changed(shared).await?;
    }
    Ok(())
}

/// Forgets all choices that a window may write, but not what it has told already.
pub(crate) async fn reset(shared: &Arc<Shared>) -> Result<(), Failure> {
    shared
        .queue
        .write(|conn| {
            for (key, _) in KNOWN.iter().filter(|(key, _)| *key != "close_told") {
                settings::remove(conn, key)?;
            }
            Ok(())
        })
        .await?;
    shared.deltas.settings_changed();
    for key in [LIMIT, CONNECTIONS] {
        follow(shared, key, &Value::from(0)).await;
    }
    conditions::rules_changed(shared).await
}

async fn follow(shared: &Shared, key: &str, value: &Value) {
    let number = value.as_u64().filter(|n| *n > 0);
    match key {
        LIMIT => shared.conditions.set_limit(shared, number),
        CONNECTIONS => {
            let chosen = number.and_then(|n| u32::try_from(n).ok());
            let count = chosen.unwrap_or(Config::default().connections);
            shared.event(Event::Connections(count)).await;
        }
        _ => {}
    }
}
