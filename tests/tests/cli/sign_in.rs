//! Signing in at a server with the browser: `windlass login` and `logout`, and what happens to uploads when a sign-in ends.

use std::fs;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use windlass_testkit::oidc::{Provider, person};
use windlass_testkit::samples;
use windlass_testkit::wait::{self, PATIENCE};
use windlass_tests::{Running, Server, Windlass, compare_folder};

use crate::folder::path;

/// A server where people sign in with this provider.
fn server(provider: &Provider) -> Result<Server> {
    let mut server = Server::start()?;
    server.set(&format!("oidc-issuer={}", provider.issuer()));
    server.set("oidc-client-id=windlass");
    server.kill_9();
    server.start_again()?;
    Ok(server)
}

/// What a command says that waits for a sign-in.
fn asked(running: &mut Running) -> Result<Value> {
    let line = running.says(&["\"sign_in\""])?;
    serde_json::from_str(&line).context(line)
}

fn text(value: &Value, key: &str) -> Result<String> {
    value[key]
        .as_str()
        .map(str::to_owned)
        .with_context(|| format!("no {key}: {value}"))
}

/// Signs in with `windlass ARGS`, as somebody.
fn sign_in(windlass: &Windlass, args: &[&str], login: &str) -> Result<Vec<Value>> {
    let mut running = windlass.start(args)?;
    let asked = asked(&mut running)?;
    person(&text(&asked, "address_with_code")?, login, "yes")?;
    running.ends()?.succeeds()?.events()
}

// L-12, A63
#[test]
fn a_sign_in_makes_a_destination_and_a_new_one_lets_what_waited_go_on() -> Result<()> {
    let provider = Provider::start(&[])?;
    let (server, windlass) = (server(&provider)?, Windlass::new()?);
    let url = server.url();
    let login = [
        "login",
        &url,
        "--name",
        "team",
        "--place",
        "recordings",
        "--secrets-file",
        "--json",
    ];
    let events = sign_in(&windlass, &login, "ada")?;
    let signed = events.last().context("nothing was said")?;
    ensure!(
        signed["event"] == "signed_in" && signed["owner"] == "ada",
        "{signed}"
    );
    assert_eq!(signed["destinations"], serde_json::json!(["team"]));

    let tree = windlass.dir().join("tree");
    samples::random_file(tree.join("a.bin"), 3_000_000, 5)?;
    let up = ["up", "--json", "--group", "Tree", "--to", "team", path(&tree)?];
    let summary = windlass.run(&up)?.succeeds()?.summary()?;
    assert_eq!((summary.uploaded, summary.failed), (1, 0));
    compare_folder(&tree, &server.only_group("recordings")?.join("tree"))?;

    // Given back: the server refuses it from then on, and no copy of it is left here.
    let kept = fs::read_to_string(windlass.data().join("secrets.json"))?;
    ensure!(kept.contains("wl_"), "it was kept");
    let out = windlass.run(&["logout", &url, "--json"])?.succeeds()?;
    let told = out.events()?.pop().context("nothing was said")?;
    assert_eq!(
        (&told["event"], &told["told"]),
        (&"signed_out".into(), &true.into())
    );
    let left = fs::read_to_string(windlass.data().join("secrets.json")).unwrap_or_default();
    ensure!(!left.contains("wl_"), "a copy of the token is left");

    // What is uploaded now waits for a sign-in, and goes on with it.
    let second = windlass.dir().join("second");
    samples::random_file(second.join("b.bin"), 2_000_000, 6)?;
    let up = [
        "up",
        "--json",
        "--group",
        "Second",
        "--to",
        "team",
        path(&second)?,
    ];
    let mut waiting = windlass.start(&up)?;
    wait::until_ok("it waits for a sign-in", PATIENCE, || {
        let said = windlass.run(&["status", "--all", "--json"])?.succeeds()?;
        let status = said.events()?.pop().context("nothing was said")?;
        let groups = status["groups"].as_array().context("no groups")?;
        let waits = groups.iter().any(|g| {
            g["blocked_by"]
                .as_array()
                .is_some_and(|b| b.iter().any(|r| r == "signed_out"))
        });
        ensure!(waits, "{status}");
        Ok(())
    })?;
    ensure!(waiting.runs()?, "it waits");
    let again = sign_in(&windlass, &["login", &url, "--secrets-file", "--json"], "ada")?;
    assert_eq!(
        again.last().context("nothing")?["destinations"],
        serde_json::json!(["team"])
    );
    let summary = waiting.ends()?.succeeds()?.summary()?;
    assert_eq!((summary.uploaded, summary.failed), (1, 0));
    Ok(())
}

#[test]
fn dest_add_signs_in_where_nobody_gives_a_token_and_a_refusal_leaves_nothing() -> Result<()> {
    let provider = Provider::start(&[])?;
    let (server, windlass) = (server(&provider)?, Windlass::new()?);
    let url = server.url();
    let add = [
        "dest",
        "add",
        "team",
        "--server",
        &url,
        "--sign-in",
        "--secrets-file",
        "--json",
    ];
    let mut refused = windlass.start(&add)?;
    let address = text(&asked(&mut refused)?, "address_with_code")?;
    person(&address, "ada", "no")?;
    let refused = refused.ends()?.exits(3)?;
    ensure!(refused.names("forbidden", "WL-401"), "it says why");

    // Several destinations, and none was named: nothing is saved, and the token does not live on.
    let mut unsaid = windlass.start(&add)?;
    person(&text(&asked(&mut unsaid)?, "address_with_code")?, "ada", "yes")?;
    unsaid.ends()?.exits(3)?;
    let list = windlass.run(&["dest", "list", "--json"])?.succeeds()?;
    let list = list.events()?.pop().context("nothing was said")?;
    assert_eq!(list["destinations"], serde_json::json!([]));

    let add: Vec<&str> = add.iter().copied().chain(["--place", "recordings"]).collect();
    let events = sign_in(&windlass, &add, "ada")?;
    assert_eq!(events.last().context("nothing")?["event"], "added");
    Ok(())
}

#[test]
fn a_server_without_sign_in_says_what_else_to_do() -> Result<()> {
    let (server, windlass) = (Server::start()?, Windlass::new()?);
    let refused = windlass.run(&["login", &server.url(), "--json"])?.exits(3)?;
    let told = refused.events()?.pop().context("nothing was said")?;
    ensure!(
        told.to_string().contains("has no sign-in with the browser"),
        "{told}"
    );
    ensure!(told.to_string().contains("windlass dest add"), "{told}");
    let nobody = windlass.run(&["logout", "nowhere", "--json"])?.exits(3)?;
    ensure!(
        nobody
            .events()?
            .pop()
            .is_some_and(|t| t.to_string().contains("no destination on")),
        "it says so"
    );
    Ok(())
}
