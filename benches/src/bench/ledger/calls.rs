//! The calls that are timed.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use windlass_core::accepts::Accepts;
use windlass_core::checksum::crc64;
use windlass_core::ids::{ClientId, DestinationId, FileId, GroupId, ObjectId, OwnerId};
use windlass_core::part_plan::PartPlan;
use windlass_core::units::Sha256;
use windlass_engine::clock;
use windlass_protocol::destinations::DestinationConfig;
use windlass_protocol::groups::CreateGroup;
use windlass_server::db::{Db, Tx};
use windlass_server::params;
use windlass_server::store::changes::{self, Cursor};
use windlass_server::store::jobs::claim::{self, Wanted};
use windlass_server::store::{
    DestinationRow, InitDecision, InitRow, LeaseItem, Leased, Ledger, Proof, Settle, StartItem, janitor,
    watch,
};

use super::Cost;
use super::grow::TEMPLATE;

/// Sessions of a batch.
const BATCH: usize = 1_000;
/// Batches of a measurement.
const BATCHES: usize = 6;
/// Calls of each kind, on each of two ledgers.
const ROUNDS: usize = 300;
/// Jobs are claimed in each of so many rounds: there are not more of them.
const CLAIM_AT: usize = 10;
/// Jobs of a claim.
const CLAIM: u32 = 10;
/// Milliseconds of a lease.
const LEASE_MS: i64 = 60_000;
/// A job for each file, as a server's destinations have.
const PIPELINE: &str = r#"[{"type":"validate"}]"#;

/// A ledger with an owner and a place.
pub(super) struct Ledgers {
    ledger: Ledger,
    owner: OwnerId,
    destination: DestinationId,
}

fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    for some in bytes.chunks_mut(10) {
        some.copy_from_slice(&clock::random()[..some.len()]);
    }
    bytes
}

/// Processor time that this program has used: what a busy machine does not change.
fn processor() -> Result<Duration> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let (_, fields) = stat.rsplit_once(')').context("/proc/self/stat")?;
    let ticks = fields.split_whitespace().skip(11).take(2);
    let ticks: u64 = ticks.map(str::parse::<u64>).sum::<Result<u64, _>>()?;
    Ok(Duration::from_millis(ticks * 10))
}

fn median(mut all: Vec<Duration>) -> f64 {
    all.sort_unstable();
    all.get(all.len() / 2).map_or(0.0, |d| d.as_secs_f64() * 1e3)
}

impl Ledgers {
    pub(super) async fn furnish(db: &Db, dir: &Path) -> Result<Self> {
        let ledger = Ledger::new(db.clone());
        let now = clock::now();
        let owner = ledger
            .local_owner(OwnerId::new(now, clock::random()), now)
            .await?;
        let destination = DestinationId::new(now, clock::random());
        let row = DestinationRow {
            id: destination,
            name: "there".to_owned(),
            config: DestinationConfig::Folder {
                path: dir.to_str().context("no UTF-8")?.to_owned(),
            },
            keep: None,
            capabilities: None,
            accepts: Accepts::default(),
            active: true,
        };
        ledger
            .put_destination(row, None, now)
            .await?
            .map_err(|r| r.failure)?;
        let pipeline = "UPDATE destination SET pipeline = ?1";
        db.write(None, move |tx| tx.execute(pipeline, params![PIPELINE]))
            .await?;
        Ok(Self {
            ledger,
            owner,
            destination,
        })
    }

    async fn group(&self) -> Result<GroupId> {
        let group = CreateGroup {
            id: clock::group_id(),
            name: "Bench".to_owned(),
            destination_id: self.destination,
        };
        let made = self.ledger.create_group(self.owner, &group, clock::now()).await?;
        Ok(made.map_err(|r| r.failure)?.id)
    }

    /// The sessions that are copied.
    pub(super) async fn template(&self) -> Result<()> {
        let group = self.group().await?;
        self.bring(group, usize::try_from(TEMPLATE)?).await.map(drop)
    }

