//! The verbs of a server: `serve`, `token`, `user`, `jobs`, `janitor`, `migrate`. They have no queue and no
//! engine; they work on the ledger that their settings name.

pub mod args;
pub mod janitor;
pub mod jobs;
pub mod logs;
pub mod migrate;
pub mod serve;
pub mod token;
pub mod user;

use windlass_core::error::{ErrorCode, Failure};
use windlass_server::serve::settings::{LedgerAt, Settings};

use self::args::ServerVerb;
use crate::exit::{Exit, Trouble};
use crate::output::Output;

/// Does what was asked.
///
/// # Errors
/// When it could not be begun.
pub fn run(verb: ServerVerb, out: Output) -> Result<Exit, Trouble> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|e| Failure::new(ErrorCode::Internal, format!("no threads: {e}")))?;
    let ended = runtime.block_on(async {
        match verb {
            ServerVerb::Serve(args) => serve::run(args, out).await,
            ServerVerb::Token(verb) => token::run(verb, out).await,
            ServerVerb::User(verb) => user::run(verb, out).await,
            ServerVerb::Jobs(verb) => jobs::run(verb, out).await,
            ServerVerb::Janitor(verb) => janitor::run(verb, out).await,
            ServerVerb::Migrate(args) => migrate::run(args, out).await,
        }
    });
    runtime.shutdown_background();
    ended
}

/// The settings of a verb; what is wrong with one is told with its name and where it came from.
///
/// # Errors
/// `invalid_field`.
pub fn settings(place: &args::Where, more: &[(&str, Option<String>)]) -> Result<Settings, Trouble> {
    let layers = place.layers(more).map_err(told)?;
    Settings::resolve(&layers).map_err(told)
}

/// Where the ledger is that a verb works on.
///
/// # Errors
/// `invalid_field`.
pub fn ledger(place: &args::Where) -> Result<LedgerAt, Trouble> {
    let layers = place.layers(&[]).map_err(told)?;
    LedgerAt::resolve(&layers).map_err(told)
}

/// What is wrong with a setting begins with the setting's name, which stays as it is written.
#[must_use]
pub fn told(failure: Failure) -> Trouble {
    match failure.code {
        ErrorCode::InvalidField => Trouble::new(failure.code, failure.detail),
        _ => failure.into(),
    }
}
