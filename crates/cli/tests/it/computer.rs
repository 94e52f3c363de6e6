//! A computer with nothing on it but `windlass`.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// A data folder, a folder for files, and a folder to upload to.
pub(crate) struct Computer {
    dir: TempDir,
}

/// A command that ended.
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// A command under way, whose lines are read one by one. Dropped, it is killed.
pub(crate) struct Running {
    child: Child,
    lines: BufReader<ChildStdout>,
    err: PathBuf,
}

impl Computer {
    pub(crate) fn new() -> Self {
        Self {
            dir: tempfile::Builder::new()
                .prefix("windlass-cli-")
                .tempdir()
                .unwrap(),
        }
    }

    /// The same with the folder `dst` as the destination `nas`.
    pub(crate) fn with_nas() -> Self {
        let computer = Self::new();
        let dst = computer.dst();
        computer
            .run([
                "dest".as_ref(),
                "add".as_ref(),
                "nas".as_ref(),
                "--folder".as_ref(),
                dst.as_os_str(),
            ])
            .is(0);
        computer
    }

    pub(crate) fn dir(&self) -> &Path {
        self.dir.path()
    }

    pub(crate) fn home(&self) -> PathBuf {
        self.dir().join("data")
    }

    pub(crate) fn dst(&self) -> PathBuf {
        self.dir().join("dst")
    }

    /// A file below `src`.
    pub(crate) fn file(&self, name: &str, content: &[u8]) -> PathBuf {
        let path = self.dir().join("src").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        path
    }

    /// A file that takes a while, and no room on the disk.
    pub(crate) fn large_file(&self, name: &str, bytes: u64) -> PathBuf {
        let path = self.file(name, name.as_bytes());
        File::options()
            .write(true)
            .open(&path)
            .unwrap()
            .set_len(bytes)
            .unwrap();
        path
    }

    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_windlass"));
        command
            .env("WINDLASS_HOME", self.home())
            .env("HOME", self.dir())
            .env("TZ", "UTC")
            .env_remove("WINDLASS_LOG")
            .env_remove("AWS_ACCESS_KEY_ID")
            .env_remove("AWS_SECRET_ACCESS_KEY")
            .env_remove("DBUS_SESSION_BUS_ADDRESS")
            .current_dir(self.dir())
            .stdin(Stdio::null());
        command
    }

    pub(crate) fn run<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Ended {
        Ended::of(self.command().args(arguments).output().unwrap())
    }

    pub(crate) fn start<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Running {
        let err = tempfile::Builder::new()
            .tempfile_in(self.dir())
            .unwrap()
            .into_temp_path()
            .keep()
            .unwrap();
        let mut command = self.command();
        command
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(File::create(&err).unwrap());
        let mut child = command.spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap());
        Running { child, lines, err }
    }
}

impl Ended {
    fn of(output: Output) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        Self {
            code: output.status.code(),
            out: text(output.stdout),
            err: text(output.stderr),
        }
    }

    /// Itself, when it ended so.
    #[track_caller]
    pub(crate) fn is(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "\n{}\n{}", self.out, self.err);
        self
    }

    pub(crate) fn events(&self) -> Vec<Value> {
        self.out
            .lines()
            .map(|l| serde_json::from_str(l).unwrap_or_else(|e| panic!("{e}: {l}")))
            .collect()
    }

    /// The last line.
    #[track_caller]
    pub(crate) fn summary(&self) -> Value {
        let last = self
            .events()
            .pop()
            .unwrap_or_else(|| panic!("nothing was printed: {}", self.err));
        assert_eq!(last["event"], "summary", "{}", self.out);
        last
    }
}

impl Running {
    /// Reads lines until this event.
    #[track_caller]
    pub(crate) fn event(&mut self, name: &str) -> Value {
        let mut seen = String::new();
        loop {
            let mut line = String::new();
            let end = self.lines.read_line(&mut line).unwrap() == 0;
            assert!(
                !end,
                "it ended without {name}: {seen}\n{}",
                fs::read_to_string(&self.err).unwrap()
            );
            let value: Value = serde_json::from_str(&line).unwrap();
            if value["event"] == name {
                return value;
            }
            seen.push_str(&line);
        }
    }

    /// Sends a signal by its name.
    pub(crate) fn signal(&self, name: &str) {
        let sent = Command::new("kill")
            .args(["-s", name, &self.child.id().to_string()])
            .status()
            .unwrap();
        assert!(sent.success());
    }

    pub(crate) fn ends(mut self) -> Ended {
        let mut out = String::new();
        self.lines.read_to_string(&mut out).unwrap();
        let code = self.child.wait().unwrap().code();
        Ended {
            code,
            out,
            err: fs::read_to_string(&self.err).unwrap(),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
