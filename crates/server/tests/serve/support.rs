//! A running server, clients with tokens, and files to send.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use reqwest::{Method, RequestBuilder, Response};
use serde_json::Value;
use tempfile::TempDir;
use windlass_core::checksum::{combine, crc64};
use windlass_core::error::Failure;
use windlass_core::ids::{ClientId, DestinationId, FileId, GroupId};
use windlass_core::part_plan::PartPlan;
use windlass_core::time::Timestamp;
use windlass_core::units::{ETag, Sha256};
use windlass_protocol::groups::CreateGroup;
use windlass_protocol::sessions::{
    CompleteItem, CompleteOutcome, DonePart, InitAnswer, InitItem, Settled, SignItem, SignPart,
};
use windlass_protocol::tokens::{CreatedToken, Scope};
use windlass_protocol::{ControlClient, Endpoint};
use windlass_server::clock::{SystemWorld, World};
use windlass_server::serve::admin::{Admin, TokenWish};
use windlass_server::serve::settings::{Layers, Settings};
use windlass_server::serve::{Server, start_with};
use windlass_testkit::postgres::{Database, Postgres};

#[path = "garage.rs"]
pub(crate) mod garage;

/// The answer to a PUT, as clients make it: a storage that has no time for a moment is asked again. Garage with SQLite says
/// 503 when two of its own writes meet.
pub(crate) async fn stored(request: impl Fn() -> RequestBuilder) -> Response {
    loop {
        let response = request().send().await.expect("an answer to a PUT");
        if response.status() != 503 {
            return response;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// The system's world, with time to add.
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

pub(crate) fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    SystemWorld.fill(&mut bytes).expect("random bytes");
    bytes
}

/// Settings from pairs.
pub(crate) fn settings(flags: &[(&str, &str)]) -> Result<Settings, Failure> {
    settings_with(flags, &[])
}

/// Settings from pairs, over variables.
pub(crate) fn settings_with(flags: &[(&str, &str)], variables: &[(&str, &str)]) -> Result<Settings, Failure> {
    let flags: Vec<_> = flags
        .iter()
        .map(|(n, v)| ((*n).to_owned(), (*v).to_owned()))
        .collect();
    let variable = |name: &str| {
        let found = variables.iter().find(|(n, _)| *n == name);
        found.map(|(_, v)| (*v).to_owned())
    };
    Settings::resolve(&Layers::read(&flags, variable, None)?)
}

pub(crate) struct Kit {
    pub(crate) dir: TempDir,
    pub(crate) world: Arc<TestWorld>,
    pub(crate) settings: Settings,
    pub(crate) server: Option<Server>,
    pub(crate) url: String,
    pub(crate) http: reqwest::Client,
    _database: Option<Database>,
}

impl Kit {
    /// On SQLite.
    pub(crate) async fn start(flags: &[(&str, &str)]) -> Self {
        Self::on(None, flags).await
    }

    /// On a database of its own in PostgreSQL.
    pub(crate) async fn postgres(flags: &[(&str, &str)]) -> Self {
        Self::on(Some(Self::database().await), flags).await
    }

    pub(crate) async fn database() -> Database {
        let make = || Postgres::shared().and_then(|p| p.database());
        let database = tokio::task::spawn_blocking(make).await.expect("done");
        database.expect("a database")
    }

    async fn on(database: Option<Database>, flags: &[(&str, &str)]) -> Self {
        Self::with(database, flags, &[]).await
    }

    /// With variables of the environment.
    pub(crate) async fn with(
        database: Option<Database>,
        flags: &[(&str, &str)],
        variables: &[(&str, &str)],
    ) -> Self {
        let dir = TempDir::new().expect("a folder");
        let data = dir.path().join("data");
        let mut all = vec![("data", data.to_str().expect("text")), ("listen", "127.0.0.1:0")];
        if let Some(database) = &database {
            all.push(("database", database.url()));
            all.push(("database-connections", "4"));
        }
        all.extend_from_slice(flags);
        let mut settings = settings_with(&all, variables).expect("settings");
        // This program is a test; whoever reads files builds the other one first.
        settings.work.extractor = Some(extractor());
        let world = Arc::new(TestWorld::default());
        let server = start_with(settings.clone(), world.clone())
            .await
            .expect("a server");
        let http = reqwest::Client::builder().no_proxy().build().expect("http");
        Self {
            url: server.url().to_owned(),
            dir,
            world,
            settings,
            server: Some(server),
            http,
            _database: database,
        }
    }

    /// Another server on the same ledger, in a world of its own.
    pub(crate) async fn replica(&self, world: Arc<dyn World>) -> Server {
        let mut settings = self.settings.clone();
        settings.data = self.dir.path().join(format!("replica-{}", random::<1>()[0]));
        start_with(settings, world).await.expect("a replica")
    }

    pub(crate) async fn admin(&self) -> Admin {
        Admin::open(self.settings.ledger()).await.expect("the ledger")
    }

    /// A token of a user, who is added when they are not there.
    pub(crate) async fn made(&self, owner: Option<&str>, scopes: &[Scope]) -> CreatedToken {
        let admin = self.admin().await;
        if let Some(name) = owner {
            // There already, the second time.
            drop(
                admin
                    .add_user(name.into(), None, windlass_protocol::owners::Role::Member, None)
                    .await,
            );
        }
        let wish = TokenWish {
            name: "test".into(),
            scopes: scopes.to_vec(),
            owner: owner.map(str::to_owned),
            destinations: Vec::new(),
            expires_at: None,
        };
        let token = admin.create_token(wish).await.expect("a token");
        admin.close().await.expect("closed");
        token
    }

    pub(crate) async fn token(&self, owner: &str, scopes: &[Scope]) -> String {
        self.made(Some(owner), scopes).await.token
    }

    /// The first admin's, with every scope.
    pub(crate) async fn admin_token(&self) -> String {
        self.made(None, &Scope::ALL).await.token
    }

    pub(crate) fn client(&self, token: &str) -> ControlClient {
        let endpoint = Endpoint {
            base_url: self.url.clone(),
            token: token.into(),
        };
        ControlClient::new(endpoint).expect("a client")
    }

    pub(crate) fn request(&self, method: Method, path: &str, token: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.url));
        if token.is_empty() {
            request
        } else {
            request.bearer_auth(token)
        }
    }

    pub(crate) async fn get(&self, path: &str, token: &str) -> Response {
        self.request(Method::GET, path, token)
            .send()
            .await
            .expect("an answer")
    }

    pub(crate) async fn post(&self, path: &str, token: &str, body: &Value) -> Response {
        let request = self.request(Method::POST, path, token).json(body);
        request.send().await.expect("an answer")
    }

    /// `127.0.0.1:PORT`.
    pub(crate) fn host(&self) -> String {
        self.url.trim_start_matches("http://").to_owned()
    }

    /// A shipped destination.
    pub(crate) async fn destination(&self, token: &str, name: &str) -> DestinationId {
        let all = self.client(token).destinations().await.expect("destinations");
        all.iter().find(|d| d.name == name).expect("shipped").id
    }

    pub(crate) async fn group(&self, token: &str, destination: DestinationId) -> GroupId {
        let id = GroupId::new(self.world.now(), random());
        let group = CreateGroup {
            id,
            name: "Trip".into(),
            destination_id: destination,
        };
        self.client(token).create_group(&group).await.expect("a group");
        id
    }

    /// The whole way of a file.
    pub(crate) async fn upload(&self, token: &str, group: GroupId, file: &Sample) -> Settled {
        let client = self.client(token);
        let init = client.init(vec![file.init(group)]).await.expect("init").remove(0);
        assert!(matches!(init.answer, InitAnswer::Upload { .. }), "{init:?}");
        let parts = self.send(token, file).await;
        let done = client
            .complete(vec![file.complete(parts)])
            .await
            .expect("complete");
        match &done[0].outcome {
            CompleteOutcome::Settled(settled) => settled.clone(),
            other => panic!("not settled: {other:?}"),
        }
    }

    /// A file that was announced and signed for: where it is PUT to, below this server.
    pub(crate) async fn target(&self, token: &str, file: &Sample) -> String {
        let place = self.destination(token, "recordings").await;
        let group = self.group(token, place).await;
        let client = self.client(token);
        client.init(vec![file.init(group)]).await.expect("init");
        let signed = client.sign(vec![file.sign()]).await.expect("sign").remove(0);
        signed.uploads[0].url.trim_start_matches(&self.url).to_owned()
    }

    pub(crate) async fn send(&self, token: &str, file: &Sample) -> Vec<DonePart> {
        let signed = self
            .client(token)
            .sign(vec![file.sign()])
            .await
            .expect("sign")
            .remove(0);
        assert_eq!(signed.error, None);
        let mut done = Vec::new();
        for (signed, body) in signed.uploads.iter().zip(file.bodies()) {
            let (crc, size) = (crc64(&body), body.len() as u64);
            let response = stored(|| {
                let request = self.http.put(&signed.url).body(body.clone());
                let headers = signed.headers.iter();
                headers.fold(request, |r, (name, value)| r.header(name, value))
            })
            .await;
            assert_eq!(response.status(), 200, "{}", signed.url);
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
}

/// The program whose children read files, beside this one.
pub(crate) fn extractor() -> std::path::PathBuf {
    let own = std::env::current_exe().expect("a path");
    let folder = own.ancestors().nth(2).expect("the folder of programs");
    folder.join("windlass-extract")
}

/// The code of a problem.
pub(crate) async fn code(response: Response) -> (u16, String) {
    let status = response.status().as_u16();
    let body: Value = response.json().await.unwrap_or_default();
    (status, body["code"].as_str().unwrap_or_default().to_owned())
}

/// Asks until it is so.
pub(crate) async fn until(what: &str, mut so: impl AsyncFnMut() -> bool) {
    for _ in 0..600 {
        if so().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("never: {what}");
}

/// A file to send.
pub(crate) struct Sample {
    pub(crate) id: FileId,
    pub(crate) path: String,
    pub(crate) data: Vec<u8>,
    pub(crate) part: u64,
    pub(crate) mime: String,
}

impl Sample {
    pub(crate) fn new(path: &str, len: usize) -> Self {
        let mut data = vec![0; len];
        SystemWorld.fill(&mut data).expect("random bytes");
        Self {
            id: FileId::new(SystemWorld.now(), random()),
            path: path.into(),
            data,
            part: 8 << 20,
            mime: "application/octet-stream".into(),
        }
    }

    fn plan(&self) -> PartPlan {
        PartPlan::stored(self.data.len() as u64, self.part).expect("a plan")
    }

    pub(crate) fn sha256(&self) -> Sha256 {
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &self.data);
        Sha256(digest.as_ref().try_into().expect("32 bytes"))
    }

    pub(crate) fn bodies(&self) -> Vec<Vec<u8>> {
        let range = |p: windlass_core::part_plan::PartRange| {
            self.data[p.offset as usize..(p.offset + p.len) as usize].to_vec()
        };
        self.plan().parts().map(range).collect()
    }

    pub(crate) fn init(&self, group: GroupId) -> InitItem {
        InitItem {
            id: self.id,
            attempt: 1,
            group_id: group,
            rel_path: self.path.clone(),
            size: self.data.len() as u64,
            part_size: self.part,
            mime: self.mime.clone(),
            sha256: Some(self.sha256()),
            client_id: ClientId::new(SystemWorld.now(), [7; 10]),
            race: false,
        }
    }

    pub(crate) fn sign(&self) -> SignItem {
        let plan = self.plan();
        let single = plan.is_single();
        let parts = plan.parts().zip(self.bodies()).map(|(range, body)| SignPart {
            n: range.number,
            size: range.len,
            crc64: crc64(&body),
            sha256: single.then(|| self.sha256()),
            again: false,
        });
        SignItem {
            id: self.id,
            attempt: 1,
            parts: parts.collect(),
        }
    }

    pub(crate) fn complete(&self, parts: Vec<DonePart>) -> CompleteItem {
        CompleteItem {
            id: self.id,
            attempt: 1,
            size: self.data.len() as u64,
            crc64: combine(self.bodies().iter().map(|b| (crc64(b), b.len() as u64))),
            sha256: Some(self.sha256()),
            parts,
        }
    }
}
