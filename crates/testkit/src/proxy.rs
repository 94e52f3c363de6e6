//! A wire that breaks as told: an HTTP/1.1 proxy on loopback in front of any endpoint.
//!
//! The product is given [`FaultProxy::endpoint`] as its storage or control plane and signs for that address; requests are
//! passed on byte for byte, `Host` included, so signatures hold. [`Rule`]s say what goes wrong with which request; the
//! [`ledger`] says what was asked, what the server answered, and whether the answer reached the client.

mod clock;
pub mod ledger;
pub mod rule;
mod wire;

use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use url::Url;

pub use ledger::{Call, Ledger, Seen};
pub use rule::{Fault, Gate, Rule};

/// A running proxy. Dropping it cuts all its connections.
pub struct FaultProxy {
    address: SocketAddr,
    shared: Arc<Shared>,
    listening: Mutex<Option<JoinHandle<()>>>,
}

/// What the connections' threads share.
pub(crate) struct Shared {
    upstream: String,
    down: AtomicBool,
    next_connection: AtomicU64,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    rules: Vec<rule::Counted>,
    ledger: Ledger,
    connections: Vec<(u64, TcpStream)>,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes a request down and says which fault it meets.
    pub(crate) fn begin(&self, seen: Seen) -> (usize, Option<Fault>) {
        let mut state = self.lock();
        let fault = state.rules.iter_mut().find_map(|rule| rule.meets(&seen));
        let number = state.ledger.add(Seen {
            fault: fault.as_ref().map(Fault::name),
            ..seen
        });
        self.changed.notify_all();
        (number, fault)
    }

    /// Changes what is written about a request.
    pub(crate) fn note(&self, number: usize, change: impl FnOnce(&mut Seen)) {
        let mut state = self.lock();
        if let Some(seen) = state.ledger.get_mut(number) {
            change(seen);
        }
        self.changed.notify_all();
    }

    pub(crate) fn upstream(&self) -> &str {
        &self.upstream
    }

    pub(crate) fn is_down(&self) -> bool {
        self.down.load(Ordering::SeqCst)
    }
}

impl FaultProxy {
    /// In front of `http://HOST:PORT`.
    ///
    /// # Errors
    /// The endpoint has no host, or no port is free.
    pub fn start(endpoint: &str) -> Result<Self> {
        let url: Url = endpoint.parse()?;
        let upstream = format!(
            "{}:{}",
            url.host_str().context("no host")?,
            url.port_or_known_default().context("no port")?
        );
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            upstream,
            down: AtomicBool::new(false),
            next_connection: AtomicU64::new(0),
            state: Mutex::default(),
            changed: Condvar::new(),
        });
        let listening = Mutex::new(Some(listen(listener, Arc::clone(&shared))));
        Ok(Self {
            address,
            shared,
            listening,
        })
    }

    /// `http://127.0.0.1:PORT`: what the product is told.
    #[must_use]
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Adds a rule. The first that fits a request decides.
    pub fn add(&self, rule: Rule) {
        self.shared.lock().rules.push(rule.counted());
    }

    /// Forgets all rules. What is held by a gate stays held.
    pub fn heal(&self) {
        self.shared.lock().rules.clear();
    }

    /// Nobody listens, as if the server had vanished: open connections are reset, new ones refused.
    pub fn down(&self) {
        let running = self
            .listening
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(running) = running {
            self.shared.down.store(true, Ordering::SeqCst);
            // Wakes the listener, which sees that it is to end.
            drop(TcpStream::connect(self.address));
            // It ends without a panic, or has nothing to say.
            let _ = running.join();
        }
        for (_, connection) in self.shared.lock().connections.drain(..) {
            // The other side may have closed already.
            let _ = connection.shutdown(Shutdown::Both);
        }
    }

    /// Listens again on the same port.
    ///
    /// # Errors
    /// The port was taken meanwhile.
    pub fn up(&self) -> Result<()> {
        let mut running = self.listening.lock().unwrap_or_else(PoisonError::into_inner);
        if running.is_none() {
            let listener = TcpListener::bind(self.address).context("the proxy's port was taken")?;
            self.shared.down.store(false, Ordering::SeqCst);
            *running = Some(listen(listener, Arc::clone(&self.shared)));
        }
        Ok(())
    }

    /// What was seen so far.
    #[must_use]
    pub fn ledger(&self) -> Ledger {
        self.shared.lock().ledger.clone()
    }

    /// Forgets what was seen, between two halves of a test. No request may be under way.
    pub fn forget(&self) {
        self.shared.lock().ledger = Ledger::default();
    }

    /// Waits until the ledger is as wanted.
    ///
    /// # Errors
    /// It did not become so within `patience`; the message has the counts of what was seen.
    pub fn wait_for(&self, what: &str, patience: Duration, wanted: impl Fn(&Ledger) -> bool) -> Result<()> {
        let (state, timeout) = self
            .shared
            .changed
            .wait_timeout_while(self.shared.lock(), patience, |state| !wanted(&state.ledger))
            .unwrap_or_else(PoisonError::into_inner);
        if timeout.timed_out() && !wanted(&state.ledger) {
            bail!(
                "the proxy did not see {what} within {patience:?}; it saw {}",
                state.ledger.summary()
            );
        }
        Ok(())
    }
}

impl Drop for FaultProxy {
    fn drop(&mut self) {
        self.down();
    }
}

fn listen(listener: TcpListener, shared: Arc<Shared>) -> JoinHandle<()> {
    thread::spawn(move || {
        for connection in listener.incoming().flatten() {
            if shared.is_down() {
                return;
            }
            let id = shared.next_connection.fetch_add(1, Ordering::Relaxed);
            if let Ok(clone) = connection.try_clone() {
                shared.lock().connections.push((id, clone));
            }
            let shared = Arc::clone(&shared);
            thread::spawn(move || {
                wire::serve(&connection, id, &shared);
                let _ = connection.shutdown(Shutdown::Both);
                shared.lock().connections.retain(|(other, _)| *other != id);
            });
        }
    })
}
