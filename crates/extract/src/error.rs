//! Why there is no text.

use serde::{Deserialize, Serialize};
use windlass_core::error::{ErrorCode, Failure};

use crate::limits::Limit;

/// What a reader says about a file. It travels from the child to the parent, so its texts are short and name no content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(tag = "fault", rename_all = "snake_case")]
pub enum Fault {
    /// A ceiling was reached.
    #[error("{limit} limit: {detail}")]
    Limit {
        /// Which.
        limit: Limit,
        /// The number of it.
        detail: String,
    },
    /// The file does not hold what its type promises.
    #[error("{detail}")]
    Damaged {
        /// Where or what.
        detail: String,
    },
    /// There is no reader for it.
    #[error("{detail}")]
    Unsupported {
        /// The type.
        detail: String,
    },
    /// Its text can't be read without a password.
    #[error("{detail}")]
    Encrypted {
        /// What is.
        detail: String,
    },
    /// The bytes could not be read; the file may be well.
    #[error("{detail}")]
    Unread {
        /// What the system said.
        detail: String,
    },
}

impl Fault {
    /// A ceiling was reached.
    pub fn limit(limit: Limit, detail: impl Into<String>) -> Self {
        Self::Limit {
            limit,
            detail: detail.into(),
        }
    }

    /// The file is broken.
    pub fn damaged(detail: impl std::fmt::Display) -> Self {
        Self::Damaged {
            detail: detail.to_string(),
        }
    }

    /// It is locked.
    pub fn encrypted(detail: impl Into<String>) -> Self {
        Self::Encrypted {
            detail: detail.into(),
        }
    }

    /// There is no reader.
    pub fn unsupported(detail: impl Into<String>) -> Self {
        Self::Unsupported {
            detail: detail.into(),
        }
    }
}

/// Why an extraction ended without its whole text. Pieces that came before stay valid.
#[derive(Debug, thiserror::Error)]
pub enum ExtractError {
    /// A ceiling was reached; the same file reaches it again.
    #[error("{limit} limit: {detail}")]
    Limit {
        /// Which.
        limit: Limit,
        /// The number of it.
        detail: String,
    },
    /// The file is broken, or its reader fell over it.
    #[error("damaged: {detail}")]
    Damaged {
        /// What was found.
        detail: String,
    },
    /// There is no reader for this type.
    #[error("no text is read from {detail}")]
    Unsupported {
        /// The type.
        detail: String,
    },
    /// Its text can't be read without a password.
    #[error("no text is read from {detail}")]
    Encrypted {
        /// What is.
        detail: String,
    },
    /// The child was ended from outside, or could not be started or heard. Says nothing about the file.
    #[error("the extraction was interrupted: {detail}")]
    Interrupted {
        /// What happened.
        detail: String,
    },
}

impl ExtractError {
    /// The code of it; only [`Self::Interrupted`] may be tried again.
    #[must_use]
    pub const fn code(&self) -> ErrorCode {
        match self {
            Self::Limit { .. } => ErrorCode::ExtractLimit,
            Self::Damaged { .. } => ErrorCode::ExtractDamaged,
            Self::Unsupported { .. } | Self::Encrypted { .. } => ErrorCode::ExtractUnsupported,
            Self::Interrupted { .. } => ErrorCode::Internal,
        }
    }

    /// Which ceiling, if it was one.
    #[must_use]
    pub const fn limit(&self) -> Option<Limit> {
        match self {
            Self::Limit { limit, .. } => Some(*limit),
            Self::Damaged { .. }
            | Self::Unsupported { .. }
            | Self::Encrypted { .. }
            | Self::Interrupted { .. } => None,
        }
    }

    /// As a row or an answer carries it.
    #[must_use]
    pub fn failure(&self) -> Failure {
        Failure::new(self.code(), self.to_string())
    }
}

impl From<Fault> for ExtractError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Limit { limit, detail } => Self::Limit { limit, detail },
            Fault::Damaged { detail } => Self::Damaged { detail },
            Fault::Unsupported { detail } => Self::Unsupported { detail },
            Fault::Encrypted { detail } => Self::Encrypted { detail },
            Fault::Unread { detail } => Self::Interrupted { detail },
        }
    }
}
