//! CRC-64/NVME: of a part while it is read, of the whole by combining its parts.

use crate::units::Crc64Nvme;
use crc_fast::{CrcAlgorithm, Digest, checksum_combine};

/// Counts a CRC while bytes go by.
pub struct Crc64 {
    digest: Digest,
}

impl Default for Crc64 {
    fn default() -> Self {
        Self {
            digest: Digest::new(CrcAlgorithm::Crc64Nvme),
        }
    }
}

impl Crc64 {
    /// Takes the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.digest.update(bytes);
    }

    /// The CRC of all bytes so far.
    #[must_use]
    pub fn finish(&self) -> Crc64Nvme {
        Crc64Nvme(self.digest.finalize())
    }
}

/// The CRC of some bytes.
#[must_use]
pub fn crc64(bytes: &[u8]) -> Crc64Nvme {
    let mut c = Crc64::default();
    c.update(bytes);
    c.finish()
}

/// The CRC of the whole from its parts in order, each with its length, without reading a byte.
pub fn combine<I: IntoIterator<Item = (Crc64Nvme, u64)>>(parts: I) -> Crc64Nvme {
    let mut parts = parts.into_iter();
    let Some((first, _)) = parts.next() else {
        return crc64(b"");
    };
    parts.fold(first, |whole, (part, len)| {
        Crc64Nvme(checksum_combine(CrcAlgorithm::Crc64Nvme, whole.0, part.0, len))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_check_value_of_the_catalogue_holds() {
        // Check value of CRC-64/NVME for "123456789" in the catalogue of parametrised CRC algorithms.
        assert_eq!(crc64(b"123456789").0, 0xae8b_1486_0a79_9888);
    }

    proptest! {
        #[test]
        fn combining_parts_equals_the_whole(data in proptest::collection::vec(any::<u8>(), 0..5_000), cut in 1usize..900) {
            let parts = data.chunks(cut).map(|c| (crc64(c), c.len() as u64));
            prop_assert_eq!(combine(parts), crc64(&data));
        }
    }
}
