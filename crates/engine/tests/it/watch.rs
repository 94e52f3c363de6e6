//! Watched folders: what is written to them arrives, once, whole.

mod after;

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

use windlass_core::error::ErrorCode;
use windlass_core::names::encode_path_bytes;
use windlass_core::states::{BlockedReason, Intent};
use windlass_engine::EngineHandle;
use windlass_engine::view::{
    After, GroupRule, HistoryActKind, HistoryAsk, NewWatch, WatchFileView, WatchOriginal, WatchQuery,
    WatchSettings, WatchState, WatchVerdict, WatchView, Why,
};

use crate::Bench;
use crate::plane::Fault;

fn quick() -> WatchSettings {
    WatchSettings {
        settle_min_ms: 150,
        quiet_ms: 300,
        ..WatchSettings::default()
    }
}

/// For files that are written with rests in between: however long the machine makes one, none is an end.
fn patient() -> WatchSettings {
    WatchSettings {
        settle_min_ms: 2_000,
        ..quick()
    }
}

fn new(path: &Path, settings: WatchSettings) -> NewWatch {
    NewWatch {
        path: text(path),
        name: None,
        destination: None,
        settings,
        only_new: false,
    }
}

fn text(path: &Path) -> String {
    use std::os::unix::ffi::OsStrExt as _;
    encode_path_bytes(path.as_os_str().as_bytes())
}

struct Watched {
    bench: Bench,
    engine: EngineHandle,
    root: PathBuf,
    watch: WatchView,
}

async fn watched(settings: WatchSettings) -> Watched {
    watched_in(Bench::new().await, settings).await
}

/// The folder of a bench where something was prepared.
async fn watched_in(bench: Bench, settings: WatchSettings) -> Watched {
    let engine = bench.engine().await;
    engine.begin_watching();
    let root = bench.source();
    let watch = engine.add_watch(new(&root, settings)).await.unwrap();
    Watched {
        bench,
        engine,
        root,
        watch,
    }
}

/// One whose originals are moved away after their proof, and where to.
async fn moving() -> (Watched, PathBuf) {
    let bench = Bench::new().await;
    let done = bench.dir.path().join("done");
    let settings = WatchSettings {
        after: After::Move,
        after_path: Some(text(&done)),
        ..quick()
    };
    (watched_in(bench, settings).await, done)
}

impl Watched {
    async fn files(&self) -> Vec<WatchFileView> {
        let query = WatchQuery {
            limit: 500,
            ..WatchQuery::default()
        };
        let mut files = self.engine.watch_files(self.watch.id, query).await.unwrap().files;
        files.sort_by(|a, b| a.path.cmp(&b.path));
        files
    }

    async fn view(&self) -> WatchView {
        let all = self.engine.watches().await.unwrap();
        all.into_iter().find(|w| w.id == self.watch.id).unwrap()
    }

