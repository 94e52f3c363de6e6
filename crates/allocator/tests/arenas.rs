//! One test, in a program of its own: arenas that were made stay.
#![cfg(all(target_os = "linux", target_env = "gnu", target_pointer_width = "64"))]

use std::io;
use std::sync::{Arc, Barrier};
use std::thread;

use windlass_allocator::{ARENAS, share_arenas};

/// Addresses below which an arena's memory starts.
const HEAP: u64 = 64 << 20;
const THREADS: usize = 40;

/// Arenas of other threads than the first: memory that begins where only they do, with the rest of their room behind it.
fn arenas() -> io::Result<usize> {
    let maps = std::fs::read_to_string("/proc/self/maps")?;
    let parsed = maps.lines().filter_map(|line| {
        let mut words = line.split_whitespace();
        let (range, rights) = (words.next()?, words.next()?);
        let (from, to) = range.split_once('-')?;
        let address = |text| u64::from_str_radix(text, 16).ok();
        Some((address(from)?, address(to)?, rights.to_owned()))
    });
    let all: Vec<_> = parsed.collect();
    let behind = |end: u64| all.iter().find(|(from, ..)| *from == end);
    let found = all
        .iter()
        .filter(|(from, to, rights)| from % HEAP == 0 && rights == "rw-p" && to - from < HEAP)
        .filter(|(_, to, _)| behind(*to).is_some_and(|(_, end, rights)| rights == "---p" && end % HEAP == 0))
        .count();
    Ok(found)
}

/// So many threads at once, of which each holds memory.
fn allocate_everywhere() -> io::Result<usize> {
    let all = Arc::new(Barrier::new(THREADS + 1));
    let threads: Vec<_> = (0..THREADS)
        .map(|n| {
            let all = Arc::clone(&all);
            thread::spawn(move || {
                let held = vec![n; 500];
                all.wait();
                all.wait();
                held.len()
            })
        })
        .collect();
    all.wait();
    let found = arenas()?;
    all.wait();
    for t in threads {
        t.join().map_err(|_| io::Error::other("a thread panicked"))?;
    }
    Ok(found)
}

#[test]
fn threads_share_few_arenas() -> io::Result<()> {
    share_arenas();
    let found = allocate_everywhere()?;
    // The first thread's is none of these.
    assert!(
        (1..ARENAS as usize).contains(&found),
        "{found} arenas of other threads"
    );
    Ok(())
}
