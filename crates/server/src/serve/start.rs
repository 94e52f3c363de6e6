//! Starting and ending a server.

use std::fs::File;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::middleware::{self, Next};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tower::Layer as _;
use windlass_core::error::{ErrorCode, Failure};
use windlass_extract::Extractor;

use super::front::{Front, note_route};
use super::gate::Gate;
use super::health::{self, Health};
use super::listen::{Listening, serve};
use super::settings::{Database, LedgerAt, Settings, StoragePlace};
use super::{places, tls};
use crate::auth::keeper::Keeper;
use crate::clock::{LedgerWorld, SystemWorld, World, random};
use crate::db::{Db, Dialect};
use crate::embedded::prepare_home;
use crate::embedding::{ApiKey, Embedder, Endpoint};
use crate::failure::internal;
use crate::metrics::Metrics;
use crate::oidc::SignIn;
use crate::outgoing::Outgoing;
use crate::processing::Tools;
use crate::processing::deliver::Deliverer;
use crate::processing::worker::Workers;
use crate::routes::{Site, router};
use crate::seal::Seal;
use crate::secrets::Secrets;
use crate::service::Service;
use crate::service::storages::Storages;
use crate::storage::folder::url::BlobSigner;
use crate::store::Ledger;

/// Texts of one call to the endpoint that makes vectors.
const EMBEDDING_BATCH: usize = 128;

/// A running server. Dropping it stops it without waiting; [`Server::shutdown`] waits.
pub struct Server {
    url: String,
    address: SocketAddr,
    service: Arc<Service>,
    metrics: Arc<Metrics>,
    stop: CancellationToken,
    serving: tokio::task::JoinHandle<bool>,
    workers: Workers,
    delivering: tokio::task::JoinHandle<()>,
    grace: Duration,
    _stop_on_drop: tokio_util::sync::DropGuard,
    _lock: File,
}

/// Opens a ledger, and brings it to the newest version. Blocks.
///
/// # Errors
/// As [`Db::open_sqlite`] and [`Db::open_postgres`].
pub(super) fn open(at: &LedgerAt) -> Result<Db, Failure> {
    match &at.database {
        Database::Sqlite => Db::open_sqlite(&file(at)),
        Database::Postgres(url) => Db::open_postgres(url, at.connections),
    }
}

/// The ledger's file in a data folder.
pub(super) fn file(at: &LedgerAt) -> PathBuf {
    at.data.clone().unwrap_or_default().join("ledger.sqlite")
}

/// Starts a server.
///
/// # Errors
/// `already_running` when another one has the data folder; what is wrong with a setting, the ledger or the storage.
pub async fn start(settings: Settings) -> Result<Server, Failure> {
    start_with(settings, Arc::new(SystemWorld)).await
}

