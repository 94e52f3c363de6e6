//! Debian's packages. The only list of them.

use std::path::Path;

use anyhow::{Context as _, Result, bail, ensure};

use super::For;
use crate::command::Run;
use crate::steps::Outcome;

/// Compilers, and the libraries of the window and the tray.
const BUILD: &[&str] = &[
    "build-essential",
    "pkg-config",
    "libwebkit2gtk-4.1-dev",
    "libayatana-appindicator3-dev",
    "librsvg2-dev",
];

/// A virtual desktop with everything that a person's has, a browser for the page alone, and a database.
const TEST: &[&str] = &[
    "xvfb",
    "openbox",
    "strace",
    // A share of the tests' own: a file system in user space.
    "bindfs",
    "xdotool",
    "x11-utils",
    "dbus",
    "dbus-daemon",
    "gnome-keyring",
    "procps",
    "imagemagick",
    "webkit2gtk-driver",
    "fonts-dejavu-core",
    "python3-gi",
    "gir1.2-gtk-3.0",
    "python3-boto3",
    "python3-requests",
    "chromium",
    "postgresql",
    // The second S3 server: 67 MB to fetch, half a minute to install.
    "radosgw",
    "ceph-mon",
    "ceph-osd",
    "ceph-common",
];

/// What judges packages, and lays out a fresh Debian for them.
const PACKAGES: &[&str] = &[
    "lintian",
    "desktop-file-utils",
    "appstream",
    "man-db",
    "debootstrap",
    "rpm",
];

/// Installs what is missing; elsewhere than on Debian it says what is missing and how to get it.
pub(super) fn install(what: For) -> Result<Outcome> {
    node()?;
    if !Path::new("/usr/bin/dpkg-query").exists() {
        return elsewhere(what);
    }
    let more = match what {
        For::Build => &[],
        For::Test => TEST,
        For::Packages => PACKAGES,
    };
    let wanted = BUILD.iter().chain(more);
    let missing: Vec<&str> = wanted.copied().filter(|package| !is_installed(package)).collect();
    if missing.is_empty() {
        return Ok(Outcome::Skipped("all are installed".to_owned()));
    }
    println!("missing: {}", missing.join(" "));
    let prefix = as_root().with_context(|| {
        format!(
            "run as root: apt-get install --no-install-recommends {}",
            missing.join(" ")
        )
    })?;
    let apt = |line: &str| Run::new(&format!("{prefix} apt-get -o DPkg::Lock::Timeout=600 {line}"));
    apt("update -qq").go()?;
    apt("install -y -qq --no-install-recommends").args(missing).go()?;
    Ok(Outcome::Done)
}

fn is_installed(package: &str) -> bool {
    Run::new("dpkg-query -W -f=${db:Status-Status}")
        .arg(package)
        .output()
        .is_ok_and(|status| status == "installed")
}

/// What stands before a command that needs root.
fn as_root() -> Result<&'static str> {
    if Run::new("id -u").output()?.trim() == "0" {
        return Ok("env DEBIAN_FRONTEND=noninteractive");
    }
    ensure!(
        Run::new("sudo --version").works(),
        "these packages need root, and there is no sudo"
    );
    println!("not root: asking sudo, which may want your password");
    Ok("sudo env DEBIAN_FRONTEND=noninteractive")
}

/// The page is built by Node. Debian 12's own is too old for its tools.
fn node() -> Result<()> {
    let found = Run::new("node --version").output().unwrap_or_default();
    let mut numbers = found
        .trim()
        .trim_start_matches('v')
        .split('.')
        .map(|n| n.parse::<u32>().unwrap_or(0));
    let version = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    if version < (20, 19) || !Run::new("npm --version").works() {
        let found = if found.is_empty() {
            "none".to_owned()
        } else {
            found.trim().to_owned()
        };
        bail!(
            "Node 20.19 or newer with npm is needed to build the page; found: {found}. See https://nodejs.org/en/download"
        );
    }
    Ok(())
}

fn elsewhere(what: For) -> Result<Outcome> {
    if cfg!(any(target_os = "macos", target_os = "windows")) {
        let need = if cfg!(windows) {
            "the Visual Studio build tools (C++) and the WebView2 runtime"
        } else {
            "Xcode's command line tools (`xcode-select --install`)"
        };
        println!("not looked up here: {need}. See https://v2.tauri.app/start/prerequisites/");
        if what == For::Test {
            bail!(
                "the whole test run needs Debian: it drives the window on a virtual X display. Use `cargo xtask check` here"
            );
        }
        return Ok(Outcome::Skipped("this system's own tools are used".to_owned()));
    }
    let mut missing = Vec::new();
    for (package, library) in [
        ("libwebkit2gtk-4.1-dev", "webkit2gtk-4.1"),
        ("libayatana-appindicator3-dev", "ayatana-appindicator3-0.1"),
        ("librsvg2-dev", "librsvg-2.0"),
    ] {
        if !Run::new("pkg-config --exists").arg(library).works() {
            missing.push(format!("{library} (Debian: {package})"));
        }
    }
    if what == For::Test {
        for program in [
            "Xvfb",
            "openbox",
            "xdotool",
            "xwininfo",
            "dbus-daemon",
            "gnome-keyring-daemon",
            "import",
            "WebKitWebDriver",
            "chromium",
        ] {
            if !Run::new("which").arg(program).works() {
                missing.push(program.to_owned());
            }
        }
    }
    if missing.is_empty() {
        return Ok(Outcome::Skipped(
            "no dpkg here, but nothing is missing".to_owned(),
        ));
    }
    bail!(
        "this is not Debian, so nothing was installed. Missing: {}. Install them by your system's package manager: \
         https://v2.tauri.app/start/prerequisites/ lists them for Fedora, Arch, openSUSE and others",
        missing.join(", ")
    )
}
