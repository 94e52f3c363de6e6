//! `windlass user`

use windlass_core::error::ErrorCode;
use windlass_protocol::owners::Role;
use windlass_server::serve::admin::Admin;
use windlass_server::serve::settings::parse_bytes;

use super::args::{User, UserAdd, UserName, Where};
use super::ledger;
use crate::event;
use crate::exit::{Exit, Trouble};
use crate::output::Output;

/// Does what was asked.
///
/// # Errors
/// When it could not be done.
pub async fn run(verb: User, out: Output) -> Result<Exit, Trouble> {
    match verb {
        User::Add(args) => add(args, out).await,
        User::List(place) => list(place, out).await,
        User::Disable(args) => disable(args, true, out).await,
        User::Enable(args) => disable(args, false, out).await,
    }
}

async fn add(args: UserAdd, out: Output) -> Result<Exit, Trouble> {
    let invalid = |what: String| Trouble::new(ErrorCode::InvalidField, what);
    let role: Role = args.role.parse().map_err(|e| invalid(format!("--role: {e}")))?;
    let quota = args.quota.as_deref().map(parse_bytes).transpose();
    let quota = quota.map_err(|e| invalid(format!("--quota: it is {e}")))?;
    let admin = Admin::open(ledger(&args.place)?).await?;
    let added = admin.add_user(args.name, args.email, role, quota).await;
    let user = added.map_err(|r| r.failure)?;
    admin.close().await?;
    out.event(&user);
    if !out.is_json() {
        out.say(format!("{} was added, as {}.", user.name, user.role));
        out.tell(format!(
            "A token: windlass token create --owner {:?} --name NAME --scopes upload,read",
            user.name
        ));
    }
    Ok(Exit::Done)
}

async fn list(place: Where, out: Output) -> Result<Exit, Trouble> {
    let admin = Admin::open(ledger(&place)?).await?;
    let all = admin.users().await?;
    admin.close().await?;
    for user in &all {
        out.event(user);
        if !out.is_json() {
            let state = if user.disabled_at.is_some() {
                ", disabled"
            } else {
                ""
            };
            let mail = user
                .email
                .as_ref()
                .map_or_else(String::new, |m| format!(" <{m}>"));
            out.say(format!("{}  {}{mail}  {}{state}", user.id, user.name, user.role));
        }
    }
    if all.is_empty() && !out.is_json() {
        out.tell("There are no users.");
    }
    Ok(Exit::Done)
}

async fn disable(args: UserName, disabled: bool, out: Output) -> Result<Exit, Trouble> {
    let admin = Admin::open(ledger(&args.place)?).await?;
    let changed = admin.disable_user(args.name, disabled).await;
    let user = changed.map_err(|r| r.failure)?;
    admin.close().await?;
    let word = if disabled { "disabled" } else { "enabled" };
    out.event(&event!("user", id: user.id, name: user.name, disabled: disabled));
    if !out.is_json() {
        out.say(format!("{} was {word}; it counts within seconds.", user.name));
    }
    Ok(Exit::Done)
}
