//! A run of the janitor: facts, plan, steps ([`crate::janitor`]).

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::StreamExt as _;
use windlass_core::error::{ErrorCode, Failure};
use windlass_core::ids::{FileId, ObjectId, OwnerId};
use windlass_protocol::destinations::DestinationConfig;
use windlass_protocol::janitor::{JanitorAction, JanitorReport, JanitorStep, StepEnd, Unseen};

use super::watch::Looked;
use super::{IN_FLIGHT, Service};
use crate::clock::random;
use crate::db::Tx;
use crate::failure::Refusal;
use crate::janitor::plan::{AtStorage, Facts, QuietFile, Step, Stray, Subject, Thresholds, plan};
use crate::storage::Inventory;
use crate::store::janitor;
use crate::store::strays::{self, Known};
use crate::store::{DestinationRow, lease};
use crate::text::hex;

/// Facts of one kind that a run takes; the next one goes on.
const MOST: u32 = 1_000;
/// Strays that a run takes.
const MOST_STRAYS: usize = 10_000;
/// Abandoned uploads that are told one by one.
const TOLD: u32 = 1_000;
/// How long the lease holds without being prolonged, milliseconds.
const LEASE_MS: i64 = 120_000;
/// Steps after which the lease is prolonged.
const PROLONG_AFTER: usize = 25;

/// The lease of a run.
struct Turn {
    holder: String,
    fence: i64,
}

/// What a run found out.
struct Gathered {
    facts: Facts,
    unseen: Vec<Unseen>,
    more: bool,
}

impl Service {
    /// Cleans up, or only tells what would be done.
    ///
    /// # Errors
    /// `state_conflict` while another run goes on; when the ledger does not answer.
    pub async fn run_janitor(
        self: &Arc<Self>,
        by: Option<OwnerId>,
        dry_run: bool,
    ) -> Result<JanitorReport, Refusal> {
        let t = self.thresholds();
        let at = self.now();
        let turn = if dry_run {
            None
        } else {
            Some(self.take_turn().await?)
        };
        let before = at.plus_millis(-t.abandoned);
        let read = self
            .store
            .db()
            .read(move |tx| janitor::abandoned(tx, before, TOLD));
        let (abandoned_total, abandoned) = read.await?;
        let gathered = self.gather(&t).await?;
        let steps = plan(&gathered.facts, &t, at);
        let (told, whole) = match &turn {
            None => (steps.iter().map(|s| s.told(StepEnd::Planned)).collect(), true),
            Some(turn) => self.carry_out(steps, turn).await?,
        };
        let report = JanitorReport {
            at: at.as_millis(),
            dry_run,
            abandoned,
            abandoned_total,
            steps: told,
            more: gathered.more || !whole,
            unseen: gathered.unseen,
        };
        let (data, now) = (summary(&report), self.now());
        self.store
            .db()
            .write(None, move |tx| janitor::ran(tx, by, &data, now))
            .await?;
        if let Some(turn) = turn {
            self.store
                .db()
                .write(None, move |tx| {
                    lease::give_back(tx, lease::JANITOR, &turn.holder, turn.fence)
                })
                .await?;
        }
        Ok(report)
    }

    async fn take_turn(&self) -> Result<Turn, Refusal> {
        let holder = hex(&random::<8>(self.world())?);
        let (name, now) = (holder.clone(), self.now());
        let take =
            move |tx: &mut dyn Tx| lease::take(tx, lease::JANITOR, &name, now.plus_millis(LEASE_MS), now);
        match self.store.db().write(None, take).await? {
            Some(fence) => Ok(Turn { holder, fence }),
            None => Err(Refusal::new(
                ErrorCode::StateConflict,
                "another run of the janitor goes on",
            )),
        }
    }

    async fn prolong_turn(&self, turn: &Turn) -> Result<bool, Failure> {
        let (holder, fence) = (turn.holder.clone(), turn.fence);
        let until = self.now().plus_millis(LEASE_MS);
        self.store
            .db()
            .write(None, move |tx| {
                lease::prolong(tx, lease::JANITOR, &holder, fence, until)
            })
            .await
    }

