//! Watched folders: each version is handed over once, in the transaction that notes it (I38).

use windlass_core::error::ErrorCode;
use windlass_core::fingerprint::SourceFingerprint;
use windlass_core::ids::WatchId;
use windlass_core::states::{FileState, Intent};
use windlass_core::watch::{After, EntryState, GroupRule, Why};
use windlass_queue::destinations::{self, DestinationRemoval};
use windlass_queue::watched::{
    self, AfterState, EntryFilter, FolderRow, NewEntry, Outcome, after_due, counts, entries_by_inode,
    entries_by_path, listed, mark, mark_gone, put, settled_since, take_over,
};
use windlass_queue::{Queue, QueueError, groups};

use crate::support::*;

fn watch() -> WatchId {
    WatchId::new(NOW, [7; 10])
}

fn folder() -> FolderRow {
    FolderRow {
        id: watch(),
        name: "in".into(),
        path: b"/watched/\xff".to_vec(),
        dev: u64::MAX,
        marker: "v|1:2".into(),
        destination: destination_id(1),
        group_rule: GroupRule::Day,
        rules: serde_json::json!({ "exclude": ["*.log"] }),
        after: After::Move,
        after_path: Some(b"/done".to_vec()),
        intent: Intent::Run,
        only_new: true,
        last_scan_at: None,
        created_at: NOW,
    }
}

fn entry(path: &[u8], version: SourceFingerprint, state: EntryState, file: Option<u64>) -> NewEntry {
    NewEntry {
        rel_path: path.to_vec(),
        fingerprint: version,
        state,
        why: Why::Queued,
        detail: String::new(),
        file: file.map(file_id),
        at: NOW,
    }
}

fn with_folder() -> Sandbox {
    let s = sandbox();
    s.queue.write_blocking(|c| watched::add(c, &folder())).unwrap();
    s
}

fn hand_over(queue: &Queue, path: &'static [u8], file: u64) -> Result<(), QueueError> {
    queue.write_blocking(move |c| {
        put(
            c,
            watch(),
            &entry(path, fingerprint(file, 9), EntryState::Queued, Some(file)),
        )
    })
}

#[test]
fn a_watched_folder_is_kept_in_every_detail() {
    let s = with_folder();
    assert_eq!(read(&s.queue, watched::all), [folder()]);
    s.queue
        .write_blocking(|c| {
            assert!(watched::set_intent(c, watch(), Intent::Paused)?);
            assert!(watched::set_rules(
                c,
                watch(),
                "other",
                GroupRule::Batch,
                &serde_json::json!({})
            )?);
            assert!(watched::set_after_upload(c, watch(), After::Delete, None)?);
            watched::set_identity(c, watch(), 5, "w|3:4")?;
            watched::set_scanned(c, watch(), at(1))?;
            watched::set_only_new_done(c, watch())
        })
        .unwrap();
    let now = read(&s.queue, |c| watched::folder(c, watch())).unwrap();
    assert_eq!(
        (
            now.name.as_str(),
            now.intent,
            now.after,
            now.dev,
            now.only_new,
            now.last_scan_at
        ),
        ("other", Intent::Paused, After::Delete, 5, false, Some(at(1)))
    );
    // Moving without a place is refused by the file itself; so is a path twice.
    let nowhere = |c: &windlass_queue::Connection| watched::set_after_upload(c, watch(), After::Move, None);
    assert!(s.queue.write_blocking(nowhere).is_err());
    let twice = FolderRow {
        id: WatchId::new(NOW, [8; 10]),
        ..folder()
    };
    assert!(s.queue.write_blocking(move |c| watched::add(c, &twice)).is_err());
}

#[test]
fn a_destination_that_a_watched_folder_sends_to_is_in_use() {
    let s = with_folder();
    s.queue
        .write_blocking(|c| groups::set_intent(c, group_id(1), Intent::Cancelled))
        .unwrap();
    let removed = s
        .queue
        .write_blocking(|c| destinations::remove(c, destination_id(1)))
        .unwrap();
    assert!(
        matches!(removed, DestinationRemoval::InUse(n) if n >= 1),
        "{removed:?}"
    );
}

