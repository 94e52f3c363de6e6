//! What may be typed after `windlass serve`, `token`, `user`, `jobs`, `migrate`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use windlass_core::error::{ErrorCode, Failure};
use windlass_server::serve::settings::{KEYS, Layers};

use crate::args::Json;

/// The verbs of a server.
#[derive(Debug, Subcommand)]
pub enum ServerVerb {
    /// Run the server for a team: takes uploads over HTTP, keeps the ledger, proves what arrived
    Serve(Serve),
    /// API tokens of a server: make, list, take back
    #[command(subcommand)]
    Token(Token),
    /// Users of a server: add, list, disable
    #[command(subcommand)]
    User(User),
    /// Jobs of a server: list, show, replay failed ones, cancel
    #[command(subcommand)]
    Jobs(Jobs),
    /// Clean up what nobody will finish, or tell what was done to whom and why
    #[command(subcommand)]
    Janitor(Janitor),
    /// Bring a server's ledger to the version of this program, or tell whether it is there
    Migrate(Migrate),
}

/// Which server.
#[derive(Debug, Clone, Args)]
pub struct Where {
    /// Data folder of the server
    #[arg(long, value_name = "DIR")]
    pub data: Option<String>,
    /// PostgreSQL instead of SQLite in the data folder: postgres://USER:PASSWORD@HOST/NAME
    #[arg(long, value_name = "URL", hide_env_values = true)]
    pub database: Option<String>,
    /// File with settings, in TOML
    #[arg(long, value_name = "FILE", env = "WINDLASS_CONFIG")]
    pub config: Option<PathBuf>,
    /// Any other setting
    #[arg(long, value_name = "NAME=VALUE")]
    pub set: Vec<String>,
    /// Output
    #[command(flatten)]
    pub json: Json,
}

impl Where {
    /// Flags over the environment over the file.
    ///
    /// # Errors
    /// `invalid_field` for what is no setting.
    pub fn layers(&self, more: &[(&str, Option<String>)]) -> Result<Layers, Failure> {
        let mut flags = Vec::new();
        for pair in &self.set {
            let Some((name, value)) = pair.split_once('=') else {
                let detail = format!("--set {pair}: write it as NAME=VALUE");
                return Err(Failure::new(ErrorCode::InvalidField, detail));
            };
            flags.push((name.to_owned(), value.to_owned()));
        }
        let own = [("data", &self.data), ("database", &self.database)];
        let more = more.iter().map(|(name, value)| (*name, value));
        for (name, value) in own.into_iter().chain(more) {
            if let Some(value) = value {
                flags.push((name.to_owned(), value.clone()));
            }
        }
        let variable = |name: &str| std::env::var(name).ok();
        Layers::read(&flags, variable, self.config.as_deref())
    }
}

/// Below the help of `serve`.
fn settings_help() -> String {
    let mut text = String::from(
        "Settings, by --NAME or --set NAME=VALUE, by WINDLASS_NAME (with _ for -), or in the file; in this order:\n",
    );
    for key in KEYS {
        let default = match key.default {
            "" => String::new(),
            default => format!(" [{default}]"),
        };
        text.push_str(&format!("  {:<22} {}{default}\n", key.name, key.help));
    }
    text.push_str(
        "\nExamples:\n  \
         windlass serve --data /var/lib/windlass\n  \
         windlass serve --data /var/lib/windlass --database postgres://windlass@db/windlass \\\n    \
         --storage 's3://uploads?endpoint=https://s3.example.com&region=eu-1' --public-url https://up.example.com\n\n\
         With --json the first line is {\"event\":\"listening\",\"url\":URL}. Logs go to stderr, a line of JSON each.\n\
         SIGTERM and SIGINT end it in order: requests that are under way are answered.",
    );
    text
}

