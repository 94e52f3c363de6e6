//! What is done with a file once it is there, and who does it.
//!
//! A job is born with its file's step to uploaded; a [`worker`] claims it, runs the [`Processor`] of its type, and reports
//! the end together with what came of it, in one transaction under the fence of the claim. A worker that dies loses its
//! lease and the job is claimed again; what the dead one still says is refused. So work may be done twice, and takes
//! effect once (M13). The upload is never touched by it: a failed job leaves the file uploaded (D-10).
//!
//! A new processor is one file here and one line in [`PROCESSORS`]. Work of other types waits for workers that ask over
//! HTTP.

mod cleanup;
mod content;
pub mod deliver;
mod embed;
mod extract_text;
mod validate;
mod verify_hash;
mod webhook;
pub mod worker;

use std::path::PathBuf;
use std::sync::Arc;

use futures::future::BoxFuture;
use windlass_core::error::{ErrorCode, Failure};
use windlass_core::states::ObjectState;
use windlass_core::time::Timestamp;
use windlass_extract::Extractor;

use crate::db::Tx;
use crate::embedding::Embedder;
use crate::metrics::Metrics;
use crate::outgoing::Outgoing;
use crate::seal::Seal;
use crate::service::Service;
use crate::store::jobs::JobRow;
use crate::store::{ObjectRow, SessionRow};

/// All processors of this program.
pub const PROCESSORS: &[Processor] = &[
    validate::PROCESSOR,
    extract_text::PROCESSOR,
    embed::PROCESSOR,
    webhook::PROCESSOR,
    verify_hash::PROCESSOR,
    cleanup::PROCESSOR,
];

/// What processors work with.
pub struct Tools {
    /// Ledger and storages.
    pub service: Arc<Service>,
    /// Reads text out of files, in a child process.
    pub extractor: Extractor,
    /// Makes vectors, where an endpoint is set.
    pub embedder: Option<Embedder>,
    /// The model that it asks.
    pub model: String,
    /// Calls addresses of other people.
    pub outgoing: Outgoing,
    /// Opens the secrets of webhooks.
    pub seal: Arc<Seal>,
    /// Figures.
    pub metrics: Arc<Metrics>,
    /// Where a file may lie while it is read.
    pub scratch: PathBuf,
}

/// A piece of work.
pub struct Work {
    /// The job, claimed.
    pub job: JobRow,
    /// Its file, as the ledger had it when the work began.
    pub session: SessionRow,
    /// What to work with.
    pub tools: Arc<Tools>,
}

impl Work {
    /// Its object, which must be stored.
    ///
    /// # Errors
    /// `object_missing`, which no retry heals.
    pub fn object(&self) -> Result<&ObjectRow, Fault> {
        let stored = |o: &&ObjectRow| o.state == ObjectState::Stored;
        self.session.object.as_ref().filter(stored).ok_or_else(|| {
            Fault::never(Failure::new(
                ErrorCode::ObjectMissing,
                "the file is not stored any more",
            ))
        })
    }

    /// The job's config.
    ///
    /// # Errors
    /// `invalid_field`, which no retry heals.
    pub fn config<T: serde::de::DeserializeOwned>(&self) -> Result<T, Fault> {
        serde_json::from_str(&self.job.config)
            .map_err(|e| Fault::never(Failure::new(ErrorCode::InvalidField, format!("config: {e}"))))
    }
}

/// What is written in the transaction that ends the job. It may run more than once and has no effect outside.
pub type Effect = Box<dyn FnMut(&mut dyn Tx, Timestamp) -> Result<(), Failure> + Send>;

/// Done.
pub struct Done {
    /// What is told of it.
    pub result: serde_json::Value,
    /// What is written.
    pub effect: Option<Effect>,
}

/// Not done.
pub struct Fault {
    /// Why.
    pub failure: Failure,
    /// False: no further attempt helps.
    pub retry: bool,
    /// What was learnt all the same, and is written.
    pub effect: Option<Effect>,
}

impl Fault {
    /// No further attempt helps.
    #[must_use]
    pub fn never(failure: Failure) -> Self {
        Self {
            failure,
            retry: false,
            effect: None,
        }
    }

    /// Another attempt may help.
    #[must_use]
    pub fn again(failure: Failure) -> Self {
        Self {
            failure,
            retry: true,
            effect: None,
        }
    }
}

/// The ledger or the storage did not answer: another attempt.
impl From<Failure> for Fault {
    fn from(failure: Failure) -> Self {
        Self::again(failure)
    }
}

/// Who does jobs of one type.
pub struct Processor {
    /// The type.
    pub kind: &'static str,
    /// Whether this server can: it may lack an endpoint.
    pub able: fn(&Tools) -> bool,
    /// Does one.
    pub run: fn(Work) -> BoxFuture<'static, Result<Done, Fault>>,
}

const fn always(_: &Tools) -> bool {
    true
}
