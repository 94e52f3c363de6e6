//! What may be typed.

mod group;
mod history;
mod watch;

pub use group::{Group, GroupMerge, GroupMove, GroupNote, GroupRename, GroupSplit};
pub use history::{EndedAs, FileKind, History};
pub use watch::{Despite, GroupBy, Watch, WatchAdd, WatchExplain, WatchName, WatchNow, WatchRun};

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::server::args::ServerVerb;

/// Exit codes and variables, below the help.
const AFTER: &str = "\
Exit codes:
  0    all of it was done; every file arrived and was proved
  2    some files did not arrive: each is named, with a code and what to do
  3    nothing was begun: wrong words, no such destination or group, a queue that can't be opened
  130  stopped by Ctrl+C or a signal, or paused; nothing is lost, `windlass resume` goes on

Environment:
  WINDLASS_HOME  another data folder: queue, ledger, logs
  WINDLASS_LOG   what is logged: error, warn, info (the default), debug, trace
  NO_COLOR       no colours";

/// Windlass uploads files and folders, proves that they arrived, and never loses its place.
///
/// Whatever happens on the way (a crash, no network, a changed file), the next command knows what is where and goes on from
/// there.
#[derive(Debug, Parser)]
#[command(name = "windlass", version, after_help = AFTER, after_long_help = AFTER, arg_required_else_help = true, max_term_width = 100)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub verb: Verb,
}

/// The verbs.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Upload files and folders, and wait until each is proved
    Up(Up),
    /// Show what is in the queue
    Status(Status),
    /// Go on with what was interrupted or paused, and wait until it is done
    Resume(Resume),
    /// Stop sending; nothing that is stored is lost
    Pause(OneGroup),
    /// Give a group up, and remove what is unfinished at the destination
    Cancel(Cancel),
    /// Try failed files again from where they stood, and wait until they are done
    Retry(Retry),
    /// Groups: put together, take apart, order, name, note
    #[command(subcommand)]
    Group(Group),
    /// Destinations: where files go
    #[command(subcommand)]
    Dest(Dest),
    /// Sign in at a Windlass server with the browser; what waited for it goes on
    Login(Login),
    /// Give the sign-in at a server back
    Logout(Logout),
    /// Watched folders: what is written to them is uploaded by itself
    #[command(subcommand)]
    Watch(Watch),
    /// Show what ended, and find verified files
    History(History),
    /// Show the proof of a group: what went where, when, with which SHA-256
    Receipt(Receipt),
    /// Ask the destination again whether everything is as it was proved
    Verify(Receipt),
    /// Print completions for a shell
    Completions(Completions),
    /// Write the pages of the manual into a folder; what packages are made with
    #[command(hide = true)]
    Man(Man),
    /// What a server needs
    #[command(flatten)]
    Server(ServerVerb),
}

/// Shared by verbs that print.
#[derive(Debug, Clone, Copy, Args)]
pub struct Json {
    /// Print lines of JSON instead of words
    #[arg(long)]
    pub json: bool,
}

/// `windlass up`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  windlass up ~/Pictures/Shoot --group \"Shoot 12 May\" --to nas
  windlass up -- --a-name-with-dashes

