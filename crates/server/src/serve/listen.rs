//! Connections: taken up to a number, one network never all of them; each has a while to say what it wants.
//!
//! HTTP/1.1 without TLS; with TLS what ALPN chose. A connection ends with its client, at a head that does not come, or at
//! the shutdown, after the requests that are under way.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use hyper::server::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use ipnet::IpNet;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tower::Service;

use super::address::{Peer, is_in};
use crate::auth::keeper::network;
use crate::metrics::Metrics;

/// Bytes of a request's head.
const MAX_HEAD: usize = 64 << 10;
/// Headers of a request.
const MAX_HEADERS: usize = 100;
/// Requests of one HTTP/2 connection at a time.
const MAX_STREAMS: u32 = 128;
/// A pause when the system has no more file descriptors to give.
const BREATH: Duration = Duration::from_millis(100);

/// How to listen.
#[derive(Clone)]
pub struct Listening {
    /// With TLS.
    pub tls: Option<TlsAcceptor>,
    /// Connections at a time; of one network a quarter of it.
    pub max_connections: usize,
    /// Networks whose connections stand for many clients.
    pub trusted_proxies: Vec<IpNet>,
    /// Time for a handshake, and for the head of each request.
    pub header_timeout: Duration,
    /// Figures.
    pub metrics: Arc<Metrics>,
}

/// Serves until `stop`, then until requests have ended or `grace` has passed. True when all of them ended.
pub async fn serve<S>(
    listener: TcpListener,
    app: S,
    how: Listening,
    stop: CancellationToken,
    grace: Duration,
) -> bool
where
    S: Service<Request, Response = Response, Error = Infallible> + Clone + Send + Sync + 'static,
    S::Future: Send,
{
    let room = Arc::new(Semaphore::new(how.max_connections));
    let by_network = Arc::new(Counts::default());
    let graceful = Graceful::default();
    // Ends what is left after the grace.
    let cut = CancellationToken::new();
    loop {
        let accepted = tokio::select! {
            biased;
            () = stop.cancelled() => break,
            accepted = accept(&listener, &room) => accepted,
        };
        let (stream, peer, permit) = match accepted {
            Ok(accepted) => accepted,
            Err(e) => {
                tracing::warn!(error = %e, "a connection could not be taken");
                tokio::time::sleep(BREATH).await;
                continue;
            }
        };
        let is_proxy = is_in(peer.ip(), &how.trusted_proxies);
        let most = if is_proxy {
            usize::MAX
        } else {
            (how.max_connections / 4).max(16)
        };
        let Some(counted) = Counts::take(&by_network, peer.ip(), most) else {
            how.metrics
                .count("windlass_connections_refused_total", &[("reason", "address")], 1);
            continue;
        };
        let (app, how, graceful, cut) = (app.clone(), how.clone(), graceful.clone(), cut.clone());
        tokio::spawn(async move {
            let _held: (OwnedSemaphorePermit, Counted) = (permit, counted);
            how.metrics.add("windlass_connections", &[], 1.0);
            tokio::select! {
                () = cut.cancelled() => {}
                () = connection(stream, peer, app, &how, &graceful) => {}
            }
            how.metrics.add("windlass_connections", &[], -1.0);
        });
    }
    drop(listener);
    let ended = graceful.end(grace).await;
    cut.cancel();
    ended
}

async fn accept(
    listener: &TcpListener,
    room: &Arc<Semaphore>,
) -> std::io::Result<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    // What has no room waits in the system's queue.
    let permit = Arc::clone(room)
        .acquire_owned()
        .await
        .map_err(std::io::Error::other)?;
    let (stream, peer) = listener.accept().await?;
    stream.set_nodelay(true)?;
    Ok((stream, peer, permit))
}

