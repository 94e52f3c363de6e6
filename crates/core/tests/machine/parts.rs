//! Reading, signing, sending.

use windlass_core::checksum::crc64;
use windlass_core::error::ErrorCode;
use windlass_core::ids::FileId;
use windlass_core::machine::records::{Change, PartRecord};
use windlass_core::machine::{BufferId, Config, Effect, Event, PutId, ReadMode};
use windlass_core::states::{FileState, PartState};
use windlass_core::units::{ETag, PartNumber};

use crate::bench::{Bench, config, destination, file, group, n, record};

/// Bytes of a file of one part.
const PART_BYTES: u64 = 8;

#[test]
fn f072_a_late_answer_to_an_earlier_put_changes_nothing() {
    let mut b = Bench::new(config());
    b.begin(1, 1, vec![record(1, 1, PART_BYTES)]);
    let first = b.send_first(1, PART_BYTES);
    b.put_done(first, Err(ErrorCode::ConnectionLost));
    b.later(1_100);
    let second = b.send_first(1, PART_BYTES);
    assert_ne!(first.2, second.2);
    b.put_done(first, Ok(()));
    assert!(b.effects.is_empty(), "{:?}", b.effects);
    b.put_done(second, Ok(()));
    assert!(
        b.changes()
            .iter()
            .any(|c| matches!(c, Change::PartUploaded { .. }))
    );
}

#[test]
fn f080_an_expired_url_is_signed_again_with_the_bytes_in_hand_and_counts_as_no_failure() {
    let mut b = Bench::new(config());
    b.begin(1, 1, vec![record(1, 1, PART_BYTES)]);
    let put = b.send_first(1, PART_BYTES);
    b.put_done(put, Err(ErrorCode::UrlExpired));
    assert_eq!(b.signs(), [(file(1), n(1))]);
    assert!(b.changes().is_empty() && b.reads().is_empty(), "{:?}", b.effects);
}

#[test]
fn f081_urls_that_are_refused_again_and_again_count_as_a_failure() {
    let mut b = Bench::new(config());
    b.begin(1, 1, vec![record(1, 1, PART_BYTES)]);
    let mut put = b.send_first(1, PART_BYTES);
    for _ in 0..3 {
        b.put_done(put, Err(ErrorCode::UrlSignature));
        let asked = b.signs();
        put = b.signed(1, asked).puts()[0];
    }
    b.put_done(put, Err(ErrorCode::UrlSignature));
    assert!(
        b.changes()
            .iter()
            .any(|c| matches!(c, Change::FileTries { tries: 1, .. })),
        "{:?}",
        b.effects
    );
}

#[test]
fn f086_a_part_refused_three_times_sets_the_file_aside() {
    let mut b = Bench::new(config());
    b.begin(1, 1, vec![record(1, 1, PART_BYTES)]);
    for _ in 0..2 {
        let put = b.send_first(1, PART_BYTES);
        b.put_done(put, Err(ErrorCode::ChecksumMismatch));
        b.later(10_000);
        assert_eq!(b.reads().len(), 1, "its bytes are read again");
    }
    let put = b.send_first(1, PART_BYTES);
    b.put_done(put, Err(ErrorCode::ChecksumMismatch));
    let failed =
        |c: &Change| matches!(c, Change::FileFailed { failure, .. } if failure.code == ErrorCode::ReadError);
    assert!(b.changes().iter().any(failed), "{:?}", b.effects);
}

#[test]
fn f186_a_part_beyond_a_quarter_of_the_pool_is_hashed_then_streamed_and_never_held() {
    let mut b = Bench::new(Config {
        pool_bytes: 20,
        ..config()
    });
    b.begin(1, 1, vec![record(1, 1, 30)]);
    assert_eq!(b.reads()[0].2, ReadMode::Hash);
    let put = b.send_first(1, 30);
    assert_eq!(put.3, None);
}

#[test]
fn a_part_is_sent_only_after_its_row_says_so() {
    let mut b = Bench::new(config());
    b.begin(1, 1, vec![record(1, 1, PART_BYTES)]);
    let read = b.reads()[0];
    b.read(1, PART_BYTES, read);
    let asked = b.signs();
    let until = b.now.plus_millis(9_000);
    let event = Event::Signed {
        destination: destination(1),
        asked,
        result: Ok(vec![Ok(until)]),
    };
    let effects = b.machine.handle(b.now, event);
    let [Effect::Persist { changes, then }] = &effects[..] else {
        panic!("{effects:?}")
    };
    assert!(
        matches!(
            changes[..],
            [Change::PartState {
                to: PartState::Uploading,
                ..
            }]
        ),
        "{changes:?}"
    );
    assert!(matches!(then[..], [Effect::Put { .. }]), "{then:?}");
}

