//! Two servers on one PostgreSQL and one bucket, and who kills them.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use windlass_testkit::garage::Garage;
use windlass_testkit::http::Line;
use windlass_testkit::postgres::Postgres;
use windlass_tests::Server;

use crate::chance::Chance;

/// Longer than any answer of a server that lives.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);
/// What the admin's token may: all that it gives to others.
const ALL: &str = "upload,read,delete,process,admin";

/// What becomes of each file by itself.
const PIPELINE: &str = r#"[{"type":"validate"}]"#;

/// The servers, with the storage behind them.
pub(crate) struct Cluster {
    pub(crate) garage: Garage,
    urls: [String; 2],
    replicas: Mutex<[Server; 2]>,
    /// The database's name for `psql`.
    database: String,
    postgres: std::sync::Arc<Postgres>,
    admin: String,
    pub(crate) kills: AtomicU64,
}

impl Cluster {
    pub(crate) fn start() -> Result<Self> {
        let garage = Garage::start()?;
        let one = Server::on_postgres(&garage, garage.endpoint())?;
        let two = one.beside()?;
        let database = one.database().context("a database")?;
        let name = database
            .url()
            .rsplit('/')
            .next()
            .and_then(|n| n.split('?').next());
        let cluster = Self {
            urls: [one.url(), two.url()],
            database: name.context("a name")?.to_owned(),
            postgres: std::sync::Arc::clone(database.server()),
            admin: one.token_of("admin", ALL)?.0,
            garage,
            replicas: Mutex::new([one, two]),
            kills: AtomicU64::new(0),
        };
        // Text is read of the few files that have any: of each it is a process of its own.
        cluster.sql(&format!("UPDATE destination SET pipeline = '{PIPELINE}'"))?;
        Ok(cluster)
    }

    /// Where a replica is.
    pub(crate) fn url(&self, replica: usize) -> &str {
        &self.urls[replica % self.urls.len()]
    }

    /// Asks the database past the product; rows with `|` between columns.
    pub(crate) fn sql(&self, statement: &str) -> Result<Vec<Vec<String>>> {
        let text = self.postgres.sql(&self.database, statement)?;
        let row = |line: &str| line.split('|').map(str::to_owned).collect();
        Ok(text.lines().map(row).collect())
    }

    /// One number out of the database.
    pub(crate) fn count(&self, statement: &str) -> Result<u64> {
        let rows = self.sql(statement)?;
        let first = rows.first().and_then(|r| r.first()).context("no row")?;
        first.parse().with_context(|| format!("{statement}: {first}"))
    }

    /// Makes people, and tokens of theirs. Before anybody is killed.
    pub(crate) fn person(
        &self,
        name: &str,
        role: &str,
        tokens: usize,
        scopes: &[&str],
    ) -> Result<Vec<String>> {
        let owner = crate::chance::id();
        self.as_admin("/v1/owners", &json!({ "id": owner, "name": name, "role": role }))?;
        (0..tokens)
            .map(|n| {
                let body = json!({
                    "id": crate::chance::id(), "name": format!("{name} {n}"), "scopes": scopes, "owner_id": owner,
                });
                let made = self.as_admin("/v1/tokens", &body)?;
                made["token"].as_str().map(str::to_owned).context("no token")
            })
            .collect()
    }

    fn as_admin(&self, path: &str, body: &Value) -> Result<Value> {
        let mut line = Line::to(self.url(0), PATIENCE)?;
        let bearer = format!("Bearer {}", self.admin);
        let headers = [
            ("authorization", bearer.as_str()),
            ("content-type", "application/json"),
        ];
        let answer = line.send("POST", path, &headers, body.to_string().as_bytes())?;
        ensure!(
            answer.status == 200,
            "{path}: {} {}",
            answer.status,
            answer.text()
        );
        Ok(serde_json::from_slice(&answer.body)?)
    }

    /// Kills either replica at random moments and starts it again, while there is work; at least so many times. Both are
    /// there at the end.
    pub(crate) fn kill(&self, mut chance: Chance, at_least: u64, work: impl Fn() -> bool) -> Result<()> {
        while work() || self.kills.load(Ordering::Relaxed) < at_least {
            thread::sleep(Duration::from_millis(500 + chance.below(6_000)));
            let victim = usize::from(chance.below(2) == 1);
            let dead_for = Duration::from_millis(chance.below(1_500));
            let mut replicas = self.replicas.lock().unwrap_or_else(PoisonError::into_inner);
            replicas[victim].kill_9();
            self.kills.fetch_add(1, Ordering::Relaxed);
            thread::sleep(dead_for);
            replicas[victim].start_again()?;
        }
        Ok(())
    }
}
