//! Asking an endpoint for vectors: batches, waits, and what an error means.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use windlass_core::error::{ErrorCode, Failure};
use windlass_core::retry::next_try;
use windlass_core::time::Timestamp;

use super::vector::{MAX_DIMENSIONS, Vector};
use super::wire::{self, Question};
use crate::clock::{World, random};
use crate::failure::internal;
use crate::outgoing::{Call, Limits, Outgoing, Reply};

/// Most bytes of one text; models take about 8,000 tokens.
pub const MAX_TEXT_BYTES: usize = 64 << 10;
/// Most bytes of the texts of one call.
const MAX_BATCH_BYTES: usize = 512 << 10;
/// Most texts of one call that may be set.
const MAX_BATCH_TEXTS: usize = 2_048;
/// What one call may cost. A number takes about 12 bytes as text.
const LIMITS: Limits = Limits {
    time: Duration::from_secs(60),
    bytes: 64 << 20,
};
/// Tries of one batch.
const TRIES: u32 = 4;
/// A longer wait than this is the job's: its worker does something else meanwhile.
const LONGEST_WAIT_MS: i64 = 20_000;

/// The key of an endpoint. Not shown.
#[derive(Clone)]
pub struct ApiKey(HeaderValue);

impl ApiKey {
    /// As it was given.
    ///
    /// # Errors
    /// `invalid_field` for what no header can carry.
    pub fn new(text: &str) -> Result<Self, Failure> {
        let mut value = HeaderValue::from_str(&format!("Bearer {text}")).map_err(|_| {
            Failure::new(
                ErrorCode::InvalidField,
                "the key has a character that no header can carry",
            )
        })?;
        value.set_sensitive(true);
        Ok(Self(value))
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiKey(…)")
    }
}

/// Who makes vectors.
#[derive(Debug, Clone)]
pub struct Endpoint {
    /// `https://host/v1`, with or without `/embeddings` behind it.
    pub url: String,
    /// The model, as the endpoint calls it.
    pub model: String,
    /// Its key, where it wants one.
    pub key: Option<ApiKey>,
    /// The dimension that vectors must have; none: that of the first one.
    pub dimensions: Option<usize>,
    /// Asks a model that can for vectors of just that dimension.
    pub asks_for_dimensions: bool,
    /// Most texts of one call, 1 to 2,048.
    pub batch: usize,
}

/// Vectors of texts.
#[derive(Debug, Clone, PartialEq)]
pub struct Embedded {
    /// One for each text, in order, all of one dimension.
    pub vectors: Vec<Vector>,
    /// Tokens that the endpoint says it read; 0 where it says nothing.
    pub tokens: u64,
}

/// Asks an endpoint.
#[derive(Clone)]
pub struct Embedder {
    outgoing: Outgoing,
    endpoint: Endpoint,
    url: String,
    world: Arc<dyn World>,
}

impl Embedder {
    /// Nothing is asked yet.
    ///
    /// # Errors
    /// `invalid_field` for an address that is never called, or a setting out of range.
    pub fn new(outgoing: Outgoing, endpoint: Endpoint, world: Arc<dyn World>) -> Result<Self, Failure> {
        let invalid = |what: String| Err(Failure::new(ErrorCode::InvalidField, what));
        let base = endpoint.url.trim_end_matches('/');
        let url = if base.ends_with("/embeddings") {
            base.to_owned()
        } else {
            format!("{base}/embeddings")
        };
        outgoing.check(&url)?;
        if endpoint.model.is_empty() {
            return invalid("model: none is named".to_owned());
        }
        if !(1..=MAX_BATCH_TEXTS).contains(&endpoint.batch) {
            return invalid(format!("batch: 1 to {MAX_BATCH_TEXTS}"));
        }
        if endpoint
            .dimensions
            .is_some_and(|d| !(1..=MAX_DIMENSIONS).contains(&d))
        {
            return invalid(format!("dimensions: 1 to {MAX_DIMENSIONS}"));
        }
        Ok(Self {
            outgoing,
            endpoint,
            url,
            world,
        })
    }

