//! Receipts.

use serde::{Deserialize, Serialize};
use ts_rs::TS;
use windlass_core::ids::GroupId;

/// The proof of a group.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct ReceiptView {
    /// The group.
    pub group_id: GroupId,
    /// Its name.
    pub group: String,
    /// Lines, one a file.
    pub lines: Vec<ReceiptLine>,
}

/// One file of a receipt.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct ReceiptLine {
    /// Path on this computer; bytes that are no UTF-8 as `%XX`.
    pub path: String,
    /// Where it went.
    pub destination: String,
    /// Key of the object there.
    pub object_key: String,
    /// Bytes.
    #[ts(type = "number")]
    pub size: u64,
    /// Hex; null where the destination's content hash is `never` or still to come.
    pub sha256: Option<String>,
    /// CRC64NVME of the whole, base64.
    pub crc64: String,
    /// How the storage proved it: `crc64nvme`, `sha256`, `read_back`.
    pub proof: String,
    /// `uploaded`, `deduplicated`, `unchanged`.
    pub result: String,
    /// When, milliseconds since 1970.
    #[ts(type = "number")]
    pub uploaded_at: i64,
}
