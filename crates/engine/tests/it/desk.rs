//! What a person does at the desk: limits, order, choosing many, looking before, looking back.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use windlass_core::accepts::Accepts;
use windlass_core::error::ErrorCode;
use windlass_core::ids::GroupId;
use windlass_core::states::{FileState, Intent};
use windlass_engine::view::{
    FileWord, Find, FindKind, HistoryActKind, HistoryAsk, HistoryEnd, HistoryNarrow, PreflightKind,
    PreflightView, ProvedAsk, ProvedKind, ReceiptForm, SafeAnswer,
};
use windlass_engine::{
    AddPaths, Chosen, EngineHandle, FileAct, GroupEnd, Leave, LookFor, Origin, Preflight, RowRange, Scope,
};

use crate::plane::Fault;
use crate::{Bench, add, bytes, end, seen, wait_for};

const KIB: usize = 1 << 10;

fn given(path: std::path::PathBuf) -> AddPaths {
    AddPaths {
        paths: vec![path],
        group: None,
        name: Some("g".into()),
        destination: None,
        origin: Origin::Drop,
        id: None,
        paused: false,
    }
}

async fn looked(engine: &EngineHandle, path: std::path::PathBuf) -> PreflightView {
    let look = engine.preflight(vec![path], LookFor::New(None)).await.unwrap();
    seen_whole(&look).await
}

async fn seen_whole(look: &Preflight) -> PreflightView {
    wait_for(|| Some(look.view()).filter(|view| view.done && view.comparing == 0)).await
}

/// Everything is paused, and a group of one file waits for its end.
async fn with_one_file_held(b: &Bench) -> (EngineHandle, GroupId) {
    b.write("a", &bytes(1, KIB));
    let engine = b.engine().await;
    engine.set_intent(Scope::App, Intent::Paused).await.unwrap();
    let group = add(&engine, &[&b.source()]).await;
    seen(&engine, |s| !s.groups[0].scanning && s.groups[0].files.total == 1).await;
    (engine, group)
}

// C-8: the tray and the window follow by deltas; somebody else's look must not take a change away from them.
#[tokio::test(flavor = "multi_thread")]
async fn who_follows_by_deltas_misses_nothing_when_another_asks_for_a_snapshot() {
    let b = Bench::new().await;
    let (engine, group) = with_one_file_held(&b).await;
    let mut deltas = engine.deltas();
    let mut heard = engine.snapshot().await.unwrap();
    for n in 0..10 {
        let name = format!("name {n}");
        engine.rename_group(group, &name).await.unwrap();
        // Another window, the command line.
        let other = engine.snapshot().await.unwrap();
        assert_eq!(other.groups[0].name, name);
        while heard.groups[0].name != name {
            let next = tokio::time::timeout(Duration::from_secs(5), deltas.recv());
            let delta = next.await.expect("the change was never told").unwrap();
            for told in &delta.groups {
                heard.groups[0] = told.clone();
            }
        }
    }
}

// B-6
#[tokio::test(flavor = "multi_thread")]
async fn whoever_lets_everything_go_on_waits_for_no_later_try() {
    let b = Bench::new().await;
    let (engine, group) = with_one_file_held(&b).await;
    let queue = windlass_queue::Connection::open(b.dir.path().join("home/queue.sqlite")).unwrap();
    let later = "UPDATE upload_file SET tries = 9, next_try_at = (strftime('%s', 'now') + 1140) * 1000";
    assert_eq!(queue.execute(later, []).unwrap(), 1);
    engine.set_intent(Scope::App, Intent::Run).await.unwrap();
    assert_eq!(end(&engine, group).await, GroupEnd::Done);
}

