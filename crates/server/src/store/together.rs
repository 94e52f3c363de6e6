//! Calls that wait while another of their kind and owner is being written: they go into the next transaction together.
//!
//! A call that finds nobody at work begins at once, so a single client waits for nothing. Each is answered with what is its
//! own. When a transaction of several calls fails, each of them runs by itself, so that none fails of another.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;
use windlass_core::error::{ErrorCode, Failure};

use crate::db::closed;

/// Items of calls that go together; a call that has more goes alone.
const MOST: usize = 256;

/// A call that waits.
struct Call<I, W, O> {
    items: Vec<I>,
    when: W,
    tell: oneshot::Sender<Result<Vec<O>, Failure>>,
}

type Waiting<K, I, W, O> = BTreeMap<K, VecDeque<Call<I, W, O>>>;

/// Calls of one kind. `K` is what they must have in common, `W` the time of a call: of several the latest counts.
pub(super) struct Together<K, I, W, O> {
    /// A key that is there is being worked on.
    waiting: Mutex<Waiting<K, I, W, O>>,
}

impl<K, I, W, O> Default for Together<K, I, W, O> {
    fn default() -> Self {
        Self {
            waiting: Mutex::new(BTreeMap::new()),
        }
    }
}

impl<K, I, W, O> Together<K, I, W, O>
where
    K: Copy + Ord + Send + 'static,
    I: Clone + Send + Sync + 'static,
    W: Copy + Ord + Send + Sync + 'static,
    O: Send + 'static,
{
    /// Writes items and answers one outcome an item. `write` is the same for all calls.
    ///
    /// # Cancel safety
    /// Dropping the future does not stop a call that was handed over.
    ///
    /// # Errors
    /// As `write`.
    pub(super) async fn call<F, R>(
        self: &Arc<Self>,
        key: K,
        items: Vec<I>,
        when: W,
        write: F,
    ) -> Result<Vec<O>, Failure>
    where
        F: Fn(Vec<I>, W) -> R + Send + Sync + 'static,
        R: Future<Output = Result<Vec<O>, Failure>> + Send,
    {
        let (tell, answer) = oneshot::channel();
        let call = Call { items, when, tell };
        let first = {
            let mut waiting = lock(&self.waiting);
            let first = !waiting.contains_key(&key);
            waiting.entry(key).or_default().push_back(call);
            first
        };
        if first {
            let mut turn = Turn {
                all: Arc::clone(self),
                key,
                is_over: false,
            };
            tokio::spawn(async move {
                while let Some(calls) = turn.next() {
                    answer_all(calls, &write).await;
                }
            });
        }
        answer.await.map_err(|_| closed())?
    }
}

/// Who works on the calls of a key. However it ends, nobody is left waiting.
struct Turn<K: Ord, I, W, O> {
    all: Arc<Together<K, I, W, O>>,
    key: K,
    /// The key is somebody else's, or nobody's.
    is_over: bool,
}

impl<K: Ord, I, W, O> Turn<K, I, W, O> {
    /// What goes together next; none when nobody waits, and the turn is over.
    fn next(&mut self) -> Option<Vec<Call<I, W, O>>> {
        let mut waiting = lock(&self.all.waiting);
        let queue = waiting.get_mut(&self.key)?;
        let (mut calls, mut items) = (Vec::new(), 0);
        while let Some(call) = queue.pop_front() {
            items += call.items.len();
            if items > MOST && !calls.is_empty() {
                queue.push_front(call);
                break;
            }
            calls.push(call);
        }
        if calls.is_empty() {
            waiting.remove(&self.key);
            self.is_over = true;
            return None;
        }
        Some(calls)
    }
}

impl<K: Ord, I, W, O> Drop for Turn<K, I, W, O> {
    fn drop(&mut self) {
        if !self.is_over {
            // Cut off: whoever waits hears that nobody answers.
            lock(&self.all.waiting).remove(&self.key);
        }
    }
}

fn lock<T>(waiting: &Mutex<T>) -> MutexGuard<'_, T> {
    waiting.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Writes calls in one transaction, and each by itself when that is refused.
