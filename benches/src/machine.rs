//! What this machine can do at all: the rates behind every floor.

use std::fs::{self, File};
use std::hint::black_box;
use std::io::Write as _;
use std::path::Path;
use std::time::Instant;

use anyhow::Result;
use serde::{Deserialize, Serialize};
use windlass_core::checksum::crc64;
use windlass_core::units::Crc64Nvme;
use windlass_transfer::hash::{ContentHash, cpu_has_sha};

use crate::floor::{Connection, inner};
use crate::meter;
use crate::sink::Sink;

const MIB: usize = 1 << 20;
/// Each rate is the best of so many tries: what the machine can, not what it was busy with.
const TRIES: u32 = 5;

/// Rates in MB/s of one thread.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Machine {
    pub(crate) cpu: String,
    pub(crate) cores: usize,
    /// Whether the CPU has instructions for SHA-256.
    pub(crate) sha_instructions: bool,
    pub(crate) memcpy: f64,
    pub(crate) sha256: f64,
    pub(crate) crc64nvme: f64,
    /// Writing a file and syncing it.
    pub(crate) disk_write: f64,
    /// PUTs of 8 MiB to the sink over one connection.
    pub(crate) loopback_put: f64,
    /// PUTs of 16 KiB to the sink over one connection, each second.
    pub(crate) small_puts: f64,
}

/// Measures it, in a process that takes its memory with it.
pub(crate) fn measure(dir: &Path, sink: &Sink) -> Result<Machine> {
    let mut command = inner("machine")?;
    command.arg(dir).arg(sink.address());
    Ok(serde_json::from_str(&meter::run(command)?.out)?)
}

/// The process.
pub(crate) fn print(dir: &Path, address: &str) -> Result<()> {
    let bytes: Vec<u8> = (0..8 * MIB).map(|i| (i * 31 % 251) as u8).collect();
    let mut target = vec![0; bytes.len()];
    let mut connection = Connection::open(address)?;
    let machine = Machine {
        cpu: cpu(),
        cores: std::thread::available_parallelism()?.get(),
        sha_instructions: cpu_has_sha(),
        memcpy: rate(&bytes, 16, |b| {
            target.copy_from_slice(black_box(b));
            black_box(&mut target);
            Ok(())
        })?,
        sha256: rate(&bytes, 8, |b| {
            let mut hash = ContentHash::default();
            hash.update(black_box(b));
            black_box(hash.finish());
            Ok(())
        })?,
        crc64nvme: rate(&bytes, 16, |b| {
            black_box(crc64(black_box(b)));
            Ok(())
        })?,
        disk_write: disk(dir, &bytes)?,
        loopback_put: rate(&bytes, 16, |b| connection.put("rate", Crc64Nvme(0), b))?,
        small_puts: small_puts(&mut connection, &bytes[..16 * 1024])?,
    };
    println!("{}", serde_json::to_string(&machine)?);
    Ok(())
}

impl Machine {
    pub(crate) fn told(&self) -> String {
        format!(
            "   {}, {} cores, {} SHA instructions\n   one thread, MB/s: memcpy {:.0}, sha256 {:.0}, crc64nvme {:.0}, \
             disk write and sync {:.0}, loopback PUT of 8 MiB {:.0}; PUTs of 16 KiB {:.0}/s",
            self.cpu,
            self.cores,
            if self.sha_instructions { "with" } else { "without" },
            self.memcpy,
            self.sha256,
            self.crc64nvme,
            self.disk_write,
            self.loopback_put,
            self.small_puts
        )
    }

    /// What SHA-256 alone costs, in seconds a GB.
    pub(crate) fn hash_cost(&self) -> f64 {
        1_000.0 / self.sha256
    }
}

/// MB/s of what `work` does with the bytes, `times` times a try.
fn rate(bytes: &[u8], times: u32, mut work: impl FnMut(&[u8]) -> Result<()>) -> Result<f64> {
    let mut best = 0.0_f64;
    for _ in 0..TRIES {
        let began = Instant::now();
        for _ in 0..times {
            work(bytes)?;
        }
        let megabytes = bytes.len() as f64 * f64::from(times) / 1e6;
        best = best.max(megabytes / began.elapsed().as_secs_f64());
    }
    Ok(best)
}

fn disk(dir: &Path, bytes: &[u8]) -> Result<f64> {
    let path = dir.join("rate.bin");
    let mut best = 0.0_f64;
    for _ in 0..2 {
        let began = Instant::now();
        let mut file = File::create(&path)?;
        for _ in 0..64 {
            file.write_all(bytes)?;
        }
        file.sync_all()?;
        best = best.max(bytes.len() as f64 * 64.0 / 1e6 / began.elapsed().as_secs_f64());
    }
    fs::remove_file(&path)?;
    Ok(best)
}

fn small_puts(connection: &mut Connection, bytes: &[u8]) -> Result<f64> {
    let began = Instant::now();
    let count = 5_000;
    for _ in 0..count {
        connection.put("rate", Crc64Nvme(0), bytes)?;
    }
    Ok(f64::from(count) / began.elapsed().as_secs_f64())
}

fn cpu() -> String {
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info.lines().find_map(|line| line.strip_prefix("model name"));
    let model = model.map(|rest| rest.trim_start_matches([' ', '\t', ':']));
    model.unwrap_or(std::env::consts::ARCH).to_owned()
}
