//! A launch that finds 100,000 interrupted sessions, up to its report.
//!
//! The home is made once by a process of its own: each session is begun at the control plane and stands in the queue as being
//! sent, as a crash leaves it. Each round launches on a copy, for a launch mends what it finds.

use std::fs;
use std::path::Path;
use std::time::Instant;

use anyhow::{Context as _, Result, ensure};
use serde::{Deserialize, Serialize};
use windlass_core::checksum::crc64;
use windlass_core::ids::{DestinationId, FileId, GroupId};
use windlass_core::machine::Config;
use windlass_core::machine::records::Change;
use windlass_core::part_plan::PartPlan;
use windlass_core::states::{FileState, GroupState, PartState};
use windlass_core::units::{PartNumber, Sha256};
use windlass_engine::home::Home;
use windlass_engine::{EngineConfig, clock};
use windlass_protocol::ControlClient;
use windlass_protocol::destinations::{DestinationConfig, PutDestination};
use windlass_protocol::groups::CreateGroup;
use windlass_protocol::sessions::{InitAnswer, InitItem, SignItem, SignPart};
use windlass_queue::destinations::{ContentHash, DestinationKind, DestinationRow};
use windlass_queue::files::NewFile;
use windlass_queue::groups::{NewGroup, Origin};
use windlass_queue::{Queue, changes, destinations, files, groups};
use windlass_server::embedded::{self, EmbeddedConfig};
use windlass_transfer::source::look;

use super::Bench;
use crate::floor;
use crate::meter;
use crate::report::{Budget, Row, Unit};

/// Until the report is whole.
const KNOWN_MS: f64 = 3_000.0;
const BATCH: usize = 1_000;

/// What a launch took.
#[derive(Debug, Serialize, Deserialize)]
struct Took {
    /// Until the window could be drawn.
    started_ms: f64,
    /// Until all sessions were compared.
    known_ms: f64,
    files: u64,
}

pub(super) fn run(bench: &Bench<'_>) -> Result<Vec<Row>> {
    let count: u64 = bench.size(100_000, 5_000);
    let tree = bench.data.tree(count, 1 << 10)?;
    let scratch = bench.data.scratch()?;
    let (home, target) = (scratch.path().join("home"), scratch.path().join("target"));
    fs::create_dir(&target)?;
    println!("   making {count} interrupted sessions");
    let mut seed = floor::inner("launch-seed")?;
    seed.arg(&home).arg(&tree).arg(&target);
    meter::run(seed)?;
    let (mut stat, mut started, mut known) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..bench.rounds() {
        stat.push(floor::measure_stat(&tree)?.seconds() * 1e3);
        let copy = scratch.path().join(format!("home-{round}"));
        copy_home(&home, &copy)?;
        let mut launch = floor::inner("launch")?;
        launch.arg(&copy);
        let took: Took = serde_json::from_str(&meter::run(launch)?.out)?;
        ensure!(took.files == count, "the report is about {} files", took.files);
        println!(
            "   started in {:.0} ms, known in {:.0} ms",
            took.started_ms, took.known_ms
        );
        started.push(took.started_ms);
        known.push(took.known_ms);
    }
    Ok(vec![
        Row::new(
            &format!("launch: {count} sessions, until shown"),
            Unit::Milliseconds,
            started,
        ),
        Row::new(
            &format!("launch: {count} sessions, until known"),
            Unit::Milliseconds,
            known,
        )
        .beside(&stat)
        .within(Budget::AtMost(KNOWN_MS))
        .noting("the floor is a stat of each file"),
    ])
}

fn copy_home(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            fs::copy(entry.path(), to.join(entry.file_name()))?;
        }
    }
    Ok(())
}

/// The process that launches.
#[tokio::main]
pub(crate) async fn launch(home: &Path) -> Result<()> {
    let began = Instant::now();
    let lock = Home::find(Some(home.as_os_str()), None)?.lock()?;
    let control = embedded::start(EmbeddedConfig {
        home: home.to_owned(),
    })
    .await?;
    let config = EngineConfig {
        lock,
        control: control.endpoint(),
        tokens: control.tokens(),
        suggested_folder: home.join("suggested"),
        follow_system: false,
        machine: Config::default(),
    };
    let engine = windlass_engine::start(config).await?;
    engine.snapshot().await?;
    let started = began.elapsed();
    engine.relaunch_known().await;
    let known = began.elapsed();
    let report = engine.snapshot().await?.relaunch.context("no report")?;
    let took = Took {
        started_ms: started.as_secs_f64() * 1e3,
        known_ms: known.as_secs_f64() * 1e3,
        files: report
            .groups
            .iter()
            .map(|g| u64::from(g.files_total - g.files_done))
            .sum(),
    };
    println!("{}", serde_json::to_string(&took)?);
    engine.shutdown().await;
    control.shutdown().await?;
    Ok(())
}

