//! Garage: a small real S3 server, one node in a folder of its own, on loopback, gone with its value.

use std::fs::{self, File};
use std::io::Read as _;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::{env, fmt};

use anyhow::{Context as _, Result, ensure};
use tempfile::TempDir;

use crate::s3::{Oracle, S3Server};
use crate::{process, wait};

/// `xtask setup --test` installs this very version.
const VERSION: &str = "2.5.0";
const REGION: &str = "garage";
const BUCKET: &str = "windlass";

/// A running server.
pub struct Garage {
    endpoint: String,
    access_key: String,
    secret_key: String,
    server: Child,
    dir: TempDir,
}

impl Garage {
    /// Starts a server with one empty bucket; takes about 1.5 s.
    ///
    /// # Errors
    /// The program is not installed (the message says how), or it did not come up (with the end of its log).
    pub fn start() -> Result<Self> {
        // A free port may be taken by another test between looking and using.
        let mut last = Self::start_once();
        for _ in 0..2 {
            if last.is_ok() {
                break;
            }
            last = Self::start_once();
        }
        last
    }

    /// One server for tests of this program that run at the same time and use keys of their own. It ends with the last
    /// of them, and the next one gets a fresh server.
    ///
    /// # Errors
    /// As [`Garage::start`].
    pub fn shared() -> Result<Arc<Self>> {
        static SHARED: Mutex<Weak<Garage>> = Mutex::new(Weak::new());
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(running) = shared.upgrade() {
            return Ok(running);
        }
        let started = Arc::new(Self::start()?);
        *shared = Arc::downgrade(&started);
        Ok(started)
    }

    /// `http://127.0.0.1:PORT`
    #[must_use]
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// The region that signatures must name.
    #[must_use]
    pub fn region(&self) -> &'static str {
        REGION
    }

    /// The bucket that is there.
    #[must_use]
    pub fn bucket(&self) -> &'static str {
        BUCKET
    }

    /// The key that may do everything in the bucket.
    #[must_use]
    pub fn access_key(&self) -> &str {
        &self.access_key
    }

    /// Its secret.
    #[must_use]
    pub fn secret_key(&self) -> &str {
        &self.secret_key
    }

    /// Asks this server, past the product and past any proxy.
    ///
    /// # Errors
    /// None once the server runs.
    pub fn oracle(&self) -> Result<Oracle> {
        Oracle::new(&self.endpoint, REGION, BUCKET, &self.access_key, &self.secret_key)
    }

    fn start_once() -> Result<Self> {
        let binary = binary()?;
        let dir = tempfile::Builder::new().prefix("windlass-garage-").tempdir()?;
        let [s3, rpc, admin] = free_ports()?;
        let (access_key, secret_key) = (format!("GK{}", random_hex(12)?), random_hex(32)?);
        let config = dir.path().join("garage.toml");
        fs::write(&config, configuration(dir.path(), s3, rpc, admin)?)?;
        fs::set_permissions(&config, fs::Permissions::from_mode(0o600))?;
        let log = File::create(dir.path().join("log"))?;
        let mut command = process::command(binary);
        command
            .arg("-c")
            .arg(&config)
            .args(["server", "--single-node", "--default-bucket"])
            .env("GARAGE_DEFAULT_ACCESS_KEY", &access_key)
            .env("GARAGE_DEFAULT_SECRET_KEY", &secret_key)
            .env("GARAGE_DEFAULT_BUCKET", BUCKET)
            .env("RUST_LOG", "garage=warn")
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log);
        let server = process::spawn(command)?;
        let mut garage = Self {
            endpoint: format!("http://127.0.0.1:{s3}"),
            access_key,
            secret_key,
            server,
            dir,
        };
        let oracle = garage.oracle()?;
        // The port answers before the bucket and its key are there.
        let up = wait::until_ok("Garage", wait::PATIENCE, || match garage.server.try_wait()? {
            Some(status) => Ok(Err(anyhow::anyhow!("it ended with {status}"))),
            None => oracle.is_there().map(Ok),
        });
        up.and_then(|ended| ended)
            .with_context(|| format!("Garage did not come up\n{}", garage.log_end()))?;
        Ok(garage)
    }

    fn log_end(&self) -> String {
        let log = fs::read_to_string(self.dir.path().join("log")).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        lines
            .get(lines.len().saturating_sub(20)..)
            .unwrap_or_default()
            .join("\n")
    }
}

