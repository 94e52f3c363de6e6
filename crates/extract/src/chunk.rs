//! Pieces to chunks for a search index: about so many characters each, cut between paragraphs or sentences, a little of
//! the one repeated in the next so that a thought on the border is found from both sides.

use serde::{Deserialize, Serialize};

use crate::piece::{Locator, Piece};

/// A chunk and where it stood.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chunk {
    /// Where its first words stood.
    pub first: Locator,
    /// Where its last words stood.
    pub last: Locator,
    /// The words.
    pub text: String,
}

/// A sentence, or as much of one as fits.
struct Sentence<'a> {
    text: &'a str,
    chars: usize,
    locator: &'a Locator,
    ends_paragraph: bool,
}

/// Cuts `pieces` into chunks of at most `target` characters, each beginning with up to `overlap` characters of whole
/// sentences of the one before. Pages, slides, sections and sheets are not mixed. A target of 0 counts as 1; an overlap
/// of half the target or more counts as a little less than half.
#[must_use]
pub fn split(pieces: &[Piece], target: usize, overlap: usize) -> Vec<Chunk> {
    let target = target.max(1);
    let overlap = overlap.min(target.saturating_sub(1) / 2);
    let mut chunks = Vec::new();
    let mut rest = pieces;
    while let Some(first) = rest.first() {
        let together = rest
            .iter()
            .take_while(|p| same_place(&first.locator, &p.locator))
            .count();
        let (run, after) = rest.split_at(together);
        rest = after;
        let sentences: Vec<Sentence<'_>> = run.iter().flat_map(|p| sentences(p, target)).collect();
        gather(&sentences, target, overlap, &mut chunks);
    }
    chunks
}

fn same_place(a: &Locator, b: &Locator) -> bool {
    match (a, b) {
        (Locator::Lines { .. }, Locator::Lines { .. })
        | (Locator::Pointer { .. }, Locator::Pointer { .. }) => true,
        (Locator::Rows { sheet: a, .. }, Locator::Rows { sheet: b, .. }) => a == b,
        _ => a == b,
    }
}

fn gather(sentences: &[Sentence<'_>], target: usize, overlap: usize, chunks: &mut Vec<Chunk>) {
    let (mut begin, mut next) = (0, 0);
    while next < sentences.len() {
        let mut chars: usize = sentences[begin..next].iter().map(|s| s.chars).sum();
        let fresh = next;
        while let Some(sentence) = sentences.get(next) {
            if chars + sentence.chars > target && next > fresh {
                break;
            }
            if chars + sentence.chars > target {
                // What is repeated leaves no room: it gives way.
                begin = next;
                chars = 0;
            }
            chars += sentence.chars;
            next += 1;
            if sentence.ends_paragraph && chars * 4 >= target * 3 {
                break;
            }
        }
        push(&sentences[begin..next], chunks);
        begin = next;
        let mut repeated = 0;
        while begin > fresh {
            repeated += sentences[begin - 1].chars;
            if repeated > overlap {
                break;
            }
            begin -= 1;
        }
    }
}

fn push(sentences: &[Sentence<'_>], chunks: &mut Vec<Chunk>) {
    let text: String = sentences.iter().map(|s| s.text).collect();
    let text = text.trim();
    if let (Some(first), Some(last), false) = (sentences.first(), sentences.last(), text.is_empty()) {
        chunks.push(Chunk {
            first: first.locator.clone(),
            last: last.locator.clone(),
            text: text.to_owned(),
        });
    }
}

/// The sentences of a piece with the white space after them; none longer than `most` characters.
fn sentences(piece: &Piece, most: usize) -> Vec<Sentence<'_>> {
    let mut found = Vec::new();
    let mut rest = piece.text.as_str();
    while !rest.is_empty() {
        let (sentence, after) = rest.split_at(sentence_end(rest));
        rest = after;
        let ends_paragraph = sentence.ends_with("\n\n") || rest.is_empty();
        let mut long = sentence;
        while !long.is_empty() {
            let (part, after) = long.split_at(fit(long, most));
            long = after;
            found.push(Sentence {
                text: part,
                chars: part.chars().count(),
                locator: &piece.locator,
                ends_paragraph: ends_paragraph && long.is_empty(),
            });
        }
    }
    // Pieces end where lines end; the next one follows on a line of its own.
    if let Some(last) = found.last_mut()
        && !last.text.ends_with('\n')
    {
        found.push(Sentence {
            text: "\n",
            chars: 1,
            locator: &piece.locator,
            ends_paragraph: true,
        });
    }
    found
}

/// The byte after the first sentence and the white space that follows it.
fn sentence_end(text: &str) -> usize {
    let mut chars = text.char_indices().peekable();
    let mut stop = false;
    while let Some((_, c)) = chars.next() {
        let next = chars.peek().copied();
        let ends = match c {
            '\n' => true,
            '。' | '！' | '？' | '．' => true,
            '.' | '!' | '?' | '…' => {
                stop = true;
                next.is_some_and(|(_, n)| n.is_whitespace())
            }
            // A quote or bracket after the stop belongs to the sentence.
            '"' | '\'' | ')' | ']' | '”' | '’' | '»' if stop => {
                next.is_some_and(|(_, n)| n.is_whitespace())
            }
            _ => {
                stop = false;
                false
            }
        };
        if ends {
            let after = chars.find(|(_, n)| !n.is_whitespace());
            return after.map_or(text.len(), |(i, _)| i);
        }
    }
    text.len()
}

/// How many bytes of `text` are at most `most` characters: after a space if there is one in the second half, and not
/// between the parts of one visible sign.
fn fit(text: &str, most: usize) -> usize {
    let Some((end, _)) = text.char_indices().nth(most) else {
        return text.len();
    };
    let window = &text[..end];
    if let Some(space) = window.rfind(char::is_whitespace).filter(|i| *i > end / 2) {
        let width = text[space..].chars().next().map_or(1, char::len_utf8);
        return space + width;
    }
    let mut cut = end;
    // At most 16 signs back: a longer pile of marks is no writing.
    for _ in 0..16 {
        let (Some(before), Some(after)) = (text[..cut].chars().next_back(), text[cut..].chars().next())
        else {
            break;
        };
        if !joins(after) && before != '\u{200d}' {
            return cut;
        }
        cut -= before.len_utf8();
    }
    if cut == 0 { end } else { cut }
}

/// Whether a character belongs to the one before it.
fn joins(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}' | '\u{200d}' | '\u{fe00}'..='\u{fe0f}' | '\u{1f3fb}'..='\u{1f3ff}' | '\u{20d0}'..='\u{20ff}' | '\u{1ab0}'..='\u{1aff}' | '\u{3099}' | '\u{309a}' | '\u{e0020}'..='\u{e007f}')
}

#[cfg(test)]
mod tests;
