//! `cleanup`: removes what was derived from a file that was deleted: text, vectors, results. The entries of the log stay.
//! Nothing else removes any of it (D-11, M18).

use futures::FutureExt as _;
use futures::future::BoxFuture;
use windlass_core::error::{ErrorCode, Failure};

use super::{Done, Fault, Processor, Work, always};
use crate::db::params;
use crate::store::derived;

pub(super) const PROCESSOR: Processor = Processor {
    kind: "cleanup",
    able: always,
    run,
};

fn run(work: Work) -> BoxFuture<'static, Result<Done, Fault>> {
    async move {
        let (owner, session) = (work.job.owner, work.job.session);
        let no = |why: &str| Fault::never(Failure::new(ErrorCode::StateConflict, why));
        if !work.session.deleted {
            return Err(no("the file is not deleted"));
        }
        let duplicates =
            "SELECT 1 FROM upload_session WHERE owner_id = ?1 AND canonical_id = ?2 AND deleted_at IS NULL";
        let db = work.tools.service.store().db();
        let shown = db.read(move |tx| tx.exists(duplicates, params![owner, session]));
        if shown.await? {
            return Err(no("a duplicate that lives shows it"));
        }
        Ok(Done {
            result: serde_json::json!({}),
            effect: Some(Box::new(move |tx, _| {
                derived::forget(tx, owner, session).map(drop)
            })),
        })
    }
    .boxed()
}
