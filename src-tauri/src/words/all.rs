//! Everything that is said, once each, for the tests.

use windlass_core::states::BlockedReason;
use windlass_engine::view::Around;

use super::{Left, Words};

/// Whatever the words can say, each of it with `n` where it counts.
pub(super) fn all(w: &Words, n: u64) -> Vec<String> {
    let network = Around {
        network: Some("Net\u{202e}".into()),
        battery: Some(18),
        opens_at: Some(0),
        ..Around::default()
    };
    let mut out = vec![
        w.count(n),
        w.uploading(n, None),
        w.uploading(n, Some(61)),
        w.left(Left::Minute),
        w.left(Left::Minutes(2, 2)),
        w.left(Left::Minutes(2, 1_002)),
        w.left(Left::Hours(2_000, 2_000)),
        w.left(Left::Hours(2, 3)),
        w.offline(n),
        w.need_you(n),
        w.needs_you_menu(n),
        w.paused_until("8:00"),
        w.group("{percent} {name}", 3),
        w.group_done("{name}"),
        w.group_needs_you("{files}", n),
        w.quit_question(n),
        w.host_question("{bucket}", "{host}"),
        w.proxy_question("{address}"),
    ];
    for &reason in BlockedReason::ALL {
        out.extend([
            w.paused(reason),
            w.held(reason, &Around::default()),
            w.held(reason, &network),
        ]);
    }
    for (title, text) in [
        w.done("{group}", n, 0),
        w.done("{group}", n, n),
        w.needs_you("{files}", n),
        w.several(n, 0),
        w.several(0, n),
        w.several(n, n),
        w.watched(n, n),
        w.down("{destination}"),
        w.asks(None),
        w.asks(Some("{network}")),
    ] {
        out.extend([title, text]);
    }
    let (title, text) = w.keeps_uploading();
    let plain = [
        title,
        text,
        w.all_verified(),
        w.nothing(),
        w.opening(),
        w.open_window(),
        w.pause(),
        w.until_i_resume(),
        w.resume(),
        w.anyway(),
        w.speed(),
        w.no_limit(),
        w.custom_limit(),
        w.upload_files(),
        w.watched_folders(),
        w.settings(),
        w.quit(),
        w.goes_on(),
        w.show(),
        w.retry(),
        w.anyway_here(),
        w.always_here(),
        w.stay(),
        w.background_question(),
        w.in_background(),
        w.cannot_start(),
        w.not_taken(),
        w.choose_authorities(),
        w.use_it(),
        w.cancel(),
        w.choose_files(),
        w.choose_folders(),
        w.choose_destination(),
    ];
    out.extend(plain.into_iter().chain(w.pause_spans()).map(str::to_owned));
    out
}
