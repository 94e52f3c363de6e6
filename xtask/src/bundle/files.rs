//! What a package of Linux holds beside the window's program: made anew each time, in a folder beside the build.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use serde_json::{Map, Value, json};

use crate::command::Run;
use crate::{licences, paths};

/// Files that are packed as they stand in the repository.
const AS_THEY_ARE: &[(&str, &str)] = &[
    (
        "/usr/share/metainfo/app.windlass.desktop.metainfo.xml",
        "packaging/linux/app.windlass.desktop.metainfo.xml",
    ),
    (
        "/usr/share/icons/hicolor/scalable/apps/windlass-desktop.svg",
        "icons/icon.svg",
    ),
    // "Send to" of Xfce, and the menus of files in KDE and Cinnamon. Others have "Open with", by the desktop entry.
    (
        "/usr/share/Thunar/sendto/windlass.desktop",
        "packaging/linux/sendto.desktop",
    ),
    (
        "/usr/share/kio/servicemenus/windlass.desktop",
        "packaging/linux/servicemenu.desktop",
    ),
    (
        "/usr/share/nemo/actions/windlass.nemo_action",
        "packaging/linux/windlass.nemo_action",
    ),
    (
        "/usr/lib/systemd/system/windlass.service",
        "packaging/systemd/windlass.service",
    ),
    (
        "/usr/lib/systemd/user/windlass-watch.service",
        "packaging/systemd/windlass-watch.service",
    ),
    (
        "/usr/lib/sysusers.d/windlass.conf",
        "packaging/systemd/windlass.sysusers",
    ),
];

/// The tray's library is opened when it is needed, so nothing that looks at the programs finds it.
const TRAY_DEB: &str = "libayatana-appindicator3-1 | libappindicator3-1";
const TRAY_RPM: &str = "libayatana-appindicator3.so.1()(64bit)";

/// The kinds of package that are made here.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Deb,
    Rpm,
}

/// The part of Tauri's configuration that only this machine knows: where the things to pack are.
pub(super) fn configuration(windlass: &Path, window: &Path) -> Result<PathBuf> {
    let stage = paths::target().join("release/bundle-files");
    if stage.exists() {
        fs::remove_dir_all(&stage)?;
    }
    fs::create_dir_all(&stage)?;
    let pages = manual(windlass, &stage)?;
    let texts = stage.join("third-party-licences.txt");
    licences::texts(&texts)?;
    let texts = zipped(&texts)?;
    let changelog = stage.join("changelog");
    fs::write(&changelog, debian_changelog()?)?;
    let changelog = zipped(&changelog)?;
    let of = |kind: Kind| -> Result<Map<String, Value>> {
        let mut files = Map::new();
        let mut add = |to: String, from: &Path| files.insert(to, json!(from));
        add("/usr/bin/windlass".to_owned(), windlass);
        for (to, from) in AS_THEY_ARE {
            add((*to).to_owned(), &paths::root().join(from));
        }
        for page in &pages {
            let name = page.file_name().unwrap_or_default().to_string_lossy();
            add(format!("/usr/share/man/man1/{name}"), page);
        }
        for (shell, to) in completions(kind) {
            add(to.to_owned(), &completion(windlass, &stage, shell)?);
        }
        match kind {
            Kind::Deb => {
                add(
                    "/usr/share/doc/windlass/third-party-licences.txt.gz".to_owned(),
                    &texts,
                );
                add(
                    "/usr/share/doc/windlass/copyright".to_owned(),
                    &paths::root().join("packaging/linux/copyright"),
                );
                // Tauri would put it into a folder of the product's name, which is not the package's.
                add("/usr/share/doc/windlass/changelog.gz".to_owned(), &changelog);
                add(
                    "/usr/share/lintian/overrides/windlass".to_owned(),
                    &paths::root().join("packaging/linux/lintian-overrides"),
                );
            }
            Kind::Rpm => {
                for name in ["LICENSE-MIT", "LICENSE-APACHE"] {
                    add(
                        format!("/usr/share/licenses/windlass/{name}"),
                        &paths::root().join(name),
                    );
                }
                add(
                    "/usr/share/licenses/windlass/third-party-licences.txt.gz".to_owned(),
                    &texts,
                );
            }
        }
        Ok(files)
    };
    let linux = json!({
        "deb": { "files": of(Kind::Deb)?, "depends": debian_libraries(&[windlass, window], &stage)? },
        "rpm": { "files": of(Kind::Rpm)?, "depends": [TRAY_RPM] },
    });
    write(&json!({ "bundle": { "linux": linux } }))
}

