//! Values that go into statements and come out of rows.

use std::fmt;
use std::str::FromStr;

use windlass_core::error::{ErrorCode, Failure};
use windlass_core::ids::{
    ClientId, DestinationId, FileId, GroupId, JobId, ObjectId, OwnerId, ReceiptId, RunId, TokenId, WebhookId,
};
use windlass_core::states::{
    FilePartState, GroupState, JobState, ObjectState, PartState, RunState, SessionState,
};
use windlass_core::time::Timestamp;
use windlass_core::units::{Crc64Nvme, Sha256};

use crate::failure::internal;

/// A value as both databases keep it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// Nothing.
    Null,
    /// A number, a time in milliseconds, or 0 and 1.
    Int(i64),
    /// A text, a state, JSON.
    Text(String),
    /// Bytes, an id, a hash.
    Blob(Vec<u8>),
}

/// A row of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    values: Vec<Value>,
}

impl Row {
    pub(super) fn new(values: Vec<Value>) -> Self {
        Self { values }
    }

    /// A column, counted from 0.
    ///
    /// # Errors
    /// `internal` when it is not of this type.
    pub fn get<T: FromValue>(&self, at: usize) -> Result<T, Failure> {
        let value = self.values.get(at);
        value
            .and_then(T::from_value)
            .ok_or_else(|| wrong(at, std::any::type_name::<T>()))
    }

    /// True when a column has nothing.
    #[must_use]
    pub fn is_null(&self, at: usize) -> bool {
        matches!(self.values.get(at), None | Some(Value::Null))
    }

    /// A column whose text is parsed: a state, a code.
    ///
    /// # Errors
    /// `internal` when it is no such word.
    pub fn word<T: FromStr<Err: fmt::Display>>(&self, at: usize) -> Result<T, Failure> {
        match self.values.get(at) {
            Some(Value::Text(text)) => text
                .parse()
                .map_err(|e: T::Err| internal(format!("ledger: column {at}: {e}"))),
            _ => Err(wrong(at, "a word")),
        }
    }
}

fn wrong(at: usize, wanted: &str) -> Failure {
    Failure::new(ErrorCode::Internal, format!("ledger: column {at} is no {wanted}"))
}

/// What a column can be read as.
pub trait FromValue: Sized {
    /// The value, if it is of this type.
    fn from_value(value: &Value) -> Option<Self>;
}

impl FromValue for Value {
    fn from_value(value: &Value) -> Option<Self> {
        Some(value.clone())
    }
}

impl FromValue for i64 {
    fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::Int(n) => Some(*n),
            Value::Null | Value::Text(_) | Value::Blob(_) => None,
        }
    }
}

macro_rules! numbers {
    ($($t:ty),+) => {$(
        impl FromValue for $t {
            fn from_value(value: &Value) -> Option<Self> {
                i64::from_value(value).and_then(|n| Self::try_from(n).ok())
            }
        }
    )+};
}
numbers!(u64, i32, u32, u16, u8, usize);

impl FromValue for bool {
    fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::Int(0) => Some(false),
            Value::Int(1) => Some(true),
            Value::Int(_) | Value::Null | Value::Text(_) | Value::Blob(_) => None,
        }
    }
}

impl FromValue for String {
    fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::Text(text) => Some(text.clone()),
            Value::Null | Value::Int(_) | Value::Blob(_) => None,
        }
    }
}

fn blob(value: &Value) -> Option<&[u8]> {
    match value {
        Value::Blob(bytes) => Some(bytes),
        Value::Null | Value::Int(_) | Value::Text(_) => None,
    }
}

impl FromValue for Vec<u8> {
    fn from_value(value: &Value) -> Option<Self> {
        blob(value).map(<[u8]>::to_vec)
    }
}

impl<const N: usize> FromValue for [u8; N] {
    fn from_value(value: &Value) -> Option<Self> {
        blob(value).and_then(|b| b.try_into().ok())
    }
}