#[test]
fn regression_files_that_may_not_begin_yet_hide_no_file_that_may_go_on() {
    let mut b = Bench::new(Config {
        pool_parts: 1,
        large_files: 1,
        readers: 1,
        ..config()
    });
    b.begin(1, 2, vec![record(2, 9, 30)]);
    let put = b.send_first(9, 30);
    // Two large ones with a place before it come in.
    b.begin(1, 1, vec![record(1, 1, 30), record(1, 2, 30)]);
    b.put_done(put, Ok(()));
    assert_eq!(b.reads().iter().map(|r| r.0).collect::<Vec<_>>(), [file(9)]);
}

#[test]
fn regression_a_large_file_that_waits_keeps_no_other_from_being_read() {
    let mut b = Bench::new(Config {
        large_files: 1,
        readers: 1,
        ..config()
    });
    b.begin(1, 1, vec![record(1, 1, 30), record(1, 2, 30)]);
    let put = b.send_first(1, 30);
    // The second part of the first one can't be read for a while.
    b.put_done(put, Ok(()));
    let (id, part, _, buffer) = b.machine_read(1);
    let result = Err(crate::bench::failure(ErrorCode::DiskMissing));
    b.tell(Event::PartRead {
        file: id,
        buffer,
        n: part.number,
        result,
    });
    assert_eq!(b.reads().iter().map(|r| r.0).collect::<Vec<_>>(), [file(2)]);
}

#[test]
fn regression_a_signature_asked_for_an_earlier_attempt_is_not_used() {
    let mut b = Bench::new(config());
    b.begin(1, 1, vec![record(1, 1, PART_BYTES)]);
    let read = b.reads()[0];
    b.read(1, PART_BYTES, read);
    let asked = b.signs();
    b.tell(Event::Stale { file: file(1) });
    b.later(1_000);
    let again = windlass_core::machine::records::FileRecord {
        attempt: 2,
        ..record(1, 1, PART_BYTES)
    };
    b.tell(Event::Loaded {
        group: group(1),
        files: vec![again],
        last: true,
    });
    let upload = windlass_core::machine::InitOutcome::Upload {
        object_key: "k2".into(),
    };
    b.tell(Event::InitAnswered {
        destination: destination(1),
        asked: vec![(file(1), 2)],
        result: Ok(vec![upload]),
    });
    let read = b.reads()[0];
    b.read(1, PART_BYTES, read);
    assert!(b.signs().is_empty(), "the answer for attempt 1 is still out");
    b.signed(1, asked);
    assert!(b.puts().is_empty(), "its URL writes to attempt 1");
    assert_eq!(b.signs(), [(file(1), n(1))]);
}

/// So many parts of file 1 are read, and signed one by one: the PUTs that this brought.
fn read_and_sign(
    b: &mut Bench,
    size: u64,
    parts: usize,
) -> Vec<(FileId, PartNumber, PutId, Option<BufferId>)> {
    let mut puts = Vec::new();
    for _ in 0..parts {
        let read = b.machine_read(1);
        b.read(1, size, read);
        let asked = b.signs();
        puts.extend(b.signed(1, asked).puts());
    }
    puts
}

// I44
#[test]
fn f066_parts_that_fail_together_count_as_one_failure_of_the_file() {
    let mut b = Bench::new(Config {
        connections: 8,
        readers: 8,
        ..config()
    });
    b.begin(1, 1, vec![record(1, 1, 80)]);
    let puts = read_and_sign(&mut b, 80, 8);
    assert_eq!(puts.len(), 8);
    let mut tries = Vec::new();
    for put in puts {
        b.put_done(put, Err(ErrorCode::StorageError));
        tries.extend(b.changes().iter().filter_map(|c| match c {
            Change::FileTries { tries, .. } => Some(*tries),
            _ => None,
        }));
    }
    assert_eq!(tries, [1]);
    b.later(1_100);
    assert_eq!(
        b.reads().len(),
        1,
        "it goes on after the first wait: {:?}",
        b.effects
    );
}

