//! Values between rows and the types of the core. Unsigned 64-bit numbers are kept bit by bit in SQLite's signed ones.

use std::str::FromStr;

use rusqlite::types::Type;
use rusqlite::{Error, Result, Row};
use uuid::Uuid;
use windlass_core::error::{ErrorCode, Failure};
use windlass_core::fingerprint::SourceFingerprint;
use windlass_core::limits::MAX_TEXT_BYTES;
use windlass_core::machine::records::DoneResult;
use windlass_core::time::Timestamp;
use windlass_core::units::{Crc64Nvme, Sha256};

/// An id as stored.
pub(crate) fn key(id: impl Into<Uuid>) -> Uuid {
    id.into()
}

/// An id from a column.
pub(crate) fn id<T: From<Uuid>>(row: &Row<'_>, i: usize) -> Result<T> {
    row.get::<_, Uuid>(i).map(T::from)
}

/// An id that may be absent.
pub(crate) fn maybe_id<T: From<Uuid>>(row: &Row<'_>, i: usize) -> Result<Option<T>> {
    Ok(row.get::<_, Option<Uuid>>(i)?.map(T::from))
}

fn unreadable<E: std::error::Error + Send + Sync + 'static>(i: usize, kind: Type) -> impl FnOnce(E) -> Error {
    move |e| Error::FromSqlConversionFailure(i, kind, Box::new(e))
}

/// A word of a closed set.
pub(crate) fn word<T>(row: &Row<'_>, i: usize) -> Result<T>
where
    T: FromStr,
    T::Err: std::error::Error + Send + Sync + 'static,
{
    let text = row.get_ref(i)?.as_str().map_err(unreadable(i, Type::Text))?;
    text.parse().map_err(unreadable(i, Type::Text))
}

/// A time.
pub(crate) fn time(row: &Row<'_>, i: usize) -> Result<Timestamp> {
    row.get(i).map(Timestamp::from_millis)
}

/// A time that may be absent.
pub(crate) fn maybe_time(row: &Row<'_>, i: usize) -> Result<Option<Timestamp>> {
    Ok(row.get::<_, Option<i64>>(i)?.map(Timestamp::from_millis))
}

/// A count or a number of bytes.
pub(crate) fn unsigned(row: &Row<'_>, i: usize) -> Result<u64> {
    row.get::<_, i64>(i).map(i64::cast_unsigned)
}

/// Five columns from `i`: dev, inode, size, mtime, ctime.
pub(crate) fn fingerprint(row: &Row<'_>, i: usize) -> Result<SourceFingerprint> {
    Ok(SourceFingerprint {
        dev: unsigned(row, i)?,
        inode: unsigned(row, i + 1)?,
        size: unsigned(row, i + 2)?,
        mtime_ns: row.get(i + 3)?,
        ctime_ns: row.get(i + 4)?,
    })
}

/// The five columns of a fingerprint, as stored.
pub(crate) fn fingerprint_columns(f: &SourceFingerprint) -> [i64; 5] {
    [
        f.dev.cast_signed(),
        f.inode.cast_signed(),
        f.size.cast_signed(),
        f.mtime_ns,
        f.ctime_ns,
    ]
}

/// A hash that may be absent.
pub(crate) fn sha256(row: &Row<'_>, i: usize) -> Result<Option<Sha256>> {
    Ok(row.get::<_, Option<[u8; 32]>>(i)?.map(Sha256))
}

/// A CRC that may be absent.
pub(crate) fn crc64(row: &Row<'_>, i: usize) -> Result<Option<Crc64Nvme>> {
    row.get::<_, Option<[u8; 8]>>(i)?
        .map(|b| Crc64Nvme::from_slice(&b).map_err(unreadable(i, Type::Blob)))
        .transpose()
}

/// Two columns from `i`: code, detail.
pub(crate) fn failure(row: &Row<'_>, i: usize) -> Result<Option<Failure>> {
    if row.get_ref(i)? == rusqlite::types::ValueRef::Null {
        return Ok(None);
    }
    Ok(Some(Failure::new(
        word::<ErrorCode>(row, i)?,
        row.get::<_, String>(i + 1)?,
    )))
}

/// How a file came to be done, if it is.
pub(crate) fn done_result(row: &Row<'_>, i: usize) -> Result<Option<DoneResult>> {
    let known = [
        DoneResult::Uploaded,
        DoneResult::Deduplicated,
        DoneResult::Unchanged,
    ];
    row.get::<_, Option<String>>(i)?
        .map(|w| {
            known.into_iter().find(|r| r.as_str() == w).ok_or_else(|| {
                unreadable(i, Type::Text)(windlass_core::states::UnknownState {
                    machine: "result",
                    word: w,
                })
            })
        })
        .transpose()
}

/// A fact as stored: at most 1,024 bytes, cut between characters.
pub(crate) fn short(text: &str) -> &str {
    let mut end = text.len().min(MAX_TEXT_BYTES);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}
