//! The provider and the person of the testkit, for tests that wait.

use windlass_testkit::oidc;

pub(crate) struct Provider {
    pub(crate) issuer: String,
    _running: oidc::Provider,
}

impl Provider {
    pub(crate) async fn start(variables: &'static [(&'static str, &'static str)]) -> Self {
        let start = || oidc::Provider::start(variables);
        let running = tokio::task::spawn_blocking(start).await.expect("done");
        let running = running.expect("a provider");
        Self {
            issuer: running.issuer().to_owned(),
            _running: running,
        }
    }
}

/// What somebody does with the address that they were shown. Answers the title of the last page.
pub(crate) async fn person(address: &str, login: &'static str, answer: &'static str) -> String {
    let address = address.to_owned();
    let done = tokio::task::spawn_blocking(move || oidc::person(&address, login, answer));
    done.await.expect("done").expect("pages")
}
