//! The machines of the control plane's ledger (server model §2.1, §2.2).

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
