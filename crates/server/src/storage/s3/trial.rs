//! Trying a bucket before it becomes a destination: each step that an upload needs, on objects of its own that are
//! removed, and what the store does with checksums, found out by sending wrong ones (F87, F88).

use rusty_s3::Method;
use windlass_core::checksum::crc64;
use windlass_core::complete::SentPart;
use windlass_core::error::{ErrorCode, Failure};
use windlass_core::ids::{DestinationId, FileId, ObjectId};
use windlass_core::part_plan::PartPlan;
use windlass_core::states::ObjectState;
use windlass_core::time::Timestamp;
use windlass_core::units::{Crc64Nvme, ETag, PartNumber, Sha256};
use windlass_protocol::destinations::Check;

use super::S3Storage;
use super::calls::{CRC64, Completed, Head, SHA256, TOKEN, token};
use super::client::{Ask, QUICK, Reply};
use super::prove::takes;
use crate::clock::random;
use crate::storage::folder::trial::Steps;
use crate::storage::{Capabilities, Checked};
use crate::store::ObjectRow;
use crate::text::hex;

/// A clock off by more is refused by stores (recipes; AWS).
const CLOCK_LIMIT_MS: i64 = 15 * 60_000;
/// A clock off by more is worth a warning.
const CLOCK_WARN_MS: i64 = 5 * 60_000;
/// What is written: little, and no text.
const BYTES: &[u8] = &[0x57, 0x69, 0x6e, 0x64, 0x6c, 0x61, 0x73, 0x73, 0xff, 0x00, 0x10];

