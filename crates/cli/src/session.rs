//! A command's way to an engine: its own, when the data folder is free, else that of the program which has it.
//!
//! Born by [`Session::open`]. When the program that was asked ends before it answered, the folder becomes free: the session
//! takes it, or asks who took it, and puts the same question again (F189). Ended by [`Session::close`]: an engine of
//! its own stops in order and the queue is closed; somebody else's goes on.

use std::time::Duration;

use tokio::sync::mpsc;
use windlass_core::error::{ErrorCode, Failure};
use windlass_core::ids::{DestinationId, GroupId};
use windlass_core::names::shown;
use windlass_core::states::Intent;
use windlass_engine::home::HomeLock;
use windlass_engine::remote::{CallError, Client, ServeGuard, WatchEvent};
use windlass_engine::view::{
    DestinationCheck, DestinationView, ElsewhereGroup, FilePage, FoundFiles, HistoryAsk, HistoryPage,
    NewDestination, ProvedAsk, ReceiptView, RelaunchAnswer, Snapshot,
};
use windlass_engine::{AddPaths, EngineConfig, EngineHandle, Scope, Summary, VerifyReport};
use windlass_server::embedded::{Embedded, EmbeddedConfig};

use crate::exit::{Exit, Trouble};
use crate::place::Place;
use crate::stop::Stop;

/// How long a folder may be taken by a program that can't be asked. Verbs that take a moment have no socket.
const TAKEN: Duration = Duration::from_secs(30);
/// Between two looks.
const LOOK: Duration = Duration::from_millis(50);

/// Who is asked.
#[derive(Debug)]
enum Backend {
    Own(Own),
    Remote(Client),
}

/// An engine of this command.
struct Own {
    handle: EngineHandle,
    server: Embedded,
    served: Option<ServeGuard>,
}

impl std::fmt::Debug for Own {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Own")
            .field("served", &self.served.is_some())
            .finish_non_exhaustive()
    }
}

/// How long this command keeps the folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keeps {
    /// A moment: others wait for it.
    Briefly,
    /// As long as the upload takes: others may hand their work over.
    Open,
}

/// See the module.
#[derive(Debug)]
pub struct Session {
    place: Place,
    keeps: Keeps,
    stop: Stop,
    backend: Backend,
}

/// Asks the backend; asks again when the other program ended meanwhile.
macro_rules! ask {
    ($session:ident, $method:ident($($argument:expr),*)) => {
        loop {
            let answer = match &$session.backend {
                Backend::Own(own) => own.handle.$method($($argument),*).await.map_err(CallError::Failed),
                Backend::Remote(client) => client.$method($($argument),*).await,
            };
            match answer {
                Ok(value) => break Ok(value),
                Err(CallError::Failed(failure)) => break Err(failure),
                Err(CallError::Gone) => $session.again().await?,
            }
        }
    };
}

mod folders;
mod groups;

/// Says what this start found: a queue that was set aside is never silently gone (I14).
async fn tell_notices(handle: &EngineHandle) {
    let notices = handle.snapshot().await.map(|s| s.notices).unwrap_or_default();
    for n in notices {
        let (number, word, text) = (n.code.label(), n.code.as_str(), n.code.text());
        crate::output::Output::new(false).tell(format!("{number} {word} {text}\n    {}", shown(&n.detail)));
    }
}

/// What is given to an engine of this command goes over no network, and from no battery, of which nothing is known yet. Whoever
/// gets a signal meanwhile hears it at the next step, and ends in order.
async fn hear_system(backend: &Backend, stop: &Stop) {
    if let Backend::Own(own) = backend {
        tokio::select! {
            () = own.handle.system_known() => {}
            () = stop.asked() => {}
        }
    }
}

impl Session {
    /// Takes the data folder, or finds who has it.
    ///
    /// # Errors
    /// When it can't be used; when who has it does not answer; when a signal came meanwhile.
    pub async fn open(place: &Place, keeps: Keeps, stop: &Stop) -> Result<Self, Trouble> {
        let backend = tokio::select! {
            backend = reach(place, keeps) => backend?,
            () = stop.asked() => return Err(stopped()),
        };
        if let Backend::Own(own) = &backend {
            tell_notices(&own.handle).await;
        }
        hear_system(&backend, stop).await;
        Ok(Self {
            place: place.clone(),
            keeps,
            stop: stop.clone(),
            backend,
        })
    }

