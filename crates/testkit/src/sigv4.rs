//! Requests that are signed in their headers, for the few calls that take no signed URL.

use std::time::Duration;

use anyhow::{Context as _, Result};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};
use url::Url;

use crate::http::{self, Response};

const PATIENCE: Duration = Duration::from_secs(60);

/// Whose request it is.
#[derive(Clone, Copy)]
pub(crate) struct Keys<'a> {
    pub(crate) access: &'a str,
    pub(crate) secret: &'a str,
    pub(crate) region: &'a str,
}

/// Signs (Signature Version 4, service `s3`) and sends. `target` is a path with at most one query, already encoded.
pub(crate) fn send(
    keys: &Keys<'_>,
    endpoint: &str,
    method: &str,
    target: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Result<Response> {
    let url: Url = format!("{endpoint}{target}").parse()?;
    let host = format!(
        "{}:{}",
        url.host_str().context("no host")?,
        url.port_or_known_default().context("no port")?
    );
    let now = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC);
    let (day, at) = (
        now.strftime("%Y%m%d").to_string(),
        now.strftime("%Y%m%dT%H%M%SZ").to_string(),
    );
    let hash = hex(&Sha256::digest(body));
    let mut all: Vec<(&str, &str)> = headers.to_vec();
    all.extend([
        ("host", host.as_str()),
        ("x-amz-content-sha256", &hash),
        ("x-amz-date", &at),
    ]);
    all.sort_unstable();
    let names: Vec<&str> = all.iter().map(|(name, _)| *name).collect();
    let signed = names.join(";");
    let lines: String = all
        .iter()
        .map(|(name, value)| format!("{name}:{value}\n"))
        .collect();
    let request = format!(
        "{method}\n{}\n{}\n{lines}\n{signed}\n{hash}",
        url.path(),
        url.query().unwrap_or_default()
    );
    let scope = format!("{day}/{}/s3/aws4_request", keys.region);
    let text = format!(
        "AWS4-HMAC-SHA256\n{at}\n{scope}\n{}",
        hex(&Sha256::digest(request))
    );
    let mut key = format!("AWS4{}", keys.secret).into_bytes();
    for step in [day.as_str(), keys.region, "s3", "aws4_request"] {
        key = mac(&key, step)?;
    }
    let signature = hex(&mac(&key, &text)?);
    let authorization = format!(
        "AWS4-HMAC-SHA256 Credential={}/{scope}, SignedHeaders={signed}, Signature={signature}",
        keys.access
    );
    all.retain(|(name, _)| *name != "host");
    all.push(("authorization", &authorization));
    http::send(method, &url, &all, body, PATIENCE)
}

fn mac(key: &[u8], text: &str) -> Result<Vec<u8>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key)?;
    mac.update(text.as_bytes());
    Ok(mac.finalize().into_bytes().to_vec())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
