//! How fast bytes may leave: one bucket for all uploads of an engine.
//!
//! Who wants to send takes from it before each grain. The bucket may be overdrawn by one grain, so that a limit smaller than a
//! grain still lets it through; then the next one waits. A change reaches those who wait at once, and those who send with
//! their next grain.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

/// Seconds of the limit that may be saved up.
const BURST_S: f64 = 0.25;
/// Nobody waits longer without looking again.
const LOOK: Duration = Duration::from_millis(500);

/// The bucket. No limit until one is set.
#[derive(Debug)]
pub struct Limiter {
    /// Bytes a second; 0: none.
    rate: AtomicU64,
    bucket: Mutex<Bucket>,
    changed: Notify,
}

#[derive(Debug)]
struct Bucket {
    left: f64,
    at: Instant,
}

impl Default for Limiter {
    fn default() -> Self {
        Self {
            rate: AtomicU64::new(0),
            bucket: Mutex::new(Bucket {
                left: 0.0,
                at: Instant::now(),
            }),
            changed: Notify::new(),
        }
    }
}

impl Limiter {
    /// From now on so many bytes a second; `None`: as fast as it goes.
    pub fn set(&self, bytes_per_second: Option<u64>) {
        *self.bucket() = Bucket {
            left: 0.0,
            at: Instant::now(),
        };
        self.rate.store(bytes_per_second.unwrap_or(0), Ordering::Release);
        self.changed.notify_waiters();
    }

    /// The limit.
    #[must_use]
    pub fn rate(&self) -> Option<u64> {
        Some(self.rate.load(Ordering::Acquire)).filter(|r| *r > 0)
    }

    /// Waits until `bytes` may be sent.
    ///
    /// # Cancel safety
    /// Dropping it before it is ready takes nothing.
    pub async fn take(&self, bytes: usize) {
        while let Some(rate) = self.rate() {
            let changed = self.changed.notified();
            let Some(wait) = self.draw(bytes, rate) else {
                return;
            };
            tokio::select! {
                () = tokio::time::sleep(wait.min(LOOK)) => {}
                () = changed => {}
            }
        }
    }

    /// Draws; or how long to wait before there is something to draw from.
    fn draw(&self, bytes: usize, rate: u64) -> Option<Duration> {
        #[expect(clippy::cast_precision_loss, reason = "a rate needs no exact bytes")]
        let (rate, bytes) = (rate as f64, bytes as f64);
        let mut bucket = self.bucket();
        let now = Instant::now();
        let gained = now.duration_since(bucket.at).as_secs_f64() * rate;
        bucket.at = now;
        bucket.left = (bucket.left + gained).min(rate * BURST_S);
        if bucket.left >= 0.0 {
            bucket.left -= bytes;
            return None;
        }
        Some(Duration::from_secs_f64(
            (-bucket.left / rate).min(LOOK.as_secs_f64()),
        ))
    }

    fn bucket(&self) -> MutexGuard<'_, Bucket> {
        // Two numbers that are written together: a panic of another leaves them whole.
        self.bucket.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    const GRAIN: usize = 16 * 1024;

    async fn sent_in(limiter: &Limiter, time: Duration) -> usize {
        let mut sent = 0;
        let _ = tokio::time::timeout(time, async {
            loop {
                limiter.take(GRAIN).await;
                sent += GRAIN;
                tokio::task::yield_now().await;
                if limiter.rate().is_none() && sent > 1 << 30 {
                    return;
                }
            }
        })
        .await;
        sent
    }

    // I-1
    #[tokio::test(start_paused = true)]
    async fn a_limit_lets_through_what_it_says_for_one_and_for_many() {
        let limiter = Arc::new(Limiter::default());
        limiter.set(Some(1_000_000));
        let one = sent_in(&limiter, Duration::from_secs(10)).await;
        assert!((9_800_000..10_400_000).contains(&one), "{one}");
        let many = (0..8).map(|_| {
            let limiter = Arc::clone(&limiter);
            tokio::spawn(async move { sent_in(&limiter, Duration::from_secs(10)).await })
        });
        let mut sum = 0;
        for task in many.collect::<Vec<_>>() {
            sum += task.await.unwrap();
        }
        assert!((9_600_000..10_600_000).contains(&sum), "{sum}");
    }

    // I-3
    #[tokio::test(start_paused = true)]
    async fn a_change_reaches_who_waits_at_once() {
        let limiter = Arc::new(Limiter::default());
        limiter.set(Some(1_000));
        limiter.take(1_000_000).await;
        let waiting = {
            let limiter = Arc::clone(&limiter);
            tokio::spawn(async move { limiter.take(GRAIN).await })
        };
        tokio::time::sleep(Duration::from_secs(3)).await;
        assert!(!waiting.is_finished());
        let before = Instant::now();
        limiter.set(None);
        waiting.await.unwrap();
        assert!(before.elapsed() < Duration::from_millis(10));
    }

    #[tokio::test(start_paused = true)]
    async fn a_limit_below_one_grain_still_moves() {
        let limiter = Limiter::default();
        limiter.set(Some(1_024));
        let sent = sent_in(&limiter, Duration::from_secs(320)).await;
        assert!((19 * GRAIN..=22 * GRAIN).contains(&sent), "{sent}");
    }
}
