//! `windlass dest proxy`: by which proxy a bucket or a server is reached, where that is not the one of all the others.

use windlass_core::error::ErrorCode;
use windlass_core::names::shown;
use windlass_engine::view::{KeepSecret, OwnProxy, ProxyChoice};

use super::super::Context;
use super::{named, refused, tell_check, token};
use crate::args::{DestProxy, ProxyMore};
use crate::event;
use crate::exit::{Exit, Trouble};
use crate::session::Keeps;

/// The word for the proxy of all the others.
const ALL: &str = "all";

/// Says it, or sets it.
///
/// # Errors
/// For a folder, and for what is no proxy; when the destination's test fails: what was set before stays.
pub async fn run(args: DestProxy, cx: &Context) -> Result<Exit, Trouble> {
    let Some(wanted) = &args.proxy else {
        return say(&args, cx).await;
    };
    let wanted = (wanted != ALL).then_some(wanted.as_str());
    let proxy = given(wanted, &args.more, args.secrets_file, cx).await?;
    let mut session = cx.session(Keeps::Briefly).await?;
    let changed = async {
        let id = named(&mut session, &args.name).await?.id;
        let mut form = session.destination_form(id).await?;
        if form.folder.is_some() {
            let what = format!("{} is a folder; no proxy leads there.", shown(&args.name));
            return Err(Trouble::new(ErrorCode::InvalidField, what));
        }
        form.proxy = proxy;
        let check = session.edit_destination(id, &form).await?;
        Ok((check, form.proxy))
    }
    .await;
    session.close().await;
    let (check, proxy) = changed?;
    cx.out
        .event(&event!("proxy", destination: args.name, ok: check.ok, steps: check.steps, proxy: proxy.as_ref().map(|p| &p.choice)));
    tell_check(&check, cx.out);
    if !check.ok {
        return Err(refused(&check, "The test failed; the proxy is as it was."));
    }
    super::said(&args.name, &in_words(proxy.as_ref()), cx.out);
    Ok(Exit::Done)
}

async fn say(args: &DestProxy, cx: &Context) -> Result<Exit, Trouble> {
    if args.more.proxy_user.is_some() || !args.more.proxy_except.is_empty() {
        return Err(missing());
    }
    let mut session = cx.session(Keeps::Briefly).await?;
    let found = async {
        let id = named(&mut session, &args.name).await?.id;
        Ok::<_, Trouble>(session.destination_form(id).await?.proxy)
    }
    .await;
    session.close().await;
    let proxy = found?;
    cx.out
        .event(&event!("proxy", destination: args.name, proxy: proxy.as_ref().map(|p| &p.choice)));
    super::said(&args.name, &in_words(proxy.as_ref()), cx.out);
    Ok(Exit::Done)
}

fn in_words(proxy: Option<&OwnProxy>) -> String {
    match proxy.map(|p| &p.choice) {
        None => "goes by the proxy of all the others.".to_owned(),
        Some(ProxyChoice::System) => "goes by the proxy of the system.".to_owned(),
        Some(ProxyChoice::None) => "goes by no proxy.".to_owned(),
        Some(ProxyChoice::Manual {
            address,
            user,
            except,
        }) => {
            let user = if user.is_empty() {
                String::new()
            } else {
                format!(" as {}", shown(user))
            };
            let except = if except.is_empty() {
                String::new()
            } else {
                format!(", but not to {}", shown(except))
            };
            format!("goes by the proxy {}{user}{except}.", shown(address))
        }
    }
}

fn missing() -> Trouble {
    Trouble::new(ErrorCode::InvalidField, "Which proxy is not said.")
        .todo("Give its address, like http://proxy:3128.")
}

/// What was typed. The password comes from the environment or the terminal, never from an argument that others could see.
///
/// # Errors
/// For more about a proxy that has no address; when the password can't be read.
pub(super) async fn given(
    proxy: Option<&str>,
    more: &ProxyMore,
    secrets_file: bool,
    cx: &Context,
) -> Result<Option<OwnProxy>, Trouble> {
    let has_more = more.proxy_user.is_some() || !more.proxy_except.is_empty();
    let choice = match proxy {
        None | Some("none" | "system") if has_more => return Err(missing()),
        None => return Ok(None),
        Some("none") => ProxyChoice::None,
        Some("system") => ProxyChoice::System,
        Some(address) => ProxyChoice::Manual {
            address: address.to_owned(),
            user: more.proxy_user.clone().unwrap_or_default(),
            except: more.proxy_except.join(", "),
        },
    };
    Ok(Some(OwnProxy {
        choice,
        password: if more.proxy_user.is_some() {
            password(cx).await?
        } else {
            String::new()
        },
        keep_secret: if secrets_file {
            KeepSecret::File
        } else {
            KeepSecret::Keyring
        },
    }))
}

async fn password(cx: &Context) -> Result<String, Trouble> {
    let told = std::env::var("WINDLASS_PROXY_PASSWORD").ok();
    if let Some(told) = told.filter(|t| !t.is_empty()) {
        return Ok(told);
    }
    // Without a person, the one that is kept stays.
    if !cx.is_with_a_person() {
        return Ok(String::new());
    }
    let typed = token::typed("Password for the proxy", cx).await;
    typed.map_err(|why| {
        Trouble::new(
            ErrorCode::InvalidField,
            format!("The password could not be read: {why}."),
        )
    })
}
