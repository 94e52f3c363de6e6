//! What is said at the end of a run: what failed and why, and the counts.

use std::collections::BTreeMap;

use serde::Serialize;
use windlass_core::error::{ErrorCode, Failure, RetryClass};
use windlass_core::ids::GroupId;
use windlass_core::states::FileState;
use windlass_engine::Summary;
use windlass_engine::view::FileView;

use crate::event;
use crate::human;
use crate::output::{Ink, Output};
use crate::session::Session;

/// Names listed under one cause; more are counted.
const LISTED: usize = 20;
/// Rows read at a time; the engine gives no more.
const ROWS: u32 = 500;

/// A file that did not arrive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failed {
    /// For people.
    pub path: String,
    /// Why.
    pub code: ErrorCode,
    /// The fact in it.
    pub detail: String,
}

/// The last line of a run.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Counts {
    /// The group; none for a sum, or when none was made.
    pub group: Option<GroupId>,
    /// Files given.
    pub files: u64,
    /// Sent and proved.
    pub uploaded: u64,
    /// Same content was there.
    pub deduplicated: u64,
    /// Proved before, untouched since.
    pub unchanged: u64,
    /// Left out for good.
    pub rejected: u64,
    /// Need a person.
    pub failed: u64,
    /// Not ended: goes on with `windlass resume`.
    pub open: u64,
    /// Of all files.
    pub bytes: u64,
    /// Sent by this run.
    pub bytes_sent: u64,
    /// Sent by this run.
    pub parts_sent: u64,
}

impl From<Summary> for Counts {
    fn from(s: Summary) -> Self {
        Self {
            group: Some(s.group),
            files: s.files,
            uploaded: s.uploaded,
            deduplicated: s.deduplicated,
            unchanged: s.unchanged,
            rejected: s.rejected,
            failed: s.failed,
            open: s.open,
            bytes: s.bytes,
            bytes_sent: s.bytes_sent,
            parts_sent: s.parts_sent,
        }
    }
}

impl Counts {
    /// The sum, of no group.
    #[must_use]
    pub fn sum(all: &[Self]) -> Self {
        all.iter().fold(Self::default(), |a, b| Self {
            group: None,
            files: a.files + b.files,
            uploaded: a.uploaded + b.uploaded,
            deduplicated: a.deduplicated + b.deduplicated,
            unchanged: a.unchanged + b.unchanged,
            rejected: a.rejected + b.rejected,
            failed: a.failed + b.failed,
            open: a.open + b.open,
            bytes: a.bytes + b.bytes,
            bytes_sent: a.bytes_sent + b.bytes_sent,
            parts_sent: a.parts_sent + b.parts_sent,
        })
    }

    /// Every file is proved.
    #[must_use]
    pub fn all_proved(&self) -> bool {
        self.failed == 0 && self.rejected == 0 && self.open == 0
    }

    /// The last line as an event.
    #[must_use]
    pub fn event(&self, seconds: f64) -> impl Serialize {
        #[derive(Serialize)]
        struct Last {
            event: &'static str,
            #[serde(flatten)]
            counts: Counts,
            seconds: f64,
        }
        Last {
            event: "summary",
            counts: self.clone(),
            seconds: (seconds * 1_000.0).round() / 1_000.0,
        }
    }

    /// The last line in words.
    #[must_use]
    pub fn words(&self, name: &str, place: &str, seconds: f64) -> String {
        let done = self.uploaded + self.deduplicated + self.unchanged;
        let to = if place.is_empty() {
            String::new()
        } else {
            format!(" at {place}")
        };
        let mut text = if self.files == 0 {
            format!("{name}: there was nothing to upload.")
        } else if self.all_proved() {
            format!(
                "{name}: done. {}, {}, all proved{to}.",
                human::files(self.files),
                human::size(self.bytes)
            )
        } else {
            format!(
                "{name}: {} of {} proved{to}.",
                human::count(done),
                human::files(self.files)
            )
        };
        let beside: Vec<String> = [
            (self.deduplicated, "already there"),
            (self.unchanged, "unchanged"),
            (self.failed, "failed"),
            (self.rejected, "left out"),
            (self.open, "still to go"),
        ]
        .into_iter()
        .filter(|(n, _)| *n > 0)
        .map(|(n, what)| format!("{} {what}", human::count(n)))
        .collect();
        if !beside.is_empty() {
            text.push_str(&format!(" {}.", beside.join(", ")));
        }
        if self.bytes_sent > 0 {
            let rate = human::rate(self.bytes_sent as f64 / seconds.max(0.001));
            text.push_str(&format!(
                " Sent {} in {} ({rate}).",
                human::size(self.bytes_sent),
                human::duration(seconds)
            ));
        }
        text
    }
}

