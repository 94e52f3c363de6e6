//! Announcing files: checked here, decided by the ledger, asked of the storage where the ledger is not sure.

use std::sync::Arc;

use futures::StreamExt as _;
use windlass_core::error::{ErrorCode, Failure};
use windlass_core::ids::{ObjectId, OwnerId};
use windlass_core::limits::{MAX_OBJECT_BYTES, MAX_TEXT_BYTES};
use windlass_core::part_plan::PartPlan;
use windlass_core::time::Timestamp;
use windlass_protocol::sessions::{InitAnswer, InitItem, InitResult};

use super::copies::Copy;
use super::{IN_FLIGHT, Service};
use crate::clock::random;
use crate::failure::Refusal;
use crate::naming::checked_path;
use crate::storage::{Look, Presence};
use crate::store::{InitDecision, InitRow, ObjectRow, SessionRow, TombstoneReason};

/// Times that a batch is decided anew after asking the storage. Each time fewer are left to ask about.
const ROUNDS: usize = 4;

impl Service {
    /// Announces files.
    ///
    /// # Errors
    /// `batch_too_large`; when the ledger does not answer. What is wrong with one item is its own answer.
    pub async fn init(
        self: &Arc<Self>,
        owner: OwnerId,
        items: Vec<InitItem>,
    ) -> Result<Vec<InitResult>, Failure> {
        super::check_batch(items.len())?;
        let ids: Vec<_> = items.iter().map(|i| i.id).collect();
        let now = self.now();
        let mut answers: Vec<Option<InitAnswer>> = vec![None; items.len()];
        let mut waiting = Vec::with_capacity(items.len());
        for (at, item) in items.into_iter().enumerate() {
            match self.check(item, now) {
                Ok(row) => waiting.push((at, row)),
                Err(refused) => answers[at] = Some(refuse(&refused)),
            }
        }
        for (at, answer) in self.decide(owner, waiting).await? {
            answers[at] = Some(answer);
        }
        let lost = || refuse(&Refusal::new(ErrorCode::Internal, "an item without an answer"));
        Ok(ids
            .into_iter()
            .zip(answers)
            .map(|(id, a)| InitResult {
                id,
                answer: a.unwrap_or_else(lost),
            })
            .collect())
    }

    /// Followers are announced again with what is known of them: settled, still waiting, or to be sent after all.
    pub(super) async fn ask_again(
        self: &Arc<Self>,
        owner: OwnerId,
        rows: &[SessionRow],
    ) -> Result<(), Failure> {
        let now = self.now();
        let mut waiting = Vec::with_capacity(rows.len());
        for (at, row) in rows.iter().enumerate() {
            let (object, token) = self.fresh(now)?;
            waiting.push((
                at,
                InitRow {
                    id: row.id,
                    attempt: row.attempt,
                    group: row.group,
                    rel_path: row.rel_path.clone(),
                    plan: row.plan,
                    mime: row.mime.clone(),
                    sha256: row.sha256,
                    client: row.client,
                    race: false,
                    object,
                    token,
                    present: Vec::new(),
                },
            ));
        }
        self.decide(owner, waiting).await.map(drop)
    }

    fn fresh(&self, now: Timestamp) -> Result<(ObjectId, [u8; 16]), Failure> {
        let bytes: [u8; 26] = random(self.world.as_ref())?;
        let (mut id, mut token) = ([0; 10], [0; 16]);
        id.copy_from_slice(&bytes[..10]);
        token.copy_from_slice(&bytes[10..]);
        Ok((ObjectId::new(now, id), token))
    }

    fn check(&self, item: InitItem, now: Timestamp) -> Result<InitRow, Refusal> {
        let invalid = |what: &str| Refusal::new(ErrorCode::InvalidField, what);
        if item.attempt == 0 {
            return Err(invalid("attempt: from 1"));
        }
        // It becomes a header: visible ASCII and spaces.
        if item.mime.is_empty()
            || item.mime.len() > MAX_TEXT_BYTES
            || !item.mime.bytes().all(|b| (0x20..0x7f).contains(&b))
        {
            return Err(invalid("mime: 1 to 1,024 visible ASCII characters"));
        }
        if item.size > MAX_OBJECT_BYTES {
            return Err(Refusal::new(
                ErrorCode::TooLarge,
                format!("{} bytes are more than 5 TiB", item.size),
            ));
        }
        checked_path(&item.rel_path)?;
        let plan = PartPlan::stored(item.size, item.part_size)
            .map_err(|e| Refusal::new(ErrorCode::PartPlanMismatch, e.to_string()))?;
        let (object, token) = self.fresh(now)?;
        Ok(InitRow {
            id: item.id,
            attempt: item.attempt,
            group: item.group_id,
            rel_path: item.rel_path,
            plan,
            mime: item.mime,
            sha256: item.sha256,
            client: item.client_id,
            race: item.race,
            object,
            token,
            present: Vec::new(),
        })
    }