/// Starts a server with a time and randomness of its own.
///
/// # Errors
/// As [`start`].
pub async fn start_with(settings: Settings, world: Arc<dyn World>) -> Result<Server, Failure> {
    // What can be wrong with settings is found before anything is made.
    let tls = settings.tls.as_ref().map(tls::acceptor).transpose()?;
    let listener = bind(settings.listen).await?;
    let address = listener.local_addr().map_err(internal)?;
    let url = public_url(&settings, address);
    let lock = prepare_home(&settings.data)?;
    let opening = settings.ledger();
    let db = tokio::task::spawn_blocking(move || open(&opening))
        .await
        .map_err(internal)??;
    let world = LedgerWorld::of(&db, world);
    let store = Ledger::new(db.clone());
    if db.dialect() == Dialect::Sqlite {
        store.free_leases().await?;
    }
    let secrets = Arc::new(Secrets::new(settings.data.clone()));
    let seal = Arc::new(seal(&settings, &world).await?);
    let signer = BlobSigner::new(&random(world.as_ref())?, url.clone());
    let signer = Arc::new(signer.reading_with(&seal.derived(b"URLs to read a folder")));
    let storages = Storages::new(
        store.clone(),
        Arc::clone(&secrets),
        Arc::clone(&world),
        signer,
        random(world.as_ref())?,
    );
    let service = Service::new(store, storages, Arc::clone(&secrets), Arc::clone(&world));
    places::ensure(&service, &secrets, &settings.storage).await?;

    let metrics = Arc::new(Metrics::default());
    let since = world.now().as_millis() / 1_000;
    metrics.count("windlass_start_time_seconds", &[], since.unsigned_abs());
    let stop = CancellationToken::new();
    let tools = tools(&settings, &service, &metrics, &world, seal)?;
    let sign_in = sign_in(&settings, &db, &tools, &world).await?;
    let keeper = Arc::new(Keeper::new(db, Arc::clone(&world), settings.anonymous));
    let site = Site {
        service: Arc::clone(&service),
        keeper: Arc::clone(&keeper),
        metrics: Arc::clone(&metrics),
        tools: Some(Arc::clone(&tools)),
        sign_in,
        ending: stop.clone(),
    };
    let health = Health {
        service: Arc::clone(&service),
        keeper: Arc::clone(&keeper),
        metrics: Arc::clone(&metrics),
        ending: stop.clone(),
        metrics_from: settings.metrics_from.clone().into(),
        connections: settings.database_connections,
        found: Arc::default(),
    };
    let mut origins = settings.cors_origins.clone();
    origins.push(url.clone());
    let gate = Arc::new(Gate::new(
        keeper,
        Arc::clone(&world),
        Arc::clone(&metrics),
        origins,
        settings.rate_token,
    ));
    let front = Arc::new(Front::new(&settings, world, Arc::clone(&metrics)));
    let check = move |request: Request, next: Next| Arc::clone(&gate).check(request, next);
    let receive = move |request: Request, next: Next| Arc::clone(&front).receive(request, next);
    let routes = router(site)
        .merge(health::router(health))
        .layer(middleware::from_fn(note_route));
    // Around the router, not inside it: who asks is found before routing.
    let guarded = Router::new().fallback_service(middleware::from_fn(check).layer(routes));
    let app = Router::new().fallback_service(middleware::from_fn(receive).layer(guarded));
    let how = Listening {
        tls,
        max_connections: settings.max_connections,
        trusted_proxies: settings.trusted_proxies.clone(),
        header_timeout: settings.header_timeout,
        metrics: Arc::clone(&metrics),
    };
    let serving = tokio::spawn(serve(listener, app, how, stop.clone(), settings.shutdown_grace));
    service.set_thresholds(settings.janitor);
    service.keep(super::upkeep::upkeep(Arc::clone(&service), stop.clone()));
    let workers = Workers::start(
        Arc::clone(&tools),
        settings.work.workers,
        Arc::clone(service.wake()),
    );
    let deliverer = Deliverer {
        service: Arc::clone(&service),
        outgoing: tools.outgoing.clone(),
        seal: Arc::clone(&tools.seal),
    };
    let delivering = tokio::spawn(deliverer.run(stop.clone()));
    warn(&settings, address);
    tracing::info!(url, %address, database = ?settings.database, storage = ?kind(&settings.storage), "listening");
    Ok(Server {
        url,
        address,
        service,
        metrics,
        serving,
        workers,
        delivering,
        grace: settings.shutdown_grace,
        _stop_on_drop: stop.clone().drop_guard(),
        stop,
        _lock: lock,
    })
}

impl Server {
    /// How clients reach it.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The service behind the routes.
    #[must_use]
    pub fn service(&self) -> &Arc<Service> {
        &self.service
    }

    /// Its figures.
    #[must_use]
    pub fn metrics(&self) -> &Arc<Metrics> {
        &self.metrics
    }

    /// Takes no more connections, lets requests and the work that they began end, and closes the ledger. False when
    /// requests had to be cut.
    ///
    /// # Errors
    /// When the ledger can't be closed; what was answered is safe all the same.
    pub async fn shutdown(self) -> Result<bool, Failure> {
        self.stop.cancel();
        // Both at once: what runs on either side gets the whole grace.
        let (ended, ()) = tokio::join!(self.serving, self.workers.end(self.grace));
        let ended = ended.map_err(internal)?;
        self.delivering.await.map_err(internal)?;
        self.service.close().await?;
        Ok(ended)
    }
}

