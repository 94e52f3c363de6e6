//! `windlass retry`: failed files go again from where they stood, and their groups are followed to their end.

use std::time::Instant;

use windlass_core::error::ErrorCode;
use windlass_core::ids::GroupId;
use windlass_engine::Scope;
use windlass_engine::view::GroupView;

use super::Context;
use crate::args::Retry;
use crate::event;
use crate::exit::{Exit, Trouble};
use crate::human;
use crate::run::Run;
use crate::select::{self, Among};
use crate::session::{Keeps, Session};

/// Tries again.
///
/// # Errors
/// When nothing could be begun.
pub async fn run(args: Retry, cx: &Context) -> Result<Exit, Trouble> {
    if args.processing {
        return processing(&args, cx).await;
    }
    let started = Instant::now();
    let only = args.only.as_deref().map(code).transpose()?;
    let mut session = cx.session(Keeps::Open).await?;
    match begin(&mut session, args.group.as_deref(), only).await {
        Ok((files, groups)) => {
            cx.out.event(&event!("retrying", files: files, groups: groups));
            if !cx.out.is_json() {
                let what = if files == 0 {
                    "Nothing to try again.".to_owned()
                } else {
                    format!("{} tried again.", human::files(files))
                };
                cx.out.say(what);
            }
            let run = Run {
                groups,
                missing: Vec::new(),
                with_sum: args.group.is_none(),
            };
            run.to_the_end(session, cx, started).await
        }
        Err(trouble) => {
            session.close().await;
            Err(trouble)
        }
    }
}

/// What servers failed to do with files that arrived is done again.
async fn processing(args: &Retry, cx: &Context) -> Result<Exit, Trouble> {
    let mut session = cx.session(Keeps::Briefly).await?;
    let again = async {
        let scope = match &args.group {
            Some(wanted) => {
                let snapshot = session.snapshot().await?;
                Scope::Group(select::group(&snapshot.groups, wanted, Among::All)?.id)
            }
            None => Scope::App,
        };
        Ok::<_, Trouble>(session.retry_processing(scope).await?)
    }
    .await;
    session.close().await;
    let files = again?;
    cx.out.event(&event!("processing_again", files: files));
    if !cx.out.is_json() {
        cx.out.say(match files {
            0 => "Nothing failed at the server.".to_owned(),
            n => format!("{} processed again by the server.", human::files(n)),
        });
    }
    Ok(Exit::Done)
}

async fn begin(
    session: &mut Session,
    wanted: Option<&str>,
    only: Option<ErrorCode>,
) -> Result<(u64, Vec<GroupId>), Trouble> {
    let snapshot = session.snapshot().await?;
    let failed = |g: &&GroupView| g.files.failed > 0;
    let groups: Vec<GroupId> = match wanted {
        Some(wanted) => std::iter::once(select::group(&snapshot.groups, wanted, Among::Open)?)
            .filter(failed)
            .map(|g| g.id)
            .collect(),
        None => snapshot.groups.iter().filter(failed).map(|g| g.id).collect(),
    };
    let mut files = 0;
    let mut touched = Vec::new();
    for id in groups {
        let n = session.retry(Scope::Group(id), only).await?;
        if n > 0 {
            // What was interrupted goes on with what failed: the person asked for this group.
            session.go_on(Some(id)).await?;
            files += n;
            touched.push(id);
        }
    }
    Ok((files, touched))
}

/// A code by its word or its number.
fn code(text: &str) -> Result<ErrorCode, Trouble> {
    let lower = text.to_lowercase();
    let by_number = || {
        ErrorCode::ALL
            .iter()
            .copied()
            .find(|c| c.label().to_lowercase() == lower)
    };
    lower.parse().ok().or_else(by_number).ok_or_else(|| {
        let what = format!("There is no error \"{}\".", windlass_core::names::shown(text));
        Trouble::new(ErrorCode::InvalidField, what)
            .todo("Errors are named as in the list of failed files, for example no_permission or WL-102.")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_known_by_word_and_by_number() {
        assert_eq!(code("no_permission").unwrap(), ErrorCode::NoPermission);
        assert_eq!(code("wl-102").unwrap(), ErrorCode::NoPermission);
        assert_eq!(code("WL-9999").unwrap_err().exit, Exit::NotStarted);
    }
}
