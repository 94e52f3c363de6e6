//! Settings of traces.

use windlass_core::error::{ErrorCode, Failure};

use super::layers::Layers;
use super::parse;
use crate::traces::TraceSettings;

pub(super) fn resolve(layers: &Layers) -> Result<Option<TraceSettings>, Failure> {
    let endpoint = layers.get("otel-endpoint", endpoint)?;
    let headers = layers.get("otel-headers", headers)?;
    let (service, share) = (
        layers.or("otel-service", "windlass", parse::text)?,
        layers.or("otel-share", "1", share)?,
    );
    match (endpoint, headers) {
        (None, Some(_)) => Err(layers.lone("otel-headers", "otel-endpoint")),
        (None, None) => Ok(None),
        (Some(_), _) if service.trim().is_empty() => Err(Failure::new(
            ErrorCode::InvalidField,
            "otel-service: empty; it is what the server is called at the collector",
        )),
        (Some(endpoint), headers) => Ok(Some(TraceSettings {
            endpoint,
            headers: headers.unwrap_or_default(),
            service,
            share,
        })),
    }
}

/// As other programs have it: an address without a path is that of the collector.
fn endpoint(value: &str) -> Result<String, String> {
    let wrong = || "no address of a collector, as http://127.0.0.1:4318".to_owned();
    let mut url: url::Url = value.parse().map_err(|_| wrong())?;
    let plain = url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none();
    if !matches!(url.scheme(), "http" | "https") || url.host().is_none() || !plain {
        return Err(wrong());
    }
    if url.path() == "/" {
        url.set_path("/v1/traces");
    }
    Ok(url.to_string())
}

fn headers(value: &str) -> Result<Vec<(String, String)>, String> {
    let wrong = || "no list of headers, as api-key=SECRET,x-tenant=7".to_owned();
    let one = |text: &str| {
        let (name, value) = text.split_once('=').ok_or_else(wrong)?;
        let (name, value) = (name.trim().to_lowercase(), value.trim().to_owned());
        let fine = reqwest::header::HeaderName::from_bytes(name.as_bytes()).is_ok()
            && reqwest::header::HeaderValue::from_str(&value).is_ok();
        if fine { Ok((name, value)) } else { Err(wrong()) }
    };
    value
        .split(',')
        .filter(|t| !t.trim().is_empty())
        .map(one)
        .collect()
}

fn share(value: &str) -> Result<f64, String> {
    let share: f64 = value.parse().map_err(|_| "no share, as 1 or 0.05")?;
    if (0.0..=1.0).contains(&share) {
        Ok(share)
    } else {
        Err("not from 0 to 1".into())
    }
}
