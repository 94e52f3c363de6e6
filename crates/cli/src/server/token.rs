//! `windlass token`

use windlass_core::error::ErrorCode;
use windlass_core::time::Timestamp;
use windlass_protocol::tokens::Scope;
use windlass_server::clock::{SystemWorld, World as _};
use windlass_server::serve::admin::{Admin, TokenWish};

use super::args::{Token, TokenCreate, TokenList, TokenRevoke};
use super::ledger;
use crate::event;
use crate::exit::{Exit, Trouble};
use crate::output::{Ink, Output};

/// Does what was asked.
///
/// # Errors
/// When it could not be done.
pub async fn run(verb: Token, out: Output) -> Result<Exit, Trouble> {
    match verb {
        Token::Create(args) => create(args, out).await,
        Token::List(args) => list(args, out).await,
        Token::Revoke(args) => revoke(args, out).await,
    }
}

async fn create(args: TokenCreate, out: Output) -> Result<Exit, Trouble> {
    let invalid = |what: String| Trouble::new(ErrorCode::InvalidField, what);
    let scopes: Result<Vec<Scope>, String> = args.scopes.iter().map(|s| s.trim().parse()).collect();
    let now = SystemWorld.now();
    let expires_at = args.expires.as_deref().map(|t| when(t, now)).transpose();
    let wish = TokenWish {
        name: args.name,
        scopes: scopes.map_err(|e| invalid(format!("--scopes: {e}")))?,
        owner: args.owner,
        destinations: args.destinations,
        expires_at: expires_at.map_err(invalid)?,
    };
    let admin = Admin::open(ledger(&args.place)?).await?;
    let made = admin.create_token(wish).await.map_err(|r| r.failure)?;
    admin.close().await?;
    let about = &made.about;
    if out.is_json() {
        let line = serde_json::json!({
            "token": made.token, "id": about.id, "owner": about.owner_id, "name": about.name,
            "scopes": about.scopes, "expires_at": about.expires_at,
        });
        out.event(&line);
        return Ok(Exit::Done);
    }
    out.say(&made.token);
    out.tell(format!(
        "{} This is shown once; only its hash is kept. It may: {}.",
        out.ink_err(Ink::Warn, "Keep it."),
        words(&about.scopes)
    ));
    Ok(Exit::Done)
}

async fn list(args: TokenList, out: Output) -> Result<Exit, Trouble> {
    let admin = Admin::open(ledger(&args.place)?).await?;
    let all = admin.tokens(args.owner).await.map_err(|r| r.failure)?;
    admin.close().await?;
    let now = SystemWorld.now().as_millis();
    for token in &all {
        out.event(token);
        if out.is_json() {
            continue;
        }
        let state = if token.revoked_at.is_some() {
            "taken back".to_owned()
        } else if token.expires_at.is_some_and(|at| at <= now) {
            "expired".to_owned()
        } else {
            let until = token
                .expires_at
                .map_or_else(String::new, |at| format!(", until {}", day(at)));
            format!("may {}{until}", words(&token.scopes))
        };
        let used = token
            .last_used_at
            .map_or_else(|| "never used".to_owned(), |at| format!("used {}", day(at)));
        out.say(format!("{}  {}  {state}; {used}", token.id, token.name));
    }
    if all.is_empty() && !out.is_json() {
        out.tell("There are no tokens.");
    }
    Ok(Exit::Done)
}

async fn revoke(args: TokenRevoke, out: Output) -> Result<Exit, Trouble> {
    let admin = Admin::open(ledger(&args.place)?).await?;
    let token = admin.revoke_token(args.token).await.map_err(|r| r.failure)?;
    admin.close().await?;
    out.event(&event!("revoked", id: token.id, name: token.name));
    if !out.is_json() {
        out.say(format!(
            "{} was taken back; it is refused within seconds.",
            token.name
        ));
    }
    Ok(Exit::Done)
}

fn words(scopes: &[Scope]) -> String {
    let words: Vec<&str> = scopes.iter().map(|s| s.as_str()).collect();
    words.join(", ")
}

fn day(ms: i64) -> String {
    jiff::Timestamp::from_millisecond(ms).map_or_else(
        |_| ms.to_string(),
        |t| t.strftime("%Y-%m-%d %H:%M UTC").to_string(),
    )
}

/// `12h`, `90d`, or a time.
fn when(text: &str, now: Timestamp) -> Result<Timestamp, String> {
    let wrong = || format!("--expires: {text:?} is no time to come; write 12h, 90d or 2030-01-31T00:00:00Z");
    let unit = |suffix: char| text.strip_suffix(suffix).and_then(|n| n.parse::<i64>().ok());
    let ms = match (unit('h'), unit('d')) {
        (Some(hours), _) => hours.checked_mul(3_600_000),
        (_, Some(days)) => days.checked_mul(86_400_000),
        (None, None) => {
            let at: jiff::Timestamp = text.parse().map_err(|_| wrong())?;
            at.as_millisecond().checked_sub(now.as_millis())
        }
    };
    let ms = ms.filter(|ms| *ms > 0).ok_or_else(wrong)?;
    now.as_millis()
        .checked_add(ms)
        .map(Timestamp::from_millis)
        .ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_token_is_a_span_or_a_time_to_come() {
        let now = Timestamp::from_millis(1_700_000_000_000);
        assert_eq!(when("2h", now), Ok(now.plus_millis(7_200_000)));
        assert_eq!(when("90d", now), Ok(now.plus_millis(90 * 86_400_000)));
        assert!(when("2030-01-31T00:00:00Z", now).is_ok());
        for bad in [
            "",
            "h",
            "0d",
            "-3d",
            "soon",
            "2001-01-01T00:00:00Z",
            "99999999999999d",
        ] {
            assert!(when(bad, now).is_err(), "{bad:?}");
        }
    }
}
