//! Other uploaders, where they are installed: the same files to the same storage, with as many connections and parts of the
//! same size. They only send; none of them keeps a queue, and what they prove is their own affair.

use std::path::Path;
use std::process::Command;

use anyhow::Result;
use windlass_core::machine::Config;

use crate::meter::{self, Spent};
use crate::sink::{BUCKET, Sink};

/// Variables that lead past the sink, or that some peers stumble over.
const ELSEWHERE: &[&str] = &[
    "AWS_CA_BUNDLE",
    "AWS_ENDPOINT_URL",
    "AWS_PROFILE",
    "AWS_SESSION_TOKEN",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "http_proxy",
    "https_proxy",
    "all_proxy",
];

const BOTO3: &str = include_str!("peers/boto3_up.py");
const OBSTORE: &str = include_str!("peers/obstore_up.py");

/// One of them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peer {
    pub(crate) name: &'static str,
    /// Ends well where it is installed.
    probe: &'static [&'static str],
    upload: fn(&Path, &str) -> Command,
}

/// All that are known.
pub(crate) const ALL: &[Peer] = &[
    Peer {
        name: "rclone",
        probe: &["rclone", "version"],
        upload: rclone,
    },
    Peer {
        name: "s5cmd",
        probe: &["s5cmd", "version"],
        upload: s5cmd,
    },
    Peer {
        name: "aws",
        probe: &["aws", "--version"],
        upload: aws,
    },
    Peer {
        name: "boto3",
        probe: &["python3", "-c", "import boto3"],
        upload: boto3,
    },
    Peer {
        name: "obstore",
        probe: &["python3", "-c", "import obstore"],
        upload: obstore,
    },
];

/// Those that are here.
pub(crate) fn installed() -> Vec<Peer> {
    let there = |peer: &&Peer| {
        let (program, arguments) = peer.probe.split_first().unwrap_or((&"", &[]));
        let mut probe = Command::new(program);
        probe
            .args(arguments)
            .output()
            .is_ok_and(|out| out.status.success())
    };
    ALL.iter().filter(there).copied().collect()
}

impl Peer {
    /// Uploads a file or a folder.
    pub(crate) fn run(&self, source: &Path, sink: &Sink) -> Result<Spent> {
        let mut command = (self.upload)(source, &sink.endpoint());
        command
            .env("AWS_ACCESS_KEY_ID", "bench")
            .env("AWS_SECRET_ACCESS_KEY", "benchbenchbench")
            .env("AWS_DEFAULT_REGION", "here")
            .env("AWS_REGION", "here")
            .env("AWS_EC2_METADATA_DISABLED", "true");
        for name in ELSEWHERE {
            command.env_remove(name);
        }
        meter::run(command)
    }
}

fn connections() -> String {
    Config::default().connections.to_string()
}

fn rclone(source: &Path, endpoint: &str) -> Command {
    let mut command = Command::new("rclone");
    command
        .args(["--config", "/dev/null", "copy"])
        .arg(source)
        .arg(format!("sink:{BUCKET}/rclone"))
        .args(["--transfers", &connections(), "--checkers", &connections()])
        .args(["--s3-upload-concurrency", &connections()])
        .args([
            "--s3-chunk-size",
            "8M",
            "--s3-upload-cutoff",
            "8M",
            "--s3-no-check-bucket",
        ])
        .env("RCLONE_CONFIG_SINK_TYPE", "s3")
        .env("RCLONE_CONFIG_SINK_PROVIDER", "Other")
        .env("RCLONE_CONFIG_SINK_ENV_AUTH", "true")
        .env("RCLONE_CONFIG_SINK_REGION", "here")
        .env("RCLONE_CONFIG_SINK_ENDPOINT", endpoint)
        .env("RCLONE_CONFIG_SINK_FORCE_PATH_STYLE", "true");
    command
}

fn s5cmd(source: &Path, endpoint: &str) -> Command {
    let mut what = source.as_os_str().to_owned();
    if source.is_dir() {
        what.push("/");
    }
    let mut command = Command::new("s5cmd");
    command
        .args([
            "--endpoint-url",
            endpoint,
            "--numworkers",
            &connections(),
            "--log",
            "error",
            "cp",
        ])
        .args(["--concurrency", &connections(), "--part-size", "8"])
        .arg(what)
        .arg(format!("s3://{BUCKET}/s5cmd/"));
    command
}

fn aws(source: &Path, endpoint: &str) -> Command {
    let mut command = Command::new("aws");
    command.args(["--endpoint-url", endpoint, "s3", "cp", "--only-show-errors"]);
    if source.is_dir() {
        command.arg("--recursive");
    }
    command.arg(source).arg(format!("s3://{BUCKET}/aws/"));
    command
}

fn boto3(source: &Path, endpoint: &str) -> Command {
    python(BOTO3, source, endpoint)
}

fn obstore(source: &Path, endpoint: &str) -> Command {
    python(OBSTORE, source, endpoint)
}

fn python(script: &str, source: &Path, endpoint: &str) -> Command {
    let mut command = Command::new("python3");
    command
        .args(["-c", script])
        .arg(source)
        .args([endpoint, BUCKET, &connections()]);
    command
}
