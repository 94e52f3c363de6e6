//! `windlass status`: what is in the queue, and why something waits.

use windlass_core::names::shown;
use windlass_core::states::BlockedReason;
use windlass_core::time::Timestamp;
use windlass_engine::view::{Around, GroupView, GroupWord, Snapshot};

use super::Context;
use crate::args::Status;
use crate::event;
use crate::exit::{Exit, Trouble};
use crate::human;
use crate::output::{Ink, Output};
use crate::report::{failed, tell_failed};
use crate::select::{self, Among};
use crate::session::{Keeps, Session};
use crate::words;

/// Groups that ended longer ago are history, milliseconds.
const RECENT: i64 = 86_400_000;

/// Shows.
///
/// # Errors
/// When the queue can't be read; when there is no such group.
pub async fn run(args: Status, cx: &Context) -> Result<Exit, Trouble> {
    if args.elsewhere {
        return super::elsewhere::list(cx).await;
    }
    let mut session = cx.session(Keeps::Briefly).await?;
    let done = show(&mut session, &args, cx).await;
    session.close().await;
    done
}

async fn show(session: &mut Session, args: &Status, cx: &Context) -> Result<Exit, Trouble> {
    let snapshot = session.snapshot().await?;
    if let Some(wanted) = &args.group {
        let g = select::group(&snapshot.groups, wanted, Among::All)?;
        return one(session, g, &snapshot.totals.around, cx).await;
    }
    let now = windlass_engine::clock::now();
    let mut groups: Vec<&GroupView> = snapshot
        .groups
        .iter()
        .filter(|g| args.all || is_recent(g, now))
        .collect();
    groups.sort_by_key(|g| (rank(g), g.created_at, g.id));
    let hidden = snapshot.groups.len() - groups.len();
    if cx.out.is_json() {
        let waits = snapshot.relaunch.as_ref().map_or(0, |r| r.groups.len());
        cx.out.event(&event!(
            "status",
            running: session.other(),
            paused: snapshot.totals.paused,
            waits_for_resume: waits,
            groups: groups,
            totals: snapshot.totals,
            destinations: snapshot.destinations,
        ));
        return Ok(Exit::Done);
    }
    for line in lines(&snapshot, &groups, session.other(), hidden, cx.out) {
        cx.out.say(line);
    }
    Ok(Exit::Done)
}

fn is_recent(g: &GroupView, now: Timestamp) -> bool {
    select::is_open(g)
        || g.finished_at
            .is_none_or(|at| now.millis_since(Timestamp::from_millis(at)) < RECENT)
}

/// Needs you, on its way, waiting, ended.
fn rank(g: &GroupView) -> u8 {
    match g.word {
        GroupWord::NeedsYou => 0,
        GroupWord::Uploading | GroupWord::Finishing | GroupWord::Preparing | GroupWord::CleaningUp => 1,
        GroupWord::Waiting | GroupWord::Paused | GroupWord::Interrupted => 2,
        GroupWord::Done | GroupWord::DoneLeftOut | GroupWord::Cancelled => 3,
    }
}

/// The page.
fn lines(
    snapshot: &Snapshot,
    groups: &[&GroupView],
    running: Option<u32>,
    hidden: usize,
    out: Output,
) -> Vec<String> {
    let mut lines = Vec::new();
    for g in groups {
        lines.push(format!(
            "{}  {}",
            out.ink(Ink::Bold, &g.name),
            out.ink(ink(g), &words::group(g))
        ));
        lines.push(format!("  {}", figures(g)));
        lines.extend(reasons(g, &snapshot.totals.around).map(|r| format!("  {r}")));
        for e in &g.errors {
            lines.push(format!(
                "  {} {}: {}",
                e.number,
                human::files(u64::from(e.files)),
                e.code.text()
            ));
        }
        lines.push(format!("  {}", out.ink(Ink::Dim, &g.id.to_string())));
    }
    if groups.is_empty() {
        lines.push("No groups in the queue.".to_owned());
    }
    if hidden > 0 {
        lines.push(format!(
            "{} ended more than a day ago: windlass status --all",
            human::counted(hidden as u64, "group", "groups")
        ));
    }
    if snapshot.totals.paused {
        lines.push("Everything is paused. To go on: windlass resume".to_owned());
    } else if let Some(n) = snapshot
        .relaunch
        .as_ref()
        .map(|r| r.groups.len())
        .filter(|n| *n > 0)
    {
        let wait = if n == 1 { "waits" } else { "wait" };
        lines.push(format!(
            "{} {wait} since the last run: windlass resume",
            human::counted(n as u64, "group", "groups")
        ));
    }
    if let Some(pid) = running {
        lines.push(format!("Windlass is running (process {pid})."));
    }
    lines
}

