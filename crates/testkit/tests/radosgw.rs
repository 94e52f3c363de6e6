//! The second real S3 server, and what it tells a webhook.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test that can't go on says so")]

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::thread;

use windlass_testkit::radosgw::Radosgw;
use windlass_testkit::s3::S3Server as _;
use windlass_testkit::wait::PATIENCE;

/// Answers everything with 200 and hands the bodies on.
fn receiver() -> (String, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    let (told, heard) = channel();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let (mut bytes, mut step) = (Vec::new(), [0; 4096]);
            let body = loop {
                let read = stream.read(&mut step).unwrap();
                bytes.extend_from_slice(&step[..read]);
                let text = String::from_utf8_lossy(&bytes).into_owned();
                let Some((head, body)) = text.split_once("\r\n\r\n") else {
                    continue;
                };
                let length = head.to_lowercase();
                let length = length
                    .split("content-length:")
                    .nth(1)
                    .unwrap()
                    .lines()
                    .next()
                    .unwrap();
                if body.len() >= length.trim().parse::<usize>().unwrap() {
                    break body.to_owned();
                }
            };
            stream
                .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
                .unwrap();
            if told.send(body).is_err() {
                return;
            }
        }
    });
    (url, heard)
}

#[test]
fn a_server_starts_tells_of_its_objects_and_leaves_nothing() {
    let rados = Radosgw::start(0).expect("radosgw");
    let oracle = rados.oracle().expect("an oracle");
    let (url, heard) = receiver();
    rados.notify(&url).expect("a notification");
    oracle.put("a folder/ü+1 %.bin", b"hello").expect("put");
    let event: serde_json::Value =
        serde_json::from_str(&heard.recv_timeout(PATIENCE).expect("an event")).unwrap();
    let record = &event["Records"][0];
    assert_eq!(record["eventName"], "ObjectCreated:Put");
    assert_eq!(record["s3"]["object"]["key"], "a folder/ü+1 %.bin", "not encoded");
    assert_eq!(record["s3"]["object"]["size"], 5);
    assert_eq!(oracle.get("a folder/ü+1 %.bin").expect("get"), b"hello");
    assert!(!format!("{rados:?}").contains(rados.secret_key()));
    let address = rados.endpoint().trim_start_matches("http://").to_owned();
    drop(rados);
    assert!(TcpStream::connect(address).is_err(), "it still listens");
}
