//! Breaks things: real servers, faults on the wire, sample data, and a desktop with a person's hands.
//!
//! A test starts what it needs ([`garage::Garage`], [`radosgw::Radosgw`], [`proxy::FaultProxy`], [`desktop::Desktop`]), drives the product by its
//! own doors, and asks an [`s3::Oracle`] or the disk what really is there. Nothing here uses the product's code, so the
//! two can't be wrong in the same way. Everything is plain blocking Rust, whatever runtime the test has; what is started
//! ends with its value, and at the latest with the test program.
//!
//! Only for tests: no crate of the product depends on it.
#![cfg(unix)]

pub mod bus;
pub mod desktop;
pub mod garage;
pub mod http;
pub mod identity;
pub mod mounts;
pub mod oidc;
pub mod postgres;
pub mod process;
pub mod proxy;
pub mod radosgw;
pub mod s3;
pub mod samples;
mod sigv4;
pub mod wait;
