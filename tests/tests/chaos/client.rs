//! A client: brings files from init to complete, asks both replicas, and writes down what it saw.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use crc_fast::CrcAlgorithm;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use windlass_testkit::http::Line;

use crate::chance::{self, Chance};
use crate::cluster::PATIENCE;
use crate::history::{Call, Level, Moment, What};
use crate::run::{Neighbours, Run};

/// Nobody waits longer for an answer from any replica.
const GIVES_UP: Duration = Duration::from_secs(180);
/// One job in so many files is made by hand, for the workers of the test.
const TALLY: u64 = 4;
/// One file in so many has text that a server reads.
const TEXT: u64 = 10;
/// The type of those jobs.
pub(crate) const KIND: &str = "tally";

/// Whoever asks: a token, and a connection to each replica.
pub(crate) struct Caller<'a> {
    run: &'a Run,
    bearer: String,
    lines: [Line; 2],
    at: usize,
    pub(crate) chance: Chance,
}

/// An answer, and what went before it.
pub(crate) struct Asked {
    pub(crate) status: u16,
    pub(crate) body: Value,
    begin: Moment,
    end: Moment,
    /// Begins of tries that nobody answered: they may have had their effect.
    unanswered: Vec<Moment>,
}

impl<'a> Caller<'a> {
    pub(crate) fn new(run: &'a Run, token: &str, chance: Chance) -> Result<Self> {
        let line = |replica| Line::to(run.cluster.url(replica), PATIENCE);
        Ok(Self {
            run,
            bearer: format!("Bearer {token}"),
            lines: [line(0)?, line(1)?],
            at: 0,
            chance,
        })
    }

    /// Asks until somebody answers; who does not answer is asked again at the other replica. An error of the server (5xx)
    /// is no answer: a commit may stand behind it.
    pub(crate) fn ask(&mut self, method: &str, path: &str, body: Option<&Value>) -> Result<Asked> {
        let content = body.map(Value::to_string).unwrap_or_default();
        let headers = [
            ("authorization", self.bearer.as_str()),
            ("content-type", "application/json"),
        ];
        let (mut unanswered, since) = (Vec::new(), Instant::now());
        if self.chance.once_in(2) {
            self.at = 1 - self.at;
        }
        loop {
            let begin = self.run.history.now();
            self.run.requests.add(1);
            let why = match self.lines[self.at].send(method, path, &headers, content.as_bytes()) {
                Ok(answer) if answer.status < 500 && answer.status != 429 => {
                    return Ok(Asked {
                        status: answer.status,
                        body: serde_json::from_slice(&answer.body).unwrap_or_default(),
                        begin,
                        end: self.run.history.now(),
                        unanswered,
                    });
                }
                Ok(answer) => format!("{} {}", answer.status, answer.text()),
                Err(e) => format!("{e:#}"),
            };
            ensure!(since.elapsed() < GIVES_UP, "{path}: nobody answers: {why}");
            self.run.retries.add(1);
            self.run.note(&why);
            unanswered.push(begin);
            self.at = 1 - self.at;
            thread::sleep(Duration::from_millis(20 + self.chance.below(80)));
        }
    }
}

/// A client with a group of its own.
pub(crate) struct Client<'a> {
    caller: Caller<'a>,
    neighbours: &'a Neighbours,
    storage: Line,
    group: String,
    /// Somebody else is at these; asked again later.
    later: Vec<File>,
}

struct File {
    id: String,
    n: u64,
    content: Vec<u8>,
    etag: String,
}

/// What a complete came to.
enum Completed {
    Settled,
    Later,
}

impl<'a> Client<'a> {
    pub(crate) fn new(run: &'a Run, number: usize, token: &str, neighbours: &'a Neighbours) -> Result<Self> {
        let mut caller = Caller::new(run, token, Chance::new(run.seed, 1_000 + number as u64))?;
        let group = chance::id();
        let body = json!({ "id": group, "name": format!("client {number}"), "destination": "recordings" });
        let made = caller.ask("POST", "/v1/groups", Some(&body))?;
        ensure!(made.status == 200, "{}", made.body);
        Ok(Self {
            caller,
            neighbours,
            storage: Line::to(run.cluster.garage.endpoint(), PATIENCE)?,
            group,
            later: Vec::new(),
        })
    }

    /// Takes files until there are none left, and comes back to those that somebody else was at. Answers its group and how
    /// many files it has brought.
    pub(crate) fn work(mut self) -> Result<(String, u64)> {
        let mut brought = 0;
        while let Some(n) = self.caller.run.next() {
            self.bring(n)?;
            brought += 1;
            self.once_more()?;
        }
        let since = Instant::now();
        while !self.later.is_empty() {
            let stays = || {
                self.later
                    .iter()
                    .map(|f| f.id.as_str())
                    .collect::<Vec<_>>()
                    .join(", ")
            };
            ensure!(
                since.elapsed() < GIVES_UP,
                "these stay where they are: {}",
                stays()
            );
            if !self.once_more()? {
                self.caller.run.stuck();
                thread::sleep(Duration::from_millis(200));
            }
            self.look()?;
        }
        Ok((self.group, brought))
    }

