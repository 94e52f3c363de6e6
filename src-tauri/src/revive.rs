//! A page whose process died is loaded again.
//!
//! The web view draws in a process of its own, which the system may end when memory is short. The engine and the queue live in this
//! one and go on; without this the person would look at an empty window. The new page subscribes as the first did and finds
//! everything as it is by then.

use std::cell::RefCell;
use std::time::{Duration, Instant};

use webkit2gtk::{WebView, WebViewExt as _};

/// A page that dies as often as this within a while would die for ever: it is left, and the tray still works.
const MOST: usize = 3;
const WHILE: Duration = Duration::from_secs(60);

/// Loads the page anew each time its process ends without being asked to.
pub(crate) fn watch(view: &WebView) {
    let deaths = RefCell::new(Vec::new());
    view.connect_web_process_terminated(move |view, why| {
        if goes_on(&mut deaths.borrow_mut(), Instant::now()) {
            tracing::warn!(?why, "the page's process ended; it is loaded again");
            view.reload();
        } else {
            tracing::error!(?why, "the page's process ends again and again; it is left");
        }
    });
}

/// Writes a death down, and says whether the page is loaded once more.
fn goes_on(deaths: &mut Vec<Instant>, now: Instant) -> bool {
    deaths.retain(|at| now.duration_since(*at) < WHILE);
    deaths.push(now);
    deaths.len() <= MOST
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_that_dies_at_once_each_time_is_left_and_one_that_dies_now_and_then_is_not() {
        let begin = Instant::now();
        let at = |s| begin + Duration::from_secs(s);
        let mut deaths = Vec::new();
        let answers: Vec<bool> = (0..4).map(|s| goes_on(&mut deaths, at(s))).collect();
        assert_eq!(answers, [true, true, true, false]);
        assert!((1..9).all(|n| goes_on(&mut deaths, at(200 + n * 40))));
    }
}
