//! Groups on the wire.

use serde::{Deserialize, Serialize};
use windlass_core::ids::{DestinationId, GroupId};
use windlass_core::states::GroupState;

/// `POST /v1/groups`: makes a group, or answers the one that is there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CreateGroup {
    /// Made by the client.
    pub id: GroupId,
    /// At most 1,024 bytes.
    pub name: String,
    /// Where its files go.
    pub destination_id: DestinationId,
}

/// A group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    /// Id.
    pub id: GroupId,
    /// Name.
    pub name: String,
    /// Where its files go.
    pub destination_id: DestinationId,
    /// State.
    pub state: GroupState,
    /// Living files.
    pub total_files: u64,
    /// Of these, settled.
    pub completed_files: u64,
    /// Milliseconds since 1970.
    pub created_at: i64,
    /// Counts up with each change of state.
    pub rev: u64,
}
