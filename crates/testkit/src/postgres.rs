//! PostgreSQL: a real server in a folder of its own, on loopback, gone with its value; a fresh database for each test.
//!
//! PostgreSQL refuses to run as root, so root's tests run it as the user `postgres`, which Debian's package makes.

use std::fs::{self, File};
use std::net::TcpListener;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::{env, fmt};

use anyhow::{Context as _, Result, ensure};
use rustix::process::{Pid, Signal, geteuid, kill_process};
use tempfile::TempDir;

use crate::garage::random_hex;
use crate::{process, wait};

const USER: &str = "windlass";
/// Debian's packages have a folder a version.
const DEBIAN: &str = "/usr/lib/postgresql";

/// What a server promises about what it has committed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// It survives the loss of power, as PostgreSQL is meant to be run.
    Safe,
    /// It survives the end of the server only (`fsync = off`); several times as fast.
    Fast,
}

/// A running server.
pub struct Postgres {
    port: u16,
    password: String,
    programs: PathBuf,
    durability: Durability,
    server: Child,
    databases: AtomicU64,
    dir: TempDir,
}

/// A database that nobody else uses. Its server runs as long as it does.
pub struct Database {
    url: String,
    server: Arc<Postgres>,
}

impl Postgres {
    /// Starts a server without databases of its own; takes about 3 s.
    ///
    /// # Errors
    /// The programs are not installed (the message says how), or it did not come up (with the end of its log).
    pub fn start(durability: Durability) -> Result<Self> {
        let programs = programs()?;
        let dir = tempfile::Builder::new().prefix("windlass-postgres-").tempdir()?;
        if geteuid().is_root() {
            let (user, group) = account()?;
            chown(dir.path(), Some(user), Some(group))?;
        }
        let password = random_hex(16)?;
        init(&programs, dir.path(), &password)?;
        // A free port may be taken by another test between looking and using.
        let mut last = run(&programs, dir.path(), &password, durability);
        for _ in 0..2 {
            if last.is_ok() {
                break;
            }
            last = run(&programs, dir.path(), &password, durability);
        }
        let (server, port) = last?;
        Ok(Self {
            port,
            password,
            programs,
            durability,
            server,
            databases: AtomicU64::new(0),
            dir,
        })
    }

    /// One fast server for tests of this program that run at the same time, each in a database of its own. It ends with
    /// the last of them, and the next one gets a fresh server.
    ///
    /// # Errors
    /// As [`Postgres::start`].
    pub fn shared() -> Result<Arc<Self>> {
        static SHARED: Mutex<Weak<Postgres>> = Mutex::new(Weak::new());
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(running) = shared.upgrade() {
            return Ok(running);
        }
        let started = Arc::new(Self::start(Durability::Fast)?);
        *shared = Arc::downgrade(&started);
        Ok(started)
    }

    /// A fresh, empty database.
    ///
    /// # Errors
    /// The server does not answer.
    pub fn database(self: &Arc<Self>) -> Result<Database> {
        let n = self.databases.fetch_add(1, Ordering::Relaxed);
        let name = format!("test_{n}");
        self.sql("postgres", &format!("CREATE DATABASE {name}"))?;
        Ok(Database {
            url: self.url(&name),
            server: Arc::clone(self),
        })
    }

    /// `postgres://…` of a database by name, with the password.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        let Self { port, password, .. } = self;
        format!("postgres://{USER}:{password}@127.0.0.1:{port}/{database}?sslmode=disable")
    }

    /// A database that was written to a file by [`Database::dump`].
    ///
    /// # Errors
    /// The file can't be read, or the server does not answer.
    pub fn restored(self: &Arc<Self>, from: &Path) -> Result<Database> {
        let database = self.database()?;
        let mut command = Command::new(self.programs.join("pg_restore"));
        command
            .args(["--no-owner", "--exit-on-error", "-d", &database.url])
            .arg(from);
        finish(command, "pg_restore")?;
        Ok(database)
    }

    /// Runs statements by PostgreSQL's own client, past the product, and answers its rows, `|` between columns.
    ///
    /// # Errors
    /// As the server answers.
    pub fn sql(&self, database: &str, statements: &str) -> Result<String> {
        let mut command = Command::new(self.programs.join("psql"));
        command
            .args([
                "-X",
                "-A",
                "-t",
                "-q",
                "-v",
                "ON_ERROR_STOP=1",
                "-h",
                "127.0.0.1",
                "-U",
                USER,
            ])
            .args(["-p", &self.port.to_string(), "-d", database, "-c", statements])
            .env("PGPASSWORD", &self.password);
        finish(command, "psql")
    }

    /// Ends the server as a crash would: nothing is written back, connections are cut.
    pub fn crash(&mut self) {
        stop(&mut self.server);
    }

    /// Starts it again after [`Postgres::crash`], on the same port, with all that was committed.
    ///
    /// # Errors
    /// As [`Postgres::start`].
    pub fn start_again(&mut self) -> Result<()> {
        stop(&mut self.server);
        self.server = serve(
            &self.programs,
            self.dir.path(),
            self.port,
            &self.password,
            self.durability,
        )?;
        Ok(())
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        stop(&mut self.server);
    }
}

impl fmt::Debug for Postgres {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Postgres")
            .field("port", &self.port)
            .finish_non_exhaustive()
    }
}

impl Database {
    /// `postgres://…`, with the password.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Writes it to a file, as an operator's back-up does.
    ///
    /// # Errors
    /// As the server answers.
    pub fn dump(&self, to: &Path) -> Result<()> {
        let mut command = Command::new(self.server.programs.join("pg_dump"));
        command.args(["-Fc", "-d", &self.url, "-f"]).arg(to);
        finish(command, "pg_dump").map(drop)
    }

