//! Settings: from flags, the environment and a file, in this order of precedence. All are checked at the start, and what
//! is wrong is told with the setting's name and the place it came from.

mod keys;
mod layers;
mod oidc;
mod parse;
mod storage;
mod traces;
mod work;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use ipnet::IpNet;
use windlass_core::error::{ErrorCode, Failure};

use crate::auth::keeper::Anonymous;
use crate::auth::limiter::Rate;
use crate::janitor::plan::Thresholds;
use crate::oidc::OidcSettings;
use crate::traces::TraceSettings;
pub use keys::{KEYS, Key};
pub use layers::{Layers, Origin};
pub use storage::{Bucket, StoragePlace};
pub use work::{Embeddings, WorkSettings};

/// Which database.
#[derive(Clone, PartialEq, Eq)]
pub enum Database {
    /// `ledger.sqlite` in the data folder.
    Sqlite,
    /// PostgreSQL; the URL may have a password.
    Postgres(String),
}

impl std::fmt::Debug for Database {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Sqlite => "Sqlite",
            Self::Postgres(_) => "Postgres(…)",
        })
    }
}

/// Where a ledger is.
#[derive(Debug, Clone)]
pub struct LedgerAt {
    /// Data folder; none beside PostgreSQL, where nobody needs it.
    pub data: Option<PathBuf>,
    /// Which database.
    pub database: Database,
    /// Connections to PostgreSQL.
    pub connections: usize,
}

impl LedgerAt {
    /// Checks what the layers say, for whoever only works on the ledger: a data folder or PostgreSQL.
    ///
    /// # Errors
    /// As [`Settings::resolve`].
    pub fn resolve(layers: &Layers) -> Result<Self, Failure> {
        let what = "the folder of the server; or say --database for PostgreSQL";
        let (data, database) = match layers.get("database", parse::database)? {
            Some(url) => (layers.get("data", parse::folder)?, Database::Postgres(url)),
            None => (
                Some(layers.needed("data", what, parse::folder)?),
                Database::Sqlite,
            ),
        };
        Ok(Self {
            data,
            database,
            connections: 1,
        })
    }
}

/// Files of TLS, in PEM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// Certificate and those that signed it.
    pub cert: PathBuf,
    /// Its key.
    pub key: PathBuf,
}

/// What logs look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// A line of JSON an event.
    Json,
    /// Lines for people.
    Text,
}

/// Everything that can be set.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Data folder.
    pub data: PathBuf,
    /// Where to listen.
    pub listen: SocketAddr,
    /// How clients reach it; none: as it listens.
    pub public_url: Option<String>,
    /// Which database.
    pub database: Database,
    /// Connections to PostgreSQL.
    pub database_connections: usize,
    /// Where the shipped destinations are.
    pub storage: StoragePlace,
    /// TLS.
    pub tls: Option<TlsFiles>,
    /// Proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Origins of web pages that may call.
    pub cors_origins: Vec<String>,
    /// Addresses that may read `/metrics` without a token.
    pub metrics_from: Vec<IpNet>,
    /// Connections at a time.
    pub max_connections: usize,
    /// Time for the head of a request.
    pub header_timeout: Duration,
    /// Time without a byte of a body.
    pub idle_timeout: Duration,
    /// Bytes a second that a body has to bring at least.
    pub min_rate: u64,
    /// Time for an answer.
    pub request_timeout: Duration,
    /// Requests of one token.
    pub rate_token: Rate,
    /// Requests of one address.
    pub rate_address: Rate,
    /// Anonymous uploads.
    pub anonymous: Option<Anonymous>,
    /// Ages that the janitor goes by.
    pub janitor: Thresholds,
    /// Time that requests get to end.
    pub shutdown_grace: Duration,
    /// The identity provider with which people sign in.
    pub oidc: Option<OidcSettings>,
    /// Workers and what they call.
    pub work: WorkSettings,
    /// Where traces go.
    pub traces: Option<TraceSettings>,
    /// Lines of the log.
    pub log_format: LogFormat,
    /// What is logged.
    pub log: String,
}

