//! `windlass man`

use clap::CommandFactory as _;
use windlass_core::error::ErrorCode;

use crate::args::{Cli, Man};
use crate::exit::{Exit, Trouble};

/// Writes a page for each verb: `windlass.1`, `windlass-up.1` and so on.
///
/// # Errors
/// When the folder can't be written to.
pub fn run(args: &Man) -> Result<Exit, Trouble> {
    clap_mangen::generate_to(Cli::command(), &args.folder)
        .map(|()| Exit::Done)
        .map_err(|e| {
            Trouble::new(
                ErrorCode::DestinationReadOnly,
                format!("{}: {e}", args.folder.display()),
            )
            .todo("Name a folder that is there and that you may write to.")
        })
}
