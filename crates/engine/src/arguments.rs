//! Arguments of commands as a page could make them up.

use proptest::prelude::*;
use serde_json::{Value, json};
use windlass_core::error::ErrorCode;
use windlass_core::ids::{DestinationId, FileId, GroupId, WatchId};
use windlass_core::states::Intent;

use crate::view::{Find, NewDestination, ReceiptForm, RelaunchAnswer, WatchQuery, WatchSettings};

const WORDS: &[&str] = &[
    "kind",
    "folder",
    "s3",
    "server",
    "name",
    "path",
    "endpoint",
    "bucket",
    "access_key",
    "secret_key",
    "include",
    "exclude",
    "min_size",
    "max_size",
    "max_age_days",
    "depth",
    "hidden",
    "after",
    "keep",
    "text",
    "group",
    "all",
    "pdf",
    "resume",
    "run",
    "paused",
    "0192f0c4-7b1c-7c3e-8d1a-000000000001",
    "__proto__",
    "constructor",
];

fn value() -> impl Strategy<Value = Value> {
    let word = prop_oneof![
        4 => proptest::sample::select(WORDS).prop_map(str::to_owned),
        1 => ".{0,40}",
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        word.clone().prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 64, 8, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            proptest::collection::btree_map(word.clone(), inner, 0..8)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    // A13: an argument is of its type or refused, and no key of it means more than its name.
    #[test]
    fn a013_any_arguments_of_a_command_are_answered_with_an_error(value in value()) {
        macro_rules! read {
            ($($kind:ty),+) => { $( let _ = serde_json::from_value::<$kind>(value.clone()); )+ };
        }
        read!(
            DestinationId, FileId, GroupId, WatchId, Intent, ErrorCode, Find, NewDestination, ReceiptForm,
            RelaunchAnswer, WatchQuery, WatchSettings, Option<Vec<String>>
        );
        // The right shape around it changes nothing.
        let _ = serde_json::from_value::<NewDestination>(json!({ "name": value, "folder": value, "s3": value }));
        let _ = serde_json::from_value::<WatchSettings>(json!({ "include": value, "exclude": [value] }));
    }
}
