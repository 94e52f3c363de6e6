//! A Windlass server as destination: `windlass up` to `windlass serve`, over crashes of either, with tokens that end.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use windlass_testkit::garage::Garage;
use windlass_testkit::proxy::{Call, Fault, FaultProxy, Gate, Rule};
use windlass_testkit::samples;
use windlass_testkit::wait::{self, PATIENCE};
use windlass_tests::{Server, Windlass, compare_bucket, compare_folder};

use crate::folder::path;

/// 8 parts of 8 MiB.
const LARGE: u64 = 64 << 20;

/// What goes to `recordings`: types that it takes.
fn tree(windlass: &Windlass, large: u64) -> Result<PathBuf> {
    let tree = windlass.dir().join("tree");
    samples::random_file(tree.join("large.bin"), large, 31)?;
    for number in 0..20 {
        samples::random_file(
            tree.join(format!("deep/er/small {number}.bin")),
            10_000,
            300 + number,
        )?;
    }
    fs::write(tree.join("ü.json"), "{\"scene\": \"first\"}")?;
    Ok(tree)
}

fn add(windlass: &Windlass, server: &Server) -> Result<()> {
    let token = server.token("laptop")?.0;
    windlass
        .try_add_server("team", &server.url(), "recordings", &token)?
        .succeeds()
        .map(drop)
}

fn up<'a>(tree: &'a std::path::Path, group: &'a str) -> Result<[&'a str; 7]> {
    Ok(["up", "--json", "--group", group, "--to", "team", path(tree)?])
}

/// The prefix below which the only group of `recordings` lies in the bucket.
fn prefix(garage: &Garage, name: &str) -> Result<String> {
    let all = garage.oracle()?.objects("served/recordings/")?;
    let found = all.iter().find_map(|o| o.key.strip_suffix(name));
    found.map(str::to_owned).context("nothing arrived")
}

/// What `status --json` says.
fn status(windlass: &Windlass) -> Result<Value> {
    let said = windlass.run(&["status", "--all", "--json"])?.succeeds()?;
    said.events()?.pop().context("nothing was said")
}

/// Waits until the group is held for this reason.
fn held(windlass: &Windlass, reason: &str) -> Result<()> {
    wait::until_ok(reason, PATIENCE, || {
        let status = status(windlass)?;
        let blocked = &status["groups"][0]["blocked_by"];
        let found = blocked.as_array().is_some_and(|b| b.iter().any(|r| r == reason));
        ensure!(found, "{status}");
        Ok(())
    })
}