    /// Reads the facts. Nothing is changed.
    async fn gather(&self, t: &Thresholds) -> Result<Gathered, Failure> {
        let (t, now) = (*t, self.now());
        let ago = move |ms: i64| now.plus_millis(-ms);
        let read = self.store.db().read(move |tx| {
            let quiet = janitor::quiet(tx, ago(t.quiet), now, MOST)?;
            let drafts = janitor::drafts(tx, t.draft, now, MOST)?;
            let facts = Facts {
                drafts,
                failed: janitor::failed(tx, ago(t.failed), MOST)?,
                condemned: janitor::condemned(tx, now, MOST)?,
                gone: janitor::gone(tx, ago(t.forget), MOST)?,
                parts: janitor::parts(tx, ago(t.forget), MOST)?,
                odd: janitor::odd(tx)?,
                ..Facts::default()
            };
            Ok((quiet, facts))
        });
        let (quiet, mut facts) = read.await?;
        let full = |n: usize| n >= MOST as usize;
        let mut more = full(quiet.len())
            || full(facts.drafts.len())
            || full(facts.failed.len())
            || full(facts.condemned.len())
            || full(facts.gone.len())
            || full(facts.parts.len());
        facts.quiet = futures::stream::iter(quiet)
            .map(|(owner, id, alive_at)| async move {
                Ok::<_, Failure>(QuietFile {
                    owner,
                    id,
                    alive_at,
                    at_storage: self.at_storage(owner, id).await?,
                })
            })
            .buffered(IN_FLIGHT)
            .collect::<Vec<_>>()
            .await
            .into_iter()
            .collect::<Result<_, _>>()?;
        let mut unseen = Vec::new();
        for row in self.store.destinations().await? {
            match self.look_through(&row, &mut facts).await {
                Ok(whole) => more |= !whole,
                Err(why) => unseen.push(Unseen {
                    destination_id: row.id,
                    name: row.name,
                    reason: why.to_string(),
                }),
            }
        }
        Ok(Gathered { facts, unseen, more })
    }

    async fn at_storage(&self, owner: OwnerId, id: FileId) -> Result<AtStorage, Failure> {
        Ok(match self.is_whole(owner, id).await? {
            Ok(true) => AtStorage::Whole,
            Ok(false) => AtStorage::Parts,
            Err(_) => AtStorage::Silent,
        })
    }

    /// Looks for what lies in a destination and what no row knows. False when there was more than a run takes.
    async fn look_through(&self, row: &DestinationRow, facts: &mut Facts) -> Result<bool, Failure> {
        let (id, is_folder) = (row.id, matches!(row.config, DestinationConfig::Folder { .. }));
        let storage = self.storages.get(id).await?.storage;
        let (mut seen, mut turn) = (Vec::new(), None);
        let whole = loop {
            let Inventory { found, next } = storage.inventory(turn).await?;
            let asked = found.clone();
            // After the listing: what was begun meanwhile has its row before it is there.
            let read = self
                .store
                .db()
                .read(move |tx| strays::known(tx, id, is_folder, &asked));
            for (found, known) in found.into_iter().zip(read.await?) {
                match known {
                    Known::Row => {}
                    Known::Late(object) => facts.late.push(object),
                    Known::Stray(None, _)
                        if found.upload_id.is_none() && !storage.marked(&found.key).await? => {}
                    Known::Stray(first_seen, told) => {
                        seen.push(found.clone());
                        facts.strays.push(Stray {
                            destination: id,
                            found,
                            first_seen,
                            told,
                        });
                    }
                }
            }
            let room = seen.len() < MOST_STRAYS;
            match next {
                Some(next) if room && !self.ending.is_cancelled() => turn = Some(next),
                Some(_) => return Ok(false),
                None => break room,
            }
        };
        let over = self.store.db().read(move |tx| strays::over(tx, id, &seen));
        facts.over.extend(over.await?);
        Ok(whole)
    }

