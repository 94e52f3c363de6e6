//! Words outside of the page: tray, notifications, questions of the desktop. The page has its own.

mod de;
mod en;
mod name;

use windlass_core::states::BlockedReason;
use windlass_engine::view::{Around, Eta};

pub(crate) use name::plain;

/// All words, in one language.
pub(crate) trait Words: Send + Sync {
    /// `12,301`
    fn count(&self, n: u64) -> String;
    /// `Uploading 2 groups, 61 %`
    fn uploading(&self, groups: u64, percent: Option<u8>) -> String;
    /// Time left.
    fn left(&self, eta: Left) -> String;
    /// `Paused by you`
    fn paused(&self, reason: BlockedReason) -> String;
    /// `Offline, 12 files waiting`
    fn offline(&self, files: u64) -> String;
    /// `2 groups need you`
    fn need_you(&self, groups: u64) -> String;
    /// Everything is there.
    fn all_verified(&self) -> &'static str;
    /// There is nothing.
    fn nothing(&self) -> &'static str;
    /// The engine is not there yet.
    fn opening(&self) -> &'static str;
    /// Menu.
    fn open_window(&self) -> &'static str;
    /// What network, power or the hour hold, with what is known of it.
    fn held(&self, reason: BlockedReason, around: &Around) -> String;
    /// Menu: groups that need the person.
    fn needs_you_menu(&self, groups: u64) -> String;
    /// Menu: the title of the spans below.
    fn pause(&self) -> &'static str;
    /// Menu: half an hour, two hours, until tomorrow at eight.
    fn pause_spans(&self) -> [&'static str; 3];
    /// Menu: the last of the spans.
    fn until_i_resume(&self) -> &'static str;
    /// Menu.
    fn resume(&self) -> &'static str;
    /// Menu and notification: pass over what holds.
    fn anyway(&self) -> &'static str;
    /// Menu: the title of the limits.
    fn speed(&self) -> &'static str;
    /// Menu: the first of the limits.
    fn no_limit(&self) -> &'static str;
    /// Menu: the last of the limits.
    fn custom_limit(&self) -> &'static str;
    /// Menu.
    fn upload_files(&self) -> &'static str;
    /// Menu.
    fn watched_folders(&self) -> &'static str;
    /// Menu.
    fn settings(&self) -> &'static str;
    /// Paused by the person, until this time of day.
    fn paused_until(&self, clock: &str) -> String;
    /// Menu and button.
    fn quit(&self) -> &'static str;
    /// A group in the menu.
    fn group(&self, name: &str, percent: u8) -> String;
    /// A group in the menu that has ended well.
    fn group_done(&self, name: &str) -> String;
    /// A group in the menu that needs the person.
    fn group_needs_you(&self, name: &str, files: u64) -> String;
    /// Notification: title and text.
    fn done(&self, group: &str, verified: u64, left_out: u64) -> (String, String);
    /// Notification: title and text.
    fn needs_you(&self, group: &str, files: u64) -> (String, String);
    /// Notification for several groups.
    fn several(&self, done: u64, need_you: u64) -> (String, String);
    /// Notification for what watched folders brought.
    fn watched(&self, groups: u64, files: u64) -> (String, String);
    /// Notification: a destination does not answer.
    fn down(&self, destination: &str) -> (String, String);
    /// Notification: whether to use this metered network.
    fn asks(&self, network: Option<&str>) -> (String, String);
    /// What is held goes on by itself.
    fn goes_on(&self) -> &'static str;
    /// Action of a notification.
    fn show(&self) -> &'static str;
    /// Action of a notification.
    fn retry(&self) -> &'static str;
    /// Action of a notification.
    fn anyway_here(&self) -> &'static str;
    /// Action of a notification.
    fn always_here(&self) -> &'static str;
    /// Notification at the first close.
    fn keeps_uploading(&self) -> (&'static str, &'static str);
    /// Question before the end.
    fn quit_question(&self, groups: u64) -> String;
    /// Its other answer.
    fn stay(&self) -> &'static str;
    /// Question where there is no tray.
    fn background_question(&self) -> &'static str;
    /// Its answer.
    fn in_background(&self) -> &'static str;
    /// Title of a fault at the start.
    fn cannot_start(&self) -> &'static str;
    /// Title when paths could not be taken.
    fn not_taken(&self) -> &'static str;
    /// Question before files may go to a host.
    fn host_question(&self, host: &str, bucket: &str) -> String;
    /// Before all goes by a proxy.
    fn proxy_question(&self, address: &str) -> String;
    /// Title of the dialog.
    fn choose_authorities(&self) -> &'static str;
    /// Its answers.
    fn use_it(&self) -> &'static str;
    /// Its other answer.
    fn cancel(&self) -> &'static str;
    /// Title of the dialogs that choose.
    fn choose_files(&self) -> &'static str;
    /// As above.
    fn choose_folders(&self) -> &'static str;
    /// As above.
    fn choose_destination(&self) -> &'static str;
}

/// The words for a choice (`system`, `en`, `de`) and the system's language.
pub(crate) fn words(choice: Option<&str>, system: &str) -> &'static dyn Words {
    match choice {
        Some("de") => &de::German,
        Some("en") => &en::English,
        _ if system.to_lowercase().starts_with("de") => &de::German,
        _ => &en::English,
    }
}

