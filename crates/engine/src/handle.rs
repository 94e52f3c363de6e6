//! The one door to a running engine. Cheap to clone; all of it may be called from any task.
//!
//! What a person wants is written in the queue first and told to the machine after: a crash in between loses nothing, for
//! the next launch reads the queue.

use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::broadcast;
use windlass_core::error::{ErrorCode, Failure};
use windlass_core::ids::{DestinationId, FileId, GroupId};
use windlass_core::machine::{Event, Notice};
use windlass_core::states::{FileState, Intent};

use crate::preflight::Preflight;
use crate::shell::Shared;
use crate::summary::{GroupEnd, Summary};
use crate::view::{
    Delta, DestinationCheck, DestinationView, DiagnosticsSection, ElsewhereGroup, FileDetails, FileError,
    FilePage, Find, FoundFiles, HistoryAsk, HistoryDetails, HistoryPage, Insights, NewDestination,
    ReceiptForm, ReceiptPage, ReceiptView, RelaunchAnswer, SafeView, Snapshot,
};
use crate::{
    choices, chosen, clock, details, diagnostics, groups, history, insights, intake, launch, places,
    preflight, receipts, safe, server,
};

/// How files came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// Dropped on the window.
    Drop,
    /// Chosen in a dialog.
    Dialog,
    /// Pasted.
    Paste,
    /// By the command line.
    Cli,
    /// Given by the desktop.
    OpenWith,
}

impl Origin {
    pub(crate) const fn stored(self) -> windlass_queue::groups::Origin {
        use windlass_queue::groups::Origin as Stored;
        match self {
            Self::Drop => Stored::Drop,
            Self::Dialog => Stored::Dialog,
            Self::Paste => Stored::Paste,
            Self::Cli => Stored::Cli,
            Self::OpenWith => Stored::OpenWith,
        }
    }
}

/// Paths to take in.
#[derive(Debug, Clone)]
pub struct AddPaths {
    /// Absolute paths of files and folders.
    pub paths: Vec<PathBuf>,
    /// Into this group; `None`: a new one.
    pub group: Option<GroupId>,
    /// Name of a new group; `None`: made from the paths.
    pub name: Option<String>,
    /// Where a new group goes; `None`: the default destination.
    pub destination: Option<DestinationId>,
    /// How they came.
    pub origin: Origin,
    /// The id of a new group, made by who asks: the same question put again, because its answer was lost, is the same
    /// group. `None`: nobody will ask again.
    pub id: Option<GroupId>,
}

/// What an action is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Everything.
    App,
    /// A group.
    Group(GroupId),
    /// A file.
    File(FileId),
}

/// Rows of a group that a window shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowRange {
    /// Group.
    pub group: GroupId,
    /// First position.
    pub offset: u32,
    /// Rows.
    pub limit: u32,
    /// Only what this finds; positions count what is found then.
    pub find: Option<Find>,
}

/// What of the given files is left out of the group, by the person's answer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Leave {
    /// What was proved there before and is unchanged.
    pub unchanged: bool,
    /// What can't be sent: unreadable, too large, links, names that can't be used.
    pub troubled: bool,
}

/// Files that a person chose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Chosen {
    /// Those that stand from one place on up to another, several times.
    Places(Vec<(u32, u32)>),
    /// All that this finds.
    Found(Find),
}

/// What is done with chosen files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileAct {
    /// Hold.
    Pause,
    /// Go on, where it was paused.
    Resume,
    /// Again, where it failed.
    Retry,
    /// Leave out.
    Cancel,
}

/// Something to tell the person outside of the window, once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// The group.
    pub group: GroupId,
    /// Its name.
    pub name: String,
    /// What.
    pub notice: Notice,
    /// Files proved.
    pub done: u64,
    /// Files that need a person.
    pub failed: u64,
    /// Files left out.
    pub rejected: u64,
}

/// What asking the storage again found.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct VerifyReport {
    /// Files asked about.
    pub checked: u64,
    /// Those whose proof does not hold any more, by path.
    pub failed: Vec<(String, FileError)>,
}

