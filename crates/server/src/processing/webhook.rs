//! `webhook`: tells somebody's own server that a file is there and what came of its other jobs; signed, and tried again
//! until it is taken. Goes to the owner's webhook that the config names (`{"webhook_id": …}`), or to all of them.

use bytes::Bytes;
use futures::FutureExt as _;
use futures::future::BoxFuture;
use serde::Deserialize;
use windlass_core::error::{ErrorCode, Failure};
use windlass_core::ids::WebhookId;

use super::deliver::secret;
use super::{Done, Fault, Processor, Work, always};
use crate::outgoing::webhook::{Message, Outcome, deliver};
use crate::store::files::newest_jobs;
use crate::store::webhooks;

pub(super) const PROCESSOR: Processor = Processor {
    kind: "webhook",
    able: always,
    run,
};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Config {
    webhook_id: Option<WebhookId>,
}

fn run(work: Work) -> BoxFuture<'static, Result<Done, Fault>> {
    async move {
        let config: Config = work.config()?;
        let (owner, session) = (work.job.owner, work.job.session);
        let db = work.tools.service.store().db();
        let read = db.read(move |tx| Ok((webhooks::all(tx, owner)?, newest_jobs(tx, owner, &[session])?)));
        let (mut to, jobs) = read.await?;
        to.retain(|w| config.webhook_id.is_none_or(|id| w.about.id == id) && w.about.state != "disabled");
        if to.is_empty() {
            let what = Failure::new(ErrorCode::NotFound, "there is no such webhook");
            return Err(Fault::never(what));
        }
        let jobs: serde_json::Map<String, serde_json::Value> = jobs
            .get(&session)
            .into_iter()
            .flatten()
            .map(|j| (j.kind.clone(), j.state.as_str().into()))
            .collect();
        let row = &work.session;
        let payload = serde_json::json!({
            "type": "file", "job_id": work.job.id, "session_id": session, "rel_path": row.rel_path,
            "size": row.plan.size(), "mime": row.mime, "state": row.state.as_str(),
            "object_key": row.object.as_ref().map(|o| &o.key), "jobs": jobs,
        });
        let payload = Bytes::from(payload.to_string());
        let mut failed = None;
        for webhook in &to {
            let message = Message {
                id: format!("{}-{}", work.job.id, webhook.about.id),
                payload: payload.clone(),
            };
            let secrets = [secret(&work.tools.seal, webhook)?];
            let now = work.tools.service.now();
            // Who took it takes it again by its id.
            match deliver(&work.tools.outgoing, &webhook.about.url, &secrets, &message, now).await {
                Outcome::Delivered => {}
                Outcome::Again(why) => failed = Some(Fault::again(why)),
                Outcome::Gone => {
                    let why = Failure::new(ErrorCode::NotFound, "the other side wants no more");
                    failed = failed.or(Some(Fault::never(why)));
                }
            }
        }
        match failed {
            Some(fault) => Err(fault),
            None => Ok(Done {
                result: serde_json::json!({ "delivered": to.len() }),
                effect: None,
            }),
        }
    }
    .boxed()
}
