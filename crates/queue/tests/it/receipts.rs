//! Receipts answer "was this sent before?".

use windlass_core::error::ErrorCode;
use windlass_core::fingerprint::SourceChange;
use windlass_core::machine::records::{Change, DoneResult, Proof};
use windlass_core::states::FileState;
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
