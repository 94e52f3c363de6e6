//! radosgw: Ceph's S3 gateway, the second real S3 server. One monitor, one OSD that keeps everything in memory, one
//! gateway, in a folder of their own, on loopback, gone with their value.
//!
//! It differs from Garage where it matters: it ignores the newer checksums, has a least part size, answers a repeated
//! Complete with yes, and tells a webhook of every object ([`Radosgw::notify`]). Version 16 has no store without an OSD, so
//! three programs start; about 3 s and 150 MB.

use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;
use std::{env, fmt};

use anyhow::{Context as _, Result, bail, ensure};
use tempfile::TempDir;

use crate::garage::{free_ports, random_hex};
use crate::s3::S3Server;
use crate::{process, sigv4, wait};

/// Debian's packages that have the programs.
pub const PACKAGES: &[&str] = &["radosgw", "ceph-mon", "ceph-osd", "ceph-common"];
const PROGRAMS: &[&str] = &[
    "ceph-mon",
    "ceph-osd",
    "radosgw",
    "ceph",
    "monmaptool",
    "radosgw-admin",
];
const REGION: &str = "us-east-1";
const BUCKET: &str = "windlass";
const TOPIC: &str = "windlass";
/// As S3 has it: each part but the last is no smaller.
pub const LEAST_PART: u64 = 5 << 20;
const PATIENCE: Duration = Duration::from_secs(60);

/// A running server.
pub struct Radosgw {
    endpoint: String,
    access_key: String,
    secret_key: String,
    /// Gateway, OSD, monitor: ended in this order.
    servers: Vec<(&'static str, Child)>,
    dir: TempDir,
}

impl Radosgw {
    /// Starts a server with one empty bucket that takes parts of `least_part` bytes and more ([`LEAST_PART`] is what
    /// every radosgw out there has).
    ///
    /// # Errors
    /// The programs are not installed (the message names the packages), or did not come up (with the end of their logs).
    pub fn start(least_part: u64) -> Result<Self> {
        // A free port may be taken by another test between looking and using.
        let mut last = Self::start_once(least_part);
        for _ in 0..2 {
            if last.is_ok() {
                break;
            }
            last = Self::start_once(least_part);
        }
        last
    }

    /// One server for tests of this program that run at the same time and use keys of their own. It takes parts of any
    /// size, so that a test of many parts sends kilobytes. It ends with the last of them.
    ///
    /// # Errors
    /// As [`Radosgw::start`].
    pub fn shared() -> Result<Arc<Self>> {
        static SHARED: Mutex<Weak<Radosgw>> = Mutex::new(Weak::new());
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(running) = shared.upgrade() {
            return Ok(running);
        }
        let started = Arc::new(Self::start(0)?);
        *shared = Arc::downgrade(&started);
        Ok(started)
    }

    /// From now on each new object of the bucket is told to `url` by a POST, while the answer to its PUT or Complete is
    /// still being made. Where nobody listens the event is lost: one try, no second.
    ///
    /// # Errors
    /// The server refuses.
    pub fn notify(&self, url: &str) -> Result<()> {
        let form = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("Action", "CreateTopic")
            .append_pair("Name", TOPIC)
            .append_pair("Attributes.entry.1.key", "push-endpoint")
            .append_pair("Attributes.entry.1.value", url)
            .finish();
        let headers = [("content-type", "application/x-www-form-urlencoded")];
        let answer = self.signed("POST", "/", &headers, form.as_bytes())?;
        let arn = answer
            .split("<TopicArn>")
            .nth(1)
            .and_then(|rest| rest.split("</TopicArn>").next())
            .with_context(|| format!("no topic: {answer}"))?;
        let body = format!(
            "<NotificationConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><TopicConfiguration>\
             <Id>{TOPIC}</Id><Topic>{arn}</Topic><Event>s3:ObjectCreated:*</Event>\
             </TopicConfiguration></NotificationConfiguration>"
        );
        self.signed("PUT", &format!("/{BUCKET}?notification="), &[], body.as_bytes())
            .map(drop)
    }

    fn signed(&self, method: &str, target: &str, headers: &[(&str, &str)], body: &[u8]) -> Result<String> {
        let keys = sigv4::Keys {
            access: &self.access_key,
            secret: &self.secret_key,
            region: REGION,
        };
        let answer = sigv4::send(&keys, &self.endpoint, method, target, headers, body)?;
        ensure!(
            (200..300).contains(&answer.status),
            "{method} {target}: {} {}",
            answer.status,
            answer.text()
        );
        Ok(answer.text())
    }

