//! Announcing files: checked here, decided by the ledger, asked of the storage where the ledger is not sure.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use futures::StreamExt as _;
use windlass_core::error::{ErrorCode, Failure};
use windlass_core::ids::{DestinationId, ObjectId, OwnerId};
use windlass_core::limits::{MAX_OBJECT_BYTES, MAX_TEXT_BYTES};
use windlass_core::part_plan::PartPlan;
use windlass_core::states::SessionState;
use windlass_core::time::Timestamp;
use windlass_protocol::files::NewFile;
use windlass_protocol::sessions::{InitAnswer, InitResult};

use super::copies::Copy;
use super::groups::check_metadata;
use super::{IN_FLIGHT, Service};
use crate::clock::random;
use crate::failure::Refusal;
use crate::naming::checked_path;
use crate::storage::{Look, Presence};
use crate::store::{InitDecision, InitRow, ObjectRow, SessionRow, destinations};

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
        items: Vec<impl Into<NewFile>>,
    ) -> Result<Vec<InitResult>, Failure> {
        super::check_batch(items.len())?;
        let items: Vec<NewFile> = items.into_iter().map(Into::into).collect();
        let ids: Vec<_> = items.iter().map(|i| i.id).collect();
        let now = self.now();
        let places = self.places_named(&items).await?;
        let mut answers: Vec<Option<InitAnswer>> = vec![None; items.len()];
        let mut waiting = Vec::with_capacity(items.len());
        for (at, item) in items.into_iter().enumerate() {
            match self.check(item, &places, now) {
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
            waiting.push((at, self.again_at(row, now)?));
        }
        self.decide(owner, waiting).await.map(drop)
    }

    /// A file as it was announced, to be decided anew.
    pub(super) fn again(&self, row: &SessionRow) -> Result<InitRow, Failure> {
        self.again_at(row, self.now())
    }

    fn again_at(&self, row: &SessionRow, now: Timestamp) -> Result<InitRow, Failure> {
        let (object, mut token) = self.fresh(now)?;
        if row.object.as_ref().is_some_and(|o| o.is_plain()) {
            token = [0; 16];
        }
        Ok(InitRow {
            id: row.id,
            attempt: row.attempt,
            group: row.group,
            destination: Some(row.destination),
            file_type: row.file_type.clone(),
            is_required: Some(row.is_required),
            metadata: None,
            keep_rejected: false,
            rel_path: row.rel_path.clone(),
            plan: row.plan,
            mime: row.mime.clone(),
            sha256: row.sha256,
            client: row.client,
            race: false,
            object,
            token,
            present: Vec::new(),
        })
    }

    /// The destinations that files name themselves, having no group.
    ///
    /// # Errors
    /// When the ledger does not answer.
    pub async fn file_places(&self, items: &[NewFile]) -> Result<BTreeSet<DestinationId>, Failure> {
        let named = self.places_named(items).await?;
        let alone = items
            .iter()
            .filter(|i| i.group_id.is_none() || i.destination_id.is_some());
        Ok(alone
            .filter_map(|i| i.destination_id)
            .chain(named.into_values())
            .collect())
    }

    /// Destinations that files name by their names.
    async fn places_named(&self, items: &[NewFile]) -> Result<BTreeMap<String, DestinationId>, Failure> {
        let names: BTreeSet<String> = items.iter().filter_map(|i| i.destination.clone()).collect();
        if names.is_empty() {
            return Ok(BTreeMap::new());
        }
        let read = self.store.db().read(move |tx| {
            let mut found = BTreeMap::new();
            for name in &names {
                if let Some(id) = destinations::by_name(tx, name)? {
                    found.insert(name.clone(), id);
                }
            }
            Ok(found)
        });
        read.await
    }

    fn fresh(&self, now: Timestamp) -> Result<(ObjectId, [u8; 16]), Failure> {
        let bytes: [u8; 26] = random(self.world.as_ref())?;
        let (mut id, mut token) = ([0; 10], [0; 16]);
        id.copy_from_slice(&bytes[..10]);
        token.copy_from_slice(&bytes[10..]);
        Ok((ObjectId::new(now, id), token))
    }

    fn check(
        &self,
        item: NewFile,
        places: &BTreeMap<String, DestinationId>,
        now: Timestamp,
    ) -> Result<InitRow, Refusal> {
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
        if item
            .file_type
            .as_ref()
            .is_some_and(|t| t.is_empty() || t.len() > 255 || t.contains('\0'))
        {
            return Err(invalid("file_type: 1 to 255 bytes"));
        }
        let destination = match (item.destination_id, &item.destination) {
            (Some(id), _) => Some(id),
            (None, Some(name)) => {
                let found = places.get(name).copied();
                Some(found.ok_or_else(|| Refusal::new(ErrorCode::NotFound, "no such destination"))?)
            }
            (None, None) => None,
        };
        let metadata = check_metadata(&item.metadata)?;
        let plan = match item.part_size {
            Some(part_size) => PartPlan::stored(item.size, part_size),
            None => PartPlan::new(item.size),
        };
        let plan = plan.map_err(|e| Refusal::new(ErrorCode::PartPlanMismatch, e.to_string()))?;
        let (object, mut token) = self.fresh(now)?;
        // Who sends no header can send no token: its own key tells such an object (M2).
        if item.plain && plan.is_single() {
            token = [0; 16];
        }
        Ok(InitRow {
            id: item.id,
            attempt: item.attempt,
            group: item.group_id,
            destination,
            file_type: item.file_type,
            is_required: item.is_required,
            metadata: Some(metadata),
            keep_rejected: item.keep_rejected,
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
    pub(super) async fn decide(
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
            // What is followed may have to be proved first.
            if decisions.iter().any(|d| matches!(d, InitDecision::Follow { .. })) {
                self.wake.notify_one();
            }
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
        Ok(self.look_again(object, Look::Glance).await? == Presence::Same)
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
        InitDecision::Rejected(refusal) => refuse(&refusal.with_state(SessionState::Rejected)),
    }
}
