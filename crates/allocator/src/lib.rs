//! How the system's allocator keeps the memory of these programs small.
//!
//! The C library gives threads that allocate at once an arena each, up to eight for a processor. Each keeps the most that was
//! ever taken from it at a time: what hundreds of short tasks borrowed once stays with the program, and more of it on a larger
//! machine. All of the work here goes through few threads at a time, so few arenas are enough.

/// Arenas that threads share. Fewer cost throughput of small files: see docs/decisions/0021.
pub const ARENAS: i32 = 4;

/// Lets threads share [`ARENAS`] arenas, unless the environment says how many (`MALLOC_ARENA_MAX`, `GLIBC_TUNABLES`).
///
/// Arenas that are there already stay: call it before the first thread is started. Nothing happens where the C library is
/// another one.
pub fn share_arenas() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    if !is_said_otherwise() {
        // Refused, it stays as it was: more memory, and nothing else.
        let _ = limit();
    }
}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn is_said_otherwise() -> bool {
    let tunables = std::env::var_os("GLIBC_TUNABLES").unwrap_or_default();
    std::env::var_os("MALLOC_ARENA_MAX").is_some() || tunables.to_string_lossy().contains("arena_max")
}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[expect(unsafe_code, reason = "the C library has no other door to it")]
fn limit() -> bool {
    // SAFETY: takes two numbers, keeps nothing of ours, and takes the allocator's own lock.
    unsafe { libc::mallopt(libc::M_ARENA_MAX, ARENAS) == 1 }
}
