//! A bucket of any store that speaks S3.
//!
//! An object is born under a key that the ledger holds and nothing else has, carries the token of its attempt in its
//! metadata, and is sent by signed URLs: small ones in one PUT, larger ones as a multipart upload that is created with
//! the first URL. What a store verifies and tells was tried once ([`trial`]); what it does not is read back. Everything
//! that is asked is asked again after a lost answer; nothing is deleted that does not carry our token.

mod calls;
mod client;
mod errors;
mod inventory;
mod names;
mod plain;
mod prove;
pub mod trial;
mod xml;

use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use futures::{FutureExt as _, StreamExt as _};
use rusty_s3::Method;
use tokio::sync::mpsc;
use windlass_core::error::{ErrorCode, Failure};
use windlass_core::ids::DestinationId;
use windlass_core::limits::URL_TTL_MS;
use windlass_core::time::Timestamp;
use windlass_core::units::PartNumber;
use windlass_protocol::destinations::DestinationConfig;
use windlass_protocol::sessions::{SignPart, SignedPart};

use self::calls::{CRC64, Head, SHA256, TOKEN, token};
use self::client::{Ask, Client};
use self::names::Names;
use self::prove::takes;
use super::{
    Capabilities, Checked, CompleteEnd, CompleteJob, Listing, Look, ObjectStorage, PlainEnd, PlainJob,
    PlainPart, PostForm, Presence, attachment, content_type,
};
use crate::clock::World;
use crate::failure::internal;
use crate::secrets::Keys;
use crate::store::ObjectRow;

/// Calls that are out at a time.
const IN_FLIGHT: usize = 64;
/// Times that an abort is repeated until nothing is listed (F101).
const ABORTS: usize = 5;
/// Before an object counts as gone it is asked for again after this.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// A bucket as storage.
pub struct S3Storage {
    client: Client,
    prefix: String,
    /// Empty folders are kept as objects without bytes.
    folder_markers: bool,
    capabilities: Capabilities,
    names: Names,
    /// Milliseconds that URLs to send live.
    ttl_ms: i64,
}

impl S3Storage {
    /// A bucket; nothing is asked yet.
    ///
    /// # Errors
    /// `invalid_field` for an endpoint or bucket that no URL can have.
    pub fn new(
        id: DestinationId,
        config: &DestinationConfig,
        keys: &Keys,
        capabilities: Capabilities,
        world: Arc<dyn World>,
    ) -> Result<Self, Failure> {
        let (prefix, folder_markers) = match config {
            DestinationConfig::S3 {
                prefix,
                folder_markers,
                ..
            } => (prefix.clone(), *folder_markers),
            DestinationConfig::Folder { .. } => (String::new(), false),
        };
        Ok(Self {
            client: Client::new(id, config, keys, world)?,
            prefix,
            folder_markers,
            capabilities,
            names: Names::default(),
            ttl_ms: URL_TTL_MS,
        })
    }

    /// The same with URLs that live for so long.
    #[must_use]
    pub fn with_ttl(self, ttl_ms: i64) -> Self {
        Self { ttl_ms, ..self }
    }