/// `windlass serve`
#[derive(Debug, Args)]
#[command(after_long_help = settings_help(), after_help = "Run `windlass serve --help` for all settings.")]
pub struct Serve {
    /// Which server
    #[command(flatten)]
    pub place: Where,
    /// Address and port; port 0 picks a free one [default: 127.0.0.1:8640]
    #[arg(long, value_name = "ADDR")]
    pub listen: Option<String>,
    /// How clients reach the server, as https://up.example.com
    #[arg(long, value_name = "URL")]
    pub public_url: Option<String>,
    /// Where files go: a folder, or s3://BUCKET/PREFIX?endpoint=URL&region=R&path_style=1 [default: DIR/files]
    #[arg(long, value_name = "PLACE")]
    pub storage: Option<String>,
    /// Certificate chain for TLS, PEM
    #[arg(long, value_name = "FILE")]
    pub tls_cert: Option<String>,
    /// Its key, PEM
    #[arg(long, value_name = "FILE")]
    pub tls_key: Option<String>,
    /// Networks of proxies whose X-Forwarded-For is believed, as 10.0.0.0/8
    #[arg(long, value_name = "NETS")]
    pub trusted_proxies: Option<String>,
    /// Origins of web pages that may call, as https://app.example.com
    #[arg(long, value_name = "ORIGINS")]
    pub cors_origins: Option<String>,
}

/// `windlass token`
#[derive(Debug, Subcommand)]
pub enum Token {
    /// Make a token; its secret is shown once
    Create(TokenCreate),
    /// List tokens, without their secrets
    List(TokenList),
    /// Take a token back; it is refused within seconds
    Revoke(TokenRevoke),
}

/// `windlass token create`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  windlass token create --data /var/lib/windlass --name laptop --scopes upload,read
  windlass token create --data /var/lib/windlass --name robot --scopes upload --owner ann --expires 90d

With --json it prints {\"token\":SECRET,\"id\":ID,\"owner\":ID,\"scopes\":[…],\"expires_at\":MS}.")]
pub struct TokenCreate {
    /// Which server
    #[command(flatten)]
    pub place: Where,
    /// What people know it by
    #[arg(long)]
    pub name: String,
    /// What it allows: upload, read, delete, process, admin
    #[arg(long, value_delimiter = ',', required = true)]
    pub scopes: Vec<String>,
    /// Whose it is: a user's name, mail address or id [default: admin, made when it is not there]
    #[arg(long, value_name = "USER")]
    pub owner: Option<String>,
    /// When it ends: 12h, 90d, or a time as 2030-01-31T00:00:00Z [default: never]
    #[arg(long, value_name = "WHEN")]
    pub expires: Option<String>,
    /// Only for these destinations, by name
    #[arg(long, value_delimiter = ',', value_name = "NAMES")]
    pub destinations: Vec<String>,
}

/// `windlass token list`
#[derive(Debug, Args)]
pub struct TokenList {
    /// Which server
    #[command(flatten)]
    pub place: Where,
    /// Only this user's
    #[arg(long, value_name = "USER")]
    pub owner: Option<String>,
}

/// `windlass token revoke`
#[derive(Debug, Args)]
pub struct TokenRevoke {
    /// Its name, its id, or the beginning of its id
    pub token: String,
    /// Which server
    #[command(flatten)]
    pub place: Where,
}

/// `windlass user`
#[derive(Debug, Subcommand)]
pub enum User {
    /// Add a user
    Add(UserAdd),
    /// List users
    List(Where),
    /// Refuse a user everywhere; what they uploaded stays
    Disable(UserName),
    /// Let a disabled user in again
    Enable(UserName),
}

/// `windlass user add`
#[derive(Debug, Args)]
pub struct UserAdd {
    /// Their name
    pub name: String,
    /// Which server
    #[command(flatten)]
    pub place: Where,
    /// Their mail address
    #[arg(long)]
    pub email: Option<String>,
    /// What they may be for: member, worker, admin
    #[arg(long, default_value = "member")]
    pub role: String,
    /// Bytes that they may store, as 10GB [default: no limit]
    #[arg(long, value_name = "SIZE")]
    pub quota: Option<String>,
}

/// A user.
#[derive(Debug, Args)]
pub struct UserName {
    /// Their name, mail address or id
    pub name: String,
    /// Which server
    #[command(flatten)]
    pub place: Where,
}

/// `windlass janitor`
#[derive(Debug, Subcommand)]
pub enum Janitor {
    /// Clean up now; a running server does it once a day by itself
    Run(JanitorRun),
    /// What was done to whom and why, newest first
    Audit(JanitorAudit),
}

/// `windlass janitor run`
#[derive(Debug, Args)]
#[command(after_help = "\
Keys of a bucket come from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY with --set storage=s3://…, as for `serve`.

