//! The events of the servers that were tried, and everything that none of them sends.

use proptest::prelude::*;
use serde_json::json;

use super::*;

/// As radosgw 16 sent it.
const CEPH: &str = r#"{"Records":[{"eventVersion":"2.2","eventSource":"ceph:s3","awsRegion":"","eventTime":"2026-11-21T02:29:55.090630Z",
"eventName":"ObjectCreated:CompleteMultipartUpload","userIdentity":{"principalId":"windlass"},"requestParameters":{"sourceIPAddress":""},
"responseElements":{"x-amz-request-id":"71e7","x-amz-id-2":"1009-default-default"},"s3":{"s3SchemaVersion":"1.0","configurationId":"n1",
"bucket":{"name":"windlass","ownerIdentity":{"principalId":"windlass"},"arn":"arn:aws:s3:::windlass","id":"71e7"},
"object":{"key":"hook/ü file+1%.bin","size":5,"eTag":"62109206880d38a4010a98e11243924a-1","versionId":"","sequencer":"2302016BD5016705",
"metadata":[{"key":"x-amz-meta-windlass-token","val":"T9"}],"tags":[]}},"eventId":"1795228195.1","opaqueData":"opaque-1"}]}"#;

/// As AWS documents it.
const AWS: &str = r#"{"Records":[{"eventVersion":"2.1","eventSource":"aws:s3","awsRegion":"us-west-2","eventTime":"1970-01-01T00:00:00.000Z",
"eventName":"ObjectCreated:Put","s3":{"s3SchemaVersion":"1.0","configurationId":"testConfigRule","bucket":{"name":"amzn-s3-demo-bucket"},
"object":{"key":"red+flower%2Bx%2525.jpg","size":1024,"eTag":"d41d8cd98f00b204e9800998ecf8427e","versionId":"096fKKXTRTtl3on89fVO.nfljtsv6qko",
"sequencer":"0055AED6DCD90281E5"}},"glacierEventData":{}}]}"#;

/// As MinIO sends it.
const MINIO: &str = r#"{"EventName":"s3:ObjectCreated:Put","Key":"images/my folder/a.jpg","Records":[{"eventVersion":"2.0","eventSource":"minio:s3",
"eventTime":"2026-01-01T00:00:00.123Z","eventName":"s3:ObjectCreated:Put","s3":{"bucket":{"name":"images"},"object":{"key":"my+folder%2Fa.jpg",
"size":2,"eTag":"abc","contentType":"image/jpeg","userMetadata":{"content-type":"image/jpeg","X-Amz-Meta-Windlass-Token":"T1"},
"versionId":"null","sequencer":"17A"}},"source":{"host":"::1"}}]}"#;

/// As EventBridge sends it.
const BRIDGE: &str = r#"{"version":"0","id":"17793124","detail-type":"Object Created","source":"aws.s3","time":"2026-11-12T00:00:00Z","detail":
{"version":"0","bucket":{"name":"b"},"object":{"key":"a+b%20c","size":5,"etag":"b1946ac9","version-id":"IYV3","sequencer":"0061"},"reason":"PutObject"}}"#;

fn only(body: &str) -> StorageHint {
    let delivery = read(body.as_bytes());
    assert_eq!(delivery.dead, []);
    assert_eq!(delivery.hints.len(), 1);
    delivery.hints.into_iter().next().expect("one")
}

fn dead(body: &str) -> DeadReason {
    let delivery = read(body.as_bytes());
    assert_eq!(delivery.hints, []);
    assert_eq!(delivery.dead.len(), 1, "{body:.200}");
    delivery.dead[0].reason
}

