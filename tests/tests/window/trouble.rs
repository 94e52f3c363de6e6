//! A desktop that lacks something, and a data folder that is not as it was left.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;

use anyhow::{Result, ensure};
use rusqlite::Connection;
use windlass_testkit::desktop::Lack;
use windlass_testkit::wait::{self, PATIENCE};
use windlass_testkit::{process, samples};
use windlass_tests::compare_folder;
use windlass_tests::window::{TITLE, Table, UPLOAD, go_to, group_becomes, hook, only_group, says};

/// The title of the dialog of a program that does not start.
const REFUSED: &str = "Windlass can't start";

// X-12, F-3: a desktop that refuses notifications changes nothing else.
#[test]
fn x12_where_notifications_are_refused_the_upload_ends_and_the_window_says_so() -> Result<()> {
    let table = Table::lay_without(Some(Lack::Notifications))?;
    let (things, destination) = (
        table.windlass.dir().join("things"),
        table.windlass.dir().join("destination"),
    );
    samples::random_file(things.join("a.bin"), 9_000, 32)?;
    let app = table.open_and_choose(&destination)?;
    table.drag(&app, std::slice::from_ref(&things), &hook("empty"))?;
    group_becomes(&app, "done")?;
    compare_folder(&things, &only_group(&destination)?)?;
    // The first close would tell by one, too.
    table.desktop.close_window(TITLE)?;
    wait::until("the window to go", PATIENCE, || {
        (!table.desktop.window_is_visible(TITLE)).then_some(())
    })?;
    table.desktop.choose_in_tray("Open Windlass", PATIENCE)?;
    wait::until_ok("the settings to tell", PATIENCE, || {
        go_to(&app, "transfers")?;
        go_to(&app, "settings")?;
        app.click(&hook("page-notifications"))?;
        says(
            &app,
            &hook("notify-refused"),
            "This desktop shows no notifications",
        )
    })?;
    table.desktop.choose_in_tray("Quit", PATIENCE)?;
    app.ends()?;
    table.desktop.finish()
}

// X-14, F-10, I14: a damaged queue is set aside and told of, and the window works on a new one.
#[test]
fn x14_a_damaged_queue_is_told_of_in_the_window_and_kept() -> Result<()> {
    let table = Table::lay()?;
    let (things, destination) = (
        table.windlass.dir().join("things"),
        table.windlass.dir().join("destination"),
    );
    samples::random_file(things.join("a.bin"), 9_000, 33)?;
    table.windlass.add_folder("there", &destination)?;
    let queue = table.windlass.data().join("queue.sqlite");
    let rubbish = vec![7_u8; 40_000];
    fs::write(&queue, &rubbish)?;
    for tail in ["-wal", "-shm"] {
        let _ = fs::remove_file(queue.with_file_name(format!("queue.sqlite{tail}")));
    }
    let app = table.open()?;
    says(&app, &hook("notice"), "queue.damaged-")?;
    table.desktop.screenshot(super::shots("damaged.png"))?;
    let kept = fs::read_dir(table.windlass.data())?
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .any(|path| path != queue && fs::read(&path).is_ok_and(|bytes| bytes == rubbish));
    ensure!(kept, "the damaged queue is gone");
    if app.count(&hook("first-run-later"))? > 0 {
        app.click(&hook("first-run-later"))?;
    }
    table.drag(&app, std::slice::from_ref(&things), &hook("empty"))?;
    group_becomes(&app, "done")?;
    app.close()?;
    table.desktop.finish()
}

// H-3, H-5: a file that is gone when its turn comes holds up nothing else; its cause is told, and it goes when it is back.
#[test]
fn h3_a_file_that_is_gone_before_its_turn_is_told_of_and_goes_when_it_is_back() -> Result<()> {
    let table = Table::lay()?;
    let (things, destination) = (
        table.windlass.dir().join("Field day"),
        table.windlass.dir().join("destination"),
    );
    for (name, bytes) in [
        ("first.wav", 30_000),
        ("second.wav", 9_000),
        ("third.wav", 12_000),
    ] {
        samples::random_file(things.join(name), bytes, 71)?;
    }
    let app = table.open_and_choose(&destination)?;
    table.press(&app, &hook("btn-pause-all"))?;
    table.drag(&app, std::slice::from_ref(&things), &hook("empty"))?;
    says(&app, &hook("group-card"), "3 files")?;
    let (here, away) = (things.join("second.wav"), table.windlass.dir().join("second.wav"));
    fs::rename(&here, &away)?;
    table.press(&app, &hook("btn-run-all"))?;
    group_becomes(&app, "needs_you")?;
    ensure!(fs::read(only_group(&destination)?.join("third.wav"))? == fs::read(things.join("third.wav"))?);
    says(&app, &hook("rate-state"), "1 group needs you")?;
    app.click(&format!("{} [data-option=\"attention\"]", hook("filters")))?;
    let fold = hook("error-fold");
    says(&app, &fold, "second.wav")?;
    says(&app, &fold, "WL-101")?;
    table.desktop.screenshot(super::shots("gone.png"))?;

    fs::rename(&away, &here)?;
    app.click(&format!("{fold} {}", hook("btn-retry")))?;
    app.click(&format!("{} [data-option=\"all\"]", hook("filters")))?;
    group_becomes(&app, "done")?;
    compare_folder(&things, &only_group(&destination)?)?;
    app.close()?;
    table.desktop.finish()
}

