//! The proxy breaks what it is told to break, and nothing else.

use std::time::Duration;

use anyhow::Result;
use windlass_testkit::garage::Garage;
use windlass_testkit::proxy::{Call, Fault, FaultProxy, Gate, Rule};
use windlass_testkit::s3::Oracle;
use windlass_testkit::wait::PATIENCE;

fn through(proxy: &FaultProxy, garage: &Garage) -> Result<Oracle> {
    Oracle::new(
        &proxy.endpoint(),
        garage.region(),
        garage.bucket(),
        garage.access_key(),
        garage.secret_key(),
    )
}

#[test]
fn signatures_hold_through_the_proxy_and_the_ledger_has_the_bytes() -> Result<()> {
    let garage = Garage::shared()?;
    let proxy = FaultProxy::start(garage.endpoint())?;
    let client = through(&proxy, &garage)?;
    client.put("proxy/plain 日本.bin", &vec![7; 300_000])?;
    assert_eq!(client.get("proxy/plain 日本.bin")?, vec![7; 300_000]);
    let ledger = proxy.ledger();
    assert_eq!(
        (ledger.count(Call::PutObject), ledger.stored(Call::PutObject)),
        (1, 1)
    );
    assert_eq!(ledger.content_bytes(), 300_000);
    assert!(
        ledger
            .all()
            .iter()
            .all(|seen| seen.answered && seen.fault.is_none())
    );
    Ok(())
}

#[test]
fn a_lost_answer_is_work_that_the_server_did() -> Result<()> {
    let garage = Garage::shared()?;
    let proxy = FaultProxy::start(garage.endpoint())?;
    proxy.add(Rule::new(Fault::AnswerLost).call(Call::PutObject).once());
    let client = through(&proxy, &garage)?;
    assert!(client.put("proxy/lost.bin", b"there all the same").is_err());
    assert_eq!(garage.oracle()?.get("proxy/lost.bin")?, b"there all the same");
    let ledger = proxy.ledger();
    let seen = ledger.of(Call::PutObject).next().expect("one PUT");
    assert!(seen.is_stored() && !seen.answered);
    client.put("proxy/lost.bin", b"the second time it is answered")
}

#[test]
fn a_cut_body_leaves_no_object_behind() -> Result<()> {
    let garage = Garage::shared()?;
    let proxy = FaultProxy::start(garage.endpoint())?;
    proxy.add(Rule::new(Fault::CutAfter(1_000)).path("cut.bin"));
    let client = through(&proxy, &garage)?;
    assert!(client.put("proxy/cut.bin", &vec![1; 500_000]).is_err());
    assert!(garage.oracle()?.head("proxy/cut.bin")?.is_none());
    Ok(())
}

#[test]
fn a_corrupted_body_differs_by_a_bit() -> Result<()> {
    let garage = Garage::shared()?;
    let proxy = FaultProxy::start(garage.endpoint())?;
    proxy.add(Rule::new(Fault::Corrupt).path("corrupt.bin"));
    through(&proxy, &garage)?.put("proxy/corrupt.bin", &[0, 0, 0])?;
    assert_eq!(garage.oracle()?.get("proxy/corrupt.bin")?, [1, 0, 0]);
    Ok(())
}

#[test]
fn a_made_up_status_is_answered_without_the_server() -> Result<()> {
    let garage = Garage::shared()?;
    let proxy = FaultProxy::start(garage.endpoint())?;
    proxy.add(Rule::new(Fault::status(503)).method("PUT").skip(1).times(1));
    let client = through(&proxy, &garage)?;
    client.put("proxy/status.bin", b"1")?;
    let refused = client
        .put("proxy/status.bin", b"2")
        .expect_err("the second PUT meets the rule");
    assert!(refused.to_string().contains("503"), "{refused}");
    client.put("proxy/status.bin", b"3")?;
    assert_eq!(proxy.ledger().stored(Call::PutObject), 2);
    Ok(())
}

#[test]
fn a_held_request_waits_for_its_gate() -> Result<()> {
    let garage = Garage::shared()?;
    let proxy = FaultProxy::start(garage.endpoint())?;
    let gate = Gate::closed();
    proxy.add(Rule::new(Fault::Hold(gate.clone())).path("held.bin"));
    let client = through(&proxy, &garage)?;
    let held = std::thread::spawn(move || client.put("proxy/held.bin", b"late"));
    proxy.wait_for("the held PUT", PATIENCE, |ledger| {
        ledger.count(Call::PutObject) == 1
    })?;
    assert_eq!(proxy.ledger().stored(Call::PutObject), 0);
    gate.open();
    held.join().expect("the putting thread")?;
    assert_eq!(proxy.ledger().stored(Call::PutObject), 1);
    Ok(())
}

#[test]
fn a_vanished_server_refuses_connections_until_it_is_back_on_the_same_port() -> Result<()> {
    let garage = Garage::shared()?;
    let proxy = FaultProxy::start(garage.endpoint())?;
    let client = through(&proxy, &garage)?;
    proxy.down();
    let refused = client.put("proxy/down.bin", b"1").expect_err("nobody listens");
    assert!(format!("{refused:#}").contains("refused"), "{refused:#}");
    proxy.up()?;
    client.put("proxy/down.bin", b"1")?;
    assert!(
        proxy
            .wait_for("nothing more", Duration::from_millis(50), |ledger| ledger
                .all()
                .len()
                > 1)
            .is_err()
    );
    Ok(())
}
