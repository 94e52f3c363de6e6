//! `windlass receipt`: the proof of a group.

use serde::Serialize;
use windlass_core::ids::GroupId;
use windlass_core::names::shown;
use windlass_engine::view::{ReceiptLine, ReceiptView};

use super::Context;
use crate::args::Receipt;
use crate::event;
use crate::exit::{Exit, Trouble};
use crate::human;
use crate::output::{Ink, Output};
use crate::select::{self, Among};
use crate::session::{Keeps, Session};

/// Shows the proof.
///
/// # Errors
/// When the queue can't be read; when there is no such group.
pub async fn run(args: Receipt, cx: &Context) -> Result<Exit, Trouble> {
    let mut session = cx.session(Keeps::Briefly).await?;
    let receipt = read(&mut session, &args.group).await;
    session.close().await;
    show(&receipt?, cx.out);
    Ok(Exit::Done)
}

async fn read(session: &mut Session, wanted: &str) -> Result<ReceiptView, Trouble> {
    let snapshot = session.snapshot().await?;
    let id = select::group(&snapshot.groups, wanted, Among::All)?.id;
    Ok(session.receipt(id).await?)
}

#[derive(Serialize)]
struct One<'a> {
    event: &'static str,
    group: GroupId,
    #[serde(flatten)]
    line: &'a ReceiptLine,
}

fn show(receipt: &ReceiptView, out: Output) {
    let bytes: u64 = receipt.lines.iter().map(|l| l.size).sum();
    if out.is_json() {
        for line in &receipt.lines {
            out.event(&One {
                event: "file",
                group: receipt.group_id,
                line,
            });
        }
        let files = receipt.lines.len();
        out.event(
            &event!("receipt", group: receipt.group_id, name: receipt.group, files: files, bytes: bytes),
        );
        return;
    }
    let files = human::files(receipt.lines.len() as u64);
    out.say(format!(
        "{}  {files}, {}",
        out.ink(Ink::Bold, &shown(&receipt.group)),
        human::size(bytes)
    ));
    for line in &receipt.lines {
        for text in lines(line) {
            out.say(text);
        }
    }
}

fn lines(l: &ReceiptLine) -> [String; 4] {
    let hash = l.sha256.as_deref().unwrap_or("not taken");
    [
        shown(&l.path),
        format!(
            "  {}, {} {}, {}",
            human::size(l.size),
            result(&l.result),
            human::moment(l.uploaded_at),
            proof(&l.proof)
        ),
        format!("  at {}: {}", shown(&l.destination), shown(&l.object_key)),
        format!("  SHA-256 {hash}"),
    ]
}

fn result(word: &str) -> &str {
    match word {
        "uploaded" => "verified",
        "deduplicated" => "already there",
        other => other,
    }
}

fn proof(how: &str) -> String {
    match how {
        "crc64nvme" => "proved by the storage's CRC64NVME".to_owned(),
        "sha256" => "proved by the storage's SHA-256".to_owned(),
        "read_back" => "proved by reading it back".to_owned(),
        other => format!("proved by {other}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_what_went_where_and_how_it_is_proved() {
        let line = ReceiptLine {
            path: "/home/a/b\u{202e}.txt".into(),
            destination: "nas".into(),
            object_key: "Shoot/b.txt".into(),
            size: 1_500,
            sha256: Some("ab".repeat(32)),
            crc64: String::new(),
            proof: "read_back".into(),
            result: "uploaded".into(),
            uploaded_at: 0,
        };
        let text = lines(&line).join("\n");
        assert!(
            text.starts_with("/home/a/b\u{fffd}.txt\n  1.5 kB, verified 19"),
            "{text}"
        );
        assert!(
            text.contains("proved by reading it back\n  at nas: Shoot/b.txt\n  SHA-256 abab"),
            "{text}"
        );
    }
}
