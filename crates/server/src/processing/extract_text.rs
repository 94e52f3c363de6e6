//! `extract_text`: the text of a file, in pieces that know where they stood. Read in a child process within limits, for
//! files may be hostile; what that child does to itself harms no other job.

use futures::FutureExt as _;
use futures::future::BoxFuture;
use serde::Deserialize;
use windlass_extract::{ExtractError, Limits, Locator, PathOrFile, Piece};

use super::content::Content;
use super::{Done, Fault, Processor, Work, always};
use crate::store::derived::{TextRow, put_texts};

pub(super) const PROCESSOR: Processor = Processor {
    kind: "extract_text",
    able: always,
    run,
};

/// Bytes of a place.
const MAX_PLACE_BYTES: usize = 1_024;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Config {
    /// Lower ceilings than the server's.
    limits: Option<Limits>,
}

fn run(work: Work) -> BoxFuture<'static, Result<Done, Fault>> {
    async move {
        let limits = lower(work.config::<Config>()?.limits);
        let object = work.object()?;
        let size = work.session.plan.size();
        if size > limits.input_bytes {
            let detail = format!("{size} bytes of at most {}", limits.input_bytes);
            let limit = windlass_extract::Limit::Input;
            return Err(Fault::never(ExtractError::Limit { limit, detail }.failure()));
        }
        let file = Content::file(&work.tools.service, object, &work.tools.scratch).await?;
        let mut pieces: Vec<TextRow> = Vec::new();
        let sink = |piece: Piece| {
            pieces.push(TextRow {
                n: pieces.len() as u64,
                place: written(&piece.locator),
                text: piece.text,
            });
        };
        let extractor = &work.tools.extractor;
        let extracted = extractor
            .extract(PathOrFile::File(file), &work.session.mime, &limits, sink)
            .await;
        let result = match extracted {
            Ok(extracted) => serde_json::to_value(&extracted).map_err(crate::failure::internal)?,
            // Nothing has failed: there is no text to be had from such a file, today or later.
            Err(ExtractError::Unsupported { detail }) => serde_json::json!({
                "pieces": 0, "text_bytes": 0, "note": format!("no text in this type: {detail}"),
            }),
            Err(e) => {
                return Err(Fault {
                    retry: matches!(e, ExtractError::Interrupted { .. }),
                    ..Fault::never(e.failure())
                });
            }
        };
        let (owner, session) = (work.job.owner, work.job.session);
        Ok(Done {
            result,
            effect: Some(Box::new(move |tx, now| {
                put_texts(tx, owner, session, &pieces, now)
            })),
        })
    }
    .boxed()
}

/// Ceilings of a job: the server's, or lower ones.
fn lower(wanted: Option<Limits>) -> Limits {
    let own = Limits::default();
    let Some(w) = wanted else {
        return own;
    };
    Limits {
        input_bytes: own.input_bytes.min(w.input_bytes),
        memory_bytes: own.memory_bytes.min(w.memory_bytes),
        time_ms: own.time_ms.min(w.time_ms),
        text_bytes: own.text_bytes.min(w.text_bytes),
        pieces: own.pieces.min(w.pieces),
        zip_entries: own.zip_entries.min(w.zip_entries),
        unpacked_bytes: own.unpacked_bytes.min(w.unpacked_bytes),
        unpack_ratio: own.unpack_ratio.min(w.unpack_ratio),
        columns: own.columns.min(w.columns),
        depth: own.depth.min(w.depth),
    }
}

/// A place as it is kept: JSON, its longest word cut when it is too long.
fn written(locator: &Locator) -> String {
    let json = |l: &Locator| serde_json::to_string(l).unwrap_or_default();
    let whole = json(locator);
    if whole.len() <= MAX_PLACE_BYTES {
        return whole;
    }
    let mut short = locator.clone();
    // Each character takes at most 6 bytes as JSON.
    let cut = |text: &mut String| *text = text.chars().take(140).collect();
    match &mut short {
        Locator::Rows { sheet: Some(t), .. }
        | Locator::Section { title: Some(t), .. }
        | Locator::Chapter { title: Some(t), .. }
        | Locator::Pointer { path: t } => cut(t),
        _ => {}
    }
    json(&short)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_kept_as_it_is_and_a_long_one_is_cut() {
        let page = Locator::Page { number: 7 };
        assert_eq!(serde_json::from_str::<Locator>(&written(&page)).ok(), Some(page));
        let long = Locator::Pointer {
            path: "\u{1f600}\"".repeat(4_000),
        };
        let kept = written(&long);
        assert!(kept.len() <= MAX_PLACE_BYTES, "{}", kept.len());
        assert!(serde_json::from_str::<Locator>(&kept).is_ok());
    }

    #[test]
    fn a_job_lowers_ceilings_and_raises_none() {
        let wanted = Limits {
            time_ms: 5,
            columns: u64::MAX,
            ..Limits::default()
        };
        let got = lower(Some(wanted));
        assert_eq!((got.time_ms, got.columns), (5, Limits::default().columns));
    }
}
