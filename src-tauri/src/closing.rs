//! The ends: of the window, which is none, and of the program.
//!
//! Closing the window hides it; work goes on, unless the person chose that it ends the program. Quit asks while work runs, then the engine stops: parts in flight get a few
//! seconds, everything unfinished goes on next time. Ctrl+C and SIGTERM are Quit without the question.

use std::time::Duration;

use serde_json::{Value, json};
use tauri::{AppHandle, Manager as _};
use tauri_plugin_dialog::{DialogExt as _, MessageDialogButtons, MessageDialogKind};

use crate::shell::Shell;
use crate::{desktop, follow, notify, window};

/// Setting: what the person was told or answered at the first close.
const CLOSE_TOLD: &str = "close_told";
/// Setting: whether closing the window leaves the program in the tray; it does when nothing was chosen.
const CLOSE_TO_TRAY: &str = "close_to_tray";
/// The engine and the control plane get so long to end; what is not written then is found by the next launch.
const LONGEST: Duration = Duration::from_secs(8);
/// Nobody who closes a window waits longer for an answer.
const SHORT: Duration = Duration::from_secs(1);

/// What closing the window does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Close {
    /// Into the tray, and say so when it is the first time.
    Hide { tell: bool },
    /// There is no tray, but the person wants work to go on.
    Minimise,
    /// There is no tray, and work runs: ask.
    Ask,
    /// There is no tray, and nothing to do.
    Quit,
    /// The person wants no program without a window: as Quit, which asks while work runs.
    AskToQuit,
}

fn decide(tray: bool, stays: bool, working: bool, told: Option<&Value>) -> Close {
    if !stays {
        return Close::AskToQuit;
    }
    match (tray, working) {
        (true, _) => Close::Hide { tell: told.is_none() },
        (false, false) => Close::Quit,
        (false, true) if told == Some(&json!("background")) => Close::Minimise,
        (false, true) => Close::Ask,
    }
}

/// The person closed the window.
pub(crate) fn close(app: &AppHandle) {
    let app = app.clone();
    tauri::async_runtime::spawn(async move {
        let shell = app.state::<Shell>().inner().clone();
        let working = at_work(&shell).await.0 > 0;
        let stays = shell.setting(CLOSE_TO_TRAY) != Some(json!(false));
        match decide(
            desktop::has_tray().await,
            stays,
            working,
            shell.setting(CLOSE_TOLD).as_ref(),
        ) {
            Close::Hide { tell } => {
                hide(&app);
                if tell {
                    notify::tell_that_it_goes_on(&app);
                    remember(&shell, json!("tray")).await;
                }
            }
            Close::Minimise => minimise(&app),
            Close::Ask => ask_about_background(&app).await,
            Close::Quit => quit(&app, 0),
            Close::AskToQuit => ask_to_quit(&app),
        }
    });
}

/// Groups that go on by themselves if the program stays, and those that are not finished, as the engine has them now: what the
/// tray was told last may be older than the file that was just dropped.
async fn at_work(shell: &Shell) -> (usize, usize) {
    if let Some(engine) = shell.engine_now()
        && let Ok(Ok(now)) = tokio::time::timeout(SHORT, engine.snapshot()).await
    {
        let working = now.groups.iter().filter(|g| follow::works(g.word));
        let unfinished = now.groups.iter().filter(|g| g.finished_at.is_none());
        return (working.count(), unfinished.count());
    }
    let facts = shell.facts();
    (facts.working(), facts.unfinished())
}

fn hide(app: &AppHandle) {
    if let Some(window) = app.get_webview_window(window::MAIN)
        && let Err(why) = window.hide()
    {
        tracing::warn!(%why, "the window could not be hidden");
    }
}

fn minimise(app: &AppHandle) {
    if let Some(window) = app.get_webview_window(window::MAIN)
        && let Err(why) = window.minimize()
    {
        tracing::warn!(%why, "the window could not be made small");
    }
}

async fn remember(shell: &Shell, what: Value) {
    if let Err(e) = shell.set_setting(CLOSE_TOLD, what).await {
        tracing::warn!(error = %e, "that it was told is not written down");
    }
}

