//! The oracle: asks a storage what really lies there, with a client and a signer that the product doesn't use.

use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use rusty_s3::actions::{ListObjectsV2, ListParts, S3Action as _};
use rusty_s3::{Bucket, Credentials, Method, UrlStyle};
use url::Url;

use crate::http::{self, Response};
use crate::samples::Hashing;

const SIGNED_FOR: Duration = Duration::from_secs(600);
const PATIENCE: Duration = Duration::from_secs(60);

/// A real server with a bucket, whichever it is.
pub trait S3Server: Send + Sync {
    /// `http://127.0.0.1:PORT`
    fn endpoint(&self) -> &str;

    /// The region that signatures must name.
    fn region(&self) -> &str;

    /// The bucket that is there.
    fn bucket(&self) -> &str;

    /// The key that may do everything in the bucket.
    fn access_key(&self) -> &str;

    /// Its secret.
    fn secret_key(&self) -> &str;

    /// Whether it refuses content with a wrong SHA-256 or CRC64NVME, and tells these of what it has.
    fn verifies_checksums(&self) -> bool;

    /// Asks this server, past the product and past any proxy.
    ///
    /// # Errors
    /// None once the server runs.
    fn oracle(&self) -> Result<Oracle> {
        Oracle::new(
            self.endpoint(),
            self.region(),
            self.bucket(),
            self.access_key(),
            self.secret_key(),
        )
    }
}

/// An object as the listing shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// Its key.
    pub key: String,
    /// Its length.
    pub bytes: u64,
}

/// A multipart upload that was neither completed nor aborted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upload {
    /// The object it is for.
    pub key: String,
    /// The storage's own id.
    pub id: String,
}

/// A part that the storage holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// From 1.
    pub number: u16,
    /// Its length.
    pub bytes: u64,
    /// As the storage gave it, with quotes.
    pub etag: String,
}

/// A bucket with its keys.
#[derive(Debug, Clone)]
pub struct Oracle {
    bucket: Bucket,
    credentials: Credentials,
}

impl Oracle {
    /// Of a bucket that is addressed by path.
    ///
    /// # Errors
    /// The endpoint is no http URL.
    pub fn new(
        endpoint: &str,
        region: &str,
        bucket: &str,
        access_key: &str,
        secret_key: &str,
    ) -> Result<Self> {
        let bucket = Bucket::new(
            endpoint.parse()?,
            UrlStyle::Path,
            bucket.to_owned(),
            region.to_owned(),
        )?;
        Ok(Self {
            bucket,
            credentials: Credentials::new(access_key, secret_key),
        })
    }

    /// Whether the bucket answers to these keys.
    ///
    /// # Errors
    /// It does not, and how.
    pub fn is_there(&self) -> Result<()> {
        let url = self.bucket.head_bucket(Some(&self.credentials)).sign(SIGNED_FOR);
        expect(http::send("HEAD", &url, &[], &[], PATIENCE)?, "HEAD bucket").map(drop)
    }

    /// All objects whose key begins with `prefix`, in the order of their keys.
    ///
    /// # Errors
    /// The storage refuses.
    pub fn objects(&self, prefix: &str) -> Result<Vec<Object>> {
        let mut found = Vec::new();
        let mut next: Option<String> = None;
        loop {
            let mut list = self.bucket.list_objects_v2(Some(&self.credentials));
            list.with_prefix(prefix.to_owned());
            if let Some(token) = next.take() {
                list.with_continuation_token(token);
            }
            let answer = expect(
                http::send("GET", &list.sign(SIGNED_FOR), &[], &[], PATIENCE)?,
                "list objects",
            )?;
            let page =
                ListObjectsV2::parse_response(&answer.text()).map_err(|why| anyhow::anyhow!("{why:?}"))?;
            found.extend(page.contents.into_iter().map(|one| Object {
                key: one.key,
                bytes: one.size.unwrap_or_default(),
            }));
            next = page.next_continuation_token;
            if next.is_none() {
                return Ok(found);
            }
        }
    }

