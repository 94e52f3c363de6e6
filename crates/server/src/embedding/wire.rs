//! What goes over the wire, and what may come back.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use windlass_core::error::{ErrorCode, Failure};

use super::vector::Vector;

/// The question.
#[derive(Serialize)]
pub(super) struct Question<'a> {
    pub(super) model: &'a str,
    pub(super) input: &'a [&'a str],
    pub(super) encoding_format: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) dimensions: Option<usize>,
}

#[derive(Deserialize)]
struct Answer {
    data: Vec<Item>,
    #[serde(default)]
    usage: Option<Usage>,
}

#[derive(Deserialize)]
struct Item {
    #[serde(default)]
    index: Option<usize>,
    embedding: Numbers,
}

/// Some endpoints answer base64 whatever they were asked for.
#[derive(Deserialize)]
#[serde(untagged)]
enum Numbers {
    Plain(Vec<f32>),
    Base64(String),
}

#[derive(Deserialize)]
struct Usage {
    #[serde(default)]
    prompt_tokens: Option<u64>,
    #[serde(default)]
    total_tokens: Option<u64>,
}

/// The vectors of an answer, in the order of the texts, and the tokens that it says it cost.
pub(super) fn read(body: &[u8], texts: usize) -> Result<(Vec<Vector>, u64), Failure> {
    let bad = |what: String| Failure::new(ErrorCode::ProcessingFailed, what);
    // What could not be read is not repeated: it is the endpoint's (A86).
    let answer: Answer = serde_json::from_slice(body).map_err(|e| {
        bad(format!(
            "the endpoint's answer is no list of embeddings (line {}, column {})",
            e.line(),
            e.column()
        ))
    })?;
    if answer.data.len() != texts {
        return Err(bad(format!(
            "the endpoint answered {} vectors for {texts} texts",
            answer.data.len()
        )));
    }
    let mut vectors: Vec<Option<Vector>> = vec![None; texts];
    for (place, item) in answer.data.into_iter().enumerate() {
        let index = item.index.unwrap_or(place);
        let vector = match item.embedding {
            Numbers::Plain(numbers) => Vector::new(numbers)?,
            Numbers::Base64(text) => {
                let bytes = STANDARD
                    .decode(text)
                    .map_err(|_| bad("a vector that is no base64".to_owned()))?;
                Vector::from_bytes(&bytes)?
            }
        };
        match vectors.get_mut(index) {
            Some(slot @ None) => *slot = Some(vector),
            _ => {
                return Err(bad(format!(
                    "the endpoint's answer has the index {index} twice or out of range"
                )));
            }
        }
    }
    let vectors: Option<Vec<Vector>> = vectors.into_iter().collect();
    let tokens = answer
        .usage
        .and_then(|usage| usage.total_tokens.or(usage.prompt_tokens));
    let vectors = vectors.ok_or_else(|| bad("the endpoint's answer lacks a vector".to_owned()))?;
    Ok((vectors, tokens.unwrap_or(0)))
}

#[derive(Deserialize)]
struct Trouble {
    error: TroubleWords,
}

#[derive(Deserialize)]
struct TroubleWords {
    #[serde(default)]
    code: serde_json::Value,
    #[serde(default, rename = "type")]
    kind: serde_json::Value,
}

/// The endpoint's own word for an error, where it has one. Only a plain word is taken over, no sentence (A86).
pub(super) fn error_word(body: &[u8]) -> Option<String> {
    let trouble: Trouble = serde_json::from_slice(body).ok()?;
    [trouble.error.code, trouble.error.kind]
        .iter()
        .filter_map(|word| word.as_str())
        .find(|word| {
            (1..=60).contains(&word.len()) && word.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')
        })
        .map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn vectors(body: &str, texts: usize) -> Result<Vec<Vec<f32>>, String> {
        match read(body.as_bytes(), texts) {
            Ok((vectors, _)) => Ok(vectors.iter().map(|v| v.numbers().to_vec()).collect()),
            Err(e) => Err(e.detail),
        }
    }

    #[test]
    fn answers_are_put_in_order_by_their_index() {
        let body = r#"{"object":"list","data":[{"index":1,"embedding":[2]},{"index":0,"embedding":[1]}],"usage":{"total_tokens":7}}"#;
        assert_eq!(vectors(body, 2), Ok(vec![vec![1.0], vec![2.0]]));
        assert_eq!(read(body.as_bytes(), 2).map(|(_, tokens)| tokens), Ok(7));
        let plain = r#"{"data":[{"embedding":[1]},{"embedding":"AAAAQA=="}]}"#;
        assert_eq!(vectors(plain, 2), Ok(vec![vec![1.0], vec![2.0]]));
    }

    #[test]
    fn answers_that_are_none_are_refused() {
        for bad in [
            "",
            "null",
            "{}",
            "<html>",
            r#"{"data":[]}"#,
            r#"{"data":[{"index":0,"embedding":[]}]}"#,
            r#"{"data":[{"index":1,"embedding":[1]}]}"#,
            r#"{"data":[{"embedding":[1e39]}]}"#,
            r#"{"data":[{"embedding":["1"]}]}"#,
            r#"{"data":[{"embedding":"AAA"}]}"#,
            r#"{"data":[{"embedding":"AACAfw=="}]}"#,
            r#"{"data":[{"embedding":[1]},{"embedding":[1]}]}"#,
        ] {
            assert!(vectors(bad, 1).is_err(), "{bad}");
        }
        let twice = r#"{"data":[{"index":0,"embedding":[1]},{"index":0,"embedding":[1]}]}"#;
        assert!(vectors(twice, 2).is_err());
    }

    #[test]
    fn only_words_are_taken_over_from_errors() {
        let word = |body: &str| error_word(body.as_bytes());
        assert_eq!(
            word(r#"{"error":{"code":"insufficient_quota","message":"m"}}"#).as_deref(),
            Some("insufficient_quota")
        );
        assert_eq!(
            word(r#"{"error":{"code":null,"type":"server_error"}}"#).as_deref(),
            Some("server_error")
        );
        for none in [
            r#"{"error":{"code":"root:x:0:0"}}"#,
            r#"{"error":"no"}"#,
            "no",
            r#"{"error":{"code":404}}"#,
        ] {
            assert_eq!(word(none), None);
        }
    }

    proptest! {
        #[test]
        fn any_answer_is_answered(body: Vec<u8>, texts in 0usize..5) {
            let _ = read(&body, texts);
            let _ = error_word(&body);
        }
    }
}
