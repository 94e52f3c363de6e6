//! Signing in at a Windlass server with the browser, before there is a destination on it or when its token has ended.
//!
//! The server says where and with which code ([`begin`]); the person does it there, on whatever device; the server is asked
//! until it answers with a token ([`SignIn::wait`]). Nothing is kept here: the token goes where every token goes, with the
//! destination. What a server says is shown and opened only after a look at it: it may be anybody's (A128).

use std::fmt;
use std::time::Duration;

use tokio::time::Instant;
use windlass_core::error::{ErrorCode, Failure, RetryClass};
use windlass_core::ids::DestinationId;
use windlass_protocol::signin::{SignInState, StartSignIn};
use windlass_protocol::{ControlClient, Endpoint};

use crate::server::address;

/// Between two questions, at least and at most.
const PAUSE: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(60));
/// A code lives no longer, whatever the server says.
const LIFE: Duration = Duration::from_secs(30 * 60);
/// Longest code that is shown.
const MAX_CODE: usize = 64;
/// Longest address that is opened.
const MAX_ADDRESS: usize = 2_048;
/// Longest name of this computer.
const MAX_NAME: usize = 200;

/// A sign-in that waits for a person. `Debug` shows no secret.
pub struct SignIn {
    client: ControlClient,
    handle: String,
    /// The server.
    pub url: String,
    /// Where the person signs in.
    pub address: String,
    /// The same with the code in it, where there is one.
    pub address_with_code: Option<String>,
    /// What the person types there.
    pub code: String,
    /// When the code ends.
    until: Instant,
    pause: Duration,
}

impl fmt::Debug for SignIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignIn")
            .field("url", &self.url)
            .finish_non_exhaustive()
    }
}

/// Somebody signed in. `Debug` shows no token.
pub struct SignedIn {
    /// The token.
    pub token: String,
    /// Who.
    pub owner: String,
    /// When it ends, milliseconds since 1970.
    pub expires_at: Option<i64>,
}

impl fmt::Debug for SignedIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignedIn")
            .field("owner", &self.owner)
            .finish_non_exhaustive()
    }
}

/// The host where people sign in for a server; none where tokens are the only way in.
///
/// # Errors
/// `invalid_field` for what is no address; as the network answers.
pub async fn offer(url: &str) -> Result<Option<String>, Failure> {
    let offer = client(None, &address(url)?, "")?.sign_in_offer().await?;
    Ok(offer.map(|o| o.provider.chars().filter(|c| !c.is_control()).take(255).collect()))
}

/// Begins a sign-in.
///
/// # Errors
/// `invalid_field` for what is no address; `not_found` where people have tokens alone; as the network answers.
pub async fn begin(url: &str) -> Result<SignIn, Failure> {
    let url = address(url)?;
    let client = client(None, &url, "")?;
    let start = StartSignIn {
        name: computer(),
        client_id: None,
    };
    let started = client.start_sign_in(&start).await?;
    let odd = |what: &str| Failure::new(ErrorCode::InvalidField, format!("the server answered {what}"));
    let code = started.user_code;
    if code.is_empty() || code.len() > MAX_CODE || code.chars().any(char::is_control) {
        return Err(odd("with a code that can't be shown"));
    }
    if !is_for_a_browser(&started.verification_uri) {
        return Err(odd("with an address that no browser should open"));
    }
    let whole = started.verification_uri_complete;
    let life = Duration::from_millis(started.expires_in_ms.max(0).unsigned_abs());
    Ok(SignIn {
        client,
        handle: started.handle,
        url,
        address_with_code: whole.filter(|a| is_for_a_browser(a)),
        address: started.verification_uri,
        code,
        until: Instant::now() + life.min(LIFE),
        pause: between(started.interval_ms),
    })
}

impl SignIn {
    /// What a browser is best opened with.
    #[must_use]
    pub fn to_open(&self) -> &str {
        self.address_with_code.as_deref().unwrap_or(&self.address)
    }

