//! Contradictions of a plan, found by walking its changes along the transition tables.

use std::collections::BTreeMap;

use super::observation::{LocalFile, Observation};
use super::plan::{Action, ReconcilePlan};
use crate::ids::FileId;
use crate::machine::records::Change;
use crate::states::{FileState, PartState};
use crate::units::PartNumber;

/// What is wrong with the plan, one line each; nothing when it is sound.
#[must_use]
pub fn check(plan: &ReconcilePlan, files: &[Observation]) -> Vec<String> {
    let files: BTreeMap<FileId, &LocalFile> = files.iter().map(|(f, _, _)| (f.id, f)).collect();
    let mut faults = Vec::new();
    for pair in plan.actions.windows(2) {
        if (pair[0].group, pair[0].file) >= (pair[1].group, pair[1].file) {
            faults.push(format!("{} stands out of order or twice", pair[1].file));
        }
    }
    for action in &plan.actions {
        match files.get(&action.file) {
            Some(file) if file.group == action.group => walk(file, action, &mut faults),
            Some(_) => faults.push(format!("{} is not of group {}", action.file, action.group)),
            None => faults.push(format!("{} was not looked at", action.file)),
        }
    }
    faults
}

/// Where the walk stands.
struct Walk {
    state: FileState,
    attempt: u32,
    parts: BTreeMap<PartNumber, PartState>,
}

fn walk(file: &LocalFile, action: &Action, faults: &mut Vec<String>) {
    let parts = file.parts.iter().map(|p| (p.n, p.state)).collect();
    let mut at = Walk {
        state: file.state,
        attempt: file.attempt,
        parts,
    };
    for change in &action.changes {
        if change.file() != Some(file.id) {
            faults.push(format!("{}: {change:?} is about something else", file.id));
            continue;
        }
        if let Err(why) = at.step(change) {
            faults.push(format!("{}: {why}", file.id));
        }
    }
}

impl Walk {
    fn step(&mut self, change: &Change) -> Result<(), String> {
        match change {
            Change::FileState { from, to, .. } => self.file(*from, *to),
            Change::FileRegistered { .. } => self.file(FileState::Queued, FileState::Registered),
            Change::FileFailed { from, .. } => self.file(*from, FileState::Failed),
            Change::FileDone { from, .. } => self.file(*from, FileState::Done),
            Change::FileRemoved { from, .. } => self.file(*from, FileState::Removed),
            Change::FileStartOver { from, attempt, .. } => {
                if *attempt <= self.attempt {
                    return Err(format!("attempt {attempt} follows attempt {}", self.attempt));
                }
                self.attempt = *attempt;
                self.parts.clear();
                // A queued file begins another attempt without a step.
                if *from == FileState::Queued && self.state == FileState::Queued {
                    return Ok(());
                }
                self.file(*from, FileState::Queued)
            }
            Change::PartState { n, to, .. } => self.part(*n, *to),
            Change::PartUploaded { n, .. } => self.part(*n, PartState::Uploaded),
            Change::FileHashed { .. } | Change::FileTries { .. } | Change::FileFingerprint { .. } => Ok(()),
            Change::GroupState { .. } | Change::GroupCancelled { .. } | Change::GroupTold { .. } => {
                Err("a plan changes no group".into())
            }
        }
    }

    fn file(&mut self, from: FileState, to: FileState) -> Result<(), String> {
        if self.state != from {
            return Err(format!("expects {from}, it is {}", self.state));
        }
        if !from.may_become(to) {
            return Err(format!("{from} may not become {to}"));
        }
        self.state = to;
        Ok(())
    }

    fn part(&mut self, n: PartNumber, to: PartState) -> Result<(), String> {
        let from = self.parts.insert(n, to).unwrap_or(PartState::Pending);
        if from.may_become(to) {
            Ok(())
        } else {
            Err(format!("part {n}: {from} may not become {to}"))
        }
    }
}