    /// Waits until the file fits.
    async fn until(&self, path: &str, fits: impl Fn(&WatchFileView) -> bool) -> WatchFileView {
        for _ in 0..3_000 {
            if let Some(file) = self.files().await.into_iter().find(|f| f.path == path)
                && fits(&file)
            {
                return file;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!(
            "{path} did not come to that: {:#?}\n{:#?}",
            self.files().await,
            self.view().await
        );
    }

    async fn state(&self, state: WatchState) -> WatchView {
        for _ in 0..3_000 {
            let view = self.view().await;
            if view.state == state {
                return view;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("{:#?}", self.view().await);
    }

    async fn uploaded(&self, path: &str) -> WatchFileView {
        self.until(path, |f| f.verdict == WatchVerdict::Uploaded).await
    }

    async fn receipts(&self) -> Vec<(String, u64)> {
        let mut all = Vec::new();
        for group in self.engine.snapshot().await.unwrap().groups {
            let receipt = self.engine.receipt(group.id).await.unwrap();
            all.extend(receipt.lines.into_iter().map(|l| (l.path, l.size)));
        }
        all.sort();
        all
    }

    fn path(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }
}

// E-2, E-7: several folders, each with its own rule; one that is taken away takes nothing from the other
#[tokio::test(flavor = "multi_thread")]
async fn two_folders_make_their_groups_by_day_and_by_folder_and_one_goes_on_without_the_other() {
    let bench = Bench::new().await;
    let (days, places) = (bench.dir.path().join("days"), bench.dir.path().join("places"));
    for folder in ["north", "south"] {
        fs::create_dir_all(places.join(folder)).unwrap();
        fs::write(places.join(folder).join("a.bin"), folder).unwrap();
    }
    fs::create_dir_all(days.join("sub")).unwrap();
    fs::write(days.join("a.bin"), "first").unwrap();
    fs::write(days.join("sub/b.bin"), "second").unwrap();
    let engine = bench.engine().await;
    engine.begin_watching();
    let with = |group_rule| WatchSettings {
        group_rule,
        ..quick()
    };
    let by_day = engine.add_watch(new(&days, with(GroupRule::Day))).await.unwrap();
    let by_folder = engine
        .add_watch(new(&places, with(GroupRule::Folder)))
        .await
        .unwrap();
    let of = |watch| {
        let engine = &engine;
        async move {
            let query = WatchQuery {
                limit: 50,
                ..WatchQuery::default()
            };
            let files = engine.watch_files(watch, query).await.unwrap().files;
            let sent = files
                .iter()
                .filter(|f| f.verdict == WatchVerdict::Uploaded)
                .count();
            let groups: std::collections::BTreeSet<_> = files.iter().filter_map(|f| f.group_id).collect();
            (sent, groups.len())
        }
    };
    let until = |watch, wanted| {
        let of = &of;
        async move {
            for _ in 0..3_000 {
                if of(watch).await == wanted {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            panic!("{:?}, not {wanted:?}", of(watch).await);
        }
    };
    until(by_day.id, (2, 1)).await;
    until(by_folder.id, (2, 2)).await;

    engine.remove_watch(by_day.id).await.unwrap();
    fs::write(days.join("late.bin"), "nobody looks").unwrap();
    fs::write(places.join("north/late.bin"), "somebody does").unwrap();
    for _ in 0..3_000 {
        if of(by_folder.id).await.0 == 3 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(of(by_folder.id).await.0, 3);
    assert!(days.join("late.bin").exists());
    let left: Vec<_> = engine
        .watches()
        .await
        .unwrap()
        .into_iter()
        .map(|w| w.id)
        .collect();
    assert_eq!(left, [by_folder.id]);
    let sent = engine.snapshot().await.unwrap().groups;
    let mut paths = Vec::new();
    for group in sent {
        paths.extend(
            engine
                .receipt(group.id)
                .await
                .unwrap()
                .lines
                .into_iter()
                .map(|l| l.path),
        );
    }
    assert!(!paths.iter().any(|p| p.starts_with("days/late")), "{paths:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn e1_c8_files_that_are_there_and_files_that_come_are_sent_by_themselves_each_once() {
    let bench = Bench::new().await;
    bench.write("there.bin", &[1; 5_000]);
    bench.write("deep/er/there.bin", &[2; 6_000]);
    let engine = bench.engine().await;
    engine.begin_watching();
    let root = bench.source();
    let watch = engine.add_watch(new(&root, quick())).await.unwrap();
    let w = Watched {
        bench,
        engine,
        root,
        watch,
    };
    w.uploaded("there.bin").await;
    w.uploaded("deep/er/there.bin").await;
    w.bench.write("new.bin", &[3; 7_000]);
    w.bench.write("made/later/new.bin", &[4; 8_000]);
    w.uploaded("new.bin").await;
    w.uploaded("made/later/new.bin").await;
    w.engine.look_now(None).await.unwrap();
    assert_eq!(w.receipts().await.len(), 4);
    assert_eq!(w.view().await.counts.uploaded, 4);
    // Groups end when nothing came for a while.
    for _ in 0..1_000 {
        let groups = w.engine.snapshot().await.unwrap().groups;
        if groups.iter().all(|g| g.finished_at.is_some()) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{:#?}", w.engine.snapshot().await.unwrap().groups);
}

#[tokio::test(flavor = "multi_thread")]
async fn f147_f149_a_file_that_is_still_written_waits_and_goes_once_whole() {
    let w = watched(patient()).await;
    let mut file = fs::File::create(w.path("slow.bin")).unwrap();
    file.write_all(&[1; 1_000]).unwrap();
    let waits = w.until("slow.bin", |f| f.until.is_some()).await;
    assert_eq!(waits.verdict, WatchVerdict::Settling);
    for n in 0..8 {
        tokio::time::sleep(Duration::from_millis(60)).await;
        file.write_all(&[n; 1_000]).unwrap();
    }
    assert_eq!(w.files().await[0].verdict, WatchVerdict::Settling);
    drop(file);
    w.bench.write("film.mp4.part", &[9; 3_000]);
    let named = w
        .until("film.mp4.part", |f| f.verdict == WatchVerdict::Ignored)
        .await;
    assert_eq!((named.why, named.detail.as_str()), (Why::TempName, "*.part"));
    fs::rename(w.path("film.mp4.part"), w.path("film.mp4")).unwrap();
    w.uploaded("film.mp4").await;
    assert_eq!(w.uploaded("slow.bin").await.size, 9_000);
    let sent: Vec<_> = w.receipts().await.into_iter().map(|(_, size)| size).collect();
    assert_eq!(sent, [3_000, 9_000]);
    assert!(w.files().await.iter().all(|f| f.path != "film.mp4.part"));
}

#[tokio::test(flavor = "multi_thread")]
async fn f156_a_rename_is_no_new_upload_and_a_touch_sends_nothing() {
    let w = watched(quick()).await;
    w.bench.write("a.bin", &[1; 5_000]);
    w.uploaded("a.bin").await;
    fs::rename(w.path("a.bin"), w.path("b.bin")).unwrap();
    let renamed = w.uploaded("b.bin").await;
    assert_eq!((renamed.why, renamed.detail.as_str()), (Why::Renamed, "a.bin"));
    fs::create_dir(w.path("sub")).unwrap();
    fs::rename(w.path("b.bin"), w.path("sub/c.bin")).unwrap();
    w.uploaded("sub/c.bin").await;
    fs::rename(w.path("sub"), w.path("other")).unwrap();
    w.uploaded("other/c.bin").await;
    // The same bytes, written anew; at no moment is it another file, however slow the computer is.
    let mut open = fs::File::options()
        .write(true)
        .open(w.path("other/c.bin"))
        .unwrap();
    open.write_all(&[1; 5_000]).unwrap();
    drop(open);
    w.until("other/c.bin", |f| f.why == Why::SameContent).await;
    w.engine.look_now(Some(w.watch.id)).await.unwrap();
    assert_eq!(w.receipts().await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn f160_a_changed_file_goes_up_as_a_new_version_and_says_so() {
    let w = watched(quick()).await;
    w.bench.write("a.txt", b"first");
    w.uploaded("a.txt").await;
    fs::write(w.path("a.txt"), b"second version").unwrap();
    let second = w.until("a.txt", |f| f.versions == 2).await;
    assert_eq!(
        (second.verdict, second.why),
        (WatchVerdict::Uploaded, Why::NewVersion)
    );
    let sizes: Vec<_> = w.receipts().await.into_iter().map(|(_, s)| s).collect();
    assert_eq!(sizes, [5, 14]);
}

#[tokio::test(flavor = "multi_thread")]
async fn e4_e6_rules_and_what_is_no_file_are_explained() {
    let w = watched(WatchSettings {
        exclude: vec!["*.log".into(), "proxies/".into()],
        max_size: Some(1_000),
        max_age_days: Some(7),
        max_depth: Some(1),
        ..quick()
    })
    .await;
    // It comes as old as it is.
    let aged = w.path("..").join("aged.txt");
    fs::write(&aged, b"x").unwrap();
    let old = UNIX_EPOCH + Duration::from_secs(1_600_000_000);
    fs::File::options()
        .write(true)
        .open(&aged)
        .unwrap()
        .set_modified(old)
        .unwrap();
    fs::rename(&aged, w.path("aged.txt")).unwrap();
    w.bench.write("a.log", b"x");
    w.bench.write("proxies/p.mov", b"x");
    w.bench.write("big.bin", &[1; 2_000]);
    w.bench.write(".hidden", b"x");
    w.bench.write("one/two/deep.txt", b"x");
    std::os::unix::fs::symlink(w.path("a.log"), w.path("link")).unwrap();
    w.bench.write("goes.txt", b"x");
    w.uploaded("goes.txt").await;
    w.engine.look_now(Some(w.watch.id)).await.unwrap();
    let files = w.files().await;
    let why = |path: &str| {
        let file = files.iter().find(|f| f.path == path);
        file.map(|f| (f.why, f.detail.clone()))
    };
    assert_eq!(why("a.log"), Some((Why::Excluded, "*.log".into())));
    assert_eq!(why("proxies/"), Some((Why::Excluded, "proxies/".into())));
    assert_eq!(why("big.bin"), Some((Why::TooLarge, "1000".into())));
    assert_eq!(why("aged.txt"), Some((Why::TooOld, "7".into())));
    assert_eq!(why(".hidden").map(|w| w.0), Some(Why::Hidden));
    assert_eq!(why("link").map(|w| w.0), Some(Why::NotRegular));
    assert_eq!(w.receipts().await.len(), 1);
    let explained = |path: PathBuf| w.engine.explain_watched(text(&path));
    assert_eq!(
        explained(w.path("one/two/deep.txt")).await.unwrap().file.why,
        Why::TooDeep
    );
    assert_eq!(
        explained(w.path("nothing.txt")).await.unwrap().file.why,
        Why::Absent
    );
    assert_eq!(
        explained(w.path("nothing.log")).await.unwrap().file.why,
        Why::Excluded
    );
    let named = |name: &str| w.engine.explain_name(w.watch.id, name.to_owned());
    assert_eq!(named("one/two/deep.txt").await.unwrap().file.why, Why::TooDeep);
    assert_eq!(named(" new.txt ").await.unwrap().file.why, Why::Absent);
    for wrong in ["", "/etc/passwd/..", "../goes.txt", "a//b", "one/../../x"] {
        let refused = named(wrong).await.unwrap_err();
        assert_eq!(refused.code, ErrorCode::NameInvalid, "{wrong}");
    }
    let outside = explained(PathBuf::from("/elsewhere/x")).await.unwrap_err();
    assert_eq!(outside.code, ErrorCode::NotFound);
    // Anyway, says the person.
    w.engine
        .upload_anyway(w.watch.id, Some(vec!["a.log".into()]))
        .await
        .unwrap();
    w.uploaded("a.log").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f157_what_can_not_be_watched_is_refused_with_its_code() {
    let w = watched(quick()).await;
    let dir = w.bench.dir.path();
    let refused = async |path: PathBuf| w.engine.add_watch(new(&path, quick())).await.unwrap_err().code;
    assert_eq!(refused(w.root.clone()).await, ErrorCode::WatchOverlap, "twice");
    fs::create_dir(w.path("in")).unwrap();
    assert_eq!(
        refused(w.path("in")).await,
        ErrorCode::WatchOverlap,
        "inside another"
    );
    let to = dir.join("to");
    fs::create_dir_all(to.join("in")).unwrap();
    assert_eq!(refused(to.clone()).await, ErrorCode::WatchDestination);
    assert_eq!(refused(to.join("in")).await, ErrorCode::WatchDestination);
    let file = w.bench.write("file", b"x");
    assert_eq!(refused(file).await, ErrorCode::WatchNotFolder);
    assert_eq!(refused(dir.join("nowhere")).await, ErrorCode::WatchNotFolder);
    let other = dir.join("other");
    fs::create_dir(&other).unwrap();
    let link = dir.join("link");
    std::os::unix::fs::symlink(&other, &link).unwrap();
    assert_eq!(refused(link).await, ErrorCode::WatchNotFolder);
    assert_eq!(refused("/etc".into()).await, ErrorCode::WatchSystemFolder);
    assert_eq!(
        refused(dir.join("home")).await,
        ErrorCode::WatchSystemFolder,
        "its own data"
    );
    let rule = WatchSettings {
        exclude: vec!["{a,b".into()],
        ..quick()
    };
    let wrong = w.engine.add_watch(new(&other, rule)).await.unwrap_err();
    assert_eq!(wrong.code, ErrorCode::WatchRule);
    let inside = WatchSettings {
        after: After::Move,
        after_path: Some(text(&other.join("done"))),
        ..quick()
    };
    let wrong = w.engine.add_watch(new(&other, inside)).await.unwrap_err();
    assert_eq!(
        wrong.code,
        ErrorCode::WatchOverlap,
        "originals would be sent again"
    );
    // And a destination in a watched folder, the other way round.
    let place = windlass_engine::view::NewDestination {
        accepts: windlass_core::accepts::Accepts::default(),
        name: "in".into(),
        folder: Some(w.path("in").to_string_lossy().into_owned()),
        s3: None,
        server: None,
        make_default: false,
        proxy: None,
    };
    let wrong = w.engine.add_destination(&place).await.unwrap_err();
    assert_eq!(wrong.code, ErrorCode::WatchDestination);
}

#[tokio::test(flavor = "multi_thread")]
async fn f152_e9_a_folder_that_goes_is_a_state_and_never_a_deletion() {
    let w = watched(quick()).await;
    w.bench.write("a.bin", &[1; 100]);
    w.uploaded("a.bin").await;
    let away = w.bench.dir.path().join("away");
    fs::rename(&w.root, &away).unwrap();
    let view = w.state(WatchState::NeedsYou).await;
    assert_eq!(view.problem.map(|p| p.code), Some(ErrorCode::WatchMissing));
    assert_eq!(w.files().await.len(), 1, "what is known stays known");
    fs::write(&w.root, b"a file").unwrap();
    for _ in 0..1_000 {
        if w.view().await.problem.map(|p| p.code) == Some(ErrorCode::WatchNotFolder) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(
        w.view().await.problem.map(|p| p.code),
        Some(ErrorCode::WatchNotFolder)
    );
    fs::remove_file(&w.root).unwrap();
    fs::rename(&away, &w.root).unwrap();
    w.bench.write("b.bin", &[2; 200]);
    w.uploaded("b.bin").await;
    // Deleted and made again: the same place.
    fs::remove_dir_all(&w.root).unwrap();
    w.state(WatchState::NeedsYou).await;
    w.bench.write("c.bin", &[3; 300]);
    w.uploaded("c.bin").await;
    assert_eq!(w.receipts().await.len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paused_folder_stands_still_and_a_removed_one_is_forgotten() {
    let w = watched(quick()).await;
    w.engine
        .set_watch_intent(w.watch.id, Intent::Paused)
        .await
        .unwrap();
    w.state(WatchState::Paused).await;
    w.bench.write("a.bin", &[1; 100]);
    tokio::time::sleep(Duration::from_millis(600)).await;
    assert_eq!(w.receipts().await.len(), 0);
    w.engine.set_watch_intent(w.watch.id, Intent::Run).await.unwrap();
    w.uploaded("a.bin").await;
    w.engine.remove_watch(w.watch.id).await.unwrap();
    assert!(w.engine.watches().await.unwrap().is_empty());
    assert_eq!(
        w.engine.look_now(Some(w.watch.id)).await.unwrap_err().code,
        ErrorCode::NotFound
    );
    assert_eq!(w.receipts().await.len(), 1, "receipts stay");
    w.engine.add_watch(new(&w.root, quick())).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn only_new_files_go_when_the_person_chose_that() {
    let bench = Bench::new().await;
    bench.write("old.bin", &[1; 100]);
    let engine = bench.engine().await;
    engine.begin_watching();
    let root = bench.source();
    let ask = NewWatch {
        only_new: true,
        ..new(&root, quick())
    };
    let watch = engine.add_watch(ask).await.unwrap();
    let w = Watched {
        bench,
        engine,
        root,
        watch,
    };
    w.until("old.bin", |f| f.why == Why::WasThere).await;
    w.engine.look_now(None).await.unwrap();
    w.bench.write("new.bin", &[2; 200]);
    w.uploaded("new.bin").await;
    assert_eq!(w.receipts().await.len(), 1);
    fs::write(w.path("old.bin"), [3; 300]).unwrap();
    w.uploaded("old.bin").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f159_what_changed_while_the_program_was_off_is_found_at_its_start() {
    let w = watched(quick()).await;
    w.bench.write("a.bin", &[1; 100]);
    w.bench.write("b.bin", &[2; 100]);
    w.uploaded("a.bin").await;
    w.uploaded("b.bin").await;
    w.engine.shutdown().await;
    drop(w.engine);
    fs::write(w.root.join("a.bin"), [9; 900]).unwrap();
    fs::rename(w.root.join("b.bin"), w.root.join("renamed.bin")).unwrap();
    w.bench.write("c.bin", &[3; 300]);
    let engine = w.bench.engine().await;
    let w = Watched { engine, ..w };
    w.engine.begin_watching();
    w.until("a.bin", |f| f.versions == 2).await;
    w.uploaded("c.bin").await;
    assert_eq!(w.uploaded("renamed.bin").await.why, Why::Renamed);
    assert_eq!(w.receipts().await.len(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn e7_e8_originals_are_moved_after_their_proof_and_never_without() {
    let (w, done) = moving().await;
    w.bench.write("sub/a.bin", &[1; 5_000]);
    w.until("sub/a.bin", |f| f.gone && f.verdict == WatchVerdict::Uploaded)
        .await;
    assert_eq!(fs::read(done.join("sub/a.bin")).unwrap(), [1; 5_000]);
    assert!(!w.path("sub/a.bin").exists());
    assert_eq!(w.receipts().await.len(), 1);
    // It is a line of the history.
    let ask = HistoryAsk {
        acts_only: true,
        limit: 10,
        ..HistoryAsk::default()
    };
    let mut told = w.engine.history(ask).await.unwrap().acts;
    told.retain(|act| act.change.is_none());
    assert_eq!(
        told.iter()
            .map(|a| (a.kind, a.files, a.bytes))
            .collect::<Vec<_>>(),
        [(HistoryActKind::Moved, 1, 5_000)]
    );
    assert!(told[0].group.is_some() && !told[0].group_name.is_empty());
    // The same again: nothing is sent, and this one goes there too, beside the first.
    w.bench.write("sub/a.bin", &[1; 5_000]);
    for _ in 0..1_000 {
        if !w.path("sub/a.bin").exists() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(w.receipts().await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn e8_x13_an_original_that_the_destination_does_not_bear_out_stays() {
    let (w, done) = moving().await;
    // The destination does not answer when it is asked again: nothing is done yet.
    w.bench.plane.fail("verify", [Fault::Status(503, "busy")]);
    w.bench.write("a.bin", &[1; 5_000]);
    w.until("a.bin", |f| f.original == WatchOriginal::Due).await;
    assert!(w.path("a.bin").exists());
    // It answers that it has it no more: the original stays, and says why.
    w.bench.plane.lose_objects();
    w.engine.look_now(None).await.unwrap();
    let refused = w.until("a.bin", |f| f.original == WatchOriginal::Refused).await;
    assert_eq!(refused.error.map(|e| e.code), Some(ErrorCode::ObjectMissing));
    assert!(w.path("a.bin").exists() && !done.join("a.bin").exists());
}

// E-10
#[tokio::test(flavor = "multi_thread")]
async fn e10_what_was_removed_at_the_destination_is_remembered_and_not_sent_again() {
    let w = watched(quick()).await;
    w.bench.write("a.bin", &[1; 5_000]);
    let sent = w.uploaded("a.bin").await;
    let group = w.engine.snapshot().await.unwrap().groups[0].id;
    w.bench.plane.lose_objects();
    let asked = w.engine.verify_group(group).await.unwrap();
    assert_eq!(asked.failed.len(), 1);
    let row = w.until("a.bin", |f| f.why == Why::RemovedThere).await;
    assert_eq!(row.verdict, sent.verdict);
    w.engine.look_now(None).await.unwrap();
    w.bench.write("b.bin", &[2; 50]);
    w.uploaded("b.bin").await;
    let after = w.until("a.bin", |f| f.why == Why::RemovedThere).await;
    assert_eq!(after.verdict, sent.verdict);
    assert_eq!(
        w.bench.plane.puts().len(),
        2,
        "one a file, the first is not sent again"
    );
    // Another version is another thing.
    w.bench.write("a.bin", &[3; 6_000]);
    w.until("a.bin", |f| f.size == 6_000 && f.why != Why::RemovedThere)
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn i38_a_file_that_changes_on_its_way_goes_up_only_as_it_settled() {
    let w = watched(patient()).await;
    w.bench.plane.hold_puts(true);
    w.bench.write("a.bin", &vec![1; 20 << 20]);
    w.until("a.bin", |f| {
        matches!(f.verdict, WatchVerdict::Waiting | WatchVerdict::Uploading)
    })
    .await;
    // It is written anew, slowly, while its parts are on the wire.
    let mut file = fs::File::create(w.path("a.bin")).unwrap();
    w.bench.plane.hold_puts(false);
    for n in 0..6u8 {
        file.write_all(&vec![n; 3 << 20]).unwrap();
        tokio::time::sleep(Duration::from_millis(60)).await;
    }
    drop(file);
    let last = w.uploaded("a.bin").await;
    assert_eq!(last.size, 18 << 20);
    let sizes: Vec<_> = w.receipts().await.into_iter().map(|(_, s)| s).collect();
    assert!(
        sizes == [18 << 20] || sizes == [18 << 20, 20 << 20],
        "a version that never stood still went up: {sizes:?}"
    );
}

// I-5, X-29: what one folder may do in spite of a condition, others wait for; the rule holds for groups that were made before it.
#[tokio::test(flavor = "multi_thread")]
async fn x29_a_folder_may_be_spared_what_holds_everything_else() {
    let w = watched(quick()).await;
    let closed = serde_json::json!({ "week": "n".repeat(168), "limit": 1_000_000 });
    w.engine.set_setting("schedule", closed).await.unwrap();
    fs::write(w.root.join("a"), b"a").unwrap();
    let held = crate::seen(&w.engine, |s| {
        s.groups
            .first()
            .is_some_and(|g| g.blocked_by == [BlockedReason::Schedule])
    })
    .await;
    let group = held.groups[0].id;
    let refused = WatchSettings {
        despite: vec![BlockedReason::Offline],
        ..quick()
    };
    let why = w
        .engine
        .set_watch(w.watch.id, "w".into(), refused)
        .await
        .unwrap_err();
    assert_eq!(why.code, ErrorCode::WatchRule);
    let spared = WatchSettings {
        despite: vec![BlockedReason::Schedule],
        ..quick()
    };
    let view = w.engine.set_watch(w.watch.id, "w".into(), spared).await.unwrap();
    assert_eq!(view.settings.despite, [BlockedReason::Schedule]);
    w.uploaded("a").await;
    fs::write(w.root.join("b"), b"b").unwrap();
    w.uploaded("b").await;
    let by_hand = w.bench.dir.path().join("by hand");
    fs::write(&by_hand, b"c").unwrap();
    let other = crate::add(&w.engine, &[&by_hand]).await;
    let now = crate::seen(&w.engine, |s| {
        s.groups
            .iter()
            .any(|g| g.id == other && g.blocked_by == [BlockedReason::Schedule])
    })
    .await;
    let watched = now.groups.iter().find(|g| g.id == group).unwrap();
    assert!(watched.blocked_by.is_empty() && watched.anyway.is_empty());
}
