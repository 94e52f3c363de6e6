//! Health for whoever watches the process: alive, ready, figures.
//!
//! `/readyz` says which half does not answer and no more: it is open to everybody. What it found is believed for two
//! seconds, so that nobody makes the server ask its storage all the time.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Extension;
use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use ipnet::IpNet;
use serde::Serialize;
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;
use windlass_core::error::{ErrorCode, Failure};
use windlass_protocol::tokens::Scope;

use super::address::{ClientAddress, is_in};
use crate::auth::Principal;
use crate::auth::keeper::Keeper;
use crate::db::{Dialect, params};
use crate::failure::Refusal;
use crate::metrics::Metrics;
use crate::routes::Problems;
use crate::service::Service;
use crate::store::webhooks;

/// So long what was found is told again.
const TRUSTED: Duration = Duration::from_secs(2);
/// A ledger that does not answer in this time is not there.
const PATIENCE: Duration = Duration::from_secs(5);

/// What the routes of health ask.
#[derive(Clone)]
pub struct Health {
    /// The service.
    pub service: Arc<Service>,
    /// Tokens, for `/metrics`.
    pub keeper: Arc<Keeper>,
    /// Figures.
    pub metrics: Arc<Metrics>,
    /// Cancelled at the shutdown.
    pub ending: CancellationToken,
    /// Who may read figures without a token.
    pub metrics_from: Arc<[IpNet]>,
    /// Connections to the database.
    pub connections: usize,
    /// What was found last.
    pub found: Arc<Mutex<Option<(Instant, Ready)>>>,
}

/// Whether requests can be answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Ready {
    /// All of it.
    ready: bool,
    /// The database is migrated and answers.
    database: bool,
    /// Every storage answers.
    storage: bool,
    /// The server is being ended.
    ending: bool,
}

/// The routes.
pub fn router(health: Health) -> Router {
    Router::new()
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .with_state(health)
}

async fn ready(State(health): State<Health>) -> Response {
    let ready = health.look().await;
    let status = if ready.ready {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    let kind = [(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))];
    let body = serde_json::to_vec(&ready).unwrap_or_default();
    (status, kind, body).into_response()
}

/// By address, or by a token of an admin.
async fn metrics(
    State(health): State<Health>,
    headers: HeaderMap,
    from: Option<Extension<ClientAddress>>,
) -> Response {
    let from = from.map(|a| a.0.0);
    if !from.is_some_and(|a| is_in(a, &health.metrics_from)) {
        let who = match (from, super::gate::bearer(&headers)) {
            (Some(from), Ok(bearer)) => health.keeper.find(bearer, from).await,
            (_, Err(e)) => Err(e),
            (None, _) => Err(Failure::new(ErrorCode::Unauthenticated, "a token is needed")),
        };
        if let Err(e) = who.and_then(|w: Principal| w.require(Scope::Admin)) {
            return Problems(Refusal::from(e)).into_response();
        }
    }
    health.ask_ledger().await;
    let kind = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    ([(header::CONTENT_TYPE, kind)], health.metrics.render()).into_response()
}

impl Health {
    async fn look(&self) -> Ready {
        let mut found = self.found.lock().await;
        let mut ready = match *found {
            Some((at, ready)) if at.elapsed() < TRUSTED => ready,
            _ => {
                let ready = self.ask().await;
                *found = Some((Instant::now(), ready));
                ready
            }
        };
        ready.ending = self.ending.is_cancelled();
        ready.ready = ready.database && ready.storage && !ready.ending;
        ready
    }

    async fn ask(&self) -> Ready {
        let database = self.ping().await.is_some();
        let storages = match database {
            true => self.service.ask_storages().await.unwrap_or_default(),
            false => Vec::new(),
        };
        let storage = database && storages.iter().all(|(_, answer)| answer.is_ok());
        for (name, answer) in storages {
            if let Err(e) = answer {
                tracing::warn!(destination = name, error = %e, "a storage is not ready");
            }
        }
        Ready {
            ready: database && storage,
            database,
            storage,
            ending: false,
        }
    }

    /// How long the ledger takes for next to nothing; none when it does not answer.
    async fn ping(&self) -> Option<Duration> {
        let begun = Instant::now();
        let read = self
            .service
            .store()
            .db()
            .read(|tx| tx.exists("SELECT 1 FROM allowed_transition LIMIT 1", params![]));
        match tokio::time::timeout(PATIENCE, read).await {
            Ok(Ok(true)) => Some(begun.elapsed()),
            Ok(Ok(false)) => None,
            Ok(Err(e)) => {
                tracing::warn!(error = %e, "the ledger does not answer");
                None
            }
            Err(_) => None,
        }
    }

    /// Figures that are questions to the ledger. Each looks at open rows only, however many there are in all.
    async fn ask_ledger(&self) {
        let metrics = &self.metrics;
        let took = self.ping().await;
        metrics.set(
            "windlass_database_up",
            &[],
            if took.is_some() { 1.0 } else { 0.0 },
        );
        metrics.set(
            "windlass_database_seconds",
            &[],
            took.unwrap_or_default().as_secs_f64(),
        );
        let connections = match self.service.store().db().dialect() {
            Dialect::Sqlite => 1,
            Dialect::Postgres => self.connections,
        };
        metrics.set(
            "windlass_database_connections",
            &[],
            f64::from(u32::try_from(connections).unwrap_or(u32::MAX)),
        );
        if took.is_none() {
            return;
        }
        let read = self.service.store().db().read(|tx| {
            let states = |sql: &str, tx: &mut dyn crate::db::Tx| {
                let rows = tx.query(sql, params![])?;
                rows.iter()
                    .map(|r| Ok((r.get::<String>(0)?, r.get::<u32>(1)?)))
                    .collect::<Result<Vec<_>, Failure>>()
            };
            let sessions = states(
                "SELECT state, COUNT(*) FROM upload_session WHERE deleted_at IS NULL
                   AND state IN ('pending', 'uploading', 'verifying') GROUP BY state",
                tx,
            )?;
            let jobs = states(
                "SELECT state, COUNT(*) FROM processing_job WHERE state IN ('pending', 'sending', 'running') GROUP BY state",
                tx,
            )?;
            let newest: Option<i64> = tx.query_one("SELECT MAX(seq) FROM outbox_entry", params![])?.get(0)?;
            Ok((sessions, jobs, newest, webhooks::oldest_untold(tx)?))
        });
        match tokio::time::timeout(PATIENCE, read).await {
            Ok(Ok((sessions, jobs, newest, untold))) => {
                let count = |all: &[(String, u32)], state: &str| {
                    all.iter()
                        .find(|(s, _)| s == state)
                        .map_or(0.0, |(_, n)| f64::from(*n))
                };
                for state in ["pending", "uploading", "verifying"] {
                    metrics.set("windlass_sessions", &[("state", state)], count(&sessions, state));
                }
                for state in ["pending", "sending", "running"] {
                    metrics.set("windlass_jobs", &[("state", state)], count(&jobs, state));
                }
                #[expect(clippy::cast_precision_loss, reason = "Prometheus counts in floats")]
                let number = |n: i64| n as f64;
                metrics.set("windlass_outbox_entries", &[], number(newest.unwrap_or_default()));
                let lag = untold.map_or(0, |at| self.service.now().millis_since(at).max(0));
                metrics.set("windlass_outbox_lag_seconds", &[], number(lag) / 1_000.0);
            }
            Ok(Err(e)) => tracing::warn!(error = %e, "figures of the ledger can't be read"),
            Err(_) => tracing::warn!("figures of the ledger take too long"),
        }
    }
}
