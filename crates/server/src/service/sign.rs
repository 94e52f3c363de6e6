//! Signing: permission to send parts, just ahead of sending them.

use std::collections::BTreeMap;

use futures::StreamExt as _;
use windlass_core::error::{ErrorCode, Failure};
use windlass_core::ids::{DestinationId, OwnerId};
use windlass_core::part_plan::PartPlan;
use windlass_core::states::SessionState;
use windlass_protocol::files::SignFile;
use windlass_protocol::sessions::{DonePart, SignPart, SignResult, SignedPart};

use super::storages::Opened;
use super::{IN_FLIGHT, Service};
use crate::failure::{Refusal, internal};
use crate::store::parts::{Learnt, Sent};
use crate::store::{Begun, ObjectRow, SessionRow, StartItem};

/// A started file on its way to URLs.
struct Wanted {
    at: usize,
    row: SessionRow,
    object: ObjectRow,
    parts: Vec<SignPart>,
}

type Outcome = Result<Vec<SignedPart>, Refusal>;

impl Service {
    /// Signs for parts.
    ///
    /// # Errors
    /// `batch_too_large`; when the ledger does not answer. What is wrong with one item is its own answer.
    pub async fn sign(
        &self,
        owner: OwnerId,
        items: Vec<impl Into<SignFile>>,
    ) -> Result<Vec<SignResult>, Failure> {
        super::check_batch(items.len())?;
        let items: Vec<SignFile> = items.into_iter().map(Into::into).collect();
        let starts = items
            .iter()
            .map(|i| StartItem {
                id: i.id,
                attempt: i.attempt,
                urls: !i.parts.is_empty(),
            })
            .collect();
        let ids: Vec<_> = items.iter().map(|i| i.id).collect();
        let started = self.store.start(owner, starts, self.now()).await?;
        let mut outcomes: Vec<Outcome> = Vec::with_capacity(items.len());
        let mut wanted: BTreeMap<DestinationId, Vec<Wanted>> = BTreeMap::new();
        let mut learnt = BTreeMap::new();
        for (at, (item, started)) in items.into_iter().zip(started).enumerate() {
            outcomes.push(Ok(Vec::new()));
            let row = match started {
                Ok(started) => started.row,
                Err(refused) => {
                    outcomes[at] = Err(refused);
                    continue;
                }
            };
            match (check_parts(&row.plan, &item.parts), row.object.clone()) {
                (Err(refused), _) => outcomes[at] = Err(refused),
                (Ok(()), Some(object)) if !row.plan.is_single() => {
                    learnt.insert(at, learn(&object, &item));
                    if !item.parts.is_empty() {
                        wanted.entry(row.destination).or_default().push(Wanted {
                            at,
                            row,
                            object,
                            parts: item.parts,
                        });
                    }
                }
                (Ok(()), Some(object)) if !item.parts.is_empty() => {
                    wanted.entry(row.destination).or_default().push(Wanted {
                        at,
                        row,
                        object,
                        parts: item.parts,
                    });
                }
                (Ok(()), _) => {}
            }
        }
        for (destination, files) in wanted {
            for (at, outcome) in self.sign_at(destination, files).await {
                outcomes[at] = outcome;
            }
        }
        // INVARIANT: written before a URL leaves (G-5).
        let mut known = Vec::with_capacity(learnt.len());
        for (at, mut one) in learnt {
            if outcomes[at].is_err() {
                one.signed.clear();
            }
            if !(one.signed.is_empty() && one.sent.is_empty() && one.failed.is_empty()) {
                known.push(one);
            }
        }
        self.learn(owner, known).await?;
        let result = |(id, outcome): (_, Outcome)| match outcome {
            Ok(uploads) => SignResult {
                id,
                uploads,
                error: None,
            },
            Err(refused) => SignResult {
                id,
                uploads: Vec::new(),
                error: Some(refused.problem()),
            },
        };
        Ok(ids.into_iter().zip(outcomes).map(result).collect())
    }

    /// Signs for files of one destination.
    async fn sign_at(&self, destination: DestinationId, files: Vec<Wanted>) -> Vec<(usize, Outcome)> {
        let opened = match self.storages.get(destination).await {
            Ok(opened) => opened,
            Err(e) => return refuse_all(files, &e),
        };
        let bytes = files.iter().flat_map(|f| &f.parts).map(|p| p.size).sum();
        if let Err(e) = opened.storage.room(bytes).await {
            return refuse_all(files, &e);
        }
        if files.iter().flat_map(|f| &f.parts).any(|p| p.again) {
            opened.storage.hear_time().await;
        }
        let (ready, mut outcomes) = self.begin_all(&opened, files).await;
        let now = self.now();
        outcomes.extend(ready.iter().map(|f| {
            let signed = opened.storage.sign(&f.object, &f.parts, now);
            (f.at, signed.map_err(Refusal::from))
        }));
        outcomes
    }

