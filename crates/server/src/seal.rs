//! Secrets that have to be read again, sealed so that the database alone gives none away: the secrets of webhooks. Keys of
//! other purposes that replicas share are made of the same one.
//!
//! The key is a setting, or a file in the data folder that is made at the first start. Replicas on one database need the
//! same one.

use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use windlass_core::error::{ErrorCode, Failure};

use crate::clock::{World, random};
use crate::failure::{home_failure, internal};

/// The key's file in the data folder.
const FILE: &str = "seal.key";

/// What seals and opens. `Debug` shows nothing.
pub struct Seal {
    key: LessSafeKey,
    mac: hmac::Key,
}

impl std::fmt::Debug for Seal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Seal(…)")
    }
}

/// A key as it is written down: base64 of 32 bytes.
///
/// # Errors
/// What it is instead, as the end of a sentence.
pub fn parse_key(text: &str) -> Result<[u8; 32], String> {
    let bytes = STANDARD.decode(text.trim()).unwrap_or_default();
    bytes
        .try_into()
        .map_err(|_| "no base64 of 32 bytes, as `openssl rand -base64 32` makes it".to_owned())
}

impl Seal {
    /// With a key.
    ///
    /// # Errors
    /// Never for 32 bytes.
    pub fn new(key: &[u8; 32]) -> Result<Self, Failure> {
        Ok(Self {
            key: LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key).map_err(internal)?),
            mac: hmac::Key::new(hmac::HMAC_SHA256, key),
        })
    }

    /// A key for another purpose, the same for all who have this one.
    #[must_use]
    pub fn derived(&self, purpose: &[u8]) -> [u8; 32] {
        let mut key = [0; 32];
        key.copy_from_slice(hmac::sign(&self.mac, purpose).as_ref());
        key
    }

    /// With the key of a data folder, which is made when there is none. Blocks.
    ///
    /// # Errors
    /// As the disk answers.
    pub fn of_home(home: &Path, world: &dyn World) -> Result<Self, Failure> {
        let path = home.join(FILE);
        let failed = |e: std::io::Error| home_failure("the key of the data folder can't be used", &e);
        match std::fs::read_to_string(&path) {
            Ok(text) => {
                let key = parse_key(&text)
                    .map_err(|why| Failure::new(ErrorCode::InvalidField, format!("{FILE} is {why}")))?;
                Self::new(&key)
            }
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
                let key: [u8; 32] = random(world)?;
                let mut file = std::fs::OpenOptions::new()
                    .write(true)
                    .create_new(true)
                    .mode(0o600)
                    .open(&path)
                    .map_err(failed)?;
                file.write_all(STANDARD.encode(key).as_bytes()).map_err(failed)?;
                file.sync_all().map_err(failed)?;
                Self::new(&key)
            }
            Err(e) => Err(failed(e)),
        }
    }

    /// Seals a secret for one purpose; for another one it does not open.
    ///
    /// # Errors
    /// When the system has no random bytes to give.
    pub fn seal(&self, purpose: &[u8], secret: &[u8], world: &dyn World) -> Result<Vec<u8>, Failure> {
        let nonce: [u8; NONCE_LEN] = random(world)?;
        let mut sealed = secret.to_vec();
        self.key
            .seal_in_place_append_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(purpose),
                &mut sealed,
            )
            .map_err(internal)?;
        Ok([&nonce[..], &sealed].concat())
    }

    /// Opens what was sealed for this purpose.
    ///
    /// # Errors
    /// `storage_credentials` when it was sealed with another key.
    pub fn open(&self, purpose: &[u8], sealed: &[u8]) -> Result<Vec<u8>, Failure> {
        let other = || {
            let what = "a stored secret was sealed with another key: set seal-key as it was on the server that made it";
            Failure::new(ErrorCode::StorageCredentials, what)
        };
        let (nonce, text) = sealed.split_at_checked(NONCE_LEN).ok_or_else(other)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| other())?;
        let mut text = text.to_vec();
        let len = self
            .key
            .open_in_place(nonce, Aad::from(purpose), &mut text)
            .map_err(|_| other())?
            .len();
        text.truncate(len);
        Ok(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SystemWorld;

    #[test]
    fn what_is_sealed_opens_with_the_same_key_for_the_same_purpose_only() {
        let (a, b) = (
            Seal::new(&[1; 32]).expect("a key"),
            Seal::new(&[2; 32]).expect("a key"),
        );
        let sealed = a.seal(b"hook 1", b"secret", &SystemWorld).expect("sealed");
        assert!(!sealed.windows(6).any(|w| w == b"secret"));
        assert_eq!(a.open(b"hook 1", &sealed), Ok(b"secret".to_vec()));
        assert!(a.open(b"hook 2", &sealed).is_err());
        assert!(b.open(b"hook 1", &sealed).is_err());
        assert!(a.open(b"hook 1", &sealed[..5]).is_err());
    }
}
