//! The person's choices: which there are, what may be chosen, and those that the engine itself follows.
//!
//! They are written in the queue and act at once; a launch follows them again before anything moves.

use std::sync::Arc;

use serde_json::Value;
use windlass_core::error::{ErrorCode, Failure};
use windlass_core::machine::{Config, Event};
use windlass_queue::settings;

use crate::changes;
use crate::conditions;
use crate::shell::Shared;
use crate::view::SettingKey;
use crate::way;

/// Bytes a second that all uploads may take; 0: as many as there are.
pub(crate) const LIMIT: &str = "limit";
/// PUTs at once; 0: as the engine sees fit.
pub(crate) const CONNECTIONS: &str = "connections";
/// What small files have of the line, in percent.
const SMALL_SHARE: &str = "small_share";
/// No limit is smaller, bytes a second: below it a request would seem dead.
const LEAST: u64 = 32 * 1024;
/// Connections that may be chosen.
const MOST_CONNECTIONS: u64 = 64;

/// Days that logs may be kept.
const LOG_DAYS: std::ops::RangeInclusive<u64> = 1..=365;
/// What small files may have of the line, in percent: never nothing, never all.
const SHARES: std::ops::RangeInclusive<u64> = 1..=90;

/// What a choice may be.
#[derive(Debug, Clone, Copy)]
enum Holds {
    Any,
    Flag,
    OneOf(&'static [&'static str]),
    Count(u64),
    /// Whole numbers.
    In(&'static std::ops::RangeInclusive<u64>),
    Rate,
    /// One of the conditions' rules.
    Rule,
    /// How the network is reached.
    Way,
}

/// What a key may hold; null, which is no choice, aside.
const fn holds(key: SettingKey) -> Holds {
    match key {
        SettingKey::CloseTold | SettingKey::Language | SettingKey::LastView => Holds::Any,
        SettingKey::CloseToTray | SettingKey::NotifySound | SettingKey::StartHidden => Holds::Flag,
        SettingKey::Connections => Holds::Count(MOST_CONNECTIONS),
        SettingKey::Density => Holds::OneOf(&["comfortable", "compact"]),
        SettingKey::Duplicates => Holds::OneOf(&["skip", "leave_out"]),
        SettingKey::KeepAwake => Holds::OneOf(&["mains", "uploading", "never"]),
        SettingKey::Limit | SettingKey::LimitLast => Holds::Rate,
        SettingKey::LogDays => Holds::In(&LOG_DAYS),
        SettingKey::LogLevel => Holds::OneOf(&["normal", "problems", "detailed"]),
        SettingKey::Motion => Holds::OneOf(&["system", "reduced"]),
        // "problems" is how "quiet" was called before.
        SettingKey::Notifications => Holds::OneOf(&["all", "normal", "quiet", "problems", "none"]),
        SettingKey::Preflight => Holds::OneOf(&["needed", "always", "never"]),
        SettingKey::RateUnit => Holds::OneOf(&["bytes", "bits"]),
        SettingKey::SmallShare => Holds::In(&SHARES),
        SettingKey::Theme => Holds::OneOf(&["system", "light", "dark", "contrast"]),
        SettingKey::WatchSummary => Holds::OneOf(&["hourly", "each"]),
        SettingKey::Authorities | SettingKey::Proxy => Holds::Way,
        SettingKey::BatteryBelow
        | SettingKey::Metered
        | SettingKey::PowerSaver
        | SettingKey::Schedule
        | SettingKey::TrustedNetworks => Holds::Rule,
    }
}

impl Holds {
    fn takes(self, key: &str, value: &Value) -> bool {
        match self {
            Self::Any => true,
            Self::Flag => value.is_boolean(),
            Self::OneOf(words) => value.as_str().is_some_and(|v| words.contains(&v)),
            Self::Count(most) => value.as_u64().is_some_and(|n| n <= most),
            Self::In(range) => value.as_u64().is_some_and(|n| range.contains(&n)),
            Self::Rule => conditions::may_be(key, value),
            Self::Way => way::may_be(key, value),
            Self::Rate => value.as_u64().is_some_and(|n| n == 0 || n >= LEAST),
        }
    }
}

/// Follows what was chosen before.
pub(crate) async fn begin(shared: &Arc<Shared>) -> Result<(), Failure> {
    let all = shared.queue.read(settings::all).await?;
    for key in [LIMIT, CONNECTIONS, SMALL_SHARE] {
        if let Some(value) = all.get(key) {
            follow(shared, key, value).await;
        }
    }
    way::begin(shared).await?;
    conditions::begin(shared, &all).await;
    let until = all.get(crate::groups::PAUSED_UNTIL).and_then(Value::as_i64);
    shared.deltas.set_paused_until(until);
    Ok(())
}

/// Writes a choice down and follows it. Null is none: what holds without a choice holds again.
pub(crate) async fn set(shared: &Arc<Shared>, key: &str, value: Value) -> Result<(), Failure> {
    let Ok(known) = serde_json::from_value::<SettingKey>(key.into()) else {
        return Err(Failure::new(ErrorCode::InvalidField, "no such setting"));
    };
    if !value.is_null() && !holds(known).takes(key, &value) {
        return Err(Failure::new(
            ErrorCode::InvalidField,
            format!("{key} can't be {value}"),
        ));
    }
    let (name, written) = (key.to_owned(), value.clone());
    shared
        .queue
        .write(move |conn| {
            let was = settings::get(conn, &name)?;
            changes::setting(conn, known, was.as_ref(), &written)?;
            if written.is_null() {
                settings::remove(conn, &name).map(drop)
            } else {
                settings::set(conn, &name, &written)
            }
        })
        .await?;
    shared.deltas.settings_changed();
    follow(shared, key, &value).await;
    if way::KEYS.contains(&key) {
        way::change(shared).await?;
    }
    if conditions::RULES.contains(&key) {
        conditions::rules_changed(shared).await?;
    }
    Ok(())
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
        SMALL_SHARE => {
            let chosen = number.and_then(|n| u8::try_from(n).ok());
            let share = chosen.unwrap_or(Config::default().small_share);
            shared.event(Event::SmallShare(share)).await;
        }
        _ => {}
    }
}
