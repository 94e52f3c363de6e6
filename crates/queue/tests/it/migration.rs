//! Each released version leaves a queue with all kinds of work; every later program carries it on and loses nothing.
//!
//! `WINDLASS_WRITE_FIXTURE=1 cargo test -p windlass-queue writes_the_fixture` makes the one of this version, before its release.

use std::path::{Path, PathBuf};

use windlass_core::error::{ErrorCode, Failure};
use windlass_core::machine::records::Change;
use windlass_core::states::{FileState, GroupState, Intent};
use windlass_queue::files::{NewFile, Scope};
use windlass_queue::given::{self, Answer, Gesture};
use windlass_queue::{Connection, Queue, files, groups, history, receipts, settings, totals};

use crate::support::*;

/// The version that this program writes.
const NEWEST: u32 = 12;

fn fixture(version: u32) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/fixtures/v{version:04}.sqlite"))
}

/// Queued, half-sent, paused, waiting, failed, refused, done, removed files; groups under way, completed, cancelled, hidden.
fn all_kinds_of_work(queue: &Queue) {
    queue
        .write_blocking(|c| (1..=4).try_for_each(|n| furnish(c, n)))
        .unwrap();
    insert(
        queue,
        (0..8).map(|n| new_file(n, 1, n.cast_signed(), 3)).collect(),
    );
    let refused = NewFile {
        failure: Some(Failure::new(ErrorCode::NotRegularFile, "a pipe")),
        ..new_file(8, 1, 8, 1)
    };
    insert(queue, vec![refused]);
    apply(
        queue,
        vec![
            register(1),
            step(1, FileState::Registered, FileState::Uploading),
            uploaded(1, 1),
            uploaded(1, 3),
        ],
    );
    apply(queue, vec![register(2)]);
    apply(queue, whole_life(3, 3));
    apply(queue, vec![fail(4, FileState::Queued, ErrorCode::ReadError)]);
    let later = Failure::new(ErrorCode::ConnectionLost, "reset");
    apply(
        queue,
        vec![Change::FileTries {
            id: file_id(5),
            tries: 4,
            next_try_at: Some(at(900)),
            failure: Some(later),
        }],
    );
    apply(
        queue,
        vec![Change::FileRemoved {
            id: file_id(6),
            from: FileState::Queued,
            at: at(1),
        }],
    );
    queue
        .write_blocking(|c| files::set_intent(c, Scope::File(file_id(7)), Intent::Paused))
        .unwrap();
    let group = |n, from, to| Change::GroupState {
        id: group_id(n),
        from,
        to,
        at: at(2),
    };
    apply(queue, vec![group(1, GroupState::Draft, GroupState::Uploading)]);
    insert(
        queue,
        vec![
            new_file(20, 2, 0, 1),
            new_file(30, 3, 0, 1),
            new_file(40, 4, 0, 1),
        ],
    );
    apply(queue, whole_life(20, 1));
    apply(
        queue,
        vec![
            group(2, GroupState::Draft, GroupState::Uploading),
            group(2, GroupState::Uploading, GroupState::Completed),
        ],
    );
    apply(
        queue,
        vec![
            Change::GroupTold {
                id: group_id(2),
                at: at(3),
            },
            Change::GroupCancelled {
                id: group_id(3),
                at: at(4),
            },
        ],
    );
    apply(queue, whole_life(40, 1));
    queue
        .write_blocking(|c| {
            assert_eq!(groups::remove(c, group_id(4))?, groups::GroupRemoval::Removed);
            settings::set(c, "theme", &"dark".into())
        })
        .unwrap();
}

#[test]
fn writes_the_fixture() {
    if std::env::var_os("WINDLASS_WRITE_FIXTURE").is_none() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let queue = open(&path_in(&dir)).unwrap().queue;
    all_kinds_of_work(&queue);
    block_on(queue.close_clean()).unwrap();
    let target = fixture(NEWEST);
    std::fs::create_dir_all(target.parent().unwrap()).unwrap();
    let _ = std::fs::remove_file(&target);
    let conn = Connection::open(path_in(&dir)).unwrap();
    conn.execute("VACUUM INTO ?1", [target.to_str().unwrap()])
        .unwrap();
}

#[test]
fn f034_a_queue_of_version_1_is_carried_on_with_all_its_work() {
    is_carried_on(1);
}

#[test]
fn f034_a_queue_of_version_3_is_carried_on_with_all_its_work() {
    is_carried_on(3);
}

#[test]
fn f034_a_queue_of_version_5_is_carried_on_with_all_its_work() {
    is_carried_on(5);
}

#[test]
fn f034_a_queue_of_the_newest_version_is_opened_with_all_its_work() {
    is_carried_on(NEWEST);
}

