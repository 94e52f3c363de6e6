//! A start where no window can open.
#![cfg(target_os = "linux")]

use std::io::Result;
use std::process::{Command, Output};

fn start(display: Option<&str>) -> Result<Output> {
    let home = tempfile::tempdir()?;
    let mut program = Command::new(env!("CARGO_BIN_EXE_windlass-desktop"));
    program
        .env("WINDLASS_HOME", home.path())
        .env_remove("WAYLAND_DISPLAY")
        .env_remove("DISPLAY");
    if let Some(display) = display {
        program.env("DISPLAY", display);
    }
    program.output()
}

#[test]
fn without_a_display_the_command_line_is_named() -> Result<()> {
    let nothing_there = [
        (None, "there is no display here."),
        // No display has such a number.
        (
            Some(":59999"),
            "the display that DISPLAY or WAYLAND_DISPLAY names can't be opened.",
        ),
    ];
    for (display, why) in nothing_there {
        let said = start(display)?;
        let words = String::from_utf8_lossy(&said.stderr);
        assert_eq!(said.status.code(), Some(3), "{words}");
        assert_eq!(
            words.trim_end(),
            format!("windlass-desktop: {why} `windlass up` sends files without a window.")
        );
    }
    Ok(())
}