async fn connection<S>(stream: TcpStream, peer: SocketAddr, app: S, how: &Listening, graceful: &Graceful)
where
    S: Service<Request, Response = Response, Error = Infallible> + Clone + Send + Sync + 'static,
    S::Future: Send,
{
    let Some(tls) = &how.tls else {
        return http_1(stream, peer, app, how, graceful).await;
    };
    match tokio::time::timeout(how.header_timeout, tls.accept(stream)).await {
        Ok(Ok(stream)) if stream.get_ref().1.alpn_protocol() == Some(b"h2") => {
            let mut builder = http2::Builder::new(TokioExecutor::new());
            builder
                .timer(TokioTimer::new())
                .max_concurrent_streams(MAX_STREAMS)
                .max_header_list_size(MAX_HEAD as u32)
                .keep_alive_interval(how.header_timeout)
                .keep_alive_timeout(how.header_timeout);
            let served = builder.serve_connection(TokioIo::new(stream), service(app, peer));
            note(graceful.watch(served).await);
        }
        Ok(Ok(stream)) => http_1(stream, peer, app, how, graceful).await,
        Ok(Err(e)) => tracing::debug!(error = %e, "a handshake failed"),
        Err(_) => tracing::debug!("a handshake took too long"),
    }
}

async fn http_1<I, S>(stream: I, peer: SocketAddr, app: S, how: &Listening, graceful: &Graceful)
where
    I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    S: Service<Request, Response = Response, Error = Infallible> + Clone + Send + Sync + 'static,
    S::Future: Send,
{
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(how.header_timeout)
        .max_buf_size(MAX_HEAD)
        .max_headers(MAX_HEADERS)
        .serve_connection(TokioIo::new(stream), service(app, peer));
    note(graceful.watch(served).await);
}

fn note(ended: hyper::Result<()>) {
    if let Err(e) = ended {
        // A client that left, or did not say what it wants.
        tracing::debug!(error = %e, "a connection ended early");
    }
}

/// The routes, told who is at the other end.
fn service<S>(
    app: S,
    peer: SocketAddr,
) -> TowerToHyperService<
    impl Service<
        hyper::Request<hyper::body::Incoming>,
        Response = Response,
        Error = Infallible,
        Future = impl Future<Output = Result<Response, Infallible>> + Send,
    > + Clone,
>
where
    S: Service<Request, Response = Response, Error = Infallible> + Clone + Send + Sync + 'static,
    S::Future: Send,
{
    TowerToHyperService::new(tower::service_fn(
        move |request: hyper::Request<hyper::body::Incoming>| {
            let mut app = app.clone();
            let mut request = request.map(Body::new);
            request.extensions_mut().insert(Peer(peer));
            async move {
                // Our own service is always ready; the call is what waits.
                std::future::poll_fn(|cx| app.poll_ready(cx)).await?;
                app.call(request).await
            }
        },
    ))
}

/// Tells connections to end after what they are at.
#[derive(Clone, Default)]
struct Graceful(Arc<Mutex<Option<GracefulShutdown>>>);

impl Graceful {
    async fn watch<C>(&self, connection: C) -> C::Output
    where
        C: hyper_util::server::graceful::GracefulConnection + Send,
    {
        let watched = {
            let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            inner.get_or_insert_default().watcher().watch(connection)
        };
        watched.await
    }

    async fn end(&self, grace: Duration) -> bool {
        let inner = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        match inner {
            Some(inner) => tokio::time::timeout(grace, inner.shutdown()).await.is_ok(),
            None => true,
        }
    }
}

/// Connections by network.
#[derive(Default)]
struct Counts(Mutex<BTreeMap<u128, usize>>);

struct Counted {
    counts: Arc<Counts>,
    key: u128,
}

impl Counts {
    fn take(counts: &Arc<Self>, address: IpAddr, most: usize) -> Option<Counted> {
        let key = network(address);
        let mut all = counts.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = all.entry(key).or_default();
        if *count >= most {
            return None;
        }
        *count += 1;
        drop(all);
        Some(Counted {
            counts: Arc::clone(counts),
            key,
        })
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        let mut all = self.counts.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = all.get_mut(&self.key) {
            *count -= 1;
            if *count == 0 {
                all.remove(&self.key);
            }
        }
    }
}