    /// Carries steps out. False when it did not come to the end: the lease was lost, or the program ends.
    async fn carry_out(&self, steps: Vec<Step>, turn: &Turn) -> Result<(Vec<JanitorStep>, bool), Failure> {
        let mut told: Vec<JanitorStep> = Vec::with_capacity(steps.len());
        let (mut to_clean, mut whole): (BTreeMap<ObjectId, usize>, bool) = (BTreeMap::new(), true);
        for (n, step) in steps.iter().enumerate() {
            if n % PROLONG_AFTER == 0 && (self.ending.is_cancelled() || !self.prolong_turn(turn).await?) {
                whole = false;
                break;
            }
            let (end, error) = match self.one(step).await {
                Ok(end) => (end, None),
                Err(e) => (StepEnd::Failed, Some(e.to_string())),
            };
            if let (Subject::Object(_, id), StepEnd::Done, JanitorAction::Condemn | JanitorAction::Clean) =
                (&step.subject, end, step.action)
            {
                to_clean.insert(*id, n);
            }
            told.push(JanitorStep {
                error,
                ..step.told(end)
            });
        }
        if !whole {
            return Ok((told, false));
        }
        // All of them are condemned and committed: now the first byte may go.
        let ids: Vec<ObjectId> = to_clean.keys().copied().collect();
        for some in ids.chunks(PROLONG_AFTER) {
            if self.ending.is_cancelled() || !self.prolong_turn(turn).await? {
                return Ok((told, false));
            }
            self.clean_some(some, &to_clean, &steps, &mut told).await?;
        }
        Ok((told, true))
    }

    async fn clean_some(
        &self,
        ids: &[ObjectId],
        of: &BTreeMap<ObjectId, usize>,
        steps: &[Step],
        told: &mut [JanitorStep],
    ) -> Result<(), Failure> {
        let ids = ids.to_vec();
        let objects = self.store.db().read(move |tx| janitor::objects(tx, &ids)).await?;
        for (object, cleaned) in self.discard_all(objects).await {
            let Some((step, told)) = of
                .get(&object)
                .and_then(|n| Some((steps.get(*n)?, told.get_mut(*n)?)))
            else {
                continue;
            };
            match cleaned {
                Err(e) => {
                    told.error = Some(format!("not deleted yet: {e}"));
                    if step.action == JanitorAction::Clean {
                        told.end = StepEnd::Failed;
                    }
                }
                Ok(()) => {
                    let Subject::Object(owner, id) = step.subject else {
                        continue;
                    };
                    let (step, now) = (
                        Step {
                            action: JanitorAction::Clean,
                            ..step.clone()
                        },
                        self.now(),
                    );
                    let write = move |tx: &mut dyn Tx| janitor::cleaned(tx, &step, owner, id, now);
                    self.store.db().write(Some(owner), write).await?;
                }
            }
        }
        Ok(())
    }

