//! A receipt as something to keep or to hand on: a table, exact data, or pages to print.

use std::fmt::Write as _;

use serde_json::json;
use windlass_core::error::{ErrorCode, Failure};

use super::pdf::Pdf;
use crate::view::{HistoryDetails, Interruptions, ReceiptForm, ReceiptLine};

/// The whole of a receipt.
pub(crate) struct Whole {
    pub(crate) details: HistoryDetails,
    pub(crate) lines: Vec<ReceiptLine>,
}

pub(crate) fn export(whole: &Whole, form: ReceiptForm) -> Result<Vec<u8>, Failure> {
    match form {
        ReceiptForm::Csv => Ok(csv(whole).into_bytes()),
        ReceiptForm::Json => exact(whole),
        ReceiptForm::Pdf => pdf(whole, &hash(&exact(whole)?)),
    }
}

/// Everything, and nothing of this moment: the same receipt gives the same bytes and the same hash.
fn exact(whole: &Whole) -> Result<Vec<u8>, Failure> {
    let e = &whole.details.entry;
    let value = json!({
        "format": "windlass-receipt-1",
        "receipt": whole.details.receipt,
        "group": { "id": e.group, "name": e.name },
        "destination": { "id": e.destination_id, "name": e.destination_name },
        "created_at": e.created_at,
        "ended_at": e.ended_at,
        "files": e.files,
        "proved": whole.details.proved,
        "left_out": e.failed,
        "bytes": e.bytes,
        "lines": whole.lines,
    });
    serde_json::to_vec_pretty(&value).map_err(|e| Failure::new(ErrorCode::Internal, e.to_string()))
}

fn hash(bytes: &[u8]) -> String {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes);
    digest.as_ref().iter().fold(String::new(), |mut text, b| {
        let _ = write!(text, "{b:02x}");
        text
    })
}

/// `2026-11-21 14:20:07`, in UTC.
fn moment(ms: i64) -> String {
    let day = super::super::history::date(windlass_core::time::Timestamp::from_millis(ms));
    let s = ms.div_euclid(1_000).rem_euclid(86_400);
    format!("{day} {:02}:{:02}:{:02}", s / 3_600, s / 60 % 60, s % 60)
}

fn csv(whole: &Whole) -> String {
    let mut text =
        String::from("path,size,sha256,crc64nvme,destination,object_key,proof,result,uploaded_at_utc\r\n");
    for l in &whole.lines {
        let fields = [
            cell(&l.path),
            l.size.to_string(),
            l.sha256.clone().unwrap_or_default(),
            l.crc64.clone(),
            cell(&l.destination),
            cell(&l.object_key),
            l.proof.clone(),
            l.result.clone(),
            moment(l.uploaded_at),
        ];
        text.push_str(&fields.join(","));
        text.push_str("\r\n");
    }
    text
}

/// A field by RFC 4180. What a spreadsheet would take for a formula gets an apostrophe before it; the JSON is exact.
fn cell(text: &str) -> String {
    let guard = if text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        "'"
    } else {
        ""
    };
    format!("\"{guard}{}\"", text.replace('"', "\"\""))
}

fn pdf(whole: &Whole, hash: &str) -> Result<Vec<u8>, Failure> {
    let d = &whole.details;
    let mut pdf = Pdf::new(&d.entry.name);
    pdf.title(&format!("Receipt: {}", d.entry.name));
    pdf.space();
    for (term, value) in [
        ("Receipt", d.receipt.clone()),
        ("Destination", d.entry.destination_name.clone()),
        ("Begun", format!("{} UTC", moment(d.entry.created_at))),
        ("Ended", format!("{} UTC", moment(d.entry.ended_at))),
        ("Interruptions", interruptions(&d.interruptions)),
        (
            "Files",
            format!(
                "{} of {} proved, {} left out",
                d.proved, d.entry.files, d.entry.failed
            ),
        ),
        ("Bytes", d.entry.bytes.to_string()),
        ("Proof", d.proofs.join(", ")),
        (
            "SHA-256 of the whole content",
            format!("{} of {} files", d.hashed, d.proved),
        ),
        ("SHA-256 of this receipt as JSON", hash.to_owned()),
    ] {
        pdf.pair(term, &value);
    }
    pdf.space();
    for l in &whole.lines {
        pdf.strong(&l.path);
        pdf.plain(&format!(
            "{} bytes   {} UTC   {}   {}",
            l.size,
            moment(l.uploaded_at),
            l.result,
            l.proof
        ));
        pdf.plain(&format!(
            "{}   {}",
            l.sha256.as_deref().unwrap_or("no SHA-256"),
            l.crc64
        ));
    }
    pdf.end()
}

/// How often, from when to when, how much went again, and for how long the person had it paused. Not in the JSON: its bytes are
/// those of the proof alone, and its hash stays what it was.
fn interruptions(of: &Interruptions) -> String {
    let mut parts = vec![match of.count {
        0 => "none".to_owned(),
        n => n.to_string(),
    }];
    parts.extend(of.spans.iter().filter(|s| s.interruption).map(|s| {
        let word = s.cause.as_str().replace('_', " ");
        format!("{word} {} to {} UTC", moment(s.from), moment(s.to))
    }));
    if of.again > 0 {
        parts.push(format!("{} bytes sent again", of.again));
    }
    if of.paused_ms >= 1_000 {
        parts.push(format!("{} s paused by the person", of.paused_ms / 1_000));
    }
    parts.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    // G-8, X-11
    #[test]
    fn a_table_cell_is_no_formula_and_keeps_its_quotes() {
        assert_eq!(cell("a \"b\", c"), "\"a \"\"b\"\", c\"");
        assert_eq!(cell("=HYPERLINK(1)"), "\"'=HYPERLINK(1)\"");
        assert_eq!(cell("line\nbreak"), "\"line\nbreak\"");
    }

    #[test]
    fn a_moment_is_told_in_utc() {
        assert_eq!(moment(1_795_270_807_123), "2026-11-21 14:20:07");
        assert_eq!(
            hash(b""),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        );
    }
}
