//! Files of every format, honest and hostile, read through the door that the server uses.
#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "support code of tests, outside the functions that clippy knows as tests"
)]

#[path = "extract/formats.rs"]
mod formats;
#[path = "extract/hostile.rs"]
mod hostile;
#[path = "extract/samples.rs"]
mod samples;
#[path = "extract/sniffing.rs"]
mod sniffing;
#[path = "extract/walls.rs"]
mod walls;

use std::io::Write as _;
use windlass_extract::{ExtractError, Extracted, Extractor, Limits, PathOrFile, Piece};

fn extractor() -> Extractor {
    Extractor::with_program(env!("CARGO_BIN_EXE_windlass-extract").into())
}

type Read = (Vec<Piece>, Result<Extracted, ExtractError>);

/// Reads `bytes` in a child.
async fn read_with(bytes: &[u8], declared: &str, limits: &Limits) -> Read {
    let mut file = tempfile::tempfile().expect("a file");
    file.write_all(bytes).expect("written");
    let mut pieces = Vec::new();
    let end = extractor()
        .extract(PathOrFile::File(file), declared, limits, |p| pieces.push(p))
        .await;
    (pieces, end)
}

async fn read(bytes: &[u8], declared: &str) -> Read {
    read_with(bytes, declared, &Limits::default()).await
}

fn text(pieces: &[Piece]) -> String {
    pieces
        .iter()
        .map(|p| p.text.as_str())
        .collect::<Vec<_>>()
        .join("\n")
}

/// Asserts that each of `words` stands in `text`, in this order.
fn in_order(text: &str, words: &[&str]) {
    let mut at = 0;
    for word in words {
        match text[at..].find(word) {
            Some(i) => at += i + word.len(),
            None => panic!("{word:?} is missing after byte {at} of {text:?}"),
        }
    }
}
