//! The asker's side of the socket: the same doors as `EngineHandle`, in another program.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use serde::de::DeserializeOwned;
use tokio::io::BufReader;
use tokio::net::UnixStream;
use tokio::sync::mpsc;
use windlass_core::error::{ErrorCode, Failure};
use windlass_core::ids::{DestinationId, GroupId};
use windlass_core::states::{BlockedReason, Intent};

use super::address::Address;
use super::line;
use super::watch::WatchEvent;
use super::wire::{Answer, Ask, Paths, Question, VERSION};
use crate::handle::{AddPaths, Scope, VerifyReport};
use crate::home::Home;
use crate::summary::Summary;
use crate::view::{
    DestinationCheck, DestinationView, ElsewhereGroup, FilePage, FoundFiles, HistoryAsk, HistoryPage,
    NewDestination, ProvedAsk, ReceiptLine, ReceiptView, RelaunchAnswer, Snapshot,
};

/// A question that the queue answers.
pub(super) const QUICK: Duration = Duration::from_secs(60);
/// A question that a storage answers.
pub(super) const SLOW: Duration = Duration::from_secs(1_800);
/// Events that a slow reader may be behind before the owner waits for it.
const BEHIND: usize = 64;

/// Why a question got no good answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// The owner ended before it answered: what was asked counts as not done. Take the folder, do it.
    #[error("the running Windlass ended")]
    Gone,
    /// The owner answered, or does not answer.
    #[error(transparent)]
    Failed(#[from] Failure),
}

/// A way to ask the owner of a data folder. Each question is a connection of its own.
#[derive(Debug, Clone)]
pub struct Client {
    folder: PathBuf,
    pid: u32,
}

impl Client {
    /// Finds the owner.
    ///
    /// # Errors
    /// [`CallError::Gone`] when nobody serves the socket (just now); `upgrade_required` when the owner is of another age;
    /// `already_running` when it does not answer.
    pub async fn connect(home: &Home) -> Result<Self, CallError> {
        let mut client = Self {
            folder: home.dir().to_owned(),
            pid: 0,
        };
        client.pid = client.ask(Ask::Hello, Duration::from_secs(10)).await?;
        Ok(client)
    }

    /// The owner's process.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// See `EngineHandle::snapshot`.
    ///
    /// # Errors
    /// See [`CallError`]; the same for all questions.
    pub async fn snapshot(&self) -> Result<Snapshot, CallError> {
        self.ask(Ask::Snapshot, QUICK).await
    }

    /// See `EngineHandle::add_paths`: the answer comes when the paths are written down.
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn add_paths(&self, add: &AddPaths) -> Result<GroupId, CallError> {
        self.ask(Ask::AddPaths(Paths::new(add)), QUICK).await
    }

    /// See `EngineHandle::list_files`.
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn list_files(&self, group: GroupId, offset: u32, limit: u32) -> Result<FilePage, CallError> {
        self.ask(Ask::ListFiles { group, offset, limit }, QUICK).await
    }

    /// See `EngineHandle::set_intent`.
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn set_intent(&self, scope: Scope, intent: Intent) -> Result<(), CallError> {
        self.ask(
            Ask::SetIntent {
                scope: scope.into(),
                intent,
            },
            QUICK,
        )
        .await
    }

    /// See `EngineHandle::go_anyway`.
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn go_anyway(&self, scope: Scope, reason: Option<BlockedReason>) -> Result<u64, CallError> {
        self.ask(
            Ask::GoAnyway {
                scope: scope.into(),
                reason,
            },
            QUICK,
        )
        .await
    }

    /// See `EngineHandle::retry`.
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn retry(&self, scope: Scope, code: Option<ErrorCode>) -> Result<u64, CallError> {
        self.ask(
            Ask::Retry {
                scope: scope.into(),
                code,
            },
            QUICK,
        )
        .await
    }

    /// See `EngineHandle::answer_relaunch`.
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn answer_relaunch(
        &self,
        group: Option<GroupId>,
        answer: RelaunchAnswer,
    ) -> Result<(), CallError> {
        self.ask(Ask::AnswerRelaunch { group, answer }, SLOW).await
    }

    /// See `EngineHandle::relaunch_known`.
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn relaunch_known(&self) -> Result<(), CallError> {
        self.ask(Ask::RelaunchKnown, SLOW).await
    }

    /// See `EngineHandle::destinations`.
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn destinations(&self) -> Result<Vec<DestinationView>, CallError> {
        self.ask(Ask::Destinations, QUICK).await
    }

