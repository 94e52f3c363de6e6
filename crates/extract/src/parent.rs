//! The parent's side: starts the child, listens within limits, says how it ended.

use std::ffi::OsStr;
use std::fs::File;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;
use std::{env, io};

use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, BufReader};
use tokio::process::{Child, Command};

use crate::child::{ASKED, Line};
use crate::error::ExtractError;
use crate::limits::{Limit, Limits};
use crate::piece::{Extracted, Piece};
use crate::sniff::essence;

/// The longest line a child may say: a piece of 16 KiB, each byte escaped, and its place.
const LINE: u64 = 256 * 1024;
/// The most text of one piece.
const PIECE: usize = 16 * 1024;
/// How much of a child's last words is kept.
const LAST_WORDS: u64 = 8 * 1024;
/// The parent waits this much longer than the child, so that the child can say itself that time is over.
const GRACE: Duration = Duration::from_secs(2);

/// The file to read.
#[derive(Debug)]
pub enum PathOrFile {
    /// A regular file by its path.
    Path(PathBuf),
    /// An open regular file; it is read from its begin.
    File(File),
}

/// Starts children. Cheap to clone; as many extractions as wanted may run at once, the caller counts them.
#[derive(Debug, Clone)]
pub struct Extractor {
    program: PathBuf,
}

impl Extractor {
    /// Children are this very program, whose `main` calls [`crate::child::main_if_asked`] first.
    ///
    /// # Errors
    /// When the program does not know where it lies.
    pub fn this_program() -> io::Result<Self> {
        // Also after an upgrade replaced the file: what runs is what is started.
        let own = PathBuf::from("/proc/self/exe");
        Ok(Self {
            program: if own.exists() { own } else { env::current_exe()? },
        })
    }

    /// Children are another program with such a `main`.
    #[must_use]
    pub const fn with_program(program: PathBuf) -> Self {
        Self { program }
    }

    /// Reads the text of a file in a child process. `sink` gets the pieces in reading order while they are found.
    ///
    /// # Errors
    /// [`ExtractError`] says what stopped it. Pieces that `sink` got before stay valid.
    ///
    /// # Cancel safety
    /// Dropping the future ends the child.
    pub async fn extract(
        &self,
        input: PathOrFile,
        declared_mime: &str,
        limits: &Limits,
        mut sink: impl FnMut(Piece),
    ) -> Result<Extracted, ExtractError> {
        let file = match input {
            PathOrFile::File(file) => file,
            PathOrFile::Path(path) => {
                tokio::fs::File::open(path)
                    .await
                    .map_err(interrupted)?
                    .into_std()
                    .await
            }
        };
        let facts = file.metadata().map_err(interrupted)?;
        if !facts.is_file() {
            return Err(ExtractError::Unsupported {
                detail: "what is not a regular file".to_owned(),
            });
        }
        if facts.len() > limits.input_bytes {
            let detail = format!("{} bytes of at most {}", facts.len(), limits.input_bytes);
            return Err(ExtractError::Limit {
                limit: Limit::Input,
                detail,
            });
        }
        // An empty folder of its own, gone with the job.
        let folder = tempfile::tempdir().map_err(interrupted)?;
        let mut child = self
            .start(file, declared_mime, limits, folder.path().as_os_str())
            .map_err(interrupted)?;
        let time = Duration::from_millis(limits.time_ms) + GRACE;
        let ended = tokio::time::timeout(time, listen(&mut child, limits, &mut sink)).await;
        let (end, last_words, status) = match ended {
            Ok(Ok(heard)) => heard,
            Ok(Err(e)) => {
                let _ = child.kill().await;
                return Err(e);
            }
            Err(_) => {
                let _ = child.kill().await;
                return Err(ExtractError::Limit {
                    limit: Limit::Time,
                    detail: format!("{} ms", limits.time_ms),
                });
            }
        };
        match end {
            Some(Line::Done(extracted)) => Ok(*extracted),
            Some(Line::Failed(fault)) => Err(fault.into()),
            Some(Line::Piece(_)) | None => Err(ended_silently(
                status,
                &String::from_utf8_lossy(&last_words),
                limits,
            )),
        }
    }

    fn start(&self, file: File, declared: &str, limits: &Limits, folder: &OsStr) -> io::Result<Child> {
        let declared: String = essence(declared).chars().filter(char::is_ascii_graphic).collect();
        Command::new(&self.program)
            .arg(ASKED)
            .arg(serde_json::to_string(limits)?)
            .arg(declared)
            .env_clear()
            .current_dir(folder)
            .stdin(Stdio::from(file))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
    }
}

