//! A desktop that lacks something, and a data folder that is not as it was left.

use std::fs;

use anyhow::{Result, ensure};
use rusqlite::Connection;
use windlass_testkit::desktop::Lack;
use windlass_testkit::samples;
use windlass_testkit::wait::{self, PATIENCE};
use windlass_tests::compare_folder;
use windlass_tests::window::{TITLE, Table, group_becomes, hook, only_group, says};

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
