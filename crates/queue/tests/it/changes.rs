//! What the machine asks for is written as asked, or not at all.

use windlass_core::error::{ErrorCode, Failure};
use windlass_core::machine::records::{Change, DoneResult, Proof};
use windlass_core::states::{FileState, PartState};
use windlass_core::units::{ETag, Sha256};
use windlass_queue::changes::Applied;
use windlass_queue::{QueueError, events, files, receipts};

use crate::support::*;

fn stale(at: &str) -> Vec<Applied> {
    vec![Applied::Stale {
        actual: Some(at.into()),
    }]
}

#[test]
fn a_file_goes_its_way_and_leaves_a_receipt() {
    let s = sandbox();
    insert(&s.queue, vec![new_file(1, 1, 0, 3)]);
    apply(&s.queue, whole_life(1, 3));
    let row = read(&s.queue, |c| files::get(c, file_id(1))).unwrap();
    assert_eq!(
        (row.state, row.parts_done, row.bytes_done),
        (FileState::Done, 3, 20 * MIB)
    );
    assert_eq!(
        (row.result, row.finished_at),
        (Some(DoneResult::Uploaded), Some(at(60)))
    );
    assert_eq!(row.sha256, Some(Sha256([3; 32])));
    let receipt = read(&s.queue, |c| receipts::of_file(c, file_id(1))).unwrap();
    assert_eq!(receipt.proof, proof());
    assert_eq!((receipt.path, receipt.fingerprint), (row.path, row.fingerprint));
    assert_eq!(
        (receipt.group, receipt.destination),
        (group_id(1), destination_id(1))
    );
    assert_eq!(
        (receipt.destination_name.as_str(), receipt.recorded_at),
        ("Archive 1", at(60))
    );
}

#[test]
fn a_change_that_expects_another_state_is_stale_and_writes_nothing() {
    let s = sandbox();
    insert(&s.queue, vec![new_file(1, 1, 0, 2)]);
    let before = read(&s.queue, |c| files::get(c, file_id(1)));
    for change in [
        step(1, FileState::Registered, FileState::Uploading),
        fail(1, FileState::Uploading, ErrorCode::Internal),
        done(1, FileState::Verifying),
        Change::FileRemoved {
            id: file_id(1),
            from: FileState::Uploading,
            at: NOW,
        },
        Change::FileStartOver {
            id: file_id(1),
            from: FileState::Verifying,
            attempt: 2,
            fingerprint: fingerprint(1, 5),
            part_size: 8 * MIB,
            part_count: 1,
            because: Failure::new(ErrorCode::FileChanged, ""),
            at: NOW,
        },
        // Another size belongs to a start over.
        Change::FileFingerprint {
            id: file_id(1),
            fingerprint: fingerprint(1, 5),
        },
    ] {
        assert_eq!(
            try_apply(&s.queue, vec![change.clone()]),
            Ok(stale("queued")),
            "{change:?}"
        );
    }
    for change in [uploaded(1, 1), part_state(1, 1, PartState::Uploading)] {
        assert_eq!(
            try_apply(&s.queue, vec![change.clone()]),
            Ok(stale("pending")),
            "a queued file sends no part: {change:?}"
        );
    }
    assert_eq!(read(&s.queue, |c| files::get(c, file_id(1))), before);
    assert!(read(&s.queue, |c| receipts::of_group(c, group_id(1))).is_empty());
    assert!(read(&s.queue, |c| events::page(c, None, 9)).is_empty());
    for change in [
        register(8),
        uploaded(8, 1),
        uploaded(1, 9),
        done(8, FileState::Queued),
    ] {
        let missing = vec![Applied::Stale { actual: None }];
        assert_eq!(
            try_apply(&s.queue, vec![change.clone()]),
            Ok(missing),
            "{change:?}"
        );
    }
}

