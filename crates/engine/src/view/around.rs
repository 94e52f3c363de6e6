//! What is around the uploads: network, power, the hour.

use serde::{Deserialize, Serialize};
use ts_rs::TS;
use windlass_core::states::BlockedReason;

/// Network, power and the hour, as far as the system tells; what it does not tell is null.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Around {
    /// Reasons that hold, also where they are passed over.
    pub reasons: Vec<BlockedReason>,
    /// Of these: passed over for everything.
    pub anyway: Vec<BlockedReason>,
    /// Whether there is a network.
    pub online: Option<bool>,
    /// Whether its bytes cost money.
    pub metered: Option<bool>,
    /// The network's name.
    pub network: Option<String>,
    /// No mains.
    pub on_battery: Option<bool>,
    /// How full the battery is, percent.
    pub battery: Option<u8>,
    /// The computer saves power.
    pub saver: Option<bool>,
    /// When the schedule lets files go again, milliseconds since 1970; null: it does, or never will.
    #[ts(type = "number | null")]
    pub opens_at: Option<i64>,
    /// When the schedule's next hours begin.
    #[ts(type = "number | null")]
    pub changes_at: Option<i64>,
    /// Bytes a second of this hour.
    #[ts(type = "number | null")]
    pub limit: Option<u64>,
    /// The person is asked whether to use this metered network.
    pub asks: bool,
}
