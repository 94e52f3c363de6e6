//! What lies in the storage, as far as it can be known without the bytes.

use std::collections::BTreeMap;

use windlass_core::checksum::{combine, crc64};
use windlass_core::time::Timestamp;
use windlass_core::units::Crc64Nvme;
use windlass_transfer::hash::ContentHash;

use super::http::Request;

/// Bodies up to this are kept and checked; S3's smallest part but the last is a thousand times as much.
pub(super) const KEEP: u64 = 4 * 1024;

/// A body that came.
#[derive(Debug, Default, Clone)]
pub(super) struct Body {
    pub(super) bytes: u64,
    /// All of it, when it is small.
    pub(super) kept: Option<Vec<u8>>,
}

/// An object.
#[derive(Debug, Clone)]
pub(super) struct Object {
    pub(super) size: u64,
    pub(super) etag: String,
    /// `content-type` and `x-amz-meta-*`.
    pub(super) about: Vec<(String, String)>,
    /// `x-amz-checksum-*`.
    pub(super) checksums: Vec<(String, String)>,
    pub(super) kept: Option<Vec<u8>>,
    pub(super) at: Timestamp,
}

/// A part of an open upload.
#[derive(Debug, Clone)]
pub(super) struct Part {
    pub(super) size: u64,
    pub(super) etag: String,
    pub(super) crc64: Option<Crc64Nvme>,
    kept: Option<Vec<u8>>,
    pub(super) at: Timestamp,
}

/// An open multipart upload.
#[derive(Debug, Clone)]
pub(super) struct Upload {
    pub(super) bucket: String,
    pub(super) key: String,
    about: Vec<(String, String)>,
    pub(super) parts: BTreeMap<u32, Part>,
    pub(super) at: Timestamp,
}

/// All of it. Objects are found by bucket and key, in order.
#[derive(Debug, Default)]
pub(super) struct Objects {
    pub(super) stored: BTreeMap<(String, String), Object>,
    pub(super) open: BTreeMap<String, Upload>,
    made: u64,
}

