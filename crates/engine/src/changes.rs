//! Choices of a person that decide what goes where, when and how fast: the history tells them beside what they led to.
//!
//! Each is written in the transaction that makes it. What is changed again within minutes, like a limit that is dragged, is one
//! line with the last word. No address and no secret stands in it.

use serde_json::{Value, json};
use windlass_core::ids::{DestinationId, WatchId};
use windlass_queue::acts::{self, ActKind, NewAct};
use windlass_queue::{Connection, QueueError};

use crate::clock;
use crate::view::{ChangeKind, HistoryChange, SettingKey};

/// The settings that matter for uploads; how the window looks does not.
const TOLD: &[SettingKey] = &[
    SettingKey::Authorities,
    SettingKey::BatteryBelow,
    SettingKey::Connections,
    SettingKey::Duplicates,
    SettingKey::Limit,
    SettingKey::Metered,
    SettingKey::PowerSaver,
    SettingKey::Proxy,
    SettingKey::Schedule,
    SettingKey::TrustedNetworks,
];

/// A setting was chosen; null: it holds no choice any more.
pub(crate) fn setting(
    conn: &Connection,
    key: SettingKey,
    was: Option<&Value>,
    is: &Value,
) -> Result<(), QueueError> {
    if !TOLD.contains(&key) || was.unwrap_or(&Value::Null) == is {
        return Ok(());
    }
    let change = HistoryChange {
        change: ChangeKind::Changed,
        setting: Some(key),
        name: String::new(),
        value: sayable(key, is),
    };
    write(conn, ActKind::Setting, &json!(key), &change)
}

/// Something became of a destination.
pub(crate) fn destination(
    conn: &Connection,
    id: DestinationId,
    name: &str,
    change: ChangeKind,
) -> Result<(), QueueError> {
    write(conn, ActKind::Destination, &json!(id), &named(name, change))
}

/// Something became of a watched folder.
pub(crate) fn watch(
    conn: &Connection,
    id: WatchId,
    name: &str,
    change: ChangeKind,
) -> Result<(), QueueError> {
    write(conn, ActKind::Watch, &json!(id), &named(name, change))
}

/// What an act tells of a change; none of what is no change.
pub(crate) fn told(data: &Value) -> Option<HistoryChange> {
    serde_json::from_value(data.get("change")?.clone()).ok()
}

fn named(name: &str, change: ChangeKind) -> HistoryChange {
    HistoryChange {
        change,
        setting: None,
        name: name.to_owned(),
        value: Value::Null,
    }
}

fn write(conn: &Connection, kind: ActKind, of: &Value, change: &HistoryChange) -> Result<(), QueueError> {
    let act = NewAct {
        at: clock::now(),
        kind,
        group: None,
        files: 0,
        bytes: 0,
        failed: 0,
        data: json!({ "of": [of, change.change], "change": change }),
    };
    acts::last_word(conn, &act)
}

/// What may stand in a history: how a proxy is chosen and not which, an authority's name and not its certificate.
fn sayable(key: SettingKey, value: &Value) -> Value {
    let part = match key {
        SettingKey::Proxy => &value["mode"],
        SettingKey::Authorities => &value["name"],
        _ => value,
    };
    match part {
        Value::Bool(_) | Value::Number(_) | Value::String(_) => part.clone(),
        Value::Null | Value::Array(_) | Value::Object(_) => Value::Null,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_history_names_no_address_and_no_certificate() {
        let proxy = json!({"mode": "manual", "address": "http://proxy.example:8080", "user": "ada"});
        assert_eq!(sayable(SettingKey::Proxy, &proxy), json!("manual"));
        let authority = json!({"name": "studio.pem", "pem": "-----BEGIN CERTIFICATE-----"});
        assert_eq!(sayable(SettingKey::Authorities, &authority), json!("studio.pem"));
        assert_eq!(sayable(SettingKey::Schedule, &json!([0, 1])), Value::Null);
        assert_eq!(sayable(SettingKey::Limit, &json!(5)), json!(5));
    }
}