#[test]
fn a_file_taken_up_in_its_middle_sends_its_next_part_before_all_before_it_is_hashed() {
    let mut b = Bench::new(config());
    let mut half = record(1, 1, 100);
    half.state = FileState::Uploading;
    half.parts = (1..=5)
        .map(|i| PartRecord {
            n: n(i),
            state: PartState::Uploaded,
            crc64: Some(crc64(&[1; 10])),
            etag: Some(ETag("x".into())),
        })
        .collect();
    b.begin(1, 1, vec![half]);
    let (_, part, mode, _) = b.machine_read(1);
    assert_eq!((part.number, mode), (n(6), ReadMode::Keep));
    let read = b.machine_read(1);
    b.read(1, 100, read);
    assert_eq!(b.signs(), [(file(1), n(6))]);
    // In turns with the pass, which begins at the first part.
    let (_, part, mode, _) = b.machine_read(1);
    assert_eq!((part.number, mode), (n(1), ReadMode::Hash));
    let mut seen = Vec::new();
    for _ in 0..14 {
        let read = b.machine_read(1);
        seen.push((u32::from(read.1.number), read.2));
        b.read(1, 100, read);
    }
    let hashed: Vec<u32> = seen
        .iter()
        .filter(|(_, mode)| matches!(mode, ReadMode::Hash | ReadMode::HashAndKeep))
        .map(|(n, _)| *n)
        .collect();
    assert_eq!(
        hashed,
        (1..=10).collect::<Vec<_>>(),
        "the hash is counted front to back: {seen:?}"
    );
}

#[test]
fn small_files_keep_a_share_of_the_connections_while_a_large_one_is_sent() {
    let mut b = Bench::new(Config {
        connections: 4,
        readers: 4,
        ..config()
    });
    let files = vec![
        record(1, 1, 400),
        record(1, 2, PART_BYTES),
        record(1, 3, PART_BYTES),
    ];
    b.begin(1, 1, files);
    let small: Vec<_> = b.reads().iter().filter(|r| r.0 != file(1)).copied().collect();
    let large = read_and_sign(&mut b, 400, 20);
    assert_eq!(large.len(), 4, "nobody else waits: {:?}", b.effects);
    assert!(!small.is_empty(), "the small ones are read beside it");
    for read in small {
        let i = if read.0 == file(2) { 2 } else { 3 };
        b.read(i, PART_BYTES, read);
        let asked = b.signs();
        b.signed(1, asked);
    }
    let put = b.put_done(large[0], Ok(())).puts();
    assert_eq!(put.iter().map(|p| p.0).collect::<Vec<_>>(), [file(2)]);
    // While one small file is out, the rest goes to the large one.
    let put = b.put_done(large[1], Ok(())).puts();
    assert_eq!(put.iter().map(|p| p.0).collect::<Vec<_>>(), [file(1)]);
}

#[test]
fn small_files_have_the_share_that_was_chosen() {
    for (share, theirs) in [(25, 1), (50, 2), (75, 3), (100, 3)] {
        let mut b = Bench::new(Config {
            connections: 4,
            readers: 4,
            ..config()
        });
        b.begin(
            1,
            1,
            vec![
                record(1, 1, 400),
                record(1, 2, PART_BYTES),
                record(1, 3, PART_BYTES),
                record(1, 4, PART_BYTES),
            ],
        );
        let small: Vec<_> = b.reads().iter().filter(|r| r.0 != file(1)).copied().collect();
        let large = read_and_sign(&mut b, 400, 20);
        b.tell(Event::SmallShare(share));
        for (i, read) in (2..).zip(small) {
            b.read(i, PART_BYTES, read);
            let asked = b.signs();
            b.signed(1, asked);
        }
        let mut next = Vec::new();
        for put in &large[..3] {
            next.extend(b.put_done(*put, Ok(())).puts().iter().map(|p| p.0));
        }
        let small = next.iter().filter(|id| **id != file(1)).count();
        assert_eq!(small, theirs, "{share} %: {next:?}");
        assert_eq!(next.len(), 3, "no connection is idle at {share} %");
    }
}

#[test]
fn a_file_that_stays_locked_ends_with_a_person_being_asked() {
    let mut b = Bench::new(config());
    b.begin(1, 1, vec![record(1, 1, PART_BYTES)]);
    for _ in 0..40 {
        let read = b.machine_read(1);
        let result = Err(crate::bench::failure(ErrorCode::LockedFile));
        b.tell(Event::PartRead {
            file: file(1),
            buffer: read.3,
            n: n(1),
            result,
        });
        let told = b.changes();
        if told.iter().any(
            |c| matches!(c, Change::FileFailed { failure, .. } if failure.code == ErrorCode::StillLocked),
        ) {
            return;
        }
        b.later(301_000);
    }
    panic!("it waits without an end");
}
