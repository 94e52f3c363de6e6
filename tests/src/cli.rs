//! `windlass`, run in a home of its own.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde::Deserialize;
use serde_json::Value;
use tempfile::TempDir;
use windlass_testkit::garage::Garage;
use windlass_testkit::{process, wait};

/// Longer than any command of these tests takes, on the slowest machine.
const PATIENCE: Duration = Duration::from_secs(180);

/// A computer with nothing on it but `windlass`: an empty home, no screen, no keyring.
pub struct Windlass {
    dir: TempDir,
    runs: AtomicU32,
    environment: Vec<(String, String)>,
}

/// The last line of `windlass up --json`.
#[derive(Debug, Clone, Deserialize, PartialEq)]
#[expect(missing_docs, reason = "the names are the contract, told in the README")]
pub struct Summary {
    pub event: String,
    pub group: String,
    pub files: u64,
    pub uploaded: u64,
    pub deduplicated: u64,
    pub unchanged: u64,
    pub rejected: u64,
    pub failed: u64,
    pub bytes: u64,
    pub bytes_sent: u64,
    pub parts_sent: u64,
    pub seconds: f64,
}

/// A command that ended.
#[derive(Debug)]
pub struct Ended {
    /// Its exit status; none when a signal ended it.
    pub code: Option<i32>,
    /// What it printed.
    pub out: String,
    /// What it complained about.
    pub err: String,
}

/// A command under way. Dropping it kills it.
pub struct Running {
    child: Child,
    out: PathBuf,
    err: PathBuf,
    what: String,
}

impl Windlass {
    /// A fresh computer.
    ///
    /// # Errors
    /// No temporary folder can be made.
    pub fn new() -> Result<Self> {
        let dir = tempfile::Builder::new().prefix("windlass-test-").tempdir()?;
        for folder in ["home", "run"] {
            fs::create_dir(dir.path().join(folder))?;
        }
        Ok(Self {
            dir,
            runs: AtomicU32::new(0),
            environment: Vec::new(),
        })
    }