type Heard = (Option<Line>, Vec<u8>, ExitStatus);

/// Hears the child out: its last line, its last words, how it ended.
async fn listen(
    child: &mut Child,
    limits: &Limits,
    sink: &mut impl FnMut(Piece),
) -> Result<Heard, ExtractError> {
    let (Some(out), Some(err)) = (child.stdout.take(), child.stderr.take()) else {
        return Err(ExtractError::Interrupted {
            detail: "no pipe to the child".to_owned(),
        });
    };
    let wait = async { child.wait().await.map_err(interrupted) };
    tokio::try_join!(lines(out, limits, sink), last_words(err), wait)
}

/// Reads what the child says as if a stranger said it.
async fn lines(
    out: impl AsyncRead + Unpin,
    limits: &Limits,
    sink: &mut impl FnMut(Piece),
) -> Result<Option<Line>, ExtractError> {
    let mut out = BufReader::with_capacity(64 * 1024, out);
    let (mut line, mut pieces, mut text_bytes) = (Vec::new(), 0_u64, 0_u64);
    loop {
        line.clear();
        (&mut out)
            .take(LINE)
            .read_until(b'\n', &mut line)
            .await
            .map_err(interrupted)?;
        if line.last() != Some(&b'\n') {
            // The end, perhaps in the middle of a line; or a line that no honest child says.
            return if line.len() as u64 == LINE {
                Err(nonsense())
            } else {
                Ok(None)
            };
        }
        match serde_json::from_slice(&line).map_err(|_| nonsense())? {
            Line::Piece(piece) => {
                pieces += 1;
                text_bytes += piece.text.len() as u64;
                if piece.text.len() > PIECE {
                    return Err(nonsense());
                }
                if pieces > limits.pieces || text_bytes > limits.text_bytes {
                    let detail = format!("{} bytes of text or {} pieces", limits.text_bytes, limits.pieces);
                    return Err(ExtractError::Limit {
                        limit: Limit::Output,
                        detail,
                    });
                }
                sink(piece);
            }
            Line::Done(mut extracted) => {
                (extracted.pieces, extracted.text_bytes) = (pieces, text_bytes);
                return Ok(Some(Line::Done(extracted)));
            }
            Line::Failed(fault) => return Ok(Some(Line::Failed(fault))),
        }
    }
}

async fn last_words(err: impl AsyncRead + Unpin) -> Result<Vec<u8>, ExtractError> {
    let mut err = err.take(LAST_WORDS);
    let mut words = Vec::new();
    err.read_to_end(&mut words).await.map_err(interrupted)?;
    // The rest is drained, so that nobody waits for room in the pipe.
    tokio::io::copy(&mut err.into_inner(), &mut tokio::io::sink())
        .await
        .map_err(interrupted)?;
    Ok(words)
}

/// Why a child ended without an end.
fn ended_silently(status: ExitStatus, last_words: &str, limits: &Limits) -> ExtractError {
    if last_words.contains("memory allocation of") {
        return ExtractError::Limit {
            limit: Limit::Memory,
            detail: format!("{} bytes", limits.memory_bytes),
        };
    }
    if last_words.contains("has overflowed its stack") {
        return ExtractError::Limit {
            limit: Limit::Depth,
            detail: "its stack".to_owned(),
        };
    }
    match signal(status) {
        // SIGXCPU
        Some(24) => ExtractError::Limit {
            limit: Limit::Time,
            detail: format!("{} ms", limits.time_ms),
        },
        // SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV, SIGSYS: its own doing.
        Some(n @ (4 | 5 | 6 | 7 | 8 | 11 | 31)) => ExtractError::Damaged {
            detail: format!("the reader crashed over the file (signal {n})"),
        },
        // SIGKILL and the like come from outside: an operator, or a machine that ran out of memory.
        _ => ExtractError::Interrupted {
            detail: format!("the child ended early ({status})"),
        },
    }
}

#[cfg(unix)]
fn signal(status: ExitStatus) -> Option<i32> {
    std::os::unix::process::ExitStatusExt::signal(&status)
}

#[cfg(not(unix))]
fn signal(_: ExitStatus) -> Option<i32> {
    None
}

fn interrupted(e: io::Error) -> ExtractError {
    ExtractError::Interrupted {
        detail: e.to_string(),
    }
}

fn nonsense() -> ExtractError {
    ExtractError::Damaged {
        detail: "the reader gave an answer that is none".to_owned(),
    }
}
