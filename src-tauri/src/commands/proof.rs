//! Receipts, asking the storage again, and looking at what arrived.

use std::path::Path;

use serde::Serialize;
use tauri::State;
use windlass_core::error::{ErrorCode, Failure};
use windlass_core::ids::GroupId;
use windlass_engine::VerifyReport;
use windlass_engine::view::{DestinationKind, FileError, ReceiptView};

use super::{Answer, invalid};
use crate::desktop;
use crate::priority::Front;
use crate::shell::Shell;

/// See [`VerifyReport`]: what failed, each with its path in the fact.
#[derive(Debug, PartialEq, Serialize)]
pub(crate) struct VerifyOutcome {
    checked: u64,
    failed: Vec<FileError>,
}

impl From<VerifyReport> for VerifyOutcome {
    fn from(report: VerifyReport) -> Self {
        let named = |(path, error): (String, FileError)| {
            let detail = if error.detail.is_empty() {
                path
            } else {
                format!("{path}: {}", error.detail)
            };
            FileError { detail, ..error }
        };
        Self {
            checked: report.checked,
            failed: report.failed.into_iter().map(named).collect(),
        }
    }
}

#[tauri::command]
pub(crate) async fn receipt(shell: State<'_, Shell>, group: GroupId) -> Answer<ReceiptView> {
    Ok(shell.engine().await?.receipt(group).await?)
}

#[tauri::command]
pub(crate) async fn verify_group(shell: State<'_, Shell>, group: GroupId) -> Answer<VerifyOutcome> {
    Ok(shell.engine().await?.verify_group(group).await?.into())
}

/// Opens the group's folder at a folder destination, or the destination's own when the group has none.
#[tauri::command]
pub(crate) async fn show_at_destination(
    shell: State<'_, Shell>,
    front: State<'_, Front>,
    group: GroupId,
) -> Answer<()> {
    let engine = shell.engine().await?;
    let destination = shell.facts().groups.get(&group).map(|g| g.destination_id);
    let destination = destination.ok_or_else(|| Failure::new(ErrorCode::NotFound, "no such group"))?;
    let places = engine.destinations().await?;
    let place = places
        .into_iter()
        .find(|d| d.id == destination && d.kind == DestinationKind::Folder);
    let place = place.ok_or_else(|| invalid("the destination is no folder of this computer"))?;
    let first = engine.list_files(group, 0, 1).await?.files.into_iter().next();
    let folder = first
        .and_then(|file| file.object_key)
        .and_then(|key| desktop::group_folder(Path::new(&place.location), &key))
        .filter(|folder| folder.is_dir());
    Ok(desktop::open_folder(&front, folder.unwrap_or_else(|| place.location.into())).await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_failed_a_check_names_its_file() {
        let error = FileError {
            code: ErrorCode::ObjectMissing,
            number: "WL-309".into(),
            detail: "gone".into(),
        };
        let report = VerifyReport {
            checked: 2,
            failed: vec![("/a/b".into(), error)],
        };
        assert_eq!(
            serde_json::to_value(VerifyOutcome::from(report)).unwrap(),
            serde_json::json!({"checked": 2, "failed": [{"code": "object_missing", "number": "WL-309", "detail": "/a/b: gone"}]})
        );
    }
}
