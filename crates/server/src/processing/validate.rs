//! `validate`: is what is stored what was uploaded, and is it of the type that was said? Size and SHA-256 are taken from
//! the bytes themselves; a hash that nobody had proved is proved by it, and the file may be a source of duplicates then.

use std::collections::VecDeque;

use aws_lc_rs::digest::{Context, SHA256};
use futures::FutureExt as _;
use futures::future::BoxFuture;
use windlass_core::checksum::Crc64;
use windlass_core::error::{ErrorCode, Failure};
use windlass_core::units::{Crc64Nvme, Sha256};
use windlass_extract::sniff::directory::{TAIL, locate, names};
use windlass_extract::sniff::{HEAD, Verdict, sniff};

use super::content::Content;
use super::{Done, Effect, Fault, Processor, Work, always};
use crate::store::derived;

pub(super) const PROCESSOR: Processor = Processor {
    kind: "validate",
    able: always,
    run,
};

/// Bytes before the end in which the directory of an archive is looked for.
const KEPT: usize = TAIL + (4 << 20);

fn run(work: Work) -> BoxFuture<'static, Result<Done, Fault>> {
    async move {
        let read = read(&work).await?;
        let effect = checked(&work, &read)?;
        let declared = &work.session.mime;
        let sniffed = sniff(
            &read.head,
            read.size <= HEAD as u64,
            read.names().as_deref(),
            declared,
        );
        let result = serde_json::json!({
            "size": read.size, "sha256": read.sha256.to_string(), "declared_type": declared,
            "real_type": sniffed.real, "verdict": sniffed.verdict,
        });
        if sniffed.verdict == Verdict::Contradicts {
            let detail = format!("the content is {}, not {declared}", sniffed.real);
            return Err(Fault {
                effect,
                ..Fault::never(Failure::new(ErrorCode::ContentNotAllowed, detail))
            });
        }
        Ok(Done { result, effect })
    }
    .boxed()
}

/// What was seen of the bytes.
pub(super) struct Read {
    pub(super) size: u64,
    pub(super) sha256: Sha256,
    crc64: Crc64Nvme,
    head: Vec<u8>,
    tail: VecDeque<u8>,
}

impl Read {
    /// Names in the directory of an archive; none for what is no archive.
    fn names(&self) -> Option<Vec<String>> {
        if !self.head.starts_with(b"PK") {
            return None;
        }
        let tail: Vec<u8> = self.tail.iter().copied().collect();
        let from = tail.len().saturating_sub(TAIL);
        let found = locate(&tail[from..]).and_then(|place| {
            // The directory lies before the end of the file, at its offset.
            let begin = self.size - tail.len() as u64;
            let at = usize::try_from(place.offset.checked_sub(begin)?).ok()?;
            tail.get(at..).map(names)
        });
        Some(found.unwrap_or_default())
    }
}

/// Reads the whole object.
pub(super) async fn read(work: &Work) -> Result<Read, Fault> {
    let object = work.object()?;
    let service = &work.tools.service;
    let mut content = match Content::open(service, object).await {
        Ok(content) => content,
        Err(e) if e.code == ErrorCode::ObjectMissing => {
            // Looked for once more, and written down (M10).
            service.verify(work.job.owner, vec![work.session.id]).await?;
            return Err(Fault::never(e));
        }
        Err(e) => return Err(e.into()),
    };
    let mut hash = Context::new(&SHA256);
    let mut crc = Crc64::default();
    let mut read = Read {
        size: 0,
        sha256: Sha256([0; 32]),
        crc64: Crc64Nvme(0),
        head: Vec::new(),
        tail: VecDeque::new(),
    };
    while let Some(bytes) = content.next().await? {
        hash.update(&bytes);
        crc.update(&bytes);
        read.size += bytes.len() as u64;
        if read.head.len() < HEAD {
            let room = HEAD - read.head.len();
            read.head.extend_from_slice(&bytes[..bytes.len().min(room)]);
        }
        if read.head.starts_with(b"PK") {
            read.tail.extend(bytes.iter());
            let over = read.tail.len().saturating_sub(KEPT);
            read.tail.drain(..over);
        }
    }
    read.sha256.0.copy_from_slice(hash.finish().as_ref());
    read.crc64 = crc.finish();
    Ok(read)
}

/// Holds the bytes against what the ledger says. What differs is written down as such; a hash that is new is kept.
pub(super) fn checked(work: &Work, read: &Read) -> Result<Option<Effect>, Fault> {
    let object = work.object()?;
    let id = object.id;
    let differs = |code, detail: String| Fault {
        failure: Failure::new(code, detail),
        retry: false,
        effect: Some(Box::new(move |tx, now| derived::mismatch(tx, id, now))),
    };
    let size = work.session.plan.size();
    if read.size != size {
        let detail = format!("{} bytes are stored, uploaded were {size}", read.size);
        return Err(differs(ErrorCode::SizeMismatch, detail));
    }
    match object.sha256.or(work.session.sha256) {
        Some(said) if said != read.sha256 => {
            let detail = "the stored bytes have another SHA-256 than the file".to_owned();
            Err(differs(ErrorCode::VerifyMismatch, detail))
        }
        _ if object.sha256.is_some() => Ok(None),
        _ => {
            let (sha256, crc64) = (read.sha256, read.crc64);
            Ok(Some(Box::new(move |tx, now| {
                derived::prove(tx, id, sha256, crc64, now)
            })))
        }
    }
}
