//! Words outside of the page: tray, notifications, questions of the desktop. The page has its own, and the files that hold them
//! hold these too (`ui/src/lib/words/outside.*.ts`); its build writes them down for the program, in every language.

#[cfg(test)]
mod all;
mod name;
mod said;

use std::sync::LazyLock;

use windlass_core::states::BlockedReason;
use windlass_engine::view::{Around, Eta};

pub(crate) use name::plain;
use said::Languages;
pub(crate) use said::Words;

/// What the page's build wrote.
static LANGUAGES: LazyLock<Languages> =
    LazyLock::new(|| Languages::read(include_str!("../../ui/dist/outside.json")));

/// The words for a choice (`system`, or the two letters of a language) and the system's language.
pub(crate) fn words(choice: Option<&str>, system: &str) -> &'static Words {
    LANGUAGES.choose(choice, system)
}

impl Words {
    /// `Uploading 2 groups, 61 %`
    pub(crate) fn uploading(&self, groups: u64, percent: Option<u8>) -> String {
        percent.map_or_else(
            || self.counted("uploading", ("groups", groups), &[]),
            |p| {
                self.counted(
                    "uploadingPercent",
                    ("groups", groups),
                    &[("percent", &p.to_string())],
                )
            },
        )
    }

    /// Time left.
    pub(crate) fn left(&self, left: Left) -> String {
        let one = |name, place, n: u32| self.say(name, &[(place, &n.to_string())]);
        let range =
            |name, a: u32, b: u32| self.say(name, &[("from", &a.to_string()), ("to", &b.to_string())]);
        match left {
            Left::Minute => self.text("left.minute").to_owned(),
            Left::Minutes(a, b) if a == b => one("left.minutes", "minutes", a),
            Left::Minutes(a, b) => range("left.minutesRange", a, b),
            Left::Hours(a, b) if a == b => one("left.hours", "hours", a),
            Left::Hours(a, b) => range("left.hoursRange", a, b),
        }
    }

    /// `Paused by you`
    pub(crate) fn paused(&self, reason: BlockedReason) -> String {
        self.say(&format!("paused.{}", reason.as_str()), &[])
    }

    /// `Offline, 12 files waiting`
    pub(crate) fn offline(&self, files: u64) -> String {
        self.counted("offline", ("files", files), &[])
    }

    /// `2 groups need you`
    pub(crate) fn need_you(&self, groups: u64) -> String {
        self.counted("needYou", ("groups", groups), &[])
    }

    /// Everything is there.
    pub(crate) fn all_verified(&self) -> &str {
        self.text("allVerified")
    }

    /// There is nothing.
    pub(crate) fn nothing(&self) -> &str {
        self.text("nothing")
    }

    /// The engine is not there yet.
    pub(crate) fn opening(&self) -> &str {
        self.text("opening")
    }

    /// Menu.
    pub(crate) fn open_window(&self) -> &str {
        self.text("openWindow")
    }

    /// What network, power or the hour hold, with what is known of it.
    pub(crate) fn held(&self, reason: BlockedReason, around: &Around) -> String {
        let (bare, known, place, fact) = match reason {
            BlockedReason::Metered => {
                let network = around.network.as_deref().map(plain);
                ("held.metered", "held.meteredNamed", "network", network)
            }
            BlockedReason::Battery => {
                let level = around.battery.map(|p| p.to_string());
                ("held.battery", "held.batteryLevel", "percent", level)
            }
            BlockedReason::PowerSaver => return self.text("held.powerSaver").to_owned(),
            BlockedReason::Schedule => {
                let at = around.opens_at.map(crate::tray::clock);
                ("held.schedule", "held.scheduleOpens", "clock", at)
            }
            other => return self.paused(other),
        };
        fact.map_or_else(
            || self.text(bare).to_owned(),
            |fact| self.say(known, &[(place, &fact)]),
        )
    }

    /// Menu: groups that need the person.
    pub(crate) fn needs_you_menu(&self, groups: u64) -> String {
        self.say("needsYouMenu", &[("groups", &self.count(groups))])
    }

    /// Menu: the title of the spans below.
    pub(crate) fn pause(&self) -> &str {
        self.text("pause")
    }

    /// Menu: half an hour, two hours, until tomorrow at eight.
    pub(crate) fn pause_spans(&self) -> [&str; 3] {
        [
            "pauseSpans.halfHour",
            "pauseSpans.twoHours",
            "pauseSpans.tomorrow",
        ]
        .map(|name| self.text(name))
    }

