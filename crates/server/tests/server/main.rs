//! The control plane through its own door: a real embedded server, its typed client, and plain PUTs.

mod support;

mod conformance;
mod dedup;
mod destinations;
mod folder;
mod guard;
mod ledger;
mod s3;
