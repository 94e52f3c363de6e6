//! Addresses as they are typed, and the ones that an operator excepted.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use url::{Host, Url};
use windlass_core::error::{ErrorCode, Failure};

use super::address::is_public;

/// Longest address that is taken.
const MAX_URL_BYTES: usize = 2_048;

/// Scheme, host and port. An operator excepts these, and nothing that only looks like them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Origin {
    scheme: String,
    host: String,
    port: u16,
}

impl Origin {
    fn of(url: &Url) -> Option<Self> {
        Some(Self {
            scheme: url.scheme().to_owned(),
            host: url.host_str()?.trim_end_matches('.').to_owned(),
            port: url.port_or_known_default()?,
        })
    }
}

impl FromStr for Origin {
    type Err = Failure;

    fn from_str(text: &str) -> Result<Self, Failure> {
        let invalid = || {
            let detail = "an exception is http(s)://host[:port], without a path";
            Failure::new(ErrorCode::InvalidField, detail)
        };
        let url = parsed(text)?;
        if url.path() != "/" || url.query().is_some() {
            return Err(invalid());
        }
        Self::of(&url).ok_or_else(invalid)
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}:{}", self.scheme, self.host, self.port)
    }
}

/// An address that was looked at. Its path may be a secret: only the origin is ever shown.
pub(super) struct Target {
    pub(super) url: Url,
    pub(super) origin: Origin,
    /// Excepted by the operator: may be on any network.
    pub(super) excepted: bool,
}

/// Looks at an address without resolving its name.
pub(super) fn look_at(text: &str, excepted: &[Origin]) -> Result<Target, Failure> {
    let refuse = |what: &str| Failure::new(ErrorCode::InvalidField, what);
    let url = parsed(text)?;
    let origin = Origin::of(&url).ok_or_else(|| refuse("the address names no host"))?;
    let excepted = excepted.contains(&origin);
    if excepted {
        return Ok(Target {
            url,
            origin,
            excepted,
        });
    }
    if url.scheme() != "https" {
        return Err(refuse("the address has to begin with https://"));
    }
    let literal = match url.host() {
        Some(Host::Ipv4(v4)) => Some(IpAddr::V4(v4)),
        Some(Host::Ipv6(v6)) => Some(IpAddr::V6(v6)),
        Some(Host::Domain(_)) | None => None,
    };
    if literal.is_some_and(|address| !is_public(address)) {
        return Err(refuse("the address is not on the public internet"));
    }
    Ok(Target {
        url,
        origin,
        excepted,
    })
}

/// Parsed as a browser does it, so that `0x7f.1`, `017700000001` and `2130706433` are what they are.
fn parsed(text: &str) -> Result<Url, Failure> {
    let refuse = |what: &str| Failure::new(ErrorCode::InvalidField, what);
    if text.len() > MAX_URL_BYTES {
        return Err(refuse("the address is too long"));
    }
    let url: Url = text
        .parse()
        .map_err(|_| refuse("no address: https://host/path"))?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none_or(str::is_empty) {
        return Err(refuse("no address: https://host/path"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(refuse(
            "an address with a user name or password in it is not taken",
        ));
    }
    if url.port() == Some(0) {
        return Err(refuse("the address has the port 0"));
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a084_addresses_in_disguise_are_refused() {
        let bad = [
            "",
            "hooks.example",
            "ftp://example.com/",
            "file:///etc/passwd",
            "gopher://example.com",
            "http://example.com/",
            "https://",
            "https://user@example.com/",
            "https://user:pw@example.com/",
            "https://example.com:0/",
            "https://127.0.0.1/",
            "https://127.1/",
            "https://0/",
            "https://0x7f000001/",
            "https://0x7f.1/",
            "https://2130706433/",
            "https://017700000001/",
            "https://0177.0.0.1/",
            "https://127.0.0.1./",
            "https://①②⑦.0.0.1/",
            "https://127。0。0。1/",
            "https://%31%32%37.0.0.1/",
            "https://[::1]/",
            "https://[::]/",
            "https://[::ffff:127.0.0.1]/",
            "https://[::ffff:7f00:1]/",
            "https://[64:ff9b::7f00:1]/",
            "https://[fd00:ec2::254]/",
            "https://[fe80::1]/",
            "https://169.254.169.254/latest/meta-data/",
            "https://0xa9fea9fe/",
            "https://2852039166/",
            "https://10.1.2.3:8443/",
            "https://192.168.1.1/",
            "https://100.100.100.200/",
            "https://168.63.129.16/",
            "https://localhost:99999/",
            "https://exa mple.com/",
            "https://127.0.0.1\\@example.com/",
            "javascript:alert(1)",
        ];
        for one in bad {
            assert!(look_at(one, &[]).is_err(), "{one}");
        }
        assert!(look_at(&format!("https://example.com/{}", "a".repeat(3_000)), &[]).is_err());
        for one in [
            "https://example.com/hook?x=1#f",
            "https://8.8.8.8/",
            "https://[2606:4700:4700::1111]:8443/",
        ] {
            assert!(look_at(one, &[]).is_ok(), "{one}");
        }
    }

    #[test]
    fn an_exception_is_exact() {
        let excepted: Vec<Origin> = ["http://127.0.0.1:8080", "https://hooks.intern"]
            .iter()
            .map(|text| text.parse().expect(text))
            .collect();
        for fine in [
            "http://127.0.0.1:8080/any?path",
            "http://0x7f000001:8080/",
            "https://hooks.intern/",
            "https://hooks.intern:443/x",
            "https://HOOKS.intern./",
        ] {
            assert!(
                look_at(fine, &excepted).is_ok_and(|target| target.excepted),
                "{fine}"
            );
        }
        for other in [
            "http://127.0.0.1:8081/",
            "https://127.0.0.1:8080/",
            "http://127.0.0.1/",
            "http://127.0.0.2:8080/",
            "http://127.0.0.1:8080@example.com/",
            "http://hooks.intern/",
        ] {
            assert!(look_at(other, &excepted).is_err(), "{other}");
        }
        for other in [
            "https://hooks.intern.example.com/",
            "https://xhooks.intern/",
            "https://hooks.intern:8443/",
        ] {
            assert!(
                look_at(other, &excepted).is_ok_and(|target| !target.excepted),
                "{other}"
            );
        }
        for bad in ["127.0.0.1", "http://a/path", "http://a?x", "http://u@a", "*"] {
            assert!(bad.parse::<Origin>().is_err(), "{bad}");
        }
    }
}