    /// Menu: the last of the spans.
    pub(crate) fn until_i_resume(&self) -> &str {
        self.text("untilIResume")
    }

    /// Menu.
    pub(crate) fn resume(&self) -> &str {
        self.text("resume")
    }

    /// Menu and notification: pass over what holds.
    pub(crate) fn anyway(&self) -> &str {
        self.text("anyway")
    }

    /// Menu: the title of the limits.
    pub(crate) fn speed(&self) -> &str {
        self.text("speed")
    }

    /// Menu: the first of the limits.
    pub(crate) fn no_limit(&self) -> &str {
        self.text("noLimit")
    }

    /// Menu: the last of the limits.
    pub(crate) fn custom_limit(&self) -> &str {
        self.text("customLimit")
    }

    /// Menu.
    pub(crate) fn upload_files(&self) -> &str {
        self.text("uploadFiles")
    }

    /// Menu.
    pub(crate) fn watched_folders(&self) -> &str {
        self.text("watchedFolders")
    }

    /// Menu.
    pub(crate) fn settings(&self) -> &str {
        self.text("settings")
    }

    /// Paused by the person, until this time of day.
    pub(crate) fn paused_until(&self, clock: &str) -> String {
        self.say("pausedUntil", &[("clock", clock)])
    }

    /// Menu and button.
    pub(crate) fn quit(&self) -> &str {
        self.text("quit")
    }

    /// A group in the menu.
    pub(crate) fn group(&self, name: &str, percent: u8) -> String {
        self.say("group", &[("name", name), ("percent", &percent.to_string())])
    }

    /// A group in the menu that has ended well.
    pub(crate) fn group_done(&self, name: &str) -> String {
        self.say("groupDone", &[("name", name)])
    }

    /// A group in the menu that needs the person.
    pub(crate) fn group_needs_you(&self, name: &str, files: u64) -> String {
        self.counted("groupNeedsYou", ("files", files), &[("name", name)])
    }

    /// Notification: title and text.
    pub(crate) fn done(&self, group: &str, verified: u64, left_out: u64) -> (String, String) {
        let mut text = self.counted("done.verified", ("files", verified), &[]);
        if left_out > 0 {
            text = format!(
                "{text} {}",
                self.counted("done.leftOut", ("files", left_out), &[])
            );
        }
        (self.say("done.title", &[("group", group)]), text)
    }

    /// Notification: title and text.
    pub(crate) fn needs_you(&self, group: &str, files: u64) -> (String, String) {
        (
            self.say("needsYou.title", &[("group", group)]),
            self.counted("needsYou.text", ("files", files), &[]),
        )
    }

    /// Notification for several groups.
    pub(crate) fn several(&self, done: u64, need_you: u64) -> (String, String) {
        let done_words = || self.counted("several.done", ("groups", done), &[]);
        match (done, need_you) {
            (0, n) => (self.need_you(n), self.text("several.needYouText").to_owned()),
            (_, 0) => (done_words(), self.text("several.doneText").to_owned()),
            (_, n) => (
                done_words(),
                self.counted("several.doneNeedYou", ("groups", n), &[]),
            ),
        }
    }

    /// Notification for what watched folders brought.
    pub(crate) fn watched(&self, groups: u64, files: u64) -> (String, String) {
        (
            self.counted("watched.title", ("groups", groups), &[]),
            self.counted("watched.text", ("files", files), &[]),
        )
    }

    /// Notification: a destination does not answer.
    pub(crate) fn down(&self, destination: &str) -> (String, String) {
        (
            self.say("down.title", &[("destination", destination)]),
            self.text("down.text").to_owned(),
        )
    }

    /// Notification: whether to use this metered network.
    pub(crate) fn asks(&self, network: Option<&str>) -> (String, String) {
        let text = network.map_or_else(
            || self.text("asks.text").to_owned(),
            |network| self.say("asks.textNamed", &[("network", network)]),
        );
        (self.text("asks.title").to_owned(), text)
    }

    /// What is held goes on by itself.
    pub(crate) fn goes_on(&self) -> &str {
        self.text("goesOn")
    }

    /// Action of a notification.
    pub(crate) fn show(&self) -> &str {
        self.text("show")
    }

    /// Action of a notification.
    pub(crate) fn retry(&self) -> &str {
        self.text("retry")
    }

    /// Action of a notification.
    pub(crate) fn anyway_here(&self) -> &str {
        self.text("anywayHere")
    }

    /// Action of a notification.
    pub(crate) fn always_here(&self) -> &str {
        self.text("alwaysHere")
    }

