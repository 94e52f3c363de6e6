//! `windlass history`: what ended, what was done besides, and verified files among all of them.

use std::path::Path;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use serde::Serialize;
use windlass_core::error::ErrorCode;
use windlass_core::names::{encode_path_bytes, shown};
use windlass_engine::view::{
    ChangeKind, FoundFile, HistoryAct, HistoryActKind, HistoryAsk, HistoryEnd, HistoryEntry, HistoryNarrow,
    HistoryPage, ProvedAsk, ProvedKind,
};

use super::Context;
use crate::args::{EndedAs, FileKind, History};
use crate::exit::{Exit, Trouble};
use crate::human;
use crate::output::{Ink, Output};
use crate::session::{Keeps, Session};

/// Lines of one page.
const PAGE: usize = 200;

/// Lists.
///
/// # Errors
/// When the queue can't be read; for a day that is none, and a destination that is not there.
pub async fn run(args: History, cx: &Context) -> Result<Exit, Trouble> {
    let mut session = cx.session(Keeps::Briefly).await?;
    let listed = list(&args, &mut session, cx.out).await;
    session.close().await;
    let lines = listed?;
    if lines == 0 && !cx.out.is_json() {
        cx.out.say("Nothing of that is in the history.");
    }
    Ok(Exit::Done)
}

/// Answers how many lines it told.
async fn list(args: &History, session: &mut Session, out: Output) -> Result<usize, Trouble> {
    let filter = narrow(args, session).await?;
    match args.files {
        Some(kind) => files(args, kind, filter, session, out).await,
        None => groups(args, filter, session, out).await,
    }
}

async fn narrow(args: &History, session: &mut Session) -> Result<HistoryNarrow, Trouble> {
    let now = Timestamp::now().to_zoned(TimeZone::system());
    let destination = match &args.to {
        Some(name) => Some(super::up::destination(&session.destinations().await?, Some(name))?.id),
        None => None,
    };
    Ok(HistoryNarrow {
        text: args.words.join(" "),
        ended: args.ended.map(|e| match e {
            EndedAs::Verified => HistoryEnd::Completed,
            EndedAs::Cancelled => HistoryEnd::Cancelled,
            EndedAs::LeftOut => HistoryEnd::Failed,
        }),
        destination,
        folder: args.folder.as_deref().map(folder).transpose()?,
        from: args.since.as_deref().map(|s| since(s, &now)).transpose()?,
        before: args.until.as_deref().map(|s| until(s, &now)).transpose()?,
    })
}

/// The folder as the engine is told paths. It is not looked for: a card that was taken out is asked about too.
fn folder(typed: &Path) -> Result<String, Trouble> {
    use std::os::unix::ffi::OsStrExt as _;
    let absolute = std::path::absolute(typed)
        .map_err(|e| Trouble::new(ErrorCode::InvalidField, format!("{}: {e}", typed.display())))?;
    Ok(encode_path_bytes(absolute.as_os_str().as_bytes()))
}

fn no_time(text: &str, like: &str) -> Trouble {
    let what = format!("\"{}\" is no time.", shown(text));
    Trouble::new(ErrorCode::InvalidField, what).todo(like)
}

/// The first moment of a day, milliseconds.
fn midnight(day: Date, now: &jiff::Zoned) -> Option<i64> {
    let start = day.to_zoned(now.time_zone().clone()).ok()?;
    Some(start.timestamp().as_millisecond())
}

/// `2026-11-21`, `today`, `24h`, `7d`: seven days of the calendar, with today.
fn since(text: &str, now: &jiff::Zoned) -> Result<i64, Trouble> {
    let number = |unit: char| {
        text.strip_suffix(unit)
            .and_then(|n| n.parse::<i32>().ok())
            .filter(|n| *n > 0)
    };
    let found = if text == "today" {
        midnight(now.date(), now)
    } else if let Some(hours) = number('h') {
        now.checked_sub(hours.hours())
            .ok()
            .map(|t| t.timestamp().as_millisecond())
    } else if let Some(days) = number('d') {
        let first = now.date().checked_sub((days - 1).days()).ok();
        first.and_then(|day| midnight(day, now))
    } else {
        text.parse::<Date>().ok().and_then(|day| midnight(day, now))
    };
    found.ok_or_else(|| no_time(text, "A day is like 2026-11-21; or `today`, or 24h, or 7d."))
}

/// The first moment after a day.
fn until(text: &str, now: &jiff::Zoned) -> Result<i64, Trouble> {
    let day = if text == "today" {
        Some(now.date())
    } else {
        text.parse::<Date>().ok()
    };
    let after = day.and_then(|day| day.tomorrow().ok());
    after
        .and_then(|day| midnight(day, now))
        .ok_or_else(|| no_time(text, "A day is like 2026-11-21."))
}

#[derive(Serialize)]
struct Event<'a, T> {
    event: &'static str,
    #[serde(flatten)]
    of: &'a T,
}

async fn groups(
    args: &History,
    filter: HistoryNarrow,
    session: &mut Session,
    out: Output,
) -> Result<usize, Trouble> {
    let (mut after, mut told) = (None, 0);
    loop {
        let rest = (args.limit - told).min(PAGE);
        if rest == 0 {
            return Ok(told);
        }
        let ask = HistoryAsk {
            filter: filter.clone(),
            acts_only: args.acts,
            after,
            limit: u32::try_from(rest).unwrap_or(1),
        };
        let page = session.history(ask).await?;
        told += page.entries.len() + page.acts.len();
        after = page.next;
        tell(page, out);
        if after.is_none() {
            return Ok(told);
        }
    }
}

