//! Who a person is, by what the provider says about them, and whether they may come in. Pure.

use serde_json::{Map, Value};

use super::OidcSettings;

/// Longest name of an owner that is made here.
const MAX_NAME: usize = 200;

/// What is known of a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// What the provider calls them; never changes.
    pub subject: String,
    /// What people call them.
    pub name: String,
    /// Their mail address, where the provider made sure of it.
    pub email: Option<String>,
}

/// Whether something is missing that a provider may tell when it is asked again.
#[must_use]
pub fn lacks(settings: &OidcSettings, claims: &Map<String, Value>) -> bool {
    let has = |name: &str| claims.get(name).is_some_and(|v| !v.is_null());
    let groups = settings.groups.is_empty() || has(&settings.groups_claim);
    let domains = settings.domains.is_empty() || (has("email") && has("email_verified"));
    !(has(&settings.name_claim) && groups && domains)
}

/// Whether a person may come in.
///
/// # Errors
/// Why not, for the person.
pub fn admit(settings: &OidcSettings, claims: &Map<String, Value>) -> Result<(), &'static str> {
    if !settings.groups.is_empty() {
        let is_in = |group: &Value| {
            group
                .as_str()
                .is_some_and(|g| settings.groups.iter().any(|s| s == g))
        };
        let allowed = match claims.get(&settings.groups_claim) {
            Some(Value::Array(groups)) => groups.iter().any(is_in),
            Some(one) => is_in(one),
            None => false,
        };
        if !allowed {
            return Err("this account is in none of the groups that may use the server");
        }
    }
    if !settings.domains.is_empty() {
        let domain = email(claims).and_then(|mail| mail.rsplit_once('@').map(|(_, d)| d.to_lowercase()));
        if !domain.is_some_and(|d| settings.domains.contains(&d)) {
            return Err(
                "this account has no mail address, made sure of, in a domain that may use the server",
            );
        }
    }
    Ok(())
}

/// A mail address that the provider made sure of; others anybody can write there.
fn email(claims: &Map<String, Value>) -> Option<&str> {
    let is_sure = matches!(claims.get("email_verified"), Some(Value::Bool(true)))
        || claims.get("email_verified").and_then(Value::as_str) == Some("true");
    claims.get("email").and_then(Value::as_str).filter(|_| is_sure)
}

/// The person of a token.
#[must_use]
pub fn person(settings: &OidcSettings, subject: &str, claims: &Map<String, Value>) -> Person {
    let said = |name: &str| {
        claims
            .get(name)
            .and_then(Value::as_str)
            .map(plain)
            .filter(|n| !n.is_empty())
    };
    let name = said(&settings.name_claim)
        .or_else(|| said("name"))
        .or_else(|| email(claims).map(plain))
        .unwrap_or_else(|| plain(subject));
    let fits = |mail: &&str| {
        mail.len() <= 254
            && mail
                .split_once('@')
                .is_some_and(|(a, b)| !a.is_empty() && b.contains('.'))
    };
    Person {
        subject: subject.to_owned(),
        name,
        email: email(claims).filter(fits).map(str::to_owned),
    }
}

/// A name without what breaks lines and columns.
fn plain(text: &str) -> String {
    let fine: String = text.chars().filter(|c| !c.is_control()).collect();
    let mut end = fine.len().min(MAX_NAME);
    while !fine.is_char_boundary(end) {
        end -= 1;
    }
    fine[..end].trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn settings(groups: &[&str], domains: &[&str]) -> OidcSettings {
        let list = |all: &[&str]| all.iter().map(|s| (*s).to_owned()).collect();
        OidcSettings {
            issuer: "https://login.example/realm".into(),
            client_id: "windlass".into(),
            client_secret: None,
            scopes: "openid".into(),
            name_claim: "preferred_username".into(),
            groups_claim: "groups".into(),
            groups: list(groups),
            domains: list(domains),
            token_life: 1,
        }
    }

    fn claims(value: Value) -> Map<String, Value> {
        value.as_object().expect("an object").clone()
    }

    #[test]
    fn somebody_of_no_listed_group_stays_out() {
        let one = settings(&["uploaders"], &[]);
        for (said, may) in [
            (json!({"groups": ["x", "uploaders"]}), true),
            (json!({"groups": "uploaders"}), true),
            (json!({"groups": ["Uploaders"]}), false),
            (json!({"groups": "uploaders,x"}), false),
            (json!({"groups": []}), false),
            (json!({"groups": {"uploaders": true}}), false),
            (json!({}), false),
        ] {
            assert_eq!(admit(&one, &claims(said.clone())).is_ok(), may, "{said}");
        }
        assert!(admit(&settings(&[], &[]), &claims(json!({}))).is_ok());
    }

    #[test]
    fn a_domain_counts_only_when_the_provider_made_sure_of_the_address() {
        let one = settings(&[], &["example.com"]);
        for (said, may) in [
            (json!({"email": "ada@Example.com", "email_verified": true}), true),
            (
                json!({"email": "ada@example.com", "email_verified": "true"}),
                true,
            ),
            (
                json!({"email": "ada@example.com", "email_verified": false}),
                false,
            ),
            (json!({"email": "ada@example.com"}), false),
            (
                json!({"email": "ada@example.com.evil.example", "email_verified": true}),
                false,
            ),
            (
                json!({"email": "ada@xexample.com", "email_verified": true}),
                false,
            ),
            (json!({"email": "example.com", "email_verified": true}), false),
            (json!({"email_verified": true}), false),
        ] {
            assert_eq!(admit(&one, &claims(said.clone())).is_ok(), may, "{said}");
        }
    }

    #[test]
    fn a_name_is_what_the_claim_says_without_control_characters() {
        let of = |said: Value| person(&settings(&[], &[]), "u-1", &claims(said));
        assert_eq!(
            of(json!({"preferred_username": " ada\n\u{1b}[2J "})).name,
            "ada[2J"
        );
        assert_eq!(of(json!({"name": "Ada L."})).name, "Ada L.");
        assert_eq!(of(json!({"preferred_username": 7})).name, "u-1");
        let sure = of(json!({"email": "a@b.example", "email_verified": true}));
        assert_eq!(
            (sure.name.as_str(), sure.email.as_deref()),
            ("a@b.example", Some("a@b.example"))
        );
        let unsure = of(json!({"email": "a@b.example"}));
        assert_eq!((unsure.name.as_str(), unsure.email), ("u-1", None));
        assert_eq!(of(json!({"name": "ä".repeat(500)})).name.len(), 200);
    }
}
