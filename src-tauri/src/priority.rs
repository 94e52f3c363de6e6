//! Who gives way when the processor is short: the work, never the window.
//!
//! Hashing, sending and the queue's own writing run on the runtime's threads. Where there are fewer processors than work, the page
//! would wait for its turn among them and stumble. So each of these threads steps back a little as it is born (and so do the
//! threads that it starts itself); a machine with nothing else to do runs them as fast as before.
//!
//! A program that is opened for the person would inherit the step back. [`Front`] opens it: one thread, started before the runtime,
//! that waits for what is to be opened, one thing after another.

use std::io;
use std::panic::{self, AssertUnwindSafe};
use std::sync::mpsc;
use std::thread;

use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot;

/// Steps of niceness: the page gets about three parts of a contested processor, the work one. Small enough that an upload goes on
/// beside another program that takes all it can.
#[cfg(target_os = "linux")]
const STEPS_BACK: i32 = 5;

/// The runtime of all work.
///
/// # Errors
///
/// The system gives no threads.
pub(crate) fn runtime() -> io::Result<Runtime> {
    Builder::new_multi_thread()
        .enable_all()
        .on_thread_start(step_back)
        .build()
}

/// Only Linux counts niceness by thread; elsewhere it would be the whole program's, with its window.
fn step_back() {
    #[cfg(target_os = "linux")]
    if let Err(why) = rustix::process::nice(STEPS_BACK) {
        tracing::debug!(error = %why, "the work runs as the window does");
    }
}

type Task = Box<dyn FnOnce() + Send>;

/// Runs what starts other programs, as the program itself was started.
#[derive(Clone)]
pub(crate) struct Front(mpsc::Sender<Task>);

impl Front {
    /// To be called by a thread that did not step back.
    ///
    /// # Errors
    ///
    /// The system gives no thread.
    pub(crate) fn start() -> io::Result<Self> {
        let (tasks, waiting) = mpsc::channel::<Task>();
        thread::Builder::new()
            .name("windlass-front".into())
            .spawn(move || {
                for task in waiting {
                    // One that breaks is told to its asker; the next is opened all the same.
                    drop(panic::catch_unwind(AssertUnwindSafe(task)));
                }
            })?;
        Ok(Self(tasks))
    }

    /// `None` when the task broke.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        task: impl FnOnce() -> T + Send + 'static,
    ) -> Option<T> {
        let (done, answer) = oneshot::channel();
        let told = Box::new(move || drop(done.send(task())));
        self.0.send(told).ok()?;
        answer.await.ok()
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    fn niceness() -> Option<i32> {
        rustix::process::getpriority_process(None).ok()
    }

    #[test]
    fn n13_the_work_steps_back_for_the_window_and_what_is_opened_does_not() {
        let ours = niceness();
        let front = Front::start().unwrap();
        let runtime = runtime().unwrap();
        let work = runtime.block_on(async { tokio::spawn(async { niceness() }).await.unwrap() });
        let hashing = runtime.block_on(async { tokio::task::spawn_blocking(niceness).await.unwrap() });
        let started = runtime.block_on(async {
            let threads = || thread::spawn(niceness).join().unwrap();
            tokio::task::spawn_blocking(threads).await.unwrap()
        });
        let back = ours.map(|ours| (ours + STEPS_BACK).min(19));
        assert!(ours.is_some());
        assert_eq!([work, hashing, started], [back; 3]);

        let asked = async move { front.run(niceness).await };
        let opened = runtime.block_on(async { tokio::spawn(asked).await.unwrap() });
        assert_eq!((opened, niceness()), (Some(ours), ours));
    }
}
