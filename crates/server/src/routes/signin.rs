//! Sign-in with an identity provider, for clients that have no token yet.

use axum::extract::State;
use windlass_core::error::ErrorCode;
use windlass_protocol::signin::{PollSignIn, SignInOffer, SignInStarted, SignInState, StartSignIn};

use super::Site;
use super::wire::{From, Json, Problems};
use crate::failure::Refusal;
use crate::oidc::SignIn;

pub(super) async fn offer(State(site): State<Site>) -> Result<Json<SignInOffer>, Problems> {
    Ok(Json(of(&site)?.offer()))
}

pub(super) async fn start(
    State(site): State<Site>,
    From(from): From,
    Json(wanted): Json<StartSignIn>,
) -> Result<Json<SignInStarted>, Problems> {
    Ok(Json(of(&site)?.start(wanted, from).await?))
}

pub(super) async fn poll(
    State(site): State<Site>,
    From(from): From,
    Json(asked): Json<PollSignIn>,
) -> Result<Json<SignInState>, Problems> {
    Ok(Json(of(&site)?.poll(&asked.handle, from).await?))
}

fn of(site: &Site) -> Result<&SignIn, Refusal> {
    site.sign_in.as_deref().ok_or_else(|| {
        let what = "people sign in with tokens here; whoever runs the server makes them";
        Refusal::new(ErrorCode::NotFound, what)
    })
}
