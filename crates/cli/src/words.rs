//! The words of the product (experience §0), as the terminal says them.

use windlass_core::accepts::Accepts;
use windlass_core::names::shown;
use windlass_core::states::BlockedReason;
use windlass_engine::view::{Around, CheckOutcome, DestinationKind, GroupView, GroupWord};

use crate::human;

/// A group's state in one word, with what has to be known beside it.
#[must_use]
pub fn group(view: &GroupView) -> String {
    let left_out = view.files.rejected;
    match view.word {
        GroupWord::DoneLeftOut => format!("Done, {left_out} left out"),
        GroupWord::Uploading | GroupWord::Finishing | GroupWord::Preparing if view.files.failed > 0 => {
            format!("{} · {} need you", word(view.word), view.files.failed)
        }
        other => word(other).to_owned(),
    }
}

/// Why something waits, with what is known of it just now and what may be done.
#[must_use]
pub fn reason_now(of: BlockedReason, around: &Around) -> String {
    match of {
        BlockedReason::Metered => {
            let name = around
                .network
                .as_ref()
                .map_or_else(String::new, |name| format!(" ({})", shown(name)));
            format!("paused on a metered network{name}; {ANYWAY} uploads all the same")
        }
        BlockedReason::Battery => {
            let percent = around.battery.map_or_else(String::new, |p| format!(" at {p} %"));
            format!("paused on battery{percent}; {ANYWAY} uploads all the same")
        }
        BlockedReason::PowerSaver => {
            format!("paused while this computer saves power; {ANYWAY} uploads all the same")
        }
        BlockedReason::Schedule => {
            let starts = around
                .opens_at
                .map_or_else(String::new, |at| format!(": starts at {}", human::moment(at)));
            format!("waiting for the schedule{starts}; {ANYWAY} starts now")
        }
        other => reason(other).to_owned(),
    }
}

const ANYWAY: &str = "`windlass resume --anyway`";

/// The word alone.
#[must_use]
pub const fn word(word: GroupWord) -> &'static str {
    match word {
        GroupWord::Waiting => "Waiting",
        GroupWord::Preparing => "Preparing",
        GroupWord::Uploading => "Uploading",
        GroupWord::Finishing => "Finishing",
        GroupWord::Paused => "Paused",
        GroupWord::Interrupted => "Interrupted",
        GroupWord::NeedsYou => "Needs you",
        GroupWord::Done | GroupWord::DoneLeftOut => "Done",
        GroupWord::Cancelled => "Cancelled",
        GroupWord::CleaningUp => "Cleaning up",
    }
}

/// Why something waits, and what ends the wait.
#[must_use]
pub const fn reason(reason: BlockedReason) -> &'static str {
    match reason {
        BlockedReason::User => "paused by you",
        BlockedReason::Question => "interrupted; `windlass resume` goes on",
        BlockedReason::Offline => "offline; goes on by itself when the network is back",
        BlockedReason::Metered => "bytes cost money on this network",
        BlockedReason::Battery => "the battery is low",
        BlockedReason::PowerSaver => "the computer saves power",
        BlockedReason::Schedule => "the schedule has no uploads in this hour",
        BlockedReason::DestinationDown => "the destination does not answer; tried again by itself",
        BlockedReason::DestinationSlowDown => "the destination asks to slow down; goes on by itself",
        BlockedReason::StorageFull => "the destination is full; make room, it goes on by itself",
        BlockedReason::SignedOut => {
            "the destination does not accept the key; `windlass dest test` tells more"
        }
        BlockedReason::DiskMissing => "the disk of the files is not connected; nothing is lost",
        BlockedReason::QueueDiskFull => "this computer's disk is full; free some space, nothing is lost",
        BlockedReason::FileMissing => "a file is gone",
        BlockedReason::LockedFile => "another program is writing a file; goes on when it stands still",
        BlockedReason::Following => "the same content is on its way already",
    }
}

/// A kind of destination.
#[must_use]
pub const fn kind(kind: DestinationKind) -> &'static str {
    match kind {
        DestinationKind::Folder => "folder",
        DestinationKind::S3 => "bucket",
        DestinationKind::Server => "server",
    }
}

/// Which files a destination takes; none: all.
#[must_use]
pub fn accepts(accepts: &Accepts) -> Option<String> {
    let mut said = Vec::new();
    if let Some(most) = accepts.max_bytes {
        said.push(format!("takes files of up to {}", human::size(most)));
    }
    if !accepts.refused_types.is_empty() {
        said.push(format!("refuses .{}", accepts.refused_types.join(", .")));
    }
    if let Some(types) = &accepts.allowed_mime {
        said.push(format!("takes only {}", types.join(", ")));
    }
    (!said.is_empty()).then(|| said.join("; "))
}

/// A step of a destination's test: what holds when it is fine, what was tried when it is not.
#[must_use]
pub fn step(step: &str, outcome: CheckOutcome) -> &str {
    let (fine, tried) = match step {
        "reachable" => ("It answers", "Reaching it"),
        "key" => ("The key is taken", "Using the key"),
        "bucket" => ("The bucket is there", "Looking into the bucket"),
        "clock" => ("The clocks agree", "Comparing the clocks"),
        "create" => ("It can be written to", "Making it"),
        "write" => ("Files can be written", "Writing a file"),
        "complete" => ("Parts can be put together", "Putting parts together"),
        "read_back" => ("What was written can be read", "Reading what was written"),
        "remove" => ("What is unfinished can be removed", "Removing what is unfinished"),
        "free_space" => ("There is room", "Room"),
        "same_disk" => (
            "It is on another disk than your files",
            "It is a copy, not a backup",
        ),
        "largest_file" => (
            "Files of any size fit",
            "How its disk is formatted limits a file's bytes",
        ),
        "checksums" => ("It proves checksums", "Checksums"),
        "encrypted" => ("The way there is encrypted", "The way there is not encrypted"),
        "sign_in" => ("The token is taken", "Signing in"),
        "place" => ("Files can go there", "Choosing where files go"),
        other => (other, other),
    };
    if outcome == CheckOutcome::Ok { fine } else { tried }
}