    /// Comes back to a file that somebody else was at. False when somebody still is.
    fn once_more(&mut self) -> Result<bool> {
        let Some(file) = self.later.pop() else {
            return Ok(true);
        };
        match self.complete(&file)? {
            Completed::Settled => self.settled(&file).map(|()| true),
            Completed::Later => {
                self.later.insert(0, file);
                Ok(false)
            }
        }
    }

    fn bring(&mut self, n: u64) -> Result<()> {
        let id = chance::id();
        self.neighbours.add(&id);
        let mut file = File {
            content: content(n, &id),
            id,
            n,
            etag: String::new(),
        };
        self.look()?;
        self.init(&file)?;
        self.look()?;
        self.send(&mut file)?;
        self.look()?;
        match self.complete(&file)? {
            Completed::Settled => self.settled(&file)?,
            Completed::Later => self.later.push(file),
        }
        self.look()
    }

    fn init(&mut self, file: &File) -> Result<()> {
        let (name, mime) = match file.n.is_multiple_of(TEXT) {
            true => (format!("{}.json", file.n), "application/json"),
            false => (format!("{}.bin", file.n), "application/octet-stream"),
        };
        let item = json!({
            "id": file.id, "attempt": 1, "group_id": self.group, "rel_path": name, "size": file.content.len(),
            "part_size": 8 << 20, "mime": mime, "sha256": hex(&file.content), "client_id": chance::id(), "race": true,
        });
        let asked = self.batch("init", item, &file.id, Level::Pending)?;
        let answer = &asked.body["items"][0];
        ensure!(answer["answer"] == "upload", "init: {}", asked.body);
        self.wrote(&file.id, &asked, Level::Pending, Some(Level::Pending));
        Ok(())
    }

    /// Signs and sends.
    fn send(&mut self, file: &mut File) -> Result<()> {
        let since = Instant::now();
        loop {
            ensure!(since.elapsed() < GIVES_UP, "{} can't be sent", file.id);
            let part = json!({
                "n": 1, "size": file.content.len(), "crc64": crc64(&file.content), "sha256": hex(&file.content),
            });
            let item = json!({ "id": file.id, "attempt": 1, "parts": [part] });
            let asked = self.batch("sign", item, &file.id, Level::Uploading)?;
            let answer = &asked.body["items"][0];
            let Some(signed) = answer["uploads"].get(0) else {
                // The storage did not answer the server: the first sign of life may stand all the same.
                self.wrote(&file.id, &asked, Level::Uploading, None);
                self.again(&format!("sign: {}", asked.body))?;
                continue;
            };
            self.wrote(&file.id, &asked, Level::Uploading, Some(Level::Uploading));
            let url = signed["url"].as_str().context("no URL")?;
            let target = url
                .strip_prefix(self.caller.run.cluster.garage.endpoint())
                .context("another storage")?;
            let pairs = signed["headers"].as_array().context("no headers")?;
            let headers: Vec<(&str, &str)> = pairs
                .iter()
                .filter_map(|p| Some((p[0].as_str()?, p[1].as_str()?)))
                .filter(|(name, _)| !name.eq_ignore_ascii_case("content-length"))
                .collect();
            self.caller.run.requests.add(1);
            match self.storage.send("PUT", target, &headers, &file.content) {
                Ok(answer) if answer.status == 200 => {
                    file.etag = answer.header("etag").context("no etag")?.to_owned();
                    return Ok(());
                }
                Ok(answer) => self.again(&format!("PUT: {} {}", answer.status, answer.text()))?,
                Err(e) => self.again(&format!("PUT: {e:#}"))?,
            }
        }
    }

