//! What a person is told of a plan: per group, equal findings folded with a count.

use std::collections::BTreeMap;

use super::FindingKind;
use super::plan::ReconcilePlan;
use crate::ids::GroupId;

/// What was found in one group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupReport {
    /// The group.
    pub group: GroupId,
    /// In the order of the kinds.
    pub findings: Vec<Finding>,
}

/// One kind of finding, with how many files it concerns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Kind.
    pub kind: FindingKind,
    /// Files.
    pub files: u32,
    /// Parts, where it is about parts.
    pub parts: u32,
    /// Path of the first of the files.
    pub example: String,
}

/// The report of a plan, by group.
#[must_use]
pub fn report(plan: &ReconcilePlan) -> Vec<GroupReport> {
    let mut folded: BTreeMap<GroupId, BTreeMap<FindingKind, Finding>> = BTreeMap::new();
    for action in &plan.actions {
        let fresh = || Finding {
            kind: action.kind,
            files: 0,
            parts: 0,
            example: action.name.clone(),
        };
        let finding = folded
            .entry(action.group)
            .or_default()
            .entry(action.kind)
            .or_insert_with(fresh);
        finding.files = finding.files.saturating_add(1);
        finding.parts = finding.parts.saturating_add(action.parts);
    }
    folded
        .into_iter()
        .map(|(group, kinds)| GroupReport {
            group,
            findings: kinds.into_values().collect(),
        })
        .collect()
}
