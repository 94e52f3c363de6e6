//! The storage server and the oracle, by each other.

use std::time::Duration;

use anyhow::{Result, ensure};
use rusty_s3::{Bucket, Credentials, S3Action as _, UrlStyle};
use windlass_testkit::garage::Garage;
use windlass_testkit::{http, samples};

#[test]
fn an_object_put_is_listed_and_read_back_by_its_hash() -> Result<()> {
    let garage = Garage::shared()?;
    let oracle = garage.oracle()?;
    let mut content = Vec::new();
    samples::write_random(&mut content, 100_000, 7)?;
    let key = "odd ü/日本 x+y%20&.bin";
    oracle.put(key, &content)?;
    let listed = oracle.objects("odd")?;
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0].key, key);
    assert_eq!(listed[0].bytes, 100_000);
    assert_eq!(oracle.get(key)?, content);
    assert_eq!(oracle.sha256(key)?.0, 100_000);
    assert!(oracle.head(key)?.is_some());
    oracle.delete(key)?;
    assert_eq!(oracle.head(key)?.map(|answer| answer.status), None);
    Ok(())
}

#[test]
fn an_open_upload_and_its_parts_are_seen_until_it_is_aborted() -> Result<()> {
    let (garage, minute) = (Garage::start()?, Duration::from_secs(60));
    let bucket = Bucket::new(
        garage.endpoint().parse()?,
        UrlStyle::Path,
        garage.bucket(),
        garage.region(),
    )?;
    let credentials = Credentials::new(garage.access_key(), garage.secret_key());
    let key = "open/ü & x+y.bin";
    let create = bucket
        .create_multipart_upload(Some(&credentials), key)
        .sign(minute);
    let made = http::send("POST", &create, &[], &[], minute)?;
    ensure!(made.status == 200, "{}", made.text());
    let oracle = garage.oracle()?;
    let uploads = oracle.uploads()?;
    assert_eq!(uploads.len(), 1);
    assert_eq!(uploads[0].key, key);
    for (number, length) in [(1, 6_000_000), (2, 10)] {
        let put = bucket
            .upload_part(Some(&credentials), key, number, &uploads[0].id)
            .sign(minute);
        assert_eq!(
            http::send("PUT", &put, &[], &vec![0; length], minute)?.status,
            200
        );
    }
    let parts: Vec<(u16, u64)> = oracle
        .parts(&uploads[0])?
        .iter()
        .map(|part| (part.number, part.bytes))
        .collect();
    assert_eq!(parts, [(1, 6_000_000), (2, 10)]);
    assert!(oracle.objects("")?.is_empty());
    oracle.abort(&uploads[0])?;
    assert!(oracle.uploads()?.is_empty());
    Ok(())
}

#[test]
fn wrong_keys_are_refused() -> Result<()> {
    let garage = Garage::shared()?;
    let wrong = "0".repeat(64);
    let stranger = windlass_testkit::s3::Oracle::new(
        garage.endpoint(),
        garage.region(),
        garage.bucket(),
        garage.access_key(),
        &wrong,
    )?;
    assert!(stranger.is_there().is_err());
    Ok(())
}

#[test]
fn a_server_that_goes_leaves_nothing() -> Result<()> {
    let garage = Garage::start()?;
    let endpoint: url::Url = garage.endpoint().parse()?;
    drop(garage);
    let port = endpoint.port().unwrap_or_default();
    assert!(std::net::TcpStream::connect(("127.0.0.1", port)).is_err());
    Ok(())
}
