//! Looks whether the page is built, and hands over to Tauri.

use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../ui/dist/index.html");
    // A page that was built anew is put inside anew.
    println!("cargo:rerun-if-changed={}/../ui/dist", env!("CARGO_MANIFEST_DIR"));
    // With `custom-protocol` the page is put inside the program; without it, it comes from Vite while developing.
    if std::env::var_os("CARGO_FEATURE_CUSTOM_PROTOCOL").is_some() && !page.is_file() {
        println!("cargo::error=the page is not built: ui/dist/index.html is missing. Run `cargo xtask setup`, or `npm ci && npm run build` in ui/");
        return ExitCode::FAILURE;
    }
    tauri_build::build();
    ExitCode::SUCCESS
}
