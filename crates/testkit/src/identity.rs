//! An identity provider that lies as it is told: every door of OpenID Connect for devices, with answers and keys of the
//! test's own. For one that tells the truth there is a real one in `tests/foreign/oidc`.

use std::io::{BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use anyhow::{Context as _, Result, anyhow};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::http::{Framing, copy_body, read_head};

/// The client that it knows.
pub const CLIENT: &str = "windlass";

enum Pair {
    Ec(EcdsaKeyPair),
    Rsa(Box<RsaKeyPair>),
}

/// A key that signs.
pub struct Key {
    id: String,
    pair: Pair,
}

impl Key {
    /// ES256.
    ///
    /// # Errors
    /// No key can be made.
    pub fn ec(id: &str) -> Result<Self> {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).map_err(|e| anyhow!("{e}"))?;
        Ok(Self {
            id: id.to_owned(),
            pair: Pair::Ec(pair),
        })
    }

    /// RS256.
    ///
    /// # Errors
    /// No key can be made.
    pub fn rsa(id: &str) -> Result<Self> {
        let pair = RsaKeyPair::generate(KeySize::Rsa2048).map_err(|e| anyhow!("{e}"))?;
        Ok(Self {
            id: id.to_owned(),
            pair: Pair::Rsa(Box::new(pair)),
        })
    }

    /// Its name.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The word of its signatures.
    #[must_use]
    pub fn algorithm(&self) -> &'static str {
        match self.pair {
            Pair::Ec(_) => "ES256",
            Pair::Rsa(_) => "RS256",
        }
    }

    /// What everybody may know of it.
    #[must_use]
    pub fn public(&self) -> Value {
        match &self.pair {
            Pair::Ec(pair) => {
                // 4, x, y
                let point = pair.public_key().as_ref();
                let (x, y) = point.get(1..).unwrap_or_default().split_at(32);
                json!({"kty": "EC", "crv": "P-256", "kid": self.id, "use": "sig", "alg": "ES256",
                       "x": coded(x), "y": coded(y)})
            }
            Pair::Rsa(pair) => {
                let (n, e) = (pair.public_key().modulus(), pair.public_key().exponent());
                json!({"kty": "RSA", "kid": self.id, "use": "sig", "alg": "RS256",
                       "n": coded(n.big_endian_without_leading_zero()), "e": coded(e.big_endian_without_leading_zero())})
            }
        }
    }

    /// A token with its own header.
    ///
    /// # Errors
    /// It can't be signed.
    pub fn token(&self, claims: &Value) -> Result<String> {
        self.token_with(
            &json!({"alg": self.algorithm(), "kid": self.id, "typ": "JWT"}),
            claims,
        )
    }

    /// A token with any header.
    ///
    /// # Errors
    /// It can't be signed.
    pub fn token_with(&self, header: &Value, claims: &Value) -> Result<String> {
        let text = unsigned(header, claims);
        let signature = match &self.pair {
            Pair::Ec(pair) => pair
                .sign(&SystemRandom::new(), text.as_bytes())
                .map_err(|e| anyhow!("{e}"))?
                .as_ref()
                .to_vec(),
            Pair::Rsa(pair) => {
                let mut out = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), text.as_bytes(), &mut out)
                    .map_err(|e| anyhow!("{e}"))?;
                out
            }
        };
        Ok(format!("{text}.{}", coded(&signature)))
    }
}

/// Header and claims, without a signature.
#[must_use]
pub fn unsigned(header: &Value, claims: &Value) -> String {
    format!(
        "{}.{}",
        coded(header.to_string().as_bytes()),
        coded(claims.to_string().as_bytes())
    )
}

/// A token that is signed with a shared secret.
///
/// # Errors
/// Never: every secret will do.
pub fn shared(secret: &[u8], header: &Value, claims: &Value) -> Result<String> {
    let text = unsigned(header, claims);
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).context("a secret")?;
    mac.update(text.as_bytes());
    Ok(format!("{text}.{}", coded(&mac.finalize().into_bytes())))
}