    fn complete(&mut self, file: &File) -> Result<Completed> {
        let since = Instant::now();
        loop {
            ensure!(since.elapsed() < GIVES_UP, "{} can't be completed", file.id);
            let crc = crc64(&file.content);
            let part = json!({ "n": 1, "size": file.content.len(), "crc64": crc, "etag": file.etag });
            let item = json!({
                "id": file.id, "attempt": 1, "size": file.content.len(), "crc64": crc, "sha256": hex(&file.content),
                "parts": [part],
            });
            let asked = self.batch("complete", item, &file.id, Level::Uploaded)?;
            let answer = &asked.body["items"][0];
            match answer["outcome"].as_str() {
                Some("settled") => {
                    ensure!(
                        answer["deduplicated"] == false,
                        "a duplicate of nothing: {answer}"
                    );
                    self.wrote(&file.id, &asked, Level::Uploaded, Some(Level::Uploaded));
                    return Ok(Completed::Settled);
                }
                Some("verifying") => {
                    self.wrote(&file.id, &asked, Level::Uploaded, Some(Level::Verifying));
                    return Ok(Completed::Later);
                }
                Some("failed") => {
                    self.wrote(&file.id, &asked, Level::Uploaded, None);
                    let passes = [
                        "destination_slow_down",
                        "storage_down",
                        "database_down",
                        "lease_lost",
                        "overloaded",
                    ];
                    let code = answer["error"]["code"].as_str().unwrap_or_default();
                    ensure!(passes.contains(&code), "complete: {answer}");
                    self.again(&format!("complete: {answer}"))?;
                }
                _ => bail!("complete: {}", asked.body),
            }
        }
    }

    fn settled(&mut self, file: &File) -> Result<()> {
        self.caller.run.settled(&file.id);
        if file.n.is_multiple_of(TEXT) {
            self.job(file, "extract_text", 5)?;
        }
        if file.n.is_multiple_of(TALLY) {
            let job = self.job(file, KIND, 100)?;
            self.caller.run.tallies.made(&job);
        }
        Ok(())
    }

    fn job(&mut self, file: &File, kind: &str, attempts: u32) -> Result<String> {
        let id = chance::id();
        let body = json!({
            "id": id, "session_id": file.id, "type": kind, "max_attempts": attempts, "priority": 1,
        });
        let made = self.caller.ask("POST", "/v1/jobs", Some(&body))?;
        ensure!(
            made.status == 200 && made.body["id"] == id,
            "a job: {}",
            made.body
        );
        Ok(id)
    }

    /// Reads the status of some session of its owner's: often one that somebody is just at.
    fn look(&mut self) -> Result<()> {
        let Some(id) = self.neighbours.some(&mut self.caller.chance) else {
            return Ok(());
        };
        let asked = self.caller.ask("GET", &format!("/v1/sessions/{id}"), None)?;
        let (level, rev) = match asked.status {
            404 => (Level::Absent, 0),
            200 => {
                let word = asked.body["state"].as_str().unwrap_or_default();
                ensure!(asked.body["deleted"] == false, "{}", asked.body);
                let level =
                    Level::of(word).with_context(|| format!("a state of no upload: {}", asked.body))?;
                (level, asked.body["rev"].as_u64().context("no rev")?)
            }
            status => bail!("status {status}: {}", asked.body),
        };
        let call = Call {
            begin: asked.begin,
            end: Some(asked.end),
            what: What::Read { level, rev },
        };
        self.caller.run.reads.add(1);
        self.caller.run.history.add(&id, call);
        Ok(())
    }

    fn batch(&mut self, verb: &str, item: Value, id: &str, most: Level) -> Result<Asked> {
        let body = json!({ "items": [item] });
        let asked = self
            .caller
            .ask("POST", &format!("/v1/sessions:{verb}"), Some(&body))?;
        for begin in &asked.unanswered {
            let what = What::Write { most, least: None };
            let call = Call {
                begin: *begin,
                end: None,
                what,
            };
            self.caller.run.history.add(id, call);
        }
        ensure!(asked.status == 200, "{verb}: {} {}", asked.status, asked.body);
        Ok(asked)
    }

    fn wrote(&self, id: &str, asked: &Asked, most: Level, least: Option<Level>) {
        let call = Call {
            begin: asked.begin,
            end: least.map(|_| asked.end),
            what: What::Write { most, least },
        };
        self.caller.run.history.add(id, call);
    }

    /// The storage was busy; a breath, and once more.
    fn again(&mut self, why: &str) -> Result<()> {
        self.caller.run.retries.add(1);
        self.caller.run.note(why);
        thread::sleep(Duration::from_millis(30 + self.caller.chance.below(100)));
        Ok(())
    }
}

/// No two are alike.
fn content(n: u64, id: &str) -> Vec<u8> {
    match n.is_multiple_of(TEXT) {
        true => format!("{{\"file\": {n}, \"id\": \"{id}\"}}").into_bytes(),
        // No text and no known format.
        false => [&[0, 0x9f, 0x92, 0x96], id.as_bytes(), &n.to_be_bytes()].concat(),
    }
}

fn hex(content: &[u8]) -> String {
    Sha256::digest(content)
        .iter()
        .map(|b| format!("{b:02x}"))
        .collect()
}

fn crc64(content: &[u8]) -> String {
    let crc = crc_fast::checksum(CrcAlgorithm::Crc64Nvme, content);
    STANDARD.encode(crc.to_be_bytes())
}