    fn start_once(least_part: u64) -> Result<Self> {
        let programs = Programs::find()?;
        let dir = tempfile::Builder::new().prefix("windlass-rgw-").tempdir()?;
        let [mon_v2, mon_v1, gateway] = free_ports()?;
        let fsid = uuid(&random_hex(16)?);
        let config = dir.path().join("ceph.conf");
        let text = configuration(dir.path(), &fsid, [mon_v2, mon_v1, gateway], least_part);
        fs::write(&config, text)?;
        fs::set_permissions(&config, fs::Permissions::from_mode(0o600))?;
        for folder in ["mon", "osd", "log"] {
            fs::create_dir(dir.path().join(folder))?;
        }
        let mut rados = Self {
            endpoint: format!("http://127.0.0.1:{gateway}"),
            access_key: format!("WL{}", random_hex(9)?.to_uppercase()),
            secret_key: random_hex(20)?,
            servers: Vec::new(),
            dir,
        };
        let up = rados.come_up(&programs, &config, &fsid, [mon_v2, mon_v1]);
        up.with_context(|| format!("radosgw did not come up\n{}", rados.log_ends()))?;
        Ok(rados)
    }

    fn come_up(&mut self, programs: &Programs, config: &Path, fsid: &str, mon: [u16; 2]) -> Result<()> {
        let map = self.dir.path().join("monmap");
        let addresses = format!("[v2:127.0.0.1:{},v1:127.0.0.1:{}]", mon[0], mon[1]);
        let mut make_map = programs.command("monmaptool", config);
        make_map.args(["--create", "--fsid", fsid, "--addv", "a", &addresses]);
        run(make_map.arg(&map))?;
        let mut make_mon = programs.command("ceph-mon", config);
        run(make_mon.args(["--mkfs", "-i", "a", "--monmap"]).arg(&map))?;
        self.spawn(programs, "ceph-mon", config, &["-i", "a", "-f"])?;
        let mut create = || {
            run(programs
                .command("ceph", config)
                .args(["--connect-timeout", "5", "osd", "create"]))
        };
        let id = wait::until_ok("the monitor", PATIENCE, &mut create)?;
        ensure!(id.trim() == "0", "the first OSD has the number {id:?}");
        let mut make_osd = programs.command("ceph-osd", config);
        run(make_osd.args(["-i", "0", "--mkfs", "--osd-uuid", &uuid(&random_hex(16)?)]))?;
        self.spawn(programs, "ceph-osd", config, &["-i", "0", "-f"])?;
        self.spawn(programs, "radosgw", config, &["-n", "client.rgw", "-f"])?;
        let mut user = programs.command("radosgw-admin", config);
        user.args([
            "-n",
            "client.rgw",
            "user",
            "create",
            "--uid=windlass",
            "--display-name=windlass",
        ]);
        user.args(["--access-key", &self.access_key, "--secret-key", &self.secret_key]);
        run(&mut user)?;
        wait::until_ok("radosgw", PATIENCE, || match self.ended()? {
            Some(ended) => Ok(Err(anyhow::anyhow!(ended))),
            None => self.signed("PUT", &format!("/{BUCKET}"), &[], &[]).map(Ok),
        })??;
        let oracle = self.oracle()?;
        wait::until_ok("the bucket", PATIENCE, || oracle.is_there())
    }

    fn spawn(&mut self, programs: &Programs, name: &'static str, config: &Path, args: &[&str]) -> Result<()> {
        let log = File::create(self.dir.path().join("log").join(name))?;
        let mut command = process::command(programs.path(name)?);
        command.arg("-c").arg(config).args(args);
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        self.servers.insert(0, (name, process::spawn(command)?));
        Ok(())
    }

    /// Which of the programs has ended by itself.
    fn ended(&mut self) -> Result<Option<String>> {
        for (name, server) in &mut self.servers {
            if let Some(status) = server.try_wait()? {
                return Ok(Some(format!("{name} ended with {status}")));
            }
        }
        Ok(None)
    }

    fn log_ends(&self) -> String {
        let mut text = String::new();
        for log in fs::read_dir(self.dir.path().join("log"))
            .into_iter()
            .flatten()
            .flatten()
        {
            let content = fs::read_to_string(log.path()).unwrap_or_default();
            let lines: Vec<&str> = content.lines().collect();
            let end = lines.get(lines.len().saturating_sub(10)..).unwrap_or_default();
            text.push_str(&format!("-- {}\n{}\n", log.file_name().display(), end.join("\n")));
        }
        text
    }
}

impl S3Server for Radosgw {
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
        false
    }
}

impl Drop for Radosgw {
    fn drop(&mut self) {
        for (_, server) in &mut self.servers {
            process::kill(server);
        }
    }
}

impl fmt::Debug for Radosgw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Radosgw")
            .field("endpoint", &self.endpoint)
            .finish_non_exhaustive()
    }
}

