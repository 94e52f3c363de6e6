//! Somebody's server: counts connections, keeps what it is sent, answers as it is told.

use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::{JoinHandle, JoinSet};
use windlass_server::outgoing::{Origin, Outgoing, Resolve};

/// How a request is answered.
#[derive(Clone)]
pub(crate) enum Answer {
    /// A status, header lines, a body.
    Whole(u16, &'static str, String),
    /// Not at all.
    Never,
    /// A body without an end.
    Endless,
    /// One byte at a time, for ever.
    Drip,
}

/// A request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) line: String,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Request {
    pub(crate) fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map_or("", |(_, value)| value.as_str())
    }
}

pub(crate) type Decide = Arc<dyn Fn(&Request) -> Answer + Send + Sync>;

pub(crate) struct Receiver {
    pub(crate) address: SocketAddr,
    pub(crate) requests: mpsc::Receiver<Request>,
    connections: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

impl Receiver {
    /// Answers everything with this.
    pub(crate) async fn start(answer: Answer) -> Self {
        Self::deciding(Arc::new(move |_| answer.clone())).await
    }

    /// Answers with these one after the other, then with 200.
    pub(crate) async fn answering(answers: Vec<Answer>) -> Self {
        let left = Mutex::new(VecDeque::from(answers));
        Self::deciding(Arc::new(move |_| {
            lock(&left).pop_front().unwrap_or_else(|| fine(""))
        }))
        .await
    }

    pub(crate) async fn deciding(decide: Decide) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let connections = Arc::new(AtomicUsize::new(0));
        let (told, requests) = mpsc::channel(1_000);
        let counted = Arc::clone(&connections);
        let task = tokio::spawn(async move {
            // They end with the task.
            let mut open = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                counted.fetch_add(1, Ordering::SeqCst);
                open.spawn(serve(stream, Arc::clone(&decide), told.clone()));
            }
        });
        Self {
            address,
            requests,
            connections,
            task,
        }
    }

    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// The client of an operator who excepted this receiver.
    pub(crate) fn outgoing(&self) -> Outgoing {
        let origin: Origin = self.url("").parse().expect("an origin");
        Outgoing::new(vec![origin]).expect("a client")
    }

    pub(crate) fn taken(&mut self) -> Vec<Request> {
        std::iter::from_fn(|| self.requests.try_recv().ok()).collect()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.task.abort();
    }
}

pub(crate) fn fine(body: &str) -> Answer {
    Answer::Whole(200, "", body.to_owned())
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn serve(mut stream: TcpStream, decide: Decide, told: mpsc::Sender<Request>) {
    while let Some(request) = read(&mut stream).await {
        let answer = decide(&request);
        drop(told.send(request).await);
        match answer {
            Answer::Whole(status, headers, body) => {
                let head = format!(
                    "HTTP/1.1 {status} x\r\n{headers}content-length: {}\r\n\r\n",
                    body.len()
                );
                if stream
                    .write_all(format!("{head}{body}").as_bytes())
                    .await
                    .is_err()
                {
                    return;
                }
            }
            Answer::Never => std::future::pending().await,
            Answer::Endless => {
                let head = b"HTTP/1.1 200 x\r\ncontent-length: 1099511627776\r\n\r\n";
                let mut going = stream.write_all(head).await;
                while going.is_ok() {
                    going = stream.write_all(&[b' '; 65_536]).await;
                }
                return;
            }
            Answer::Drip => {
                let mut going = stream
                    .write_all(b"HTTP/1.1 200 x\r\ncontent-length: 1000\r\n\r\n")
                    .await;
                while going.is_ok() {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                    going = stream.write_all(b" ").await;
                }
                return;
            }
        }
    }
}

async fn read(stream: &mut TcpStream) -> Option<Request> {
    let (mut bytes, mut step) = (Vec::new(), vec![0; 65_536]);
    loop {
        let head_end = bytes.windows(4).position(|four| four == b"\r\n\r\n");
        if let Some(end) = head_end {
            let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
            let mut lines = head.lines();
            let line = lines.next().unwrap_or_default().to_owned();
            let headers: Vec<_> = lines
                .filter_map(|line| line.split_once(':'))
                .map(|(name, value)| (name.to_lowercase(), value.trim().to_owned()))
                .collect();
            let length = headers.iter().find(|(name, _)| name == "content-length");
            let length: usize = length.map_or(0, |(_, value)| value.parse().expect("a length"));
            if bytes.len() >= end + 4 + length {
                let body = bytes[end + 4..end + 4 + length].to_vec();
                return Some(Request { line, headers, body });
            }
        }
        match stream.read(&mut step).await {
            Ok(0) | Err(_) => return None,
            Ok(read) => bytes.extend_from_slice(&step[..read]),
        }
    }
}

/// Names as a test says: each lookup takes the next answer, the last one again and again.
pub(crate) struct Names {
    answers: Mutex<VecDeque<Vec<IpAddr>>>,
    pub(crate) lookups: AtomicUsize,
}

impl Names {
    pub(crate) fn new(answers: &[&[&str]]) -> Arc<Self> {
        let parse = |all: &&[&str]| all.iter().map(|one| one.parse().expect("an address")).collect();
        Arc::new(Self {
            answers: Mutex::new(answers.iter().map(parse).collect()),
            lookups: AtomicUsize::new(0),
        })
    }
}

impl Resolve for Names {
    fn addresses(&self, _: String) -> BoxFuture<'static, std::io::Result<Vec<IpAddr>>> {
        self.lookups.fetch_add(1, Ordering::SeqCst);
        let mut answers = lock(&self.answers);
        let answer = if answers.len() > 1 {
            answers.pop_front()
        } else {
            answers.front().cloned()
        };
        async move { answer.ok_or_else(|| std::io::Error::other("no such name")) }.boxed()
    }
}
