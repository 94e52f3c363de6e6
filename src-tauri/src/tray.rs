//! The tray: draws what the model decided, and passes on what is chosen there.
//!
//! Made once, at the start; lives as long as the program. Lines whose words changed are set in place, so that an open menu
//! stays open; only when the number of named groups changes the menu is made anew.

mod model;
mod pause;

use std::sync::{Mutex, PoisonError};

use tauri::image::Image;
use tauri::menu::{IsMenuItem, Menu, MenuItem, PredefinedMenuItem, Submenu};
use tauri::tray::{MouseButton, MouseButtonState, TrayIcon as Icon, TrayIconBuilder, TrayIconEvent};
use tauri::{AppHandle, Manager as _, Wry};
use windlass_core::error::Failure;
use windlass_core::ids::GroupId;
use windlass_core::states::Intent;
use windlass_engine::Scope;

use crate::shell::Shell;
use crate::{closing, window};
use model::{PauseAll, TrayIcon, TrayModel, tray_model};
use pause::Span;

const STATE: &str = "state";
const OPEN: &str = "open";
const ALL: &str = "all";
const QUIT: &str = "quit";
const GROUP: &str = "group:";
const PAUSE: &str = "pause:";

/// The tray as it was drawn last.
#[derive(Default)]
pub(crate) struct Tray(Mutex<Option<Drawn>>);

struct Drawn {
    icon: Icon,
    lines: Lines,
    model: TrayModel,
    language: &'static str,
}

/// The lines of the menu whose words change.
struct Lines {
    state: MenuItem<Wry>,
    groups: Vec<MenuItem<Wry>>,
    all: MenuItem<Wry>,
}

/// Makes the tray. Without one (the desktop has none, its library is missing) the program goes on.
pub(crate) fn make(app: &AppHandle) {
    let shell = app.state::<Shell>();
    let words = shell.words();
    let nothing = model_now(&shell);
    let first = TrayModel {
        line: words.opening().to_owned(),
        tooltip: format!("Windlass: {}", words.opening()),
        ..nothing
    };
    // The library behind it is loaded when it is used first, and what loads it panics where it is not installed.
    let made = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| build(app, first)));
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

fn build(app: &AppHandle, model: TrayModel) -> tauri::Result<Drawn> {
    let language = app.state::<Shell>().words().quit();
    let (menu, lines) = menu(app, &model)?;
    let icon = TrayIconBuilder::with_id("main")
        .icon(picture(model.icon))
        .icon_as_template(true)
        .tooltip(&model.tooltip)
        .menu(&menu)
        .show_menu_on_left_click(cfg!(target_os = "macos"))
        .on_menu_event(|app, event| chosen(app, event.id().as_ref()))
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
        language,
    })
}

/// Draws what is; nothing is touched that did not change.
pub(crate) fn draw(app: &AppHandle) {
    let shell = app.state::<Shell>();
    let (model, language) = (model_now(&shell), shell.words().quit());
    let tray = app.state::<Tray>();
    let mut tray = tray.0.lock().unwrap_or_else(PoisonError::into_inner);
    let Some(drawn) = tray.as_mut() else { return };
    if drawn.model == model && drawn.language == language {
        return;
    }
    if let Err(why) = redraw(app, drawn, &model, language) {
        tracing::warn!(%why, "the tray could not be drawn");
    }
    drawn.model = model;
    drawn.language = language;
}

