//! Records beside the files: which parts of a large file were written, and which file is about to get its name.
//!
//! The sidecar `ID.parts` has one line a part, `n size crc64`, appended after the data was written; `n -` takes one back.
//! Only files of several parts have one. The placing log has one record an object about to be renamed, its id and inode:
//! after kill -9 it tells whether a file that stands under the name is ours. A line or record that was cut counts as not
//! written.

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::{Read as _, Write as _};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rustix::fs::{AtFlags, OFlags};
use rustix::io::Errno;
use windlass_core::error::Failure;
use windlass_core::ids::ObjectId;
use windlass_core::units::{Crc64Nvme, PartNumber};

use super::root::Root;
use super::slots::{Slot, Written, sidecar_name};
use crate::failure::folder_failure;
use crate::text::hex;

/// Most bytes of a sidecar that are read: 10,000 parts written 20 times over.
const MAX_SIDECAR: u64 = 16 << 20;

/// Writes that a part was written, or (without a record) that it is no longer what was written.
pub(crate) fn append(
    root: &Root,
    object: ObjectId,
    n: PartNumber,
    part: Option<Written>,
) -> Result<(), Failure> {
    let line = match part {
        Some(p) => format!("{n} {} {:016x}\n", p.size, p.crc64.0),
        None => format!("{n} -\n"),
    };
    root.open_work(
        &sidecar_name(object),
        OFlags::WRONLY | OFlags::CREATE | OFlags::APPEND,
    )
    .map_err(std::io::Error::from)
    .and_then(|mut file| file.write_all(line.as_bytes()))
    .map_err(|e| folder_failure("the record of parts can't be written", e))
}

/// Brings the parts of earlier launches into a slot, once.
pub(crate) fn load(root: &Root, slot: &Slot) -> Result<(), Failure> {
    if slot.known().sidecar_read {
        return Ok(());
    }
    let earlier =
        read(root, slot.object).map_err(|e| folder_failure("the record of parts can't be read", e))?;
    let mut known = slot.known();
    if !known.sidecar_read {
        known.sidecar_read = true;
        for (n, part) in earlier {
            // What this launch wrote is newer.
            known.parts.entry(n).or_insert(part);
        }
    }
    Ok(())
}

fn read(root: &Root, object: ObjectId) -> std::io::Result<BTreeMap<PartNumber, Written>> {
    let file = match root.open_work(&sidecar_name(object), OFlags::RDONLY) {
        Ok(file) => file,
        Err(Errno::NOENT) => return Ok(BTreeMap::new()),
        Err(e) => return Err(e.into()),
    };
    let mut bytes = Vec::new();
    file.take(MAX_SIDECAR).read_to_end(&mut bytes)?;
    let text = String::from_utf8_lossy(&bytes);
    let mut parts = BTreeMap::new();
    for line in text
        .split_inclusive('\n')
        .filter_map(|line| line.strip_suffix('\n'))
    {
        match parse(line) {
            Some((n, Some(part))) => drop(parts.insert(n, part)),
            Some((n, None)) => drop(parts.remove(&n)),
            None => tracing::warn!(%object, "a line of the record of parts is not readable"),
        }
    }
    Ok(parts)
}

fn parse(line: &str) -> Option<(PartNumber, Option<Written>)> {
    let mut words = line.split(' ');
    let n = words.next()?.parse::<u32>().ok()?.try_into().ok()?;
    let size = words.next()?;
    if size == "-" {
        return words.next().is_none().then_some((n, None));
    }
    let size = size.parse().ok()?;
    let crc = words.next().filter(|c| c.len() == 16)?;
    let crc64 = Crc64Nvme(u64::from_str_radix(crc, 16).ok()?);
    words.next().is_none().then_some((
        n,
        Some(Written {
            size,
            crc64,
            earlier: true,
        }),
    ))
}

/// Bytes of a record of the placing log: id, inode.
const RECORD: usize = 24;
/// Name of the placing logs; the launch is in between.
const LOG: (&str, &str) = ("placing-", ".log");

/// Which files are about to get their names.
pub(crate) struct PlacingLog {
    launch: String,
    state: Mutex<LogState>,
}

#[derive(Default)]
struct LogState {
    file: Option<File>,
    ours: HashMap<ObjectId, u64>,
    earlier: Option<HashMap<ObjectId, u64>>,
}

impl PlacingLog {
    pub(crate) fn new(launch: &[u8; 8]) -> Self {
        let launch = hex(launch);
        Self {
            launch,
            state: Mutex::default(),
        }
    }

    fn state(&self) -> MutexGuard<'_, LogState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes records, before the names are given.
    pub(crate) fn note(&self, root: &Root, about: &[(ObjectId, u64)]) -> std::io::Result<()> {
        let mut records = Vec::with_capacity(about.len() * RECORD);
        for (object, inode) in about {
            records.extend_from_slice(object.as_bytes());
            records.extend_from_slice(&inode.to_le_bytes());
        }
        let mut state = self.state();
        if state.file.is_none() {
            let name = format!("{}{}{}", LOG.0, self.launch, LOG.1);
            state.file = Some(root.open_work(&name, OFlags::WRONLY | OFlags::CREATE | OFlags::APPEND)?);
        }
        if let Some(file) = &mut state.file {
            file.write_all(&records)?;
        }
        state.ours.extend(about.iter().copied());
        Ok(())
    }

    /// The inode that an object had when it was about to get its name.
    pub(crate) fn inode(&self, root: &Root, object: ObjectId) -> Option<u64> {
        let mut state = self.state();
        if let Some(inode) = state.ours.get(&object) {
            return Some(*inode);
        }
        let launch = &self.launch;
        state
            .earlier
            .get_or_insert_with(|| earlier(root, launch))
            .get(&object)
            .copied()
    }

    /// The ledger knows what became of these.
    pub(crate) fn forget(&self, root: Option<&Root>, objects: &[ObjectId]) {
        let mut state = self.state();
        for object in objects {
            state.ours.remove(object);
        }
        if state.ours.is_empty() && state.file.take().is_some() {
            let name = format!("{}{}{}", LOG.0, self.launch, LOG.1);
            if let Some(root) = root
                && let Err(e) = rustix::fs::unlinkat(root.work(), name, AtFlags::empty())
            {
                tracing::debug!(error = %e, "the placing log stays");
            }
        }
    }
}

/// Records of earlier launches, which ended without telling what became of them.
fn earlier(root: &Root, launch: &str) -> HashMap<ObjectId, u64> {
    let mut found = HashMap::new();
    let Ok(dir) = rustix::fs::Dir::read_from(root.work()) else {
        return found;
    };
    for entry in dir.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let Some(of) = name.strip_prefix(LOG.0).and_then(|n| n.strip_suffix(LOG.1)) else {
            continue;
        };
        if of == launch {
            continue;
        }
        let mut bytes = Vec::new();
        if let Ok(file) = root.open_work(&name, OFlags::RDONLY)
            && file.take(MAX_SIDECAR).read_to_end(&mut bytes).is_ok()
        {
            for record in bytes.chunks_exact(RECORD) {
                if let (Ok(id), Ok(inode)) = (ObjectId::from_slice(&record[..16]), record[16..].try_into()) {
                    found.insert(id, u64::from_le_bytes(inode));
                }
            }
        }
    }
    found
}