/// See the module.
#[derive(Clone)]
pub struct EngineHandle {
    pub(crate) shared: Arc<Shared>,
}

impl std::fmt::Debug for EngineHandle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EngineHandle").finish_non_exhaustive()
    }
}

impl EngineHandle {
    /// All that a window needs; deltas from the next number on follow on [`Self::deltas`].
    ///
    /// # Errors
    /// When the queue can't be read.
    pub async fn snapshot(&self) -> Result<Snapshot, Failure> {
        self.shared.deltas.snapshot(&self.shared).await
    }

    /// Changes from now on. One who lags gets an error there, and asks for a snapshot again.
    #[must_use]
    pub fn deltas(&self) -> broadcast::Receiver<Arc<Delta>> {
        self.shared.deltas.subscribe()
    }

    /// Ends of groups, to be told outside of the window.
    #[must_use]
    pub fn told(&self) -> broadcast::Receiver<Told> {
        self.shared.told.subscribe()
    }

    /// Takes paths in. Returns when the group and the paths are written down; the walk goes on behind, and what it finds is
    /// sent as it is found.
    ///
    /// # Errors
    /// `group_closed` for a group that ended; `not_found`; errors of the queue.
    pub async fn add_paths(&self, add: AddPaths) -> Result<GroupId, Failure> {
        intake::add(&self.shared, add).await
    }

    /// File rows of a group, by position.
    ///
    /// # Errors
    /// When the queue can't be read.
    pub async fn list_files(&self, group: GroupId, offset: u32, limit: u32) -> Result<FilePage, Failure> {
        self.shared
            .deltas
            .page(
                &self.shared,
                RowRange {
                    group,
                    offset,
                    limit,
                    find: None,
                },
            )
            .await
    }

    /// Files of a group that a search finds, by place.
    ///
    /// # Errors
    /// When the queue can't be read.
    pub async fn list_found(&self, range: RowRange) -> Result<FilePage, Failure> {
        self.shared.deltas.page(&self.shared, range).await
    }

    /// The rows that the window shows now: deltas carry their changes. Replaces what was said before.
    ///
    /// # Errors
    /// When the queue can't be read.
    pub async fn watch_rows(&self, ranges: Vec<RowRange>) -> Result<Vec<FilePage>, Failure> {
        self.shared.deltas.watch(&self.shared, ranges).await
    }

    /// Looks at paths without taking them in; for a group, or for a new one at the default destination.
    ///
    /// # Errors
    /// `bad_request` for nothing; errors of the queue.
    pub async fn preflight(&self, paths: Vec<PathBuf>, group: Option<GroupId>) -> Result<Preflight, Failure> {
        preflight::begin(&self.shared, paths, group).await
    }

    /// Takes paths in without what is there already, or can't be read, as the person answered the look.
    ///
    /// # Errors
    /// As [`Self::add_paths`].
    pub async fn add_checked(&self, add: AddPaths, leave: Leave) -> Result<GroupId, Failure> {
        intake::add_without(&self.shared, add, leave).await
    }

    /// All that is known of one file: its row, parts from a number on, what happened to it.
    ///
    /// # Errors
    /// `not_found`; errors of the queue.
    pub async fn file_details(&self, file: FileId, from_part: u32) -> Result<FileDetails, Failure> {
        details::of(&self.shared, file, from_part).await
    }

    /// In how many files of each group on the list these words are found.
    ///
    /// # Errors
    /// Errors of the queue.
    pub async fn find_in_groups(&self, text: String) -> Result<Vec<(GroupId, u64)>, Failure> {
        chosen::find_in_groups(&self.shared, text).await
    }

    /// Where a file stands on this computer.
    ///
    /// # Errors
    /// `not_found`; errors of the queue.
    pub async fn source_of(&self, file: FileId) -> Result<PathBuf, Failure> {
        details::source_of(&self.shared, file).await
    }