impl<T: FromValue> FromValue for Option<T> {
    fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::Null => Some(None),
            some => T::from_value(some).map(Some),
        }
    }
}

impl FromValue for Timestamp {
    fn from_value(value: &Value) -> Option<Self> {
        i64::from_value(value).map(Self::from_millis)
    }
}

impl From<Timestamp> for Value {
    fn from(at: Timestamp) -> Self {
        Self::Int(at.as_millis())
    }
}

impl FromValue for Sha256 {
    fn from_value(value: &Value) -> Option<Self> {
        <[u8; 32]>::from_value(value).map(Self)
    }
}

impl From<Sha256> for Value {
    fn from(hash: Sha256) -> Self {
        Self::Blob(hash.0.to_vec())
    }
}

impl FromValue for Crc64Nvme {
    fn from_value(value: &Value) -> Option<Self> {
        blob(value).and_then(|b| Self::from_slice(b).ok())
    }
}

impl From<Crc64Nvme> for Value {
    fn from(crc: Crc64Nvme) -> Self {
        Self::Blob(crc.to_bytes().to_vec())
    }
}

macro_rules! ids {
    ($($t:ty),+ $(,)?) => {$(
        impl From<$t> for Value {
            fn from(id: $t) -> Self {
                Self::Blob(id.as_bytes().to_vec())
            }
        }
        impl FromValue for $t {
            fn from_value(value: &Value) -> Option<Self> {
                blob(value).and_then(|b| Self::from_slice(b).ok())
            }
        }
    )+};
}
ids!(
    ClientId,
    DestinationId,
    FileId,
    GroupId,
    JobId,
    ObjectId,
    OwnerId,
    ReceiptId,
    RunId,
    TokenId,
    WebhookId
);

macro_rules! words {
    ($($t:ty),+ $(,)?) => {$(
        impl From<$t> for Value {
            fn from(word: $t) -> Self {
                Self::Text(word.as_str().to_owned())
            }
        }
        impl FromValue for $t {
            fn from_value(value: &Value) -> Option<Self> {
                match value {
                    Value::Text(text) => text.parse().ok(),
                    Value::Null | Value::Int(_) | Value::Blob(_) => None,
                }
            }
        }
    )+};
}
words!(
    FilePartState,
    GroupState,
    JobState,
    ObjectState,
    PartState,
    RunState,
    SessionState,
    ErrorCode
);

macro_rules! ints {
    ($($t:ty),+) => {$(
        impl From<$t> for Value {
            fn from(n: $t) -> Self {
                Self::Int(i64::from(n))
            }
        }
    )+};
}
ints!(i64, i32, u32, u16, u8, bool);

/// What is larger than 63 bits is kept as the largest: nothing that is counted here gets there.
impl From<u64> for Value {
    fn from(n: u64) -> Self {
        Self::Int(i64::try_from(n).unwrap_or(i64::MAX))
    }
}

impl From<usize> for Value {
    fn from(n: usize) -> Self {
        Self::Int(i64::try_from(n).unwrap_or(i64::MAX))
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&String> for Value {
    fn from(text: &String) -> Self {
        Self::Text(text.clone())
    }
}

impl From<Vec<u8>> for Value {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Blob(bytes)
    }
}

impl From<&[u8]> for Value {
    fn from(bytes: &[u8]) -> Self {
        Self::Blob(bytes.to_vec())
    }
}

impl<const N: usize> From<[u8; N]> for Value {
    fn from(bytes: [u8; N]) -> Self {
        Self::Blob(bytes.to_vec())
    }
}

impl<const N: usize> From<&[u8; N]> for Value {
    fn from(bytes: &[u8; N]) -> Self {
        Self::Blob(bytes.to_vec())
    }
}

impl<T> From<Option<T>> for Value
where
    Self: From<T>,
{
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Self::from)
    }
}