With --json the last line is
  {\"event\":\"summary\",\"group\":ID,\"files\":N,\"uploaded\":N,\"deduplicated\":N,\"unchanged\":N,\"rejected\":N,
   \"failed\":N,\"open\":N,\"bytes\":N,\"bytes_sent\":N,\"parts_sent\":N,\"seconds\":S}
before it come `started`, `progress` (two a second), `file_failed` (one a file), `notice`,
`interrupted`, `taken_over`, `paused`, `stopped`.")]
pub struct Up {
    /// Files and folders
    #[arg(required = true, value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// Name of the group [default: made from the paths]
    #[arg(long, value_name = "NAME")]
    pub group: Option<String>,
    /// Destination, by name [default: the default destination]
    #[arg(long, value_name = "DEST")]
    pub to: Option<String>,
    /// Whatever network, power or schedule say; until what holds now has ended
    #[arg(long)]
    pub anyway: bool,
    /// Write everything down and send nothing until `windlass resume`
    #[arg(long, conflicts_with = "anyway")]
    pub paused: bool,
    /// Output
    #[command(flatten)]
    pub json: Json,
}

/// `windlass status`
#[derive(Debug, Args)]
pub struct Status {
    /// Only this group, with its errors: its name, its id, or the beginning of its id
    pub group: Option<String>,
    /// Also groups that ended more than a day ago
    #[arg(long)]
    pub all: bool,
    /// What other machines of yours began on your servers and left
    #[arg(long, conflicts_with_all = ["group", "all"])]
    pub elsewhere: bool,
    /// Output
    #[command(flatten)]
    pub json: Json,
}

/// A verb about one group or all.
#[derive(Debug, Args)]
pub struct OneGroup {
    /// Only this group: its name, its id, or the beginning of its id
    pub group: Option<String>,
    /// Output
    #[command(flatten)]
    pub json: Json,
}

/// `windlass resume`
#[derive(Debug, Args)]
#[command(after_help = "\
What `windlass status` gives as the reason may be passed over: a metered network, a low battery, the
schedule. It then does not count until it has ended.
  windlass resume --anyway          everything, now
  windlass resume Shoot --anyway    one group, now")]
pub struct Resume {
    /// Only this group: its name, its id, or the beginning of its id
    pub group: Option<String>,
    /// Whatever network, power or schedule say; until what holds now has ended
    #[arg(long)]
    pub anyway: bool,
    /// Output
    #[command(flatten)]
    pub json: Json,
}

/// `windlass cancel`
#[derive(Debug, Args)]
pub struct Cancel {
    /// The group: its name, its id, or the beginning of its id
    pub group: String,
    /// Don't ask first
    #[arg(long, short)]
    pub yes: bool,
    /// A group that another machine left on a server, as `windlass status --elsewhere` lists it
    #[arg(long)]
    pub elsewhere: bool,
    /// Output
    #[command(flatten)]
    pub json: Json,
}

/// `windlass retry`
#[derive(Debug, Args)]
pub struct Retry {
    /// Only this group: its name, its id, or the beginning of its id
    pub group: Option<String>,
    /// Only files with this error, as `no_permission` or `WL-102`
    #[arg(long, value_name = "CODE")]
    pub only: Option<String>,
    /// Have the server do again what it failed to do with files that arrived; nothing is uploaded
    #[arg(long, conflicts_with = "only")]
    pub processing: bool,
    /// Output
    #[command(flatten)]
    pub json: Json,
}

/// `windlass receipt`, `windlass verify`
#[derive(Debug, Args)]
pub struct Receipt {
    /// The group: its name, its id, or the beginning of its id
    pub group: String,
    /// Output
    #[command(flatten)]
    pub json: Json,
}

/// `windlass completions`
#[derive(Debug, Args)]
pub struct Completions {
    /// The shell
    pub shell: clap_complete::Shell,
}

/// `windlass man`
#[derive(Debug, Args)]
pub struct Man {
    /// A folder that is there
    pub folder: PathBuf,
}

/// `windlass dest`
#[derive(Debug, Subcommand)]
pub enum Dest {
    /// Test a folder, a bucket or a server, and add it
    Add(Box<DestAdd>),
    /// List destinations
    List(Json),
    /// Test a destination again; what waits for it goes on when it is fine
    Test(DestName),
    /// Remove a destination; its files stay where they are
    Remove(DestName),
    /// Use this destination when a command names none
    Default(DestName),
    /// Give a server a new token; what waited for it goes on
    Token(DestToken),
    /// Set which files a folder or a bucket takes
    Limits(DestLimits),
    /// Set the proxy by which a bucket or a server is reached
    Proxy(DestProxy),
}

/// A name that a proxy asks for, and whom it is not for.
#[derive(Debug, Clone, Args)]
pub struct ProxyMore {
    /// Name to sign in with at the proxy; its password comes from WINDLASS_PROXY_PASSWORD, or is asked for
    #[arg(long, value_name = "NAME")]
    pub proxy_user: Option<String>,
    /// Hosts that are reached without it, like example.com,10.0.0.0/8; may be given more than once
    #[arg(long, value_name = "HOSTS", value_delimiter = ',')]
    pub proxy_except: Vec<String>,
}

/// `windlass dest proxy`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  windlass dest proxy studio http://proxy.example:3128 --proxy-user ann
  windlass dest proxy studio none     # by no proxy, whatever the others do
  windlass dest proxy studio all      # as all the others again
  windlass dest proxy studio          # says it

The destination is tested by that way first; when the test fails, nothing changes. The proxy of all the others is chosen in the
settings of the window.")]
pub struct DestProxy {
    /// Name of the destination
    pub name: String,
    /// http://HOST:PORT, "none", "system" for the one of the system, or "all" for the one of all the others
    pub proxy: Option<String>,
    /// More about it
    #[command(flatten)]
    pub more: ProxyMore,
    /// Keep the password in a file that only you can read, not in the system's keyring
    #[arg(long)]
    pub secrets_file: bool,
    /// Output
    #[command(flatten)]
    pub json: Json,
}

/// Which files a destination takes.
#[derive(Debug, Clone, Args)]
pub struct Limits {
    /// Largest file that it takes, in bytes
    #[arg(long, value_name = "BYTES")]
    pub max_file: Option<u64>,
    /// Types of files that it refuses, like exe,msi; may be given more than once
    #[arg(long, value_name = "TYPES", value_delimiter = ',')]
    pub refuse: Vec<String>,
}

/// `windlass dest limits`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  windlass dest limits nas --max-file 5000000000 --refuse exe,msi
  windlass dest limits nas            # says them
  windlass dest limits nas --no-limits

What is not given is not limited any more. Files that are refused are left out of an upload, each with its reason; the others go.")]
pub struct DestLimits {
    /// Name of the destination
    pub name: String,
    /// The limits
    #[command(flatten)]
    pub limits: Limits,
    /// Take everything again
    #[arg(long, conflicts_with_all = ["max_file", "refuse"])]
    pub no_limits: bool,
    /// Output
    #[command(flatten)]
    pub json: Json,
}

/// `windlass dest token`
#[derive(Debug, Args)]
pub struct DestToken {
    /// Name of the destination
    pub name: String,
    /// File with the token [default: WINDLASS_TOKEN, else it is asked for]
    #[arg(long, value_name = "FILE")]
    pub token_file: Option<PathBuf>,
    /// Output
    #[command(flatten)]
    pub json: Json,
}

/// `windlass login`
#[derive(Debug, Args)]
#[command(after_help = "\
An address and a code are printed; open the address in any browser, on any device, and enter the code. Destinations on the
server get the new sign-in; when there is none, one is added.

With --json a line {\"event\":\"sign_in\",\"address\":…,\"address_with_code\":…,\"code\":…} is printed before the wait.")]
pub struct Login {
    /// Address of the server
    pub url: String,
    /// Name of the destination that is added [default: the server's host]
    #[arg(long)]
    pub name: Option<String>,
    /// Which of the server's destinations is added, by its name there [default: the only one]
    #[arg(long, value_name = "NAME")]
    pub place: Option<String>,
    /// Keep the sign-in in a file that only you can read, not in the system's keyring
    #[arg(long)]
    pub secrets_file: bool,
    /// Output
    #[command(flatten)]
    pub json: Json,
}

