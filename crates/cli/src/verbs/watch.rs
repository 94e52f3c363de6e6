//! `windlass watch`: folders whose files are uploaded by themselves.

mod explain;
mod follow;

use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use windlass_core::error::ErrorCode;
use windlass_core::names::{encode_path_bytes, shown};
use windlass_core::states::{BlockedReason, Intent};
use windlass_engine::view::{After, GroupRule, NewWatch, WatchMode, WatchSettings, WatchState, WatchView};

use super::Context;
use crate::args::{Despite, GroupBy, Watch, WatchAdd, WatchName, WatchNow};
use crate::event;
use crate::exit::{Exit, Trouble};
use crate::human;
use crate::output::{Ink, Output};
use crate::session::{Keeps, Session};

/// Does what was asked.
///
/// # Errors
/// When it could not be done.
pub async fn run(verb: Watch, cx: &Context) -> Result<Exit, Trouble> {
    match verb {
        Watch::Add(args) => add(args, cx).await,
        Watch::List(_) => list(cx).await,
        Watch::Pause(args) => set(args, Intent::Paused, cx).await,
        Watch::Resume(args) => set(args, Intent::Run, cx).await,
        Watch::Remove(args) => remove(args, cx).await,
        Watch::Same(args) => same(args, cx).await,
        Watch::Explain(args) => explain::run(args, cx).await,
        Watch::Now(args) => now(args, cx).await,
        Watch::Run(_) => follow::run(cx).await,
    }
}

/// A path as it crosses to the engine.
fn path_text(path: &Path) -> Result<String, Trouble> {
    let absolute: PathBuf = std::path::absolute(path)
        .map_err(|e| Trouble::new(ErrorCode::ReadError, format!("{}: {e}", path.display())))?
        .components()
        .collect();
    Ok(encode_path_bytes(absolute.as_os_str().as_bytes()))
}

/// What may become of originals.
fn after(text: &str) -> Result<(After, Option<String>), Trouble> {
    match text.split_once('=') {
        None if text == "keep" => Ok((After::Keep, None)),
        None if text == "delete" => Ok((After::Delete, None)),
        Some(("move", dir)) if !dir.is_empty() => {
            // A shell does not expand a tilde behind an equals sign.
            let dir = match dir.strip_prefix("~/").zip(std::env::var_os("HOME")) {
                Some((rest, home)) => PathBuf::from(home).join(rest),
                None => PathBuf::from(dir),
            };
            Ok((After::Move, Some(path_text(&dir)?)))
        }
        _ => Err(Trouble::new(
            ErrorCode::InvalidField,
            format!("--after {} is not understood.", shown(text)),
        )
        .todo("Say keep, move=DIR or delete.")),
    }
}

fn millis(seconds: f64, what: &str) -> Result<u32, Trouble> {
    if (0.0..=86_400.0).contains(&seconds) {
        // Checked above: it fits.
        Ok((seconds * 1_000.0).round() as u32)
    } else {
        let what = format!("{what} takes 0 to 86400 seconds.");
        Err(Trouble::new(ErrorCode::InvalidField, what))
    }
}

fn despite(words: &[Despite]) -> Vec<BlockedReason> {
    let mut reasons: Vec<BlockedReason> = words
        .iter()
        .flat_map(|word| match word {
            Despite::Metered => &[BlockedReason::Metered][..],
            Despite::Battery => &[BlockedReason::Battery, BlockedReason::PowerSaver],
            Despite::Schedule => &[BlockedReason::Schedule],
        })
        .copied()
        .collect();
    reasons.sort_unstable();
    reasons.dedup();
    reasons
}

