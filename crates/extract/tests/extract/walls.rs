//! What a child may not do, looked at while it works.
#![cfg(target_os = "linux")]

use super::extractor;
use std::fs;
use std::io::Write as _;
use windlass_extract::{ExtractError, Extractor, Limits, PathOrFile};

/// The process whose arguments name `mark`.
fn child_with(mark: &str) -> Option<String> {
    fs::read_dir("/proc")
        .ok()?
        .filter_map(Result::ok)
        .map(|e| e.path().display().to_string())
        .find(|path| {
            fs::read(format!("{path}/cmdline"))
                .is_ok_and(|c| String::from_utf8_lossy(&c).split('\0').any(|a| a == mark))
        })
}

// A95
#[tokio::test]
async fn a95_a_child_works_without_rights_secrets_or_files() {
    let mut file = tempfile::tempfile().expect("a file");
    // More than pipes hold, so the child still stands there when it is looked at.
    file.write_all("some words of a text\n".repeat(200_000).as_bytes())
        .expect("written");
    let mut seen = None;
    let end = extractor()
        .extract(PathOrFile::File(file), "text/x-walls", &Limits::default(), |_| {
            if seen.is_none() {
                let child = child_with("text/x-walls").expect("a child");
                let read = |name: &str| fs::read_to_string(format!("{child}/{name}")).expect(name);
                let cwd = fs::read_link(format!("{child}/cwd")).expect("cwd");
                let empty = fs::read_dir(cwd).expect("folder").count() == 0;
                seen = Some((read("status"), read("limits"), read("environ"), empty));
            }
        })
        .await;
    end.expect("read");
    let (status, limits, environ, empty) = seen.expect("a piece came");
    let line = |of: &str, name: &str| {
        let found = of
            .lines()
            .find(|l| l.starts_with(name))
            .unwrap_or_default()
            .to_owned();
        found
            .trim_start_matches(name)
            .split_whitespace()
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    assert_eq!(line(&status, "Seccomp:"), ["2"], "{status}");
    assert_eq!(line(&status, "NoNewPrivs:"), ["1"]);
    assert_eq!(line(&limits, "Max file size")[0], "0");
    assert_eq!(line(&limits, "Max core file size")[0], "0");
    assert_eq!(line(&limits, "Max processes")[0], "0");
    assert_eq!(line(&limits, "Max open files")[0], "8");
    assert_ne!(line(&limits, "Max address space")[0], "unlimited");
    assert!(environ.is_empty() && empty, "{environ}");
}

#[tokio::test]
async fn a_program_that_is_no_child_or_not_there_is_an_interruption() {
    for program in ["/bin/true", "/nonexistent/windlass"] {
        let mut file = tempfile::tempfile().expect("a file");
        file.write_all(b"words").expect("written");
        let end = Extractor::with_program(program.into())
            .extract(PathOrFile::File(file), "text/plain", &Limits::default(), |_| {})
            .await;
        assert!(
            matches!(end, Err(ExtractError::Interrupted { .. })),
            "{program}: {end:?}"
        );
    }
}

#[tokio::test]
async fn dropping_the_job_ends_its_child_and_a_folder_is_not_read() {
    let mut file = tempfile::tempfile().expect("a file");
    file.write_all("some words of a text\n".repeat(200_000).as_bytes())
        .expect("written");
    let (tell, told) = tokio::sync::oneshot::channel();
    let mut tell = Some(tell);
    let extractor = extractor();
    let limits = Limits::default();
    {
        let job = extractor.extract(PathOrFile::File(file), "text/x-dropped", &limits, |_| {
            if let Some(tell) = tell.take() {
                let _ = tell.send(child_with("text/x-dropped"));
            }
        });
        tokio::select! { biased; child = told => assert!(child.is_ok_and(|c| c.is_some())), _ = job => {} }
    }
    for _ in 0..200 {
        // A dead child has no arguments, also while nobody has asked for its end.
        if child_with("text/x-dropped").is_none() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    assert_eq!(child_with("text/x-dropped"), None);
    let end = extractor
        .extract(PathOrFile::Path("/tmp".into()), "text/plain", &limits, |_| {})
        .await;
    assert!(matches!(end, Err(ExtractError::Unsupported { .. })), "{end:?}");
}
