//! The child's side.
//!
//! It is the same program, started with a hidden first argument. It reads the file from its standard input, writes
//! [`Line`]s to its standard output and nothing anywhere else. A worker thread gives up all rights ([`sandbox`]) and reads
//! the file; the main thread writes what it finds, and ends the process when the time is over or the parent is gone (so a
//! killed server leaves no child behind). A panic of a reader is caught here and told as damage; an abort, a stack that
//! ran over or memory that ran out end the process, and the parent tells which by its last words.

mod sandbox;

use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::process::ExitCode;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::error::Fault;
use crate::formats::{Source, read_here};
use crate::limits::{Limit, Limits};
use crate::piece::{Extracted, Piece};

/// The first argument of a child.
pub(crate) const ASKED: &str = "__extract";
/// Room for readers that call themselves for each level of a file.
const STACK: usize = 16 << 20;
/// How often the main thread looks whether anybody still wants the answer.
const LOOK: Duration = Duration::from_millis(250);

/// What a child says, one JSON value to a line.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Line {
    /// A piece of text.
    Piece(Piece),
    /// The end, with all text read.
    Done(Box<Extracted>),
    /// The end, without.
    Failed(Fault),
}

/// Does the work of a child if this process was started as one; the caller then returns the code from its `main`. Any
/// `main` of a program that uses [`crate::Extractor::this_program`] calls this first, before threads, logs and arguments.
#[must_use]
pub fn main_if_asked() -> Option<ExitCode> {
    let mut arguments = std::env::args_os().skip(1);
    if arguments.next()? != ASKED {
        return None;
    }
    let limits = arguments
        .next()
        .and_then(|a| a.into_string().ok())
        .and_then(|a| serde_json::from_str(&a).ok());
    let declared = arguments.next().and_then(|a| a.into_string().ok());
    Some(match (limits, declared, input()) {
        (Some(limits), Some(declared), Ok(file)) => work(file, declared, limits),
        _ => ExitCode::from(2),
    })
}

#[cfg(unix)]
fn input() -> io::Result<File> {
    use std::os::fd::AsFd as _;
    Ok(File::from(io::stdin().as_fd().try_clone_to_owned()?))
}

#[cfg(windows)]
fn input() -> io::Result<File> {
    use std::os::windows::io::AsHandle as _;
    Ok(File::from(io::stdin().as_handle().try_clone_to_owned()?))
}

fn work(file: File, declared: String, limits: Limits) -> ExitCode {
    let began = Instant::now();
    // Where the last panic was: the message of it may quote the file, so it is not told.
    let place = Arc::new(Mutex::new(String::new()));
    let told = Arc::clone(&place);
    std::panic::set_hook(Box::new(move |panic| {
        let at = panic.location().map_or_else(String::new, |l| {
            let name = l.file().rsplit(['/', '\\']).next().unwrap_or_default();
            format!("{name}:{}", l.line())
        });
        *told.lock().unwrap_or_else(PoisonError::into_inner) = at;
    }));
    let (sender, lines) = sync_channel(16);
    let time = Duration::from_millis(limits.time_ms);
    let worker = thread::Builder::new()
        .name("extract".to_owned())
        .stack_size(STACK)
        .spawn(move || {
            if let Err(e) = sandbox::give_up(&limits, &file) {
                let _ = sender.send(Line::Failed(Fault::Unread {
                    detail: format!("limits can't be set: {e}"),
                }));
                return;
            }
            let end = read(file, &declared, &limits, &sender);
            let _ = sender.send(end);
        });
    if worker.is_err() {
        return ExitCode::from(3);
    }
    let silent = || {
        let at = place.lock().unwrap_or_else(PoisonError::into_inner);
        Line::Failed(Fault::damaged(format_args!(
            "the reader fell over the file ({at})"
        )))
    };
    match tell(&lines, began, time, silent) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::from(4),
    }
}

fn read(file: File, declared: &str, limits: &Limits, sender: &SyncSender<Line>) -> Line {
    let mut sink = |piece: Piece| {
        // Nobody listens only when the process is about to end.
        let _ = sender.send(Line::Piece(piece));
    };
    let done = Source::new(file)
        .map_err(|e| Fault::Unread {
            detail: e.to_string(),
        })
        .and_then(|mut source| read_here(&mut source, declared, limits, &mut sink));
    match done {
        Ok(extracted) => Line::Done(Box::new(extracted)),
        Err(fault) => Line::Failed(fault),
    }
}

fn tell(lines: &Receiver<Line>, began: Instant, time: Duration, silent: impl Fn() -> Line) -> io::Result<()> {
    let mut out = BufWriter::with_capacity(64 * 1024, io::stdout().lock());
    let parent = parent();
    let late = || Line::Failed(Fault::limit(Limit::Time, format!("{} ms", time.as_millis())));
    loop {
        let line = match lines.recv_timeout(LOOK) {
            Ok(Line::Piece(_)) if began.elapsed() > time => late(),
            Ok(line) => line,
            Err(RecvTimeoutError::Disconnected) => silent(),
            Err(RecvTimeoutError::Timeout) if parent != self::parent() => return Ok(()),
            Err(RecvTimeoutError::Timeout) if began.elapsed() > time => late(),
            Err(RecvTimeoutError::Timeout) => {
                out.flush()?;
                continue;
            }
        };
        serde_json::to_writer(&mut out, &line)?;
        out.write_all(b"\n")?;
        if !matches!(line, Line::Piece(_)) {
            return out.flush();
        }
    }
}

/// Who started this process; another one when that ended.
#[cfg(unix)]
fn parent() -> u32 {
    std::os::unix::process::parent_id()
}

#[cfg(not(unix))]
fn parent() -> u32 {
    0
}