/// Where the programs are.
struct Programs(Vec<(&'static str, PathBuf)>);

impl Programs {
    fn find() -> Result<Self> {
        let path = env::var_os("PATH").unwrap_or_default();
        // Servers lie where only root looks.
        let places: Vec<PathBuf> = env::split_paths(&path)
            .chain(["/usr/sbin".into(), "/sbin".into()])
            .collect();
        let mut found = Vec::new();
        for name in PROGRAMS {
            match places
                .iter()
                .map(|place| place.join(name))
                .find(|file| file.is_file())
            {
                Some(file) => found.push((*name, file)),
                None => bail!(
                    "the second storage server for tests is not installed ({name} is missing). Run `cargo xtask setup \
                     --test`, or: apt-get install --no-install-recommends {}",
                    PACKAGES.join(" ")
                ),
            }
        }
        Ok(Self(found))
    }

    fn path(&self, name: &str) -> Result<&Path> {
        let found = self.0.iter().find(|(known, _)| *known == name);
        found
            .map(|(_, path)| path.as_path())
            .with_context(|| format!("{name} was not looked for"))
    }

    fn command(&self, name: &'static str, config: &Path) -> Command {
        let mut command = Command::new(self.path(name).unwrap_or(Path::new(name)));
        command.env("CEPH_CONF", config).stdin(Stdio::null());
        command
    }
}

fn run(command: &mut Command) -> Result<String> {
    let done = command.output()?;
    let (out, err) = (
        String::from_utf8_lossy(&done.stdout),
        String::from_utf8_lossy(&done.stderr),
    );
    ensure!(
        done.status.success(),
        "{}: {}: {out}{err}",
        command.get_program().display(),
        done.status
    );
    Ok(out.into_owned())
}

fn uuid(hex: &str) -> String {
    let cut = |from: usize, to: usize| hex.get(from..to).unwrap_or_default();
    [cut(0, 8), cut(8, 12), cut(12, 16), cut(16, 20), cut(20, 32)].join("-")
}

fn configuration(dir: &Path, fsid: &str, [mon_v2, mon_v1, gateway]: [u16; 3], least_part: u64) -> String {
    let dir = dir.display();
    // - Without cephx nothing can be encrypted, and some modes default to that: "crc" for all of them, else they try for ever.
    // - A monitor gathers proposals for a second, which is most of the time that a start takes: 0.02 s.
    // - The OSD's memory is not reserved, only limited.
    format!(
        "[global]\n\
         fsid = {fsid}\n\
         mon_host = [v2:127.0.0.1:{mon_v2}/0,v1:127.0.0.1:{mon_v1}/0]\n\
         public_addr = 127.0.0.1\n\
         cluster_addr = 127.0.0.1\n\
         ms_bind_ipv6 = false\n\
         auth_cluster_required = none\n\
         auth_service_required = none\n\
         auth_client_required = none\n\
         ms_mon_client_mode = crc\n\
         ms_client_mode = crc\n\
         ms_cluster_mode = crc\n\
         ms_service_mode = crc\n\
         run_dir = {dir}\n\
         admin_socket =\n\
         log_to_file = false\n\
         mon_cluster_log_to_file = false\n\
         mon_data_avail_warn = 0\n\
         mon_data_avail_crit = 0\n\
         log_to_stderr = true\n\
         crash_dir = {dir}\n\
         paxos_propose_interval = 0.02\n\
         paxos_min_wait = 0.01\n\
         osd_objectstore = memstore\n\
         memstore_device_bytes = 4294967296\n\
         osd_pool_default_size = 1\n\
         osd_pool_default_min_size = 1\n\
         osd_pool_default_pg_num = 1\n\
         osd_pool_default_pgp_num = 1\n\
         osd_pool_default_pg_autoscale_mode = off\n\
         osd_crush_chooseleaf_type = 0\n\
         osd_crush_update_on_start = true\n\
         osd_class_update_on_start = false\n\
         mon_allow_pool_size_one = true\n\
         mon_max_pg_per_osd = 1000\n\
         mon_warn_on_pool_no_redundancy = false\n\
         [mon.a]\n\
         mon_data = {dir}/mon\n\
         [osd.0]\n\
         osd_data = {dir}/osd\n\
         [client.rgw]\n\
         rgw_frontends = beast endpoint=127.0.0.1:{gateway} tcp_nodelay=1\n\
         rgw_dns_name = s3.localhost\n\
         rgw_thread_pool_size = 64\n\
         rgw_multipart_min_part_size = {least_part}\n\
         rgw_run_sync_thread = false\n\
         rgw_enable_usage_log = false\n\
         rgw_gc_obj_min_wait = 3600\n"
    )
}