    /// See `EngineHandle::test_destination`.
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn test_destination(&self, new: &NewDestination) -> Result<DestinationCheck, CallError> {
        self.ask(Ask::TestDestination(new.clone()), SLOW).await
    }

    /// See `EngineHandle::add_destination`.
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn add_destination(&self, new: &NewDestination) -> Result<DestinationCheck, CallError> {
        self.ask(Ask::AddDestination(new.clone()), SLOW).await
    }

    /// See `EngineHandle::check_destination`.
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn check_destination(&self, id: DestinationId) -> Result<DestinationCheck, CallError> {
        self.ask(Ask::CheckDestination(id), SLOW).await
    }

    /// See `EngineHandle::destination_form`.
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn destination_form(&self, id: DestinationId) -> Result<NewDestination, CallError> {
        self.ask(Ask::DestinationForm(id), QUICK).await
    }

    /// See `EngineHandle::edit_destination`.
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn edit_destination(
        &self,
        id: DestinationId,
        new: &NewDestination,
    ) -> Result<DestinationCheck, CallError> {
        self.ask(Ask::EditDestination(id, new.clone()), SLOW).await
    }

    /// See `EngineHandle::sign_out`.
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn sign_out(&self, id: DestinationId) -> Result<bool, CallError> {
        self.ask(Ask::SignOut(id), SLOW).await
    }

    /// See `EngineHandle::retry_processing`.
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn retry_processing(&self, scope: Scope) -> Result<u64, CallError> {
        self.ask(Ask::RetryProcessing(scope.into()), SLOW).await
    }

    /// See `EngineHandle::elsewhere`.
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn elsewhere(&self) -> Result<Vec<ElsewhereGroup>, CallError> {
        self.ask(Ask::Elsewhere, SLOW).await
    }

    /// See `EngineHandle::discard_elsewhere`.
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn discard_elsewhere(
        &self,
        destination: DestinationId,
        group: Option<GroupId>,
    ) -> Result<u64, CallError> {
        self.ask(Ask::DiscardElsewhere { destination, group }, SLOW).await
    }

    /// See `EngineHandle::remove_destination`.
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn remove_destination(&self, id: DestinationId) -> Result<(), CallError> {
        self.ask(Ask::RemoveDestination(id), QUICK).await
    }

    /// See `EngineHandle::set_default_destination`.
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn set_default_destination(&self, id: DestinationId) -> Result<(), CallError> {
        self.ask(Ask::SetDefaultDestination(id), QUICK).await
    }

    /// See `EngineHandle::summary`: what the owner sent since it started.
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn summary(&self, group: GroupId) -> Result<Summary, CallError> {
        self.ask(Ask::Summary(group), QUICK).await
    }

    /// See `EngineHandle::receipt`.
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn receipt(&self, group: GroupId) -> Result<ReceiptView, CallError> {
        let mut lines: Vec<ReceiptLine> = Vec::new();
        let each = |answer| {
            if let Answer::Lines(more) = answer {
                lines.extend(more);
            }
        };
        let mut receipt: ReceiptView = self.ask_each(Ask::Receipt(group), QUICK, each).await?;
        receipt.lines = lines;
        Ok(receipt)
    }

    /// See `EngineHandle::history`.
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn history(&self, ask: HistoryAsk) -> Result<HistoryPage, CallError> {
        self.ask(Ask::History(ask), QUICK).await
    }

    /// See `EngineHandle::find_proved`.
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn find_proved(&self, ask: ProvedAsk) -> Result<FoundFiles, CallError> {
        self.ask(Ask::FindProved(ask), QUICK).await
    }

    /// See `EngineHandle::verify_group`.
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn verify_group(&self, group: GroupId) -> Result<VerifyReport, CallError> {
        let mut failed = Vec::new();
        let each = |answer| {
            if let Answer::Doubts(more) = answer {
                failed.extend(more);
            }
        };
        let checked = self.ask_each(Ask::Verify(group), SLOW, each).await?;
        Ok(VerifyReport { checked, failed })
    }

    /// See [`super::watch`].
    ///
    /// # Cancel safety
    /// Dropping the receiver ends the watch; the groups go on.
    #[must_use]
    pub fn watch(&self, groups: Vec<GroupId>) -> mpsc::Receiver<Result<WatchEvent, CallError>> {
        let (send, receive) = mpsc::channel(BEHIND);
        let client = self.clone();
        tokio::spawn(async move {
            let watched = tokio::select! {
                watched = client.watched(groups, &send) => watched,
                () = send.closed() => Ok(()),
            };
            if let Err(e) = watched {
                let _ = send.send(Err(e)).await;
            }
        });
        receive
    }