/// The process that makes the home.
#[tokio::main]
pub(crate) async fn seed(home: &Path, source: &Path, target: &Path) -> Result<()> {
    let control = embedded::start(EmbeddedConfig {
        home: home.to_owned(),
    })
    .await?;
    let client = ControlClient::new(control.endpoint())?;
    let home = Home::find(Some(home.as_os_str()), None)?;
    let opened = Queue::open(&home.queue(), clock::now(), clock::random())?;
    let (destination, group) = (clock::destination_id(), clock::group_id());
    furnish(&client, &opened.queue, destination, group, target).await?;
    let paths = floor::below(source)?;
    for (batch, paths) in paths.chunks(BATCH).enumerate() {
        let mut files = Vec::with_capacity(paths.len());
        for (position, path) in paths.iter().enumerate() {
            files.push(new_file(path, source, group, batch * BATCH + position)?);
        }
        let keys = begin(&client, &files, opened.client_id).await?;
        opened
            .queue
            .write(move |conn| {
                files::insert_many(conn, &files)?;
                let steps: Vec<Change> = files
                    .iter()
                    .zip(keys)
                    .flat_map(|(f, key)| interrupted(f.id, key))
                    .collect();
                changes::apply(conn, &steps).map(drop)
            })
            .await?;
    }
    // No clean end: that is the point.
    control.shutdown().await?;
    Ok(())
}

async fn furnish(
    client: &ControlClient,
    queue: &Queue,
    destination: DestinationId,
    group: GroupId,
    target: &Path,
) -> Result<()> {
    let path = target.to_str().context("no UTF-8")?.to_owned();
    let put = PutDestination {
        id: destination,
        name: "there".to_owned(),
        config: DestinationConfig::Folder { path: path.clone() },
        secret: None,
        accepts: None,
    };
    let check = client.put_destination(&put).await?;
    ensure!(check.ok, "the folder is not taken: {:?}", check.steps);
    let name = "Interrupted".to_owned();
    let made = CreateGroup {
        id: group,
        name: name.clone(),
        destination_id: destination,
    };
    client.create_group(&made).await?;
    let row = DestinationRow {
        id: destination,
        name: "there".to_owned(),
        kind: DestinationKind::Folder,
        location: path,
        is_default: true,
        position: 0,
        content_hash: ContentHash::Always,
        accepts: windlass_core::accepts::Accepts::default(),
    };
    let new = NewGroup {
        id: group,
        name,
        destination,
        origin: Origin::Cli,
        created_at: clock::now(),
    };
    let step = Change::GroupState {
        id: group,
        from: GroupState::Draft,
        to: GroupState::Uploading,
        at: clock::now(),
    };
    queue
        .write(move |conn| {
            destinations::insert(conn, &row)?;
            groups::insert(conn, &new)?;
            changes::apply(conn, &[step]).map(drop)
        })
        .await?;
    Ok(())
}

fn new_file(path: &Path, source: &Path, group: GroupId, position: usize) -> Result<NewFile> {
    use std::os::unix::ffi::OsStrExt as _;
    let fingerprint = look(path)?;
    let plan = PartPlan::new(fingerprint.size)?;
    Ok(NewFile {
        id: clock::file_id(),
        group,
        position: i64::try_from(position)?,
        path: path.as_os_str().as_bytes().to_vec(),
        rel_path: path.strip_prefix(source)?.to_string_lossy().into_owned(),
        fingerprint,
        part_size: plan.part_size(),
        part_count: plan.count(),
        mime: None,
        at: clock::now(),
        failure: None,
    })
}

/// Begins the sessions, up to a signed URL that was never used. Answers their keys.
async fn begin(
    client: &ControlClient,
    files: &[NewFile],
    client_id: windlass_core::ids::ClientId,
) -> Result<Vec<String>> {
    let item = |f: &NewFile| InitItem {
        id: f.id,
        attempt: 1,
        group_id: f.group,
        rel_path: f.rel_path.clone(),
        size: f.fingerprint.size,
        part_size: f.part_size,
        mime: "application/octet-stream".to_owned(),
        sha256: None,
        client_id,
        race: true,
    };
    let mut keys = Vec::with_capacity(files.len());
    for result in client.init(files.iter().map(item).collect()).await? {
        match result.answer {
            InitAnswer::Upload { object_key } => keys.push(object_key),
            other => anyhow::bail!("init answered {other:?}"),
        }
    }
    let sign = |f: &NewFile| {
        let part = SignPart {
            n: PartNumber::from_index(0)?,
            size: f.fingerprint.size,
            crc64: crc64(f.id.as_bytes()),
            sha256: Some(Sha256([7; 32])),
            again: false,
        };
        Ok(SignItem {
            id: f.id,
            attempt: 1,
            parts: vec![part],
        })
    };
    let items: Result<Vec<SignItem>> = files.iter().map(sign).collect();
    for result in client.sign(items?).await? {
        ensure!(result.error.is_none(), "sign answered {:?}", result.error);
    }
    Ok(keys)
}

fn interrupted(id: FileId, object_key: String) -> Vec<Change> {
    let mut steps = vec![
        Change::FileRegistered { id, object_key },
        Change::FileState {
            id,
            from: FileState::Registered,
            to: FileState::Uploading,
        },
    ];
    if let Ok(n) = PartNumber::from_index(0) {
        steps.push(Change::PartState {
            id,
            n,
            to: PartState::Uploading,
        });
    }
    steps
}
