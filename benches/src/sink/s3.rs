//! What a request means.

use std::sync::{Mutex, MutexGuard, PoisonError};

use windlass_core::time::Timestamp;

use super::answer::{Answer, date, escaped};
use super::http::Request;
use super::listing;
use super::objects::{Body, Object, Objects, Refused};

/// The storage.
#[derive(Default)]
pub(super) struct Storage {
    objects: Mutex<Objects>,
}

/// Bucket and key of a path; either may be empty.
pub(super) fn place(path: &str) -> (&str, &str) {
    let path = path.strip_prefix('/').unwrap_or(path);
    path.split_once('/').unwrap_or((path, ""))
}

/// Number of the part that a PUT brings; none when it brings a whole object.
pub(super) fn part_number(request: &Request) -> Option<u32> {
    request.query("uploadId")?;
    request.query("partNumber")?.parse().ok()
}

impl Storage {
    pub(super) fn objects(&self) -> MutexGuard<'_, Objects> {
        self.objects.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn answer(&self, request: &Request, body: Body, now: Timestamp) -> Answer {
        let (bucket, key) = place(&request.path);
        let answer = match (bucket, key) {
            ("", _) => Ok(Answer::xml(
                "<ListAllMyBucketsResult><Buckets><Bucket><Name>bench</Name></Bucket></Buckets></ListAllMyBucketsResult>",
            )),
            (bucket, "") => Ok(self.of_bucket(bucket, request, &body)),
            (bucket, key) => self.of_object(bucket, key, request, body, now),
        };
        answer.unwrap_or_else(|(status, code)| Answer::error(status, code))
    }

    fn of_bucket(&self, bucket: &str, request: &Request, body: &Body) -> Answer {
        match request.method.as_str() {
            "GET" if request.query("location").is_some() => Answer::xml("<LocationConstraint/>"),
            "GET" if request.query("versioning").is_some() => Answer::xml("<VersioningConfiguration/>"),
            "GET" if request.query("uploads").is_some() => listing::uploads(&self.objects(), bucket, request),
            "GET" => listing::objects(&self.objects(), bucket, request),
            "POST" if request.query("delete").is_some() => {
                let mut all = self.objects();
                for key in values(&text(body), "Key") {
                    all.stored.remove(&(bucket.to_owned(), key));
                }
                Answer::xml("<DeleteResult/>")
            }
            _ => Answer::new(200),
        }
    }

