//! Where the shipped destinations keep their files: `DATA/files`, another folder, or a bucket.

use std::path::{Path, PathBuf};

use windlass_core::error::{ErrorCode, Failure};

use super::layers::Layers;
use super::parse;
use crate::secrets::Keys;

/// Where files go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoragePlace {
    /// A folder; each destination has one of its own in it.
    Folder(PathBuf),
    /// A bucket; each destination has a prefix of its own in it.
    Bucket(Bucket),
}

/// A bucket with its keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bucket {
    /// `https://host[:port]`.
    pub endpoint: String,
    /// Region of the signature.
    pub region: String,
    /// Bucket.
    pub bucket: String,
    /// Before the destination's own; empty, or with a slash at its end.
    pub prefix: String,
    /// `URL/BUCKET` instead of `BUCKET.URL`.
    pub path_style: bool,
    /// Empty folders are kept as objects without bytes.
    pub folder_markers: bool,
    /// Keys.
    pub keys: Keys,
}

enum Place {
    Folder(PathBuf),
    Bucket(Address),
}

struct Address {
    endpoint: Option<String>,
    region: String,
    bucket: String,
    prefix: String,
    path_style: bool,
    folder_markers: bool,
}

pub(super) fn resolve(layers: &Layers, data: &Path) -> Result<StoragePlace, Failure> {
    let address = match layers.get("storage", place)? {
        None => return Ok(StoragePlace::Folder(data.join("files"))),
        Some(Place::Folder(path)) => return Ok(StoragePlace::Folder(path)),
        Some(Place::Bucket(address)) => address,
    };
    let access = layers.get("storage-access-key", parse::text)?;
    let secret = layers.get("storage-secret-key", parse::text)?;
    let (Some(access_key), Some(secret_key)) = (access, secret) else {
        let detail = "storage-access-key, storage-secret-key: a bucket needs keys; set AWS_ACCESS_KEY_ID and \
                      AWS_SECRET_ACCESS_KEY, or write them into the settings file (mode 600)";
        return Err(Failure::new(ErrorCode::InvalidField, detail));
    };
    Ok(StoragePlace::Bucket(Bucket {
        endpoint: address
            .endpoint
            .unwrap_or_else(|| format!("https://s3.{}.amazonaws.com", address.region)),
        region: address.region,
        bucket: address.bucket,
        prefix: address.prefix,
        path_style: address.path_style,
        folder_markers: address.folder_markers,
        keys: Keys {
            access_key,
            secret_key,
            session_token: layers.get("storage-session-token", parse::text)?,
        },
    }))
}

fn place(value: &str) -> Result<Place, String> {
    let Some(rest) = value.strip_prefix("s3://") else {
        let path = value.strip_prefix("file://").unwrap_or(value);
        if path.contains("://") {
            return Err("neither a folder nor s3://BUCKET/PREFIX?endpoint=URL&region=R&path_style=1".into());
        }
        return parse::folder(path).map(Place::Folder);
    };
    let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (bucket, prefix) = place.split_once('/').unwrap_or((place, ""));
    if bucket.is_empty() {
        return Err("without a bucket: s3://BUCKET/PREFIX?endpoint=URL&region=R&path_style=1".into());
    }
    let prefix = prefix.trim_end_matches('/');
    let mut address = Address {
        endpoint: None,
        region: "us-east-1".into(),
        bucket: bucket.into(),
        prefix: if prefix.is_empty() {
            String::new()
        } else {
            format!("{prefix}/")
        },
        path_style: false,
        folder_markers: false,
    };
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
        match name.as_ref() {
            "endpoint" => {
                address.endpoint =
                    Some(parse::base_url(&value).map_err(|e| format!("wrong: its endpoint is {e}"))?);
            }
            "region" if !value.is_empty() => address.region = value.into_owned(),
            "path_style" => address.path_style = flag(&name, &value)?,
            "folder_markers" => address.folder_markers = flag(&name, &value)?,
            // Keys don't belong here: an address is logged and shown.
            _ => {
                return Err(format!(
                    "wrong: it has no field {name:?}; there are endpoint, region, path_style, folder_markers"
                ));
            }
        }
    }
    Ok(Place::Bucket(address))
}

fn flag(name: &str, value: &str) -> Result<bool, String> {
    match value {
        "1" | "true" => Ok(true),
        "0" | "false" => Ok(false),
        _ => Err(format!("wrong: {name} is neither 1 nor 0")),
    }
}