    /// Pause, go on, cancel or retry chosen files of a group; retry is `Run` on those that failed. Answers how many it reached.
    ///
    /// # Errors
    /// Errors of the queue.
    pub async fn act_on_files(&self, group: GroupId, chosen: Chosen, act: FileAct) -> Result<u64, Failure> {
        chosen::act(&self.shared, group, chosen, act).await
    }

    /// Puts a group before the one that stands at this place of the list: what stands first is sent first.
    ///
    /// # Errors
    /// `not_found`; errors of the queue.
    pub async fn move_group(&self, group: GroupId, place: usize) -> Result<(), Failure> {
        groups::move_to(&self.shared, group, place).await
    }

    /// Pause, go on, cancel.
    ///
    /// # Errors
    /// `not_found`; errors of the queue.
    pub async fn set_intent(&self, scope: Scope, intent: Intent) -> Result<(), Failure> {
        groups::set_intent(&self.shared, scope, intent).await
    }

    /// Has servers do again what they failed to do with files that arrived. Nothing is uploaded. Answers how many files.
    ///
    /// # Errors
    /// What the server answers: `forbidden` when the token does not have the scope `process`.
    pub async fn retry_processing(&self, scope: Scope) -> Result<u64, Failure> {
        server::retry_processing(&self.shared, scope).await
    }

    /// Uploads that other machines began on servers and left for an hour.
    ///
    /// # Errors
    /// What a server answers.
    pub async fn elsewhere(&self) -> Result<Vec<ElsewhereGroup>, Failure> {
        server::elsewhere(&self.shared).await
    }

    /// Gives up what another machine left in a group of a server. Answers how many files.
    ///
    /// # Errors
    /// What the server answers.
    pub async fn discard_elsewhere(
        &self,
        destination: DestinationId,
        group: Option<GroupId>,
    ) -> Result<u64, Failure> {
        server::discard_elsewhere(&self.shared, destination, group).await
    }

    /// Pauses everything until a time, milliseconds since 1970; also over a relaunch. Any other wish for everything ends it.
    ///
    /// # Errors
    /// Errors of the queue.
    pub async fn pause_until(&self, until_ms: i64) -> Result<(), Failure> {
        groups::pause_until(&self.shared, until_ms).await
    }

    /// Tries failed files again, from where they stood; all, or those with one code. Answers how many.
    ///
    /// # Errors
    /// Errors of the queue.
    pub async fn retry(&self, scope: Scope, code: Option<ErrorCode>) -> Result<u64, Failure> {
        groups::retry(&self.shared, scope, code).await
    }

    /// Answers the relaunch report for one group or for all.
    ///
    /// # Errors
    /// `not_found` when the report has no such question; errors of the queue.
    pub async fn answer_relaunch(
        &self,
        group: Option<GroupId>,
        answer: RelaunchAnswer,
    ) -> Result<(), Failure> {
        launch::answer(&self.shared, group, answer).await
    }

    /// Waits until what the launch found is known for every destination that answers.
    pub async fn relaunch_known(&self) {
        launch::known(&self.shared).await;
    }

    /// Gives a group another name. Objects keep theirs.
    ///
    /// # Errors
    /// `invalid_field`, `not_found`; errors of the queue.
    pub async fn rename_group(&self, group: GroupId, name: &str) -> Result<(), Failure> {
        groups::rename(&self.shared, group, name).await
    }

    /// Takes an ended group from the list; its receipts stay.
    ///
    /// # Errors
    /// `state_conflict` while it goes on; errors of the queue.
    pub async fn remove_group(&self, group: GroupId) -> Result<(), Failure> {
        groups::remove(&self.shared, group).await
    }

    /// All destinations.
    ///
    /// # Errors
    /// Errors of the queue.
    pub async fn destinations(&self) -> Result<Vec<DestinationView>, Failure> {
        places::list(&self.shared).await
    }

    /// Tests a destination without saving it.
    ///
    /// # Errors
    /// `invalid_field`; a test that fails is an answer.
    pub async fn test_destination(&self, new: &NewDestination) -> Result<DestinationCheck, Failure> {
        places::test(&self.shared, new).await
    }

