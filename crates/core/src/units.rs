//! Values that must not be taken for one another.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::str::FromStr;

/// A text was not the value it should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a {kind}: {text:?}")]
pub struct UnitError {
    /// What it should have been.
    pub kind: &'static str,
    /// The beginning of what it was.
    pub text: String,
}

fn bad(kind: &'static str, text: &str) -> UnitError {
    UnitError {
        kind,
        text: text.chars().take(80).collect(),
    }
}

/// SHA-256 of a whole file: its identity. Hex as text.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sha256(pub [u8; 32]);

impl Sha256 {
    /// Of no bytes at all (FIPS 180-4).
    pub const OF_NOTHING: Self = Self([
        0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4, 0xc8, 0x99, 0x6f, 0xb9, 0x24, 0x27,
        0xae, 0x41, 0xe4, 0x64, 0x9b, 0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55,
    ]);

    /// Standard base64, as storage headers want it.
    #[must_use]
    pub fn to_base64(&self) -> String {
        STANDARD.encode(self.0)
    }

    /// From the base64 of a storage header.
    ///
    /// # Errors
    /// When it is not the base64 of 32 bytes.
    pub fn from_base64(s: &str) -> Result<Self, UnitError> {
        STANDARD
            .decode(s)
            .ok()
            .and_then(|b| b.try_into().ok())
            .map(Self)
            .ok_or_else(|| bad("SHA-256", s))
    }
}

impl fmt::Display for Sha256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|b| write!(f, "{b:02x}"))
    }
}

impl fmt::Debug for Sha256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sha256({self})")
    }
}

impl FromStr for Sha256 {
    type Err = UnitError;
    fn from_str(s: &str) -> Result<Self, UnitError> {
        let raw = s.as_bytes();
        if raw.len() != 64 {
            return Err(bad("SHA-256", s));
        }
        let nibble = |c: u8| (c as char).to_digit(16).map(|d| d as u8);
        let mut out = [0u8; 32];
        for (byte, pair) in out.iter_mut().zip(raw.chunks_exact(2)) {
            match (nibble(pair[0]), nibble(pair[1])) {
                (Some(high), Some(low)) => *byte = high << 4 | low,
                _ => return Err(bad("SHA-256", s)),
            }
        }
        Ok(Self(out))
    }
}

/// CRC-64/NVME of a part or of a whole: what storage checks. Base64 of the 8 big-endian bytes as text.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Crc64Nvme(pub u64);

impl Crc64Nvme {
    /// The 8 bytes, big-endian, as stored.
    #[must_use]
    pub fn to_bytes(self) -> [u8; 8] {
        self.0.to_be_bytes()
    }

    /// From 8 stored bytes.
    ///
    /// # Errors
    /// When there are not exactly 8.
    pub fn from_slice(bytes: &[u8]) -> Result<Self, UnitError> {
        bytes
            .try_into()
            .map(|b| Self(u64::from_be_bytes(b)))
            .map_err(|_| bad("CRC-64", &format!("{} bytes", bytes.len())))
    }
}

impl fmt::Display for Crc64Nvme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&STANDARD.encode(self.to_bytes()))
    }
}

impl fmt::Debug for Crc64Nvme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Crc64Nvme({self})")
    }
}

impl FromStr for Crc64Nvme {
    type Err = UnitError;
    fn from_str(s: &str) -> Result<Self, UnitError> {
        STANDARD
            .decode(s)
            .ok()
            .and_then(|b| Self::from_slice(&b).ok())
            .ok_or_else(|| bad("CRC-64", s))
    }
}

macro_rules! serde_as_text {
    ($name:ident) => {
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
                s.collect_str(self)
            }
        }
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                std::borrow::Cow::<'de, str>::deserialize(d)?
                    .parse()
                    .map_err(serde::de::Error::custom)
            }
        }
    };
}
serde_as_text!(Sha256);
serde_as_text!(Crc64Nvme);

/// What storage returned for a part or an object, byte for byte, quotes included. A handle; it proves nothing (F89).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ETag(pub String);

/// Number of a part, 1 to 10,000 (the S3 limit).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
pub struct PartNumber(u16);

impl PartNumber {
    /// The first part.
    pub const FIRST: Self = Self(1);

    /// The number, from 1.
    #[must_use]
    pub const fn get(self) -> u32 {
        self.0 as u32
    }

    /// Place from 0.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize - 1
    }

    /// From a place from 0.
    ///
    /// # Errors
    /// Beyond part 10,000.
    pub fn from_index(index: usize) -> Result<Self, UnitError> {
        u32::try_from(index)
            .ok()
            .and_then(|i| i.checked_add(1))
            .ok_or_else(|| bad("part number", "too large"))
            .and_then(Self::try_from)
    }
}

impl TryFrom<u32> for PartNumber {
    type Error = UnitError;
    fn try_from(n: u32) -> Result<Self, UnitError> {
        match u16::try_from(n) {
            Ok(v @ 1..=10_000) => Ok(Self(v)),
            Ok(_) | Err(_) => Err(bad("part number", &n.to_string())),
        }
    }
}

impl From<PartNumber> for u32 {
    fn from(n: PartNumber) -> u32 {
        n.get()
    }
}

impl fmt::Display for PartNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for PartNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_round_trip_and_nonsense_is_refused() {
        let h = Sha256([0xab; 32]);
        assert_eq!(h.to_string().parse::<Sha256>(), Ok(h));
        assert_eq!(Sha256::from_base64(&h.to_base64()), Ok(h));
        assert!("zz".repeat(32).parse::<Sha256>().is_err());
        assert!("é".repeat(32).parse::<Sha256>().is_err());
        let c = Crc64Nvme(0x0123_4567_89ab_cdef);
        assert_eq!(c.to_string().parse::<Crc64Nvme>(), Ok(c));
        assert!("AAAA".parse::<Crc64Nvme>().is_err());
        assert!(PartNumber::try_from(0).is_err());
        assert!(PartNumber::try_from(10_001).is_err());
        assert_eq!(PartNumber::from_index(9_999).map(PartNumber::get), Ok(10_000));
    }
}
