//! Who took no connection: the destination, or the proxy on the way. A program of its own, for the way is the process's.

#![expect(clippy::unwrap_used, reason = "this test stops at the first surprise")]

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use windlass_core::error::ErrorCode;
use windlass_way::{Client, ProxyChoice, Way, choose};

/// Answers every tunnel with this.
async fn proxy(answer: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut seen = Vec::new();
            while !seen.ends_with(b"\r\n\r\n") {
                seen.push(stream.read_u8().await.unwrap_or(b'\n'));
                if seen.ends_with(b"\n\n\n") {
                    break;
                }
            }
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    address
}

/// An address of this computer at which nobody listens.
async fn nobody() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

fn by(address: &str, except: &str) {
    let choice = ProxyChoice::Manual {
        address: address.into(),
        user: String::new(),
        except: except.into(),
    };
    choose(Way::new(choice, String::new(), None).unwrap());
}

async fn why(client: &Client, url: &str) -> ErrorCode {
    let e = client.get().get(url).send().await.unwrap_err();
    let failure = client.lost(&e);
    assert!(!failure.detail.contains("secret"), "{}", failure.detail);
    failure.code
}

// J-3
#[tokio::test(flavor = "multi_thread")]
async fn j3_a_proxy_that_is_down_is_told_from_a_destination_that_is() {
    let far = Client::new(false, None, reqwest::Client::builder).unwrap();
    let near = Client::new(true, None, reqwest::Client::builder).unwrap();
    let none = nobody().await;
    let (plain, tls) = (
        "http://storage.invalid/?secret",
        "https://storage.invalid/?secret",
    );

    choose(Way::new(ProxyChoice::None, String::new(), None).unwrap());
    assert_eq!(why(&far, plain).await, ErrorCode::HostNotFound);
    assert_eq!(why(&far, &none).await, ErrorCode::ConnectionRefused);

    // Nobody at the proxy's address, or nobody has its name.
    for down in [none.as_str(), "http://proxy.invalid:8080"] {
        by(down, "elsewhere.invalid, 127.0.0.1");
        for url in [plain, tls] {
            assert_eq!(why(&far, url).await, ErrorCode::ProxyUnreachable, "{down} {url}");
        }
        // What does not go by it says nothing about it.
        assert_eq!(
            why(&far, "http://elsewhere.invalid").await,
            ErrorCode::HostNotFound
        );
        assert_eq!(why(&far, &none).await, ErrorCode::ConnectionRefused);
        assert_eq!(why(&near, plain).await, ErrorCode::HostNotFound);
    }

    // It is there, and could not reach what is behind it, or what is behind it breaks off; or it wants to know who asks.
    let behind = proxy("HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n").await;
    let eager = proxy("HTTP/1.1 200 Connection established\r\n\r\n").await;
    let nonsense = proxy("HTTP/1.1 200 Connection established\r\n\r\nnot a handshake").await;
    let mute = proxy("").await;
    for there in [&behind, &eager, &nonsense, &mute] {
        by(there, "");
        assert_eq!(why(&far, tls).await, ErrorCode::ConnectionRefused, "{there}");
    }
    let asks = proxy("HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n").await;
    by(&asks, "");
    assert_eq!(why(&far, tls).await, ErrorCode::ProxyAuth);

    // While its password is not known nothing gets through, and it is not the destination's fault.
    let choice = ProxyChoice::Manual {
        address: behind,
        user: "ann".into(),
        except: String::new(),
    };
    choose(Way::new(choice, String::new(), None).unwrap().waiting());
    assert_eq!(why(&far, plain).await, ErrorCode::ProxyUnreachable);
}
