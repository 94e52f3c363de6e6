//! The routes in the words of those who called before: training uploads, upload groups, two tracks, records, and Uppy's
//! companion. Nothing is stored for them. Their statuses are [`words`] for what the ledger knows, derived in one place.

pub mod words;