    /// What is signed into the URL of a part, and has to be sent with it.
    fn part_request<'a>(&self, object: &'a ObjectRow, part: &SignPart) -> Result<Ask<'a>, Failure> {
        let mut ask = Ask::object(&object.key);
        // One checksum a request: the hash where it is known, so that a replay can only write the same bytes (A70).
        let hash = part
            .sha256
            .filter(|_| object.plan.is_single() && takes(self.capabilities.sha256));
        let checked = if let Some(hash) = hash {
            ask = ask.header(SHA256, hash.to_base64());
            self.capabilities.sha256
        } else {
            if takes(self.capabilities.crc64) {
                ask = ask.header(CRC64, part.crc64.to_string());
            }
            self.capabilities.crc64
        };
        // The length is in the signature, so nothing longer can be sent (A67). Many HTTP clients don't send the length of
        // an empty body; where the store checks, the checksum says the same.
        if part.size > 0 || checked != Checked::Verified {
            ask = ask.header("content-length", part.size.to_string());
        }
        if object.plan.is_single() {
            return Ok(ask
                .header("content-type", object.mime.as_str())
                .header(TOKEN, token(object)));
        }
        let upload = object
            .upload_id
            .as_deref()
            .ok_or_else(|| internal("a part of an upload that was not begun"))?;
        Ok(ask
            .query("partNumber", part.n.to_string())
            .query("uploadId", upload))
    }

    fn sign_part(&self, object: &ObjectRow, part: &SignPart, now: Timestamp) -> Result<SignedPart, Failure> {
        self.signed(self.part_request(object, part)?, part.n, now)
    }

    /// Permission to send a part by a request as it stands here.
    fn signed(&self, ask: Ask<'_>, n: PartNumber, now: Timestamp) -> Result<SignedPart, Failure> {
        let ttl = Duration::from_millis(self.ttl_ms.unsigned_abs());
        let url = self.client.url(Method::Put, &ask, ttl, now)?;
        let sent = ask
            .headers
            .into_iter()
            .filter(|(name, _)| *name != "content-length");
        Ok(SignedPart {
            n,
            url: url.into(),
            headers: sent.map(|(name, value)| (name.to_owned(), value)).collect(),
            expires_at: now.plus_millis(self.ttl_ms).as_millis(),
            valid_ms: self.ttl_ms,
        })
    }

    /// Gives up every unfinished upload of a key. True when none is listed any more.
    async fn abort_all(&self, object: &ObjectRow) -> Result<bool, Failure> {
        if let Some(upload) = &object.upload_id {
            self.client.abort(&object.key, upload).await?;
        }
        for _ in 0..ABORTS {
            let left = self.client.list_uploads(&object.key).await?;
            if left.is_empty() {
                return Ok(true);
            }
            for upload in left {
                self.client.abort(&object.key, &upload).await?;
            }
        }
        Ok(false)
    }

    async fn discard_all(&self, object: &ObjectRow) -> Result<bool, Failure> {
        // No URL is given before the name was looked up, so nothing can be there.
        if !object.name_checked && object.upload_id.is_none() && object.plan.is_single() {
            return Ok(true);
        }
        // Of a file whose size nobody told the plan says nothing.
        let in_parts = !object.plan.is_single() || object.upload_id.is_some();
        if in_parts && !self.abort_all(object).await? {
            return Ok(false);
        }
        match self.client.head(&object.key).await? {
            Some(head) if is_ours(object, &head) => {
                self.client.delete(&object.key).await?;
                Ok(self.client.head(&object.key).await?.is_none())
            }
            // Somebody else's, or nothing.
            _ => Ok(true),
        }
    }

    async fn look_at(&self, object: &ObjectRow, how: Look) -> Result<Presence, Failure> {
        let mut head = self.client.head(&object.key).await?;
        if head.is_none() {
            tokio::time::sleep(LOOK_AGAIN).await;
            head = self.client.head(&object.key).await?;
        }
        let Some(head) = head else {
            return Ok(Presence::Missing);
        };
        if let Some(why) = self.differs(object, &head) {
            return Ok(Presence::Different(why));
        }
        let told = self.capabilities.tells_crc64 && head.crc64.is_some()
            || self.capabilities.tells_sha256 && head.sha256.is_some() && object.sha256.is_some();
        if told || how == Look::Glance {
            return Ok(Presence::Same);
        }
        let found = self.read_back(object).await?;
        let same = found.size == object.plan.size()
            && object.crc64 == Some(found.crc64)
            && object.sha256.is_none_or(|sha| found.sha256 == sha.0);
        Ok(if same {
            Presence::Same
        } else {
            Presence::Different(Failure::new(
                ErrorCode::VerifyMismatch,
                "the object has other bytes than were proved",
            ))
        })
    }

    /// What HEAD says against what was proved.
    fn differs(&self, object: &ObjectRow, head: &Head) -> Option<Failure> {
        if !is_ours(object, head) {
            return Some(Failure::new(
                ErrorCode::TokenMismatch,
                "the object was replaced by another one",
            ));
        }
        if head.size != Some(object.plan.size()) {
            let detail = format!("{:?} bytes, proved were {}", head.size, object.plan.size());
            return Some(Failure::new(ErrorCode::SizeMismatch, detail));
        }
        let crc = self.capabilities.tells_crc64 && head.crc64.is_some() && head.crc64 != object.crc64;
        let sha = self.capabilities.tells_sha256
            && head.sha256.is_some()
            && object.sha256.is_some()
            && head.sha256 != object.sha256;
        (crc || sha).then(|| {
            Failure::new(
                ErrorCode::VerifyMismatch,
                "the object has another checksum than was proved",
            )
        })
    }
}

/// It carries the token; or it was sent by somebody who sends no header, to a key that nobody else was given (M2).
fn is_ours(object: &ObjectRow, head: &Head) -> bool {
    head.token.as_deref() == Some(token(object).as_str()) || (object.is_plain() && head.token.is_none())
}

impl ObjectStorage for S3Storage {
    fn copies_duplicates(&self) -> bool {
        false
    }

    fn names_are_looked_up(&self) -> bool {
        true
    }

    fn taken<'a>(&'a self, keys: &'a [String], now: Timestamp) -> BoxFuture<'a, Result<Vec<bool>, Failure>> {
        self.names.taken(&self.client, &self.prefix, keys, now).boxed()
    }

