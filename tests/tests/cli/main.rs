//! `windlass` on the command line, against a folder and against a real S3 server: what arrives, what survives, what is said.

mod conditions;
mod crash;
mod descriptors;
mod doors;
mod folder;
mod groups;
mod limits;
mod names;
mod outage;
mod proxy;
mod queue;
mod server;
mod share;
mod sign_in;
mod sources;
mod storage;
mod target;
mod vanish;
mod watch;
