//! Moves bytes: from a source ([`source`]) through a hash ([`hash`]) to a signed URL ([`put`]).
//!
//! Nothing here decides: which part, when and what a failure means for the file is the machine's. A source is opened
//! when its first part is read and closed when its file is done; its bytes are read once, in steps, and kept only while
//! they are being sent.

pub mod disks;
pub mod hash;
pub mod limit;
pub mod put;
pub mod source;
mod storage_error;