fn ink(g: &GroupView) -> Ink {
    match g.word {
        GroupWord::Done | GroupWord::DoneLeftOut => Ink::Good,
        GroupWord::NeedsYou => Ink::Bad,
        GroupWord::Paused | GroupWord::Interrupted => Ink::Warn,
        GroupWord::Waiting
        | GroupWord::Preparing
        | GroupWord::Uploading
        | GroupWord::Finishing
        | GroupWord::CleaningUp
        | GroupWord::Cancelled => Ink::Bold,
    }
}

fn figures(g: &GroupView) -> String {
    let files = u64::from(g.files.total);
    let to = if g.destination_name.is_empty() {
        String::new()
    } else {
        format!(" → {}", g.destination_name)
    };
    if !select::is_open(g) {
        let when = g
            .finished_at
            .map_or_else(String::new, |at| format!(", {}", human::moment(at)));
        return format!(
            "{} of {}, {}{to}{when}",
            human::count(u64::from(g.files.done)),
            human::files(files),
            human::size(g.bytes_total)
        );
    }
    let mut text = format!(
        "{} %, {} of {}, {} of {}{to}",
        human::percent(g.bytes_done, g.bytes_total),
        human::size(g.bytes_done),
        human::size(g.bytes_total),
        human::count(u64::from(g.files.done)),
        human::files(files),
    );
    if let Some(rate) = g.rate_bytes.filter(|r| *r >= 1.0) {
        text.push_str(&format!(", {}", human::rate(rate)));
    }
    if let Some(eta) = g.eta {
        text.push_str(&format!(", {}", human::time_left(eta)));
    }
    text
}

fn reasons(g: &GroupView, around: &Around) -> impl Iterator<Item = String> {
    // What is interrupted says so already.
    let told = |r: &&BlockedReason| g.word != GroupWord::Interrupted || **r != BlockedReason::Question;
    g.blocked_by
        .iter()
        .filter(told)
        .map(|r| format!("because: {}", words::reason_now(*r, around)))
        // What the destination, or the way there, answered.
        .chain(
            g.because
                .iter()
                .map(|e| format!("{}: {} ({})", e.number, e.code.text(), shown(&e.detail))),
        )
        .chain(g.anyway.iter().map(|r| format!("anyway: {}", words::reason(*r))))
}

