//! The status words of each source, derived from the upload track and the processing track (server model §3). Pure.
//!
//! The upload track decides first; only of a settled file do its jobs say more. The two never change each other.

use windlass_core::states::{FilePartState, GroupState, JobState, SessionState};

/// The type of job that is a source's training.
pub const EMBED: &str = "embed";
/// The type of job that is a file's parsing.
pub const EXTRACT_TEXT: &str = "extract_text";
/// The type of job that only serves deduplication, and that no source has a word for.
pub const VERIFY_HASH: &str = "verify_hash";

/// Why a file has a tombstone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Removed {
    /// A person, or whoever acts for one: user, cancelled, admin.
    OnPurpose,
    /// Its object was found missing or different: mismatch, vanished.
    Lost,
}

/// What the words of a file are derived from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// Its upload track.
    pub state: SessionState,
    /// Its tombstone.
    pub removed: Option<Removed>,
    /// It waits for the same content by another session.
    pub follows: bool,
    /// The newest job of each type; a duplicate has its canonical's.
    pub jobs: Vec<(String, JobState)>,
}

impl Facts {
    /// The newest job of a type.
    #[must_use]
    pub fn job(&self, kind: &str) -> Option<JobState> {
        self.jobs.iter().find(|(k, _)| k == kind).map(|(_, state)| *state)
    }

    fn is_lost(&self) -> bool {
        self.removed == Some(Removed::Lost)
    }

    /// T: `training_sources.status`. A removed source keeps the word of its state.
    #[must_use]
    pub fn training_source(&self) -> &'static str {
        use SessionState as S;
        match self.state {
            _ if self.is_lost() => "upload_failed",
            S::Pending | S::Uploading | S::Verifying => "pending",
            S::Failed | S::Rejected => "upload_failed",
            S::Uploaded | S::Deduplicated => match self.job(EMBED) {
                None | Some(JobState::Cancelled) => "created",
                Some(JobState::Pending | JobState::Sending) => "queued_for_training",
                Some(JobState::Running) => "training",
                Some(JobState::Completed) => "trained",
                Some(JobState::Failed) => "training_failed",
            },
        }
    }

    /// T: `files.status`; no file record before the upload was verified.
    #[must_use]
    pub fn training_file(&self) -> Option<&'static str> {
        use SessionState as S;
        match self.state {
            _ if self.is_lost() => None,
            S::Pending | S::Uploading | S::Verifying | S::Failed | S::Rejected => None,
            S::Uploaded | S::Deduplicated => Some(match self.job(EXTRACT_TEXT) {
                None | Some(JobState::Pending | JobState::Sending | JobState::Cancelled) => "uploaded",
                Some(JobState::Running) => "processing",
                Some(JobState::Completed) => "processed",
                Some(JobState::Failed) => "processing_failed",
            }),
        }
    }

    /// G: `FileStatus`.
    #[must_use]
    pub fn file_status(&self) -> &'static str {
        use SessionState as S;
        match (self.removed, self.state) {
            (Some(Removed::OnPurpose), _) => "DELETED",
            (Some(Removed::Lost), _) | (None, S::Failed | S::Rejected) => "FAILED",
            (None, S::Pending) => "PENDING_UPLOAD",
            (None, S::Uploading | S::Verifying) => "UPLOADING",
            (None, S::Uploaded | S::Deduplicated) => self.processed(),
        }
    }

    /// G: how far the jobs of an uploaded file are.
    fn processed(&self) -> &'static str {
        let mut jobs = self
            .jobs
            .iter()
            .filter(|(kind, _)| kind != VERIFY_HASH)
            .map(|(_, state)| *state)
            .peekable();
        if jobs.peek().is_none() {
            return "COMPLETED";
        }
        let (mut waiting, mut ended, mut failed, mut all) = (0, 0, 0, 0);
        for state in jobs {
            all += 1;
            match state {
                JobState::Pending | JobState::Sending => waiting += 1,
                JobState::Running => {}
                JobState::Completed | JobState::Cancelled => ended += 1,
                JobState::Failed => {
                    ended += 1;
                    failed += 1;
                }
            }
        }
        if waiting == all {
            "UPLOADED"
        } else if ended < all {
            "PROCESSING"
        } else if failed > 0 {
            "FAILED"
        } else {
            "COMPLETED"
        }
    }

    /// D: the upload track.
    #[must_use]
    pub fn upload_status(&self) -> &'static str {
        use SessionState as S;
        match (self.removed, self.state) {
            (Some(Removed::OnPurpose), _) => "deleted-by-user",
            (Some(Removed::Lost), _) | (None, S::Failed) => "failed",
            (None, S::Pending | S::Uploading | S::Verifying) => "pending",
            (None, S::Rejected) => "rejected",
            (None, S::Uploaded) => "uploaded",
            (None, S::Deduplicated) => "deduplicated",
        }
    }

    /// D: the parse track, the latest entry of its process; none before there is one.
    #[must_use]
    pub fn parse_status(&self) -> Option<&'static str> {
        self.job(EXTRACT_TEXT).map(parse_word)
    }

    /// D: what a new upload of the same content meets.
    #[must_use]
    pub fn canonical(&self) -> Canonical {
        use SessionState as S;
        match (self.removed, self.state) {
            (_, S::Deduplicated) => Canonical::Never,
            (Some(_), _) | (None, S::Failed | S::Rejected) => Canonical::Replaceable,
            (None, S::Pending) if self.follows => Canonical::Never,
            (None, S::Pending | S::Uploading | S::Verifying | S::Uploaded) => Canonical::Blocking,
        }
    }

    /// L: `upload_files.status`. A removed file keeps the word of its state.
    #[must_use]
    pub fn record_file(&self) -> &'static str {
        use SessionState as S;
        match self.state {
            _ if self.is_lost() => "failed",
            S::Pending | S::Uploading | S::Verifying => "uploading",
            S::Failed | S::Rejected => "failed",
            S::Uploaded | S::Deduplicated => "completed",
        }
    }
}

