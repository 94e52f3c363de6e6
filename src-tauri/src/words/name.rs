//! Names in one line that can't deceive (A01, A08).

/// Letters of a name that are shown.
const MOST: usize = 60;

/// A name for a menu, a title or a question: control characters and those that turn the reading order are shown as their
/// number, a long name is cut in the middle.
pub(crate) fn plain(name: &str) -> String {
    let all = name.chars().count();
    if all <= MOST {
        return name.chars().map(visible).collect();
    }
    let (head, tail) = (MOST / 2, MOST / 2 - 1);
    let start = name.chars().take(head).map(visible);
    let end = name.chars().skip(all - tail).map(visible);
    start.chain(std::iter::once("…".to_owned())).chain(end).collect()
}

fn visible(c: char) -> String {
    if c.is_control() || is_hidden(c) {
        format!("⟨{:02X}⟩", u32::from(c))
    } else {
        c.to_string()
    }
}

/// Not seen, or changing how others are seen.
fn is_hidden(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202f}' | '\u{205f}'..='\u{206f}' | '\u{3164}' | '\u{feff}'
        | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a008_what_is_hidden_in_a_name_is_seen_and_a_long_one_is_cut_in_the_middle() {
        assert_eq!(plain("Shoot 12 May"), "Shoot 12 May");
        assert_eq!(plain("a\nb\u{202e}c"), "a⟨0A⟩b⟨202E⟩c");
        let long = plain(&format!("{}end.mov", "x".repeat(10_000)));
        assert_eq!(long.chars().count(), 60);
        assert!(long.ends_with("end.mov"));
    }
}
