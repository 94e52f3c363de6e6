//! Sources that change, lock, vanish.

use windlass_core::error::ErrorCode;
use windlass_core::fingerprint::SourceFingerprint;
use windlass_core::machine::records::Change;
use windlass_core::machine::{Effect, Event, ReadMode};
use windlass_core::states::FileState;

use crate::bench::{Bench, config, failure, file, fingerprint, group, record};

fn touched(i: u8, size: u64) -> SourceFingerprint {
    SourceFingerprint {
        ctime_ns: 99,
        ..fingerprint(i, size)
    }
}

#[test]
fn f001_a_source_that_grew_starts_over_as_a_new_version() {
    let mut b = Bench::new(config());
    b.begin(1, 1, vec![record(1, 1, 20)]);
    let read = b.reads()[0];
    let grown = SourceFingerprint {
        size: 25,
        mtime_ns: 9,
        ctime_ns: 9,
        ..fingerprint(1, 20)
    };
    b.read_as(read, 1, grown);
    let changes = b.changes();
    let over = changes.iter().find_map(|c| match c {
        Change::FileStartOver {
            from,
            attempt,
            fingerprint,
            ..
        } => Some((*from, *attempt, *fingerprint)),
        _ => None,
    });
    assert_eq!(over, Some((FileState::Uploading, 2, grown)));
    assert!(b.has(|e| *e == Effect::Close { file: file(1) }) && b.puts().is_empty());
}

#[test]
fn f018_a_fingerprint_whose_metadata_changed_is_written_down_only_after_the_bytes_were_compared() {
    let mut b = Bench::new(config());
    b.begin(1, 1, vec![record(1, 1, 20)]);
    let first = b.send_first(1, 20);
    b.put_done(first, Ok(()));
    let second = b.machine_read(1);
    b.read_as(second, 1, touched(1, 20));
    assert!(
        b.changes().is_empty() && b.signs().is_empty(),
        "not believed, not sent: {:?}",
        b.effects
    );
    assert_eq!(b.reads()[0].2, ReadMode::Hash);
    let again = b.reads()[0];
    b.read_as(again, 1, touched(1, 20));
    let again = b.reads()[0];
    b.read_as(again, 1, touched(1, 20));
    assert!(
        matches!(
            b.changes()[..],
            [Change::FileFingerprint { .. }, Change::FileHashed { .. }]
        ),
        "{:?}",
        b.effects
    );
    assert_eq!(b.reads()[0].2, ReadMode::Keep, "now its second part may be sent");
}

#[test]
fn f018_a_write_that_hid_behind_its_old_time_is_found_and_starts_over() {
    let mut b = Bench::new(config());
    b.begin(1, 1, vec![record(1, 1, 20)]);
    let first = b.send_first(1, 20);
    b.put_done(first, Ok(()));
    let second = b.machine_read(1);
    b.read_as(second, 77, touched(1, 20));
    let again = b.reads()[0];
    b.read_as(again, 77, touched(1, 20));
    assert!(
        matches!(b.changes()[0], Change::FileStartOver { attempt: 2, .. }),
        "{:?}",
        b.effects
    );
}

#[test]
fn f017_a_file_whose_disk_is_pulled_waits_and_goes_on_by_its_old_parts_when_disks_came() {
    let mut b = Bench::new(config());
    b.begin(1, 1, vec![record(1, 1, 20)]);
    let first = b.send_first(1, 20);
    b.put_done(first, Ok(()));
    let (file_1, range, _, buffer) = b.machine_read(1);
    b.tell(Event::PartRead {
        file: file_1,
        buffer,
        n: range.number,
        result: Err(failure(ErrorCode::DiskMissing)),
    });
    assert!(b.machine.waits_for_a_disk());
    // Told at once: nobody but a person brings it back.
    assert_eq!(
        b.machine.trouble(group(1)).map(|f| f.code),
        Some(ErrorCode::DiskMissing)
    );
    b.tell(Event::DisksChanged);
    assert!(!b.machine.waits_for_a_disk());
    // Under other numbers: all is read and compared before more is sent, and the stored part is not sent again.
    let renumbered = SourceFingerprint {
        dev: 77,
        inode: 78,
        ctime_ns: 79,
        ..fingerprint(1, 20)
    };
    let again = b.reads()[0];
    b.read_as(again, 1, renumbered);
    assert_eq!(b.machine.trouble(group(1)), None, "it was seen");
    for offset in [0, 10] {
        let read = b.reads()[0];
        assert_eq!((read.1.offset, read.2), (offset, ReadMode::Hash));
        b.read_as(read, 1, renumbered);
    }
    let believed = b
        .changes()
        .iter()
        .any(|c| matches!(c, Change::FileFingerprint { fingerprint, .. } if *fingerprint == renumbered));
    assert!(believed, "{:?}", b.effects);
    let next = b.reads()[0];
    assert_eq!((next.1.offset, next.2), (10, ReadMode::Keep));
}

