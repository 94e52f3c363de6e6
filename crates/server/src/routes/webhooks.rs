//! Webhooks: addresses that are told of an owner's changes.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use bytes::Bytes;
use windlass_core::error::{ErrorCode, Failure};
use windlass_core::ids::WebhookId;
use windlass_protocol::changes::Change;
use windlass_protocol::sessions::Answers;
use windlass_protocol::webhooks::{CreateWebhook, CreatedWebhook, PatchWebhook, Webhook, WebhookTest};

use super::Site;
use super::wire::{Json, Problems};
use crate::auth::{Principal, Process, Scoped};
use crate::clock::random;
use crate::failure::Refusal;
use crate::outgoing::webhook::{Message, Outcome, Secret, deliver};
use crate::processing::Tools;
use crate::processing::deliver::{purpose, secret};
use crate::store::audit::{self, Act, Actor, ActorKind};
use crate::store::{changes, webhooks};

fn missing() -> Refusal {
    Refusal::new(ErrorCode::NotFound, "no such webhook")
}

fn id(text: &str) -> Result<WebhookId, Refusal> {
    text.parse().map_err(|_| missing())
}

/// Webhooks tell of all destinations, and people without an account have none.
fn may<'a>(site: &'a Site, who: &Principal) -> Result<&'a Tools, Refusal> {
    if who.is_anonymous() || who.destinations.is_some() {
        let what = "webhooks take a token for all destinations";
        return Err(Refusal::new(ErrorCode::Forbidden, what));
    }
    tools(site)
}

/// What a server has and a control plane inside another program has not.
pub(super) fn tools(site: &Site) -> Result<&Tools, Refusal> {
    let none = || Refusal::new(ErrorCode::NotFound, "this control plane has no workers");
    site.tools.as_deref().ok_or_else(none)
}

fn act<'a>(who: &Principal, action: &'a str, id: WebhookId) -> Act<'a> {
    Act {
        actor: Actor {
            id: Some(who.owner),
            kind: ActorKind::Owner,
        },
        action,
        subject_kind: "webhook",
        subject: id.into(),
        owner: Some(who.owner),
        reason: None,
        data: serde_json::json!({}),
    }
}

pub(super) async fn create(
    State(site): State<Site>,
    who: Scoped<Process>,
    Json(wanted): Json<CreateWebhook>,
) -> Result<Json<CreatedWebhook>, Problems> {
    let tools = may(&site, &who)?;
    tools.outgoing.check(&wanted.url)?;
    let world = site.service.world();
    let text = Secret::make(world)?.reveal();
    let sealed = tools
        .seal
        .seal(&purpose(who.owner, wanted.id), text.as_bytes(), world)?;
    let (who, now) = (who.0, site.service.now());
    let db = site.service.store().db();
    let row = db
        .write(Some(who.owner), move |tx| {
            let from = changes::head(tx)?;
            let made = webhooks::create(tx, who.owner, &wanted, &sealed, from, now)?;
            if made.is_ok() {
                audit::write(tx, &act(&who, "webhook.create", wanted.id), now)?;
            }
            Ok(made)
        })
        .await??;
    Ok(Json(CreatedWebhook {
        secret: text,
        about: row.about,
    }))
}

pub(super) async fn all(
    State(site): State<Site>,
    who: Scoped<Process>,
) -> Result<Json<Answers<Webhook>>, Problems> {
    may(&site, &who)?;
    let owner = who.owner;
    let rows = site
        .service
        .store()
        .db()
        .read(move |tx| webhooks::all(tx, owner))
        .await?;
    Ok(Json(Answers {
        items: rows.into_iter().map(|w| w.about).collect(),
    }))
}

pub(super) async fn get(
    State(site): State<Site>,
    who: Scoped<Process>,
    Path(text): Path<String>,
) -> Result<Json<Webhook>, Problems> {
    let (owner, id) = (who.owner, id(&text)?);
    may(&site, &who)?;
    let row = site
        .service
        .store()
        .db()
        .read(move |tx| webhooks::one(tx, owner, id))
        .await?;
    Ok(Json(row.ok_or_else(missing)?.about))
}

pub(super) async fn patch(
    State(site): State<Site>,
    who: Scoped<Process>,
    Path(text): Path<String>,
    Json(change): Json<PatchWebhook>,
) -> Result<Json<Webhook>, Problems> {
    let (owner, id, now) = (who.owner, id(&text)?, site.service.now());
    let tools = may(&site, &who)?;
    if let Some(url) = &change.url {
        tools.outgoing.check(url)?;
    }
    let db = site.service.store().db();
    let row = db
        .write(Some(owner), move |tx| {
            webhooks::patch(tx, owner, id, &change, now)
        })
        .await??;
    Ok(Json(row.about))
}

pub(super) async fn remove(
    State(site): State<Site>,
    who: Scoped<Process>,
    Path(text): Path<String>,
) -> Result<StatusCode, Problems> {
    let (id, now) = (id(&text)?, site.service.now());
    may(&site, &who)?;
    let who = who.0;
    let db = site.service.store().db();
    let gone = db.write(Some(who.owner), move |tx| {
        let gone = webhooks::remove(tx, who.owner, id)?;
        if gone {
            audit::write(tx, &act(&who, "webhook.remove", id), now)?;
        }
        Ok(gone)
    });
    match gone.await? {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(missing().into()),
    }
}

pub(super) async fn test(
    State(site): State<Site>,
    who: Scoped<Process>,
    Path(text): Path<String>,
) -> Result<Json<WebhookTest>, Problems> {
    let (owner, id) = (who.owner, id(&text)?);
    let tools = may(&site, &who)?;
    let row = site
        .service
        .store()
        .db()
        .read(move |tx| webhooks::one(tx, owner, id))
        .await?;
    let row = row.ok_or_else(missing)?;
    let now = site.service.now();
    let random = u64::from_le_bytes(random(site.service.world())?);
    let change = Change {
        id: format!("test-{random:016x}"),
        at: now.as_millis(),
        machine: "test".into(),
        subject_id: id.to_string(),
        kind: "test".into(),
        from: String::new(),
        to: String::new(),
        rev: 0,
        reason: None,
        data: None,
    };
    let message = Message {
        id: change.id.clone(),
        payload: Bytes::from(serde_json::to_vec(&change).map_err(crate::failure::internal)?),
    };
    let secrets = [secret(&tools.seal, &row)?];
    let failed = match deliver(&tools.outgoing, &row.about.url, &secrets, &message, now).await {
        Outcome::Delivered => None,
        Outcome::Again(why) => Some(why),
        Outcome::Gone => Some(Failure::new(
            ErrorCode::NotFound,
            "the other side wants no more (410)",
        )),
    };
    Ok(Json(WebhookTest {
        delivered: failed.is_none(),
        error: failed.map(|f| crate::failure::known_problem(&f)),
    }))
}
