//! The calls to a bucket, each answered in words of ours.

use rusty_s3::Method;
use windlass_core::complete::{SentPart, StoredPart};
use windlass_core::error::{ErrorCode, Failure};
use windlass_core::units::{Crc64Nvme, ETag, Sha256};

use super::client::{Ask, Client, QUICK, Reply, SLOW};
use super::errors::Told;
use super::xml::{self, Node};
use crate::storage::{Checked, Listing};
use crate::store::ObjectRow;
use crate::text::hex;

/// The header that carries the token of an attempt.
pub(super) const TOKEN: &str = "x-amz-meta-windlass-token";
/// CRC of a part or a whole.
pub(super) const CRC64: &str = "x-amz-checksum-crc64nvme";
/// Hash of a single PUT.
pub(super) const SHA256: &str = "x-amz-checksum-sha256";
/// Pages of a listing that are read: 10,000 parts, or 100,000 keys.
const PAGES: usize = 100;

/// What HEAD says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) size: Option<u64>,
    pub(super) token: Option<String>,
    pub(super) etag: Option<String>,
    pub(super) crc64: Option<Crc64Nvme>,
    pub(super) sha256: Option<Sha256>,
}

/// What Complete came to.
#[derive(Debug)]
pub(super) enum Completed {
    /// The storage says so; to be proved.
    Said,
    /// The storage told an error.
    Told(Told, Failure),
    /// No whole answer.
    Lost(Failure),
}

impl Client {
    /// Metadata of an object; `None` when it is not there.
    pub(super) async fn head(&self, key: &str) -> Result<Option<Head>, Failure> {
        let ask = Ask::object(key).header("x-amz-checksum-mode", "ENABLED");
        let reply = self.ask(Method::Head, ask, QUICK).await?;
        match reply.status {
            200 => Ok(Some(read_head(&reply))),
            404 => {
                // An answer to HEAD has no body: that the bucket is gone looks the same.
                self.list_one("").await.map(|_| None)
            }
            // Nor does it say why: a call with a body does.
            _ => match self.list_one("").await {
                Ok(_) => Err(reply.fine().err().unwrap_or_else(|| {
                    Failure::new(
                        ErrorCode::StorageError,
                        "an answer that is neither fine nor an error",
                    )
                })),
                Err(e) => Err(e),
            },
        }
    }

    /// Asks for at most one key, to learn whether the bucket answers.
    pub(super) async fn list_one(&self, prefix: &str) -> Result<Reply, Failure> {
        let ask = Ask::default()
            .query("list-type", "2")
            .query("max-keys", "1")
            .query("prefix", prefix);
        self.ask(Method::Get, ask, QUICK).await?.fine()
    }

    /// Keys below a prefix; `None` when there are more than a cache should hold.
    pub(super) async fn list_keys(&self, prefix: &str, most: usize) -> Result<Option<Vec<String>>, Failure> {
        let mut keys = Vec::new();
        let mut next: Option<String> = None;
        for _ in 0..PAGES {
            let mut ask = Ask::default()
                .query("list-type", "2")
                .query("encoding-type", "url")
                .query("prefix", prefix);
            if let Some(token) = next.take() {
                ask = ask.query("continuation-token", token);
            }
            let root = self.tree(ask).await?;
            let decode = root.text_of("EncodingType") == Some("url");
            for key in root.all("Contents").filter_map(|c| c.text_of("Key")) {
                keys.push(if decode {
                    percent_decoded(key)
                } else {
                    key.to_owned()
                });
            }
            if keys.len() > most {
                return Ok(None);
            }
            match root
                .text_of("NextContinuationToken")
                .filter(|_| root.text_of("IsTruncated") == Some("true"))
            {
                Some(token) => next = Some(token.to_owned()),
                None => return Ok(Some(keys)),
            }
        }
        Ok(None)
    }

    async fn tree(&self, ask: Ask<'_>) -> Result<Node, Failure> {
        let reply = self.ask(Method::Get, ask, QUICK).await?.fine()?;
        xml::parse(&reply.body)
            .ok_or_else(|| Failure::new(ErrorCode::StorageError, "the answer can't be read"))
    }