/// One group, with each failed file.
async fn one(session: &mut Session, g: &GroupView, around: &Around, cx: &Context) -> Result<Exit, Trouble> {
    let files = if g.files.failed + g.files.rejected > 0 {
        failed(session, g.id).await?
    } else {
        Vec::new()
    };
    if cx.out.is_json() {
        cx.out
            .event(&event!("status", running: session.other(), groups: [g]));
    } else {
        cx.out.say(format!(
            "{}  {}",
            cx.out.ink(Ink::Bold, &g.name),
            cx.out.ink(ink(g), &words::group(g))
        ));
        cx.out.say(format!("  {}", figures(g)));
        for reason in reasons(g, around) {
            cx.out.say(format!("  {reason}"));
        }
        cx.out.say(format!("  begun {}", human::moment(g.created_at)));
        cx.out.say(format!("  {}", g.id));
    }
    tell_failed(cx.out, Some(g.id), &files);
    Ok(Exit::Done)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::select::tests::view;
    use windlass_core::error::ErrorCode;
    use windlass_engine::view::{FileError, Totals};

    fn snapshot(groups: Vec<GroupView>) -> Snapshot {
        Snapshot {
            seq: 0,
            groups,
            totals: Totals::default(),
            destinations: Vec::new(),
            relaunch: None,
            watches: Vec::new(),
            first_run: false,
            suggested_folder: String::new(),
            notices: Vec::new(),
            settings: Default::default(),
        }
    }

    #[test]
    fn a_group_that_waits_says_why_and_what_ends_it() {
        let mut g = view(1, "Shoot", GroupWord::Paused);
        (g.bytes_total, g.bytes_done) = (2_000_000_000, 500_000_000);
        g.blocked_by = vec![BlockedReason::StorageFull];
        let s = snapshot(vec![g.clone()]);
        let page = lines(&s, &[&g], Some(7), 0, Output::new(true)).join("\n");
        assert!(
            page.starts_with("Shoot  Paused\n  25 %, 500 MB of 2.0 GB, 0 of 0 files → nas\n"),
            "{page}"
        );
        assert!(
            page.contains("because: the destination is full; make room"),
            "{page}"
        );
        assert!(page.ends_with("Windlass is running (process 7)."), "{page}");
    }

    // X-18, I-7
    #[test]
    fn the_chain_of_reasons_is_told_with_what_is_known_and_the_way_out_of_each() {
        let mut g = view(1, "Shoot", GroupWord::Paused);
        g.blocked_by = vec![
            BlockedReason::Metered,
            BlockedReason::Battery,
            BlockedReason::Schedule,
        ];
        g.anyway = vec![BlockedReason::PowerSaver];
        let around = Around {
            network: Some("Phone\u{202e} hotspot".into()),
            battery: Some(18),
            opens_at: Some(0),
            ..Around::default()
        };
        let told: Vec<_> = reasons(&g, &around).collect();
        assert!(
            told[0].starts_with("because: paused on a metered network (Phone"),
            "{told:?}"
        );
        assert!(!told[0].contains('\u{202e}'), "{told:?}");
        assert!(
            told[1].starts_with("because: paused on battery at 18 %; `windlass resume --anyway`"),
            "{told:?}"
        );
        assert!(
            told[2].contains("waiting for the schedule: starts at 19"),
            "{told:?}"
        );
        assert_eq!(told[3], "anyway: the computer saves power");
    }

    // I44
    #[test]
    fn what_a_destination_answered_is_told_with_its_number() {
        let mut g = view(1, "Shoot", GroupWord::Paused);
        g.blocked_by = vec![BlockedReason::SignedOut];
        g.because = Some(FileError {
            code: ErrorCode::BucketMissing,
            number: "WL-305".into(),
            detail: "answer 404\u{1b}[2J NoSuchBucket".into(),
        });
        let told: Vec<_> = reasons(&g, &Around::default()).collect();
        assert!(
            told[1].starts_with("WL-305: The bucket does not exist"),
            "{told:?}"
        );
        assert!(
            told[1].contains("NoSuchBucket") && !told[1].contains('\u{1b}'),
            "{told:?}"
        );
    }

    #[test]
    fn an_empty_queue_says_so() {
        assert_eq!(
            lines(&snapshot(Vec::new()), &[], None, 0, Output::new(true)),
            ["No groups in the queue."]
        );
    }

    #[test]
    fn what_ended_long_ago_is_history_and_what_is_open_never_is() {
        let now = Timestamp::from_millis(10 * RECENT);
        let mut g = view(1, "a", GroupWord::Done);
        g.finished_at = Some(RECENT);
        assert!(!is_recent(&g, now));
        g.word = GroupWord::NeedsYou;
        assert!(is_recent(&g, now));
    }
}