impl S3Server for Garage {
    fn endpoint(&self) -> &str {
        &self.endpoint
    }

    fn region(&self) -> &str {
        REGION
    }

    fn bucket(&self) -> &str {
        BUCKET
    }

    fn access_key(&self) -> &str {
        &self.access_key
    }

    fn secret_key(&self) -> &str {
        &self.secret_key
    }

    fn verifies_checksums(&self) -> bool {
        true
    }
}

impl Drop for Garage {
    fn drop(&mut self) {
        process::kill(&mut self.server);
    }
}

impl fmt::Debug for Garage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Garage")
            .field("endpoint", &self.endpoint)
            .finish_non_exhaustive()
    }
}

fn binary() -> Result<PathBuf> {
    let tools = env::var_os("WINDLASS_TOOLS").map(PathBuf::from);
    let home = env::var_os("HOME").map(|home| Path::new(&home).join(".cache/windlass-tools"));
    let root = tools.or(home).context("neither WINDLASS_TOOLS nor HOME is set")?;
    let binary = root.join(format!("garage-{VERSION}/bin/garage"));
    ensure!(
        binary.exists(),
        "the storage server for tests is not installed ({} is missing). Run `cargo xtask setup --test`: about 10 minutes, \
         once a machine",
        binary.display()
    );
    Ok(binary)
}

fn configuration(dir: &Path, s3: u16, rpc: u16, admin: u16) -> Result<String> {
    let (dir, rpc_secret, admin_token) = (dir.display(), random_hex(32)?, random_hex(16)?);
    // SQLite inside: with LMDB keys beyond about 480 bytes are answered by 503.
    Ok(format!(
        "metadata_dir = \"{dir}/meta\"\n\
         data_dir = \"{dir}/data\"\n\
         db_engine = \"sqlite\"\n\
         replication_factor = 1\n\
         rpc_bind_addr = \"127.0.0.1:{rpc}\"\n\
         rpc_public_addr = \"127.0.0.1:{rpc}\"\n\
         rpc_secret = \"{rpc_secret}\"\n\
         [s3_api]\n\
         s3_region = \"{REGION}\"\n\
         api_bind_addr = \"127.0.0.1:{s3}\"\n\
         root_domain = \".s3.localhost\"\n\
         [admin]\n\
         api_bind_addr = \"127.0.0.1:{admin}\"\n\
         admin_token = \"{admin_token}\"\n"
    ))
}

/// Three ports that nobody listens at.
///
/// From below those that the system gives to connections that go out (`ip_local_port_range`, 32768 and more): one of these could
/// take a port between this look and its use, and a server of which only one of the ports is taken answers for a moment, then ends.
pub(crate) fn free_ports() -> Result<[u16; 3]> {
    let mut held: Vec<(u16, TcpListener)> = Vec::new();
    for _ in 0..1_000 {
        let mut raw = [0; 2];
        File::open("/dev/urandom")?.read_exact(&mut raw)?;
        let port = 12_000 + u16::from_ne_bytes(raw) % 20_000;
        // Held together, so that they differ.
        if let Ok(listener) = TcpListener::bind(("127.0.0.1", port)) {
            held.push((port, listener));
        }
        if let [(one, _), (two, _), (three, _)] = held[..] {
            return Ok([one, two, three]);
        }
    }
    anyhow::bail!("no port is free")
}

pub(crate) fn random_hex(bytes: usize) -> Result<String> {
    let mut raw = vec![0; bytes];
    File::open("/dev/urandom")?.read_exact(&mut raw)?;
    Ok(raw.iter().map(|byte| format!("{byte:02x}")).collect())
}
