//! What an answer of the storage to a PUT means. One table, a test per row.
//!
//! Statuses and codes as real servers give them: an expired URL is 403 at one and 400 at another, so the client's own record of the expiry
//! decides that, never the status alone.

use windlass_core::error::{ErrorCode, Failure};

/// Bytes of an error body that are looked at.
pub(crate) const ERROR_BODY_BYTES: usize = 16 * 1024;

/// The failure behind a status and a body. `expired`: by the client's own record the URL had run out.
pub(crate) fn put_failure(status: u16, body: &str, retry_after_ms: Option<i64>, expired: bool) -> Failure {
    let code_word = between(body, "<Code>", "</Code>")
        .or_else(|| between(body, "\"code\":\"", "\""))
        .unwrap_or("");
    let message = between(body, "<Message>", "</Message>")
        .or_else(|| between(body, "\"detail\":\"", "\""))
        .unwrap_or("");
    let code = match (status, code_word) {
        (400 | 403, _) if expired => ErrorCode::UrlExpired,
        // Our own folder storage says our own words.
        (_, word) if word.parse::<ErrorCode>().is_ok() => word.parse().unwrap_or(ErrorCode::StorageError),
        (_, "RequestTimeTooSkewed") => ErrorCode::ClockSkew,
        (
            _,
            "BadDigest"
            | "InvalidDigest"
            | "XAmzContentSHA256Mismatch"
            | "XAmzContentChecksumMismatch"
            | "ChecksumMismatch",
        ) => ErrorCode::ChecksumMismatch,
        (_, "RequestTimeout" | "IncompleteBody") => ErrorCode::ConnectionLost,
        (_, "SlowDown" | "ServiceUnavailable" | "TooManyRequests" | "ThrottlingException") => {
            ErrorCode::DestinationSlowDown
        }
        (_, "NoSuchUpload") => ErrorCode::StorageLostUpload,
        (_, "NoSuchBucket") => ErrorCode::BucketMissing,
        (_, "QuotaExceeded" | "InsufficientStorage" | "StorageFull" | "XMinioStorageFull") => {
            ErrorCode::StorageFull
        }
        (_, "EntityTooLarge") | (413, _) => ErrorCode::TooLarge,
        (_, "InvalidAccessKeyId") => ErrorCode::StorageCredentials,
        // The key that signed was changed, or the clock of the signer is off: signed anew, it may pass.
        (_, "SignatureDoesNotMatch") => ErrorCode::UrlSignature,
        // By the client's own record it had not: a clock is off.
        (400 | 403, _) if is_of_another_time(message) => ErrorCode::ClockSkew,
        (401 | 403, _) => ErrorCode::StorageDenied,
        (407, _) => ErrorCode::ProxyAuth,
        (408, _) => ErrorCode::ConnectionLost,
        (409, _) => ErrorCode::StateConflict,
        (429 | 503, _) => ErrorCode::DestinationSlowDown,
        (502 | 504, _) => ErrorCode::StorageDown,
        (507, _) => ErrorCode::StorageFull,
        (200..=399, _) => ErrorCode::CaptivePortal,
        _ => ErrorCode::StorageError,
    };
    let detail: String = format!("storage answered {status} {code_word} {message}")
        .trim_end()
        .chars()
        .take(300)
        .collect();
    Failure::new(code, detail).after(retry_after_ms)
}

fn is_of_another_time(message: &str) -> bool {
    let lower = message.to_lowercase();
    ["expired", "too old", "not yet valid"]
        .iter()
        .any(|words| lower.contains(words))
}

fn between<'a>(text: &'a str, open: &str, close: &str) -> Option<&'a str> {
    let start = text.find(open)? + open.len();
    let len = text[start..].find(close)?;
    Some(&text[start..start + len])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn f080_every_known_answer_is_classified() {
        let xml = |code: &str| {
            format!("<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>words</Message></Error>")
        };
        let rows = [
            (400, xml("InvalidRequest"), true, ErrorCode::UrlExpired),
            (403, xml("AccessDenied"), true, ErrorCode::UrlExpired),
            (403, xml("AccessDenied"), false, ErrorCode::StorageDenied),
            (
                403,
                "<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>".into(),
                false,
                ErrorCode::ClockSkew,
            ),
            (
                400,
                "<Error><Code>InvalidRequest</Code><Message>Bad request: Date is too old</Message></Error>"
                    .into(),
                false,
                ErrorCode::ClockSkew,
            ),
            (403, xml("RequestTimeTooSkewed"), false, ErrorCode::ClockSkew),
            (
                403,
                xml("InvalidAccessKeyId"),
                false,
                ErrorCode::StorageCredentials,
            ),
            (403, xml("SignatureDoesNotMatch"), false, ErrorCode::UrlSignature),
            (400, xml("BadDigest"), false, ErrorCode::ChecksumMismatch),
            (400, xml("InvalidDigest"), false, ErrorCode::ChecksumMismatch),
            (404, xml("NoSuchUpload"), false, ErrorCode::StorageLostUpload),
            (404, xml("NoSuchBucket"), false, ErrorCode::BucketMissing),
            (500, xml("InternalError"), false, ErrorCode::StorageError),
            (503, xml("SlowDown"), false, ErrorCode::DestinationSlowDown),
            (503, String::new(), false, ErrorCode::DestinationSlowDown),
            (502, "<html>bad gateway".into(), false, ErrorCode::StorageDown),
            (507, String::new(), false, ErrorCode::StorageFull),
            (
                403,
                "{\"type\":\"x\",\"code\":\"url_expired\",\"detail\":\"\"}".into(),
                false,
                ErrorCode::UrlExpired,
            ),
            (
                507,
                "{\"code\":\"storage_full\"}".into(),
                false,
                ErrorCode::StorageFull,
            ),
            (302, String::new(), false, ErrorCode::CaptivePortal),
            (413, String::new(), false, ErrorCode::TooLarge),
        ];
        for (status, body, expired, code) in rows {
            assert_eq!(
                put_failure(status, &body, None, expired).code,
                code,
                "{status} {body}"
            );
        }
    }
}
