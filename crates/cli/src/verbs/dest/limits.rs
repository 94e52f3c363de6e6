//! `windlass dest limits`: which files a folder or a bucket takes. A server's limits are set there.

use windlass_core::accepts::Accepts;
use windlass_core::error::ErrorCode;
use windlass_core::names::shown;

use super::super::Context;
use super::{named, refused, tell_check};
use crate::args::{DestLimits, Limits};
use crate::event;
use crate::exit::{Exit, Trouble};
use crate::session::Keeps;
use crate::words;

/// Says them, or sets them, all at once.
///
/// # Errors
/// For a server; when the destination's test fails: what was set before stays.
pub async fn run(args: DestLimits, cx: &Context) -> Result<Exit, Trouble> {
    let asks = !args.no_limits && args.limits.max_file.is_none() && args.limits.refuse.is_empty();
    if asks {
        return say(args.name, cx).await;
    }
    let accepts = given(args.limits)?;
    let mut session = cx.session(Keeps::Briefly).await?;
    let changed = async {
        let id = named(&mut session, &args.name).await?.id;
        let mut form = session.destination_form(id).await?;
        if form.server.is_some() {
            let what = format!("What {} takes is set at the server.", shown(&args.name));
            return Err(Trouble::new(ErrorCode::InvalidField, what).todo("Ask who runs it."));
        }
        form.accepts = Accepts {
            allowed_mime: form.accepts.allowed_mime,
            ..accepts
        };
        let check = session.edit_destination(id, &form).await?;
        Ok((check, named(&mut session, &args.name).await?.accepts))
    }
    .await;
    session.close().await;
    let (check, takes) = changed?;
    cx.out
        .event(&event!("limits", destination: args.name, ok: check.ok, steps: check.steps, accepts: takes));
    tell_check(&check, cx.out);
    if !check.ok {
        return Err(refused(&check, "The test failed; the limits are as they were."));
    }
    super::said(&args.name, &in_words(&takes), cx.out);
    Ok(Exit::Done)
}

async fn say(name: String, cx: &Context) -> Result<Exit, Trouble> {
    let mut session = cx.session(Keeps::Briefly).await?;
    let found = named(&mut session, &name).await;
    session.close().await;
    let takes = found?.accepts;
    cx.out.event(&event!("limits", destination: name, accepts: takes));
    super::said(&name, &in_words(&takes), cx.out);
    Ok(Exit::Done)
}

fn in_words(takes: &Accepts) -> String {
    let words = words::accepts(takes).unwrap_or_else(|| "takes files of every size and type".to_owned());
    format!("{words}.")
}

/// What was typed, as it is kept.
///
/// # Errors
/// `invalid_field` for what is no type.
pub(super) fn given(limits: Limits) -> Result<Accepts, Trouble> {
    let accepts = Accepts {
        max_bytes: limits.max_file,
        refused_types: limits.refuse,
        allowed_mime: None,
    }
    .tidied();
    match accepts.checked() {
        Ok(()) => Ok(accepts),
        Err(failure) => Err(Trouble::new(failure.code, failure.detail)),
    }
}