    async fn watched(
        &self,
        groups: Vec<GroupId>,
        send: &mpsc::Sender<Result<WatchEvent, CallError>>,
    ) -> Result<(), CallError> {
        let mut from = tokio::time::timeout(QUICK, self.say(Ask::Watch(groups)))
            .await
            .map_err(|_| self.silent())??;
        loop {
            let event = match line::read::<Answer>(&mut from).await {
                Ok(Some(Answer::Progress(views))) => WatchEvent::Progress(views),
                Ok(Some(Answer::Notice(notice))) => WatchEvent::Notice(notice),
                Ok(Some(Answer::Ended { group, end })) => WatchEvent::Ended {
                    group,
                    end: end.into(),
                },
                Ok(Some(Answer::Failed(failure))) => return Err(failure.into()),
                Ok(Some(Answer::Done(_))) => return Ok(()),
                other => return Err(unlooked_for(other)),
            };
            if send.send(Ok(event)).await.is_err() {
                return Ok(());
            }
        }
    }

    pub(super) async fn ask<T: DeserializeOwned>(&self, ask: Ask, limit: Duration) -> Result<T, CallError> {
        self.ask_each(ask, limit, |_| ()).await
    }

    /// Asks; what comes before the last line goes to `each`.
    async fn ask_each<T: DeserializeOwned>(
        &self,
        ask: Ask,
        limit: Duration,
        mut each: impl FnMut(Answer),
    ) -> Result<T, CallError> {
        let answered = tokio::time::timeout(limit, async {
            let mut from = self.say(ask).await?;
            loop {
                match line::read::<Answer>(&mut from).await {
                    Ok(Some(Answer::Done(value))) => {
                        let value = serde_json::from_value(value);
                        return value.map_err(|e| Failure::new(ErrorCode::Internal, e.to_string()).into());
                    }
                    Ok(Some(Answer::Failed(failure))) => return Err(CallError::Failed(failure)),
                    Ok(Some(more)) => each(more),
                    other => return Err(unlooked_for(other)),
                }
            }
        });
        answered.await.map_err(|_| self.silent())?
    }

    /// Opens a connection and puts the question. The connection stays open both ways: closing it takes the question back.
    async fn say(&self, ask: Ask) -> Result<BufReader<UnixStream>, CallError> {
        let address = Address::of(&self.folder, "engine.sock").map_err(|e| io_failure(&e))?;
        let mut stream = UnixStream::connect(address.path())
            .await
            .map_err(|e| io_failure(&e))?;
        let owner = stream.peer_cred().map_err(|e| io_failure(&e))?;
        if owner.uid() != rustix::process::geteuid().as_raw() {
            return Err(Failure::new(
                ErrorCode::Forbidden,
                "the socket in the data folder belongs to another user",
            )
            .into());
        }
        line::write(&mut stream, &Question { v: VERSION, ask })
            .await
            .map_err(|e| match e.kind() {
                io::ErrorKind::InvalidData => io_failure(&e),
                _ => CallError::Gone,
            })?;
        Ok(BufReader::new(stream))
    }

    fn silent(&self) -> CallError {
        let who = if self.pid == 0 {
            String::new()
        } else {
            format!(" (process {})", self.pid)
        };
        Failure::new(
            ErrorCode::AlreadyRunning,
            format!("the running Windlass{who} does not answer; nothing was handed over"),
        )
        .into()
    }
}

/// An owner that is not there, ends just now, or is too busy to accept is gone: who asked looks again.
fn io_failure(e: &io::Error) -> CallError {
    use io::ErrorKind as K;
    match e.kind() {
        K::NotFound
        | K::ConnectionRefused
        | K::ConnectionReset
        | K::ConnectionAborted
        | K::NotConnected
        | K::BrokenPipe
        | K::UnexpectedEof
        | K::WouldBlock => CallError::Gone,
        _ => Failure::new(
            ErrorCode::Internal,
            format!("socket of the running Windlass: {e}"),
        )
        .into(),
    }
}

/// The stream ended, broke, or says something that is no answer.
fn unlooked_for(read: io::Result<Option<Answer>>) -> CallError {
    match read {
        Ok(None) => CallError::Gone,
        Ok(Some(_)) => Failure::new(
            ErrorCode::Internal,
            "the running Windlass answered something else",
        )
        .into(),
        Err(e) => io_failure(&e),
    }
}
