//! What is set of a destination beyond its place.

use windlass_core::accepts::Accepts;
use windlass_core::error::{ErrorCode, Failure};
use windlass_core::ids::DestinationId;
use windlass_core::time::Timestamp;
use windlass_protocol::destinations::DestinationConfig;
use windlass_protocol::places::{DestinationView, Duplicates, Naming, PatchDestination, Visibility};

use super::audit::{self, Act, Actor};
use super::destinations::{accepts, list, name_taken};
use crate::db::{Row, Tx, params};
use crate::failure::{Refusal, internal};

const PLACE: &str =
    "SELECT id, name, config, visibility = 'public', naming, pipeline, allow_anonymous, url_ttl_s, state,
       max_bytes, refused_types, allowed_mime FROM destination";

fn read(r: &Row) -> Result<DestinationView, Failure> {
    let config: DestinationConfig = serde_json::from_str(&r.get::<String>(2)?).map_err(internal)?;
    let accepts = accepts(r, 9)?;
    Ok(DestinationView {
        id: r.get(0)?,
        name: r.get(1)?,
        max_bytes: accepts.max_bytes,
        refused_types: accepts.refused_types,
        allowed_mime: accepts.allowed_mime,
        visibility: match r.get(3)? {
            true => Visibility::Public,
            false => Visibility::Private,
        },
        naming: match r.get::<String>(4)?.as_str() {
            "owner" => Naming::Owner,
            _ => Naming::Group,
        },
        duplicates: duplicates(&config),
        pipeline: serde_json::from_str(&r.get::<String>(5)?).unwrap_or_default(),
        allow_anonymous: r.get(6)?,
        url_ttl_s: r.get(7)?,
        state: r.get(8)?,
        config,
    })
}

/// A folder has names for people, so each duplicate has bytes of its own; objects of a bucket are shared.
const fn duplicates(config: &DestinationConfig) -> Duplicates {
    match config {
        DestinationConfig::Folder { .. } => Duplicates::Copy,
        DestinationConfig::S3 { .. } => Duplicates::Link,
    }
}

/// All in use, by age.
pub(crate) fn all(tx: &mut dyn Tx) -> Result<Vec<DestinationView>, Failure> {
    let rows = tx.query(
        &format!("{PLACE} WHERE state <> 'retired' ORDER BY created_at, id"),
        params![],
    )?;
    rows.iter().map(read).collect()
}

/// One in use.
pub(crate) fn load(tx: &mut dyn Tx, id: DestinationId) -> Result<Option<DestinationView>, Failure> {
    tx.query_opt(
        &format!("{PLACE} WHERE id = ?1 AND state <> 'retired'"),
        params![id],
    )?
    .map(|r| read(&r))
    .transpose()
}

/// Changes what is set.
pub(crate) fn patch(
    tx: &mut dyn Tx,
    id: DestinationId,
    wanted: &PatchDestination,
    actor: Actor,
    now: Timestamp,
) -> Result<Result<DestinationView, Refusal>, Failure> {
    let Some(before) = load(tx, id)? else {
        return Ok(Err(Refusal::new(ErrorCode::NotFound, "no such destination")));
    };
    if let Err(refused) = check(&before, wanted) {
        return Ok(Err(refused));
    }
    if let Some(name) = &wanted.name {
        let taken = tx.exists(
            "SELECT 1 FROM destination WHERE name = ?1 AND id <> ?2 AND state <> 'retired'",
            params![name, id],
        )?;
        if taken {
            return Ok(Err(name_taken()));
        }
    }
    let json = |text: Result<String, serde_json::Error>| text.map_err(internal);
    let after = after(before, wanted);
    if let Err(failure) = after.checked() {
        return Ok(Err(failure.into()));
    }
    let mime = after.allowed_mime.as_deref().map(list).transpose()?;
    let pipeline = wanted
        .pipeline
        .as_ref()
        .map(|p| json(serde_json::to_string(p)))
        .transpose()?;
    let state = wanted.read_only.map(|r| if r { "read_only" } else { "active" });
    tx.execute(
        "UPDATE destination SET name = COALESCE(?2, name), max_bytes = ?3, allowed_mime = ?4,
           visibility = COALESCE(?5, visibility), naming = COALESCE(?6, naming), pipeline = COALESCE(?7, pipeline),
           allow_anonymous = COALESCE(?8, allow_anonymous), url_ttl_s = COALESCE(?9, url_ttl_s),
           state = COALESCE(?10, state), updated_at = ?11, refused_types = ?12
         WHERE id = ?1",
        params![
            id,
            wanted.name.clone(),
            after.max_bytes,
            mime,
            wanted.visibility.map(Visibility::as_str),
            wanted.naming.map(Naming::as_str),
            pipeline,
            wanted.allow_anonymous,
            wanted.url_ttl_s,
            state,
            now,
            list(&after.refused_types)?
        ],
    )?;
    let act = Act {
        actor,
        action: "destination.set",
        subject_kind: "destination",
        subject: id.into(),
        owner: None,
        reason: None,
        data: serde_json::to_value(wanted).map_err(internal)?,
    };
    audit::write(tx, &act, now)?;
    load(tx, id)?
        .ok_or_else(|| internal("a destination that was just written is not there"))
        .map(Ok)
}

/// What it takes from now on.
fn after(before: DestinationView, wanted: &PatchDestination) -> Accepts {
    Accepts {
        max_bytes: wanted.max_bytes.unwrap_or(before.max_bytes),
        refused_types: wanted.refused_types.clone().unwrap_or(before.refused_types),
        allowed_mime: wanted.allowed_mime.clone().unwrap_or(before.allowed_mime),
    }
}

fn check(before: &DestinationView, wanted: &PatchDestination) -> Result<(), Refusal> {
    let refused = |what: &str| Err(Refusal::new(ErrorCode::InvalidField, what));
    if wanted
        .name
        .as_ref()
        .is_some_and(|n| n.is_empty() || n.len() > 1_024 || n.contains('\0'))
    {
        return refused("name: 1 to 1,024 bytes");
    }
    if wanted.duplicates.is_some_and(|d| d != before.duplicates) {
        return refused("duplicates: a folder copies, a bucket links");
    }
    if let Some(pipeline) = &wanted.pipeline {
        let fine = |j: &windlass_protocol::places::PipelineJob| {
            (1..=255).contains(&j.kind.len())
                && (1..=10).contains(&j.priority)
                && (1..=100).contains(&j.max_attempts)
        };
        let twice = pipeline
            .iter()
            .enumerate()
            .any(|(at, j)| pipeline.iter().take(at).any(|k| k.kind == j.kind));
        if pipeline.len() > 32 || twice || !pipeline.iter().all(fine) {
            return refused(
                "pipeline: at most 32 jobs, each type once, priority 1 to 10, max_attempts 1 to 100",
            );
        }
    }
    if wanted.url_ttl_s.is_some_and(|s| !(60..=3_600).contains(&s)) {
        return refused("url_ttl_s: 60 to 3,600");
    }
    Ok(())
}
