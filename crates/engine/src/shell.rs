//! The shell: carries out the machine's effects, brings back what happened. No policy.
//!
//! One task owns the machine. Whatever happens elsewhere reaches it as a message; whatever takes time is done by another
//! task that ends in a message. `Persist` goes to the lane ([`crate::persist`]); what stands in its `then` comes back as a message
//! after the commit, and is carried out only then.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{broadcast, mpsc};
use tokio::task::AbortHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use windlass_core::error::{ErrorCode, Failure};
use windlass_core::ids::{ClientId, DestinationId, FileId, GroupId};
use windlass_core::machine::records::Change;
use windlass_core::machine::{BufferId, Effect, Event, Machine, PutId};
use windlass_core::part_plan::PartRange;
use windlass_core::units::PartNumber;
use windlass_queue::Queue;
use windlass_transfer::limit::Limiter;
use windlass_transfer::put::{PartBody, StorageClient, storage_client};

use crate::calls::Signatures;
use crate::clock;
use crate::deltas::Deltas;
use crate::handle::Told;
use crate::home::HomeLock;
use crate::infos::{FileInfo, Infos, locked};
use crate::io::{self, OpenSource, Url};
use crate::launch::Relaunch;
use crate::log::{Holds, Lines};
use crate::meter::Meter;
use crate::persist::{Lane, Touched};
use crate::planes::Planes;

/// What every part of the engine may reach.
pub(crate) struct Shared {
    /// Held as long as anything of the engine lives.
    pub(crate) _lock: HomeLock,
    pub(crate) queue: Queue,
    pub(crate) planes: Planes,
    pub(crate) client_id: ClientId,
    pub(crate) suggested_folder: PathBuf,
    pub(crate) messages: mpsc::Sender<Message>,
    pub(crate) lane: Lane,
    pub(crate) deltas: Deltas,
    pub(crate) told: broadcast::Sender<Told>,
    pub(crate) meter: Meter,
    pub(crate) lines: Lines,
    /// What of the meter was noted.
    pub(crate) seen: std::sync::Mutex<crate::behind::Seen>,
    pub(crate) limiter: Arc<Limiter>,
    pub(crate) conditions: crate::conditions::Conditions,
    pub(crate) spans: crate::spans::Spans,
    pub(crate) infos: Infos,
    pub(crate) relaunch: Relaunch,
    /// What takes back the last change of groups.
    pub(crate) regrouped: std::sync::Mutex<crate::regroup::Undo>,
    pub(crate) watches: crate::watch::Watches,
    /// Wakes who follows the processing of files that arrived at servers.
    pub(crate) arrived: tokio::sync::Notify,
    pub(crate) stop: CancellationToken,
    pub(crate) tasks: TaskTracker,
    /// For storage beyond this computer, a client for each destination: it goes by the proxy that was chosen for that.
    pub(crate) storages: std::sync::Mutex<BTreeMap<DestinationId, Arc<StorageClient>>>,
    /// For storage on this computer.
    pub(crate) storage_loopback: Arc<StorageClient>,
    /// One at a time follows the choice of the way, so that the last one follows the last choice.
    pub(crate) way: tokio::sync::Mutex<()>,
    /// One at a time tries a proxy of a destination's own: which.
    pub(crate) trying: tokio::sync::Mutex<()>,
    pub(crate) tried: std::sync::Mutex<Option<DestinationId>>,
}

/// Messages to the shell that may wait: senders stand still when the shell is behind.
pub(crate) const MESSAGES: usize = 4_096;

/// What reaches the shell.
pub(crate) enum Message {
    /// Something happened.
    Event(Event),
    /// A commit is durable: carry out what waited for it.
    Effects(Vec<Effect>),
    /// URLs, then the event that tells of them.
    Signed(Event, Signatures),
    /// Bytes, then the event that tells of them.
    Read(Event, BufferId, Option<Bytes>),
    /// A look at the machine.
    Inspect(Box<dyn FnOnce(&Machine) + Send>),
}

impl Shared {
    /// Tells the machine. After the end of the shell nothing listens, and nothing is lost: the queue has it.
    pub(crate) async fn event(&self, event: Event) {
        if matches!(event, Event::DestinationAdded { .. }) {
            // It may be one that needs no network.
            self.conditions.stir();
        }
        let _ = self.messages.send(Message::Event(event)).await;
    }