    /// The product's data folder, `WINDLASS_HOME`.
    #[must_use]
    pub fn data(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    /// A folder for the test's own things.
    #[must_use]
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// Sets a variable for all commands from here on.
    pub fn set(&mut self, name: &str, value: &str) {
        self.environment.push((name.to_owned(), value.to_owned()));
    }

    /// The command, ready to be started by `process::spawn`.
    ///
    /// # Errors
    /// `windlass` is not built.
    pub fn command<S: AsRef<OsStr>>(&self, arguments: &[S]) -> Result<Command> {
        let mut command = process::command(crate::built("windlass")?);
        self.environment(&mut command);
        command.args(arguments);
        Ok(command)
    }

    fn environment(&self, command: &mut Command) {
        let (home, run) = (self.dir.path().join("home"), self.dir.path().join("run"));
        command
            .env("WINDLASS_HOME", self.data())
            .env("HOME", &home)
            .env("XDG_RUNTIME_DIR", run)
            // No network manager and no battery of this machine has a say.
            .env("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nonexistent")
            .current_dir(&home)
            .stdin(Stdio::null());
        for name in [
            "DISPLAY",
            "WAYLAND_DISPLAY",
            "DBUS_SESSION_BUS_ADDRESS",
            "RUST_LOG",
        ] {
            command.env_remove(name);
        }
        for name in [
            "XDG_DATA_HOME",
            "XDG_CONFIG_HOME",
            "XDG_CACHE_HOME",
            "XDG_STATE_HOME",
        ] {
            command.env_remove(name);
        }
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
    }

    /// Runs a command to its end.
    ///
    /// # Errors
    /// It can't be started, or does not end.
    pub fn run<S: AsRef<OsStr>>(&self, arguments: &[S]) -> Result<Ended> {
        self.start(arguments)?.ends()
    }

    /// Starts a command.
    ///
    /// # Errors
    /// It can't be started.
    pub fn start<S: AsRef<OsStr>>(&self, arguments: &[S]) -> Result<Running> {
        let what = arguments
            .iter()
            .map(|one| one.as_ref().to_string_lossy())
            .collect::<Vec<_>>()
            .join(" ");
        self.start_command(self.command(arguments)?, format!("windlass {what}"))
    }

    /// Starts a command as a user whom permissions hold back, also where the tests run as root.
    ///
    /// # Errors
    /// It can't be started.
    pub fn start_without_privilege<S: AsRef<OsStr>>(&self, arguments: &[S]) -> Result<Running> {
        let mut command = process::command_without_privilege(crate::built("windlass")?);
        self.environment(&mut command);
        command.args(arguments);
        self.start_command(command, "windlass without privilege".to_owned())
    }

    /// Starts a script of the shell in a mount namespace of its own, where it may mount what nobody else sees. In it
    /// `"$0"` is `windlass`. The files there are seen from here through [`Running::inside`].
    ///
    /// # Errors
    /// It can't be started.
    pub fn start_with_mounts(&self, script: &str) -> Result<Running> {
        let mut command = process::command("unshare");
        self.environment(&mut command);
        command
            .args(["-rm", "--propagation", "private", "sh", "-ec", script])
            .arg(crate::built("windlass")?);
        self.start_command(command, "a script with mounts".to_owned())
    }

    /// Starts a shell script with `windlass` as its `$0`.
    ///
    /// # Errors
    /// It can't be started.
    pub fn start_script(&self, script: &str) -> Result<Running> {
        let mut command = process::command("sh");
        self.environment(&mut command);
        command.args(["-ec", script]).arg(crate::built("windlass")?);
        self.start_command(command, "a script".to_owned())
    }

    fn start_command(&self, mut command: Command, what: String) -> Result<Running> {
        let number = self.runs.fetch_add(1, Ordering::Relaxed);
        let (out, err) = (
            self.dir.path().join(format!("{number}.out")),
            self.dir.path().join(format!("{number}.err")),
        );
        command.stdout(File::create(&out)?).stderr(File::create(&err)?);
        Ok(Running {
            child: process::spawn(command)?,
            out,
            err,
            what,
        })
    }

    /// Adds a folder as destination.
    ///
    /// # Errors
    /// `windlass` refuses.
    pub fn add_folder(&self, name: &str, folder: &Path) -> Result<()> {
        fs::create_dir_all(folder)?;
        let arguments = [
            "dest".as_ref(),
            "add".as_ref(),
            name.as_ref(),
            "--folder".as_ref(),
            folder.as_os_str(),
        ];
        self.run(&arguments)?.succeeds().map(drop)
    }

    /// Adds the server's bucket as destination, by its own address or by that of a proxy in front of it. The keys go into
    /// the environment for this command alone, and into a file of the data folder.
    ///
    /// # Errors
    /// `windlass` refuses.
    pub fn add_bucket(&self, name: &str, garage: &Garage, endpoint: &str) -> Result<()> {
        self.try_add_bucket(
            name,
            endpoint,
            garage.bucket(),
            garage.access_key(),
            garage.secret_key(),
        )?
        .succeeds()
        .map(drop)
    }

    /// Adds a destination of a server. The token goes into the environment for this command alone, and into a file of the
    /// data folder.
    ///
    /// # Errors
    /// The command can't be run.
    pub fn try_add_server(&self, name: &str, url: &str, place: &str, token: &str) -> Result<Ended> {
        let line = format!("dest add {name} --server {url} --place {place} --secrets-file");
        self.with_token(&line, token)
    }

    /// Gives a server destination a new token.
    ///
    /// # Errors
    /// The command can't be run.
    pub fn new_token(&self, name: &str, token: &str) -> Result<Ended> {
        self.with_token(&format!("dest token {name}"), token)
    }

    fn with_token(&self, line: &str, token: &str) -> Result<Ended> {
        let mut command = self.command(&line.split(' ').collect::<Vec<_>>())?;
        command.env("WINDLASS_TOKEN", token);
        self.start_command(command, line.to_owned())?.ends()
    }

    /// As [`Windlass::add_bucket`], with whatever bucket and keys.
    ///
    /// # Errors
    /// The command can't be run.
    pub fn try_add_bucket(
        &self,
        name: &str,
        endpoint: &str,
        bucket: &str,
        key: &str,
        secret: &str,
    ) -> Result<Ended> {
        let line = format!(
            "dest add {name} --s3 {endpoint} --bucket {bucket} --region garage --path-style --secrets-file"
        );
        self.with_keys(line, key, secret)
    }

    /// As [`Windlass::try_add_bucket`] with the server's bucket, with more words behind.
    ///
    /// # Errors
    /// The command can't be run.
    pub fn try_add_bucket_with(
        &self,
        name: &str,
        garage: &Garage,
        endpoint: &str,
        more: &str,
    ) -> Result<Ended> {
        let bucket = garage.bucket();
        let line = format!(
            "dest add {name} --s3 {endpoint} --bucket {bucket} --region garage --path-style --secrets-file {more}"
        );
        self.with_keys(line, garage.access_key(), garage.secret_key())
    }

    fn with_keys(&self, line: String, key: &str, secret: &str) -> Result<Ended> {
        let mut command = self.command(&line.split(' ').collect::<Vec<_>>())?;
        command
            .env("AWS_ACCESS_KEY_ID", key)
            .env("AWS_SECRET_ACCESS_KEY", secret);
        self.start_command(command, line)?.ends()
    }
}

impl Running {
    /// `kill -9`.
    pub fn kill_9(mut self) {
        process::kill(&mut self.child);
    }