    /// Looks names up and begins uploads, where that is needed. Returns the files that are ready, and what became of the
    /// others.
    async fn begin_all(&self, opened: &Opened, files: Vec<Wanted>) -> (Vec<Wanted>, Vec<(usize, Outcome)>) {
        let storage = opened.storage.as_ref();
        let needs = |o: &ObjectRow| {
            storage.names_are_looked_up()
                && (!o.name_checked || (!o.plan.is_single() && o.upload_id.is_none()))
        };
        let (mut to_begin, mut ready): (Vec<_>, Vec<_>) = files.into_iter().partition(|f| needs(&f.object));
        if to_begin.is_empty() {
            return (ready, Vec::new());
        }
        let _turn = opened.begin.lock().await;
        let taken = match self.look_up(opened, &mut to_begin).await {
            Ok(taken) => taken,
            Err(e) => return (ready, refuse_all(to_begin, &e)),
        };
        let begun: Vec<_> = futures::stream::iter(to_begin.into_iter().zip(taken))
            .map(|(file, taken)| self.begin_one(opened, file, taken))
            .buffer_unordered(IN_FLIGHT)
            .collect()
            .await;
        let mut outcomes = Vec::new();
        let mut learnt = Vec::new();
        let mut files = Vec::new();
        for (file, outcome) in begun {
            match outcome {
                Ok(upload_id) => {
                    learnt.push(Begun {
                        object: file.object.id,
                        upload_id,
                        checked: true,
                    });
                    files.push(file);
                }
                Err(refused) => outcomes.push((file.at, Err(refused))),
            }
        }
        // INVARIANT (I18): a URL is given only for what the ledger holds.
        match self.store.begun(learnt).await {
            Ok(rows) => {
                for (mut file, row) in files.into_iter().zip(rows) {
                    match row {
                        Some(row) => {
                            file.object = row;
                            ready.push(file);
                        }
                        None => {
                            let gone = Refusal::new(ErrorCode::ObjectCondemned, "the attempt was given up");
                            outcomes.push((file.at, Err(gone)));
                        }
                    }
                }
            }
            Err(e) => outcomes.extend(refuse_all(files, &e)),
        }
        (ready, outcomes)
    }

    /// Reads the objects again, because somebody may have begun them meanwhile, and asks which names are taken.
    async fn look_up(&self, opened: &Opened, files: &mut [Wanted]) -> Result<Vec<bool>, Failure> {
        let asked = files
            .iter()
            .map(|f| Begun {
                object: f.object.id,
                upload_id: None,
                checked: false,
            })
            .collect();
        for (file, row) in files.iter_mut().zip(self.store.begun(asked).await?) {
            if let Some(row) = row {
                file.object = row;
            }
        }
        let keys: Vec<_> = files.iter().map(|f| f.object.key.clone()).collect();
        opened.storage.taken(&keys, self.now()).await
    }

    async fn begin_one(
        &self,
        opened: &Opened,
        mut file: Wanted,
        taken: bool,
    ) -> (Wanted, Result<Option<String>, Refusal>) {
        let storage = opened.storage.as_ref();
        if taken
            && !file.object.name_checked
            && let Err(refused) = self.next_name(storage, &mut file.object, &mut 2).await
        {
            return (file, Err(refused));
        }
        if file.object.plan.is_single() || file.object.upload_id.is_some() {
            return (file, Ok(None));
        }
        // A session that was uploading before this call may have begun, and its answer was lost (F55).
        let again = file.row.state != SessionState::Pending;
        let begun = storage.begin(&file.object, again).await;
        let begun = begun.and_then(|id| id.map(Some).ok_or_else(|| internal("an upload without an id")));
        (file, begun.map_err(Refusal::from))
    }
}

/// What a call says about parts.
fn learn(object: &ObjectRow, item: &SignFile) -> Learnt {
    let sent = |p: &DonePart| Sent {
        n: p.n,
        etag: p.etag.clone(),
        crc64: Some(p.crc64),
    };
    Learnt {
        object: object.id,
        plan: object.plan,
        signed: item.parts.iter().map(|p| (p.n, Some(p.crc64))).collect(),
        sent: item.done.iter().map(sent).collect(),
        failed: item.failed.clone(),
    }
}

fn refuse_all(files: Vec<Wanted>, why: &Failure) -> Vec<(usize, Outcome)> {
    files
        .into_iter()
        .map(|f| (f.at, Err(Refusal::from(why.clone()))))
        .collect()
}

/// Parts must be those of the plan (A73).
fn check_parts(plan: &PartPlan, parts: &[SignPart]) -> Result<(), Refusal> {
    for part in parts {
        let Some(range) = plan.part(part.n) else {
            let detail = format!("part {}, the plan has {}", part.n, plan.count());
            return Err(Refusal::new(ErrorCode::PartOutOfRange, detail));
        };
        if range.len != part.size {
            let detail = format!(
                "part {} of {} bytes, the plan says {}",
                part.n, part.size, range.len
            );
            return Err(Refusal::new(ErrorCode::PartPlanMismatch, detail));
        }
    }
    Ok(())
}
