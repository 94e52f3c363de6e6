//! The real program: `windlass serve`, its tokens and users, and a file sent to it.
#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a test that can't go on says so"
)]

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;
use windlass_core::checksum::crc64;
use windlass_core::ids::{ClientId, FileId, GroupId};
use windlass_core::units::{ETag, PartNumber, Sha256};
use windlass_protocol::groups::CreateGroup;
use windlass_protocol::sessions::{
    CompleteItem, CompleteOutcome, DonePart, InitAnswer, InitItem, SignItem, SignPart,
};
use windlass_protocol::{ControlClient, Endpoint};
use windlass_server::clock::{SystemWorld, World as _, random};

fn windlass(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_windlass"));
    command.args(arguments).env_clear().stdin(Stdio::null());
    command
}

fn run(arguments: &[&str]) -> Output {
    windlass(arguments).output().expect("it runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn json(output: &Output) -> Value {
    assert!(
        output.status.success(),
        "{}{}",
        text(&output.stdout),
        text(&output.stderr)
    );
    serde_json::from_slice(&output.stdout).expect("a line of JSON")
}

/// A server that runs; killed with its value.
struct Running {
    child: Child,
    url: String,
    log: PathBuf,
}

impl Running {
    fn start(data: &Path, more: &[&str]) -> Self {
        let log = data.with_extension("log");
        let mut command = windlass(&["serve", "--data", path(data), "--json", "--listen", "127.0.0.1:0"]);
        command.args(more).stdout(Stdio::piped());
        command.stderr(std::fs::File::create(&log).expect("a log"));
        let mut child = command.spawn().expect("it starts");
        let mut first = String::new();
        let stdout = child.stdout.as_mut().expect("piped");
        BufReader::new(stdout).read_line(&mut first).expect("a line");
        let line: Value = serde_json::from_str(&first).unwrap_or_else(|_| {
            panic!("{first:?} {}", std::fs::read_to_string(&log).unwrap_or_default());
        });
        assert_eq!(line["event"], "listening");
        let url = line["url"].as_str().expect("a url").to_owned();
        Self { child, url, log }
    }

    /// SIGTERM, and its end.
    fn end(mut self) -> (bool, String, String) {
        let id = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(id, rustix::process::Signal::TERM).expect("a signal");
        let mut rest = String::new();
        let mut stdout = self.child.stdout.take().expect("piped");
        stdout.read_to_string(&mut rest).expect("text");
        let status = self.child.wait().expect("it ends");
        let log = std::fs::read_to_string(&self.log).expect("a log");
        (status.success(), rest, log)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn path(path: &Path) -> &str {
    path.to_str().expect("text")
}

async fn upload(client: &ControlClient, http: &reqwest::Client, data: &[u8]) -> FileId {
    let now = SystemWorld.now();
    let (group, id) = (
        GroupId::new(now, random(&SystemWorld).expect("random")),
        FileId::new(now, random(&SystemWorld).expect("random")),
    );
    let places = client.destinations().await.expect("destinations");
    let place = places.iter().find(|d| d.name == "recordings").expect("shipped");
    let made = CreateGroup {
        id: group,
        name: "Trip".into(),
        destination_id: place.id,
    };
    client.create_group(&made).await.expect("a group");
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, data);
    let sha256 = Some(Sha256(digest.as_ref().try_into().expect("32 bytes")));
    let size = data.len() as u64;
    let init = InitItem {
        id,
        attempt: 1,
        group_id: group,
        rel_path: "a/b.bin".into(),
        size,
        part_size: 8 << 20,
        mime: "application/octet-stream".into(),
        sha256,
        client_id: ClientId::new(now, [7; 10]),
        race: false,
    };
    let answer = client.init(vec![init]).await.expect("init").remove(0).answer;
    assert!(matches!(answer, InitAnswer::Upload { .. }), "{answer:?}");
    let n = PartNumber::try_from(1).expect("a part");
    let sign = SignItem {
        id,
        attempt: 1,
        parts: vec![SignPart {
            n,
            size,
            crc64: crc64(data),
            sha256,
            again: false,
        }],
    };
    let signed = client
        .sign(vec![sign])
        .await
        .expect("sign")
        .remove(0)
        .uploads
        .remove(0);
    let mut put = http.put(&signed.url).body(data.to_vec());
    for (name, value) in &signed.headers {
        put = put.header(name, value);
    }
    let answer = put.send().await.expect("an answer");
    assert_eq!(answer.status(), 200);
    let etag = answer.headers()["etag"].to_str().expect("an etag").to_owned();
    let complete = CompleteItem {
        id,
        attempt: 1,
        size,
        crc64: crc64(data),
        sha256,
        parts: vec![DonePart {
            n,
            size,
            crc64: crc64(data),
            etag: ETag(etag),
        }],
    };
    let outcome = client
        .complete(vec![complete])
        .await
        .expect("complete")
        .remove(0)
        .outcome;
    assert!(matches!(outcome, CompleteOutcome::Settled(_)), "{outcome:?}");
    id
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_needs_a_folder_and_takes_a_file_with_a_token_from_the_command_line() {
    let dir = TempDir::new().expect("a folder");
    let data = dir.path().join("data");
    let server = Running::start(&data, &[]);
    let made = json(&run(&[
        "token",
        "create",
        "--data",
        path(&data),
        "--name",
        "laptop",
        "--scopes",
        "upload,read,delete",
        "--json",
    ]));
    let token = made["token"].as_str().expect("a token").to_owned();
    let endpoint = Endpoint {
        base_url: server.url.clone(),
        token: token.clone(),
    };
    let client = ControlClient::new(endpoint).expect("a client");
    let http = reqwest::Client::builder().no_proxy().build().expect("http");
    let bytes: [u8; 4096] = random(&SystemWorld).expect("random");
    let content: Vec<u8> = bytes.repeat(50);
    let id = upload(&client, &http, &content).await;
    let back = http
        .get(format!("{}/v1/sessions/{id}/content", server.url))
        .bearer_auth(&token)
        .send()
        .await
        .expect("an answer");
    assert_eq!(back.status(), 200);
    assert!(back.bytes().await.expect("bytes") == content, "the same bytes");

    // Taken back on the command line, refused by the server.
    json(&run(&[
        "token",
        "revoke",
        "laptop",
        "--data",
        path(&data),
        "--json",
    ]));
    let mut refused = None;
    for _ in 0..100 {
        if let Err(e) = client.destinations().await {
            refused = Some(e.code);
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    assert_eq!(refused, Some(windlass_core::error::ErrorCode::TokenRevoked));

    let (fine, rest, log) = server.end();
    assert!(fine && rest.contains("\"ended\""), "{rest}");
    for line in log.lines() {
        assert!(
            serde_json::from_str::<Value>(line).is_ok(),
            "a line of JSON: {line}"
        );
        assert!(!line.contains(&token[3..]) && !line.contains("sig="), "{line}");
    }
    // What was answered is there at the next start.
    let again = Running::start(&data, &[]);
    let made = run(&[
        "token",
        "create",
        "--data",
        path(&data),
        "--name",
        "two",
        "--scopes",
        "upload,read",
        "--json",
    ]);
    let endpoint = Endpoint {
        base_url: again.url.clone(),
        token: json(&made)["token"].as_str().expect("a token").to_owned(),
    };
    let client = ControlClient::new(endpoint).expect("a client");
    let query = windlass_protocol::sessions::Query {
        ids: vec![id],
        parts: false,
    };
    assert_eq!(client.query(&query).await.expect("query").sessions.len(), 1);
}

#[test]
fn users_and_tokens_are_made_before_the_first_start_and_told_in_words() {
    let dir = TempDir::new().expect("a folder");
    let data = dir.path().join("data");
    let data = path(&data);
    let said = |arguments: &[&str]| {
        let output = run(arguments);
        assert!(output.status.success(), "{}", text(&output.stderr));
        (text(&output.stdout), text(&output.stderr))
    };
    assert!(!run(&["migrate", "--check", "--data", data]).status.success());
    said(&["migrate", "--data", data]);
    assert!(
        said(&["migrate", "--check", "--data", data])
            .0
            .contains("nothing to do")
    );
    said(&[
        "user",
        "add",
        "ann",
        "--data",
        data,
        "--email",
        "ann@example.com",
        "--quota",
        "10GB",
    ]);
    let (token, hint) = said(&[
        "token",
        "create",
        "--data",
        data,
        "--name",
        "x",
        "--scopes",
        "upload",
        "--owner",
        "ann@example.com",
        "--expires",
        "90d",
    ]);
    assert!(token.starts_with("wl_") && token.lines().count() == 1 && hint.contains("shown once"));
    let (list, _) = said(&["token", "list", "--data", data]);
    assert!(
        list.contains("may upload, until") && !list.contains(token.trim()),
        "{list}"
    );
    said(&["user", "disable", "ann", "--data", data]);
    assert!(said(&["user", "list", "--data", data]).0.contains("disabled"));
    for (arguments, words) in [
        (
            vec!["token", "create", "--name", "x", "--scopes", "upload"],
            vec!["data: not set", "WINDLASS_DATA"],
        ),
        (
            vec![
                "token", "create", "--data", data, "--name", "x", "--scopes", "fly",
            ],
            vec!["--scopes", "fly", "upload, read"],
        ),
        (
            vec![
                "token", "create", "--data", data, "--name", "x", "--scopes", "upload", "--owner", "zoe",
            ],
            vec!["zoe", "user add"],
        ),
        (
            vec![
                "token", "create", "--data", data, "--name", "x", "--scopes", "upload", "--owner", "ann",
            ],
            vec!["disabled"],
        ),
        (
            vec![
                "token",
                "create",
                "--data",
                data,
                "--name",
                "x",
                "--scopes",
                "upload",
                "--destinations",
                "moon",
            ],
            vec!["moon", "first start"],
        ),
        (
            vec!["token", "revoke", "nothing", "--data", data],
            vec!["nothing"],
        ),
        (
            vec!["user", "add", "bob", "--data", data, "--role", "king"],
            vec!["king", "member, worker, admin"],
        ),
        (
            vec!["serve", "--data", data, "--listen", "here"],
            vec!["listen: \"here\"", "the command line"],
        ),
        (
            vec!["serve", "--data", data, "--set", "liste=1"],
            vec!["liste", "did you mean listen"],
        ),
        (
            vec!["serve", "--data", data, "--config", "/nowhere.toml"],
            vec!["/nowhere.toml"],
        ),
    ] {
        let output = run(&arguments);
        let err = text(&output.stderr);
        assert_eq!(output.status.code(), Some(3), "{arguments:?} {err}");
        for word in words {
            assert!(err.contains(word), "{word:?} is not in {err:?}");
        }
    }
    let help = said(&["serve", "--help"]).0;
    for word in [
        "--listen",
        "WINDLASS_",
        "trusted-proxies",
        "rate-token",
        "s3://",
        "SIGTERM",
    ] {
        assert!(help.contains(word), "{word} is not in the help");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn on_postgresql_the_command_line_needs_only_its_address() {
    use windlass_testkit::postgres::Postgres;
    let make = || Postgres::shared().and_then(|p| p.database()).expect("a database");
    let database = tokio::task::spawn_blocking(make).await.expect("done");
    let dir = TempDir::new().expect("a folder");
    let url = database.url().to_owned();
    let ended = tokio::task::spawn_blocking(move || {
        let check = || run(&["migrate", "--check", "--database", &url, "--json"]);
        assert_eq!(check().status.code(), Some(2));
        let made = run(&[
            "token",
            "create",
            "--database",
            &url,
            "--name",
            "x",
            "--scopes",
            "upload,read",
            "--json",
        ]);
        let token = json(&made)["token"].as_str().expect("a token").to_owned();
        assert_eq!(json(&check())["done"], true);
        let server = Running::start(&dir.path().join("data"), &["--database", &url]);
        (server, token, dir)
    });
    let (server, token, _dir) = ended.await.expect("done");
    let endpoint = Endpoint {
        base_url: server.url.clone(),
        token,
    };
    let client = ControlClient::new(endpoint).expect("a client");
    let http = reqwest::Client::builder().no_proxy().build().expect("http");
    upload(&client, &http, b"hello").await;
    let (fine, _, log) = server.end();
    assert!(fine, "{log}");
    drop(database);
}

// M16, T-7: beside a running server, and without one.
#[tokio::test(flavor = "multi_thread")]
async fn the_janitor_runs_beside_a_server_and_tells_what_it_did() {
    let dir = TempDir::new().expect("a folder");
    let data = dir.path().join("data");
    let server = Running::start(&data, &[]);
    let lines = |output: &Output| -> Vec<Value> {
        assert!(output.status.success(), "{}", text(&output.stderr));
        let out = text(&output.stdout);
        out.lines()
            .map(|l| serde_json::from_str(l).expect("JSON"))
            .collect()
    };
    let stray = data.join(format!(
        "files/recordings/.windlass/{}.partial",
        windlass_core::ids::ObjectId::new(SystemWorld.now(), random(&SystemWorld).expect("random"))
    ));
    // After the run that every start does.
    let audit = || {
        lines(&run(&[
            "janitor",
            "audit",
            "--data",
            path(&data),
            "--action",
            "janitor.run",
            "--json",
        ]))
    };
    for _ in 0..100 {
        if !audit().is_empty() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    std::fs::write(&stray, b"half").expect("written");
    for (more, end, counted) in [(&["--dry-run"][..], "planned", true), (&[], "done", false)] {
        let arguments = [&["janitor", "run", "--data", path(&data), "--json"][..], more].concat();
        let told = lines(&run(&arguments));
        assert_eq!(told.len(), 2, "{told:?}");
        assert_eq!(
            (&told[0]["action"], &told[0]["end"]),
            (&"stray_seen".into(), &end.into())
        );
        assert_eq!(
            (&told[1]["event"], &told[1]["dry_run"]),
            (&"ran".into(), &counted.into())
        );
    }
    let said = run(&["janitor", "run", "--data", path(&data)]);
    assert!(
        said.status.success() && text(&said.stderr).contains("0 steps were taken"),
        "{}",
        text(&said.stderr)
    );
    assert_eq!(audit().len(), 4);
    server.end();
    assert_eq!(audit().len(), 4);
    let wrong = run(&[
        "janitor",
        "run",
        "--data",
        path(&data),
        "--set",
        "janitor-quiet=soon",
    ]);
    assert!(
        !wrong.status.success() && text(&wrong.stderr).contains("janitor-quiet"),
        "{}",
        text(&wrong.stderr)
    );
}

// D-10, K-4: the program reads files in children of itself; what failed is listed and replayed beside it.
#[tokio::test(flavor = "multi_thread")]
async fn jobs_are_done_by_a_server_and_seen_and_replayed_from_the_command_line() {
    let dir = TempDir::new().expect("a folder");
    let data = dir.path().join("data");
    let server = Running::start(&data, &[]);
    let scopes = "upload,read,delete,process";
    let made = run(&[
        "token",
        "create",
        "--data",
        path(&data),
        "--name",
        "t",
        "--scopes",
        scopes,
        "--json",
    ]);
    let token = json(&made)["token"].as_str().expect("a token").to_owned();
    let endpoint = Endpoint {
        base_url: server.url.clone(),
        token,
    };
    let client = ControlClient::new(endpoint).expect("a client");
    let http = reqwest::Client::builder().no_proxy().build().expect("http");
    let words = upload(&client, &http, b"# Anchors\n\nAn anchor holds a ship.\n").await;
    let broken = upload(&client, &http, b"%PDF-1.7 and then nothing of a document").await;
    let lines = |arguments: &[&str]| -> Vec<Value> {
        let output = run(&[arguments, &["--data", path(&data), "--json"]].concat());
        assert!(output.status.success(), "{}", text(&output.stderr));
        let out = text(&output.stdout);
        out.lines()
            .map(|l| serde_json::from_str(l).expect("JSON"))
            .collect()
    };
    let of = |file: FileId| {
        let all = lines(&["jobs", "list", "--type", "extract_text"]);
        all.into_iter()
            .find(|j| j["session_id"] == file.to_string())
            .expect("its job")
    };
    let ended = async |file: FileId| {
        for _ in 0..300 {
            let job = of(file);
            if job["finished_at"].is_i64() {
                return job;
            }
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
        panic!("never ended: {}", of(file));
    };
    let read = ended(words).await;
    assert_eq!(
        (&read["state"], &read["result"]["pieces"]),
        (&"completed".into(), &1.into()),
        "{read}"
    );
    let failed = ended(broken).await;
    assert_eq!(failed["state"], "failed", "{failed}");
    let id = failed["id"].as_str().expect("an id");
    let dead = lines(&["jobs", "dead"]);
    assert!(dead.iter().any(|j| j["id"] == id), "{dead:?}");
    let told = lines(&["jobs", "show", id]).remove(0);
    let states: Vec<_> = told["log"]
        .as_array()
        .expect("a log")
        .iter()
        .map(|e| e["to"].clone())
        .collect();
    assert_eq!(states, ["pending", "sending", "running", "failed"]);
    let said = run(&["jobs", "dead", "--data", path(&data)]);
    assert!(text(&said.stdout).contains("extract_"), "{}", text(&said.stdout));

    // Nobody does it while no server runs, so it can be given up.
    let (fine, _, log) = server.end();
    assert!(fine, "{log}");
    let again = lines(&["jobs", "retry", "--dead", "--type", "extract_text"]);
    assert_eq!((again.len(), &again[0]["state"]), (1, &"pending".into()));
    assert_eq!(lines(&["jobs", "cancel", id])[0]["state"], "cancelled");
    let refused = run(&["jobs", "retry", id, "--data", path(&data)]);
    assert_eq!(refused.status.code(), Some(2), "{}", text(&refused.stderr));
    for wrong in [
        &["jobs", "retry"][..],
        &["jobs", "show", "x"],
        &["jobs", "list", "--state", "x"],
    ] {
        let wrong = run(&[wrong, &["--data", path(&data)]].concat());
        assert!(!wrong.status.success());
    }
}
