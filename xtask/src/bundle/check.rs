//! `cargo xtask bundle --check`: the packages against the rules of their kind, and the .deb in a fresh Debian.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};

use crate::command::Run;
use crate::paths;
use crate::setup::{self, For};
use crate::steps::{Outcome, Steps};

/// Where the fresh Debian comes from, unless the machine's own sources name another mirror.
const MIRROR: &str = "http://deb.debian.org/debian";

/// What both packages hold, whatever else.
const HELD: &[&str] = &[
    "/usr/bin/windlass",
    "/usr/bin/windlass-desktop",
    "/usr/share/applications/Windlass.desktop",
    "/usr/share/metainfo/app.windlass.desktop.metainfo.xml",
    "/usr/share/icons/hicolor/16x16/apps/windlass-desktop.png",
    "/usr/share/icons/hicolor/48x48/apps/windlass-desktop.png",
    "/usr/share/icons/hicolor/256x256/apps/windlass-desktop.png",
    "/usr/share/icons/hicolor/512x512/apps/windlass-desktop.png",
    "/usr/share/icons/hicolor/scalable/apps/windlass-desktop.svg",
    "/usr/share/Thunar/sendto/windlass.desktop",
    "/usr/share/kio/servicemenus/windlass.desktop",
    "/usr/share/nemo/actions/windlass.nemo_action",
    "/usr/lib/systemd/system/windlass.service",
    "/usr/lib/systemd/user/windlass-watch.service",
    "/usr/lib/sysusers.d/windlass.conf",
    "/usr/share/bash-completion/completions/windlass",
    "/usr/share/fish/vendor_completions.d/windlass.fish",
    "/usr/share/man/man1/windlass.1.gz",
    "/usr/share/man/man1/windlass-desktop.1.gz",
    "/usr/share/man/man1/windlass-up.1.gz",
];

pub(super) fn all(steps: &mut Steps, bundles: &Path) -> Result<()> {
    steps.step("tools of the check", || setup::system(For::Packages))?;
    let deb = newest(&bundles.join("deb"), "deb")?;
    let rpm = newest(&bundles.join("rpm"), "rpm")?;
    let aside = paths::target().join("bundle-check");
    let tree = aside.join("deb");
    steps.step("both hold what they should", || holds(&deb, &rpm, &tree))?;
    steps.step("lintian", || {
        Run::new("lintian --fail-on error,warning --tag-display-limit 0 --allow-root")
            .arg(&deb)
            .go()
    })?;
    steps.step("desktop entries, metainfo, units, scripts", || parts(&tree))?;
    steps.step("the .deb in a fresh Debian", || installed(&deb, &aside))
}

fn holds(deb: &Path, rpm: &Path, tree: &Path) -> Result<()> {
    if tree.exists() {
        fs::remove_dir_all(tree)?;
    }
    fs::create_dir_all(tree)?;
    Run::new("dpkg-deb --extract").arg(deb).arg(tree).go()?;
    let in_rpm = Run::new("rpm -qlp").arg(rpm).output()?;
    for file in HELD {
        ensure!(
            tree.join(file.trim_start_matches('/')).exists(),
            "the .deb has no {file}"
        );
        ensure!(in_rpm.lines().any(|line| line == *file), "the .rpm has no {file}");
    }
    let needs = Run::new("dpkg-deb --field").arg(deb).arg("Depends").output()?;
    println!("the .deb depends on {}", needs.trim());
    let requires = Run::new("rpm -qp --requires").arg(rpm).output()?;
    println!(
        "the .rpm requires {}",
        requires.lines().collect::<Vec<_>>().join(", ")
    );
    Ok(())
}

fn parts(tree: &Path) -> Result<()> {
    Run::program("desktop-file-validate")
        .arg(tree.join("usr/share/applications/Windlass.desktop"))
        .arg(tree.join("usr/share/Thunar/sendto/windlass.desktop"))
        .go()?;
    Run::new("appstreamcli validate --no-net --pedantic")
        .arg(tree.join("usr/share/metainfo/app.windlass.desktop.metainfo.xml"))
        .go()?;
    units(tree)?;
    Run::new("bash -n")
        .arg(tree.join("usr/share/bash-completion/completions/windlass"))
        .go()?;
    for page in fs::read_dir(tree.join("usr/share/man/man1"))? {
        let said = Run::new("man --warnings -E UTF-8 -l -Tutf8 -Z")
            .arg(page?.path())
            .output()?;
        ensure!(!said.is_empty(), "a page of the manual is empty");
    }
    Ok(())
}

/// A unit is judged with the program where it lies here: it names the place where it will be installed.
fn units(tree: &Path) -> Result<()> {
    let aside = tree.with_file_name("units");
    fs::create_dir_all(&aside)?;
    let program = tree.join("usr/bin/windlass");
    for (unit, whose) in [
        ("usr/lib/systemd/system/windlass.service", "--system"),
        ("usr/lib/systemd/user/windlass-watch.service", "--user"),
    ] {
        let text = fs::read_to_string(tree.join(unit))?;
        let here = aside.join(Path::new(unit).file_name().unwrap_or_default());
        fs::write(
            &here,
            text.replace("/usr/bin/windlass", &program.display().to_string()),
        )?;
        Run::new("systemd-analyze verify --man=no")
            .arg(whose)
            .arg(&here)
            .env("XDG_RUNTIME_DIR", &aside)
            .go()?;
    }
    Ok(())
}

/// Needs root, for a Debian of its own is laid out with its own owners.
fn installed(deb: &Path, aside: &Path) -> Result<Outcome> {
    ensure!(
        Run::new("id -u").output()?.trim() == "0",
        "installing in a fresh Debian needs root: run it as `sudo -E cargo xtask bundle --check`"
    );
    Run::new("unshare --mount --propagation private sh")
        .arg(paths::root().join("packaging/linux/check-install.sh"))
        .arg(deb)
        .arg(aside)
        .args(["bookworm", MIRROR])
        .go()?;
    Ok(Outcome::Done)
}

/// The package that was made last.
fn newest(folder: &Path, kind: &str) -> Result<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == kind) {
            found.push((fs::metadata(&path)?.modified()?, path));
        }
    }
    found.sort();
    let (_, path) = found
        .pop()
        .with_context(|| format!("no .{kind} in {}", folder.display()))?;
    Ok(path)
}
