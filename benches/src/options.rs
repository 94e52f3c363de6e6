//! What may be asked on the command line.

use std::path::PathBuf;

use clap::{Parser, Subcommand};

/// Measures Windlass beside the machine's floor, and beside other uploaders where they are installed.
#[derive(Debug, Parser)]
#[command(name = "windlass-benches")]
pub(crate) struct Options {
    /// Which benches; all when none is named. `list` names them.
    pub(crate) names: Vec<String>,
    /// Small sizes: shows that everything runs, measures little.
    #[arg(long)]
    pub(crate) quick: bool,
    /// Also what takes many minutes: a million files, a million sessions.
    #[arg(long)]
    pub(crate) full: bool,
    /// How often each thing is measured; floor, Windlass and peers take turns.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=50))]
    pub(crate) rounds: u32,
    /// Earlier results: ratios then and now are shown side by side.
    #[arg(long, value_name = "FILE")]
    pub(crate) compare: Option<PathBuf>,
    /// Where sample files are made and kept for the next run, and where homes and destinations are.
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// Writes no file into `benches/results`.
    #[arg(long)]
    pub(crate) no_save: bool,
    #[command(subcommand)]
    pub(crate) inner: Option<Outer>,
}

/// What this program starts of itself.
#[derive(Debug, Subcommand)]
pub(crate) enum Outer {
    /// Processes of the benches' own.
    #[command(hide = true)]
    Inner {
        /// Which.
        #[command(subcommand)]
        what: Inner,
    },
}

/// A process whose CPU or memory is measured apart.
#[derive(Debug, Subcommand)]
pub(crate) enum Inner {
    /// The discarding storage.
    Sink,
    /// Reads, hashes and sends; nothing else.
    FloorPut {
        /// `HOST:PORT` of the sink.
        address: String,
        /// File or folder.
        source: PathBuf,
        /// Without SHA-256.
        #[arg(long)]
        no_hash: bool,
    },
    /// Reads, hashes and writes; nothing else.
    FloorCopy {
        /// Folder.
        source: PathBuf,
        /// A new folder.
        target: PathBuf,
    },
    /// Looks at each file.
    FloorStat {
        /// Folder.
        source: PathBuf,
    },
    /// Makes a home full of interrupted sessions.
    LaunchSeed {
        /// The data folder.
        home: PathBuf,
        /// Files.
        source: PathBuf,
        /// A folder as destination.
        target: PathBuf,
    },
    /// Starts an engine on such a home, up to its report.
    Launch {
        /// The data folder.
        home: PathBuf,
    },
    /// A control plane and its clients.
    ControlPlane {
        /// An empty folder.
        dir: PathBuf,
        /// Sessions.
        sessions: usize,
        /// PostgreSQL instead of SQLite.
        #[arg(long)]
        database: Option<String>,
    },
    /// A ledger that grows.
    Ledger {
        /// An empty folder.
        dir: PathBuf,
        /// Sessions at which it is measured.
        #[arg(value_delimiter = ',')]
        sizes: Vec<u64>,
        /// PostgreSQL instead of SQLite.
        #[arg(long)]
        database: Option<String>,
        /// Another database, for the small ledger.
        #[arg(long, requires = "database")]
        small: Option<String>,
    },
    /// Rates of this machine.
    Machine {
        /// A folder on the disk in question.
        dir: PathBuf,
        /// `HOST:PORT` of the sink.
        address: String,
    },
}
