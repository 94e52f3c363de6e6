//! From files of strangers to text and real type.
//!
//! A file that somebody uploaded may be broken or built to break its reader. So nothing here reads one in the process
//! of the server: [`Extractor::extract`] starts the program again as a child, hands it the open file as its standard
//! input and takes pieces of text from its standard output. The child ([`child::main_if_asked`]) gives up what it does
//! not need (memory beyond a limit, files, network, new processes), finds the real type ([`sniff`]), picks the reader
//! from [`formats::FORMATS`] and writes one JSON line for each piece. It ends with the job; whatever ends it earlier (a
//! panic, a limit, the clock) is an [`ExtractError`] that says which, and other jobs go on. Nothing survives a crash but
//! the pieces that the caller kept. Never written: any file. Never trusted: what the child says, beyond its limits.
//!
//! [`chunk`] cuts pieces for a search index; like [`sniff`] it is pure.

pub mod child;
pub mod chunk;
mod decode;
mod error;
pub mod formats;
mod limits;
mod parent;
mod piece;
pub mod sniff;
mod xml;
mod zipped;

pub use error::{ExtractError, Fault};
pub use limits::{Limit, Limits};
pub use parent::{Extractor, PathOrFile};
pub use piece::{Extracted, Locator, Metadata, Piece};
