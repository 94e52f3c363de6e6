//! What goes to the provider and comes back, as it is written.

use bytes::Bytes;
use reqwest::header::HeaderValue;
use serde::Deserialize;
use url::form_urlencoded;
use windlass_core::error::Failure;

use crate::failure::internal;
use crate::outgoing::Reply;

/// A code that a person types.
#[derive(Deserialize)]
pub(super) struct Device {
    pub(super) device_code: String,
    pub(super) user_code: String,
    pub(super) verification_uri: String,
    pub(super) verification_uri_complete: Option<String>,
    pub(super) expires_in: i64,
    pub(super) interval: Option<i64>,
}

#[derive(Deserialize)]
pub(super) struct Tokens {
    pub(super) id_token: Option<String>,
    pub(super) access_token: Option<String>,
}

/// A form.
pub(super) fn written(form: &[(&str, &str)]) -> Bytes {
    form_urlencoded::Serializer::new(String::new())
        .extend_pairs(form)
        .finish()
        .into()
}

/// A header that no log shows.
pub(super) fn secret(text: &str) -> Result<HeaderValue, Failure> {
    let mut value = HeaderValue::from_str(text).map_err(internal)?;
    value.set_sensitive(true);
    Ok(value)
}

/// The word of an error, of those that there are.
pub(super) fn error_word(reply: &Reply) -> &'static str {
    #[derive(Deserialize)]
    struct Told {
        error: String,
    }
    const WORDS: [&str; 10] = [
        "authorization_pending",
        "slow_down",
        "access_denied",
        "expired_token",
        "invalid_grant",
        "invalid_client",
        "invalid_request",
        "invalid_scope",
        "unauthorized_client",
        "unsupported_grant_type",
    ];
    let told = serde_json::from_slice::<Told>(&reply.body).map(|t| t.error);
    let word = told.unwrap_or_default();
    WORDS
        .into_iter()
        .find(|w| *w == word)
        .unwrap_or("none that is known")
}
