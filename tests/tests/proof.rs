//! The page of attacks and faults is held against the tests: what it names exists, and no number is left out.

use std::collections::BTreeSet;
use std::fs;

use anyhow::{Context as _, Result, ensure};
use windlass_tests::sources::{committed, root};

/// The letters of the numbers, and how far each goes.
const NUMBERS: &[(&str, u32)] = &[("A", 136), ("F", 190), ("I", 45)];

fn page() -> Result<String> {
    Ok(fs::read_to_string(root().join("docs/proof.md"))?)
}

/// Names of all functions of the Rust sources.
fn functions() -> Result<BTreeSet<String>> {
    let mut found = BTreeSet::new();
    for file in committed()?
        .into_iter()
        .filter(|file| file.extension().is_some_and(|kind| kind == "rs"))
    {
        let Ok(text) = fs::read_to_string(root().join(file)) else {
            continue;
        };
        let names = text
            .split("fn ")
            .skip(1)
            .filter_map(|rest| rest.split('(').next());
        found.extend(names.map(str::to_owned));
    }
    Ok(found)
}

/// What a row of the page names in its last column.
fn named(row: &str) -> Vec<&str> {
    let cell = row.trim_end_matches('|').rsplit('|').next().unwrap_or_default();
    cell.split('`')
        .skip(1)
        .step_by(2)
        .filter(|word| word.matches('_').count() >= 3)
        .collect()
}

#[test]
fn every_attack_fault_and_invariant_has_one_row_with_a_test_or_the_reason_for_none() -> Result<()> {
    let page = page()?;
    for (letter, last) in NUMBERS {
        for number in 1..=*last {
            let begins = format!("| {letter}{number:02} |");
            let rows: Vec<_> = page.lines().filter(|line| line.starts_with(&begins)).collect();
            ensure!(
                rows.len() == 1,
                "{letter}{number:02} has {} rows in docs/proof.md",
                rows.len()
            );
            let says_none = rows[0].contains("| **none**: ");
            ensure!(
                says_none || !named(rows[0]).is_empty(),
                "{letter}{number:02} has neither a test nor a reason"
            );
        }
    }
    Ok(())
}

#[test]
fn every_test_that_the_page_of_attacks_and_faults_names_exists() -> Result<()> {
    let functions = functions()?;
    for row in page()?.lines().filter(|line| line.starts_with("| ")) {
        for name in named(row) {
            ensure!(
                functions.contains(name),
                "docs/proof.md names {name}, and there is no such test"
            );
        }
    }
    Ok(())
}

#[test]
fn the_page_counts_its_rows_without_a_test_as_they_are() -> Result<()> {
    let page = page()?;
    for (letter, what) in [("I", "invariants"), ("F", "faults"), ("A", "attacks")] {
        let rows: Vec<_> = page
            .lines()
            .filter(|line| {
                line.strip_prefix("| ")
                    .and_then(|line| line.strip_prefix(letter))
                    .is_some_and(|line| line.starts_with(|c: char| c.is_ascii_digit()))
            })
            .collect();
        let without = rows.iter().filter(|row| row.contains("| **none**: ")).count();
        let told = page
            .lines()
            .find(|line| line.starts_with(&format!("| {what} |")))
            .context("no such line")?;
        assert_eq!(told, format!("| {what} | {} | {without} |", rows.len()));
    }
    Ok(())
}

// A number that begins a test's name is one of the page.
#[test]
fn no_test_is_named_by_a_number_that_is_gone() -> Result<()> {
    for name in functions()? {
        let number = name.split('_').next().unwrap_or_default();
        let Some((letter, last)) = NUMBERS
            .iter()
            .find(|(letter, _)| number.starts_with(&letter.to_lowercase()))
        else {
            continue;
        };
        // Three digits: two are of a feature, except for invariants.
        let digits = &number[1..];
        if digits.len() == 3 || (*letter == "I" && digits.len() == 2) {
            let is_known = digits
                .parse::<u32>()
                .is_ok_and(|number| (1..=*last).contains(&number));
            let is_number = digits.bytes().all(|digit| digit.is_ascii_digit());
            ensure!(!is_number || is_known, "{name}: there is no such number");
        }
    }
    Ok(())
}
