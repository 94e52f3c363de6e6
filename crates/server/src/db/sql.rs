//! Pieces of SQL: lists of parameters, and the little in which the two databases differ.

use std::fmt::Write as _;

use super::Dialect;

/// What a column of [`values_list`] holds. PostgreSQL does not find it out by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// An id.
    Id,
    /// A number or a time.
    Int,
    /// A text.
    Text,
    /// A hash, or other bytes.
    Bytes,
}

impl Kind {
    const fn cast(self) -> &'static str {
        match self {
            Self::Id => "::uuid",
            Self::Int => "::bigint",
            Self::Text => "::text",
            Self::Bytes => "::bytea",
        }
    }
}

/// `?3, ?4, ?5`: so many placeholders from the `first` on, for `IN (…)`.
#[must_use]
pub fn list(first: usize, count: usize) -> String {
    let mut out = String::with_capacity(count * 6);
    for n in first..first + count {
        let comma = if n == first { "" } else { ", " };
        // Writing to a string does not fail.
        write!(out, "{comma}?{n}").ok();
    }
    out
}

/// `(?1, ?2), (?3, ?4)`: placeholders for `INSERT … VALUES`, where the table tells the types.
#[must_use]
pub fn rows_list(first: usize, rows: usize, columns: usize) -> String {
    let mut out = String::with_capacity(rows * (columns * 7 + 4));
    for row in 0..rows {
        let comma = if row == 0 { "" } else { ", " };
        write!(out, "{comma}({})", list(first + row * columns, columns)).ok();
    }
    out
}

/// `VALUES (?1, ?2), (?3, ?4)` for `WITH v(a, b) AS (…)`, with the types that PostgreSQL wants to be told.
#[must_use]
pub fn values_list(dialect: Dialect, first: usize, rows: usize, columns: &[Kind]) -> String {
    let mut out = String::with_capacity(rows * (columns.len() * 7 + 4) + 64);
    out.push_str("VALUES ");
    let mut n = first;
    for row in 0..rows {
        out.push_str(if row == 0 { "(" } else { ", (" });
        for (at, kind) in columns.iter().enumerate() {
            let comma = if at == 0 { "" } else { ", " };
            let cast = match dialect {
                Dialect::Postgres if row == 0 => kind.cast(),
                Dialect::Postgres | Dialect::Sqlite => "",
            };
            write!(out, "{comma}?{n}{cast}").ok();
            n += 1;
        }
        out.push(')');
    }
    out
}

/// Rows that somebody else is at are passed over. SQLite has one writer, so there is nobody.
#[must_use]
pub const fn skip_locked(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Sqlite => "",
        Dialect::Postgres => " FOR UPDATE SKIP LOCKED",
    }
}

/// `?7` as PostgreSQL writes it, `$7`; what stands in quotes stays.
pub(super) fn dollars(sql: &str) -> String {
    let mut out = String::with_capacity(sql.len());
    let mut quote: Option<char> = None;
    let mut chars = sql.chars().peekable();
    while let Some(c) = chars.next() {
        match quote {
            Some(q) if q == c => quote = None,
            None if c == '\'' || c == '"' => quote = Some(c),
            Some(_) | None => {}
        }
        let is_placeholder = c == '?' && quote.is_none() && chars.peek().is_some_and(char::is_ascii_digit);
        out.push(if is_placeholder { '$' } else { c });
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_become_dollars_outside_of_quotes_only() {
        assert_eq!(
            dollars("SELECT '?1', \"?2\", 'it''s ?3' || ?4 WHERE a = ?10"),
            "SELECT '?1', \"?2\", 'it''s ?3' || $4 WHERE a = $10"
        );
    }

    #[test]
    fn lists_count_on_from_where_they_begin() {
        assert_eq!(list(3, 2), "?3, ?4");
        assert_eq!(rows_list(2, 2, 2), "(?2, ?3), (?4, ?5)");
        let kinds = [Kind::Id, Kind::Int];
        assert_eq!(
            values_list(Dialect::Sqlite, 1, 2, &kinds),
            "VALUES (?1, ?2), (?3, ?4)"
        );
        assert_eq!(
            values_list(Dialect::Postgres, 2, 2, &kinds),
            "VALUES (?2::uuid, ?3::bigint), (?4, ?5)"
        );
    }
}
