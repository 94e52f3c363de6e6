//! Events to somebody's own server, signed as Standard Webhooks has it.
//!
//! A message is an event of the log with its id, so a second try of the same event has the same id and the receiver can
//! tell. It is signed with every secret that is valid at the time, so that a secret can be changed without a gap. What
//! comes back is looked at by its status alone. When to try again, and when to give up an endpoint, is the caller's.

use std::fmt;

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use reqwest::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use windlass_core::error::{ErrorCode, Failure};
use windlass_core::time::Timestamp;

use super::{Call, Limits, Outgoing, Reply};
use crate::clock::{World, random};

/// What a written secret begins with.
const PREFIX: &str = "whsec_";
/// Bytes of a secret, by the standard.
const SECRET_BYTES: std::ops::RangeInclusive<usize> = 24..=64;

/// A secret that a receiver shares with us. Not shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Vec<u8>);

impl Secret {
    /// A new one.
    ///
    /// # Errors
    /// When the system gives no random bytes.
    pub fn make(world: &dyn World) -> Result<Self, Failure> {
        Ok(Self(random::<32>(world)?.to_vec()))
    }

    /// As it is written: `whsec_` and base64.
    ///
    /// # Errors
    /// `invalid_field` for anything else, or a length that the standard does not allow.
    pub fn parse(text: &str) -> Result<Self, Failure> {
        let invalid = || {
            Failure::new(
                ErrorCode::InvalidField,
                "secret: whsec_ and the base64 of 24 to 64 bytes",
            )
        };
        let coded = text.strip_prefix(PREFIX).ok_or_else(invalid)?;
        let bytes = STANDARD.decode(coded).map_err(|_| invalid())?;
        if !SECRET_BYTES.contains(&bytes.len()) {
            return Err(invalid());
        }
        Ok(Self(bytes))
    }

    /// As it is written, to be shown once.
    #[must_use]
    pub fn reveal(&self) -> String {
        format!("{PREFIX}{}", STANDARD.encode(&self.0))
    }

    fn sign(&self, id: &str, seconds: i64, payload: &[u8]) -> String {
        let mut context = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, &self.0));
        context.update(format!("{id}.{seconds}.").as_bytes());
        context.update(payload);
        format!("v1,{}", STANDARD.encode(context.sign()))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// One event on its way.
#[derive(Debug, Clone)]
pub struct Message {
    /// The same on every try. Visible ASCII without a full stop, which is what separates it in the signature.
    pub id: String,
    /// JSON.
    pub payload: Bytes,
}

/// What became of one try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// 2xx: the receiver has it.
    Delivered,
    /// It has not, or it is not known: the same message again, later.
    Again(Failure),
    /// 410: the receiver wants no more of them.
    Gone,
}

/// Tries once to deliver. `now` goes into the signature, so a receiver can refuse what is recorded and sent again.
///
/// # Cancel safety
/// A cancelled delivery may have arrived: it counts as [`Outcome::Again`].
pub async fn deliver(
    outgoing: &Outgoing,
    url: &str,
    secrets: &[Secret],
    message: &Message,
    now: Timestamp,
) -> Outcome {
    let headers = match headers(secrets, message, now) {
        Ok(headers) => headers,
        Err(e) => return Outcome::Again(e),
    };
    let call = Call {
        url,
        headers,
        body: message.payload.clone(),
        limits: Limits::WEBHOOK,
    };
    match outgoing.post(call).await {
        Ok(reply) => outcome(&reply),
        Err(e) => Outcome::Again(e),
    }
}

fn headers(
    secrets: &[Secret],
    message: &Message,
    now: Timestamp,
) -> Result<Vec<(HeaderName, HeaderValue)>, Failure> {
    let id = &message.id;
    if id.is_empty() || !id.bytes().all(|b| b.is_ascii_graphic() && b != b'.') {
        return Err(Failure::new(
            ErrorCode::Internal,
            "an id of a message that can't be signed",
        ));
    }
    let seconds = now.as_millis().div_euclid(1_000);
    let signatures: Vec<_> = secrets
        .iter()
        .map(|secret| secret.sign(id, seconds, &message.payload))
        .collect();
    let value = |text: &str| HeaderValue::from_str(text).map_err(crate::failure::internal);
    Ok(vec![
        (CONTENT_TYPE, HeaderValue::from_static("application/json")),
        (HeaderName::from_static("webhook-id"), value(id)?),
        (
            HeaderName::from_static("webhook-timestamp"),
            value(&seconds.to_string())?,
        ),
        (
            HeaderName::from_static("webhook-signature"),
            value(&signatures.join(" "))?,
        ),
    ])
}

/// Only the status is told; what the receiver wrote concerns nobody (A86).
fn outcome(reply: &Reply) -> Outcome {
    let code = match reply.status {
        200..=299 => return Outcome::Delivered,
        410 => return Outcome::Gone,
        429 | 503 => ErrorCode::DestinationSlowDown,
        500..=599 => ErrorCode::StorageDown,
        // A redirect is not followed, and a refusal may be a receiver that is being set up.
        _ => ErrorCode::StorageError,
    };
    Outcome::Again(Failure::new(code, format!("answer {}", reply.status)).after(reply.retry_after_ms))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the standard's own libraries.
    #[test]
    fn a_signature_is_what_every_receiver_computes() {
        let secret = Secret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").expect("a secret");
        let signature = secret.sign(
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            1_614_265_330,
            br#"{"test": 2432232314}"#,
        );
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
        assert_eq!(format!("{secret:?}"), "Secret(…)");
        assert_eq!(secret.reveal(), "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
    }

    #[test]
    fn bad_secrets_and_ids_are_refused() {
        for bad in [
            "",
            "whsec_",
            "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            "whsec_?",
            "whsec_AAAA",
        ] {
            assert!(Secret::parse(bad).is_err(), "{bad}");
        }
        assert!(Secret::parse(&format!("whsec_{}", STANDARD.encode([1; 65]))).is_err());
        let now = Timestamp::from_millis(0);
        for bad in ["", "a.b", "a b", "a\r\nx: y", "ü"] {
            let message = Message {
                id: bad.into(),
                payload: Bytes::new(),
            };
            assert!(headers(&[], &message, now).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn each_status_has_its_outcome() {
        let of = |status| {
            outcome(&Reply {
                status,
                retry_after_ms: Some(7_000),
                body: Bytes::from_static(b"secret of the target"),
            })
        };
        assert_eq!(
            (of(200), of(204), of(410)),
            (Outcome::Delivered, Outcome::Delivered, Outcome::Gone)
        );
        for (status, code) in [
            (301, ErrorCode::StorageError),
            (404, ErrorCode::StorageError),
            (429, ErrorCode::DestinationSlowDown),
            (500, ErrorCode::StorageDown),
            (503, ErrorCode::DestinationSlowDown),
        ] {
            let failure = Failure::new(code, format!("answer {status}")).after(Some(7_000));
            assert_eq!(of(status), Outcome::Again(failure));
        }
    }
}
