//! `cargo xtask VERB`: everything that is done to this repository by hand or by CI.
//!
//! A verb is a list of steps. Each step says what it runs, how long it took, and stops the verb when it fails; what a step
//! can prove unnecessary (an installed package, an unchanged page) it skips. This program is compiled before anything else,
//! so it leans on next to nothing.

mod bundle;
mod check;
mod command;
mod generate;
mod licences;
mod paths;
mod pictures;
mod policy;
mod run;
mod setup;
mod stamp;
mod steps;

use std::process::ExitCode;

const HELP: &str = "\
cargo xtask VERB

  setup [--test]     install what a build needs (Debian packages, the page's npm packages) and build the page;
                     --test: also what the tests need (virtual display, browser, storage server)
  run [-- ARGS]      set up, build, and open the window; without a display, show the same upload by the command line
  check              the quick round: format, clippy, the page's checks, the tests of core
  test               everything CI runs
  bench [-- ARGS]    measure against the machine's floor and other uploaders; with --window: the real window with a
                     group of 100,000 files
  bundle [--check]   build the .deb and the .rpm; --check: also hold them against the rules of their kind, install the .deb
                     in a fresh Debian and start both programs there (root; not part of `test`: it builds for release)
  generate [--check] write the page's types from Rust; --check: only say whether they are current
  pictures           take the pictures of the guide anew, of the real window (on a virtual display)
  licences [--check] write the list of what the program is built from, for its About page
  deny               licences, sources and known faults of the dependencies (installs cargo-deny when missing)
";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let (verb, rest) = match args.split_first() {
        Some((verb, rest)) => (verb.as_str(), rest),
        None => ("help", &[][..]),
    };
    let done = match verb {
        "setup" => flag(rest, "--test").and_then(setup::run),
        "run" => run::run(after_dashes(rest)),
        "check" => no_more(rest).and_then(|()| check::quick()),
        "test" => no_more(rest).and_then(|()| check::everything()),
        "bench" => bundle::bench(after_dashes(rest)),
        "bundle" => flag(rest, "--check").and_then(bundle::bundle),
        "generate" => flag(rest, "--check").and_then(generate::run),
        "pictures" => no_more(rest).and_then(|()| pictures::run()),
        "licences" => flag(rest, "--check").and_then(licences::run),
        "deny" => no_more(rest).and_then(|()| policy::run()),
        "help" | "--help" | "-h" => {
            print!("{HELP}");
            return ExitCode::SUCCESS;
        }
        other => Err(anyhow::anyhow!("there is no verb {other:?}\n\n{HELP}")),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("xtask {verb}: {why:#}");
            ExitCode::FAILURE
        }
    }
}

/// Whether the only argument that a verb knows was given.
fn flag(args: &[String], known: &str) -> anyhow::Result<bool> {
    match args {
        [] => Ok(false),
        [one] if one == known => Ok(true),
        other => anyhow::bail!("unknown arguments {other:?}; this verb knows {known}"),
    }
}

fn no_more(args: &[String]) -> anyhow::Result<()> {
    anyhow::ensure!(args.is_empty(), "this verb takes no arguments, it got {args:?}");
    Ok(())
}

/// What is passed on: everything, without the `--` that may stand in front.
fn after_dashes(args: &[String]) -> &[String] {
    match args.split_first() {
        Some((first, rest)) if first == "--" => rest,
        _ => args,
    }
}