With --json it prints a line a step, {\"action\":WORD,\"subject_kind\":WORD,\"subject\":ID,\"reason\":TEXT,\"end\":WORD}, and at
the end {\"event\":\"ran\",\"dry_run\":BOOL,\"steps\":N,\"failed\":N,\"abandoned\":N,\"more\":BOOL}.")]
pub struct JanitorRun {
    /// Which server
    #[command(flatten)]
    pub place: Where,
    /// Only tell what would be done
    #[arg(long)]
    pub dry_run: bool,
}

/// `windlass janitor audit`
#[derive(Debug, Args)]
pub struct JanitorAudit {
    /// Which server
    #[command(flatten)]
    pub place: Where,
    /// Only acts of this word, as `janitor.condemn`, or those that begin so, as `janitor.`
    #[arg(long, value_name = "WORD")]
    pub action: Option<String>,
    /// At most so many
    #[arg(long, value_name = "N", default_value_t = 100)]
    pub limit: u32,
}

/// `windlass migrate`
#[derive(Debug, Args)]
pub struct Migrate {
    /// Which server
    #[command(flatten)]
    pub place: Where,
    /// Change nothing; end with 0 when nothing is to be done, else with 2
    #[arg(long)]
    pub check: bool,
}

/// `windlass jobs`
#[derive(Debug, Subcommand)]
#[command(after_help = "\
Examples:
  windlass jobs dead --data /var/lib/windlass
  windlass jobs retry --dead --type extract_text --data /var/lib/windlass

A job is done by the workers of a running server, or by workers that ask it over HTTP. What is retried needs no upload.")]
pub enum Jobs {
    /// List jobs, newest first
    List(JobsList),
    /// Show a job and what became of it
    Show(JobsShow),
    /// Let failed jobs go again
    Retry(JobsRetry),
    /// Give jobs up
    Cancel(JobsSome),
    /// List jobs that have failed
    Dead(JobsList),
}

/// `windlass jobs list`
#[derive(Debug, Args)]
pub struct JobsList {
    /// Which server
    #[command(flatten)]
    pub place: Where,
    /// Only of this type: validate, extract_text, embed, …
    #[arg(long = "type", value_name = "TYPE")]
    pub kind: Option<String>,
    /// Only in this state: pending, sending, running, completed, failed, cancelled
    #[arg(long)]
    pub state: Option<String>,
    /// At most so many
    #[arg(long, default_value_t = 100, value_name = "N")]
    pub limit: u32,
}

/// `windlass jobs show`
#[derive(Debug, Args)]
pub struct JobsShow {
    /// Its id
    pub job: String,
    /// Which server
    #[command(flatten)]
    pub place: Where,
}

/// `windlass jobs retry`
#[derive(Debug, Args)]
pub struct JobsRetry {
    /// Their ids
    pub jobs: Vec<String>,
    /// All that have failed
    #[arg(long)]
    pub dead: bool,
    /// Of these only those of this type
    #[arg(long = "type", value_name = "TYPE", requires = "dead")]
    pub kind: Option<String>,
    /// Which server
    #[command(flatten)]
    pub place: Where,
}

/// `windlass jobs cancel`
#[derive(Debug, Args)]
pub struct JobsSome {
    /// Their ids
    #[arg(required = true)]
    pub jobs: Vec<String>,
    /// Which server
    #[command(flatten)]
    pub place: Where,
}

impl ServerVerb {
    /// Whether lines of JSON were asked for.
    #[must_use]
    pub fn json(&self) -> bool {
        let place = match self {
            Self::Serve(a) => &a.place,
            Self::Token(Token::Create(a)) => &a.place,
            Self::Token(Token::List(a)) => &a.place,
            Self::Token(Token::Revoke(a)) => &a.place,
            Self::User(User::Add(a)) => &a.place,
            Self::User(User::List(place)) => place,
            Self::User(User::Disable(a) | User::Enable(a)) => &a.place,
            Self::Jobs(Jobs::List(a) | Jobs::Dead(a)) => &a.place,
            Self::Jobs(Jobs::Show(a)) => &a.place,
            Self::Jobs(Jobs::Retry(a)) => &a.place,
            Self::Jobs(Jobs::Cancel(a)) => &a.place,
            Self::Janitor(Janitor::Run(a)) => &a.place,
            Self::Janitor(Janitor::Audit(a)) => &a.place,
            Self::Migrate(a) => &a.place,
        };
        place.json.json
    }
}
