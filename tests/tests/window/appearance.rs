//! How the window looks and speaks: chosen by the person, at once, and still so at the next launch.

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use windlass_testkit::desktop::App;
use windlass_testkit::wait::{self, PATIENCE};
use windlass_tests::window::{Table, Theme, go_to, hook, says};

use super::shots;

/// Presses a choice of a setting with the pointer.
fn choose(table: &Table, app: &App<'_>, setting: &str, option: &str) -> Result<()> {
    go_to(app, "settings")?;
    app.click(&hook("page-appearance"))?;
    let button = format!("{} [data-option=\"{option}\"]", hook(setting));
    table.press(app, &button)?;
    app.attribute_becomes(&button, "aria-pressed", PATIENCE, |now| now == "true")?;
    // The section that was chosen is the one that is said to be read, wherever the page could scroll to.
    let here = app.attribute(&hook("page-appearance"), "aria-current")?;
    ensure!(
        here.as_deref() == Some("true"),
        "another section is said to be read"
    );
    Ok(())
}

/// The language that the page says it is in, and the words of its list of screens.
fn speaks(app: &App<'_>, language: &str, word: &str) -> Result<()> {
    wait::until_ok(&format!("a page in {language:?}"), PATIENCE, || {
        let now = app.run("return document.documentElement.lang", &[])?;
        ensure!(now == language, "it is in {now}");
        Ok(())
    })?;
    says(app, &hook("nav-history"), word).map(drop)
}

fn tray_says(table: &Table, label: &str) -> Result<()> {
    wait::until_ok(&format!("the tray's {label:?}"), PATIENCE, || {
        let menu = table.desktop.tray_menu()?;
        ensure!(menu.iter().any(|item| item.label == label), "{menu:?}");
        Ok(())
    })
}

/// What the page is drawn with: the theme that was chosen, and how bright its ground and its words are, from 0 to 255.
fn drawn(app: &App<'_>) -> Result<(Value, u64, u64)> {
    let seen = app.run(
        "const of = property => {\
            const style = getComputedStyle(document.body)[property].match(/[\\d.]+/g).map(Number);\
            return Math.round((style[0] + style[1] + style[2]) / 3); };\
         return [document.documentElement.dataset.theme ?? null, of('backgroundColor'), of('color')]",
        &[],
    )?;
    let level = |at: usize| seen[at].as_u64().with_context(|| format!("the page is {seen}"));
    Ok((seen[0].clone(), level(1)?, level(2)?))
}

fn is_drawn(app: &App<'_>, theme: Option<&str>, like: Theme) -> Result<()> {
    wait::until_ok(&format!("a page in {like:?}"), PATIENCE, || {
        let (chosen, ground, words) = drawn(app)?;
        let fits = match like {
            Theme::Light => ground > 200 && words < 90,
            Theme::Dark => ground < 60 && words > 190,
        };
        ensure!(
            fits && chosen.as_str() == theme,
            "{chosen}, ground {ground}, words {words}"
        );
        Ok(())
    })
}

// N-3, B-14: German and back, in the page, in the tray and at the next launch
#[test]
fn n3_the_language_is_changed_in_the_page_and_the_tray_at_once_and_stays() -> Result<()> {
    let table = Table::lay()?;
    let app = table.open_and_choose(&table.windlass.dir().join("destination"))?;
    speaks(&app, "en", "History")?;
    choose(&table, &app, "setting-language", "de")?;
    speaks(&app, "de", "Verlauf")?;
    says(&app, "h1", "Einstellungen")?;
    tray_says(&table, "Beenden")?;
    table.desktop.screenshot(shots("appearance-de.png"))?;
    app.close()?;

    let app = table.open()?;
    speaks(&app, "de", "Verlauf")?;
    tray_says(&table, "Beenden")?;
    choose(&table, &app, "setting-language", "en")?;
    speaks(&app, "en", "History")?;
    says(&app, "h1", "Settings")?;
    tray_says(&table, "Quit")?;
    app.close()?;

    let app = table.open()?;
    speaks(&app, "en", "History")?;
    app.close()?;
    table.desktop.finish()
}

