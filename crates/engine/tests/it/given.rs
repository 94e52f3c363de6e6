//! What a person gives: answered in the sheet, while other programs write it, several times into one group.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use windlass_core::ids::GroupId;
use windlass_core::states::Intent;
use windlass_engine::view::{FileWord, PreflightKind, PreflightView, ReceiptForm, RelaunchAnswer};
use windlass_engine::{AddPaths, Chosen, EngineHandle, FileAct, GroupEnd, Leave, LookFor, Origin, Scope};

use crate::{Bench, add, bytes, end, seen, wait_for};

/// Another program that has a file open for writing, and appends when it is told to.
struct Program {
    child: Child,
}

impl Program {
    fn writes(file: &Path) -> Self {
        let script = format!(
            "exec 3>>'{}'; printf begun >&3; echo open; while read -r word; do printf %s \"$word\" >&3; done",
            file.display()
        );
        let mut child = Command::new("sh")
            .args(["-c", &script])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        Self { child }
    }

    /// Writes this, closes the file and ends.
    fn ends_with(mut self, word: &str) {
        let mut input = self.child.stdin.take().unwrap();
        writeln!(input, "{word}").unwrap();
        drop(input);
        assert!(self.child.wait().unwrap().success());
    }
}

fn given(path: std::path::PathBuf, group: Option<GroupId>) -> AddPaths {
    AddPaths {
        paths: vec![path],
        group,
        name: None,
        destination: None,
        origin: Origin::Drop,
        id: None,
        paused: false,
    }
}

async fn looked(engine: &EngineHandle, path: std::path::PathBuf, to: LookFor) -> PreflightView {
    let look = engine.preflight(vec![path], to).await.unwrap();
    wait_for(|| Some(look.view()).filter(|view| view.done)).await
}

fn kinds(view: &PreflightView) -> Vec<(PreflightKind, u32)> {
    view.folds.iter().map(|f| (f.kind, f.files)).collect()
}

async fn names(engine: &EngineHandle, group: GroupId) -> BTreeSet<String> {
    let rows = engine.list_files(group, 0, 100).await.unwrap().files;
    assert!(rows.iter().all(|f| f.word == FileWord::Verified), "{rows:?}");
    rows.into_iter().map(|f| f.name).collect()
}

fn set(all: &[&str]) -> BTreeSet<String> {
    all.iter().map(|n| (*n).to_owned()).collect()
}

//
#[tokio::test(flavor = "multi_thread")]
async fn what_another_program_writes_waits_for_it_and_the_group_waits_too() {
    let b = Bench::new().await;
    b.write("whole.bin", &bytes(1, 1_000));
    let growing = b.source().join("take.wav");
    let program = Program::writes(&growing);
    let engine = b.engine().await;

    let view = looked(&engine, b.source(), LookFor::New(None)).await;
    assert_eq!(kinds(&view), [(PreflightKind::Growing, 1)]);
    assert_eq!((view.ready, view.later, view.ready_bytes), (1, 1, 1_005));

    let group = add(&engine, &[&b.source()]).await;
    let card = seen(&engine, |s| {
        s.groups[0].growing == 1 && s.groups[0].files.done == 1
    })
    .await;
    assert!(card.groups[0].scanning && card.groups[0].files.total == 1);

    // More is given meanwhile: it arrives, and does not end the group.
    let more = b.write("../more.bin", &bytes(2, 1_000));
    engine.add_paths(given(more, Some(group))).await.unwrap();
    seen(&engine, |s| {
        s.groups[0].growing == 1 && s.groups[0].files.done == 2
    })
    .await;

    program.ends_with("and-ended");
    assert_eq!(end(&engine, group).await, GroupEnd::Done);
    assert_eq!(
        names(&engine, group).await,
        set(&["whole.bin", "take.wav", "more.bin"])
    );
    let rows = engine.list_files(group, 0, 10).await.unwrap().files;
    let take = rows.iter().find(|f| f.name == "take.wav").unwrap();
    assert_eq!(take.size, "begunand-ended".len() as u64);
    assert_eq!(engine.snapshot().await.unwrap().groups[0].growing, 0);
}