    /// After the other program ended.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub async fn again(&mut self) -> Result<(), Failure> {
        tracing::info!("the program that was asked has ended");
        self.backend = tokio::select! {
            backend = reach(&self.place, self.keeps) => backend?,
            () = self.stop.asked() => return Err(Failure::new(ErrorCode::Cancelled, "stopped by a signal")),
        };
        hear_system(&self.backend, &self.stop).await;
        Ok(())
    }

    /// True when the engine is this command's.
    #[must_use]
    pub fn is_own(&self) -> bool {
        matches!(self.backend, Backend::Own(_))
    }

    /// The process that is asked, when it is another.
    #[must_use]
    pub fn other(&self) -> Option<u32> {
        match &self.backend {
            Backend::Own(_) => None,
            Backend::Remote(client) => Some(client.pid()),
        }
    }

    /// Ends it. What is unfinished goes on next time, or in the other program.
    pub async fn close(self) {
        match self.backend {
            Backend::Own(own) => own.end().await,
            Backend::Remote(_) => {}
        }
    }

    /// See `EngineHandle::snapshot`.
    ///
    /// # Errors
    /// As there; the same for all that follow.
    pub async fn snapshot(&mut self) -> Result<Snapshot, Failure> {
        ask!(self, snapshot())
    }

    /// Hands paths over. They are written down when this returns; until then they are the caller's to keep.
    ///
    /// # Errors
    /// As [`Self::snapshot`].
    pub async fn add_paths(&mut self, add: &AddPaths) -> Result<GroupId, Failure> {
        loop {
            match &self.backend {
                Backend::Own(own) => return own.handle.add_paths(add.clone()).await,
                Backend::Remote(client) => match client.add_paths(add).await {
                    Ok(group) => return Ok(group),
                    Err(CallError::Failed(failure)) => return Err(failure),
                    Err(CallError::Gone) => self.again().await?,
                },
            }
        }
    }

    /// See `EngineHandle::list_files`.
    ///
    /// # Errors
    /// As [`Self::snapshot`].
    pub async fn list_files(&mut self, group: GroupId, offset: u32, limit: u32) -> Result<FilePage, Failure> {
        ask!(self, list_files(group, offset, limit))
    }

    /// See `EngineHandle::set_intent`.
    ///
    /// # Errors
    /// As [`Self::snapshot`].
    pub async fn set_intent(&mut self, scope: Scope, intent: Intent) -> Result<(), Failure> {
        ask!(self, set_intent(scope, intent))
    }

    /// See `EngineHandle::go_anyway`: all reasons that hold now.
    ///
    /// # Errors
    /// As [`Self::snapshot`].
    pub async fn go_anyway(&mut self, scope: Scope) -> Result<u64, Failure> {
        ask!(self, go_anyway(scope, None))
    }

    /// See `EngineHandle::retry`.
    ///
    /// # Errors
    /// As [`Self::snapshot`].
    pub async fn retry(&mut self, scope: Scope, code: Option<ErrorCode>) -> Result<u64, Failure> {
        ask!(self, retry(scope, code))
    }

    /// Lets an interrupted group, or all, go on. One that waits for nothing is no error.
    ///
    /// # Errors
    /// As [`Self::snapshot`].
    pub async fn go_on(&mut self, group: Option<GroupId>) -> Result<(), Failure> {
        let answered: Result<(), Failure> = ask!(self, answer_relaunch(group, RelaunchAnswer::Resume));
        match answered {
            Err(failure) if failure.code == ErrorCode::NotFound => Ok(()),
            other => other,
        }
    }

    /// Waits until what the launch found is known, where this command launched.
    pub async fn relaunch_known(&self) {
        if let Backend::Own(own) = &self.backend {
            own.handle.relaunch_known().await;
        }
    }

    /// See `EngineHandle::destinations`.
    ///
    /// # Errors
    /// As [`Self::snapshot`].
    pub async fn destinations(&mut self) -> Result<Vec<DestinationView>, Failure> {
        ask!(self, destinations())
    }

    /// See `EngineHandle::add_destination`.
    ///
    /// # Errors
    /// As [`Self::snapshot`].
    pub async fn add_destination(&mut self, new: &NewDestination) -> Result<DestinationCheck, Failure> {
        ask!(self, add_destination(new))
    }

    /// See `EngineHandle::check_destination`.
    ///
    /// # Errors
    /// As [`Self::snapshot`].
    pub async fn check_destination(&mut self, id: DestinationId) -> Result<DestinationCheck, Failure> {
        ask!(self, check_destination(id))
    }

    /// See `EngineHandle::destination_form`.
    ///
    /// # Errors
    /// As [`Self::snapshot`].
    pub async fn destination_form(&mut self, id: DestinationId) -> Result<NewDestination, Failure> {
        ask!(self, destination_form(id))
    }

    /// See `EngineHandle::edit_destination`.
    ///
    /// # Errors
    /// As [`Self::snapshot`].
    pub async fn edit_destination(
        &mut self,
        id: DestinationId,
        new: &NewDestination,
    ) -> Result<DestinationCheck, Failure> {
        ask!(self, edit_destination(id, new))
    }

    /// See `EngineHandle::sign_out`.
    ///
    /// # Errors
    /// As [`Self::snapshot`].
    pub async fn sign_out(&mut self, id: DestinationId) -> Result<bool, Failure> {
        ask!(self, sign_out(id))
    }

    /// See `EngineHandle::retry_processing`.
    ///
    /// # Errors
    /// As [`Self::snapshot`].
    pub async fn retry_processing(&mut self, scope: Scope) -> Result<u64, Failure> {
        ask!(self, retry_processing(scope))
    }

    /// See `EngineHandle::elsewhere`.
    ///
    /// # Errors
    /// As [`Self::snapshot`].
    pub async fn elsewhere(&mut self) -> Result<Vec<ElsewhereGroup>, Failure> {
        ask!(self, elsewhere())
    }

    /// See `EngineHandle::discard_elsewhere`.
    ///
    /// # Errors
    /// As [`Self::snapshot`].
    pub async fn discard_elsewhere(
        &mut self,
        destination: DestinationId,
        group: Option<GroupId>,
    ) -> Result<u64, Failure> {
        ask!(self, discard_elsewhere(destination, group))
    }

    /// See `EngineHandle::remove_destination`.
    ///
    /// # Errors
    /// As [`Self::snapshot`].
    pub async fn remove_destination(&mut self, id: DestinationId) -> Result<(), Failure> {
        ask!(self, remove_destination(id))
    }

    /// See `EngineHandle::set_default_destination`.
    ///
    /// # Errors
    /// As [`Self::snapshot`].
    pub async fn set_default_destination(&mut self, id: DestinationId) -> Result<(), Failure> {
        ask!(self, set_default_destination(id))
    }

    /// See `EngineHandle::receipt`.
    ///
    /// # Errors
    /// As [`Self::snapshot`].
    pub async fn receipt(&mut self, group: GroupId) -> Result<ReceiptView, Failure> {
        ask!(self, receipt(group))
    }

    /// See `EngineHandle::history`.
    ///
    /// # Errors
    /// As [`Self::snapshot`].
    pub async fn history(&mut self, of: HistoryAsk) -> Result<HistoryPage, Failure> {
        ask!(self, history(of.clone()))
    }

    /// See `EngineHandle::find_proved`.
    ///
    /// # Errors
    /// As [`Self::snapshot`].
    pub async fn find_proved(&mut self, of: ProvedAsk) -> Result<FoundFiles, Failure> {
        ask!(self, find_proved(of.clone()))
    }

    /// See `EngineHandle::verify_group`.
    ///
    /// # Errors
    /// As [`Self::snapshot`].
    pub async fn verify_group(&mut self, group: GroupId) -> Result<VerifyReport, Failure> {
        ask!(self, verify_group(group))
    }

    /// See `EngineHandle::summary`.
    ///
    /// # Errors
    /// As [`Self::snapshot`].
    pub async fn summary(&mut self, group: GroupId) -> Result<Summary, Failure> {
        ask!(self, summary(group))
    }

    /// Watches groups until each has ended.
    #[must_use]
    pub fn watch(&self, groups: Vec<GroupId>) -> Watch {
        match &self.backend {
            Backend::Own(own) => Watch::Own(windlass_engine::remote::watch(&own.handle, groups)),
            Backend::Remote(client) => Watch::Remote(client.watch(groups)),
        }
    }
}

