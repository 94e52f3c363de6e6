//! `windlass verify`: the destination is asked again.

use windlass_core::error::ErrorCode;
use windlass_core::names::shown;
use windlass_engine::VerifyReport;

use super::Context;
use crate::args::Receipt;
use crate::event;
use crate::exit::{Exit, Trouble};
use crate::human;
use crate::report::{Failed, tell_failed};
use crate::select::{self, Among};
use crate::session::{Keeps, Session, stopped};

/// Asks.
///
/// # Errors
/// When the destination can't be asked; when there is no such group.
pub async fn run(args: Receipt, cx: &Context) -> Result<Exit, Trouble> {
    let mut session = cx.session(Keeps::Open).await?;
    let verified = tokio::select! {
        verified = verify(&mut session, &args.group, cx) => verified,
        () = cx.stop.asked() => Err(stopped()),
    };
    session.close().await;
    verified
}

async fn verify(session: &mut Session, wanted: &str, cx: &Context) -> Result<Exit, Trouble> {
    let snapshot = session.snapshot().await?;
    let g = select::group(&snapshot.groups, wanted, Among::All)?;
    if g.files.done == 0 {
        let what = format!(
            "No file of {} is proved yet, so there is nothing to verify.",
            g.name
        );
        return Err(Trouble::new(ErrorCode::StateConflict, what));
    }
    if cx.out.has_bars() {
        cx.out.tell(format!(
            "Asking {} about {}…",
            g.destination_name,
            human::files(u64::from(g.files.done))
        ));
    }
    let report = session.verify_group(g.id).await?;
    let failed = files(&report);
    tell_failed(cx.out, Some(g.id), &failed);
    cx.out
        .event(&event!("verified", group: g.id, checked: report.checked, failed: failed.len()));
    if !cx.out.is_json() {
        let n = failed.len() as u64;
        cx.out.say(if n == 0 {
            format!(
                "{}: {} at {} are as they were proved.",
                g.name,
                human::files(report.checked),
                g.destination_name
            )
        } else {
            format!(
                "{}: {} of {} at {} are not as they were proved.",
                g.name,
                human::count(n),
                human::files(report.checked),
                g.destination_name
            )
        });
    }
    Ok(if failed.is_empty() {
        Exit::Done
    } else {
        Exit::SomeFailed
    })
}

fn files(report: &VerifyReport) -> Vec<Failed> {
    let one = |(path, e): &(String, windlass_engine::view::FileError)| Failed {
        path: shown(path),
        code: e.code,
        detail: e.detail.clone(),
    };
    report.failed.iter().map(one).collect()
}
