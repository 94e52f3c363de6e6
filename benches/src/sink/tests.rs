//! The sink as S3 clients see it: requests signed by a client that knows nothing of it.

use std::net::TcpListener;
use std::thread;
use std::time::Duration;

use anyhow::Result;
use rusty_s3::actions::{
    AbortMultipartUpload, CompleteMultipartUpload, CreateMultipartUpload, GetObject, HeadObject,
    ListObjectsV2, ListParts, PutObject, S3Action, UploadPart,
};
use rusty_s3::{Bucket, Credentials, UrlStyle};
use url::Url;
use windlass_core::checksum::crc64;
use windlass_testkit::http::{Response, send};

use super::{BUCKET, Seen, server};

const WHILE: Duration = Duration::from_secs(60);
const PATIENCE: Duration = Duration::from_secs(10);

struct Client {
    bucket: Bucket,
    keys: Credentials,
    base: Url,
}

impl Client {
    fn new() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let base: Url = format!("http://{}", listener.local_addr()?).parse()?;
        thread::spawn(move || server::serve(&listener));
        Ok(Self {
            bucket: Bucket::new(base.clone(), UrlStyle::Path, BUCKET, "here")?,
            keys: Credentials::new("k", "s"),
            base,
        })
    }

    fn call<'a>(
        &'a self,
        method: &str,
        action: impl S3Action<'a>,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Result<Response> {
        send(method, &action.sign(WHILE), headers, body, PATIENCE)
    }

    fn begin(&self, key: &str, headers: &[(&str, &str)]) -> Result<String> {
        let action = CreateMultipartUpload::new(&self.bucket, Some(&self.keys), key);
        let answer = self.call("POST", action, headers, b"")?;
        Ok(CreateMultipartUpload::parse_response(&answer.text())?
            .upload_id()
            .to_owned())
    }

    fn part(&self, key: &str, id: &str, number: u16, body: &[u8]) -> Result<Response> {
        let action = UploadPart::new(&self.bucket, Some(&self.keys), key, number, id);
        let crc = crc64(body).to_string();
        self.call("PUT", action, &[("x-amz-checksum-crc64nvme", &crc)], body)
    }

    fn complete(&self, key: &str, id: &str, etags: &[&str]) -> Result<Response> {
        let action =
            CompleteMultipartUpload::new(&self.bucket, Some(&self.keys), key, id, etags.iter().copied());
        let url = action.sign(WHILE);
        send("POST", &url, &[], action.body().as_bytes(), PATIENCE)
    }

    fn head(&self, key: &str) -> Result<Response> {
        let action = HeadObject::new(&self.bucket, Some(&self.keys), key);
        self.call("HEAD", action, &[("x-amz-checksum-mode", "ENABLED")], b"")
    }

    fn seen(&self) -> Result<Vec<Seen>> {
        let answer = send("GET", &self.base.join("/_sink/ledger")?, &[], b"", PATIENCE)?;
        Ok(serde_json::from_slice(&answer.body)?)
    }
}

#[test]
fn a_multipart_upload_is_listed_completed_and_told_by_head_with_token_size_and_crc_of_the_whole() -> Result<()>
{
    let client = Client::new()?;
    let (key, content) = ("a folder/ä+b.bin", vec![7_u8; 100_000]);
    let id = client.begin(key, &[("x-amz-meta-windlass-token", "t1")])?;
    let (first, last) = content.split_at(60_000);
    let answers = [client.part(key, &id, 1, first)?, client.part(key, &id, 2, last)?];
    let etags: Vec<&str> = answers.iter().filter_map(|a| a.header("etag")).collect();
    assert_eq!(etags.len(), 2);
    assert_eq!(
        answers[0].header("x-amz-checksum-crc64nvme"),
        Some(crc64(first).to_string().as_str())
    );

    let listing = client.call(
        "GET",
        ListParts::new(&client.bucket, Some(&client.keys), key, &id),
        &[],
        b"",
    )?;
    let listed = ListParts::parse_response(&listing.text())?;
    let sizes: Vec<u64> = listed.parts.iter().map(|part| part.size).collect();
    assert_eq!(sizes, [60_000, 40_000]);
    assert!(listing.text().contains(&crc64(last).to_string()));

    assert_eq!(client.head(key)?.status, 404);
    let done = client.complete(key, &id, &etags)?;
    assert_eq!(done.status, 200, "{}", done.text());
    let head = client.head(key)?;
    assert_eq!(head.header("content-length"), Some("100000"));
    assert_eq!(head.header("x-amz-meta-windlass-token"), Some("t1"));
    assert_eq!(
        head.header("x-amz-checksum-crc64nvme"),
        Some(crc64(&content).to_string().as_str())
    );
    assert_eq!(head.header("x-amz-checksum-type"), Some("FULL_OBJECT"));

    let again = client.complete(key, &id, &etags)?;
    assert_eq!(again.status, 404);
    assert!(again.text().contains("NoSuchUpload"));
    Ok(())
}