async fn add(args: WatchAdd, cx: &Context) -> Result<Exit, Trouble> {
    let (after, after_path) = after(&args.after)?;
    let settings = WatchSettings {
        include: args.include,
        exclude: args.exclude,
        min_size: args.min_size,
        max_size: args.max_size,
        max_age_days: args.max_age,
        max_depth: args.depth,
        hidden: args.hidden,
        group_rule: match args.group_rule {
            GroupBy::Batch => GroupRule::Batch,
            GroupBy::Day => GroupRule::Day,
            GroupBy::Folder => GroupRule::Folder,
        },
        settle_min_ms: millis(args.settle, "--settle")?,
        quiet_ms: millis(args.quiet, "--quiet")?,
        after,
        after_path,
        despite: despite(&args.despite),
    };
    let path = path_text(&args.path)?;
    let mut session = cx.session(Keeps::Briefly).await?;
    let added = async {
        let places = session.destinations().await?;
        let place = super::up::destination(&places, args.to.as_deref())?;
        let new = NewWatch {
            path,
            name: args.name,
            destination: Some(place.id),
            settings,
            only_new: args.only_new,
        };
        Ok::<_, Trouble>(session.add_watch(&new).await?)
    }
    .await;
    let watched = session.other().is_some();
    session.close().await;
    let view = added?;
    cx.out.event(&event!("added", folder: view));
    if !cx.out.is_json() {
        cx.out.say(format!(
            "{} is watched: {} → {}",
            shown(&view.name),
            shown(&view.path),
            shown(&view.destination_name)
        ));
        match view.settings.after {
            After::Keep => {}
            After::Move => cx.out.say("Originals are moved after their proof."),
            After::Delete => {
                cx.out
                    .say("Originals go to the trash after their proof; the first time is after the next verified upload.");
            }
        }
        if !watched {
            cx.out
                .say("It is looked at while the window is open, or by: windlass watch run");
        }
    }
    Ok(Exit::Done)
}

async fn list(cx: &Context) -> Result<Exit, Trouble> {
    let mut session = cx.session(Keeps::Briefly).await?;
    let all = session.watches().await;
    session.close().await;
    let all = all?;
    cx.out.event(&event!("folders", folders: all));
    if cx.out.is_json() {
        return Ok(Exit::Done);
    }
    for w in &all {
        cx.out.say(row(w, cx.out));
    }
    if all.is_empty() {
        cx.out
            .say("No watched folders. To add one: windlass watch add DIR");
    }
    Ok(Exit::Done)
}

/// The word of a folder.
fn word(state: WatchState) -> &'static str {
    match state {
        WatchState::UpToDate => "up to date",
        WatchState::Scanning => "looking",
        WatchState::Settling => "settling",
        WatchState::Uploading => "uploading",
        WatchState::Paused => "paused",
        WatchState::DiskMissing => "disk not connected",
        WatchState::NeedsYou => "needs you",
    }
}

fn row(w: &WatchView, out: Output) -> String {
    let ink = match w.state {
        WatchState::UpToDate => Ink::Good,
        WatchState::NeedsYou => Ink::Bad,
        WatchState::DiskMissing | WatchState::Paused => Ink::Warn,
        WatchState::Scanning | WatchState::Settling | WatchState::Uploading => Ink::Bold,
    };
    let state = if w.watching || w.intent == Intent::Paused {
        word(w.state)
    } else {
        "not watched now"
    };
    let c = &w.counts;
    let counts = [
        (c.settling, "settling"),
        (c.queued, "waiting"),
        (c.uploaded, "uploaded"),
        (c.ignored, "left out"),
        (c.failed, "failed"),
    ];
    let counts: Vec<_> = counts
        .iter()
        .filter(|(n, _)| *n > 0)
        .map(|(n, what)| format!("{} {what}", human::count(u64::from(*n))))
        .collect();
    let mut text = format!(
        "{}  {}\n  {} → {}\n  {}",
        out.ink(Ink::Bold, &shown(&w.name)),
        out.ink(ink, state),
        shown(&w.path),
        shown(&w.destination_name),
        if counts.is_empty() {
            "no files yet".to_owned()
        } else {
            counts.join(" · ")
        }
    );
    if let Some(p) = &w.problem {
        text.push_str(&format!("\n  {} {}", out.ink(Ink::Bad, &p.number), p.code.text()));
    }
    if w.mode == WatchMode::Polling {
        text.push_str(if w.mode_because.as_deref() == Some("network") {
            "\n  a network drive: looked through every minute"
        } else {
            "\n  the system watches no more folders: looked through every 30 s (raise fs.inotify.max_user_watches)"
        });
    }
    text
}