    /// Begins a multipart upload.
    pub(super) async fn create(&self, object: &ObjectRow, crc64: Checked) -> Result<String, Failure> {
        let mut ask = Ask::object(&object.key)
            .query("uploads", "")
            .header("content-type", object.mime.as_str())
            .header(TOKEN, token(object));
        if crc64 != Checked::Refused {
            ask = ask
                .header("x-amz-checksum-algorithm", "CRC64NVME")
                .header("x-amz-checksum-type", "FULL_OBJECT");
        }
        let reply = self.ask(Method::Post, ask, QUICK).await?.fine()?;
        let root = xml::parse(&reply.body);
        let id = root
            .as_ref()
            .and_then(|r| r.text_of("UploadId"))
            .filter(|id| !id.is_empty());
        id.map(str::to_owned)
            .ok_or_else(|| Failure::new(ErrorCode::StorageError, "an upload without an id"))
    }

    /// Parts of a multipart upload, all pages.
    pub(super) async fn list_parts(&self, key: &str, upload: &str) -> Result<Listing, Failure> {
        let mut parts = Vec::new();
        let mut marker = 0u32;
        for _ in 0..PAGES {
            let mut ask = Ask::object(key).query("uploadId", upload);
            if marker > 0 {
                ask = ask.query("part-number-marker", marker.to_string());
            }
            let reply = self.ask(Method::Get, ask, QUICK).await?;
            if let Some(told) = reply
                .told()
                .filter(|t| t.status == 404 && t.code != "NoSuchBucket")
            {
                tracing::debug!(code = told.code, "no such upload");
                return Ok(Listing::NoUpload);
            }
            let reply = reply.fine()?;
            let root = xml::parse(&reply.body).filter(|r| r.name == "ListPartsResult");
            let root =
                root.ok_or_else(|| Failure::new(ErrorCode::StorageError, "the answer can't be read"))?;
            let before = parts.len();
            for part in root.all("Part") {
                let part = read_part(part);
                parts
                    .push(part.ok_or_else(|| Failure::new(ErrorCode::StorageError, "a part can't be read"))?);
            }
            let more = root.text_of("IsTruncated") == Some("true") && parts.len() > before;
            match parts.last().filter(|_| more) {
                Some(last) => marker = last.n.get(),
                None => return Ok(Listing::Parts(parts)),
            }
        }
        Ok(Listing::Parts(parts))
    }

    /// Ids of unfinished uploads of exactly this key.
    pub(super) async fn list_uploads(&self, key: &str) -> Result<Vec<String>, Failure> {
        let ask = Ask::default()
            .query("uploads", "")
            .query("prefix", key)
            .query("encoding-type", "url");
        let root = self.tree(ask).await?;
        let decode = root.text_of("EncodingType") == Some("url");
        let of_key = root.all("Upload").filter(|u| {
            u.text_of("Key").is_some_and(|k| {
                if decode {
                    percent_decoded(k) == key
                } else {
                    k == key
                }
            })
        });
        Ok(of_key
            .filter_map(|u| u.text_of("UploadId"))
            .map(str::to_owned)
            .collect())
    }

    /// Gives up a multipart upload; one that is not there is fine.
    pub(super) async fn abort(&self, key: &str, upload: &str) -> Result<(), Failure> {
        let reply = self
            .ask(Method::Delete, Ask::object(key).query("uploadId", upload), QUICK)
            .await?;
        match reply.status {
            404 => Ok(()),
            _ => reply.fine().map(drop),
        }
    }

    /// Removes an object; one that is not there is fine.
    pub(super) async fn delete(&self, key: &str) -> Result<(), Failure> {
        let reply = self.ask(Method::Delete, Ask::object(key), QUICK).await?;
        match reply.status {
            404 => Ok(()),
            _ => reply.fine().map(drop),
        }
    }