    /// Tests a destination and saves it when the test is fine. `ok` in the answer says which.
    ///
    /// # Errors
    /// `invalid_field`; errors of the queue.
    pub async fn add_destination(&self, new: &NewDestination) -> Result<DestinationCheck, Failure> {
        places::add(&self.shared, new).await
    }

    /// Tests a saved destination; when it is fine, what waited for it goes on at once.
    ///
    /// # Errors
    /// `not_found`.
    pub async fn check_destination(&self, id: DestinationId) -> Result<DestinationCheck, Failure> {
        places::check(&self.shared, id).await
    }

    /// What is known of a destination, to be changed; its key is empty.
    ///
    /// # Errors
    /// `not_found`.
    pub async fn destination_form(&self, id: DestinationId) -> Result<NewDestination, Failure> {
        places::form(&self.shared, id).await
    }

    /// Tests and saves a changed destination; without a new key the stored one stays.
    ///
    /// # Errors
    /// `invalid_field`, `not_found`; `state_conflict` for another place while unfinished groups go to this one.
    pub async fn edit_destination(
        &self,
        id: DestinationId,
        new: &NewDestination,
    ) -> Result<DestinationCheck, Failure> {
        places::edit(&self.shared, id, new).await
    }

    /// Gives the token of a server destination back: what goes there waits until somebody signs in again. Answers whether
    /// the server took it back; where it could not be told, the token is forgotten here alone.
    ///
    /// # Errors
    /// `not_found` for what is no server; as the keyring or the file answers.
    pub async fn sign_out(&self, id: DestinationId) -> Result<bool, Failure> {
        crate::server::sign_out(&self.shared, id).await
    }

    /// Removes a destination.
    ///
    /// # Errors
    /// `state_conflict` while groups go there.
    pub async fn remove_destination(&self, id: DestinationId) -> Result<(), Failure> {
        places::remove(&self.shared, id).await
    }

    /// Makes it the one that a drop uses.
    ///
    /// # Errors
    /// `not_found`; errors of the queue.
    pub async fn set_default_destination(&self, id: DestinationId) -> Result<(), Failure> {
        places::set_default(&self.shared, id).await
    }

    /// The first run is over: with no destination yet, the suggested folder becomes one.
    ///
    /// # Errors
    /// Errors of the queue; a folder that can't be used.
    pub async fn finish_first_run(&self) -> Result<(), Failure> {
        places::finish_first_run(&self.shared).await
    }

    /// The proof of a group.
    ///
    /// # Errors
    /// `not_found`; errors of the queue.
    pub async fn receipt(&self, group: GroupId) -> Result<ReceiptView, Failure> {
        receipts::of_group(&self.shared, group).await
    }

    /// Asks the storage again for every file of the group's receipt.
    ///
    /// # Errors
    /// When nothing could be asked.
    pub async fn verify_group(&self, group: GroupId) -> Result<VerifyReport, Failure> {
        receipts::verify(&self.shared, group).await
    }

    /// A choice of the person. Never a secret.
    ///
    /// # Errors
    /// Errors of the queue.
    pub async fn set_setting(&self, key: &str, value: serde_json::Value) -> Result<(), Failure> {
        choices::set(&self.shared, key, value).await
    }

    /// Forgets all choices. Destinations, groups and receipts stay.
    ///
    /// # Errors
    /// Errors of the queue.
    pub async fn reset_settings(&self) -> Result<(), Failure> {
        choices::reset(&self.shared).await
    }

    /// A page of what ended.
    ///
    /// # Errors
    /// Errors of the queue.
    pub async fn history(&self, ask: HistoryAsk) -> Result<HistoryPage, Failure> {
        history::page(&self.shared, ask).await
    }

    /// Proved files by words of their path or by their checksum, newest first, before a place of the page before.
    ///
    /// # Errors
    /// Errors of the queue.
    pub async fn find_proved(
        &self,
        text: String,
        before: Option<i64>,
        limit: u32,
    ) -> Result<FoundFiles, Failure> {
        history::files(&self.shared, text, before, limit).await
    }

