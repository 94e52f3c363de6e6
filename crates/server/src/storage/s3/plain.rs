//! Objects of callers that send no header of one's own, so neither a checksum nor, with one request, a token (M2).
//!
//! What tells such an object is its key: the ledger gave it to one attempt, and nothing had it before the first URL. What
//! is recorded is the size and what the storage computed. Where the caller said a hash and the object is small, the server
//! reads it, so that the hash is proved.

use std::time::Duration;

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio::time::sleep;
use windlass_core::complete::{SentPart, StoredPart};
use windlass_core::error::{ErrorCode, Failure};
use windlass_core::time::Timestamp;
use windlass_core::units::{Crc64Nvme, PartNumber, Sha256};
use windlass_protocol::sessions::SignedPart;

use super::calls::{Completed, Head, TOKEN, token};
use super::client::{Ask, Client};
use super::{S3Storage, is_ours};
use crate::failure::internal;
use crate::storage::folder::wrong_list;
use crate::storage::{Checked, Listing, PlainEnd, PlainJob, PlainPart, PlainProof, PostForm};
use crate::store::{ObjectRow, Proof};
use crate::text::hex;

/// Objects up to this are read when their hash was said; larger ones are left to a job.
const READ_MOST: u64 = 64 << 20;
/// Before parts that are not listed are asked for again.
const LISTING_LAG_MS: &[u64] = &[200, 1_000];
/// After Complete said yes, HEAD may lag for so long.
const LAG_MS: &[u64] = &[100, 200, 500, 1_000, 2_000, 4_000, 8_000];

impl S3Storage {
    pub(super) async fn begin_without_checksums(
        &self,
        object: &ObjectRow,
        again: bool,
    ) -> Result<Option<String>, Failure> {
        if again && !self.abort_all(object).await? {
            let detail = "an unfinished upload can't be given up";
            return Err(Failure::new(ErrorCode::StorageError, detail));
        }
        // No algorithm is named: parts come without one.
        self.client.create(object, Checked::Refused).await.map(Some)
    }

    pub(super) fn sign_plain_part(
        &self,
        object: &ObjectRow,
        single: bool,
        part: &PlainPart,
        now: Timestamp,
    ) -> Result<SignedPart, Failure> {
        let mut ask = Ask::object(&object.key);
        // The length is in the signature where it is known, so nothing longer can be sent. Many HTTP clients don't send
        // the length of an empty body.
        if let Some(size) = part.size.filter(|size| *size > 0) {
            ask = ask.header("content-length", size.to_string());
        }
        if single {
            if !object.is_plain() {
                ask = ask.header(TOKEN, token(object));
            }
        } else {
            let upload = object.upload_id.as_deref();
            let upload = upload.ok_or_else(|| internal("a part of an upload that was not begun"))?;
            ask = ask
                .query("partNumber", part.n.to_string())
                .query("uploadId", upload);
        }
        self.signed(ask, part.n, now)
    }

    pub(super) async fn complete_without_checksums(&self, job: &PlainJob) -> PlainEnd {
        let ended = if job.single {
            self.seen(job, &[]).await
        } else {
            self.complete_parts(job).await
        };
        ended.unwrap_or_else(PlainEnd::Unknown)
    }

