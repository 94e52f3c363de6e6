//! `windlass serve`, as an operator runs it.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use tempfile::TempDir;
use windlass_testkit::garage::Garage;
use windlass_testkit::postgres::{Database, Postgres};
use windlass_testkit::{process, wait};

/// What its tokens of clients may.
const SCOPES: &str = "upload,read,delete,process";
const CERTIFICATE: &str = "cert.pem";

/// A server on a port of its own, which it keeps over restarts. Dropped, it is killed.
pub struct Server {
    dir: TempDir,
    port: u16,
    more: Vec<String>,
    environment: Vec<(String, String)>,
    child: Option<Child>,
    database: Option<Database>,
}

impl Server {
    /// On SQLite and a folder: what `windlass serve --data DIR` alone is.
    ///
    /// # Errors
    /// It does not start.
    pub fn start() -> Result<Self> {
        Self::with(None, Vec::new(), Vec::new())
    }

    /// On a database of PostgreSQL and a bucket.
    ///
    /// # Errors
    /// It does not start.
    pub fn on_postgres(garage: &Garage, endpoint: &str) -> Result<Self> {
        let postgres: Arc<Postgres> = Postgres::shared()?;
        let database = postgres.database()?;
        let storage = format!(
            "s3://{}/served?endpoint={endpoint}&region={}&path_style=1",
            garage.bucket(),
            garage.region()
        );
        let more = ["--database", database.url(), "--storage", &storage].map(str::to_owned);
        let keys = [
            ("AWS_ACCESS_KEY_ID", garage.access_key()),
            ("AWS_SECRET_ACCESS_KEY", garage.secret_key()),
        ];
        let keys = keys.map(|(n, v)| (n.to_owned(), v.to_owned())).to_vec();
        Self::with(Some(database), more.to_vec(), keys)
    }

    /// Another replica on the same database and bucket, with a data folder of its own.
    ///
    /// # Errors
    /// It does not start.
    pub fn beside(&self) -> Result<Self> {
        Self::with(None, self.more.clone(), self.environment.clone())
    }

    /// With a certificate that signs itself, for the address that clients reach it by.
    ///
    /// # Errors
    /// There is no `openssl`, or it does not start.
    pub fn behind_tls() -> Result<Self> {
        let dir = tempfile::Builder::new().prefix("windlass-serve-").tempdir()?;
        let [cert, key] = [CERTIFICATE, "key.pem"].map(|name| dir.path().join(name).display().to_string());
        let line = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost \
            -addext subjectAltName=IP:127.0.0.1 -addext basicConstraints=critical,CA:FALSE";
        let made = Command::new("openssl")
            .args(line.split_whitespace())
            .args(["-keyout", &key, "-out", &cert])
            .output()
            .context("openssl")?;
        ensure!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let more = ["--tls-cert", &cert, "--tls-key", &key].map(str::to_owned);
        Self::in_folder(dir, None, more.to_vec(), Vec::new())
    }

    fn with(
        database: Option<Database>,
        more: Vec<String>,
        environment: Vec<(String, String)>,
    ) -> Result<Self> {
        let dir = tempfile::Builder::new().prefix("windlass-serve-").tempdir()?;
        Self::in_folder(dir, database, more, environment)
    }

    fn in_folder(
        dir: TempDir,
        database: Option<Database>,
        more: Vec<String>,
        environment: Vec<(String, String)>,
    ) -> Result<Self> {
        // Free now; the server has to come back to it after a crash.
        let port = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let mut server = Self {
            dir,
            port,
            more,
            environment,
            child: None,
            database,
        };
        server.start_again()?;
        Ok(server)
    }

    /// Where clients find it.
    #[must_use]
    pub fn url(&self) -> String {
        let encrypted = self.more.iter().any(|word| word == "--tls-cert");
        let scheme = if encrypted { "https" } else { "http" };
        format!("{scheme}://127.0.0.1:{}", self.port)
    }

    /// What vouches for one that is [`Server::behind_tls`].
    #[must_use]
    pub fn certificate(&self) -> PathBuf {
        self.dir.path().join(CERTIFICATE)
    }

    /// Its folder of files, where it has one.
    #[must_use]
    pub fn files(&self) -> PathBuf {
        self.data().join("files")
    }

