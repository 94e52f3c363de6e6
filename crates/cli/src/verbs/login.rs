//! `windlass login`, `windlass logout`: signing in at a server with the browser.

use windlass_core::error::{ErrorCode, Failure};
use windlass_core::ids::DestinationId;
use windlass_core::names::shown;
use windlass_engine::sign_in::{self, SignedIn};
use windlass_engine::view::{DestinationKind, KeepSecret, NewDestination, NewServer};

use super::Context;
use super::dest::{refused, tell_check};
use crate::args::{Login, Logout};
use crate::event;
use crate::exit::{Exit, Trouble};
use crate::session::{Keeps, Session, stopped};

/// Signs in, and gives the token to every destination on the server; without one, adds one.
///
/// # Errors
/// When nobody signed in, or the server does not take what it gave.
pub async fn login(args: Login, cx: &Context) -> Result<Exit, Trouble> {
    let signed = sign_in(&args.url, cx).await?;
    let mut session = cx.session(Keeps::Briefly).await?;
    let kept = keep(&args, &signed, &mut session, cx).await;
    session.close().await;
    match kept {
        Ok(names) => {
            cx.out.event(
                &event!("signed_in", owner: signed.owner, destinations: names, expires_at: signed.expires_at),
            );
            if !cx.out.is_json() {
                let names: Vec<String> = names.iter().map(|n| shown(n)).collect();
                let line = format!("Signed in as {}: {}.", shown(&signed.owner), names.join(", "));
                cx.out.say(line);
            }
            Ok(Exit::Done)
        }
        Err(trouble) => {
            // Nobody has it: it shall not live on at the server.
            drop(sign_in::end(None, &args.url, &signed.token).await);
            Err(trouble)
        }
    }
}

/// Puts the token where destinations have it; answers their names.
async fn keep(
    args: &Login,
    signed: &SignedIn,
    session: &mut Session,
    cx: &Context,
) -> Result<Vec<String>, Trouble> {
    let mut names = Vec::new();
    for (id, mut form) in on(&args.url, session).await? {
        let name = form.name.clone();
        if let Some(server) = &mut form.server {
            server.token.clone_from(&signed.token);
            if args.secrets_file {
                server.keep_secret = KeepSecret::File;
            }
        }
        let check = session.edit_destination(id, &form).await?;
        tell_check(&check, cx.out);
        if !check.ok {
            return Err(refused(&check, "The server does not take this sign-in."));
        }
        names.push(name);
    }
    if !names.is_empty() {
        return Ok(names);
    }
    let new = NewDestination {
        name: args.name.clone().unwrap_or_else(|| host(&args.url)),
        folder: None,
        s3: None,
        server: Some(NewServer {
            url: args.url.clone(),
            token: signed.token.clone(),
            place: args.place.clone().unwrap_or_default(),
            keep_secret: if args.secrets_file {
                KeepSecret::File
            } else {
                KeepSecret::Keyring
            },
        }),
        make_default: false,
        proxy: None,
        accepts: windlass_core::accepts::Accepts::default(),
    };
    let check = session.add_destination(&new).await?;
    tell_check(&check, cx.out);
    if !check.ok {
        let trouble = refused(&check, "The test failed; nothing was saved.");
        if check.places.len() > 1 && args.place.is_none() {
            let places: Vec<String> = check.places.iter().map(|p| shown(p)).collect();
            return Err(trouble.todo(format!("Say --place and one of {}.", places.join(", "))));
        }
        return Err(trouble);
    }
    Ok(vec![new.name])
}

