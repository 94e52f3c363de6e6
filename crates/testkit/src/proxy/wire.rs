//! One connection of a client: request in, maybe a fault, request on, answer back.

use std::io::{self, BufReader, Write as _};
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};

use super::Shared;
use super::clock;
use super::ledger::Seen;
use super::rule::Fault;
use crate::http::{self, Head};

/// A connection that holds a closed gate looks this often whether it is still wanted.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Whether the connection may carry another request.
#[derive(PartialEq, Eq)]
enum Then {
    Next,
    Close,
}

/// Serves a connection to its end. Every error ends it, which is what a client sees of a broken wire.
pub(crate) fn serve(client: &TcpStream, connection: u64, shared: &Shared) {
    // Small answers must not wait for each other.
    let _ = client.set_nodelay(true);
    let mut reader = BufReader::with_capacity(256 * 1024, client);
    let mut server: Option<TcpStream> = None;
    while let Ok(Some(head)) = http::read_head(&mut reader) {
        match exchange(&head, &mut reader, (client, connection), &mut server, shared) {
            Ok(Then::Next) => {}
            Ok(Then::Close) | Err(_) => return,
        }
    }
}

fn exchange(
    head: &Head,
    reader: &mut BufReader<&TcpStream>,
    (mut client, connection): (&TcpStream, u64),
    server: &mut Option<TcpStream>,
    shared: &Shared,
) -> Result<Then> {
    let mut words = head.first.split(' ');
    let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let (number, mut fault) = shared.begin(Seen {
        connection,
        ..Seen::new(method, target, head.headers.clone())
    });
    if let Some(Fault::Clock(ahead)) = fault
        && let Some(refusal) = clock::refusal(target, ahead)
    {
        shared.note(number, |seen| seen.refused_for_its_date = true);
        fault = Some(refusal);
    }
    match &fault {
        Some(Fault::Refused) => return Ok(Then::Close),
        Some(Fault::Delay(time)) => wait_or_down(*time, shared),
        Some(Fault::Hold(gate)) => {
            while !gate.wait(LOOK_EVERY) {
                if shared.is_down() || is_gone(client) {
                    return Ok(Then::Close);
                }
            }
        }
        Some(Fault::Status {
            status,
            headers,
            body,
        }) => {
            // The content is read first, or the client would be writing into a closed connection.
            let framing = head.framing_of_request();
            http::copy_body(framing, reader, |bytes, is_content| {
                count(shared, number, bytes, is_content)
            })?;
            client.write_all(made_up(method, *status, headers, body).as_bytes())?;
            shared.note(number, |seen| seen.answered = true);
            return Ok(if head.wants_close() {
                Then::Close
            } else {
                Then::Next
            });
        }
        _ => {}
    }
    if head.header("expect").is_some() {
        client.write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
    }
    let mut upstream = match server.take() {
        Some(open) => open,
        None => connect(shared)?,
    };
    // The server may answer, and close, before it read everything: then its answer counts, not the failed write.
    let sent = send_on(head, reader, &mut upstream, fault.as_ref(), shared, number);
    if matches!(fault, Some(Fault::CutAfter(_))) {
        return Ok(Then::Close);
    }
    let mut answers = BufReader::new(&upstream);
    let answer = http::read_answer(&mut answers)?;
    let status = answer.status()?;
    shared.note(number, |seen| seen.status = Some(status));
    if matches!(fault, Some(Fault::AnswerLost)) {
        return Ok(Then::Close);
    }
    match &fault {
        Some(Fault::Clock(ahead)) => client.write_all(&clock::dated(&answer.raw, *ahead))?,
        _ => client.write_all(&answer.raw)?,
    }
    http::copy_body(answer.framing_of_answer(method), &mut answers, |bytes, _| {
        client.write_all(bytes)
    })?;
    shared.note(number, |seen| seen.answered = true);
    sent?;
    if head.wants_close() || answer.wants_close() {
        return Ok(Then::Close);
    }
    drop(answers);
    *server = Some(upstream);
    Ok(Then::Next)
}

fn connect(shared: &Shared) -> Result<TcpStream> {
    let upstream =
        TcpStream::connect(shared.upstream()).with_context(|| format!("no {}", shared.upstream()))?;
    upstream.set_nodelay(true)?;
    Ok(upstream)
}

fn send_on(
    head: &Head,
    reader: &mut BufReader<&TcpStream>,
    upstream: &mut TcpStream,
    fault: Option<&Fault>,
    shared: &Shared,
    number: usize,
) -> io::Result<()> {
    upstream.write_all(&head.raw)?;
    let mut passed = 0_u64;
    let began = Instant::now();
    http::copy_body(head.framing_of_request(), reader, |bytes, is_content| {
        count(shared, number, bytes, is_content)?;
        match fault {
            Some(Fault::CutAfter(limit)) if passed + bytes.len() as u64 > *limit => {
                let rest = usize::try_from(limit - passed).unwrap_or(0);
                upstream.write_all(bytes.get(..rest).unwrap_or_default())?;
                return Err(io::ErrorKind::ConnectionAborted.into());
            }
            Some(Fault::Corrupt) if is_content && passed == 0 => {
                let mut broken = bytes.to_vec();
                if let Some(first) = broken.first_mut() {
                    *first ^= 1;
                }
                upstream.write_all(&broken)?;
            }
            Some(Fault::Slow(rate)) => {
                upstream.write_all(bytes)?;
                let due =
                    Duration::from_secs_f64((passed + bytes.len() as u64) as f64 / (*rate).max(1) as f64);
                wait_or_down(due.saturating_sub(began.elapsed()), shared);
            }
            _ => upstream.write_all(bytes)?,
        }
        passed += bytes.len() as u64;
        Ok(())
    })
}

fn count(shared: &Shared, number: usize, bytes: &[u8], is_content: bool) -> io::Result<()> {
    if is_content {
        shared.note(number, |seen| seen.body_bytes += bytes.len() as u64);
    }
    Ok(())
}

/// A slow wire: passes the time unless the proxy goes down.
fn wait_or_down(time: Duration, shared: &Shared) {
    let began = Instant::now();
    while !shared.is_down() {
        let left = time.saturating_sub(began.elapsed());
        if left.is_zero() {
            return;
        }
        thread::sleep(left.min(LOOK_EVERY));
    }
}

/// Whether the client closed its side while its request is held.
fn is_gone(client: &TcpStream) -> bool {
    let mut byte = [0; 1];
    let _ = client.set_nonblocking(true);
    let peeked = client.peek(&mut byte);
    let _ = client.set_nonblocking(false);
    match peeked {
        Ok(bytes) => bytes == 0,
        Err(why) => why.kind() != io::ErrorKind::WouldBlock,
    }
}

/// An answer to HEAD has the head of one with content, and no content: what would follow is taken for the next answer.
fn made_up(method: &str, status: u16, headers: &[(String, String)], body: &str) -> String {
    let mut answer = format!("HTTP/1.1 {status} Made Up\r\ncontent-length: {}\r\n", body.len());
    for (name, value) in headers {
        answer.push_str(&format!("{name}: {value}\r\n"));
    }
    answer.push_str("\r\n");
    if method != "HEAD" {
        answer.push_str(body);
    }
    answer
}