    /// One step. What is deleted afterwards is only given up here.
    async fn one(&self, step: &Step) -> Result<StepEnd, Failure> {
        let (step, now, db) = (step.clone(), self.now(), self.store.db());
        let done = match (step.action, step.subject.clone()) {
            (JanitorAction::Settle, Subject::Session(owner, id)) => match self.look_after(owner, id).await? {
                Looked::Settled => {
                    let write =
                        move |tx: &mut dyn Tx| janitor::noted(tx, &step, "session", id.into(), owner, now);
                    db.write(Some(owner), write).await?;
                    true
                }
                Looked::Unknown(e) => return Err(e),
                Looked::Open | Looked::Other => false,
            },
            (JanitorAction::FailSession, Subject::Session(owner, id)) => {
                let write = move |tx: &mut dyn Tx| janitor::fail_session(tx, &step, owner, id, now);
                db.write(Some(owner), write).await?
            }
            (JanitorAction::FailDraft, Subject::Group(owner, id)) => {
                let write = move |tx: &mut dyn Tx| janitor::fail_draft(tx, &step, owner, id, now);
                db.write(Some(owner), write).await?
            }
            (JanitorAction::Condemn, Subject::Object(owner, id)) => {
                let write = move |tx: &mut dyn Tx| janitor::condemn(tx, &step, owner, id, now);
                db.write(Some(owner), write).await?
            }
            // Condemned before: deleted together with those of this run.
            (JanitorAction::Clean, Subject::Object(..)) => true,
            (JanitorAction::CleanLate, Subject::Object(owner, id)) => {
                let found = self.store.object(id).await?;
                let Some(object) = found else {
                    return Ok(StepEnd::Passed);
                };
                let storage = self.storages.get(object.destination).await?.storage;
                if !storage.discard(&object).await? {
                    return Err(Failure::new(
                        ErrorCode::StorageError,
                        "something of it is left at the storage",
                    ));
                }
                let write = move |tx: &mut dyn Tx| janitor::noted(tx, &step, "object", id.into(), owner, now);
                db.write(Some(owner), write).await?;
                true
            }
            (JanitorAction::ForgetObject, Subject::Object(owner, id)) => {
                let write = move |tx: &mut dyn Tx| janitor::forget(tx, &step, owner, id, now);
                db.write(Some(owner), write).await?
            }
            (JanitorAction::ForgetParts, Subject::Object(owner, id)) => {
                let write = move |tx: &mut dyn Tx| janitor::forget_parts(tx, &step, owner, id, now);
                db.write(Some(owner), write).await?
            }
            (JanitorAction::StraySeen, Subject::Stray(destination, found)) => {
                let write = move |tx: &mut dyn Tx| strays::stray_seen(tx, destination, &found, now);
                db.write(None, write).await?;
                true
            }
            (JanitorAction::StrayTold, Subject::Stray(destination, found)) => {
                let write = move |tx: &mut dyn Tx| strays::stray_told(tx, &step, destination, &found, now);
                db.write(None, write).await?
            }
            (JanitorAction::StrayOver, Subject::Stray(destination, found)) => {
                let write = move |tx: &mut dyn Tx| strays::stray_over(tx, destination, &found);
                db.write(None, write).await?
            }
            (JanitorAction::OddRow, Subject::Row(owner, kind, id)) => {
                let write = move |tx: &mut dyn Tx| janitor::noted(tx, &step, kind, id.into(), owner, now);
                db.write(Some(owner), write).await?;
                true
            }
            // The plan makes no such step.
            (_, _) => false,
        };
        Ok(if done { StepEnd::Done } else { StepEnd::Passed })
    }

    /// When cleaning up is due, or will be within `ahead_ms`, cleans up. One of several replicas does.
    ///
    /// # Errors
    /// When the ledger does not answer.
    pub async fn janitor_if_due(
        self: &Arc<Self>,
        every_ms: i64,
        ahead_ms: i64,
    ) -> Result<Option<JanitorReport>, Failure> {
        let now = self.now().plus_millis(ahead_ms);
        if !self.store.db().read(move |tx| lease::is_due(tx, now)).await? {
            return Ok(None);
        }
        let report = match self.run_janitor(None, false).await {
            Ok(report) => report,
            // Another replica is at it.
            Err(refused) if refused.failure.code == ErrorCode::StateConflict => return Ok(None),
            Err(refused) => return Err(refused.failure),
        };
        // What is left over is not left for a day.
        let wait = if report.more {
            every_ms.min(600_000)
        } else {
            every_ms
        };
        let until = self.now().plus_millis(wait);
        self.store
            .db()
            .write(None, move |tx| lease::done_until(tx, "janitor", until))
            .await?;
        Ok(Some(report))
    }
}

/// What of a report is kept in the audit.
fn summary(report: &JanitorReport) -> serde_json::Value {
    let mut counts: BTreeMap<&str, [u64; 2]> = BTreeMap::new();
    for step in &report.steps {
        let [all, failed] = counts.entry(step.action.as_str()).or_default();
        *all += 1;
        *failed += u64::from(step.end == StepEnd::Failed || step.error.is_some());
    }
    let counts: BTreeMap<_, _> = counts
        .into_iter()
        .map(|(word, [all, failed])| (word, serde_json::json!({ "steps": all, "failed": failed })))
        .collect();
    serde_json::json!({
        "dry_run": report.dry_run,
        "abandoned": report.abandoned_total,
        "steps": counts,
        "more": report.more,
        "unseen": report.unseen.iter().map(|u| u.destination_id.to_string()).collect::<Vec<_>>(),
    })
}