    fn begin<'a>(
        &'a self,
        object: &'a ObjectRow,
        again: bool,
    ) -> BoxFuture<'a, Result<Option<String>, Failure>> {
        async move {
            if again && !self.abort_all(object).await? {
                return Err(Failure::new(
                    ErrorCode::StorageError,
                    "an unfinished upload can't be given up",
                ));
            }
            self.client
                .create(object, self.capabilities.crc64)
                .await
                .map(Some)
        }
        .boxed()
    }

    fn room(&self, _: u64) -> BoxFuture<'_, Result<(), Failure>> {
        // No store tells it.
        async { Ok(()) }.boxed()
    }

    fn hear_time(&self) -> BoxFuture<'_, ()> {
        self.client.hear_time(&self.prefix).boxed()
    }

    fn sign(
        &self,
        object: &ObjectRow,
        parts: &[SignPart],
        now: Timestamp,
    ) -> Result<Vec<SignedPart>, Failure> {
        parts
            .iter()
            .map(|part| self.sign_part(object, part, now))
            .collect()
    }

    fn content_url(&self, object: &ObjectRow, expires: Timestamp, now: Timestamp) -> Result<String, Failure> {
        let ask = Ask::object(&object.key)
            // Signed, so nobody turns it into a page (A69, A77).
            .query("response-content-disposition", attachment(&object.key))
            .query("response-content-type", content_type(&object.mime));
        let ttl = Duration::from_millis(expires.millis_since(now).max(1_000).unsigned_abs());
        self.client.url(Method::Get, &ask, ttl, now).map(String::from)
    }

    fn begin_plain<'a>(
        &'a self,
        object: &'a ObjectRow,
        again: bool,
    ) -> BoxFuture<'a, Result<Option<String>, Failure>> {
        self.begin_without_checksums(object, again).boxed()
    }

    fn sign_plain(
        &self,
        object: &ObjectRow,
        single: bool,
        parts: &[PlainPart],
        now: Timestamp,
    ) -> Result<Vec<SignedPart>, Failure> {
        parts
            .iter()
            .map(|part| self.sign_plain_part(object, single, part, now))
            .collect()
    }

    fn form(&self, object: &ObjectRow, most: u64, now: Timestamp) -> Result<Option<PostForm>, Failure> {
        self.client.form(&object.key, &object.mime, most, now).map(Some)
    }

    fn complete_plain<'a>(&'a self, job: &'a PlainJob) -> BoxFuture<'a, PlainEnd> {
        self.complete_without_checksums(job).boxed()
    }

    fn list<'a>(&'a self, object: &'a ObjectRow) -> BoxFuture<'a, Result<Listing, Failure>> {
        async move {
            match &object.upload_id {
                Some(upload) => self.client.list_parts(&object.key, upload).await,
                None => Ok(Listing::NoUpload),
            }
        }
        .boxed()
    }

    fn complete(
        &self,
        jobs: Vec<CompleteJob>,
        ends: mpsc::Sender<(usize, CompleteEnd)>,
    ) -> BoxFuture<'_, ()> {
        async move {
            let mut working = futures::stream::iter(jobs.into_iter().enumerate())
                .map(|(i, job)| async move { (i, self.complete_one(&job).await) })
                .buffer_unordered(IN_FLIGHT);
            while let Some(end) = working.next().await {
                // Whoever asked may be gone; the next who asks finds the same.
                drop(ends.send(end).await);
            }
        }
        .boxed()
    }

    fn copy<'a>(&'a self, _: &'a ObjectRow, _: &'a ObjectRow) -> BoxFuture<'a, CompleteEnd> {
        async { CompleteEnd::Unknown(internal("duplicates in a bucket share an object")) }.boxed()
    }

    fn discard<'a>(&'a self, object: &'a ObjectRow) -> BoxFuture<'a, Result<bool, Failure>> {
        self.discard_all(object).boxed()
    }

    fn forget(&self, _: &[ObjectRow]) {}

    fn inventory(&self, turn: Option<super::Turn>) -> BoxFuture<'_, Result<super::Inventory, Failure>> {
        self.page(turn).boxed()
    }

    fn marked<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<bool, Failure>> {
        self.is_marked(key).boxed()
    }

    fn keep_folder<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<bool, Failure>> {
        async move {
            if !self.folder_markers {
                return Ok(false);
            }
            let key = format!("{key}/");
            // Somebody else's stays as it is.
            if self.client.head(&key).await?.is_none() {
                self.client.put_empty(&key).await?;
            }
            Ok(true)
        }
        .boxed()
    }

    fn look<'a>(&'a self, object: &'a ObjectRow, how: Look) -> BoxFuture<'a, Result<Presence, Failure>> {
        self.look_at(object, how).boxed()
    }
}
