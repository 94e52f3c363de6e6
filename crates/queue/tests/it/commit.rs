//! The writer: order, groups of writes, answers after the commit, failures alone.

use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};

use windlass_core::error::{ErrorCode, Failure};
use windlass_queue::{Connection, QueueError, groups, settings};

use crate::support::{block_on, new_group, open, sandbox};

fn count(c: &Connection, sql: &str) -> Result<i64, QueueError> {
    Ok(c.query_row(sql, [], |r| r.get(0))?)
}

#[test]
fn i11_an_answer_comes_only_after_the_commit() {
    let s = sandbox();
    let path = s.path();
    block_on(async {
        // The writer is held inside the first write, so that the others wait for one common commit.
        let (go, wait) = channel();
        let held = s
            .queue
            .submit(move |_| wait.recv().map_err(|e| QueueError::Internal(e.to_string())))
            .await
            .unwrap();
        let mut pending = Vec::new();
        for n in 2..=40 {
            pending.push(
                s.queue
                    .submit(move |c| groups::insert(c, &new_group(n)))
                    .await
                    .unwrap(),
            );
        }
        pending.push(
            s.queue
                .submit(|c| groups::insert(c, &new_group(99)))
                .await
                .unwrap(),
        );
        go.send(()).unwrap();
        held.await.unwrap();
        // Another connection sees what is committed: at each answer at least what was answered so far.
        let checker = Connection::open(&path).unwrap();
        for (answered, p) in (2i64..).zip(pending) {
            p.await.unwrap();
            let seen = count(&checker, "SELECT count(*) FROM upload_group").unwrap();
            assert!(
                seen >= answered,
                "{answered} were answered and {seen} are committed"
            );
        }
        assert_eq!(count(&checker, "SELECT count(*) FROM upload_group"), Ok(41));
    });
}

#[test]
fn a_write_that_fails_is_rolled_back_alone() {
    let s = sandbox();
    block_on(async {
        let (go, wait) = channel();
        let held = s
            .queue
            .submit(move |_| wait.recv().map_err(|e| QueueError::Internal(e.to_string())))
            .await
            .unwrap();
        let good = s
            .queue
            .submit(|c| groups::insert(c, &new_group(2)))
            .await
            .unwrap();
        let bad = s
            .queue
            .submit(|c| {
                groups::insert(c, &new_group(3))?;
                groups::insert(c, &new_group(3))
            })
            .await
            .unwrap();
        let panics = s
            .queue
            .submit(|c| -> Result<(), QueueError> {
                groups::insert(c, &new_group(4))?;
                panic!("a bug in a write")
            })
            .await
            .unwrap();
        let good_too = s
            .queue
            .submit(|c| groups::insert(c, &new_group(5)))
            .await
            .unwrap();
        go.send(()).unwrap();
        held.await.unwrap();
        good.await.unwrap();
        assert!(matches!(bad.await, Err(QueueError::Refused(_))));
        assert!(matches!(panics.await, Err(QueueError::Internal(_))));
        good_too.await.unwrap();
        let left = s.queue.read(groups::list).await.unwrap();
        assert_eq!(
            left.iter().map(|g| g.name.as_str()).collect::<Vec<_>>(),
            ["Group 1", "Group 2", "Group 5"]
        );
    });
}

#[test]
fn writes_happen_in_the_order_in_which_they_were_taken_in() {
    let s = sandbox();
    let seen = Arc::new(Mutex::new(Vec::new()));
    block_on(async {
        let mut pending = Vec::new();
        for n in 0..500 {
            let seen = Arc::clone(&seen);
            pending.push(
                s.queue
                    .submit(move |c| {
                        seen.lock().unwrap().push(n);
                        settings::set(c, "last", &n.into())
                    })
                    .await
                    .unwrap(),
            );
        }
        for p in pending {
            p.await.unwrap();
        }
        assert_eq!(
            s.queue.read(|c| settings::get(c, "last")).await.unwrap(),
            Some(499.into())
        );
    });
    assert_eq!(*seen.lock().unwrap(), (0..500).collect::<Vec<_>>());
}