    /// Asks the machine. `None` after its end.
    pub(crate) async fn inspect<T: Send + 'static>(
        &self,
        look: impl FnOnce(&Machine) -> T + Send + 'static,
    ) -> Option<T> {
        let (answer, wait) = tokio::sync::oneshot::channel();
        let look = Box::new(move |m: &Machine| {
            let _ = answer.send(look(m));
        });
        self.messages.send(Message::Inspect(look)).await.ok()?;
        wait.await.ok()
    }

    /// The client for a signed URL of a destination.
    ///
    /// # Errors
    /// When the TLS set-up of this computer can't be read.
    pub(crate) fn storage_for(&self, place: DestinationId, url: &str) -> Result<Arc<StorageClient>, Failure> {
        if windlass_way::is_loopback(url) {
            return Ok(Arc::clone(&self.storage_loopback));
        }
        let mut storages = locked(&self.storages);
        if let Some(known) = storages.get(&place) {
            return Ok(Arc::clone(known));
        }
        let made = Arc::new(storage_client(Some(place))?);
        storages.insert(place, Arc::clone(&made));
        Ok(made)
    }
}

/// The task that owns the machine.
pub(crate) struct Shell {
    shared: Arc<Shared>,
    machine: Machine,
    inbox: mpsc::Receiver<Message>,
    buffers: BTreeMap<BufferId, Bytes>,
    sources: BTreeMap<FileId, Arc<OpenSource>>,
    urls: BTreeMap<(FileId, PartNumber), Url>,
    puts: BTreeMap<PutId, AbortHandle>,
    /// PUTs that were cut before the commit that they wait for: they never begin.
    cut: BTreeSet<PutId>,
    holds: Holds,
}

impl Shell {
    pub(crate) fn new(shared: Arc<Shared>, machine: Machine, inbox: mpsc::Receiver<Message>) -> Self {
        Self {
            shared,
            machine,
            inbox,
            buffers: BTreeMap::new(),
            sources: BTreeMap::new(),
            urls: BTreeMap::new(),
            puts: BTreeMap::new(),
            cut: BTreeSet::new(),
            holds: Holds::default(),
        }
    }

    /// Runs until the engine stops.
    pub(crate) async fn run(mut self) {
        let stop = self.shared.stop.clone();
        loop {
            let sleep = self.machine.next_wake().map_or(Duration::from_secs(60), |at| {
                Duration::from_millis(
                    u64::try_from(at.millis_since(clock::now()))
                        .unwrap_or(0)
                        .min(60_000),
                )
            });
            tokio::select! {
                biased;
                () = stop.cancelled() => break,
                message = self.inbox.recv() => match message {
                    Some(message) => self.take(message),
                    None => break,
                },
                () = tokio::time::sleep(sleep) => self.tell(Event::Tick),
            }
        }
        self.puts.values().for_each(AbortHandle::abort);
    }

    fn take(&mut self, message: Message) {
        match message {
            Message::Event(event) => self.tell(event),
            Message::Effects(effects) => effects.into_iter().for_each(|e| self.carry_out(e)),
            Message::Signed(event, signatures) => {
                for (file, part) in signatures {
                    self.urls.insert((file, part.n), Url::new(part));
                }
                self.tell(event);
            }
            Message::Read(event, buffer, bytes) => {
                if let Some(bytes) = bytes {
                    self.buffers.insert(buffer, bytes);
                }
                self.tell(event);
            }
            Message::Inspect(look) => look(&self.machine),
        }
    }

    fn tell(&mut self, event: Event) {
        if let Event::PutDone { put, .. } = &event {
            self.puts.remove(put);
        }
        let arrived = match &event {
            Event::PutDone {
                file, result: Ok(_), ..
            } if !self.holds.is_empty() => self.destination_of(*file),
            _ => None,
        };
        let ended = match &event {
            Event::Finalized { group, .. } => Some(*group),
            _ => None,
        };
        let effects = self.machine.handle(clock::now(), event);
        // Whether its end came or not, no row need have changed.
        ended.into_iter().for_each(|g| self.shared.deltas.stir(g));
        if let Some(destination) = arrived {
            self.holds.goes_on(destination);
        }
        for destination in self.holds.look(&self.machine) {
            self.shared.deltas.stir_all(self.machine.groups_to(destination));
            self.shared.deltas.destination_stirred();
        }
        effects.into_iter().for_each(|e| self.carry_out(e));
    }

