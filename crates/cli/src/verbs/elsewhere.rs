//! What other machines of the same person began on a server and left: listed by `windlass status --elsewhere`, given up by
//! `windlass cancel --elsewhere`. The same files uploaded from here arrive without what is there already being doubled.

use windlass_core::error::ErrorCode;
use windlass_core::names::shown;
use windlass_core::time::Timestamp;
use windlass_engine::view::ElsewhereGroup;

use super::Context;
use crate::args::Cancel;
use crate::event;
use crate::exit::{Exit, Trouble};
use crate::human;
use crate::session::{Keeps, Session};

/// Lists.
///
/// # Errors
/// When a server does not answer.
pub async fn list(cx: &Context) -> Result<Exit, Trouble> {
    let mut session = cx.session(Keeps::Briefly).await?;
    let found = session.elsewhere().await;
    session.close().await;
    let found = found?;
    cx.out.event(&event!("elsewhere", groups: found));
    if cx.out.is_json() {
        return Ok(Exit::Done);
    }
    let now = windlass_engine::clock::now();
    for g in &found {
        let quiet = now.millis_since(Timestamp::from_millis(g.alive_at)) / 3_600_000;
        cx.out.say(format!(
            "{} on {}: {}, {} of {} there, quiet for {quiet} h",
            name(g),
            shown(&g.destination),
            human::files(u64::from(g.files)),
            human::size(g.bytes_done),
            human::size(g.bytes),
        ));
    }
    cx.out.say(if found.is_empty() {
        "Nothing was left behind by another machine."
    } else {
        "Uploading the same files from here finishes them anew. To give one up: windlass cancel --elsewhere NAME"
    });
    Ok(Exit::Done)
}

/// Gives one up.
///
/// # Errors
/// When there is none of this name.
pub async fn discard(args: &Cancel, cx: &Context) -> Result<Exit, Trouble> {
    let mut session = cx.session(Keeps::Briefly).await?;
    let gone = discarded(&mut session, &args.group, args.yes).await;
    session.close().await;
    let (group, files) = gone?;
    cx.out
        .event(&event!("discarded", group: group.group_id, destination: group.destination, files: files));
    if !cx.out.is_json() {
        cx.out
            .say(format!("{} of {} given up.", human::files(files), name(&group)));
    }
    Ok(Exit::Done)
}

/// Silent for so long, a machine does not come back to it, milliseconds.
const SILENT_MS: i64 = 7 * 24 * 3_600_000;

async fn discarded(
    session: &mut Session,
    wanted: &str,
    surely: bool,
) -> Result<(ElsewhereGroup, u64), Trouble> {
    let is_it = |g: &ElsewhereGroup| {
        g.name == wanted
            || g.group_id
                .is_some_and(|id| !wanted.is_empty() && id.to_string().starts_with(wanted))
    };
    let mut fitting: Vec<ElsewhereGroup> = session.elsewhere().await?.into_iter().filter(is_it).collect();
    let what = |what: &str| {
        Trouble::new(
            ErrorCode::NotFound,
            format!("{what} \"{}\" elsewhere.", shown(wanted)),
        )
    };
    let group = match (fitting.pop(), fitting.is_empty()) {
        (Some(group), true) => group,
        (Some(_), false) => {
            return Err(what("There are several groups").todo("Name it by the beginning of its id."));
        }
        (None, _) => return Err(what("There is no group")),
    };
    let silent = windlass_engine::clock::now().millis_since(Timestamp::from_millis(group.alive_at));
    if silent < SILENT_MS && !surely {
        let what = format!(
            "{} was worked on {} h ago; its machine may come back to it.",
            name(&group),
            silent / 3_600_000
        );
        return Err(Trouble::new(ErrorCode::StateConflict, what).todo("`--yes` gives it up all the same."));
    }
    let files = session
        .discard_elsewhere(group.destination_id, group.group_id)
        .await?;
    Ok((group, files))
}

fn name(g: &ElsewhereGroup) -> String {
    match (g.name.is_empty(), g.group_id) {
        (false, _) => shown(&g.name),
        (true, Some(id)) => id.to_string(),
        (true, None) => shown(&g.example),
    }
}
