//! One line of JSON, with an upper end.

use std::io;

use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::io::{AsyncBufRead, AsyncBufReadExt as _, AsyncWrite, AsyncWriteExt as _};

/// Bytes of one line. A command line has at most 2 MiB; written as JSON each byte may become six.
pub(super) const MAX_LINE: usize = 16 << 20;

/// The next line; `None` at the end of the stream.
///
/// # Cancel safety
/// None: a line that was read in part is lost with the future.
pub(super) async fn read<T: DeserializeOwned>(
    from: &mut (impl AsyncBufRead + Unpin),
) -> io::Result<Option<T>> {
    let mut line = Vec::new();
    loop {
        let (used, whole) = {
            let seen = from.fill_buf().await?;
            match seen.iter().position(|b| *b == b'\n') {
                Some(end) => {
                    line.extend_from_slice(&seen[..end]);
                    (end + 1, true)
                }
                None if seen.is_empty() && line.is_empty() => return Ok(None),
                None if seen.is_empty() => return Err(io::ErrorKind::UnexpectedEof.into()),
                None => {
                    line.extend_from_slice(seen);
                    (seen.len(), false)
                }
            }
        };
        from.consume(used);
        if line.len() > MAX_LINE {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "the line is too long"));
        }
        if whole {
            return serde_json::from_slice(&line)
                .map(Some)
                .map_err(|e| io::Error::new(io::ErrorKind::InvalidData, e.to_string()));
        }
    }
}

/// Writes a line.
pub(super) async fn write(to: &mut (impl AsyncWrite + Unpin), value: &impl Serialize) -> io::Result<()> {
    let mut line = serde_json::to_vec(value)?;
    line.push(b'\n');
    if line.len() > MAX_LINE {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "the line is too long"));
    }
    to.write_all(&line).await?;
    to.flush().await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn lines_come_one_by_one_and_half_a_line_is_an_error() {
        let mut from: &[u8] = b"1\n\"a b\"\n{";
        assert_eq!(read::<u32>(&mut from).await.unwrap(), Some(1));
        assert_eq!(read::<String>(&mut from).await.unwrap().as_deref(), Some("a b"));
        assert_eq!(
            read::<serde_json::Value>(&mut from).await.unwrap_err().kind(),
            io::ErrorKind::UnexpectedEof
        );
        let mut empty: &[u8] = b"";
        assert_eq!(read::<u32>(&mut empty).await.unwrap(), None);
    }

    #[tokio::test]
    async fn a_line_without_an_end_is_cut_at_the_limit() {
        let endless = tokio::io::AsyncReadExt::take(tokio::io::repeat(b'x'), u64::MAX);
        let mut from = tokio::io::BufReader::new(endless);
        let refused = read::<String>(&mut from).await.unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::InvalidData);
    }

    #[tokio::test]
    async fn a_line_that_is_no_json_is_refused() {
        let mut from: &[u8] = b"GET / HTTP/1.1\r\n";
        assert_eq!(
            read::<u32>(&mut from).await.unwrap_err().kind(),
            io::ErrorKind::InvalidData
        );
    }
}
