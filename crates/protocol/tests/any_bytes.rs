//! Whatever a control plane answers, or a client sends, is read as one of the types of the wire or refused; nothing in it ends
//! the program, and what was read is written again as itself.

#![expect(clippy::expect_used, reason = "a test that can't go on says so")]

use proptest::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use windlass_protocol::{
    changes, destinations, files, groups, janitor, jobs, owners, places, problem, runs, search, sessions,
    tokens, webhooks,
};

/// Names of fields and of variants, so that what is made up gets past the first door.
const WORDS: &[&str] = &[
    "id",
    "group",
    "name",
    "items",
    "results",
    "state",
    "path",
    "size",
    "sha256",
    "parts",
    "number",
    "len",
    "crc64",
    "url",
    "headers",
    "done",
    "failed",
    "code",
    "detail",
    "retry_after_ms",
    "destination",
    "config",
    "folder",
    "s3",
    "endpoint",
    "bucket",
    "region",
    "rev",
    "etag",
    "attempt",
    "token",
    "created_at",
    "next",
    "kind",
    "type",
    "status",
    "uploading",
    "uploaded",
    "pending",
    "completed",
    "count",
    "files",
    "upload",
    "signed",
    "expires_at",
    "part_bytes",
    "0192f0c4-7b1c-7c3e-8d1a-000000000001",
    "2026-01-01T00:00:00Z",
];

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => proptest::sample::select(WORDS).prop_map(str::to_owned),
        1 => ".{0,40}",
    ]
}

fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        // What a number with fewer digits can hold, so that it is written as it was read.
        any::<f32>().prop_map(Value::from),
        text().prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 128, 8, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..8).prop_map(Value::from),
            proptest::collection::btree_map(text(), inner, 0..10)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

/// Read, and if it was read, written and read once more: the same twice.
fn settles<T: DeserializeOwned + Serialize>(read: Option<T>) {
    if let Some(read) = read {
        let once = serde_json::to_value(&read).expect("written");
        let again: T = serde_json::from_value(once.clone()).expect("its own words are read");
        assert_eq!(serde_json::to_value(&again).expect("written"), once);
    }
}

macro_rules! each {
    ($read:expr; $($kind:ty),+ $(,)?) => { $( settles::<$kind>($read); )+ };
}

macro_rules! all {
    ($read:expr) => {
        each!($read;
            changes::Changes, changes::Change, destinations::Destination, destinations::DestinationConfig,
            destinations::PutDestination, destinations::Check, files::FileView, files::NewFile, files::SignFile,
            files::FileJobs, files::Parts, files::PatchFile, groups::Group, groups::CreateGroup,
            groups::GroupView, groups::NewGroup, groups::PatchGroup, groups::Finalized, janitor::JanitorReport,
            janitor::AuditEntry, jobs::Job, jobs::Jobs, jobs::CreateJob, jobs::Claimed, jobs::Report, jobs::JobLog,
            owners::Owner, owners::CreateOwner, places::DestinationView, places::Template, places::NewTemplate,
            places::Import, places::UploadMetrics, problem::Problem, runs::Run, runs::CreateRun,
            search::SearchAnswer, search::Search,
            sessions::Answers<sessions::InitResult>, sessions::Answers<sessions::SignResult>,
            sessions::Answers<sessions::CompleteResult>, sessions::Answers<sessions::QueryAnswer>,
            sessions::Batch<sessions::InitItem>, sessions::Batch<sessions::SignItem>,
            sessions::Batch<sessions::CompleteItem>, sessions::Query, sessions::Ids, tokens::Token,
            tokens::CreateToken, webhooks::Webhook, webhooks::CreateWebhook,
        )
    };
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    // A128, F67
    #[test]
    fn a128_any_answer_of_a_control_plane_is_read_or_refused(
        value in json(),
        bytes in proptest::collection::vec(any::<u8>(), 0..300),
    ) {
        let text = value.to_string();
        all!(serde_json::from_str(&text).ok());
        all!(serde_json::from_slice(&bytes).ok());
    }

    #[test]
    fn an_answer_that_was_cut_is_refused_or_read_and_never_more(value in json(), cut in 0usize..4_000) {
        let text = value.to_string();
        let mut end = cut.min(text.len());
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        all!(serde_json::from_str(&text[..end]).ok());
    }
}

/// A body that says what only the server may say is refused for that word, before anything else in it is looked at.
fn refuses_what_is_the_servers<T: DeserializeOwned>() {
    for word in [
        "status",
        "owner_id",
        "verified",
        "hash_verified",
        "completed_at",
        "uploaded_at",
        "is_canonical",
    ] {
        let body = serde_json::json!({ word: "completed" });
        let why = serde_json::from_value::<T>(body)
            .err()
            .expect("refused")
            .to_string();
        assert!(
            why.starts_with(&format!("unknown field `{word}`")),
            "{}: {why}",
            std::any::type_name::<T>()
        );
    }
}

// A47. A token is made for an owner by whoever may (A63), so that body is not among these.
#[test]
fn a047_a_field_that_the_server_owns_is_refused_on_every_route() {
    macro_rules! bodies {
        ($($kind:ty),+ $(,)?) => { $( refuses_what_is_the_servers::<$kind>(); )+ };
    }
    bodies!(
        sessions::Batch<sessions::InitItem>,
        sessions::InitItem,
        sessions::SignItem,
        sessions::CompleteItem,
        sessions::DonePart,
        sessions::Query,
        sessions::Ids,
        files::NewFile,
        files::SignFile,
        files::PatchFile,
        files::Retry,
        groups::CreateGroup,
        groups::NewGroup,
        groups::PatchGroup,
        destinations::PutDestination,
        places::PatchDestination,
        places::NewTemplate,
        jobs::CreateJob,
        jobs::RetryJobs,
        jobs::Claim,
        jobs::Heartbeat,
        owners::CreateOwner,
        owners::PatchOwner,
        webhooks::CreateWebhook,
        webhooks::PatchWebhook,
        runs::CreateRun,
        search::Search,
    );
}
