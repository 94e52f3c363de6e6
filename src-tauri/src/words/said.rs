//! Words as data: read, completed by English, chosen, filled in.

use std::collections::{BTreeMap, BTreeSet};

use icu_locale_core::Locale;
use icu_plurals::{PluralCategory, PluralRules, PluralRulesPreferences};
use serde_json::Value;

/// The language that the others are completed by.
const ENGLISH: &str = "en";
/// The word for numbers that have none of their own.
const OTHER: &str = "other";

/// All languages.
#[derive(Debug, Default)]
pub(super) struct Languages {
    english: Words,
    /// By their two letters.
    others: BTreeMap<String, Words>,
}

impl Languages {
    /// Whatever of the text can be read. Without English, a word is its name.
    pub(super) fn read(text: &str) -> Self {
        let Ok(Value::Object(all)) = serde_json::from_str(text) else {
            tracing::error!("the words outside of the page can't be read");
            return Self::default();
        };
        let english = Words {
            said: all.get(ENGLISH).map(|own| read(ENGLISH, own)).unwrap_or_default(),
        };
        let others = all.iter().filter(|(tag, _)| *tag != ENGLISH);
        let others = others
            .map(|(tag, own)| (tag.clone(), english.completing(read(tag, own))))
            .collect();
        Self { english, others }
    }

    /// By the choice, else by the system (`de_DE.UTF-8`).
    pub(super) fn choose(&self, choice: Option<&str>, system: &str) -> &Words {
        let system = system.to_lowercase();
        let system = system.split(|c: char| !c.is_ascii_alphabetic()).next();
        let wanted = [choice, system].into_iter().flatten();
        wanted
            .filter_map(|tag| self.of(tag))
            .next()
            .unwrap_or(&self.english)
    }

    fn of(&self, tag: &str) -> Option<&Words> {
        if tag == ENGLISH {
            Some(&self.english)
        } else {
            self.others.get(tag)
        }
    }
}

/// All words, in one language.
#[derive(Debug, Default)]
pub(crate) struct Words {
    /// By name, as `asks.title`.
    said: BTreeMap<String, Word>,
}

impl Words {
    /// These, where `own` has nothing, or something that can't be said in their place.
    fn completing(&self, mut own: BTreeMap<String, Word>) -> Self {
        let word = |(name, base): (&String, &Word)| {
            let word = own.remove(name).filter(|word| word.can_stand_for(base));
            (name.clone(), word.unwrap_or_else(|| base.clone()))
        };
        Self {
            said: self.said.iter().map(word).collect(),
        }
    }

    /// `12,301`
    pub(crate) fn count(&self, n: u64) -> String {
        let separator = self.said.get("thousands").and_then(|word| word.forms.get(OTHER));
        grouped(n, separator.map_or("", String::as_str))
    }

    /// A word that has no places.
    pub(super) fn text<'a>(&'a self, name: &'a str) -> &'a str {
        let word = self.said.get(name).and_then(|word| word.forms.get(OTHER));
        word.map_or(name, String::as_str)
    }

    /// A sentence with its places filled in.
    pub(super) fn say(&self, name: &str, places: &[(&str, &str)]) -> String {
        let word = self.said.get(name).and_then(|word| word.forms.get(OTHER));
        word.map_or_else(|| bare(name, places), |word| fill(word, places))
    }

    /// A sentence by how many there are, which is one of its places.
    pub(super) fn counted(&self, name: &str, (place, n): (&str, u64), more: &[(&str, &str)]) -> String {
        let count = self.count(n);
        let places: Vec<_> = more.iter().copied().chain([(place, count.as_str())]).collect();
        let word = self.said.get(name).and_then(|word| word.form(n));
        word.map_or_else(|| bare(name, &places), |word| fill(word, &places))
    }

    /// The names of the words.
    #[cfg(test)]
    pub(super) fn names(&self) -> BTreeSet<String> {
        self.said.keys().cloned().collect()
    }
}

/// A word, or one for each kind of number.
#[derive(Debug, Clone)]
struct Word {
    /// By kind; a word that counts nothing is `other`.
    forms: BTreeMap<String, String>,
    /// It has a form by number.
    counts: bool,
    /// Whose kinds of number: English, where it is said in English.
    rules: Option<PluralRulesPreferences>,
}

