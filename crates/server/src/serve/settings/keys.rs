//! The names of all settings. A setting `NAME` is the flag `--NAME` (or `--set NAME=VALUE`), the variable `WINDLASS_NAME`
//! with `_` for `-`, and the key `NAME` of the file.

/// A setting.
#[derive(Debug, Clone, Copy)]
pub struct Key {
    /// Its name.
    pub name: &'static str,
    /// What it is when nobody says anything.
    pub default: &'static str,
    /// What it is for.
    pub help: &'static str,
    /// May be no flag: arguments are seen by every user of a computer.
    pub secret: bool,
}

impl Key {
    /// Its variable.
    #[must_use]
    pub fn variable(&self) -> String {
        format!("WINDLASS_{}", self.name.to_uppercase().replace('-', "_"))
    }
}

const fn key(name: &'static str, default: &'static str, help: &'static str) -> Key {
    Key {
        name,
        default,
        help,
        secret: false,
    }
}

const fn secret(name: &'static str, default: &'static str, help: &'static str) -> Key {
    Key {
        name,
        default,
        help,
        secret: true,
    }
}

/// All settings.
pub const KEYS: &[Key] = &[
    key("data", "", "folder for the ledger and the files"),
    key(
        "listen",
        "127.0.0.1:8640",
        "address and port; port 0 picks a free one",
    ),
    key(
        "public-url",
        "as it listens",
        "how clients reach the server, as https://up.example.com",
    ),
    key(
        "database",
        "SQLite in the data folder",
        "postgres://USER:PASSWORD@HOST/NAME",
    ),
    key("database-connections", "16", "connections to PostgreSQL"),
    key(
        "storage",
        "DATA/files",
        "folder, or s3://BUCKET/PREFIX?endpoint=URL&region=R&path_style=1",
    ),
    secret("storage-access-key", "AWS_ACCESS_KEY_ID", "key id of the bucket"),
    secret(
        "storage-secret-key",
        "AWS_SECRET_ACCESS_KEY",
        "secret of the bucket",
    ),
    secret("storage-session-token", "AWS_SESSION_TOKEN", "of temporary keys"),
    key("tls-cert", "no TLS", "certificate chain, PEM"),
    key("tls-key", "", "its key, PEM"),
    key(
        "trusted-proxies",
        "none",
        "networks of proxies whose X-Forwarded-For is believed",
    ),
    key(
        "cors-origins",
        "none",
        "origins of web pages that may call, as https://app.example.com",
    ),
    key(
        "metrics-from",
        "127.0.0.0/8,::1",
        "networks that may read /metrics without a token",
    ),
    key("max-connections", "4096", "connections at a time"),
    key("header-timeout", "30s", "time for the head of a request"),
    key("idle-timeout", "60s", "time without a byte of a body"),
    key(
        "min-rate",
        "1KiB",
        "bytes a second that a body has to bring at least",
    ),
    key("request-timeout", "15m", "time for an answer"),
    key(
        "rate-token",
        "4000",
        "requests a second of one token; 0: no limit",
    ),
    key(
        "rate-address",
        "8000",
        "requests a second of one address; 0: no limit",
    ),
    key(
        "anonymous-quota",
        "0",
        "bytes that one anonymous uploader may store; 0: there are none",
    ),
    key(
        "shutdown-grace",
        "30s",
        "time that requests get to end at a shutdown",
    ),
    key(
        "oidc-issuer",
        "none",
        "identity provider with which people sign in, as https://login.example.com/realms/team",
    ),
    key("oidc-client-id", "", "what it calls this server"),
    secret("oidc-client-secret", "none", "what it knows this server by"),
    key("oidc-scopes", "openid profile email", "what is asked of it"),
    key(
        "oidc-name-claim",
        "preferred_username",
        "claim with the name of a new owner",
    ),
    key(
        "oidc-groups",
        "all",
        "groups of people who may sign in, with commas between",
    ),
    key("oidc-groups-claim", "groups", "claim with somebody's groups"),
    key(
        "oidc-domains",
        "all",
        "domains of mail addresses of people who may sign in",
    ),
    key("oidc-token-life", "30d", "a sign-in ends after this time"),
    key("workers", "2", "jobs at a time; 0: workers elsewhere do them"),
    key(
        "outgoing-allow",
        "none",
        "addresses that webhooks and embeddings may call inside the network, as http://10.0.0.7:8080",
    ),
    secret(
        "seal-key",
        "a file in the data folder",
        "base64 of 32 bytes that seals stored secrets; the same for all replicas",
    ),
    key(
        "embedding-url",
        "none",
        "endpoint that makes vectors, as https://api.example.com/v1",
    ),
    key("embedding-model", "", "its model"),
    secret("embedding-key", "", "its key"),
    key("embedding-dimensions", "as the model has", "numbers of a vector"),
    key(
        "janitor-abandoned",
        "1h",
        "an upload that is quiet for so long is listed as abandoned",
    ),
    key("janitor-quiet", "7d", "an upload that is quiet for so long fails"),
    key(
        "janitor-drafts",
        "7d",
        "a draft without a template that is quiet for so long fails",
    ),
    key(
        "janitor-failed",
        "30d",
        "what is stored of an upload that failed so long ago is deleted",
    ),
    key(
        "janitor-strays",
        "1d",
        "what no row knows is told when it was seen for so long",
    ),
    key("janitor-forget", "7d", "rows of what was deleted so long ago go"),
    key(
        "otel-endpoint",
        "none",
        "collector of OpenTelemetry that gets traces by HTTP, as http://127.0.0.1:4318",
    ),
    secret(
        "otel-headers",
        "none",
        "what it wants with them, as api-key=SECRET",
    ),
    key("otel-service", "windlass", "what this server is called there"),
    key(
        "otel-share",
        "1",
        "share of requests and jobs that are traced, 0 to 1",
    ),
    key("log", "info", "error, warn, info, debug, trace"),
    key("log-format", "json", "json or text"),
];
