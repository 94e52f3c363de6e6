//! Texts as vectors, made by any endpoint that speaks the widespread `/v1/embeddings`, and the search among them.
//!
//! A text is a chunk of a file; the job that cut it hands its chunks to an [`Embedder`], which sends them in batches within
//! the endpoint's limits, waits when it is told to, and hands back one vector a text, in order, all of one dimension, or a
//! failure and nothing. Vectors are stored as the little-endian bytes of their `f32`s ([`vector`]); [`search`] compares
//! those bytes as they are. Nothing is kept here: a job that dies asks for all its vectors again.

mod client;
pub mod search;
pub mod vector;
mod wire;

pub use client::{ApiKey, Embedded, Embedder, Endpoint, MAX_TEXT_BYTES};
