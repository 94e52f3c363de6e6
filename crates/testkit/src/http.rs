//! As much HTTP/1.1 as tests on loopback need: one request a connection, and reading messages for the proxy.

use std::io::{self, BufRead, BufReader, Write};
use std::net::TcpStream;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use url::Url;

/// What came back.
#[derive(Debug, Clone)]
pub struct Response {
    /// The status.
    pub status: u16,
    /// Names in lower case, in the order they came.
    pub headers: Vec<(String, String)>,
    /// The content, without its framing.
    pub body: Vec<u8>,
}

impl Response {
    /// The first header of this name (lower case).
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        find(&self.headers, name)
    }

    /// The content as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// Sends one request on a connection of its own and reads the whole answer.
///
/// # Errors
/// No connection, no answer within `patience`, or one that is no HTTP.
pub fn send(
    method: &str,
    url: &Url,
    headers: &[(&str, &str)],
    body: &[u8],
    patience: Duration,
) -> Result<Response> {
    let mut content = Vec::new();
    let mut response = send_to(method, url, headers, body, patience, &mut content)?;
    response.body = content;
    Ok(response)
}

/// As [`send`], with the content written to `sink` as it comes.
///
/// # Errors
/// As [`send`], and when `sink` fails.
pub fn send_to(
    method: &str,
    url: &Url,
    headers: &[(&str, &str)],
    body: &[u8],
    patience: Duration,
    sink: &mut dyn Write,
) -> Result<Response> {
    let (host, port) = (
        url.host_str().context("no host")?,
        url.port_or_known_default().context("no port")?,
    );
    let connection =
        TcpStream::connect((host, port)).with_context(|| format!("cannot connect to {host}:{port}"))?;
    connection.set_read_timeout(Some(patience))?;
    connection.set_write_timeout(Some(patience))?;
    let target = url.query().map_or_else(
        || url.path().to_owned(),
        |query| format!("{}?{query}", url.path()),
    );
    let mut head = format!("{method} {target} HTTP/1.1\r\nhost: {host}:{port}\r\nconnection: close\r\n");
    if !body.is_empty() || method == "PUT" || method == "POST" {
        head.push_str(&format!("content-length: {}\r\n", body.len()));
    }
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str("\r\n");
    let mut writer = &connection;
    writer.write_all(head.as_bytes())?;
    writer.write_all(body)?;
    let mut reader = BufReader::new(&connection);
    let answer = read_answer(&mut reader)?;
    let framing = answer.framing_of_answer(method);
    copy_body(framing, &mut reader, |bytes, is_content| {
        if is_content { sink.write_all(bytes) } else { Ok(()) }
    })?;
    Ok(Response {
        status: answer.status()?,
        headers: answer.headers,
        body: Vec::new(),
    })
}

/// A connection for request after request; made when it is needed, and given up when it fails.
pub struct Line {
    host: String,
    patience: Duration,
    open: Option<BufReader<TcpStream>>,
}

impl Line {
    /// To `http://HOST:PORT`.
    ///
    /// # Errors
    /// That is no such address.
    pub fn to(url: &str, patience: Duration) -> Result<Self> {
        let host = url.strip_prefix("http://").context("no http URL")?;
        Ok(Self {
            host: host.trim_end_matches('/').to_owned(),
            patience,
            open: None,
        })
    }

    /// Sends a request for a path with its query, and reads the whole answer. Of a request that failed it is not known
    /// whether it was carried out.
    ///
    /// # Errors
    /// No connection, no answer within the patience, or one that is no HTTP.
    pub fn send(
        &mut self,
        method: &str,
        target: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Result<Response> {
        let mut connection = match self.open.take() {
            Some(open) => open,
            None => self.connect()?,
        };
        let mut message = format!("{method} {target} HTTP/1.1\r\nhost: {}\r\n", self.host);
        if !body.is_empty() || method == "PUT" || method == "POST" {
            message.push_str(&format!("content-length: {}\r\n", body.len()));
        }
        for (name, value) in headers {
            message.push_str(&format!("{name}: {value}\r\n"));
        }
        message.push_str("\r\n");
        // In one piece: a head without its body would wait for the other side.
        let mut message = message.into_bytes();
        message.extend_from_slice(body);
        connection.get_mut().write_all(&message)?;
        let answer = read_answer(&mut connection)?;
        let framing = answer.framing_of_answer(method);
        let mut content = Vec::new();
        copy_body(framing, &mut connection, |bytes, is_content| {
            if is_content {
                content.write_all(bytes)
            } else {
                Ok(())
            }
        })?;
        if framing != Framing::UntilClose && !answer.wants_close() {
            self.open = Some(connection);
        }
        Ok(Response {
            status: answer.status()?,
            headers: answer.headers,
            body: content,
        })
    }

    fn connect(&self) -> Result<BufReader<TcpStream>> {
        let connection =
            TcpStream::connect(&self.host).with_context(|| format!("cannot connect to {}", self.host))?;
        connection.set_nodelay(true)?;
        connection.set_read_timeout(Some(self.patience))?;
        connection.set_write_timeout(Some(self.patience))?;
        Ok(BufReader::new(connection))
    }
}

/// The head of a message.
#[derive(Debug, Clone)]
pub(crate) struct Head {
    /// Request line or status line.
    pub(crate) first: String,
    pub(crate) headers: Vec<(String, String)>,
    /// All of it as it came, with the empty line.
    pub(crate) raw: Vec<u8>,
}

/// How the content is delimited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Framing {
    Length(u64),
    Chunked,
    UntilClose,
}

