//! The machines of the desktop's queue (server model §4; parts and groups are the same on the control plane).

use super::state_machine;

state_machine! {
    /// One file on its way. After a crash a file stands where its row says; reconcile goes on from there.
    FileState, "file" {
        /// Taken in and written down; the control plane has not heard of it.
        Queued = "queued",
        /// The control plane knows it; no part was read.
        Registered = "registered",
        /// Parts are read and sent.
        Uploading = "uploading",
        /// Complete was sent; the proof is awaited.
        Verifying = "verifying",
        /// Proved, or there by content; its receipt was written in the same transaction. Final.
        Done = "done",
        /// An error that no retry heals, or refused. A person may retry.
        Failed = "failed",
        /// Cancelled, and the control plane confirmed it. Final.
        Removed = "removed",
    } steps {
        nothing -> Queued: "taken in; committed before it is shown",
        Queued -> Registered: "init answered upload, or a duplicate not settled",
        Queued -> Done: "already there: by content, or unchanged since its receipt",
        Registered -> Done: "already there by content",
        Uploading -> Done: "already there by content",
        Registered -> Uploading: "first part about to be read",
        Uploading -> Verifying: "complete about to be sent",
        Verifying -> Uploading: "the storage lacks a part",
        Verifying -> Done: "proved; receipt in the same transaction",
        Queued -> Failed: "error no retry heals, or rejected",
        Registered -> Failed: "error no retry heals, or rejected",
        Uploading -> Failed: "error no retry heals",
        Verifying -> Failed: "error no retry heals",
        Registered -> Queued: "source changed, start over, or session gone",
        Uploading -> Queued: "source changed, start over, or session gone",
        Verifying -> Queued: "source changed, start over, or session gone",
        Failed -> Queued: "retry from the start",
        Failed -> Registered: "retry from where it stood",
        Failed -> Uploading: "retry from where it stood",
        Queued -> Removed: "cancelled",
        Registered -> Removed: "cancelled and confirmed",
        Uploading -> Removed: "cancelled and confirmed",
        Verifying -> Removed: "cancelled and confirmed",
        Failed -> Removed: "cancelled and confirmed",
    }
}

state_machine! {
    /// One numbered byte range of a file.
    PartState, "part" {
        /// Not sent, or sent and not known to be stored.
        Pending = "pending",
        /// A request for it is out; after a crash: unknown, ask.
        Uploading = "uploading",
        /// The storage confirmed it, and that is committed.
        Uploaded = "uploaded",
        /// Refused; goes again.
        Failed = "failed",
    } steps {
        nothing -> Pending: "planned",
        Pending -> Uploading: "about to be sent",
        Failed -> Uploading: "about to be sent again",
        Uploading -> Uploaded: "the storage answered with its checksum, or lists it",
        Pending -> Uploaded: "the storage lists it with the same checksum",
        Failed -> Uploaded: "the storage lists it with the same checksum",
        Uploading -> Failed: "refused, or cut",
        Uploaded -> Failed: "complete refused it, or it is gone at the storage",
        Uploading -> Pending: "interrupted; its fate was asked and it is not there",
        Uploaded -> Pending: "source changed, or start over",
        Failed -> Pending: "start over",
        Uploaded -> Uploading: "its bytes changed at the source",
    }
}

state_machine! {
    /// An upload group; words of the server model §2.4.
    GroupState, "group" {
        /// Made; nothing was signed for it.
        Draft = "draft",
        /// Under way.
        Uploading = "uploading",
        /// Every required file is settled. Final.
        Completed = "completed",
        /// Nothing can go on without a person.
        Failed = "failed",
        /// By the person. Final.
        Cancelled = "cancelled",
    } steps {
        nothing -> Draft: "made",
        Draft -> Uploading: "first URL signed, or first file settled without one",
        Draft -> Failed: "validation before upload; too old",
        Uploading -> Completed: "finalize: every required file settled",
        Uploading -> Failed: "no file is open and one failed",
        Failed -> Uploading: "retry, or its failed files were left out",
        Failed -> Draft: "explicit reset",
        Draft -> Cancelled: "by the person",
        Uploading -> Cancelled: "by the person",
        Failed -> Cancelled: "by the person",
    }
}