/// D: what a file is to later uploads of its content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Canonical {
    /// A new upload of the content is deduplicated against it.
    Blocking,
    /// A new upload of the content takes its place.
    Replaceable,
    /// It points at another.
    Never,
}

/// D: the word of a parse.
#[must_use]
pub const fn parse_word(job: JobState) -> &'static str {
    match job {
        JobState::Pending => "pending",
        JobState::Sending => "sending",
        JobState::Running => "processing",
        JobState::Completed => "completed",
        JobState::Failed | JobState::Cancelled => "failed",
    }
}

/// G: `JobStatus`.
#[must_use]
pub const fn job_status(job: JobState) -> &'static str {
    match job {
        JobState::Pending | JobState::Sending => "PENDING",
        JobState::Running => "RUNNING",
        JobState::Completed => "COMPLETED",
        JobState::Failed => "FAILED",
        JobState::Cancelled => "CANCELLED",
    }
}

/// G: `GroupStatus`.
#[must_use]
pub const fn group_status(group: GroupState) -> &'static str {
    match group {
        GroupState::Draft => "PENDING",
        GroupState::Uploading => "IN_PROGRESS",
        GroupState::Completed => "COMPLETED",
        GroupState::Failed => "FAILED",
        GroupState::Cancelled => "CANCELLED",
    }
}

/// L: `upload_status`.
#[must_use]
pub const fn record_status(group: GroupState) -> &'static str {
    match group {
        GroupState::Draft => "draft",
        GroupState::Uploading => "uploading",
        GroupState::Completed => "completed",
        GroupState::Failed | GroupState::Cancelled => "failed",
    }
}

/// G: `PartStatus`.
#[must_use]
pub const fn part_status(part: FilePartState) -> &'static str {
    match part {
        FilePartState::Pending => "PENDING",
        FilePartState::Uploading => "UPLOADING",
        FilePartState::Uploaded => "UPLOADED",
        FilePartState::Failed => "FAILED",
    }
}

#[cfg(test)]
mod tests {
    use JobState as J;
    use SessionState as S;

    use super::*;

    fn facts(state: SessionState, removed: Option<Removed>, jobs: &[(&str, JobState)]) -> Facts {
        Facts {
            state,
            removed,
            follows: false,
            jobs: jobs
                .iter()
                .map(|(kind, state)| ((*kind).to_owned(), *state))
                .collect(),
        }
    }

