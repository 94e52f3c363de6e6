//! Settings of the provider, and what they say when they are wrong.

use crate::support::{settings, settings_with};

#[test]
fn settings_of_a_provider_are_checked_before_anything_starts() {
    let with = |more: &[(&str, &str)]| {
        let mut flags = vec![("data", "/tmp/none")];
        flags.extend_from_slice(more);
        settings(&flags).map(|s| s.oidc).map_err(|e| e.detail)
    };
    let issuer = ("oidc-issuer", "https://login.example.com/realms/team");
    let client = ("oidc-client-id", "windlass");
    let fine = with(&[issuer, client]).expect("settings").expect("a provider");
    assert_eq!(
        (fine.host(), fine.scopes.as_str()),
        ("login.example.com", "openid profile email")
    );
    assert_eq!(fine.token_life, 30 * 86_400_000);
    let more = [
        issuer,
        client,
        ("oidc-groups", "Team Blue, editors"),
        ("oidc-domains", "@Example.com example.org"),
    ];
    let more = with(&more).expect("settings").expect("a provider");
    assert_eq!(more.groups, ["Team Blue", "editors"]);
    assert_eq!(more.domains, ["example.com", "example.org"]);

    for (flags, told) in [
        (&[issuer][..], "oidc-client-id: needed, for oidc-issuer is set"),
        (&[client], "oidc-issuer: needed, for oidc-client-id is set"),
        (
            &[("oidc-issuer", "login.example.com"), client],
            "no address of an identity provider",
        ),
        (
            &[("oidc-issuer", "http://login.example.com"), client],
            "http:// only on this computer",
        ),
        (
            &[("oidc-issuer", "https://u:p@login.example.com"), client],
            "no address of an identity provider",
        ),
        (
            &[("oidc-issuer", "https://login.example.com?x=1"), client],
            "no address of an identity provider",
        ),
        (
            &[issuer, client, ("oidc-scopes", "profile")],
            "no list of scopes with openid",
        ),
        (
            &[issuer, client, ("oidc-domains", "*.example.com")],
            "no list of domains",
        ),
        (
            &[
                issuer,
                client,
                ("oidc-scopes", "openid"),
                ("oidc-domains", "example.com"),
            ],
            "needs the scope email",
        ),
        (&[issuer, client, ("oidc-token-life", "5m")], "no age"),
        (
            &[issuer, client, ("oidc-client-secret", "x")],
            "other users of this computer",
        ),
    ] {
        let why = with(flags).expect_err("refused");
        assert!(why.contains(told), "{flags:?}: {why}");
    }
    for here in ["http://127.0.0.1:9", "http://[::1]:9", "http://localhost:9"] {
        assert!(with(&[("oidc-issuer", here), client]).is_ok(), "{here}");
    }
    let variables = [("WINDLASS_OIDC_CLIENT_SECRET", "SECRET")];
    let all = [("data", "/tmp/none"), issuer, client];
    let shown = format!("{:?}", settings_with(&all, &variables).expect("settings"));
    assert!(!shown.contains("SECRET"), "{shown}");
}

#[test]
fn settings_of_traces_are_checked_too() {
    let with = |flags: &[(&str, &str)], variables: &[(&str, &str)]| {
        let mut all = vec![("data", "/tmp/none")];
        all.extend_from_slice(flags);
        settings_with(&all, variables)
            .map(|s| s.traces)
            .map_err(|e| e.detail)
    };
    let endpoint = ("otel-endpoint", "http://127.0.0.1:4318");
    let headers = [("WINDLASS_OTEL_HEADERS", "Api-Key=SECRET, x-tenant=7")];
    let fine = with(&[endpoint], &headers).expect("settings").expect("traces");
    assert_eq!(fine.endpoint, "http://127.0.0.1:4318/v1/traces");
    assert_eq!(fine.headers[0], ("api-key".to_owned(), "SECRET".to_owned()));
    assert!(!format!("{fine:?}").contains("SECRET"));
    assert!(with(&[], &[]).expect("settings").is_none());
    for (flags, told) in [
        (
            &[("otel-endpoint", "127.0.0.1:4318")][..],
            "no address of a collector",
        ),
        (&[endpoint, ("otel-share", "2")], "not from 0 to 1"),
        (
            &[endpoint, ("otel-headers", "a=b")],
            "other users of this computer",
        ),
    ] {
        let why = with(flags, &[]).expect_err("refused");
        assert!(why.contains(told), "{why}");
    }
    let lone = with(&[], &headers).expect_err("refused");
    assert!(lone.contains("otel-endpoint: needed"), "{lone}");
}
