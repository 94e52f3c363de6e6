//! A real S3 server as destination.

use std::fs;

use anyhow::{Context as _, Result};
use windlass_testkit::garage::Garage;
use windlass_testkit::proxy::{Call, Fault, FaultProxy, Rule};
use windlass_testkit::samples;
use windlass_tests::{Windlass, compare_bucket};

use crate::folder::path;

// C-6, G-11, I40
#[test]
fn f013_a_tree_with_odd_names_arrives_in_a_bucket_byte_for_byte() -> Result<()> {
    let (garage, windlass) = (Garage::start()?, Windlass::new()?);
    let tree = windlass.dir().join("tree");
    let files = samples::odd_tree(&tree, 1)?;
    windlass.add_bucket("bucket", &garage, garage.endpoint())?;
    let summary = windlass
        .run(&["up", "--json", "--group", "Odd", "--to", "bucket", path(&tree)?])?
        .succeeds()?
        .summary()?;
    assert_eq!((summary.uploaded, summary.failed), (files.len() as u64, 0));
    compare_bucket(&tree, &garage.oracle()?, "Odd/tree/")
}

// C-6: what the storage sees is signed in the query; no key crosses the wire in a header.
#[test]
fn c6_every_content_byte_goes_over_a_presigned_url() -> Result<()> {
    let (garage, windlass) = (Garage::start()?, Windlass::new()?);
    let proxy = FaultProxy::start(garage.endpoint())?;
    windlass.add_bucket("bucket", &garage, &proxy.endpoint())?;
    let tree = windlass.dir().join("tree");
    samples::random_file(tree.join("large.bin"), 20 << 20, 5)?;
    samples::random_file(tree.join("small.bin"), 1_000, 6)?;
    proxy.forget();
    windlass
        .run(&[
            "up",
            "--json",
            "--group",
            "Signed",
            "--to",
            "bucket",
            path(&tree)?,
        ])?
        .succeeds()?;
    let ledger = proxy.ledger();
    assert_eq!(
        (ledger.stored(Call::PutPart), ledger.stored(Call::PutObject)),
        (3, 1),
        "{}",
        ledger.summary()
    );
    for seen in ledger.of(Call::PutPart).chain(ledger.of(Call::PutObject)) {
        assert!(
            seen.query.contains_key("X-Amz-Signature"),
            "{} {}",
            seen.method,
            seen.path
        );
        assert!(
            !seen.headers.iter().any(|(name, _)| name == "authorization"),
            "{} {}",
            seen.method,
            seen.path
        );
    }
    assert_eq!(ledger.content_bytes(), (20 << 20) + 1_000);
    compare_bucket(&tree, &garage.oracle()?, "Signed/tree/")
}

// C-5: parts go in order of the plan, each once, when nothing is wrong.
#[test]
fn no_part_is_sent_twice_on_a_good_wire() -> Result<()> {
    let (garage, windlass) = (Garage::start()?, Windlass::new()?);
    let proxy = FaultProxy::start(garage.endpoint())?;
    windlass.add_bucket("bucket", &garage, &proxy.endpoint())?;
    let file = windlass.dir().join("film.mov");
    samples::random_file(&file, 100 << 20, 7)?;
    windlass
        .run(&["up", "--json", "--group", "Film", "--to", "bucket", path(&file)?])?
        .succeeds()?;
    let ledger = proxy.ledger();
    let film: Vec<_> = ledger
        .of(Call::PutPart)
        .filter(|seen| seen.path.contains("film.mov"))
        .collect();
    assert_eq!(film.len(), 13, "{}", ledger.summary());
    assert!(ledger.sent_again().is_empty());
    Ok(())
}

#[test]
fn f064_cut_connections_and_busy_answers_end_in_the_same_bytes() -> Result<()> {
    let (garage, windlass) = (Garage::start()?, Windlass::new()?);
    let proxy = FaultProxy::start(garage.endpoint())?;
    windlass.add_bucket("bucket", &garage, &proxy.endpoint())?;
    let tree = windlass.dir().join("tree");
    samples::random_file(tree.join("large.bin"), 60 << 20, 8)?;
    samples::random_file(tree.join("small.bin"), 3_000, 9)?;
    proxy.add(
        Rule::new(Fault::CutAfter(3_000_000))
            .call(Call::PutPart)
            .part(2)
            .once(),
    );
    proxy.add(Rule::new(Fault::status(503)).call(Call::PutPart).part(3).times(2));
    proxy.add(Rule::new(Fault::AnswerLost).call(Call::PutPart).part(4).once());
    proxy.add(Rule::new(Fault::status(500)).call(Call::PutObject).once());
    windlass
        .run(&["up", "--json", "--group", "Rough", "--to", "bucket", path(&tree)?])?
        .succeeds()?;
    compare_bucket(&tree, &garage.oracle()?, "Rough/tree/")
}

#[test]
fn f088_a_corrupted_part_is_refused_and_sent_again() -> Result<()> {
    let (garage, windlass) = (Garage::start()?, Windlass::new()?);
    let proxy = FaultProxy::start(garage.endpoint())?;
    windlass.add_bucket("bucket", &garage, &proxy.endpoint())?;
    let file = windlass.dir().join("large.bin");
    samples::random_file(&file, 20 << 20, 10)?;
    proxy.add(Rule::new(Fault::Corrupt).call(Call::PutPart).part(1).once());
    windlass
        .run(&["up", "--json", "--group", "Flip", "--to", "bucket", path(&file)?])?
        .succeeds()?;
    let (_, sha256) = garage.oracle()?.sha256("Flip/large.bin")?;
    assert_eq!(sha256, samples::sha256(&file)?);
    Ok(())
}

