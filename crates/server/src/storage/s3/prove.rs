//! Completing objects of a bucket and proving them: what the storage says is never taken for done until HEAD, or the bytes
//! themselves, show our token, our size and our checksum.

use std::time::Duration;

use aws_lc_rs::digest;
use rusty_s3::Method;
use tokio::time::sleep;
use windlass_core::checksum::Crc64;
use windlass_core::complete::{CompleteVerdict, review};
use windlass_core::error::{ErrorCode, Failure};
use windlass_core::units::{Crc64Nvme, PartNumber};

use super::S3Storage;
use super::calls::{Completed, Head, token};
use super::client::{Ask, SLOW};
use crate::storage::{Checked, CompleteEnd, CompleteJob, Listing, Proved};
use crate::store::{ObjectRow, Proof};

/// After Complete said yes, HEAD may lag for so long (F99): waits between questions, about 30 s in all.
const LAG_MS: &[u64] = &[100, 200, 500, 1_000, 2_000, 4_000, 8_000, 14_000];
/// A part that was just stored may lag in the listing (F90).
const LISTING_LAG_MS: &[u64] = &[200, 1_000];
/// A single PUT that was answered is there; one question more costs nothing.
const SINGLE_LAG_MS: &[u64] = &[300];

impl S3Storage {
    /// Completes and proves one object.
    pub(super) async fn complete_one(&self, job: &CompleteJob) -> CompleteEnd {
        if job.object.plan.is_single() {
            // The PUT was all of it: the list is checked, then the object.
            return match self.check_list(job) {
                Some(end) => end,
                None => self
                    .prove(job, SINGLE_LAG_MS)
                    .await
                    .unwrap_or_else(|| missing(job)),
            };
        }
        let Some(upload) = job.object.upload_id.as_deref() else {
            return missing(job);
        };
        match self.reviewed(job, upload).await {
            Ok(None) => self.finish(job, upload).await,
            Ok(Some(end)) => end,
            Err(e) => CompleteEnd::Unknown(e),
        }
    }

    /// Faults of the client's list, without asking the storage.
    fn check_list(&self, job: &CompleteJob) -> Option<CompleteEnd> {
        let as_sent: Vec<_> = job.sent.iter().map(stored_as_sent).collect();
        match review(&job.object.plan, job.crc64, &job.sent, &as_sent) {
            CompleteVerdict::Refuse(fault) => Some(CompleteEnd::Refused(fault)),
            CompleteVerdict::Complete | CompleteVerdict::SendAgain(_) => None,
        }
    }

    /// Holds the list against the storage's listing. `None`: complete it.
    async fn reviewed(&self, job: &CompleteJob, upload: &str) -> Result<Option<CompleteEnd>, Failure> {
        let mut lag = LISTING_LAG_MS.iter();
        loop {
            let listed = match self.client.list_parts(&job.object.key, upload).await? {
                Listing::Parts(parts) => parts,
                Listing::NoUpload => return Ok(Some(self.without_upload(job).await)),
            };
            match review(&job.object.plan, job.crc64, &job.sent, &listed) {
                CompleteVerdict::Complete => return Ok(None),
                CompleteVerdict::Refuse(fault) => return Ok(Some(CompleteEnd::Refused(fault))),
                CompleteVerdict::SendAgain(parts) => match lag.next() {
                    Some(ms) => sleep(Duration::from_millis(*ms)).await,
                    None => return Ok(Some(CompleteEnd::Missing(parts))),
                },
            }
        }
    }

    /// The upload is not there: it was completed and the answer was lost, or the storage dropped it (F82, F83).
    async fn without_upload(&self, job: &CompleteJob) -> CompleteEnd {
        self.prove(job, &[]).await.unwrap_or_else(|| {
            let detail = "the storage has neither the unfinished upload nor the object";
            CompleteEnd::Lost(Failure::new(ErrorCode::StorageLostUpload, detail))
        })
    }

    /// Completes what the listing agrees with.
    async fn finish(&self, job: &CompleteJob, upload: &str) -> CompleteEnd {
        let mut lag = LISTING_LAG_MS.iter();
        loop {
            match self.finish_once(job, upload).await {
                Some(end) => return end,
                // The listing and the call may be answered by nodes that don't know the same yet.
                None => match lag.next() {
                    Some(ms) => sleep(Duration::from_millis(*ms)).await,
                    None => return missing(job),
                },
            }
        }
    }

