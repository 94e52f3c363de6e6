//! How many files and connections may be open at once.
//!
//! Systems start a program with room for 1,024, for the sake of old programs that count no further, and let it have far more when
//! it asks. A server takes more connections than that.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Asks for as many as the system lets this program have. Without them it works with fewer at once.
pub fn raise() {
    let maximum = getrlimit(Resource::Nofile).maximum;
    let current = maximum;
    // Refused: nobody to tell yet.
    let _ = setrlimit(Resource::Nofile, Rlimit { current, maximum });
}