    /// What whole batches cost: sessions a second, and by the processor time of this program alone.
    pub(super) async fn batches(&self) -> Result<(f64, f64)> {
        let group = self.group().await?;
        let (began, busy) = (Instant::now(), processor()?);
        for _ in 0..BATCHES {
            self.bring(group, BATCH).await?;
        }
        let (whole, busy) = (began.elapsed(), processor()? - busy);
        let brought = (BATCHES * BATCH) as f64;
        Ok((brought / whole.as_secs_f64(), brought / busy.as_secs_f64()))
    }

    async fn asked(&self) -> Result<Asked> {
        let groups = self.some_groups().await?;
        Ok(Asked {
            into: self.group().await?,
            files: self.some_files(&groups).await?,
            groups,
        })
    }

    /// Each call once; those that cost much now and then.
    async fn round(&self, n: usize, asked: &Asked, times: &mut Times) -> Result<()> {
        let (owner, db) = (self.owner, self.ledger.db());
        timed(&mut times.one, async {
            self.bring(asked.into, 1).await.map(|()| true)
        })
        .await?;
        let id = asked.files[n % asked.files.len()];
        timed(&mut times.status, async {
            Ok(self.ledger.sessions(owner, vec![id]).await?.len() == 1)
        })
        .await?;
        let group = asked.groups[n % asked.groups.len()];
        timed(&mut times.group, async {
            Ok(self.ledger.group(owner, group).await?.is_some())
        })
        .await?;
        timed(&mut times.feed, async {
            let read = move |tx: &mut dyn Tx| changes::after(tx, owner, Cursor::default(), 100);
            Ok(db.read(read).await?.len() == 100)
        })
        .await?;
        timed(&mut times.sweep, async {
            let now = clock::now();
            let look = move |tx: &mut dyn Tx| {
                let quiet = watch::quiet(tx, now, 100)?.len();
                Ok(quiet + janitor::failed(tx, now, 100)?.len() + janitor::condemned(tx, now, 100)?.len())
            };
            Ok(db.read(look).await? == 0)
        })
        .await?;
        if n.is_multiple_of(CLAIM_AT) {
            let wanted = Wanted {
                kinds: vec!["validate".to_owned()],
                most: CLAIM,
                worker: "bench".to_owned(),
                until: clock::now().plus_millis(LEASE_MS),
            };
            timed(&mut times.claim, async {
                let claim = move |tx: &mut dyn Tx| claim::claim(tx, &wanted, clock::now());
                Ok(db.write(None, claim).await?.len() == CLAIM as usize)
            })
            .await?;
        }
        Ok(())
    }

    /// Groups all over the ledger.
    async fn some_groups(&self) -> Result<Vec<GroupId>> {
        let owner = self.owner;
        let read = self.ledger.db().read(move |tx| {
            let sql = "SELECT id FROM upload_group WHERE owner_id = ?1 ORDER BY id";
            tx.query(sql, params![owner])?.iter().map(|r| r.get(0)).collect()
        });
        let all: Vec<GroupId> = read.await?;
        let step = all.len().div_ceil(100).max(1);
        Ok(all.into_iter().step_by(step).collect())
    }

    /// Files of these groups.
    async fn some_files(&self, groups: &[GroupId]) -> Result<Vec<FileId>> {
        let (owner, groups) = (self.owner, groups.to_vec());
        let each = ROUNDS.div_ceil(groups.len().max(1));
        let read = self.ledger.db().read(move |tx| {
            let sql = "SELECT id FROM upload_session WHERE owner_id = ?1 AND group_id = ?2 LIMIT ?3";
            let mut found = Vec::with_capacity(ROUNDS);
            for group in &groups {
                for row in tx.query(sql, params![owner, *group, each as i64])? {
                    found.push(row.get(0)?);
                }
            }
            Ok(found)
        });
        Ok(read.await?)
    }

