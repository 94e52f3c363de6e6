//! Groups put together and taken apart, their order, their notes, their empty folders, their originals.

use std::collections::{BTreeMap, BTreeSet};

use windlass_core::error::ErrorCode;
use windlass_core::states::{FileState, Intent};
use windlass_engine::view::{GroupView, Notes, Snapshot};
use windlass_engine::{AddPaths, Chosen, EngineHandle, FileAct, GroupEnd, Leave, Origin, Scope};

use crate::{Bench, bytes, end, seen, wait_for};

const MIB: usize = 1 << 20;

/// A group of these files, which stands still.
async fn paused(
    engine: &EngineHandle,
    name: &str,
    paths: Vec<std::path::PathBuf>,
) -> windlass_core::ids::GroupId {
    engine.set_intent(Scope::App, Intent::Paused).await.unwrap();
    let group = engine
        .add_paths(AddPaths {
            paths,
            group: None,
            name: Some(name.into()),
            destination: None,
            origin: Origin::Drop,
            id: None,
            paused: false,
        })
        .await
        .unwrap();
    seen(engine, |s| s.groups.iter().all(|g| !g.scanning)).await;
    group
}

async fn groups(engine: &EngineHandle) -> Vec<GroupView> {
    let mut groups = engine.snapshot().await.unwrap().groups;
    groups.sort_by_key(|g| g.order);
    groups
}

async fn goes(engine: &EngineHandle) {
    engine.set_intent(Scope::App, Intent::Run).await.unwrap();
}

