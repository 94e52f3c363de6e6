//! What goes wrong, and with which requests.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use super::ledger::{Call, Seen};

/// What happens to a request.
#[derive(Debug, Clone)]
pub enum Fault {
    /// The server gets it and does it; the answer is thrown away and the connection cut.
    AnswerLost,
    /// So many bytes of the content reach the server, then both connections are cut.
    CutAfter(u64),
    /// Answered here; the server never sees it.
    Status {
        /// The status.
        status: u16,
        /// Further headers.
        headers: Vec<(String, String)>,
        /// The content.
        body: String,
    },
    /// Passed on after a while.
    Delay(Duration),
    /// Passed on at so many content bytes a second.
    Slow(u64),
    /// Held before it is passed on, until the gate opens or the connection ends.
    Hold(Gate),
    /// One bit of the content is turned over.
    Corrupt,
    /// The server's clock is so many seconds ahead of this computer's (behind, when negative): what is signed for another
    /// time is refused as S3 does it, every answer carries the server's date.
    Clock(i64),
    /// The connection is cut before a byte is passed on.
    Refused,
}

impl Fault {
    /// An answer with a status alone.
    #[must_use]
    pub fn status(status: u16) -> Self {
        Self::Status {
            status,
            headers: Vec::new(),
            body: String::new(),
        }
    }

    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::AnswerLost => "answer lost",
            Self::CutAfter(_) => "cut",
            Self::Status { .. } => "status",
            Self::Delay(_) => "delay",
            Self::Slow(_) => "slow",
            Self::Hold(_) => "hold",
            Self::Corrupt => "corrupt",
            Self::Clock(_) => "clock",
            Self::Refused => "refused",
        }
    }
}

/// Holds requests until it is opened.
#[derive(Debug, Clone, Default)]
pub struct Gate(Arc<(Mutex<bool>, Condvar)>);

impl Gate {
    /// A closed gate.
    #[must_use]
    pub fn closed() -> Self {
        Self::default()
    }

    /// Lets all through, from here on.
    pub fn open(&self) {
        let (open, changed) = &*self.0;
        *open.lock().unwrap_or_else(PoisonError::into_inner) = true;
        changed.notify_all();
    }

    /// Whether it opened within `patience`.
    pub(crate) fn wait(&self, patience: Duration) -> bool {
        let (open, changed) = &*self.0;
        let open = open.lock().unwrap_or_else(PoisonError::into_inner);
        let (open, _) = changed
            .wait_timeout_while(open, patience, |open| !*open)
            .unwrap_or_else(PoisonError::into_inner);
        *open
    }
}

/// Which requests meet a fault. Without a condition: all.
#[derive(Debug, Clone)]
pub struct Rule {
    fault: Fault,
    call: Option<Call>,
    method: Option<String>,
    path: Option<String>,
    part: Option<u32>,
    skip: usize,
    times: usize,
}

impl Rule {
    /// A rule for all requests.
    #[must_use]
    pub fn new(fault: Fault) -> Self {
        Self {
            fault,
            call: None,
            method: None,
            path: None,
            part: None,
            skip: 0,
            times: usize::MAX,
        }
    }

    /// Only this kind.
    #[must_use]
    pub fn call(self, call: Call) -> Self {
        Self {
            call: Some(call),
            ..self
        }
    }

    /// Only this method.
    #[must_use]
    pub fn method(self, method: &str) -> Self {
        Self {
            method: Some(method.to_owned()),
            ..self
        }
    }

    /// Only where the path, as sent, has this in it.
    #[must_use]
    pub fn path(self, piece: &str) -> Self {
        Self {
            path: Some(piece.to_owned()),
            ..self
        }
    }

    /// Only this part number.
    #[must_use]
    pub fn part(self, number: u32) -> Self {
        Self {
            part: Some(number),
            ..self
        }
    }

    /// The first so many that fit are left alone.
    #[must_use]
    pub fn skip(self, skip: usize) -> Self {
        Self { skip, ..self }
    }

    /// No more than so many meet it.
    #[must_use]
    pub fn times(self, times: usize) -> Self {
        Self { times, ..self }
    }

    /// Only the first that fits.
    #[must_use]
    pub fn once(self) -> Self {
        self.times(1)
    }

    pub(crate) fn counted(self) -> Counted {
        Counted {
            rule: self,
            fitted: 0,
        }
    }

    fn fits(&self, seen: &Seen) -> bool {
        self.call.is_none_or(|call| call == seen.call)
            && self.method.as_ref().is_none_or(|method| *method == seen.method)
            && self
                .path
                .as_ref()
                .is_none_or(|piece| seen.path.contains(piece.as_str()))
            && self.part.is_none_or(|part| seen.part() == Some(part))
    }
}

/// A rule with the number of requests that fitted it.
pub(crate) struct Counted {
    rule: Rule,
    fitted: usize,
}

impl Counted {
    pub(crate) fn meets(&mut self, seen: &Seen) -> Option<Fault> {
        if !self.rule.fits(seen) {
            return None;
        }
        self.fitted += 1;
        let number = self.fitted - 1;
        let last = self.rule.skip.saturating_add(self.rule.times);
        (number >= self.rule.skip && number < last).then(|| self.rule.fault.clone())
    }
}
