//! What was given is looked at before it is taken in, and the page asks the person what to do with it.
//!
//! The paths stay here; the page knows a look by its number. A look that nobody answers leaves when the page is gone, or when
//! sixteen newer ones came. Where there is no page to ask, or the person wants no question, files are taken in at once.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use windlass_core::error::{ErrorCode, Failure};
use windlass_core::ids::{DestinationId, GroupId};
use windlass_engine::view::PreflightView;
use windlass_engine::{AddPaths, Leave, LookFor, Origin, Preflight};

use crate::page::WindowMessage;
use crate::shell::{Shell, new_group};

/// Looks that wait for an answer.
const MOST: usize = 16;

/// One look, with what it is about.
struct Look {
    paths: Vec<PathBuf>,
    to: LookFor,
    origin: Origin,
    preflight: Preflight,
    /// How often it was begun anew. What was asked of an earlier one is no answer to this one.
    begun: u32,
    /// `preflight` is about `paths` and `to`, and not about what they were before.
    current: bool,
}

impl Look {
    fn group(&self) -> Option<GroupId> {
        match self.to {
            LookFor::Group(id) => Some(id),
            LookFor::New(_) => None,
        }
    }
}

/// Looks by number.
#[derive(Default)]
pub(crate) struct Looks {
    last: u32,
    waiting: BTreeMap<u32, Look>,
}

impl Looks {
    fn add(&mut self, look: Look) -> u32 {
        self.last = self.last.wrapping_add(1);
        while self.waiting.len() >= MOST {
            self.waiting.pop_first();
        }
        self.waiting.insert(self.last, look);
        self.last
    }
}

/// The person's answer.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub(crate) struct Answered {
    /// Files that the look had counted when it was answered: more may have been given since.
    files: u32,
    /// Where they were to go when it was answered: another destination may have been chosen since.
    destination: Option<DestinationId>,
    /// What is there unchanged is no part of the group.
    leave_unchanged: bool,
    /// What can't be sent is no part of the group.
    leave_troubled: bool,
    /// What has the name of another file of the group is no part of it.
    leave_same_name: bool,
    /// What was being written is no part of the group.
    leave_growing: bool,
    /// These are no part of the group: paths inside it, as the look told them.
    leave: Vec<String>,
    /// The group's name, where it is new and was given one.
    name: Option<String>,
    /// The group, where it is new, waits until it is resumed.
    paused: bool,
    /// Not one group, but one for each top folder.
    split: bool,
}

