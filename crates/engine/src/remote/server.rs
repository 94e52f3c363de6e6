//! The owner's side of the socket.

use std::fs::Permissions;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use tokio::io::{BufReader, BufWriter};
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use windlass_core::error::{ErrorCode, Failure};

use super::address::Address;
use super::line;
use super::watch::{WatchEvent, watch};
use super::wire::{Answer, Ask, PAGE, Question, VERSION};
use crate::handle::EngineHandle;
use crate::home::Home;

/// Questions that are answered at the same time; more wait in the socket's queue.
const AT_ONCE: usize = 64;
/// Who connects says what he wants within this; who asked takes the answer within this.
const PATIENCE: Duration = Duration::from_secs(30);
/// A socket under construction.
const NEW: &str = "engine.sock.new";

/// The socket, as long as it is served. Dropped, the file is gone; who was being answered is cut off.
#[derive(Debug)]
pub struct ServeGuard {
    path: PathBuf,
    stop: CancellationToken,
    tasks: TaskTracker,
    // Holds the lock of the data folder, so that no other owner's socket can be at the path when it is removed.
    _handle: EngineHandle,
}

impl ServeGuard {
    /// Ends it and waits until nobody is being answered.
    pub async fn close(self) {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }
}

impl Drop for ServeGuard {
    fn drop(&mut self) {
        self.stop.cancel();
        self.tasks.close();
        let _ = std::fs::remove_file(&self.path);
    }
}

/// Serves an engine to other programs of this user. Runs inside of tokio.
///
/// # Errors
/// `queue_read_only` when no socket can be made in the data folder. The engine works without one.
pub fn serve(handle: EngineHandle, home: &Home) -> Result<ServeGuard, Failure> {
    let path = home.socket();
    let listener = listen(home)
        .map_err(|e| Failure::new(ErrorCode::QueueReadOnly, format!("{}: {e}", path.display())))?;
    let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
    tasks.spawn(accept(listener, handle.clone(), stop.clone(), tasks.clone()));
    Ok(ServeGuard {
        path,
        stop,
        tasks,
        _handle: handle,
    })
}

/// A socket with its mode and in its place, whatever was there.
fn listen(home: &Home) -> io::Result<UnixListener> {
    let new = Address::of(home.dir(), NEW)?;
    match std::fs::remove_file(new.path()) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(e),
        Ok(()) | Err(_) => {}
    }
    let listener = UnixListener::bind(new.path())?;
    std::fs::set_permissions(new.path(), Permissions::from_mode(0o600))?;
    std::fs::rename(new.path(), home.socket())?;
    Ok(listener)
}

async fn accept(listener: UnixListener, handle: EngineHandle, stop: CancellationToken, tasks: TaskTracker) {
    let places = Arc::new(Semaphore::new(AT_ONCE));
    loop {
        let accepted = tokio::select! {
            accepted = async {
                let place = Arc::clone(&places).acquire_owned().await;
                (listener.accept().await, place)
            } => accepted,
            () = stop.cancelled() => return,
        };
        let (stream, place) = match accepted {
            (Ok((stream, _)), Ok(place)) => (stream, place),
            (Err(e), _) => {
                // Out of descriptors, most likely: others give some back.
                tracing::warn!(error = %e, "a connection could not be accepted");
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
            (_, Err(_)) => return,
        };
        let (handle, stop) = (handle.clone(), stop.clone());
        tasks.spawn(async move {
            let _place = place;
            tokio::select! {
                ended = answer(stream, &handle) => if let Err(e) = ended {
                    tracing::debug!(error = %e, "a connection ended early");
                },
                () = stop.cancelled() => {}
            }
        });
    }
}

/// One question and its answer.
async fn answer(stream: UnixStream, handle: &EngineHandle) -> io::Result<()> {
    if stream.peer_cred()?.uid() != rustix::process::geteuid().as_raw() {
        tracing::warn!("another user asked at the socket");
        return Ok(());
    }
    let (read, write) = stream.into_split();
    let mut from = BufReader::new(read);
    let mut out = Out {
        to: BufWriter::new(write),
    };
    let asked = tokio::time::timeout(PATIENCE, line::read::<Question>(&mut from)).await;
    let question = match asked.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))? {
        Ok(Some(question)) => question,
        Ok(None) => return Ok(()),
        Err(e) => {
            return out
                .failed(Failure::new(ErrorCode::BadRequest, e.to_string()))
                .await;
        }
    };
    if question.v != VERSION {
        let detail = format!(
            "the running Windlass speaks {VERSION} at its socket, this one {}",
            question.v
        );
        return out.failed(Failure::new(ErrorCode::UpgradeRequired, detail)).await;
    }
    if has_left(&from) {
        return Ok(());
    }
    match carry_out(question.ask, handle, &mut out, &mut from).await? {
        Ok(value) => out.line(&Answer::Done(value)).await,
        Err(failure) => out.failed(failure).await,
    }
}

/// True when the asker closed the connection: he counts on nothing being done.
fn has_left(from: &BufReader<OwnedReadHalf>) -> bool {
    from.buffer().is_empty() && matches!(from.get_ref().try_read(&mut [0u8; 1]), Ok(0))
}

