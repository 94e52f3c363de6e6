//! Listings: objects of a bucket, parts of an upload, open uploads.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::answer::{Answer, escaped, iso, percent};
use super::http::Request;
use super::objects::{Object, Objects, Upload};

/// Entries of one page (S3).
const PAGE: usize = 1_000;

/// `GET /BUCKET?list-type=2`, and the older one.
pub(super) fn objects(all: &Objects, bucket: &str, request: &Request) -> Answer {
    let (prefix, delimiter) = (
        request.query("prefix").unwrap_or(""),
        request.query("delimiter").unwrap_or(""),
    );
    let after = ["continuation-token", "start-after", "marker"]
        .iter()
        .find_map(|name| request.query(name))
        .unwrap_or("");
    let most = request
        .query("max-keys")
        .and_then(|n| n.parse().ok())
        .unwrap_or(PAGE)
        .min(PAGE);
    let url = request.query("encoding-type") == Some("url");
    let shown = |key: &str| if url { percent(key) } else { escaped(key) };
    let mut entries = String::new();
    let (mut count, mut last, mut more) = (0, String::new(), false);
    let mut folders = BTreeSet::new();
    let from = (bucket.to_owned(), prefix.max(after).to_owned());
    for ((_, key), object) in all.stored.range(from..).take_while(|((b, _), _)| b == bucket) {
        let Some(rest) = key.strip_prefix(prefix) else {
            break;
        };
        // A page that ended with a folder goes on after all that is in it.
        let inside = !delimiter.is_empty() && after.ends_with(delimiter) && key.starts_with(after);
        if key.as_str() <= after || inside {
            continue;
        }
        let folder = (!delimiter.is_empty())
            .then(|| rest.split_once(delimiter))
            .flatten();
        let folder = folder.map(|(name, _)| format!("{prefix}{name}{delimiter}"));
        if folder.as_ref().is_some_and(|name| folders.contains(name)) {
            continue;
        }
        if count == most {
            more = true;
            break;
        }
        count += 1;
        last = folder.clone().unwrap_or_else(|| key.clone());
        match folder {
            Some(name) => {
                folders.insert(name);
            }
            None => entry(&mut entries, &shown(key), object),
        }
    }
    for name in &folders {
        let _ = write!(
            entries,
            "<CommonPrefixes><Prefix>{}</Prefix></CommonPrefixes>",
            shown(name)
        );
    }
    let mut head = format!(
        "<Name>{bucket}</Name><Prefix>{}</Prefix><MaxKeys>{most}</MaxKeys><KeyCount>{count}</KeyCount><IsTruncated>{more}</IsTruncated>",
        shown(prefix)
    );
    if url {
        head.push_str("<EncodingType>url</EncodingType>");
    }
    if more {
        let next = shown(&last);
        let token = escaped(&last);
        let _ = write!(
            head,
            "<NextContinuationToken>{token}</NextContinuationToken><NextMarker>{next}</NextMarker>"
        );
    }
    Answer::xml(&format!(
        "<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">{head}{entries}</ListBucketResult>"
    ))
}

fn entry(out: &mut String, key: &str, object: &Object) {
    let _ = write!(
        out,
        "<Contents><Key>{key}</Key><LastModified>{}</LastModified><ETag>{}</ETag><Size>{}</Size><StorageClass>STANDARD</StorageClass></Contents>",
        iso(object.at),
        escaped(&object.etag),
        object.size
    );
}

/// `GET /BUCKET/KEY?uploadId=`
pub(super) fn parts(id: &str, upload: &Upload, request: &Request) -> Answer {
    let number = |name: &str| request.query(name).and_then(|n| n.parse::<usize>().ok());
    let after = number("part-number-marker").unwrap_or(0);
    let most = number("max-parts").unwrap_or(PAGE).min(PAGE);
    let mut rest = upload.parts.iter().filter(|(n, _)| **n as usize > after);
    let mut entries = String::new();
    let mut last = 0;
    for (n, part) in rest.by_ref().take(most) {
        last = *n;
        let _ = write!(
            entries,
            "<Part><PartNumber>{n}</PartNumber><LastModified>{}</LastModified><ETag>{}</ETag><Size>{}</Size>",
            iso(part.at),
            escaped(&part.etag),
            part.size
        );
        if let Some(crc64) = part.crc64 {
            let _ = write!(entries, "<ChecksumCRC64NVME>{crc64}</ChecksumCRC64NVME>");
        }
        entries.push_str("</Part>");
    }
    let more = rest.next().is_some();
    let next = if more {
        format!("<NextPartNumberMarker>{last}</NextPartNumberMarker>")
    } else {
        String::new()
    };
    Answer::xml(&format!(
        "<ListPartsResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Bucket>{}</Bucket><Key>{}</Key><UploadId>{id}</UploadId><MaxParts>{most}</MaxParts>\
         <IsTruncated>{more}</IsTruncated>{next}<ChecksumAlgorithm>CRC64NVME</ChecksumAlgorithm>\
         <ChecksumType>FULL_OBJECT</ChecksumType>{entries}</ListPartsResult>",
        upload.bucket,
        escaped(&upload.key)
    ))
}

/// `GET /BUCKET?uploads`
pub(super) fn uploads(all: &Objects, bucket: &str, request: &Request) -> Answer {
    let prefix = request.query("prefix").unwrap_or("");
    let mut entries = String::new();
    for (id, upload) in &all.open {
        if upload.bucket == bucket && upload.key.starts_with(prefix) {
            let _ = write!(
                entries,
                "<Upload><Key>{}</Key><UploadId>{id}</UploadId><Initiated>{}</Initiated></Upload>",
                escaped(&upload.key),
                iso(upload.at)
            );
        }
    }
    Answer::xml(&format!(
        "<ListMultipartUploadsResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Bucket>{bucket}</Bucket><IsTruncated>false</IsTruncated>{entries}</ListMultipartUploadsResult>"
    ))
}
