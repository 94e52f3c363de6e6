//! The way of a process. One test: the choice is the process's.

#![expect(clippy::unwrap_used, reason = "this test stops at the first surprise")]

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::{ConnectInfo, Request, State};
use windlass_core::error::ErrorCode;
use windlass_core::ids::DestinationId;
use windlass_core::time::Timestamp;
use windlass_way::{Authorities, Client, ProxyChoice, Way, choose, choose_for, is_loopback, renew};

type Seen = Arc<Mutex<Vec<(String, Option<String>)>>>;

/// What comes to a proxy names its host in the first line.
async fn note(State(seen): State<Seen>, request: Request) -> &'static str {
    let name = request.headers().get("proxy-authorization");
    let name = name.map(|v| v.to_str().unwrap().to_owned());
    seen.lock().unwrap().push((request.uri().to_string(), name));
    "here"
}

fn manual(address: &str, user: &str, except: &str) -> ProxyChoice {
    ProxyChoice::Manual {
        address: address.into(),
        user: user.into(),
        except: except.into(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_choice_acts_at_once_on_clients_that_are_there() {
    let seen = Seen::default();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let app = Router::new().fallback(note).with_state(Arc::clone(&seen));
    tokio::spawn(async move { axum::serve(listener, app).await });
    let told = || std::mem::take(&mut *seen.lock().unwrap());

    let far = Client::new(false, None, reqwest::Client::builder).unwrap();
    let near = Client::new(true, None, reqwest::Client::builder).unwrap();
    let to = "http://storage.invalid/a/b?c=1";
    let by = |proxy| choose(Way::new(proxy, "open sesame".into(), None).unwrap());

    by(ProxyChoice::None);
    assert!(far.get().get(to).send().await.is_err(), "nobody has that name");
    by(manual(&address, "", ""));
    assert_eq!(
        far.get().get(to).send().await.unwrap().text().await.unwrap(),
        "here"
    );
    assert_eq!(told(), [(to.to_owned(), None)]);
    // With a name it signs in; base64 of "ann:open sesame".
    by(manual(&address, "ann", "elsewhere.invalid"));
    far.get().get(to).send().await.unwrap();
    assert_eq!(
        told(),
        [(to.to_owned(), Some("Basic YW5uOm9wZW4gc2VzYW1l".to_owned()))]
    );
    assert!(far.get().get("http://elsewhere.invalid/").send().await.is_err());
    // What lies on this computer is asked by nobody else.
    near.get().get(format!("{address}/near")).send().await.unwrap();
    assert_eq!(told(), [("/near".to_owned(), None)]);
    // J-3: a destination has a proxy of its own, and nobody else goes by it.
    by(ProxyChoice::None);
    let place = DestinationId::new(Timestamp::from_millis(1), [7; 10]);
    let placed = Client::new(false, Some(place), reqwest::Client::builder).unwrap();
    assert!(placed.get().get(to).send().await.is_err(), "as all go");
    let own = Way::new(manual(&address, "", ""), String::new(), None).unwrap();
    assert_eq!(choose_for(place, Some(own.clone())), None);
    placed.get().get(to).send().await.unwrap();
    assert_eq!(told(), [(to.to_owned(), None)]);
    assert!(far.get().get(to).send().await.is_err());
    // And by none, where all others go by one.
    by(manual(&address, "", ""));
    let none = Way::new(ProxyChoice::None, String::new(), None).unwrap();
    assert_eq!(choose_for(place, Some(none.clone())), Some(own));
    assert!(placed.get().get(to).send().await.is_err());
    assert_eq!(told(), []);
    assert_eq!(choose_for(place, None), Some(none));
    placed.get().get(to).send().await.unwrap();
    assert_eq!(told(), [(to.to_owned(), None)]);
    by(ProxyChoice::System);
    assert!(far.get().get(to).send().await.is_err());
    assert_eq!(told(), []);
    // F061: a connection serves again and again, until all begin anew.
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let peer = |ConnectInfo(from): ConnectInfo<SocketAddr>| async move { from.to_string() };
    let app = Router::new().fallback(peer);
    let served = app.into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async move { axum::serve(listener, served).await });
    let ask = async || {
        near.get()
            .get(&address)
            .send()
            .await
            .unwrap()
            .text()
            .await
            .unwrap()
    };
    let before = ask().await;
    assert_eq!(ask().await, before);
    renew();
    assert_ne!(ask().await, before);
}

#[test]
fn what_can_not_be_a_proxy_or_an_authority_is_refused() {
    for wrong in [
        "",
        "proxy",
        "ftp://proxy:21",
        "http://",
        "http://ann:secret@proxy:8080",
        "socks5://proxy:1080",
        &format!("http://{}", "x".repeat(3_000)),
    ] {
        let refused = Way::new(manual(wrong, "", ""), String::new(), None).unwrap_err();
        assert_eq!(refused.code, ErrorCode::InvalidField, "{wrong}");
        assert!(!refused.detail.contains("secret"));
    }
    assert!(
        Way::new(
            manual(" http://proxy:8080 ", "", "a, .b, 10.0.0.0/8"),
            String::new(),
            None
        )
        .is_ok()
    );
    let large = "x".repeat(300 << 10);
    let empty = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    for wrong in ["", "no certificate", &large, empty] {
        let authorities = Authorities {
            name: "ca.pem".into(),
            pem: wrong.into(),
        };
        let refused = Way::new(ProxyChoice::System, String::new(), Some(authorities)).unwrap_err();
        assert_eq!(refused.code, ErrorCode::InvalidField);
    }
}

#[test]
fn this_computer_is_known_by_its_names() {
    for here in ["http://127.0.0.1:8080/x", "http://localhost", "https://[::1]:9/"] {
        assert!(is_loopback(here), "{here}");
    }
    for there in [
        "http://127.0.0.1.example.com",
        "https://localhost.example.com",
        "http://10.0.0.1",
        "x",
    ] {
        assert!(!is_loopback(there), "{there}");
    }
}
