//! Settings of the identity provider with which people sign in.

use url::Host;
use windlass_core::error::{ErrorCode, Failure};

use super::layers::Layers;
use super::parse;
use crate::oidc::OidcSettings;

/// What says nothing without a provider.
const OF_IT: [&str; 8] = [
    "oidc-client-id",
    "oidc-client-secret",
    "oidc-scopes",
    "oidc-name-claim",
    "oidc-groups",
    "oidc-groups-claim",
    "oidc-domains",
    "oidc-token-life",
];

pub(super) fn resolve(layers: &Layers) -> Result<Option<OidcSettings>, Failure> {
    let Some(issuer) = layers.get("oidc-issuer", issuer)? else {
        for name in OF_IT {
            if layers.get(name, parse::text)?.is_some() {
                return Err(layers.lone(name, "oidc-issuer"));
            }
        }
        return Ok(None);
    };
    let Some(client_id) = layers.get("oidc-client-id", word)? else {
        return Err(layers.lone("oidc-issuer", "oidc-client-id"));
    };
    let settings = OidcSettings {
        issuer,
        client_id,
        client_secret: layers.get("oidc-client-secret", word)?,
        scopes: layers.or("oidc-scopes", "openid profile email", scopes)?,
        name_claim: layers.or("oidc-name-claim", "preferred_username", word)?,
        groups_claim: layers.or("oidc-groups-claim", "groups", word)?,
        groups: layers.get("oidc-groups", list)?.unwrap_or_default(),
        domains: layers.get("oidc-domains", domains)?.unwrap_or_default(),
        token_life: layers.or("oidc-token-life", "30d", parse::age)?,
    };
    let asks_for_mail = settings.scopes.split(' ').any(|s| s == "email");
    if !settings.domains.is_empty() && !asks_for_mail {
        let detail = "oidc-domains: needs the scope email in oidc-scopes";
        return Err(Failure::new(ErrorCode::InvalidField, detail));
    }
    Ok(Some(settings))
}

/// Compared with what the provider calls itself, so kept as it is written.
fn issuer(value: &str) -> Result<String, String> {
    let wrong = || {
        "no address of an identity provider, as https://login.example.com/realms/team (http:// only on this computer)".to_owned()
    };
    let url: url::Url = value.parse().map_err(|_| wrong())?;
    let is_here = match url.host() {
        Some(Host::Ipv4(v4)) => v4.is_loopback(),
        Some(Host::Ipv6(v6)) => v6.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => return Err(wrong()),
    };
    let plain = url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none();
    match url.scheme() {
        "https" if plain => Ok(value.to_owned()),
        "http" if plain && is_here => Ok(value.to_owned()),
        _ => Err(wrong()),
    }
}

fn word(value: &str) -> Result<String, String> {
    let value = value.trim();
    if value.is_empty() || value.chars().any(char::is_control) {
        return Err("empty, or more than a line".into());
    }
    Ok(value.to_owned())
}

fn scopes(value: &str) -> Result<String, String> {
    let all: Vec<&str> = value.split([',', ' ']).filter(|s| !s.is_empty()).collect();
    if !all.contains(&"openid") {
        return Err("no list of scopes with openid, as openid profile email".into());
    }
    Ok(all.join(" "))
}

/// Names of groups may have spaces.
fn list(value: &str) -> Result<Vec<String>, String> {
    let all: Vec<String> = value
        .split(',')
        .map(|g| g.trim().to_owned())
        .filter(|g| !g.is_empty())
        .collect();
    if all.is_empty() {
        return Err("no list of groups, as uploaders,editors".into());
    }
    Ok(all)
}

fn domains(value: &str) -> Result<Vec<String>, String> {
    let one = |text: &str| {
        let domain = text.trim().trim_start_matches('@').to_lowercase();
        let fine = domain.contains('.') && !domain.contains(['@', '*', '/', ':']);
        if fine {
            Ok(domain)
        } else {
            Err(format!("no list of domains: {text:?} is none, as example.com"))
        }
    };
    let all: Vec<String> = value
        .split([',', ' '])
        .filter(|t| !t.is_empty())
        .map(one)
        .collect::<Result<_, _>>()?;
    if all.is_empty() {
        return Err("no list of domains, as example.com".into());
    }
    Ok(all)
}
