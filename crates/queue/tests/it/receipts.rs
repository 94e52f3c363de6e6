//! Receipts answer "was this sent before?".

use windlass_core::error::ErrorCode;
use windlass_core::fingerprint::SourceChange;
use windlass_core::machine::records::{Change, DoneResult, Proof};
use windlass_core::states::FileState;
use windlass_core::units::Sha256;
use windlass_queue::destinations::DestinationKind;
use windlass_queue::files::NewFile;
use windlass_queue::{destinations, groups, receipts};

use crate::support::*;

fn same_path(number: u64, position: i64, inode: u64) -> NewFile {
    NewFile {
        path: b"/a/\xff".to_vec(),
        fingerprint: fingerprint(inode, 4 * MIB),
        ..new_file(number, 1, position, 1)
    }
}

#[test]
fn f013_the_newest_receipt_of_a_path_and_destination_is_found_by_its_bytes() {
    let s = sandbox();
    insert(
        &s.queue,
        vec![same_path(1, 0, 11), same_path(2, 1, 22), same_path(3, 2, 33)],
    );
    // Done in another order than taken in: the newest is what was done last.
    apply(&s.queue, whole_life(2, 1));
    apply(&s.queue, whole_life(1, 1));
    let found = read(&s.queue, |c| {
        receipts::of_upload(c, destination_id(1), b"/a/\xff")
    })
    .unwrap();
    assert_eq!(found.file, file_id(1));
    assert_eq!(
        found.fingerprint.compare(&fingerprint(11, 4 * MIB)),
        SourceChange::Same
    );
    assert_eq!(found.proof, proof());
    assert_eq!(
        read(&s.queue, |c| receipts::of_upload(
            c,
            destination_id(2),
            b"/a/\xff"
        )),
        None
    );
}

#[test]
fn an_unchanged_file_has_a_receipt_of_its_own() {
    let s = sandbox();
    insert(&s.queue, vec![same_path(1, 0, 1), same_path(2, 1, 1)]);
    apply(&s.queue, whole_life(1, 1));
    let proof = Proof {
        result: DoneResult::Unchanged,
        ..proof()
    };
    apply(
        &s.queue,
        vec![Change::FileDone {
            id: file_id(2),
            from: FileState::Queued,
            proof,
            at: at(70),
        }],
    );
    let all = read(&s.queue, |c| receipts::of_group(c, group_id(1)));
    let results: Vec<_> = all.iter().map(|r| (r.file, r.proof.result)).collect();
    assert_eq!(
        results,
        [
            (file_id(1), DoneResult::Uploaded),
            (file_id(2), DoneResult::Unchanged)
        ]
    );
    let path = all[1].path.clone();
    let upload = read(&s.queue, move |c| {
        receipts::of_upload(c, destination_id(1), &path)
    });
    assert_eq!(upload.map(|r| r.file), Some(file_id(1)), "what it stands on");
}

#[test]
fn i04_receipts_outlive_their_group_and_their_destination() {
    let s = sandbox();
    insert(&s.queue, vec![same_path(1, 0, 1), same_path(2, 1, 2)]);
    apply(&s.queue, whole_life(1, 1));
    apply(&s.queue, vec![fail(2, FileState::Queued, ErrorCode::ReadError)]);
    s.queue
        .write_blocking(|c| {
            let _ = groups::remove(c, group_id(1))?;
            while groups::sweep(c, 1_000)? > 0 {}
            let _ = destinations::remove(c, destination_id(1))?;
            Ok(())
        })
        .unwrap();
    let all = read(&s.queue, |c| receipts::of_group(c, group_id(1)));
    assert_eq!((all.len(), all[0].destination_name.as_str()), (1, "Archive 1"));
    assert!(
        read(&s.queue, |c| receipts::of_upload(
            c,
            destination_id(1),
            b"/a/\xff"
        ))
        .is_some()
    );
}

//
#[test]
fn content_is_found_at_its_destination_under_whatever_name_also_when_it_was_hashed_later() {
    let s = sandbox();
    insert(&s.queue, vec![new_file(1, 1, 0, 1), new_file(2, 1, 1, 1)]);
    let (size, first, later) = (
        new_file(1, 1, 0, 1).fingerprint.size,
        Sha256([3; 32]),
        Sha256([7; 32]),
    );
    let has = |place, size, sha256| {
        read(&s.queue, move |c| {
            receipts::has_content(c, destination_id(place), size, sha256)
        })
    };
    let sized = |place, size| {
        read(&s.queue, move |c| {
            receipts::has_size(c, destination_id(place), size)
        })
    };
    assert!(!has(1, size, first) && !sized(1, size));
    apply(&s.queue, whole_life(1, 1));
    assert!(has(1, size, first) && sized(1, size));
    assert!(!has(2, size, first) && !has(1, size + 1, first) && !has(1, size, later));
    assert!(!sized(2, size) && !sized(1, size + 1));

    let mut life = whole_life(2, 1);
    for change in &mut life {
        if let Change::FileDone { proof, .. } = change {
            proof.sha256 = None;
        }
    }
    apply(&s.queue, life);
    let hashed = Change::FileHashed {
        id: file_id(2),
        sha256: later,
    };
    apply(&s.queue, vec![hashed]);
    assert!(has(1, size, later) && !has(2, size, later));

    // A folder is the same one wherever it lies; another bucket is another place.
    let path = new_file(1, 1, 0, 1).path;
    let by_path = || {
        let path = path.clone();
        read(&s.queue, move |c| {
            receipts::of_upload_here(c, destination_id(1), &path)
        })
        .is_some()
    };
    let lies = |kind, location: &str| {
        let location = location.to_owned();
        let changed = s.queue.write_blocking(move |c| {
            let was = destinations::get(c, destination_id(1))?.expect("it is there");
            destinations::update(
                c,
                &destinations::DestinationRow {
                    kind,
                    location,
                    ..was
                },
            )
        });
        assert!(changed.unwrap());
    };
    let all = || {
        [
            has(1, size, first),
            has(1, size, later),
            sized(1, size),
            by_path(),
        ]
    };
    lies(DestinationKind::Folder, "/media/archive");
    assert_eq!(all(), [true; 4]);
    lies(DestinationKind::S3, "https://storage.example/first");
    assert_eq!(all(), [false; 4]);
}