fn coded(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// A request as it came.
#[derive(Debug, Clone)]
pub struct Asked {
    /// Without the host.
    pub path: String,
    /// Of its `Authorization` header.
    pub authorization: String,
    /// The fields of its form.
    pub form: Vec<(String, String)>,
}

impl Asked {
    /// A field of its form.
    #[must_use]
    pub fn field(&self, name: &str) -> &str {
        let found = self.form.iter().find(|(known, _)| known == name);
        found.map_or("", |(_, value)| value)
    }
}

struct State {
    about: Value,
    keys: Value,
    token: (u16, Value),
    person: (u16, Value),
    device: Value,
    asked: Vec<Asked>,
}

/// The provider. Ends with the test program.
pub struct Identity {
    issuer: String,
    state: Arc<Mutex<State>>,
}

impl Identity {
    /// Starts one that says `authorization_pending` until it is told otherwise.
    ///
    /// # Errors
    /// No port can be opened.
    pub fn start() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").context("a port")?;
        let issuer = format!("http://{}", listener.local_addr()?);
        let at = |path: &str| format!("{issuer}{path}");
        let state = State {
            about: json!({
                "issuer": issuer,
                "jwks_uri": at("/keys"),
                "token_endpoint": at("/token"),
                "device_authorization_endpoint": at("/device"),
                "userinfo_endpoint": at("/person"),
            }),
            keys: json!({"keys": []}),
            token: pending(),
            person: (404, json!({})),
            device: json!({
                "device_code": "the device's own code",
                "user_code": "WXYZ-1234",
                "verification_uri": at("/enter"),
                "verification_uri_complete": at("/enter?user_code=WXYZ-1234"),
                "expires_in": 600,
                "interval": 1,
            }),
            asked: Vec::new(),
        };
        let state = Arc::new(Mutex::new(state));
        let known = Arc::clone(&state);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let state = Arc::clone(&known);
                // Whoever hangs up has no answer.
                thread::spawn(move || drop(serve(stream, &state)));
            }
        });
        Ok(Self { issuer, state })
    }

    /// Its address.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// Changes what it says about itself.
    pub fn describe(&self, name: &str, value: Value) {
        if let Some(field) = self.state().about.as_object_mut() {
            field.insert(name.to_owned(), value);
        }
    }

    /// Shows these keys from now on.
    pub fn show(&self, keys: &[Value]) {
        self.state().keys = json!({ "keys": keys });
    }

    /// Answers the token endpoint with this from now on.
    pub fn answer(&self, status: u16, body: Value) {
        self.state().token = (status, body);
    }

    /// Answers the token endpoint with an ID token.
    pub fn give(&self, token: &str) {
        let body = json!({"id_token": token, "access_token": "an access token", "token_type": "Bearer"});
        self.answer(200, body);
    }

    /// The person has not done it yet.
    pub fn wait(&self) {
        self.state().token = pending();
    }

    /// Answers the userinfo endpoint with this.
    pub fn tell(&self, status: u16, body: Value) {
        self.state().person = (status, body);
    }

    /// Answers the device endpoint with this.
    pub fn begin(&self, body: Value) {
        self.state().device = body;
    }

    /// What it was asked.
    #[must_use]
    pub fn asked(&self) -> Vec<Asked> {
        self.state().asked.clone()
    }

    /// What the last sign-in has to find in its token.
    #[must_use]
    pub fn nonce(&self) -> String {
        let asked = self.asked();
        let last = asked.iter().rev().find(|a| a.path == "/device");
        last.map_or_else(String::new, |a| a.field("nonce").to_owned())
    }

    /// Claims that are all right, at a time in seconds.
    #[must_use]
    pub fn claims(&self, subject: &str, now: i64) -> Value {
        json!({
            "iss": self.issuer,
            "aud": CLIENT,
            "sub": subject,
            "iat": now,
            "exp": now + 300,
            "nonce": self.nonce(),
            "preferred_username": subject,
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}

fn pending() -> (u16, Value) {
    (400, json!({"error": "authorization_pending"}))
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One request a connection.
fn serve(stream: TcpStream, state: &Mutex<State>) -> Result<()> {
    let mut reader = BufReader::new(&stream);
    let Some(head) = read_head(&mut reader)? else {
        return Ok(());
    };
    let mut body = Vec::new();
    let framing = head.framing_of_request();
    if framing != Framing::Length(0) {
        copy_body(framing, &mut reader, |bytes, is_content| {
            if is_content {
                body.extend_from_slice(bytes);
            }
            Ok(())
        })?;
    }
    let path = head.first.split(' ').nth(1).unwrap_or_default().to_owned();
    let form = url::form_urlencoded::parse(&body).into_owned().collect();
    let (status, answer) = {
        let mut state = lock(state);
        state.asked.push(Asked {
            path: path.clone(),
            authorization: head.header("authorization").unwrap_or_default().to_owned(),
            form,
        });
        match path.as_str() {
            "/.well-known/openid-configuration" => (200, state.about.clone()),
            "/keys" => (200, state.keys.clone()),
            "/device" => (200, state.device.clone()),
            "/token" => state.token.clone(),
            "/person" => state.person.clone(),
            _ => (404, json!({})),
        }
    };
    let text = answer.to_string();
    let head = format!(
        "HTTP/1.1 {status} Told\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        text.len()
    );
    let mut writer = &stream;
    writer.write_all(head.as_bytes())?;
    writer.write_all(text.as_bytes())?;
    Ok(())
}
