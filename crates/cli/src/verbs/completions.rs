//! `windlass completions`

use clap::CommandFactory as _;

use crate::args::{Cli, Completions};
use crate::exit::Exit;

/// Prints the script.
#[must_use]
pub fn run(args: Completions) -> Exit {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "windlass", &mut script);
    // A reader that left needs no script.
    let _ = std::io::Write::write_all(&mut std::io::stdout().lock(), &script);
    Exit::Done
}
