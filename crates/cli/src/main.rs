//! `windlass`: Windlass from a terminal.

fn main() -> std::process::ExitCode {
    windlass_cli::main().into()
}
