//! A control plane inside another program: its ledger in a data folder, its routes on loopback, for one person.
//!
//! Born with a lock on the data folder, a free port and a random secret of this launch; ended by `shutdown`, which lets
//! requests and their work end and closes the ledger. After kill -9 the next start finds the ledger, and the parts that
//! were sent, as they were committed.

use std::fs::{self, File, OpenOptions};
use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum::ServiceExt as _;
use axum::extract::Request;
use axum::middleware::{self, Next};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tower::Layer as _;
use windlass_core::error::{ErrorCode, Failure};
use windlass_core::ids::OwnerId;
use windlass_protocol::Endpoint;
use windlass_protocol::destinations::TokenStore;

use crate::auth::keeper::Keeper;
use crate::clock::{LedgerWorld, SystemWorld, World, random};
use crate::db::Db;
use crate::failure::{home_failure, internal};
use crate::routes::guard::Guard;
use crate::routes::{Site, router};
use crate::secrets::Secrets;
use crate::service::Service;
use crate::service::storages::Storages;
use crate::storage::folder::url::BlobSigner;
use crate::store::Ledger;
use crate::text::hex;

/// How often what could not be cleaned is tried again.
const SWEEP: Duration = Duration::from_secs(300);
/// Requests get so long to end at a shutdown.
const GRACE: Duration = Duration::from_secs(10);

/// Where an embedded control plane lives.
#[derive(Debug, Clone)]
pub struct EmbeddedConfig {
    /// The data folder; made with mode 0700 when it is not there. On a disk of this computer, never on a share.
    pub home: PathBuf,
}

/// A running control plane. Dropping it stops it without waiting; [`Embedded::shutdown`] waits.
pub struct Embedded {
    endpoint: Endpoint,
    secrets: Arc<Secrets>,
    service: Arc<Service>,
    stop: CancellationToken,
    serving: tokio::task::JoinHandle<std::io::Result<()>>,
    _stop_on_drop: tokio_util::sync::DropGuard,
    _lock: File,
}

/// Starts a control plane.
///
/// # Errors
/// `already_running` when another one has the data folder; `queue_newer`, `queue_damaged`, `queue_read_only`,
/// `queue_disk_full` for the ledger; `internal` when no port can be opened.
pub async fn start(config: EmbeddedConfig) -> Result<Embedded, Failure> {
    start_with(config, Arc::new(SystemWorld)).await
}

/// Starts a control plane with a time and randomness of its own.
///
/// # Errors
/// As [`start`].
pub async fn start_with(config: EmbeddedConfig, world: Arc<dyn World>) -> Result<Embedded, Failure> {
    let lock = prepare_home(&config.home)?;
    let ledger = config.home.join("ledger.sqlite");
    let db = tokio::task::spawn_blocking(move || Db::open_sqlite(&ledger))
        .await
        .map_err(internal)??;
    run(config.home, lock, db, world).await
}

/// Starts a control plane whose ledger is in a database of its own, which nothing else works on.
///
/// # Errors
/// As [`start`].
pub async fn start_on(config: EmbeddedConfig, db: Db, world: Arc<dyn World>) -> Result<Embedded, Failure> {
    let lock = prepare_home(&config.home)?;
    run(config.home, lock, db, world).await
}

async fn run(home: PathBuf, lock: File, db: Db, world: Arc<dyn World>) -> Result<Embedded, Failure> {
    let world = LedgerWorld::of(&db, world);
    let store = Ledger::new(db);
    let owner = OwnerId::new(world.now(), random(world.as_ref())?);
    let owner = store.local_owner(owner, world.now()).await?;
    store.free_leases().await?;
    let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))
        .await
        .map_err(|e| internal(format!("no port on loopback: {e}")))?;
    let host = listener.local_addr().map_err(internal)?.to_string();
    let endpoint = Endpoint {
        base_url: format!("http://{host}"),
        token: hex(&random::<32>(world.as_ref())?),
    };

    let secrets = Arc::new(Secrets::new(home));
    let signer = Arc::new(BlobSigner::new(
        &random(world.as_ref())?,
        endpoint.base_url.clone(),
    ));
    let launch = random(world.as_ref())?;
    let storages = Storages::new(
        store.clone(),
        Arc::clone(&secrets),
        Arc::clone(&world),
        signer,
        launch,
    );
    let keeper = Keeper::new(store.db().clone(), Arc::clone(&world), None);
    let service = Service::new(store, storages, Arc::clone(&secrets), world);

    let guard = Guard::new(&host, &endpoint.token, owner);
    let stop = CancellationToken::new();
    let check = move |request: Request, next: Next| guard.clone().check(request, next);
    // Around the router, not inside it: the guard comes before routing.
    let app = middleware::from_fn(check).layer(router(Site {
        service: Arc::clone(&service),
        keeper: Arc::new(keeper),
        metrics: Arc::default(),
        tools: None,
        sign_in: None,
        ending: stop.clone(),
    }));
    let stopped = stop.clone().cancelled_owned();
    let serving = axum::serve(listener, app.into_make_service()).with_graceful_shutdown(stopped);
    let serving = tokio::spawn(serving.into_future());
    tokio::spawn(sweep(Arc::clone(&service), stop.clone()));
    Ok(Embedded {
        endpoint,
        secrets,
        service,
        serving,
        _stop_on_drop: stop.clone().drop_guard(),
        stop,
        _lock: lock,
    })
}

impl Embedded {
    /// Where it is, with the secret of this launch.
    #[must_use]
    pub fn endpoint(&self) -> Endpoint {
        self.endpoint.clone()
    }

    /// Where the data folder keeps tokens of servers.
    #[must_use]
    pub fn tokens(&self) -> Arc<dyn TokenStore> {
        Arc::<Secrets>::clone(&self.secrets)
    }

    /// The service behind the routes.
    #[must_use]
    pub fn service(&self) -> &Arc<Service> {
        &self.service
    }

    /// Takes no more requests, lets the work that was begun end, and closes the ledger.
    ///
    /// # Errors
    /// When the ledger can't be closed; what was answered is safe all the same.
    pub async fn shutdown(self) -> Result<(), Failure> {
        self.stop.cancel();
        let abort = self.serving.abort_handle();
        if tokio::time::timeout(GRACE, self.serving).await.is_err() {
            // A client that keeps its connection open holds nobody up; what it asked for goes on below.
            abort.abort();
        }
        self.service.close().await
    }
}

pub(crate) async fn sweep(service: Arc<Service>, stop: CancellationToken) {
    let mut tick = tokio::time::interval(SWEEP);
    loop {
        tokio::select! {
            biased;
            () = stop.cancelled() => return,
            _ = tick.tick() => {}
        }
        if let Err(e) = service.sweep().await {
            tracing::warn!(error = %e, "the sweep could not run");
        }
    }
}

/// Makes the data folder and locks it.
pub(crate) fn prepare_home(home: &Path) -> Result<File, Failure> {
    let failed = |e: std::io::Error| home_failure("the data folder can't be used", &e);
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(home)
        .map_err(failed)?;
    fs::set_permissions(home, fs::Permissions::from_mode(0o700)).map_err(failed)?;
    let lock = OpenOptions::new()
        .create(true)
        .append(true)
        .mode(0o600)
        .open(home.join("ledger.lock"))
        .map_err(failed)?;
    rustix::fs::flock(&lock, rustix::fs::FlockOperation::NonBlockingLockExclusive).map_err(|_| {
        Failure::new(
            ErrorCode::AlreadyRunning,
            "another control plane has the data folder",
        )
    })?;
    Ok(lock)
}