impl Head {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        find(&self.headers, name)
    }

    pub(crate) fn status(&self) -> Result<u16> {
        let word = self.first.split(' ').nth(1).unwrap_or_default();
        word.parse()
            .with_context(|| format!("no status in {:?}", self.first))
    }

    pub(crate) fn framing_of_request(&self) -> Framing {
        if self.is_chunked() {
            Framing::Chunked
        } else {
            Framing::Length(self.length().unwrap_or(0))
        }
    }

    pub(crate) fn framing_of_answer(&self, method: &str) -> Framing {
        match self.status() {
            Ok(100..=199 | 204 | 304) => Framing::Length(0),
            _ if method == "HEAD" => Framing::Length(0),
            _ if self.is_chunked() => Framing::Chunked,
            _ => self.length().map_or(Framing::UntilClose, Framing::Length),
        }
    }

    pub(crate) fn wants_close(&self) -> bool {
        self.header("connection")
            .is_some_and(|value| value.eq_ignore_ascii_case("close"))
    }

    fn is_chunked(&self) -> bool {
        self.header("transfer-encoding")
            .is_some_and(|value| value.to_ascii_lowercase().contains("chunked"))
    }

    fn length(&self) -> Option<u64> {
        self.header("content-length")
            .and_then(|value| value.trim().parse().ok())
    }
}

fn find<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    headers
        .iter()
        .find(|(known, _)| known == name)
        .map(|(_, value)| value.as_str())
}

/// Reads a head; nothing when the other side closed before its first byte.
pub(crate) fn read_head(from: &mut impl BufRead) -> Result<Option<Head>> {
    let mut raw = Vec::new();
    let mut lines: Vec<String> = Vec::new();
    loop {
        let start = raw.len();
        if from.read_until(b'\n', &mut raw)? == 0 {
            if raw.is_empty() {
                return Ok(None);
            }
            bail!("the connection was closed inside a head");
        }
        let line = String::from_utf8_lossy(raw.get(start..).unwrap_or_default())
            .trim_end()
            .to_owned();
        if line.is_empty() {
            break;
        }
        lines.push(line);
    }
    let first = lines.first().cloned().context("an empty head")?;
    let headers = lines
        .iter()
        .skip(1)
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.trim().to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    Ok(Some(Head { first, headers, raw }))
}

/// Reads the head of the final answer, past any `100 Continue`.
pub(crate) fn read_answer(from: &mut impl BufRead) -> Result<Head> {
    loop {
        let head = read_head(from)?.context("the connection was closed without an answer")?;
        if head.status()? >= 200 {
            return Ok(head);
        }
    }
}

/// Reads a body piece by piece. `each` gets all bytes as they came; the flag tells content from framing.
pub(crate) fn copy_body(
    framing: Framing,
    from: &mut impl BufRead,
    mut each: impl FnMut(&[u8], bool) -> io::Result<()>,
) -> io::Result<()> {
    match framing {
        Framing::Length(length) => copy_exactly(length, from, &mut each),
        Framing::UntilClose => loop {
            let taken = {
                let bytes = from.fill_buf()?;
                each(bytes, true)?;
                bytes.len()
            };
            if taken == 0 {
                return Ok(());
            }
            from.consume(taken);
        },
        Framing::Chunked => loop {
            let mut line = Vec::new();
            from.read_until(b'\n', &mut line)?;
            each(&line, false)?;
            let text = String::from_utf8_lossy(&line);
            let digits = text
                .trim()
                .split(';')
                .next()
                .unwrap_or_default()
                .trim()
                .to_owned();
            let length = u64::from_str_radix(&digits, 16).map_err(|_| io::ErrorKind::InvalidData)?;
            if length == 0 {
                // Trailers, up to the empty line.
                loop {
                    line.clear();
                    from.read_until(b'\n', &mut line)?;
                    each(&line, false)?;
                    if line == b"\r\n" || line.is_empty() {
                        return Ok(());
                    }
                }
            }
            copy_exactly(length, from, &mut each)?;
            let mut end = [0; 2];
            from.read_exact(&mut end)?;
            each(&end, false)?;
        },
    }
}

fn copy_exactly(
    length: u64,
    from: &mut impl BufRead,
    each: &mut impl FnMut(&[u8], bool) -> io::Result<()>,
) -> io::Result<()> {
    let mut left = length;
    while left > 0 {
        let taken = {
            let bytes = from.fill_buf()?;
            if bytes.is_empty() {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            let end = bytes.len().min(usize::try_from(left).unwrap_or(usize::MAX));
            each(bytes.get(..end).unwrap_or_default(), true)?;
            end
        };
        from.consume(taken);
        left -= taken as u64;
    }
    Ok(())
}