// a crash forgets the wait and not the file.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_waited_for_is_taken_in_by_the_next_launch() {
    let b = Bench::new().await;
    b.write("whole.bin", &bytes(1, 1_000));
    let program = Program::writes(&b.source().join("take.wav"));
    let engine = b.engine().await;
    let group = add(&engine, &[&b.source()]).await;
    seen(&engine, |s| {
        s.groups[0].growing == 1 && s.groups[0].files.done == 1
    })
    .await;
    engine.shutdown().await;
    drop(engine);

    program.ends_with("and-ended");
    let engine = b.engine().await;
    engine
        .answer_relaunch(Some(group), RelaunchAnswer::Resume)
        .await
        .unwrap();
    assert_eq!(end(&engine, group).await, GroupEnd::Done);
    assert_eq!(names(&engine, group).await, set(&["whole.bin", "take.wav"]));
}

// the same place twice.
#[tokio::test(flavor = "multi_thread")]
async fn what_has_the_name_of_another_file_is_told_and_kept_or_left_out() {
    let b = Bench::new().await;
    b.write("a.bin", &bytes(1, 100));
    b.write("b.bin", &bytes(2, 100));
    let engine = b.engine().await;
    // Open until the end: nothing is sent while it is paused.
    engine.set_intent(Scope::App, Intent::Paused).await.unwrap();
    let group = add(&engine, &[&b.source()]).await;
    seen(&engine, |s| !s.groups[0].scanning && s.groups[0].files.total == 2).await;

    b.write("b.bin", b"another");
    b.write("c.bin", b"new");
    let view = looked(&engine, b.source(), LookFor::Group(group)).await;
    assert_eq!(
        kinds(&view),
        [(PreflightKind::InGroup, 1), (PreflightKind::SameName, 1)]
    );
    assert_eq!((view.files, view.ready, view.ready_bytes), (3, 2, 10));
    let first: Vec<_> = view.first.iter().map(|e| e.path.as_str()).collect();
    assert_eq!(first, ["source/c.bin"]);

    let leave = Leave {
        same_name: true,
        ..Leave::default()
    };
    engine
        .add_checked(given(b.source(), Some(group)), leave)
        .await
        .unwrap();
    seen(&engine, |s| !s.groups[0].scanning && s.groups[0].files.total == 3).await;
    engine.add_paths(given(b.source(), Some(group))).await.unwrap();
    seen(&engine, |s| !s.groups[0].scanning && s.groups[0].files.total == 4).await;
    let rows = engine.list_files(group, 0, 10).await.unwrap().files;
    let told: BTreeSet<String> = rows.into_iter().map(|f| f.name).collect();
    assert_eq!(told, set(&["a.bin", "b.bin", "c.bin", "b (2).bin"]));
}

// each row of the sheet can be left out, also what was being written.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_left_out_by_name_is_no_part_of_the_group() {
    let b = Bench::new().await;
    for name in ["a.bin", "b.bin", "c.bin"] {
        b.write(name, name.as_bytes());
    }
    let program = Program::writes(&b.source().join("take.wav"));
    let engine = b.engine().await;
    let look = engine
        .preflight(vec![b.source()], LookFor::New(None))
        .await
        .unwrap();
    wait_for(|| Some(look.view()).filter(|view| view.done)).await;
    let mut names_left = look.growing();
    assert_eq!(names_left, set(&["source/take.wav"]));
    names_left.insert("source/b.bin".to_owned());
    // It is whole by the time of the answer, and left out all the same.
    program.ends_with("and-ended");
    let leave = Leave {
        names: names_left,
        ..Leave::default()
    };
    let group = engine.add_checked(given(b.source(), None), leave).await.unwrap();
    assert_eq!(end(&engine, group).await, GroupEnd::Done);
    assert_eq!(names(&engine, group).await, set(&["a.bin", "c.bin"]));
}

// the answer to one drop holds for that drop, also while another is still being walked and a third is given.
#[tokio::test(flavor = "multi_thread")]
async fn each_drop_into_a_group_is_taken_in_by_its_own_answer() {
    let b = Bench::new().await;
    let folder = |name: &str, files: usize| {
        let folder = b.source().with_file_name(name);
        std::fs::create_dir(&folder).unwrap();
        for n in 0..files {
            std::fs::write(folder.join(format!("{n:04}.txt")), name).unwrap();
        }
        folder
    };
    let (many, private, last) = (folder("many", 4_000), folder("private", 3), folder("last", 2));
    let engine = b.engine().await;
    engine.set_intent(Scope::App, Intent::Paused).await.unwrap();
    let group = add(&engine, &[&many]).await;
    let without = Leave {
        names: set(&["private/0000.txt", "private/0002.txt"]),
        ..Leave::default()
    };
    let answered = engine.add_checked(given(private, Some(group)), without);
    answered.await.unwrap();
    let all = engine.add_checked(given(last, Some(group)), Leave::default());
    all.await.unwrap();
    seen(&engine, |s| {
        !s.groups[0].scanning && s.groups[0].files.total >= 4_003
    })
    .await;
    let mut told = BTreeSet::new();
    // What was given later may stand before what is still being walked.
    for offset in (0..4_003).step_by(200) {
        let files = engine.list_files(group, offset, 200).await.unwrap().files;
        told.extend(files.into_iter().map(|f| format!("{}/{}", f.folder, f.name)));
    }
    assert_eq!(told.len(), 4_003);
    told.retain(|name| !name.starts_with("many/"));
    assert_eq!(told, set(&["private/0001.txt", "last/0000.txt", "last/0001.txt"]));
}

