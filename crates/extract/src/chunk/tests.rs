use proptest::prelude::*;

use super::*;

fn page(number: u64, text: &str) -> Piece {
    Piece {
        locator: Locator::Page { number },
        text: text.to_owned(),
    }
}

#[test]
fn chunks_end_at_sentences_and_repeat_the_last_one() {
    let text = "The first sentence is here. The second one follows it! Does a third ask? The fourth ends it.";
    let chunks = split(&[page(1, text)], 60, 30);
    let texts: Vec<_> = chunks.iter().map(|c| c.text.as_str()).collect();
    assert_eq!(
        texts,
        [
            "The first sentence is here. The second one follows it!",
            "The second one follows it! Does a third ask?",
            "Does a third ask? The fourth ends it.",
        ]
    );
}

#[test]
fn pages_are_not_mixed_and_lines_are() {
    let chunks = split(&[page(1, "One."), page(2, "Two.")], 100, 10);
    assert_eq!(chunks.len(), 2);
    assert_eq!(chunks[1].first, Locator::Page { number: 2 });
    let line = |n, text: &str| Piece {
        locator: Locator::Lines { first: n, last: n },
        text: text.to_owned(),
    };
    let chunks = split(&[line(1, "One."), line(2, "Two.")], 100, 10);
    assert_eq!(chunks.len(), 1);
    assert_eq!(chunks[0].text, "One.\nTwo.");
    assert_eq!(
        (&chunks[0].first, &chunks[0].last),
        (
            &Locator::Lines { first: 1, last: 1 },
            &Locator::Lines { first: 2, last: 2 }
        )
    );
}

#[test]
fn an_accent_and_a_family_stay_with_their_base() {
    let chunks = split(&[page(1, "aaaae\u{301}bbbb👩\u{200d}👧cc")], 5, 0);
    assert!(
        chunks
            .iter()
            .all(|c| !c.text.starts_with(['\u{301}', '\u{200d}'])),
        "{chunks:?}"
    );
}

proptest! {
    #[test]
    fn nothing_is_lost_and_no_chunk_is_too_long(
        texts in proptest::collection::vec("[a-z .!?\n東e\u{301}]{0,300}", 0..5), target in 1_usize..80, overlap in 0_usize..80
    ) {
        let pieces: Vec<_> = texts.iter().map(|t| Piece { locator: Locator::Lines { first: 1, last: 1 }, text: t.clone() }).collect();
        let chunks = split(&pieces, target, overlap);
        for chunk in &chunks {
            prop_assert!(chunk.text.chars().count() <= target);
        }
        // Without overlap the chunks are the text, but for white space.
        let whole: String = texts.concat().split_whitespace().collect();
        let joined: String = split(&pieces, target, 0).iter().flat_map(|c| c.text.split_whitespace().map(str::to_owned).collect::<Vec<_>>()).collect();
        prop_assert_eq!(joined, whole);
    }
}
