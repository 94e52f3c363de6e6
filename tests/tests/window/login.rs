//! The start at login: what the switch writes is what the desktop runs.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use windlass_testkit::wait::{self, PATIENCE};
use windlass_tests::window::{TITLE, Table, Theme, go_to, hook};

/// The program and its words in the line that a desktop runs, by the desktop entry specification.
fn exec_of(entry: &Path) -> Result<(PathBuf, Vec<String>)> {
    let text = fs::read_to_string(entry)?;
    ensure!(text.starts_with("[Desktop Entry]\n"), "{text}");
    let line = text.lines().find_map(|line| line.strip_prefix("Exec="));
    let (program, words) = line
        .and_then(|line| line.strip_prefix('"')?.split_once('"'))
        .with_context(|| text.clone())?;
    let words = words.split_whitespace().map(str::to_owned);
    Ok((PathBuf::from(program.replace("%%", "%")), words.collect()))
}

/// A switch is at once what it shows.
fn switched(app: &windlass_testkit::desktop::App<'_>, id: &str, wanted: &str) -> Result<()> {
    app.attribute_becomes(&hook(id), "aria-checked", PATIENCE, |now| now == wanted)
        .map(drop)
}

// F-6, B-8: off until it is asked for; the entry starts this program into the tray, and goes with the switch.
#[test]
fn f6_the_switch_writes_an_entry_that_starts_it_into_the_tray_and_takes_it_away_again() -> Result<()> {
    let table = Table::lay()?;
    let entry = table.desktop.dir().join("config/autostart/windlass.desktop");
    let written = |wanted: &[&str]| {
        wait::until_ok("the entry", PATIENCE, || {
            let (program, words) = exec_of(&entry)?;
            ensure!(words == wanted, "it has {words:?}");
            Ok(program)
        })
    };
    let app = table.open_and_choose(&table.windlass.dir().join("destination"))?;
    go_to(&app, "settings")?;
    app.click(&hook("page-start"))?;
    switched(&app, "setting-login", "false")?;
    ensure!(!entry.exists(), "nobody asked for it");
    table.press(&app, &hook("setting-login"))?;
    switched(&app, "setting-login", "true")?;
    written(&["--hidden"])?;
    // Whoever wants to see the window at login has it.
    table.press(&app, &hook("setting-hidden"))?;
    written(&[])?;
    table.press(&app, &hook("setting-hidden"))?;
    let program = written(&["--hidden"])?;
    switched(&app, "setting-hidden", "true")?;
    table.desktop.screenshot(super::shots("login.png"))?;
    app.close()?;

    // As the desktop does it at the next login.
    ensure!(program == windlass_tests::built("windlass-desktop")?.canonicalize()?);
    let (_, words) = exec_of(&entry)?;
    let app = table.open_with(Theme::Light, &words, &[])?;
    let tray = table.desktop.tray_menu()?;
    ensure!(tray.iter().any(|item| item.label == "Open Windlass"), "{tray:?}");
    ensure!(!table.desktop.window_is_visible(TITLE), "it shows itself");
    table.desktop.choose_in_tray("Open Windlass", PATIENCE)?;
    wait::until("the window to come up", PATIENCE, || {
        table.desktop.window_is_visible(TITLE).then_some(())
    })?;
    go_to(&app, "settings")?;
    app.click(&hook("page-start"))?;
    switched(&app, "setting-login", "true")?;
    table.press(&app, &hook("setting-login"))?;
    switched(&app, "setting-login", "false")?;
    wait::until("the entry to go", PATIENCE, || (!entry.exists()).then_some(()))?;
    app.close()?;
    table.desktop.finish()
}
