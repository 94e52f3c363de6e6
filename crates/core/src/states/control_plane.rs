//! The machines of the control plane's ledger (server model §2; the group's is the desktop's too).

use super::state_machine;

state_machine! {
    /// One file's upload track.
    SessionState, "session" {
        /// Intent made, upload expected.
        Pending = "pending",
        /// A URL was signed beyond init, or a part reported.
        Uploading = "uploading",
        /// Complete runs, held by a lease.
        Verifying = "verifying",
        /// The storage was asked and its answer proves the object. Final.
        Uploaded = "uploaded",
        /// Same content, already proved. Final.
        Deduplicated = "deduplicated",
        /// No retry heals it.
        Failed = "failed",
        /// Type, size or content refused. Final.
        Rejected = "rejected",
    } steps {
        nothing -> Pending: "init",
        nothing -> Rejected: "type, size, name or quota",
        nothing -> Deduplicated: "same proved content, linked",
        Pending -> Uploading: "first sign, report or heartbeat",
        Pending -> Verifying: "complete, webhook or sweep took the lease",
        Uploading -> Verifying: "complete, webhook or sweep took the lease",
        Verifying -> Uploaded: "HEAD: token, size, checksum fit",
        Verifying -> Deduplicated: "an uploaded one holds the slot",
        Verifying -> Uploading: "a part is missing or wrong",
        Pending -> Deduplicated: "hash known, canonical proved",
        Uploading -> Deduplicated: "hash known, canonical proved",
        Pending -> Failed: "error no retry heals",
        Uploading -> Failed: "error no retry heals",
        Verifying -> Failed: "error no retry heals",
        Pending -> Rejected: "content, type or size refused",
        Uploading -> Rejected: "content, type or size refused",
        Verifying -> Rejected: "content, type or size refused",
        Failed -> Uploading: "retry; its object is open",
        Failed -> Pending: "reset, or a new attempt",
        Failed -> Deduplicated: "the content arrived by another session",
        Failed -> Rejected: "content check",
    }
}

state_machine! {
    /// One attempt's object in storage.
    ObjectState, "object" {
        /// Recorded before anything is created at the storage.
        Open = "open",
        /// Proved to be there.
        Stored = "stored",
        /// Given up: no complete, no link, no way back (I19).
        Condemned = "condemned",
        /// Deleted, and the storage said so.
        Gone = "gone",
    } steps {
        nothing -> Open: "key free; before create is called",
        Open -> Stored: "its session was proved",
        Open -> Condemned: "attempt given up",
        Stored -> Condemned: "no reference left",
        Condemned -> Gone: "deleted until HEAD and listing say empty",
    }
}

state_machine! {
    /// One part of a multipart object, as the ledger knows it.
    FilePartState, "file_part" {
        /// Planned.
        Pending = "pending",
        /// Signed with its checksum.
        Uploading = "uploading",
        /// Reported with ETag and checksum, or listed by the storage with the same.
        Uploaded = "uploaded",
        /// Reported as failed, or Complete refused it; goes again.
        Failed = "failed",
    } steps {
        nothing -> Pending: "planned",
        Pending -> Uploading: "signed with its checksum",
        Failed -> Uploading: "signed again",
        Uploading -> Uploaded: "reported with ETag and checksum, or listed by the storage",
        Uploading -> Failed: "reported as failed, or complete refused it",
        Uploaded -> Failed: "complete refused it",
        Uploaded -> Uploading: "its bytes changed at the source",
    }
}

state_machine! {
    /// One piece of work on a settled file. An attempt that fails with attempts left changes no state.
    JobState, "job" {
        /// Waits for a worker.
        Pending = "pending",
        /// Claimed; the message is handed over under a lease, once.
        Sending = "sending",
        /// A worker has it.
        Running = "running",
        /// Done. Final.
        Completed = "completed",
        /// No attempt is left, or none helps. A person may retry.
        Failed = "failed",
        /// By the person. Final.
        Cancelled = "cancelled",
    } steps {
        nothing -> Pending: "its session is settled",
        Pending -> Sending: "claimed: lease and fence",
        Sending -> Running: "handed over, or taken",
        Running -> Completed: "reported under the newest fence",
        Sending -> Failed: "no attempt left, or no retry helps",
        Running -> Failed: "no attempt left, or no retry helps",
        Pending -> Cancelled: "by the person",
        Sending -> Cancelled: "by the person",
        Running -> Cancelled: "by the person",
        Failed -> Pending: "retry; its run, if any, has not ended",
    }
}

state_machine! {
    /// Several jobs of one purpose, counted together. Doing the failed ones again is a new run.
    RunState, "run" {
        /// Made; no job was claimed.
        Queued = "queued",
        /// A job left pending.
        Processing = "processing",
        /// All its jobs are completed. Final.
        Completed = "completed",
        /// All ended; some completed, some not. Final.
        PartiallyCompleted = "partially_completed",
        /// All ended and none completed, or it could not start. Final.
        Failed = "failed",
        /// The removed sources were cleaned. Final.
        CleanupCompleted = "cleanup_completed",
    } steps {
        nothing -> Queued: "at least one source",
        Queued -> Processing: "a job left pending",
        Processing -> Completed: "all its jobs completed",
        Processing -> PartiallyCompleted: "all ended, some completed",
        Queued -> Failed: "it could not start, or all ended and none completed",
        Processing -> Failed: "all ended, none completed",
        Processing -> CleanupCompleted: "all its cleanups completed",
    }
}
