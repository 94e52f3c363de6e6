//! Windlass servers behind destinations of kind `server`: where they are, and which of their destinations is meant. The
//! token is not here.

use rusqlite::{Connection, Row, params};
use windlass_core::ids::DestinationId;

use crate::QueueError;
use crate::row::{id, key, word};
use crate::words::words;

words! {
    /// Where the token is kept.
    Keep, "place of a token" {
        /// In the system's keyring.
        Keyring = "keyring",
        /// In a file of mode 0600.
        File = "file",
        /// In memory.
        Session = "session",
    }
}

/// What of a server's destination is known here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerRow {
    /// The destination, as it is known here.
    pub destination: DestinationId,
    /// `https://host[:port]`, without a path.
    pub url: String,
    /// The destination, as the server knows it.
    pub remote: DestinationId,
    /// Its name there.
    pub remote_name: String,
    /// Where the token is.
    pub keep: Keep,
}

fn read(r: &Row<'_>) -> rusqlite::Result<ServerRow> {
    Ok(ServerRow {
        destination: id(r, 0)?,
        url: r.get(1)?,
        remote: id(r, 2)?,
        remote_name: r.get(3)?,
        keep: word(r, 4)?,
    })
}

/// Writes one, whether it was there or not.
///
/// # Errors
/// When a field is not allowed.
pub fn put(conn: &Connection, s: &ServerRow) -> Result<(), QueueError> {
    conn.prepare_cached(
        "INSERT INTO server_place (destination_id, url, remote_id, remote_name, keep) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT DO UPDATE SET url = excluded.url, remote_id = excluded.remote_id,
            remote_name = excluded.remote_name, keep = excluded.keep",
    )?
    .execute(params![
        key(s.destination),
        s.url,
        key(s.remote),
        s.remote_name,
        s.keep.as_str()
    ])?;
    Ok(())
}

/// All, also of destinations that were taken off the list.
///
/// # Errors
/// As for every read.
pub fn all(conn: &Connection) -> Result<Vec<ServerRow>, QueueError> {
    let mut q =
        conn.prepare_cached("SELECT destination_id, url, remote_id, remote_name, keep FROM server_place")?;
    let rows = q.query_map([], read)?.collect::<Result<_, _>>()?;
    Ok(rows)
}
