//! Ids: UUIDv7 (RFC 9562), one type for each thing, so that none passes for another.
//!
//! The caller hands in time and randomness. The time inside an id orders lists; it decides nothing (A129).

use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use uuid::Uuid;

/// An id was not a UUID in its usual text or 16-byte form.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not an id: {0:?}")]
pub struct IdError(pub String);

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ts_rs::TS)]
        #[ts(type = "string")]
        #[ts(export)]
        pub struct $name(Uuid);

        impl $name {
            /// Makes an id from the time and 10 random bytes.
            #[must_use]
            pub fn new(now: Timestamp, random: [u8; 10]) -> Self {
                Self(uuid::Builder::from_unix_timestamp_millis(now.as_millis().unsigned_abs(), &random).into_uuid())
            }

            /// The 16 bytes, as stored.
            #[must_use]
            pub fn as_bytes(&self) -> &[u8; 16] {
                self.0.as_bytes()
            }

            /// From 16 stored bytes.
            ///
            /// # Errors
            /// When there are not exactly 16.
            pub fn from_slice(bytes: &[u8]) -> Result<Self, IdError> {
                Uuid::from_slice(bytes).map(Self).map_err(|_| IdError(format!("{} bytes", bytes.len())))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.hyphenated().fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({})", stringify!($name), self.0.hyphenated())
            }
        }

        impl FromStr for $name {
            type Err = IdError;
            fn from_str(s: &str) -> Result<Self, IdError> {
                Uuid::try_parse(s).map(Self).map_err(|_| IdError(s.chars().take(64).collect()))
            }
        }

        impl From<Uuid> for $name {
            fn from(id: Uuid) -> Self {
                Self(id)
            }
        }

        impl From<$name> for Uuid {
            fn from(id: $name) -> Uuid {
                id.0
            }
        }
    };
}

id!(
    /// An upload group: what the person gave in one gesture. The same id here and on the control plane.
    GroupId
);
id!(
    /// A file on its way to one destination; on the control plane the same id names the session.
    FileId
);
id!(
    /// One attempt's object in storage.
    ObjectId
);
id!(
    /// A destination.
    DestinationId
);
id!(
    /// An owner of the control plane.
    OwnerId
);
id!(
    /// A line of a receipt.
    ReceiptId
);
id!(
    /// An installation: the machine that made a session.
    ClientId
);
id!(
    /// An API token.
    TokenId
);
id!(
    /// A watched folder.
    WatchId
);
id!(
    /// A piece of work on a settled file.
    JobId
);
id!(
    /// Several jobs of one purpose.
    RunId
);
id!(
    /// An address that is told of changes.
    WebhookId
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_sort_by_time_and_round_trip_as_text_and_bytes() {
        let a = FileId::new(Timestamp::from_millis(1_700_000_000_000), [7; 10]);
        let b = FileId::new(Timestamp::from_millis(1_700_000_000_001), [0; 10]);
        assert!(a < b);
        assert_eq!(a.to_string().parse::<FileId>(), Ok(a));
        assert_eq!(FileId::from_slice(a.as_bytes()), Ok(a));
        assert!(FileId::from_slice(&[1, 2]).is_err());
        assert_eq!(Uuid::from(a).get_version_num(), 7);
    }
}