/// Rows of the group's processing in the client's queue: state and code, sorted.
fn tracks(windlass: &Windlass) -> Result<Vec<(String, Option<String>)>> {
    let queue = windlass.data().join("queue.sqlite");
    let queue = rusqlite::Connection::open_with_flags(queue, rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let mut all = queue.prepare("SELECT state, code FROM processing ORDER BY state, code")?;
    let rows = all.query_map([], |r| Ok((r.get(0)?, r.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Lets the client look until every file's processing has this state. A command that looks runs the engine for a moment.
fn processed(windlass: &Windlass, state: &str) -> Result<()> {
    wait::until_ok(&format!("all are {state}"), PATIENCE, || {
        status(windlass)?;
        let tracks = tracks(windlass)?;
        ensure!(
            !tracks.is_empty() && tracks.iter().all(|(s, _)| s == state),
            "{tracks:?}"
        );
        Ok(())
    })
}

// C-6, C-7, D-9, G-11, L-9
#[test]
fn a_tree_goes_to_a_server_on_sqlite_and_a_folder_byte_for_byte() -> Result<()> {
    let (server, windlass) = (Server::start()?, Windlass::new()?);
    let tree = tree(&windlass, 20 << 20)?;
    add(&windlass, &server)?;
    let summary = windlass.run(&up(&tree, "Tree")?)?.succeeds()?.summary()?;
    assert_eq!((summary.uploaded, summary.failed, summary.rejected), (22, 0, 0));
    compare_folder(&tree, &server.only_group("recordings")?.join("tree"))?;
    windlass.run(&["verify", "Tree"])?.succeeds()?;
    // Known by its receipts, and asked of the server: not a byte goes twice.
    let again = windlass.run(&up(&tree, "Tree")?)?.succeeds()?.summary()?;
    assert_eq!((again.unchanged, again.bytes_sent), (22, 0));
    // The token is in the file that only this account can read, and nowhere else.
    let secret = fs::read_to_string(windlass.data().join("secrets.json"))?;
    let token = secret
        .split('"')
        .find(|t| t.starts_with("wl_"))
        .context("no token")?;
    for file in samples::files_below(&windlass.data(), true)? {
        let bytes = fs::read(windlass.data().join(&file))?;
        let leaked = bytes.windows(token.len()).any(|w| w == token.as_bytes());
        assert!(
            !leaked || file.ends_with("secrets.json"),
            "the token is in {}",
            file.display()
        );
    }
    Ok(())
}

// C-7, G-14
#[test]
fn a_tree_goes_to_a_server_on_postgresql_and_a_bucket_and_a_killed_client_sends_no_stored_part_again()
-> Result<()> {
    let (garage, windlass) = (Garage::start()?, Windlass::new()?);
    let proxy = FaultProxy::start(garage.endpoint())?;
    let server = Server::on_postgres(&garage, &proxy.endpoint())?;
    let tree = tree(&windlass, LARGE)?;
    add(&windlass, &server)?;
    proxy.forget();
    for round in 1..=2 {
        // Three parts pass; the rest is held on the wire, so that the moment of the kill is known.
        proxy.heal();
        proxy.add(Rule::new(Fault::Hold(Gate::closed())).call(Call::PutPart).skip(3));
        let running = if round == 1 {
            windlass.start(&up(&tree, "Killed")?)?
        } else {
            windlass.start(&["resume", "--json"])?
        };
        proxy.wait_for(&format!("the held parts of round {round}"), PATIENCE, |ledger| {
            ledger.stored(Call::PutPart) >= 3 * round
                && ledger.count(Call::PutPart) > ledger.stored(Call::PutPart)
        })?;
        running.kill_9();
    }
    proxy.heal();
    windlass.run(&["resume", "--json"])?.succeeds()?;
    compare_bucket(&tree, &garage.oracle()?, &prefix(&garage, "large.bin")?)?;
    let again = proxy.ledger().sent_again();
    assert!(again.is_empty(), "the storage had these parts already: {again:?}");
    Ok(())
}

// F-numbers of a vanished server: it goes on by itself.
#[test]
fn a_server_killed_in_the_middle_is_waited_for_and_the_upload_goes_on_after_its_restart() -> Result<()> {
    let (garage, windlass) = (Garage::start()?, Windlass::new()?);
    let proxy = FaultProxy::start(garage.endpoint())?;
    let mut server = Server::on_postgres(&garage, &proxy.endpoint())?;
    let tree = tree(&windlass, LARGE)?;
    add(&windlass, &server)?;
    proxy.forget();
    let gate = Gate::closed();
    proxy.add(Rule::new(Fault::Hold(gate.clone())).call(Call::PutPart).skip(2));
    let running = windlass.start(&up(&tree, "Restart")?)?;
    proxy.wait_for("held parts", PATIENCE, |ledger| {
        ledger.stored(Call::PutPart) >= 2 && ledger.count(Call::PutPart) > 2
    })?;
    server.kill_9();
    proxy.heal();
    gate.open();
    held(&windlass, "destination_down")?;
    server.start_again()?;
    let summary = running.ends()?.succeeds()?.summary()?;
    assert_eq!((summary.uploaded, summary.failed), (22, 0));
    compare_bucket(&tree, &garage.oracle()?, &prefix(&garage, "large.bin")?)?;
    assert_eq!(proxy.ledger().sent_again(), Vec::new());
    Ok(())
}

// The same where the server keeps files itself: parts that it took before it died are kept.
#[test]
fn a_server_with_a_folder_killed_while_it_takes_bytes_ends_with_the_same_bytes() -> Result<()> {
    let (mut server, windlass) = (Server::start()?, Windlass::new()?);
    let tree = tree(&windlass, 256 << 20)?;
    add(&windlass, &server)?;
    let mut running = windlass.start(&up(&tree, "Bytes")?)?;
    for _ in 0..3 {
        running.says(&["progress"])?;
        server.kill_9();
        server.start_again()?;
    }
    running.ends()?.succeeds()?;
    compare_folder(&tree, &server.only_group("recordings")?.join("tree"))
}

// A token that is taken back holds the group; a new one lets it go on where it stood.
#[test]
fn a_token_revoked_while_it_runs_holds_the_group_and_a_new_one_lets_it_go_on() -> Result<()> {
    let (garage, windlass) = (Garage::start()?, Windlass::new()?);
    let proxy = FaultProxy::start(garage.endpoint())?;
    let server = Server::on_postgres(&garage, &proxy.endpoint())?;
    let tree = tree(&windlass, LARGE)?;
    let (token, id) = server.token("laptop")?;
    windlass
        .try_add_server("team", &server.url(), "recordings", &token)?
        .succeeds()?;
    proxy.forget();
    let gate = Gate::closed();
    proxy.add(Rule::new(Fault::Hold(gate.clone())).call(Call::PutPart).skip(2));
    let running = windlass.start(&up(&tree, "Revoked")?)?;
    proxy.wait_for("held parts", PATIENCE, |ledger| {
        ledger.stored(Call::PutPart) >= 2 && ledger.count(Call::PutPart) > 2
    })?;
    server.revoke(&id)?;
    // It is refused within seconds; what is signed already may still arrive.
    wait::until_ok("the token is refused", PATIENCE, || {
        let tested = windlass.run(&["dest", "test", "team"])?;
        ensure!(tested.names("token_revoked", "WL-401"), "{tested:?}");
        Ok(())
    })?;
    proxy.heal();
    gate.open();
    held(&windlass, "signed_out")?;
    let refused = windlass.new_token("team", "wl_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")?;
    refused.exits(3)?;
    let (token, _) = server.token("laptop, again")?;
    windlass.new_token("team", &token)?.succeeds()?;
    let summary = running.ends()?.succeeds()?.summary()?;
    assert_eq!((summary.uploaded, summary.failed), (22, 0));
    compare_bucket(&tree, &garage.oracle()?, &prefix(&garage, "large.bin")?)?;
    assert_eq!(proxy.ledger().sent_again(), Vec::new());
    Ok(())
}

// L-10, G-10, D-2
#[test]
fn what_a_server_does_not_take_is_said_before_a_byte_moves() -> Result<()> {
    let (garage, windlass) = (Garage::start()?, Windlass::new()?);
    let proxy = FaultProxy::start(garage.endpoint())?;
    let server = Server::on_postgres(&garage, &proxy.endpoint())?;
    add(&windlass, &server)?;
    proxy.forget();
    let tree = windlass.dir().join("limits");
    fs::create_dir(&tree)?;
    samples::sparse_file(tree.join("too large.bin"), 524_288_001)?;
    fs::write(tree.join("notes.txt"), "no recording")?;
    let ended = windlass.run(&up(&tree, "Limits")?)?.exits(2)?;
    let summary = ended.summary()?;
    assert_eq!(
        (summary.rejected, summary.uploaded, summary.bytes_sent),
        (2, 0, 0)
    );
    for (word, label) in [("too_large", "WL-106"), ("mime_not_allowed", "WL-107")] {
        assert!(ended.names(word, label), "{word}: {}", ended.out);
    }
    let moved = proxy.ledger().count(Call::PutPart) + proxy.ledger().count(Call::PutObject);
    assert_eq!(moved, 0, "nothing was sent");
    Ok(())
}

#[test]
fn a_destination_of_a_server_is_tested_before_it_is_saved() -> Result<()> {
    let (server, windlass) = (Server::start()?, Windlass::new()?);
    let (token, _) = server.token("laptop")?;
    let wrong = [
        (
            "http://127.0.0.1:9",
            "recordings",
            token.as_str(),
            "connection_refused",
            "WL-204",
        ),
        (
            &server.url(),
            "recordings",
            "wl_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
            "unauthenticated",
            "WL-401",
        ),
        (&server.url(), "nowhere", &token, "not_found", "WL-504"),
        (
            &server.url(),
            "recordings",
            &server.token_of("reader", "read")?.0,
            "forbidden",
            "WL-401",
        ),
        (
            &server.url(),
            "recordings",
            &server.token_of("sender", "upload")?.0,
            "forbidden",
            "WL-401",
        ),
    ];
    for (url, place, token, word, label) in wrong {
        let refused = windlass.try_add_server("team", url, place, token)?.exits(3)?;
        assert!(refused.names(word, label), "{word}: {refused:?}");
        let list = windlass.run(&["dest", "list", "--json"])?.succeeds()?;
        assert!(!list.out.contains("team"), "{}", list.out);
    }
    assert!(!windlass.data().join("secrets.json").exists(), "no token is kept");
    Ok(())
}

// D-10, D-12, K-4: the upload stays done, and nothing is uploaded again.
#[test]
fn processing_that_fails_is_told_on_its_own_track_and_is_done_again_without_uploading() -> Result<()> {
    let (mut server, windlass) = (Server::start()?, Windlass::new()?);
    server.kill_9();
    server.set("workers=0");
    server.start_again()?;
    add(&windlass, &server)?;
    let tree = windlass.dir().join("tree");
    fs::create_dir(&tree)?;
    fs::write(tree.join("scene.json"), "{\"scene\": 1}")?;
    let summary = windlass.run(&up(&tree, "Tracks")?)?.succeeds()?.summary()?;
    assert_eq!(summary.uploaded, 1);
    processed(&windlass, "waiting")?;
    // While nobody works there, the disk of the server loses a bit.
    let stored = server.only_group("recordings")?.join("tree/scene.json");
    fs::write(&stored, "{\"scene\": 2}")?;
    server.kill_9();
    server.set("workers=2");
    server.start_again()?;
    processed(&windlass, "failed").with_context(|| server.log())?;
    assert_eq!(
        status(&windlass)?["groups"][0]["word"],
        "done",
        "the upload is not touched"
    );
    fs::write(&stored, "{\"scene\": 1}")?;
    let again = windlass
        .run(&["retry", "Tracks", "--processing", "--json"])?
        .succeeds()?;
    assert!(again.out.contains("\"files\":1"), "{}", again.out);
    processed(&windlass, "done").with_context(|| server.log())?;
    Ok(())
}

// L-13 over two machines
#[test]
fn what_another_machine_left_is_listed_finished_from_here_and_given_up() -> Result<()> {
    let (mut server, windlass, other) = (Server::start()?, Windlass::new()?, Windlass::new()?);
    add(&windlass, &server)?;
    add(&other, &server)?;
    let tree = other.dir().join("tree");
    samples::random_file(tree.join("left.bin"), 256 << 20, 77)?;
    let mut running = other.start(&up(&tree, "Left")?)?;
    running.says(&["progress"])?;
    running.kill_9();
    assert!(elsewhere(&windlass)?.is_empty(), "it may still come back");
    server.kill_9();
    let ledger = rusqlite::Connection::open(server.data().join("ledger.sqlite"))?;
    ledger.execute("UPDATE upload_session SET alive_at = alive_at - 7200000", [])?;
    drop(ledger);
    server.start_again()?;
    let found = elsewhere(&windlass)?;
    assert_eq!(
        (found.len(), &found[0]["name"], &found[0]["files"]),
        (1, &"Left".into(), &1.into())
    );
    assert!(
        elsewhere(&other)?.is_empty(),
        "its own are in its relaunch report"
    );
    // The same content from here arrives.
    windlass.run(&up(&tree, "Mine")?)?.succeeds()?;
    // B-9: its machine was seen two hours ago, and may come back.
    let early = windlass.run(&["cancel", "--elsewhere", "Left"])?.exits(3)?;
    assert!(
        early.names("state_conflict", "--yes"),
        "{}\n{}",
        early.out,
        early.err
    );
    assert_eq!(elsewhere(&windlass)?.len(), 1);
    windlass
        .run(&["cancel", "--elsewhere", "Left", "--yes"])?
        .succeeds()?;
    assert!(elsewhere(&windlass)?.is_empty());
    Ok(())
}

fn elsewhere(windlass: &Windlass) -> Result<Vec<Value>> {
    let said = windlass.run(&["status", "--elsewhere", "--json"])?.succeeds()?;
    let line = said.events()?.pop().context("nothing was said")?;
    Ok(line["groups"].as_array().cloned().unwrap_or_default())
}
