//! Pages in fonts of this system, of which the letters that are used are embedded.

use krilla::configure::{ConfigurationBuilder, PdfVersion};
use krilla::geom::Point;
use krilla::metadata::Metadata;
use krilla::page::PageSettings;
use krilla::text::{Font, GlyphId, KrillaGlyph, Tag};
use krilla::{Document, SerializeSettings};
use rustybuzz::ttf_parser;
use rustybuzz::{Direction, Face, Script, ShapePlan, UnicodeBuffer, Variation};
use unicode_segmentation::UnicodeSegmentation;
use windlass_core::error::{ErrorCode, Failure};

use super::fonts::{Fonts, Source};
use super::letters::{hidden, number};
use super::runs::{Run, runs};
use super::{HEIGHT, Hand, Look, WIDTH};

/// A document in fonts of the system.
pub(super) struct Drawn<'f> {
    fonts: &'f Fonts,
    faces: Vec<Option<Shaper<'f>>>,
    document: Document,
    page: Vec<Placed>,
}

struct Placed {
    line: String,
    look: Look,
    x: f32,
    y: f32,
}

/// A font as its letters are joined, and as it is embedded.
struct Shaper<'f> {
    face: Face<'f>,
    font: Font,
    units: f32,
    /// How a script is joined in this font; made once.
    plans: Vec<(Direction, Script, ShapePlan)>,
    /// Taken again for each run.
    buffer: Option<UnicodeBuffer>,
}

impl<'f> Drawn<'f> {
    pub(super) fn new(fonts: &'f Fonts, name: &str) -> Self {
        let settings = SerializeSettings {
            // What every reader of the last twenty years opens.
            configuration: ConfigurationBuilder::new()
                .with_version(PdfVersion::Pdf14)
                .finish()
                .unwrap_or_default(),
            enable_tagging: false,
            ..SerializeSettings::default()
        };
        let mut document = Document::new_with(settings);
        let told = name.chars().fold(String::new(), |mut told, c| {
            match hidden(c) {
                true => told.push_str(&number(c)),
                false => told.push(c),
            }
            told
        });
        document.set_metadata(
            Metadata::new()
                .title(told)
                .creator("Windlass".to_owned())
                .producer("Windlass".to_owned())
                .language("en".to_owned()),
        );
        Self {
            fonts,
            faces: fonts.sources.iter().map(Shaper::new).collect(),
            document,
            page: Vec::new(),
        }
    }

    /// A text in letters that the fonts have.
    fn told(&self, text: &str, strong: bool) -> String {
        let mut told = String::with_capacity(text.len());
        for c in text.chars() {
            if hidden(c) || self.font(c, strong).is_none() {
                told.push_str(&number(c));
            } else {
                told.push(c);
            }
        }
        told
    }

    fn font(&self, c: char, strong: bool) -> Option<usize> {
        let font = self.fonts.of_letter(c, strong)?;
        self.faces.get(font)?.as_ref().map(|_| font)
    }

    fn face(&self, font: usize) -> Option<&Shaper<'f>> {
        self.faces.get(font)?.as_ref()
    }

    /// How wide a letter is that stands alone, of the height of the letters.
    fn width(&self, c: char, strong: bool) -> f32 {
        let of = |font| {
            let shaper = self.face(font)?;
            let glyph = shaper.face.glyph_index(c)?;
            Some(f32::from(shaper.face.glyph_hor_advance(glyph)?) / shaper.units)
        };
        self.font(c, strong).and_then(of).unwrap_or(0.0)
    }

    /// The file.
    ///
    /// # Errors
    /// `Internal` where a font can't be embedded.
    pub(super) fn end(self) -> Result<Vec<u8>, Failure> {
        let mut bytes = self
            .document
            .finish()
            .map_err(|e| Failure::new(ErrorCode::Internal, e.to_string()))?;
        if !bytes.ends_with(b"\n") {
            bytes.push(b'\n');
        }
        Ok(bytes)
    }
}

