//! `windlass watch explain`: why a file was, is or will not be uploaded.

use std::path::Path;

use windlass_core::names::shown;
use windlass_engine::view::{WatchFileView, WatchQuery, WatchVerdict, Why};

use super::{named, path_text};
use crate::args::WatchExplain;
use crate::event;
use crate::exit::{Exit, Trouble};
use crate::human;
use crate::session::Keeps;
use crate::verbs::Context;

/// Files of one question.
const PAGE: u32 = 500;

pub(super) async fn run(args: WatchExplain, cx: &Context) -> Result<Exit, Trouble> {
    let mut session = cx.session(Keeps::Briefly).await?;
    let told = async {
        let all = session.watches().await?;
        if let Ok(folder) = named(&all, &args.path) {
            let mut offset = 0;
            loop {
                let query = WatchQuery {
                    offset,
                    limit: PAGE,
                    ..WatchQuery::default()
                };
                let page = session.watch_files(folder.id, query).await?;
                let n = u32::try_from(page.files.len()).unwrap_or(PAGE);
                page.files.iter().for_each(|f| tell(f, cx));
                offset += n;
                if n == 0 || offset >= page.total {
                    return Ok::<_, Trouble>(());
                }
            }
        }
        let found = session.explain_watched(path_text(Path::new(&args.path))?).await?;
        tell(&found.file, cx);
        Ok(())
    }
    .await;
    session.close().await;
    told?;
    Ok(Exit::Done)
}

fn tell(f: &WatchFileView, cx: &Context) {
    cx.out.event(&event!("file", file: f));
    if !cx.out.is_json() {
        cx.out.say(format!(
            "{:13} {}\n              {}",
            verdict(f),
            shown(&f.path),
            why(f)
        ));
    }
}

fn verdict(f: &WatchFileView) -> String {
    match f.verdict {
        WatchVerdict::Settling => "settling".into(),
        WatchVerdict::Waiting => "waiting".into(),
        WatchVerdict::Uploading => format!("uploading {}%", f.percent.unwrap_or(0)),
        WatchVerdict::Uploaded => "uploaded".into(),
        WatchVerdict::Deduplicated => "already there".into(),
        WatchVerdict::Ignored => "left out".into(),
        WatchVerdict::Failed => "failed".into(),
    }
}

/// One line in words.
fn why(f: &WatchFileView) -> String {
    let seconds = f.settle_ms.unwrap_or(0).max(0) / 1_000;
    let d = &f.detail;
    let mut text = match f.why {
        Why::Growing => format!(
            "still changing, {} so far; goes when it stands still for {seconds} s",
            human::size(f.size)
        ),
        Why::Settling => format!("goes when it stood still for {seconds} s"),
        Why::InUse => "a program has it open for writing".into(),
        Why::NeverStill => {
            "it has been changing for more than 10 minutes; send it anyway, or leave it out by a rule".into()
        }
        Why::OtherName => "it is on its way under its older name".into(),
        Why::Queued => "in the queue".into(),
        Why::Uploaded => "proved at the destination".into(),
        Why::Deduplicated => "its content was there already; nothing was sent".into(),
        Why::NewVersion => "it changed after its first upload; the new version was sent beside it".into(),
        Why::SameContent => "touched, but its content is the one that was proved; nothing was sent".into(),
        Why::RemovedThere => {
            "it was proved and has been removed at the destination since; it is not sent again".to_owned()
        }
        Why::Renamed => format!("renamed; it was proved as {d}"),
        Why::TempName => format!("the name of an unfinished file ({d}); looked at again when it is renamed"),
        Why::Junk => "a file that systems leave behind".into(),
        Why::Hidden => "hidden files stay out".into(),
        Why::Excluded => format!("rule: exclude {d}"),
        Why::NotIncluded => format!("rule: include only {d}"),
        Why::TooSmall => format!("rule: smaller than {d} bytes"),
        Why::TooLarge => format!("rule: larger than {d} bytes"),
        Why::TooOld => format!("rule: changed more than {d} days ago"),
        Why::TooDeep => format!("rule: deeper than {d} subfolders"),
        Why::TooLargeThere => format!("larger than the destination takes: {d} bytes"),
        Why::TypeRefused => format!("the destination refuses files of this type: {d}"),
        Why::NotRegular => "a link, a pipe, a socket or a device".into(),
        Why::OddName => "its name can't be carried".into(),
        Why::WasThere => "it was there before the folder was watched".into(),
        Why::Cancelled => "its upload was cancelled".into(),
        Why::Failed => "its upload failed".into(),
        Why::Unreadable => format!("it can't be read: {d}"),
        Why::Anyway => "sent because you said so".into(),
        Why::Absent => "there is no such file; its name would be taken".into(),
    };
    if let Some(e) = &f.error {
        text.push_str(&format!("\n              {} {}", e.number, e.code.text()));
    }
    if f.gone {
        text.push_str("; it is not in the folder any more");
    }
    text
}