// thousands of single files in one gesture, as a file manager gives them when all of a folder is chosen.
#[tokio::test(flavor = "multi_thread")]
async fn thousands_of_single_files_given_at_once_are_taken_in() {
    let b = Bench::new().await;
    let engine = b.engine().await;
    engine.set_intent(Scope::App, Intent::Paused).await.unwrap();
    let paths: Vec<_> = (0..6_000)
        .map(|n| {
            let path = b.source().join(format!("{n:0>200}.txt"));
            std::fs::write(&path, "x").unwrap();
            path
        })
        .collect();
    let given = AddPaths {
        paths,
        ..given(b.source(), None)
    };
    engine.add_paths(given).await.unwrap();
    seen(&engine, |s| {
        !s.groups[0].scanning && s.groups[0].files.total == 6_000
    })
    .await;
}

// "Start paused".
#[tokio::test(flavor = "multi_thread")]
async fn a_group_that_starts_paused_is_written_down_and_sends_nothing_until_it_is_resumed() {
    let b = Bench::new().await;
    b.write("a.bin", &bytes(1, 1_000));
    let engine = b.engine().await;
    let paused = AddPaths {
        paused: true,
        ..given(b.source(), None)
    };
    let group = engine.add_checked(paused, Leave::default()).await.unwrap();
    assert_eq!(end(&engine, group).await, GroupEnd::Paused);
    let card = engine.snapshot().await.unwrap().groups.remove(0);
    assert_eq!((card.intent, card.bytes_done), (Intent::Paused, 0));
    engine.shutdown().await;
    drop(engine);

    // It waits over a launch too.
    let engine = b.engine().await;
    engine.relaunch_known().await;
    assert_eq!(end(&engine, group).await, GroupEnd::Paused);
    engine.set_intent(Scope::Group(group), Intent::Run).await.unwrap();
    assert_eq!(end(&engine, group).await, GroupEnd::Done);
    assert_eq!(names(&engine, group).await, set(&["a.bin"]));
}

// G-8, X-11: files end in any order; who looks for one in the receipt looks where the folder has it.
#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_lists_files_by_their_path_whichever_came_first() {
    let b = Bench::new().await;
    let engine = b.engine().await;
    engine.set_intent(Scope::App, Intent::Paused).await.unwrap();
    let mut group = None;
    for name in ["z.txt", "a/c.txt", "a b.txt", "a/b.txt"] {
        let path = b.write(name, name.as_bytes());
        group = Some(engine.add_paths(given(path, group)).await.unwrap());
        seen(&engine, |s| !s.groups[0].scanning).await;
    }
    let group = group.unwrap();
    let rest = || Chosen::Places(vec![(1, 4)]);
    engine.act_on_files(group, rest(), FileAct::Pause).await.unwrap();
    engine.set_intent(Scope::App, Intent::Run).await.unwrap();
    seen(&engine, |s| s.groups[0].files.done == 1).await;
    engine.act_on_files(group, rest(), FileAct::Resume).await.unwrap();
    assert_eq!(end(&engine, group).await, GroupEnd::Done);
    let wanted =
        ["a/b.txt", "a/c.txt", "a b.txt", "z.txt"].map(|name| b.source().join(name).display().to_string());
    let receipt = engine.receipt(group).await.unwrap();
    let paths: Vec<_> = receipt.lines.iter().map(|line| line.path.clone()).collect();
    assert_eq!(paths, wanted);
    let (_, csv) = engine.export_receipt(group, ReceiptForm::Csv).await.unwrap();
    let csv = String::from_utf8(csv).unwrap();
    let places = wanted.map(|path| csv.find(&path).unwrap());
    assert!(places.is_sorted(), "{csv}");
}