#[test]
fn what_is_small_is_checked_and_given_back_byte_for_byte() -> Result<()> {
    let client = Client::new()?;
    let put = || PutObject::new(&client.bucket, Some(&client.keys), "probe");
    let wrong = crc64(b"something else").to_string();
    let refused = client.call("PUT", put(), &[("x-amz-checksum-crc64nvme", &wrong)], b"probe")?;
    assert_eq!(refused.status, 400);
    assert!(refused.text().contains("BadDigest"));
    assert_eq!(client.head("probe")?.status, 404);
    assert_eq!(client.call("PUT", put(), &[], b"probe")?.status, 200);
    let get = GetObject::new(&client.bucket, Some(&client.keys), "probe");
    assert_eq!(client.call("GET", get, &[], b"")?.body, b"probe");
    let taken = client.call("PUT", put(), &[("if-none-match", "*")], b"other")?;
    assert_eq!(taken.status, 412);

    let id = client.begin("parts", &[])?;
    let answers = [
        client.part("parts", &id, 1, b"pro")?,
        client.part("parts", &id, 2, b"be")?,
    ];
    let etags: Vec<&str> = answers.iter().filter_map(|a| a.header("etag")).collect();
    assert_eq!(client.complete("parts", &id, &etags)?.status, 200);
    let get = GetObject::new(&client.bucket, Some(&client.keys), "parts");
    assert_eq!(client.call("GET", get, &[], b"")?.body, b"probe");
    Ok(())
}

#[test]
fn what_is_large_is_dropped_and_its_checksum_believed() -> Result<()> {
    let client = Client::new()?;
    let put = PutObject::new(&client.bucket, Some(&client.keys), "large");
    let told = crc64(b"not of these bytes").to_string();
    let answer = client.call(
        "PUT",
        put,
        &[("x-amz-checksum-crc64nvme", &told)],
        &vec![1; 1 << 20],
    )?;
    assert_eq!(answer.status, 200);
    let head = client.head("large")?;
    assert_eq!(head.header("content-length"), Some("1048576"));
    assert_eq!(head.header("x-amz-checksum-crc64nvme"), Some(told.as_str()));
    Ok(())
}

#[test]
fn a_listing_has_all_objects_page_by_page() -> Result<()> {
    let client = Client::new()?;
    for number in 0..5 {
        let key = format!("p/{number} &.txt");
        let put = PutObject::new(&client.bucket, Some(&client.keys), &key);
        client.call("PUT", put, &[], b"x")?;
    }
    let (mut keys, mut token) = (Vec::new(), None);
    loop {
        let mut list = ListObjectsV2::new(&client.bucket, Some(&client.keys));
        list.with_prefix("p/");
        list.with_max_keys(2);
        if let Some(token) = token {
            list.with_continuation_token(token);
        }
        let page = ListObjectsV2::parse_response(&client.call("GET", list, &[], b"")?.text())?;
        keys.extend(page.contents.into_iter().map(|object| object.key));
        token = page.next_continuation_token;
        if token.is_none() {
            break;
        }
    }
    assert_eq!(keys.len(), 5, "{keys:?}");
    Ok(())
}

#[test]
fn the_ledger_tells_cut_puts_from_answered_ones_and_an_aborted_upload_is_gone() -> Result<()> {
    use std::io::Write as _;
    let client = Client::new()?;
    let id = client.begin("cut", &[])?;
    client.part("cut", &id, 1, &[1; 10_000])?;
    let url = UploadPart::new(&client.bucket, Some(&client.keys), "cut", 2, &id).sign(WHILE);
    let host = (url.host_str().unwrap_or_default(), url.port().unwrap_or_default());
    let mut wire = std::net::TcpStream::connect(host)?;
    write!(
        wire,
        "PUT {}?{} HTTP/1.1\r\ncontent-length: 9999\r\n\r\nabc",
        url.path(),
        url.query().unwrap_or_default()
    )?;
    drop(wire);
    let seen = windlass_testkit::wait::until("the cut part", PATIENCE, || {
        client
            .seen()
            .ok()
            .filter(|seen| seen.len() == 2 && seen[1].bytes == 3)
    })?;
    assert_eq!((seen[0].part, seen[0].bytes), (1, 10_000));
    assert!(seen[0].answered_us.is_some());
    assert_eq!((seen[1].part, seen[1].answered_us), (2, None));
    let abort = || AbortMultipartUpload::new(&client.bucket, Some(&client.keys), "cut", &id);
    assert_eq!(client.call("DELETE", abort(), &[], b"")?.status, 204);
    assert_eq!(client.call("DELETE", abort(), &[], b"")?.status, 404);
    assert_eq!(client.part("cut", &id, 3, b"x")?.status, 404);
    Ok(())
}
