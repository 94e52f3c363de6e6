//! Sign-in with an identity provider: against a certified one that nobody here wrote, and against one that lies.
#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a test that can't go on says so, also from a helper function"
)]

#[path = "../serve/support.rs"]
#[expect(
    dead_code,
    reason = "shared with the tests of the server, which use all of it"
)]
mod support;

mod hostile;
mod provider;
mod real;
mod settings;

use reqwest::Response;
use serde_json::{Value, json};
use windlass_protocol::signin::{SignInStarted, SignInState, StartSignIn};

use crate::support::{Kit, code};

/// Begins a sign-in as a client does.
async fn begin(kit: &Kit) -> SignInStarted {
    let start = StartSignIn {
        name: "Ada's laptop".into(),
        client_id: None,
    };
    kit.client("").start_sign_in(&start).await.expect("a code")
}

/// What the server answers to a question about it.
async fn ask(kit: &Kit, handle: &str) -> Response {
    // A question a second is allowed about one sign-in.
    kit.world.later(1_100);
    kit.post("/v1/signin:poll", "", &json!({ "handle": handle }))
        .await
}

/// The token, of an answer that is done.
async fn done(kit: &Kit, handle: &str) -> (String, Value) {
    let answer = ask(kit, handle).await;
    let status = answer.status();
    let text = answer.text().await.expect("text");
    assert_eq!(status, 200, "{text}");
    match serde_json::from_str(&text).expect("a state") {
        SignInState::Done { token, owner, about } => {
            let about = serde_json::to_value(about).expect("json");
            (token, json!({ "owner": owner, "about": about }))
        }
        SignInState::Waiting { .. } => panic!("still waiting"),
    }
}

/// The refusal, of one that is not.
async fn refused(kit: &Kit, handle: &str) -> (u16, String) {
    code(ask(kit, handle).await).await
}
