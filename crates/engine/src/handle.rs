//! The one door to a running engine. Cheap to clone; all of it may be called from any task.
//!
//! What a person wants is written in the queue first and told to the machine after: a crash in between loses nothing, for
//! the next launch reads the queue.

mod asks;
mod conditions;
mod destinations;
mod groups;
mod history;

use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::broadcast;
use windlass_core::error::{ErrorCode, Failure};
use windlass_core::ids::{DestinationId, FileId, GroupId};
use windlass_core::machine::Event;
use windlass_core::states::{FileState, Intent};

pub use asks::{AddPaths, Chosen, FileAct, Leave, LookFor, Origin, RowRange, Scope, Told, VerifyReport};

use crate::preflight::Preflight;
use crate::shell::Shared;
use crate::summary::{GroupEnd, Summary};
use crate::view::{Delta, ElsewhereGroup, FileDetails, FilePage, RelaunchAnswer, Snapshot};
use crate::{choices, chosen, clock, details, intake, launch, preflight, server};

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

    /// Looks at paths without taking them in; for a group, or for a new one.
    ///
    /// # Errors
    /// `bad_request` for nothing; errors of the queue.
    pub async fn preflight(&self, paths: Vec<PathBuf>, to: LookFor) -> Result<Preflight, Failure> {
        preflight::begin(&self.shared, paths, to).await
    }

    /// Takes paths in without what the person left out when answering the look.
    ///
    /// # Errors
    /// As [`Self::add_paths`].
    pub async fn add_checked(&self, add: AddPaths, leave: Leave) -> Result<GroupId, Failure> {
        intake::add_without(&self.shared, add, leave).await
    }

    /// As [`Self::add_checked`], as several new groups: one for each folder in the only thing that was given, or of the things.
    ///
    /// # Errors
    /// As there; `bad_request` for a group that is there.
    pub async fn add_split(&self, add: AddPaths, leave: Leave) -> Result<Vec<GroupId>, Failure> {
        intake::add_split(&self.shared, add, leave).await
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
        crate::groups::move_to(&self.shared, group, place).await
    }

    /// Pause, go on, cancel.
    ///
    /// # Errors
    /// `not_found`; errors of the queue.
    pub async fn set_intent(&self, scope: Scope, intent: Intent) -> Result<(), Failure> {
        crate::groups::set_intent(&self.shared, scope, intent).await
    }

    /// Has servers do again what they failed to do with files that arrived. Nothing is uploaded. Answers how many files.
    ///
    /// # Errors
    /// What the server answers: `forbidden` when the token does not have the scope `process`.
    pub async fn retry_processing(&self, scope: Scope) -> Result<u64, Failure> {
        server::retry_processing(&self.shared, scope).await
    }

    /// Has what could not be processed in a group told no more. The rows keep it, and it may be done again all the same.
    ///
    /// # Errors
    /// Errors of the queue.
    pub async fn see_processing(&self, group: GroupId) -> Result<(), Failure> {
        server::see_processing(&self.shared, group).await
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
        crate::groups::pause_until(&self.shared, until_ms).await
    }

    /// Tries failed files again, from where they stood; all, or those with one code. Answers how many.
    ///
    /// # Errors
    /// Errors of the queue.
    pub async fn retry(&self, scope: Scope, code: Option<ErrorCode>) -> Result<u64, Failure> {
        crate::groups::retry(&self.shared, scope, code).await
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
        crate::groups::rename(&self.shared, group, name).await
    }

    /// Takes an ended group from the list; its receipts stay.
    ///
    /// # Errors
    /// `state_conflict` while it goes on; errors of the queue.
    pub async fn remove_group(&self, group: GroupId) -> Result<(), Failure> {
        crate::groups::remove(&self.shared, group).await
    }

    /// A choice of the person, by one of [`SettingKey`](crate::view::SettingKey). Never a secret. Null takes it back: what holds
    /// without a choice holds again.
    ///
    /// # Errors
    /// `invalid_field`; errors of the queue.
    pub async fn set_setting(&self, key: &str, value: serde_json::Value) -> Result<(), Failure> {
        choices::set(&self.shared, key, value).await
    }

    /// Chooses the proxy of all that have none of their own. Acts at once.
    ///
    /// # Errors
    /// `invalid_field` for what is no proxy; as the keyring or the file answers; errors of the queue.
    pub async fn set_proxy(&self, proxy: &crate::view::OwnProxy) -> Result<(), Failure> {
        crate::way::choose(&self.shared, proxy).await
    }

    /// Counts of a group, and what this run sent for it.
    ///
    /// # Errors
    /// `not_found`; errors of the queue.
    pub async fn summary(&self, group: GroupId) -> Result<Summary, Failure> {
        crate::groups::summary(&self.shared, group).await
    }

    /// Waits until the group ended, needs a person, is paused, or the engine stops.
    ///
    /// # Errors
    /// `not_found`; errors of the queue.
    pub async fn wait_group(&self, group: GroupId) -> Result<GroupEnd, Failure> {
        crate::groups::wait(&self.shared, group).await
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

    /// Now, as the engine counts it.
    #[must_use]
    pub fn now_ms(&self) -> i64 {
        clock::now().as_millis()
    }

    /// The machine as text, for diagnostics.
    pub async fn dump(&self) -> String {
        self.shared
            .inspect(|m| format!("{m:#?}"))
            .await
            .unwrap_or_default()
    }
}
