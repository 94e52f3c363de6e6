//! German.

use windlass_core::states::BlockedReason;

use super::{Left, Words, grouped};

/// German.
pub(super) struct German;

fn s(n: u64, one: &str, many: &str) -> String {
    format!("{} {}", grouped(n, '.'), if n == 1 { one } else { many })
}

impl Words for German {
    fn count(&self, n: u64) -> String {
        grouped(n, '.')
    }
    fn uploading(&self, groups: u64, percent: Option<u8>) -> String {
        let what = s(groups, "Gruppe wird", "Gruppen werden");
        percent.map_or_else(
            || format!("{what} hochgeladen"),
            |p| format!("{what} hochgeladen, {p} %"),
        )
    }
    fn left(&self, left: Left) -> String {
        match left {
            Left::Minute => "unter 1 Min.".to_owned(),
            Left::Minutes(a, b) if a == b => format!("{a} Min."),
            Left::Minutes(a, b) => format!("{a}–{b} Min."),
            Left::Hours(a, b) if a == b => format!("etwa {a} Std."),
            Left::Hours(a, b) => format!("etwa {a}–{b} Std."),
        }
    }
    fn paused(&self, reason: BlockedReason) -> String {
        let why = match reason {
            BlockedReason::User => "von Ihnen angehalten",
            BlockedReason::Question => "auf Ihre Antwort",
            BlockedReason::Offline => "offline",
            BlockedReason::DestinationDown => "das Ziel antwortet nicht",
            BlockedReason::DestinationSlowDown => "das Ziel bittet um Geduld",
            BlockedReason::StorageFull => "das Ziel ist voll",
            BlockedReason::SignedOut => "das Ziel lehnt den Schlüssel ab",
            BlockedReason::DiskMissing => "ein Datenträger ist nicht verbunden",
            BlockedReason::QueueDiskFull => "die Platte dieses Computers ist voll",
            BlockedReason::FileMissing => "Dateien sind verschwunden",
            BlockedReason::LockedFile => "Dateien sind in Gebrauch",
            BlockedReason::Following => "derselbe Inhalt ist unterwegs",
        };
        match reason {
            BlockedReason::User => "Von Ihnen angehalten".to_owned(),
            BlockedReason::Question => format!("Wartet {why}"),
            _ => format!("Angehalten: {why}"),
        }
    }
    fn offline(&self, files: u64) -> String {
        format!("Offline, {}", s(files, "Datei wartet", "Dateien warten"))
    }
    fn need_you(&self, groups: u64) -> String {
        format!("{} Sie", s(groups, "Gruppe braucht", "Gruppen brauchen"))
    }
    fn all_verified(&self) -> &'static str {
        "Alles geprüft"
    }
    fn nothing(&self) -> &'static str {
        "Nichts zu senden"
    }
    fn opening(&self) -> &'static str {
        "Die Warteschlange wird geöffnet …"
    }
    fn open_window(&self) -> &'static str {
        "Windlass öffnen"
    }
    fn pause_all(&self) -> &'static str {
        "Alles anhalten"
    }
    fn resume_all(&self) -> &'static str {
        "Alles fortsetzen"
    }
    fn pause_for(&self) -> &'static str {
        "Anhalten für"
    }
    fn pause_spans(&self) -> [&'static str; 3] {
        ["30 Minuten", "1 Stunde", "Bis morgen, 8:00"]
    }
    fn paused_until(&self, clock: &str) -> String {
        format!("Von Ihnen angehalten bis {clock}")
    }
    fn quit(&self) -> &'static str {
        "Beenden"
    }
    fn group(&self, name: &str, percent: u8) -> String {
        format!("{name}, {percent} %")
    }
    fn group_needs_you(&self, name: &str, files: u64) -> String {
        format!("{name}: {} Sie", s(files, "Datei braucht", "Dateien brauchen"))
    }
    fn done(&self, group: &str, verified: u64, left_out: u64) -> (String, String) {
        let out = if left_out > 0 {
            format!(" {} ausgelassen.", self.count(left_out))
        } else {
            String::new()
        };
        (
            format!("{group} ist fertig"),
            format!("{} geprüft.{out}", s(verified, "Datei", "Dateien")),
        )
    }
    fn needs_you(&self, group: &str, files: u64) -> (String, String) {
        let what = s(files, "Datei kommt", "Dateien kommen");
        (
            format!("{group} braucht Sie"),
            format!("{what} ohne Sie nicht weiter."),
        )
    }
    fn several(&self, done: u64, need_you: u64) -> (String, String) {
        let done_words = format!("{} fertig", s(done, "Gruppe ist", "Gruppen sind"));
        match (done, need_you) {
            (0, n) => (self.need_you(n), "Zum Ansehen anklicken.".to_owned()),
            (_, 0) => (
                done_words,
                "Alle ihre Dateien sind geprüft oder ausgelassen.".to_owned(),
            ),
            (_, n) => (done_words, format!("{}.", self.need_you(n))),
        }
    }
    fn keeps_uploading(&self) -> (&'static str, &'static str) {
        (
            "Windlass lädt im Infobereich weiter hoch",
            "Dort lässt es sich beenden.",
        )
    }
    fn quit_question(&self, groups: u64) -> String {
        format!(
            "Beenden und beim nächsten Mal fortfahren? {} noch nicht fertig.",
            s(groups, "Gruppe ist", "Gruppen sind")
        )
    }
    fn stay(&self) -> &'static str {
        "Weiter hochladen"
    }
    fn background_question(&self) -> &'static str {
        "Im Hintergrund weiter hochladen? Diese Oberfläche hat keinen Infobereich; das Fenster wird stattdessen klein gehalten."
    }
    fn in_background(&self) -> &'static str {
        "Weiter hochladen"
    }
    fn cannot_start(&self) -> &'static str {
        "Windlass kann nicht starten"
    }
    fn not_taken(&self) -> &'static str {
        "Die Dateien konnten nicht übernommen werden"
    }
    fn host_question(&self, host: &str, bucket: &str) -> String {
        format!("Dateien an {host} senden?\n\nDort: {bucket}")
    }
    fn use_it(&self) -> &'static str {
        "Verwenden"
    }
    fn cancel(&self) -> &'static str {
        "Abbrechen"
    }
    fn choose_files(&self) -> &'static str {
        "Dateien zum Hochladen wählen"
    }
    fn choose_folders(&self) -> &'static str {
        "Ordner zum Hochladen wählen"
    }
    fn choose_destination(&self) -> &'static str {
        "Wählen, wohin die Dateien gehen"
    }
}