// I-1, I-3
#[tokio::test(flavor = "multi_thread")]
async fn a_limit_holds_all_uploads_and_a_change_is_felt_in_less_than_a_second() {
    let b = Bench::new().await;
    for i in 0..4 {
        b.write(&format!("{i}"), &bytes(i, 512 * KIB));
    }
    let engine = b.engine().await;
    engine.set_setting("limit", (256 * KIB).into()).await.unwrap();
    let began = Instant::now();
    let group = add(&engine, &[&b.source()]).await;
    let mut deltas = engine.deltas();
    while engine.snapshot().await.unwrap().groups[0].bytes_done < 1_024 * KIB as u64 {
        let _ = deltas.recv().await;
    }
    let taken = began.elapsed();
    assert!(
        taken >= Duration::from_millis(2_500),
        "1 MiB in {taken:?} at 256 KiB/s"
    );
    // This one would take a minute.
    engine.set_setting("limit", (32 * KIB).into()).await.unwrap();
    let late = add(&engine, &[&b.write("late", &bytes(9, 2_048 * KIB))]).await;
    seen(&engine, |s| {
        s.groups.iter().any(|g| g.id == late && g.files.active > 0)
    })
    .await;
    let changed = Instant::now();
    engine.set_setting("limit", 0.into()).await.unwrap();
    assert_eq!(end(&engine, group).await, GroupEnd::Done);
    assert_eq!(end(&engine, late).await, GroupEnd::Done);
    assert!(
        changed.elapsed() < Duration::from_secs(20),
        "{:?}",
        changed.elapsed()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_choice_that_makes_no_sense_is_refused_and_each_can_be_taken_back() {
    let b = Bench::new().await;
    let engine = b.engine().await;
    for (key, value) in [
        ("limit", 5.into()),
        ("limit", "fast".into()),
        ("connections", 1_000.into()),
        ("small_share", 0.into()),
        ("small_share", 100.into()),
        ("theme", "pink".into()),
        ("density", "tight".into()),
        ("rate_unit", "miles".into()),
        ("log_level", "trace".into()),
        ("log_days", 0.into()),
        ("close_to_tray", "yes".into()),
        ("first_run_done", true.into()),
        ("first_run_done", serde_json::Value::Null),
    ] {
        let refused = engine.set_setting(key, value).await.unwrap_err();
        assert_eq!(refused.code, ErrorCode::InvalidField, "{key}");
    }
    for (key, value) in [
        ("theme", "contrast".into()),
        ("connections", 2.into()),
        ("battery_below", 50.into()),
    ] {
        engine.set_setting(key, value).await.unwrap();
    }
    assert_eq!(engine.snapshot().await.unwrap().settings["connections"], 2);
    for key in ["theme", "connections", "battery_below"] {
        engine.set_setting(key, serde_json::Value::Null).await.unwrap();
        assert!(
            !engine.snapshot().await.unwrap().settings.contains_key(key),
            "{key}"
        );
    }
}

// I-2
#[tokio::test(flavor = "multi_thread")]
async fn a_limit_that_is_taken_back_holds_nobody() {
    let b = Bench::new().await;
    b.write("x", &bytes(1, 1_024 * KIB));
    let engine = b.engine().await;
    engine.set_setting("limit", (32 * KIB).into()).await.unwrap();
    let group = add(&engine, &[&b.source()]).await;
    seen(&engine, |s| s.groups[0].files.active == 1).await;
    let lifted = Instant::now();
    engine
        .set_setting("limit", serde_json::Value::Null)
        .await
        .unwrap();
    assert_eq!(end(&engine, group).await, GroupEnd::Done);
    // 1 MiB at 32 KiB/s takes 32 s.
    assert!(
        lifted.elapsed() < Duration::from_secs(20),
        "{:?}",
        lifted.elapsed()
    );
}

//
#[tokio::test(flavor = "multi_thread")]
async fn groups_are_put_in_another_order_and_stay_so_after_a_launch() {
    let b = Bench::new().await;
    let engine = b.engine().await;
    engine.set_intent(Scope::App, Intent::Paused).await.unwrap();
    let mut ids = Vec::new();
    for i in 0..3 {
        let path = b.write(&format!("{i}/x"), &bytes(i, 10));
        ids.push(add(&engine, &[&path]).await);
    }
    engine.move_group(ids[2], 0).await.unwrap();
    let order = |groups: Vec<windlass_engine::view::GroupView>| {
        let mut all: Vec<_> = groups.into_iter().map(|g| (g.order, g.id)).collect();
        all.sort_unstable();
        all.into_iter().map(|(_, id)| id).collect::<Vec<_>>()
    };
    let wanted = vec![ids[2], ids[0], ids[1]];
    assert_eq!(order(engine.snapshot().await.unwrap().groups), wanted);
    engine.shutdown().await;
    drop(engine);
    let engine = b.engine().await;
    assert_eq!(order(engine.snapshot().await.unwrap().groups), wanted);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_files_are_found_chosen_and_left_out_at_once() {
    let b = Bench::new().await;
    for i in 0..30 {
        b.write(
            &format!("{}/file-{i:02}.bin", if i % 2 == 0 { "even" } else { "odd" }),
            &bytes(i, 100),
        );
    }
    let engine = b.engine().await;
    engine.set_intent(Scope::App, Intent::Paused).await.unwrap();
    let group = add(&engine, &[&b.source()]).await;
    seen(&engine, |s| !s.groups[0].scanning).await;
    let find = Find {
        text: "ODD file".into(),
        kind: FindKind::Open,
        code: None,
    };
    let range = RowRange {
        group,
        offset: 10,
        limit: 100,
        find: Some(find.clone()),
    };
    let page = engine.watch_rows(vec![range]).await.unwrap().remove(0);
    assert_eq!((page.total, page.files.len()), (Some(15), 5));
    assert_eq!(engine.find_in_groups("odd".into()).await.unwrap(), [(group, 15)]);
    let reached = engine
        .act_on_files(group, Chosen::Found(find), FileAct::Cancel)
        .await
        .unwrap();
    assert_eq!(reached, 15);
    let paused = engine
        .act_on_files(group, Chosen::Places(vec![(0, 2), (4, 5)]), FileAct::Pause)
        .await
        .unwrap();
    assert_eq!(paused, 3);
    let resumed = engine
        .act_on_files(group, Chosen::Places(vec![(0, 30)]), FileAct::Resume)
        .await
        .unwrap();
    assert_eq!(resumed, 3);
    engine.set_intent(Scope::App, Intent::Run).await.unwrap();
    assert_eq!(end(&engine, group).await, GroupEnd::Done);
    assert_eq!(b.plane.objects().len(), 15);
}

fn proved(text: &str) -> ProvedAsk {
    let filter = HistoryNarrow {
        text: text.into(),
        ..HistoryNarrow::default()
    };
    ProvedAsk {
        filter,
        limit: 10,
        ..ProvedAsk::default()
    }
}

// G-6
#[tokio::test(flavor = "multi_thread")]
async fn the_history_is_narrowed_to_a_folder_a_time_and_what_was_sent_and_tells_what_was_done_besides() {
    let b = Bench::new().await;
    b.write("sub/0.bin", &bytes(1, 1_000));
    b.write("sub2/1.bin", &bytes(2, 1_000));
    let engine = b.engine().await;
    let began = windlass_engine::clock::now().as_millis();
    let (sub, other) = (b.source().join("sub"), b.source().join("sub2"));
    let group = add(&engine, &[&sub]).await;
    assert_eq!(end(&engine, group).await, GroupEnd::Done);
    let second = add(&engine, &[&other]).await;
    assert_eq!(end(&engine, second).await, GroupEnd::Done);
    let of = |folder: &std::path::Path| HistoryNarrow {
        folder: Some(folder.to_str().unwrap().to_owned()),
        ..HistoryNarrow::default()
    };
    let page = async |filter: HistoryNarrow, after, limit| {
        let ask = HistoryAsk {
            filter,
            after,
            limit,
            ..HistoryAsk::default()
        };
        engine.history(ask).await.unwrap()
    };
    let names = async |filter: HistoryNarrow| {
        let page = page(filter, None, 10).await;
        page.entries.into_iter().map(|e| e.group).collect::<Vec<_>>()
    };
    assert_eq!(names(of(&sub)).await, [group], "and not what only begins like it");
    assert_eq!(names(of(&b.source())).await, [second, group]);
    let before = HistoryNarrow {
        before: Some(began),
        ..HistoryNarrow::default()
    };
    assert_eq!(names(before.clone()).await, []);
    let since = HistoryNarrow {
        from: Some(began),
        ..HistoryNarrow::default()
    };
    assert_eq!(names(since).await, [second, group]);
    let nowhere = HistoryAsk {
        filter: HistoryNarrow {
            folder: Some("sub".into()),
            ..HistoryNarrow::default()
        },
        ..HistoryAsk::default()
    };
    assert_eq!(
        engine.history(nowhere).await.unwrap_err().code,
        ErrorCode::InvalidField
    );

    let files = async |filter: HistoryNarrow, kind: ProvedKind| {
        let ask = ProvedAsk {
            filter,
            proved: kind,
            ..proved("")
        };
        let found = engine.find_proved(ask).await.unwrap();
        found.files.into_iter().map(|f| f.group).collect::<Vec<_>>()
    };
    assert_eq!(files(of(&sub), ProvedKind::Sent).await, [group]);
    assert_eq!(files(of(&sub), ProvedKind::Spared).await, []);
    assert_eq!(files(before, ProvedKind::All).await, []);

    // What was done stands among what ended, also where a page begins in between.
    engine.verify_group(group).await.unwrap();
    let all = page(HistoryNarrow::default(), None, 10).await;
    // The oldest is that the destination was added.
    assert_eq!((all.entries.len(), all.acts.len(), all.next), (2, 2, None));
    let act = &all.acts[0];
    assert_eq!(
        (act.kind, act.group, act.files, act.failed),
        (HistoryActKind::Asked, Some(group), 1, 0)
    );
    let (mut after, mut told) = (None, Vec::new());
    loop {
        let one = page(HistoryNarrow::default(), after, 1).await;
        told.extend(one.entries.iter().map(|e| e.group.to_string()));
        told.extend(one.acts.iter().map(|a| format!("act {}", a.seq)));
        after = one.next;
        if after.is_none() {
            break;
        }
    }
    let mut expected = vec![format!("act {}", act.seq)];
    expected.extend([second, group].map(|g| g.to_string()));
    expected.push(format!("act {}", all.acts[1].seq));
    assert_eq!(told, expected);
    // Acts have no destination and no folder to be found by.
    assert_eq!(page(of(&sub), None, 10).await.acts, []);
}

// G-6, G-8, G-9, X-11, X-12
#[tokio::test(flavor = "multi_thread")]
async fn what_ended_is_in_the_history_with_its_proof_and_says_when_originals_are_needed() {
    let b = Bench::new().await;
    for i in 0..3 {
        b.write(&format!("sub/{i}.bin"), &bytes(i, 1_000));
    }
    let engine = b.engine().await;
    let group = add(&engine, &[&b.source()]).await;
    assert_eq!(end(&engine, group).await, GroupEnd::Done);
    let ask = HistoryAsk {
        limit: 10,
        filter: HistoryNarrow {
            ended: Some(HistoryEnd::Completed),
            ..HistoryNarrow::default()
        },
        ..HistoryAsk::default()
    };
    let page = engine.history(ask).await.unwrap();
    assert_eq!((page.entries.len(), page.next), (1, None));
    assert_eq!((page.entries[0].group, page.entries[0].done), (group, 3));
    let found = engine.find_proved(proved("1 bin")).await.unwrap();
    assert_eq!(found.files.len(), 1);
    assert_eq!(found.files[0].rel_path, "source/sub/1.bin");
    let lines = engine.receipt_lines(group, None, 2).await.unwrap();
    assert_eq!(lines.lines.len(), 2);
    let rest = engine.receipt_lines(group, lines.next, 2).await.unwrap();
    assert_eq!((rest.lines.len(), rest.next), (1, None));

    let safe = engine.safe_to_delete(group).await.unwrap();
    assert_eq!((safe.covered, safe.changed, safe.unhashed), (3, 0, 0));
    assert_eq!(safe.answer, SafeAnswer::Yes, "{safe:?}");
    // The destination lies on the disk of the originals.
    std::fs::create_dir(b.dir.path().join("to")).unwrap();
    let safe = engine.safe_to_delete(group).await.unwrap();
    assert!(safe.same_disk && safe.answer == SafeAnswer::CantTell, "{safe:?}");
    b.write("sub/1.bin", b"other");
    std::fs::remove_file(b.source().join("sub/2.bin")).unwrap();
    let safe = engine.safe_to_delete(group).await.unwrap();
    assert_eq!((safe.covered, safe.changed, safe.gone), (1, 1, 1));
    assert_eq!(safe.answer, SafeAnswer::NotYet);
    assert_eq!(safe.example.as_deref(), Some("source/sub/1.bin"));

    let (name, csv) = engine.export_receipt(group, ReceiptForm::Csv).await.unwrap();
    assert!(name.starts_with("WL-") && name.ends_with(".csv"), "{name}");
    assert_eq!(String::from_utf8(csv).unwrap().lines().count(), 4);
    let (_, json) = engine.export_receipt(group, ReceiptForm::Json).await.unwrap();
    let (_, again) = engine.export_receipt(group, ReceiptForm::Json).await.unwrap();
    assert_eq!(json, again);
    let json: serde_json::Value = serde_json::from_slice(&json).unwrap();
    assert_eq!(json["lines"].as_array().unwrap().len(), 3);
    let (_, pdf) = engine.export_receipt(group, ReceiptForm::Pdf).await.unwrap();
    assert!(pdf.starts_with(b"%PDF-1.4") && pdf.ends_with(b"%%EOF\n"));

    // It stays after its card is gone.
    engine.remove_group(group).await.unwrap();
    let details = engine.history_details(group).await.unwrap();
    assert!(!details.on_list);
    assert_eq!((details.proved, details.hashed), (3, 3));
    assert_eq!(engine.receipt(group).await.unwrap().lines.len(), 3);
    let figures = engine.insights(24, None).await.unwrap();
    assert_eq!((figures.verified, figures.failed), (3, 0));
    assert!(figures.sent >= 3_000, "{}", figures.sent);
    assert!(figures.rates.iter().any(|r| *r > 0.0));
    assert_eq!(figures.destinations.len(), 1);
}

//
#[tokio::test(flavor = "multi_thread")]
async fn a_look_tells_what_is_there_what_changed_and_what_can_not_go_and_the_answer_is_kept() {
    let b = Bench::new().await;
    for i in 0..4 {
        b.write(&format!("{i}.bin"), &bytes(i, 100));
    }
    let engine = b.engine().await;
    let first = looked(&engine, b.source()).await;
    assert_eq!((first.files, first.ready, first.ready_bytes), (4, 4, 400));
    let group = add(&engine, &[&b.source()]).await;
    assert_eq!(end(&engine, group).await, GroupEnd::Done);

    b.write("0.bin", b"something else");
    b.write("new.bin", b"new");
    std::fs::create_dir(b.source().join("empty")).unwrap();
    std::os::unix::fs::symlink("/etc/passwd", b.source().join("link")).unwrap();
    let view = looked(&engine, b.source()).await;
    let kinds: Vec<_> = view.folds.iter().map(|f| (f.kind, f.files)).collect();
    assert!(kinds.contains(&(PreflightKind::AlreadyThere, 3)), "{kinds:?}");
    assert!(kinds.contains(&(PreflightKind::NotRegular, 1)), "{kinds:?}");
    assert_eq!(
        (view.files, view.ready, view.folders, view.empty_folders),
        (6, 2, 2, 1)
    );
    assert!(view.free.is_some() && view.name == "source");

    let leave = Leave {
        unchanged: true,
        troubled: true,
        ..Leave::default()
    };
    let group = engine.add_checked(given(b.source()), leave).await.unwrap();
    assert_eq!(end(&engine, group).await, GroupEnd::Done);
    let rows = engine.list_files(group, 0, 100).await.unwrap().files;
    let mut names: Vec<_> = rows.iter().map(|f| f.name.as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["0.bin", "new.bin"]);
    assert!(rows.iter().all(|f| f.state == FileState::Done));
}

// a copy under another name is told before a byte moves, for it is there by its content
#[tokio::test(flavor = "multi_thread")]
async fn a_look_tells_what_is_there_by_content_under_another_name() {
    let b = Bench::new().await;
    let content = bytes(1, 3 * KIB);
    b.write("first.bin", &content);
    b.write("second.bin", &bytes(2, 100));
    let engine = b.engine().await;
    let group = add(&engine, &[&b.source()]).await;
    assert_eq!(end(&engine, group).await, GroupEnd::Done);

    // One that lay there for a while, one that was copied just now; one of the same size, one that has another file's content.
    let more = b.source().with_file_name("more");
    std::fs::create_dir(&more).unwrap();
    let settled = more.join("settled.bin");
    for (name, bytes) in [
        ("copied.bin", &content),
        ("settled.bin", &content),
        ("like.bin", &bytes(3, 3 * KIB)),
        ("empty.bin", &Vec::new()),
    ] {
        std::fs::write(more.join(name), bytes).unwrap();
    }
    let old = std::time::UNIX_EPOCH + Duration::from_secs(1_600_000_000);
    std::fs::File::options()
        .write(true)
        .open(&settled)
        .unwrap()
        .set_modified(old)
        .unwrap();
    b.write("second.bin", &content);

    let paths = vec![more.clone(), b.source()];
    let look = engine.preflight(paths.clone(), LookFor::New(None)).await.unwrap();
    let view = seen_whole(&look).await;
    let there: Vec<_> = view
        .folds
        .iter()
        .filter(|f| f.kind == PreflightKind::AlreadyThere)
        .flat_map(|f| f.examples.iter().map(|e| e.name.as_str()))
        .collect();
    assert_eq!(
        there.iter().copied().collect::<BTreeSet<_>>(),
        BTreeSet::from([
            "more/copied.bin",
            "more/settled.bin",
            "source/first.bin",
            "source/second.bin"
        ])
    );
    assert!(
        view.folds
            .iter()
            .all(|f| f.kind == PreflightKind::AlreadyThere && f.files == 4),
        "{:?}",
        view.folds
    );
    assert_eq!((view.ready, view.ready_bytes), (2, 3 * KIB as u64));
    let first: Vec<_> = view.first.iter().map(|e| e.name.as_str()).collect();
    assert_eq!(first, ["more/empty.bin", "more/like.bin"]);

    let leave = Leave {
        unchanged: true,
        there: look.there(),
        ..Leave::default()
    };
    let add = AddPaths {
        paths,
        ..given(more.clone())
    };
    let group = engine.add_checked(add.clone(), leave.clone()).await.unwrap();
    assert_eq!(end(&engine, group).await, GroupEnd::Done);
    let rows = engine.list_files(group, 0, 100).await.unwrap().files;
    let names: Vec<_> = rows.iter().map(|f| f.name.as_str()).collect();
    assert_eq!(names, ["empty.bin", "like.bin"]);

    // Written to after the look, it is another version: what the look said of it holds no more.
    std::fs::write(more.join("copied.bin"), b"written after the look").unwrap();
    let group = engine.add_checked(add, leave).await.unwrap();
    assert_eq!(end(&engine, group).await, GroupEnd::Done);
    let rows = engine.list_files(group, 0, 100).await.unwrap().files;
    assert!(rows.iter().any(|f| f.name == "copied.bin"), "{rows:?}");
}

// from when to when, told before a byte moves
#[tokio::test(flavor = "multi_thread")]
async fn a_look_tells_from_when_to_when_the_files_were_changed() {
    let b = Bench::new().await;
    let at = |s| std::time::UNIX_EPOCH + Duration::from_secs(s);
    for (name, changed) in [
        ("old", 1_600_000_000),
        ("between", 1_650_000_000),
        ("young", 1_700_000_000),
    ] {
        let path = b.write(name, b"some bytes");
        let file = std::fs::File::options().write(true).open(path).unwrap();
        file.set_modified(at(changed)).unwrap();
    }
    let engine = b.engine().await;
    let view = looked(&engine, b.source()).await;
    assert_eq!(
        (view.oldest, view.newest),
        (Some(1_600_000_000_000), Some(1_700_000_000_000))
    );
}

fn accepts(max_bytes: Option<u64>, refused: &[&str], allowed: Option<&[&str]>) -> Accepts {
    let words = |list: &[&str]| list.iter().map(|w| (*w).to_owned()).collect();
    Accepts {
        max_bytes,
        refused_types: words(refused),
        allowed_mime: allowed.map(words),
    }
}

/// What a look says of files that the destination does not take: kind, names, its limit, its types.
type Refused = (PreflightKind, Vec<String>, Option<u64>, Vec<String>);

fn refused(view: &PreflightView) -> Vec<Refused> {
    view.folds
        .iter()
        // They were written a moment ago.
        .filter(|f| f.kind != PreflightKind::Growing)
        .map(|f| {
            let names = f.examples.iter().map(|e| format!("{} {}", e.name, e.bytes));
            (f.kind, names.collect(), f.limit, f.types.clone())
        })
        .collect()
}

// WL-106, WL-107
#[tokio::test(flavor = "multi_thread")]
async fn what_a_destination_does_not_take_is_told_before_and_left_out_with_its_reason() {
    let b = Bench::new().await;
    b.write("fits.bin", &bytes(1, 1_000));
    b.write("large.bin", &bytes(2, 1_001));
    b.write("viewer-setup.EXE", &bytes(3, 10));
    let engine = b.engine().await;
    let id = engine.destinations().await.unwrap()[0].id;
    let mut form = engine.destination_form(id).await.unwrap();
    form.accepts = accepts(Some(1_000), &[".EXE", " *.msi"], None);
    assert!(engine.edit_destination(id, &form).await.unwrap().ok);
    let limits = accepts(Some(1_000), &["exe", "msi"], None);
    assert_eq!(engine.destinations().await.unwrap()[0].accepts, limits);
    assert_eq!(engine.destination_form(id).await.unwrap().accepts, limits);

    let view = looked(&engine, b.source()).await;
    let large = (
        PreflightKind::TooLarge,
        vec!["source/large.bin 1001".to_owned()],
        Some(1_000),
        vec![],
    );
    let program = (
        PreflightKind::TypeRefused,
        vec!["source/viewer-setup.EXE 10".to_owned()],
        None,
        vec![".exe".to_owned()],
    );
    assert_eq!(refused(&view), [large, program]);
    assert_eq!((view.files, view.ready, view.ready_bytes), (3, 1, 1_000));

    let group = add(&engine, &[&b.source()]).await;
    assert_eq!(end(&engine, group).await, GroupEnd::Done);
    let rows = engine.list_files(group, 0, 10).await.unwrap().files;
    let told: Vec<_> = rows
        .iter()
        .map(|f| {
            (
                f.name.as_str(),
                f.word,
                f.error.as_ref().map(|e| (e.code, e.detail.as_str())),
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            ("fits.bin", FileWord::Verified, None),
            (
                "large.bin",
                FileWord::Skipped,
                Some((ErrorCode::TooLarge, "1001 bytes, allowed are 1000"))
            ),
            (
                "viewer-setup.EXE",
                FileWord::Skipped,
                Some((ErrorCode::MimeNotAllowed, ".exe files are refused"))
            ),
        ]
    );
    // They can be left out before, as whatever else can't be sent.
    let leave = Leave {
        troubled: true,
        ..Leave::default()
    };
    let group = engine.add_checked(given(b.source()), leave).await.unwrap();
    assert_eq!(end(&engine, group).await, GroupEnd::Done);
    assert_eq!(engine.list_files(group, 0, 10).await.unwrap().files.len(), 1);

    form.accepts.refused_types = vec!["a/b".into()];
    let odd = engine.edit_destination(id, &form).await.unwrap_err();
    assert_eq!(odd.code, ErrorCode::InvalidField);
    assert_eq!(engine.destinations().await.unwrap()[0].accepts, limits);
}

// who runs a storage may change what it takes at any time.
#[tokio::test(flavor = "multi_thread")]
async fn limits_are_asked_anew_and_without_an_answer_those_that_were_told_last_hold() {
    let b = Bench::new().await;
    b.write("a.txt", b"text");
    b.write("b.png", b"picture");
    let engine = b.engine().await;
    assert_eq!(refused(&looked(&engine, b.source()).await), []);
    b.plane.limit(&accepts(None, &[], Some(&["text/*"])));
    let view = looked(&engine, b.source()).await;
    let png = (
        PreflightKind::TypeRefused,
        vec!["source/b.png 7".to_owned()],
        None,
        vec!["image/png".to_owned()],
    );
    assert_eq!(refused(&view), std::slice::from_ref(&png));
    let taken = view.folds.iter().find(|f| f.kind == PreflightKind::TypeRefused);
    assert_eq!(taken.unwrap().taken, ["text/*"]);

    b.plane.limit(&accepts(Some(1), &[], None));
    b.plane
        .fail("destinations", vec![Fault::Status(503, "busy"); 100]);
    assert_eq!(refused(&looked(&engine, b.source()).await), [png]);
    let group = add(&engine, &[&b.source()]).await;
    assert_eq!(end(&engine, group).await, GroupEnd::Done);
    let rows = engine.list_files(group, 0, 10).await.unwrap().files;
    assert_eq!(
        rows.iter().map(|f| f.word).collect::<Vec<_>>(),
        [FileWord::Verified, FileWord::Skipped]
    );
}

// H-8, X-26
#[tokio::test(flavor = "multi_thread")]
async fn the_diagnostics_name_no_file_no_folder_and_no_group() {
    let b = Bench::new().await;
    b.write("secret-plan.bin", b"x");
    std::os::unix::fs::symlink("/etc/passwd", b.source().join("secret-link")).unwrap();
    let engine = b.engine().await;
    let mut add = given(b.source());
    add.name = Some("Secret project".into());
    let group = engine.add_paths(add).await.unwrap();
    end(&engine, group).await;
    let sections = engine.diagnostics().await.unwrap();
    let text: String = sections.iter().map(|s| s.text.to_lowercase()).collect();
    for word in ["secret", "passwd", "/", "there"] {
        assert!(!text.contains(word), "{word} in {text}");
    }
    assert!(text.contains("1 done"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_file_in_full_has_its_parts_its_sums_and_where_it_stands() {
    let b = Bench::new().await;
    let path = b.write("deep/large.bin", &bytes(7, (20 << 20) + 3));
    let engine = b.engine().await;
    let group = add(&engine, &[&b.source()]).await;
    assert_eq!(end(&engine, group).await, GroupEnd::Done);
    let row = engine.list_files(group, 0, 1).await.unwrap().files.remove(0);
    let details = engine.file_details(row.id, 1).await.unwrap();
    assert_eq!(details.path, path.to_string_lossy());
    assert_eq!(details.parts.len(), row.parts_total as usize);
    assert_eq!(details.parts.iter().map(|p| p.size).sum::<u64>(), row.size);
    assert!(details.sha256.is_some() && details.crc64.is_some());
    let later = engine.file_details(row.id, 3).await.unwrap();
    assert_eq!(later.parts[0].number, 3);
    assert_eq!(engine.source_of(row.id).await.unwrap(), path);
    let again = engine.upload_again(group).await.unwrap();
    assert_eq!(end(&engine, again).await, GroupEnd::Done);
    let rows = engine.list_files(again, 0, 10).await.unwrap().files;
    assert_eq!((rows.len(), rows[0].folder.as_str()), (1, "source/deep"));
}