#[test]
fn a_write_goes_on_when_nobody_waits_for_it_any_more() {
    let s = sandbox();
    block_on(async {
        drop(
            s.queue
                .submit(|c| groups::insert(c, &new_group(2)))
                .await
                .unwrap(),
        );
        s.queue.write(|_| Ok(())).await.unwrap();
        assert_eq!(s.queue.read(groups::list).await.unwrap().len(), 2);
    });
}

#[test]
fn f026_a_read_can_not_write_and_sees_one_state() {
    let s = sandbox();
    block_on(async {
        let e = s
            .queue
            .read(|c| groups::insert(c, &new_group(7)))
            .await
            .unwrap_err();
        assert!(matches!(e, QueueError::ReadOnly(_)), "{e}");
        let (first_done, wait_first) = channel();
        let (go, wait) = channel();
        let queue = s.queue.clone();
        let reading = tokio::task::spawn(async move {
            queue
                .read(move |c| {
                    let before = count(c, "SELECT count(*) FROM upload_group")?;
                    let _ = first_done.send(());
                    wait.recv().map_err(|e| QueueError::Internal(e.to_string()))?;
                    Ok((before, count(c, "SELECT count(*) FROM upload_group")?))
                })
                .await
        });
        tokio::task::yield_now().await;
        wait_first.recv().unwrap();
        s.queue.write(|c| groups::insert(c, &new_group(2))).await.unwrap();
        go.send(()).unwrap();
        assert_eq!(reading.await.unwrap(), Ok((1, 1)));
        assert_eq!(s.queue.read(groups::list).await.unwrap().len(), 2);
    });
}

#[test]
fn a_clean_end_is_written_down_and_nothing_comes_after_it() {
    let s = sandbox();
    let path = s.path();
    block_on(async {
        s.queue
            .write(|c| windlass_queue::installation::alive(c, crate::support::at(77)))
            .await
            .unwrap();
        let last = s
            .queue
            .submit(|c| settings::set(c, "a", &1.into()))
            .await
            .unwrap();
        s.queue.close_clean().await.unwrap();
        last.await.unwrap();
        assert_eq!(s.queue.write(|_| Ok(())).await, Err(QueueError::Closed));
        assert_eq!(s.queue.read(|_| Ok(())).await, Err(QueueError::Closed));
        assert_eq!(s.queue.close_clean().await, Err(QueueError::Closed));
    });
    let left: Vec<_> = std::fs::read_dir(s.dir.path())
        .unwrap()
        .map(|f| f.unwrap().file_name())
        .collect();
    assert_eq!(left, ["queue.sqlite"], "the log is emptied and gone");
    let again = open(&path).unwrap();
    assert!(again.clean_exit);
    assert_eq!(again.last_alive, Some(crate::support::at(77)));
    drop(again);
    let cut = open(&path).unwrap();
    assert!(!cut.clean_exit, "the run before did not end by close_clean");
}

#[test]
fn the_installation_stays_the_same() {
    let dir = tempfile::tempdir().unwrap();
    let path = crate::support::path_in(&dir);
    let first = windlass_queue::Queue::open(&path, crate::support::NOW, [1; 10]).unwrap();
    assert!(first.clean_exit && first.last_alive.is_none() && first.set_aside.is_none());
    block_on(first.queue.close_clean()).unwrap();
    let second = windlass_queue::Queue::open(&path, crate::support::NOW, [2; 10]).unwrap();
    assert_eq!(first.client_id, second.client_id);
}

#[test]
fn errors_become_failures_with_their_code() {
    let newer = QueueError::Newer { found: 9, known: 1 };
    assert_eq!(Failure::from(&newer).code, ErrorCode::QueueNewer);
    assert!(Failure::from(newer).detail.contains('9'));
    assert_eq!(Failure::from(QueueError::Closed).code, ErrorCode::Internal);
}
