//! How many files and connections may be open at once.
//!
//! Systems start a program with room for 1,024, for the sake of old programs that count no further, and let it have far more when
//! it asks. A server takes more connections than that.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Asks for as many as the system lets this program have. Without them it works with fewer at once.
pub fn raise() {
    let limit = getrlimit(Resource::Nofile);
    let all = Rlimit {
        current: limit.maximum,
        maximum: limit.maximum,
    };
    if limit.current != limit.maximum
        && let Err(e) = setrlimit(Resource::Nofile, all)
    {
        tracing::debug!(error = %e, "no more descriptors than at the start");
    }
}
