//! The tray: draws what the model decided, and passes on what is chosen there.
//!
//! Made once, at the start; lives as long as the program. Lines whose words changed are set in place, so that an open menu
//! stays open; only when there are other lines than before the menu is made anew.

mod model;
mod pause;
mod picture;
mod wish;

use std::path::Path;
use std::sync::{Mutex, PoisonError};

use tauri::image::Image;
use tauri::menu::{CheckMenuItem, IsMenuItem, Menu, MenuItem, PredefinedMenuItem, Submenu};
use tauri::tray::{MouseButton, MouseButtonState, TrayIcon as Icon, TrayIconBuilder, TrayIconEvent};
use tauri::{AppHandle, Manager as _, Wry};
use windlass_core::ids::GroupId;

use crate::shell::Shell;
use crate::window;
use crate::words::RateUnit;
use model::{PauseAll, TrayIcon, TrayModel, tray_model};
use wish::{
    ANYWAY, CUSTOM, FILES, GROUP, HOLD, NEEDS, OPEN, PAUSE, QUIT, RESUME, SETTINGS, SPEED, STATE, WATCHED,
    limits,
};

pub(crate) use pause::clock;

/// The tray as it was drawn last.
#[derive(Default)]
pub(crate) struct Tray(Mutex<Option<Drawn>>);

struct Drawn {
    icon: Icon,
    lines: Lines,
    model: TrayModel,
    told: Told,
}

/// How it is told: a word of the language, and the unit of rates. Another one makes another menu.
type Told = (&'static str, RateUnit);

fn told(shell: &Shell) -> Told {
    (shell.words().quit(), shell.rate_unit())
}

/// The lines of the menu whose words change.
struct Lines {
    state: MenuItem<Wry>,
    groups: Vec<MenuItem<Wry>>,
}

/// Makes the tray; its pictures go into the data folder. Without one (the desktop has none, its library is missing) the program goes on.
pub(crate) fn make(app: &AppHandle, home: &Path) {
    let shell = app.state::<Shell>();
    let words = shell.words();
    let nothing = model_now(&shell);
    let first = TrayModel {
        line: words.opening().to_owned(),
        tooltip: format!("Windlass: {}", words.opening()),
        ..nothing
    };
    // The library behind it is loaded when it is used first, and what loads it panics where it is not installed.
    let made = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| build(app, home, first)));
    match made {
        Ok(Ok(drawn)) => {
            *app.state::<Tray>()
                .0
                .lock()
                .unwrap_or_else(PoisonError::into_inner) = Some(drawn);
        }
        Ok(Err(why)) => tracing::warn!(%why, "there is no tray"),
        Err(_) => tracing::warn!("there is no tray: its library is missing"),
    }
}

fn build(app: &AppHandle, home: &Path, model: TrayModel) -> tauri::Result<Drawn> {
    let told = told(&app.state::<Shell>());
    let (menu, lines) = menu(app, &model)?;
    let icon = TrayIconBuilder::with_id("main")
        .icon(picture(model.icon))
        // The panel reads the pictures from files; the usual folder for them may be one that all users share.
        .temp_dir_path(home.join("tray"))
        .icon_as_template(true)
        .tooltip(&model.tooltip)
        .menu(&menu)
        .show_menu_on_left_click(cfg!(target_os = "macos"))
        .on_menu_event(|app, event| wish::chosen(app, event.id().as_ref()))
        .on_tray_icon_event(|icon, event| {
            if matches!(
                event,
                TrayIconEvent::Click {
                    button: MouseButton::Left,
                    button_state: MouseButtonState::Up,
                    ..
                }
            ) {
                window::show(icon.app_handle());
            }
        })
        .build(app)?;
    Ok(Drawn {
        icon,
        lines,
        model,
        told,
    })
}

/// Draws what is; nothing is touched that did not change.
pub(crate) fn draw(app: &AppHandle) {
    let shell = app.state::<Shell>();
    let (model, told) = (model_now(&shell), told(&shell));
    let tray = app.state::<Tray>();
    let mut tray = tray.0.lock().unwrap_or_else(PoisonError::into_inner);
    let Some(drawn) = tray.as_mut() else { return };
    if drawn.model == model && drawn.told == told {
        return;
    }
    if let Err(why) = redraw(app, drawn, &model, told) {
        tracing::warn!(%why, "the tray could not be drawn");
    }
    drawn.model = model;
    drawn.told = told;
}

fn redraw(app: &AppHandle, drawn: &mut Drawn, model: &TrayModel, told: Told) -> tauri::Result<()> {
    if drawn.model.icon != model.icon {
        drawn.icon.set_icon(Some(picture(model.icon)))?;
        drawn.icon.set_icon_as_template(true)?;
    }
    if drawn.model.tooltip != model.tooltip {
        drawn.icon.set_tooltip(Some(&model.tooltip))?;
    }
    if shape(&drawn.model) != shape(model) || drawn.told != told {
        let (menu, lines) = menu(app, model)?;
        drawn.icon.set_menu(Some(menu))?;
        drawn.lines = lines;
        return Ok(());
    }
    if drawn.model.line != model.line {
        drawn.lines.state.set_text(literal(&model.line))?;
    }
    for ((item, (_, old)), (_, new)) in drawn
        .lines
        .groups
        .iter()
        .zip(&drawn.model.groups)
        .zip(&model.groups)
    {
        if old != new {
            item.set_text(literal(new))?;
        }
    }
    Ok(())
}