    async fn complete_parts(&self, job: &PlainJob) -> Result<PlainEnd, Failure> {
        let key = &job.object.key;
        let Some(upload) = job.object.upload_id.as_deref() else {
            return Ok(PlainEnd::Absent);
        };
        let mut lag = LISTING_LAG_MS.iter();
        let sent = loop {
            let listed = match self.client.list_parts(key, upload).await? {
                Listing::Parts(parts) => parts,
                // Completed by an earlier call whose answer was lost, or dropped by the storage.
                Listing::NoUpload => {
                    return Ok(match self.seen(job, &[]).await? {
                        PlainEnd::Absent => PlainEnd::Lost(Failure::new(
                            ErrorCode::StorageLostUpload,
                            "the storage has neither the unfinished upload nor the object",
                        )),
                        seen => seen,
                    });
                }
            };
            match (reviewed(job, listed), lag.next()) {
                (Ok(sent), _) => break sent,
                // A part that was just stored may lag in the listing (F90).
                (Err(PlainEnd::Missing(_)), Some(ms)) if job.parts.is_some() => {
                    sleep(Duration::from_millis(*ms)).await;
                }
                (Err(end), _) => return Ok(end),
            }
        };
        let completed = self
            .client
            .complete(key, upload, &sent, Crc64Nvme(0), Checked::Ignored);
        let end = match completed.await {
            Completed::Said => match self.seen(job, LAG_MS).await? {
                PlainEnd::Absent => PlainEnd::Unknown(Failure::new(
                    ErrorCode::ObjectMissing,
                    "completed, and not there yet",
                )),
                seen => seen,
            },
            Completed::Lost(e) => match self.seen(job, &[]).await? {
                PlainEnd::Absent => PlainEnd::Unknown(e),
                seen => seen,
            },
            Completed::Told(told, failure) => match told.code.as_str() {
                "EntityTooSmall" => PlainEnd::Lost(failure),
                "InvalidPart" | "InvalidPartOrder" => PlainEnd::Missing(sent.iter().map(|p| p.n).collect()),
                _ => match self.seen(job, &[]).await? {
                    PlainEnd::Absent => PlainEnd::Unknown(failure),
                    seen => seen,
                },
            },
        };
        Ok(match end {
            PlainEnd::Stored(mut proof) => {
                proof.parts = sent.into_iter().map(listed_again).collect();
                PlainEnd::Stored(proof)
            }
            end => end,
        })
    }

    /// Asks for the object until the waits are over.
    async fn seen(&self, job: &PlainJob, waits: &[u64]) -> Result<PlainEnd, Failure> {
        let mut waits = waits.iter();
        let head = loop {
            match self.client.head(&job.object.key).await? {
                Some(head) => break head,
                None => match waits.next() {
                    Some(ms) => sleep(Duration::from_millis(*ms)).await,
                    None => return Ok(PlainEnd::Absent),
                },
            }
        };
        self.judge_plain(job, head).await
    }

    async fn judge_plain(&self, job: &PlainJob, head: Head) -> Result<PlainEnd, Failure> {
        if !is_ours(&job.object, &head) {
            let detail = "what is under the key does not carry the token of this attempt";
            return Ok(PlainEnd::Lost(Failure::new(ErrorCode::TokenMismatch, detail)));
        }
        let size = head
            .size
            .ok_or_else(|| Failure::new(ErrorCode::StorageError, "the storage does not tell the size"))?;
        if job.size.is_some_and(|said| said != size) {
            let detail = format!("{size} bytes, announced were {}", job.object.plan.size());
            return Ok(PlainEnd::Lost(Failure::new(ErrorCode::SizeMismatch, detail)));
        }
        let mut proof = PlainProof {
            size,
            etag: head.etag,
            crc64: head.crc64.filter(|_| self.capabilities.tells_crc64),
            sha256: None,
            proof: Proof::Token,
            parts: Vec::new(),
        };
        let Some(said) = job.sha256.filter(|_| size <= READ_MOST) else {
            return Ok(PlainEnd::Stored(proof));
        };
        let found = self.read_back(&job.object).await?;
        let sha256: Option<Sha256> = found.sha256.as_slice().try_into().ok().map(Sha256);
        if found.size != size || sha256 != Some(said) {
            let detail = "the content is not the one that was announced";
            return Ok(PlainEnd::Lost(Failure::new(ErrorCode::ChecksumMismatch, detail)));
        }
        proof.crc64 = Some(found.crc64);
        proof.sha256 = sha256;
        proof.proof = Proof::ReadBack;
        Ok(PlainEnd::Stored(proof))
    }
}

