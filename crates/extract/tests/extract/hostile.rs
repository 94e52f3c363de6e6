//! Files that are built to hurt end within limits, say which, and take nobody along.

use super::samples::{self, DOCX, XLSX, archive, docx_of, xlsx_of};
use super::{extractor, read, read_with, text};
use lopdf::{Object, Stream, dictionary};
use proptest::test_runner::{Config, TestRunner};
use std::io::{Cursor, Write as _};
use std::time::{Duration, Instant};
use windlass_extract::formats::{Source, read_here};
use windlass_extract::{ExtractError, Limit, Limits, PathOrFile};

fn limit(end: Result<windlass_extract::Extracted, ExtractError>) -> Option<Limit> {
    end.expect_err("refused").limit()
}

// A88
#[tokio::test]
async fn a88_a_gigabyte_of_zeros_is_not_unpacked() {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    zip.start_file("word/document.xml", zip::write::SimpleFileOptions::default())
        .expect("entry");
    let block = vec![0_u8; 1 << 20];
    for _ in 0..1024 {
        zip.write_all(&block).expect("zeros");
    }
    let bomb = zip.finish().expect("bomb").into_inner();
    let (_, end) = read(&bomb, DOCX).await;
    assert_eq!(limit(end), Some(Limit::Unpacked));
    // The same inside another archive is just an entry that nobody opens.
    let nested = archive([
        ("word/document.xml", b"<w:document xmlns:w='w'/>".to_vec()),
        ("word/media/bomb.zip", bomb),
    ]);
    let (pieces, end) = read(&nested, DOCX).await;
    assert!(end.is_ok() && pieces.is_empty(), "{end:?}");
}

// A88
#[tokio::test]
async fn a88_a_directory_that_lies_about_sizes_is_found_while_reading() {
    let spaces = vec![b' '; 40 << 20];
    let mut bomb = archive([("word/document.xml", [b"<a>", spaces.as_slice(), b"</a>"].concat())]);
    // Claim one KiB in the directory: uncompressed size stands 24 bytes into each central header.
    let at = bomb
        .windows(4)
        .rposition(|w| w == b"PK\x01\x02")
        .expect("directory");
    bomb[at + 24..at + 28].copy_from_slice(&1024_u32.to_le_bytes());
    let (_, end) = read(&bomb, DOCX).await;
    assert!(
        matches!(
            end,
            Err(ExtractError::Limit {
                limit: Limit::Unpacked,
                ..
            } | ExtractError::Damaged { .. })
        ),
        "{end:?}"
    );
}

#[tokio::test]
async fn a88_too_many_entries_are_refused_by_the_directory_alone() {
    let names: Vec<String> = (0..12_000).map(|i| format!("f{i}")).collect();
    let mut entries: Vec<(&str, Vec<u8>)> = vec![("word/document.xml", b"<a/>".to_vec())];
    entries.extend(names.iter().map(|n| (n.as_str(), Vec::new())));
    let (_, end) = read(&archive(entries), DOCX).await;
    assert_eq!(limit(end), Some(Limit::Entries));
}

