//! `windlass`: Windlass from a terminal.

fn main() -> std::process::ExitCode {
    // A child that reads a file of a stranger is this same program.
    if let Some(code) = windlass_extract::child::main_if_asked() {
        return code;
    }
    windlass_cli::main().into()
}
