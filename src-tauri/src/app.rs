//! The life of the program as Tauri sees it: plugins, set-up, events, end.

use std::path::Path;

use tauri::{AppHandle, Manager as _, RunEvent};
use tauri_plugin_window_state::StateFlags;
use windlass_core::error::Failure;
use windlass_engine::home::Home;

use crate::arguments::{Arguments, Ask};
use crate::priority::Front;
use crate::shell::Shell;
use crate::{CANNOT_START, awake, closing, commands, logs, notify, start, tray, window};

/// Runs until the end, and says how it ended.
pub(crate) fn run(arguments: Arguments, front: Front) -> u8 {
    let home = start::home();
    let mut builder = tauri::Builder::default();
    // Before everything else: a second start hands over and ends inside of it.
    builder = builder.plugin(single_instance(home.as_ref().ok()));
    builder = builder
        .plugin(tauri_plugin_dialog::init())
        .plugin(
            tauri_plugin_opener::Builder::new()
                .open_js_links_on_click(false)
                .build(),
        )
        .manage(Shell::default())
        .manage(front)
        .manage(tray::Tray::default())
        .manage(window::Dragging::default())
        .manage(awake::Awake::default())
        .invoke_handler(commands::handler());
    #[cfg(not(target_os = "linux"))]
    {
        builder = builder.plugin(tauri_plugin_notification::init());
    }
    if let Ok(home) = &home {
        builder = builder.plugin(window_state(home.dir()));
    }
    let built = builder
        .setup(move |app| {
            set_up(app.handle(), home, arguments);
            Ok(())
        })
        .build(tauri::generate_context!());
    let app = match built {
        Ok(app) => app,
        Err(why) => {
            eprintln!("windlass-desktop: {why}");
            return CANNOT_START;
        }
    };
    let code = app.run_return(|app, event| {
        if let RunEvent::ExitRequested { api, .. } = event
            && !app.state::<Shell>().is_ending()
        {
            // The window is gone, or the session ends: not before the engine has ended.
            api.prevent_exit();
            closing::quit(app, 0);
        }
    });
    u8::try_from(code).unwrap_or(1)
}

/// Never fails: a fault is told by a dialog, which then ends the program.
fn set_up(app: &AppHandle, home: Result<Home, Failure>, arguments: Arguments) {
    let lock = match home.and_then(|home| home.lock()) {
        Ok(lock) => lock,
        Err(why) => return start::cannot(app, &why),
    };
    app.manage(logs::begin(&lock.home().logs()));
    notify::begin(app);
    tray::make(app, lock.home().dir());
    if let Err(why) = window::make(app, lock.home().dir()) {
        let why = Failure::new(
            windlass_core::error::ErrorCode::Internal,
            format!("the window: {why}"),
        );
        return start::cannot(app, &why);
    }
    if !arguments.hidden {
        window::show(app);
    }
    end_with_signals(app);
    start::begin(app, lock, arguments.paths);
}

/// One program a data folder: a second start brings the window of the first up and hands its paths over.
fn single_instance(home: Option<&Home>) -> tauri::plugin::TauriPlugin<tauri::Wry> {
    let plugin = tauri_plugin_single_instance::Builder::new().callback(|app, words, here| {
        let words = words.into_iter().skip(1).map(Into::into);
        match Arguments::parse(words, Path::new(&here)) {
            Ok(Ask::Open(arguments)) => {
                if !arguments.hidden {
                    window::show(app);
                }
                let app = app.clone();
                tauri::async_runtime::spawn(async move { start::open_with(&app, arguments.paths).await });
            }
            Ok(Ask::Say(_)) => {}
            Err(why) => tracing::warn!(why, "a second start was refused"),
        }
    });
    match home.filter(|_| std::env::var_os("WINDLASS_HOME").is_some()) {
        Some(home) => plugin
            .dbus_id(format!("app.windlass.desktop.h{:016x}", name_of(home.dir())))
            .build(),
        None => plugin.build(),
    }
}

/// A number for a folder, the same in every start: 64 bits of FNV-1a.
fn name_of(dir: &Path) -> u64 {
    let bytes = dir.as_os_str().as_encoded_bytes();
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// Remembers place and size; never whether it was hidden.
fn window_state(home: &Path) -> tauri::plugin::TauriPlugin<tauri::Wry> {
    let flags = StateFlags::all() & !(StateFlags::VISIBLE | StateFlags::DECORATIONS);
    let file = home.join("window.json").to_string_lossy().into_owned();
    tauri_plugin_window_state::Builder::new()
        .with_state_flags(flags)
        .with_filename(file)
        .build()
}

/// Ctrl+C, and the end of the session.
fn end_with_signals(app: &AppHandle) {
    let app = app.clone();
    tauri::async_runtime::spawn(async move {
        let told = wait_for_signal().await;
        match told {
            Ok(()) => closing::quit(&app, 0),
            Err(why) => tracing::warn!(%why, "signals are not heard"),
        }
    });
}

#[cfg(unix)]
async fn wait_for_signal() -> std::io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    Ok(())
}

#[cfg(not(unix))]
async fn wait_for_signal() -> std::io::Result<()> {
    tokio::signal::ctrl_c().await
}
