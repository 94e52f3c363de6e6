//! Permissions to write a part into a folder, or to read an object of it: a URL with an HMAC over all that it allows (A40).
//!
//! The key is of this launch, so a URL to write ends with the program that signed it: only that one knows who else writes.
//! URLs to read may have a key that replicas share and that outlives a start. Comparing takes the same time for every wrong
//! signature (A41).

use aws_lc_rs::hmac;
use windlass_core::error::{ErrorCode, Failure};
use windlass_core::ids::{DestinationId, ObjectId};
use windlass_core::time::Timestamp;
use windlass_core::units::{Crc64Nvme, PartNumber};

use crate::text::hex;

/// Signs and checks URLs of parts.
pub struct BlobSigner {
    key: hmac::Key,
    reading: hmac::Key,
    base_url: String,
}

/// What a URL allows: to PUT these bytes there, until then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BlobGrant {
    /// Destination.
    pub destination: DestinationId,
    /// Object.
    pub object: ObjectId,
    /// Part.
    pub part: PartNumber,
    /// Bytes.
    pub len: u64,
    /// CRC of the bytes; none: whatever bytes come.
    pub crc64: Option<Crc64Nvme>,
    /// Until when.
    pub expires: Timestamp,
}

/// What a URL to read allows: to GET this object, until then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadGrant {
    /// Destination.
    pub destination: DestinationId,
    /// Object.
    pub object: ObjectId,
    /// Until when.
    pub expires: Timestamp,
}

/// The query of a URL, as it came. That of a URL to read has no fields of a part.
#[derive(Default)]
pub struct BlobQuery {
    d: String,
    part: String,
    len: String,
    crc64: String,
    exp: String,
    sig: String,
}

impl BlobQuery {
    /// From the text after `?`: each field once, and no other.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut query = Self::default();
        for pair in text.split('&') {
            let (name, value) = pair.split_once('=')?;
            let field = match name {
                "d" => &mut query.d,
                "part" => &mut query.part,
                "len" => &mut query.len,
                "crc64" => &mut query.crc64,
                "exp" => &mut query.exp,
                "sig" => &mut query.sig,
                _ => return None,
            };
            if value.is_empty() || !std::mem::replace(field, value.to_owned()).is_empty() {
                return None;
            }
        }
        Some(query)
    }
}

impl BlobSigner {
    /// A signer with the secret of a launch; `base_url` is where the routes are.
    #[must_use]
    pub fn new(secret: &[u8; 32], base_url: String) -> Self {
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
        Self {
            reading: key.clone(),
            key,
            base_url,
        }
    }

    /// The same with a key of its own for URLs to read.
    #[must_use]
    pub fn reading_with(self, secret: &[u8; 32]) -> Self {
        Self {
            reading: hmac::Key::new(hmac::HMAC_SHA256, secret),
            ..self
        }
    }

    /// Where the routes are.
    #[must_use]
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// The URL for a grant.
    #[must_use]
    pub fn url(&self, grant: &BlobGrant) -> String {
        let sig = hmac::sign(&self.key, message(grant).as_bytes());
        let sig = hex(sig.as_ref());
        format!(
            "{}/v1/blob/{}?d={}&part={}&len={}&crc64={}&exp={}&sig={sig}",
            self.base_url,
            grant.object,
            grant.destination,
            grant.part,
            grant.len,
            crc_word(grant.crc64),
            grant.expires.as_millis()
        )
    }

    /// What a URL allows, when this launch signed it and its time has not passed.
    ///
    /// # Errors
    /// `url_signature` unless every field is as it was signed; then `url_expired`.
    pub fn check(&self, object: &str, query: &BlobQuery, now: Timestamp) -> Result<BlobGrant, Failure> {
        let refused = || Failure::new(ErrorCode::UrlSignature, "not a URL that this launch signed");
        let grant = parse(object, query).ok_or_else(refused)?;
        let sig = unhex(&query.sig).ok_or_else(refused)?;
        // INVARIANT: what is checked is what was parsed, written anew; so there is one text for each grant.
        hmac::verify(&self.key, message(&grant).as_bytes(), &sig).map_err(|_| refused())?;
        if now >= grant.expires {
            return Err(Failure::new(ErrorCode::UrlExpired, "the URL has expired"));
        }
        Ok(grant)
    }
}

impl BlobSigner {
    /// The URL for a grant to read.
    #[must_use]
    pub fn read_url(&self, grant: &ReadGrant) -> String {
        let sig = hmac::sign(&self.reading, read_message(grant).as_bytes());
        let sig = hex(sig.as_ref());
        format!(
            "{}/v1/blob/{}?d={}&exp={}&sig={sig}",
            self.base_url,
            grant.object,
            grant.destination,
            grant.expires.as_millis()
        )
    }

    /// What a URL to read allows, when this launch signed it and its time has not passed.
    ///
    /// # Errors
    /// As [`BlobSigner::check`].
    pub fn check_read(&self, object: &str, query: &BlobQuery, now: Timestamp) -> Result<ReadGrant, Failure> {
        let refused = || Failure::new(ErrorCode::UrlSignature, "not a URL that this launch signed");
        let is_read = query.part.is_empty() && query.len.is_empty() && query.crc64.is_empty();
        let parsed = || {
            Some(ReadGrant {
                destination: query.d.parse().ok()?,
                object: object.parse().ok()?,
                expires: Timestamp::from_millis(query.exp.parse().ok()?),
            })
        };
        let grant = parsed().filter(|_| is_read).ok_or_else(refused)?;
        let sig = unhex(&query.sig).ok_or_else(refused)?;
        hmac::verify(&self.reading, read_message(&grant).as_bytes(), &sig).map_err(|_| refused())?;
        if now >= grant.expires {
            return Err(Failure::new(ErrorCode::UrlExpired, "the URL has expired"));
        }
        Ok(grant)
    }
}

fn read_message(g: &ReadGrant) -> String {
    format!(
        "windlass-blob-1\nGET\n{}\n{}\n{}",
        g.destination,
        g.object,
        g.expires.as_millis()
    )
}

/// Stands for a checksum that nobody told.
const ANY: &str = "any";

fn crc_word(crc64: Option<Crc64Nvme>) -> String {
    crc64.map_or_else(|| ANY.to_owned(), |c| format!("{:016x}", c.0))
}

fn message(g: &BlobGrant) -> String {
    format!(
        "windlass-blob-1\nPUT\n{}\n{}\n{}\n{}\n{}\n{}",
        g.destination,
        g.object,
        g.part,
        g.len,
        crc_word(g.crc64),
        g.expires.as_millis()
    )
}

fn parse(object: &str, q: &BlobQuery) -> Option<BlobGrant> {
    Some(BlobGrant {
        destination: q.d.parse().ok()?,
        object: object.parse().ok()?,
        part: q.part.parse::<u32>().ok()?.try_into().ok()?,
        len: q.len.parse().ok()?,
        crc64: match q.crc64.as_str() {
            ANY => None,
            hex => Some(Crc64Nvme(u64::from_str_radix(hex, 16).ok()?)),
        },
        expires: Timestamp::from_millis(q.exp.parse().ok()?),
    })
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    if text.len() != 64 || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    (0..64)
        .step_by(2)
        .map(|i| u8::from_str_radix(&text[i..i + 2], 16).ok())
        .collect()
}