/// `windlass logout`
#[derive(Debug, Args)]
pub struct Logout {
    /// The server: its address, or the name of a destination on it
    pub server: String,
    /// Output
    #[command(flatten)]
    pub json: Json,
}

/// `windlass dest add`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  windlass dest add nas --folder /mnt/nas
  windlass dest add bucket --s3 https://s3.example.com --bucket photos --region eu-1
  windlass dest add team --server https://up.example.com --place recordings

Keys of a bucket come from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, the token of a server from --token-file or
WINDLASS_TOKEN, or they are asked for in a terminal; a server where people sign in shows an address and a code instead.
When the test fails, nothing is saved and the exit code is 3.")]
#[command(group = clap::ArgGroup::new("kind").required(true).args(["folder", "s3", "server"]))]
pub struct DestAdd {
    /// Its name
    pub name: String,
    /// A folder on this computer or on a network drive
    #[arg(long, value_name = "DIR")]
    pub folder: Option<PathBuf>,
    /// Address of an S3-compatible storage
    #[arg(long, value_name = "URL", requires = "bucket")]
    pub s3: Option<String>,
    /// Bucket
    #[arg(long, requires = "s3")]
    pub bucket: Option<String>,
    /// Region of the bucket
    #[arg(long, requires = "s3", default_value = "us-east-1")]
    pub region: String,
    /// Put this before every key
    #[arg(long, requires = "s3", default_value = "", hide_default_value = true)]
    pub prefix: String,
    /// Address the bucket as URL/BUCKET instead of BUCKET.URL
    #[arg(long, requires = "s3")]
    pub path_style: bool,
    /// Keep an empty folder as an object without bytes whose key ends in /
    #[arg(long, requires = "s3")]
    pub folder_markers: bool,
    /// Address of a Windlass server
    #[arg(long, value_name = "URL")]
    pub server: Option<String>,
    /// Which of the server's destinations, by its name there [default: the only one]
    #[arg(long, value_name = "NAME", requires = "server", conflicts_with_all = ["folder", "s3"])]
    pub place: Option<String>,
    /// File with the server's token [default: WINDLASS_TOKEN, else a sign-in, else it is asked for]
    #[arg(long, value_name = "FILE", requires = "server", conflicts_with_all = ["folder", "s3"])]
    pub token_file: Option<PathBuf>,
    /// Sign in at the server with the browser, also where no terminal is
    #[arg(long, requires = "server", conflicts_with_all = ["folder", "s3", "token_file"])]
    pub sign_in: bool,
    /// Keep the keys or the token in a file that only you can read, not in the system's keyring
    #[arg(long, conflicts_with = "folder")]
    pub secrets_file: bool,
    /// What it takes
    #[command(flatten)]
    pub limits: Limits,
    /// Reach it by this proxy: http://HOST:PORT, "none", or "system" [default: the one of all the others]
    #[arg(long, conflicts_with = "folder")]
    pub proxy: Option<String>,
    /// More about the proxy
    #[command(flatten)]
    pub proxy_more: ProxyMore,
    /// Use it when a command names no destination (the first one always is)
    #[arg(long)]
    pub default: bool,
    /// Output
    #[command(flatten)]
    pub json: Json,
}

