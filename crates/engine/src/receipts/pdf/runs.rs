//! A line cut into runs: each of one font, one script and one direction, in the order in which they stand from left to right.
//!
//! Words from right to left that stand together, with spaces and signs between them, are turned as one. Digits, slashes, brackets and
//! words of other scripts end such a stretch, so the folders of a path keep their order and no name can move into another.

use unicode_script::{Script, UnicodeScript};

use super::letters::leftward;

/// A piece of a line.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Run<'t> {
    pub(super) text: &'t str,
    /// As the fonts are numbered.
    pub(super) font: usize,
    /// Whether its letters go from right to left.
    pub(super) leftward: bool,
}

/// The runs of a line. `font` names the font of a letter, `has` says whether a font has a letter also. A letter without a font
/// is left out: the caller told it by its number before.
pub(super) fn runs<'t>(
    line: &'t str,
    font: impl Fn(char) -> Option<usize>,
    has: impl Fn(usize, char) -> bool,
) -> Vec<Run<'t>> {
    let mut all = Vec::new();
    for (stretch, leftward) in stretches(line) {
        let first = all.len();
        cut(stretch, leftward, &font, &has, &mut all);
        if leftward {
            all[first..].reverse();
        }
    }
    all
}

/// The stretches of a line, and whether each goes from right to left.
fn stretches(line: &str) -> Vec<(&str, bool)> {
    let mut cuts = Vec::new();
    let mut rest = line;
    while !rest.is_empty() {
        let end = if rest.starts_with(leftward) {
            turned(rest)
        } else {
            rest.find(leftward).unwrap_or(rest.len())
        };
        cuts.push((&rest[..end], rest.starts_with(leftward)));
        rest = &rest[end..];
    }
    cuts
}

/// How many bytes of a text that begins with a letter from right to left go that way: to the last such letter and its marks.
fn turned(text: &str) -> usize {
    let mut end = 0;
    for (at, c) in text.char_indices() {
        match c.script() {
            _ if leftward(c) => end = at + c.len_utf8(),
            Script::Inherited if end == at => end = at + c.len_utf8(),
            Script::Common | Script::Inherited if !c.is_numeric() && !"/()[]{}<>".contains(c) => {}
            _ => break,
        }
    }
    end
}

fn cut<'t>(
    stretch: &'t str,
    leftward: bool,
    font: &impl Fn(char) -> Option<usize>,
    has: &impl Fn(usize, char) -> bool,
    all: &mut Vec<Run<'t>>,
) {
    let mut begun: Option<(usize, usize, Option<Script>)> = None;
    let mut close = |begun: Option<(usize, usize, Option<Script>)>, end: usize| {
        if let Some((from, font, _)) = begun {
            let text = &stretch[from..end];
            all.push(Run { text, font, leftward });
        }
    };
    for (at, c) in stretch.char_indices() {
        let script = joined(c);
        if let Some((from, now, of)) = begun {
            let same = script.is_none() || of.is_none() || script == of;
            // Spaces, signs and marks stay with what they belong to.
            if same && (font(c) == Some(now) || (script.is_none() && has(now, c))) {
                begun = Some((from, now, of.or(script)));
                continue;
            }
        }
        close(begun.take(), at);
        begun = font(c).map(|font| (at, font, script));
    }
    close(begun, stretch.len());
}

/// The script by whose rules a letter is joined with others; `None` for what goes with every script. Latin, Greek and Cyrillic have
/// the same rules.
fn joined(c: char) -> Option<Script> {
    match c.script() {
        Script::Common | Script::Inherited => None,
        Script::Latin | Script::Greek | Script::Cyrillic => Some(Script::Latin),
        other => Some(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Font 0 has ASCII, font 1 all others and the space.
    fn of(line: &str) -> Vec<(&str, usize, bool)> {
        let found = runs(
            line,
            |c| Some(usize::from(!c.is_ascii())),
            |font, c| (font == 0) == c.is_ascii() || c == ' ',
        );
        found.into_iter().map(|r| (r.text, r.font, r.leftward)).collect()
    }

    #[test]
    fn a_run_is_of_one_font_and_one_script() {
        assert_eq!(
            of("a1 жβ कж c"),
            [
                ("a1 ", 0, false),
                ("жβ ", 1, false),
                ("क", 1, false),
                ("ж ", 1, false),
                ("c", 0, false)
            ]
        );
        assert_eq!(of(""), []);
    }

    #[test]
    fn words_from_right_to_left_turn_together_and_stay_in_their_folder() {
        assert_eq!(
            of("/אב גד/(הו) 12 זח.txt"),
            [
                ("/", 0, false),
                ("אב גד", 1, true),
                ("/(", 0, false),
                ("הו", 1, true),
                (") 12 ", 0, false),
                ("זח", 1, true),
                (".txt", 0, false)
            ]
        );
    }

    #[test]
    fn runs_of_a_turned_stretch_stand_from_right_to_left() {
        assert_eq!(of("אב-גד"), [("גד", 1, true), ("-", 0, true), ("אב", 1, true)]);
    }
}
