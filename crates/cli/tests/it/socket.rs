//! The socket of a running engine, asked by a stranger's bytes.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use serde_json::Value;
use windlass_cli::place::Place;
use windlass_cli::session::{Keeps, Session};
use windlass_cli::stop::Stop;
use windlass_engine::home::Home;
use windlass_engine::remote::{CallError, Client};

async fn owner(dir: &Path) -> (Place, Session) {
    let home = Home::find(Some(dir.as_os_str()), None).unwrap();
    let place = Place {
        home,
        suggested: dir.join("files"),
    };
    let session = Session::open(&place, Keeps::Open, &Stop::default())
        .await
        .unwrap();
    assert!(session.is_own());
    (place, session)
}

async fn answer(socket: std::path::PathBuf, line: Vec<u8>) -> Value {
    let asked = tokio::task::spawn_blocking(move || {
        let mut stream = UnixStream::connect(socket).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        // The owner may refuse in the middle of a line.
        let _ = stream.write_all(&line);
        let mut answer = String::new();
        BufReader::new(stream).read_line(&mut answer).unwrap();
        serde_json::from_str(&answer).unwrap()
    });
    asked.await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a023_the_socket_is_the_users_own_and_goes_with_its_owner() {
    let dir = tempfile::tempdir().unwrap();
    let (place, session) = owner(&dir.path().join("data")).await;
    let mode = std::fs::metadata(place.home.socket())
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    let client = Client::connect(&place.home).await.unwrap();
    assert_eq!(client.pid(), std::process::id());
    assert!(client.snapshot().await.unwrap().groups.is_empty());
    session.close().await;
    assert!(!place.home.socket().exists());
    assert_eq!(client.snapshot().await.unwrap_err(), CallError::Gone);
}

#[tokio::test(flavor = "multi_thread")]
async fn f189_a_socket_that_a_dead_owner_left_is_replaced() {
    let dir = tempfile::tempdir().unwrap();
    let home = dir.path().join("data");
    std::fs::create_dir(&home).unwrap();
    drop(std::os::unix::net::UnixListener::bind(home.join("engine.sock")).unwrap());
    let place = Place {
        home: Home::find(Some(home.as_os_str()), None).unwrap(),
        suggested: home.clone(),
    };
    assert_eq!(Client::connect(&place.home).await.unwrap_err(), CallError::Gone);
    let (place, session) = owner(&home).await;
    Client::connect(&place.home).await.unwrap();
    session.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_data_folder_with_a_long_name_has_a_socket_too() {
    let dir = tempfile::tempdir().unwrap();
    let home = dir.path().join("a folder whose name is rather long ".repeat(5));
    let (place, session) = owner(&home).await;
    assert!(place.home.socket().as_os_str().len() > 108);
    Client::connect(&place.home).await.unwrap();
    session.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_comes_in_is_answered_with_a_code_and_harms_nobody() {
    let dir = tempfile::tempdir().unwrap();
    let (place, session) = owner(&dir.path().join("data")).await;
    let cases: [(&[u8], &str); 6] = [
        (b"GET / HTTP/1.1\r\n", "bad_request"),
        (b"{\"v\":1,\"ask\":\"fly\"}\n", "bad_request"),
        (b"{\"v\":2,\"ask\":\"hello\"}\n", "upgrade_required"),
        (b"{\"v\":1,\"ask\":{\"add_paths\":{\"paths\":[\"../a\"],\"group\":null,\"name\":null,\"destination\":null,\"origin\":\"cli\"}}}\n", "bad_request"),
        (b"{\"v\":1,\"ask\":{\"add_paths\":{\"paths\":[\"/a%4\"],\"group\":null,\"name\":null,\"destination\":null,\"origin\":\"cli\"}}}\n", "bad_request"),
        (b"{\"v\":1,\"ask\":{\"summary\":\"018bcfe5-6800-7000-8000-000000000000\"}}\n", "not_found"),
    ];
    for (line, code) in cases {
        let said = answer(place.home.socket(), line.to_vec()).await;
        assert_eq!(
            said["failed"]["code"],
            code,
            "{}: {said}",
            String::from_utf8_lossy(line)
        );
    }
    let endless = answer(place.home.socket(), vec![b'x'; (16 << 20) + 100_000]).await;
    assert_eq!(endless["failed"]["code"], "bad_request");
    // Many who say nothing do not keep out one who asks.
    let silent: Vec<UnixStream> = (0..40)
        .map(|_| UnixStream::connect(place.home.socket()).unwrap())
        .collect();
    Client::connect(&place.home).await.unwrap();
    drop(silent);
    session.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_being_answered_when_the_owner_ends_learns_it_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let (place, session) = owner(&dir.path().join("data")).await;
    let mut stream = UnixStream::connect(place.home.socket()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    session.close().await;
    let mut rest = Vec::new();
    let end = tokio::task::spawn_blocking(move || stream.read_to_end(&mut rest))
        .await
        .unwrap();
    // Cut before or after it was accepted.
    assert!(matches!(&end, Ok(0)) || end.is_err_and(|e| e.kind() == std::io::ErrorKind::ConnectionReset));
}