    /// All multipart uploads that are open (at most 1,000, which no test comes near).
    ///
    /// # Errors
    /// The storage refuses.
    pub fn uploads(&self) -> Result<Vec<Upload>> {
        let query = [("encoding-type", "url"), ("uploads", "")];
        let url = self.sign(Method::Get, self.bucket.base_url().clone(), &query);
        let text = expect(http::send("GET", &url, &[], &[], PATIENCE)?, "list uploads")?.text();
        let mut found = Vec::new();
        for one in tags(&text, "Upload") {
            let (key, id) = (
                tag(one, "Key").context("no Key")?,
                tag(one, "UploadId").context("no UploadId")?,
            );
            found.push(Upload {
                key: decoded(&unescaped(key)),
                id: unescaped(id),
            });
        }
        Ok(found)
    }

    /// The parts that an open upload holds.
    ///
    /// # Errors
    /// The storage refuses, or does not know the upload.
    pub fn parts(&self, upload: &Upload) -> Result<Vec<Part>> {
        let mut found = Vec::new();
        let mut after = None;
        loop {
            let mut list = self
                .bucket
                .list_parts(Some(&self.credentials), &upload.key, &upload.id);
            if let Some(marker) = after {
                list.set_part_number_marker(marker);
            }
            let answer = expect(
                http::send("GET", &list.sign(SIGNED_FOR), &[], &[], PATIENCE)?,
                "list parts",
            )?;
            let page = ListParts::parse_response(&answer.text()).map_err(|why| anyhow::anyhow!("{why:?}"))?;
            found.extend(page.parts.into_iter().map(|part| Part {
                number: part.number,
                bytes: part.size,
                etag: part.etag,
            }));
            after = page.next_part_number_marker;
            if after.is_none() {
                return Ok(found);
            }
        }
    }

    /// The headers of an object, its checksums among them; nothing when it is not there.
    ///
    /// # Errors
    /// The storage answers neither 200 nor 404.
    pub fn head(&self, key: &str) -> Result<Option<Response>> {
        let mut head = self.bucket.head_object(Some(&self.credentials), key);
        head.headers_mut().insert("x-amz-checksum-mode", "ENABLED");
        let answer = http::send(
            "HEAD",
            &head.sign(SIGNED_FOR),
            &[("x-amz-checksum-mode", "ENABLED")],
            &[],
            PATIENCE,
        )?;
        match answer.status {
            404 => Ok(None),
            _ => expect(answer, "HEAD object").map(Some),
        }
    }

    /// The content of an object.
    ///
    /// # Errors
    /// It is not there, or the storage refuses.
    pub fn get(&self, key: &str) -> Result<Vec<u8>> {
        let url = self
            .bucket
            .get_object(Some(&self.credentials), key)
            .sign(SIGNED_FOR);
        expect(http::send("GET", &url, &[], &[], PATIENCE)?, "GET object").map(|answer| answer.body)
    }

    /// Reads an object back and hashes it on the way: its length and its SHA-256 in hexadecimal.
    ///
    /// # Errors
    /// It is not there, or the storage refuses.
    pub fn sha256(&self, key: &str) -> Result<(u64, String)> {
        let url = self
            .bucket
            .get_object(Some(&self.credentials), key)
            .sign(SIGNED_FOR);
        let mut hashing = Hashing::default();
        let answer = http::send_to("GET", &url, &[], &[], PATIENCE, &mut hashing)?;
        ensure!(answer.status == 200, "GET {key:?}: {}", answer.status);
        Ok((hashing.bytes, hashing.hex()))
    }

    /// Puts an object past the product.
    ///
    /// # Errors
    /// The storage refuses.
    pub fn put(&self, key: &str, content: &[u8]) -> Result<()> {
        let url = self
            .bucket
            .put_object(Some(&self.credentials), key)
            .sign(SIGNED_FOR);
        expect(http::send("PUT", &url, &[], content, PATIENCE)?, "PUT object").map(drop)
    }

