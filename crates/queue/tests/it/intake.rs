//! Taking files in, and giving them out as work.

use windlass_core::error::{ErrorCode, Failure};
use windlass_core::fingerprint::SourceFingerprint;
use windlass_core::machine::records::Change;
use windlass_core::states::{FileState, PartState};
use windlass_core::units::Sha256;
use windlass_queue::files::NewFile;
use windlass_queue::{QueueError, files, totals};

use crate::support::*;

// C-5
#[test]
fn every_part_has_a_row_also_that_of_a_single_put_and_of_an_empty_file() {
    let s = sandbox();
    let empty = NewFile {
        fingerprint: fingerprint(3, 0),
        ..new_file(3, 1, 2, 1)
    };
    insert(&s.queue, vec![new_file(1, 1, 0, 1), new_file(2, 1, 1, 4), empty]);
    let rows: Vec<(u32, String, i64)> = read(&s.queue, |c| {
        let mut q = c.prepare("SELECT number, state, size FROM part ORDER BY file_id, number")?;
        Ok(q.query_map([], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)))?
            .collect::<Result<_, _>>()?)
    });
    let (part, half) = (8 << 20, 4 << 20);
    let sizes = [(1, half), (1, part), (2, part), (3, part), (4, half), (1, 0)];
    assert_eq!(rows, sizes.map(|(n, size)| (n, "pending".to_owned(), size)));
}

#[test]
fn i40_path_bytes_and_fingerprints_come_back_exactly() {
    let s = sandbox();
    let path = (1..=255u8).collect::<Vec<_>>();
    let odd = SourceFingerprint {
        dev: u64::MAX,
        inode: 1 << 63,
        size: 5,
        mtime_ns: i64::MIN,
        ctime_ns: i64::MAX,
    };
    let new = NewFile {
        path: path.clone(),
        fingerprint: odd,
        rel_path: "a\u{fffd}\n".into(),
        mime: None,
        ..new_file(1, 1, 0, 1)
    };
    insert(&s.queue, vec![new]);
    let row = read(&s.queue, |c| files::get(c, file_id(1))).unwrap();
    assert_eq!(
        (row.path, row.fingerprint, row.rel_path.as_str(), row.mime),
        (path, odd, "a\u{fffd}\n", None)
    );
}

#[test]
fn i08_a_path_that_is_not_taken_is_written_down_with_its_cause() {
    let s = sandbox();
    let none = SourceFingerprint {
        dev: 0,
        inode: 0,
        size: 0,
        mtime_ns: 0,
        ctime_ns: 0,
    };
    let refused = NewFile {
        failure: Some(Failure::new(ErrorCode::NotRegularFile, "a socket")),
        fingerprint: none,
        ..new_file(2, 1, 1, 1)
    };
    insert(&s.queue, vec![new_file(1, 1, 0, 1), refused]);
    let row = read(&s.queue, |c| files::get(c, file_id(2))).unwrap();
    assert_eq!(
        (row.state, row.error),
        (
            FileState::Failed,
            Some(Failure::new(ErrorCode::NotRegularFile, "a socket"))
        )
    );
    let found = read(&s.queue, |c| totals::totals(c, group_id(1)));
    assert_eq!((found.total, found.rejected, found.bytes_total), (2, 1, 4 * MIB));
}

