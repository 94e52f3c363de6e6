//! Unfinished objects as this launch knows them: which parts are written, and who writes now.
//!
//! A slot is born when a URL is signed or an object is completed, and ends when the ledger has written what became of the
//! object. It is lost with the program: parts of earlier launches are found in the sidecar, and read back before they
//! count, because the disk may have lost what the program saw written.
//!
//! Of two writers of one part the newer wins: the older's next step is refused. A sealed slot takes no more bytes, so
//! nothing reaches a file once it is about to get its name.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Mutex as Gate, OwnedMutexGuard};
use windlass_core::error::{ErrorCode, Failure};
use windlass_core::ids::ObjectId;
use windlass_core::part_plan::PartPlan;
use windlass_core::units::{Crc64Nvme, PartNumber};

/// A part that was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Written {
    pub(crate) size: u64,
    pub(crate) crc64: Crc64Nvme,
    /// By an earlier launch: to be read back before it counts.
    pub(crate) earlier: bool,
}

/// What is known of the unfinished file.
#[derive(Debug, Default)]
pub(crate) struct Known {
    pub(crate) parts: BTreeMap<PartNumber, Written>,
    pub(crate) inode: Option<u64>,
    /// True once the sidecar of earlier launches was read.
    pub(crate) sidecar_read: bool,
}

/// An unfinished object.
pub(crate) struct Slot {
    pub(crate) object: ObjectId,
    pub(crate) plan: PartPlan,
    known: Mutex<Known>,
    gates: Mutex<BTreeMap<PartNumber, Arc<Gate<u64>>>>,
    sealed: AtomicBool,
}

/// The turn of one writer of one part.
pub(crate) struct Turn {
    gate: Arc<Gate<u64>>,
    number: u64,
}

impl Slot {
    pub(crate) fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins to write a part; whoever wrote it before may not go on.
    pub(crate) async fn turn(&self, part: PartNumber) -> Turn {
        let gate = {
            let mut gates = self.gates.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(gates.entry(part).or_default())
        };
        let number = {
            let mut newest = gate.lock().await;
            *newest += 1;
            *newest
        };
        Turn { gate, number }
    }

    /// The right to write one step, held until it is dropped.
    ///
    /// # Errors
    /// `state_conflict` when a newer writer came, or the file is being completed.
    pub(crate) async fn step(&self, turn: &Turn) -> Result<OwnedMutexGuard<u64>, Failure> {
        let newest = Arc::clone(&turn.gate).lock_owned().await;
        if *newest != turn.number {
            return Err(Failure::new(
                ErrorCode::StateConflict,
                "the part is being sent again",
            ));
        }
        if self.is_sealed() {
            return Err(Failure::new(
                ErrorCode::StateConflict,
                "the file is being completed",
            ));
        }
        Ok(newest)
    }

    /// True when this launch wrote all parts: none has to be read back.
    pub(crate) fn is_all_written(&self) -> bool {
        let known = self.known();
        known.parts.len() == self.plan.count() as usize && known.parts.values().all(|p| !p.earlier)
    }

    pub(crate) fn is_sealed(&self) -> bool {
        self.sealed.load(Ordering::SeqCst)
    }

    /// Takes no more bytes from here on. Returns once the last step under way has ended; false if it was sealed before.
    pub(crate) async fn seal(&self) -> bool {
        let was = self.sealed.swap(true, Ordering::SeqCst);
        let gates: Vec<_> = {
            let gates = self.gates.lock().unwrap_or_else(PoisonError::into_inner);
            gates.values().map(Arc::clone).collect()
        };
        for gate in gates {
            drop(gate.lock().await);
        }
        !was
    }

    /// Takes bytes again.
    pub(crate) fn unseal(&self) {
        self.sealed.store(false, Ordering::SeqCst);
    }
}

/// All slots of a folder.
#[derive(Default)]
pub(crate) struct Slots(Mutex<HashMap<ObjectId, Arc<Slot>>>);

impl Slots {
    fn map(&self) -> MutexGuard<'_, HashMap<ObjectId, Arc<Slot>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The slot of an object, made when there is none.
    pub(crate) fn open(&self, object: ObjectId, plan: PartPlan) -> Arc<Slot> {
        let mut map = self.map();
        let slot = map.entry(object).or_insert_with(|| {
            Arc::new(Slot {
                object,
                plan,
                known: Mutex::default(),
                gates: Mutex::default(),
                sealed: AtomicBool::new(false),
            })
        });
        Arc::clone(slot)
    }

    /// The slot of an object that was signed for in this launch and is not done.
    pub(crate) fn find(&self, object: ObjectId) -> Option<Arc<Slot>> {
        self.map().get(&object).map(Arc::clone)
    }

    pub(crate) fn close(&self, object: ObjectId) {
        self.map().remove(&object);
    }
}

/// Name of the unfinished file.
pub(crate) fn partial_name(object: ObjectId) -> String {
    format!("{object}.partial")
}

/// Name of the record of its parts.
pub(crate) fn sidecar_name(object: ObjectId) -> String {
    format!("{object}.parts")
}
