//! Errors: one stable word each (API, queue, logs, CLI), one number for people (`WL-nnn`), one answer to "and now?".
//!
//! The list is append-only; its snapshot is `tests/error_codes.txt`. Words and numbers never change, texts may.

use serde::{Deserialize, Serialize};
use std::str::FromStr;
use ts_rs::TS;

use crate::states::{BlockedReason, UnknownState};

/// What may be done about an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RetryClass {
    /// At once; it is no failure (a URL that expired).
    Now,
    /// By itself after a backoff.
    Backoff,
    /// By itself when the condition is over; the reason is shown.
    When(BlockedReason),
    /// After a person acted.
    AfterPerson,
    /// Never, for this file.
    Never,
}

impl RetryClass {
    /// What is shown while it is waited for: a condition, a person, or the destination and the way to it.
    #[must_use]
    pub fn reason(self) -> BlockedReason {
        match self {
            Self::When(reason) => reason,
            Self::AfterPerson => BlockedReason::SignedOut,
            Self::Now | Self::Backoff | Self::Never => BlockedReason::DestinationDown,
        }
    }
}

macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident = $word:literal, $number:literal, $class:expr, $text:literal;)+) => {
        /// Stable codes.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
        #[serde(rename_all = "snake_case")]
        #[ts(export)]
        pub enum ErrorCode { $(#[doc = $text] $variant),+ }

        impl ErrorCode {
            /// All codes.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }

            /// The number behind `WL-`; several words may share one.
            #[must_use]
            pub const fn number(self) -> u16 {
                match self { $(Self::$variant => $number),+ }
            }

            /// What may be done about it.
            #[must_use]
            pub const fn retry_class(self) -> RetryClass {
                use RetryClass::{AfterPerson, Backoff, Never, Now, When};
                match self { $(Self::$variant => $class),+ }
            }

            /// What happened and what to do, in one English line for CLI and logs; the window has its own words.
            #[must_use]
            pub const fn text(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }
        }
    };
}

codes! {
    FileMissing = "file_missing", 101, AfterPerson, "The file is no longer where it was. Put it back and retry, or leave it out.";
    NoPermission = "no_permission", 102, AfterPerson, "This account may not read the file. Change its permission, then retry.";
    LockedFile = "locked_file", 103, When(BlockedReason::LockedFile), "Another program is writing the file. It goes on when the file stands still.";
    StillLocked = "still_locked", 104, AfterPerson, "The file has been in use for too long. Close the program that uses it, then retry.";
    FileChanged = "file_changed", 105, AfterPerson, "The file changed while it was sent. Retry sends the new version.";
    TooLarge = "too_large", 106, Never, "The file is larger than this destination allows.";
    MimeNotAllowed = "mime_not_allowed", 107, Never, "This destination refuses files of this type.";
    DiskMissing = "disk_missing", 108, When(BlockedReason::DiskMissing), "The disk was removed. Nothing is lost; connect it and the upload goes on.";
    ReadError = "read_error", 109, AfterPerson, "The disk could not read the file. Copy it elsewhere and retry; check the disk.";
    NameInvalid = "name_invalid", 110, AfterPerson, "The name has a character or a length that the destination does not allow.";
    NotRegularFile = "not_regular_file", 111, Never, "It is a link, a device, a pipe or a socket. It is left out.";
    TooManyFiles = "too_many_files", 112, AfterPerson, "One gesture may bring 1,000,000 files. Add the folders one after another.";
    Offline = "offline", 201, When(BlockedReason::Offline), "There is no network. It goes on by itself.";
    ConnectionLost = "connection_lost", 202, Backoff, "The connection broke. What was cut is sent again.";
    HostNotFound = "host_not_found", 203, When(BlockedReason::DestinationDown), "The name of the destination can't be resolved. Check its address and the network.";
    ConnectionRefused = "connection_refused", 204, When(BlockedReason::DestinationDown), "Nothing accepts connections at the destination's address. It is tried again by itself.";
    CertificateUntrusted = "certificate_untrusted", 205, AfterPerson, "The destination shows a certificate that this computer does not know.";
    ProxyAuth = "proxy_auth", 206, When(BlockedReason::SignedOut), "The proxy wants a name and a password. Enter them; it is tried again by itself.";
    CaptivePortal = "captive_portal", 207, AfterPerson, "This network wants a sign-in first.";
    SlowNetwork = "slow_network", 208, Backoff, "Nothing was acknowledged for a minute. The part is sent again.";
    ProxyUnreachable = "proxy_unreachable", 209, When(BlockedReason::DestinationDown), "The proxy takes no connections. Check its address; it is tried again by itself.";
    DestinationSlowDown = "destination_slow_down", 301, When(BlockedReason::DestinationSlowDown), "The destination asks to slow down. It goes on by itself.";
    StorageDown = "storage_down", 302, When(BlockedReason::DestinationDown), "The destination does not answer. It is tried again by itself.";
    StorageCredentials = "storage_credentials", 303, When(BlockedReason::SignedOut), "The destination does not accept the stored key. Enter the key again.";
    StorageDenied = "storage_denied", 304, When(BlockedReason::SignedOut), "The key may not write there. Ask for write and list rights.";
    BucketMissing = "bucket_missing", 305, When(BlockedReason::SignedOut), "The bucket does not exist or lies in another region.";
    StorageFull = "storage_full", 306, When(BlockedReason::StorageFull), "The destination is full. Make room; it goes on by itself.";
    UrlExpired = "url_expired", 307, Now, "The permission for a part ran out. A new one is asked for.";
    UrlSignature = "url_signature", 307, Now, "The permission for a part is not valid any more. A new one is asked for.";
    ChecksumMismatch = "checksum_mismatch", 308, Backoff, "A part arrived damaged. It is sent again.";
    VerifyMismatch = "verify_mismatch", 309, AfterPerson, "The object at the destination differs from the file. Upload it again; do not delete the original.";
    ObjectMissing = "object_missing", 309, AfterPerson, "The object is not at the destination any more. Upload it again; do not delete the original.";
    SizeMismatch = "size_mismatch", 309, AfterPerson, "The object at the destination has another size than the file.";
    TokenMismatch = "token_mismatch", 309, AfterPerson, "The object at the destination was written by somebody else.";
    SessionGone = "session_gone", 310, Backoff, "The destination forgot this upload. It starts over.";
    StorageLostUpload = "storage_lost_upload", 310, Backoff, "The storage dropped the unfinished upload. It starts over.";
    AnswerLost = "answer_lost", 311, Backoff, "It is not known yet whether the file was finished. It is being asked.";
    ChecksumUnsupported = "checksum_unsupported", 312, AfterPerson, "The destination can't confirm checksums. Files are read back instead.";
    DestinationMissing = "destination_missing", 313, When(BlockedReason::DestinationDown), "The folder of the destination is not there. Connect its disk or make the folder; it goes on by itself.";
    DestinationReadOnly = "destination_read_only", 304, When(BlockedReason::SignedOut), "The destination can't be written to.";
    Unauthenticated = "unauthenticated", 401, AfterPerson, "The sign-in is missing or ended.";
    TokenExpired = "token_expired", 401, AfterPerson, "The sign-in has ended.";
    TokenRevoked = "token_revoked", 401, AfterPerson, "The sign-in was taken back.";
    Forbidden = "forbidden", 401, AfterPerson, "This is not allowed with this sign-in.";
    HostRefused = "host_refused", 401, AfterPerson, "The request named another host than this one.";
    QuotaExceeded = "quota_exceeded", 402, AfterPerson, "The quota is used up.";
    UpgradeRequired = "upgrade_required", 403, AfterPerson, "The server needs a newer Windlass. The queue is kept.";
    ClockSkew = "clock_skew", 404, AfterPerson, "The clocks of this computer and of the storage differ by more than 15 minutes. Set the clock.";
    UploadingElsewhere = "uploading_elsewhere", 405, AfterPerson, "Another computer is uploading this.";
    ProcessingFailed = "processing_failed", 406, AfterPerson, "The file is safe, but its processing failed.";
    QueueDiskFull = "queue_disk_full", 501, When(BlockedReason::QueueDiskFull), "This computer's disk is full; Windlass can't save its place. Free some space; nothing is lost.";
    QueueDamaged = "queue_damaged", 502, AfterPerson, "The queue could not be read and was set aside.";
    KeyringLocked = "keyring_locked", 503, AfterPerson, "The key of the destination can't be read from the keyring.";
    Internal = "internal", 504, Backoff, "Something went wrong inside Windlass. Nothing is lost; it is tried again.";
    QueueNewer = "queue_newer", 505, AfterPerson, "The queue was written by a newer Windlass. Use that one; nothing was changed.";
    QueueReadOnly = "queue_read_only", 506, AfterPerson, "The data folder can't be written to.";
    AlreadyRunning = "already_running", 507, AfterPerson, "Another Windlass works on this data folder.";
    BadRequest = "bad_request", 504, Never, "The request was malformed.";
    BadCursor = "bad_cursor", 504, Never, "The cursor is not one of this server.";
    NotFound = "not_found", 504, AfterPerson, "There is no such thing.";
    ObjectCondemned = "object_condemned", 310, Backoff, "The attempt was given up. It starts over.";
    RevMismatch = "rev_mismatch", 504, Backoff, "It changed meanwhile.";
    BatchTooLarge = "batch_too_large", 504, Never, "A call may carry 1,000 items.";
    BodyTooLarge = "body_too_large", 504, Never, "The body is larger than allowed.";
    StateConflict = "state_conflict", 504, Backoff, "Its state does not allow that.";
    GroupClosed = "group_closed", 504, AfterPerson, "The group takes no more files.";
    GroupCompleted = "group_completed", 504, AfterPerson, "The group is complete and can't be changed.";
    FinalizeIncomplete = "finalize_incomplete", 504, AfterPerson, "Not all required files are complete.";
    SessionSettled = "session_settled", 504, Backoff, "The file is settled already.";
    SessionDeleted = "session_deleted", 310, Backoff, "The upload was removed at the destination.";
    FollowsOther = "follows_other", 504, When(BlockedReason::Following), "The same content is on its way from elsewhere.";
    LeaseLost = "lease_lost", 504, Backoff, "Somebody else took it over.";
    IdReused = "id_reused", 504, Never, "The id stands for something else already.";
    InvalidField = "invalid_field", 504, Never, "A field has a value that is not allowed.";
    PartPlanMismatch = "part_plan_mismatch", 504, Never, "The part does not fit the plan of the upload.";
    PartMissing = "part_missing", 308, Backoff, "The storage lacks a part. It is sent again.";
    PartOutOfRange = "part_out_of_range", 504, Never, "There is no part of this number.";
    ContentNotAllowed = "content_not_allowed", 107, Never, "The content is not of an allowed type.";
    RateLimited = "rate_limited", 301, When(BlockedReason::DestinationSlowDown), "Too many requests. It goes on by itself.";
    StorageError = "storage_error", 302, Backoff, "The storage answered with an error. It is tried again.";
    StorageTimeout = "storage_timeout", 302, Backoff, "The storage took too long. It is asked again.";
    Overloaded = "overloaded", 301, When(BlockedReason::DestinationSlowDown), "The server is busy. It goes on by itself.";
    DatabaseDown = "database_down", 302, When(BlockedReason::DestinationDown), "The server's database does not answer.";
    ShuttingDown = "shutting_down", 302, Backoff, "The server is being restarted.";
    UploadAbandoned = "upload_abandoned", 310, AfterPerson, "The upload was given up after 7 days without a sign of life.";
    Superseded = "superseded", 504, Backoff, "The same content arrived by another upload.";
    Cancelled = "cancelled", 504, Never, "It was cancelled.";
    ExtractLimit = "extract_limit", 407, Never, "The file is safe, but reading its text needs more memory, time or room than allowed.";
    ExtractDamaged = "extract_damaged", 407, Never, "The file is safe, but its text can't be read: it is damaged.";
    ExtractUnsupported = "extract_unsupported", 407, Never, "The file is safe; no text is read from files of this type.";
    WatchNotFolder = "watch_not_folder", 113, AfterPerson, "What is to be watched has to be a folder; links are not followed.";
    WatchOverlap = "watch_overlap", 114, AfterPerson, "A watched folder may not lie inside another one. Use rules, or remove the other first.";
    WatchDestination = "watch_destination", 115, AfterPerson, "A folder can't be watched and be a destination: what arrives would be sent again.";
    WatchSystemFolder = "watch_system_folder", 116, AfterPerson, "This folder belongs to the system or to Windlass itself.";
    WatchMissing = "watch_missing", 117, AfterPerson, "The watched folder was deleted, moved or renamed. Put it back, or remove it from the list. Nothing is deleted.";
    WatchOtherDisk = "watch_other_disk", 118, AfterPerson, "Another disk or folder is where the watched folder was. Say whether it is the same.";
    WatchLimit = "watch_limit", 119, AfterPerson, "The system watches no more folders. Windlass looks every 30 seconds instead; raise fs.inotify.max_user_watches.";
    TrashMissing = "trash_missing", 120, AfterPerson, "This disk has no trash. The original stays; choose to move it instead.";
    WatchRule = "watch_rule", 121, AfterPerson, "A rule can't be understood. Write it as in a .gitignore file.";
}

impl ErrorCode {
    /// `WL-nnn`, as people see it.
    #[must_use]
    pub fn label(self) -> String {
        format!("WL-{}", self.number())
    }
}

impl std::fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for ErrorCode {
    type Err = UnknownState;
    fn from_str(s: &str) -> Result<Self, UnknownState> {
        Self::ALL
            .iter()
            .copied()
            .find(|c| c.as_str() == s)
            .ok_or_else(|| UnknownState {
                machine: "error",
                word: s.chars().take(40).collect(),
            })
    }
}

/// A code with its fact: what a row, an answer or a message carries. Never a signed URL or a secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{code}: {detail}")]
pub struct Failure {
    /// Which error.
    pub code: ErrorCode,
    /// The fact in it: an offset, a limit, an answer.
    pub detail: String,
    /// Wait that the other side asked for, milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_ms: Option<i64>,
}

impl Failure {
    /// A failure with its fact.
    #[must_use]
    pub fn new(code: ErrorCode, detail: impl Into<String>) -> Self {
        Self {
            code,
            detail: detail.into(),
            retry_after_ms: None,
        }
    }

    /// The same with a wait that was asked for.
    #[must_use]
    pub fn after(mut self, retry_after_ms: Option<i64>) -> Self {
        self.retry_after_ms = retry_after_ms;
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_unique_and_every_code_has_a_number_of_people() {
        for (i, c) in ErrorCode::ALL.iter().enumerate() {
            assert!(
                !ErrorCode::ALL[i + 1..].iter().any(|d| d.as_str() == c.as_str()),
                "{c} twice"
            );
            assert!((101..600).contains(&c.number()), "{c}");
            assert_eq!(c.as_str().parse::<ErrorCode>(), Ok(*c));
            assert_eq!(
                serde_json::to_value(c).ok(),
                Some(serde_json::Value::from(c.as_str()))
            );
            assert!(c.text().ends_with('.'));
        }
    }

    #[test]
    fn the_list_is_append_only() {
        let known = include_str!("../tests/error_codes.txt");
        let now: Vec<_> = ErrorCode::ALL
            .iter()
            .map(|c| format!("{} {}", c.as_str(), c.label()))
            .collect();
        for line in known.lines() {
            assert!(now.iter().any(|n| n == line), "{line} was changed or removed");
        }
        assert_eq!(
            known.lines().count(),
            now.len(),
            "add new codes to tests/error_codes.txt"
        );
    }
}