    /// A group of the history in full, without the lines of its receipt.
    ///
    /// # Errors
    /// `not_found`; errors of the queue.
    pub async fn history_details(&self, group: GroupId) -> Result<HistoryDetails, Failure> {
        history::details(&self.shared, group).await
    }

    /// Lines of a receipt after a place of the page before.
    ///
    /// # Errors
    /// Errors of the queue.
    pub async fn receipt_lines(
        &self,
        group: GroupId,
        after: Option<i64>,
        limit: u32,
    ) -> Result<ReceiptPage, Failure> {
        history::lines(&self.shared, group, after, limit).await
    }

    /// A receipt as a file: its name and its bytes.
    ///
    /// # Errors
    /// `not_found`; errors of the queue.
    pub async fn export_receipt(
        &self,
        group: GroupId,
        form: ReceiptForm,
    ) -> Result<(String, Vec<u8>), Failure> {
        receipts::export(&self.shared, group, form).await
    }

    /// Whether the originals of a group may be deleted. Reads the originals' metadata; deletes nothing.
    ///
    /// # Errors
    /// `not_found`; errors of the queue.
    pub async fn safe_to_delete(&self, group: GroupId) -> Result<SafeView, Failure> {
        safe::of_group(&self.shared, group).await
    }

    /// The originals of a group once more, as a new group.
    ///
    /// # Errors
    /// `not_found` when none of them is known; errors of the queue.
    pub async fn upload_again(&self, group: GroupId) -> Result<GroupId, Failure> {
        intake::again(&self.shared, group).await
    }

    /// Figures of the hours up to now.
    ///
    /// # Errors
    /// Errors of the queue.
    pub async fn insights(
        &self,
        hours: u32,
        destination: Option<DestinationId>,
    ) -> Result<Insights, Failure> {
        insights::of(&self.shared, hours, destination).await
    }

    /// What may help another person to help. Nothing of it names a file, a person, an address or a secret.
    ///
    /// # Errors
    /// Errors of the queue.
    pub async fn diagnostics(&self) -> Result<Vec<DiagnosticsSection>, Failure> {
        diagnostics::bundle(&self.shared).await
    }

    /// Counts of a group, and what this run sent for it.
    ///
    /// # Errors
    /// `not_found`; errors of the queue.
    pub async fn summary(&self, group: GroupId) -> Result<Summary, Failure> {
        groups::summary(&self.shared, group).await
    }

    /// Waits until the group ended, needs a person, is paused, or the engine stops.
    ///
    /// # Errors
    /// `not_found`; errors of the queue.
    pub async fn wait_group(&self, group: GroupId) -> Result<GroupEnd, Failure> {
        groups::wait(&self.shared, group).await
    }

    /// Ends the engine: nothing new is begun, parts in flight get 5 s, the queue is closed cleanly. What is unfinished goes on
    /// next time.
    pub async fn shutdown(&self) {
        crate::start::shutdown(&self.shared).await;
    }

    /// Tells the machine that a file's intent changed.
    pub(crate) async fn tell_file(
        shared: &Arc<Shared>,
        id: FileId,
        group: GroupId,
        state: FileState,
        intent: Intent,
    ) {
        shared
            .event(Event::FileIntent {
                id,
                group,
                state,
                intent,
            })
            .await;
    }

    /// A folder that may be offered as the first destination.
    #[must_use]
    pub fn suggested_folder(&self) -> PathBuf {
        self.shared.suggested_folder.clone()
    }

    /// Now, as the engine counts it.
    #[must_use]
    pub fn now_ms(&self) -> i64 {
        clock::now().as_millis()
    }
}
impl EngineHandle {
    /// The machine as text, for diagnostics.
    pub async fn dump(&self) -> String {
        self.shared
            .inspect(|m| format!("{m:#?}"))
            .await
            .unwrap_or_default()
    }
}