/// Takes files in, after a look when the person wants one. What comes while a look for the same waits joins it.
pub(crate) async fn take(
    shell: &Shell,
    paths: Vec<PathBuf>,
    group: Option<GroupId>,
    origin: Origin,
) -> Result<(), Failure> {
    let engine = shell.engine().await?;
    let never = shell.setting("preflight").is_some_and(|v| v == "never");
    if !never {
        let waits = {
            let looks = shell.looks();
            let found = looks.waiting.iter().rev().find(|(_, look)| look.group() == group);
            found.map(|(number, _)| *number)
        };
        if let Some(number) = waits {
            let more = |look: &mut Look| {
                let new: Vec<_> = paths
                    .iter()
                    .filter(|p| !look.paths.contains(p))
                    .cloned()
                    .collect();
                look.paths.extend(new);
            };
            if renew(shell, number, more).await? && shell.page().send(WindowMessage::Check { number, group })
            {
                return Ok(());
            }
        }
        let to = group.map_or(LookFor::New(None), LookFor::Group);
        let look = Look {
            preflight: engine.preflight(paths.clone(), to).await?,
            paths: paths.clone(),
            to,
            origin,
            begun: 0,
            current: true,
        };
        let number = shell.looks().add(look);
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

/// Looks anew under the same number, at what the look is about after a change. No answer is taken until the new look has begun.
/// False when it was answered before: nothing was done then.
async fn renew(shell: &Shell, number: u32, change: impl FnOnce(&mut Look)) -> Result<bool, Failure> {
    let engine = shell.engine().await?;
    let (paths, to, begun) = {
        let mut looks = shell.looks();
        let Some(look) = looks.waiting.get_mut(&number) else {
            return Ok(false);
        };
        change(look);
        look.current = false;
        look.begun = look.begun.wrapping_add(1);
        (look.paths.clone(), look.to, look.begun)
    };
    let preflight = engine.preflight(paths, to).await;
    let mut looks = shell.looks();
    let Some(look) = looks.waiting.get_mut(&number) else {
        return Ok(false);
    };
    // A later change has begun one of its own.
    if look.begun == begun {
        look.preflight = preflight?;
        look.current = true;
    }
    Ok(true)
}

/// Looks again, for another destination when one is named: a file may be readable now, a drive be connected.
pub(crate) async fn again(
    shell: &Shell,
    number: u32,
    destination: Option<DestinationId>,
) -> Result<(), Failure> {
    let there = |look: &mut Look| {
        if let LookFor::New(before) = look.to {
            look.to = LookFor::New(destination.or(before));
        }
    };
    if renew(shell, number, there).await? {
        Ok(())
    } else {
        Err(none())
    }
}

/// Asks again about what waits: the page may have been loaded anew since.
pub(crate) fn ask_again(shell: &Shell) {
    let waiting: Vec<_> = shell
        .looks()
        .waiting
        .iter()
        .map(|(n, look)| (*n, look.group()))
        .collect();
    for (number, group) in waiting {
        shell.page().send(WindowMessage::Check { number, group });
    }
}

/// What is known of a look by now; `None` when it was answered, or has left. One that is just being begun anew is not done.
pub(crate) fn view(shell: &Shell, number: u32) -> Option<PreflightView> {
    let looks = shell.looks();
    let look = looks.waiting.get(&number)?;
    let view = look.preflight.view();
    Some(PreflightView {
        done: view.done && look.current,
        ..view
    })
}

/// The person wants it so. `None` when more was given than the answer is about, or another destination was chosen: the look waits
/// on. So it does when it can't be written down.
pub(crate) async fn accept(
    shell: &Shell,
    number: u32,
    answered: Answered,
) -> Result<Option<GroupId>, Failure> {
    let look = {
        let mut looks = shell.looks();
        let look = looks.waiting.get(&number).ok_or_else(none)?;
        if !look.current || !answers(&look.preflight.view(), &answered) {
            return Ok(None);
        }
        looks.waiting.remove(&number).ok_or_else(none)?
    };
    let taken = take_in(shell, &look, answered).await;
    if taken.is_err() {
        // What was chosen in it is worth more than a second try: the person may make room and answer again.
        shell.looks().waiting.entry(number).or_insert(look);
    }
    taken.map(Some)
}

async fn take_in(shell: &Shell, look: &Look, answered: Answered) -> Result<GroupId, Failure> {
    let mut names: BTreeSet<String> = answered.leave.into_iter().collect();
    if answered.leave_growing {
        names.extend(look.preflight.growing());
    }
    let there = if answered.leave_unchanged {
        look.preflight.there()
    } else {
        BTreeMap::new()
    };
    let add = AddPaths {
        group: look.group(),
        name: answered.name.filter(|_| look.group().is_none()),
        destination: match look.to {
            LookFor::New(wanted) => wanted,
            LookFor::Group(_) => None,
        },
        paused: answered.paused,
        ..new_group(look.paths.clone(), look.origin)
    };
    let leave = Leave {
        unchanged: answered.leave_unchanged,
        troubled: answered.leave_troubled,
        same_name: answered.leave_same_name,
        names,
        there,
    };
    let engine = shell.engine().await?;
    if answered.split && add.group.is_none() {
        let made = engine.add_split(add, leave).await?;
        return match made.first() {
            Some(first) => Ok(*first),
            None => Err(Failure::new(ErrorCode::BadRequest, "there is nothing in it")),
        };
    }
    engine.add_checked(add, leave).await
}

/// Whether an answer is one to all that was given, at the place where it would go.
fn answers(view: &PreflightView, answered: &Answered) -> bool {
    view.done && view.files == answered.files && view.destination == answered.destination
}

/// The person thought better of it.
pub(crate) fn give_up(shell: &Shell, number: u32) {
    shell.looks().waiting.remove(&number);
}

fn none() -> Failure {
    Failure::new(ErrorCode::NotFound, "there is no such look")
}
