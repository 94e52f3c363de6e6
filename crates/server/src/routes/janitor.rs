//! Cleaning up, and what was done to whom and why.

use axum::extract::{Query, State};
use serde::Deserialize;
use windlass_protocol::janitor::{AuditEntry, JanitorReport, Page, RunJanitor};

use super::Site;
use super::storage_events::number;
use super::wire::{Json, Problems};
use crate::auth::{Admin, Scoped};
use crate::store::audit;

/// Rows of a page, and most of them.
const PAGE: u32 = 100;
const MOST: u32 = 1_000;

/// Cleans up now; with `dry_run` only tells what would be done.
pub(super) async fn run(
    State(site): State<Site>,
    who: Scoped<Admin>,
    Json(wanted): Json<RunJanitor>,
) -> Result<Json<JanitorReport>, Problems> {
    let report = site.service.run_janitor(Some(who.owner), wanted.dry_run).await?;
    Ok(Json(report))
}

#[derive(Deserialize)]
pub(super) struct Which {
    cursor: Option<String>,
    action: Option<String>,
    limit: Option<u32>,
}

/// A page of the audit, newest first.
pub(super) async fn audit(
    State(site): State<Site>,
    _: Scoped<Admin>,
    Query(which): Query<Which>,
) -> Result<Json<Page<AuditEntry>>, Problems> {
    let before = which
        .cursor
        .as_deref()
        .map(number)
        .transpose()?
        .unwrap_or(i64::MAX);
    let limit = which.limit.unwrap_or(PAGE).clamp(1, MOST);
    let read = site
        .service
        .store()
        .db()
        .read(move |tx| audit::page(tx, which.action.as_deref(), before, limit));
    let items = read.await?;
    let cursor = items.last().filter(|_| items.len() == limit as usize);
    let cursor = cursor.map(|row| row.seq.to_string());
    Ok(Json(Page { items, cursor }))
}