#[test]
fn i05_a_done_file_takes_nothing_more() {
    let s = sandbox();
    insert(&s.queue, vec![new_file(1, 1, 0, 2)]);
    apply(&s.queue, whole_life(1, 2));
    for change in [
        register(1),
        step(1, FileState::Verifying, FileState::Uploading),
        fail(1, FileState::Verifying, ErrorCode::Internal),
        done(1, FileState::Verifying),
        done(1, FileState::Done),
        Change::FileTries {
            id: file_id(1),
            tries: 1,
            next_try_at: None,
            failure: None,
        },
        Change::FileFingerprint {
            id: file_id(1),
            fingerprint: fingerprint(1, 20 * MIB),
        },
        Change::FileHashed {
            id: file_id(1),
            sha256: Sha256([8; 32]),
        },
    ] {
        assert_eq!(
            try_apply(&s.queue, vec![change.clone()]),
            Ok(stale("done")),
            "{change:?}"
        );
    }
    assert_eq!(
        try_apply(&s.queue, vec![part_state(1, 1, PartState::Failed)]),
        Ok(stale("uploaded"))
    );
    assert_eq!(read(&s.queue, |c| receipts::of_group(c, group_id(1))).len(), 1);
}

#[test]
fn an_error_in_a_list_leaves_nothing_of_it() {
    let s = sandbox();
    insert(&s.queue, vec![new_file(1, 1, 0, 1)]);
    let list = vec![register(1), step(1, FileState::Verifying, FileState::Registered)];
    assert!(matches!(try_apply(&s.queue, list), Err(QueueError::Refused(_))));
    assert_eq!(state_of(&s.queue, 1), FileState::Queued);
}

#[test]
fn i11_a_part_is_uploaded_once_whoever_tells_it() {
    let s = sandbox();
    insert(&s.queue, vec![new_file(1, 1, 0, 4)]);
    apply(
        &s.queue,
        vec![register(1), step(1, FileState::Registered, FileState::Uploading)],
    );
    apply(
        &s.queue,
        vec![
            part_state(1, 2, PartState::Uploading),
            part_state(1, 3, PartState::Uploading),
        ],
    );
    apply(&s.queue, vec![part_state(1, 3, PartState::Failed)]);
    // From pending, uploading, failed; and again.
    apply(
        &s.queue,
        vec![uploaded(1, 1), uploaded(1, 2), uploaded(1, 3), uploaded(1, 3)],
    );
    let other = Change::PartUploaded {
        id: file_id(1),
        n: n(3),
        crc64: crc(99),
        etag: ETag("x".into()),
        at: NOW,
    };
    assert_eq!(
        try_apply(&s.queue, vec![other]),
        Ok(stale("uploaded")),
        "another content is not the same part"
    );
    let row = read(&s.queue, |c| files::get(c, file_id(1))).unwrap();
    assert_eq!((row.parts_done, row.bytes_done), (3, 24 * MIB));
    assert_eq!(
        read(&s.queue, |c| files::part_states(c, file_id(1))),
        [2, 2, 2, 0]
    );
    let record = read(&s.queue, |c| files::record(c, file_id(1))).unwrap();
    assert_eq!(
        record.parts.iter().map(|p| p.n.get()).collect::<Vec<_>>(),
        [1, 2, 3]
    );
    assert_eq!(record.parts[1].crc64, Some(crc(2)));
    assert_eq!(record.parts[1].etag, Some(ETag("\"1-2\"".into())));
}

#[test]
fn a_part_that_complete_refused_goes_again() {
    let s = sandbox();
    insert(&s.queue, vec![new_file(1, 1, 0, 1)]);
    apply(
        &s.queue,
        vec![
            register(1),
            step(1, FileState::Registered, FileState::Uploading),
            uploaded(1, 1),
        ],
    );
    apply(
        &s.queue,
        vec![step(1, FileState::Uploading, FileState::Verifying)],
    );
    apply(
        &s.queue,
        vec![
            step(1, FileState::Verifying, FileState::Uploading),
            part_state(1, 1, PartState::Failed),
        ],
    );
    // Said twice is said once.
    apply(
        &s.queue,
        vec![
            part_state(1, 1, PartState::Failed),
            part_state(1, 1, PartState::Uploading),
        ],
    );
    assert_eq!(
        try_apply(&s.queue, vec![part_state(1, 1, PartState::Uploaded)])
            .unwrap_err()
            .code(),
        ErrorCode::Internal
    );
    apply(&s.queue, vec![uploaded(1, 1)]);
}