async fn answer_all<I: Clone, W: Copy + Ord, O, R>(calls: Vec<Call<I, W, O>>, write: &impl Fn(Vec<I>, W) -> R)
where
    R: Future<Output = Result<Vec<O>, Failure>>,
{
    let Some(latest) = calls.iter().map(|c| c.when).max() else {
        return;
    };
    if calls.len() > 1 {
        let all = calls.iter().flat_map(|c| c.items.iter().cloned()).collect();
        match write(all, latest).await {
            Ok(outcomes) => {
                let mut outcomes = outcomes.into_iter();
                for call in calls {
                    let own = outcomes.by_ref().take(call.items.len()).collect();
                    // Whoever asked may be gone; the write stands all the same.
                    call.tell.send(Ok(own)).ok();
                }
                return;
            }
            // Whether it was written is not known, and no other call would be answered either.
            Err(e) if e.code == ErrorCode::DatabaseDown => {
                for call in calls {
                    call.tell.send(Err(e.clone())).ok();
                }
                return;
            }
            Err(_) => {}
        }
    }
    for call in calls {
        call.tell.send(write(call.items, call.when).await).ok();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tokio::sync::Semaphore;

    use super::*;

    type Tens = Together<u8, u32, u32, u32>;

    /// Ten times what it gets, each time that `go` lets it; refuses sevens.
    fn tens(
        go: &Arc<Semaphore>,
        writes: &Arc<AtomicUsize>,
    ) -> impl Fn(Vec<u32>, u32) -> futures::future::BoxFuture<'static, Result<Vec<u32>, Failure>>
    + Clone
    + Send
    + Sync
    + 'static {
        let (go, writes) = (Arc::clone(go), Arc::clone(writes));
        move |items, _| {
            let (go, writes) = (Arc::clone(&go), Arc::clone(&writes));
            Box::pin(async move {
                go.acquire().await.map_err(|_| closed())?.forget();
                writes.fetch_add(1, Ordering::Relaxed);
                match items.contains(&7) {
                    true => Err(Failure::new(ErrorCode::Internal, "a seven")),
                    false => Ok(items.iter().map(|n| n * 10).collect()),
                }
            })
        }
    }

    /// Waits until so many calls wait behind the one that is being written.
    async fn until_behind(all: &Tens, many: usize) {
        while lock(&all.waiting).get(&1).is_none_or(|q| q.len() != many) {
            tokio::task::yield_now().await;
        }
    }

    type Outcome = Result<Vec<u32>, Failure>;

    /// A call that is being written, and two that come meanwhile; then so many writes may go on.
    async fn three(second: u32, may: usize) -> ([Outcome; 3], usize) {
        let (go, writes) = (Arc::new(Semaphore::new(0)), Arc::default());
        let (all, write) = (Arc::new(Tens::default()), tens(&go, &writes));
        let begin = |n: u32| {
            let (all, write) = (Arc::clone(&all), write.clone());
            tokio::spawn(async move { all.call(1, vec![n, n + 1], 0, write).await })
        };
        let first = begin(1);
        until_behind(&all, 0).await;
        let others = [begin(second), begin(4)];
        until_behind(&all, 2).await;
        go.add_permits(may);
        let [second, third] = others;
        let ended = [first.await, second.await, third.await].map(|e| e.expect("not cut off"));
        while !lock(&all.waiting).is_empty() {
            tokio::task::yield_now().await;
        }
        (ended, writes.load(Ordering::Relaxed))
    }

    #[tokio::test]
    async fn calls_that_wait_go_together_and_each_gets_its_own() {
        let (ended, writes) = three(2, 2).await;
        let wanted = [vec![10, 20], vec![20, 30], vec![40, 50]];
        assert_eq!(ended, wanted.map(Ok));
        assert_eq!(writes, 2);
    }

    #[tokio::test]
    async fn none_fails_of_another() {
        let ([first, second, third], _) = three(7, 4).await;
        assert_eq!((first, third), (Ok(vec![10, 20]), Ok(vec![40, 50])));
        assert_eq!(second.map_err(|e| e.detail), Err("a seven".to_owned()));
    }
}
