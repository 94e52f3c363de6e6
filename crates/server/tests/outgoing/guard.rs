//! Where no call goes.

use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use windlass_core::error::ErrorCode;
use windlass_server::outgoing::{Call, Limits, Outgoing};

use crate::receiver::{Answer, Names, Receiver, fine};

const QUICK: Limits = Limits {
    time: Duration::from_millis(700),
    bytes: 10_000,
};

fn call(url: &str) -> Call<'_> {
    Call {
        url,
        headers: Vec::new(),
        body: Bytes::from_static(b"{}"),
        limits: QUICK,
    }
}

async fn code(outgoing: &Outgoing, url: &str) -> ErrorCode {
    match outgoing.post(call(url)).await {
        Ok(reply) => panic!("answer {}", reply.status),
        Err(e) => e.code,
    }
}

#[tokio::test]
async fn a084_nothing_on_this_computer_is_called_unless_excepted() {
    let receiver = Receiver::start(fine("")).await;
    let port = receiver.address.port();
    let guarded = Outgoing::new(Vec::new()).expect("a client");
    let hosts = [
        "127.0.0.1",
        "localhost",
        "[::1]",
        "0x7f.1",
        "0",
        "[::ffff:127.0.0.1]",
        "2130706433",
    ];
    for host in hosts {
        for scheme in ["http", "https"] {
            let url = format!("{scheme}://{host}:{port}/");
            assert_eq!(code(&guarded, &url).await, ErrorCode::InvalidField, "{url}");
        }
    }
    assert_eq!(receiver.connections(), 0);
    let excepted = receiver.outgoing();
    assert!(
        excepted
            .post(call(&receiver.url("/x")))
            .await
            .is_ok_and(|reply| reply.status == 200)
    );
    assert_eq!(receiver.connections(), 1);
}

/// The first answer is an address of the internet that nobody has, so that no test ever calls anybody.
#[tokio::test]
async fn a085_a_name_that_moves_inside_after_the_look_is_not_followed() {
    let receiver = Receiver::start(fine("")).await;
    let names = Names::new(&[&["2d00::1"], &["127.0.0.1"]]);
    let outgoing = Outgoing::with_resolver(Vec::new(), names.clone()).expect("a client");
    let url = format!("https://rebind.example:{}/", receiver.address.port());
    outgoing.check(&url).expect("a look resolves nothing");
    assert_eq!(names.lookups.load(Ordering::SeqCst), 0);
    let first = code(&outgoing, &url).await;
    assert_ne!(first, ErrorCode::InvalidField, "public, and nobody is there");
    assert_eq!(
        names.lookups.load(Ordering::SeqCst),
        1,
        "what was looked at is what was called"
    );
    assert_eq!(code(&outgoing, &url).await, ErrorCode::InvalidField);
    assert_eq!(receiver.connections(), 0);
}

#[tokio::test]
async fn a085_of_several_addresses_only_public_ones_are_called() {
    let receiver = Receiver::start(fine("")).await;
    let inside = [
        "127.0.0.1",
        "10.0.0.1",
        "169.254.169.254",
        "::1",
        "::ffff:127.0.0.1",
        "64:ff9b::7f00:1",
        "fd00:ec2::254",
    ];
    for address in inside {
        let names = Names::new(&[&[address, "127.0.0.1"]]);
        let outgoing = Outgoing::with_resolver(Vec::new(), names).expect("a client");
        let url = format!("https://inside.example:{}/", receiver.address.port());
        assert_eq!(code(&outgoing, &url).await, ErrorCode::InvalidField, "{address}");
        let names = Names::new(&[&[address, "2d00::1", "127.0.0.1"]]);
        let outgoing = Outgoing::with_resolver(Vec::new(), names).expect("a client");
        assert_ne!(
            code(&outgoing, &url).await,
            ErrorCode::InvalidField,
            "the public one was tried"
        );
    }
    assert_eq!(receiver.connections(), 0);
}

#[tokio::test]
async fn a_name_that_does_not_exist_says_so() {
    let outgoing = Outgoing::with_resolver(Vec::new(), Names::new(&[])).expect("a client");
    assert_eq!(
        code(&outgoing, "https://nobody.example/").await,
        ErrorCode::HostNotFound
    );
}

#[tokio::test]
async fn a085_a_redirect_is_an_answer_and_is_not_followed() {
    let inside = Receiver::start(fine("secret")).await;
    for status in [301, 302, 303, 307, 308] {
        let location: &'static str = Box::leak(format!("location: {}\r\n", inside.url("/")).into_boxed_str());
        let receiver = Receiver::start(Answer::Whole(status, location, String::new())).await;
        let reply = receiver
            .outgoing()
            .post(call(&receiver.url("/")))
            .await
            .expect("an answer");
        assert_eq!(reply.status, status);
    }
    assert_eq!(inside.connections(), 0);
}

#[tokio::test]
async fn a087_a_target_that_hangs_drips_or_never_ends_is_left() {
    for (answer, expected) in [
        (Answer::Never, ErrorCode::SlowNetwork),
        (Answer::Drip, ErrorCode::SlowNetwork),
        (Answer::Endless, ErrorCode::StorageError),
    ] {
        let receiver = Receiver::start(answer).await;
        assert_eq!(code(&receiver.outgoing(), &receiver.url("/")).await, expected);
    }
}

#[tokio::test]
async fn nothing_of_an_address_but_its_origin_is_told() {
    let receiver = Receiver::start(Answer::Never).await;
    let url = receiver.url("/hooks/SECRET?key=SECRET");
    let failure = receiver
        .outgoing()
        .post(call(&url))
        .await
        .err()
        .expect("no answer");
    assert!(!format!("{failure} {failure:?}").contains("SECRET"), "{failure}");
    assert!(
        failure.detail.contains(&receiver.address.to_string()),
        "{failure}"
    );
}

/// Runs another test of this program where the system says that everything goes by a proxy, which is not there.
#[test]
fn a_proxy_of_the_environment_is_not_used() {
    let me = std::env::current_exe().expect("this program");
    let mut command = std::process::Command::new(me);
    for name in [
        "http_proxy",
        "https_proxy",
        "all_proxy",
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "ALL_PROXY",
    ] {
        command.env(name, "http://127.0.0.1:1");
    }
    command.env_remove("no_proxy").env_remove("NO_PROXY");
    let done = command
        .args([
            "--exact",
            "webhook::a_delivery_is_signed_and_carries_nothing_else",
        ])
        .output()
        .expect("runs");
    let text = String::from_utf8_lossy(&done.stdout);
    assert!(done.status.success() && text.contains("1 passed"), "{text}");
}
