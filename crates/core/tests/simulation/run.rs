//! A run from its seed to its end: chaos, then calm, then everything has come to an end (I8, I32).

use windlass_core::error::{ErrorCode, RetryClass};
use windlass_core::states::{FileState, GroupState, Intent};

use crate::oracle::{Seen, i01_the_object_is_the_version};
use crate::queue::is_open;
use crate::world::World;

/// With faults off everything ends in 10 minutes.
const ENDS_MS: i64 = 600_000;
/// More steps than any run needs: a machine that runs in circles.
const STEPS: u64 = 200_000;

pub(crate) struct Ended {
    pub(crate) trace: u64,
    pub(crate) seen: Seen,
}

pub(crate) fn run(seed: u64) -> Ended {
    run_logged(seed, false)
}

pub(crate) fn run_logged(seed: u64, log: bool) -> Ended {
    let mut world = World::new(seed);
    world.oracle.log = log.then(Vec::new);
    let told = Told {
        seed,
        world: &mut world,
    };
    chaos(told.world);
    end(told.world);
    drop(told);
    Ended {
        trace: world.oracle.trace,
        seen: world.oracle.seen,
    }
}

/// Says which seed failed, and its log when that was asked for.
struct Told<'a> {
    seed: u64,
    world: &'a mut World,
}

impl Drop for Told<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            for line in self.world.oracle.log.iter().flatten() {
                println!("{line}");
            }
            println!(
                "seed {} failed after {} steps: WINDLASS_SIM_SEED={}",
                self.seed, self.world.steps, self.seed
            );
        }
    }
}

fn chaos(world: &mut World) {
    let steps = *world.rng.pick(&[50, 400, 2_000]).expect("a number");
    let mut idle = 0;
    for _ in 0..steps {
        if world.rng.chance(world.manner.crashes) {
            world.crash();
        } else if world.rng.chance(world.manner.chaos) {
            world.chaos();
        }
        if !world.step() {
            idle += 1;
            if idle > 20 {
                return;
            }
            if world.manner.chaos > 0 {
                world.chaos();
            }
        }
    }
}

fn end(world: &mut World) {
    world.calm_down();
    quiet_down(world);
    // A person tries again what needs one; what still fails has a cause that stays.
    for _ in 0..2 {
        if world.retry_all() {
            quiet_down(world);
        }
    }
    all_is_over(world);
}

fn quiet_down(world: &mut World) {
    let since = world.now;
    let mut steps = 0;
    while world.step() {
        steps += 1;
        assert!(steps < STEPS, "it runs in circles");
        let took = world.now.millis_since(since);
        assert!(
            took <= ENDS_MS + world.set_back_ms(),
            "I32: not over after {took} ms: {}",
            left(world)
        );
    }
}

fn left(world: &World) -> String {
    let open = world.queue.files.values().filter(|r| is_open(r.record.state));
    open.map(|r| {
        format!(
            "{} {} tries {} {:?}",
            r.record.id, r.record.state, r.record.tries, r.failure
        )
    })
    .collect::<Vec<_>>()
    .join("; ")
}

fn all_is_over(world: &mut World) {
    for row in world.queue.files.values() {
        let (r, id) = (&row.record, row.record.id);
        let group = &world.queue.groups[&r.group].record;
        match r.state {
            FileState::Done => {
                let (proof, _) = row.receipt.as_ref().expect("a receipt");
                i01_the_object_is_the_version(id, proof, &world.queue, &world.server, &world.disk);
            }
            FileState::Failed => {
                let cause = row.failure.as_ref().expect("I8: a failed file has its cause");
                let stays = cause.code.retry_class() == RetryClass::Never
                    || cause.code == ErrorCode::FileMissing
                    || matches!(group.state, GroupState::Completed | GroupState::Cancelled)
                    || r.intent == Intent::Cancelled;
                assert!(stays, "{id} failed for {cause} though all is in order");
            }
            FileState::Removed => assert!(!world.server.unfinished(id), "I37: parts of {id} are left"),
            FileState::Queued | FileState::Registered | FileState::Uploading | FileState::Verifying => {
                let closed = matches!(group.state, GroupState::Completed | GroupState::Cancelled);
                assert!(
                    closed,
                    "I8: {id} stands at {} and nothing goes on: {:?}, {:?}",
                    r.state, r, row.failure
                );
            }
        }
        let cancelled = r.intent == Intent::Cancelled || group.intent == Intent::Cancelled;
        let over =
            matches!(r.state, FileState::Done | FileState::Removed) || group.state == GroupState::Completed;
        assert!(!cancelled || over, "I37: {id} was cancelled and is {}", r.state);
    }
    for group in world.queue.groups.values() {
        let count = |s: FileState| {
            world
                .queue
                .of_group(group.record.id)
                .filter(|r| r.record.state == s)
                .count()
        };
        let (done, failed) = (count(FileState::Done), world.queue.count(group.record.id).failed);
        let state = group.record.state;
        let fits = match group.record.intent {
            Intent::Cancelled => matches!(state, GroupState::Cancelled | GroupState::Completed),
            Intent::Run | Intent::Paused if failed > 0 => state == GroupState::Failed,
            Intent::Run | Intent::Paused if done > 0 => state == GroupState::Completed,
            Intent::Run | Intent::Paused => true,
        };
        assert!(fits, "the group is {state}: {done} done, {failed} failed");
    }
    assert!(
        world.shell.buffers.is_empty(),
        "the pool is not free: {:?}",
        world.shell.buffers
    );
    assert!(world.shell.puts.is_empty() && world.shell.reads.is_empty());
    assert_eq!(world.machine.in_flight(), 0);
    assert!(world.machine.is_idle(), "nothing goes on, and it is not idle");
}
