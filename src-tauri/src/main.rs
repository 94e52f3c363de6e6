//! The window's program: it wires the engine, the embedded control plane, the page, the tray and the desktop together.
//!
//! Born by a person, by the desktop ("open with") or at login (`--hidden`). A second start hands its paths to the first and
//! ends. The first takes the lock of the data folder, starts the control plane and the engine beside the opening window,
//! and lives until Quit, Ctrl+C or the end of the session; closing the window only hides it. It decides nothing about
//! transfers and keeps no truth: after kill -9 the next launch finds everything in the queue.

// No console beside the window.
#![cfg_attr(windows, windows_subsystem = "windows")]

mod app;
mod arguments;
mod awake;
mod check;
mod closing;
mod commands;
mod desktop;
mod environment;
mod files;
mod follow;
mod login;
mod logs;
mod notify;
mod page;
mod priority;
#[cfg(target_os = "linux")]
mod revive;
mod save;
mod shell;
mod sign_in;
mod start;
mod tray;
mod window;
mod words;

use std::process::ExitCode;

use arguments::{Arguments, Ask};

/// Exit code when the program can't start: somebody else has the data folder, or it can't be used.
pub(crate) const CANNOT_START: u8 = 3;

fn main() -> ExitCode {
    if let Err(why) = environment::replace_what_may_not_be() {
        eprintln!("windlass-desktop: {why}");
        return ExitCode::from(CANNOT_START);
    }
    windlass_allocator::share_arenas();
    let here = std::env::current_dir().unwrap_or_default();
    let arguments = match Arguments::parse(std::env::args_os().skip(1), &here) {
        Ok(Ask::Open(arguments)) => arguments,
        Ok(Ask::Say(text)) => {
            println!("{text}");
            return ExitCode::SUCCESS;
        }
        Err(why) => {
            eprintln!("windlass-desktop: {why}\n\n{}", arguments::HELP);
            return ExitCode::from(2);
        }
    };
    environment::keep_the_page_small();
    if let Err(why) = environment::opens_display() {
        eprintln!("windlass-desktop: {why}. `windlass up` sends files without a window.");
        return ExitCode::from(CANNOT_START);
    }
    let threads = priority::Front::start().and_then(|front| Ok((front, priority::runtime()?)));
    let (front, runtime) = match threads {
        Ok(threads) => threads,
        Err(why) => {
            eprintln!("windlass-desktop: no threads: {why}");
            return ExitCode::from(CANNOT_START);
        }
    };
    tauri::async_runtime::set(runtime.handle().clone());
    let code = app::run(arguments, front);
    // What still hangs in a system call must not keep the program.
    runtime.shutdown_background();
    ExitCode::from(code)
}