// A90
#[tokio::test]
async fn a90_billion_laughs_and_external_entities_are_refused() {
    let laughs: String = (1..10)
        .map(|i| format!(r#"<!ENTITY l{i} "{}">"#, format!("&l{};", i - 1).repeat(10)))
        .collect();
    let doctype =
        format!(r#"<!DOCTYPE x [<!ENTITY l0 "lol">{laughs}<!ENTITY f SYSTEM "file:///etc/passwd">]>"#);
    let document =
        format!("<?xml version='1.0'?>{doctype}<w:document xmlns:w='w'><w:t>&l9;&f;</w:t></w:document>");
    let (pieces, end) = read(&archive([("word/document.xml", document.into_bytes())]), DOCX).await;
    assert!(matches!(end, Err(ExtractError::Damaged { .. })), "{end:?}");
    assert!(pieces.is_empty());
    // A book with a DTD is read, its entities are not.
    let (pieces, _) = read(
        format!("{doctype}<html><p>x&l9;&f;</p></html>").as_bytes(),
        "text/html",
    )
    .await;
    assert!(text(&pieces).len() < 2000 && !text(&pieces).contains("root:"));
}

#[tokio::test]
async fn depth_and_columns_have_an_end() {
    let (_, end) = read(&docx_of(&"<w:p>".repeat(100_000)), DOCX).await;
    assert_eq!(limit(end), Some(Limit::Depth));
    let (_, end) = read("[".repeat(1_000_000).as_bytes(), "application/json").await;
    assert!(
        matches!(
            end,
            Err(ExtractError::Limit {
                limit: Limit::Depth,
                ..
            }) | Ok(_)
        ),
        "{end:?}"
    );
    let (_, end) = read("<div>".repeat(1_000_000).as_bytes(), "text/html").await;
    assert!(end.is_ok(), "{end:?}");
    let (_, end) = read(format!("{}\n1\n", "a,".repeat(1_000_000)).as_bytes(), "text/csv").await;
    assert_eq!(limit(end), Some(Limit::Columns));
    let cells = "<c><v>1</v></c>".repeat(20_000);
    let (_, end) = read(&xlsx_of(&format!("<row>{cells}</row>")), XLSX).await;
    assert_eq!(limit(end), Some(Limit::Columns));
}

// A91
#[tokio::test]
async fn a91_pdfs_that_go_in_circles_end() {
    let limits = Limits {
        time_ms: 5_000,
        ..Limits::default()
    };
    let mut cycle = samples::pdf(&["words"]);
    let pages = cycle
        .catalog()
        .and_then(|c| c.get(b"Pages"))
        .and_then(Object::as_reference)
        .expect("pages");
    if let Ok(dict) = cycle.get_object_mut(pages).and_then(Object::as_dict_mut) {
        dict.set("Kids", vec![pages.into(), pages.into(), pages.into()]);
        dict.set("Parent", pages);
        dict.set("Count", i64::MAX);
    }
    // A form that draws itself.
    let mut form = samples::pdf(&["words"]);
    let itself = form.new_object_id();
    let resources = dictionary! { "XObject" => dictionary! { "X" => itself } };
    let dict = dictionary! { "Type" => "XObject", "Subtype" => "Form", "Resources" => resources.clone() };
    form.objects
        .insert(itself, Object::Stream(Stream::new(dict, b"/X Do /X Do".to_vec())));
    let page = form.page_iter().next().expect("a page");
    let content = form.add_object(Stream::new(dictionary! {}, b"/X Do".to_vec()));
    if let Ok(page) = form.get_object_mut(page).and_then(Object::as_dict_mut) {
        page.set("Resources", resources);
        page.set("Contents", content);
    }
    let prev = b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 1 0 R/Kids[1 0 R]>>endobj\nxref\n0 1\n0000000000 65535 f \ntrailer<</Root 1 0 R/Size 2/Prev 60>>\nstartxref\n60\n%%EOF".to_vec();
    for (what, bytes) in [
        ("pages", samples::saved(cycle)),
        ("form", samples::saved(form)),
        ("prev", prev),
    ] {
        let began = Instant::now();
        let (_, end) = read_with(&bytes, "application/pdf", &limits).await;
        assert!(began.elapsed() < Duration::from_secs(9), "{what}");
        assert!(
            matches!(
                end,
                Err(ExtractError::Damaged { .. } | ExtractError::Limit { .. })
            ),
            "{what}: {end:?}"
        );
    }
}

// A94
#[tokio::test]
async fn a94_a_gigabyte_in_one_string_is_the_memory_limit_and_others_go_on() {
    let mut file = tempfile::tempfile().expect("a file");
    file.write_all(b"{\"a\":\"").expect("written");
    let block = vec![b'a'; 1 << 20];
    for _ in 0..48 {
        file.write_all(&block).expect("written");
    }
    file.set_len(1 << 30).expect("sparse");
    let limits = Limits {
        input_bytes: 2 << 30,
        memory_bytes: 24 << 20,
        ..Limits::default()
    };
    let extractor = extractor();
    let huge = extractor.extract(PathOrFile::File(file), "application/json", &limits, |_| {});
    let others = async {
        for (name, declared, bytes) in samples::all() {
            let (pieces, end) = read(&bytes, declared).await;
            assert!(end.is_ok() && !pieces.is_empty(), "{name}: {end:?}");
        }
    };
    let (huge, ()) = tokio::join!(huge, others);
    assert_eq!(limit(huge), Some(Limit::Memory));
}

#[tokio::test]
async fn each_other_limit_says_its_name() {
    let words = "words and more words\n".repeat(400_000);
    let small = Limits {
        text_bytes: 100_000,
        ..Limits::default()
    };
    let (pieces, end) = read_with(words.as_bytes(), "text/plain", &small).await;
    assert_eq!(limit(end), Some(Limit::Output));
    assert!((50_000..=100_000).contains(&text(&pieces).len()));
    let small = Limits {
        input_bytes: 1000,
        ..Limits::default()
    };
    assert_eq!(
        limit(read_with(words.as_bytes(), "text/plain", &small).await.1),
        Some(Limit::Input)
    );
    let short = Limits {
        time_ms: 1,
        ..Limits::default()
    };
    assert_eq!(
        limit(read_with(words.as_bytes(), "text/plain", &short).await.1),
        Some(Limit::Time)
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_file_cut_anywhere_is_damage_or_less_text_and_never_more() {
    let limits = Limits {
        time_ms: 10_000,
        ..Limits::default()
    };
    let mut jobs = tokio::task::JoinSet::new();
    for (name, declared, bytes) in samples::all() {
        let limits = limits.clone();
        jobs.spawn(async move {
            for sixteenth in 0..16 {
                let cut = &bytes[..bytes.len() * sixteenth / 16];
                let (_, end) = read_with(cut, declared, &limits).await;
                assert!(
                    !matches!(end, Err(ExtractError::Interrupted { .. })),
                    "{name} at {sixteenth}/16: {end:?}"
                );
            }
        });
    }
    while let Some(job) = jobs.join_next().await {
        job.expect("each cut ends well");
    }
}

/// A few bytes of honest files changed, in children: whatever happens there is an answer here.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn changed_bytes_never_reach_the_parent() {
    let limits = Limits {
        time_ms: 5_000,
        ..Limits::default()
    };
    let mut jobs = tokio::task::JoinSet::new();
    for (i, (name, declared, bytes)) in samples::all().into_iter().enumerate() {
        let limits = limits.clone();
        jobs.spawn(async move {
            // A fixed seed: the same bytes on every run.
            let mut state = 0x9E37_79B9_7F4A_7C15_u64 ^ i as u64;
            let mut next = |below: usize| {
                state = state
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1_442_695_040_888_963_407);
                usize::try_from(state >> 33).unwrap_or(0) % below
            };
            for round in 0..30 {
                let mut changed = bytes.clone();
                for _ in 0..=next(8) {
                    let at = next(changed.len());
                    changed[at] = u8::try_from(next(256)).unwrap_or(0);
                }
                let (_, end) = read_with(&changed, declared, &limits).await;
                assert!(
                    !matches!(end, Err(ExtractError::Interrupted { .. })),
                    "{name} round {round}: {end:?}"
                );
            }
        });
    }
    while let Some(job) = jobs.join_next().await {
        job.expect("each change ends well");
    }
}

/// Arbitrary bytes behind each sign, in process: what is not the library of PDF does not even panic.
#[test]
fn arbitrary_bytes_make_no_reader_panic() {
    let mut runner = TestRunner::new(Config {
        cases: 300,
        ..Config::default()
    });
    let signs = [
        "",
        "{",
        "<html>",
        "# ",
        "a,b\n",
        "\u{feff}",
        "<?xml version='1.0'?><svg",
        "PK\u{3}\u{4}",
        "glTF",
    ];
    let declared = [
        "text/plain",
        "text/csv",
        "text/markdown",
        "application/json",
        "text/html",
        DOCX,
    ];
    let input = (
        0..signs.len(),
        0..declared.len(),
        proptest::collection::vec(proptest::num::u8::ANY, 0..600),
    );
    runner
        .run(&input, |(sign, kind, bytes)| {
            let bytes = [signs[sign].as_bytes(), &bytes].concat();
            let mut source = Source::new(Cursor::new(bytes)).expect("a source");
            let _ = read_here(&mut source, declared[kind], &Limits::default(), &mut |_| {});
            Ok(())
        })
        .expect("no panic");
}