// N-4: a chosen theme is drawn whatever the desktop prefers, and "system" follows it again
#[test]
fn n4_a_chosen_theme_is_drawn_on_a_desktop_of_the_other_and_stays_at_the_next_launch() -> Result<()> {
    let table = Table::lay()?;
    let app = table.open_and_choose(&table.windlass.dir().join("destination"))?;
    is_drawn(&app, None, Theme::Light)?;
    choose(&table, &app, "setting-theme", "dark")?;
    is_drawn(&app, Some("dark"), Theme::Dark)?;
    let picture = shots("appearance-dark-on-light.png");
    table.desktop.screenshot(&picture)?;
    let (bright, _) = table.desktop.brightness(&picture)?;
    ensure!(bright < 0.4, "the screen has a brightness of {bright:.2}");
    app.close()?;

    let app = table.open()?;
    is_drawn(&app, Some("dark"), Theme::Dark)?;
    choose(&table, &app, "setting-theme", "light")?;
    is_drawn(&app, Some("light"), Theme::Light)?;
    app.close()?;

    let app = table.open_in(Theme::Dark)?;
    is_drawn(&app, Some("light"), Theme::Light)?;
    let picture = shots("appearance-light-on-dark.png");
    table.desktop.screenshot(&picture)?;
    let (bright, _) = table.desktop.brightness(&picture)?;
    ensure!(bright > 0.6, "the screen has a brightness of {bright:.2}");
    choose(&table, &app, "setting-theme", "system")?;
    is_drawn(&app, None, Theme::Dark)?;
    app.close()?;
    table.desktop.finish()
}

/// How rows stand and which theme is worn: what was chosen, and what comes of it on the page.
fn worn(app: &App<'_>, theme: Option<&str>, density: Option<&str>) -> Result<()> {
    let of = "const root = document.documentElement;\
         const row = parseFloat(getComputedStyle(root).getPropertyValue('--row-h'));\
         return [root.dataset.theme ?? null, root.dataset.density ?? null, row]";
    wait::until_ok(&format!("a page in {theme:?} and {density:?}"), PATIENCE, || {
        let now = app.run(of, &[])?;
        ensure!(
            now[0].as_str() == theme && now[1].as_str() == density,
            "it is {now}"
        );
        let row = now[2].as_f64().with_context(|| format!("rows are {now}"))?;
        ensure!((row < 30.0) == density.is_some(), "rows of {row}");
        Ok(())
    })
}

// experience §14: each page of the settings has its reset, and its reset an undo
#[test]
fn n4_contrast_and_density_stay_at_the_next_launch_and_leave_with_the_reset_of_their_page() -> Result<()> {
    let table = Table::lay()?;
    let app = table.open_and_choose(&table.windlass.dir().join("destination"))?;
    worn(&app, None, None)?;
    choose(&table, &app, "setting-theme", "contrast")?;
    choose(&table, &app, "setting-density", "compact")?;
    worn(&app, Some("contrast"), Some("compact"))?;
    let (_, ground, words) = drawn(&app)?;
    ensure!(ground == 255 && words == 0, "ground {ground}, words {words}");
    table
        .desktop
        .screenshot(shots("appearance-contrast-compact.png"))?;
    app.close()?;

    let app = table.open()?;
    worn(&app, Some("contrast"), Some("compact"))?;
    go_to(&app, "settings")?;
    app.click(&hook("page-appearance"))?;
    app.click(&hook("reset-appearance"))?;
    worn(&app, None, None)?;
    app.click(&hook("toast-undo"))?;
    worn(&app, Some("contrast"), Some("compact"))?;
    app.click(&hook("reset-appearance"))?;
    worn(&app, None, None)?;
    app.close()?;

    let app = table.open()?;
    worn(&app, None, None)?;
    app.close()?;
    table.desktop.finish()
}
