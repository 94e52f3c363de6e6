//! Right text, in the right order, with the right place.

use super::samples::{self, DOCX, PPTX, XLSX};
use super::{in_order, read, text};
use windlass_extract::sniff::Verdict;
use windlass_extract::{ExtractError, Locator};

#[tokio::test]
async fn every_format_is_read_and_known_by_its_content_alone() {
    for (name, declared, bytes) in samples::all() {
        for declared in [declared, "application/octet-stream"] {
            let (pieces, end) = read(&bytes, declared).await;
            let end = end.unwrap_or_else(|e| panic!("{name} as {declared}: {e}"));
            assert_eq!(end.format, name, "{declared}");
            let verdict = if declared == "application/octet-stream" {
                Verdict::Compatible
            } else {
                Verdict::Matches
            };
            assert_eq!(end.verdict, verdict, "{name}");
            assert_eq!(end.pieces, pieces.len() as u64);
            assert!(!text(&pieces).is_empty(), "{name}");
        }
    }
}

#[tokio::test]
async fn a_docx_gives_headings_tables_and_notes_once_and_in_order() {
    let (pieces, end) = read(&samples::docx(), DOCX).await;
    let text = text(&pieces);
    in_order(
        &text,
        &[
            "Überblick",
            "Erster Satz & mehr.",
            "Name 東京",
            "boxed",
            "Schluss",
            "Ende!",
            "A footnote.",
        ],
    );
    assert_eq!(text.matches("boxed").count(), 1);
    assert!(!text.contains("gone"));
    assert_eq!(
        pieces[1].locator,
        Locator::Section {
            number: 2,
            title: Some("Schluss".into())
        }
    );
    let metadata = end.expect("read").metadata;
    assert_eq!(metadata.title.as_deref(), Some("Jahresbericht & Größe"));
    assert_eq!(metadata.language.as_deref(), Some("de-AT"));
}

#[tokio::test]
async fn slides_come_in_the_order_of_the_show_with_their_notes() {
    let (pieces, end) = read(&samples::pptx(), PPTX).await;
    assert_eq!(pieces[0].text, "Der Anfang\n\nLeise sprechen");
    assert_eq!(pieces[0].locator, Locator::Slide { number: 1 });
    assert_eq!(pieces[1].text, "Das Ende — край");
    assert_eq!(end.expect("read").metadata.pages, Some(2));
}

#[tokio::test]
async fn sheets_give_rows_with_dates_as_dates_and_the_last_corner_costs_nothing() {
    let (pieces, end) = read(&samples::xlsx(), XLSX).await;
    assert_eq!(pieces[0].text, "Käse\t2.5\nBrot\t2024-01-01");
    assert_eq!(
        pieces[0].locator,
        Locator::Rows {
            sheet: Some("Preise & Daten".into()),
            first: 1,
            last: 1_048_576
        }
    );
    assert_eq!(pieces[1].text, "inline\ttrue");
    assert_eq!(end.expect("read").metadata.pages, Some(2));
}

#[tokio::test]
async fn a_book_is_read_along_its_spine() {
    let (pieces, end) = read(&samples::epub(), "application/epub+zip").await;
    in_order(
        &text(&pieces),
        &["Eins", "Es war einmal — früh.", "Zwei", "Und das Ende."],
    );
    assert_eq!(
        pieces[0].locator,
        Locator::Chapter {
            number: 1,
            title: Some("Eins".into())
        }
    );
    assert_eq!(
        end.expect("read").metadata.title.as_deref(),
        Some("Die Überfahrt")
    );
}

#[tokio::test]
async fn a_pdf_is_read_page_by_page() {
    let (pieces, end) = read(
        &samples::saved(samples::pdf(&["First page", "Zweite Größe"])),
        "application/pdf",
    )
    .await;
    assert_eq!(pieces[0].text.trim(), "First page");
    assert_eq!(pieces[1].text.trim(), "Zweite Größe");
    assert_eq!(pieces[1].locator, Locator::Page { number: 2 });
    let metadata = end.expect("read").metadata;
    assert_eq!(
        (metadata.pages, metadata.title.as_deref()),
        (Some(2), Some("A report"))
    );
}

