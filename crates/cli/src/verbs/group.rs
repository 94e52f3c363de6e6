//! `windlass group`: groups are put together, taken apart, ordered, named, and noted about.

use windlass_core::error::ErrorCode;
use windlass_core::names::shown;
use windlass_engine::view::{Find, FindKind, GroupView, Regrouped, Snapshot};

use super::Context;
use crate::args::{Group, GroupMerge, GroupMove, GroupNote, GroupRename, GroupSplit};
use crate::event;
use crate::exit::{Exit, Trouble};
use crate::human;
use crate::select::{self, Among};
use crate::session::{Keeps, Session};

/// Carries one of them out.
///
/// # Errors
/// When the queue can't be used; when there is no such group; what the engine refuses.
pub async fn run(verb: Group, cx: &Context) -> Result<Exit, Trouble> {
    let mut session = cx.session(Keeps::Briefly).await?;
    let done = match verb {
        Group::Merge(args) => merge(&mut session, &args, cx).await,
        Group::Split(args) => split(&mut session, args, cx).await,
        Group::Move(args) => place(&mut session, &args, cx).await,
        Group::Rename(args) => rename(&mut session, &args, cx).await,
        Group::Note(args) => note(&mut session, args, cx).await,
    };
    session.close().await;
    done.map(|()| Exit::Done)
}

fn find<'a>(snapshot: &'a Snapshot, wanted: &str) -> Result<&'a GroupView, Trouble> {
    select::group(&snapshot.groups, wanted, Among::Open)
}

async fn merge(session: &mut Session, args: &GroupMerge, cx: &Context) -> Result<(), Trouble> {
    let snapshot = session.snapshot().await?;
    let (from, into) = (find(&snapshot, &args.from)?, find(&snapshot, &args.into)?);
    let done = session.merge_groups(from.id, into.id).await?;
    tell(cx, "merged", done, &into.name, &from.name);
    Ok(())
}

async fn split(session: &mut Session, args: GroupSplit, cx: &Context) -> Result<(), Trouble> {
    let snapshot = session.snapshot().await?;
    let from = find(&snapshot, &args.group)?;
    let what = Find {
        text: args.words.join(" "),
        kind: if args.failed {
            FindKind::Failed
        } else {
            FindKind::All
        },
        code: None,
    };
    let done = session.split_found(from.id, what, args.name).await?;
    let after = session.snapshot().await?;
    let new = after.groups.iter().find(|g| g.id == done.group);
    let name = new.map(|g| g.name.clone()).unwrap_or_default();
    tell(cx, "split", done, &name, &from.name);
    Ok(())
}

fn tell(cx: &Context, event: &'static str, done: Regrouped, into: &str, from: &str) {
    if cx.out.is_json() {
        let line = match event {
            "merged" => event!("merged", group: done.group, moved: done.moved, stayed: done.stayed),
            _ => event!("split", group: done.group, moved: done.moved, stayed: done.stayed),
        };
        return cx.out.event(&line);
    }
    let stayed = match done.stayed {
        0 => String::new(),
        n => format!(" {} that were begun stay in {from}.", human::files(u64::from(n))),
    };
    cx.out.say(format!(
        "{} went to {into}.{stayed}",
        human::files(u64::from(done.moved))
    ));
}

async fn place(session: &mut Session, args: &GroupMove, cx: &Context) -> Result<(), Trouble> {
    let snapshot = session.snapshot().await?;
    let group = find(&snapshot, &args.group)?;
    let others: Vec<_> = snapshot.groups.iter().filter(|g| g.id != group.id).collect();
    let place = match &args.before {
        Some(before) => {
            let before = find(&snapshot, before)?;
            others.iter().position(|g| g.id == before.id).ok_or_else(|| {
                Trouble::new(
                    ErrorCode::BadRequest,
                    "A group can't stand before itself.".to_owned(),
                )
            })?
        }
        None if args.first => 0,
        None => others.len(),
    };
    session.move_group(group.id, place).await?;
    cx.out.event(&event!("moved", group: group.id, place: place));
    if !cx.out.is_json() {
        cx.out
            .say(format!("{} stands at place {} now.", group.name, place + 1));
    }
    Ok(())
}

async fn rename(session: &mut Session, args: &GroupRename, cx: &Context) -> Result<(), Trouble> {
    let snapshot = session.snapshot().await?;
    let group = select::group(&snapshot.groups, &args.group, Among::All)?;
    session.rename_group(group.id, &args.name).await?;
    cx.out
        .event(&event!("renamed", group: group.id, name: args.name.trim()));
    if !cx.out.is_json() {
        cx.out
            .say(format!("{} is {} now.", group.name, shown(args.name.trim())));
    }
    Ok(())
}

async fn note(session: &mut Session, args: GroupNote, cx: &Context) -> Result<(), Trouble> {
    let snapshot = session.snapshot().await?;
    let group = select::group(&snapshot.groups, &args.group, Among::All)?;
    let mut notes = group.notes.clone().unwrap_or_default();
    let writes = args.text.is_some() || !args.set.is_empty() || !args.unset.is_empty();
    if let Some(text) = args.text {
        notes.text = text;
    }
    for key in &args.unset {
        notes.pairs.remove(key);
    }
    notes.pairs.extend(args.set);
    if writes {
        session.set_notes(group.id, &notes).await?;
    }
    cx.out
        .event(&event!("notes", group: group.id, text: notes.text, pairs: notes.pairs));
    if cx.out.is_json() {
        return Ok(());
    }
    if notes.is_empty() {
        cx.out.say(format!("Nothing is noted of {}.", group.name));
    }
    if !notes.text.is_empty() {
        cx.out.say(shown(&notes.text));
    }
    for (key, value) in &notes.pairs {
        cx.out.say(format!("{}: {}", shown(key), shown(value)));
    }
    Ok(())
}