/// The folder that was meant.
///
/// # Errors
/// `not_found` with those that there are.
fn named<'a>(all: &'a [WatchView], wanted: &str) -> Result<&'a WatchView, Trouble> {
    let path = path_text(Path::new(wanted))?;
    let by_id = |w: &&WatchView| wanted.len() >= 8 && w.id.to_string().starts_with(wanted);
    let found = all
        .iter()
        .find(|w| w.name == wanted)
        .or_else(|| all.iter().find(|w| w.path == path))
        .or_else(|| all.iter().find(by_id));
    found.ok_or_else(|| {
        let names = all.iter().map(|w| shown(&w.name)).collect::<Vec<_>>().join(", ");
        let todo = if all.is_empty() {
            "There are none. To add one: windlass watch add DIR".to_owned()
        } else {
            format!("There are: {names}.")
        };
        let what = format!("There is no watched folder \"{}\".", shown(wanted));
        Trouble::new(ErrorCode::NotFound, what).todo(todo)
    })
}

/// Asks about one folder, and closes the session.
async fn with_one<T>(
    wanted: &str,
    cx: &Context,
    act: impl AsyncFnOnce(&mut Session, &WatchView) -> Result<T, Trouble>,
) -> Result<(WatchView, T), Trouble> {
    let mut session = cx.session(Keeps::Briefly).await?;
    let done = async {
        let all = session.watches().await?;
        let found = named(&all, wanted)?;
        let answer = act(&mut session, found).await?;
        Ok((found.clone(), answer))
    }
    .await;
    session.close().await;
    done
}

fn said(name: &str, words: &str, out: Output) {
    if !out.is_json() {
        out.say(format!("{} {words}", shown(name)));
    }
}

async fn set(args: WatchName, intent: Intent, cx: &Context) -> Result<Exit, Trouble> {
    let act = async |s: &mut Session, w: &WatchView| Ok(s.set_watch_intent(w.id, intent).await?);
    let (w, ()) = with_one(&args.folder, cx, act).await?;
    if intent == Intent::Paused {
        cx.out.event(&event!("paused", folder: w.id));
        said(&w.name, "is paused. What is in the queue goes on.", cx.out);
    } else {
        cx.out.event(&event!("resumed", folder: w.id));
        said(&w.name, "is watched again.", cx.out);
    }
    Ok(Exit::Done)
}

async fn remove(args: WatchName, cx: &Context) -> Result<Exit, Trouble> {
    let act = async |s: &mut Session, w: &WatchView| Ok(s.remove_watch(w.id).await?);
    let (w, ()) = with_one(&args.folder, cx, act).await?;
    cx.out.event(&event!("removed", folder: w.id));
    said(
        &w.name,
        "is watched no more. Files, uploads and receipts stay.",
        cx.out,
    );
    Ok(Exit::Done)
}

async fn same(args: WatchName, cx: &Context) -> Result<Exit, Trouble> {
    let act = async |s: &mut Session, w: &WatchView| Ok(s.confirm_watch(w.id).await?);
    let (w, ()) = with_one(&args.folder, cx, act).await?;
    cx.out.event(&event!("same", folder: w.id));
    said(&w.name, "goes on with the folder that is there now.", cx.out);
    Ok(Exit::Done)
}

async fn now(args: WatchNow, cx: &Context) -> Result<Exit, Trouble> {
    let mut session = cx.session(Keeps::Briefly).await?;
    let looked = async {
        let all = session.watches().await?;
        let id = match &args.folder {
            Some(wanted) => Some(named(&all, wanted)?.id),
            None => None,
        };
        session.look_now(id).await?;
        let mut all = session.watches().await?;
        all.retain(|w| id.is_none_or(|id| id == w.id));
        Ok::<_, Trouble>(all)
    }
    .await;
    session.close().await;
    let all = looked?;
    cx.out.event(&event!("looked", folders: all));
    if !cx.out.is_json() {
        for w in &all {
            cx.out.say(row(w, cx.out));
        }
        if all.iter().any(|w| !w.watching) {
            cx.out.say("To upload what was found: windlass watch run");
        }
    }
    Ok(Exit::Done)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn e7_what_becomes_of_originals_is_said_exactly() {
        assert_eq!(after("keep").unwrap(), (After::Keep, None));
        assert_eq!(after("delete").unwrap(), (After::Delete, None));
        assert_eq!(after("move=/a/b").unwrap(), (After::Move, Some("/a/b".into())));
        for bad in ["move", "move=", "remove", "delete=/x", ""] {
            assert!(after(bad).is_err(), "{bad}");
        }
        assert!(millis(-1.0, "x").is_err() && millis(f64::NAN, "x").is_err());
        assert_eq!(millis(0.25, "x").unwrap(), 250);
    }
}