#[test]
fn i10_a_batch_is_taken_in_whole_or_not_at_all() {
    let s = sandbox();
    insert(&s.queue, vec![new_file(1, 1, 0, 1)]);
    let bad: [(&str, NewFile); 6] = [
        ("place taken", new_file(3, 1, 0, 1)),
        ("id taken", new_file(1, 1, 5, 1)),
        ("no group", new_file(3, 9, 5, 1)),
        (
            "too few parts",
            NewFile {
                part_count: 1,
                ..new_file(3, 1, 5, 4)
            },
        ),
        (
            "no part",
            NewFile {
                part_count: 0,
                ..new_file(3, 1, 5, 1)
            },
        ),
        (
            "no path",
            NewFile {
                path: Vec::new(),
                ..new_file(3, 1, 5, 1)
            },
        ),
    ];
    for (what, bad) in bad {
        let e = s
            .queue
            .write_blocking(move |c| files::insert_many(c, &[new_file(2, 1, 1, 1), bad]))
            .unwrap_err();
        assert!(matches!(e, QueueError::Refused(_)), "{what}: {e:?}");
        assert_eq!(read(&s.queue, |c| files::get(c, file_id(2))), None, "{what}");
    }
    assert_eq!(read(&s.queue, |c| files::next_position(c, group_id(1))), 1);
}

#[test]
fn work_is_what_is_wanted_open_and_due_by_place() {
    let s = sandbox();
    insert(
        &s.queue,
        (0..10).map(|n| new_file(n, 1, n.cast_signed(), 2)).collect(),
    );
    apply(&s.queue, whole_life(0, 2));
    apply(&s.queue, vec![fail(1, FileState::Queued, ErrorCode::ReadError)]);
    apply(
        &s.queue,
        vec![
            register(2),
            step(2, FileState::Registered, FileState::Uploading),
            uploaded(2, 2),
        ],
    );
    apply(&s.queue, vec![part_state(2, 1, PartState::Uploading)]);
    let later = |file, ms| Change::FileTries {
        id: file_id(file),
        tries: 1,
        next_try_at: Some(at(ms)),
        failure: None,
    };
    apply(
        &s.queue,
        vec![
            later(3, 500),
            later(4, 300),
            Change::FileHashed {
                id: file_id(5),
                sha256: Sha256([5; 32]),
            },
        ],
    );
    s.queue
        .write_blocking(|c| {
            files::set_intent(
                c,
                files::Scope::File(file_id(6)),
                windlass_core::states::Intent::Paused,
            )?;
            files::set_intent(
                c,
                files::Scope::File(file_id(7)),
                windlass_core::states::Intent::Cancelled,
            )
        })
        .unwrap();
    let load = |after, limit, now| {
        read(&s.queue, move |c| {
            files::load_work(c, group_id(1), after, limit, now)
        })
    };
    let ids = |work: Vec<windlass_core::machine::records::FileRecord>| {
        work.iter().map(|f| f.position).collect::<Vec<_>>()
    };
    assert_eq!(ids(load(-1, 99, NOW)), [2, 5, 8, 9]);
    assert_eq!(ids(load(-1, 2, NOW)), [2, 5]);
    assert_eq!(ids(load(5, 99, NOW)), [8, 9]);
    assert_eq!(ids(load(-1, 99, at(300))), [2, 4, 5, 8, 9]);
    assert_eq!(
        read(&s.queue, |c| files::earliest_next_try(c, group_id(1))),
        Some(at(300))
    );
    let counts = read(&s.queue, |c| totals::counts(c, group_id(1)));
    assert_eq!(
        (counts.open, counts.done, counts.failed, counts.rejected),
        (8, 1, 1, 0)
    );
    assert_eq!((counts.next_try_at, counts.scanning), (Some(at(300)), false));

    let work = load(-1, 99, NOW);
    let parts: Vec<_> = work[0]
        .parts
        .iter()
        .map(|p| (p.n.get(), p.state, p.crc64))
        .collect();
    assert_eq!(
        parts,
        [
            (1, PartState::Uploading, None),
            (2, PartState::Uploaded, Some(crc(2)))
        ]
    );
    assert_eq!(
        (work[0].state, work[0].attempt, work[0].part_size),
        (FileState::Uploading, 1, 8 * MIB)
    );
    assert_eq!(work[1].sha256, Some(Sha256([5; 32])));
    assert_eq!(
        read(&s.queue, |c| files::record(c, file_id(2))).as_ref(),
        Some(&work[0])
    );
}