// F17: a disk that is not connected is told on the card, and holds up nothing else; whoever does not have it any more leaves its
// files out.
#[test]
fn f017_a_disk_that_is_not_connected_is_told_on_the_card_and_its_files_can_be_left_out() -> Result<()> {
    let table = Table::lay()?;
    let (slot, notes, destination) = (
        table.windlass.dir().join("card"),
        table.windlass.dir().join("notes.txt"),
        table.windlass.dir().join("destination"),
    );
    // Memory is another disk than the one that the tests work on; what makes it a card in a slot is a link to it.
    let card = tempfile::tempdir_in("/dev/shm")?;
    symlink(card.path(), &slot)?;
    for number in 0..3 {
        samples::random_file(slot.join(format!("Photos/{number}.jpg")), 20_000, 90 + number)?;
    }
    fs::write(&notes, "of this disk")?;
    let app = table.open_and_choose(&destination)?;
    table.press(&app, &hook("btn-pause-all"))?;
    table.drag(&app, &[slot.join("Photos"), notes], &hook("empty"))?;
    says(&app, &hook("group-card"), "4 files")?;
    fs::remove_file(&slot)?;
    table.press(&app, &hook("btn-run-all"))?;
    says(&app, &hook("reasons"), "Disk “card” is not connected")?;
    table.desktop.screenshot(super::shots("disk-away.png"))?;

    app.click(&hook("way-leave-disk"))?;
    says(&app, &hook("confirm"), "Leave out 3 files of disk “card”?")?;
    table.press(&app, &hook("confirm-yes"))?;
    group_becomes(&app, "done")?;
    let there = samples::files_below(&only_group(&destination)?, true)?;
    ensure!(there == [PathBuf::from("notes.txt")], "there are {there:?}");
    app.close()?;
    table.desktop.finish()
}

// F-9: the page's process dies while the engine works; the window shows everything again, and nothing was held up.
#[test]
fn a_window_whose_page_process_is_killed_shows_the_same_again_while_the_upload_goes_on() -> Result<()> {
    let table = Table::lay()?;
    let (things, destination) = (
        table.windlass.dir().join("things"),
        table.windlass.dir().join("destination"),
    );
    samples::random_file(things.join("a.bin"), 9_000, 34)?;
    let app = table.open_and_choose(&destination)?;
    table.press(&app, &hook("btn-pause-all"))?;
    table.drag(&app, std::slice::from_ref(&things), &hook("empty"))?;
    app.find(&hook("group-card"))?;
    table.desktop.screenshot(super::shots("page-before.png"))?;
    let pages = || {
        let all = table.desktop.processes();
        all.into_iter()
            .filter(|one| one.exe.ends_with("WebKitWebProcess"))
    };
    let old: Vec<i32> = pages().map(|one| one.pid).collect();
    ensure!(!old.is_empty(), "no process of the page");
    old.iter().for_each(|pid| process::kill_pid(*pid));
    wait::until("another process of the page", PATIENCE, || {
        pages().any(|one| !old.contains(&one.pid)).then_some(())
    })?;
    // Who drove the page died with it. Keys do not: the new page hears them as soon as it is there.
    table.desktop.activate(TITLE)?;
    wait::until_ok("the new page to take a key", UPLOAD, || {
        table.desktop.keys(&["ctrl+space"])?;
        wait::until_ok("the file", PATIENCE / 6, || {
            compare_folder(&things, &only_group(&destination)?)
        })
    })?;
    table.desktop.screenshot(super::shots("page-after.png"))?;
    table.desktop.choose_in_tray("Quit", PATIENCE)?;
    app.ends()?;
    table.desktop.finish()
}

// X-15, F035, I13: one data folder has one owner and one version; the other says so and leaves everything as it is.
#[test]
fn x15_a_data_folder_of_a_newer_windlass_or_of_another_owner_is_refused_by_the_window() -> Result<()> {
    let table = Table::lay()?;
    let things = table.windlass.dir().join("things");
    fs::create_dir_all(&things)?;
    table
        .windlass
        .add_folder("there", &table.windlass.dir().join("destination"))?;

    // The command line works on it: the window does not start, and says why.
    let mut busy = table.windlass.start(&["watch", "run", "--json"])?;
    busy.says(&["\"event\""])?;
    let refused = |why: &str| -> Result<()> {
        let starting = std::thread::scope(|scope| {
            let start = scope.spawn(|| table.second_start(&[]));
            let asked = wait::until("the window that says why", PATIENCE, || {
                table.desktop.window_is_visible(REFUSED).then_some(())
            });
            table
                .desktop
                .screenshot(super::shots(&format!("refused-{why}.png")))?;
            asked?;
            table.desktop.activate(REFUSED)?;
            table.desktop.keys(&["Return"])?;
            start.join().map_err(|_| anyhow::anyhow!("it panicked"))?
        })?;
        ensure!(starting == Some(3), "{why}: it ended with {starting:?}");
        Ok(())
    };
    refused("owned")?;
    busy.interrupt()?;
    busy.ends()?;

    let queue = table.windlass.data().join("queue.sqlite");
    Connection::open(&queue)?.execute_batch("PRAGMA user_version = 900000")?;
    let before = samples::sha256(&queue)?;
    refused("newer")?;
    ensure!(
        samples::sha256(&queue)? == before,
        "the newer queue was written to"
    );
    table.desktop.finish()
}