#[test]
fn f114_the_events_of_four_senders_are_read_and_their_keys_decoded_once() {
    let ceph = only(CEPH);
    assert_eq!(ceph.key, "hook/ü file+1%.bin");
    assert_eq!(ceph.or_key.as_deref(), Some("hook/ü file 1%.bin"));
    assert_eq!(
        (ceph.kind, ceph.size),
        (HintKind::CompleteMultipartUpload, Some(5))
    );
    assert_eq!(
        (ceph.version_id.as_deref(), ceph.token.as_deref()),
        (None, Some("T9"))
    );
    assert_eq!(ceph.at.map(Timestamp::as_millis), Some(1_795_228_195_090));
    let aws = only(AWS);
    assert_eq!(
        (aws.key.as_str(), aws.or_key.as_deref()),
        ("red flower+x%25.jpg", None)
    );
    assert_eq!(aws.etag.as_deref(), Some("d41d8cd98f00b204e9800998ecf8427e"));
    assert_eq!(aws.sequencer.as_deref(), Some("0055AED6DCD90281E5"));
    assert!(aws.version_id.is_some());
    let minio = only(MINIO);
    assert_eq!(
        (minio.bucket.as_str(), minio.key.as_str()),
        ("images", "my folder/a.jpg")
    );
    assert_eq!(
        (minio.version_id.as_deref(), minio.token.as_deref()),
        (None, Some("T1"))
    );
    let bridge = only(BRIDGE);
    assert_eq!((bridge.key.as_str(), bridge.kind), ("a+b%20c", HintKind::Put));
    // SNS puts the whole event into a string.
    let wrapped = json!({"Type": "Notification", "TopicArn": "t", "Message": AWS}).to_string();
    assert_eq!(only(&wrapped), aws);
}

#[test]
fn what_is_no_event_of_an_object_is_kept_with_its_reason() {
    use DeadReason as D;
    let twice = json!({"Type": "Notification", "Message": json!({"Type": "Notification", "Message": AWS}).to_string()});
    let record = |event: &str, s3: Value| json!({"Records": [{"eventName": event, "s3": s3}]}).to_string();
    let object = |key: &str| json!({"bucket": {"name": "b"}, "object": {"key": key}});
    let table = [
        (String::new(), D::NotJson),
        ("\u{0}".into(), D::NotJson),
        ("{\"Records\":[".into(), D::NotJson),
        ("[".repeat(100_000), D::NotJson),
        (format!("{}{}", "[".repeat(20), "]".repeat(20)), D::NotJson),
        ("[]".into(), D::UnknownForm),
        ("null".into(), D::UnknownForm),
        ("{\"Records\":{}}".into(), D::UnknownForm),
        (twice.to_string(), D::UnknownForm),
        (
            r#"{"Service":"Amazon S3","Event":"s3:TestEvent","Bucket":"b"}"#.into(),
            D::TestEvent,
        ),
        (
            r#"{"Type":"SubscriptionConfirmation","SubscribeURL":"http://169.254.169.254/"}"#.into(),
            D::ConfirmationAsked,
        ),
        (record("s3:ObjectAccessed:Get", object("a")), D::UnknownEvent),
        (record("", object("a")), D::UnknownEvent),
        ("{\"Records\":[null]}".into(), D::UnknownEvent),
        (record("ObjectCreated:Put", json!(null)), D::BadRecord),
        (record("ObjectCreated:Put", object("")), D::BadRecord),
        (record("ObjectCreated:Put", object("%FF%FE")), D::BadRecord),
        (
            record("ObjectCreated:Put", object(&"k".repeat(1_025))),
            D::BadRecord,
        ),
        (
            record(
                "ObjectCreated:Put",
                json!({"bucket": {"name": 7}, "object": {"key": ["a"]}}),
            ),
            D::BadRecord,
        ),
        (
            r#"{"detail-type":"EC2 Instance","source":"aws.ec2"}"#.into(),
            D::UnknownEvent,
        ),
        (" ".repeat(MAX_BODY_BYTES + 1), D::TooLarge),
    ];
    for (body, reason) in table {
        assert_eq!(dead(&body), reason, "{body:.100}");
    }
}

