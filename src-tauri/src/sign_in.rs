//! Sign-ins at servers that wait for the person, or are done and wait for their destination.
//!
//! The page knows each by its number alone. Its token stays here: the form of a destination says `signed-in:NUMBER` in its
//! place, and the token goes from here to the engine (A136). What is not used ends with the program; a sign-in that the
//! person breaks off is forgotten.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio_util::sync::CancellationToken;
use windlass_core::error::{ErrorCode, Failure};
use windlass_engine::sign_in::SignIn;
use windlass_engine::view::NewDestination;

/// Begins what the form says in the place of a token.
const SIGNED_IN: &str = "signed-in:";
/// Sign-ins that are remembered; the oldest goes first.
const MOST: usize = 16;

enum State {
    /// The person has not done it yet.
    Waiting(Arc<SignIn>, CancellationToken),
    /// The token and the server that it is for.
    Done { url: String, token: String },
}

/// All of this run. `Debug` shows none.
#[derive(Default)]
pub(crate) struct SignIns(Mutex<(u32, BTreeMap<u32, State>)>);

impl std::fmt::Debug for SignIns {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SignIns")
    }
}

impl SignIns {
    /// Takes one in; answers its number.
    pub(crate) fn begun(&self, sign_in: SignIn) -> (u32, Arc<SignIn>) {
        let sign_in = Arc::new(sign_in);
        let mut all = self.all();
        all.0 = all.0.wrapping_add(1);
        let number = all.0;
        all.1.insert(
            number,
            State::Waiting(Arc::clone(&sign_in), CancellationToken::new()),
        );
        while all.1.len() > MOST {
            if let Some((_, State::Waiting(_, ended))) = all.1.pop_first() {
                ended.cancel();
            }
        }
        (number, sign_in)
    }

    /// One that waits.
    ///
    /// # Errors
    /// `not_found`.
    pub(crate) fn waiting(&self, number: u32) -> Result<(Arc<SignIn>, CancellationToken), Failure> {
        match self.all().1.get(&number) {
            Some(State::Waiting(sign_in, ended)) => Ok((Arc::clone(sign_in), ended.clone())),
            _ => Err(gone()),
        }
    }

    /// The person is done. False when it was broken off meanwhile.
    pub(crate) fn done(&self, number: u32, token: String) -> bool {
        let mut all = self.all();
        let Some(State::Waiting(sign_in, _)) = all.1.get(&number) else {
            return false;
        };
        let url = sign_in.url.clone();
        all.1.insert(number, State::Done { url, token });
        true
    }

    /// Breaks one off.
    pub(crate) fn forget(&self, number: u32) {
        if let Some(State::Waiting(_, ended)) = self.all().1.remove(&number) {
            ended.cancel();
        }
    }

    /// The form with its token in it. A token goes to the server that it is of, and to no other (A64).
    ///
    /// # Errors
    /// `not_found` for a sign-in that is none, `invalid_field` for another server.
    pub(crate) fn filled(&self, mut form: NewDestination) -> Result<NewDestination, Failure> {
        let Some(server) = &mut form.server else {
            return Ok(form);
        };
        let Some(number) = server.token.strip_prefix(SIGNED_IN) else {
            return Ok(form);
        };
        let number: u32 = number.parse().map_err(|_| gone())?;
        let all = self.all();
        let Some(State::Done { url, token }) = all.1.get(&number) else {
            return Err(gone());
        };
        if server.url.trim().trim_end_matches('/') != url {
            let why = "this sign-in is for another server";
            return Err(Failure::new(ErrorCode::InvalidField, why));
        }
        server.token.clone_from(token);
        drop(all);
        Ok(form)
    }

    fn all(&self) -> MutexGuard<'_, (u32, BTreeMap<u32, State>)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn gone() -> Failure {
    Failure::new(ErrorCode::NotFound, "this sign-in is over; begin it again")
}