    /// Makes a vector of each text, or none at all.
    ///
    /// # Errors
    /// - `invalid_field`: a text is empty or too long; or the endpoint refuses what it was sent.
    /// - `processing_failed`: what it answered are no vectors, or not of the right dimension.
    /// - `unauthenticated`, `forbidden`, `not_found`, `quota_exceeded`: a person has to act.
    /// - `rate_limited`, `overloaded`, the codes of a broken network: it was tried several times; the wait that was asked
    ///   for is in the failure.
    pub async fn embed<S: AsRef<str>>(&self, texts: &[S]) -> Result<Embedded, Failure> {
        let texts: Vec<&str> = texts.iter().map(AsRef::as_ref).collect();
        for (i, text) in texts.iter().enumerate() {
            if text.is_empty() || text.len() > MAX_TEXT_BYTES {
                let detail = format!(
                    "text {i} has {} bytes, allowed are 1 to {MAX_TEXT_BYTES}",
                    text.len()
                );
                return Err(Failure::new(ErrorCode::InvalidField, detail));
            }
        }
        let mut made = Embedded {
            vectors: Vec::with_capacity(texts.len()),
            tokens: 0,
        };
        // The last is the next one. A batch that is too much for the endpoint is cut in two.
        let mut batches = batches(&texts, self.endpoint.batch);
        batches.reverse();
        while let Some(batch) = batches.pop() {
            let part = texts.get(batch.clone()).unwrap_or_default();
            match self.patiently(part).await {
                Ok((vectors, tokens)) => {
                    self.check_dimensions(&vectors, made.vectors.first())?;
                    made.vectors.extend(vectors);
                    made.tokens = made.tokens.saturating_add(tokens);
                }
                Err(Refused::TooMuch) if batch.len() > 1 => {
                    let middle = batch.start + batch.len() / 2;
                    batches.push(middle..batch.end);
                    batches.push(batch.start..middle);
                }
                Err(Refused::TooMuch) => {
                    let detail = "answer 413: one text is too long for the endpoint";
                    return Err(Failure::new(ErrorCode::InvalidField, detail));
                }
                Err(Refused::Because(failure)) => return Err(failure),
            }
        }
        Ok(made)
    }

    fn check_dimensions(&self, vectors: &[Vector], first: Option<&Vector>) -> Result<(), Failure> {
        let first = first.or(vectors.first());
        let wanted = self.endpoint.dimensions.or(first.map(Vector::dimensions));
        match vectors.iter().find(|vector| Some(vector.dimensions()) != wanted) {
            None => Ok(()),
            Some(other) => {
                let detail = format!(
                    "the endpoint answered a vector of {} numbers, expected are {}",
                    other.dimensions(),
                    wanted.unwrap_or(0)
                );
                Err(Failure::new(ErrorCode::ProcessingFailed, detail))
            }
        }
    }

    /// Asks until there is an answer that time does not change.
    async fn patiently(&self, texts: &[&str]) -> Result<(Vec<Vector>, u64), Refused> {
        let mut tries = 0;
        loop {
            tries += 1;
            let failure = match self.ask(texts).await {
                Err(Refused::Because(failure)) if may_pass(failure.code) => failure,
                end => return end,
            };
            let wait = self.wait(tries, failure.retry_after_ms)?;
            if tries >= TRIES || wait > LONGEST_WAIT_MS {
                return Err(failure.into());
            }
            tracing::debug!(code = %failure.code, wait, "the endpoint is asked again");
            tokio::time::sleep(Duration::from_millis(wait.unsigned_abs())).await;
        }
    }

    fn wait(&self, tries: u32, asked: Option<i64>) -> Result<i64, Failure> {
        let chance = u64::from_le_bytes(random(self.world.as_ref())?);
        let zero = Timestamp::from_millis(0);
        Ok(next_try(zero, tries, asked, chance).as_millis())
    }

