//! What was given is looked at before it is taken in, and the page asks the person what to do with it.
//!
//! The paths stay here; the page knows a look by its number. A look that nobody answers leaves when the page is gone, or when
//! sixteen newer ones came. Where there is no page to ask, or the person wants no question, files are taken in at once.

use std::collections::BTreeMap;
use std::path::PathBuf;

use windlass_core::error::{ErrorCode, Failure};
use windlass_core::ids::GroupId;
use windlass_engine::view::PreflightView;
use windlass_engine::{AddPaths, Leave, Origin, Preflight};

use crate::page::WindowMessage;
use crate::shell::{Shell, new_group};

/// Looks that wait for an answer.
const MOST: usize = 16;

/// One look, with what it is about.
struct Look {
    paths: Vec<PathBuf>,
    group: Option<GroupId>,
    origin: Origin,
    preflight: Preflight,
}

/// Looks by number.
#[derive(Default)]
pub(crate) struct Looks {
    last: u32,
    waiting: BTreeMap<u32, Look>,
}

/// The person's answer.
#[derive(Debug, Default, serde::Deserialize)]
pub(crate) struct Answered {
    /// What is there unchanged is no part of the group.
    leave_unchanged: bool,
    /// What can't be sent is no part of the group.
    leave_troubled: bool,
    /// The group's name, where it is new and was given one.
    name: Option<String>,
}

/// Takes files in, after a look when the person wants one.
pub(crate) async fn take(
    shell: &Shell,
    paths: Vec<PathBuf>,
    group: Option<GroupId>,
    origin: Origin,
) -> Result<(), Failure> {
    let engine = shell.engine().await?;
    let never = shell.setting("preflight").is_some_and(|v| v == "never");
    if !never {
        let preflight = engine.preflight(paths.clone(), group).await?;
        let look = Look {
            paths: paths.clone(),
            group,
            origin,
            preflight,
        };
        let number = {
            let mut looks = shell.looks();
            looks.last = looks.last.wrapping_add(1);
            while looks.waiting.len() >= MOST {
                looks.waiting.pop_first();
            }
            let number = looks.last;
            looks.waiting.insert(number, look);
            number
        };
        if shell.page().send(WindowMessage::Check { number, group }) {
            return Ok(());
        }
        shell.looks().waiting.remove(&number);
    }
    let add = AddPaths {
        group,
        ..new_group(paths, origin)
    };
    engine.add_paths(add).await.map(drop)
}

/// Asks again about what waits: the page may have been loaded anew since.
pub(crate) fn ask_again(shell: &Shell) {
    let waiting: Vec<_> = shell
        .looks()
        .waiting
        .iter()
        .map(|(n, look)| (*n, look.group))
        .collect();
    for (number, group) in waiting {
        shell.page().send(WindowMessage::Check { number, group });
    }
}

/// What is known of a look by now.
pub(crate) fn view(shell: &Shell, number: u32) -> Result<PreflightView, Failure> {
    shell
        .looks()
        .waiting
        .get(&number)
        .map(|look| look.preflight.view())
        .ok_or_else(none)
}

/// The person wants it so.
pub(crate) async fn accept(shell: &Shell, number: u32, answered: Answered) -> Result<GroupId, Failure> {
    let look = shell.looks().waiting.remove(&number).ok_or_else(none)?;
    let add = AddPaths {
        group: look.group,
        name: answered.name.filter(|_| look.group.is_none()),
        ..new_group(look.paths, look.origin)
    };
    let leave = Leave {
        unchanged: answered.leave_unchanged,
        troubled: answered.leave_troubled,
    };
    shell.engine().await?.add_checked(add, leave).await
}

/// The person thought better of it.
pub(crate) fn give_up(shell: &Shell, number: u32) {
    shell.looks().waiting.remove(&number);
}

fn none() -> Failure {
    Failure::new(ErrorCode::NotFound, "there is no such look")
}
