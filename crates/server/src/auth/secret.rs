//! Secrets of tokens: 32 random bytes behind a prefix by which a scanner knows them. Only their SHA-256 is kept.

use std::fmt;

use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use windlass_core::error::Failure;

use crate::clock::{World, random};

/// Begins a token that this server made.
pub const TOKEN_PREFIX: &str = "wl_";
/// Begins a secret that an anonymous client made.
pub const ANONYMOUS_PREFIX: &str = "wla_";
/// 32 bytes in base64 without padding.
const TEXT: usize = 43;

/// What of a token is kept.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TokenHash(pub [u8; 32]);

impl fmt::Debug for TokenHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenHash(…)")
    }
}

/// Who made a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Maker {
    /// This server.
    Server,
    /// An anonymous client.
    Client,
}

/// A token's text with what is kept of it. Neither is shown by `Debug`.
pub struct TokenSecret {
    /// Told once.
    pub text: String,
    /// Kept.
    pub hash: TokenHash,
}

impl fmt::Debug for TokenSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenSecret(…)")
    }
}

impl TokenSecret {
    /// A new one.
    ///
    /// # Errors
    /// When the system has no random bytes to give.
    pub fn make(world: &dyn World) -> Result<Self, Failure> {
        let bytes: [u8; 32] = random(world)?;
        let text = format!("{TOKEN_PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes));
        let hash = hash(&text);
        Ok(Self { text, hash })
    }
}

/// A secret as it came: who made it, and its hash. `None` for a text that is no secret, of which nothing is looked up.
#[must_use]
pub fn read(text: &[u8]) -> Option<(Maker, TokenHash)> {
    let text = std::str::from_utf8(text).ok()?;
    let (maker, bytes) = match text.strip_prefix(ANONYMOUS_PREFIX) {
        Some(rest) => (Maker::Client, rest),
        None => (Maker::Server, text.strip_prefix(TOKEN_PREFIX)?),
    };
    if bytes.len() != TEXT || URL_SAFE_NO_PAD.decode(bytes).ok()?.len() != 32 {
        return None;
    }
    Some((maker, hash(text)))
}

fn hash(text: &str) -> TokenHash {
    let mut out = [0; 32];
    out.copy_from_slice(digest::digest(&digest::SHA256, text.as_bytes()).as_ref());
    TokenHash(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SystemWorld;

    #[test]
    fn a061_a_secret_has_256_bits_a_known_beginning_and_no_debug() {
        let one = TokenSecret::make(&SystemWorld).unwrap();
        let two = TokenSecret::make(&SystemWorld).unwrap();
        assert!(one.text.starts_with("wl_") && one.text.len() == 46 && one.text != two.text);
        assert_eq!(read(one.text.as_bytes()), Some((Maker::Server, one.hash)));
        for shown in [format!("{one:?}"), format!("{:?}", one.hash)] {
            assert!(!shown.contains(&one.text[3..9]));
        }
    }

    #[test]
    fn only_the_shape_of_a_secret_is_looked_up() {
        let bytes = "A".repeat(43);
        assert!(matches!(
            read(format!("wla_{bytes}").as_bytes()),
            Some((Maker::Client, _))
        ));
        for bad in [
            String::new(),
            "wl_".into(),
            format!("wl_{bytes}A"),
            format!("wl_{}", &bytes[1..]),
            format!("WL_{bytes}"),
            format!("wl_{}+", &bytes[1..]),
            format!("wl_{} ", &bytes[1..]),
            "x".repeat(100_000),
        ] {
            assert_eq!(read(bad.as_bytes()), None, "{}", bad.len());
        }
    }
}
