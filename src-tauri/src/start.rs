//! The start of the engine, beside the opening window.
//!
//! The lock of the data folder comes first; then the control plane, then the engine on it, then the local socket by which
//! the command line hands its work over. What fails is told by a dialog of the desktop with its code, and ends the program.

use std::path::PathBuf;

use tauri::{AppHandle, Manager as _};
use windlass_core::error::Failure;
use windlass_core::machine::Config;
use windlass_engine::home::{Home, HomeLock};
use windlass_engine::{EngineConfig, EngineHandle, remote};
use windlass_server::embedded::{self, EmbeddedConfig};

use crate::shell::{Behind, Shell};
use crate::{CANNOT_START, closing, follow, tray};

/// The data folder of this user.
pub(crate) fn home() -> Result<Home, Failure> {
    let system =
        directories::ProjectDirs::from("", "", "windlass").map(|dirs| dirs.data_local_dir().to_owned());
    Home::find(std::env::var_os("WINDLASS_HOME").as_deref(), system)
}

/// Starts what works behind the window, then takes in the paths of the command line.
pub(crate) fn begin(app: &AppHandle, lock: HomeLock, paths: Vec<PathBuf>) {
    let app = app.clone();
    tauri::async_runtime::spawn(async move {
        match start(&app, lock).await {
            Ok(engine) => {
                tauri::async_runtime::spawn(follow::run(app.clone(), engine));
                open_with(&app, paths).await;
            }
            Err(e) => cannot(&app, &e),
        }
    });
}

async fn start(app: &AppHandle, lock: HomeLock) -> Result<EngineHandle, Failure> {
    let home = lock.home().clone();
    let embedded = embedded::start(EmbeddedConfig {
        home: home.dir().to_owned(),
    })
    .await?;
    let (control, tokens) = (embedded.endpoint(), embedded.tokens());
    let suggested_folder = suggested_folder(&home);
    let engine = windlass_engine::start(EngineConfig {
        lock,
        control,
        tokens,
        suggested_folder,
        follow_system: true,
        machine: Config::default(),
    })
    .await?;
    engine.begin_watching();
    let settings = engine.snapshot().await?.settings;
    let socket = remote::serve(engine.clone(), &home);
    if let Err(e) = &socket {
        tracing::warn!(error = %e, "the command line can't hand work over");
    }
    app.state::<Shell>().started(
        engine.clone(),
        Behind {
            socket: socket.ok(),
            embedded,
        },
        settings,
    );
    tracing::info!(version = env!("CARGO_PKG_VERSION"), "started");
    Ok(engine)
}

/// Documents/Windlass, where the system has a folder for documents.
fn suggested_folder(home: &Home) -> PathBuf {
    let user = directories::UserDirs::new();
    let documents = user
        .as_ref()
        .map(|dirs| dirs.document_dir().unwrap_or_else(|| dirs.home_dir()).to_owned());
    documents
        .unwrap_or_else(|| home.dir().to_owned())
        .join("Windlass")
}

/// Takes in paths that the desktop handed over; what can't be taken is told.
pub(crate) async fn open_with(app: &AppHandle, paths: Vec<PathBuf>) {
    let shell = app.state::<Shell>().inner().clone();
    match shell.open_with(paths).await {
        Ok(Some(group)) => shell.page().show(Some(group)),
        Ok(None) => {}
        Err(e) => closing::tell(app, shell.words().not_taken(), fault(&e), || {}),
    }
}

/// Says why there is no start, and ends.
pub(crate) fn cannot(app: &AppHandle, why: &Failure) {
    tracing::error!(code = why.code.as_str(), detail = why.detail, "can't start");
    tray::draw_broken(app);
    let handle = app.clone();
    let title = app.state::<Shell>().words().cannot_start();
    closing::tell(app, title, fault(why), move || {
        closing::quit(&handle, i32::from(CANNOT_START));
    });
}

/// A failure for people: what it means, what it is called, the fact in it.
fn fault(failure: &Failure) -> String {
    format!(
        "{}\n\n{} · {}",
        failure.code.text(),
        failure.code.label(),
        failure.detail
    )
}
