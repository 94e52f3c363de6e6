//! Both tracks of each file (D-12), and the four figures (L-18).

use std::collections::BTreeMap;

use axum::extract::{Query, State};
use serde::Serialize;
use windlass_core::error::ErrorCode;
use windlass_core::states::JobState;
use windlass_protocol::files::FileView;
use windlass_protocol::places::UploadMetrics;
use windlass_protocol::tokens::Scope;

use super::Site;
use super::lists::Fields;
use super::wire::{Json, Problems};
use crate::auth::{Read, Scoped};
use crate::failure::Refusal;
use crate::store::figures::Of;

/// What the parse track is read from.
const PARSE: &str = "extract_text";

/// A file with both tracks.
#[derive(Serialize)]
pub(super) struct Upload {
    /// State of the newest parse; none while there was none.
    parse_state: Option<JobState>,
    #[serde(flatten)]
    file: FileView,
}

/// A page of them.
#[derive(Serialize)]
pub(super) struct Uploads {
    uploads: Vec<Upload>,
    next: Option<String>,
}

pub(super) async fn all(
    State(site): State<Site>,
    who: Scoped<Read>,
    Query(query): Query<BTreeMap<String, String>>,
) -> Result<Json<Uploads>, Problems> {
    let own = site.service.token_client(who.owner, who.token_id).await?;
    let mut filter = Fields(query).files(own, site.service.now())?;
    filter.destinations = who.destinations.as_ref().map(|d| d.iter().copied().collect());
    let page = site.service.files(who.owner, filter).await?;
    let upload = |file: FileView| Upload {
        parse_state: file.jobs.iter().find(|j| j.kind == PARSE).map(|j| j.state),
        file,
    };
    Ok(Json(Uploads {
        uploads: page.items.into_iter().map(upload).collect(),
        next: page.next,
    }))
}

pub(super) async fn metrics(
    State(site): State<Site>,
    who: Scoped<Read>,
    Query(query): Query<BTreeMap<String, String>>,
) -> Result<Json<UploadMetrics>, Problems> {
    let fields = Fields(query).known(&["of", "all"])?;
    let of = match fields.read::<String>("of")?.as_deref() {
        None | Some("sessions") => Of::Sessions,
        Some("groups") => Of::Groups,
        Some(_) => return Err(Refusal::new(ErrorCode::InvalidField, "of: sessions or groups").into()),
    };
    let owner = match fields.flag("all")? {
        true => {
            who.require(Scope::Admin)?;
            None
        }
        false => Some(who.owner),
    };
    Ok(Json(site.service.upload_metrics(of, owner).await?))
}
