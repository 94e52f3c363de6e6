//! `windlass up`: paths go into the queue, and are followed until each file is proved.

use std::time::{Duration, Instant};

use windlass_core::error::ErrorCode;
use windlass_core::ids::GroupId;
use windlass_core::names::shown;
use windlass_engine::view::DestinationView;
use windlass_engine::{AddPaths, Origin, Scope};

use super::Context;
use crate::args::Up;
use crate::event;
use crate::exit::{Exit, Trouble};
use crate::human;
use crate::paths;
use crate::report::{Counts, Failed, tell_missing};
use crate::run::Run;
use crate::session::{Keeps, Session};

/// How long is waited for what the launch found before it is told.
const FOUND: Duration = Duration::from_secs(2);

/// Uploads.
///
/// # Errors
/// When nothing could be begun.
pub async fn run(args: Up, cx: &Context) -> Result<Exit, Trouble> {
    let started = Instant::now();
    let given = paths::look(&args.paths)?;
    tell_missing(cx.out, &given.missing);
    if given.there.is_empty() {
        return Ok(nothing(cx, &given.missing, started));
    }
    let mut session = cx.session(Keeps::Open).await?;
    match begin(&mut session, &args, given.there, cx).await {
        Ok(group) => {
            let run = Run {
                groups: vec![group],
                missing: given.missing,
                with_sum: false,
            };
            run.to_the_end(session, cx, started).await
        }
        Err(trouble) => {
            session.close().await;
            Err(trouble)
        }
    }
}

async fn begin(
    session: &mut Session,
    args: &Up,
    paths: Vec<std::path::PathBuf>,
    cx: &Context,
) -> Result<GroupId, Trouble> {
    let places = session.destinations().await?;
    let place = destination(&places, args.to.as_deref())?;
    let add = AddPaths {
        paths,
        group: None,
        name: args.group.clone(),
        destination: Some(place.id),
        origin: Origin::Cli,
        id: Some(windlass_engine::clock::group_id()),
        paused: args.paused,
    };
    let group = session.add_paths(&add).await?;
    if args.anyway {
        session.go_anyway(Scope::Group(group)).await?;
    }
    let snapshot = session.snapshot().await?;
    let name = snapshot
        .groups
        .iter()
        .find(|g| g.id == group)
        .map_or_else(String::new, |g| g.name.clone());
    let handed_to = session.other();
    cx.out
        .event(&event!("started", group: group, name: name, destination: place.name, handed_to: handed_to));
    if !cx.out.is_json() {
        let by = handed_to.map_or_else(String::new, |pid| {
            format!(" by the running Windlass (process {pid})")
        });
        cx.out
            .tell(format!("{name} → {} ({}){by}", place.name, place.location));
    }
    tell_waiting(session, snapshot.relaunch.is_some(), cx).await?;
    Ok(group)
}

/// The destination of this name, or the default.
///
/// # Errors
/// `not_found` with the names that there are, or with the command that adds one.
pub fn destination<'a>(
    all: &'a [DestinationView],
    wanted: Option<&str>,
) -> Result<&'a DestinationView, Trouble> {
    let found = match wanted {
        Some(name) => all.iter().find(|d| d.name == name),
        None => all.iter().find(|d| d.is_default),
    };
    if let Some(found) = found {
        return Ok(found);
    }
    let names = all.iter().map(|d| shown(&d.name)).collect::<Vec<_>>().join(", ");
    let what = match wanted {
        Some(name) => format!("There is no destination \"{}\".", shown(name)),
        None if all.is_empty() => "There is no destination yet.".to_owned(),
        None => "No destination is the default.".to_owned(),
    };
    let todo = match (wanted, all.is_empty()) {
        (None, true) => "Add one first: windlass dest add NAME --folder DIR".to_owned(),
        (None, false) => {
            format!("Name one with --to ({names}), or make one the default: windlass dest default NAME")
        }
        (Some(name), true) => format!("Add it first: windlass dest add {} --folder DIR", quoted(name)),
        (Some(_), false) => format!("There are: {names}. To add one: windlass dest add NAME --folder DIR"),
    };
    Err(Trouble::new(ErrorCode::NotFound, what).todo(todo))
}

/// As a shell takes it.
fn quoted(name: &str) -> String {
    let plain = !name.is_empty()
        && !name.starts_with('-')
        && name.chars().all(|c| c.is_alphanumeric() || "._-+@:/".contains(c));
    if plain {
        name.to_owned()
    } else {
        format!("'{}'", shown(name).replace('\'', "'\\''"))
    }
}

/// One line about what an earlier run left.
async fn tell_waiting(session: &mut Session, maybe: bool, cx: &Context) -> Result<(), Trouble> {
    if !maybe {
        return Ok(());
    }
    // A group that turns out to be complete needs no word; but nobody waits long for that.
    let _ = tokio::time::timeout(FOUND, session.relaunch_known()).await;
    let groups = session.snapshot().await?.relaunch.map_or(0, |r| r.groups.len());
    if groups > 0 {
        cx.out
            .event(&event!("interrupted", groups: groups, resume: "windlass resume"));
        let wait = if groups == 1 { "waits" } else { "wait" };
        cx.out.tell(format!(
            "{} {wait} since the last run: windlass resume",
            human::counted(groups as u64, "group", "groups")
        ));
    }
    Ok(())
}

/// Nothing of what was given is there.
fn nothing(cx: &Context, missing: &[Failed], started: Instant) -> Exit {
    let n = missing.len() as u64;
    let counts = Counts {
        files: n,
        failed: n,
        ..Counts::default()
    };
    cx.out.event(&counts.event(started.elapsed().as_secs_f64()));
    Exit::SomeFailed
}

#[cfg(test)]
mod tests {
    use super::*;
    use windlass_core::ids::DestinationId;
    use windlass_core::time::Timestamp;
    use windlass_engine::view::DestinationKind;

    fn place(name: &str, is_default: bool) -> DestinationView {
        let id = DestinationId::new(Timestamp::from_millis(1), [name.len() as u8; 10]);
        DestinationView {
            id,
            name: name.into(),
            kind: DestinationKind::Folder,
            location: "/x".into(),
            is_default,
            problem: None,
            since: None,
            accepts: windlass_core::accepts::Accepts::default(),
        }
    }

    #[test]
    fn without_a_destination_the_command_that_adds_one_is_told() {
        let none = destination(&[], None).unwrap_err();
        assert!(none.todo.contains("windlass dest add"), "{none:?}");
        let all = [place("nas", false), place("other", true)];
        assert_eq!(destination(&all, None).unwrap().name, "other");
        assert_eq!(destination(&all, Some("nas")).unwrap().name, "nas");
        let unknown = destination(&all, Some("atlantis")).unwrap_err();
        assert!(
            unknown.what.contains("atlantis") && unknown.todo.contains("nas, other"),
            "{unknown:?}"
        );
        assert_eq!(unknown.exit, Exit::NotStarted);
    }

    #[test]
    fn a018_a_name_in_a_command_to_copy_is_quoted() {
        assert_eq!(quoted("nas"), "nas");
        assert_eq!(quoted("a b'c; rm -rf"), "'a b'\\''c; rm -rf'");
        assert_eq!(quoted("-rf"), "'-rf'");
    }
}
