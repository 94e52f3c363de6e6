//! Sending to the sink over as many connections as the product has.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::thread;

use anyhow::{Context as _, Result, bail, ensure};
use walkdir::WalkDir;
use windlass_core::machine::Config;
use windlass_core::part_plan::{PartPlan, PartRange};
use windlass_core::units::Crc64Nvme;
use windlass_transfer::hash::ContentHash;

use super::read::read;

/// Sends a file by parts, or each file of a folder in one PUT.
pub(crate) fn put(address: &str, source: &Path, hash: bool) -> Result<()> {
    let connections = usize::try_from(Config::default().connections)?;
    let meta = source.metadata()?;
    if meta.is_dir() {
        return files(address, source, hash, connections);
    }
    let (file, plan) = (File::open(source)?, PartPlan::new(meta.len())?);
    let parts: Vec<PartRange> = plan.parts().collect();
    if hash {
        hashed_in_order(address, &file, &parts, connections)
    } else {
        each_by_itself(address, &file, &parts, connections)
    }
}

/// A connection that is kept alive.
pub(crate) struct Connection {
    reader: BufReader<TcpStream>,
    address: String,
}

impl Connection {
    pub(crate) fn open(address: &str) -> Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        Ok(Self {
            reader: BufReader::new(stream),
            address: address.to_owned(),
        })
    }

    /// One PUT, and its answer.
    pub(crate) fn put(&mut self, key: &str, crc64: Crc64Nvme, body: &[u8]) -> Result<()> {
        let head = format!(
            "PUT /floor/{key} HTTP/1.1\r\nhost: {}\r\ncontent-length: {}\r\nx-amz-checksum-crc64nvme: {crc64}\r\n\r\n",
            self.address,
            body.len()
        );
        let stream = self.reader.get_mut();
        stream.write_all(head.as_bytes())?;
        stream.write_all(body)?;
        let (mut line, mut length) = (String::new(), 0);
        self.reader.read_line(&mut line)?;
        ensure!(line.starts_with("HTTP/1.1 200"), "the sink answered {line:?}");
        loop {
            line.clear();
            self.reader.read_line(&mut line)?;
            match line.trim_end().split_once(": ") {
                Some(("content-length", value)) => length = value.parse()?,
                Some(_) => {}
                None => break,
            }
        }
        std::io::copy(&mut self.reader.by_ref().take(length), &mut std::io::sink())?;
        Ok(())
    }
}

/// SHA-256 knows one order: one thread reads and hashes, the others send what it has read.
fn hashed_in_order(address: &str, file: &File, parts: &[PartRange], connections: usize) -> Result<()> {
    type Read = (PartRange, Vec<u8>, Crc64Nvme);
    let (full, filled): (SyncSender<Read>, Receiver<Read>) = sync_channel(connections);
    let (empty, emptied): (Sender<Vec<u8>>, Receiver<Vec<u8>>) = channel();
    for _ in 0..connections * 2 {
        empty.send(Vec::new())?;
    }
    let filled = Mutex::new(filled);
    thread::scope(|scope| {
        let senders: Vec<_> = (0..connections)
            .map(|_| {
                let (filled, empty) = (&filled, empty.clone());
                scope.spawn(move || -> Result<()> {
                    let mut connection = Connection::open(address)?;
                    loop {
                        let next = filled.lock().unwrap_or_else(PoisonError::into_inner).recv();
                        let Ok((part, bytes, crc64)) = next else {
                            return Ok(());
                        };
                        connection.put(&part.number.to_string(), crc64, &bytes)?;
                        // The reader may have ended already.
                        let _ = empty.send(bytes);
                    }
                })
            })
            .collect();
        let mut hash = ContentHash::default();
        for part in parts {
            let mut bytes = emptied.recv()?;
            bytes.resize(usize::try_from(part.len)?, 0);
            let crc64 = read(file, part.offset, &mut bytes, Some(&mut hash))?;
            if full.send((*part, bytes, crc64)).is_err() {
                break;
            }
        }
        drop(full);
        let _ = hash.finish();
        all_ended(senders)
    })
}

/// Without a hash of the whole each thread reads and sends its own parts.
fn each_by_itself(address: &str, file: &File, parts: &[PartRange], connections: usize) -> Result<()> {
    in_turns(parts.len(), connections, || {
        let mut connection = Connection::open(address)?;
        let mut bytes = Vec::new();
        Ok(move |index: usize| -> Result<()> {
            let part = parts.get(index).context("no part")?;
            bytes.resize(usize::try_from(part.len)?, 0);
            let crc64 = read(file, part.offset, &mut bytes, None)?;
            connection.put(&part.number.to_string(), crc64, &bytes)
        })
    })
}

fn files(address: &str, folder: &Path, hash: bool, connections: usize) -> Result<()> {
    let files = below(folder)?;
    in_turns(files.len(), connections, || {
        let mut connection = Connection::open(address)?;
        let (mut bytes, files) = (Vec::new(), &files);
        Ok(move |index: usize| -> Result<()> {
            let file = File::open(files.get(index).context("no file")?)?;
            bytes.resize(usize::try_from(file.metadata()?.len())?, 0);
            let mut sha256 = hash.then(ContentHash::default);
            let crc64 = read(&file, 0, &mut bytes, sha256.as_mut())?;
            let _ = sha256.map(ContentHash::finish);
            connection.put(&index.to_string(), crc64, &bytes)
        })
    })
}

/// All files of a folder.
pub(crate) fn below(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in WalkDir::new(folder) {
        let entry = entry?;
        if entry.file_type().is_file() {
            files.push(entry.into_path());
        }
    }
    Ok(files)
}

/// Threads that take the next piece of work as long as there is one. Each makes its own worker.
pub(super) fn in_turns<W, F>(work: usize, threads: usize, worker: F) -> Result<()>
where
    W: FnMut(usize) -> Result<()>,
    F: Fn() -> Result<W> + Sync,
{
    let next = AtomicUsize::new(0);
    thread::scope(|scope| {
        let all = (0..threads)
            .map(|_| {
                let (next, worker) = (&next, &worker);
                scope.spawn(move || -> Result<()> {
                    let mut worker = worker()?;
                    loop {
                        let index = next.fetch_add(1, Ordering::Relaxed);
                        if index >= work {
                            return Ok(());
                        }
                        worker(index)?;
                    }
                })
            })
            .collect();
        all_ended(all)
    })
}

fn all_ended(threads: Vec<thread::ScopedJoinHandle<'_, Result<()>>>) -> Result<()> {
    for thread in threads {
        match thread.join() {
            Ok(ended) => ended?,
            Err(_) => bail!("a thread of the floor panicked"),
        }
    }
    Ok(())
}
