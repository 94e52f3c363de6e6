//! What a person wants of groups and files.

use serde::Deserialize;
use tauri::State;
use windlass_core::error::ErrorCode;
use windlass_core::ids::{DestinationId, GroupId};
use windlass_core::states::{BlockedReason, Intent};
use windlass_engine::view::{ElsewhereGroup, Find, Notes, Regrouped, RelaunchAnswer};
use windlass_engine::{Chosen, FileAct, Scope};

use super::{Answer, CommandError, invalid};
use crate::shell::Shell;

/// What an id stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    /// Everything.
    App,
    /// A group.
    Group,
    /// A file.
    File,
}

fn scope(kind: Kind, id: Option<&str>) -> Result<Scope, CommandError> {
    let no_id = || invalid("it is no id");
    match (kind, id) {
        (Kind::App, None) => Ok(Scope::App),
        (Kind::Group, Some(id)) => id.parse().map(Scope::Group).map_err(|_| no_id()),
        (Kind::File, Some(id)) => id.parse().map(Scope::File).map_err(|_| no_id()),
        (Kind::App, Some(_)) | (Kind::Group | Kind::File, None) => Err(no_id()),
    }
}

#[tauri::command]
pub(crate) async fn set_intent(
    shell: State<'_, Shell>,
    scope: Kind,
    id: Option<String>,
    intent: Intent,
) -> Answer<()> {
    let about = self::scope(scope, id.as_deref())?;
    Ok(shell.engine().await?.set_intent(about, intent).await?)
}

/// See `EngineHandle::go_anyway`.
#[tauri::command]
pub(crate) async fn go_anyway(
    shell: State<'_, Shell>,
    scope: Kind,
    id: Option<String>,
    reason: Option<BlockedReason>,
) -> Answer<u64> {
    let about = self::scope(scope, id.as_deref())?;
    Ok(shell.engine().await?.go_anyway(about, reason).await?)
}

/// See `EngineHandle::not_anyway`.
#[tauri::command]
pub(crate) async fn not_anyway(shell: State<'_, Shell>, scope: Kind, id: Option<String>) -> Answer<()> {
    let about = self::scope(scope, id.as_deref())?;
    Ok(shell.engine().await?.not_anyway(about).await?)
}

#[tauri::command]
pub(crate) async fn retry(
    shell: State<'_, Shell>,
    scope: Kind,
    id: Option<String>,
    code: Option<ErrorCode>,
) -> Answer<u64> {
    let about = self::scope(scope, id.as_deref())?;
    Ok(shell.engine().await?.retry(about, code).await?)
}

/// What servers failed to do with files that arrived is done again; nothing is uploaded.
#[tauri::command]
pub(crate) async fn retry_processing(
    shell: State<'_, Shell>,
    scope: Kind,
    id: Option<String>,
) -> Answer<u64> {
    let about = self::scope(scope, id.as_deref())?;
    Ok(shell.engine().await?.retry_processing(about).await?)
}

/// A person has seen what could not be processed in a group.
#[tauri::command]
pub(crate) async fn see_processing(shell: State<'_, Shell>, group: GroupId) -> Answer<()> {
    Ok(shell.engine().await?.see_processing(group).await?)
}

/// What other machines began on servers and left.
#[tauri::command]
pub(crate) async fn elsewhere(shell: State<'_, Shell>) -> Answer<Vec<ElsewhereGroup>> {
    Ok(shell.engine().await?.elsewhere().await?)
}

#[tauri::command]
pub(crate) async fn discard_elsewhere(
    shell: State<'_, Shell>,
    destination: DestinationId,
    group: Option<GroupId>,
) -> Answer<u64> {
    Ok(shell
        .engine()
        .await?
        .discard_elsewhere(destination, group)
        .await?)
}

/// Stretches that one choice may have.
const MOST_PLACES: usize = 100_000;
/// Bytes of a search.
const MOST_TEXT: usize = 1_024;

/// Chosen files of a group: those at places, or all that a search finds.
#[derive(Debug, Deserialize)]
pub(crate) struct ChosenFiles {
    places: Option<Vec<(u32, u32)>>,
    find: Option<Find>,
}

/// What is done with them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Act {
    /// Hold.
    Pause,
    /// Go on.
    Resume,
    /// Again.
    Retry,
    /// Leave out.
    Cancel,
}