/// Holds the caller's list, or none, against the storage's: the parts to complete it from.
fn reviewed(job: &PlainJob, listed: Vec<StoredPart>) -> Result<Vec<SentPart>, PlainEnd> {
    let last = listed.iter().map(|p| p.n.get()).max().unwrap_or(0);
    let count = match job.size {
        Some(_) => job.object.plan.count(),
        None => job.parts.as_ref().map_or(last, |said| said.len() as u32),
    };
    if count == 0 {
        return Err(PlainEnd::Absent);
    }
    if let Some(wrong) = job
        .parts
        .as_ref()
        .and_then(|said| wrong_list(said, &listed, count))
    {
        return Err(wrong);
    }
    let fits = |n: PartNumber| {
        let planned = job.object.plan.part(n).map(|p| p.len);
        let found = listed.iter().find(|p| p.n == n);
        found.is_some_and(|p| job.size.is_none() || planned == Some(p.size))
    };
    let missing: Vec<_> = (0..count as usize)
        .filter_map(|i| PartNumber::from_index(i).ok())
        .filter(|n| !fits(*n))
        .collect();
    if !missing.is_empty() {
        return Err(PlainEnd::Missing(missing));
    }
    let sent = listed
        .into_iter()
        .filter(|p| p.n.get() <= count)
        .map(|p| SentPart {
            n: p.n,
            size: p.size,
            crc64: Crc64Nvme(0),
            etag: p.etag,
        });
    Ok(sent.collect())
}

fn listed_again(part: SentPart) -> StoredPart {
    StoredPart {
        n: part.n,
        size: part.size,
        etag: part.etag,
        crc64: None,
    }
}

impl Client {
    /// A form that a browser may post: of this key, of this type, and no longer than that.
    pub(super) fn form(&self, key: &str, mime: &str, most: u64, now: Timestamp) -> Result<PostForm, Failure> {
        let now = self.storage_time(now);
        let time = |at: Timestamp| jiff::Timestamp::from_millisecond(at.as_millis()).map_err(internal);
        let stamp = time(now)?.strftime("%Y%m%dT%H%M%SZ").to_string();
        let day = stamp.get(..8).unwrap_or_default().to_owned();
        let until = time(now.plus_millis(windlass_core::limits::URL_TTL_MS))?;
        let (bucket, keys) = (self.bucket(), self.credentials());
        let scope = format!("{day}/{}/s3/aws4_request", bucket.region());
        let mut fields = vec![
            ("key".to_owned(), key.to_owned()),
            ("Content-Type".to_owned(), mime.to_owned()),
            ("x-amz-algorithm".to_owned(), "AWS4-HMAC-SHA256".to_owned()),
            ("x-amz-credential".to_owned(), format!("{}/{scope}", keys.key())),
            ("x-amz-date".to_owned(), stamp),
        ];
        if let Some(token) = keys.token() {
            fields.push(("x-amz-security-token".to_owned(), token.to_owned()));
        }
        let mut conditions = vec![
            serde_json::json!({ "bucket": bucket.name() }),
            serde_json::json!(["content-length-range", 0, most]),
        ];
        conditions.extend(fields.iter().map(|(name, value)| {
            serde_json::Value::Object([(name.clone(), value.clone().into())].into_iter().collect())
        }));
        let policy = serde_json::json!({
            "expiration": until.strftime("%Y-%m-%dT%H:%M:%S.000Z").to_string(),
            "conditions": conditions,
        });
        let policy = STANDARD.encode(policy.to_string());
        let mut key = format!("AWS4{}", keys.secret()).into_bytes();
        for word in [
            day.as_str(),
            bucket.region(),
            "s3",
            "aws4_request",
            policy.as_str(),
        ] {
            let signed = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &key), word.as_bytes());
            key = signed.as_ref().to_vec();
        }
        fields.push(("policy".to_owned(), policy));
        fields.push(("x-amz-signature".to_owned(), hex(&key)));
        Ok(PostForm {
            url: bucket.base_url().to_string(),
            fields,
        })
    }
}