// counts are right on both sides, each file arrives once, and the card is gone at once.
#[tokio::test(flavor = "multi_thread")]
async fn a_group_that_was_not_begun_goes_into_another_and_each_file_arrives_once() {
    let b = Bench::new().await;
    let engine = b.engine().await;
    let (one, two) = (b.write("one.txt", b"one"), b.write("two.txt", b"two"));
    let first = paused(&engine, "First", vec![one]).await;
    let second = paused(&engine, "Second", vec![two]).await;
    let done = engine.merge_groups(second, first).await.unwrap();
    assert_eq!((done.group, done.moved, done.stayed), (first, 1, 0));
    let left = groups(&engine).await;
    assert_eq!(left.len(), 1);
    assert_eq!((left[0].name.as_str(), left[0].files.total), ("First", 2));
    goes(&engine).await;
    assert_eq!(end(&engine, first).await, GroupEnd::Done);
    let mut sent: Vec<_> = b.plane.objects().into_keys().collect();
    sent.sort();
    assert_eq!(sent, ["one.txt", "two.txt"]);
    assert_eq!(b.plane.puts().len(), 2);
    let receipt = engine.receipt(first).await.unwrap();
    assert_eq!(receipt.lines.len(), 2);
    let ended = engine
        .history(windlass_engine::view::HistoryAsk {
            limit: 10,
            ..Default::default()
        })
        .await
        .unwrap();
    assert_eq!(ended.entries.len(), 1, "the group that went over left no line");
    engine.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_under_way_stays_and_arrives_in_its_own_group() {
    let b = Bench::new().await;
    let engine = b.engine().await;
    let mut files = vec![b.write("large.bin", &bytes(3, 20 * MIB))];
    files.extend((0..3).map(|i| b.write(&format!("rest/{i}.txt"), &bytes(i, 900))));
    let other = paused(&engine, "Other", vec![b.write("other.txt", b"x")]).await;
    let group = paused(&engine, "Large", files).await;
    let rest = Chosen::Places(vec![(1, 4)]);
    let held = engine.act_on_files(group, rest, FileAct::Pause).await.unwrap();
    assert_eq!(held, 3);
    engine
        .set_intent(Scope::Group(other), Intent::Paused)
        .await
        .unwrap();
    b.plane.hold_puts(true);
    goes(&engine).await;
    wait_for(|| (b.plane.held() > 0).then_some(())).await;
    let done = engine.merge_groups(group, other).await.unwrap();
    assert_eq!((done.moved, done.stayed), (3, 1));
    let there = engine.list_files(other, 1, 9).await.unwrap().files;
    assert!(
        there.iter().all(|f| f.intent == Intent::Paused),
        "a pause goes with its file"
    );
    let all = Chosen::Places(vec![(0, 9)]);
    engine.act_on_files(other, all, FileAct::Resume).await.unwrap();
    b.plane.hold_puts(false);
    engine.set_intent(Scope::Group(other), Intent::Run).await.unwrap();
    assert_eq!(end(&engine, group).await, GroupEnd::Done);
    assert_eq!(end(&engine, other).await, GroupEnd::Done);
    let counts: Vec<_> = groups(&engine)
        .await
        .iter()
        .map(|g| (g.name.clone(), g.files.done))
        .collect();
    let of = |name: &str| counts.iter().find(|(n, _)| n == name).unwrap().1;
    assert_eq!((of("Large"), of("Other")), (1, 4), "{counts:?}");
    assert!(b.plane.objects().contains_key("large.bin"));
    engine.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn chosen_files_go_into_a_group_of_their_own_and_come_back() {
    let b = Bench::new().await;
    let engine = b.engine().await;
    let files: Vec<_> = (0..5)
        .map(|i| b.write(&format!("{i}.txt"), &bytes(i, 100)))
        .collect();
    let group = paused(&engine, "Shoot", files).await;
    let last = paused(&engine, "Last", vec![b.write("last.txt", b"last")]).await;
    let split = engine
        .split_group(group, Chosen::Places(vec![(1, 3)]), None)
        .await
        .unwrap();
    assert_eq!((split.moved, split.stayed), (2, 0));
    // Told at once, although nothing moves.
    let counts = |s: &Snapshot, id| {
        s.groups
            .iter()
            .find(|g| g.id == id)
            .map(|g| (g.files.total, g.bytes_total))
    };
    let told = seen(&engine, |s| {
        counts(s, group) == Some((3, 300)) && counts(s, split.group) == Some((2, 200))
    })
    .await;
    assert_eq!((told.totals.files_total, told.totals.bytes_total), (6, 504));
    let names: Vec<_> = groups(&engine)
        .await
        .into_iter()
        .map(|g| (g.name, g.id))
        .collect();
    assert_eq!(
        names,
        [
            ("Shoot".to_owned(), group),
            ("Shoot 2".to_owned(), split.group),
            ("Last".to_owned(), last)
        ]
    );
    let all = engine
        .split_group(split.group, Chosen::Places(vec![(0, 9)]), None)
        .await
        .unwrap_err();
    assert_eq!(all.code, ErrorCode::StateConflict, "all of it is no part");
    let back = engine.undo_regroup(split.undo).await.unwrap();
    assert_eq!((back.group, back.moved), (group, 2));
    assert_eq!(groups(&engine).await.len(), 2);
    let again = engine.undo_regroup(split.undo).await.unwrap_err();
    assert_eq!(again.code, ErrorCode::StateConflict, "once is once");
    goes(&engine).await;
    assert_eq!(end(&engine, group).await, GroupEnd::Done);
    let rows = engine.list_files(group, 0, 20).await.unwrap().files;
    let done: Vec<_> = rows
        .iter()
        .filter(|f| f.state == FileState::Done)
        .map(|f| f.name.as_str())
        .collect();
    assert_eq!(
        done,
        ["0.txt", "3.txt", "4.txt", "1.txt", "2.txt"],
        "under their own names"
    );
    let gone: Vec<_> = rows.iter().filter(|f| f.moved_to.is_some()).collect();
    assert!(gone.len() == 2 && gone.iter().all(|f| f.state == FileState::Removed));
    assert_eq!(end(&engine, last).await, GroupEnd::Done);
    engine.shutdown().await;
}

// files that came from another group and go on to a third are counted where they are.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_put_together_and_taken_apart_is_counted_where_it_is() {
    let b = Bench::new().await;
    let engine = b.engine().await;
    let one = paused(&engine, "One", vec![b.write("a", &bytes(1, 100))]).await;
    let many = (0..3)
        .map(|i| b.write(&format!("b{i}"), &bytes(i, 100)))
        .collect();
    let two = paused(&engine, "Two", many).await;
    let counts = |s: &Snapshot, id| {
        let group = s.groups.iter().find(|g| g.id == id);
        group.map(|g| (g.files.total, g.bytes_total))
    };
    engine.merge_groups(one, two).await.unwrap();
    seen(&engine, |s| counts(s, two) == Some((4, 400))).await;
    let places = Chosen::Places(vec![(0, 1), (2, 3)]);
    // With nothing else to tell, the split is told at once, before its old rows are gone.
    let mut deltas = engine.deltas();
    let quiet = std::time::Duration::from_millis(400);
    while tokio::time::timeout(quiet, deltas.recv()).await.is_ok() {}
    let split = engine.split_group(two, places, None).await.unwrap();
    // Whoever follows is told of both, without asking.
    let followed = async {
        let mut last = BTreeMap::new();
        while last != BTreeMap::from([(two, (2, 200)), (split.group, (2, 200))]) {
            let delta = deltas.recv().await.unwrap();
            last.extend(
                delta
                    .groups
                    .iter()
                    .map(|g| (g.id, (g.files.total, g.bytes_total))),
            );
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(10), followed)
        .await
        .unwrap();
    let told = seen(&engine, |s| {
        counts(s, two) == Some((2, 200)) && counts(s, split.group) == Some((2, 200))
    })
    .await;
    assert_eq!((told.totals.files_total, told.totals.bytes_total), (4, 400));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_move_is_as_durable_as_any_wish_and_what_ended_takes_nothing() {
    let b = Bench::new().await;
    let engine = b.engine().await;
    let first = paused(&engine, "First", vec![b.write("one.txt", b"one")]).await;
    let second = paused(&engine, "Second", vec![b.write("two.txt", b"two")]).await;
    engine.merge_groups(second, first).await.unwrap();
    engine.shutdown().await;
    drop(engine);
    let engine = b.engine().await;
    engine.relaunch_known().await;
    assert_eq!(groups(&engine).await.len(), 1);
    // Taken out of a group that waits for the launch's answer, files wait for it too.
    let apart = engine
        .split_group(first, Chosen::Places(vec![(1, 2)]), None)
        .await
        .unwrap();
    assert_eq!(engine.snapshot().await.unwrap().relaunch.unwrap().groups.len(), 2);
    engine.merge_groups(apart.group, first).await.unwrap();
    assert_eq!(engine.snapshot().await.unwrap().relaunch.unwrap().groups.len(), 1);
    goes(&engine).await;
    engine
        .answer_relaunch(None, windlass_engine::view::RelaunchAnswer::Resume)
        .await
        .unwrap();
    assert_eq!(end(&engine, first).await, GroupEnd::Done);
    assert_eq!(b.plane.objects().len(), 2);
    let third = paused(&engine, "Third", vec![b.write("three.txt", b"three")]).await;
    let closed = engine.merge_groups(third, first).await.unwrap_err();
    assert_eq!(closed.code, ErrorCode::GroupClosed);
    engine.shutdown().await;
}

//
#[tokio::test(flavor = "multi_thread")]
async fn what_stands_first_is_sent_first() {
    const FILES: u64 = 150;
    let b = Bench::new().await;
    let engine = b.engine().await;
    let mut made = Vec::new();
    for group in 0..4_u64 {
        let files = (0..FILES).map(|i| b.write(&format!("{group}/{i}.bin"), &bytes(group * FILES + i, 900)));
        made.push(paused(&engine, &format!("{group}"), files.collect()).await);
    }
    engine.move_group(made[3], 0).await.unwrap();
    engine.move_group(made[0], 3).await.unwrap();
    let order: Vec<_> = groups(&engine).await.into_iter().map(|g| g.name).collect();
    assert_eq!(order, ["3", "1", "2", "0"]);
    let mut of = std::collections::HashMap::new();
    for (n, group) in made.iter().enumerate() {
        let page = engine.list_files(*group, 0, 500).await.unwrap();
        of.extend(page.files.into_iter().map(|f| (f.id, n)));
    }
    // The door opens when all of them could go: then the order alone decides.
    b.plane.hold_puts(true);
    goes(&engine).await;
    wait_for(|| (b.plane.signed() == made.len() * FILES as usize).then_some(())).await;
    // These took the line while the others were still looked up, in whatever order that came.
    let ahead = b.plane.held_files();
    b.plane.hold_puts(false);
    for group in &made {
        assert_eq!(end(&engine, *group).await, GroupEnd::Done);
    }
    // Several go at once, so their answers may cross; on the whole they come in the order of the list.
    let mut places = [0_usize; 4];
    let mut count = [0_usize; 4];
    let behind = b
        .plane
        .puts()
        .into_iter()
        .filter(|(file, _)| !ahead.contains(file));
    for (place, (file, _)) in behind.enumerate() {
        places[of[&file]] += place;
        count[of[&file]] += 1;
    }
    let places: Vec<_> = places.iter().zip(count).map(|(sum, n)| sum / n).collect();
    assert!(
        places[3] < places[1] && places[1] < places[2] && places[2] < places[0],
        "{places:?}"
    );
    engine.shutdown().await;
}

//
#[tokio::test(flavor = "multi_thread")]
async fn notes_stand_on_the_card_and_in_the_receipt() {
    let b = Bench::new().await;
    let engine = b.engine().await;
    let group = paused(&engine, "g", vec![b.write("a.txt", b"a")]).await;
    let notes = Notes {
        text: "For Ada".into(),
        pairs: [("job".to_owned(), "4711".to_owned())].into(),
    };
    engine.set_notes(group, notes.clone()).await.unwrap();
    let long = Notes {
        text: "x".repeat(20_000),
        ..Notes::default()
    };
    assert_eq!(
        engine.set_notes(group, long).await.unwrap_err().code,
        ErrorCode::InvalidField
    );
    assert_eq!(groups(&engine).await[0].notes.as_ref(), Some(&notes));
    goes(&engine).await;
    assert_eq!(end(&engine, group).await, GroupEnd::Done);
    engine.remove_group(group).await.unwrap();
    assert_eq!(engine.history_details(group).await.unwrap().notes, notes);
    engine.shutdown().await;
}

//
#[tokio::test(flavor = "multi_thread")]
async fn empty_folders_are_written_down_with_the_group() {
    let b = Bench::new().await;
    let engine = b.engine().await;
    b.write("full/a.txt", b"a");
    for empty in ["full/none", "nothing/deep", "zz"] {
        std::fs::create_dir_all(b.source().join(empty)).unwrap();
    }
    let group = paused(&engine, "g", vec![b.source()]).await;
    goes(&engine).await;
    assert_eq!(end(&engine, group).await, GroupEnd::Done);
    let folders = engine.history_details(group).await.unwrap().empty_folders;
    let paths: Vec<_> = folders.iter().map(|f| f.path.as_str()).collect();
    assert_eq!(paths, ["source/full/none", "source/nothing/deep", "source/zz"]);
    engine.shutdown().await;
}

// what is too much for one group goes as several.
#[tokio::test(flavor = "multi_thread")]
async fn a_folder_goes_as_several_groups_one_for_each_folder_in_it() {
    let b = Bench::new().await;
    let engine = b.engine().await;
    for name in ["a/1.txt", "a/deep/2.txt", "b/3.txt", "b/left.txt", "loose.txt"] {
        b.write(name, name.as_bytes());
    }
    let add = AddPaths {
        group: None,
        name: None,
        paths: vec![b.source()],
        destination: None,
        origin: Origin::Drop,
        id: None,
        paused: false,
    };
    let leave = Leave {
        names: BTreeSet::from(["source/b/left.txt".to_owned()]),
        ..Leave::default()
    };
    let made = engine.add_split(add.clone(), leave).await.unwrap();
    for group in &made {
        assert_eq!(end(&engine, *group).await, GroupEnd::Done);
    }
    let all = groups(&engine).await;
    let told: BTreeMap<_, _> = all.iter().map(|g| (g.name.as_str(), g.files.total)).collect();
    let wanted = [("source – a", 2), ("source – b", 1), ("source", 1)];
    assert_eq!(told, BTreeMap::from(wanted));
    let one = AddPaths {
        group: Some(made[0]),
        ..add
    };
    let refused = engine.add_split(one, Leave::default()).await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::BadRequest);
    engine.shutdown().await;
}

// G-9, X-12, X-13
#[tokio::test(flavor = "multi_thread")]
async fn originals_stay_where_the_copy_is_on_their_disk_or_they_are_not_what_was_proved() {
    let b = Bench::new().await;
    let engine = b.engine().await;
    let path = b.write("a.txt", b"a");
    let group = paused(&engine, "g", vec![path.clone()]).await;
    goes(&engine).await;
    assert_eq!(end(&engine, group).await, GroupEnd::Done);
    std::fs::create_dir_all(b.dir.path().join("to")).unwrap();
    let same_disk = engine.trash_originals(group).await.unwrap_err();
    assert_eq!(same_disk.code, ErrorCode::StateConflict);
    std::fs::remove_dir(b.dir.path().join("to")).unwrap();
    b.write("a.txt", b"b");
    let changed = engine.trash_originals(group).await.unwrap_err();
    assert_eq!(changed.code, ErrorCode::StateConflict);
    assert_eq!(std::fs::read(&path).unwrap(), b"b");
    engine.shutdown().await;
}