/// Where a trial stopped.
type Stopped = (&'static str, Failure);

/// Tries a bucket. Answers the steps, and what was learnt about checksums.
pub async fn try_bucket(bucket: &S3Storage) -> (Check, Capabilities) {
    let mut steps = Steps::default();
    let mut learnt = Capabilities::NONE;
    if let Err((step, failure)) = run(bucket, &mut steps, &mut learnt).await {
        steps.fail(step, &failure);
    }
    (steps.check(), learnt)
}

async fn run(bucket: &S3Storage, steps: &mut Steps, learnt: &mut Capabilities) -> Result<(), Stopped> {
    let at = |step| move |e| (step, e);
    let reply = first_answer(bucket, steps).await?;
    clock(bucket, &reply, steps)?;
    let multipart = probe_object(bucket, "m").map_err(at("create"))?;
    let single = probe_object(bucket, "s").map_err(at("create"))?;
    let tried = write_both(bucket, steps, learnt, multipart.clone(), &single).await;
    let removed = remove(bucket, &multipart, &single).await;
    tried?;
    removed.map_err(at("remove"))?;
    steps.fine("remove", "removed");
    if learnt.tells_crc64 && learnt.crc64 == Checked::Verified {
        let sha = learnt.sha256 == Checked::Verified && learnt.tells_sha256;
        steps.fine("checksums", if sha { "crc64nvme, sha256" } else { "crc64nvme" });
    } else {
        steps.warn("checksums", "read_back", Some(ErrorCode::ChecksumUnsupported));
    }
    Ok(())
}

/// The first call tells three things: whether anybody is there, whether the key is known, and whether the bucket is.
async fn first_answer(bucket: &S3Storage, steps: &mut Steps) -> Result<Reply, Stopped> {
    const ANSWERS: (&str, &str) = ("reachable", "the storage answers");
    const KNOWN: (&str, &str) = ("key", "the key is taken");
    const THERE: (&str, &str) = ("bucket", "the bucket is there");
    let answer = bucket.client.list_one(&bucket.prefix).await;
    let (held, stopped): (&[_], _) = match answer.as_ref().err().map(|e| e.code) {
        None => (&[ANSWERS, KNOWN, THERE], ""),
        Some(ErrorCode::StorageCredentials) => (&[ANSWERS], "key"),
        // A wrong region is told before the key is looked at: of the key nothing is known.
        Some(ErrorCode::BucketMissing | ErrorCode::StorageDenied) => (&[ANSWERS], "bucket"),
        Some(ErrorCode::ClockSkew) => (&[ANSWERS], "clock"),
        Some(_) => (&[], "reachable"),
    };
    for (step, detail) in held {
        steps.fine(step, *detail);
    }
    answer.map_err(|e| (stopped, e))
}

fn clock(bucket: &S3Storage, reply: &Reply, steps: &mut Steps) -> Result<(), Stopped> {
    let date = reply.headers.get("date").and_then(|v| v.to_str().ok());
    let Some(theirs) = date.and_then(|d| jiff::fmt::rfc2822::parse(d).ok()) else {
        steps.warn("clock", "the storage does not tell its time", None);
        return Ok(());
    };
    let off = bucket.client.now().as_millis() - theirs.timestamp().as_millisecond();
    let detail = format!("{} s", off / 1_000);
    if off.abs() > CLOCK_LIMIT_MS {
        return Err(("clock", Failure::new(ErrorCode::ClockSkew, detail)));
    }
    if off.abs() > CLOCK_WARN_MS {
        steps.warn("clock", detail, Some(ErrorCode::ClockSkew));
    } else {
        steps.fine("clock", detail);
    }
    Ok(())
}

/// An object that is in no ledger: it is removed before the trial ends.
fn probe_object(bucket: &S3Storage, kind: &str) -> Result<ObjectRow, Failure> {
    let world = bucket.client.world();
    let token: [u8; 16] = random(world)?;
    let name = hex(&token[..8]);
    let zero = Timestamp::from_millis(0);
    Ok(ObjectRow {
        id: ObjectId::new(zero, [0; 10]),
        session: FileId::new(zero, [0; 10]),
        attempt: 1,
        destination: DestinationId::new(zero, [0; 10]),
        key: format!("{}.windlass-test-{name}-{kind}", bucket.prefix),
        state: ObjectState::Open,
        name_checked: true,
        upload_id: None,
        token: random(world)?,
        plan: PartPlan::new(BYTES.len() as u64).map_err(crate::failure::internal)?,
        mime: "application/octet-stream".to_owned(),
        etag: None,
        crc64: None,
        sha256: None,
        proof: None,
        checked_at: None,
    })
}

async fn write_both(
    bucket: &S3Storage,
    steps: &mut Steps,
    learnt: &mut Capabilities,
    mut multipart: ObjectRow,
    single: &ObjectRow,
) -> Result<(), Stopped> {
    let at = |step| move |e| (step, e);
    learnt.crc64 = Checked::Ignored;
    let upload = match bucket.client.create(&multipart, Checked::Ignored).await {
        Ok(upload) => upload,
        Err(first) => {
            // It may be the checksum that it does not know.
            learnt.crc64 = Checked::Refused;
            bucket
                .client
                .create(&multipart, Checked::Refused)
                .await
                .map_err(|_| ("create", first))?
        }
    };
    multipart.upload_id = Some(upload.clone());
    steps.fine("create", "an upload was begun");

    let right = crc64(BYTES);
    if learnt.crc64 != Checked::Refused {
        let wrong = put_part(bucket, &multipart, &upload, Some(Crc64Nvme(right.0 ^ 1)))
            .await
            .map_err(at("write"))?;
        learnt.crc64 = if wrong.status >= 400 {
            Checked::Verified
        } else {
            Checked::Ignored
        };
    }
    let mut stored = put_part(bucket, &multipart, &upload, takes(learnt.crc64).then_some(right))
        .await
        .map_err(at("write"))?;
    if stored.status >= 400 && learnt.crc64 == Checked::Verified {
        // It refuses the right one as well: it does not know the checksum.
        learnt.crc64 = Checked::Refused;
        stored = put_part(bucket, &multipart, &upload, None)
            .await
            .map_err(at("write"))?;
    }
    let etag = stored
        .headers
        .get("etag")
        .and_then(|v| v.to_str().ok())
        .map(|v| ETag(v.to_owned()));
    stored.fine().map_err(at("write"))?;
    let etag = etag.ok_or_else(|| {
        (
            "write",
            Failure::new(ErrorCode::StorageError, "a part without an ETag"),
        )
    })?;
    put_single(bucket, single, learnt).await?;
    steps.fine("write", format!("{} bytes", 2 * BYTES.len()));

    let part = SentPart {
        n: PartNumber::FIRST,
        size: BYTES.len() as u64,
        crc64: right,
        etag,
    };
    match bucket
        .client
        .complete(&multipart.key, &upload, &[part], right, learnt.crc64)
        .await
    {
        Completed::Said => steps.fine("complete", "completed"),
        Completed::Told(_, e) | Completed::Lost(e) => return Err(("complete", e)),
    }
    let whole = read_back(bucket, &multipart).await?;
    let small = read_back(bucket, single).await?;
    learnt.tells_crc64 = learnt.crc64 == Checked::Verified && whole.crc64 == Some(right);
    learnt.tells_sha256 = learnt.sha256 == Checked::Verified && small.sha256 == Some(sha256(BYTES));
    steps.fine("read_back", "the same bytes");
    Ok(())
}

async fn put_part(
    bucket: &S3Storage,
    object: &ObjectRow,
    upload: &str,
    crc: Option<Crc64Nvme>,
) -> Result<Reply, Failure> {
    let mut ask = Ask::object(&object.key)
        .query("partNumber", "1")
        .query("uploadId", upload)
        .body(BYTES);
    if let Some(crc) = crc {
        ask = ask.header(CRC64, crc.to_string());
    }
    bucket.client.ask(Method::Put, ask, QUICK).await
}

async fn put_single(
    bucket: &S3Storage,
    object: &ObjectRow,
    learnt: &mut Capabilities,
) -> Result<(), Stopped> {
    let at = |step| move |e| (step, e);
    let put = async |sha: Option<Sha256>| {
        let mut ask = Ask::object(&object.key).header(TOKEN, token(object)).body(BYTES);
        if let Some(sha) = sha {
            ask = ask.header(SHA256, sha.to_base64());
        }
        bucket.client.ask(Method::Put, ask, QUICK).await
    };
    let right = sha256(BYTES);
    let mut other = right;
    other.0[0] ^= 1;
    let wrong = put(Some(other)).await.map_err(at("write"))?;
    learnt.sha256 = if wrong.status >= 400 {
        Checked::Verified
    } else {
        Checked::Ignored
    };
    let reply = put(Some(right)).await.map_err(at("write"))?;
    if reply.status >= 400 && learnt.sha256 == Checked::Verified {
        learnt.sha256 = Checked::Refused;
        return put(None)
            .await
            .and_then(Reply::fine)
            .map(drop)
            .map_err(at("write"));
    }
    reply.fine().map(drop).map_err(at("write"))
}

/// What is there must be what was written, with the token.
async fn read_back(bucket: &S3Storage, object: &ObjectRow) -> Result<Head, Stopped> {
    let at = |step| move |e| (step, e);
    let differs = |what: &str| ("read_back", Failure::new(ErrorCode::VerifyMismatch, what));
    let head = bucket.client.head(&object.key).await.map_err(at("read_back"))?;
    let head = head.ok_or_else(|| {
        (
            "read_back",
            Failure::new(ErrorCode::ObjectMissing, "the object is not there"),
        )
    })?;
    if head.token.as_deref() != Some(token(object).as_str()) {
        return Err(differs("the metadata did not come back"));
    }
    let found = bucket.read_back(object).await.map_err(at("read_back"))?;
    if head.size != Some(BYTES.len() as u64) || found.crc64 != crc64(BYTES) {
        return Err(differs("other bytes came back than were written"));
    }
    Ok(head)
}

async fn remove(bucket: &S3Storage, multipart: &ObjectRow, single: &ObjectRow) -> Result<(), Failure> {
    bucket.abort_all(multipart).await?;
    for key in [&multipart.key, &single.key] {
        bucket.client.delete(key).await?;
    }
    Ok(())
}

fn sha256(bytes: &[u8]) -> Sha256 {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes);
    let mut out = [0; 32];
    out.copy_from_slice(digest.as_ref());
    Sha256(out)
}
