//! Templates in the ledger: what files an entity has. Rows never change; a change is the next version.

use windlass_core::error::{ErrorCode, Failure};
use windlass_core::ids::DestinationId;
use windlass_protocol::places::{NewTemplate, Template, TemplateSlot};

use crate::db::{Row, Tx, params};
use crate::failure::{Refusal, internal};

/// Slots of one template.
const MOST_SLOTS: usize = 64;

/// All versions of all templates, the newest of each first.
pub(crate) fn all(tx: &mut dyn Tx) -> Result<Vec<Template>, Failure> {
    let rows = tx.query(
        "SELECT id, entity_type, version, key_word, draft_days FROM template ORDER BY entity_type, version DESC",
        params![],
    )?;
    rows.iter().map(|r| read(tx, r)).collect()
}

/// One.
pub(crate) fn load(tx: &mut dyn Tx, id: [u8; 16]) -> Result<Option<Template>, Failure> {
    let sql = "SELECT id, entity_type, version, key_word, draft_days FROM template WHERE id = ?1";
    match tx.query_opt(sql, params![id])? {
        Some(row) => read(tx, &row).map(Some),
        None => Ok(None),
    }
}

fn read(tx: &mut dyn Tx, r: &Row) -> Result<Template, Failure> {
    let id: [u8; 16] = r.get(0)?;
    let slots = tx.query(
        "SELECT file_type, is_required, destination_id, key_word FROM template_slot WHERE template_id = ?1
         ORDER BY is_required DESC, file_type",
        params![id],
    )?;
    let slot = |s: &Row| {
        Ok(TemplateSlot {
            file_type: s.get(0)?,
            is_required: s.get(1)?,
            destination_id: s.get(2)?,
            key_word: s.get(3)?,
        })
    };
    Ok(Template {
        id: uuid::Uuid::from_bytes(id),
        entity_type: r.get(1)?,
        version: r.get(2)?,
        key_word: r.get(3)?,
        draft_days: r.get(4)?,
        slots: slots.iter().map(slot).collect::<Result<_, Failure>>()?,
    })
}

/// Adds the next version for an entity type.
pub(crate) fn create(
    tx: &mut dyn Tx,
    id: [u8; 16],
    wanted: &NewTemplate,
) -> Result<Result<Template, Refusal>, Failure> {
    if let Err(refused) = check(wanted) {
        return Ok(Err(refused));
    }
    for slot in &wanted.slots {
        let there = tx.exists(
            "SELECT 1 FROM destination WHERE id = ?1 AND state <> 'retired'",
            params![slot.destination_id],
        )?;
        if !there {
            let detail = format!("slots: {}: no such destination", slot.file_type);
            return Ok(Err(Refusal::new(ErrorCode::NotFound, detail)));
        }
    }
    let newest: Option<u32> = tx
        .query_one(
            "SELECT MAX(version) FROM template WHERE entity_type = ?1",
            params![&wanted.entity_type],
        )?
        .get(0)?;
    insert(tx, id, wanted, newest.unwrap_or(0) + 1)?;
    load(tx, id)?
        .ok_or_else(|| internal("a template that was just written is not there"))
        .map(Ok)
}

fn insert(tx: &mut dyn Tx, id: [u8; 16], wanted: &NewTemplate, version: u32) -> Result<(), Failure> {
    let word = wanted
        .key_word
        .clone()
        .unwrap_or_else(|| format!("{}s", wanted.entity_type));
    tx.execute(
        "INSERT INTO template (id, entity_type, version, key_word, draft_days) VALUES (?1, ?2, ?3, ?4, ?5)",
        params![id, &wanted.entity_type, version, word, wanted.draft_days],
    )?;
    for slot in &wanted.slots {
        let word = if slot.key_word.is_empty() {
            &slot.file_type
        } else {
            &slot.key_word
        };
        tx.execute(
            "INSERT INTO template_slot (template_id, file_type, is_required, destination_id, key_word)
             VALUES (?1, ?2, ?3, ?4, ?5)",
            params![id, &slot.file_type, slot.is_required, slot.destination_id, word],
        )?;
    }
    Ok(())
}

fn check(wanted: &NewTemplate) -> Result<(), Refusal> {
    let refused = |what: &str| Err(Refusal::new(ErrorCode::InvalidField, what));
    if !is_word(&wanted.entity_type) || wanted.key_word.as_ref().is_some_and(|w| !is_word(w)) {
        return refused("entity_type, key_word: 1 to 200 letters, digits, - and _");
    }
    if wanted.draft_days == Some(0) {
        return refused("draft_days: from 1");
    }
    if wanted.slots.is_empty() || wanted.slots.len() > MOST_SLOTS {
        return refused("slots: 1 to 64");
    }
    for (at, slot) in wanted.slots.iter().enumerate() {
        if !is_word(&slot.file_type) || !(slot.key_word.is_empty() || is_word(&slot.key_word)) {
            return refused("slots: file_type, key_word: 1 to 200 letters, digits, - and _");
        }
        if wanted
            .slots
            .iter()
            .take(at)
            .any(|s| s.file_type == slot.file_type)
        {
            return refused("slots: a file_type stands there twice");
        }
    }
    Ok(())
}

/// It becomes a part of keys.
fn is_word(text: &str) -> bool {
    (1..=200).contains(&text.len())
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

/// A template as it is shipped: entity type, first word of keys, days of drafts, slots with what they need, where they
/// go, and their word.
type Shipped = (
    &'static str,
    &'static str,
    Option<u32>,
    &'static [(&'static str, bool, &'static str, &'static str)],
);

const SHIPPED: [Shipped; 3] = [
    (
        "record",
        "records",
        Some(7),
        &[
            ("processed_recording", true, "recordings", "processed"),
            ("raw_recording", false, "recordings", "raw"),
            ("heatmap", false, "recordings", "heatmap"),
        ],
    ),
    ("option", "options", None, &[("model", true, "models", "model")]),
    (
        "project",
        "projects",
        None,
        &[("context_model", false, "projects", "context")],
    ),
];

/// Makes the shipped templates that are not there in any version; those whose destination is gone are left out.
pub(crate) fn ship(tx: &mut dyn Tx, ids: [[u8; 16]; 3]) -> Result<(), Failure> {
    for ((entity_type, word, draft_days, slots), id) in SHIPPED.iter().zip(ids) {
        let sql = "SELECT 1 FROM template WHERE entity_type = ?1";
        if tx.exists(sql, params![*entity_type])? {
            continue;
        }
        let mut wanted = NewTemplate {
            entity_type: (*entity_type).to_owned(),
            key_word: Some((*word).to_owned()),
            draft_days: *draft_days,
            slots: Vec::with_capacity(slots.len()),
        };
        for (file_type, is_required, place, word) in *slots {
            if let Some(destination_id) = place_named(tx, place)? {
                wanted.slots.push(TemplateSlot {
                    file_type: (*file_type).to_owned(),
                    is_required: *is_required,
                    destination_id,
                    key_word: (*word).to_owned(),
                });
            }
        }
        if wanted.slots.len() == slots.len() {
            insert(tx, id, &wanted, 1)?;
        }
    }
    Ok(())
}

fn place_named(tx: &mut dyn Tx, name: &str) -> Result<Option<DestinationId>, Failure> {
    super::destinations::by_name(tx, name)
}
