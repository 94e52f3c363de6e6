//! Choices that decide what is uploaded are lines of the history (G-6); and what is told of a destination beside its files.

use serde_json::{Value, json};
use windlass_core::error::ErrorCode;
use windlass_core::ids::DestinationId;
use windlass_core::time::Timestamp;
use windlass_engine::EngineHandle;
use windlass_engine::view::{ChangeKind, HistoryActKind, HistoryAsk, HistoryChange, NewWatch, SettingKey};

use crate::Bench;

async fn told(engine: &EngineHandle) -> Vec<(HistoryActKind, HistoryChange)> {
    let ask = HistoryAsk {
        acts_only: true,
        limit: 50,
        ..HistoryAsk::default()
    };
    let acts = engine.history(ask).await.unwrap().acts;
    acts.into_iter().map(|a| (a.kind, a.change.unwrap())).collect()
}

fn setting(key: SettingKey, value: Value) -> (HistoryActKind, HistoryChange) {
    let change = HistoryChange {
        change: ChangeKind::Changed,
        setting: Some(key),
        name: String::new(),
        value,
    };
    (HistoryActKind::Setting, change)
}

fn named(kind: HistoryActKind, change: ChangeKind, name: &str) -> (HistoryActKind, HistoryChange) {
    let change = HistoryChange {
        change,
        setting: None,
        name: name.into(),
        value: Value::Null,
    };
    (kind, change)
}

// G-6
#[tokio::test(flavor = "multi_thread")]
async fn g6_what_a_person_chose_for_uploads_is_a_line_of_the_history() {
    let b = Bench::new().await;
    let engine = b.engine().await;
    let added = named(HistoryActKind::Destination, ChangeKind::Added, "there");
    assert_eq!(told(&engine).await, vec![added.clone()]);

    // A limit that is dragged is one line with its last word; how the window looks is none; nor is what was so before.
    for rate in [2_000_000, 5_000_000] {
        engine.set_setting("limit", json!(rate)).await.unwrap();
    }
    engine.set_setting("theme", json!("dark")).await.unwrap();
    engine.set_setting("metered", json!("ask")).await.unwrap();
    engine.set_setting("metered", json!("ask")).await.unwrap();
    engine.set_setting("power_saver", Value::Null).await.unwrap();
    let refused = engine.set_setting("metered", json!("never")).await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::InvalidField);
    let limit = setting(SettingKey::Limit, json!(5_000_000));
    let metered = setting(SettingKey::Metered, json!("ask"));
    assert_eq!(
        told(&engine).await,
        [metered.clone(), limit.clone(), added.clone()]
    );

    let id = engine.destinations().await.unwrap()[0].id;
    let mut form = engine.destination_form(id).await.unwrap();
    form.name = "elsewhere".into();
    assert!(engine.edit_destination(id, &form).await.unwrap().ok);
    let watch = engine
        .add_watch(NewWatch {
            path: b.source().to_string_lossy().into_owned(),
            name: Some("Card A".into()),
            destination: None,
            settings: serde_json::from_value(json!({})).unwrap(),
            only_new: false,
        })
        .await
        .unwrap();
    engine.remove_watch(watch.id).await.unwrap();
    engine.remove_destination(id).await.unwrap();
    let now = told(&engine).await;
    let expected = [
        named(HistoryActKind::Destination, ChangeKind::Removed, "elsewhere"),
        named(HistoryActKind::Watch, ChangeKind::Removed, "Card A"),
        named(HistoryActKind::Watch, ChangeKind::Added, "Card A"),
        named(HistoryActKind::Destination, ChangeKind::Changed, "elsewhere"),
        metered,
        limit,
        added,
    ];
    assert_eq!(now, expected);
    engine.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn room_is_told_of_a_folder_and_of_nothing_that_is_not_there() {
    let b = Bench::new().await;
    let engine = b.engine().await;
    let id = engine.destinations().await.unwrap()[0].id;
    let room = engine.destination_room(id).await.unwrap().unwrap();
    assert!(room.free > 0 && !room.quota && room.total >= Some(room.free));
    let nowhere = engine
        .destination_room(DestinationId::new(Timestamp::from_millis(1), [9; 10]))
        .await;
    assert_eq!(nowhere.unwrap_err().code, ErrorCode::NotFound);
    // Without a server there are no accounts, and nobody is asked.
    assert_eq!(engine.account_insights().await.unwrap(), []);
    engine.shutdown().await;
}
