//! Settings of the processing track.

use std::path::PathBuf;

use windlass_core::error::{ErrorCode, Failure};

use super::layers::Layers;
use super::parse;
use crate::outgoing::Origin;

/// Jobs at a time, at the most.
const MAX_WORKERS: usize = 64;

/// Who makes vectors. `Debug` shows no key.
#[derive(Clone, PartialEq, Eq)]
pub struct Embeddings {
    /// Its address.
    pub url: String,
    /// Its model.
    pub model: String,
    /// Its key.
    pub key: Option<String>,
    /// Numbers of a vector.
    pub dimensions: Option<usize>,
}

impl std::fmt::Debug for Embeddings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Embeddings")
            .field("model", &self.model)
            .finish_non_exhaustive()
    }
}

/// Settings of the processing track. `Debug` shows no secret.
#[derive(Clone)]
pub struct WorkSettings {
    /// Jobs at a time.
    pub workers: usize,
    /// Addresses that may be called inside the network.
    pub outgoing_allow: Vec<Origin>,
    /// Seals stored secrets; none: a file in the data folder.
    pub seal_key: Option<[u8; 32]>,
    /// Who makes vectors.
    pub embeddings: Option<Embeddings>,
    /// The program whose children read files; none: this one.
    pub extractor: Option<PathBuf>,
}

impl std::fmt::Debug for WorkSettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WorkSettings")
            .field("workers", &self.workers)
            .field("outgoing_allow", &self.outgoing_allow)
            .field("embeddings", &self.embeddings)
            .finish_non_exhaustive()
    }
}

pub(super) fn resolve(layers: &Layers) -> Result<WorkSettings, Failure> {
    let url = layers.get("embedding-url", parse::text)?;
    let model = layers.get("embedding-model", parse::text)?;
    let key = layers.get("embedding-key", parse::text)?;
    let dimensions = layers.get("embedding-dimensions", parse::count)?;
    let embeddings = match (url, model) {
        (Some(url), Some(model)) => Some(Embeddings {
            url,
            model,
            key,
            dimensions,
        }),
        (None, None) => None,
        (Some(_), None) => return Err(layers.lone("embedding-url", "embedding-model")),
        (None, Some(_)) => return Err(layers.lone("embedding-model", "embedding-url")),
    };
    if embeddings.is_none() && dimensions.is_some() {
        return Err(Failure::new(
            ErrorCode::InvalidField,
            "embedding-dimensions: says nothing without embedding-url",
        ));
    }
    Ok(WorkSettings {
        workers: layers.or("workers", "2", workers)?,
        outgoing_allow: layers.get("outgoing-allow", origins)?.unwrap_or_default(),
        seal_key: layers.get("seal-key", crate::seal::parse_key)?,
        embeddings,
        extractor: None,
    })
}

fn workers(value: &str) -> Result<usize, String> {
    let n: usize = value.parse().map_err(|_| "no whole number")?;
    if n <= MAX_WORKERS {
        Ok(n)
    } else {
        Err(format!("more than {MAX_WORKERS}"))
    }
}

fn origins(value: &str) -> Result<Vec<Origin>, String> {
    let one = |text: &str| {
        let why =
            |_| format!("no list of addresses: {text:?} is none, as http://10.0.0.7:8080, without a path");
        text.parse().map_err(why)
    };
    value
        .split([',', ' '])
        .filter(|t| !t.is_empty())
        .map(one)
        .collect()
}