/// The key of the settings, else of the data folder.
async fn seal(settings: &Settings, world: &Arc<dyn World>) -> Result<Seal, Failure> {
    if let Some(key) = &settings.work.seal_key {
        return Seal::new(key);
    }
    let (home, world) = (settings.data.clone(), Arc::clone(world));
    let of_home = move || Seal::of_home(&home, world.as_ref());
    tokio::task::spawn_blocking(of_home).await.map_err(internal)?
}

/// What jobs are done with.
fn tools(
    settings: &Settings,
    service: &Arc<Service>,
    metrics: &Arc<Metrics>,
    world: &Arc<dyn World>,
    seal: Arc<Seal>,
) -> Result<Arc<Tools>, Failure> {
    let work = &settings.work;
    let outgoing = Outgoing::new(work.outgoing_allow.clone())?;
    let extractor = match &work.extractor {
        Some(program) => Extractor::with_program(program.clone()),
        None => Extractor::this_program().map_err(internal)?,
    };
    let embedder = work.embeddings.as_ref().map(|e| {
        let endpoint = Endpoint {
            url: e.url.clone(),
            model: e.model.clone(),
            key: e.key.as_deref().map(ApiKey::new).transpose()?,
            dimensions: e.dimensions,
            asks_for_dimensions: e.dimensions.is_some(),
            batch: EMBEDDING_BATCH,
        };
        Embedder::new(outgoing.clone(), endpoint, Arc::clone(world)).map_err(|e| {
            let detail = format!("embedding-url: {}", e.detail);
            Failure::new(e.code, detail)
        })
    });
    Ok(Arc::new(Tools {
        service: Arc::clone(service),
        extractor,
        embedder: embedder.transpose()?,
        model: work
            .embeddings
            .as_ref()
            .map_or_else(String::new, |e| e.model.clone()),
        outgoing,
        seal,
        metrics: Arc::clone(metrics),
        scratch: settings.data.join("scratch"),
    }))
}

/// Sign-in with the identity provider of the settings.
async fn sign_in(
    settings: &Settings,
    db: &Db,
    tools: &Tools,
    world: &Arc<dyn World>,
) -> Result<Option<Arc<SignIn>>, Failure> {
    let Some(oidc) = &settings.oidc else {
        return Ok(None);
    };
    let allowed = &settings.work.outgoing_allow;
    let seal = Arc::clone(&tools.seal);
    let sign_in = SignIn::new(oidc.clone(), allowed, db.clone(), seal, Arc::clone(world))?;
    sign_in.begin().await?;
    Ok(Some(Arc::new(sign_in)))
}

async fn bind(address: SocketAddr) -> Result<TcpListener, Failure> {
    let mut tries = 0;
    loop {
        match TcpListener::bind(address).await {
            Ok(listener) => return Ok(listener),
            // The one before it is just ending.
            Err(e) if e.kind() == std::io::ErrorKind::AddrInUse && tries < 4 => {
                tries += 1;
                tokio::time::sleep(Duration::from_millis(250)).await;
            }
            Err(e) => {
                let detail = format!("listen: {address} can't be listened on: {e}");
                return Err(Failure::new(ErrorCode::InvalidField, detail));
            }
        }
    }
}

fn public_url(settings: &Settings, address: SocketAddr) -> String {
    if let Some(url) = &settings.public_url {
        return url.clone();
    }
    let scheme = if settings.tls.is_some() { "https" } else { "http" };
    let mut reached = address;
    if address.ip().is_unspecified() {
        reached.set_ip(IpAddr::V4(Ipv4Addr::LOCALHOST));
    }
    format!("{scheme}://{reached}")
}

/// What works, and may not be meant.
fn warn(settings: &Settings, address: SocketAddr) {
    let is_open = !address.ip().is_loopback();
    if is_open && settings.tls.is_none() && settings.trusted_proxies.is_empty() {
        tracing::warn!(
            "tokens travel unencrypted: set tls-cert and tls-key, or listen on loopback behind a proxy"
        );
    }
    if address.ip().is_unspecified() && settings.public_url.is_none() {
        tracing::warn!("signed URLs name 127.0.0.1: set public-url, so that other computers can send files");
    }
}

fn kind(place: &StoragePlace) -> &'static str {
    match place {
        StoragePlace::Folder(_) => "folder",
        StoragePlace::Bucket(_) => "s3",
    }
}
