//! A running control plane with a destination, a client, and files to send.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use tempfile::TempDir;
use windlass_core::checksum::{combine, crc64};
use windlass_core::error::Failure;
use windlass_core::ids::{ClientId, DestinationId, FileId, GroupId};
use windlass_core::part_plan::PartPlan;
use windlass_core::time::Timestamp;
use windlass_core::units::{ETag, Sha256};
use windlass_protocol::ControlClient;
use windlass_protocol::destinations::{Check, DestinationConfig, PutDestination, StorageSecret};
use windlass_protocol::groups::{CreateGroup, Group};
use windlass_protocol::sessions::{
    CompleteItem, CompleteOutcome, DonePart, Ids, InitAnswer, InitItem, Query, Session, Settled, SignItem,
    SignPart, SignedPart,
};
use windlass_server::clock::{SystemWorld, World};
use windlass_server::embedded::Embedded;

use crate::databases::Keep;

/// The system's world, with hours to add.
#[derive(Default)]
pub(crate) struct TestWorld(AtomicI64);

impl TestWorld {
    pub(crate) fn later(&self, ms: i64) {
        self.0.fetch_add(ms, Ordering::SeqCst);
    }
}

impl World for TestWorld {
    fn now(&self) -> Timestamp {
        self.by(SystemWorld.now())
    }

    fn by(&self, shared: Timestamp) -> Timestamp {
        shared.plus_millis(self.0.load(Ordering::SeqCst))
    }

    fn fill(&self, bytes: &mut [u8]) -> Result<(), Failure> {
        SystemWorld.fill(bytes)
    }
}

/// Garage with SQLite answers 503 when its own database is busy; whoever hears it waits.
const BREATH: std::time::Duration = std::time::Duration::from_millis(50);

/// Ids that no two tests share.
pub(crate) fn raw_id() -> [u8; 10] {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let mut bytes = [0; 10];
    SystemWorld.fill(&mut bytes).expect("random");
    bytes[..8].copy_from_slice(&NEXT.fetch_add(1, Ordering::SeqCst).to_be_bytes());
    bytes[0] = 0x40;
    bytes
}

pub(crate) fn file_id() -> FileId {
    FileId::new(SystemWorld.now(), raw_id())
}

pub(crate) fn sha256(bytes: &[u8]) -> Sha256 {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes);
    Sha256(digest.as_ref().try_into().expect("32 bytes"))
}

/// Bytes that differ by seed.
pub(crate) fn bytes(seed: u64, len: usize) -> Vec<u8> {
    let mut x = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    (0..len)
        .map(|_| {
            x ^= x << 13;
            x ^= x >> 7;
            x ^= x << 17;
            (x >> 24) as u8
        })
        .collect()
}

pub(crate) struct Kit {
    pub(crate) home: TempDir,
    pub(crate) keep: Keep,
    pub(crate) place: TempDir,
    pub(crate) world: Arc<TestWorld>,
    pub(crate) server: Option<Embedded>,
    pub(crate) client: ControlClient,
    pub(crate) http: reqwest::Client,
    pub(crate) destination: DestinationId,
    pub(crate) group: GroupId,
    pub(crate) config: DestinationConfig,
    /// The server of the bucket, where it is one.
    pub(crate) bucket: Option<crate::s3::Server>,
}

impl Kit {
    /// A control plane with a folder as destination, and a group `Trip`.
    pub(crate) async fn folder() -> Self {
        let place = TempDir::new().expect("a folder");
        let config = DestinationConfig::Folder {
            path: path_text(&place.path().join("dest")),
        };
        Self::with(config, None, place).await
    }

    pub(crate) async fn with(
        config: DestinationConfig,
        secret: Option<StorageSecret>,
        place: TempDir,
    ) -> Self {
        let home = TempDir::new().expect("a home");
        let world = Arc::new(TestWorld::default());
        let keep = Keep::fresh().await;
        let server = keep.start(home.path(), world.clone()).await.expect("a server");
        let client = ControlClient::new(server.endpoint()).expect("a client");
        let destination = DestinationId::new(world.now(), raw_id());
        let http = reqwest::Client::builder().no_proxy().build().expect("http");
        let group = GroupId::new(world.now(), raw_id());
        let kit = Self {
            home,
            keep,
            place,
            world,
            server: Some(server),
            client,
            http,
            destination,
            group,
            config: config.clone(),
            bucket: None,
        };
        let put = PutDestination {
            id: destination,
            name: "Archive".into(),
            config,
            secret,
            accepts: None,
        };
        let check = kit.client.put_destination(&put).await.expect("an answer");
        assert!(check.ok, "{check:#?}");
        kit.new_group("Trip", group).await;
        kit
    }

