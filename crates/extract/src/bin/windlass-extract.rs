//! The child alone, for programs that do not want to start themselves again. It does nothing unless asked.

use std::process::ExitCode;

fn main() -> ExitCode {
    if let Some(code) = windlass_extract::child::main_if_asked() {
        return code;
    }
    eprintln!("windlass-extract is started by Windlass, not by hand");
    ExitCode::from(2)
}
