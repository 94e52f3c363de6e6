//! As much HTTP/1.1 as a storage server needs: keep-alive, `100 Continue`, bodies by length or in chunks.

use std::io::{self, ErrorKind, Read as _, Write as _};
use std::net::TcpStream;

/// Bytes taken from the socket at a time.
const STEP: usize = 256 * 1024;
/// Bytes of a request's head.
const MAX_HEAD: usize = 64 * 1024;

/// One connection.
pub(super) struct Wire {
    stream: TcpStream,
    buffer: Box<[u8]>,
    start: usize,
    end: usize,
}

/// A request without its body.
#[derive(Debug, Default)]
pub(super) struct Request {
    pub(super) method: String,
    /// Decoded, with its first slash.
    pub(super) path: String,
    /// Decoded, in the order they came.
    pub(super) query: Vec<(String, String)>,
    /// Names in lower case.
    pub(super) headers: Vec<(String, String)>,
}

impl Request {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        find(&self.headers, name)
    }

    pub(super) fn query(&self, name: &str) -> Option<&str> {
        find(&self.query, name)
    }

    /// Bytes of the body as told; none when it comes in chunks.
    pub(super) fn length(&self) -> Option<u64> {
        let chunked = self
            .header("transfer-encoding")
            .is_some_and(|value| value.contains("chunked"));
        if chunked {
            return None;
        }
        Some(
            self.header("content-length")
                .and_then(|v| v.parse().ok())
                .unwrap_or(0),
        )
    }
}

fn find<'a>(pairs: &'a [(String, String)], name: &str) -> Option<&'a str> {
    pairs
        .iter()
        .find(|(known, _)| known == name)
        .map(|(_, value)| value.as_str())
}

impl Wire {
    pub(super) fn new(stream: TcpStream) -> Self {
        super::eager(&stream);
        Self {
            stream,
            buffer: vec![0; STEP].into_boxed_slice(),
            start: 0,
            end: 0,
        }
    }

    /// The next request; none when the client has closed.
    pub(super) fn request(&mut self) -> io::Result<Option<Request>> {
        let mut head = Vec::new();
        loop {
            let line = self.line()?;
            match (line.is_empty(), head.is_empty()) {
                (true, true) => return Ok(None),
                _ if line == b"\r\n" || line == b"\n" => break,
                _ => head.extend_from_slice(&line),
            }
            if head.len() > MAX_HEAD {
                return Err(ErrorKind::InvalidData.into());
            }
        }
        let request = parse(&String::from_utf8_lossy(&head)).ok_or(ErrorKind::InvalidData)?;
        if request
            .header("expect")
            .is_some_and(|v| v.eq_ignore_ascii_case("100-continue"))
        {
            self.stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
        }
        Ok(Some(request))
    }

    /// Takes the body: `each` sees it piece by piece.
    pub(super) fn body(&mut self, length: Option<u64>, mut each: impl FnMut(&[u8])) -> io::Result<()> {
        let Some(length) = length else {
            return self.chunks(&mut each);
        };
        self.exactly(length, &mut each)
    }

    pub(super) fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes)
    }

    fn chunks(&mut self, each: &mut impl FnMut(&[u8])) -> io::Result<()> {
        loop {
            let line = String::from_utf8_lossy(&self.line()?).into_owned();
            let digits = line.trim().split(';').next().unwrap_or_default();
            let length = u64::from_str_radix(digits, 16).map_err(|_| ErrorKind::InvalidData)?;
            if length == 0 {
                // Trailers, up to the empty line.
                while !matches!(self.line()?.as_slice(), b"\r\n" | b"\n" | b"") {}
                return Ok(());
            }
            self.exactly(length, each)?;
            self.line()?;
        }
    }

    fn exactly(&mut self, length: u64, each: &mut impl FnMut(&[u8])) -> io::Result<()> {
        let mut left = length;
        while left > 0 {
            if self.start == self.end && self.fill()? == 0 {
                return Err(ErrorKind::UnexpectedEof.into());
            }
            let there = (self.end - self.start).min(usize::try_from(left).unwrap_or(usize::MAX));
            each(&self.buffer[self.start..self.start + there]);
            self.start += there;
            left -= there as u64;
        }
        Ok(())
    }

    /// A line with its end; empty at the end of the stream.
    fn line(&mut self) -> io::Result<Vec<u8>> {
        let mut line = Vec::new();
        loop {
            let there = &self.buffer[self.start..self.end];
            if let Some(end) = there.iter().position(|byte| *byte == b'\n') {
                line.extend_from_slice(&there[..=end]);
                self.start += end + 1;
                return Ok(line);
            }
            line.extend_from_slice(there);
            self.start = self.end;
            if line.len() > MAX_HEAD {
                return Err(ErrorKind::InvalidData.into());
            }
            if self.fill()? == 0 {
                return if line.is_empty() {
                    Ok(line)
                } else {
                    Err(ErrorKind::UnexpectedEof.into())
                };
            }
        }
    }

    /// Called only when all that had come is taken.
    fn fill(&mut self) -> io::Result<usize> {
        loop {
            match self.stream.read(&mut self.buffer) {
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                read => {
                    (self.start, self.end) = (0, read?);
                    return Ok(self.end);
                }
            }
        }
    }
}

fn parse(head: &str) -> Option<Request> {
    let mut lines = head.lines();
    let mut words = lines.next()?.split(' ');
    let (method, target) = (words.next()?.to_owned(), words.next()?);
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let query = query.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (decoded(name), decoded(&value.replace('+', " ")))
    });
    let headers = lines.filter_map(|line| line.split_once(':'));
    Some(Request {
        method,
        path: decoded(path),
        query: query.collect(),
        headers: headers
            .map(|(name, value)| (name.trim().to_ascii_lowercase(), value.trim().to_owned()))
            .collect(),
    })
}

/// Takes `%XX` away.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let hex = (*first == b'%').then(|| after.get(..2)).flatten();
        let byte = hex
            .and_then(|h| std::str::from_utf8(h).ok())
            .and_then(|h| u8::from_str_radix(h, 16).ok());
        bytes.push(byte.unwrap_or(*first));
        rest = if byte.is_some() { &after[2..] } else { after };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