    pub(crate) async fn new_group(&self, name: &str, id: GroupId) -> Group {
        let group = CreateGroup {
            id,
            name: name.into(),
            destination_id: self.destination,
        };
        self.client.create_group(&group).await.expect("a group")
    }

    pub(crate) async fn other_group(&self, name: &str) -> GroupId {
        let id = GroupId::new(self.world.now(), raw_id());
        self.new_group(name, id).await;
        id
    }

    /// Stops the control plane as kill -9 would, as far as it can be in one process, and starts it again.
    pub(crate) async fn relaunch(&mut self) {
        drop(self.server.take().expect("running").shutdown().await);
        let server = self
            .keep
            .start(self.home.path(), self.world.clone())
            .await
            .expect("a server");
        self.client = ControlClient::new(server.endpoint()).expect("a client");
        self.server = Some(server);
    }

    pub(crate) fn endpoint(&self) -> windlass_protocol::Endpoint {
        self.server.as_ref().expect("running").endpoint()
    }

    pub(crate) fn ledger(&self) -> rusqlite::Connection {
        rusqlite::Connection::open(self.home.path().join("data/ledger.sqlite")).expect("the ledger")
    }

    pub(crate) fn world_now(&self) -> Timestamp {
        self.world.now()
    }

    /// Removes an object of the group `Trip` behind the product's back.
    pub(crate) async fn remove_object(&self, path: &str) {
        let Some(bucket) = &self.bucket else {
            std::fs::remove_file(self.root().join(self.key(path))).expect("removed");
            return;
        };
        let (oracle, key) = (bucket.oracle().expect("an oracle"), self.key(path));
        tokio::task::spawn_blocking(move || oracle.delete(&key).expect("removed"))
            .await
            .expect("done");
    }

    /// Whether wrong bytes are refused as they arrive; else they are found at complete.
    pub(crate) fn verifies_checksums(&self) -> bool {
        self.bucket
            .as_ref()
            .is_none_or(|bucket| bucket.verifies_checksums())
    }

    /// The key of a file of the group `Trip`.
    pub(crate) fn key(&self, path: &str) -> String {
        match &self.config {
            DestinationConfig::Folder { .. } => format!("Trip/{path}"),
            DestinationConfig::S3 { prefix, .. } => format!("{prefix}Trip/{path}"),
        }
    }

    pub(crate) fn root(&self) -> PathBuf {
        self.place.path().join("dest")
    }

    pub(crate) fn item(&self, file: &Sample) -> InitItem {
        InitItem {
            id: file.id,
            attempt: file.attempt,
            group_id: file.group.unwrap_or(self.group),
            rel_path: file.path.clone(),
            size: file.data.len() as u64,
            part_size: file.part,
            mime: "application/octet-stream".into(),
            sha256: file.sha.then(|| sha256(&file.data)),
            client_id: ClientId::new(self.world.now(), [7; 10]),
            race: file.race,
        }
    }

    pub(crate) async fn init(&self, file: &Sample) -> InitAnswer {
        self.client
            .init(vec![self.item(file)])
            .await
            .expect("init")
            .remove(0)
            .answer
    }

    pub(crate) async fn sign(&self, file: &Sample) -> Vec<SignedPart> {
        loop {
            let result = self
                .client
                .sign(vec![file.sign_item()])
                .await
                .expect("sign")
                .remove(0);
            match result.error {
                None => return result.uploads,
                Some(e) if e.code == "destination_slow_down" => tokio::time::sleep(BREATH).await,
                Some(e) => panic!("{e:?}"),
            }
        }
    }

    pub(crate) async fn put(&self, signed: &SignedPart, body: Vec<u8>) -> reqwest::Response {
        loop {
            // Also of an empty body: radosgw and AWS answer 411 without it.
            let mut request = self.http.put(&signed.url).header("content-length", body.len());
            request = request.body(body.clone());
            for (name, value) in &signed.headers {
                request = request.header(name, value);
            }
            let response = request.send().await.expect("an answer to a PUT");
            if response.status() != 503 {
                return response;
            }
            tokio::time::sleep(BREATH).await;
        }
    }

    /// Sends parts and returns them as done.
    pub(crate) async fn send(&self, file: &Sample) -> Vec<DonePart> {
        let mut done = Vec::new();
        for (signed, body) in self.sign(file).await.iter().zip(file.bodies()) {
            let crc = crc64(&body);
            let size = body.len() as u64;
            let response = self.put(signed, body).await;
            assert!(
                response.status().is_success(),
                "{}: {}",
                response.status(),
                response.text().await.unwrap_or_default()
            );
            let etag = response.headers()["etag"].to_str().expect("an etag").to_owned();
            done.push(DonePart {
                n: signed.n,
                size,
                crc64: crc,
                etag: ETag(etag),
            });
        }
        done
    }

