//! What lists are narrowed by, as it stands behind the `?` of a URL.

use std::collections::BTreeMap;
use std::str::FromStr;

use windlass_core::error::ErrorCode;
use windlass_core::ids::ClientId;
use windlass_core::limits::MAX_BATCH;
use windlass_core::states::SessionState;
use windlass_core::time::Timestamp;

use crate::failure::Refusal;
use crate::store::cursor::Cursor;
use crate::store::files::{FileFilter, Whose};
use crate::store::group_view::GroupFilter;

/// Rows of a page, unless another number is asked for.
const PAGE: u32 = 100;
/// The most.
const MOST: u32 = 1_000;
/// Without a sign of life for so long an open file counts as abandoned, milliseconds (L-13).
pub(super) const ABANDONED_MS: i64 = 3_600_000;

/// Fields behind the `?`. What nobody asked about is refused, so that a misspelt filter does not show everything.
pub(super) struct Fields(pub(super) BTreeMap<String, String>);

impl Fields {
    pub(super) fn known(self, names: &[&str]) -> Result<Self, Refusal> {
        match self.0.keys().find(|k| !names.contains(&k.as_str())) {
            None => Ok(self),
            Some(name) => Err(invalid(name, "no such filter")),
        }
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|v| !v.is_empty())
    }

    pub(super) fn read<T: FromStr>(&self, name: &str) -> Result<Option<T>, Refusal> {
        let read = |v: &str| v.parse().map_err(|_| invalid(name, "not of its kind"));
        self.text(name).map(read).transpose()
    }

    pub(super) fn flag(&self, name: &str) -> Result<bool, Refusal> {
        match self.text(name) {
            None | Some("0" | "false") => Ok(false),
            Some("1" | "true") => Ok(true),
            Some(_) => Err(invalid(name, "0 or 1")),
        }
    }

    fn limit(&self) -> Result<u32, Refusal> {
        match self.read("limit")? {
            None => Ok(PAGE),
            Some(n @ 1..=MOST) => Ok(n),
            Some(_) => Err(invalid("limit", "1 to 1,000")),
        }
    }

    /// How many things an answer is to bring along; 0 for none.
    pub(super) fn most(&self) -> Result<usize, Refusal> {
        match self.read("limit")? {
            None => Ok(MAX_BATCH),
            Some(n @ 0..=MAX_BATCH) => Ok(n),
            Some(_) => Err(invalid("limit", "0 to 1,000")),
        }
    }

    fn cursor(&self) -> Result<Option<Cursor>, Refusal> {
        Ok(self.text("cursor").map(Cursor::parse).transpose()?)
    }

    fn abandoned_before(&self, now: Timestamp) -> Result<Option<Timestamp>, Refusal> {
        let wanted = self.flag("abandoned")?;
        Ok(wanted.then(|| now.plus_millis(-ABANDONED_MS)))
    }

    /// Of groups.
    pub(super) fn groups(self, now: Timestamp) -> Result<GroupFilter, Refusal> {
        let it = self.known(&[
            "state",
            "abandoned",
            "entity_type",
            "entity_id",
            "parent",
            "cursor",
            "limit",
        ])?;
        Ok(GroupFilter {
            state: it.read("state")?,
            abandoned_before: it.abandoned_before(now)?,
            entity_type: it.text("entity_type").map(str::to_owned),
            entity_id: it.read("entity_id")?,
            parent: it.read("parent")?,
            cursor: it.cursor()?,
            limit: it.limit()?,
        })
    }

    /// Of sessions; `own` is the machine of the caller's token.
    pub(super) fn files(self, own: Option<ClientId>, now: Timestamp) -> Result<FileFilter, Refusal> {
        use SessionState as S;
        let it = self.known(&[
            "state",
            "client",
            "client_id",
            "abandoned",
            "group",
            "file_type",
            "deleted",
            "cursor",
            "limit",
        ])?;
        let states = match it.text("state") {
            None => Vec::new(),
            Some("open") => vec![S::Pending, S::Uploading, S::Verifying],
            Some("settled") => vec![S::Uploaded, S::Deduplicated],
            Some(_) => it.read("state")?.into_iter().collect(),
        };
        let machine = || {
            let said = it.read("client_id")?.or(own);
            said.ok_or_else(|| invalid("client_id", "mine and other need a machine"))
        };
        let client = match it.text("client") {
            None => it.read("client_id")?.map(|c| (c, Whose::Mine)),
            Some("mine") => Some((machine()?, Whose::Mine)),
            Some("other") => Some((machine()?, Whose::Other)),
            Some(_) => return Err(invalid("client", "mine or other")),
        };
        Ok(FileFilter {
            states,
            group: it.read("group")?,
            file_type: it.text("file_type").map(str::to_owned),
            client,
            abandoned_before: it.abandoned_before(now)?,
            destinations: None,
            deleted: it.flag("deleted")?,
            cursor: it.cursor()?,
            limit: it.limit()?,
        })
    }
}

fn invalid(name: &str, why: &str) -> Refusal {
    let name: String = name.chars().take(64).collect();
    Refusal::new(ErrorCode::InvalidField, format!("{name}: {why}"))
}