    /// Writes an object without bytes.
    pub(super) async fn put_empty(&self, key: &str) -> Result<(), Failure> {
        let ask = Ask::object(key).body(Vec::new());
        self.ask(Method::Put, ask, QUICK).await?.fine().map(drop)
    }

    /// Completes a multipart upload with the client's own list.
    pub(super) async fn complete(
        &self,
        key: &str,
        upload: &str,
        parts: &[SentPart],
        whole: Crc64Nvme,
        crc64: Checked,
    ) -> Completed {
        let mut body =
            String::from("<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">");
        for part in parts {
            let etag = xml::escaped(&part.etag.0);
            body.push_str(&format!(
                "<Part><PartNumber>{}</PartNumber><ETag>{etag}</ETag>",
                part.n
            ));
            if crc64 == Checked::Verified {
                body.push_str(&format!("<ChecksumCRC64NVME>{}</ChecksumCRC64NVME>", part.crc64));
            }
            body.push_str("</Part>");
        }
        body.push_str("</CompleteMultipartUpload>");
        let mut ask = Ask::object(key)
            .query("uploadId", upload)
            .header("content-type", "application/xml")
            .body(body);
        if crc64 == Checked::Verified {
            ask = ask
                .header(CRC64, whole.to_string())
                .header("x-amz-checksum-type", "FULL_OBJECT");
        }
        match self.ask(Method::Post, ask, SLOW).await {
            Err(e) => Completed::Lost(e),
            Ok(reply) => match reply.told() {
                Some(told) => {
                    let failure = reply.failure(&told);
                    Completed::Told(told, failure)
                }
                // 200 with a body that was cut says nothing (F84).
                None => match xml::parse(&reply.body) {
                    Some(root) if root.name == "CompleteMultipartUploadResult" => Completed::Said,
                    _ => Completed::Lost(Failure::new(
                        ErrorCode::AnswerLost,
                        "the answer to complete was cut",
                    )),
                },
            },
        }
    }
}

/// The token of an object as text.
pub(super) fn token(object: &ObjectRow) -> String {
    hex(&object.token)
}

fn read_head(reply: &Reply) -> Head {
    let text = |name: &str| {
        reply
            .headers
            .get(name)
            .and_then(|v| v.to_str().ok())
            .map(str::to_owned)
    };
    let whole = text("x-amz-checksum-type").is_none_or(|kind| kind.eq_ignore_ascii_case("FULL_OBJECT"));
    Head {
        size: text("content-length").and_then(|v| v.parse().ok()),
        token: text(TOKEN),
        etag: text("etag"),
        // A checksum of checksums has a number behind it, or says so: neither proves content (F88).
        crc64: text(CRC64).filter(|_| whole).and_then(|v| v.parse().ok()),
        sha256: text(SHA256)
            .filter(|_| whole)
            .and_then(|v| Sha256::from_base64(&v).ok()),
    }
}

fn read_part(node: &Node) -> Option<StoredPart> {
    Some(StoredPart {
        n: node.text_of("PartNumber")?.parse::<u32>().ok()?.try_into().ok()?,
        size: node.text_of("Size")?.parse().ok()?,
        etag: ETag(node.text_of("ETag")?.to_owned()),
        crc64: node.text_of("ChecksumCRC64NVME").and_then(|c| c.parse().ok()),
    })
}

/// Decoded once, `+` included, as listings with `encoding-type=url` are written.
pub(super) fn percent_decoded(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&b, tail)) = rest.split_first() {
        rest = tail;
        let hex = tail
            .get(..2)
            .and_then(|h| std::str::from_utf8(h).ok())
            .and_then(|h| u8::from_str_radix(h, 16).ok());
        match (b, hex) {
            (b'%', Some(byte)) => {
                out.push(byte);
                rest = &tail[2..];
            }
            (b'+', _) => out.push(b' '),
            _ => out.push(b),
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn listed_keys_are_decoded_once() {
        assert_eq!(percent_decoded("a%20b+c%2Bd%2525"), "a b c+d%25");
        assert_eq!(percent_decoded("100%"), "100%");
        assert_eq!(percent_decoded("%E6%97%A5"), "日");
    }
}