#[test]
fn i38_an_open_upload_is_never_replaced_and_its_end_is_noted_once() {
    let s = with_folder();
    insert(&s.queue, vec![new_file(1, 1, 0, 1), new_file(2, 1, 1, 1)]);
    hand_over(&s.queue, b"a", 1).unwrap();
    assert!(hand_over(&s.queue, b"a", 2).is_err(), "the first is open");
    assert!(hand_over(&s.queue, b"b", 1).is_err(), "an upload is one file's");
    assert!(read(&s.queue, |c| settled_since(c, watch(), 9)).is_empty());
    apply(&s.queue, whole_life(1, 1));
    let ended = read(&s.queue, |c| settled_since(c, watch(), 9));
    assert_eq!(
        (ended.len(), ended[0].file_state, ended[0].versions),
        (1, Some(FileState::Done), 0)
    );
    assert!(ended[0].proved.is_some() && ended[0].object_key.is_some());
    let came_to = Outcome {
        state: EntryState::Uploaded,
        why: Why::Uploaded,
        detail: String::new(),
        version: ended[0].proved,
        after: AfterState::Due,
    };
    let first = came_to.clone();
    assert!(
        s.queue
            .write_blocking(move |c| mark(c, watch(), b"a", file_id(1), &first, at(5)))
            .unwrap()
    );
    assert!(
        !s.queue
            .write_blocking(move |c| mark(c, watch(), b"a", file_id(2), &came_to, at(5)))
            .unwrap()
    );
    assert!(read(&s.queue, |c| settled_since(c, watch(), 9)).is_empty());
    let due = read(&s.queue, |c| after_due(c, watch(), AfterState::Due, 9));
    assert_eq!((due.len(), due[0].versions), (1, 1));
    // The next version: another upload, now that the first has ended.
    hand_over(&s.queue, b"a", 2).unwrap();
    apply(&s.queue, vec![fail(2, FileState::Queued, ErrorCode::FileChanged)]);
    let failed = read(&s.queue, |c| settled_since(c, watch(), 9));
    assert_eq!(
        failed[0].error.as_ref().map(|f| f.code),
        Some(ErrorCode::FileChanged)
    );
    let c = read(&s.queue, |c| counts(c, watch()));
    assert_eq!((c.queued, c.uploaded, c.settling, c.failed), (1, 0, 0, 0));
}

#[test]
fn f156_a_renamed_file_takes_its_upload_along_and_what_left_is_remembered() {
    let s = with_folder();
    insert(&s.queue, vec![new_file(1, 1, 0, 1)]);
    hand_over(&s.queue, b"a", 1).unwrap();
    apply(&s.queue, whole_life(1, 1));
    let same = read(&s.queue, |c| {
        entries_by_inode(c, watch(), fingerprint(1, 9).dev, fingerprint(1, 9).inode)
    });
    assert_eq!(same.len(), 1);
    let new = entry(b"b", fingerprint(1, 9), EntryState::Uploaded, None);
    s.queue
        .write_blocking(move |c| take_over(c, watch(), b"a", &new))
        .unwrap();
    let rows = read(&s.queue, |c| {
        entries_by_path(c, watch(), &[b"a".to_vec(), b"b".to_vec()])
    });
    assert_eq!(
        (rows.len(), rows[0].rel_path.as_slice(), rows[0].file),
        (1, b"b".as_slice(), Some(file_id(1)))
    );
    let settling = entry(b"c", fingerprint(3, 1), EntryState::Settling, None);
    s.queue
        .write_blocking(move |c| {
            put(c, watch(), &settling)?;
            mark_gone(c, watch(), b"b")?;
            mark_gone(c, watch(), b"c")
        })
        .unwrap();
    let all = read(&s.queue, |c| listed(c, watch(), &EntryFilter::default(), 0, 9));
    assert_eq!(
        all.iter()
            .map(|e| (e.rel_path.as_slice(), e.present))
            .collect::<Vec<_>>(),
        [(b"b".as_slice(), false)]
    );
    let filter = EntryFilter {
        states: vec![EntryState::Uploaded],
        text: "B".into(),
    };
    assert_eq!(
        read(&s.queue, move |c| watched::listed_count(c, watch(), &filter)),
        1
    );
    // The folder goes; uploads and receipts stay.
    assert!(s.queue.write_blocking(|c| watched::remove(c, watch())).unwrap());
    assert_eq!(state_of(&s.queue, 1), FileState::Done);
}

#[test]
fn a_group_is_joined_until_it_is_closed() {
    let s = with_folder();
    s.queue
        .write_blocking(|c| watched::join(c, watch(), "2026-05-12", group_id(1), at(3)))
        .unwrap();
    let scanning = |s: &Sandbox| read(&s.queue, |c| groups::get(c, group_id(1))).unwrap().scanning;
    assert!(scanning(&s));
    let open = read(&s.queue, |c| watched::joining(c, watch()));
    assert_eq!((open.len(), open[0].joined_at), (1, at(3)));
    s.queue
        .write_blocking(|c| watched::close(c, group_id(1)))
        .unwrap();
    assert!(!scanning(&s) && read(&s.queue, |c| watched::joining(c, watch())).is_empty());
}
