//! What a destination does not take, and originals that come back.

use super::*;
use windlass_core::accepts::Accepts;

// E-4, A-8: what the destination would refuse is told by name and size; nothing of it is announced, and nothing fails.
#[tokio::test(flavor = "multi_thread")]
async fn e4_what_the_destination_does_not_take_is_left_out_before_a_byte_moves_and_goes_when_it_does() {
    let bench = Bench::new().await;
    // The destination is there before it is limited.
    bench.engine().await.shutdown().await;
    bench.plane.limit(&Accepts {
        max_bytes: Some(1_000),
        refused_types: vec!["exe".into()],
        allowed_mime: None,
    });
    bench.write("setup.exe", b"MZ");
    bench.write("large.bin", &[1; 1_001]);
    bench.write("small.bin", &[2; 1_000]);
    let w = watched_in(bench, quick()).await;
    w.uploaded("small.bin").await;
    let large = w.until("large.bin", |f| f.verdict == WatchVerdict::Ignored).await;
    assert_eq!((large.why, large.detail.as_str()), (Why::TooLargeThere, "1000"));
    let program = w.until("setup.exe", |f| f.verdict == WatchVerdict::Ignored).await;
    assert_eq!((program.why, program.detail.as_str()), (Why::TypeRefused, ".exe"));
    let named = w
        .engine
        .explain_watched(text(&w.path("not-there.exe")))
        .await
        .unwrap();
    assert_eq!(named.file.why, Why::TypeRefused);
    assert_eq!(w.receipts().await.len(), 1, "nothing of the others was announced");
    // Whoever runs it allows more: the next look at everything sends it.
    w.bench.plane.limit(&Accepts::default());
    w.engine.look_now(Some(w.watch.id)).await.unwrap();
    w.uploaded("large.bin").await;
    w.uploaded("setup.exe").await;
}

// E-8: an original that left after its proof and came back as it was stays: nobody takes it away a second time.
#[tokio::test(flavor = "multi_thread")]
async fn e8_an_original_that_is_put_back_stays_there() {
    let (w, done) = moving().await;
    w.bench.write("a.bin", &[1; 5_000]);
    w.until("a.bin", |f| f.gone && f.verdict == WatchVerdict::Uploaded)
        .await;
    // As "Put back" does it: the file itself, under its old name.
    fs::rename(done.join("a.bin"), w.path("a.bin")).unwrap();
    w.until("a.bin", |f| !f.gone && f.verdict == WatchVerdict::Uploaded)
        .await;
    // Two looks at everything, and another file that goes all its way: what is due would have been done with.
    for _ in 0..2 {
        w.engine.look_now(Some(w.watch.id)).await.unwrap();
    }
    w.bench.write("b.bin", &[2; 5_000]);
    w.until("b.bin", |f| f.gone && f.verdict == WatchVerdict::Uploaded)
        .await;
    assert_eq!(fs::read(w.path("a.bin")).unwrap(), [1; 5_000]);
    let back = w.until("a.bin", |_| true).await;
    assert_eq!(back.original, WatchOriginal::Kept);
}
