//! One file a verb. Each opens a session, says what it has to, and tells how it ended.

pub mod cancel;
pub mod completions;
pub mod dest;
pub mod elsewhere;
pub mod group;
pub mod history;
pub mod login;
pub mod man;
pub mod pause;
pub mod receipt;
pub mod resume;
pub mod retry;
pub mod status;
pub mod up;
pub mod verify;
pub mod watch;

use std::sync::Mutex;

use windlass_core::ids::GroupId;
use windlass_engine::view::Notice;

use crate::args::{Dest, Verb};
use crate::exit::{Exit, Trouble};
use crate::output::Output;
use crate::place::Place;
use crate::session::{Keeps, Session};
use crate::show::{Show, tell_notice};
use crate::stop::Stop;

/// What every verb needs.
#[derive(Debug)]
pub struct Context {
    /// The data folder.
    pub place: Place,
    /// How to speak.
    pub out: Output,
    /// Signals.
    pub stop: Stop,
    /// Notices that were told.
    told: Mutex<Vec<Notice>>,
}

impl Context {
    /// For one command.
    #[must_use]
    pub fn new(place: Place, out: Output, stop: Stop) -> Self {
        Self {
            place,
            out,
            stop,
            told: Mutex::default(),
        }
    }

    /// Whether somebody can be asked: lines of JSON and pipes have nobody.
    #[must_use]
    pub fn is_with_a_person(&self) -> bool {
        use std::io::IsTerminal as _;
        !self.out.is_json() && std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
    }

    /// Opens a session.
    ///
    /// # Errors
    /// See [`Session::open`].
    pub async fn session(&self, keeps: Keeps) -> Result<Session, Trouble> {
        let mut session = Session::open(&self.place, keeps, &self.stop).await?;
        if session.is_own() {
            // What the start of the engine has to say; a program that runs already said its own.
            let Ok(snapshot) = session.snapshot().await else {
                return Ok(session);
            };
            for n in &snapshot.notices {
                tell_notice(self.out, n, |text| self.out.tell(text));
            }
            if let Ok(mut told) = self.told.lock() {
                told.extend(snapshot.notices);
            }
        }
        Ok(session)
    }

    /// Begins to show how groups go.
    #[must_use]
    pub fn show(&self, groups: &[GroupId]) -> Show {
        Show::new(
            self.out,
            groups,
            self.told.lock().map(|t| t.clone()).unwrap_or_default(),
        )
    }
}

/// Does what was asked.
///
/// # Errors
/// When it could not be begun.
pub async fn run(verb: Verb, cx: &Context) -> Result<Exit, Trouble> {
    match verb {
        Verb::Up(args) => up::run(args, cx).await,
        Verb::Status(args) => status::run(args, cx).await,
        Verb::Resume(args) => resume::run(args, cx).await,
        Verb::Pause(args) => pause::run(args, cx).await,
        Verb::Cancel(args) => cancel::run(args, cx).await,
        Verb::Retry(args) => retry::run(args, cx).await,
        Verb::Group(group) => group::run(group, cx).await,
        Verb::Dest(Dest::Add(args)) => dest::add::run(*args, cx).await,
        Verb::Dest(Dest::List(_)) => dest::list(cx).await,
        Verb::Dest(Dest::Test(args)) => dest::test(args, cx).await,
        Verb::Dest(Dest::Remove(args)) => dest::remove(args, cx).await,
        Verb::Dest(Dest::Default(args)) => dest::make_default(args, cx).await,
        Verb::Dest(Dest::Token(args)) => dest::token::run(args, cx).await,
        Verb::Dest(Dest::Limits(args)) => dest::limits::run(args, cx).await,
        Verb::Dest(Dest::Proxy(args)) => dest::proxy::run(args, cx).await,
        Verb::Login(args) => login::login(args, cx).await,
        Verb::Logout(args) => login::logout(args, cx).await,
        Verb::Watch(verb) => watch::run(verb, cx).await,
        Verb::History(args) => history::run(args, cx).await,
        Verb::Receipt(args) => receipt::run(args, cx).await,
        Verb::Verify(args) => verify::run(args, cx).await,
        Verb::Completions(args) => Ok(completions::run(args)),
        Verb::Man(args) => man::run(&args),
        Verb::Server(verb) => crate::server::run(verb, cx.out),
    }
}