fn which(chosen: ChosenFiles) -> Result<Chosen, CommandError> {
    match (chosen.places, chosen.find) {
        (Some(places), None) if places.len() <= MOST_PLACES => Ok(Chosen::Places(places)),
        (None, Some(find)) => Ok(Chosen::Found(find)),
        (Some(_), _) | (None, None) => Err(invalid("it has to be said which files")),
    }
}

#[tauri::command]
pub(crate) async fn act_on_files(
    shell: State<'_, Shell>,
    group: GroupId,
    chosen: ChosenFiles,
    act: Act,
) -> Answer<u64> {
    let chosen = which(chosen)?;
    let act = match act {
        Act::Pause => FileAct::Pause,
        Act::Resume => FileAct::Resume,
        Act::Retry => FileAct::Retry,
        Act::Cancel => FileAct::Cancel,
    };
    Ok(shell.engine().await?.act_on_files(group, chosen, act).await?)
}

/// See `EngineHandle::find_in_groups`.
#[tauri::command]
pub(crate) async fn find_in_groups(shell: State<'_, Shell>, text: String) -> Answer<Vec<(GroupId, u64)>> {
    if text.len() > MOST_TEXT {
        return Err(invalid("the search is too long"));
    }
    Ok(shell.engine().await?.find_in_groups(text).await?)
}

#[tauri::command]
pub(crate) async fn move_group(shell: State<'_, Shell>, group: GroupId, place: usize) -> Answer<()> {
    Ok(shell.engine().await?.move_group(group, place).await?)
}

/// See `EngineHandle::merge_groups`.
#[tauri::command]
pub(crate) async fn merge_groups(shell: State<'_, Shell>, from: GroupId, into: GroupId) -> Answer<Regrouped> {
    Ok(shell.engine().await?.merge_groups(from, into).await?)
}

/// See `EngineHandle::split_group`.
#[tauri::command]
pub(crate) async fn split_group(
    shell: State<'_, Shell>,
    from: GroupId,
    chosen: ChosenFiles,
    name: Option<String>,
) -> Answer<Regrouped> {
    let chosen = which(chosen)?;
    Ok(shell.engine().await?.split_group(from, chosen, name).await?)
}

#[tauri::command]
pub(crate) async fn undo_regroup(shell: State<'_, Shell>, undo: u32) -> Answer<Regrouped> {
    Ok(shell.engine().await?.undo_regroup(undo).await?)
}

#[tauri::command]
pub(crate) async fn set_notes(shell: State<'_, Shell>, group: GroupId, notes: Notes) -> Answer<()> {
    Ok(shell.engine().await?.set_notes(group, notes).await?)
}

#[tauri::command]
pub(crate) async fn remove_group(shell: State<'_, Shell>, group: GroupId) -> Answer<()> {
    Ok(shell.engine().await?.remove_group(group).await?)
}

#[tauri::command]
pub(crate) async fn rename_group(shell: State<'_, Shell>, group: GroupId, name: String) -> Answer<()> {
    Ok(shell.engine().await?.rename_group(group, &name).await?)
}

#[tauri::command]
pub(crate) async fn answer_relaunch(
    shell: State<'_, Shell>,
    group: Option<GroupId>,
    answer: RelaunchAnswer,
) -> Answer<()> {
    Ok(shell.engine().await?.answer_relaunch(group, answer).await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a013_a_scope_is_everything_without_an_id_or_one_thing_with_its_id() {
        let id = "0190163d-8694-739b-aea5-966c26f8ad91";
        assert_eq!(scope(Kind::App, None), Ok(Scope::App));
        assert!(matches!(scope(Kind::Group, Some(id)), Ok(Scope::Group(g)) if g.to_string() == id));
        assert!(matches!(scope(Kind::File, Some(id)), Ok(Scope::File(f)) if f.to_string() == id));
        for (kind, id) in [
            (Kind::App, Some(id)),
            (Kind::Group, None),
            (Kind::File, None),
            (Kind::Group, Some("/etc/shadow")),
        ] {
            assert!(scope(kind, id).is_err(), "{kind:?} {id:?}");
        }
        assert!(serde_json::from_str::<Kind>("\"all\"").is_err());
    }
}
