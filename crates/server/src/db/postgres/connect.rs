//! Connecting: what the URL says, and TLS where the server offers it.

use std::sync::Arc;
use std::time::Duration;

use postgres::config::SslMode;
use postgres::{Client, Config, NoTls};
use rustls::{ClientConfig, RootCertStore};
use tokio_postgres_rustls::MakeRustlsConnect;
use windlass_core::error::{ErrorCode, Failure};

use crate::db::error;
use crate::failure::internal;

/// A server that does not answer is given up after this.
const CONNECT: Duration = Duration::from_secs(10);
/// Settings of a connection. Nobody keeps a lock or a snapshot by forgetting it. Plans go by indexes, also while the
/// database's idea of its tables is minutes old: everything here asks for few rows of many.
const SETTINGS: &str = "SET idle_in_transaction_session_timeout = '30s'; SET lock_timeout = '30s';
    SET statement_timeout = '60s'; SET client_min_messages = warning; SET jit = off; SET enable_seqscan = off;
    SET enable_hashjoin = off; SET enable_mergejoin = off";

/// Where the database is, and how to speak to it. Never printed: it has the password.
pub(super) struct Server {
    config: Config,
    tls: Option<MakeRustlsConnect>,
}

impl Server {
    pub(super) fn parse(url: &str) -> Result<Self, Failure> {
        let invalid = |why: String| Failure::new(ErrorCode::InvalidField, why);
        // Of what is no URL nothing is quoted: it may be a password in the wrong place.
        if !url.starts_with("postgres://") && !url.starts_with("postgresql://") {
            return Err(invalid("a database is named as postgres://…".to_owned()));
        }
        let mut config: Config = url.parse().map_err(|e: postgres::Error| {
            invalid(format!("the URL of the database: {}", error::chain(&e)))
        })?;
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT);
        }
        if config.get_application_name().is_none() {
            config.application_name("windlass");
        }
        config.tcp_user_timeout(Duration::from_secs(30));
        let tls = match config.get_ssl_mode() {
            SslMode::Disable => None,
            _ => Some(tls()?),
        };
        Ok(Self { config, tls })
    }

    pub(super) fn connect(&self) -> Result<Client, Failure> {
        let client = match &self.tls {
            Some(tls) => self.config.connect(tls.clone()),
            None => self.config.connect(NoTls),
        };
        let mut client = client.map_err(|e| {
            let failure = error::postgres(&e);
            let untrusted = failure.detail.contains("certificate");
            if untrusted {
                let hint =
                    "name the authority's file in SSL_CERT_FILE, or say sslmode=disable on a private network";
                Failure::new(
                    ErrorCode::CertificateUntrusted,
                    format!("{}; {hint}", failure.detail),
                )
            } else {
                Failure::new(ErrorCode::DatabaseDown, failure.detail)
            }
        })?;
        client.batch_execute(SETTINGS).map_err(|e| error::postgres(&e))?;
        Ok(client)
    }
}

fn tls() -> Result<MakeRustlsConnect, Failure> {
    let mut roots = RootCertStore::empty();
    let found = rustls_native_certs::load_native_certs();
    for e in &found.errors {
        tracing::warn!(error = %e, "certificates that this computer trusts can't be read");
    }
    roots.add_parsable_certificates(found.certs);
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(internal)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(MakeRustlsConnect::new(config))
}