/// Gives the sign-in back, at the server and here.
///
/// # Errors
/// When there is no destination on this server.
pub async fn logout(args: Logout, cx: &Context) -> Result<Exit, Trouble> {
    let mut session = cx.session(Keeps::Briefly).await?;
    let gone = async {
        let mut found = on(&args.server, &mut session).await?;
        if found.is_empty() {
            let all = session.destinations().await?;
            let named = all
                .iter()
                .find(|d| d.name == args.server && d.kind == DestinationKind::Server);
            let Some(named) = named else {
                let what = format!("There is no destination on {}.", shown(&args.server));
                return Err(
                    Trouble::new(ErrorCode::NotFound, what).todo("`windlass dest list` shows them all.")
                );
            };
            found.push((named.id, session.destination_form(named.id).await?));
        }
        let (mut names, mut told) = (Vec::new(), true);
        for (id, form) in found {
            told &= session.sign_out(id).await?;
            names.push(form.name);
        }
        Ok((names, told))
    }
    .await;
    session.close().await;
    let (names, told) = gone?;
    cx.out
        .event(&event!("signed_out", destinations: names, told: told));
    for name in &names {
        let name = shown(name);
        if !cx.out.is_json() {
            cx.out.say(format!(
                "Signed out of {name}. What goes there waits for the next sign-in."
            ));
        }
    }
    if !told {
        cx.out.tell(
            "The server could not be told. Whoever runs it can take the token back: windlass token revoke.",
        );
    }
    Ok(Exit::Done)
}

/// Shows where to sign in, and waits for it.
///
/// # Errors
/// When the server has no sign-in, the person said no, or the code ended.
pub(super) async fn sign_in(url: &str, cx: &Context) -> Result<SignedIn, Trouble> {
    let begun = sign_in::begin(url).await.map_err(|e| told(url, e))?;
    cx.out
        .event(&event!("sign_in", address: begun.address, address_with_code: begun.address_with_code, code: begun.code));
    if !cx.out.is_json() {
        cx.out.tell(format!(
            "To sign in at {}, open this address in a browser, here or on another device:\n\n  {}\n\nand enter the code\n\n  {}\n",
            shown(&host(url)),
            begun.address,
            shown(&begun.code),
        ));
        if let Some(whole) = &begun.address_with_code {
            cx.out.tell(format!("With the code in it already: {whole}\n"));
        }
        cx.out.tell("Waiting for it. Ctrl+C stops.");
    }
    tokio::select! {
        signed = begun.wait() => signed.map_err(|e| told(url, e)),
        () = cx.stop.asked() => Err(stopped()),
    }
}

/// Whether people sign in at a server. One that does not answer is asked for its token, as ever.
pub(super) async fn is_offered(url: &str) -> bool {
    matches!(sign_in::offer(url).await, Ok(Some(_)))
}

/// Gives back the token of a sign-in whose destination could not be added: nobody has it.
pub(super) async fn give_back(new: &NewDestination) {
    if let Some(server) = &new.server {
        drop(sign_in::end(None, &server.url, &server.token).await);
    }
}

/// Destinations on this server, with what is known of them.
async fn on(url: &str, session: &mut Session) -> Result<Vec<(DestinationId, NewDestination)>, Trouble> {
    let url = url.trim().trim_end_matches('/');
    let mut found = Vec::new();
    for d in session.destinations().await? {
        if d.kind != DestinationKind::Server {
            continue;
        }
        let form = session.destination_form(d.id).await?;
        if form.server.as_ref().is_some_and(|s| s.url == url) {
            found.push((d.id, form));
        }
    }
    Ok(found)
}

fn host(url: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split(['/', ':']).next().unwrap_or(rest).to_owned()
}

/// The trouble of a sign-in, with a way out.
fn told(url: &str, failure: Failure) -> Trouble {
    let todo = match failure.code {
        ErrorCode::NotFound => {
            "Ask whoever runs the server for a token, then: windlass dest add NAME --server URL."
        }
        ErrorCode::TokenExpired => "Try again: a new code is given.",
        ErrorCode::Forbidden => {
            "Ask whoever runs the server to let this account in, or sign in with another one."
        }
        ErrorCode::StorageDown => {
            "The server can't reach where people sign in; whoever runs it finds why in its log."
        }
        _ => "",
    };
    let what = match failure.code {
        ErrorCode::NotFound => format!("{} has no sign-in with the browser.", shown(&host(url))),
        ErrorCode::TokenExpired => "The code was not used in time.".to_owned(),
        ErrorCode::Forbidden => "The sign-in was refused.".to_owned(),
        _ => return Trouble::from(failure).todo(todo),
    };
    Trouble {
        detail: failure.detail,
        ..Trouble::new(failure.code, what)
    }
    .todo(todo)
}