/// A refusal: status and S3's code.
pub(super) type Refused = (u16, &'static str);

impl Objects {
    fn etag(&mut self) -> String {
        self.made += 1;
        format!("\"{:016x}\"", self.made)
    }

    pub(super) fn put(
        &mut self,
        bucket: &str,
        key: &str,
        request: &Request,
        body: Body,
        now: Timestamp,
    ) -> Result<Object, Refused> {
        let place = (bucket.to_owned(), key.to_owned());
        if request.header("if-none-match") == Some("*") && self.stored.contains_key(&place) {
            return Err((412, "PreconditionFailed"));
        }
        let object = Object {
            size: body.bytes,
            etag: self.etag(),
            about: about(request),
            checksums: checksums(request, &body)?,
            kept: body.kept,
            at: now,
        };
        self.stored.insert(place, object.clone());
        Ok(object)
    }

    pub(super) fn create(&mut self, bucket: &str, key: &str, request: &Request, now: Timestamp) -> String {
        self.made += 1;
        let id = format!("upload-{}", self.made);
        let upload = Upload {
            bucket: bucket.to_owned(),
            key: key.to_owned(),
            about: about(request),
            parts: BTreeMap::new(),
            at: now,
        };
        self.open.insert(id.clone(), upload);
        id
    }

    pub(super) fn put_part(
        &mut self,
        id: &str,
        number: u32,
        request: &Request,
        body: &Body,
        now: Timestamp,
    ) -> Result<Part, Refused> {
        let told = checksums(request, body)?;
        let etag = self.etag();
        let upload = self.open.get_mut(id).ok_or((404, "NoSuchUpload"))?;
        let crc64 = told
            .iter()
            .find(|(name, _)| name == CRC64)
            .and_then(|(_, value)| value.parse().ok());
        let part = Part {
            size: body.bytes,
            etag,
            crc64,
            kept: body.kept.clone(),
            at: now,
        };
        upload.parts.insert(number, part.clone());
        Ok(part)
    }

    /// `list`: number and ETag of each part, as the client sent them.
    pub(super) fn complete(
        &mut self,
        id: &str,
        list: &[(u32, String)],
        request: &Request,
        now: Timestamp,
    ) -> Result<Object, Refused> {
        let upload = self.open.get(id).ok_or((404, "NoSuchUpload"))?;
        let mut parts = Vec::with_capacity(list.len());
        let mut last = 0;
        for (number, etag) in list {
            if *number <= last {
                return Err((400, "InvalidPartOrder"));
            }
            last = *number;
            let part = upload.parts.get(number).ok_or((400, "InvalidPart"))?;
            if part.etag.trim_matches('"') != etag.trim_matches('"') {
                return Err((400, "InvalidPart"));
            }
            parts.push(part);
        }
        if parts.is_empty() {
            return Err((400, "MalformedXML"));
        }
        let place = (upload.bucket.clone(), upload.key.clone());
        if request.header("if-none-match") == Some("*") && self.stored.contains_key(&place) {
            return Err((412, "PreconditionFailed"));
        }
        let known: Option<Vec<_>> = parts.iter().map(|p| Some((p.crc64?, p.size))).collect();
        let whole = known.map(combine);
        if let (Some(whole), Some(told)) = (whole, request.header(CRC64))
            && told != whole.to_string()
        {
            return Err((400, "BadDigest"));
        }
        let kept: Option<Vec<&[u8]>> = parts.iter().map(|part| part.kept.as_deref()).collect();
        let object = Object {
            size: parts.iter().map(|part| part.size).sum(),
            etag: format!("\"{id}-{}\"", parts.len()),
            about: upload.about.clone(),
            checksums: whole.map_or_else(Vec::new, full_object),
            kept: kept.map(|parts| parts.concat()),
            at: now,
        };
        self.open.remove(id);
        self.stored.insert(place, object.clone());
        Ok(object)
    }
}

const CRC64: &str = "x-amz-checksum-crc64nvme";
const SHA256: &str = "x-amz-checksum-sha256";
const TYPE: &str = "x-amz-checksum-type";

fn full_object(crc64: Crc64Nvme) -> Vec<(String, String)> {
    vec![
        (CRC64.to_owned(), crc64.to_string()),
        (TYPE.to_owned(), "FULL_OBJECT".to_owned()),
    ]
}

fn about(request: &Request) -> Vec<(String, String)> {
    let told = |name: &str| name == "content-type" || name.starts_with("x-amz-meta-");
    let headers = request.headers.iter().filter(|(name, _)| told(name));
    headers.cloned().collect()
}

/// The checksums that came, believed for what is dropped and checked for what is kept. Without any, what is kept gets its CRC,
/// as S3 does.
fn checksums(request: &Request, body: &Body) -> Result<Vec<(String, String)>, Refused> {
    let told = |name: &str| request.header(name).map(str::to_owned);
    let mut found: Vec<(String, String)> = [CRC64, SHA256]
        .iter()
        .filter_map(|name| Some(((*name).to_owned(), told(name)?)))
        .collect();
    if let Some(bytes) = &body.kept {
        let right = |name: &str| {
            if name == CRC64 {
                crc64(bytes).to_string()
            } else {
                sha256(bytes)
            }
        };
        if found.iter().any(|(name, value)| *value != right(name)) {
            return Err((400, "BadDigest"));
        }
        if found.is_empty() {
            found.push((CRC64.to_owned(), crc64(bytes).to_string()));
        }
    }
    if !found.is_empty() {
        found.push((TYPE.to_owned(), "FULL_OBJECT".to_owned()));
    }
    Ok(found)
}

fn sha256(bytes: &[u8]) -> String {
    let mut hash = ContentHash::default();
    hash.update(bytes);
    hash.finish().to_base64()
}
