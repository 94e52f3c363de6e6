//! Tokens of servers: read from a file, the environment or the terminal, never from an argument that others could see; and
//! `windlass dest token`, which gives a server destination a new one.

use std::path::Path;

use windlass_core::error::ErrorCode;
use windlass_core::names::shown;

use super::super::Context;
use super::{named, refused, tell_check};
use crate::args::DestToken;
use crate::event;
use crate::exit::{Exit, Trouble};
use crate::session::Keeps;

/// Gives a server destination a new token; what waited for it goes on.
///
/// # Errors
/// When the server does not take it: the old one stays then.
pub async fn run(args: DestToken, cx: &Context) -> Result<Exit, Trouble> {
    let token = read(args.token_file.as_deref(), cx).await?;
    let mut session = cx.session(Keeps::Briefly).await?;
    let changed = async {
        let id = named(&mut session, &args.name).await?.id;
        let mut form = session.destination_form(id).await?;
        let Some(server) = &mut form.server else {
            let what = format!("{} is no server.", shown(&args.name));
            return Err(Trouble::new(ErrorCode::InvalidField, what));
        };
        server.token = token;
        Ok(session.edit_destination(id, &form).await?)
    }
    .await;
    session.close().await;
    let check = changed?;
    cx.out
        .event(&event!("token", destination: args.name, ok: check.ok, steps: check.steps));
    tell_check(&check, cx.out);
    if !check.ok {
        return Err(refused(
            &check,
            "The server does not take this token; the old one is kept.",
        ));
    }
    super::said(
        &args.name,
        "has the new token; what waited for it goes on.",
        cx.out,
    );
    Ok(Exit::Done)
}

/// The token of `WINDLASS_TOKEN`.
pub(super) fn of_environment() -> Option<String> {
    let told = std::env::var("WINDLASS_TOKEN").ok();
    told.map(|t| t.trim().to_owned()).filter(|t| !t.is_empty())
}

/// The token: of the file, of `WINDLASS_TOKEN`, or typed.
///
/// # Errors
/// When there is none.
pub(super) async fn read(file: Option<&Path>, cx: &Context) -> Result<String, Trouble> {
    let bad = |what: String| Trouble::new(ErrorCode::Unauthenticated, what);
    if let Some(file) = file {
        let text = std::fs::read_to_string(file).map_err(|e| {
            bad(format!(
                "The token can't be read from {}: {e}.",
                crate::paths::text(file)
            ))
        })?;
        return Ok(text.trim().to_owned());
    }
    if let Some(token) = of_environment() {
        return Ok(token);
    }
    if !cx.is_with_a_person() {
        return Err(bad("The token of the server is missing.".to_owned()).todo(
            "Give it by --token-file or WINDLASS_TOKEN, or run this in a terminal: it asks. Whoever runs the server makes one \
             by `windlass token create`; where people sign in with the browser, `windlass login` does it.",
        ));
    }
    typed("Token", cx)
        .await
        .map_err(|why| bad(format!("The token could not be read: {why}.")))
}

/// What a person types and nobody sees.
///
/// # Errors
/// Why it can't be read.
pub(super) async fn typed(what: &str, cx: &Context) -> Result<String, String> {
    let question = format!("{what} (not shown): ");
    // The thread that waits for it can't be stopped; a signal then ends the program.
    let asked = tokio::task::spawn_blocking(move || rpassword::prompt_password(question));
    let asked = tokio::select! {
        asked = asked => asked,
        () = cx.stop.asked() => std::process::exit(i32::from(Exit::Stopped.code())),
    };
    match asked {
        Ok(Ok(text)) => Ok(text.trim().to_owned()),
        Ok(Err(e)) => Err(e.to_string()),
        Err(e) => Err(e.to_string()),
    }
}