impl Word {
    fn form(&self, n: u64) -> Option<&String> {
        let rules = self.rules.and_then(|of| PluralRules::try_new_cardinal(of).ok());
        let kind = rules.map_or(OTHER, |rules| kind(rules.category_for(n)));
        self.forms.get(kind).or_else(|| self.forms.get(OTHER))
    }

    /// Whether it can be said in the place of `base`. Not what is English too: the page's build completes by it, and English counts
    /// as English does. A kind of number may do without the number ("one file"), but what asks about a host must name it.
    fn can_stand_for(&self, base: &Self) -> bool {
        let expected: BTreeSet<&str> = base.forms.values().filter_map(|f| places(f)).flatten().collect();
        let fits = |form: &String| {
            places(form).is_some_and(|found| {
                if base.counts {
                    found.is_subset(&expected)
                } else {
                    found == expected
                }
            })
        };
        self.forms != base.forms
            && self.counts == base.counts
            && self.forms.contains_key(OTHER)
            && self.forms.values().all(fits)
    }
}

/// The words of a language by name.
fn read(tag: &str, own: &Value) -> BTreeMap<String, Word> {
    let rules = Locale::try_from_str(tag).ok().map(|locale| (&locale).into());
    let mut said = BTreeMap::new();
    collect(rules, "", own, &mut said);
    said
}

fn collect(
    rules: Option<PluralRulesPreferences>,
    name: &str,
    value: &Value,
    said: &mut BTreeMap<String, Word>,
) {
    let word = |forms, counts| Word { forms, counts, rules };
    match value {
        Value::String(text) => {
            let forms = [(OTHER.to_owned(), text.clone())].into();
            said.insert(name.to_owned(), word(forms, false));
        }
        Value::Object(section) => {
            if let Some(forms) = forms(section) {
                said.insert(name.to_owned(), word(forms, true));
                return;
            }
            for (key, value) in section {
                let name = if name.is_empty() {
                    key.clone()
                } else {
                    format!("{name}.{key}")
                };
                collect(rules, &name, value, said);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => {}
    }
}

/// A section is one word when its keys are kinds of number and nothing else.
fn forms(section: &serde_json::Map<String, Value>) -> Option<BTreeMap<String, String>> {
    let form = |(key, value): (&String, &Value)| {
        PluralCategory::get_for_cldr_string(key)?;
        Some((key.clone(), value.as_str()?.to_owned()))
    };
    section.iter().map(form).collect()
}

/// As CLDR names it.
fn kind(category: PluralCategory) -> &'static str {
    match category {
        PluralCategory::Zero => "zero",
        PluralCategory::One => "one",
        PluralCategory::Two => "two",
        PluralCategory::Few => "few",
        PluralCategory::Many => "many",
        PluralCategory::Other => OTHER,
    }
}

/// The places of a sentence; nothing when a brace is not closed.
fn places(mut text: &str) -> Option<BTreeSet<&str>> {
    let mut found = BTreeSet::new();
    while let Some((_, rest)) = text.split_once('{') {
        let (place, rest) = rest.split_once('}')?;
        found.insert(place);
        text = rest;
    }
    Some(found)
}

/// Once from left to right: what is filled in is not looked at again, so that braces in a name are letters.
fn fill(mut text: &str, places: &[(&str, &str)]) -> String {
    let mut out = String::with_capacity(text.len());
    while let Some((before, rest)) = text.split_once('{') {
        let Some((place, rest)) = rest.split_once('}') else {
            break;
        };
        out.push_str(before);
        out.push_str(places.iter().find(|p| p.0 == place).map_or("", |p| p.1));
        text = rest;
    }
    out.push_str(text);
    out
}

/// A word that is nowhere: its name, and what would stand in it.
fn bare(name: &str, places: &[(&str, &str)]) -> String {
    let places: Vec<_> = places.iter().map(|p| p.1).collect();
    if places.is_empty() {
        name.to_owned()
    } else {
        format!("{name}: {}", places.join(", "))
    }
}

/// Digits in groups of three.
fn grouped(n: u64, separator: &str) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push_str(separator);
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
#[path = "said_tests.rs"]
mod tests;
