//! A bucket that refuses, is away, answers with errors for a while, or lives in another time.

use std::env;
use std::thread;
use std::time::Duration;

use anyhow::{Result, ensure};
use windlass_testkit::garage::Garage;
use windlass_testkit::proxy::{Call, Fault, FaultProxy, Rule};
use windlass_testkit::samples;
use windlass_testkit::wait::PATIENCE;
use windlass_tests::{Running, Windlass, compare_bucket};

use crate::folder::path;

/// How long a storage answers with errors. A person's minute is tried with `WINDLASS_TEST_OUTAGE_S=60`.
fn outage() -> Duration {
    let seconds = env::var("WINDLASS_TEST_OUTAGE_S")
        .ok()
        .and_then(|s| s.parse().ok());
    Duration::from_secs(seconds.unwrap_or(6))
}

/// A tree of a file of many parts and forty small ones, and a bucket behind a wire that can break.
struct Table {
    garage: Garage,
    windlass: Windlass,
    proxy: FaultProxy,
    group: &'static str,
}

impl Table {
    fn new(group: &'static str, large: u64, seed: u64) -> Result<Self> {
        let (garage, windlass) = (Garage::start()?, Windlass::new()?);
        let proxy = FaultProxy::start(garage.endpoint())?;
        windlass.add_bucket("bucket", &garage, &proxy.endpoint())?;
        let tree = windlass.dir().join("tree");
        samples::random_file(tree.join("large.bin"), large, seed)?;
        for number in 0..40 {
            samples::random_file(
                tree.join(format!("small/{number}.bin")),
                4_000,
                seed + 100 + number,
            )?;
        }
        proxy.forget();
        Ok(Self {
            garage,
            windlass,
            proxy,
            group,
        })
    }

    fn up(&self) -> Result<Running> {
        let tree = self.windlass.dir().join("tree");
        self.windlass.start(&[
            "up",
            "--json",
            "--group",
            self.group,
            "--to",
            "bucket",
            path(&tree)?,
        ])
    }

    /// All of it is there, and no stored part went twice.
    fn arrived(&self) -> Result<()> {
        let tree = self.windlass.dir().join("tree");
        compare_bucket(&tree, &self.garage.oracle()?, &format!("{}/tree/", self.group))?;
        let again = self.proxy.ledger().sent_again();
        ensure!(again.is_empty(), "the storage had these parts already: {again:?}");
        Ok(())
    }
}

fn s3_error(status: u16, code: &str) -> Fault {
    Fault::Status {
        status,
        headers: vec![("content-type".to_owned(), "application/xml".to_owned())],
        body: format!("<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>made up</Message></Error>"),
    }
}

// I8, I39
#[test]
fn f066_an_endpoint_that_is_down_at_the_start_is_told_with_its_code_and_gets_all_when_it_is_up() -> Result<()>
{
    let table = Table::new("Down", 20 << 20, 60)?;
    table.proxy.down();
    let mut up = table.up()?;
    up.says(&["waiting", "connection_refused", "WL-204"])?;
    table.proxy.up()?;
    up.ends()?.succeeds()?;
    table.arrived()
}

// I44
#[test]
fn f094_a_key_that_is_taken_back_is_told_once_with_its_code_and_all_goes_on_when_it_holds_again() -> Result<()>
{
    let table = Table::new("Revoked", 60 << 20, 61)?;
    table
        .proxy
        .add(Rule::new(Fault::Slow(8 << 20)).call(Call::PutPart).times(4));
    let mut up = table.up()?;
    table
        .proxy
        .wait_for("a stored part", PATIENCE, |l| l.stored(Call::PutPart) >= 1)?;
    table.proxy.heal();
    table.proxy.add(Rule::new(s3_error(403, "InvalidAccessKeyId")));
    up.says(&["waiting", "storage_credentials", "WL-303"])?;
    table.proxy.heal();
    let ended = up.ends()?.succeeds()?;
    let told = ended
        .out
        .lines()
        .filter(|l| l.contains("\"waiting\"") && l.contains("storage_credentials"));
    assert_eq!(told.count(), 1, "{}", ended.out);
    table.arrived()
}