    /// Its server.
    #[must_use]
    pub fn server(&self) -> &Arc<Postgres> {
        &self.server
    }
}

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Database")
            .field("server", &self.server)
            .finish_non_exhaustive()
    }
}

/// The newest PostgreSQL there is.
fn programs() -> Result<PathBuf> {
    let mut found: Vec<(u32, PathBuf)> = fs::read_dir(DEBIAN)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            let version = entry.file_name().to_str()?.parse().ok()?;
            let programs = entry.path().join("bin");
            programs.join("initdb").is_file().then_some((version, programs))
        })
        .collect();
    found.sort();
    let in_path = || {
        let path = env::var_os("PATH")?;
        env::split_paths(&path).find(|dir| dir.join("initdb").is_file())
    };
    found.pop().map(|(_, programs)| programs).or_else(in_path).context(
        "PostgreSQL is not installed: `cargo xtask setup --test` installs it, or `apt-get install postgresql`",
    )
}

/// The account that runs the server for root: user and group.
fn account() -> Result<(u32, u32)> {
    let accounts = fs::read_to_string("/etc/passwd")?;
    let mut fields = accounts
        .lines()
        .find_map(|line| line.strip_prefix("postgres:"))
        .context(
            "PostgreSQL does not run as root, and there is no user postgres: `apt-get install postgresql`",
        )?
        .split(':')
        .skip(1);
    let mut number = || fields.next().and_then(|n| n.parse().ok()).context("/etc/passwd");
    Ok((number()?, number()?))
}

/// A program of the server, as an account that may run it. It ends with the test program: cleanly and at once.
fn command(program: &Path) -> Command {
    let ends_with_us = ["--pdeathsig", "QUIT", "--"];
    let mut command = Command::new("setpriv");
    if geteuid().is_root() {
        // Changing the account forgets the signal, so that is asked for afterwards.
        command.args([
            "--reuid=postgres",
            "--regid=postgres",
            "--clear-groups",
            "--",
            "setpriv",
        ]);
    }
    command.args(ends_with_us).arg(program).stdin(Stdio::null());
    command
}

fn init(programs: &Path, dir: &Path, password: &str) -> Result<()> {
    let secret = dir.join("secret");
    fs::write(&secret, password)?;
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o600))?;
    if geteuid().is_root() {
        let (user, group) = account()?;
        chown(&secret, Some(user), Some(group))?;
    }
    let mut command = command(&programs.join("initdb"));
    command
        .arg("-D")
        .arg(dir.join("data"))
        .arg(format!("--pwfile={}", secret.display()))
        .args([
            "-U",
            USER,
            "-A",
            "scram-sha-256",
            "-E",
            "UTF8",
            "--locale=C.UTF-8",
            "-N",
        ])
        .current_dir(dir);
    finish(command, "initdb")?;
    fs::remove_file(secret)?;
    Ok(())
}

/// Starts the server on a free port.
fn run(programs: &Path, dir: &Path, password: &str, durability: Durability) -> Result<(Child, u16)> {
    let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    Ok((serve(programs, dir, port, password, durability)?, port))
}

fn serve(programs: &Path, dir: &Path, port: u16, password: &str, durability: Durability) -> Result<Child> {
    let log_path = dir.join("log");
    let log = File::options().create(true).append(true).open(&log_path)?;
    let mut command = command(&programs.join("postgres"));
    command.arg("-D").arg(dir.join("data"));
    let fsync = if durability == Durability::Safe {
        "on"
    } else {
        "off"
    };
    for setting in [
        "listen_addresses=127.0.0.1",
        &format!("port={port}"),
        "unix_socket_directories=",
        "max_connections=200",
        "shared_buffers=32MB",
        &format!("fsync={fsync}"),
    ] {
        command.args(["-c", setting]);
    }
    command.current_dir(dir).stdout(log.try_clone()?).stderr(log);
    let mut server = process::spawn(command)?;
    let up = wait::until_ok("PostgreSQL", wait::PATIENCE, || {
        if let Some(status) = server.try_wait()? {
            return Ok(Err(anyhow::anyhow!("it ended with {status}")));
        }
        let mut ask = Command::new(programs.join("psql"));
        ask.args([
            "-X",
            "-h",
            "127.0.0.1",
            "-U",
            USER,
            "-d",
            "postgres",
            "-c",
            "SELECT 1",
        ])
        .args(["-p", &port.to_string()])
        .env("PGPASSWORD", password);
        finish(ask, "psql").map(|_| Ok(()))
    });
    if let Err(e) = up.and_then(|ended| ended) {
        stop(&mut server);
        let log = fs::read_to_string(&log_path).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        let end = lines
            .get(lines.len().saturating_sub(20)..)
            .unwrap_or_default()
            .join("\n");
        return Err(e.context(format!("PostgreSQL did not come up\n{end}")));
    }
    Ok(server)
}

/// Ends it at once, but so that it takes its shared memory along.
fn stop(server: &mut Child) {
    if let Ok(None) = server.try_wait()
        && let Some(pid) = i32::try_from(server.id()).ok().and_then(Pid::from_raw)
        && kill_process(pid, Signal::QUIT).is_ok()
        && process::wait_for_end(server, "PostgreSQL", wait::PATIENCE).is_ok()
    {
        return;
    }
    process::kill(server);
}

fn finish(mut command: Command, what: &str) -> Result<String> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("{what} can't be started"))?;
    ensure!(
        output.status.success(),
        "{what} ended with {}: {}",
        output.status,
        String::from_utf8_lossy(&output.stderr).trim()
    );
    Ok(String::from_utf8_lossy(&output.stdout).trim_end().to_owned())
}
