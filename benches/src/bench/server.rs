//! The control plane alone, on SQLite and on PostgreSQL: a folder destination, files of a few bytes.
//!
//! What is timed are its own calls. The PUTs between them go to the storage side and are told apart. Server and clients share
//! a process and its cores.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use serde::{Deserialize, Serialize};
use windlass_core::checksum::crc64;
use windlass_core::ids::{FileId, GroupId};
use windlass_core::units::{ETag, PartNumber, Sha256};
use windlass_engine::clock;
use windlass_protocol::ControlClient;
use windlass_protocol::destinations::{DestinationConfig, PutDestination};
use windlass_protocol::groups::CreateGroup;
use windlass_protocol::sessions::{
    CompleteItem, CompleteOutcome, DonePart, InitAnswer, InitItem, Query, SignItem, SignPart, SignedPart,
};
use windlass_server::clock::SystemWorld;
use windlass_server::db::Db;
use windlass_server::embedded::{self, EmbeddedConfig};
use windlass_testkit::postgres::{Durability, Postgres};
use windlass_transfer::hash::ContentHash;
use windlass_transfer::put::{PartBody, SignedUrl, StorageClient, put_part, storage_client};

use super::Bench;
use crate::floor;
use crate::meter;
use crate::report::{Budget, Row, Unit};

/// Sessions a second from init to complete, in batches: on SQLite, and on PostgreSQL.
const IN_BATCHES: [f64; 2] = [10_000.0, 3_000.0];
/// Connections of one replica.
const CONNECTIONS: usize = 16;
/// The same with one session a call.
const ONE_BY_ONE: f64 = 1_000.0;
const P99_MS: f64 = 20.0;
const BATCH: usize = 1_000;
/// Calls under way at once: batches, and single ones.
const BATCHES: usize = 2;
const CLIENTS: usize = 64;
/// Status reads of one client.
const READS: usize = 100;

/// What one run took.
#[derive(Debug, Serialize, Deserialize)]
struct Took {
    in_batches: f64,
    one_by_one: f64,
    /// Milliseconds.
    p99: f64,
    puts: f64,
}

pub(super) fn run(bench: &Bench<'_>) -> Result<Vec<Row>> {
    let mut rows = on(bench, "SQLite", IN_BATCHES[0], None)?;
    // With fsync, as it is meant to be run.
    let server = Arc::new(Postgres::start(Durability::Safe)?);
    rows.extend(on(bench, "PostgreSQL", IN_BATCHES[1], Some(&server))?);
    Ok(rows)
}

fn on(bench: &Bench<'_>, place: &str, budget: f64, server: Option<&Arc<Postgres>>) -> Result<Vec<Row>> {
    let sessions: usize = bench.size(10_000, 2_000);
    let mut all = Vec::new();
    for _ in 0..bench.rounds() {
        let scratch = bench.data.scratch()?;
        let mut command = floor::inner("control-plane")?;
        command.arg(scratch.path()).arg(sessions.to_string());
        let database = server.map(Postgres::database).transpose()?;
        if let Some(database) = &database {
            command.args(["--database", database.url()]);
        }
        let took: Took = serde_json::from_str(&meter::run(command)?.out)?;
        println!(
            "   {place}: in batches {:.0}/s, one by one {:.0}/s, p99 {:.1} ms; PUTs {:.0}/s",
            took.in_batches, took.one_by_one, took.p99, took.puts
        );
        all.push(took);
    }
    let each = |figure: fn(&Took) -> f64| all.iter().map(figure).collect::<Vec<_>>();
    Ok(vec![
        Row::new(
            &format!("server on {place}: init, sign, complete in batches"),
            Unit::PerSecond,
            each(|t| t.in_batches),
        )
        .within(Budget::AtLeast(budget))
        .noting("without the PUTs between"),
        Row::new(
            &format!("server on {place}: init, sign, complete one by one"),
            Unit::PerSecond,
            each(|t| t.one_by_one),
        )
        .within(Budget::AtLeast(ONE_BY_ONE))
        .noting(format!("{CLIENTS} clients")),
        Row::new(
            &format!("server on {place}: p99 of a status read"),
            Unit::Milliseconds,
            each(|t| t.p99),
        )
        .within(Budget::AtMost(P99_MS))
        .noting(format!("{CLIENTS} clients")),
        Row::new(
            &format!("server on {place}: PUTs of a few bytes to the folder"),
            Unit::PerSecond,
            each(|t| t.puts),
        ),
    ])
}

