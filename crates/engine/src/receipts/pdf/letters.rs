//! Which letters a receipt may show, and how it tells of the others.

/// Whether a letter can't be seen, looks like a space that is none, turns the text around, or means something else in every font.
/// A name made of such letters has to differ from the name that it imitates.
pub(super) fn hidden(c: char) -> bool {
    c.is_control()
        || (c.is_whitespace() && !matches!(c, ' ' | '\u{a0}' | '\u{3000}'))
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
            | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
            // For private use: a picture in one font, another in the next.
            | '\u{e000}'..='\u{f8ff}' | '\u{f0000}'..='\u{10ffff}'
            | '\u{e0000}'..='\u{e0fff}')
}

/// A letter by its number: `<U+5951>`.
pub(super) fn number(c: char) -> String {
    format!("<U+{:04X}>", u32::from(c))
}

/// Whether a letter is of a script that is written from right to left. The blocks are those that Unicode keeps for such scripts.
pub(super) fn leftward(c: char) -> bool {
    matches!(c, '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{fefe}'
        | '\u{10800}'..='\u{10fff}' | '\u{1e800}'..='\u{1efff}')
        && !c.is_numeric()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_hides_or_turns_is_told_by_its_number() {
        for c in "\n\t\u{7f}\u{85}\u{202e}\u{2066}\u{200b}\u{200d}\u{feff}\u{e123}\u{fe0f}\u{2003}".chars() {
            assert!(hidden(c), "{}", number(c));
        }
        for c in "a é\u{a0}Ж\u{301}契ع".chars() {
            assert!(!hidden(c), "{c}");
        }
        assert_eq!(number('\u{202e}'), "<U+202E>");
    }

    #[test]
    fn digits_go_to_the_right_in_every_script() {
        assert!("עع".chars().all(leftward));
        assert!(!"a1٣۳Ж/ ".chars().any(leftward));
    }
}