    /// Notification at the first close.
    pub(crate) fn keeps_uploading(&self) -> (&str, &str) {
        (
            self.text("keepsUploading.title"),
            self.text("keepsUploading.text"),
        )
    }

    /// Question before the end.
    pub(crate) fn quit_question(&self, groups: u64) -> String {
        self.counted("quitQuestion", ("groups", groups), &[])
    }

    /// Its other answer.
    pub(crate) fn stay(&self) -> &str {
        self.text("stay")
    }

    /// Question where there is no tray.
    pub(crate) fn background_question(&self) -> &str {
        self.text("backgroundQuestion")
    }

    /// Its answer.
    pub(crate) fn in_background(&self) -> &str {
        self.text("inBackground")
    }

    /// Title of a fault at the start.
    pub(crate) fn cannot_start(&self) -> &str {
        self.text("cannotStart")
    }

    /// Title when paths could not be taken.
    pub(crate) fn not_taken(&self) -> &str {
        self.text("notTaken")
    }

    /// Question before files may go to a host.
    pub(crate) fn host_question(&self, host: &str, bucket: &str) -> String {
        self.say("hostQuestion", &[("host", host), ("bucket", bucket)])
    }

    /// Before all goes by a proxy.
    pub(crate) fn proxy_question(&self, address: &str) -> String {
        self.say("proxyQuestion", &[("address", address)])
    }

    /// Title of the dialog.
    pub(crate) fn choose_authorities(&self) -> &str {
        self.text("chooseAuthorities")
    }

    /// Its answers.
    pub(crate) fn use_it(&self) -> &str {
        self.text("useIt")
    }

    /// Its other answer.
    pub(crate) fn cancel(&self) -> &str {
        self.text("cancel")
    }

    /// Title of the dialogs that choose.
    pub(crate) fn choose_files(&self) -> &str {
        self.text("chooseFiles")
    }

    /// As above.
    pub(crate) fn choose_folders(&self) -> &str {
        self.text("chooseFolders")
    }

    /// As above.
    pub(crate) fn choose_destination(&self) -> &str {
        self.text("chooseDestination")
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_choice_counts_more_than_the_system() {
        assert_eq!(words(Some("de"), "en_GB.UTF-8").quit(), "Beenden");
        assert_eq!(words(Some("en"), "de_DE.UTF-8").quit(), "Quit");
        assert_eq!(words(Some("system"), "de_AT").quit(), "Beenden");
        assert_eq!(words(None, "C.UTF-8").quit(), "Quit");
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

    #[test]
    fn what_is_said_is_counted_in_words() {
        let (en, de) = (words(Some("en"), ""), words(Some("de"), ""));
        let said = |w: &Words| [w.done("Shoot", 1, 0).1, w.done("Shoot", 12_301, 1_000).1];
        assert_eq!(
            said(en),
            ["1 file verified.", "12,301 files verified. 1,000 left out."]
        );
        assert_eq!(
            said(de),
            ["1 Datei geprüft.", "12.301 Dateien geprüft. 1.000 ausgelassen."]
        );
        assert_eq!(en.several(2, 1).1, "1 group needs you.");
        assert_eq!(de.uploading(1, Some(61)), "1 Gruppe wird hochgeladen, 61 %");
    }

    // A name is filled in once, and what stands in it is not looked at.
    #[test]
    fn a_name_with_braces_stays_what_it_is() {
        for tag in ["en", "de"] {
            let w = words(Some(tag), "");
            assert!(w.group("{percent} {name}", 3).starts_with("{percent} {name}, 3"));
            assert!(w.group_needs_you("{files}", 2).starts_with("{files}: 2 "));
            let asked = w.host_question("{bucket}", "{host");
            assert!(
                asked.contains(" {bucket}") && asked.ends_with(": {host"),
                "{asked}"
            );
        }
    }

    // With no words at all each is its name, so that the names that are asked for can be told.
    #[test]
    fn each_word_that_is_asked_for_is_there_and_each_that_is_there_is_asked_for() {
        let nothing = Languages::default();
        let names = |said: String| -> Vec<String> {
            let name = |word: &str| {
                word.strip_suffix(':')
                    .or((word == said).then_some(word))
                    .map(str::to_owned)
            };
            said.split(' ').filter_map(name).collect()
        };
        let mut asked: BTreeSet<String> = all::all(nothing.choose(None, ""), 2)
            .into_iter()
            .flat_map(names)
            .collect();
        // A number has no name; how it is written has one.
        assert!(asked.remove("2") && asked.insert("thousands".to_owned()));
        assert_eq!(asked, LANGUAGES.choose(Some("en"), "").names());
    }
}
