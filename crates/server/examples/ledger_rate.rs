//! Sessions a second from init to complete, by batches of 1,000, on a folder: the ledger's own calls, without HTTP.
//!
//! `cargo run --release -p windlass-server --example ledger_rate -- [postgres://… | sqlite] [sessions]`. PostgreSQL's
//! database must be empty and is used for nothing else.
#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a measurement that can't go on says so; its figures are its output"
)]

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use windlass_core::checksum::crc64;
use windlass_core::ids::{ClientId, DestinationId, FileId, GroupId, ObjectId, OwnerId};
use windlass_core::part_plan::PartPlan;
use windlass_core::time::Timestamp;
use windlass_core::units::Sha256;
use windlass_protocol::destinations::DestinationConfig;
use windlass_protocol::groups::CreateGroup;
use windlass_server::clock::{SystemWorld, World, random};
use windlass_server::db::Db;
use windlass_server::store::{
    DestinationRow, InitDecision, InitRow, LeaseItem, Leased, Ledger, Proof, Settle, StartItem,
};

const BATCH: usize = 1_000;

fn main() {
    let mut args = std::env::args().skip(1);
    let place = args.next().unwrap_or_else(|| "sqlite".to_owned());
    let sessions = args.next().map_or(20_000, |n| n.parse().expect("a number"));
    let home = tempfile::TempDir::new().expect("a folder");
    let db = match place.as_str() {
        "sqlite" => Db::open_sqlite(&home.path().join("ledger.sqlite")),
        url => Db::open_postgres(url, 4),
    };
    let ledger = Ledger::new(db.expect("a ledger"));
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    for hashed in [false, true] {
        runtime.block_on(measure(&ledger, home.path(), sessions, hashed));
    }
}

/// Processor time that this program has used: what a busy machine does not change.
fn processor() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").expect("Linux");
    let after_name = stat.rsplit(')').next().expect("fields");
    let ticks: u64 = after_name
        .split_whitespace()
        .skip(11)
        .take(2)
        .map(|n| n.parse::<u64>().expect("a number"))
        .sum();
    Duration::from_millis(ticks * 10)
}

fn now() -> Timestamp {
    SystemWorld.now()
}

fn chance() -> [u8; 10] {
    random(&SystemWorld).expect("random")
}

async fn measure(ledger: &Ledger, home: &Path, sessions: usize, hashed: bool) {
    let owner = ledger
        .local_owner(OwnerId::new(now(), chance()), now())
        .await
        .expect("an owner");
    let destination = DestinationId::new(now(), chance());
    let row = DestinationRow {
        id: destination,
        name: destination.to_string(),
        config: DestinationConfig::Folder {
            path: home.to_string_lossy().into_owned(),
        },
        keep: None,
        capabilities: None,
        max_bytes: None,
        active: true,
    };
    ledger
        .put_destination(row, now())
        .await
        .expect("written")
        .expect("taken");
    let group = CreateGroup {
        id: GroupId::new(now(), chance()),
        name: "Rate".to_owned(),
        destination_id: destination,
    };
    ledger
        .create_group(owner, &group, now())
        .await
        .expect("written")
        .expect("taken");
    let mut took = [Duration::ZERO; 4];
    let busy = processor();
    let began = Instant::now();
    let runs = sessions / BATCH;
    for n in 0..runs {
        let each = batch(ledger, owner, group.id, n, hashed).await;
        for (sum, one) in took.iter_mut().zip(each) {
            *sum += one;
        }
    }
    let whole = began.elapsed();
    let busy = processor() - busy;
    let per = |d: Duration| d.as_secs_f64() * 1e3 / runs as f64;
    println!(
        "{}: {:.0} sessions/s, {:.0} µs of this program's processor time each; a batch of {BATCH}: init {:.1} ms, start {:.1} ms, lease {:.1} ms, settle {:.1} ms",
        if hashed { "with hashes" } else { "without hashes" },
        (runs * BATCH) as f64 / whole.as_secs_f64(),
        busy.as_secs_f64() * 1e6 / (runs * BATCH) as f64,
        per(took[0]),
        per(took[1]),
        per(took[2]),
        per(took[3]),
    );
}

async fn batch(ledger: &Ledger, owner: OwnerId, group: GroupId, n: usize, hashed: bool) -> [Duration; 4] {
    let plan = PartPlan::new(10).expect("a plan");
    let client = ClientId::new(now(), [7; 10]);
    let ids: Vec<FileId> = (0..BATCH).map(|_| FileId::new(now(), chance())).collect();
    let hash = |id: FileId| {
        let mut bytes = [0; 32];
        bytes[..16].copy_from_slice(id.as_bytes());
        Sha256(bytes)
    };
    let mut items = Vec::with_capacity(BATCH);
    for (at, id) in ids.iter().enumerate() {
        items.push(InitRow {
            id: *id,
            attempt: 1,
            group: Some(group),
            destination: None,
            file_type: None,
            is_required: None,
            metadata: None,
            keep_rejected: false,
            rel_path: format!("folder {n}/{at}.txt"),
            plan,
            mime: "text/plain".to_owned(),
            sha256: hashed.then(|| hash(*id)),
            client: Some(client),
            race: !hashed,
            object: ObjectId::new(now(), chance()),
            token: random(&SystemWorld).expect("random"),
            present: Vec::new(),
        });
    }
    let clock = Instant::now();
    let decided = ledger.init(owner, items, now()).await.expect("init");
    assert!(decided.iter().all(|d| matches!(d, InitDecision::Upload { .. })));
    let init = clock.elapsed();
    let clock = Instant::now();
    let starts = ids
        .iter()
        .map(|id| StartItem {
            id: *id,
            attempt: 1,
            urls: true,
        })
        .collect();
    let started = ledger.start(owner, starts, now()).await.expect("start");
    assert!(started.iter().all(Result::is_ok));
    let start = clock.elapsed();
    let clock = Instant::now();
    let asks = ids
        .iter()
        .map(|id| LeaseItem {
            id: *id,
            attempt: 1,
            size: 10,
            sha256: Some(hash(*id)),
        })
        .collect();
    let leased = ledger
        .lease(owner, asks, now().plus_millis(60_000), now())
        .await
        .expect("lease");
    let lease = clock.elapsed();
    let crc = Arc::new(crc64(b"0123456789"));
    let clock = Instant::now();
    let settles = leased
        .into_iter()
        .filter_map(|l| match l {
            Ok(Leased::Ours(row)) => Some(Settle {
                id: row.id,
                fence: row.fence,
                object: row.object.as_ref()?.id,
                etag: Some("\"an etag\"".to_owned()),
                crc64: Some(*crc),
                sha256: row.sha256,
                proof: Proof::Sha256,
            }),
            _ => None,
        })
        .collect();
    let settled = ledger.settle(owner, settles, now()).await.expect("settle");
    assert_eq!(settled.iter().flatten().count(), BATCH);
    [init, start, lease, clock.elapsed()]
}
