//! Values in PostgreSQL's binary form.

use std::error::Error;

use bytes::{BufMut as _, BytesMut};
use postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};

use crate::db::Value;

type Wrong = Box<dyn Error + Sync + Send>;

fn wrong<T>(what: &str, ty: &Type) -> Result<T, Wrong> {
    Err(format!("{what} for a column of type {ty}").into())
}

impl ToSql for Value {
    fn to_sql(&self, ty: &Type, out: &mut BytesMut) -> Result<IsNull, Wrong> {
        match self {
            Self::Null => return Ok(IsNull::Yes),
            Self::Int(n) => match *ty {
                Type::INT8 | Type::XID8 => out.put_i64(*n),
                Type::INT4 => out.put_i32(i32::try_from(*n)?),
                Type::INT2 => out.put_i16(i16::try_from(*n)?),
                Type::BOOL => out.put_u8(u8::from(*n != 0)),
                Type::NUMERIC => put_numeric(*n, out),
                _ => return wrong("a number", ty),
            },
            Self::Text(text) => match *ty {
                Type::TEXT | Type::VARCHAR | Type::BPCHAR | Type::NAME | Type::UNKNOWN | Type::JSON => {
                    out.put_slice(text.as_bytes());
                }
                Type::JSONB => {
                    out.put_u8(1);
                    out.put_slice(text.as_bytes());
                }
                _ => return wrong("a text", ty),
            },
            Self::Blob(bytes) => match *ty {
                Type::BYTEA => out.put_slice(bytes),
                Type::UUID if bytes.len() == 16 => out.put_slice(bytes),
                _ => return wrong("bytes", ty),
            },
        }
        Ok(IsNull::No)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

impl<'a> FromSql<'a> for Value {
    fn from_sql(ty: &Type, raw: &'a [u8]) -> Result<Self, Wrong> {
        Ok(match *ty {
            Type::INT8 | Type::XID8 => Self::Int(i64::from_be_bytes(raw.try_into()?)),
            Type::INT4 => Self::Int(i32::from_be_bytes(raw.try_into()?).into()),
            Type::INT2 => Self::Int(i16::from_be_bytes(raw.try_into()?).into()),
            Type::OID => Self::Int(u32::from_be_bytes(raw.try_into()?).into()),
            Type::BOOL => Self::Int((raw != [0]).into()),
            Type::NUMERIC => Self::Int(get_numeric(raw).ok_or("a number that is no whole one of 64 bits")?),
            Type::TEXT | Type::VARCHAR | Type::BPCHAR | Type::NAME | Type::UNKNOWN | Type::JSON => {
                Self::Text(std::str::from_utf8(raw)?.to_owned())
            }
            Type::JSONB => Self::Text(std::str::from_utf8(raw.get(1..).unwrap_or_default())?.to_owned()),
            Type::BYTEA | Type::UUID => Self::Blob(raw.to_vec()),
            // Of a function that returns nothing.
            Type::VOID => Self::Null,
            _ => return wrong("nothing that can be read", ty),
        })
    }

    fn from_sql_null(_: &Type) -> Result<Self, Wrong> {
        Ok(Self::Null)
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

/// Digits of `numeric` count to ten thousand.
const BASE: u64 = 10_000;

/// A sum of numbers is a `numeric`.
fn get_numeric(raw: &[u8]) -> Option<i64> {
    let short = |at: usize| Some(i16::from_be_bytes(raw.get(at..at + 2)?.try_into().ok()?));
    let (count, weight, sign) = (short(0)?, short(2)?, short(4)?);
    if count > weight + 1 {
        return None;
    }
    let mut value: i64 = 0;
    for at in 0..=weight {
        let digit = if at < count {
            short(8 + 2 * usize::try_from(at).ok()?)?
        } else {
            0
        };
        let digit = if sign == 0x4000 { -digit } else { digit };
        value = value.checked_mul(BASE as i64)?.checked_add(digit.into())?;
    }
    matches!(sign, 0 | 0x4000).then_some(value)
}

fn put_numeric(n: i64, out: &mut BytesMut) {
    let mut digits = Vec::with_capacity(5);
    let mut rest = n.unsigned_abs();
    while rest > 0 {
        digits.push((rest % BASE) as u16);
        rest /= BASE;
    }
    let count = digits.len() as u16;
    out.put_u16(count);
    out.put_u16(count.saturating_sub(1));
    out.put_u16(if n < 0 { 0x4000 } else { 0 });
    out.put_u16(0);
    for digit in digits.iter().rev() {
        out.put_u16(*digit);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numerics_come_and_go() {
        for n in [0, 1, -1, 9_999, 10_000, -10_001, 100_000_000, i64::MAX, i64::MIN] {
            let mut out = BytesMut::new();
            put_numeric(n, &mut out);
            assert_eq!(get_numeric(&out), Some(n), "{n}");
        }
        // 0.5, and 10^20.
        assert_eq!(get_numeric(&[0, 1, 255, 255, 0, 0, 0, 1, 0x13, 0x88]), None);
        assert_eq!(get_numeric(&[0, 1, 0, 5, 0, 0, 0, 0, 0, 1]), None);
    }
}