/// Groups and acts by their time; of one moment, groups first.
fn tell(page: HistoryPage, out: Output) {
    let mut acts = page.acts.into_iter().peekable();
    for entry in &page.entries {
        while let Some(act) = acts.next_if(|act| act.at > entry.ended_at) {
            tell_act(&act, out);
        }
        if out.is_json() {
            out.event(&Event {
                event: "ended",
                of: entry,
            });
        } else {
            out.say(line(entry, out));
        }
    }
    acts.for_each(|act| tell_act(&act, out));
}

fn line(e: &HistoryEntry, out: Output) -> String {
    let end = match e.ended {
        HistoryEnd::Completed if e.failed > 0 => format!("{} left out", human::files(u64::from(e.failed))),
        HistoryEnd::Completed => "verified".to_owned(),
        HistoryEnd::Cancelled => format!("cancelled after {} of {}", e.done, e.files),
        HistoryEnd::Failed => "left out".to_owned(),
    };
    format!(
        "{}  {}  {}, {} → {}, {end}",
        human::moment(e.ended_at),
        out.ink(Ink::Bold, &shown(&e.name)),
        human::files(u64::from(e.files)),
        human::size(e.bytes),
        shown(&e.destination_name),
    )
}

fn tell_act(act: &HistoryAct, out: Output) {
    if out.is_json() {
        out.event(&Event {
            event: "act",
            of: act,
        });
        return;
    }
    let about = if act.group_name.is_empty() {
        String::new()
    } else {
        format!(" ({})", shown(&act.group_name))
    };
    out.say(format!("{}  {}{about}", human::moment(act.at), done(act)));
}

fn done(act: &HistoryAct) -> String {
    let files = human::files(u64::from(act.files));
    match act.kind {
        HistoryActKind::Check => {
            let groups = human::counted(u64::from(act.groups), "group", "groups");
            format!("Check: {groups}, {files} under way")
        }
        HistoryActKind::Asked if act.failed > 0 => {
            format!("Verified again: {} of {files} do not match", act.failed)
        }
        HistoryActKind::Asked => format!("Verified again: {files} match"),
        HistoryActKind::Moved => format!("Originals moved to a folder: {files}"),
        HistoryActKind::Trashed => format!("Originals moved to the trash: {files}"),
        HistoryActKind::PutBack => format!("Originals put back: {files}"),
        HistoryActKind::Setting | HistoryActKind::Destination | HistoryActKind::Watch => changed(act),
    }
}

/// A choice that decides what is uploaded.
fn changed(act: &HistoryAct) -> String {
    let Some(of) = &act.change else {
        return "Something was changed".to_owned();
    };
    let what = match act.kind {
        HistoryActKind::Destination => "Destination",
        HistoryActKind::Watch => "Watched folder",
        _ => "Setting",
    };
    let done = match of.change {
        ChangeKind::Added => "added",
        ChangeKind::Changed => "changed",
        ChangeKind::Removed => "removed",
    };
    let name = match of.setting {
        // As the settings name it in a file of choices.
        Some(key) => serde_json::to_value(key)
            .ok()
            .and_then(|v| v.as_str().map(|key| key.replace('_', " ")))
            .unwrap_or_default(),
        None => shown(&of.name),
    };
    let now = match &of.value {
        serde_json::Value::Null => String::new(),
        serde_json::Value::String(text) => format!(" to {}", shown(text)),
        value => format!(" to {value}"),
    };
    format!("{what} {done}: {name}{now}")
}

async fn files(
    args: &History,
    kind: FileKind,
    filter: HistoryNarrow,
    session: &mut Session,
    out: Output,
) -> Result<usize, Trouble> {
    let proved = match kind {
        FileKind::All => ProvedKind::All,
        FileKind::Sent => ProvedKind::Sent,
        FileKind::AlreadyThere => ProvedKind::Spared,
        FileKind::Processed => ProvedKind::Processed,
    };
    let (mut place, mut told) = (None, 0);
    loop {
        let rest = (args.limit - told).min(PAGE);
        if rest == 0 {
            return Ok(told);
        }
        let ask = ProvedAsk {
            filter: filter.clone(),
            proved,
            place,
            limit: u32::try_from(rest).unwrap_or(1),
        };
        let found = session.find_proved(ask).await?;
        told += found.files.len();
        for file in &found.files {
            tell_file(file, out);
        }
        // A page may be empty and have a next one.
        match found.next {
            Some(next) => place = Some(next),
            None => return Ok(told),
        }
    }
}

fn tell_file(file: &FoundFile, out: Output) {
    if out.is_json() {
        out.event(&Event {
            event: "file",
            of: file,
        });
        return;
    }
    out.say(format!(
        "{}  {}  {} → {}, in {}",
        human::moment(file.line.uploaded_at),
        shown(&file.line.path),
        human::size(file.line.size),
        shown(&file.line.destination),
        shown(&file.group_name),
    ));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_of_the_calendar_and_both_are_counted() {
        // Clocks went back that night: the day has 25 hours.
        let zone = TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap();
        let now = jiff::civil::date(2026, 10, 26)
            .at(9, 30, 0, 0)
            .to_zoned(zone)
            .unwrap();
        let hour = 3_600_000;
        let midnight = now.timestamp().as_millisecond() - 9 * hour - hour / 2;
        let told = |text: &str| since(text, &now).ok();
        assert_eq!(told("today"), Some(midnight));
        assert_eq!(told("1d"), Some(midnight));
        assert_eq!(told("2d"), Some(midnight - 25 * hour));
        assert_eq!(told("2026-10-25"), Some(midnight - 25 * hour));
        assert_eq!(told("24h"), Some(midnight - 14 * hour - hour / 2));
        assert_eq!(until("2026-10-25", &now).ok(), Some(midnight));
        for none in ["", "yesterday", "0d", "-1d", "2026-13-01", "d"] {
            assert_eq!(told(none), None, "{none}");
        }
    }
}
