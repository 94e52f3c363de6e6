use super::*;

const WRITTEN: &str = include_str!("../../../ui/dist/outside.json");

fn of(text: &str) -> Languages {
    let languages = Languages::read(text);
    assert!(!languages.english.said.is_empty(), "{text}");
    languages
}

#[test]
fn what_the_page_s_build_wrote_has_the_same_names_and_places_in_every_language() {
    let all: BTreeMap<String, Value> = serde_json::from_str(WRITTEN).unwrap();
    assert!(all.contains_key("en") && all.contains_key("de"));
    let english = read("en", &all["en"]);
    for (tag, own) in &all {
        let own = read(tag, own);
        assert!(
            own.keys().eq(english.keys()),
            "{tag} has other names: {:?}",
            own.keys().collect::<Vec<_>>()
        );
        for (name, word) in &own {
            let base = &english[name];
            assert!(
                word.forms == base.forms || word.can_stand_for(base),
                "{tag}, {name}: {:?} can't be said for {:?}",
                word.forms,
                base.forms
            );
        }
    }
}

#[test]
fn german_has_no_word_from_english_that_is_a_sentence() {
    let all = of(WRITTEN);
    for (name, word) in &all.others["de"].said {
        let base = &all.english.said[name];
        assert!(
            word.forms != base.forms || name == "group",
            "{name}: {:?}",
            word.forms
        );
    }
}

#[test]
fn a_third_language_with_some_words_says_those_and_english_for_the_rest() {
    let mut all: BTreeMap<String, Value> = serde_json::from_str(WRITTEN).unwrap();
    let own =
        r#"{"quit": "Xuit", "thousands": " ", "paused": {"user": "Xaused"}, "of": {"nothing": "known"}}"#;
    all.insert("xx".to_owned(), serde_json::from_str(own).unwrap());
    let all = of(&serde_json::to_string(&all).unwrap());
    for xx in [
        all.choose(Some("xx"), "de_DE"),
        all.choose(Some("system"), "xx_XX.UTF-8"),
    ] {
        assert_eq!((xx.text("quit"), xx.text("resume")), ("Xuit", "Resume"));
        assert_eq!(xx.text("paused.user"), "Xaused");
        assert_eq!(xx.text("paused.offline"), "Paused: offline");
        assert_eq!(
            xx.counted("offline", ("files", 12_301), &[]),
            "Offline, 12 301 files waiting"
        );
    }
    assert_eq!(all.choose(Some("xx"), "").names(), all.english.names());
    assert_eq!(all.choose(Some("yy"), "de_DE").text("quit"), "Beenden");
    assert_eq!(all.choose(None, "den").text("quit"), "Quit");
}

#[test]
fn polish_has_a_word_for_a_few_and_one_for_many() {
    let all = of(r#"{"en": {"files": {"one": "{n} file", "other": "{n} files"}},
            "pl": {"files": {"one": "{n} plik", "few": "{n} pliki", "many": "{n} plików", "other": "{n} pliku"}}}"#);
    let pl = all.choose(Some("pl"), "");
    assert_eq!(
        [0, 1, 2, 4, 5, 12, 21, 22, 25].map(|n| pl.counted("files", ("n", n), &[])),
        [
            "0 plików",
            "1 plik",
            "2 pliki",
            "4 pliki",
            "5 plików",
            "12 plików",
            "21 plików",
            "22 pliki",
            "25 plików"
        ]
    );
}

#[test]
fn a_kind_of_number_that_has_no_word_is_said_by_the_last_and_english_counts_as_english_does() {
    let all = of(
        r#"{"en": {"a": {"one": "{n} file", "other": "{n} files"}, "b": {"one": "{n} part", "other": "{n} parts"}},
            "pl": {"a": {"one": "jeden", "other": "{n} pliku"}, "b": {"one": "{n} part", "other": "{n} parts"}},
            "fr": {"b": {"one": "{n} part", "other": "{n} parts"}}}"#,
    );
    let pl = all.choose(Some("pl"), "");
    assert_eq!(
        [1, 2, 5].map(|n| pl.counted("a", ("n", n), &[])),
        ["jeden", "2 pliku", "5 pliku"]
    );
    // In French nothing is one.
    let fr = all.choose(Some("fr"), "");
    assert_eq!(
        [0, 1].map(|n| fr.counted("b", ("n", n), &[])),
        ["0 parts", "1 part"]
    );
}

#[test]
fn what_can_not_be_filled_in_is_said_in_english() {
    let all = of(
        r#"{"en": {"asks": "To {host}?", "quit": "Quit", "files": {"one": "{n} file", "other": "{n} files"}},
            "aa": {"asks": "An {hots}?", "quit": {"other": "Aus"}, "files": {"one": "{m}", "other": "{n}"}},
            "bb": {"asks": "An {host", "quit": 7, "files": {"one": "{n}"}},
            "cc": {"asks": "Los?", "quit": ["Aus"], "files": "{n}"},
            "dd": null}"#,
    );
    for tag in ["aa", "bb", "cc", "dd"] {
        let w = all.choose(Some(tag), "");
        assert_eq!(w.say("asks", &[("host", "a.example")]), "To a.example?", "{tag}");
        assert_eq!(w.text("quit"), "Quit", "{tag}");
        assert_eq!(w.counted("files", ("n", 2), &[]), "2 files", "{tag}");
    }
}

#[test]
fn without_any_words_it_still_tells_what_it_is_about() {
    for text in ["", "[]", "{}", "{\"en\": 1}"] {
        let all = Languages::read(text);
        let w = all.choose(Some("de"), "");
        assert_eq!(w.text("quit"), "quit");
        assert_eq!(
            w.say("hostQuestion", &[("host", "a"), ("bucket", "b")]),
            "hostQuestion: a, b"
        );
        assert_eq!(w.count(12_301), "12301");
    }
}

#[test]
fn numbers_have_groups() {
    assert_eq!(
        [0, 999, 1_000, 12_301, 1_234_567].map(|n| grouped(n, ",")),
        ["0", "999", "1,000", "12,301", "1,234,567"]
    );
}
