//! What lies below the place of a destination, page by page: whole objects, then unfinished uploads.

use rusty_s3::Method;
use windlass_core::error::{ErrorCode, Failure};

use super::S3Storage;
use super::calls::percent_decoded;
use super::client::{Ask, QUICK};
use super::xml::{self, Node};
use crate::storage::{Found, Inventory, Turn};

impl S3Storage {
    pub(super) async fn page(&self, turn: Option<Turn>) -> Result<Inventory, Failure> {
        match turn {
            None => self.objects(None).await,
            Some(Turn::Objects(after)) => self.objects(Some(after)).await,
            Some(Turn::Uploads(key, upload)) => self.uploads(key, upload).await,
        }
    }

    async fn objects(&self, after: Option<String>) -> Result<Inventory, Failure> {
        let mut ask = Ask::default()
            .query("list-type", "2")
            .query("encoding-type", "url")
            .query("prefix", self.prefix.as_str());
        if let Some(token) = after {
            ask = ask.query("continuation-token", token);
        }
        let root = self.listing(ask).await?;
        let found = root.all("Contents").filter_map(|c| {
            Some(Found {
                key: decoded(&root, c.text_of("Key")?),
                upload_id: None,
                size: c.text_of("Size").and_then(|s| s.parse().ok()),
            })
        });
        let found = found.collect();
        let more = root
            .text_of("NextContinuationToken")
            .filter(|_| root.text_of("IsTruncated") == Some("true"));
        let next = match more {
            Some(token) => Turn::Objects(token.to_owned()),
            None => Turn::Uploads(String::new(), String::new()),
        };
        Ok(Inventory {
            found,
            next: Some(next),
        })
    }

    async fn uploads(&self, key: String, upload: String) -> Result<Inventory, Failure> {
        let mut ask = Ask::default()
            .query("uploads", "")
            .query("encoding-type", "url")
            .query("prefix", self.prefix.as_str());
        if !key.is_empty() {
            ask = ask.query("key-marker", key).query("upload-id-marker", upload);
        }
        let root = self.listing(ask).await?;
        let found: Vec<_> = root
            .all("Upload")
            .filter_map(|u| {
                Some(Found {
                    key: decoded(&root, u.text_of("Key")?),
                    upload_id: Some(u.text_of("UploadId")?.to_owned()),
                    size: None,
                })
            })
            .collect();
        let is_more = root.text_of("IsTruncated") == Some("true") && !found.is_empty();
        let next = match (root.text_of("NextKeyMarker"), root.text_of("NextUploadIdMarker")) {
            (Some(key), Some(upload)) if is_more && !key.is_empty() => {
                Some(Turn::Uploads(decoded(&root, key), upload.to_owned()))
            }
            _ => None,
        };
        Ok(Inventory { found, next })
    }

    async fn listing(&self, ask: Ask<'_>) -> Result<Node, Failure> {
        let reply = self.client.ask(Method::Get, ask, QUICK).await?.fine()?;
        xml::parse(&reply.body)
            .ok_or_else(|| Failure::new(ErrorCode::StorageError, "the answer can't be read"))
    }

    /// True when an object carries a token, whosever it is.
    pub(super) async fn is_marked(&self, key: &str) -> Result<bool, Failure> {
        Ok(self
            .client
            .head(key)
            .await?
            .is_some_and(|head| head.token.is_some()))
    }
}

fn decoded(root: &Node, key: &str) -> String {
    if root.text_of("EncodingType") == Some("url") {
        percent_decoded(key)
    } else {
        key.to_owned()
    }
}