/// Events of groups on their way.
#[derive(Debug)]
pub enum Watch {
    /// Of an engine of this command.
    Own(mpsc::Receiver<Result<WatchEvent, Failure>>),
    /// Of another program's.
    Remote(mpsc::Receiver<Result<WatchEvent, CallError>>),
}

impl Watch {
    /// The next; `None` after the last.
    pub async fn next(&mut self) -> Option<Result<WatchEvent, CallError>> {
        match self {
            Self::Own(events) => events.recv().await.map(|e| e.map_err(CallError::Failed)),
            Self::Remote(events) => events.recv().await,
        }
    }
}

/// The trouble of a command that a signal ended before it began.
#[must_use]
pub fn stopped() -> Trouble {
    Trouble {
        exit: Exit::Stopped,
        ..Trouble::new(ErrorCode::Cancelled, "Stopped by a signal; nothing was begun.")
    }
}

async fn reach(place: &Place, keeps: Keeps) -> Result<Backend, Failure> {
    let mut looked = Duration::ZERO;
    loop {
        let owned = match place.home.lock() {
            Ok(lock) => Own::start(lock, place, keeps).await,
            Err(failure) => Err(failure),
        };
        let taken = match owned {
            Ok(own) => return Ok(Backend::Own(own)),
            // The folder, or the ledger in it: who ends gives back one after the other.
            Err(failure) if failure.code == ErrorCode::AlreadyRunning => failure,
            Err(failure) => return Err(failure),
        };
        match Client::connect(&place.home).await {
            Ok(client) => return Ok(Backend::Remote(client)),
            Err(CallError::Failed(failure)) => return Err(failure),
            // Starting, ending, or a verb of a moment.
            Err(CallError::Gone) if looked < TAKEN => {
                tokio::time::sleep(LOOK).await;
                looked += LOOK;
            }
            Err(CallError::Gone) => return Err(taken),
        }
    }
}

