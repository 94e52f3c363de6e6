//! The desktop, tried with a window that is no product.

use std::fs;
use std::path::PathBuf;

use anyhow::Result;
use windlass_testkit::desktop::Desktop;
use windlass_testkit::wait::{self, PATIENCE};

#[test]
fn files_dragged_from_one_program_arrive_in_another_and_its_notification_is_seen() -> Result<()> {
    let mut desktop = Desktop::start()?;
    let log = desktop.dir().join("target.log");
    let file = desktop.dir().join("résumé 1.txt");
    fs::write(&file, "x")?;
    desktop.open_target(&log)?;
    let lines = || fs::read_to_string(&log).unwrap_or_default();
    wait::until("the target's window", PATIENCE, || {
        lines().contains("shown").then_some(())
    })?;
    assert!(desktop.window_is_visible("Target"));
    assert_eq!(desktop.notification(PATIENCE, |_| true)?.summary, "Here");

    desktop.drag_and_cancel(std::slice::from_ref(&file), "Target", (200, 150))?;
    assert!(!lines().contains("file://"));
    desktop.drag(std::slice::from_ref(&file), "Target", (200, 150))?;
    wait::until("the dropped file", PATIENCE, || {
        lines().contains("r%C3%A9sum%C3%A9%201.txt").then_some(())
    })?;

    let picture = desktop.dir().join("screen.png");
    desktop.screenshot(&picture)?;
    assert!(fs::metadata(&picture)?.len() > 1_000);
    let folder = desktop.dir().to_owned();
    desktop.finish()?;
    assert!(!folder.exists());
    Ok(())
}

/// WebKitGTK's own small browser: a program with a page that is no product.
fn browser() -> PathBuf {
    format!(
        "/usr/lib/{}-linux-gnu/webkit2gtk-4.1/MiniBrowser",
        std::env::consts::ARCH
    )
    .into()
}

#[test]
fn a_page_is_typed_in_clicked_and_read_and_its_program_killed_and_opened_again() -> Result<()> {
    let page = "document.body.innerHTML = '<input id=name><button id=greet>Go</button><p id=said data-word=waiting></p>';\
                document.querySelector('#greet').onclick = () => setTimeout(() => {\
                  const said = document.querySelector('#said');\
                  said.textContent = 'hello ' + document.querySelector('#name').value; said.dataset.word = 'done' }, 200)";
    let desktop = Desktop::start()?;
    let arguments = ["--automation".to_owned()];
    for round in ["first", "second"] {
        let app = desktop.open(&browser(), &arguments, &[])?;
        app.run(page, &[])?;
        app.type_in("#name", round)?;
        app.click("#greet")?;
        app.attribute_becomes("#said", "data-word", PATIENCE, |word| word == "done")?;
        assert_eq!(app.text("#said")?, format!("hello {round}"));
        assert_eq!(app.count("p")?, 1);
        assert!(app.middle_of("#greet")?.0 > 0);
        assert!(app.pid() > 0);
        let thrown = app.run("throw new Error('as told')", &[]);
        assert!(thrown.is_err_and(|why| why.to_string().contains("as told")));
        if round == "first" {
            app.kill_9()?;
        } else {
            app.close()?;
        }
    }
    desktop.finish()
}
