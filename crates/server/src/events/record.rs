//! One record, of each form.

use serde_json::Value;
use windlass_core::time::Timestamp;

use super::{DeadReason, Delivery, HintKind, StorageHint, beginning, key};

/// Longest word that is taken over: bucket, ETag, version, upload id, sequencer. AWS's version ids have up to 1,024 bytes.
const MAX_WORD_BYTES: usize = 1_024;
/// Metadata entries that are looked through for the token.
const MAX_METADATA: usize = 200;
/// The entry that carries the token of an attempt; its name's case is the sender's choice.
const TOKEN: &str = "x-amz-meta-windlass-token";

/// A record of S3's notification format.
pub(super) fn read_record(delivery: &mut Delivery, record: &Value) {
    let name = text(record, "eventName").unwrap_or_default();
    let Some(kind) = kind_of(name) else {
        return set_aside(delivery, DeadReason::UnknownEvent, name, record);
    };
    let at = |path: &str| record.pointer(path);
    let (bucket, written) = (at("/s3/bucket/name"), at("/s3/object/key"));
    let (Some(bucket), Some(written)) = (word(bucket), written.and_then(Value::as_str)) else {
        return set_aside(delivery, DeadReason::BadRecord, "no bucket or no key", record);
    };
    // AWS and MinIO encode, Ceph 16 does not.
    let raw = text(record, "eventSource").is_some_and(|source| source.starts_with("ceph"));
    let decoded = key::decoded(written);
    let (key, or_key) = if raw {
        (Some(written.to_owned()), decoded.filter(|other| other != written))
    } else {
        (decoded, None)
    };
    let Some(key) = key.filter(|key| key::is_possible(key)) else {
        return set_aside(
            delivery,
            DeadReason::BadRecord,
            "no object can have this key",
            record,
        );
    };
    delivery.hints.push(StorageHint {
        bucket,
        key,
        or_key: or_key.filter(|key| key::is_possible(key)),
        kind,
        size: at("/s3/object/size").and_then(number),
        etag: etag(at("/s3/object/eTag").or_else(|| at("/s3/object/etag"))),
        upload_id: word(at("/s3/object/uploadId")),
        version_id: version(at("/s3/object/versionId")),
        sequencer: word(at("/s3/object/sequencer")),
        token: token(at("/s3/object/metadata").or_else(|| at("/s3/object/userMetadata"))),
        at: text(record, "eventTime").and_then(time),
    });
}

/// The same from EventBridge, which encodes no key.
pub(super) fn read_event_bridge(delivery: &mut Delivery, event: &Value) {
    let name = text(event, "detail-type").unwrap_or_default();
    let kind = match (text(event, "source"), name) {
        (Some("aws.s3"), "Object Created") => match event.pointer("/detail/reason").and_then(Value::as_str) {
            Some("PutObject") => HintKind::Put,
            Some("POST Object") => HintKind::Post,
            Some("CopyObject") => HintKind::Copy,
            Some("CompleteMultipartUpload") => HintKind::CompleteMultipartUpload,
            _ => HintKind::Created,
        },
        (Some("aws.s3"), "Object Deleted") => HintKind::Removed,
        _ => return set_aside(delivery, DeadReason::UnknownEvent, name, event),
    };
    let at = |path: &str| event.pointer(path);
    let key = at("/detail/object/key").and_then(Value::as_str);
    let (Some(bucket), Some(key)) = (
        word(at("/detail/bucket/name")),
        key.filter(|key| key::is_possible(key)),
    ) else {
        return set_aside(delivery, DeadReason::BadRecord, "no bucket or no key", event);
    };
    delivery.hints.push(StorageHint {
        bucket,
        key: key.to_owned(),
        or_key: None,
        kind,
        size: at("/detail/object/size").and_then(number),
        etag: etag(at("/detail/object/etag")),
        upload_id: None,
        version_id: version(at("/detail/object/version-id")),
        sequencer: word(at("/detail/object/sequencer")),
        token: None,
        at: text(event, "time").and_then(time),
    });
}

fn set_aside(delivery: &mut Delivery, reason: DeadReason, detail: &str, record: &Value) {
    delivery.set_aside(reason, beginning(detail, 200), &record.to_string());
}

/// MinIO puts `s3:` in front, AWS and Ceph don't.
fn kind_of(name: &str) -> Option<HintKind> {
    let name = name.strip_prefix("s3:").unwrap_or(name);
    let (family, way) = name.split_once(':').unwrap_or((name, ""));
    match family {
        "ObjectCreated" => Some(match way {
            "Put" => HintKind::Put,
            "Post" => HintKind::Post,
            "Copy" => HintKind::Copy,
            "CompleteMultipartUpload" => HintKind::CompleteMultipartUpload,
            _ => HintKind::Created,
        }),
        "ObjectRemoved" | "LifecycleExpiration" => Some(HintKind::Removed),
        _ => None,
    }
}

fn text<'a>(value: &'a Value, name: &str) -> Option<&'a str> {
    value.get(name).and_then(Value::as_str)
}

/// A text of a sane length that is not empty.
fn word(value: Option<&Value>) -> Option<String> {
    let text = value.and_then(Value::as_str)?;
    (!text.is_empty() && text.len() <= MAX_WORD_BYTES).then(|| text.to_owned())
}

fn etag(value: Option<&Value>) -> Option<String> {
    word(value)
        .map(|etag| etag.trim_matches('"').to_owned())
        .filter(|etag| !etag.is_empty())
}

/// `null` is the version of an object that was there before versions were.
fn version(value: Option<&Value>) -> Option<String> {
    word(value).filter(|version| version != "null")
}

/// A count, also where the sender writes it as text.
fn number(value: &Value) -> Option<u64> {
    value
        .as_u64()
        .or_else(|| value.as_str().and_then(|text| text.parse().ok()))
}

/// Ceph tells metadata as a list of key and value, MinIO as an object.
fn token(metadata: Option<&Value>) -> Option<String> {
    match metadata? {
        Value::Array(entries) => entries
            .iter()
            .take(MAX_METADATA)
            .find(|entry| text(entry, "key").is_some_and(|name| name.eq_ignore_ascii_case(TOKEN)))
            .and_then(|entry| word(entry.get("val"))),
        Value::Object(entries) => entries
            .iter()
            .take(MAX_METADATA)
            .find(|(name, _)| name.eq_ignore_ascii_case(TOKEN))
            .and_then(|(_, value)| word(Some(value))),
        _ => None,
    }
}

fn time(text: &str) -> Option<Timestamp> {
    let time: jiff::Timestamp = text.parse().ok()?;
    Some(Timestamp::from_millis(time.as_millisecond()))
}
