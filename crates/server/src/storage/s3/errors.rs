//! Answers of buckets as codes, in one table (F94, F95; recipes of the servers that were tried).

use windlass_core::error::{ErrorCode, Failure};
use windlass_protocol::client::retry_after_ms;

use super::client::Reply;
use super::xml;

/// An error that a bucket told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Told {
    pub(super) status: u16,
    pub(super) code: String,
    pub(super) message: String,
    pub(super) part: Option<u32>,
}

impl Reply {
    /// The error in an answer; also one that came with 200 (F84).
    pub(super) fn told(&self) -> Option<Told> {
        let root = xml::parse(&self.body).filter(|n| n.name == "Error");
        if self.status < 400 && root.is_none() {
            return None;
        }
        let text = |name| {
            root.as_ref()
                .and_then(|r| r.text_of(name))
                .unwrap_or_default()
                .chars()
                .take(200)
                .collect()
        };
        let part = root
            .as_ref()
            .and_then(|r| r.text_of("PartNumber"))
            .and_then(|n| n.parse().ok());
        Some(Told {
            status: self.status,
            code: text("Code"),
            message: text("Message"),
            part,
        })
    }

    /// A storage that failed at this one call, and neither asks to slow down nor names a time.
    pub(super) fn is_momentary(&self) -> bool {
        matches!(self.status, 500 | 502 | 503 | 504)
            && retry_after_ms(&self.headers).is_none()
            && !self.told().is_some_and(|told| is_throttled(&told.code))
    }

    /// The answer as a failure; `Ok` when it is none.
    pub(super) fn fine(self) -> Result<Self, Failure> {
        match self.told() {
            None if self.status < 300 => Ok(self),
            None => Err(Failure::new(
                ErrorCode::StorageError,
                format!("answer {}", self.status),
            )),
            Some(told) => Err(self.failure(&told)),
        }
    }

    /// What a told error means.
    pub(super) fn failure(&self, told: &Told) -> Failure {
        let detail = match (told.code.as_str(), told.message.as_str()) {
            ("", _) => format!("answer {}", told.status),
            (code, "") => format!("answer {} {code}", told.status),
            (code, message) => format!("answer {} {code}: {message}", told.status),
        };
        Failure::new(code(told), detail).after(retry_after_ms(&self.headers))
    }
}

fn is_throttled(code: &str) -> bool {
    matches!(
        code,
        "SlowDown" | "RequestLimitExceeded" | "TooManyRequests" | "ThrottlingException" | "Throttling"
    )
}

fn code(told: &Told) -> ErrorCode {
    use ErrorCode as E;
    match told.code.as_str() {
        code if is_throttled(code) => return E::DestinationSlowDown,
        "NoSuchBucket"
        | "PermanentRedirect"
        | "AuthorizationHeaderMalformed"
        | "IllegalLocationConstraintException"
        | "InvalidBucketName" => return E::BucketMissing,
        "InvalidAccessKeyId"
        | "SignatureDoesNotMatch"
        | "InvalidToken"
        | "ExpiredToken"
        | "TokenRefreshRequired"
        | "InvalidSecurity"
        | "NotSignedUp" => return E::StorageCredentials,
        "RequestTimeTooSkewed" => return E::ClockSkew,
        "QuotaExceeded"
        | "InsufficientStorage"
        | "StorageFull"
        | "XMinioStorageFull"
        | "ServiceQuotaExceededException"
        | "InsufficientCapacity" => return E::StorageFull,
        "BadDigest" | "InvalidDigest" | "XAmzContentSHA256Mismatch" | "XAmzContentChecksumMismatch" => {
            return E::ChecksumMismatch;
        }
        "KeyTooLongError" | "InvalidObjectName" | "InvalidURI" => return E::NameInvalid,
        "EntityTooLarge" => return E::TooLarge,
        _ => {}
    }
    let message = told.message.to_lowercase();
    match told.status {
        // Our own calls are signed just before they are made: a date that is too old is a wrong clock.
        400 | 403 if message.contains("date is too old") || message.contains("request has expired") => {
            E::ClockSkew
        }
        // Garage says AccessDenied for everything and tells the cause in words.
        403 if message.contains("no such key") || message.contains("signature") => E::StorageCredentials,
        401 => E::StorageCredentials,
        403 => E::StorageDenied,
        301 | 307 | 308 => E::BucketMissing,
        429 | 503 => E::DestinationSlowDown,
        502 => E::StorageDown,
        504 => E::StorageTimeout,
        507 => E::StorageFull,
        _ => E::StorageError,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(status: u16, code: &str, message: &str) -> Told {
        Told {
            status,
            code: code.into(),
            message: message.into(),
            part: None,
        }
    }

    #[test]
    fn f094_each_known_answer_has_its_code() {
        use ErrorCode as E;
        let table = [
            (
                told(403, "AccessDenied", "Forbidden: No such key: GK0"),
                E::StorageCredentials,
            ),
            (
                told(403, "AccessDenied", "Forbidden: Invalid signature"),
                E::StorageCredentials,
            ),
            (told(403, "InvalidAccessKeyId", ""), E::StorageCredentials),
            (told(403, "AccessDenied", ""), E::StorageDenied),
            (told(404, "NoSuchBucket", ""), E::BucketMissing),
            (told(400, "AuthorizationHeaderMalformed", ""), E::BucketMissing),
            (told(503, "SlowDown", ""), E::DestinationSlowDown),
            (told(503, "", ""), E::DestinationSlowDown),
            (told(507, "", ""), E::StorageFull),
            (told(403, "QuotaExceeded", ""), E::StorageFull),
            (told(403, "RequestTimeTooSkewed", ""), E::ClockSkew),
            (
                told(400, "InvalidRequest", "Bad request: Date is too old"),
                E::ClockSkew,
            ),
            (told(403, "AccessDenied", "Request has expired"), E::ClockSkew),
            (told(500, "InternalError", ""), E::StorageError),
            (told(400, "InvalidDigest", ""), E::ChecksumMismatch),
        ];
        for (answer, expected) in table {
            assert_eq!(code(&answer), expected, "{answer:?}");
        }
    }
}
