//! `embed`: the text of a file in chunks, each with its vector, so that it is found by what it is about. The text is what
//! `extract_text` left; the vectors come from the endpoint of the settings.

use futures::FutureExt as _;
use futures::future::BoxFuture;
use serde::Deserialize;
use windlass_core::error::{ErrorCode, Failure};
use windlass_core::states::JobState;
use windlass_extract::{Locator, Piece, chunk};

use super::{Done, Fault, Processor, Tools, Work};
use crate::failure::internal;
use crate::store::derived::{self, ChunkRow, TextRow};
use crate::store::files::newest_jobs;

pub(super) const PROCESSOR: Processor = Processor {
    kind: "embed",
    able,
    run,
};

/// Pieces that are read at a time.
const PAGE: u32 = 2_000;

#[derive(Debug, Deserialize)]
#[serde(default)]
struct Config {
    /// Characters of a chunk.
    chars: usize,
    /// Characters that two chunks share.
    overlap: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            chars: 1_200,
            overlap: 150,
        }
    }
}

fn able(tools: &Tools) -> bool {
    tools.embedder.is_some()
}

fn run(work: Work) -> BoxFuture<'static, Result<Done, Fault>> {
    async move {
        let config: Config = work.config()?;
        let no = |why: &str| Fault::never(Failure::new(ErrorCode::ProcessingFailed, why));
        let Some(embedder) = &work.tools.embedder else {
            return Err(no("this server has no endpoint that makes vectors"));
        };
        let (owner, session) = (work.job.owner, work.job.session);
        let db = work.tools.service.store().db();
        let (texts, was_read) = db
            .read(move |tx| {
                let mut texts: Vec<TextRow> = Vec::new();
                loop {
                    let from = texts.last().map_or(0, |t| t.n + 1);
                    let page = derived::texts(tx, owner, session, from, PAGE)?;
                    if page.is_empty() {
                        break;
                    }
                    texts.extend(page);
                }
                let jobs = newest_jobs(tx, owner, &[session])?;
                let read = jobs.get(&session).is_some_and(|all| {
                    all.iter()
                        .any(|j| j.kind == "extract_text" && j.state == JobState::Completed)
                });
                Ok((texts, read))
            })
            .await?;
        if texts.is_empty() && !was_read {
            return Err(no("no text was read from the file"));
        }
        let pieces: Vec<Piece> = texts.into_iter().map(piece).collect();
        let chars = config.chars.clamp(100, 8_000);
        let chunks = tokio::task::spawn_blocking(move || chunk::split(&pieces, chars, config.overlap));
        let words: Vec<String> = chunks
            .await
            .map_err(internal)?
            .into_iter()
            .map(|c| c.text)
            .filter(|t| !t.trim().is_empty())
            .collect();
        let embedded = if words.is_empty() {
            crate::embedding::Embedded {
                vectors: Vec::new(),
                tokens: 0,
            }
        } else {
            embedder.embed(&words).await.map_err(fault)?
        };
        let result = serde_json::json!({
            "chunks": words.len(), "model": work.tools.model, "tokens": embedded.tokens,
            "dimensions": embedded.vectors.first().map(crate::embedding::vector::Vector::dimensions),
        });
        let rows: Vec<ChunkRow> = words
            .into_iter()
            .zip(&embedded.vectors)
            .map(|(text, vector)| ChunkRow {
                text,
                vector: vector.to_bytes(),
            })
            .collect();
        let model = work.tools.model.clone();
        Ok(Done {
            result,
            effect: Some(Box::new(move |tx, now| {
                derived::put_chunks(tx, owner, session, &model, &rows, now)
            })),
        })
    }
    .boxed()
}

/// What a person has to mend first is not tried again.
fn fault(failure: Failure) -> Fault {
    let person = matches!(
        failure.code,
        ErrorCode::InvalidField
            | ErrorCode::ProcessingFailed
            | ErrorCode::Unauthenticated
            | ErrorCode::Forbidden
            | ErrorCode::NotFound
            | ErrorCode::QuotaExceeded
    );
    Fault {
        retry: !person,
        ..Fault::never(failure)
    }
}

fn piece(row: TextRow) -> Piece {
    let nowhere = Locator::Section {
        number: row.n,
        title: None,
    };
    Piece {
        locator: serde_json::from_str(&row.place).unwrap_or(nowhere),
        text: row.text,
    }
}