/// A destination.
#[derive(Debug, Args)]
pub struct DestName {
    /// Its name
    pub name: String,
    /// Output
    #[command(flatten)]
    pub json: Json,
}

impl Verb {
    /// Whether lines of JSON were asked for.
    #[must_use]
    pub fn json(&self) -> bool {
        match self {
            Self::Up(a) => a.json.json,
            Self::Status(a) => a.json.json,
            Self::Resume(a) => a.json.json,
            Self::Pause(a) => a.json.json,
            Self::Cancel(a) => a.json.json,
            Self::Retry(a) => a.json.json,
            Self::Receipt(a) | Self::Verify(a) => a.json.json,
            Self::History(a) => a.json.json,
            Self::Login(a) => a.json.json,
            Self::Logout(a) => a.json.json,
            Self::Group(group) => group.json(),
            Self::Watch(watch) => watch.json(),
            Self::Completions(_) | Self::Man(_) => false,
            Self::Server(verb) => verb.json(),
            Self::Dest(Dest::Add(a)) => a.json.json,
            Self::Dest(Dest::List(a)) => a.json,
            Self::Dest(Dest::Test(a) | Dest::Remove(a) | Dest::Default(a)) => a.json.json,
            Self::Dest(Dest::Token(a)) => a.json.json,
            Self::Dest(Dest::Limits(a)) => a.json.json,
            Self::Dest(Dest::Proxy(a)) => a.json.json,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &[&str]) -> Result<Verb, clap::error::ErrorKind> {
        Cli::try_parse_from(std::iter::once(&"windlass").chain(line))
            .map(|c| c.verb)
            .map_err(|e| e.kind())
    }

    #[test]
    fn the_definitions_are_sound() {
        <Cli as clap::CommandFactory>::command().debug_assert();
    }

    #[test]
    fn a018_names_with_dashes_are_paths_after_two_dashes() {
        let Ok(Verb::Up(up)) = parsed(&["up", "--", "--group=x", "-rf", "@list"]) else {
            panic!("refused")
        };
        assert_eq!(up.paths, ["--group=x", "-rf", "@list"].map(PathBuf::from));
        assert_eq!(up.group, None);
    }

    #[test]
    fn a_destination_is_a_folder_a_bucket_or_a_server_never_two() {
        assert!(parsed(&["dest", "add", "n", "--folder", "/x"]).is_ok());
        assert!(parsed(&["dest", "add", "n", "--s3", "http://h", "--bucket", "b"]).is_ok());
        assert!(
            parsed(&[
                "dest",
                "add",
                "n",
                "--server",
                "http://h",
                "--place",
                "p",
                "--secrets-file"
            ])
            .is_ok()
        );
        for bad in [
            &["dest", "add", "n"][..],
            &["dest", "add", "n", "--server", "http://h", "--folder", "/x"],
            &["dest", "add", "n", "--folder", "/x", "--place", "p"],
            &["dest", "add", "n", "--s3", "http://h"],
            &[
                "dest", "add", "n", "--folder", "/x", "--s3", "http://h", "--bucket", "b",
            ],
            &["dest", "add", "n", "--folder", "/x", "--secrets-file"],
            &["up"],
            &["cancel"],
            &["uppp"],
        ] {
            assert!(parsed(bad).is_err(), "{bad:?}");
        }
    }
}