/// These calls (none: all) are answered by a fault from the start: that is told, and all goes on when it is over.
fn told_and_healed(
    group: &'static str,
    sized: (u64, u64),
    fault: &Fault,
    calls: &[Call],
    told: &[&str],
) -> Result<()> {
    let (large, seed) = sized;
    let table = Table::new(group, large, seed)?;
    if calls.is_empty() {
        table.proxy.add(Rule::new(fault.clone()));
    }
    for call in calls {
        table.proxy.add(Rule::new(fault.clone()).call(*call));
    }
    let mut up = table.up()?;
    up.says(told)?;
    table.proxy.heal();
    up.ends()?.succeeds()?;
    table.arrived()
}

/// A key that is taken back just before calls of the control plane's own.
fn taken_back_before(calls: &[Call], seed: u64) -> Result<()> {
    let told = ["waiting", "storage_credentials", "WL-303"];
    let fault = s3_error(403, "InvalidAccessKeyId");
    told_and_healed("Late", (20 << 20, seed), &fault, calls, &told)
}

// I44
#[test]
fn f094_a_key_that_is_taken_back_before_the_listing_of_parts_is_told() -> Result<()> {
    taken_back_before(&[Call::ListParts], 66)
}

// I44
#[test]
fn f094_a_key_that_is_taken_back_before_an_upload_is_completed_is_told() -> Result<()> {
    taken_back_before(&[Call::Complete], 67)
}

// I44
#[test]
fn f094_a_key_that_is_taken_back_before_an_object_is_proved_is_told() -> Result<()> {
    taken_back_before(&[Call::Head, Call::Get], 68)
}

// I44
#[test]
fn f094_a_bucket_that_is_gone_is_told_with_its_code_and_all_goes_on_when_it_is_back() -> Result<()> {
    let told = ["waiting", "bucket_missing", "WL-305"];
    let fault = s3_error(404, "NoSuchBucket");
    told_and_healed("Bucketless", (60 << 20, 62), &fault, &[], &told)
}

// I44
#[test]
fn f064_a_last_file_that_can_not_be_completed_says_why_nothing_moves() -> Result<()> {
    let told = ["waiting", "storage_error", "WL-302"];
    let fault = s3_error(500, "InternalError");
    told_and_healed("Unproved", (20 << 20, 69), &fault, &[Call::Complete], &told)
}

fn answers_with_errors(group: &'static str, status: u16, seed: u64) -> Result<()> {
    let table = Table::new(group, 80 << 20, seed)?;
    table
        .proxy
        .add(Rule::new(Fault::Slow(8 << 20)).call(Call::PutPart).times(3));
    let up = table.up()?;
    table
        .proxy
        .wait_for("a stored part", PATIENCE, |l| l.stored(Call::PutPart) >= 1)?;
    table.proxy.heal();
    let before = table.proxy.ledger().all().len();
    table.proxy.add(Rule::new(Fault::status(status)));
    thread::sleep(outage());
    let during = table.proxy.ledger().all().len() - before;
    table.proxy.heal();
    let ended = up.ends()?.succeeds()?;
    let summary = ended.summary()?;
    assert_eq!((summary.uploaded, summary.failed), (41, 0), "{summary:?}");
    // No storm: each of 8 connections and each small file a few times, further and further apart.
    assert!(during < 400, "{during} requests in {:?}", outage());
    table.arrived()
}

// I12, I44
#[test]
fn f064_a_storage_that_answers_500_for_a_while_loses_nothing_and_fails_no_file() -> Result<()> {
    answers_with_errors("FiveHundred", 500, 63)
}

// I12, I44
#[test]
fn f065_a_storage_that_answers_503_for_a_while_loses_nothing_and_fails_no_file() -> Result<()> {
    answers_with_errors("Busy", 503, 64)
}