#[test]
fn a_start_over_is_a_new_attempt_that_knows_nothing_of_the_old_one() {
    let s = sandbox();
    insert(&s.queue, vec![new_file(1, 1, 0, 3)]);
    apply(
        &s.queue,
        vec![register(1), step(1, FileState::Registered, FileState::Uploading)],
    );
    apply(&s.queue, vec![uploaded(1, 1), uploaded(1, 2)]);
    apply(
        &s.queue,
        vec![Change::FileHashed {
            id: file_id(1),
            sha256: Sha256([1; 32]),
        }],
    );
    let over = |attempt| Change::FileStartOver {
        id: file_id(1),
        from: FileState::Uploading,
        attempt,
        fingerprint: fingerprint(77, 17 * MIB),
        part_size: 9 * MIB,
        part_count: 2,
        because: Failure::new(ErrorCode::FileChanged, "20 MiB before"),
        at: at(3),
    };
    assert_eq!(
        try_apply(&s.queue, vec![over(1)]),
        Ok(stale("uploading")),
        "an attempt is never used twice"
    );
    apply(&s.queue, vec![over(2)]);
    let row = read(&s.queue, |c| files::get(c, file_id(1))).unwrap();
    assert_eq!(
        (row.state, row.attempt, row.part_count, row.part_size),
        (FileState::Queued, 2, 2, 9 * MIB)
    );
    assert_eq!(
        (row.fingerprint, row.sha256, row.object_key),
        (fingerprint(77, 17 * MIB), None, None)
    );
    assert_eq!((row.parts_done, row.bytes_done), (0, 0));
    assert_eq!(
        row.error,
        Some(Failure::new(ErrorCode::FileChanged, "20 MiB before"))
    );
    assert_eq!(read(&s.queue, |c| files::part_states(c, file_id(1))), [0, 0]);
    let log = read(&s.queue, |c| events::page(c, None, 9));
    assert_eq!((log.len(), log[0].event.kind.as_str()), (1, "started_over"));
    assert_eq!(
        (log[0].event.code, log[0].event.at),
        (Some(ErrorCode::FileChanged), at(3))
    );
    assert_eq!(log[0].event.data["attempt"], 2);
    // A part of the old attempt that is answered late is not taken for one of the new.
    assert_eq!(try_apply(&s.queue, vec![uploaded(1, 1)]), Ok(stale("pending")));
    let sizes: Vec<i64> = read(&s.queue, |c| {
        let mut q = c.prepare("SELECT size FROM part ORDER BY number")?;
        Ok(q.query_map([], |r| r.get(0))?.collect::<Result<_, _>>()?)
    });
    assert_eq!(sizes, [9 << 20, 8 << 20]);
}

#[test]
fn a_session_that_is_gone_leaves_all_parts_to_be_sent() {
    let s = sandbox();
    insert(&s.queue, vec![new_file(1, 1, 0, 2)]);
    apply(
        &s.queue,
        vec![
            register(1),
            step(1, FileState::Registered, FileState::Uploading),
            uploaded(1, 1),
        ],
    );
    apply(&s.queue, vec![step(1, FileState::Uploading, FileState::Queued)]);
    assert_eq!(read(&s.queue, |c| files::part_states(c, file_id(1))), [0, 0]);
}