#[tokio::test]
async fn html_gives_what_a_reader_sees() {
    let (pieces, end) = read(samples::HTML.as_bytes(), "text/html").await;
    let text = text(&pieces);
    in_order(
        &text,
        &[
            "Avant.",
            "Le début",
            "Premier paragraphe\nsuite",
            "un deux",
            "Un bateau",
        ],
    );
    assert!(!text.contains("hidden") && !text.contains("color"), "{text}");
    let metadata = end.expect("read").metadata;
    assert_eq!(
        (metadata.title.as_deref(), metadata.language.as_deref()),
        (Some("Un été"), Some("fr"))
    );
    assert_eq!(
        pieces[1].locator,
        Locator::Section {
            number: 1,
            title: Some("Le début".into())
        }
    );
}

#[tokio::test]
async fn markdown_loses_its_marks_and_keeps_its_headings() {
    let source = "---\ntitle: x\n---\nIntro\n\n# Über *uns*\n\nEin [Verweis](https://example.org) und `code`.\n\n| a | b |\n|---|---|\n| 1 | 2 |\n";
    let (pieces, _) = read(source.as_bytes(), "text/markdown").await;
    assert_eq!(pieces[0].text, "Intro");
    in_order(
        &pieces[1].text,
        &["Über uns", "Ein Verweis und code.", "a b", "1 2"],
    );
    assert_eq!(
        pieces[1].locator,
        Locator::Section {
            number: 1,
            title: Some("Über uns".into())
        }
    );
}

#[tokio::test]
async fn tables_and_trees_keep_their_place() {
    let (pieces, _) = read("name;ort\n\"Änne\nB.\";Köln\n".as_bytes(), "text/csv").await;
    assert_eq!(pieces[0].text, "name\tort\nÄnne\nB.\tKöln");
    assert_eq!(
        pieces[0].locator,
        Locator::Rows {
            sheet: None,
            first: 1,
            last: 2
        }
    );
    let (pieces, _) = read(
        r#"{"a/b":[{"name":"Jürgen"}],"n":1.5}"#.as_bytes(),
        "application/json",
    )
    .await;
    assert_eq!(pieces[0].text, "name: Jürgen\nn: 1.5");
    assert_eq!(
        pieces[0].locator,
        Locator::Pointer {
            path: "/a~1b/0/name".into()
        }
    );
}

#[tokio::test]
async fn text_in_older_encodings_is_read_and_long_text_keeps_its_lines() {
    let german = "Die Größe der Straße überrascht die Gäste aus Köln.\r\n".repeat(1000);
    let (bytes, _, _) = encoding_rs::WINDOWS_1252.encode(&german);
    let (pieces, end) = read(&bytes, "text/plain").await;
    assert_eq!(
        end.expect("read").metadata.encoding.as_deref(),
        Some("windows-1252")
    );
    assert_eq!(text(&pieces).lines().count(), 1000);
    assert!(
        text(&pieces)
            .lines()
            .all(|l| l == german.lines().next().unwrap_or_default())
    );
    let (first, last) = (&pieces[0].locator, &pieces[1].locator);
    match (first, last) {
        (Locator::Lines { first: 1, last: a }, Locator::Lines { first: b, .. }) => assert_eq!(a + 1, *b),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_file_without_a_reader_is_unsupported_and_a_wrong_type_is_said() {
    let png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0";
    let (_, end) = read(png, "image/png").await;
    assert!(matches!(end, Err(ExtractError::Unsupported { .. })), "{end:?}");
    let (_, end) = read(samples::HTML.as_bytes(), "application/pdf").await;
    assert_eq!(end.expect("text is text").verdict, Verdict::Contradicts);
}
