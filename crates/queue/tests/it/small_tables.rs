//! Settings, events, the hash cache.

use serde_json::json;
use windlass_core::error::ErrorCode;
use windlass_core::units::{Crc64Nvme, Sha256};
use windlass_queue::events::{EventScope, KEEP_MS, NewEvent};
use windlass_queue::hash_cache::CachedHash;
use windlass_queue::{events, hash_cache, settings};

use crate::support::*;

#[test]
fn settings_come_back_as_they_were_written() {
    let s = sandbox();
    s.queue
        .write_blocking(|c| {
            settings::set(c, "theme", &json!("dark"))?;
            settings::set(c, "limit", &json!({ "up": [1, null, "é"] }))?;
            settings::set(c, "theme", &json!(null))?;
            assert!(settings::set(c, "", &json!(1)).is_err());
            assert!(settings::set(c, "large", &json!("x".repeat(1 << 20))).is_err());
            settings::set(c, "gone", &json!(1))?;
            assert!(settings::remove(c, "gone")? && !settings::remove(c, "gone")?);
            Ok(())
        })
        .unwrap();
    assert_eq!(read(&s.queue, |c| settings::get(c, "theme")), Some(json!(null)));
    assert_eq!(read(&s.queue, |c| settings::get(c, "nothing")), None);
    let all = read(&s.queue, settings::all);
    assert_eq!(
        all,
        [
            ("limit".into(), json!({ "up": [1, null, "é"] })),
            ("theme".into(), json!(null))
        ]
        .into()
    );
}

#[test]
fn i25_events_are_numbered_paged_and_pruned_by_age() {
    let s = sandbox();
    let event = |scope, ms, code| NewEvent {
        at: at(ms),
        scope,
        kind: "k".into(),
        code,
        data: json!({ "n": ms }),
    };
    s.queue
        .write_blocking(move |c| {
            events::append(c, &event(EventScope::App, 0, None))?;
            events::append(
                c,
                &event(
                    EventScope::Destination(destination_id(1)),
                    1,
                    Some(ErrorCode::Offline),
                ),
            )?;
            events::append(c, &event(EventScope::Group(group_id(1)), 2, None))?;
            events::append(c, &event(EventScope::File(file_id(1)), KEEP_MS, None))?;
            assert!(c.execute("UPDATE event SET kind = 'other'", []).is_err());
            Ok(())
        })
        .unwrap();
    let newest = read(&s.queue, |c| events::page(c, None, 3));
    assert_eq!(newest.iter().map(|e| e.seq).collect::<Vec<_>>(), [4, 3, 2]);
    let rest = read(&s.queue, |c| events::page(c, Some(2), 3));
    assert_eq!(
        (rest.len(), rest[0].event.clone()),
        (1, event(EventScope::App, 0, None))
    );
    assert_eq!(newest[2].event.code, Some(ErrorCode::Offline));
    assert_eq!(
        s.queue
            .write_blocking(|c| events::prune(c, at(KEEP_MS + 2)))
            .unwrap(),
        2
    );
    let left = read(&s.queue, |c| events::page(c, None, 9));
    assert_eq!(left.iter().map(|e| e.seq).collect::<Vec<_>>(), [4, 3]);
    let next = s
        .queue
        .write_blocking(move |c| events::append(c, &event(EventScope::App, 9, None)))
        .unwrap();
    assert_eq!(next, 5, "a number is never used twice");
}

#[test]
fn f181_the_hash_cache_knows_a_file_only_by_its_whole_fingerprint() {
    let s = sandbox();
    let hash = |byte| CachedHash {
        sha256: Sha256([byte; 32]),
        crc64: None,
    };
    s.queue
        .write_blocking(move |c| {
            hash_cache::put(
                c,
                &[(fingerprint(1, 10), hash(1)), (fingerprint(2, 10), hash(2))],
                at(1),
            )?;
            let known = CachedHash {
                crc64: Some(Crc64Nvme(7)),
                ..hash(1)
            };
            hash_cache::put(c, &[(fingerprint(1, 10), known)], at(2))?;
            hash_cache::put(c, &[(fingerprint(1, 10), hash(1))], at(3))
        })
        .unwrap();
    let get = |f| read(&s.queue, move |c| hash_cache::get(c, &f));
    assert_eq!(
        get(fingerprint(1, 10)),
        Some(CachedHash {
            crc64: Some(Crc64Nvme(7)),
            ..hash(1)
        })
    );
    for other in [
        windlass_core::fingerprint::SourceFingerprint {
            ctime_ns: 0,
            ..fingerprint(1, 10)
        },
        windlass_core::fingerprint::SourceFingerprint {
            mtime_ns: 0,
            ..fingerprint(1, 10)
        },
        windlass_core::fingerprint::SourceFingerprint {
            dev: 0,
            ..fingerprint(1, 10)
        },
        fingerprint(1, 11),
        fingerprint(3, 10),
    ] {
        assert_eq!(get(other), None);
    }
}

#[test]
fn i33_the_hash_cache_forgets_what_was_not_used_for_longest() {
    let s = sandbox();
    let hash = CachedHash {
        sha256: Sha256([1; 32]),
        crc64: None,
    };
    s.queue
        .write_blocking(move |c| {
            for n in 0..10 {
                hash_cache::put(c, &[(fingerprint(n, 1), hash)], at(100 - n.cast_signed()))?;
            }
            assert_eq!(hash_cache::prune(c, 3)?, 7);
            assert_eq!(hash_cache::prune(c, 3)?, 0);
            for n in 0..10 {
                assert_eq!(hash_cache::get(c, &fingerprint(n, 1))?.is_some(), n < 3, "{n}");
            }
            Ok(())
        })
        .unwrap();
}