#[test]
fn failures_are_kept_with_their_fact_and_an_event() {
    let s = sandbox();
    insert(&s.queue, vec![new_file(1, 1, 0, 1)]);
    let failure = Failure::new(ErrorCode::ConnectionLost, "é".repeat(2_000));
    let tries = Change::FileTries {
        id: file_id(1),
        tries: 3,
        next_try_at: Some(at(500)),
        failure: Some(failure),
    };
    apply(&s.queue, vec![tries]);
    let row = read(&s.queue, |c| files::get(c, file_id(1))).unwrap();
    assert_eq!(
        (row.tries, row.next_try_at, row.state),
        (3, Some(at(500)), FileState::Queued)
    );
    assert_eq!(
        row.error.map(|f| f.detail.len()),
        Some(1_024),
        "cut between characters"
    );
    apply(&s.queue, vec![fail(1, FileState::Queued, ErrorCode::NameInvalid)]);
    let row = read(&s.queue, |c| files::get(c, file_id(1))).unwrap();
    assert_eq!((row.state, row.next_try_at), (FileState::Failed, None));
    assert_eq!(row.error, Some(Failure::new(ErrorCode::NameInvalid, "because")));
    let log = read(&s.queue, |c| events::page(c, None, 9));
    assert_eq!(
        (log[0].event.kind.as_str(), log[0].event.data["from"].as_str()),
        ("failed", Some("queued"))
    );
    assert_eq!(
        try_apply(&s.queue, vec![fail(1, FileState::Queued, ErrorCode::Internal)]),
        Ok(stale("failed"))
    );
}

#[test]
fn f018_metadata_alone_takes_the_new_fingerprint_and_forgets_the_hash() {
    let s = sandbox();
    insert(&s.queue, vec![new_file(1, 1, 0, 1)]);
    apply(
        &s.queue,
        vec![Change::FileHashed {
            id: file_id(1),
            sha256: Sha256([1; 32]),
        }],
    );
    let touched = windlass_core::fingerprint::SourceFingerprint {
        ctime_ns: 99,
        ..fingerprint(1, 4 * MIB)
    };
    apply(
        &s.queue,
        vec![Change::FileFingerprint {
            id: file_id(1),
            fingerprint: touched,
        }],
    );
    let row = read(&s.queue, |c| files::get(c, file_id(1))).unwrap();
    assert_eq!((row.fingerprint, row.sha256), (touched, None));
}

#[test]
fn a_hash_that_comes_after_done_is_found_at_the_receipt() {
    let s = sandbox();
    insert(&s.queue, vec![new_file(1, 1, 0, 1)]);
    apply(
        &s.queue,
        vec![
            register(1),
            step(1, FileState::Registered, FileState::Uploading),
            uploaded(1, 1),
        ],
    );
    apply(
        &s.queue,
        vec![step(1, FileState::Uploading, FileState::Verifying)],
    );
    let proof = Proof {
        sha256: None,
        ..proof()
    };
    apply(
        &s.queue,
        vec![Change::FileDone {
            id: file_id(1),
            from: FileState::Verifying,
            proof,
            at: NOW,
        }],
    );
    let hashed = |byte| Change::FileHashed {
        id: file_id(1),
        sha256: Sha256([byte; 32]),
    };
    apply(&s.queue, vec![hashed(5), hashed(5)]);
    assert_eq!(try_apply(&s.queue, vec![hashed(6)]), Ok(stale("done")));
    let receipt = read(&s.queue, |c| receipts::of_file(c, file_id(1))).unwrap();
    assert_eq!(receipt.proof.sha256, Some(Sha256([5; 32])));
}

#[test]
fn a_duplicate_is_done_from_queued_registered_or_uploading() {
    let s = sandbox();
    insert(
        &s.queue,
        (0..3).map(|n| new_file(n, 1, n.cast_signed(), 1)).collect(),
    );
    apply(
        &s.queue,
        vec![
            register(1),
            register(2),
            step(2, FileState::Registered, FileState::Uploading),
        ],
    );
    apply(
        &s.queue,
        vec![
            done(0, FileState::Queued),
            done(1, FileState::Registered),
            done(2, FileState::Uploading),
        ],
    );
    assert_eq!(read(&s.queue, |c| receipts::of_group(c, group_id(1))).len(), 3);
}