    /// Waits until the person is done. A server that is away for a while is asked again until the code ends.
    ///
    /// # Errors
    /// `forbidden` when the person or the server said no, `token_expired` when the code ended.
    ///
    /// # Cancel safety
    /// A cancelled wait may leave a token at the server that nobody has; it ends with its time.
    pub async fn wait(&self) -> Result<SignedIn, Failure> {
        let mut pause = self.pause;
        loop {
            let next = Instant::now() + pause;
            if next >= self.until {
                let why = "the code was not used in time";
                return Err(Failure::new(ErrorCode::TokenExpired, why));
            }
            tokio::time::sleep_until(next).await;
            match self.client.poll_sign_in(&self.handle).await {
                Ok(SignInState::Waiting { interval_ms }) => pause = between(interval_ms),
                Ok(SignInState::Done { token, about, owner }) => {
                    return Ok(SignedIn {
                        token,
                        owner: owner.chars().filter(|c| !c.is_control()).collect(),
                        expires_at: about.expires_at,
                    });
                }
                Err(e) if passes(&e) => {
                    tracing::debug!(error = %e, "the server does not say what became of the sign-in");
                    let asked = between(e.retry_after_ms.unwrap_or(0));
                    pause = self.pause.max(asked);
                }
                Err(e) => return Err(e),
            }
        }
    }
}

/// Gives a token back, by the way of the destination that it is of.
///
/// # Errors
/// As the network answers; one that has ended already is no error.
pub async fn end(of: Option<DestinationId>, url: &str, token: &str) -> Result<(), Failure> {
    match client(of, &address(url)?, token)?.sign_out().await {
        Ok(_) => Ok(()),
        Err(e) if is_over(&e) => Ok(()),
        Err(e) => Err(e),
    }
}

/// Whether a token has ended, is unknown, or was taken back.
fn is_over(e: &Failure) -> bool {
    matches!(
        e.code,
        ErrorCode::Unauthenticated | ErrorCode::TokenExpired | ErrorCode::TokenRevoked
    )
}

fn client(of: Option<DestinationId>, url: &str, token: &str) -> Result<ControlClient, Failure> {
    let endpoint = Endpoint {
        base_url: url.to_owned(),
        token: token.to_owned(),
    };
    ControlClient::of(of, endpoint)
}

fn passes(e: &Failure) -> bool {
    matches!(
        e.code.retry_class(),
        RetryClass::Backoff | RetryClass::When(_) | RetryClass::Now
    )
}

fn between(ms: i64) -> Duration {
    Duration::from_millis(ms.max(0).unsigned_abs()).clamp(PAUSE.0, PAUSE.1)
}

/// TLS, or this computer: a page where people type passwords.
fn is_for_a_browser(text: &str) -> bool {
    let fine = text.len() <= MAX_ADDRESS && text.chars().all(|c| c.is_ascii_graphic());
    let local = |rest: &str| {
        let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
        ["127.0.0.1", "localhost", "[::1]"].contains(&name)
    };
    let has_no_user = |rest: &str| {
        !rest
            .split(['/', '?', '#'])
            .next()
            .unwrap_or_default()
            .contains('@')
    };
    fine && match text.split_once("://") {
        Some(("https", rest)) => !rest.is_empty() && has_no_user(rest),
        Some(("http", rest)) => local(rest),
        _ => false,
    }
}

/// What the token will be known by in the server's list.
fn computer() -> String {
    let about = rustix::system::uname();
    let name: String = about
        .nodename()
        .to_string_lossy()
        .chars()
        .filter(|c| c.is_ascii_graphic())
        .take(MAX_NAME)
        .collect();
    if name.is_empty() {
        "a computer".to_owned()
    } else {
        name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a128_only_addresses_for_people_are_opened() {
        for fine in [
            "https://login.example.com/device?user_code=AB-CD",
            "http://127.0.0.1:8080/device",
            "http://localhost/device",
            "http://[::1]:8080/device",
        ] {
            assert!(is_for_a_browser(fine), "{fine}");
        }
        for bad in [
            "",
            "login.example.com",
            "http://login.example.com/device",
            "http://127.0.0.1.evil.example/",
            "http://localhost@evil.example/",
            "https://login.example.com@evil.example/",
            "file:///etc/passwd",
            "javascript:alert(1)",
            "https://login.example.com/a b",
            "https://login.example.com/\n",
            "-https://x",
            "https://",
        ] {
            assert!(!is_for_a_browser(bad), "{bad}");
        }
        assert!(!is_for_a_browser(&format!("https://x/{}", "a".repeat(3_000))));
    }

    #[test]
    fn a128_a_server_that_wants_to_be_asked_all_the_time_or_never_is_not_obeyed() {
        assert_eq!(between(-5), Duration::from_secs(1));
        assert_eq!(between(i64::MAX), Duration::from_secs(60));
        assert_eq!(between(7_000), Duration::from_secs(7));
    }
}