/// All files of a group that failed or were left out.
///
/// # Errors
/// Errors of the queue.
pub async fn failed(session: &mut Session, group: GroupId) -> Result<Vec<Failed>, Failure> {
    let mut out = Vec::new();
    let mut offset = 0;
    loop {
        let page = session.list_files(group, offset, ROWS).await?;
        let Some(last) = page.files.last() else {
            return Ok(out);
        };
        offset = last.position + 1;
        out.extend(
            page.files
                .iter()
                .filter(|f| f.state == FileState::Failed)
                .map(of_row),
        );
    }
}

fn of_row(f: &FileView) -> Failed {
    let path = if f.folder.is_empty() {
        f.name.clone()
    } else {
        format!("{}/{}", f.folder, f.name)
    };
    match &f.error {
        Some(e) => Failed {
            path,
            code: e.code,
            detail: e.detail.clone(),
        },
        None => Failed {
            path,
            code: ErrorCode::Internal,
            detail: "no reason was noted".to_owned(),
        },
    }
}

/// Tells them: one event each, or one paragraph a cause.
pub fn tell_failed(out: Output, group: Option<GroupId>, all: &[Failed]) {
    events(out, group, all);
    tell_causes(out, all, ErrorCode::text);
}

/// Tells paths that were typed and are not there.
pub fn tell_missing(out: Output, all: &[Failed]) {
    events(out, None, all);
    tell_causes(out, all, |_| "There is nothing at this path.");
}

fn events(out: Output, group: Option<GroupId>, all: &[Failed]) {
    for f in all {
        out.event(&event!("file_failed", group: group, path: f.path, code: f.code, number: f.code.label(), detail: f.detail));
    }
}

fn tell_causes(out: Output, all: &[Failed], text: impl Fn(ErrorCode) -> &'static str) {
    let mut causes: BTreeMap<ErrorCode, Vec<&Failed>> = BTreeMap::new();
    for f in all {
        causes.entry(f.code).or_default().push(f);
    }
    for (code, files) in causes {
        out.tell(format!(
            "{} {} {}",
            out.ink_err(Ink::Bad, &code.label()),
            out.ink_err(Ink::Bold, code.as_str()),
            text(code)
        ));
        for f in files.iter().take(LISTED) {
            // A detail that only says the path again says nothing.
            let detail = if f.detail.is_empty() || f.path.ends_with(&f.detail) {
                String::new()
            } else {
                format!("  {}", f.detail)
            };
            out.tell(format!("    {}{}", f.path, out.ink_err(Ink::Dim, &detail)));
        }
        if files.len() > LISTED {
            out.tell(format!(
                "    and {} more",
                human::files((files.len() - LISTED) as u64)
            ));
        }
    }
}

/// Whether trying again may help at least one of them.
#[must_use]
pub fn can_retry(all: &[Failed]) -> bool {
    all.iter().any(|f| f.code.retry_class() != RetryClass::Never)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts() -> Counts {
        Counts {
            files: 10,
            uploaded: 8,
            unchanged: 2,
            bytes: 20_000_000,
            bytes_sent: 10_000_000,
            ..Counts::default()
        }
    }

    #[test]
    fn done_is_said_only_when_all_is_proved() {
        assert_eq!(
            counts().words("Shoot", "nas", 2.0),
            "Shoot: done. 10 files, 20.0 MB, all proved at nas. 2 unchanged. Sent 10.0 MB in 2.0 s (5.0 MB/s)."
        );
        let part = Counts {
            failed: 1,
            uploaded: 7,
            bytes_sent: 0,
            ..counts()
        };
        assert_eq!(
            part.words("Shoot", "", 2.0),
            "Shoot: 9 of 10 files proved. 2 unchanged, 1 failed."
        );
        for one in [
            Counts {
                failed: 1,
                ..counts()
            },
            Counts {
                rejected: 1,
                ..counts()
            },
            Counts { open: 1, ..counts() },
        ] {
            assert!(!one.all_proved());
        }
    }

    #[test]
    fn the_last_line_has_all_its_fields() {
        let line = serde_json::to_string(&Counts::sum(&[counts(), counts()]).event(1.23456)).unwrap();
        let whole = concat!(
            r#"{"event":"summary","group":null,"files":20,"uploaded":16,"deduplicated":0,"unchanged":4,"rejected":0,"#,
            r#""failed":0,"open":0,"bytes":40000000,"bytes_sent":20000000,"parts_sent":0,"seconds":1.235}"#
        );
        assert_eq!(line, whole);
    }
}
