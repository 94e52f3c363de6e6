//! `windlass`: Windlass from a terminal.
//!
//! A command is read ([`args`]), finds the data folder ([`place`]) and becomes a [`session`]: with an engine of its own when
//! the folder is free, else by asking the program that has it. Then its [`verbs`] say the same to either. What it says
//! comes from [`output`] and [`show`]; how it ends is an [`exit::Exit`].
//!
//! A [`server`] has verbs of its own, which know neither queue nor engine.
//!
//! A command ends by itself, or by a signal: its engine then stops in order, and nothing is lost. Killed in any other way, the
//! next command tells what waits.

pub mod args;
pub mod board;
pub mod descriptors;
pub mod exit;
pub mod follow;
pub mod human;
pub mod logs;
pub mod output;
pub mod paths;
pub mod place;
pub mod report;
pub mod run;
pub mod select;
pub mod server;
pub mod session;
pub mod show;
pub mod stop;
pub mod verbs;
pub mod words;

use clap::Parser as _;
use clap::error::ErrorKind;
use windlass_core::error::{ErrorCode, Failure};

use crate::args::{Cli, Verb};
use crate::exit::{Exit, Trouble};
use crate::output::Output;
use crate::place::Place;
use crate::stop::Stop;
use crate::verbs::Context;

/// The whole program.
#[must_use]
pub fn main() -> Exit {
    windlass_allocator::share_arenas();
    descriptors::raise();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(e) => {
            // Nobody reads it: nothing to be done.
            let _ = e.print();
            return match e.kind() {
                ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => Exit::Done,
                // 2 is taken: it says that files failed.
                _ => Exit::NotStarted,
            };
        }
    };
    let out = Output::new(cli.verb.json());
    match begin(cli.verb, out) {
        Ok(exit) => exit,
        Err(trouble) => {
            out.trouble(&trouble);
            trouble.exit
        }
    }
}

fn begin(verb: Verb, out: Output) -> Result<Exit, Trouble> {
    if let Verb::Completions(args) = verb {
        return Ok(verbs::completions::run(args));
    }
    let verb = match verb {
        Verb::Man(args) => return verbs::man::run(&args),
        // A server is nobody's desktop: no queue, no engine.
        Verb::Server(verb) => return server::run(verb, out),
        verb => verb,
    };
    let place = Place::find()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|e| Failure::new(ErrorCode::Internal, format!("no threads: {e}")))?;
    let ended = runtime.block_on(async {
        let stop = Stop::listen()?;
        let _log = logs::begin(&place.home);
        verbs::run(verb, &Context::new(place, out, stop)).await
    });
    // What still hangs in a system call must not keep the command.
    runtime.shutdown_background();
    ended
}