#[test]
fn f017_what_lies_on_another_disk_at_that_place_is_never_taken_for_a_new_version() {
    for before_the_launch in [false, true] {
        let mut b = Bench::new(config());
        if before_the_launch {
            let away = [fingerprint(1, 20).dev].into();
            b.tell(Event::DisksAway(away));
        }
        b.begin(1, 1, vec![record(1, 1, 20), record(1, 2, 20)]);
        if !before_the_launch {
            for i in [1, 2] {
                let (file, range, _, buffer) = b.machine_read(i);
                let result = Err(failure(ErrorCode::DiskMissing));
                b.tell(Event::PartRead {
                    file,
                    buffer,
                    n: range.number,
                    result,
                });
            }
            b.tell(Event::DisksChanged);
        }
        // Another card of the same camera: the same name, another film.
        let other = SourceFingerprint {
            mtime_ns: 9,
            ..fingerprint(1, 20)
        };
        let read = b.machine_read(1);
        b.read_as(read, 9, other);
        let told = b.changes().iter().any(
            |c| matches!(c, Change::FileFailed { failure, .. } if failure.code == ErrorCode::FileChanged),
        );
        assert!(told, "a person is asked: {:?}", b.effects);
        // The right card: what was changed on it is a new version, as ever.
        let mine = b.machine_read(2);
        b.read_as(mine, 2, fingerprint(2, 20));
        let changed = SourceFingerprint {
            mtime_ns: 9,
            ..fingerprint(2, 20)
        };
        let next = b.machine_read(2);
        b.read_as(next, 3, changed);
        let over = b
            .changes()
            .iter()
            .any(|c| matches!(c, Change::FileStartOver { attempt: 2, .. }));
        assert!(over, "{:?}", b.effects);
    }
}

#[test]
fn f017_a_file_that_has_another_number_at_each_look_is_not_read_for_ever() {
    let mut b = Bench::new(config());
    b.begin(1, 1, vec![record(1, 1, 20)]);
    let first = b.send_first(1, 20);
    b.put_done(first, Ok(()));
    for inode in 100..200 {
        let read = b.machine_read(1);
        let other = SourceFingerprint {
            inode,
            ..fingerprint(1, 20)
        };
        b.read_as(read, 1, other);
        if b.changes().iter().any(|c| matches!(c, Change::FileFailed { .. })) {
            return;
        }
    }
    panic!("read 100 times");
}

#[test]
fn f017_a_disk_that_is_away_takes_no_room_and_counts_no_tries() {
    let mut b = Bench::new(config());
    b.begin(1, 1, vec![record(1, 1, 8)]);
    for round in 0..20 {
        let (file, range, _, buffer) = b.machine_read(1);
        let result = Err(failure(ErrorCode::DiskMissing));
        b.tell(Event::PartRead {
            file,
            buffer,
            n: range.number,
            result,
        });
        let written = b
            .changes()
            .iter()
            .any(|c| matches!(c, Change::FileTries { tries: 0, .. }));
        assert_eq!(written, round == 0, "written down once: {:?}", b.effects);
        b.later(400_000);
    }
    let read = b.machine_read(1);
    b.read(1, 8, read);
    let cleared = b
        .changes()
        .iter()
        .any(|c| matches!(c, Change::FileTries { failure: None, .. }));
    assert!(cleared, "{:?}", b.effects);
}

#[test]
fn f005_a_source_that_vanished_after_its_last_read_is_finished_as_it_was() {
    let mut b = Bench::new(config());
    b.begin(1, 1, vec![record(1, 1, 8)]);
    let put = b.send_first(1, 8);
    b.put_done(put, Ok(()));
    b.tell(Event::Checked {
        files: vec![(file(1), Err(failure(ErrorCode::FileMissing)))],
    });
    assert!(b.has(|e| matches!(e, Effect::Complete { .. })), "{:?}", b.effects);
}

#[test]
fn regression_a_file_that_changes_again_and_again_ends_with_a_question_and_its_waits_grow() {
    let mut b = Bench::new(config());
    b.begin(1, 1, vec![record(1, 1, 20)]);
    let mut waits = Vec::new();
    for attempt in 1..=7 {
        // It gets as far as one stored part each time.
        let put = b.send_first(1, 20);
        b.put_done(put, Ok(()));
        let read = b.machine_read(1);
        b.read_as(
            read,
            1,
            SourceFingerprint {
                mtime_ns: 100 + attempt,
                ..fingerprint(1, 20)
            },
        );
        let changes = b.changes();
        if changes.iter().any(|c| matches!(c, Change::FileFailed { .. })) {
            assert_eq!(attempt, 7);
            assert!(waits.is_sorted() && waits[0] < waits[5], "{waits:?}");
            return;
        }
        let tries = changes.iter().find_map(|c| match c {
            Change::FileTries {
                tries,
                next_try_at: Some(at),
                ..
            } => Some((*tries, at.millis_since(b.now))),
            _ => None,
        });
        let (tries, wait) = tries.expect("it waits");
        waits.push(wait);
        b.later(wait);
        let again = windlass_core::machine::records::FileRecord {
            attempt: attempt as u32 + 1,
            tries,
            next_try_at: Some(b.now),
            ..record(1, 1, 20)
        };
        let asked = vec![(file(1), again.attempt)];
        b.tell(Event::Loaded {
            group: group(1),
            files: vec![again],
            last: true,
        });
        let upload = windlass_core::machine::InitOutcome::Upload {
            object_key: "k".into(),
        };
        let destination = crate::bench::destination(1);
        b.tell(Event::InitAnswered {
            destination,
            asked,
            result: Ok(vec![upload]),
        });
    }
    panic!("it starts over without end");
}
