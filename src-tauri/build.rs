//! Looks whether the page is built, names the commands, and hands over to Tauri.

use std::path::Path;
use std::process::ExitCode;

#[path = "src/commands/names.rs"]
mod names;

fn main() -> ExitCode {
    let dist = Path::new(env!("CARGO_MANIFEST_DIR")).join("../ui/dist");
    // A page that was built anew is put inside anew.
    println!("cargo::rerun-if-changed={}", dist.display());
    // With `custom-protocol` the page is put inside the program; without it, it comes from Vite while developing. The words for
    // outside of the page are put inside in any case.
    let page = std::env::var_os("CARGO_FEATURE_CUSTOM_PROTOCOL").map(|_| "index.html");
    for name in page.into_iter().chain(["outside.json"]) {
        if !dist.join(name).is_file() {
            println!(
                "cargo::error=the page is not built: ui/dist/{name} is missing. Run `cargo xtask setup`, or `npm ci && npm run build` in ui/"
            );
            return ExitCode::FAILURE;
        }
    }
    // Every command needs a permission by name, also those of this program itself.
    let commands = tauri_build::AppManifest::new().commands(names::COMMANDS);
    match tauri_build::try_build(tauri_build::Attributes::new().app_manifest(commands)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            println!("cargo::error={why:#}");
            ExitCode::FAILURE
        }
    }
}
