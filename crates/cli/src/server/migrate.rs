//! `windlass migrate`

use windlass_server::serve::admin;

use super::args::Migrate;
use super::ledger;
use crate::event;
use crate::exit::{Exit, Trouble};
use crate::output::Output;

/// Brings the ledger to the version of this program, or tells whether it is there.
///
/// # Errors
/// When the ledger can't be opened.
pub async fn run(args: Migrate, out: Output) -> Result<Exit, Trouble> {
    let at = ledger(&args.place)?;
    let before = admin::version(at.clone()).await?;
    if !args.check && before.has != Some(before.wants) {
        admin::Admin::open(at).await?.close().await?;
    }
    let done = !args.check || before.has == Some(before.wants);
    out.event(
        &event!("ledger", had: before.has, has: if args.check { before.has } else { Some(before.wants) },
        wants: before.wants, done: done),
    );
    if !out.is_json() {
        out.say(match (before.has, done) {
            (Some(has), true) if has == before.wants => {
                format!("The ledger has version {has}: nothing to do.")
            }
            (Some(has), true) => format!("The ledger was brought from version {has} to {}.", before.wants),
            (None, true) => format!("A ledger of version {} was made.", before.wants),
            (Some(has), false) => format!(
                "The ledger has version {has}, this program wants {}.",
                before.wants
            ),
            (None, false) => "There is no ledger yet.".to_owned(),
        });
    }
    Ok(if done { Exit::Done } else { Exit::SomeFailed })
}