    async fn ask(&self, texts: &[&str]) -> Result<(Vec<Vector>, u64), Refused> {
        let question = Question {
            model: &self.endpoint.model,
            input: texts,
            encoding_format: "float",
            dimensions: self
                .endpoint
                .dimensions
                .filter(|_| self.endpoint.asks_for_dimensions),
        };
        let mut headers = vec![(CONTENT_TYPE, HeaderValue::from_static("application/json"))];
        if let Some(key) = &self.endpoint.key {
            headers.push((AUTHORIZATION, key.0.clone()));
        }
        let call = Call {
            url: &self.url,
            headers,
            body: Bytes::from(serde_json::to_vec(&question).map_err(internal)?),
            limits: LIMITS,
        };
        let reply = self.outgoing.post(call).await?;
        match reply.status {
            200..=299 => Ok(wire::read(&reply.body, texts.len())?),
            413 => Err(Refused::TooMuch),
            _ => Err(told(&reply).into()),
        }
    }
}

impl fmt::Debug for Embedder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Embedder")
            .field("endpoint", &self.endpoint)
            .finish_non_exhaustive()
    }
}

/// Why there are no vectors.
enum Refused {
    TooMuch,
    Because(Failure),
}

impl From<Failure> for Refused {
    fn from(failure: Failure) -> Self {
        Self::Because(failure)
    }
}

/// What an answer that is none means: its status and its own word, no sentence of it (A86).
fn told(reply: &Reply) -> Failure {
    use ErrorCode as E;
    let word = wire::error_word(&reply.body);
    let code = match (reply.status, word.as_deref()) {
        (_, Some("insufficient_quota")) => E::QuotaExceeded,
        (401, _) => E::Unauthenticated,
        (402, _) => E::QuotaExceeded,
        (403, _) => E::Forbidden,
        (404, _) => E::NotFound,
        (408 | 425 | 500.., _) => E::Overloaded,
        (429, _) => E::RateLimited,
        (300..=399, _) => E::ProcessingFailed,
        _ => E::InvalidField,
    };
    let detail = match word {
        Some(word) => format!("the endpoint answered {} {word}", reply.status),
        None => format!("the endpoint answered {}", reply.status),
    };
    Failure::new(code, detail).after(reply.retry_after_ms)
}

/// Whether the same call may do better later.
fn may_pass(code: ErrorCode) -> bool {
    use ErrorCode as E;
    matches!(
        code,
        E::RateLimited
            | E::Overloaded
            | E::ConnectionLost
            | E::ConnectionRefused
            | E::SlowNetwork
            | E::HostNotFound
            | E::Offline
    )
}

/// Cuts texts into calls: neither too many nor too long together.
fn batches(texts: &[&str], most: usize) -> Vec<Range<usize>> {
    let mut batches = Vec::new();
    let (mut start, mut bytes) = (0, 0);
    for (i, text) in texts.iter().enumerate() {
        if i > start && (i - start >= most || bytes + text.len() > MAX_BATCH_BYTES) {
            batches.push(start..i);
            (start, bytes) = (i, 0);
        }
        bytes += text.len();
    }
    if start < texts.len() {
        batches.push(start..texts.len());
    }
    batches
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn batches_hold_every_text_once_and_fit(lengths in prop::collection::vec(1usize..MAX_TEXT_BYTES, 0..40), most in 1usize..10) {
            let long = "x".repeat(MAX_TEXT_BYTES);
            let texts: Vec<&str> = lengths.iter().map(|n| &long[..*n]).collect();
            let cut = batches(&texts, most);
            prop_assert_eq!(cut.iter().cloned().flatten().collect::<Vec<_>>(), (0..texts.len()).collect::<Vec<_>>());
            for batch in cut {
                prop_assert!((1..=most).contains(&batch.len()));
                prop_assert!(texts[batch].iter().map(|t| t.len()).sum::<usize>() <= MAX_BATCH_BYTES);
            }
        }
    }

    #[test]
    fn a_key_is_not_shown() {
        let key = ApiKey::new("sk-secret").expect("a key");
        assert_eq!(format!("{key:?}"), "ApiKey(…)");
        assert!(ApiKey::new("a\nb").is_err());
    }
}