/// Into a file, for it is long.
pub(super) fn write(configuration: &Value) -> Result<PathBuf> {
    let file = paths::target().join("release/bundle-files/tauri.conf.json");
    fs::write(&file, configuration.to_string())?;
    Ok(file)
}

/// The packages that have the libraries of these programs, with the oldest version that will do, as Debian's own tools tell;
/// elsewhere only the tray's.
fn debian_libraries(programs: &[&Path], stage: &Path) -> Result<Vec<String>> {
    let mut packages = vec![TRAY_DEB.to_owned()];
    if !Run::new("dpkg-shlibdeps --version").works() {
        return Ok(packages);
    }
    let folder = stage.join("libraries");
    fs::create_dir_all(folder.join("debian"))?;
    fs::write(
        folder.join("debian/control"),
        "Source: windlass\n\nPackage: windlass\nArchitecture: any\n",
    )?;
    let said = Run::new("dpkg-shlibdeps -O")
        .args(programs)
        .dir(&folder)
        .output()?;
    let list = said
        .lines()
        .find_map(|line| line.strip_prefix("shlibs:Depends="))
        .context("dpkg-shlibdeps names no package")?;
    packages.extend(list.split(", ").map(str::to_owned));
    Ok(packages)
}

/// Where each shell looks.
fn completions(kind: Kind) -> [(&'static str, &'static str); 3] {
    [
        ("bash", "/usr/share/bash-completion/completions/windlass"),
        (
            "zsh",
            match kind {
                Kind::Deb => "/usr/share/zsh/vendor-completions/_windlass",
                Kind::Rpm => "/usr/share/zsh/site-functions/_windlass",
            },
        ),
        ("fish", "/usr/share/fish/vendor_completions.d/windlass.fish"),
    ]
}

fn completion(windlass: &Path, stage: &Path, shell: &str) -> Result<PathBuf> {
    let file = stage.join(format!("completion.{shell}"));
    let script = Run::program(windlass).args(["completions", shell]).output()?;
    fs::write(&file, script)?;
    Ok(file)
}

/// The pages of the manual, zipped.
fn manual(windlass: &Path, stage: &Path) -> Result<Vec<PathBuf>> {
    let folder = stage.join("man1");
    fs::create_dir_all(&folder)?;
    Run::program(windlass).arg("man").arg(&folder).go()?;
    // The window's program is told of in the same section.
    fs::copy(
        paths::root().join("packaging/linux/windlass-desktop.1"),
        folder.join("windlass-desktop.1"),
    )?;
    let mut pages = Vec::new();
    for page in fs::read_dir(&folder)? {
        pages.push(zipped(&page?.path())?);
    }
    pages.sort();
    Ok(pages)
}

/// The same each time: without name and time of the file.
fn zipped(file: &Path) -> Result<PathBuf> {
    Run::new("gzip -9nf").arg(file).output()?;
    let mut name = file.as_os_str().to_owned();
    name.push(".gz");
    Ok(name.into())
}

/// A changelog in Debian's form, that says where the one for people is. Dated by the newest commit, so that a build can be
/// repeated.
fn debian_changelog() -> Result<String> {
    let date = Run::new("git log -1 --format=%cD")
        .output()
        .context("the date of the newest commit")?;
    Ok(format!(
        "windlass ({}) unstable; urgency=medium\n\n  * See CHANGELOG.md of the source.\n\n -- The Windlass authors \
         <windlass@localhost>  {}\n",
        env!("CARGO_PKG_VERSION"),
        date.trim()
    ))
}
