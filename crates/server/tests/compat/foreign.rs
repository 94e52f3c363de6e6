//! Uploaders of other people, as they are, against this server and a real bucket. `cargo xtask setup --test` brings what they
//! need of Node and Python; see `tests/foreign/README.md`.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use windlass_protocol::tokens::Scope;
use windlass_testkit::garage::Garage;

use crate::bench::{Bench, bytes, word};
use crate::companion::upload_key;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/foreign")
}

async fn run(mut command: Command) -> Vec<Value> {
    let what = format!("{command:?}");
    let ended = tokio::task::spawn_blocking(move || command.output())
        .await
        .expect("ended");
    let Output {
        status,
        stdout,
        stderr,
    } = ended.expect("started");
    let (out, err) = (String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
    assert!(status.success(), "{what}\n{out}\n{err}");
    out.lines()
        .map(|l| serde_json::from_str(l).expect("a line of JSON"))
        .collect()
}

// G-11, G-14: Uppy 5 and 6, straight on, interrupted, and given up.
#[tokio::test(flavor = "multi_thread")]
async fn uppy_uploads_resumes_and_gives_up() {
    let (buckets, _garage) = Bench::buckets().await;
    for bench in buckets {
        let key = upload_key(&bench, &[Scope::Upload], true).await;
        let base = format!("{}/k/{key}", bench.kit.url);
        let (large, small) = (
            bench.kit.dir.path().join("a large one.bin"),
            bench.kit.dir.path().join("small.bin"),
        );
        let data = [bytes((12 << 20) + 1), bytes(70_000)];
        std::fs::write(&large, &data[0]).expect("written");
        std::fs::write(&small, &data[1]).expect("written");
        for version in ["uppy5", "uppy6"] {
            for more in [None, Some("--pause")] {
                let mut node = Command::new("node");
                node.current_dir(folder())
                    .arg("uppy.mjs")
                    .args([version, &base])
                    .args(more)
                    .arg(&large)
                    .arg(&small);
                let lines = run(node).await;
                assert_eq!(lines.len(), 2, "{version} {more:?}: {lines:?}");
                let all = bench.get("/uploads?limit=2").await;
                for file in all.as_array().expect("a list") {
                    assert_eq!(word(file, "status"), "uploaded", "{version}: {file}");
                    let path = format!("/v1/sessions/{}/content", word(file, "fileId"));
                    let read = bench
                        .kit
                        .get(&path, &bench.token)
                        .await
                        .bytes()
                        .await
                        .expect("bytes");
                    assert!(data.iter().any(|d| *d == read), "{version}: the same bytes");
                }
            }
            let mut node = Command::new("node");
            node.current_dir(folder())
                .arg("uppy.mjs")
                .args([version, &base, "--cancel"])
                .arg(&large);
            run(node).await;
            let newest = &bench.get("/uploads?limit=1").await[0];
            assert_eq!(word(newest, "status"), "deleted-by-user", "{version}: {newest}");
        }
    }
}

// G-11, G-14, D-9: `requests` sends, boto3 looks at what arrived, past the server.
#[tokio::test(flavor = "multi_thread")]
async fn requests_uploads_in_parts_and_at_once() {
    let (buckets, garage) = Bench::buckets().await;
    for bench in buckets {
        let path = bench.kit.dir.path().join("some file.bin");
        std::fs::write(&path, bytes((20 << 20) + 11)).expect("written");
        let small = bench.kit.dir.path().join("small.bin");
        std::fs::write(&small, bytes(90_000)).expect("written");
        for (file, single) in [(&path, false), (&small, true)] {
            let lines = run(python(&bench, &garage, file, single)).await;
            assert_eq!(
                (&lines[0]["same"], &lines[0]["left"]),
                (&true.into(), &0.into()),
                "{lines:?}"
            );
        }
    }
}

fn python(bench: &Bench, garage: &Garage, file: &Path, single: bool) -> Command {
    python_at(&bench.kit.url, &bench.token, garage, file, single)
}

fn python_at(url: &str, token: &str, garage: &Garage, file: &Path, single: bool) -> Command {
    let mut python = Command::new("/usr/bin/python3");
    python
        .current_dir(folder())
        .args(["requests_upload.py", url])
        .arg(file);
    for (name, value) in [
        ("--token", token),
        ("--bucket", garage.bucket()),
        ("--endpoint", garage.endpoint()),
        ("--region", garage.region()),
        ("--access-key", garage.access_key()),
        ("--secret-key", garage.secret_key()),
    ] {
        python.args([name, value]);
    }
    if single {
        python.arg("--single");
    }
    python
}

/// `windlass serve` itself; ends with the test.
struct Program(std::process::Child);

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended by itself.
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

/// The program beside this one, built before.
fn windlass() -> Command {
    let own = std::env::current_exe().expect("a path");
    Command::new(
        own.ancestors()
            .nth(2)
            .expect("the folder of programs")
            .join("windlass"),
    )
}

// G-11, G-14: all of them once more against the program that people run.
#[tokio::test(flavor = "multi_thread")]
async fn the_program_itself_serves_them() {
    use std::io::{BufRead as _, BufReader};
    let garage = tokio::task::spawn_blocking(|| Garage::shared().expect("Garage"));
    let garage = garage.await.expect("started");
    let dir = tempfile::TempDir::new().expect("a folder");
    let data = dir.path().join("data");
    let storage = format!(
        "s3://{}/program?endpoint={}&region={}&path_style=1",
        garage.bucket(),
        garage.endpoint(),
        garage.region()
    );
    let mut serve = windlass();
    serve.args([
        "serve",
        "--json",
        "--listen",
        "127.0.0.1:0",
        "--storage",
        &storage,
    ]);
    serve
        .arg("--data")
        .arg(&data)
        .stdout(std::process::Stdio::piped());
    serve.env("AWS_ACCESS_KEY_ID", garage.access_key());
    serve.env("AWS_SECRET_ACCESS_KEY", garage.secret_key());
    let mut program = Program(serve.spawn().expect("the program"));
    let out = program.0.stdout.take().expect("its words");
    let line = tokio::task::spawn_blocking(move || {
        let mut line = String::new();
        BufReader::new(out).read_line(&mut line).map(|_| line)
    });
    let line: Value = serde_json::from_str(&line.await.expect("read").expect("a line")).expect("JSON");
    let url = word(&line, "url").to_owned();
    let token = async |more: &[&str]| {
        let mut make = windlass();
        make.args(["token", "create", "--json", "--name", "t"])
            .args(more)
            .arg("--data")
            .arg(&data);
        word(&run(make).await[0], "token").to_owned()
    };
    let key = token(&[
        "--scopes",
        "upload",
        "--destinations",
        "recordings",
        "--expires",
        "1h",
    ])
    .await;
    let (large, small) = (dir.path().join("a large one.bin"), dir.path().join("small.bin"));
    std::fs::write(&large, bytes((12 << 20) + 1)).expect("written");
    std::fs::write(&small, bytes(70_000)).expect("written");
    for version in ["uppy5", "uppy6"] {
        let mut node = Command::new("node");
        node.current_dir(folder())
            .arg("uppy.mjs")
            .args([version, &format!("{url}/k/{key}")]);
        node.arg(&large).arg(&small);
        assert_eq!(run(node).await.len(), 2);
    }
    let token = token(&["--scopes", "upload,read"]).await;
    for (file, single) in [(&large, false), (&small, true)] {
        let lines = run(python_at(&url, &token, &garage, file, single)).await;
        assert_eq!(
            (&lines[0]["same"], &lines[0]["left"]),
            (&true.into(), &0.into()),
            "{lines:?}"
        );
    }
}