    fn of_object(
        &self,
        bucket: &str,
        key: &str,
        request: &Request,
        body: Body,
        now: Timestamp,
    ) -> Result<Answer, Refused> {
        let mut all = self.objects();
        let id = request.query("uploadId");
        match (request.method.as_str(), id) {
            ("PUT", _) if request.header("x-amz-copy-source").is_some() => Err((501, "NotImplemented")),
            ("PUT", Some(id)) => {
                let number = part_number(request).ok_or((400, "InvalidArgument"))?;
                let part = all.put_part(id, number, request, &body, now)?;
                let answer = Answer::new(200).with("etag", part.etag);
                let crc64 = part.crc64.map(|crc| crc.to_string());
                Ok(crc64
                    .into_iter()
                    .fold(answer, |a, crc| a.with("x-amz-checksum-crc64nvme", crc)))
            }
            ("PUT", None) => {
                let object = all.put(bucket, key, request, body, now)?;
                Ok(Answer::new(200)
                    .with("etag", object.etag)
                    .with_all(&object.checksums))
            }
            ("POST", None) if request.query("uploads").is_some() => {
                let id = all.create(bucket, key, request, now);
                let named = named(bucket, key);
                let answer = Answer::xml(&format!(
                    "<InitiateMultipartUploadResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">{named}<UploadId>{id}</UploadId></InitiateMultipartUploadResult>"
                ));
                let told = ["x-amz-checksum-algorithm", "x-amz-checksum-type"];
                Ok(told.iter().fold(answer, |a, name| match request.header(name) {
                    Some(value) => a.with(name, value),
                    None => a,
                }))
            }
            ("POST", Some(id)) => {
                let object = all.complete(id, &listed(&text(&body)), request, now)?;
                let crc64 = object.checksums.first();
                let crc64 = crc64.map_or_else(String::new, |(_, crc)| {
                    format!(
                        "<ChecksumCRC64NVME>{crc}</ChecksumCRC64NVME><ChecksumType>FULL_OBJECT</ChecksumType>"
                    )
                });
                Ok(Answer::xml(&format!(
                    "<CompleteMultipartUploadResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">{}<ETag>{}</ETag>{crc64}</CompleteMultipartUploadResult>",
                    named(bucket, key),
                    escaped(&object.etag)
                )))
            }
            ("GET", Some(id)) => {
                let upload = all.open.get(id).ok_or((404, "NoSuchUpload"))?;
                Ok(listing::parts(id, upload, request))
            }
            ("DELETE", Some(id)) => match all.open.remove(id) {
                Some(_) => Ok(Answer::new(204)),
                None => Err((404, "NoSuchUpload")),
            },
            ("DELETE", None) => {
                all.stored.remove(&(bucket.to_owned(), key.to_owned()));
                Ok(Answer::new(204))
            }
            ("HEAD" | "GET", None) => {
                let found = all.stored.get(&(bucket.to_owned(), key.to_owned()));
                shown(found.ok_or((404, "NoSuchKey"))?, request)
            }
            _ => Err((501, "NotImplemented")),
        }
    }
}

fn shown(object: &Object, request: &Request) -> Result<Answer, Refused> {
    let mut answer = Answer::new(200)
        .with("etag", object.etag.clone())
        .with("last-modified", date(object.at))
        .with("accept-ranges", "bytes")
        .with_all(&object.about)
        .with_all(&object.checksums);
    if request.method == "HEAD" {
        answer.length = Some(object.size);
        return Ok(answer);
    }
    // What was dropped can't be read back.
    let kept = object.kept.as_ref().ok_or((501, "NotImplemented"))?;
    let Some(range) = request.header("range") else {
        return Ok(answer.with_body(kept.clone()));
    };
    let (first, last) = range
        .trim_start_matches("bytes=")
        .split_once('-')
        .ok_or((416, "InvalidRange"))?;
    let first: usize = first.parse().map_err(|_| (416, "InvalidRange"))?;
    let last = last
        .parse()
        .unwrap_or(usize::MAX)
        .min(kept.len().saturating_sub(1));
    let slice = kept.get(first..=last).ok_or((416, "InvalidRange"))?;
    answer.status = 206;
    Ok(answer
        .with("content-range", format!("bytes {first}-{last}/{}", kept.len()))
        .with_body(slice))
}

fn named(bucket: &str, key: &str) -> String {
    format!("<Bucket>{bucket}</Bucket><Key>{}</Key>", escaped(key))
}

fn text(body: &Body) -> String {
    String::from_utf8_lossy(body.kept.as_deref().unwrap_or_default()).into_owned()
}

/// The parts in the body of a complete.
fn listed(xml: &str) -> Vec<(u32, String)> {
    let numbers = values(xml, "PartNumber");
    let numbers = numbers.iter().map(|n| n.parse().unwrap_or(0));
    numbers.zip(values(xml, "ETag")).collect()
}

/// The texts of all elements of a name; S3's bodies have no attributes where this looks.
fn values(xml: &str, name: &str) -> Vec<String> {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    xml.split(&open)
        .skip(1)
        .filter_map(|rest| rest.split_once(&close))
        .map(|(value, _)| {
            value
                .replace("&quot;", "\"")
                .replace("&#34;", "\"")
                .replace("&lt;", "<")
                .replace("&gt;", ">")
                .replace("&amp;", "&")
        })
        .collect()
}