    /// Lets the ledger decide, asks the storage where it wants that, and places copies.
    async fn decide(
        self: &Arc<Self>,
        owner: OwnerId,
        mut waiting: Vec<(usize, InitRow)>,
    ) -> Result<Vec<(usize, InitAnswer)>, Failure> {
        let mut answers = Vec::with_capacity(waiting.len());
        let mut copies = Vec::new();
        for round in 0..ROUNDS {
            if waiting.is_empty() {
                break;
            }
            let rows: Vec<_> = waiting.iter().map(|(_, row)| row.clone()).collect();
            let decisions = self.store.init(owner, rows, self.now()).await?;
            let mut unsure = Vec::new();
            for ((at, row), decision) in waiting.into_iter().zip(decisions) {
                match decision {
                    InitDecision::AskFirst { object } => unsure.push((at, row, *object)),
                    InitDecision::Copy { of, from, row } => copies.push((
                        at,
                        Copy {
                            of,
                            from: *from,
                            row: *row,
                        },
                    )),
                    decided => answers.push((at, answer(decided))),
                }
            }
            let asked: Vec<_> = futures::stream::iter(unsure)
                .map(|(at, row, object)| async move { (at, row, object.id, self.still_there(&object).await) })
                .buffer_unordered(IN_FLIGHT)
                .collect()
                .await;
            waiting = Vec::with_capacity(asked.len());
            for (at, mut row, object, there) in asked {
                match there {
                    Ok(true) => row.present.push(object),
                    // Its sessions have their tombstones: the next round finds another source, or none.
                    Ok(false) => {}
                    Err(e) => {
                        answers.push((at, refuse(&e.into())));
                        continue;
                    }
                }
                waiting.push((at, row));
            }
            if round + 1 == ROUNDS {
                let busy = Refusal::new(ErrorCode::Overloaded, "sources of this content keep vanishing");
                answers.extend(waiting.drain(..).map(|(at, _)| (at, refuse(&busy))));
            }
        }
        answers.extend(self.place_copies(owner, copies).await);
        Ok(answers)
    }

    /// Asks the storage about an object that would be shared.
    async fn still_there(&self, object: &ObjectRow) -> Result<bool, Failure> {
        let storage = self.storages.get(object.destination).await?.storage;
        let reason = match storage.look(object, Look::Glance).await? {
            Presence::Same => {
                self.store.seen(vec![object.id], self.now()).await?;
                return Ok(true);
            }
            Presence::Missing => TombstoneReason::Vanished,
            Presence::Different(_) => TombstoneReason::Mismatch,
        };
        self.store.lost(object.id, reason, self.now()).await?;
        Ok(false)
    }
}

pub(super) fn refuse(refusal: &Refusal) -> InitAnswer {
    InitAnswer::Refused {
        error: refusal.problem(),
    }
}

fn answer(decision: InitDecision) -> InitAnswer {
    match decision {
        InitDecision::Upload { key } => InitAnswer::Upload { object_key: key },
        InitDecision::MaybeDuplicate => InitAnswer::MaybeDuplicate,
        InitDecision::Follow { of } => InitAnswer::Duplicate { of, settled: None },
        InitDecision::Linked { of, row } => InitAnswer::Duplicate {
            of,
            settled: row.settled(),
        },
        InitDecision::Copy { of, .. } => InitAnswer::Duplicate { of, settled: None },
        InitDecision::Settled { row } => match row.settled() {
            Some(settled) => InitAnswer::Settled(settled),
            None => refuse(&Refusal::new(
                ErrorCode::Internal,
                "a settled file without a proof",
            )),
        },
        InitDecision::AskFirst { .. } => {
            refuse(&Refusal::new(ErrorCode::Internal, "a decision was left open"))
        }
        InitDecision::Refused(refusal) => refuse(&refusal),
    }
}
