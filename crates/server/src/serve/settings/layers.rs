//! Where settings come from, one layer above the other.

use std::collections::BTreeMap;
use std::fmt;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use windlass_core::error::{ErrorCode, Failure};

use super::keys::{KEYS, Key};

/// Where a value was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// On the command line.
    Flag,
    /// In the environment, by this variable.
    Variable(String),
    /// In a file.
    File(PathBuf),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag => f.write_str("the command line"),
            Self::Variable(name) => write!(f, "the environment, {name}"),
            Self::File(path) => write!(f, "{}", path.display()),
        }
    }
}

/// Values by name, with where each came from. `Debug` shows no values: some are secrets.
#[derive(Default)]
pub struct Layers {
    values: BTreeMap<&'static str, (String, Origin)>,
}

impl fmt::Debug for Layers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.values.keys()).finish()
    }
}

impl Layers {
    /// Reads all layers: the file first, then variables over it, then flags over both.
    ///
    /// # Errors
    /// `invalid_field` for names that are no settings, files that can't be read, secrets where they don't belong.
    pub fn read(
        flags: &[(String, String)],
        variable: impl Fn(&str) -> Option<String>,
        file: Option<&Path>,
    ) -> Result<Self, Failure> {
        let mut layers = Self::default();
        if let Some(path) = file {
            layers.read_file(path)?;
        }
        for key in KEYS {
            let name = key.variable();
            // The names that every tool of S3 knows, below our own.
            let common = Some(key.default).filter(|d| d.starts_with("AWS_"));
            let found = variable(&name)
                .map(|v| (v, name))
                .or_else(|| common.and_then(|c| variable(c).map(|v| (v, c.to_owned()))));
            if let Some((value, name)) = found.filter(|(v, _)| !v.is_empty()) {
                layers.values.insert(key.name, (value, Origin::Variable(name)));
            }
        }
        for (name, value) in flags {
            let key = known(name, &Origin::Flag)?;
            if key.secret {
                let detail = format!(
                    "{name}: other users of this computer see the arguments of programs; put it into {} or the settings file",
                    key.variable()
                );
                return Err(Failure::new(ErrorCode::InvalidField, detail));
            }
            layers.values.insert(key.name, (value.clone(), Origin::Flag));
        }
        Ok(layers)
    }

    fn read_file(&mut self, path: &Path) -> Result<(), Failure> {
        let origin = Origin::File(path.to_owned());
        let refused =
            |why: String| Failure::new(ErrorCode::InvalidField, format!("settings file {origin}: {why}"));
        let text = std::fs::read_to_string(path).map_err(|e| refused(e.to_string()))?;
        // The parser's own words may quote a line with a secret.
        let table: toml::Table = text.parse().map_err(|e: toml::de::Error| {
            let line = e
                .span()
                .map_or(0, |s| text[..s.start.min(text.len())].lines().count().max(1));
            refused(format!("line {line}: no TOML: {}", e.message()))
        })?;
        for (name, value) in &table {
            let key = known(name, &origin)?;
            if key.secret {
                refuse_readable(path).map_err(|why| refused(format!("{name}: {why}")))?;
            }
            let value = plain(value).ok_or_else(|| {
                refused(format!(
                    "{name}: a text, a number, true, false, or a list of texts"
                ))
            })?;
            self.values.insert(key.name, (value, origin.clone()));
        }
        Ok(())
    }

    /// A setting, when somebody said it.
    pub(super) fn get<T>(
        &self,
        name: &'static str,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Result<Option<T>, Failure> {
        let Some((value, origin)) = self.values.get(name) else {
            return Ok(None);
        };
        parse(value).map(Some).map_err(|why| {
            let secret = KEYS
                .iter()
                .any(|k| k.name == name && (k.secret || k.name == "database"));
            let shown = if secret { "…" } else { value };
            Failure::new(
                ErrorCode::InvalidField,
                format!("{name}: {shown:?} is {why} (from {origin})"),
            )
        })
    }

    /// A setting, or what it is by default.
    pub(super) fn or<T>(
        &self,
        name: &'static str,
        default: &str,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Result<T, Failure> {
        match self.get(name, &parse)? {
            Some(value) => Ok(value),
            None => parse(default).map_err(|why| Failure::new(ErrorCode::Internal, format!("{name}: {why}"))),
        }
    }

    /// A setting that has no default.
    pub(super) fn needed<T>(
        &self,
        name: &'static str,
        what: &str,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Result<T, Failure> {
        self.get(name, parse)?.ok_or_else(|| {
            let variable = format!("WINDLASS_{}", name.to_uppercase());
            let detail = format!("{name}: not set, it is {what}; say --{name} or {variable}, or write it into the settings file");
            Failure::new(ErrorCode::InvalidField, detail)
        })
    }

    /// One of two that belong together is missing.
    pub(super) fn lone(&self, there: &'static str, missing: &'static str) -> Failure {
        let from = self
            .values
            .get(there)
            .map(|(_, o)| o.to_string())
            .unwrap_or_default();
        Failure::new(
            ErrorCode::InvalidField,
            format!("{missing}: needed, for {there} is set (from {from})"),
        )
    }
}

fn known(name: &str, origin: &Origin) -> Result<&'static Key, Failure> {
    KEYS.iter().find(|k| k.name == name).ok_or_else(|| {
        let near = KEYS.iter().map(|k| k.name).find(|k| {
            let flat = |s: &str| s.replace(['-', '_'], "");
            flat(k) == flat(name) || k.starts_with(name) || name.starts_with(k)
        });
        let hint = near.map(|k| format!("; did you mean {k}?")).unwrap_or_default();
        Failure::new(
            ErrorCode::InvalidField,
            format!("{name}: there is no such setting (from {origin}){hint}"),
        )
    })
}

fn refuse_readable(path: &Path) -> Result<(), String> {
    let mode = std::fs::metadata(path)
        .map_err(|e| e.to_string())?
        .permissions()
        .mode();
    if mode & 0o077 == 0 {
        return Ok(());
    }
    Err(format!("others can read this file; chmod 600 {}", path.display()))
}

fn plain(value: &toml::Value) -> Option<String> {
    match value {
        toml::Value::String(text) => Some(text.clone()),
        toml::Value::Integer(n) => Some(n.to_string()),
        toml::Value::Boolean(b) => Some(b.to_string()),
        toml::Value::Array(all) => {
            let texts: Option<Vec<&str>> = all.iter().map(toml::Value::as_str).collect();
            texts.map(|t| t.join(","))
        }
        toml::Value::Float(_) | toml::Value::Datetime(_) | toml::Value::Table(_) => None,
    }
}