/// How rates are said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RateUnit {
    /// MB/s, as disks are sold.
    Bytes,
    /// Mbit/s, as lines are sold.
    Bits,
}

impl RateUnit {
    /// By the choice `rate_unit`.
    pub(crate) fn chosen(choice: Option<&serde_json::Value>) -> Self {
        match choice.and_then(serde_json::Value::as_str) {
            Some("bits") => Self::Bits,
            _ => Self::Bytes,
        }
    }

    /// `25 MB/s`, of bytes a second; whole ones.
    pub(crate) fn rate(self, bytes: u64) -> String {
        match self {
            Self::Bytes => format!("{} MB/s", bytes / 1_000_000),
            Self::Bits => format!("{} Mbit/s", bytes / 125_000),
        }
    }
}

/// Time left, rounded for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Left {
    /// Less than a minute.
    Minute,
    /// From, to.
    Minutes(u32, u32),
    /// From, to.
    Hours(u32, u32),
}

impl From<Eta> for Left {
    fn from(eta: Eta) -> Self {
        let minutes = |s: u32| s.div_ceil(60);
        if eta.high_s < 60 {
            Self::Minute
        } else if eta.high_s < 3_600 {
            Self::Minutes(minutes(eta.low_s), minutes(eta.high_s))
        } else {
            Self::Hours(eta.low_s / 3_600, eta.high_s.div_ceil(3_600))
        }
    }
}

/// Digits in groups of three.
fn grouped(n: u64, separator: char) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(separator);
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_choice_counts_more_than_the_system() {
        assert_eq!(words(Some("de"), "en_GB.UTF-8").quit(), "Beenden");
        assert_eq!(words(Some("en"), "de_DE.UTF-8").quit(), "Quit");
        assert_eq!(words(Some("system"), "de_AT").quit(), "Beenden");
        assert_eq!(words(None, "C.UTF-8").quit(), "Quit");
    }

    #[test]
    fn numbers_have_groups() {
        assert_eq!(
            [0, 999, 1_000, 12_301, 1_234_567].map(|n| grouped(n, ',')),
            ["0", "999", "1,000", "12,301", "1,234,567"]
        );
    }

    #[test]
    fn time_left_is_a_range_in_words() {
        let en = words(Some("en"), "");
        let say = |low_s, high_s| en.left(Eta { low_s, high_s }.into());
        assert_eq!(say(5, 40), "under 1 min");
        assert_eq!(say(2_280, 2_700), "38–45 min");
        assert_eq!(say(61, 100), "2 min");
        assert_eq!(say(32_400, 39_600), "about 9–11 h");
    }
}