#[test]
fn one_bad_record_harms_no_other_and_too_many_are_told() {
    let good = |n: usize| json!({"eventName": "ObjectCreated:Put", "s3": {"bucket": {"name": "b"}, "object": {"key": n.to_string()}}});
    let mixed = json!({"Records": [good(1), 5, good(2)]}).to_string();
    let delivery = read(mixed.as_bytes());
    assert_eq!((delivery.hints.len(), delivery.dead.len()), (2, 1));
    let many: Vec<_> = (0..MAX_RECORDS + 5).map(good).collect();
    let delivery = read(json!({ "Records": many }).to_string().as_bytes());
    assert_eq!(delivery.hints.len(), MAX_RECORDS);
    assert_eq!(delivery.dead[0].reason, DeadReason::TooMany);
}

#[test]
fn a_dead_letter_keeps_the_beginning_and_no_half_character() {
    let body = format!("{{\"x\":\"{}\"}}", "ü".repeat(10_000));
    let letter = read(body.as_bytes()).dead.remove(0);
    assert!(letter.event.len() <= MAX_KEPT_BYTES + 3 && letter.event.starts_with("{\"x\":\"ü"));
}

/// As AWS and MinIO write a key.
fn encoded(key: &str) -> String {
    url::form_urlencoded::byte_serialize(key.as_bytes()).collect()
}

/// Any JSON, with the words of events as names more often than others.
fn any_json() -> impl Strategy<Value = Value> {
    let name = prop_oneof![
        Just("Records"),
        Just("s3"),
        Just("object"),
        Just("bucket"),
        Just("key"),
        Just("name"),
        Just("eventName"),
        Just("Type"),
        Just("Message"),
        Just("detail"),
        Just("detail-type"),
        Just("source"),
        Just("metadata"),
        Just("size"),
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,20}".prop_map(Value::from),
        Just(Value::from("ObjectCreated:Put")),
        Just(Value::from("Notification")),
    ];
    leaf.prop_recursive(8, 64, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::vec((name.clone(), inner), 0..6)
                .prop_map(|all| Value::Object(all.into_iter().map(|(k, v)| (k.to_owned(), v)).collect())),
        ]
    })
}

proptest! {
    #[test]
    fn every_key_comes_back_as_it_was(key in "\\PC{1,200}", ceph: bool) {
        let (source, written) = if ceph { ("ceph:s3", key.clone()) } else { ("aws:s3", encoded(&key)) };
        let body = json!({"Records": [{"eventName": "s3:ObjectCreated:Put", "eventSource": source,
            "s3": {"bucket": {"name": "b"}, "object": {"key": written}}}]});
        let delivery = read(body.to_string().as_bytes());
        if key.len() <= 1_024 {
            prop_assert_eq!(delivery.hints[0].keys().next(), Some(key.as_str()));
            // Whichever way Ceph writes it, the right key is among the two.
            let other = json!({"Records": [{"eventName": "ObjectCreated:Put", "eventSource": "ceph:s3",
                "s3": {"bucket": {"name": "b"}, "object": {"key": encoded(&key)}}}]});
            let delivery = read(other.to_string().as_bytes());
            prop_assert!(delivery.hints.iter().any(|hint| hint.keys().any(|k| k == key)) || encoded(&key).len() > 1_024);
        }
    }

    #[test]
    fn every_body_is_answered_and_every_record_is_accounted_for(records in prop::collection::vec(any_json(), 0..8)) {
        let count = records.len();
        let delivery = read(json!({"Records": records}).to_string().as_bytes());
        prop_assert!(delivery.hints.len() + delivery.dead.len() == count || delivery.dead[0].reason == DeadReason::NotJson);
    }

    #[test]
    fn any_bytes_are_answered(bytes: Vec<u8>, event in any_json()) {
        prop_assert!(!read(&bytes).dead.is_empty());
        let delivery = read(event.to_string().as_bytes());
        prop_assert!(delivery.hints.len() + delivery.dead.len() > 0 || event["Records"] == json!([])
            || event["Type"] == "Notification");
    }

    #[test]
    fn an_event_that_was_cut_or_bent_is_answered(at in 0usize..CEPH.len(), byte: u8) {
        let mut bent = CEPH.as_bytes().to_vec();
        bent[at] = byte;
        let _ = read(&bent);
        prop_assert!(read(&CEPH.as_bytes()[..at]).hints.is_empty());
    }
}
