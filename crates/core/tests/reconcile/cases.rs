//! Launches as text: `<case>.txt` says what is seen, `<case>.report` what is planned and told.
//!
//! A case has one block a file, of three lines: what the queue, the destination and the disk say. Parts stand in order, one
//! letter each: here `.` pending, `u` uploading, `S` stored, `x` failed; there `.` not listed, `S` listed with its checksum,
//! `t` with its tag only, `o` with other bytes. `WINDLASS_BLESS=1` writes the reports anew.

use std::fmt::Write as _;
use std::path::Path;

use windlass_core::error::{ErrorCode, Failure};
use windlass_core::fingerprint::SourceFingerprint;
use windlass_core::machine::records::Change;
use windlass_core::reconcile::{LocalFile, Observation, Remote, Source, plan, report};
use windlass_core::states::PartState;

use crate::world::{Listed, NOW, listing, local, proof, session};

fn parse(text: &str) -> Vec<Observation> {
    let lines: Vec<_> = text
        .lines()
        .filter(|l| !l.trim().is_empty() && !l.starts_with('#'))
        .collect();
    lines
        .chunks(3)
        .enumerate()
        .map(|(i, block)| one(i as u8, block))
        .collect()
}

fn one(i: u8, block: &[&str]) -> Observation {
    let words = |line: &str, head: &str| -> Vec<String> {
        let rest = line
            .trim()
            .strip_prefix(head)
            .unwrap_or_else(|| panic!("{line:?} should begin with {head}"));
        rest.split_whitespace().map(str::to_owned).collect()
    };
    let here = words(block[0], "file");
    let parts: Vec<_> = here[3].chars().map(part_state).collect();
    let mut file = LocalFile {
        name: here[0].clone(),
        ..local(i, here[1].parse().expect("a state"), &parts)
    };
    file.attempt = here[2].parse().expect("an attempt");
    let there = words(block[1], "destination");
    let remote = match there[0].as_str() {
        "not-asked" => Remote::NotAsked,
        "unknown" => Remote::Unknown,
        state => {
            let parts = there.get(2).filter(|p| p.chars().all(|c| ".Sto".contains(c)));
            let listed = parts.map(|p| listing(&p.chars().map(listed).collect::<Vec<_>>()));
            let mut s = session(
                there[1].parse().expect("an attempt"),
                state.parse().expect("a state"),
                listed,
            );
            s.deleted = there.iter().any(|w| w == "deleted");
            s.settled = there.iter().any(|w| w == "proved").then(proof);
            Remote::Known(s)
        }
    };
    let f = file.fingerprint;
    let source = match words(block[2], "disk")[0].as_str() {
        "same" => Source::Present(f),
        "touched" => Source::Present(SourceFingerprint {
            ctime_ns: f.ctime_ns + 1,
            ..f
        }),
        "grown" => Source::Present(SourceFingerprint {
            size: f.size + 5,
            mtime_ns: 999,
            ctime_ns: 999,
            ..f
        }),
        "missing" => Source::Missing,
        "unplugged" => Source::Failed(Failure::new(ErrorCode::DiskMissing, "card A")),
        other => panic!("no such disk: {other}"),
    };
    (file, remote, source)
}

fn part_state(c: char) -> PartState {
    match c {
        '.' => PartState::Pending,
        'u' => PartState::Uploading,
        'S' => PartState::Uploaded,
        'x' => PartState::Failed,
        other => panic!("no such part: {other}"),
    }
}

fn listed(c: char) -> Listed {
    match c {
        'S' => Listed::Same,
        't' => Listed::TagOnly,
        'o' => Listed::OtherBytes,
        _ => Listed::Not,
    }
}

fn told(files: &[Observation]) -> String {
    let made = plan(files, NOW);
    let mut out = String::new();
    for action in &made.actions {
        writeln!(
            out,
            "{}: {:?} ({} parts): {}",
            action.name, action.kind, action.parts, action.because
        )
        .expect("a line");
        for change in &action.changes {
            writeln!(out, "    {}", short(change)).expect("a line");
        }
    }
    for group in report(&made) {
        writeln!(out, "report:").expect("a line");
        for f in group.findings {
            writeln!(
                out,
                "    {:?}: {} files, {} parts, {}",
                f.kind, f.files, f.parts, f.example
            )
            .expect("a line");
        }
    }
    out
}

fn short(change: &Change) -> String {
    match change {
        Change::FileState { from, to, .. } => format!("{from} -> {to}"),
        Change::FileFailed { from, failure, .. } => format!("{from} -> failed: {failure}"),
        Change::FileDone { from, .. } => format!("{from} -> done"),
        Change::FileStartOver {
            from,
            attempt,
            fingerprint,
            part_count,
            ..
        } => {
            format!(
                "{from} -> queued: attempt {attempt}, {} bytes, {part_count} parts",
                fingerprint.size
            )
        }
        Change::PartState { n, to, .. } => format!("part {n} -> {to}"),
        Change::PartUploaded { n, .. } => format!("part {n} -> uploaded, as listed"),
        other => format!("{other:?}"),
    }
}

#[test]
fn each_case_is_told_as_its_report_says() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reconcile");
    let mut cases: Vec<_> = std::fs::read_dir(folder)
        .expect("the cases")
        .map(|e| e.expect("an entry").path())
        .collect();
    cases.retain(|p| p.extension().is_some_and(|e| e == "txt"));
    cases.sort();
    assert!(cases.len() >= 6, "the cases are gone");
    for case in cases {
        let made = told(&parse(&std::fs::read_to_string(&case).expect("a case")));
        let beside = case.with_extension("report");
        if std::env::var_os("WINDLASS_BLESS").is_some() {
            std::fs::write(&beside, &made).expect("the report is written");
        }
        let expected = std::fs::read_to_string(&beside).unwrap_or_default();
        assert_eq!(made, expected, "{}", case.display());
    }
}
