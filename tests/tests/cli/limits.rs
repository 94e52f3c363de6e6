//! What a destination does not take is left out with its reason, before a byte of it moves; the others go.

use std::fs;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use windlass_testkit::garage::Garage;
use windlass_testkit::proxy::{Call, FaultProxy};
use windlass_testkit::samples;
use windlass_tests::{Server, Windlass, compare_bucket, compare_folder};

use crate::folder::path;

/// What arrives, and beside it one that is too large and two programs.
fn tree(windlass: &Windlass) -> Result<(std::path::PathBuf, std::path::PathBuf)> {
    let (tree, fits) = (
        windlass.dir().join("tree"),
        windlass.dir().join("fits").join("tree"),
    );
    for place in [&tree, &fits] {
        samples::random_file(place.join("a.bin"), 1_000, 1)?;
        samples::random_file(place.join("deep/exe"), 999, 2)?;
    }
    samples::random_file(tree.join("large.bin"), 1_001, 3)?;
    fs::write(tree.join("Setup.EXE"), "program")?;
    fs::write(tree.join("deep/viewer.msi"), "program too")?;
    Ok((tree, fits))
}

/// Path, code and detail of each file that did not go.
fn left_out(events: &[Value]) -> Vec<(String, String, String)> {
    let text = |e: &Value, key: &str| e[key].as_str().unwrap_or_default().to_owned();
    let mut all: Vec<_> = events
        .iter()
        .filter(|e| e["event"] == "file_failed")
        .map(|e| (text(e, "path"), text(e, "number"), text(e, "detail")))
        .collect();
    all.sort();
    all
}

fn expected() -> [(String, String, String); 3] {
    let row =
        |path: &str, number: &str, detail: &str| (path.to_owned(), number.to_owned(), detail.to_owned());
    [
        row("tree/Setup.EXE", "WL-107", ".exe files are refused"),
        row("tree/deep/viewer.msi", "WL-107", ".msi files are refused"),
        row("tree/large.bin", "WL-106", "1001 bytes, allowed are 1000"),
    ]
}

//
#[test]
fn what_a_folder_does_not_take_is_left_out_with_its_reason_and_goes_when_the_limits_go() -> Result<()> {
    let windlass = Windlass::new()?;
    let (tree, fits) = tree(&windlass)?;
    let destination = windlass.dir().join("destination");
    fs::create_dir_all(&destination)?;
    let add = [
        "dest",
        "add",
        "nas",
        "--max-file",
        "1000",
        "--refuse",
        ".exe,MSI",
        "--folder",
    ];
    windlass
        .run(&[&add[..], &[path(&destination)?]].concat())?
        .succeeds()?;
    let listed = windlass.run(&["dest", "list"])?.succeeds()?;
    ensure!(
        listed
            .out
            .contains("takes files of up to 1.0 kB; refuses .exe, .msi"),
        "{}",
        listed.out
    );

    let up = ["up", "--json", "--group", "Limits", "--to", "nas", path(&tree)?];
    let ended = windlass.run(&up)?.exits(2)?;
    let summary = ended.summary()?;
    assert_eq!(
        (summary.files, summary.uploaded, summary.rejected, summary.failed),
        (5, 2, 3, 0)
    );
    assert_eq!(summary.bytes_sent, 1_999);
    assert_eq!(left_out(&ended.events()?), expected());
    compare_folder(&fits, &destination.join("Limits/tree"))?;

    // In words, and without the limits everything goes.
    let words = windlass
        .run(&["up", "--group", "Words", "--to", "nas", path(&tree)?])?
        .exits(2)?;
    for said in [
        "3 left out",
        "WL-106",
        "WL-107",
        "Setup.EXE",
        ".exe files are refused",
    ] {
        let all = format!("{}{}", words.out, words.err);
        ensure!(all.contains(said), "{said} in {all}");
    }
    // Asked for, they stay what they are.
    let said = windlass.run(&["dest", "limits", "nas"])?.succeeds()?;
    ensure!(said.out.contains("refuses .exe"), "{}", said.out);
    windlass
        .run(&["dest", "limits", "nas", "--no-limits"])?
        .succeeds()?;
    let up = ["up", "--json", "--group", "All", "--to", "nas", path(&tree)?];
    let summary = windlass.run(&up)?.succeeds()?.summary()?;
    assert_eq!((summary.files, summary.rejected), (5, 0));
    let odd = windlass
        .run(&["dest", "limits", "nas", "--refuse", "a/b"])?
        .exits(3)?;
    ensure!(odd.err.contains("refused_types"), "{}", odd.err);
    Ok(())
}

// A-9, C-6
#[test]
fn what_a_bucket_does_not_take_never_reaches_it() -> Result<()> {
    let (garage, windlass) = (Garage::start()?, Windlass::new()?);
    let proxy = FaultProxy::start(garage.endpoint())?;
    let (tree, fits) = tree(&windlass)?;
    windlass.add_bucket("bucket", &garage, &proxy.endpoint())?;
    let limits = [
        "dest",
        "limits",
        "bucket",
        "--json",
        "--max-file",
        "1000",
        "--refuse",
        "exe",
        "--refuse",
        "msi",
    ];
    let set = windlass.run(&limits)?.succeeds()?.events()?;
    let set = set.iter().find(|e| e["event"] == "limits").context("no answer")?;
    assert_eq!(set["accepts"]["refused_types"], serde_json::json!(["exe", "msi"]));
    proxy.forget();
    let up = [
        "up",
        "--json",
        "--group",
        "Limits",
        "--to",
        "bucket",
        path(&tree)?,
    ];
    let ended = windlass.run(&up)?.exits(2)?;
    let summary = ended.summary()?;
    assert_eq!((summary.uploaded, summary.rejected, summary.failed), (2, 3, 0));
    assert_eq!(left_out(&ended.events()?), expected());
    assert_eq!(proxy.ledger().stored(Call::PutObject), 2);
    compare_bucket(&fits, &garage.oracle()?, "Limits/tree/")
}

// whoever runs a server sets what it takes; its clients are told, and can't change it.
#[test]
fn what_a_server_does_not_take_is_told_by_it_and_left_out() -> Result<()> {
    let (server, windlass) = (Server::start()?, Windlass::new()?);
    let token = server.token("laptop")?.0;
    windlass
        .try_add_server("team", &server.url(), "recordings", &token)?
        .succeeds()?;
    let listed = windlass.run(&["dest", "list"])?.succeeds()?.out;
    ensure!(
        listed.contains("takes files of up to 524 MB; takes only application/json, model/gltf-binary"),
        "{listed}"
    );
    let tree = windlass.dir().join("tree");
    samples::random_file(tree.join("a.bin"), 1_000, 1)?;
    fs::write(tree.join("b.png"), "no picture")?;
    let up = ["up", "--json", "--group", "Scan", "--to", "team", path(&tree)?];
    let ended = windlass.run(&up)?.exits(2)?;
    let summary = ended.summary()?;
    assert_eq!((summary.uploaded, summary.rejected, summary.failed), (1, 1, 0));
    let told = left_out(&ended.events()?);
    let [(name, number, detail)] = told.as_slice() else {
        anyhow::bail!("{told:?}");
    };
    assert_eq!((name.as_str(), number.as_str()), ("tree/b.png", "WL-107"));
    ensure!(
        detail.starts_with("\"image/png\", allowed are application/json"),
        "{detail}"
    );
    let mine = windlass
        .run(&["dest", "limits", "team", "--max-file", "5"])?
        .exits(3)?;
    ensure!(mine.err.contains("is set at the server"), "{}", mine.err);
    Ok(())
}
