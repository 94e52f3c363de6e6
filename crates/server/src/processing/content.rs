//! The bytes of a stored object, one after the other, wherever they lie.

use std::fs::File;
use std::path::Path;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use windlass_core::error::{ErrorCode, Failure};
use windlass_core::limits::READ_STEP_BYTES;
use windlass_protocol::client::{failure_of, transport_failure};

use crate::failure::{folder_failure, home_failure, internal};
use crate::service::Service;
use crate::service::source::Source;
use crate::store::ObjectRow;

/// A storage that says nothing for so long.
const SILENCE: Duration = Duration::from_secs(60);

/// Bytes that come.
pub(super) enum Content {
    /// From a file.
    File(tokio::fs::File),
    /// From a storage.
    Http(reqwest::Response),
}

impl Content {
    /// Begins to read an object.
    pub(super) async fn open(service: &Service, object: &ObjectRow) -> Result<Self, Failure> {
        match service.source(object).await? {
            Source::File(file) => Ok(Self::File(tokio::fs::File::from_std(file))),
            Source::Url(url) => get(&url).await.map(Self::Http),
        }
    }

    /// The next bytes; none at the end.
    pub(super) async fn next(&mut self) -> Result<Option<Bytes>, Failure> {
        match self {
            Self::File(file) => {
                let mut buffer = BytesMut::with_capacity(READ_STEP_BYTES);
                let n = file
                    .read_buf(&mut buffer)
                    .await
                    .map_err(|e| folder_failure("the file can't be read", e))?;
                Ok((n > 0).then(|| buffer.freeze()))
            }
            Self::Http(response) => response.chunk().await.map_err(|e| transport_failure(&e)),
        }
    }

    /// The object as a file of this computer: itself, or a copy without a name in `scratch`.
    pub(super) async fn file(service: &Service, object: &ObjectRow, scratch: &Path) -> Result<File, Failure> {
        let url = match service.source(object).await? {
            Source::File(file) => return Ok(file),
            Source::Url(url) => url,
        };
        let failed = |e: std::io::Error| home_failure("no room for a file that is to be read", &e);
        let folder = scratch.to_owned();
        let made = move || {
            std::fs::create_dir_all(&folder)?;
            tempfile::tempfile_in(&folder)
        };
        let file = tokio::task::spawn_blocking(made).await.map_err(internal)?;
        let mut file = tokio::fs::File::from_std(file.map_err(failed)?);
        let mut content = Self::Http(get(&url).await?);
        let mut left = object.plan.size();
        while let Some(bytes) = content.next().await? {
            left = left.checked_sub(bytes.len() as u64).ok_or_else(longer)?;
            file.write_all(&bytes).await.map_err(failed)?;
        }
        file.flush().await.map_err(failed)?;
        Ok(file.into_std().await)
    }
}

fn longer() -> Failure {
    Failure::new(
        ErrorCode::SizeMismatch,
        "the object is longer than it was when it was proved",
    )
}

async fn get(url: &str) -> Result<reqwest::Response, Failure> {
    let parsed: url::Url = url.parse().map_err(internal)?;
    let http = windlass_way::Client::new(windlass_way::is_loopback(url), None, || {
        reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(Duration::from_secs(15))
            .read_timeout(SILENCE)
    })?;
    let response = http
        .get()
        .get(parsed)
        .send()
        .await
        .map_err(|e| failure_of(&http, &e))?;
    match response.status().as_u16() {
        200 => Ok(response),
        404 => Err(Failure::new(ErrorCode::ObjectMissing, "the object is not there")),
        403 => Err(Failure::new(
            ErrorCode::StorageDenied,
            "the storage refuses to give the object out",
        )),
        status @ 500.. => Err(Failure::new(
            ErrorCode::StorageDown,
            format!("the storage answers {status}"),
        )),
        status => Err(Failure::new(
            ErrorCode::StorageError,
            format!("the storage answers {status}"),
        )),
    }
}
