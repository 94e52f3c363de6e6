//! English.

use windlass_core::states::BlockedReason;
use windlass_engine::view::Around;

use super::{Left, Words, grouped, plain};

/// English.
pub(super) struct English;

fn s(n: u64, one: &str, many: &str) -> String {
    format!("{} {}", grouped(n, ','), if n == 1 { one } else { many })
}

impl Words for English {
    fn count(&self, n: u64) -> String {
        grouped(n, ',')
    }
    fn uploading(&self, groups: u64, percent: Option<u8>) -> String {
        let what = s(groups, "group", "groups");
        percent.map_or_else(
            || format!("Uploading {what}"),
            |p| format!("Uploading {what}, {p} %"),
        )
    }
    fn left(&self, left: Left) -> String {
        match left {
            Left::Minute => "under 1 min".to_owned(),
            Left::Minutes(a, b) if a == b => format!("{a} min"),
            Left::Minutes(a, b) => format!("{a}–{b} min"),
            Left::Hours(a, b) if a == b => format!("about {a} h"),
            Left::Hours(a, b) => format!("about {a}–{b} h"),
        }
    }
    fn paused(&self, reason: BlockedReason) -> String {
        let why = match reason {
            BlockedReason::User => "by you",
            BlockedReason::Question => "for your answer",
            BlockedReason::Offline => "offline",
            BlockedReason::Metered => "on a metered network",
            BlockedReason::Battery => "on battery",
            BlockedReason::PowerSaver => "to save power",
            BlockedReason::Schedule => "for the schedule",
            BlockedReason::DestinationDown => "the destination does not answer",
            BlockedReason::DestinationSlowDown => "the destination asks to wait",
            BlockedReason::StorageFull => "the destination is full",
            BlockedReason::SignedOut => "the destination refuses the key",
            BlockedReason::DiskMissing => "a disk is not connected",
            BlockedReason::QueueDiskFull => "this computer's disk is full",
            BlockedReason::FileMissing => "files are gone",
            BlockedReason::LockedFile => "files are in use",
            BlockedReason::Following => "the same content is on its way",
        };
        match reason {
            BlockedReason::User => format!("Paused {why}"),
            BlockedReason::Question | BlockedReason::Schedule => format!("Waiting {why}"),
            _ => format!("Paused: {why}"),
        }
    }
    fn offline(&self, files: u64) -> String {
        format!("Offline, {} waiting", s(files, "file", "files"))
    }
    fn need_you(&self, groups: u64) -> String {
        format!("{} you", s(groups, "group needs", "groups need"))
    }
    fn all_verified(&self) -> &'static str {
        "All verified"
    }
    fn nothing(&self) -> &'static str {
        "Nothing to send"
    }
    fn opening(&self) -> &'static str {
        "Opening the queue…"
    }
    fn open_window(&self) -> &'static str {
        "Open Windlass"
    }
    fn held(&self, reason: BlockedReason, around: &Around) -> String {
        match reason {
            BlockedReason::Metered => {
                let name = around.network.as_deref().map(plain);
                let name = name.map_or_else(String::new, |n| format!(" ({n})"));
                format!("Paused on a metered network{name}")
            }
            BlockedReason::Battery => {
                let level = around.battery.map_or_else(String::new, |p| format!(" at {p} %"));
                format!("Paused on battery{level}")
            }
            BlockedReason::PowerSaver => "Paused to save power".to_owned(),
            BlockedReason::Schedule => {
                let at = around.opens_at.map(crate::tray::clock);
                let at = at.map_or_else(String::new, |at| format!(": starts at {at}"));
                format!("Waiting for the schedule{at}")
            }
            other => self.paused(other),
        }
    }
    fn needs_you_menu(&self, groups: u64) -> String {
        format!("Needs you ({})", self.count(groups))
    }
    fn pause(&self) -> &'static str {
        "Pause"
    }
    fn pause_spans(&self) -> [&'static str; 3] {
        ["30 minutes", "2 hours", "Until tomorrow 8:00"]
    }
    fn until_i_resume(&self) -> &'static str {
        "Until I resume"
    }
    fn resume(&self) -> &'static str {
        "Resume"
    }
    fn anyway(&self) -> &'static str {
        "Upload anyway"
    }
    fn speed(&self) -> &'static str {
        "Speed"
    }
    fn no_limit(&self) -> &'static str {
        "No limit"
    }
    fn custom_limit(&self) -> &'static str {
        "Custom…"
    }
    fn upload_files(&self) -> &'static str {
        "Upload files…"
    }
    fn watched_folders(&self) -> &'static str {
        "Watched folders"
    }
    fn settings(&self) -> &'static str {
        "Settings…"
    }
    fn paused_until(&self, clock: &str) -> String {
        format!("Paused by you until {clock}")
    }
    fn quit(&self) -> &'static str {
        "Quit"
    }
    fn group(&self, name: &str, percent: u8) -> String {
        format!("{name}, {percent} %")
    }
    fn group_done(&self, name: &str) -> String {
        format!("{name}: done")
    }
    fn group_needs_you(&self, name: &str, files: u64) -> String {
        format!("{name}: {} you", s(files, "file needs", "files need"))
    }
    fn done(&self, group: &str, verified: u64, left_out: u64) -> (String, String) {
        let out = if left_out > 0 {
            format!(" {} left out.", self.count(left_out))
        } else {
            String::new()
        };
        (
            format!("{group} is done"),
            format!("{} verified.{out}", s(verified, "file", "files")),
        )
    }
    fn needs_you(&self, group: &str, files: u64) -> (String, String) {
        (
            format!("{group} needs you"),
            format!("{} go on without you.", s(files, "file can't", "files can't")),
        )
    }
    fn several(&self, done: u64, need_you: u64) -> (String, String) {
        let done_words = format!("{} done", s(done, "group is", "groups are"));
        match (done, need_you) {
            (0, n) => (self.need_you(n), "Click to see them.".to_owned()),
            (_, 0) => (done_words, "All their files are verified or left out.".to_owned()),
            (_, n) => (done_words, format!("{}.", self.need_you(n))),
        }
    }
    fn watched(&self, groups: u64, files: u64) -> (String, String) {
        (
            format!("{} from watched folders done", s(groups, "batch", "batches")),
            format!("{} verified in the last hour.", s(files, "file", "files")),
        )
    }
    fn down(&self, destination: &str) -> (String, String) {
        (
            format!("{destination} does not answer"),
            "Nothing is lost. It is tried again by itself.".to_owned(),
        )
    }
    fn asks(&self, network: Option<&str>) -> (String, String) {
        let name = network.map_or_else(String::new, |n| format!(" ({n})"));
        (
            "Upload on this metered network?".to_owned(),
            format!("Bytes may cost money here{name}. Nothing is sent until you say so."),
        )
    }
    fn goes_on(&self) -> &'static str {
        "It goes on by itself. Nothing is lost."
    }
    fn show(&self) -> &'static str {
        "Show"
    }
    fn retry(&self) -> &'static str {
        "Retry"
    }
    fn anyway_here(&self) -> &'static str {
        "Upload anyway here"
    }
    fn always_here(&self) -> &'static str {
        "Always on this network"
    }
    fn keeps_uploading(&self) -> (&'static str, &'static str) {
        ("Windlass keeps uploading in the tray", "Quit it there.")
    }
    fn quit_question(&self, groups: u64) -> String {
        format!(
            "Quit and go on next time? {} not finished.",
            s(groups, "group is", "groups are")
        )
    }
    fn stay(&self) -> &'static str {
        "Keep uploading"
    }
    fn background_question(&self) -> &'static str {
        "Keep uploading in the background? This desktop has no tray; the window is kept small instead."
    }
    fn in_background(&self) -> &'static str {
        "Keep uploading"
    }
    fn cannot_start(&self) -> &'static str {
        "Windlass can't start"
    }
    fn not_taken(&self) -> &'static str {
        "The files could not be taken"
    }
    fn host_question(&self, host: &str, bucket: &str) -> String {
        format!("Send files to {host}?\n\nThere: {bucket}")
    }
    fn proxy_question(&self, address: &str) -> String {
        format!("Send everything by this proxy?\n\n{address}")
    }
    fn choose_authorities(&self) -> &'static str {
        "Choose a file of certificates"
    }
    fn use_it(&self) -> &'static str {
        "Use it"
    }
    fn cancel(&self) -> &'static str {
        "Cancel"
    }
    fn choose_files(&self) -> &'static str {
        "Choose files to upload"
    }
    fn choose_folders(&self) -> &'static str {
        "Choose folders to upload"
    }
    fn choose_destination(&self) -> &'static str {
        "Choose where files go"
    }
}