impl Own {
    async fn start(lock: HomeLock, place: &Place, keeps: Keeps) -> Result<Self, Failure> {
        let server = windlass_server::embedded::start(EmbeddedConfig {
            home: place.home.dir().to_owned(),
        })
        .await?;
        let config = EngineConfig {
            lock,
            control: server.endpoint(),
            tokens: server.tokens(),
            suggested_folder: place.suggested.clone(),
            follow_system: keeps == Keeps::Open,
            machine: windlass_core::machine::Config::default(),
        };
        let handle = match windlass_engine::start(config).await {
            Ok(handle) => handle,
            Err(failure) => {
                end_server(server).await;
                return Err(failure);
            }
        };
        let served = match keeps {
            Keeps::Briefly => None,
            Keeps::Open => match windlass_engine::remote::serve(handle.clone(), &place.home) {
                Ok(guard) => Some(guard),
                Err(failure) => {
                    // Others then wait for the folder instead of handing their work over.
                    tracing::warn!(error = %failure, "no socket for other programs");
                    None
                }
            },
        };
        Ok(Self {
            handle,
            server,
            served,
        })
    }

    async fn end(self) {
        if let Some(served) = self.served {
            served.close().await;
        }
        self.handle.shutdown().await;
        end_server(self.server).await;
    }
}

async fn end_server(server: Embedded) {
    if let Err(failure) = server.shutdown().await {
        tracing::warn!(error = %failure, "the ledger was not closed cleanly");
    }
}
