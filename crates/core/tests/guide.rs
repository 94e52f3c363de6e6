//! The guide's page of errors is this list and no other. `WINDLASS_BLESS=1` writes its table anew.

use std::fmt::Write as _;
use std::path::Path;

use windlass_core::error::{ErrorCode, RetryClass};

const BEGIN: &str =
    "<!-- The table below is written by `WINDLASS_BLESS=1 cargo test -p windlass-core --test guide` -->";

/// What happens then, in a person's words.
fn then(code: ErrorCode) -> &'static str {
    match code.retry_class() {
        RetryClass::Now => "goes on at once",
        RetryClass::Backoff => "tries again by itself",
        RetryClass::When(_) => "waits, and goes on by itself when it is over",
        RetryClass::AfterPerson => "waits for you",
        RetryClass::Never => "leaves that out; the rest goes on",
    }
}

fn table() -> String {
    let mut codes: Vec<_> = ErrorCode::ALL.to_vec();
    codes.sort_by_key(|code| code.number());
    let mut text =
        String::from("| number | word | what it means, what to do | Windlass |\n|---|---|---|---|\n");
    for code in codes {
        let _ = writeln!(
            text,
            "| {} | `{}` | {} | {} |",
            code.label(),
            code.as_str(),
            code.text(),
            then(code)
        );
    }
    text
}

#[test]
fn every_error_stands_on_the_guides_page_with_its_number_and_what_to_do() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/guide/troubleshooting.md");
    let page = std::fs::read_to_string(&path).unwrap();
    let (prose, written) = page.split_once(BEGIN).expect("the page has its mark");
    let fresh = format!("\n\n{}", table());
    if std::env::var_os("WINDLASS_BLESS").is_some() && written != fresh {
        std::fs::write(&path, format!("{prose}{BEGIN}{fresh}")).unwrap();
        return;
    }
    assert_eq!(
        written, fresh,
        "the list of errors has changed: WINDLASS_BLESS=1 cargo test -p windlass-core --test guide"
    );
}
