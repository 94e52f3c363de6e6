//! The discarding storage: an S3 server of which only the speed of the client's side matters.
//!
//! It is born as a process of its own ([`Sink::start`]), so that its CPU is nobody's, and ends when its standard input is
//! closed, which happens at the latest with the bench. It takes what S3 clients send to a bucket, counts the bytes and drops
//! them; checksums that come with them are believed and told again. Only what is small is kept and checked, so that a client
//! that tries out a storage before it trusts it finds an honest one. Signatures are not looked at.
//!
//! What it saw is in its ledger: which part was begun when, how far it came, when it was answered.

mod answer;
mod http;
mod ledger;
mod listing;
mod objects;
mod s3;
mod server;
#[cfg(test)]
mod tests;

use std::io::{BufRead as _, BufReader, Read as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use windlass_testkit::http::send;

pub(crate) use ledger::Seen;

/// The bucket that benches use; any other is there as well.
pub(crate) const BUCKET: &str = "bench";
const PATIENCE: Duration = Duration::from_secs(30);

/// A running sink. Dropping it ends it.
pub(crate) struct Sink {
    address: String,
    child: Child,
    _ends_with: ChildStdin,
}

impl Sink {
    /// Starts one.
    pub(crate) fn start() -> Result<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .args(["inner", "sink"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let ends_with = child.stdin.take().context("no input")?;
        let mut address = String::new();
        BufReader::new(child.stdout.take().context("no output")?).read_line(&mut address)?;
        let address = address.trim().to_owned();
        ensure!(!address.is_empty(), "the sink did not come up");
        Ok(Self {
            address,
            child,
            _ends_with: ends_with,
        })
    }

    /// `HOST:PORT`.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// `http://HOST:PORT`.
    pub(crate) fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Forgets all objects and all that was seen.
    pub(crate) fn reset(&self) -> Result<()> {
        self.ask("POST", "/_sink/reset").map(drop)
    }

    /// All PUTs since the last reset, in the order in which they began.
    pub(crate) fn seen(&self) -> Result<Vec<Seen>> {
        Ok(serde_json::from_slice(&self.ask("GET", "/_sink/ledger")?)?)
    }

    /// How many PUTs were answered since the last reset.
    pub(crate) fn answered(&self) -> Result<u64> {
        let text = String::from_utf8(self.ask("GET", "/_sink/answered")?)?;
        Ok(text.parse()?)
    }

    /// Keys of all objects.
    pub(crate) fn objects(&self) -> Result<u64> {
        let text = String::from_utf8(self.ask("GET", "/_sink/objects")?)?;
        Ok(text.parse()?)
    }

    fn ask(&self, method: &str, path: &str) -> Result<Vec<u8>> {
        let url = format!("{}{path}", self.endpoint()).parse()?;
        let response = send(method, &url, &[], &[], PATIENCE)?;
        ensure!(response.status == 200, "the sink answered {}", response.status);
        Ok(response.body)
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        // Both fail only when it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The process itself.
pub(crate) fn run() -> Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    println!("{}", listener.local_addr()?);
    thread::spawn(move || server::serve(&listener));
    // Whoever started it holds the other end.
    std::io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}

/// Tells the system that small writes are not to be held back.
fn eager(stream: &TcpStream) {
    // A socket that can't is only slower.
    let _ = stream.set_nodelay(true);
}
