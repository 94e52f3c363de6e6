//! Progress: a bar on a terminal, a line now and then elsewhere, or events.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;
use windlass_core::error::ErrorCode;
use windlass_core::ids::GroupId;
use windlass_core::names::shown;
use windlass_engine::view::{GroupView, Notice};

use crate::board::{Board, Sums};
use crate::event;
use crate::human;
use crate::output::{Ink, Output};

/// Between two events of progress.
const EVENTS: Duration = Duration::from_millis(500);
/// Between two lines where there is no terminal.
const LINES: Duration = Duration::from_secs(5);

/// How a command shows how it goes. It ends with [`Show::end`].
#[derive(Debug)]
pub struct Show {
    out: Output,
    board: Board,
    group: Option<GroupId>,
    look: Look,
    last: Option<Instant>,
    told: Vec<Notice>,
    /// Codes of waits that were told.
    waits: BTreeSet<ErrorCode>,
}

#[derive(Debug)]
enum Look {
    Bars(Bars),
    Lines,
    Events,
}

#[derive(Debug)]
struct Bars {
    all: MultiProgress,
    bar: ProgressBar,
    line: ProgressBar,
}

#[derive(Debug, Serialize)]
struct Event<'a> {
    event: &'a str,
    group: Option<GroupId>,
    #[serde(flatten)]
    sums: Sums,
}

impl Show {
    /// Begins; with one group it is named in events. What was told already is not told again.
    #[must_use]
    pub fn new(out: Output, groups: &[GroupId], told: Vec<Notice>) -> Self {
        let look = if out.is_json() {
            Look::Events
        } else if out.has_bars() {
            Look::Bars(Bars::new())
        } else {
            Look::Lines
        };
        let group = if let [one] = groups { Some(*one) } else { None };
        Self {
            out,
            board: Board::default(),
            group,
            look,
            last: None,
            told,
            waits: BTreeSet::new(),
        }
    }

    /// Takes in how groups stand, and shows it when it is time.
    pub fn update(&mut self, views: Vec<GroupView>) {
        self.board.update(views);
        self.tell_wait();
        let every = match &self.look {
            Look::Bars(bars) => return bars.draw(&self.board),
            Look::Lines => LINES,
            Look::Events => EVENTS,
        };
        // The first line comes after a while: what is done by then needs none.
        let Some(last) = self.last else {
            self.last = Some(Instant::now());
            return;
        };
        if last.elapsed() < every {
            return;
        }
        self.last = Some(Instant::now());
        let sums = self.board.sums();
        if self.out.is_json() {
            self.out.event(&Event {
                event: "progress",
                group: self.group,
                sums,
            });
        } else {
            let percent = human::percent(sums.bytes_done, sums.bytes);
            self.out.tell(format!(
                "{percent} % · {} · {}",
                sums.figures(),
                self.board.current()
            ));
        }
    }

    /// Tells why all of it stands still, each cause once (I44).
    fn tell_wait(&mut self) {
        let Some(why) = self.board.sums().because else {
            return;
        };
        if !self.waits.insert(why.code) {
            return;
        }
        let (text, detail) = (why.code.text(), shown(&why.detail));
        self.out
            .event(&event!("waiting", group: self.group, code: why.code, number: why.number, detail: detail));
        self.remark(&format!(
            "{} {} {text}\n    {}",
            self.out.ink_err(Ink::Warn, &why.number),
            self.out.ink_err(Ink::Bold, why.code.as_str()),
            self.out.ink_err(Ink::Dim, &detail)
        ));
    }

    /// Says something once, without harm to the bars.
    pub fn remark(&self, text: &str) {
        match &self.look {
            Look::Bars(bars) => bars.all.suspend(|| self.out.tell(text)),
            Look::Lines => self.out.tell(text),
            Look::Events => {}
        }
    }

    /// Tells that the program which had the files has ended, and that this command goes on with them.
    pub fn taken_over(&self) {
        self.out.event(&event!("taken_over", group: self.group));
        self.remark("The program that had taken the files has ended; this command goes on with them.");
    }

    /// Tells what the engine wants told once.
    pub fn notice(&mut self, n: &Notice) {
        if !self.told.contains(n) {
            self.told.push(n.clone());
            tell_notice(self.out, n, |text| self.remark(text));
        }
    }

    /// Takes the bars away. After a signal they stay as they stood: the terminal wrote `^C` behind them, so where they begin
    /// is not known any more.
    pub fn end(self, stopped: bool) {
        if let (Look::Bars(bars), true) = (&self.look, stopped) {
            bars.all.set_draw_target(ProgressDrawTarget::hidden());
            self.out.tell("");
        }
    }
}

/// Tells a notice, as an event or in words.
pub fn tell_notice(out: Output, n: &Notice, words: impl FnOnce(&str)) {
    out.event(&event!("notice", group: n.group, code: n.code, number: n.code.label(), detail: n.detail));
    words(&format!(
        "{} {} {}",
        out.ink_err(Ink::Warn, &n.code.label()),
        n.code.text(),
        n.detail
    ));
}

impl Drop for Show {
    fn drop(&mut self) {
        if let Look::Bars(bars) = &self.look {
            bars.line.finish_and_clear();
            bars.bar.finish_and_clear();
            let _ = bars.all.clear();
        }
    }
}

impl Bars {
    fn new() -> Self {
        let all = MultiProgress::with_draw_target(ProgressDrawTarget::stderr_with_hz(10));
        let bar = all.add(ProgressBar::new(100));
        let line = all.add(ProgressBar::new(1));
        // A template that this version does not know leaves the bar plain.
        if let Ok(style) = ProgressStyle::with_template("{percent:>3} % {bar:30} {msg}") {
            bar.set_style(style.progress_chars("━╸─"));
        }
        if let Ok(style) = ProgressStyle::with_template("      {msg}") {
            line.set_style(style);
        }
        line.set_message("Looking at the files…");
        Self { all, bar, line }
    }

    fn draw(&self, board: &Board) {
        let sums = board.sums();
        self.bar.set_length(sums.bytes.max(1));
        self.bar.set_position(sums.bytes_done);
        self.bar.set_message(sums.figures());
        self.line.set_message(board.current());
    }
}
