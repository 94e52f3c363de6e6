//! A bucket.

use std::sync::Arc;
use futures::future::BoxFuture;
use tokio::sync::mpsc;
use windlass_core::error::{ErrorCode, Failure};
use windlass_core::time::Timestamp;
use windlass_protocol::destinations::DestinationConfig;
use windlass_protocol::sessions::{SignPart, SignedPart};
use crate::clock::World;
use crate::secrets::Keys;
use super::*;

pub struct S3Storage {}
pub(crate) fn http_client() -> Result<reqwest::Client, Failure> { reqwest::Client::builder().build().map_err(|e| crate::failure::internal(e)) }
impl S3Storage { pub fn new(_: &DestinationConfig, _: &Keys, _: Capabilities, _: reqwest::Client, _: Arc<dyn World>) -> Result<Self, Failure> { Err(Failure::new(ErrorCode::StorageDown, "soon")) } }
impl ObjectStorage for S3Storage {
    fn copies_duplicates(&self) -> bool { false }
    fn names_are_looked_up(&self) -> bool { true }
    fn taken<'a>(&'a self, _: &'a [String], _: Timestamp) -> BoxFuture<'a, Result<Vec<bool>, Failure>> { unreachable!() }
    fn begin<'a>(&'a self, _: &'a ObjectRow, _: bool) -> BoxFuture<'a, Result<Option<String>, Failure>> { unreachable!() }
    fn room(&self, _: u64) -> BoxFuture<'_, Result<(), Failure>> { unreachable!() }
    fn sign(&self, _: &ObjectRow, _: &[SignPart], _: Timestamp) -> Result<Vec<SignedPart>, Failure> { unreachable!() }
    fn list<'a>(&'a self, _: &'a ObjectRow) -> BoxFuture<'a, Result<Listing, Failure>> { unreachable!() }
    fn complete(&self, _: Vec<CompleteJob>, _: mpsc::Sender<(usize, CompleteEnd)>) -> BoxFuture<'_, ()> { unreachable!() }
    fn copy<'a>(&'a self, _: &'a ObjectRow, _: &'a ObjectRow) -> BoxFuture<'a, CompleteEnd> { unreachable!() }
    fn discard<'a>(&'a self, _: &'a ObjectRow) -> BoxFuture<'a, Result<bool, Failure>> { unreachable!() }
    fn forget(&self, _: &[ObjectRow]) {}
    fn look<'a>(&'a self, _: &'a ObjectRow, _: Look) -> BoxFuture<'a, Result<Presence, Failure>> { unreachable!() }
}
pub mod trial { use super::*; pub async fn try_bucket(_: &S3Storage) -> (windlass_protocol::destinations::Check, Capabilities) { unreachable!() } }
