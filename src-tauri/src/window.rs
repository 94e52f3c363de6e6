//! The window: made once, hidden and shown again, never left by its page.
//!
//! Only the program's own page is ever loaded in it; links, forms, scripts and dropped pages lead nowhere (A03).

use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tauri::webview::{NewWindowResponse, WebviewWindowBuilder};
use tauri::{AppHandle, DragDropEvent, Manager as _, PhysicalPosition, Url, WebviewWindow, WindowEvent};
use windlass_core::ids::GroupId;
use windlass_engine::{Origin, clock};

use crate::closing;
use crate::files::Counts;
use crate::page::{Drag, Phase, Place, WindowMessage};
use crate::shell::{Shell, new_group};

/// Its label, which the capability names.
pub(crate) const MAIN: &str = "main";
/// Counting what is dragged waits so long for a disk.
const LOOK: Duration = Duration::from_millis(300);

/// Makes the window. What the web view keeps goes into the data folder.
pub(crate) fn make(app: &AppHandle, home: &Path) -> tauri::Result<WebviewWindow> {
    let config = app
        .config()
        .app
        .windows
        .iter()
        .find(|w| w.label == MAIN)
        .cloned()
        .unwrap_or_default();
    let kept = home.join("web");
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&kept)?;
    let window = WebviewWindowBuilder::from_config(app, &config)?
        .data_directory(kept)
        .on_navigation(is_own_page)
        .on_new_window(|_, _| NewWindowResponse::Deny)
        .build()?;
    #[cfg(target_os = "linux")]
    window.with_webview(|view| crate::revive::watch(&view.inner()))?;
    let handle = app.clone();
    window.on_window_event(move |event| happened(&handle, event));
    Ok(window)
}

/// Brings the window up, in front.
pub(crate) fn show(app: &AppHandle) {
    let Some(window) = app.get_webview_window(MAIN) else {
        return;
    };
    let shown = window
        .show()
        .and_then(|()| window.unminimize())
        .and_then(|()| window.set_focus());
    if let Err(why) = shown {
        tracing::warn!(%why, "the window could not be shown");
    }
}

/// Brings the window up with a group in sight.
pub(crate) fn show_group(app: &AppHandle, group: Option<GroupId>) {
    show(app);
    app.state::<Shell>().page().show(group);
}

/// Brings the window up with a place of it in sight.
pub(crate) fn show_place(app: &AppHandle, place: Place) {
    show(app);
    app.state::<Shell>().page().open(place);
}

/// Pages that may be loaded: the program's own, and while developing the one of the dev server.
fn is_own_page(url: &Url) -> bool {
    let own = match url.scheme() {
        "tauri" => url.host_str() == Some("localhost"),
        "http" | "https" => url.host_str() == Some("tauri.localhost") && url.port().is_none(),
        _ => false,
    };
    let developing =
        !cfg!(feature = "custom-protocol") && url.origin().ascii_serialization() == "http://127.0.0.1:1420";
    if !(own || developing) {
        tracing::warn!(scheme = url.scheme(), "the page wanted to leave");
    }
    own || developing
}

fn happened(app: &AppHandle, event: &WindowEvent) {
    match event {
        WindowEvent::CloseRequested { api, .. } => {
            api.prevent_close();
            closing::close(app);
        }
        WindowEvent::Focused(focused) => app.state::<Shell>().set_focused(*focused),
        WindowEvent::Destroyed => app.state::<Shell>().page().gone(),
        WindowEvent::DragDrop(drag) => dragged(app, drag),
        _ => {}
    }
}

/// The drag over the window, if there is one.
#[derive(Default)]
pub(crate) struct Dragging(Mutex<Over>);

#[derive(Default)]
struct Over {
    /// Which drag: an answer that comes late belongs to none.
    turn: u64,
    /// The page knows of it.
    told: bool,
    counts: Counts,
    at: (f64, f64),
}

