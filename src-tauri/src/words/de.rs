//! German.

use windlass_core::states::BlockedReason;
use windlass_engine::view::Around;

use super::{Left, Words, grouped, plain};

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
            BlockedReason::Metered => "in einem getakteten Netz",
            BlockedReason::Battery => "im Akkubetrieb",
            BlockedReason::PowerSaver => "um Strom zu sparen",
            BlockedReason::Schedule => "auf den Zeitplan",
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
            BlockedReason::Question | BlockedReason::Schedule => format!("Wartet {why}"),
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
    fn held(&self, reason: BlockedReason, around: &Around) -> String {
        match reason {
            BlockedReason::Metered => {
                let name = around.network.as_deref().map(plain);
                let name = name.map_or_else(String::new, |n| format!(" ({n})"));
                format!("Angehalten in einem getakteten Netz{name}")
            }
            BlockedReason::Battery => {
                let level = around.battery.map_or_else(String::new, |p| format!(" bei {p} %"));
                format!("Angehalten im Akkubetrieb{level}")
            }
            BlockedReason::PowerSaver => "Angehalten, um Strom zu sparen".to_owned(),
            BlockedReason::Schedule => {
                let at = around.opens_at.map(crate::tray::clock);
                let at = at.map_or_else(String::new, |at| format!(": beginnt um {at}"));
                format!("Wartet auf den Zeitplan{at}")
            }
            other => self.paused(other),
        }
    }
    fn needs_you_menu(&self, groups: u64) -> String {
        format!("Braucht Sie ({})", self.count(groups))
    }
    fn pause(&self) -> &'static str {
        "Anhalten"
    }
    fn pause_spans(&self) -> [&'static str; 3] {
        ["30 Minuten", "2 Stunden", "Bis morgen 8:00"]
    }
    fn until_i_resume(&self) -> &'static str {
        "Bis ich fortsetze"
    }
    fn resume(&self) -> &'static str {
        "Fortsetzen"
    }
    fn anyway(&self) -> &'static str {
        "Trotzdem hochladen"
    }
    fn speed(&self) -> &'static str {
        "Tempo"
    }
    fn no_limit(&self) -> &'static str {
        "Keine Grenze"
    }
    fn custom_limit(&self) -> &'static str {
        "Anderes …"
    }
    fn upload_files(&self) -> &'static str {
        "Dateien hochladen …"
    }
    fn watched_folders(&self) -> &'static str {
        "Überwachte Ordner"
    }
    fn settings(&self) -> &'static str {
        "Einstellungen …"
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
    fn group_done(&self, name: &str) -> String {
        format!("{name}: fertig")
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
    fn watched(&self, groups: u64, files: u64) -> (String, String) {
        (
            format!("{} aus beobachteten Ordnern fertig", s(groups, "Schub", "Schübe")),
            format!("{} in der letzten Stunde geprüft.", s(files, "Datei", "Dateien")),
        )
    }
    fn down(&self, destination: &str) -> (String, String) {
        (
            format!("{destination} antwortet nicht"),
            "Nichts ist verloren. Es wird von selbst weiter versucht.".to_owned(),
        )
    }
    fn asks(&self, network: Option<&str>) -> (String, String) {
        let name = network.map_or_else(String::new, |n| format!(" ({n})"));
        (
            "In diesem getakteten Netz hochladen?".to_owned(),
            format!("Daten können hier Geld kosten{name}. Nichts wird gesendet, bevor Sie es sagen."),
        )
    }
    fn goes_on(&self) -> &'static str {
        "Es geht von selbst weiter. Nichts ist verloren."
    }
    fn show(&self) -> &'static str {
        "Anzeigen"
    }
    fn retry(&self) -> &'static str {
        "Erneut versuchen"
    }
    fn anyway_here(&self) -> &'static str {
        "Hier trotzdem hochladen"
    }
    fn always_here(&self) -> &'static str {
        "In diesem Netz immer"
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
    fn proxy_question(&self, address: &str) -> String {
        format!("Alles über diesen Proxy senden?\n\n{address}")
    }
    fn choose_authorities(&self) -> &'static str {
        "Eine Datei mit Zertifikaten wählen"
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