    /// From announce to proof, in one batch.
    async fn bring(&self, group: GroupId, count: usize) -> Result<()> {
        let plan = PartPlan::new(10)?;
        let client = ClientId::new(clock::now(), [7; 10]);
        let ids: Vec<FileId> = (0..count).map(|_| clock::file_id()).collect();
        let hash = |id: &FileId| {
            let mut bytes = [0; 32];
            bytes[16..].copy_from_slice(id.as_bytes());
            bytes[..16].copy_from_slice(id.as_bytes());
            Sha256(bytes)
        };
        let items = ids.iter().map(|id| InitRow {
            id: *id,
            attempt: 1,
            group: Some(group),
            destination: None,
            file_type: None,
            is_required: None,
            metadata: None,
            keep_rejected: false,
            rel_path: format!("{id}.txt"),
            plan,
            mime: "text/plain".to_owned(),
            sha256: Some(hash(id)),
            client: Some(client),
            race: false,
            object: ObjectId::new(clock::now(), clock::random()),
            token: random(),
            present: Vec::new(),
        });
        let (owner, ledger) = (self.owner, &self.ledger);
        let decided = ledger.init(owner, items.collect(), clock::now()).await?;
        let sends = |d: &InitDecision| matches!(d, InitDecision::Upload { .. });
        ensure!(decided.iter().all(sends), "{decided:?}");
        let start = |id: &FileId| StartItem {
            id: *id,
            attempt: 1,
            urls: true,
        };
        let started = ledger
            .start(owner, ids.iter().map(start).collect(), clock::now())
            .await?;
        ensure!(started.iter().all(Result::is_ok), "not started");
        let ask = |id: &FileId| LeaseItem {
            id: *id,
            attempt: 1,
            size: 10,
            sha256: Some(hash(id)),
        };
        let until = clock::now().plus_millis(LEASE_MS);
        let leased = ledger
            .lease(owner, ids.iter().map(ask).collect(), until, clock::now())
            .await?;
        let crc = crc64(b"0123456789");
        let settles = leased.into_iter().filter_map(|l| match l {
            Ok(Leased::Ours(row)) => Some(Settle {
                id: row.id,
                fence: row.fence,
                object: row.object.as_ref()?.id,
                etag: Some("\"an etag\"".to_owned()),
                crc64: Some(crc),
                sha256: row.sha256,
                proof: Proof::Sha256,
            }),
            _ => None,
        });
        let settled = ledger.settle(owner, settles.collect(), clock::now()).await?;
        ensure!(settled.iter().flatten().count() == count, "not settled");
        Ok(())
    }
}

/// What is asked about.
struct Asked {
    /// Where new files go.
    into: GroupId,
    groups: Vec<GroupId>,
    files: Vec<FileId>,
}

#[derive(Default)]
struct Times {
    one: Vec<Duration>,
    status: Vec<Duration>,
    group: Vec<Duration>,
    feed: Vec<Duration>,
    claim: Vec<Duration>,
    sweep: Vec<Duration>,
}

/// A call, which must answer true.
async fn timed(times: &mut Vec<Duration>, call: impl Future<Output = Result<bool>>) -> Result<()> {
    let began = Instant::now();
    ensure!(call.await?, "a call has found something else");
    times.push(began.elapsed());
    Ok(())
}

/// What the calls cost on two ledgers. They take turns, so that whatever else the machine does happens to both.
pub(super) async fn in_turns(pair: [&Ledgers; 2]) -> Result<[Cost; 2]> {
    let asked = [pair[0].asked().await?, pair[1].asked().await?];
    let mut times = [Times::default(), Times::default()];
    for n in 0..ROUNDS {
        for ((ledgers, asked), times) in pair.iter().zip(&asked).zip(&mut times) {
            ledgers.round(n, asked, times).await?;
        }
    }
    Ok(times.map(|t| Cost {
        one: median(t.one),
        status: median(t.status),
        group: median(t.group),
        feed: median(t.feed),
        claim: median(t.claim),
        sweep: median(t.sweep),
    }))
}