    pub(crate) async fn complete(&self, file: &Sample, parts: Vec<DonePart>) -> CompleteOutcome {
        loop {
            match self.complete_once(file, parts.clone()).await {
                CompleteOutcome::Failed { error } if error.code == "destination_slow_down" => {
                    tokio::time::sleep(BREATH).await;
                }
                outcome => return outcome,
            }
        }
    }

    pub(crate) async fn complete_once(&self, file: &Sample, parts: Vec<DonePart>) -> CompleteOutcome {
        self.client
            .complete(vec![file.complete_item(parts)])
            .await
            .expect("complete")
            .remove(0)
            .outcome
    }

    /// The whole way of a file.
    pub(crate) async fn upload(&self, file: &Sample) -> Settled {
        let answer = self.init(file).await;
        assert!(matches!(answer, InitAnswer::Upload { .. }), "{answer:?}");
        let parts = self.send(file).await;
        settled(self.complete(file, parts).await)
    }

    pub(crate) async fn session(&self, file: &Sample) -> Session {
        let answer = self
            .client
            .query(&Query {
                ids: vec![file.id],
                parts: true,
            })
            .await
            .expect("query");
        answer.sessions.into_iter().next().expect("a session")
    }

    pub(crate) async fn delete(&self, file: &Sample) -> windlass_protocol::sessions::DeleteResult {
        self.client
            .delete(&Ids { ids: vec![file.id] })
            .await
            .expect("delete")
            .remove(0)
    }

    pub(crate) async fn try_destination(
        &self,
        config: DestinationConfig,
        secret: Option<StorageSecret>,
    ) -> Check {
        let id = DestinationId::new(self.world.now(), raw_id());
        let put = PutDestination {
            id,
            name: "Other".into(),
            config,
            secret,
            accepts: None,
        };
        self.client.test_destination(&put).await.expect("an answer")
    }
}

pub(crate) fn path_text(path: &Path) -> String {
    path.to_str().expect("text").to_owned()
}

pub(crate) fn settled(outcome: CompleteOutcome) -> Settled {
    match outcome {
        CompleteOutcome::Settled(s) => s,
        other => panic!("not settled: {other:?}"),
    }
}

pub(crate) fn error_code(outcome: &CompleteOutcome) -> &str {
    match outcome {
        CompleteOutcome::Failed { error } => &error.code,
        other => panic!("not failed: {other:?}"),
    }
}

pub(crate) fn refused(answer: &InitAnswer) -> &str {
    match answer {
        InitAnswer::Refused { error } => &error.code,
        other => panic!("not refused: {other:?}"),
    }
}

/// A file to send.
#[derive(Clone)]
pub(crate) struct Sample {
    pub(crate) id: FileId,
    pub(crate) attempt: u32,
    pub(crate) path: String,
    pub(crate) data: Vec<u8>,
    pub(crate) part: u64,
    pub(crate) sha: bool,
    pub(crate) race: bool,
    pub(crate) group: Option<GroupId>,
}

impl Sample {
    pub(crate) fn new(path: &str, data: Vec<u8>) -> Self {
        Self {
            id: file_id(),
            attempt: 1,
            path: path.into(),
            data,
            part: 8 << 20,
            sha: true,
            race: false,
            group: None,
        }
    }

    /// Cut into parts of so many bytes.
    pub(crate) fn cut(mut self, part: u64) -> Self {
        self.part = part;
        self
    }

    pub(crate) fn plan(&self) -> PartPlan {
        PartPlan::stored(self.data.len() as u64, self.part).expect("a plan")
    }

    pub(crate) fn bodies(&self) -> Vec<Vec<u8>> {
        let range = |p: windlass_core::part_plan::PartRange| {
            self.data[p.offset as usize..(p.offset + p.len) as usize].to_vec()
        };
        self.plan().parts().map(range).collect()
    }

    pub(crate) fn sign_item(&self) -> SignItem {
        let plan = self.plan();
        let single = plan.is_single();
        let parts = plan.parts().zip(self.bodies()).map(|(range, body)| SignPart {
            n: range.number,
            size: range.len,
            crc64: crc64(&body),
            sha256: (single && self.sha).then(|| sha256(&body)),
            again: false,
        });
        SignItem {
            id: self.id,
            attempt: self.attempt,
            parts: parts.collect(),
        }
    }

    pub(crate) fn complete_item(&self, parts: Vec<DonePart>) -> CompleteItem {
        CompleteItem {
            id: self.id,
            attempt: self.attempt,
            size: self.data.len() as u64,
            crc64: combine(self.bodies().iter().map(|b| (crc64(b), b.len() as u64))),
            sha256: self.sha.then(|| sha256(&self.data)),
            parts,
        }
    }
}
