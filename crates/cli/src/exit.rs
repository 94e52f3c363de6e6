//! How a command ends: its exit code, and what it says when it could not do what was asked.

use windlass_core::error::{ErrorCode, Failure};

/// Exit codes. They are told in `--help`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// All of it was done; every file is proved.
    Done,
    /// Files failed or were left out.
    SomeFailed,
    /// Nothing was begun.
    NotStarted,
    /// Stopped by a signal, or paused; it can go on.
    Stopped,
}

impl Exit {
    /// The number.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::SomeFailed => 2,
            Self::NotStarted => 3,
            // 128 + SIGINT, as shells say it.
            Self::Stopped => 130,
        }
    }
}

impl From<Exit> for std::process::ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

/// Why a command did not do what was asked, in words, with a way out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// Stable code.
    pub code: ErrorCode,
    /// What is wrong: one sentence.
    pub what: String,
    /// More about it; may be empty.
    pub detail: String,
    /// What to type or do; may be empty.
    pub todo: String,
    /// How the command ends.
    pub exit: Exit,
}

impl Trouble {
    /// A trouble in words of its own.
    #[must_use]
    pub fn new(code: ErrorCode, what: impl Into<String>) -> Self {
        Self {
            code,
            what: what.into(),
            detail: String::new(),
            todo: String::new(),
            exit: Exit::NotStarted,
        }
    }

    /// With a way out.
    #[must_use]
    pub fn todo(mut self, todo: impl Into<String>) -> Self {
        self.todo = todo.into();
        self
    }
}

impl From<Failure> for Trouble {
    fn from(failure: Failure) -> Self {
        let todo = match failure.code {
            ErrorCode::KeyringLocked => {
                "Unlock the keyring, or add the destination with --secrets-file: its keys then go into a file that only you can read."
            }
            ErrorCode::AlreadyRunning => "Wait until it has ended, or end it; then try again.",
            _ => "",
        };
        // Some codes stand for many things; there the fact says more than the text.
        let general =
            failure.code.number() == ErrorCode::Internal.number() && failure.code != ErrorCode::Internal;
        let (what, detail) = if general && !failure.detail.is_empty() {
            (sentence(&failure.detail), String::new())
        } else {
            (failure.code.text().to_owned(), failure.detail)
        };
        Self {
            code: failure.code,
            what,
            detail,
            todo: todo.to_owned(),
            exit: Exit::NotStarted,
        }
    }
}

/// Begins with a capital and ends with a full stop.
fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    let mut out: String = chars
        .next()
        .map(|c| c.to_uppercase().to_string())
        .unwrap_or_default();
    out.push_str(chars.as_str());
    if !out.ends_with(['.', '?', '!']) {
        out.push('.');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exit_codes_never_change() {
        let codes = [Exit::Done, Exit::SomeFailed, Exit::NotStarted, Exit::Stopped].map(Exit::code);
        assert_eq!(codes, [0, 2, 3, 130]);
    }

    #[test]
    fn a_failure_is_told_by_its_text_and_a_general_one_by_its_fact() {
        let full = Trouble::from(Failure::new(ErrorCode::QueueDiskFull, "/home/x"));
        assert_eq!(
            (full.what.as_str(), full.detail.as_str()),
            (ErrorCode::QueueDiskFull.text(), "/home/x")
        );
        let general = Trouble::from(Failure::new(ErrorCode::NotFound, "no such group"));
        assert_eq!(
            (general.what.as_str(), general.detail.as_str()),
            ("No such group.", "")
        );
    }
}
