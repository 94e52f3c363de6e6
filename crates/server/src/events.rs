//! What a storage says about its objects, read as hints.
//!
//! An event is born in a bucket that was told to post to us, arrives 0, 1 or n times, early, late or in another order, and
//! may be forged: it proves nothing and only names an object that is worth a look (I27, M19). So reading it is a pure
//! function that answers for every body: what it knows becomes a [`StorageHint`]; everything else is kept as a
//! [`DeadLetter`] with the reason, and the sender hears 2xx either way, for it could do nothing about it.
//!
//! Read are the records of AWS (also wrapped by SNS, also from EventBridge), MinIO and Ceph. Unknown fields are passed
//! over. Keys are decoded exactly once, by the rule of the sender (F114).

mod key;
mod record;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use windlass_core::time::Timestamp;

/// Most bytes of one delivery that are read (A82).
pub const MAX_BODY_BYTES: usize = 1 << 20;
/// Most records of one delivery that are read; AWS sends one, MinIO batches at most a few hundred.
pub const MAX_RECORDS: usize = 1_000;
/// Most of an event that a dead letter keeps.
pub const MAX_KEPT_BYTES: usize = 4_096;
/// Nothing that is read lies deeper.
const MAX_DEPTH: usize = 16;

/// What happened to an object, as far as it matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HintKind {
    /// It was written by one PUT.
    Put,
    /// It was written by a form.
    Post,
    /// It was copied.
    Copy,
    /// A multipart upload was completed.
    CompleteMultipartUpload,
    /// It appeared in a way that has no name here.
    Created,
    /// It was deleted, by somebody or by a rule of the bucket.
    Removed,
}

/// An object that is worth a look. Never a proof.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StorageHint {
    /// The bucket that it lies in.
    pub bucket: String,
    /// Its key.
    pub key: String,
    /// Its key if the sender encodes it after all: Ceph's versions differ, and nothing in an event tells which it is.
    pub or_key: Option<String>,
    /// What happened.
    pub kind: HintKind,
    /// Its length, as the event says.
    pub size: Option<u64>,
    /// Its ETag without quotes, as the event says.
    pub etag: Option<String>,
    /// The multipart upload that it came by, where the sender tells.
    pub upload_id: Option<String>,
    /// Its version, in a bucket that keeps versions.
    pub version_id: Option<String>,
    /// Orders the events of one key, as the sender counts.
    pub sequencer: Option<String>,
    /// The token in its metadata, where the sender tells metadata.
    pub token: Option<String>,
    /// When it happened, by the sender's clock.
    pub at: Option<Timestamp>,
}

impl StorageHint {
    /// The keys to look for in the ledger, the likelier first.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        std::iter::once(self.key.as_str()).chain(self.or_key.as_deref())
    }
}

/// Why an event was set aside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeadReason {
    /// More bytes than are read.
    TooLarge,
    /// More records than are read; the sweep finds what they named.
    TooMany,
    /// No JSON, or nested deeper than any event.
    NotJson,
    /// JSON that is no event of any known form.
    UnknownForm,
    /// An event of a kind that says nothing about an object's content.
    UnknownEvent,
    /// A record that lacks its bucket or key, or has an impossible one.
    BadRecord,
    /// A sender tries whether somebody listens.
    TestEvent,
    /// SNS asks for a confirmation, which an operator has to give.
    ConfirmationAsked,
    /// An object below our place that no row knows.
    UnknownKey,
    /// An object of another bucket than the destination's.
    OtherBucket,
}

impl DeadReason {
    /// The word, as it is stored.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::TooLarge => "too_large",
            Self::TooMany => "too_many",
            Self::NotJson => "not_json",
            Self::UnknownForm => "unknown_form",
            Self::UnknownEvent => "unknown_event",
            Self::BadRecord => "bad_record",
            Self::TestEvent => "test_event",
            Self::ConfirmationAsked => "confirmation_asked",
            Self::UnknownKey => "unknown_key",
            Self::OtherBucket => "other_bucket",
        }
    }
}

/// An event that was set aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetter {
    /// Why.
    pub reason: DeadReason,
    /// The fact in it.
    pub detail: String,
    /// The event, or its beginning.
    pub event: String,
}

