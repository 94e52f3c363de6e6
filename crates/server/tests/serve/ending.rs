//! The shutdown: what is under way is answered, nothing new is taken.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use windlass_protocol::tokens::Scope;

use crate::support::{Kit, Sample, until};

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_is_under_way_is_answered_before_the_server_ends() {
    for mut kit in [Kit::start(&[]).await, Kit::postgres(&[]).await] {
        let token = kit.token("ann", &[Scope::Upload]).await;
        let file = Sample::new("a.bin", 200_000);
        let target = kit.target(&token, &file).await;
        let mut stream = TcpStream::connect(kit.host()).await.expect("a connection");
        let head = format!("PUT {target} HTTP/1.1\r\nHost: x\r\nContent-Length: 200000\r\n\r\n");
        stream.write_all(head.as_bytes()).await.expect("sent");
        stream.write_all(&file.data[..100_000]).await.expect("sent");
        let server = kit.server.take().expect("running");
        let metrics = server.metrics().clone();
        until("the request is known", async || {
            metrics.render().contains("windlass_requests_running 1")
        })
        .await;
        let host = kit.host();
        let ending = tokio::spawn(server.shutdown());
        until("nothing new is taken", async || {
            TcpStream::connect(&host).await.is_err()
        })
        .await;
        assert!(!ending.is_finished(), "it waits for the request");
        stream.write_all(&file.data[100_000..]).await.expect("sent");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.expect("an answer");
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        let whole = ending.await.expect("ended").expect("closed");
        assert!(whole, "nothing was cut");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_never_ends_is_cut_after_the_grace() {
    let mut kit = Kit::start(&[("shutdown-grace", "300ms")]).await;
    let token = kit.token("ann", &[Scope::Upload]).await;
    let mut stream = TcpStream::connect(kit.host()).await.expect("a connection");
    let head = format!(
        "POST /v1/sessions:init HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: application/json\r\nContent-Length: 100\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.expect("sent");
    let server = kit.server.take().expect("running");
    let metrics = server.metrics().clone();
    until("the request is known", async || {
        metrics.render().contains("windlass_requests_running 1")
    })
    .await;
    let ended = tokio::time::timeout(Duration::from_secs(30), server.shutdown()).await;
    assert_eq!(ended.expect("in time"), Ok(false));
}
