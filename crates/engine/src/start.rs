//! Birth and end of an engine.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{broadcast, mpsc};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use windlass_core::error::Failure;
use windlass_core::machine::{Config, ContentHash, Event, Machine};
use windlass_protocol::destinations::TokenStore;
use windlass_protocol::{ControlClient, Endpoint};
use windlass_queue::Queue;
use windlass_transfer::put::storage_client;

use crate::deltas::Deltas;
use crate::handle::EngineHandle;
use crate::home::HomeLock;
use crate::launch::Relaunch;
use crate::persist::Lane;
use crate::planes::Planes;
use crate::shell::{MESSAGES, Shared, Shell};
use crate::{behind, choices, clock, deltas, launch, persist, places, tracks};

/// What an engine is made from.
pub struct EngineConfig {
    /// The data folder, owned.
    pub lock: HomeLock,
    /// The control plane.
    pub control: Endpoint,
    /// Where tokens of servers are kept.
    pub tokens: Arc<dyn TokenStore>,
    /// Offered as the first destination.
    pub suggested_folder: PathBuf,
    /// Hears network, power and sleep from the system, until it stops. Without it nothing of them is known.
    pub follow_system: bool,
    /// Limits.
    pub machine: Config,
}

/// Ends of groups that may wait to be told.
const TOLD: usize = 256;
/// How long parts in flight get at the end of the engine.
const LAST_PARTS: Duration = Duration::from_secs(3);

/// Starts an engine: opens the queue, begins to reconcile, begins the shell.
///
/// # Errors
/// Errors of the queue: newer, read-only, no room. A damaged queue is set aside and told as a notice.
pub async fn start(config: EngineConfig) -> Result<EngineHandle, Failure> {
    let config_queue = config.lock.home().queue();
    let opened = {
        let path = config_queue.clone();
        let open =
            tokio::task::spawn_blocking(move || Queue::open(&path, clock::now(), clock::random())).await;
        open.map_err(|e| Failure::new(windlass_core::error::ErrorCode::Internal, e.to_string()))??
    };
    let book = crate::spans::begin(&opened.queue, opened.last_alive).await?;
    let (messages, inbox) = mpsc::channel(MESSAGES);
    let shared = Arc::new(Shared {
        _lock: config.lock,
        queue: opened.queue.clone(),
        planes: Planes::new(ControlClient::new(config.control)?, config.tokens),
        client_id: opened.client_id,
        suggested_folder: config.suggested_folder,
        messages,
        lane: Lane::default(),
        deltas: Deltas::new(),
        told: broadcast::channel(TOLD).0,
        meter: crate::meter::Meter::default(),
        lines: crate::log::Lines::default(),
        seen: std::sync::Mutex::default(),
        limiter: Arc::default(),
        conditions: crate::conditions::Conditions::default(),
        spans: crate::spans::Spans::default(),
        infos: crate::infos::Infos::default(),
        relaunch: Relaunch::new(&opened),
        regrouped: std::sync::Mutex::default(),
        watches: crate::watch::Watches::default(),
        arrived: tokio::sync::Notify::new(),
        stop: CancellationToken::new(),
        tasks: TaskTracker::new(),
        storages: std::sync::Mutex::default(),
        way: tokio::sync::Mutex::default(),
        trying: tokio::sync::Mutex::default(),
        tried: std::sync::Mutex::default(),
        storage_loopback: Arc::new(storage_client(None)?),
    });
    let machine = Machine::new(config.machine, clock::seed());
    shared
        .tasks
        .spawn(Shell::new(Arc::clone(&shared), machine, inbox).run());
    shared.tasks.spawn(persist::run(Arc::clone(&shared)));
    shared.tasks.spawn(deltas::run(Arc::clone(&shared)));
    shared.tasks.spawn(behind::run(Arc::clone(&shared)));
    shared.tasks.spawn(crate::spans::run(Arc::clone(&shared), book));
    choices::begin(&shared).await?;
    if config.follow_system {
        crate::conditions::follow_system(&shared);
    }
    shared.tasks.spawn(crate::conditions::run(Arc::clone(&shared)));
    shared.tasks.spawn(crate::disks::run(Arc::clone(&shared)));
    places::adopt(&shared).await?;
    for server in shared.queue.read(windlass_queue::servers::all).await? {
        shared.planes.put(server);
    }
    shared.tasks.spawn(tracks::run(Arc::clone(&shared)));
    for place in places::rows(&shared).await? {
        let hash = match place.content_hash {
            windlass_queue::destinations::ContentHash::Never => ContentHash::Never,
            windlass_queue::destinations::ContentHash::Always
            | windlass_queue::destinations::ContentHash::After => ContentHash::Always,
        };
        shared.event(Event::DestinationAdded { id: place.id, hash }).await;
    }
    if let Some(aside) = &opened.set_aside {
        let detail = aside.display().to_string();
        shared.deltas.notice(
            Failure::new(windlass_core::error::ErrorCode::QueueDamaged, detail),
            None,
        );
    }
    tracing::info!(
        queue = %config_queue.display(),
        clean_exit = opened.clean_exit,
        set_aside = opened.set_aside.is_some(),
        "launched"
    );
    launch::begin(&shared).await?;
    crate::watch::begin(&shared).await?;
    Ok(EngineHandle { shared })
}

/// Ends an engine; see [`EngineHandle::shutdown`].
pub(crate) async fn shutdown(shared: &Arc<Shared>) {
    if shared.stop.is_cancelled() {
        return;
    }
    shared.event(Event::AppPaused(true)).await;
    let ended = async {
        // The machine cuts what outlives the grace of a pause by itself; this looks until nothing is out.
        while shared.inspect(Machine::in_flight).await.is_some_and(|n| n > 0) {
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
    };
    let _ = tokio::time::timeout(LAST_PARTS, ended).await;
    let _ = tokio::time::timeout(Duration::from_secs(1), shared.lane.drained()).await;
    behind::note(shared).await;
    crate::spans::end(shared).await;
    shared.stop.cancel();
    shared.tasks.close();
    let _ = tokio::time::timeout(Duration::from_secs(2), shared.tasks.wait()).await;
    if let Err(e) = shared.queue.close_clean().await {
        tracing::warn!(error = %Failure::from(&e), "the queue was not closed cleanly");
    }
    tracing::info!("ended");
}