/// What one delivery came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Delivery {
    /// What is worth a look.
    pub hints: Vec<StorageHint>,
    /// What was set aside.
    pub dead: Vec<DeadLetter>,
}

impl Delivery {
    fn set_aside(&mut self, reason: DeadReason, detail: impl Into<String>, event: &str) {
        self.dead.push(DeadLetter {
            reason,
            detail: detail.into(),
            event: beginning(event, MAX_KEPT_BYTES).to_owned(),
        });
    }
}

/// Reads a delivery. Answers for every body, within time and memory that its length bounds.
#[must_use]
pub fn read(body: &[u8]) -> Delivery {
    let mut delivery = Delivery::default();
    if body.len() > MAX_BODY_BYTES {
        let start = body.get(..MAX_KEPT_BYTES).unwrap_or(body);
        let detail = format!("{} bytes", body.len());
        delivery.set_aside(DeadReason::TooLarge, detail, &String::from_utf8_lossy(start));
        return delivery;
    }
    read_text(&mut delivery, body, true);
    delivery
}

/// Reads an event again that was set aside: what a sender sent, or one record of it.
#[must_use]
pub fn reread(event: &str) -> Delivery {
    let mut delivery = Delivery::default();
    match serde_json::from_str::<Value>(event) {
        Ok(record) if record.get("s3").is_some() => read_records(&mut delivery, &[record]),
        _ => return read(event.as_bytes()),
    }
    delivery
}

/// `may_wrap`: SNS puts the event into a string; a string inside of that one is none of it.
fn read_text(delivery: &mut Delivery, body: &[u8], may_wrap: bool) {
    let shown = || String::from_utf8_lossy(body.get(..MAX_KEPT_BYTES).unwrap_or(body)).into_owned();
    let event: Value = match serde_json::from_slice(body) {
        Ok(event) => event,
        Err(e) => return delivery.set_aside(DeadReason::NotJson, e.to_string(), &shown()),
    };
    if !is_shallow(&event, MAX_DEPTH) {
        return delivery.set_aside(DeadReason::NotJson, "nested too deeply", &shown());
    }
    if let Some(records) = event.get("Records").and_then(Value::as_array) {
        return read_records(delivery, records);
    }
    if event.get("detail-type").is_some() {
        return record::read_event_bridge(delivery, &event);
    }
    match (
        event.get("Type").and_then(Value::as_str),
        event.get("Message").and_then(Value::as_str),
    ) {
        (Some("Notification"), Some(inner)) if may_wrap => read_text(delivery, inner.as_bytes(), false),
        (Some("SubscriptionConfirmation"), _) => {
            // Its address is not followed: a sender does not choose where we connect to (A84).
            let topic = event.get("TopicArn").and_then(Value::as_str).unwrap_or_default();
            delivery.set_aside(DeadReason::ConfirmationAsked, beginning(topic, 200), &shown());
        }
        _ if event.get("Event").and_then(Value::as_str) == Some("s3:TestEvent") => {
            delivery.set_aside(DeadReason::TestEvent, "", &shown());
        }
        _ => delivery.set_aside(
            DeadReason::UnknownForm,
            "neither Records nor a known envelope",
            &shown(),
        ),
    }
}

fn read_records(delivery: &mut Delivery, records: &[Value]) {
    for record in records.iter().take(MAX_RECORDS) {
        record::read_record(delivery, record);
    }
    if let Some(first) = records.get(MAX_RECORDS) {
        let detail = format!("{} records, {MAX_RECORDS} were read", records.len());
        delivery.set_aside(DeadReason::TooMany, detail, &first.to_string());
    }
}

fn is_shallow(value: &Value, left: usize) -> bool {
    match value {
        Value::Array(all) => left > 0 && all.iter().all(|v| is_shallow(v, left - 1)),
        Value::Object(all) => left > 0 && all.values().all(|v| is_shallow(v, left - 1)),
        _ => true,
    }
}

/// The longest beginning of at most so many bytes that ends between two characters.
fn beginning(text: &str, most: usize) -> &str {
    let mut end = text.len().min(most);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default()
}
