//! Where a page of a list ends: time and id of its last row. Newer rows move nothing on later pages.

use uuid::Uuid;
use windlass_core::error::{ErrorCode, Failure};

use crate::db::Value;

/// The last row of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    /// When it was made, milliseconds since 1970.
    pub at: i64,
    /// Its id.
    pub id: [u8; 16],
}

impl Cursor {
    /// As it stands in an answer.
    #[must_use]
    pub fn text(self) -> String {
        format!("{}.{}", self.at, Uuid::from_bytes(self.id).simple())
    }

    /// As it came back.
    ///
    /// # Errors
    /// `bad_cursor`.
    pub fn parse(text: &str) -> Result<Self, Failure> {
        let bad = || Failure::new(ErrorCode::BadCursor, "not a cursor of this list");
        let (at, id) = text.split_once('.').ok_or_else(bad)?;
        Ok(Self {
            at: at.parse().map_err(|_| bad())?,
            id: *Uuid::try_parse(id).map_err(|_| bad())?.as_bytes(),
        })
    }
}

/// Rows of an alias that come after the cursor, newest first.
pub(super) fn after(alias: &str, cursor: Cursor, sql: &mut String, values: &mut Vec<Value>) {
    values.push(cursor.at.into());
    values.push(cursor.id.into());
    let n = values.len();
    sql.push_str(&format!(
        " AND ({alias}.created_at, {alias}.id) < (?{}, ?{n})",
        n - 1
    ));
}

#[cfg(test)]
mod tests {
    use super::Cursor;
    use proptest::prelude::*;

    proptest! {
        // A51
        #[test]
        fn any_text_is_a_cursor_or_none(text in "[0-9a-f.\\-]{0,60}|.{0,40}", at: i64, id: [u8; 16]) {
            if let Ok(cursor) = Cursor::parse(&text) {
                prop_assert_eq!(Cursor::parse(&cursor.text()), Ok(cursor));
            }
            let cursor = Cursor { at, id };
            prop_assert_eq!(Cursor::parse(&cursor.text()), Ok(cursor));
        }
    }

    #[test]
    fn a_cursor_comes_back_as_it_was() {
        let cursor = Cursor { at: 17, id: [9; 16] };
        assert_eq!(Cursor::parse(&cursor.text()), Ok(cursor));
        for bad in ["", "17", "x.09", "17.zz", ".", "17."] {
            assert!(Cursor::parse(bad).is_err(), "{bad}");
        }
    }
}