fn redraw(app: &AppHandle, drawn: &mut Drawn, model: &TrayModel, language: &str) -> tauri::Result<()> {
    if drawn.model.icon != model.icon {
        drawn.icon.set_icon(Some(picture(model.icon)))?;
        drawn.icon.set_icon_as_template(true)?;
    }
    if drawn.model.tooltip != model.tooltip {
        drawn.icon.set_tooltip(Some(&model.tooltip))?;
    }
    let ids = |m: &TrayModel| m.groups.iter().map(|(id, _)| *id).collect::<Vec<_>>();
    if ids(&drawn.model) != ids(model) || drawn.language != language {
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
    if drawn.model.all != model.all {
        let (text, enabled) = all(app, model.all);
        drawn.lines.all.set_text(text)?;
        drawn.lines.all.set_enabled(enabled)?;
    }
    Ok(())
}

fn menu(app: &AppHandle, model: &TrayModel) -> tauri::Result<(Menu<Wry>, Lines)> {
    let words = app.state::<Shell>().words();
    let item = |id: &str, text: &str, enabled| MenuItem::with_id(app, id, text, enabled, None::<&str>);
    let (text, enabled) = all(app, model.all);
    let lines = Lines {
        state: item(STATE, &literal(&model.line), true)?,
        groups: model
            .groups
            .iter()
            .map(|(id, text)| item(&format!("{GROUP}{id}"), &literal(text), true))
            .collect::<Result<_, _>>()?,
        all: item(ALL, text, enabled)?,
    };
    let (open, quit) = (
        item(OPEN, words.open_window(), true)?,
        item(QUIT, words.quit(), true)?,
    );
    let (first, last) = (
        PredefinedMenuItem::separator(app)?,
        PredefinedMenuItem::separator(app)?,
    );
    let mut items: Vec<&dyn IsMenuItem<Wry>> = vec![&lines.state];
    items.extend(lines.groups.iter().map(|g| g as &dyn IsMenuItem<Wry>));
    let spans = words
        .pause_spans()
        .into_iter()
        .enumerate()
        .map(|(i, text)| item(&format!("{PAUSE}{i}"), text, true))
        .collect::<Result<Vec<_>, _>>()?;
    let spans: Vec<&dyn IsMenuItem<Wry>> = spans.iter().map(|s| s as &dyn IsMenuItem<Wry>).collect();
    let pause = Submenu::with_items(app, words.pause_for(), true, &spans)?;
    items.extend([
        &first as &dyn IsMenuItem<Wry>,
        &open,
        &lines.all,
        &pause,
        &last,
        &quit,
    ]);
    Ok((Menu::with_items(app, &items)?, lines))
}

fn all(app: &AppHandle, all: PauseAll) -> (&'static str, bool) {
    let words = app.state::<Shell>().words();
    match all {
        PauseAll::Pause { enabled } => (words.pause_all(), enabled),
        PauseAll::Resume => (words.resume_all(), true),
    }
}

fn model_now(shell: &Shell) -> TrayModel {
    let facts = shell.facts();
    tray_model(&facts.groups, &facts.totals, shell.words())
}

fn chosen(app: &AppHandle, id: &str) {
    match id {
        STATE | OPEN => window::show(app),
        QUIT => closing::ask_to_quit(app),
        ALL => {
            let app = app.clone();
            tauri::async_runtime::spawn(async move {
                if let Err(e) = pause_or_resume(&app).await {
                    tracing::warn!(error = %e, "pausing from the tray failed");
                }
            });
        }
        other => {
            let span = other
                .strip_prefix(PAUSE)
                .and_then(|i| Span::ALL.get(i.parse::<usize>().ok()?).copied());
            if let Some(span) = span {
                pause_for(app, span);
            } else if let Some(group) = other
                .strip_prefix(GROUP)
                .and_then(|id| id.parse::<GroupId>().ok())
            {
                window::show_group(app, Some(group));
            }
        }
    }
}

/// Pauses everything for a span.
fn pause_for(app: &AppHandle, span: Span) {
    let app = app.clone();
    tauri::async_runtime::spawn(async move {
        let shell = app.state::<Shell>().inner().clone();
        let paused = match shell.engine().await {
            Ok(engine) => engine.pause_until(span.end(engine.now_ms())).await,
            Err(e) => Err(e),
        };
        if let Err(e) = paused {
            tracing::warn!(error = %e, "pausing from the tray failed");
        }
    });
}

/// Does what the menu offered.
async fn pause_or_resume(app: &AppHandle) -> Result<(), Failure> {
    let shell = app.state::<Shell>().inner().clone();
    let offered = {
        let tray = app.state::<Tray>();
        let tray = tray.0.lock().unwrap_or_else(PoisonError::into_inner);
        tray.as_ref().map(|drawn| drawn.model.all)
    };
    let intent = match offered {
        Some(PauseAll::Resume) => Intent::Run,
        Some(PauseAll::Pause { .. }) | None => Intent::Paused,
    };
    shell.engine().await?.set_intent(Scope::App, intent).await
}

/// `&` marks the letter of a shortcut in menus; a name has none.
fn literal(text: &str) -> String {
    text.replace('&', "&&")
}

fn picture(icon: TrayIcon) -> Image<'static> {
    match icon {
        TrayIcon::Idle => tauri::include_image!("../icons/tray-idle-44.png"),
        TrayIcon::Active => tauri::include_image!("../icons/tray-active-44.png"),
        TrayIcon::Paused => tauri::include_image!("../icons/tray-paused-44.png"),
        TrayIcon::Attention => tauri::include_image!("../icons/tray-attention-44.png"),
    }
}
