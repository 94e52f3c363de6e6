//! The fonts of this system that have the letters of a document.
//!
//! Each letter goes to the first font that has it: a common one without serifs if there is one, then whatever else is there. Fonts
//! that may not be embedded or have no outlines are passed over, and so are those that draw a stand-in for every letter.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use fontdb::{Database, FaceInfo, ID, Stretch, Style};
use rustybuzz::ttf_parser::{Face, Permissions, Tag};

use super::letters::hidden;

/// The families that are taken first, in this order: they have many letters, and a page of them looks like one.
const COMMON: &[&str] = &[
    "DejaVu Sans",
    "Noto Sans",
    "Liberation Sans",
    "Segoe UI",
    "Helvetica Neue",
    "Helvetica",
    "Arial",
    "Arial Unicode MS",
];

const REGULAR: u16 = 400;
const BOLD: u16 = 700;

/// The fonts of one document.
pub(super) struct Fonts {
    pub(super) sources: Vec<Source>,
    plain: BTreeMap<char, usize>,
    strong: BTreeMap<char, usize>,
}

/// One font as its file has it.
pub(super) struct Source {
    pub(super) data: Arc<Vec<u8>>,
    /// Which one of the file.
    pub(super) index: u32,
    /// Where one font has all weights: the weight that is meant.
    pub(super) weight: Option<f32>,
}

impl Fonts {
    /// The fonts for these letters, plain and bold. `None` if the system has no font that writes ASCII.
    pub(super) fn of(system: &Database, plain: BTreeSet<char>, strong: BTreeSet<char>) -> Option<Self> {
        let mut fonts = Self {
            sources: Vec::new(),
            plain: BTreeMap::new(),
            strong: BTreeMap::new(),
        };
        fonts.plain = fonts.choose(system, plain, REGULAR);
        fonts.strong = fonts.choose(system, strong, BOLD);
        let whole = |chosen: &BTreeMap<char, usize>| (' '..='~').all(|c| chosen.contains_key(&c));
        (whole(&fonts.plain) && whole(&fonts.strong)).then_some(fonts)
    }

    /// The font of a letter, if one has it.
    pub(super) fn of_letter(&self, c: char, strong: bool) -> Option<usize> {
        let chosen = if strong { &self.strong } else { &self.plain };
        chosen.get(&c).copied()
    }

    fn choose(&mut self, system: &Database, letters: BTreeSet<char>, weight: u16) -> BTreeMap<char, usize> {
        let mut wanted: BTreeSet<char> = letters.into_iter().filter(|c| !hidden(*c)).collect();
        // Also the numbers of letters are written.
        wanted.extend(' '..='~');
        let mut chosen = BTreeMap::new();
        for id in in_order(system, weight) {
            if wanted.is_empty() {
                break;
            }
            let had = system.with_face_data(id, |data, index| had(data, index, &wanted));
            let had = had.flatten().unwrap_or_default();
            if had.is_empty() {
                continue;
            }
            let Some(source) = system.with_face_data(id, |data, index| Source::read(data, index, weight))
            else {
                continue;
            };
            wanted.retain(|c| !had.contains(c));
            chosen.extend(had.into_iter().map(|c| (c, self.sources.len())));
            self.sources.push(source);
        }
        chosen
    }
}

impl Source {
    fn read(data: &[u8], index: u32, weight: u16) -> Self {
        let axis = Face::parse(data, index).ok().and_then(|face| {
            let wght = Tag::from_bytes(b"wght");
            face.variation_axes().into_iter().find(|axis| axis.tag == wght)
        });
        Self {
            data: Arc::new(data.to_vec()),
            index,
            weight: axis.map(|a| f32::from(weight).clamp(a.min_value, a.max_value.max(a.min_value))),
        }
    }
}

/// The fonts of the system, those to take first at the front. The same system gives the same order.
fn in_order(system: &Database, weight: u16) -> Vec<ID> {
    let mut faces: Vec<(_, ID)> = system
        .faces()
        .filter(|face| !stand_in(face))
        .map(|face| {
            let family = family(face);
            let rank = COMMON.iter().position(|common| *common == family);
            let key = (
                rank.unwrap_or(COMMON.len()),
                !family.contains("Sans"),
                face.style != Style::Normal,
                face.stretch != Stretch::Normal,
                face.weight.0.abs_diff(weight),
                family,
                face.post_script_name.as_str(),
                face.index,
            );
            (key, face.id)
        })
        .collect();
    faces.sort();
    faces.into_iter().map(|(_, id)| id).collect()
}

fn family(face: &FaceInfo) -> &str {
    face.families.first().map_or("", |(name, _)| name.as_str())
}

/// Whether a font is there to say that there is none, or is kept by the system for itself.
fn stand_in(face: &FaceInfo) -> bool {
    let family = family(face);
    family.starts_with('.') || family.replace(' ', "").contains("LastResort")
}

/// Which of these letters a font has and may lend. `None` if it is no font to embed.
fn had(data: &[u8], index: u32, wanted: &BTreeSet<char>) -> Option<BTreeSet<char>> {
    let face = Face::parse(data, index).ok()?;
    let tables = face.tables();
    let outlined = tables.glyf.is_some() || tables.cff.is_some() || tables.cff2.is_some();
    if !outlined || face.permissions() == Some(Permissions::Restricted) || !face.is_subsetting_allowed() {
        return None;
    }
    Some(wanted.iter().copied().filter(|c| draws(&face, *c)).collect())
}

/// A letter without ink is not there: what can't be seen is told by its number.
fn draws(face: &Face<'_>, c: char) -> bool {
    face.glyph_index(c).is_some_and(|glyph| {
        glyph.0 != 0
            && (c.is_whitespace() || face.is_color_glyph(glyph) || face.glyph_bounding_box(glyph).is_some())
    })
}