    /// Makes an object of several parts past the product, with these headers on its creation.
    ///
    /// # Errors
    /// The storage refuses.
    pub fn multipart(&self, key: &str, parts: &[&[u8]], headers: &[(&str, &str)]) -> Result<()> {
        let mut create = self.bucket.create_multipart_upload(Some(&self.credentials), key);
        for (name, value) in headers {
            create
                .headers_mut()
                .insert((*name).to_owned(), (*value).to_owned());
        }
        let answer = http::send("POST", &create.sign(SIGNED_FOR), headers, &[], PATIENCE)?;
        let text = expect(answer, "create upload")?.text();
        let id = unescaped(tag(&text, "UploadId").context("no UploadId")?);
        let mut etags = Vec::new();
        for (number, part) in (1u16..).zip(parts) {
            let url = self
                .bucket
                .upload_part(Some(&self.credentials), key, number, &id)
                .sign(SIGNED_FOR);
            let answer = expect(http::send("PUT", &url, &[], part, PATIENCE)?, "PUT part")?;
            etags.push(answer.header("etag").context("no ETag")?.to_owned());
        }
        let complete = self.bucket.complete_multipart_upload(
            Some(&self.credentials),
            key,
            &id,
            etags.iter().map(String::as_str),
        );
        let url = complete.sign(SIGNED_FOR);
        let body = complete.body();
        expect(
            http::send("POST", &url, &[], body.as_bytes(), PATIENCE)?,
            "complete",
        )
        .map(drop)
    }

    /// Removes an object behind the product's back.
    ///
    /// # Errors
    /// The storage refuses.
    pub fn delete(&self, key: &str) -> Result<()> {
        let url = self
            .bucket
            .delete_object(Some(&self.credentials), key)
            .sign(SIGNED_FOR);
        expect(http::send("DELETE", &url, &[], &[], PATIENCE)?, "DELETE object").map(drop)
    }

    /// Aborts an open upload behind the product's back.
    ///
    /// # Errors
    /// The storage refuses.
    pub fn abort(&self, upload: &Upload) -> Result<()> {
        let url = self
            .bucket
            .abort_multipart_upload(Some(&self.credentials), &upload.key, &upload.id)
            .sign(SIGNED_FOR);
        expect(http::send("DELETE", &url, &[], &[], PATIENCE)?, "abort upload").map(drop)
    }

    fn sign(&self, method: Method, url: Url, query: &[(&str, &str)]) -> Url {
        rusty_s3::signing::sign(
            &jiff::Timestamp::now(),
            method,
            url,
            self.credentials.key(),
            self.credentials.secret(),
            None,
            self.bucket.region(),
            SIGNED_FOR.as_secs(),
            query.iter().copied(),
            std::iter::empty(),
        )
    }
}

fn expect(answer: Response, what: &str) -> Result<Response> {
    if (200..300).contains(&answer.status) {
        return Ok(answer);
    }
    bail!("{what}: {} {}", answer.status, answer.text())
}

/// The insides of all elements of a name. Enough for a storage's flat lists.
fn tags<'a>(xml: &'a str, name: &str) -> Vec<&'a str> {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    xml.split(open.as_str())
        .skip(1)
        .filter_map(|rest| rest.split(close.as_str()).next())
        .collect()
}

fn tag<'a>(xml: &'a str, name: &str) -> Option<&'a str> {
    tags(xml, name).first().copied()
}

fn unescaped(text: &str) -> String {
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&apos;", "'")
        .replace("&amp;", "&")
}

fn decoded(text: &str) -> String {
    let pair = format!("k={text}");
    url::form_urlencoded::parse(pair.as_bytes())
        .next()
        .map(|(_, value)| value.into_owned())
        .unwrap_or_default()
}