/// Ends when the asker closed the connection, or said something in the middle of an answer, which is no use either.
async fn interrupted(from: &BufReader<OwnedReadHalf>) {
    while from.get_ref().readable().await.is_ok() {
        match from.get_ref().try_read(&mut [0u8; 1]) {
            Err(e) if e.kind() == io::ErrorKind::WouldBlock => {}
            Ok(_) | Err(_) => return,
        }
    }
}

struct Out {
    to: BufWriter<OwnedWriteHalf>,
}

impl Out {
    async fn line(&mut self, answer: &Answer) -> io::Result<()> {
        let written = tokio::time::timeout(PATIENCE, line::write(&mut self.to, answer)).await;
        written.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?
    }

    async fn failed(&mut self, failure: Failure) -> io::Result<()> {
        self.line(&Answer::Failed(failure)).await
    }
}

pub(super) type Carried = Result<serde_json::Value, Failure>;

pub(super) fn value(of: impl Serialize) -> Carried {
    serde_json::to_value(of).map_err(|e| Failure::new(ErrorCode::Internal, e.to_string()))
}

async fn carry_out(
    ask: Ask,
    h: &EngineHandle,
    out: &mut Out,
    from: &mut BufReader<OwnedReadHalf>,
) -> io::Result<Carried> {
    Ok(match ask {
        Ask::Hello => value(std::process::id()),
        Ask::Snapshot => h.snapshot().await.and_then(value),
        Ask::AddPaths(paths) => match paths.into_add() {
            Ok(add) => h.add_paths(add).await.and_then(value),
            Err(failure) => Err(failure),
        },
        Ask::ListFiles { group, offset, limit } => h.list_files(group, offset, limit).await.and_then(value),
        Ask::SetIntent { scope, intent } => h.set_intent(scope.into(), intent).await.and_then(value),
        Ask::GoAnyway { scope, reason } => h.go_anyway(scope.into(), reason).await.and_then(value),
        Ask::Retry { scope, code } => h.retry(scope.into(), code).await.and_then(value),
        Ask::AnswerRelaunch { group, answer } => h.answer_relaunch(group, answer).await.and_then(value),
        Ask::RelaunchKnown => {
            h.relaunch_known().await;
            value(())
        }
        Ask::Destinations => h.destinations().await.and_then(value),
        Ask::TestDestination(new) => h.test_destination(&new).await.and_then(value),
        Ask::AddDestination(new) => h.add_destination(&new).await.and_then(value),
        Ask::CheckDestination(id) => h.check_destination(id).await.and_then(value),
        Ask::DestinationForm(id) => h.destination_form(id).await.and_then(value),
        Ask::SignOut(id) => h.sign_out(id).await.and_then(value),
        Ask::EditDestination(id, new) => h.edit_destination(id, &new).await.and_then(value),
        Ask::RetryProcessing(scope) => h.retry_processing(scope.into()).await.and_then(value),
        Ask::Elsewhere => h.elsewhere().await.and_then(value),
        Ask::DiscardElsewhere { destination, group } => {
            h.discard_elsewhere(destination, group).await.and_then(value)
        }
        Ask::RemoveDestination(id) => h.remove_destination(id).await.and_then(value),
        Ask::SetDefaultDestination(id) => h.set_default_destination(id).await.and_then(value),
        Ask::Summary(group) => h.summary(group).await.and_then(value),
        Ask::History(ask) => h.history(ask).await.and_then(value),
        Ask::FindProved(ask) => h.find_proved(ask).await.and_then(value),
        Ask::Receipt(group) => match h.receipt(group).await {
            Ok(mut receipt) => {
                let mut lines = std::mem::take(&mut receipt.lines);
                while !lines.is_empty() {
                    let rest = lines.split_off(lines.len().min(PAGE));
                    out.line(&Answer::Lines(std::mem::replace(&mut lines, rest)))
                        .await?;
                }
                value(receipt)
            }
            Err(failure) => Err(failure),
        },
        Ask::Verify(group) => match h.verify_group(group).await {
            Ok(mut report) => {
                while !report.failed.is_empty() {
                    let rest = report.failed.split_off(report.failed.len().min(PAGE));
                    out.line(&Answer::Doubts(std::mem::replace(&mut report.failed, rest)))
                        .await?;
                }
                value(report.checked)
            }
            Err(failure) => Err(failure),
        },
        Ask::Folders(ask) => super::folders::answer(ask, h).await,
        Ask::Groups(ask) => super::groups::answer(ask, h).await,
        Ask::Watch(groups) => return watched(h, groups, out, from).await,
    })
}

/// Tells what a watch tells, until it ends or nobody listens.
async fn watched(
    h: &EngineHandle,
    groups: Vec<windlass_core::ids::GroupId>,
    out: &mut Out,
    from: &mut BufReader<OwnedReadHalf>,
) -> io::Result<Carried> {
    let mut events = watch(h, groups);
    loop {
        let event = tokio::select! {
            event = events.recv() => event,
            () = interrupted(from) => return Err(io::ErrorKind::BrokenPipe.into()),
        };
        match event {
            Some(Ok(WatchEvent::Progress(groups))) => out.line(&Answer::Progress(groups)).await?,
            Some(Ok(WatchEvent::Notice(notice))) => out.line(&Answer::Notice(notice)).await?,
            Some(Ok(WatchEvent::Ended { group, end })) => {
                out.line(&Answer::Ended {
                    group,
                    end: end.into(),
                })
                .await?;
            }
            Some(Err(failure)) => return Ok(Err(failure)),
            None => return Ok(value(())),
        }
    }
}
