//! What a bucket does besides what every storage does: a real Garage, and a proxy that breaks the wire before it.

use std::sync::Arc;

use tempfile::TempDir;
use windlass_protocol::destinations::{DestinationConfig, SecretKeep, StorageSecret};
use windlass_protocol::sessions::{Ids, InitAnswer};
use windlass_testkit::garage::Garage;
use windlass_testkit::proxy::{Call, Fault, FaultProxy, Moment, Rule};
use windlass_testkit::s3::Oracle;

use crate::support::{Kit, Sample, bytes, error_code, raw_id, settled};

const PART: u64 = 100_000;

pub fn config(garage: &Garage, endpoint: &str, prefix: &str) -> DestinationConfig {
    DestinationConfig::S3 {
        endpoint: endpoint.to_owned(),
        region: garage.region().to_owned(),
        bucket: garage.bucket().to_owned(),
        prefix: prefix.to_owned(),
        path_style: true,
    }
}

pub fn secret(garage: &Garage) -> StorageSecret {
    StorageSecret {
        access_key: garage.access_key().to_owned(),
        secret_key: garage.secret_key().to_owned(),
        session_token: None,
        keep: SecretKeep::File,
    }
}

/// A server with a bucket of its own place; keys of the tests never meet.
pub async fn kit() -> (Arc<Garage>, Kit) {
    let garage = tokio::task::spawn_blocking(|| Garage::shared().expect("Garage")).await.expect("started");
    let kit = Kit::with(config(&garage, garage.endpoint(), ""), Some(secret(&garage)), TempDir::new().expect("a place")).await;
    (garage, kit)
}
