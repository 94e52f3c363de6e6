//! Drives: takes in what people give, carries out what the machine decides, tells what is.
//!
//! An engine is born by [`start`] with the lock of a data folder ([`home`]) and a control plane to talk to. It opens the
//! queue, compares it with the control plane, the storage and the disk ([`launch`]), and then its shell ([`shell`]) feeds the
//! machine of `windlass-core` with events and carries out its effects: writes to the queue ([`persist`]), calls to the control
//! plane ([`calls`]), reads and PUTs ([`io`]). People reach it by [`EngineHandle`] alone: the window, the CLI and the local
//! socket are views of it. It ends by [`EngineHandle::shutdown`] or by kill -9; the next launch knows what is where.

mod accepts;
#[cfg(test)]
mod arguments;
mod behind;
mod calls;
mod changes;
mod choices;
mod chosen;
pub mod clock;
mod conditions;
mod convert;
mod deltas;
mod details;
mod diagnostics;
mod disks;
mod folders;
mod groups;
mod handle;
mod history;
pub mod home;
mod infos;
mod insights;
mod intake;
mod io;
mod launch;
mod log;
mod meter;
mod notes;
mod persist;
mod places;
mod planes;
mod preflight;
mod put_back;
mod receipts;
mod regroup;
pub mod remote;
mod room;
mod safe;
mod server;
mod shell;
pub mod sign_in;
mod spans;
mod start;
mod summary;
mod tracks;
mod unchanged;
pub mod view;
mod watch;
mod way;

pub use handle::{
    AddPaths, Chosen, EngineHandle, FileAct, Leave, LookFor, Origin, RowRange, Scope, Told, VerifyReport,
};
pub use preflight::Preflight;
pub use start::{EngineConfig, start};
pub use summary::{GroupEnd, Summary};