    /// `None`: it refuses parts which it lists, and does not say which.
    async fn finish_once(&self, job: &CompleteJob, upload: &str) -> Option<CompleteEnd> {
        let key = &job.object.key;
        let completed = self
            .client
            .complete(key, upload, &job.sent, job.crc64, self.capabilities.crc64)
            .await;
        let (told, failure) = match completed {
            Completed::Said => {
                let not_yet = Failure::new(ErrorCode::ObjectMissing, "completed, and not there yet");
                let end = self.prove(job, LAG_MS).await;
                return Some(end.unwrap_or(CompleteEnd::Unknown(not_yet)));
            }
            Completed::Lost(e) => {
                return Some(self.prove(job, &[]).await.unwrap_or(CompleteEnd::Unknown(e)));
            }
            Completed::Told(told, failure) => (told, failure),
        };
        Some(match told.code.as_str() {
            "InvalidPart" | "InvalidPartOrder" => {
                let named = told
                    .part
                    .and_then(|n| PartNumber::try_from(n).ok())
                    .map(|n| vec![n]);
                match (named, self.reviewed(job, upload).await) {
                    (Some(parts), _) => CompleteEnd::Missing(parts),
                    (None, Ok(Some(end))) => end,
                    (None, Ok(None)) => return None,
                    (None, Err(e)) => CompleteEnd::Unknown(e),
                }
            }
            "EntityTooSmall" => CompleteEnd::Lost(failure),
            "BadDigest" | "InvalidDigest" | "XAmzContentChecksumMismatch" => CompleteEnd::Lost(failure),
            // NoSuchUpload, InternalError and everything else mean nothing until HEAD was asked (F56, F83).
            _ => match self.prove(job, &[]).await {
                Some(end) => end,
                None if told.status == 404 => self.without_upload(job).await,
                None => CompleteEnd::Unknown(failure),
            },
        })
    }

    /// Asks for the object until the waits are over. `None` when it is not there.
    async fn prove(&self, job: &CompleteJob, waits: &[u64]) -> Option<CompleteEnd> {
        let mut waits = waits.iter();
        loop {
            match self.client.head(&job.object.key).await {
                Ok(Some(head)) => return Some(self.judge(job, &head).await),
                Ok(None) => sleep(Duration::from_millis(*waits.next()?)).await,
                Err(e) => return Some(CompleteEnd::Unknown(e)),
            }
        }
    }

    /// Is what HEAD describes the object of this attempt?
    async fn judge(&self, job: &CompleteJob, head: &Head) -> CompleteEnd {
        if head.token.as_deref() != Some(token(&job.object).as_str()) {
            let detail = "what is under the key does not carry the token of this attempt";
            return CompleteEnd::Lost(Failure::new(ErrorCode::TokenMismatch, detail));
        }
        if head.size != Some(job.object.plan.size()) {
            let detail = format!("{:?} bytes, sent were {}", head.size, job.object.plan.size());
            return differs(job, Failure::new(ErrorCode::SizeMismatch, detail));
        }
        let proved = |proof| {
            CompleteEnd::Stored(Proved {
                etag: head.etag.clone(),
                crc64: job.crc64,
                proof,
            })
        };
        if let (true, Some(there), Some(sent)) = (self.capabilities.tells_sha256, head.sha256, job.sha256)
            && there == sent
        {
            return proved(Proof::Sha256);
        }
        if self.capabilities.tells_crc64 && head.crc64 == Some(job.crc64) {
            return proved(Proof::Crc64);
        }
        // Told none, told one that can't be believed, or told another one: the bytes decide.
        match self.read_back(&job.object).await {
            Ok(found) if found.is(job) => proved(Proof::ReadBack),
            Ok(_) => differs(
                job,
                Failure::new(
                    ErrorCode::VerifyMismatch,
                    "the object has other bytes than were sent",
                ),
            ),
            Err(e) => CompleteEnd::Unknown(e),
        }
    }

    /// Reads an object and computes what proves it.
    pub(super) async fn read_back(&self, object: &ObjectRow) -> Result<Found, Failure> {
        let mut response = self
            .client
            .send(Method::Get, Ask::object(&object.key), SLOW)
            .await?;
        if response.status().as_u16() != 200 {
            let detail = format!("reading back: answer {}", response.status().as_u16());
            return Err(Failure::new(ErrorCode::StorageError, detail));
        }
        let mut crc = Crc64::default();
        let mut sha = digest::Context::new(&digest::SHA256);
        let mut size = 0;
        let cut = || {
            Failure::new(
                ErrorCode::ConnectionLost,
                "the object could not be read to its end",
            )
        };
        while let Some(bytes) = response.chunk().await.map_err(|_| cut())? {
            crc.update(&bytes);
            sha.update(&bytes);
            size += bytes.len() as u64;
        }
        Ok(Found {
            size,
            crc64: crc.finish(),
            sha256: sha.finish().as_ref().to_vec(),
        })
    }
}

/// What reading back found.
pub(super) struct Found {
    pub(super) size: u64,
    pub(super) crc64: Crc64Nvme,
    pub(super) sha256: Vec<u8>,
}

impl Found {
    fn is(&self, job: &CompleteJob) -> bool {
        self.size == job.object.plan.size()
            && self.crc64 == job.crc64
            && job.sha256.is_none_or(|sha| self.sha256 == sha.0)
    }
}

/// Our object with other content: a single PUT can be sent again over it, a multipart can't.
fn differs(job: &CompleteJob, why: Failure) -> CompleteEnd {
    if job.object.plan.is_single() {
        missing(job)
    } else {
        CompleteEnd::Lost(why)
    }
}

fn missing(job: &CompleteJob) -> CompleteEnd {
    CompleteEnd::Missing(job.object.plan.parts().map(|p| p.number).collect())
}

fn stored_as_sent(part: &windlass_core::complete::SentPart) -> windlass_core::complete::StoredPart {
    windlass_core::complete::StoredPart {
        n: part.n,
        size: part.size,
        etag: part.etag.clone(),
        crc64: Some(part.crc64),
    }
}

/// True when a header with this checksum may be sent at all.
pub(super) fn takes(checked: Checked) -> bool {
    checked != Checked::Refused
}
