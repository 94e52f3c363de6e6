//! Reading in steps, hashing what was read.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;

use windlass_core::checksum::Crc64;
use windlass_core::limits::READ_STEP_BYTES;
use windlass_core::units::Crc64Nvme;
use windlass_transfer::hash::ContentHash;

/// Fills `into` from a place of a file, step by step, counting the hashes on the way.
pub(super) fn read(
    file: &File,
    offset: u64,
    into: &mut [u8],
    mut hash: Option<&mut ContentHash>,
) -> io::Result<Crc64Nvme> {
    let mut crc = Crc64::default();
    let mut at = offset;
    for step in into.chunks_mut(READ_STEP_BYTES) {
        file.read_exact_at(step, at)?;
        at += step.len() as u64;
        crc.update(step);
        if let Some(hash) = hash.as_deref_mut() {
            hash.update(step);
        }
    }
    Ok(crc.finish())
}