fn dragged(app: &AppHandle, event: &DragDropEvent) {
    let (shell, dragging) = (app.state::<Shell>(), app.state::<Dragging>());
    let mut over = dragging.0.lock().unwrap_or_else(PoisonError::into_inner);
    let at = |position: &PhysicalPosition<f64>| css(app, *position);
    let send = |drag: Drag| shell.page().send(WindowMessage::Drag(drag));
    match event {
        DragDropEvent::Enter { paths, position } => {
            *over = Over {
                turn: over.turn + 1,
                told: false,
                counts: Counts::unknown(paths.len()),
                at: at(position),
            };
            count(app.clone(), paths.clone(), over.turn);
        }
        DragDropEvent::Over { position } => {
            over.at = at(position);
            if over.told {
                send(Drag::new(Phase::Over, over.at, over.counts));
            }
        }
        DragDropEvent::Drop { paths, position } => {
            (over.turn, over.at) = (over.turn + 1, at(position));
            if !over.told {
                over.counts = Counts::unknown(paths.len());
                send(Drag::new(Phase::Enter, over.at, over.counts));
            }
            over.told = false;
            if paths.is_empty() {
                send(Drag::new(Phase::Leave, over.at, over.counts));
                return;
            }
            let handle = shell.given().keep(paths.clone(), clock::now());
            if !send(Drag {
                handle: Some(handle),
                ..Drag::new(Phase::Drop, over.at, over.counts)
            }) {
                without_page(shell.inner().clone(), handle);
            }
        }
        DragDropEvent::Leave => {
            over.turn += 1;
            if std::mem::take(&mut over.told) {
                send(Drag::new(Phase::Leave, over.at, over.counts));
            }
        }
        _ => {}
    }
}

/// Tells the page of a drag once it is known what is in it.
fn count(app: AppHandle, paths: Vec<std::path::PathBuf>, turn: u64) {
    tauri::async_runtime::spawn(async move {
        let known =
            tokio::time::timeout(LOOK, tokio::task::spawn_blocking(move || Counts::observe(&paths))).await;
        let (shell, dragging) = (app.state::<Shell>(), app.state::<Dragging>());
        let mut over = dragging.0.lock().unwrap_or_else(PoisonError::into_inner);
        if over.turn != turn {
            return;
        }
        if let Ok(Ok(counts)) = known {
            over.counts = counts;
        }
        over.told = true;
        shell
            .page()
            .send(WindowMessage::Drag(Drag::new(Phase::Enter, over.at, over.counts)));
    });
}

/// A drop that no page could be asked about makes a new group.
fn without_page(shell: Shell, handle: u32) {
    tauri::async_runtime::spawn(async move {
        let Some(paths) = shell.given().take(handle, clock::now()) else {
            return;
        };
        let added = match shell.engine().await {
            Ok(engine) => engine.add_paths(new_group(paths, Origin::Drop)).await.map(drop),
            Err(e) => Err(e),
        };
        if let Err(e) = added {
            tracing::warn!(error = %e, "a drop could not be taken");
        }
    });
}

/// A place of the window in CSS pixels. GTK and Cocoa count in them already; Windows counts device pixels.
fn css(app: &AppHandle, position: PhysicalPosition<f64>) -> (f64, f64) {
    if !cfg!(windows) {
        return (position.x, position.y);
    }
    let scale = app
        .get_webview_window(MAIN)
        .and_then(|w| w.scale_factor().ok())
        .filter(|s| *s > 0.0)
        .unwrap_or(1.0);
    (position.x / scale, position.y / scale)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a003_only_the_own_page_is_loaded() {
        let own = |url: &str| is_own_page(&Url::parse(url).unwrap());
        assert!(
            own("tauri://localhost/")
                && own("tauri://localhost/index.html#x")
                && own("http://tauri.localhost/")
        );
        for strange in [
            "https://example.com/",
            "file:///etc/passwd",
            "http://tauri.localhost.example.com/",
            "http://tauri.localhost:8080/",
            "tauri://example.com/",
            "data:text/html,x",
            "blob:tauri://localhost/1",
            "javascript:alert(1)",
            "about:blank",
            "windlass://add",
        ] {
            assert!(!own(strange), "{strange}");
        }
    }
}