    fn carry_out(&mut self, effect: Effect) {
        match effect {
            Effect::Persist { changes, then } => {
                let mut touched = Touched::default();
                for change in &changes {
                    match self.group_of(change) {
                        Some(group) => drop(touched.groups.insert(group)),
                        None => touched.strangers.extend(change.file()),
                    }
                }
                self.shared.lane.push(changes, then, touched);
            }
            Effect::Load { group, after, limit } => self.spawn(move |s| async move {
                Message::Event(crate::groups::load(&s, group, after, limit).await)
            }),
            Effect::Count { group } => {
                self.spawn(move |s| async move { Message::Event(crate::groups::count(&s, group).await) });
            }
            Effect::CreateGroup { group } => self
                .spawn(move |s| async move { Message::Event(crate::calls::create_group(&s, group).await) }),
            Effect::Init { destination, files } => {
                self.spawn(move |s| async move {
                    Message::Event(crate::calls::init(&s, destination, files).await)
                });
            }
            Effect::Sign { destination, parts } => self.spawn(move |s| async move {
                let (event, signatures) = crate::calls::sign(&s, destination, parts).await;
                Message::Signed(event, signatures)
            }),
            Effect::Complete { destination, files } => {
                self.spawn(move |s| async move {
                    Message::Event(crate::calls::complete(&s, destination, files).await)
                });
            }
            Effect::Delete { destination, files } => {
                self.spawn(move |s| async move {
                    Message::Event(crate::calls::delete(&s, destination, files).await)
                });
            }
            Effect::CancelGroup { group } => self
                .spawn(move |s| async move { Message::Event(crate::calls::cancel_group(&s, group).await) }),
            Effect::Finalize { group } => {
                self.spawn(move |s| async move { Message::Event(crate::calls::finalize(&s, group).await) });
            }
            Effect::Check { files } => self.check(files),
            Effect::Read {
                file,
                part,
                mode,
                buffer,
                restart_hash,
                last,
            } => {
                let Some(info) = self.shared.infos.file(file) else {
                    return;
                };
                if restart_hash {
                    info.read_begins(clock::now_ns());
                }
                let source = Arc::clone(
                    self.sources
                        .entry(file)
                        .or_insert_with(|| Arc::new(OpenSource::new(info.path.clone()))),
                );
                let whole_after = part.offset + part.len >= info.fingerprint.size;
                let strict = self
                    .shared
                    .watches
                    .has_group(info.group)
                    .then_some(info.fingerprint);
                self.spawn(move |shared| async move {
                    let read = tokio::task::spawn_blocking(move || {
                        let read = source.read(part, mode, restart_hash, whole_after, last);
                        shared.infos.seen(&info, read, |(outcome, _)| outcome.source)
                    })
                    .await;
                    let result =
                        read.unwrap_or_else(|e| Err(Failure::new(ErrorCode::Internal, e.to_string())));
                    let result = result.and_then(|(outcome, bytes)| {
                        if let Some(settled) = strict {
                            crate::watch::strictly(&settled, outcome.source)?;
                        }
                        Ok((outcome, bytes))
                    });
                    let (result, bytes) = match result {
                        Ok((outcome, bytes)) => (Ok(outcome), bytes),
                        Err(failure) => (Err(failure), None),
                    };
                    Message::Read(
                        Event::PartRead {
                            file,
                            buffer,
                            n: part.number,
                            result,
                        },
                        buffer,
                        bytes,
                    )
                });
            }
            Effect::Put {
                file,
                part,
                put,
                buffer,
            } => self.put(file, part, put, buffer),
            Effect::CancelPut { put } => match self.puts.remove(&put) {
                Some(task) => task.abort(),
                None => {
                    self.cut.insert(put);
                }
            },
            Effect::DropBuffer { buffer } => {
                self.buffers.remove(&buffer);
            }
            Effect::Close { file } => {
                self.sources.remove(&file);
                self.shared.infos.drop_file(file);
                let upto: Vec<_> = self
                    .urls
                    .range((file, PartNumber::FIRST)..)
                    .map(|(key, _)| *key)
                    .take_while(|(id, _)| *id == file)
                    .collect();
                upto.into_iter().for_each(|key| drop(self.urls.remove(&key)));
            }
            Effect::Notify { group, notice } => {
                let shared = Arc::clone(&self.shared);
                self.shared
                    .tasks
                    .spawn(async move { crate::groups::notify(&shared, group, notice).await });
            }
        }
    }