// I-15: a walk that an older version left in the middle is gone on with, by the answer that was given to it.
#[test]
fn what_was_being_walked_goes_on_by_its_answer() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::copy(fixture(5), path_in(&dir)).unwrap();
    let conn = Connection::open(path_in(&dir)).unwrap();
    let group = group_id(1);
    for (key, value) in [
        (format!("intake:{group}"), r#"["/home/ada/one","/home/ada/two"]"#),
        (
            format!("intake:leave:{group}"),
            r#"{"unchanged":true,"troubled":false,"same_name":true,"names":["two/private.txt"]}"#,
        ),
        ("intake:of a group that is gone".to_owned(), "[]"),
    ] {
        conn.execute("INSERT INTO setting (key, value) VALUES (?1, ?2)", [&key, value])
            .unwrap();
    }
    let scanning = "UPDATE upload_group SET scanning = 1 WHERE id = ?1";
    conn.execute(scanning, [uuid::Uuid::from(group)]).unwrap();
    drop(conn);
    let queue = open(&path_in(&dir)).unwrap().queue;
    let answer = Answer {
        unchanged: true,
        troubled: false,
        same_name: true,
        left: [("two/private.txt".to_owned(), None)].into(),
    };
    let gesture = Gesture {
        roots: vec!["/home/ada/one".into(), "/home/ada/two".into()],
        answer: Some(answer),
    };
    assert_eq!(read(&queue, move |c| given::of_group(c, group)), [gesture]);
    assert!(
        read(&queue, settings::all)
            .keys()
            .all(|key| !key.starts_with("intake:"))
    );
}

#[test]
fn what_ended_before_the_history_was_kept_stands_in_it_too() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::copy(fixture(1), path_in(&dir)).unwrap();
    let queue = open(&path_in(&dir)).unwrap().queue;
    let all = read(&queue, |c| {
        history::page(c, None, 99, &history::HistoryFilter::default())
    });
    let mut told: Vec<_> = all.iter().map(|r| (r.group, r.ended, r.done)).collect();
    told.sort_unstable();
    let expected = [
        (group_id(2), history::Ended::Completed, 1),
        (group_id(3), history::Ended::Cancelled, 0),
        (group_id(4), history::Ended::Failed, 1),
    ];
    assert_eq!(told, expected);
}

fn is_carried_on(version: u32) {
    let dir = tempfile::tempdir().unwrap();
    std::fs::copy(fixture(version), path_in(&dir)).unwrap();
    let opened = open(&path_in(&dir)).unwrap();
    assert!(opened.set_aside.is_none() && opened.clean_exit);
    let queue = opened.queue;
    let rows = read(&queue, |c| files::page(c, group_id(1), 0, 99, &[]));
    let states: Vec<_> = rows.iter().map(|r| (r.state, r.parts_done)).collect();
    use FileState::{Done, Failed, Queued, Registered, Removed, Uploading};
    let expected = [
        (Queued, 0),
        (Uploading, 2),
        (Registered, 0),
        (Done, 3),
        (Failed, 0),
        (Queued, 0),
        (Removed, 0),
        (Queued, 0),
        (Failed, 0),
    ];
    assert_eq!(states, expected);
    assert_eq!(rows[1].object_key.as_deref(), Some("key/1"));
    assert_eq!((rows[5].tries, rows[5].next_try_at), (4, Some(at(900))));
    assert_eq!(
        rows[5].error,
        Some(Failure::new(ErrorCode::ConnectionLost, "reset"))
    );
    assert_eq!(
        (rows[7].intent, rows[8].error.as_ref().map(|e| e.code)),
        (Intent::Paused, Some(ErrorCode::NotRegularFile))
    );
    let groups = read(&queue, groups::list);
    let states: Vec<_> = groups.iter().map(|g| (g.record.state, g.told_at)).collect();
    let expected = [
        (GroupState::Uploading, None),
        (GroupState::Completed, Some(at(3))),
        (GroupState::Cancelled, None),
    ];
    assert_eq!(states, expected);
    let sent = [1, 2, 3, 4].map(|g| read(&queue, move |c| receipts::of_group(c, group_id(g))).len());
    assert_eq!(sent, [1, 1, 0, 1]);
    assert_eq!(
        read(&queue, |c| totals::totals(c, group_id(1))).bytes_done,
        20 * MIB + 12 * MIB
    );
    assert_eq!(read(&queue, |c| settings::get(c, "theme")), Some("dark".into()));
    // And it goes on.
    apply(
        &queue,
        vec![
            uploaded(1, 2),
            step(1, FileState::Uploading, FileState::Verifying),
            done(1, FileState::Verifying),
        ],
    );
}

#[test]
fn the_fixture_of_this_version_has_its_schema() {
    let schema = |path: &Path| -> Vec<String> {
        let c = Connection::open(path).unwrap();
        let mut q = c
            .prepare("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name")
            .unwrap();
        q.query_map([], |r| r.get(0))
            .unwrap()
            .collect::<Result<_, _>>()
            .unwrap()
    };
    let s = sandbox();
    block_on(s.queue.close_clean()).unwrap();
    let copy = tempfile::tempdir().unwrap();
    std::fs::copy(fixture(NEWEST), path_in(&copy)).unwrap();
    assert_eq!(
        schema(&path_in(&copy)),
        schema(&s.path()),
        "a released migration never changes; see the top of this file"
    );
}
