//! What a person writes of a group. It stands in the queue; the ledger is told at once where that is possible, and in any case
//! before the group is closed there.

use std::sync::Arc;

use windlass_core::error::{ErrorCode, Failure};
use windlass_core::ids::GroupId;
use windlass_protocol::groups::PatchGroup;
use windlass_queue::groups;

use crate::shell::Shared;
use crate::view::Notes;

const MOST_TEXT: usize = 16_384;
const MOST_KEY: usize = 255;
const MOST_PAIRS: usize = 60_000;
/// The ledger's limit of a description.
const MOST_DESCRIPTION: usize = windlass_core::limits::MAX_TEXT_BYTES;

pub(crate) async fn set(shared: &Arc<Shared>, group: GroupId, notes: Notes) -> Result<(), Failure> {
    let Notes { text, pairs } = checked(notes)?;
    let notes = groups::Notes { text, pairs };
    let found = shared
        .queue
        .write(move |conn| groups::set_notes(conn, group, &notes))
        .await?;
    if !found {
        return Err(Failure::new(ErrorCode::NotFound, "no such group"));
    }
    shared.deltas.stir(group);
    let teller = Arc::clone(shared);
    shared.tasks.spawn(async move {
        // Not known there yet, closed, or not to be reached: it is told when the group is closed, or stays here.
        if let Err(failure) = tell(&teller, group).await {
            tracing::debug!(%group, %failure, "the ledger does not take the notes now");
        }
    });
    Ok(())
}

fn checked(notes: Notes) -> Result<Notes, Failure> {
    let text = notes.text.trim().to_owned();
    let mut pairs = std::collections::BTreeMap::new();
    let mut bytes = 0;
    for (name, value) in notes.pairs {
        let (name, value) = (name.trim().to_owned(), value.trim().to_owned());
        if name.is_empty() && value.is_empty() {
            continue;
        }
        bytes += name.len() + value.len() + 16;
        if name.is_empty() || name.len() > MOST_KEY {
            return Err(Failure::new(ErrorCode::InvalidField, "a key has 1 to 255 bytes"));
        }
        pairs.insert(name, value);
    }
    if text.len() > MOST_TEXT || bytes > MOST_PAIRS || text.contains('\0') {
        return Err(Failure::new(
            ErrorCode::InvalidField,
            "a note has at most 16 KiB, all values 60 KB",
        ));
    }
    Ok(Notes { text, pairs })
}

/// Tells the ledger.
pub(crate) async fn tell(shared: &Shared, group: GroupId) -> Result<(), Failure> {
    let notes = shared.queue.read(move |conn| groups::notes(conn, group)).await?;
    if notes == groups::Notes::default() {
        return Ok(());
    }
    let Some(info) = shared.infos.group(group) else {
        return Ok(());
    };
    let mut metadata = windlass_protocol::groups::Metadata::new();
    for (name, value) in notes.pairs {
        metadata.insert(name, value.into());
    }
    // Longer words stand among the keys, where there is room.
    let description = if notes.text.len() <= MOST_DESCRIPTION {
        notes.text
    } else {
        metadata.insert("note".to_owned(), notes.text.into());
        String::new()
    };
    let patch = PatchGroup {
        name: None,
        description: Some(description),
        metadata: Some(metadata),
    };
    let plane = shared.planes.of(info.destination).await?;
    plane.client.patch_group(group, &patch).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_pairs_are_left_out_and_nameless_ones_refused() {
        let notes = |pairs: &[(&str, &str)]| Notes {
            text: " x ".into(),
            pairs: pairs.iter().map(|(k, v)| ((*k).into(), (*v).into())).collect(),
        };
        let kept = checked(notes(&[(" job ", " 7"), ("", " ")])).unwrap();
        assert_eq!((kept.text.as_str(), kept.pairs["job"].as_str()), ("x", "7"));
        assert_eq!(kept.pairs.len(), 1);
        assert!(checked(notes(&[("", "7")])).is_err());
        let long = "k".repeat(300);
        assert!(checked(notes(&[(&long, "7")])).is_err());
    }
}