/// The process.
#[tokio::main]
pub(crate) async fn drive(dir: &Path, sessions: usize, database: Option<&str>) -> Result<()> {
    let config = EmbeddedConfig {
        home: dir.join("home"),
    };
    let control = match database {
        None => embedded::start(config).await?,
        Some(url) => {
            let url = url.to_owned();
            let open = move || Db::open_postgres(&url, CONNECTIONS);
            let db = tokio::task::spawn_blocking(open).await??;
            embedded::start_on(config, db, Arc::new(SystemWorld)).await?
        }
    };
    let client = ControlClient::new(control.endpoint())?;
    let group = furnish(&client, &dir.join("target")).await?;
    let run = Arc::new(Run {
        client,
        storage: storage_client(None)?,
        group,
        client_id: windlass_core::ids::ClientId::new(clock::now(), clock::random()),
    });
    let (batched, puts, files) = run.through(sessions, BATCH, BATCHES, "batch").await?;
    let few = sessions / 5;
    let (single, ..) = run.through(few, 1, CLIENTS, "single").await?;
    let took = Took {
        in_batches: sessions as f64 / batched.as_secs_f64(),
        one_by_one: few as f64 / single.as_secs_f64(),
        p99: run.p99(&files).await?,
        puts: sessions as f64 / puts.as_secs_f64(),
    };
    println!("{}", serde_json::to_string(&took)?);
    control.shutdown().await?;
    Ok(())
}

async fn furnish(client: &ControlClient, target: &Path) -> Result<GroupId> {
    std::fs::create_dir(target)?;
    let destination = PutDestination {
        id: clock::destination_id(),
        name: "there".to_owned(),
        config: DestinationConfig::Folder {
            path: target.to_str().context("no UTF-8")?.to_owned(),
        },
        secret: None,
        accepts: None,
    };
    let check = client.put_destination(&destination).await?;
    ensure!(check.ok, "the folder is not taken: {:?}", check.steps);
    let group = CreateGroup {
        id: clock::group_id(),
        name: "Bench".to_owned(),
        destination_id: destination.id,
    };
    client.create_group(&group).await?;
    Ok(group.id)
}

/// A file of a few bytes.
#[derive(Debug, Clone)]
struct Tiny {
    id: FileId,
    name: String,
    content: Vec<u8>,
    sha256: Sha256,
    signed: Option<SignedPart>,
    etag: Option<ETag>,
}

struct Run {
    client: ControlClient,
    storage: StorageClient,
    group: GroupId,
    client_id: windlass_core::ids::ClientId,
}

impl Run {
    /// Brings sessions from init to complete. Answers the time of the control plane's calls, that of the PUTs, and the ids.
    async fn through(
        &self,
        sessions: usize,
        batch: usize,
        at_once: usize,
        name: &str,
    ) -> Result<(Duration, Duration, Vec<FileId>)> {
        let tiny: Vec<Tiny> = (0..sessions).map(|n| Tiny::new(name, n)).collect();
        let ids = tiny.iter().map(|t| t.id).collect();
        let batches: Vec<Vec<Tiny>> = tiny.chunks(batch).map(<[Tiny]>::to_vec).collect();

        let began = Instant::now();
        let begun = stream::iter(batches)
            .map(|b| self.begin(b))
            .buffer_unordered(at_once);
        let begun: Vec<Vec<Tiny>> = begun.try_collect().await?;
        let mut own = began.elapsed();

        let began = Instant::now();
        let sent = stream::iter(begun.into_iter().flatten())
            .map(|t| self.put(t))
            .buffer_unordered(8);
        let sent: Vec<Tiny> = sent.try_collect().await?;
        let puts = began.elapsed();

        let batches: Vec<Vec<Tiny>> = sent.chunks(batch).map(<[Tiny]>::to_vec).collect();
        let began = Instant::now();
        let completed = stream::iter(batches)
            .map(|b| self.complete(b))
            .buffer_unordered(at_once);
        let _: Vec<()> = completed.try_collect().await?;
        own += began.elapsed();
        Ok((own, puts, ids))
    }

