//! What the child gives up before it looks at the file.
//!
//! Limits of the system hold everywhere on Unix and must be set. On Linux two walls stand besides, as far as the kernel
//! has them: Landlock (no file, no network) and a list of the system calls that reading memory and one open file needs;
//! every other one (opening, connecting, starting, signalling others, making memory executable) answers "not permitted".
//! On Windows the clock, the length of the answer and the parent's end are all that bounds it.

use std::fs::File;
use std::io;

use crate::limits::Limits;

#[cfg(not(unix))]
pub(super) fn give_up(_: &Limits, _: &File) -> io::Result<()> {
    Ok(())
}

#[cfg(unix)]
pub(super) fn give_up(limits: &Limits, input: &File) -> io::Result<()> {
    #[cfg(target_os = "linux")]
    let held = linux::memory_held()?;
    #[cfg(target_os = "linux")]
    linux::no_files_and_no_network();
    use rustix::process::Resource;
    let seconds = limits.time_ms.div_ceil(1000) + 1;
    #[cfg(target_os = "linux")]
    set(Resource::As, held + limits.memory_bytes, 0)?;
    // The first signal ends the process; a second later the kernel does.
    set(Resource::Cpu, seconds, 1)?;
    set(Resource::Fsize, 0, 0)?;
    set(Resource::Core, 0, 0)?;
    set(Resource::Nofile, 8, 0)?;
    #[cfg(target_os = "linux")]
    {
        // Said last, for nothing can be set after it.
        set(Resource::Nproc, 0, 0)?;
        linux::few_calls(input);
    }
    #[cfg(not(target_os = "linux"))]
    let _ = input;
    Ok(())
}

#[cfg(unix)]
fn set(resource: rustix::process::Resource, most: u64, hard: u64) -> io::Result<()> {
    let before = rustix::process::getrlimit(resource).maximum.unwrap_or(u64::MAX);
    let limit = rustix::process::Rlimit {
        current: Some(most.min(before)),
        maximum: Some((most + hard).min(before)),
    };
    Ok(rustix::process::setrlimit(resource, limit)?)
}

#[cfg(target_os = "linux")]
mod linux {
    use landlock::{ABI, Access as _, AccessFs, AccessNet, Ruleset, RulesetAttr as _, Scope};
    use seccompiler::{
        BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
        SeccompRule,
    };
    use std::collections::BTreeMap;
    use std::fs::File;
    use std::io;
    use std::os::fd::AsRawFd as _;

    /// Bytes of address space in use: what the program brings along is not the file's doing.
    pub(super) fn memory_held() -> io::Result<u64> {
        let status = std::fs::read_to_string("/proc/self/status")?;
        let size = status.lines().find_map(|l| {
            l.strip_prefix("VmSize:")?
                .trim()
                .strip_suffix("kB")?
                .trim()
                .parse()
                .ok()
        });
        size.map(|kb: u64| kb * 1024)
            .ok_or_else(|| io::Error::other("no VmSize"))
    }

    /// Best effort: a kernel without Landlock still has the list of calls.
    pub(super) fn no_files_and_no_network() {
        let wall = Ruleset::default()
            .handle_access(AccessFs::from_all(ABI::V6))
            .and_then(|r| r.handle_access(AccessNet::from_all(ABI::V6)))
            .and_then(|r| r.scope(Scope::from_all(ABI::V6)))
            .and_then(Ruleset::create);
        if let Ok(wall) = wall {
            let _ = wall.restrict_self();
        }
    }

    /// Best effort, for all threads of the process. `no_new_privs` comes with it.
    pub(super) fn few_calls(input: &File) {
        if let Ok(program) = list(input) {
            let _ = seccompiler::apply_filter_all_threads(&program);
        }
    }

    fn list(input: &File) -> Result<BpfProgram, seccompiler::BackendError> {
        let free = [
            libc::SYS_brk,
            libc::SYS_clock_gettime,
            libc::SYS_clock_nanosleep,
            libc::SYS_close,
            libc::SYS_exit,
            libc::SYS_exit_group,
            libc::SYS_fstat,
            libc::SYS_futex,
            libc::SYS_getpid,
            libc::SYS_getppid,
            libc::SYS_getrandom,
            libc::SYS_gettid,
            libc::SYS_madvise,
            libc::SYS_mremap,
            libc::SYS_munmap,
            libc::SYS_restart_syscall,
            libc::SYS_rseq,
            libc::SYS_rt_sigaction,
            libc::SYS_rt_sigprocmask,
            libc::SYS_rt_sigreturn,
            libc::SYS_sched_getaffinity,
            libc::SYS_sched_yield,
            libc::SYS_set_robust_list,
            libc::SYS_sigaltstack,
        ];
        let mut rules: BTreeMap<i64, Vec<SeccompRule>> =
            free.into_iter().map(|call| (call, Vec::new())).collect();
        // Memory, but none to run code from.
        let executable = u64::from(libc::PROT_EXEC.unsigned_abs());
        for call in [libc::SYS_mmap, libc::SYS_mprotect] {
            let data =
                SeccompCondition::new(2, SeccompCmpArgLen::Dword, SeccompCmpOp::MaskedEq(executable), 0)?;
            rules.insert(call, vec![SeccompRule::new(vec![data])?]);
        }
        // The file, and what is said about it. What else was left open by whoever started the parent stays untouched.
        let input = u64::from(input.as_raw_fd().unsigned_abs());
        let one_of = |fds: &[u64]| -> Result<Vec<SeccompRule>, seccompiler::BackendError> {
            fds.iter()
                .map(|fd| {
                    let same = SeccompCondition::new(0, SeccompCmpArgLen::Dword, SeccompCmpOp::Eq, *fd)?;
                    SeccompRule::new(vec![same])
                })
                .collect()
        };
        for call in [
            libc::SYS_read,
            libc::SYS_readv,
            libc::SYS_pread64,
            libc::SYS_lseek,
        ] {
            rules.insert(call, one_of(&[input])?);
        }
        for call in [libc::SYS_write, libc::SYS_writev] {
            rules.insert(call, one_of(&[1, 2])?);
        }
        // An abort signals the process itself, and nobody else.
        let own = SeccompCondition::new(
            0,
            SeccompCmpArgLen::Dword,
            SeccompCmpOp::Eq,
            u64::from(std::process::id()),
        )?;
        rules.insert(libc::SYS_tgkill, vec![SeccompRule::new(vec![own])?]);
        let refused = SeccompAction::Errno(libc::EPERM.unsigned_abs());
        SeccompFilter::new(
            rules,
            refused,
            SeccompAction::Allow,
            std::env::consts::ARCH.try_into()?,
        )?
        .try_into()
    }
}
