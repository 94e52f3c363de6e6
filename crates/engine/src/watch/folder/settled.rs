//! What comes after the hand-over: ends of uploads are noted, groups are closed, originals leave.

use std::sync::Arc;

use windlass_core::error::{ErrorCode, Failure};
use windlass_core::machine::Event;
use windlass_core::states::Intent;
use windlass_core::time::Timestamp;
use windlass_core::watch::{After, group_is_over};
use windlass_queue::watched::{self, AfterState};

use super::super::ends;
use super::super::handover::Day;
use super::super::originals::{self, Choice};
use super::{ORIGINALS_MS, STEP, Task, blocking};
use crate::clock;
use crate::groups::path_of;
use crate::handle::{EngineHandle, Scope};
use crate::shell::Shared;

impl Task {
    /// Notes what came of uploads, and looks at their files again: what changed meanwhile is a new version.
    pub(super) async fn uploads_ended(&mut self) -> Result<(), Failure> {
        let (id, after) = (self.row.id, self.row.after);
        loop {
            let ended = self
                .shared
                .queue
                .read(move |conn| watched::settled_since(conn, id, STEP))
                .await?;
            let now = clock::now();
            let outcomes: Vec<_> = ended
                .iter()
                .filter_map(|e| Some((e.rel_path.clone(), e.file?, ends::outcome(e, after)?)))
                .collect();
            if outcomes.is_empty() {
                return Ok(());
            }
            self.shared
                .queue
                .write(move |conn| {
                    for (rel, file, outcome) in &outcomes {
                        watched::mark(conn, id, rel, *file, outcome, now)?;
                    }
                    Ok(())
                })
                .await?;
            if after != After::Keep {
                self.next_originals = Some(now);
            }
            self.look_at_root().await?;
            if self.runs() {
                self.left_under_way(&ended).await?;
                self.look_at(ended.into_iter().map(|e| e.rel_path).collect())
                    .await?;
            }
            self.shared.deltas.watches_changed();
        }
    }

    /// Uploads of files that were taken away or renamed meanwhile can't be mended: they leave their group.
    pub(super) async fn left_under_way(&self, ended: &[watched::EntryRow]) -> Result<(), Failure> {
        for e in ended {
            let missing = e.error.as_ref().is_some_and(|f| f.code == ErrorCode::FileMissing);
            let Some(file) = e.file.filter(|_| missing) else {
                continue;
            };
            let path = self.root.join(path_of(&e.rel_path));
            let there = blocking(move || std::fs::symlink_metadata(path).is_ok()).await?;
            if !there {
                EngineHandle {
                    shared: Arc::clone(&self.shared),
                }
                .set_intent(Scope::File(file), Intent::Cancelled)
                .await?;
            }
        }
        Ok(())
    }

    /// Closes groups that nothing joins any more.
    pub(super) async fn close_groups(&mut self, now: Timestamp) -> Result<(), Failure> {
        let (id, rule) = (self.row.id, self.settings().group_rule);
        let quiet = i64::from(self.settings().quiet_ms);
        let day = Day::of(now).date;
        let open = self
            .shared
            .queue
            .read(move |conn| watched::joining(conn, id))
            .await?;
        let over: Vec<_> = open
            .iter()
            .filter(|j| group_is_over(rule, &j.key, &day, j.joined_at, quiet, now))
            .map(|j| j.group)
            .collect();
        let left = open.iter().filter(|j| !over.contains(&j.group));
        let next = left
            .map(|j| j.joined_at.plus_millis(quiet).max(now.plus_millis(1_000)))
            .min();
        self.next_groups = next.map(|at| at.min(now.plus_millis(60_000)));
        close(&self.shared, over).await
    }

    pub(super) async fn originals(&mut self, state: AfterState) {
        self.next_originals = None;
        if self.row.after == After::Keep {
            return;
        }
        let choice = Choice {
            watch: self.row.id,
            root: self.root.clone(),
            after: self.row.after,
            folder: self.row.after_path.as_deref().map(path_of),
        };
        match originals::carry_out(&self.shared, &choice, state).await {
            Ok(0) => {}
            Ok(n) => {
                tracing::info!(watch = %self.row.id, originals = n, "originals left after their proof");
                self.shared.deltas.watches_changed();
            }
            Err(failure) => {
                tracing::info!(watch = %self.row.id, error = %failure, "originals stay for now");
                self.next_originals = Some(clock::now().plus_millis(ORIGINALS_MS));
            }
        }
    }
}

/// Nothing joins these groups any more: they may end.
pub(in crate::watch) async fn close(
    shared: &Arc<Shared>,
    groups: Vec<windlass_core::ids::GroupId>,
) -> Result<(), Failure> {
    if groups.is_empty() {
        return Ok(());
    }
    let closing = groups.clone();
    shared
        .queue
        .write(move |conn| closing.iter().try_for_each(|g| watched::close(conn, *g)))
        .await?;
    for id in groups {
        shared.event(Event::GroupWork { id, scanning: false }).await;
        shared.deltas.stir(id);
    }
    Ok(())
}