    /// Its data folder.
    #[must_use]
    pub fn data(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    /// Its database, when it is not in the data folder.
    #[must_use]
    pub fn database(&self) -> Option<&Database> {
        self.database.as_ref()
    }

    fn command(&self, verb: &[&str]) -> Result<Command> {
        let mut command = process::command(crate::built("windlass")?);
        command
            .args(verb)
            .arg("--data")
            .arg(self.data())
            .env_remove("WINDLASS_HOME")
            .env("HOME", self.dir.path())
            .stdin(Stdio::null());
        command.envs(self.environment.iter().map(|(n, v)| (n, v)));
        Ok(command)
    }

    /// `kill -9`.
    pub fn kill_9(&mut self) {
        if let Some(mut child) = self.child.take() {
            process::kill(&mut child);
        }
    }

    /// Starts it after [`Server::kill_9`].
    ///
    /// # Errors
    /// It does not come up.
    pub fn start_again(&mut self) -> Result<()> {
        let (out, log) = (self.dir.path().join("out"), self.dir.path().join("log"));
        let mut command =
            self.command(&["serve", "--json", "--listen", &format!("127.0.0.1:{}", self.port)])?;
        command
            .args(&self.more)
            .stdout(File::create(&out)?)
            .stderr(File::options().create(true).append(true).open(&log)?);
        let child = self.child.insert(process::spawn(command)?);
        wait::until_ok("the server listens", wait::PATIENCE, || {
            ensure!(
                child.try_wait()?.is_none(),
                "it ended: {}",
                fs::read_to_string(&log).unwrap_or_default()
            );
            ensure!(fs::read_to_string(&out)?.contains("\"listening\""), "not yet");
            Ok(())
        })
    }

    /// Adds a setting, as `NAME=VALUE`, from the next start on; a later one of the same name counts.
    pub fn set(&mut self, setting: &str) {
        self.more.extend(["--set".to_owned(), setting.to_owned()]);
    }

    /// Makes a token for a client; answers it and its id.
    ///
    /// # Errors
    /// The command refuses.
    pub fn token(&self, name: &str) -> Result<(String, String)> {
        self.token_of(name, SCOPES)
    }

    /// The same with other scopes.
    ///
    /// # Errors
    /// The command refuses.
    pub fn token_of(&self, name: &str, scopes: &str) -> Result<(String, String)> {
        self.make_token(&["--name", name, "--scopes", scopes])
    }

    /// A token of a person who may store so much (`2MB`).
    ///
    /// # Errors
    /// The command refuses.
    pub fn token_with_quota(&self, person: &str, quota: &str) -> Result<String> {
        let mut command = self.command(&["user", "add", person, "--quota", quota])?;
        self.run(&mut command)?;
        let words = ["--owner", person, "--name", person, "--scopes", SCOPES];
        Ok(self.make_token(&words)?.0)
    }

    /// A new token and its id.
    fn make_token(&self, words: &[&str]) -> Result<(String, String)> {
        let words = [&["token", "create", "--json"], words].concat();
        let made = self.run(&mut self.command(&words)?)?;
        let line: Value = serde_json::from_str(&made).with_context(|| made.clone())?;
        let text = |key: &str| line[key].as_str().map(str::to_owned).context("no token");
        Ok((text("token")?, text("id")?))
    }

    /// Takes a token back.
    ///
    /// # Errors
    /// The command refuses.
    pub fn revoke(&self, id: &str) -> Result<()> {
        let mut command = self.command(&["token", "revoke", id])?;
        self.run(&mut command).map(drop)
    }

    fn run(&self, command: &mut Command) -> Result<String> {
        if let Some(database) = &self.database {
            command.args(["--database", database.url()]);
        }
        let ended = command.output()?;
        let text = String::from_utf8_lossy(&ended.stdout).into_owned();
        ensure!(
            ended.status.success(),
            "{text}{}",
            String::from_utf8_lossy(&ended.stderr)
        );
        Ok(text)
    }

    /// What it logged, for messages.
    #[must_use]
    pub fn log(&self) -> String {
        fs::read_to_string(self.dir.path().join("log")).unwrap_or_default()
    }

    /// The one group's folder in a destination that keeps its files in a folder.
    ///
    /// # Errors
    /// There is none, or there are several.
    pub fn only_group(&self, place: &str) -> Result<PathBuf> {
        let below = |folder: &Path| -> Result<PathBuf> {
            let mut found: Vec<PathBuf> = fs::read_dir(folder)?
                .filter_map(|e| e.ok().map(|e| e.path()))
                .filter(|p| p.file_name().is_none_or(|n| n != ".windlass"))
                .collect();
            ensure!(found.len() == 1, "in {} are {found:?}", folder.display());
            found.pop().context("nothing arrived")
        };
        below(&below(&self.files().join(place))?)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill_9();
    }
}