    fn destination_of(&self, file: FileId) -> Option<DestinationId> {
        let group = self.shared.infos.file(file)?.group;
        self.shared.infos.group(group).map(|g| g.destination)
    }

    fn group_of(&self, change: &Change) -> Option<GroupId> {
        match change {
            Change::GroupState { id, .. }
            | Change::GroupCancelled { id, .. }
            | Change::GroupTold { id, .. } => Some(*id),
            of_a_file => of_a_file
                .file()
                .and_then(|f| self.shared.infos.file(f))
                .map(|i| i.group),
        }
    }

    fn check(&self, files: Vec<FileId>) {
        let paths = files
            .iter()
            .map(|id| {
                let info = self.shared.infos.file(*id);
                let strict = info
                    .as_ref()
                    .filter(|i| self.shared.watches.has_group(i.group))
                    .map(|i| i.fingerprint);
                (*id, info, strict)
            })
            .collect();
        self.spawn(move |shared| async move {
            let looked = tokio::task::spawn_blocking(move || io::check(&shared.infos, paths)).await;
            // Each file gets its answer, or it would be waited for without an end (I32).
            let files = looked.unwrap_or_else(|e| {
                let failure = Failure::new(ErrorCode::Internal, e.to_string());
                files.into_iter().map(|id| (id, Err(failure.clone()))).collect()
            });
            Message::Event(Event::Checked { files })
        });
    }

    fn put(&mut self, file: FileId, part: PartRange, put: PutId, buffer: Option<BufferId>) {
        if self.cut.remove(&put) {
            return;
        }
        let ready = self
            .urls
            .remove(&(file, part.number))
            .zip(self.shared.infos.file(file));
        let body = match buffer {
            Some(b) => self.buffers.get(&b).cloned().map(PartBody::Memory),
            None => self.sources.get(&file).map(|s| PartBody::Stream {
                len: part.len,
                stream: s.stream(part),
            }),
        };
        let (Some((url, info)), Some(body)) = (ready, body) else {
            // Cancelled between the commit and now: the machine knows, and ignores the answer.
            let event = Event::PutDone {
                file,
                n: part.number,
                put,
                result: Err(Failure::new(ErrorCode::UrlExpired, "no URL in hand")),
            };
            return self.tell(event);
        };
        let shared = Arc::clone(&self.shared);
        let group: GroupId = info.group;
        let task = self.shared.tasks.spawn(async move {
            let result = io::put(&shared, group, url, body).await;
            let result = source_missed(&shared, info, result).await;
            shared
                .event(Event::PutDone {
                    file,
                    n: part.number,
                    put,
                    result,
                })
                .await;
        });
        self.puts.insert(put, task.abort_handle());
    }

    fn spawn<F, Fut>(&self, work: F)
    where
        F: FnOnce(Arc<Shared>) -> Fut + Send + 'static,
        Fut: Future<Output = Message> + Send + 'static,
    {
        let shared = Arc::clone(&self.shared);
        self.shared.tasks.spawn(async move {
            let stop = shared.stop.clone();
            let message = tokio::select! {
                biased;
                () = stop.cancelled() => return,
                message = work(Arc::clone(&shared)) => message,
            };
            let _ = shared.messages.send(message).await;
        });
    }
}

/// A PUT reads a large part while it sends it: when the source is what failed, its disk may be what is missing.
async fn source_missed<T: Send + 'static>(
    shared: &Arc<Shared>,
    info: Arc<FileInfo>,
    result: Result<T, Failure>,
) -> Result<T, Failure> {
    match result {
        Err(failure) if matches!(failure.code, ErrorCode::FileMissing | ErrorCode::ReadError) => {
            let (shared, told) = (Arc::clone(shared), failure.clone());
            let look = tokio::task::spawn_blocking(move || {
                shared.infos.with_its_disk(told, &info.path, &info.fingerprint)
            });
            Err(look.await.unwrap_or(failure))
        }
        result => result,
    }
}
