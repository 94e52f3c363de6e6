//! `verify_hash`: proves the SHA-256 of an object that came without a proof of it, so that it may be a source of
//! duplicates (M6). Other bytes than were said end the file (M7).

use futures::FutureExt as _;
use futures::future::BoxFuture;

use super::validate::{checked, read};
use super::{Done, Fault, Processor, Work, always};

pub(super) const PROCESSOR: Processor = Processor {
    kind: "verify_hash",
    able: always,
    run,
};

fn run(work: Work) -> BoxFuture<'static, Result<Done, Fault>> {
    async move {
        let read = read(&work).await?;
        let effect = checked(&work, &read)?;
        Ok(Done {
            result: serde_json::json!({ "size": read.size, "sha256": read.sha256.to_string() }),
            effect,
        })
    }
    .boxed()
}