async fn ask_about_background(app: &AppHandle) {
    let shell = app.state::<Shell>().inner().clone();
    if !shell.begin_to_ask() {
        return;
    }
    let words = shell.words();
    let stays = ask(
        app,
        words.background_question().to_owned(),
        words.in_background(),
        words.quit(),
    )
    .await;
    shell.asked();
    if stays {
        minimise(app);
        remember(&shell, json!("background")).await;
    } else {
        quit(app, 0);
    }
}

/// Quit was chosen.
pub(crate) fn ask_to_quit(app: &AppHandle) {
    let app = app.clone();
    tauri::async_runtime::spawn(async move {
        let shell = app.state::<Shell>().inner().clone();
        let (working, unfinished) = at_work(&shell).await;
        if working == 0 {
            quit(&app, 0);
            return;
        }
        if !shell.begin_to_ask() {
            return;
        }
        let words = shell.words();
        let yes = ask(
            &app,
            words.quit_question(unfinished as u64),
            words.quit(),
            words.stay(),
        )
        .await;
        shell.asked();
        if yes {
            quit(&app, 0);
        }
    });
}

/// Asks by a dialog of the desktop; true for the first answer.
pub(crate) async fn ask(app: &AppHandle, text: String, yes: &str, no: &str) -> bool {
    let (answer, answered) = tokio::sync::oneshot::channel();
    let mut dialog = app
        .dialog()
        .message(text)
        .title("Windlass")
        .kind(MessageDialogKind::Warning)
        .buttons(MessageDialogButtons::OkCancelCustom(
            yes.to_owned(),
            no.to_owned(),
        ));
    if let Some(window) = app
        .get_webview_window(window::MAIN)
        .filter(|w| w.is_visible().unwrap_or(false))
    {
        dialog = dialog.parent(&window);
    }
    dialog.show(move |first| {
        let _ = answer.send(first);
    });
    answered.await.unwrap_or(false)
}

/// Tells something by a dialog of the desktop.
pub(crate) fn tell(app: &AppHandle, title: &str, text: String, then: impl FnOnce() + Send + 'static) {
    let dialog = app
        .dialog()
        .message(text)
        .title(title)
        .kind(MessageDialogKind::Error);
    dialog.buttons(MessageDialogButtons::Ok).show(move |_| then());
}

/// Ends the program. Only the first call does anything.
pub(crate) fn quit(app: &AppHandle, code: i32) {
    let shell = app.state::<Shell>().inner().clone();
    if !shell.begin_to_end() {
        return;
    }
    hide(app);
    let app = app.clone();
    tauri::async_runtime::spawn(async move {
        let ended = async {
            if let Some(engine) = shell.engine_now() {
                engine.shutdown().await;
            }
            let Some(behind) = shell.take_behind() else { return };
            // Those who wait by the socket were told of the end by the engine.
            if let Some(socket) = behind.socket {
                socket.close().await;
            }
            if let Err(e) = behind.embedded.shutdown().await {
                tracing::warn!(error = %e, "the ledger was not closed cleanly");
            }
        };
        if tokio::time::timeout(LONGEST, ended).await.is_err() {
            tracing::warn!("the end took too long; the next launch finds what is where");
        }
        tracing::info!(code, "end");
        app.exit(code);
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closing_hides_into_the_tray_and_says_so_once() {
        assert_eq!(decide(true, true, true, None), Close::Hide { tell: true });
        assert_eq!(
            decide(true, true, false, Some(&json!("tray"))),
            Close::Hide { tell: false }
        );
    }

    #[test]
    fn without_a_tray_work_is_never_hidden_without_a_question() {
        assert_eq!(decide(false, true, true, None), Close::Ask);
        assert_eq!(decide(false, true, true, Some(&json!("tray"))), Close::Ask);
        assert_eq!(
            decide(false, true, true, Some(&json!("background"))),
            Close::Minimise
        );
        assert_eq!(decide(false, true, false, None), Close::Quit);
    }

    #[test]
    fn who_wants_no_tray_ends_the_program_with_its_window_and_is_asked_while_work_runs() {
        for (tray, working) in [(true, true), (true, false), (false, true), (false, false)] {
            let told = json!("background");
            assert_eq!(decide(tray, false, working, Some(&told)), Close::AskToQuit);
        }
    }
}