impl Hand for Drawn<'_> {
    fn lines(&self, text: &str, look: Look, width: f32) -> Vec<String> {
        let told = self.told(text, look.strong);
        let mut lines = Vec::new();
        let (mut from, mut taken) = (0, 0.0);
        // Letters that are joined are rarely wider than alone, and the margin takes the rest.
        for (at, letters) in told.grapheme_indices(true) {
            let wide: f32 = letters.chars().map(|c| self.width(c, look.strong)).sum::<f32>() * look.size;
            if taken + wide > width && at > from {
                lines.push(told[from..at].to_owned());
                (from, taken) = (at, 0.0);
            }
            taken += wide;
        }
        lines.push(told[from..].to_owned());
        lines
    }

    fn put(&mut self, line: String, look: Look, x: f32, y: f32) {
        self.page.push(Placed { line, look, x, y });
    }

    fn turn(&mut self) {
        let settings = PageSettings::from_wh(WIDTH, HEIGHT).unwrap_or_default();
        let placed = std::mem::take(&mut self.page);
        let cut: Vec<Vec<Run<'_>>> = placed
            .iter()
            .map(|p| {
                runs(
                    &p.line,
                    |c| self.font(c, p.look.strong),
                    |font, c| self.face(font).is_some_and(|s| s.face.glyph_index(c).is_some()),
                )
            })
            .collect();
        let mut page = self.document.start_page_with(settings);
        let mut surface = page.surface();
        for (placed, runs) in placed.iter().zip(cut) {
            let mut at = Point::from_xy(placed.x, placed.y + placed.look.size);
            for run in runs {
                let Some(shaper) = self.faces.get_mut(run.font).and_then(Option::as_mut) else {
                    continue;
                };
                let (glyphs, width) = shaper.shape(&run);
                surface.draw_glyphs(
                    at,
                    &glyphs,
                    shaper.font.clone(),
                    run.text,
                    placed.look.size,
                    false,
                );
                at.x += width * placed.look.size;
            }
        }
        surface.finish();
        page.finish();
    }
}

impl<'f> Shaper<'f> {
    fn new(source: &'f Source) -> Option<Self> {
        let mut face = Face::from_slice(&source.data, source.index)?;
        let data = source.data.clone();
        let font = match source.weight {
            None => Font::new(data.into(), source.index)?,
            Some(value) => {
                let tag = ttf_parser::Tag::from_bytes(b"wght");
                face.set_variations(&[Variation { tag, value }]);
                Font::new_variable(data.into(), source.index, &[(Tag::new(b"wght"), value)])?
            }
        };
        let units = font.units_per_em();
        Some(Self {
            face,
            font,
            units,
            plans: Vec::new(),
            buffer: None,
        })
    }

    /// The glyphs of a run, from left to right, and how wide they are together; of the height of the letters.
    fn shape(&mut self, run: &Run<'_>) -> (Vec<KrillaGlyph>, f32) {
        let mut buffer = self.buffer.take().unwrap_or_default();
        buffer.push_str(run.text);
        buffer.guess_segment_properties();
        let direction = match run.leftward {
            true => Direction::RightToLeft,
            false => Direction::LeftToRight,
        };
        buffer.set_direction(direction);
        let script = buffer.script();
        let known = self
            .plans
            .iter()
            .position(|(d, s, _)| (*d, *s) == (direction, script));
        let plan = known.unwrap_or_else(|| {
            let plan = ShapePlan::new(&self.face, direction, Some(script), None, &[]);
            self.plans.push((direction, script, plan));
            self.plans.len() - 1
        });
        let shaped = rustybuzz::shape_with_plan(&self.face, &self.plans[plan].2, buffer);
        // A cluster reaches to where the next one of the text begins.
        let mut starts: Vec<usize> = shaped.glyph_infos().iter().map(|i| i.cluster as usize).collect();
        starts.sort_unstable();
        starts.dedup();
        let mut glyphs = Vec::with_capacity(shaped.len());
        let mut width = 0.0;
        for (info, place) in shaped.glyph_infos().iter().zip(shaped.glyph_positions()) {
            let start = info.cluster as usize;
            let next = starts.partition_point(|s| *s <= start);
            let end = starts.get(next).copied().unwrap_or(run.text.len());
            let of = |units: i32| units as f32 / self.units;
            width += of(place.x_advance);
            glyphs.push(KrillaGlyph::new(
                GlyphId::new(info.glyph_id),
                of(place.x_advance),
                of(place.x_offset),
                of(place.y_offset),
                of(place.y_advance),
                start..end,
                None,
            ));
        }
        self.buffer = Some(shaped.clear());
        (glyphs, width)
    }
}
