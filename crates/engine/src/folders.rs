//! Empty folders: they stand beside the files of the group before it is closed, where the destination can hold any. Else they
//! are kept in the receipt alone.

use windlass_core::error::{ErrorCode, Failure};
use windlass_core::ids::GroupId;
use windlass_core::limits::MAX_BATCH;
use windlass_protocol::groups::Folders;
use windlass_queue::folders;

use crate::shell::Shared;

/// Makes those that are not made yet. What can't be made is told in the receipt.
pub(crate) async fn make(shared: &Shared, group: GroupId) {
    match try_make(shared, group).await {
        // Of which nothing went there, because all of it was there before: the ledger has no such group.
        Err(failure) if failure.code == ErrorCode::NotFound => {}
        Err(failure) => tracing::warn!(%group, %failure, "empty folders were not made"),
        Ok(()) => {}
    }
}

async fn try_make(shared: &Shared, group: GroupId) -> Result<(), Failure> {
    let Some(destination) = shared.infos.destination(group) else {
        return Ok(());
    };
    let wanted: Vec<String> = shared
        .queue
        .read(move |conn| folders::of_group(conn, group))
        .await?
        .into_iter()
        .filter(|folder| !folder.made)
        .map(|folder| folder.rel_path)
        .collect();
    if wanted.is_empty() {
        return Ok(());
    }
    let client = shared.planes.of(destination).await?.client;
    for some in wanted.chunks(MAX_BATCH) {
        let asked = Folders { paths: some.to_vec() };
        let made = client.keep_folders(group, &asked).await?.paths;
        shared
            .queue
            .write(move |conn| folders::made(conn, group, &made))
            .await?;
    }
    Ok(())
}
