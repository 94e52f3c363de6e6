//! Examines an ID token. Pure: keys and the time are handed in.
//!
//! Believed is a token that is signed by a key of the provider with a signature of the list below, that this provider made
//! for this server and for nobody else, in this sign-in, and that is neither too old nor from the future. What a token says
//! about its own keys (`jwk`, `jku`, `x5u`) is not looked at.

use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::jwk::{AlgorithmParameters, Jwk, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde_json::{Map, Value};
use windlass_core::time::Timestamp;

/// Signatures that only the provider can make. None with a shared secret, and never none at all.
const ALGORITHMS: [Algorithm; 9] = [
    Algorithm::RS256,
    Algorithm::RS384,
    Algorithm::RS512,
    Algorithm::PS256,
    Algorithm::PS384,
    Algorithm::PS512,
    Algorithm::ES256,
    Algorithm::ES384,
    Algorithm::EdDSA,
];
/// So far apart clocks may be, in seconds.
const LEEWAY: i64 = 60;
/// Longest token that is looked at.
const MAX_BYTES: usize = 64 << 10;
/// Longest name of a person at a provider, by the standard.
const MAX_SUBJECT: usize = 255;

/// What a token has to say.
#[derive(Debug, Clone, Copy)]
pub struct Expected<'a> {
    /// Who made it.
    pub issuer: &'a str,
    /// For whom.
    pub client_id: &'a str,
    /// In which sign-in.
    pub nonce: &'a str,
    /// The time.
    pub now: Timestamp,
}

/// What a believed token says.
#[derive(Debug, Clone, PartialEq)]
pub struct Claims {
    /// What the provider calls the person.
    pub subject: String,
    /// All of it.
    pub all: Map<String, Value>,
}

/// Why a token is not believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Rejected {
    /// No key of the provider made it, as far as its keys are known; they may have changed.
    #[error("no key of the provider has signed it")]
    Key,
    /// Whatever keys there are.
    #[error("{0}")]
    Token(&'static str),
}

/// Reads keys one by one, so that one of an unknown kind hides no other.
#[must_use]
pub fn keys(set: &[Value]) -> Vec<Jwk> {
    let one = |key: &Value| serde_json::from_value(key.clone()).ok();
    set.iter().filter_map(one).filter(signs).collect()
}

/// Whether a key is for signatures that only its holder makes.
fn signs(key: &Jwk) -> bool {
    let is_for_it = matches!(key.common.public_key_use, None | Some(PublicKeyUse::Signature));
    let is_public = matches!(
        key.algorithm,
        AlgorithmParameters::RSA(_)
            | AlgorithmParameters::EllipticCurve(_)
            | AlgorithmParameters::OctetKeyPair(_)
    );
    is_for_it && is_public
}

/// Examines a token.
///
/// # Errors
/// Why it is not believed.
pub fn examine(token: &str, keys: &[Jwk], expected: &Expected<'_>) -> Result<Claims, Rejected> {
    if token.len() > MAX_BYTES {
        return Err(Rejected::Token("it is too long"));
    }
    // `none` is no algorithm that is known here, so such a header can't be read at all.
    let header = decode_header(token).map_err(|_| Rejected::Token("its header is none that is known"))?;
    if !ALGORITHMS.contains(&header.alg) {
        return Err(Rejected::Token("its signature is of a kind that is not taken"));
    }
    if header.crit.is_some() {
        return Err(Rejected::Token("it wants something that is not known here"));
    }
    let fits = |key: &&Jwk| {
        let named = header.kid.is_none() || key.common.key_id == header.kid;
        let made_for = key.common.key_algorithm.as_ref();
        named && made_for.is_none_or(|alg| alg.to_string() == format!("{:?}", header.alg))
    };
    let mut rejected = Rejected::Key;
    for key in keys.iter().filter(fits) {
        match with_key(token, key, header.alg, expected) {
            Ok(all) => return in_time(all, expected),
            Err(Rejected::Key) => {}
            Err(other) => rejected = other,
        }
    }
    Err(rejected)
}

fn with_key(
    token: &str,
    key: &Jwk,
    algorithm: Algorithm,
    expected: &Expected<'_>,
) -> Result<Map<String, Value>, Rejected> {
    let key = DecodingKey::from_jwk(key).map_err(|_| Rejected::Key)?;
    // A key of one kind with a signature of another: asked for here, so that no library has to.
    if key.family() != algorithm.family() {
        return Err(Rejected::Key);
    }
    let mut wanted = Validation::new(algorithm);
    wanted.set_issuer(&[expected.issuer]);
    wanted.set_audience(&[expected.client_id]);
    wanted.set_required_spec_claims(&["iss", "aud", "exp", "sub"]);
    // By the clock of the server, below.
    wanted.validate_exp = false;
    let data = decode::<Map<String, Value>>(token, &key, &wanted).map_err(|e| match e.kind() {
        ErrorKind::InvalidIssuer => Rejected::Token("another provider made it"),
        ErrorKind::InvalidAudience => Rejected::Token("it is for somebody else"),
        ErrorKind::MissingRequiredClaim(_) => Rejected::Token("it lacks iss, aud, exp or sub"),
        ErrorKind::InvalidSignature
        | ErrorKind::InvalidKeyFormat
        | ErrorKind::InvalidAlgorithm
        | ErrorKind::InvalidRsaKey(_)
        | ErrorKind::InvalidEcdsaKey
        | ErrorKind::UnsupportedAlgorithm => Rejected::Key,
        _ => Rejected::Token("it can't be read"),
    })?;
    Ok(data.claims)
}

fn in_time(all: Map<String, Value>, expected: &Expected<'_>) -> Result<Claims, Rejected> {
    let now = expected.now.as_millis().div_euclid(1_000);
    let second = |name: &str| all.get(name).map(|v| v.as_f64().map(|s| s as i64));
    match second("exp") {
        Some(Some(at)) if at > now.saturating_sub(LEEWAY) => {}
        _ => return Err(Rejected::Token("it has expired")),
    }
    for name in ["nbf", "iat"] {
        match second(name) {
            None if name == "nbf" => {}
            Some(Some(at)) if at <= now.saturating_add(LEEWAY) => {}
            _ => {
                return Err(Rejected::Token(
                    "it is from the future, or does not say when it was made",
                ));
            }
        }
    }
    let authorized = all.get("azp");
    let is_for_many = all
        .get("aud")
        .and_then(Value::as_array)
        .is_some_and(|a| a.len() > 1);
    if authorized.is_some_and(|azp| azp != expected.client_id) || (is_for_many && authorized.is_none()) {
        return Err(Rejected::Token("it was given to somebody else"));
    }
    // Sent with every sign-in. Providers that know none for devices leave it out; another one is another sign-in.
    if all.get("nonce").is_some_and(|nonce| nonce != expected.nonce) {
        return Err(Rejected::Token("it belongs to another sign-in"));
    }
    let subject = all.get("sub").and_then(Value::as_str).unwrap_or_default();
    if subject.is_empty() || subject.len() > MAX_SUBJECT {
        return Err(Rejected::Token("it names nobody"));
    }
    Ok(Claims {
        subject: subject.to_owned(),
        all,
    })
}
