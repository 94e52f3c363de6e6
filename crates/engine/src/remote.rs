//! The local socket: a running engine takes work from other programs of the same user.
//!
//! Who holds the lock of a data folder may [`serve`] its engine on `engine.sock` in there; who finds the folder taken
//! asks by a [`Client`]. The socket is born beside its place and renamed onto it, so what a dead owner left is replaced in
//! one step, by the owner of the lock alone. It ends with its [`ServeGuard`]. A socket file that survives kill -9 answers
//! nobody, which a client tells from an owner that is busy.
//!
//! One connection is one question: a line of JSON ([`wire`]) there, lines of JSON back, the last of them the answer. An
//! answer is sent only when what it says is durable (F189): who asked keeps its paths until then. A connection that
//! ends without an answer is [`CallError::Gone`]; who asked then waits for the lock and does it itself. A question whose
//! asker left before it was begun is not begun.
//!
//! Only the same user may ask: the folder is 0700, the socket 0600, and both sides look at the other's uid (A23).

mod address;
mod client;
mod folders;
mod groups;
mod line;
mod server;
mod watch;
mod wire;

pub use client::{CallError, Client};
pub use server::{ServeGuard, serve};
pub use watch::{WatchEvent, watch};
