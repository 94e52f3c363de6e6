//! The only place of the engine that reads a clock or makes chance.

use windlass_core::ids::{DestinationId, FileId, GroupId};
use windlass_core::time::Timestamp;

/// Now, by the wall clock.
#[must_use]
pub fn now() -> Timestamp {
    #[expect(clippy::disallowed_methods, reason = "this is the clock")]
    let since = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap_or_default();
    Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

/// A moment on the wall clock of this place; of UTC where no hour matters.
#[must_use]
pub(crate) fn zoned(now: Timestamp, local: bool) -> jiff::Zoned {
    let zone = if local {
        jiff::tz::TimeZone::system()
    } else {
        jiff::tz::TimeZone::UTC
    };
    let at = jiff::Timestamp::from_millisecond(now.as_millis()).unwrap_or_default();
    at.to_zoned(zone)
}

/// Now in nanoseconds since 1970, as file times are.
#[must_use]
pub fn now_ns() -> i64 {
    #[expect(clippy::disallowed_methods, reason = "this is the clock")]
    let since = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(since.as_nanos()).unwrap_or(i64::MAX)
}

/// Ten random bytes for an id.
#[must_use]
pub fn random() -> [u8; 10] {
    let mut bytes = [0u8; 10];
    // The system's generator fails only before the system has entropy at all; the time inside the id still differs then.
    let _ = aws_lc_rs::rand::fill(&mut bytes);
    bytes
}

/// A seed for the machine's waits.
#[must_use]
pub fn seed() -> u64 {
    let r = random();
    u64::from_le_bytes([r[0], r[1], r[2], r[3], r[4], r[5], r[6], r[7]])
}

/// A new group id.
#[must_use]
pub fn group_id() -> GroupId {
    GroupId::new(now(), random())
}

/// A new file id.
#[must_use]
pub fn file_id() -> FileId {
    FileId::new(now(), random())
}

/// A new destination id.
#[must_use]
pub fn destination_id() -> DestinationId {
    DestinationId::new(now(), random())
}