// B-8 of the features
#[test]
fn f090_a_lost_answer_to_complete_is_settled_by_asking_the_storage() -> Result<()> {
    let (garage, windlass) = (Garage::start()?, Windlass::new()?);
    let proxy = FaultProxy::start(garage.endpoint())?;
    windlass.add_bucket("bucket", &garage, &proxy.endpoint())?;
    let tree = windlass.dir().join("tree");
    samples::random_file(tree.join("large.bin"), 20 << 20, 11)?;
    proxy.add(
        Rule::new(Fault::AnswerLost)
            .call(Call::Complete)
            .path("large.bin")
            .once(),
    );
    windlass
        .run(&["up", "--json", "--group", "Lost", "--to", "bucket", path(&tree)?])?
        .succeeds()?;
    let ledger = proxy.ledger();
    assert!(
        ledger.sent_again().is_empty(),
        "parts of a completed object were sent again: {:?}",
        ledger.sent_again()
    );
    compare_bucket(&tree, &garage.oracle()?, "Lost/tree/")
}

// I39: a vanished server pauses; it never loses.
#[test]
fn a_server_that_vanishes_and_comes_back_gets_the_rest() -> Result<()> {
    let (garage, windlass) = (Garage::start()?, Windlass::new()?);
    let proxy = FaultProxy::start(garage.endpoint())?;
    windlass.add_bucket("bucket", &garage, &proxy.endpoint())?;
    let tree = windlass.dir().join("tree");
    samples::random_file(tree.join("large.bin"), 80 << 20, 12)?;
    proxy.add(Rule::new(Fault::Slow(4 << 20)).call(Call::PutPart));
    let running = windlass.start(&["up", "--json", "--group", "Away", "--to", "bucket", path(&tree)?])?;
    proxy.wait_for("two stored parts", windlass_testkit::wait::PATIENCE, |ledger| {
        ledger.stored(Call::PutPart) >= 2
    })?;
    proxy.down();
    proxy.heal();
    proxy.up()?;
    running.ends()?.succeeds()?;
    compare_bucket(&tree, &garage.oracle()?, "Away/tree/")
}

#[test]
fn wrong_keys_and_a_missing_bucket_are_told_before_anything_is_saved() -> Result<()> {
    let (garage, windlass) = (Garage::start()?, Windlass::new()?);
    let (bucket, key, secret) = (garage.bucket(), garage.access_key(), garage.secret_key());
    let wrong = "0".repeat(64);
    let told = windlass.try_add_bucket("bad-key", garage.endpoint(), bucket, key, &wrong)?;
    assert_ne!(told.code, Some(0));
    assert!(
        told.names("storage_credentials", "WL-303") || told.names("storage_denied", "WL-304"),
        "{}\n{}",
        told.out,
        told.err
    );
    let told = windlass.try_add_bucket("no-bucket", garage.endpoint(), "no-such-bucket", key, secret)?;
    assert_ne!(told.code, Some(0));
    assert!(
        told.names("bucket_missing", "WL-305"),
        "{}\n{}",
        told.out,
        told.err
    );
    let told = windlass.try_add_bucket("nobody", "http://127.0.0.1:9", bucket, key, secret)?;
    assert_ne!(told.code, Some(0));
    assert!(
        told.names("connection_refused", "WL-204"),
        "{}\n{}",
        told.out,
        told.err
    );

    let list = windlass.run(&["dest", "list"])?.succeeds()?;
    for name in ["bad-key", "no-bucket", "nobody"] {
        assert!(!list.out.contains(name), "{name} was saved: {}", list.out);
    }
    Ok(())
}

// I42
#[test]
fn no_secret_and_no_signed_url_is_written_anywhere_but_in_the_secrets_file() -> Result<()> {
    let (garage, mut windlass) = (Garage::start()?, Windlass::new()?);
    windlass.set("RUST_LOG", "trace");
    windlass.add_bucket("bucket", &garage, garage.endpoint())?;
    let file = windlass.dir().join("large.bin");
    samples::random_file(&file, 20 << 20, 13)?;
    let ended = windlass
        .run(&[
            "up",
            "--json",
            "--group",
            "Secret",
            "--to",
            "bucket",
            path(&file)?,
        ])?
        .succeeds()?;
    let mut holders = Vec::new();
    let mut texts = vec![(
        "what was printed".to_owned(),
        format!("{}{}", ended.out, ended.err).into_bytes(),
    )];
    for name in samples::files_below(&windlass.data(), true)? {
        texts.push((name.display().to_string(), fs::read(windlass.data().join(name))?));
    }
    for (place, bytes) in texts {
        let text = String::from_utf8_lossy(&bytes);
        assert!(
            !text.contains("X-Amz-Signature"),
            "a signed URL stands in {place}"
        );
        if text.contains(garage.secret_key()) {
            holders.push(place);
        }
    }
    assert_eq!(holders.len(), 1, "the secret stands in {holders:?}");
    let holder = windlass.data().join(holders.first().context("no secrets file")?);
    use std::os::unix::fs::PermissionsExt as _;
    assert_eq!(
        fs::metadata(&holder)?.permissions().mode() & 0o077,
        0,
        "{} is open to others",
        holder.display()
    );
    Ok(())
}
