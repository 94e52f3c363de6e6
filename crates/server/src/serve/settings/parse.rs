//! Values from their text. An error completes the sentence "`VALUE` is …".

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use ipnet::IpNet;

use super::LogFormat;
use crate::auth::limiter::Rate;

pub(super) fn text(value: &str) -> Result<String, String> {
    Ok(value.to_owned())
}

pub(super) fn path(value: &str) -> Result<PathBuf, String> {
    if value.is_empty() {
        return Err("empty".into());
    }
    std::path::absolute(value).map_err(|e| format!("no path: {e}"))
}

pub(super) fn folder(value: &str) -> Result<PathBuf, String> {
    let path = path(value)?;
    if path.exists() && !path.is_dir() {
        return Err("a file, not a folder".into());
    }
    Ok(path)
}

pub(super) fn address(value: &str) -> Result<SocketAddr, String> {
    let wrong = || "no address with a port, as 127.0.0.1:8640 or 0.0.0.0:8640".to_owned();
    // `:8640` and `localhost:8640` are what people write.
    let value = match value.strip_prefix("localhost:") {
        Some(port) => format!("127.0.0.1:{port}"),
        None if value.starts_with(':') => format!("0.0.0.0{value}"),
        None => value.to_owned(),
    };
    value.parse().map_err(|_| wrong())
}

pub(super) fn base_url(value: &str) -> Result<String, String> {
    let wrong = || "no base address, as https://up.example.com, without a path".to_owned();
    let url: url::Url = value.parse().map_err(|_| wrong())?;
    let plain = url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none();
    if !matches!(url.scheme(), "http" | "https") || url.host().is_none() || !plain || url.path() != "/" {
        return Err(wrong());
    }
    Ok(value.trim_end_matches('/').to_owned())
}

pub(super) fn database(value: &str) -> Result<String, String> {
    if value.starts_with("postgres://") || value.starts_with("postgresql://") {
        return Ok(value.to_owned());
    }
    Err("no PostgreSQL address, as postgres://user:password@host/name; leave it out for SQLite".into())
}

pub(super) fn count(value: &str) -> Result<usize, String> {
    let n: usize = value.parse().map_err(|_| "no whole number")?;
    if (1..=1_000_000).contains(&n) {
        Ok(n)
    } else {
        Err("not from 1 to 1000000".into())
    }
}

pub(super) fn duration(value: &str) -> Result<Duration, String> {
    let wrong = || "no time, as 500ms, 30s, 15m or 1h".to_owned();
    let split = value.find(|c: char| !c.is_ascii_digit()).ok_or_else(wrong)?;
    let n: u64 = value[..split].parse().map_err(|_| wrong())?;
    let ms = match &value[split..] {
        "ms" => n,
        "s" => n.saturating_mul(1_000),
        "m" => n.saturating_mul(60_000),
        "h" => n.saturating_mul(3_600_000),
        _ => return Err(wrong()),
    };
    if !(1..=86_400_000).contains(&ms) {
        return Err("not from 1ms to 24h".into());
    }
    Ok(Duration::from_millis(ms))
}

/// Milliseconds.
pub(super) fn age(value: &str) -> Result<i64, String> {
    let wrong = || "no age, as 1h, 7d or 30d, of at least one hour".to_owned();
    let split = value.find(|c: char| !c.is_ascii_digit()).ok_or_else(wrong)?;
    let n: i64 = value[..split].parse().map_err(|_| wrong())?;
    let hours = match &value[split..] {
        "h" => n,
        "d" => n.saturating_mul(24),
        _ => return Err(wrong()),
    };
    if !(1..=876_000).contains(&hours) {
        return Err(wrong());
    }
    Ok(hours * 3_600_000)
}

pub(super) fn bytes(value: &str) -> Result<u64, String> {
    let wrong = || "no number of bytes, as 1000000, 500MB or 10GiB".to_owned();
    let split = value.find(|c: char| !c.is_ascii_digit()).unwrap_or(value.len());
    let n: u64 = value[..split].parse().map_err(|_| wrong())?;
    let unit: u64 = match value[split..].trim() {
        "" | "B" => 1,
        "kB" | "KB" => 1_000,
        "MB" => 1_000_000,
        "GB" => 1_000_000_000,
        "TB" => 1_000_000_000_000,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        "TiB" => 1 << 40,
        _ => return Err(wrong()),
    };
    n.checked_mul(unit)
        .filter(|n| i64::try_from(*n).is_ok())
        .ok_or_else(wrong)
}

/// Twice the rate at once.
pub(super) fn rate(value: &str) -> Result<Rate, String> {
    let n: u32 = value
        .parse()
        .map_err(|_| "no whole number of requests a second")?;
    if n > 1_000_000 {
        return Err("more than 1000000".into());
    }
    Ok(Rate {
        per_second: n,
        burst: n.saturating_mul(2),
    })
}

fn items(value: &str) -> impl Iterator<Item = &str> {
    value.split([',', ' ']).filter(|t| !t.is_empty())
}

pub(super) fn networks(value: &str) -> Result<Vec<IpNet>, String> {
    let one = |text: &str| {
        let net = text
            .parse::<IpNet>()
            .or_else(|_| text.parse::<std::net::IpAddr>().map(IpNet::from));
        net.map_err(|_| format!("no list of networks: {text:?} is none, as 10.0.0.0/8 or 192.0.2.7"))
    };
    items(value).map(one).collect()
}

pub(super) fn origins(value: &str) -> Result<Vec<String>, String> {
    let one = |text: &str| {
        let wrong = || {
            format!("no list of origins: {text:?} is none, as https://app.example.com, without a path or *")
        };
        let url: url::Url = text.parse().map_err(|_| wrong())?;
        let origin = url.origin().ascii_serialization();
        if matches!(url.scheme(), "http" | "https") && origin == text.trim_end_matches('/') {
            Ok(origin)
        } else {
            Err(wrong())
        }
    };
    items(value).map(one).collect()
}

pub(super) fn log_format(value: &str) -> Result<LogFormat, String> {
    match value {
        "json" => Ok(LogFormat::Json),
        "text" => Ok(LogFormat::Text),
        _ => Err("neither json nor text".into()),
    }
}