impl Settings {
    /// Checks what the layers say.
    ///
    /// # Errors
    /// `invalid_field` with the name of the setting, its value, where it came from and what would be right.
    pub fn resolve(layers: &Layers) -> Result<Self, Failure> {
        use parse as p;
        let data = layers.needed("data", "the folder for the ledger and the files", p::folder)?;
        let listen = layers.or("listen", "127.0.0.1:8640", p::address)?;
        let tls = match (layers.get("tls-cert", p::path)?, layers.get("tls-key", p::path)?) {
            (Some(cert), Some(key)) => Some(TlsFiles { cert, key }),
            (None, None) => None,
            (Some(_), None) => return Err(layers.lone("tls-cert", "tls-key")),
            (None, Some(_)) => return Err(layers.lone("tls-key", "tls-cert")),
        };
        let storage = storage::resolve(layers, &data)?;
        let quota = layers.or("anonymous-quota", "0", p::bytes)?;
        let settings = Self {
            listen,
            public_url: layers.get("public-url", p::base_url)?,
            database: layers
                .get("database", p::database)?
                .map_or(Database::Sqlite, Database::Postgres),
            database_connections: layers.or("database-connections", "16", p::count)?,
            storage,
            tls,
            trusted_proxies: layers.get("trusted-proxies", p::networks)?.unwrap_or_default(),
            cors_origins: layers.get("cors-origins", p::origins)?.unwrap_or_default(),
            metrics_from: layers.or("metrics-from", "127.0.0.0/8,::1", p::networks)?,
            max_connections: layers.or("max-connections", "4096", p::count)?,
            header_timeout: layers.or("header-timeout", "30s", p::duration)?,
            idle_timeout: layers.or("idle-timeout", "60s", p::duration)?,
            min_rate: layers.or("min-rate", "1KiB", p::bytes)?,
            request_timeout: layers.or("request-timeout", "15m", p::duration)?,
            rate_token: layers.or("rate-token", "4000", p::rate)?,
            rate_address: layers.or("rate-address", "8000", p::rate)?,
            anonymous: Some(Anonymous { quota_bytes: quota }).filter(|_| quota > 0),
            janitor: thresholds(layers)?,
            shutdown_grace: layers.or("shutdown-grace", "30s", p::duration)?,
            oidc: oidc::resolve(layers)?,
            work: work::resolve(layers)?,
            traces: traces::resolve(layers)?,
            log_format: layers.or("log-format", "json", p::log_format)?,
            log: layers.or("log", "info", p::text)?,
            data,
        };
        settings.together()?;
        Ok(settings)
    }

    /// Where the ledger is.
    #[must_use]
    pub fn ledger(&self) -> LedgerAt {
        LedgerAt {
            data: Some(self.data.clone()),
            database: self.database.clone(),
            connections: self.database_connections,
        }
    }

    /// What only is wrong together.
    fn together(&self) -> Result<(), Failure> {
        let secure = self
            .public_url
            .as_ref()
            .is_some_and(|u| u.starts_with("https://"));
        if self.tls.is_some() && self.public_url.is_some() && !secure {
            let detail = "public-url: begins with http:// although tls-cert is set; write https://";
            return Err(Failure::new(ErrorCode::InvalidField, detail));
        }
        Ok(())
    }
}

/// Where the shipped destinations are, with the keys of a bucket, for whoever only cleans up.
///
/// # Errors
/// As [`Settings::resolve`].
pub fn storage_place(layers: &Layers, data: Option<&std::path::Path>) -> Result<StoragePlace, Failure> {
    storage::resolve(layers, data.unwrap_or_else(|| std::path::Path::new("")))
}

/// Ages that the janitor goes by, for whoever only cleans up.
///
/// # Errors
/// As [`Settings::resolve`].
pub fn thresholds(layers: &Layers) -> Result<Thresholds, Failure> {
    let age = |name, default| layers.or(name, default, parse::age);
    Ok(Thresholds {
        abandoned: age("janitor-abandoned", "1h")?,
        quiet: age("janitor-quiet", "7d")?,
        draft: age("janitor-drafts", "7d")?,
        failed: age("janitor-failed", "30d")?,
        stray: age("janitor-strays", "1d")?,
        forget: age("janitor-forget", "7d")?,
    })
}

/// A number of bytes, as `1000000`, `500MB` or `10GiB`.
///
/// # Errors
/// What it is instead, as the end of a sentence.
pub fn parse_bytes(text: &str) -> Result<u64, String> {
    parse::bytes(text)
}
