//! What a person fills in for a destination, to and fro.

use windlass_core::error::{ErrorCode, Failure};
use windlass_core::ids::DestinationId;
use windlass_protocol::destinations::{DestinationConfig, PutDestination, SecretKeep, StorageSecret};
use windlass_queue::destinations::DestinationKind as RowKind;
use windlass_queue::servers;

use super::rows;
use crate::groups::checked_name;
use crate::shell::Shared;
use crate::view::{KeepSecret, NewDestination, NewS3, NewServer};

/// `keeps_key`: without a new key, the stored one stays.
pub(super) fn request(
    id: DestinationId,
    new: &NewDestination,
    keeps_key: bool,
) -> Result<(PutDestination, RowKind, String), Failure> {
    let name = checked_name(&new.name)?;
    let accepts = new.accepts.clone().tidied();
    accepts.checked()?;
    let accepts = Some(accepts);
    match (&new.folder, &new.s3) {
        (Some(folder), None) => {
            if !std::path::Path::new(folder).is_absolute() {
                return Err(Failure::new(
                    ErrorCode::InvalidField,
                    "the folder's path has to be absolute",
                ));
            }
            let config = DestinationConfig::Folder { path: folder.clone() };
            Ok((
                PutDestination {
                    id,
                    name,
                    config,
                    secret: None,
                    accepts,
                },
                RowKind::Folder,
                folder.clone(),
            ))
        }
        (None, Some(s3)) => {
            let endpoint = s3.endpoint.trim().trim_end_matches('/').to_owned();
            if !(endpoint.starts_with("https://") || endpoint.starts_with("http://")) {
                return Err(Failure::new(
                    ErrorCode::InvalidField,
                    "the address begins with https:// or http://",
                ));
            }
            let keyless = s3.access_key.is_empty() && s3.secret_key.is_empty() && keeps_key;
            if s3.bucket.trim().is_empty()
                || !keyless && (s3.access_key.is_empty() || s3.secret_key.is_empty())
            {
                return Err(Failure::new(
                    ErrorCode::InvalidField,
                    "bucket, key and secret are needed",
                ));
            }
            let keep = match s3.keep_secret {
                KeepSecret::Keyring => SecretKeep::Keyring,
                KeepSecret::File => SecretKeep::File,
                KeepSecret::Session => SecretKeep::Session,
            };
            let secret = StorageSecret {
                access_key: s3.access_key.clone(),
                secret_key: s3.secret_key.clone(),
                session_token: None,
                keep,
            };
            let host = endpoint.split("://").nth(1).unwrap_or(&endpoint);
            let location = format!("{} at {host}", s3.bucket.trim());
            let config = DestinationConfig::S3 {
                endpoint: endpoint.clone(),
                region: s3.region.trim().to_owned(),
                bucket: s3.bucket.trim().to_owned(),
                prefix: s3.prefix.trim().to_owned(),
                path_style: s3.path_style,
                folder_markers: s3.folder_markers,
            };
            Ok((
                PutDestination {
                    id,
                    name,
                    config,
                    secret: (!keyless).then_some(secret),
                    accepts,
                },
                RowKind::S3,
                location,
            ))
        }
        (None, None) | (Some(_), Some(_)) => Err(Failure::new(
            ErrorCode::InvalidField,
            "a folder, a bucket or a server, one of the three",
        )),
    }
}

/// What is known of a destination, to be changed; never its key.
pub(crate) async fn form(shared: &Shared, id: DestinationId) -> Result<NewDestination, Failure> {
    let row = rows(shared).await?.into_iter().find(|r| r.id == id);
    let proxy = crate::way::of(shared, id).await?;
    if let (Some(row), Some(behind)) = (&row, shared.planes.server(id)) {
        return Ok(NewDestination {
            name: row.name.clone(),
            folder: None,
            s3: None,
            server: Some(NewServer {
                url: behind.url,
                token: String::new(),
                place: behind.remote_name,
                keep_secret: match behind.keep {
                    servers::Keep::Keyring => KeepSecret::Keyring,
                    servers::Keep::File => KeepSecret::File,
                    servers::Keep::Session => KeepSecret::Session,
                },
            }),
            make_default: row.is_default,
            accepts: row.accepts.clone(),
            proxy,
        });
    }
    let theirs = shared.planes.own().destinations().await?;
    let theirs = theirs.into_iter().find(|d| d.id == id);
    let (Some(row), Some(theirs)) = (row, theirs) else {
        return Err(Failure::new(ErrorCode::NotFound, "no such destination"));
    };
    let accepts = theirs.accepts();
    let (folder, s3) = match theirs.config {
        DestinationConfig::Folder { path } => (Some(path), None),
        DestinationConfig::S3 {
            endpoint,
            region,
            bucket,
            prefix,
            path_style,
            folder_markers,
        } => (
            None,
            Some(NewS3 {
                endpoint,
                region,
                bucket,
                prefix,
                path_style,
                folder_markers,
                access_key: String::new(),
                secret_key: String::new(),
                keep_secret: KeepSecret::Keyring,
            }),
        ),
    };
    Ok(NewDestination {
        name: row.name,
        folder,
        s3,
        server: None,
        make_default: row.is_default,
        accepts,
        proxy,
    })
}