// I31
#[test]
fn f076_a_storage_whose_clock_is_20_minutes_ahead_gets_signatures_of_its_own_time() -> Result<()> {
    let table = Table::new("Tomorrow", 20 << 20, 65)?;
    table.proxy.add(Rule::new(Fault::Clock(20 * 60)));
    let mut up = table.up()?;
    let running = up.runs()?;
    let ended = up.ends()?;
    assert!(running && ended.code == Some(0), "{}\n{}", ended.out, ended.err);
    let ledger = table.proxy.ledger();
    let refused = ledger
        .all()
        .iter()
        .filter(|seen| seen.refused_for_its_date)
        .count();
    assert!(
        refused <= 4,
        "{refused} requests were refused before the time was learnt"
    );
    table.arrived()
}

// I31: the storage's clock is right and this computer's is behind, or changes under way: parts are refused for a while.
#[test]
fn f076_a_clock_that_jumps_under_way_is_learnt_from_the_refusals() -> Result<()> {
    let table = Table::new("Jump", 60 << 20, 66)?;
    table
        .proxy
        .add(Rule::new(Fault::Slow(8 << 20)).call(Call::PutPart).times(3));
    let up = table.up()?;
    table
        .proxy
        .wait_for("a stored part", PATIENCE, |l| l.stored(Call::PutPart) >= 1)?;
    table.proxy.heal();
    table.proxy.add(Rule::new(Fault::Clock(20 * 60)));
    up.ends()?.succeeds()?;
    table.arrived()
}

#[test]
fn f076_a_destination_whose_clock_is_20_minutes_off_is_told_by_its_code_when_it_is_added() -> Result<()> {
    let (garage, windlass) = (Garage::start()?, Windlass::new()?);
    for ahead in [20 * 60, -20 * 60] {
        let proxy = FaultProxy::start(garage.endpoint())?;
        proxy.add(Rule::new(Fault::Clock(ahead)));
        let (bucket, key, secret) = (garage.bucket(), garage.access_key(), garage.secret_key());
        let told = windlass.try_add_bucket("elsewhere", &proxy.endpoint(), bucket, key, secret)?;
        assert_ne!(told.code, Some(0));
        assert!(
            told.names("clock_skew", "WL-404"),
            "{ahead}: {}\n{}",
            told.out,
            told.err
        );
    }
    Ok(())
}

// I12
#[test]
fn f051_a_connection_cut_in_a_part_costs_that_part_alone() -> Result<()> {
    let table = Table::new("Cut", 60 << 20, 67)?;
    for part in [2, 5] {
        let cut = Rule::new(Fault::CutAfter(3_000_000)).call(Call::PutPart);
        table.proxy.add(cut.part(part).once());
    }
    table.up()?.ends()?.succeeds()?;
    let ledger = table.proxy.ledger();
    assert_eq!(ledger.count(Call::PutPart), 8 + 2, "{}", ledger.summary());
    table.arrived()
}

// I12
#[test]
fn f090_a_complete_that_refuses_parts_which_are_listed_is_asked_again_before_any_goes_again() -> Result<()> {
    let table = Table::new("Lagging", 20 << 20, 70)?;
    let refused = Rule::new(s3_error(400, "InvalidPart")).call(Call::Complete);
    table.proxy.add(refused.times(2));
    table.up()?.ends()?.succeeds()?;
    let ledger = table.proxy.ledger();
    assert_eq!(ledger.count(Call::PutPart), 3, "{}", ledger.summary());
    table.arrived()
}

// I17
#[test]
fn f056_a_lost_answer_to_the_complete_of_a_large_file_sends_nothing_again() -> Result<()> {
    let table = Table::new("Unsaid", 20 << 20, 68)?;
    table
        .proxy
        .add(Rule::new(Fault::AnswerLost).call(Call::Complete).times(2));
    let ended = table.up()?.ends()?.succeeds()?;
    assert_eq!(ended.summary()?.uploaded, 41);
    table.arrived()
}
