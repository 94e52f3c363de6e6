//! Bodies that have to get on: a byte within a while, and so many a second in the long run (A43, A53).

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use axum::body::{Body, BodyDataStream, Bytes};
use futures::Stream;
use tokio::time::Sleep;

/// What is asked of a body.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    /// Time without a byte.
    pub(super) idle: Duration,
    /// Bytes a second, counted from the start, once `idle` has passed.
    pub(super) min_rate: u64,
}

/// A body with a pace, and whether it was given up for being slow.
pub(super) fn paced(body: Body, pace: Pace) -> (Body, Arc<AtomicBool>) {
    let late = Arc::new(AtomicBool::new(false));
    let stream = Paced {
        inner: body.into_data_stream(),
        pace,
        begun: Instant::now(),
        bytes: 0,
        timer: Box::pin(tokio::time::sleep(pace.idle)),
        late: Arc::clone(&late),
    };
    (Body::from_stream(stream), late)
}

struct Paced {
    inner: BodyDataStream,
    pace: Pace,
    begun: Instant,
    bytes: u64,
    timer: Pin<Box<Sleep>>,
    late: Arc<AtomicBool>,
}

impl Paced {
    fn give_up(&self) -> Poll<Option<Result<Bytes, axum::Error>>> {
        self.late.store(true, Ordering::Release);
        let slow = std::io::Error::new(std::io::ErrorKind::TimedOut, "the body comes too slowly");
        Poll::Ready(Some(Err(axum::Error::new(slow))))
    }
}

impl Stream for Paced {
    type Item = Result<Bytes, axum::Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        match Pin::new(&mut self.inner).poll_next(cx) {
            Poll::Ready(Some(Ok(bytes))) => {
                self.bytes += bytes.len() as u64;
                let took = self.begun.elapsed();
                if took > self.pace.idle && self.bytes < self.pace.min_rate.saturating_mul(took.as_secs()) {
                    return self.give_up();
                }
                let next = tokio::time::Instant::now() + self.pace.idle;
                self.timer.as_mut().reset(next);
                Poll::Ready(Some(Ok(bytes)))
            }
            Poll::Ready(other) => Poll::Ready(other),
            Poll::Pending => match self.timer.as_mut().poll(cx) {
                Poll::Ready(()) => self.give_up(),
                Poll::Pending => Poll::Pending,
            },
        }
    }
}