    async fn begin(&self, mut tiny: Vec<Tiny>) -> Result<Vec<Tiny>> {
        let item = |t: &Tiny| InitItem {
            id: t.id,
            attempt: 1,
            group_id: self.group,
            rel_path: t.name.clone(),
            size: t.content.len() as u64,
            part_size: windlass_core::limits::PART_BYTES,
            mime: "application/octet-stream".to_owned(),
            sha256: None,
            client_id: self.client_id,
            race: true,
        };
        for result in self.client.init(tiny.iter().map(item).collect()).await? {
            if !matches!(result.answer, InitAnswer::Upload { .. }) {
                bail!("init answered {:?}", result.answer);
            }
        }
        let items: Result<Vec<SignItem>> = tiny.iter().map(Tiny::to_sign).collect();
        for (result, tiny) in self.client.sign(items?).await?.into_iter().zip(&mut tiny) {
            ensure!(result.error.is_none(), "sign answered {:?}", result.error);
            tiny.signed = result.uploads.into_iter().next();
        }
        Ok(tiny)
    }

    async fn put(&self, mut tiny: Tiny) -> Result<Tiny> {
        let signed = tiny.signed.take().context("not signed")?;
        let to = SignedUrl {
            url: &signed.url,
            headers: &signed.headers,
            expired: &|| false,
        };
        let body = PartBody::Memory(tiny.content.clone().into());
        tiny.etag = Some(put_part(&self.storage, to, body, Arc::new(AtomicU64::new(0))).await?);
        Ok(tiny)
    }

    async fn complete(&self, tiny: Vec<Tiny>) -> Result<()> {
        let items: Result<Vec<CompleteItem>> = tiny.iter().map(Tiny::to_complete).collect();
        for result in self.client.complete(items?).await? {
            if !matches!(result.outcome, CompleteOutcome::Settled(_)) {
                bail!("complete answered {:?}", result.outcome);
            }
        }
        Ok(())
    }

    /// Of one session's status, asked by many at once.
    async fn p99(&self, files: &[FileId]) -> Result<f64> {
        let client = async |number: usize| -> Result<Vec<f64>> {
            let mut took = Vec::with_capacity(READS);
            for read in 0..READS {
                let id = *files
                    .get((number * READS + read) % files.len())
                    .context("no file")?;
                let query = Query {
                    ids: vec![id],
                    parts: false,
                };
                let began = Instant::now();
                let answer = self.client.query(&query).await?;
                took.push(began.elapsed().as_secs_f64() * 1e3);
                ensure!(answer.sessions.len() == 1, "the session is not known");
            }
            Ok(took)
        };
        let all: Vec<Vec<f64>> = stream::iter(0..CLIENTS)
            .map(client)
            .buffer_unordered(CLIENTS)
            .try_collect()
            .await?;
        let mut all: Vec<f64> = all.into_iter().flatten().collect();
        all.sort_by(f64::total_cmp);
        all.get(all.len() * 99 / 100).copied().context("nothing was read")
    }
}

impl Tiny {
    fn new(name: &str, number: usize) -> Self {
        let content = format!("{name} {number}").into_bytes();
        let mut hash = ContentHash::default();
        hash.update(&content);
        Self {
            id: clock::file_id(),
            name: format!("{name}/{:03}/{number}.txt", number / 500),
            content,
            sha256: hash.finish(),
            signed: None,
            etag: None,
        }
    }

    fn to_sign(&self) -> Result<SignItem> {
        let part = SignPart {
            n: PartNumber::from_index(0)?,
            size: self.content.len() as u64,
            crc64: crc64(&self.content),
            sha256: Some(self.sha256),
            again: false,
        };
        Ok(SignItem {
            id: self.id,
            attempt: 1,
            parts: vec![part],
        })
    }

    fn to_complete(&self) -> Result<CompleteItem> {
        let (size, crc64) = (self.content.len() as u64, crc64(&self.content));
        let part = DonePart {
            n: PartNumber::from_index(0)?,
            size,
            crc64,
            etag: self.etag.clone().context("not sent")?,
        };
        Ok(CompleteItem {
            id: self.id,
            attempt: 1,
            size,
            crc64,
            sha256: Some(self.sha256),
            parts: vec![part],
        })
    }
}