/// Which lines there are, whatever stands in them.
fn shape(m: &TrayModel) -> (Vec<GroupId>, u64, PauseAll, bool, u64) {
    let groups = m.groups.iter().map(|(id, _)| *id).collect();
    (groups, m.need_you, m.all, m.anyway, m.limit)
}

fn menu(app: &AppHandle, model: &TrayModel) -> tauri::Result<(Menu<Wry>, Lines)> {
    let words = app.state::<Shell>().words();
    let item = |id: &str, text: &str| MenuItem::with_id(app, id, text, true, None::<&str>);
    let line = || PredefinedMenuItem::separator(app);
    let lines = Lines {
        state: item(STATE, &literal(&model.line))?,
        groups: model
            .groups
            .iter()
            .map(|(id, text)| item(&format!("{GROUP}{id}"), &literal(text)))
            .collect::<Result<_, _>>()?,
    };
    let menu = Menu::with_items(app, &[&lines.state])?;
    for group in &lines.groups {
        menu.append(group)?;
    }
    if model.need_you > 0 {
        menu.append(&item(NEEDS, &words.needs_you_menu(model.need_you))?)?;
    }
    menu.append(&line()?)?;
    match model.all {
        PauseAll::Resume => menu.append(&item(RESUME, words.resume())?)?,
        PauseAll::Pause { enabled } => menu.append(&pauses(app, enabled)?)?,
    }
    if model.anyway {
        menu.append(&item(ANYWAY, words.anyway())?)?;
    }
    menu.append(&speeds(app, model.limit)?)?;
    menu.append_items(&[
        &line()?,
        &item(FILES, words.upload_files())?,
        &item(OPEN, words.open_window())?,
        &item(WATCHED, words.watched_folders())?,
        &item(SETTINGS, words.settings())?,
        &line()?,
        &item(QUIT, words.quit())?,
    ])?;
    Ok((menu, lines))
}

fn pauses(app: &AppHandle, enabled: bool) -> tauri::Result<Submenu<Wry>> {
    let words = app.state::<Shell>().words();
    let spans = words.pause_spans().into_iter().enumerate();
    let mut items = spans
        .map(|(i, text)| MenuItem::with_id(app, format!("{PAUSE}{i}"), text, enabled, None::<&str>))
        .collect::<Result<Vec<_>, _>>()?;
    let last = MenuItem::with_id(app, HOLD, words.until_i_resume(), enabled, None::<&str>)?;
    items.push(last);
    let items: Vec<&dyn IsMenuItem<Wry>> = items.iter().map(|i| i as &dyn IsMenuItem<Wry>).collect();
    Submenu::with_items(app, words.pause(), enabled, &items)
}

fn speeds(app: &AppHandle, limit: u64) -> tauri::Result<Submenu<Wry>> {
    let shell = app.state::<Shell>();
    let (words, unit) = (shell.words(), shell.rate_unit());
    let item = |id: &str, text: &str, on| CheckMenuItem::with_id(app, id, text, true, on, None::<&str>);
    let limits = limits(unit);
    let mut items = limits
        .into_iter()
        .map(|bytes| {
            let text = match bytes {
                0 => words.no_limit().to_owned(),
                bytes => unit.rate(bytes),
            };
            item(&format!("{SPEED}{bytes}"), &text, bytes == limit)
        })
        .collect::<Result<Vec<_>, _>>()?;
    items.push(item(CUSTOM, words.custom_limit(), !limits.contains(&limit))?);
    let items: Vec<&dyn IsMenuItem<Wry>> = items.iter().map(|i| i as &dyn IsMenuItem<Wry>).collect();
    Submenu::with_items(app, words.speed(), true, &items)
}

fn model_now(shell: &Shell) -> TrayModel {
    let limit = shell.setting("limit").and_then(|v| v.as_u64()).unwrap_or(0);
    let facts = shell.facts();
    tray_model(&facts.groups, &facts.totals, limit, shell.words())
}

/// The queue can't be opened: a cross, as long as the question about it stands.
pub(crate) fn draw_broken(app: &AppHandle) {
    let tray = app.state::<Tray>();
    let tray = tray.0.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(drawn) = tray.as_ref() {
        let words = app.state::<Shell>().words();
        let set = drawn
            .icon
            .set_icon(Some(picture(TrayIcon::Broken)))
            .and_then(|()| drawn.icon.set_tooltip(Some(words.cannot_start())));
        if let Err(why) = set {
            tracing::warn!(%why, "the tray could not be drawn");
        }
    }
}

/// `&` marks the letter of a shortcut in menus; a name has none.
fn literal(text: &str) -> String {
    text.replace('&', "&&")
}

fn picture(icon: TrayIcon) -> Image<'static> {
    match icon {
        TrayIcon::Idle => tauri::include_image!("../icons/tray-idle-44.png"),
        TrayIcon::Active(filled) => Image::new_owned(picture::ring(filled), picture::SIDE, picture::SIDE),
        TrayIcon::Paused => tauri::include_image!("../icons/tray-paused-44.png"),
        TrayIcon::Attention => tauri::include_image!("../icons/tray-attention-44.png"),
        TrayIcon::Offline => tauri::include_image!("../icons/tray-offline-44.png"),
        TrayIcon::Broken => tauri::include_image!("../icons/tray-broken-44.png"),
    }
}