    // T-6, T-9, T-10, G-4, D-1, D-4, L-1: the first table of the model, line by line.
    #[test]
    fn each_state_of_the_upload_track_has_its_word_in_each_source() {
        use Canonical::{Blocking, Never, Replaceable};
        let purpose = Some(Removed::OnPurpose);
        let lost = Some(Removed::Lost);
        let table = [
            (
                S::Pending,
                None,
                "pending",
                None,
                "PENDING_UPLOAD",
                "pending",
                Blocking,
                "uploading",
            ),
            (
                S::Uploading,
                None,
                "pending",
                None,
                "UPLOADING",
                "pending",
                Blocking,
                "uploading",
            ),
            (
                S::Verifying,
                None,
                "pending",
                None,
                "UPLOADING",
                "pending",
                Blocking,
                "uploading",
            ),
            (
                S::Failed,
                None,
                "upload_failed",
                None,
                "FAILED",
                "failed",
                Replaceable,
                "failed",
            ),
            (
                S::Rejected,
                None,
                "upload_failed",
                None,
                "FAILED",
                "rejected",
                Replaceable,
                "failed",
            ),
            (
                S::Uploaded,
                None,
                "created",
                Some("uploaded"),
                "COMPLETED",
                "uploaded",
                Blocking,
                "completed",
            ),
            (
                S::Deduplicated,
                None,
                "created",
                Some("uploaded"),
                "COMPLETED",
                "deduplicated",
                Never,
                "completed",
            ),
            (
                S::Uploading,
                purpose,
                "pending",
                None,
                "DELETED",
                "deleted-by-user",
                Replaceable,
                "uploading",
            ),
            (
                S::Uploaded,
                purpose,
                "created",
                Some("uploaded"),
                "DELETED",
                "deleted-by-user",
                Replaceable,
                "completed",
            ),
            (
                S::Uploaded,
                lost,
                "upload_failed",
                None,
                "FAILED",
                "failed",
                Replaceable,
                "failed",
            ),
            (
                S::Deduplicated,
                lost,
                "upload_failed",
                None,
                "FAILED",
                "failed",
                Never,
                "failed",
            ),
        ];
        for (state, removed, source, file, status, upload, canonical, record) in table {
            let f = facts(state, removed, &[]);
            assert_eq!(
                (
                    f.training_source(),
                    f.training_file(),
                    f.file_status(),
                    f.upload_status(),
                    f.canonical(),
                    f.record_file()
                ),
                (source, file, status, upload, canonical, record),
                "{state:?} {removed:?}"
            );
        }
        let follower = Facts {
            follows: true,
            ..facts(S::Pending, None, &[])
        };
        assert_eq!(follower.canonical(), Never);
    }

    // T-9, T-10, D-6, D-12, G-6
    #[test]
    fn each_state_of_a_job_has_its_word_in_each_source() {
        let table = [
            (
                J::Pending,
                "pending",
                "PENDING",
                "uploaded",
                "queued_for_training",
            ),
            (
                J::Sending,
                "sending",
                "PENDING",
                "uploaded",
                "queued_for_training",
            ),
            (J::Running, "processing", "RUNNING", "processing", "training"),
            (J::Completed, "completed", "COMPLETED", "processed", "trained"),
            (
                J::Failed,
                "failed",
                "FAILED",
                "processing_failed",
                "training_failed",
            ),
            (J::Cancelled, "failed", "CANCELLED", "uploaded", "created"),
        ];
        for (state, parse, job, file, source) in table {
            let f = facts(S::Uploaded, None, &[(EXTRACT_TEXT, state), (EMBED, state)]);
            assert_eq!(
                (
                    f.parse_status(),
                    job_status(state),
                    f.training_file(),
                    f.training_source()
                ),
                (Some(parse), job, Some(file), source),
                "{state:?}"
            );
        }
        assert_eq!(facts(S::Uploaded, None, &[]).parse_status(), None);
    }

    // G-4, G-13
    #[test]
    fn an_uploaded_file_is_completed_when_its_jobs_are() {
        let word = |jobs: &[(&str, J)]| facts(S::Uploaded, None, jobs).file_status();
        assert_eq!(
            word(&[("validate", J::Pending), (EXTRACT_TEXT, J::Sending)]),
            "UPLOADED"
        );
        assert_eq!(
            word(&[("validate", J::Running), (EXTRACT_TEXT, J::Pending)]),
            "PROCESSING"
        );
        assert_eq!(
            word(&[("validate", J::Completed), (EXTRACT_TEXT, J::Pending)]),
            "PROCESSING"
        );
        assert_eq!(
            word(&[("validate", J::Failed), (EXTRACT_TEXT, J::Running)]),
            "PROCESSING"
        );
        assert_eq!(
            word(&[("validate", J::Completed), (EXTRACT_TEXT, J::Failed)]),
            "FAILED"
        );
        assert_eq!(
            word(&[("validate", J::Completed), (EXTRACT_TEXT, J::Cancelled)]),
            "COMPLETED"
        );
        assert_eq!(word(&[(VERIFY_HASH, J::Pending)]), "COMPLETED");
    }

    // D-10, I26: what becomes of the parse never shows in the upload's word.
    #[test]
    fn no_job_changes_the_word_of_the_upload_track() {
        for job in [
            J::Pending,
            J::Sending,
            J::Running,
            J::Completed,
            J::Failed,
            J::Cancelled,
        ] {
            let f = facts(S::Uploaded, None, &[(EXTRACT_TEXT, job)]);
            assert_eq!((f.upload_status(), f.record_file()), ("uploaded", "completed"));
        }
    }

    // G-2, L-1
    #[test]
    fn groups_have_the_words_of_both_sources() {
        let table = [
            (GroupState::Draft, "PENDING", "draft"),
            (GroupState::Uploading, "IN_PROGRESS", "uploading"),
            (GroupState::Completed, "COMPLETED", "completed"),
            (GroupState::Failed, "FAILED", "failed"),
            (GroupState::Cancelled, "CANCELLED", "failed"),
        ];
        for (state, status, record) in table {
            assert_eq!((group_status(state), record_status(state)), (status, record));
        }
    }
}