    /// Sends a signal that can be caught.
    ///
    /// # Errors
    /// It has ended already.
    pub fn interrupt(&self) -> Result<()> {
        process::interrupt(&self.child)
    }

    /// It stands still, as a program does that gets no processor.
    ///
    /// # Errors
    /// It has ended already.
    pub fn freeze(&self) -> Result<()> {
        process::freeze(&self.child)
    }

    /// It goes on.
    ///
    /// # Errors
    /// It has ended already.
    pub fn thaw(&self) -> Result<()> {
        process::thaw(&self.child)
    }

    /// Waits until a line that it printed has all of these in it, and returns the line.
    ///
    /// # Errors
    /// It does not print it, or ends before it did.
    pub fn says(&mut self, pieces: &[&str]) -> Result<String> {
        self.says_within(wait::PATIENCE, pieces)
    }

    /// The same with a patience of its own, for what takes its time by design.
    ///
    /// # Errors
    /// Those of [`Self::says`].
    pub fn says_within(&mut self, patience: Duration, pieces: &[&str]) -> Result<String> {
        let (out, err) = (self.out.clone(), self.err.clone());
        let find = || -> Result<Option<String>> {
            let text = fs::read_to_string(&out)? + &fs::read_to_string(&err)?;
            let fits = |line: &&str| pieces.iter().all(|piece| line.contains(piece));
            Ok(text.lines().find(fits).map(str::to_owned))
        };
        let child = &mut self.child;
        wait::until_ok(&format!("{pieces:?}"), patience, || {
            let ended = child.try_wait()?;
            match (find()?, ended) {
                (Some(line), _) => Ok(Ok(line)),
                (None, Some(status)) => Ok(Err(anyhow::anyhow!("it ended with {status} before"))),
                (None, None) => anyhow::bail!("it was not said"),
            }
        })
        .and_then(|said| said)
        .with_context(|| {
            let read = |path| fs::read_to_string(path).unwrap_or_default();
            format!(
                "waiting for {pieces:?}; it said\n{}\n{}",
                read(&self.out),
                read(&self.err)
            )
        })
    }

    /// A path as the process sees it, in whatever namespace it is.
    #[must_use]
    pub fn inside(&self, path: &Path) -> PathBuf {
        let below = path.strip_prefix("/").unwrap_or(path);
        PathBuf::from(format!("/proc/{}/root", self.child.id())).join(below)
    }

    /// Whether it still runs.
    ///
    /// # Errors
    /// The system does not say.
    pub fn runs(&mut self) -> Result<bool> {
        Ok(self.child.try_wait()?.is_none())
    }

    /// Waits for its end.
    ///
    /// # Errors
    /// It does not end; the message has what it said.
    pub fn ends(mut self) -> Result<Ended> {
        let ended = process::wait_for_end(&mut self.child, &self.what, PATIENCE);
        let (out, err) = (fs::read_to_string(&self.out)?, fs::read_to_string(&self.err)?);
        let status = ended.with_context(|| format!("it said\n{out}\n{err}"))?;
        Ok(Ended {
            code: status.code(),
            out,
            err,
        })
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        process::kill(&mut self.child);
    }
}

impl Ended {
    /// Itself, when its exit status is 0.
    ///
    /// # Errors
    /// It is another; the message has what was said.
    pub fn succeeds(self) -> Result<Self> {
        self.exits(0)
    }

    /// Itself, when its exit status is this.
    ///
    /// # Errors
    /// It is another; the message has what was said.
    pub fn exits(self, code: i32) -> Result<Self> {
        ensure!(
            self.code == Some(code),
            "exit status {:?} instead of {code}\n{}\n{}",
            self.code,
            self.out,
            self.err
        );
        Ok(self)
    }

    /// The lines of `--json`.
    ///
    /// # Errors
    /// A line is no JSON.
    pub fn events(&self) -> Result<Vec<Value>> {
        let parse = |line: &str| serde_json::from_str(line).with_context(|| format!("no JSON: {line}"));
        self.out
            .lines()
            .filter(|line| !line.is_empty())
            .map(parse)
            .collect()
    }

    /// The summary, which must be the last line.
    ///
    /// # Errors
    /// It is not there.
    pub fn summary(&self) -> Result<Summary> {
        let last = self
            .events()?
            .pop()
            .with_context(|| format!("nothing was printed\n{}", self.err))?;
        let summary: Summary =
            serde_json::from_value(last).with_context(|| format!("no summary\n{}", self.out))?;
        ensure!(
            summary.event == "summary",
            "the last line is no summary: {}",
            self.out
        );
        Ok(summary)
    }

    /// Whether a stable code is named, by its word or by its number for people.
    #[must_use]
    pub fn names(&self, word: &str, label: &str) -> bool {
        [&self.out, &self.err]
            .iter()
            .any(|text| text.contains(word) || text.contains(label))
    }
}
