//! `windlass dest add`: a destination is tested, and saved when the test is fine.

use std::io::{BufRead as _, IsTerminal as _, Write as _};
use std::path::Path;

use windlass_core::accepts::Accepts;
use windlass_core::error::ErrorCode;
use windlass_core::names::shown;
use windlass_engine::view::{KeepSecret, NewDestination, NewS3, NewServer};

use super::super::{Context, login};
use super::{refused, tell_check};
use crate::args::DestAdd;
use crate::event;
use crate::exit::{Exit, Trouble};
use crate::session::Keeps;

/// Adds.
///
/// # Errors
/// When the test fails: nothing is saved then. When the name is taken.
pub async fn run(args: DestAdd, cx: &Context) -> Result<Exit, Trouble> {
    let accepts = super::limits::given(args.limits.clone())?;
    if args.server.is_some() && accepts != Accepts::default() {
        let t = Trouble::new(ErrorCode::InvalidField, "What a server takes is set there.");
        return Err(t.todo("Leave --max-file and --refuse out, or ask who runs it."));
    }
    let (new, signed_in) = new_destination(&args, accepts, cx).await?;
    let mut session = cx.session(Keeps::Briefly).await?;
    let added = async {
        let check = session.add_destination(&new).await?;
        let is_default = session
            .destinations()
            .await?
            .iter()
            .any(|d| d.name == new.name && d.is_default);
        Ok::<_, Trouble>((check, is_default))
    }
    .await;
    session.close().await;
    if signed_in && !matches!(&added, Ok((check, _)) if check.ok) {
        login::give_back(&new).await;
    }
    let (check, is_default) = added?;
    cx.out
        .event(&event!("added", destination: args.name, ok: check.ok, steps: check.steps));
    tell_check(&check, cx.out);
    if !check.ok {
        return Err(refused(&check, "The test failed; nothing was saved."));
    }
    if !cx.out.is_json() {
        let default = if is_default { " It is the default." } else { "" };
        cx.out.say(format!("{} is added.{default}", shown(&args.name)));
    }
    Ok(Exit::Done)
}

/// What is to be added, and whether its token is of a sign-in.
async fn new_destination(
    args: &DestAdd,
    accepts: Accepts,
    cx: &Context,
) -> Result<(NewDestination, bool), Trouble> {
    let mut signed_in = false;
    let mut new = NewDestination {
        name: args.name.clone(),
        folder: None,
        s3: None,
        server: None,
        make_default: args.default,
        accepts,
        proxy: super::proxy::given(args.proxy.as_deref(), &args.proxy_more, args.secrets_file, cx).await?,
    };
    if let Some(folder) = &args.folder {
        new.folder = Some(absolute(folder)?);
    }
    if let (Some(endpoint), Some(bucket)) = (&args.s3, &args.bucket) {
        let (access_key, secret_key) = keys(cx).await?;
        new.s3 = Some(NewS3 {
            endpoint: endpoint.clone(),
            region: args.region.clone(),
            bucket: bucket.clone(),
            prefix: args.prefix.clone(),
            path_style: args.path_style,
            folder_markers: args.folder_markers,
            access_key,
            secret_key,
            keep_secret: if args.secrets_file {
                KeepSecret::File
            } else {
                KeepSecret::Keyring
            },
        });
    }
    if let Some(url) = &args.server {
        let token;
        (token, signed_in) = self::token(args, url, cx).await?;
        new.server = Some(NewServer {
            url: url.clone(),
            token,
            place: args.place.clone().unwrap_or_default(),
            keep_secret: if args.secrets_file {
                KeepSecret::File
            } else {
                KeepSecret::Keyring
            },
        });
    }
    Ok((new, signed_in))
}

/// The token of a server: told, or of a sign-in where the server has that and nobody told one.
async fn token(args: &DestAdd, url: &str, cx: &Context) -> Result<(String, bool), Trouble> {
    let told = args.token_file.is_some() || super::token::of_environment().is_some();
    if args.sign_in || (!told && cx.is_with_a_person() && login::is_offered(url).await) {
        return Ok((login::sign_in(url, cx).await?.token, true));
    }
    let told = super::token::read(args.token_file.as_deref(), cx).await?;
    Ok((told, false))
}

fn absolute(folder: &Path) -> Result<String, Trouble> {
    let bad = |why: String| {
        Trouble::new(
            ErrorCode::InvalidField,
            format!(
                "The folder {} can't be a destination: {why}.",
                crate::paths::text(folder)
            ),
        )
    };
    let absolute = std::path::absolute(folder).map_err(|e| bad(e.to_string()))?;
    match absolute
        .components()
        .collect::<std::path::PathBuf>()
        .into_os_string()
        .into_string()
    {
        Ok(text) => Ok(text),
        Err(_) => Err(bad("its name is no UTF-8".to_owned())),
    }
}

/// Keys from the environment, else from the terminal.
async fn keys(cx: &Context) -> Result<(String, String), Trouble> {
    let var = |name| std::env::var(name).ok().filter(|v| !v.is_empty());
    let (key, secret) = (var("AWS_ACCESS_KEY_ID"), var("AWS_SECRET_ACCESS_KEY"));
    if let (Some(key), Some(secret)) = (key.clone(), secret) {
        return Ok((key, secret));
    }
    if cx.out.is_json() || !std::io::stdin().is_terminal() || !std::io::stderr().is_terminal() {
        let t = Trouble::new(
            ErrorCode::StorageCredentials,
            "The keys of the bucket are missing.",
        );
        return Err(
            t.todo("Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or run this in a terminal: it asks.")
        );
    }
    // The thread that waits for a key can't be stopped; a signal then ends the program.
    let asked = tokio::task::spawn_blocking(move || ask(key));
    let asked = tokio::select! {
        asked = asked => asked,
        () = cx.stop.asked() => std::process::exit(i32::from(Exit::Stopped.code())),
    };
    match asked {
        Ok(Ok(keys)) => Ok(keys),
        Ok(Err(e)) => Err(Trouble::new(
            ErrorCode::StorageCredentials,
            format!("The keys could not be read: {e}."),
        )),
        Err(e) => Err(Trouble::new(ErrorCode::Internal, e.to_string())),
    }
}

fn ask(key: Option<String>) -> std::io::Result<(String, String)> {
    let key = match key {
        Some(key) => key,
        None => {
            let mut err = std::io::stderr().lock();
            err.write_all(b"Access key id: ")?;
            err.flush()?;
            let mut line = String::new();
            std::io::stdin().lock().read_line(&mut line)?;
            line.trim().to_owned()
        }
    };
    let secret = rpassword::prompt_password("Secret key (not shown): ")?;
    Ok((key, secret.trim().to_owned()))
}
