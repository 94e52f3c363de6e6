//! The record beside an unfinished file: which of its parts were written.
//!
//! The sidecar `ID.parts` has one line a part, `n size crc64`, appended after the data was written; `n -` takes one back.
//! Only files of several parts have one. A line that was cut counts as not written.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};

use rustix::fs::OFlags;
use rustix::io::Errno;
use windlass_core::error::Failure;
use windlass_core::ids::ObjectId;
use windlass_core::units::{Crc64Nvme, PartNumber};

use super::root::Root;
use super::slots::{Slot, Written, sidecar_name};
use crate::failure::folder_failure;

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
