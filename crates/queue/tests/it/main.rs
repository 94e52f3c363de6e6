//! The queue through its public doors, on real files.

mod changes;
mod commit;
mod crash;
mod damage;
mod disk;
mod intake;
mod launch;
mod migration;
mod pages;
mod power;
mod random;
mod receipts;
mod retry;
mod small_tables;
mod speed;
mod support;
mod transitions;
