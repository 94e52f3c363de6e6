//! Connections: a thread each, one request after the other.

use std::io;
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

use windlass_engine::clock;

use super::answer::Answer;
use super::http::{Request, Wire};
use super::ledger::Ledger;
use super::objects::{Body, KEEP, Objects};
use super::s3::{Storage, part_number, place};

/// Bytes of the list of parts in a complete.
const MAX_LIST: u64 = 16 << 20;

#[derive(Default)]
struct Site {
    storage: Storage,
    ledger: Ledger,
}

/// Serves until the process ends.
pub(super) fn serve(listener: &TcpListener) {
    let site = Arc::new(Site::default());
    for stream in listener.incoming().flatten() {
        let site = Arc::clone(&site);
        thread::spawn(move || {
            // A client that is killed cuts its connection: that is what some benches are for.
            let _ = connection(&site, stream);
        });
    }
}

fn connection(site: &Site, stream: TcpStream) -> io::Result<()> {
    let mut wire = Wire::new(stream);
    while let Some(request) = wire.request()? {
        let entry = (request.method == "PUT").then(|| {
            let (_, key) = place(&request.path);
            site.ledger.begin(key, part_number(&request).unwrap_or(0))
        });
        let limit = if request.method == "POST" { MAX_LIST } else { KEEP };
        let length = request.length();
        let mut body = Body {
            bytes: 0,
            kept: length.is_none_or(|n| n <= limit).then(Vec::new),
        };
        wire.body(length, |bytes| {
            body.bytes += bytes.len() as u64;
            if let Some(entry) = &entry {
                entry.came(bytes.len() as u64);
            }
            if body.bytes > limit {
                body.kept = None;
            } else if let Some(kept) = &mut body.kept {
                kept.extend_from_slice(bytes);
            }
        })?;
        // Signed in chunks: what is framed in the body is not content.
        if let Some(content) = request
            .header("x-amz-decoded-content-length")
            .and_then(|n| n.parse().ok())
        {
            body = Body {
                bytes: content,
                kept: None,
            };
        }
        let now = clock::now();
        let answer = match request.path.strip_prefix("/_sink/") {
            Some(verb) => site.own(verb),
            None => site.storage.answer(&request, body, now),
        };
        if let Some(entry) = &entry {
            site.ledger.answer(entry);
        }
        wire.send(&answer.bytes(&request.method, now))?;
        if wants_close(&request) {
            break;
        }
    }
    Ok(())
}

fn wants_close(request: &Request) -> bool {
    request
        .header("connection")
        .is_some_and(|value| value.eq_ignore_ascii_case("close"))
}

impl Site {
    /// What the bench asks the sink itself.
    fn own(&self, verb: &str) -> Answer {
        match verb {
            "reset" => {
                *self.storage.objects() = Objects::default();
                self.ledger.reset();
                Answer::new(200)
            }
            "ledger" => match serde_json::to_vec(&self.ledger.told()) {
                Ok(json) => Answer::new(200).with_body(json),
                Err(_) => Answer::new(500),
            },
            "answered" => Answer::new(200).with_body(self.ledger.answered().to_string()),
            "objects" => Answer::new(200).with_body(self.storage.objects().stored.len().to_string()),
            _ => Answer::new(404),
        }
    }
}
