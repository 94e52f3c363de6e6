//! Figures for the person who uploads, all from the queue's own rows; of whole accounts, from their servers.

pub(crate) mod accounts;

use windlass_core::error::Failure;
use windlass_core::ids::DestinationId;
use windlass_core::names::shown;
use windlass_core::spans as held;
use windlass_core::time::Timestamp;
use windlass_queue::{insights, processing, samples, spans};

use crate::clock;
use crate::shell::Shared;
use crate::view::{AbandonedGroup, DestinationFigures, Insights, Reason, Waited};

const HOUR_MS: i64 = 3_600_000;
/// Figures of one chart.
const FIGURES: i64 = 288;
/// Days of failure reasons and of what was left.
const REASONS_MS: i64 = 7 * 24 * HOUR_MS;
/// Nothing moved for so long: it is left.
const STILL_MS: i64 = HOUR_MS;
const MOST_ABANDONED: u32 = 20;
const MOST_SPANS: usize = 100;

pub(crate) async fn of(
    shared: &Shared,
    hours: u32,
    destination: Option<DestinationId>,
) -> Result<Insights, Failure> {
    crate::behind::note(shared).await;
    let hours = hours.clamp(1, 24 * 31);
    let now = clock::now();
    let step_ms = (i64::from(hours) * HOUR_MS / FIGURES).max(samples::SAMPLE_MS);
    let step_ms = step_ms - step_ms % samples::SAMPLE_MS;
    let end = now.as_millis() - now.as_millis().rem_euclid(step_ms) + step_ms;
    let steps = i64::from(hours) * HOUR_MS / step_ms;
    let from = Timestamp::from_millis(end - steps * step_ms);
    let of_reasons = now.plus_millis(-REASONS_MS);
    let still = now.plus_millis(-STILL_MS);
    let (
        proved,
        failed,
        times,
        sent,
        reasons,
        abandoned,
        places,
        (processed, worked),
        (spans, interruptions, waited),
    ) = shared
        .queue
        .read(move |conn| {
            Ok((
                insights::proved(conn, from, destination)?,
                insights::failed(conn, from, destination)?,
                insights::times(conn, from, destination)?,
                samples::since(conn, from, step_ms, destination)?,
                insights::reasons(conn, of_reasons, destination)?,
                insights::abandoned(conn, of_reasons, still, MOST_ABANDONED)?,
                insights::proved_by_destination(conn, from)?,
                (
                    processing::ended(conn, from, destination)?,
                    processing::done_by_step(conn, from, step_ms, destination)?,
                ),
                {
                    let all = spans::between(conn, from.min(of_reasons), now)?;
                    let told = held::told(&all, from, now, destination);
                    let week = held::told(&all, of_reasons, now, destination);
                    let views = crate::spans::views(conn, &told, MOST_SPANS)?;
                    (views, held::interruptions(&told), held::summed(&week))
                },
            ))
        })
        .await?;
    let chart = Chart { from, step_ms, steps };
    let rates = chart.rates(sent.iter().map(|s| (s.at, s.sent)));
    let processed_rates = if worked.is_empty() {
        Vec::new()
    } else {
        chart.rates(worked.iter().copied())
    };
    Ok(Insights {
        hours,
        from: from.as_millis(),
        to: now.as_millis(),
        verified: proved.files,
        failed,
        bytes: proved.bytes,
        deduplicated: proved.deduplicated,
        unchanged: proved.unchanged,
        saved: proved.saved,
        sent: sent.iter().map(|s| s.sent).sum(),
        lost: sent.iter().map(|s| s.lost).sum(),
        mean_ms: times.mean_ms,
        median_ms: times.median_ms,
        p95_ms: times.p95_ms,
        step_ms,
        rates,
        processed_rates,
        spans,
        interruptions: u32::try_from(interruptions).unwrap_or(u32::MAX),
        processed: processed.done,
        unprocessed: processed.failed,
        waited: waited
            .into_iter()
            .map(|(cause, ms)| Waited { cause, ms })
            .collect(),
        reasons: reasons
            .into_iter()
            .map(|(code, files)| Reason {
                code,
                number: code.label(),
                files,
            })
            .collect(),
        abandoned: abandoned
            .into_iter()
            .map(|a| AbandonedGroup {
                group: a.group,
                name: shown(&a.name),
                done: a.done,
                files: a.files,
                cancelled: a.cancelled,
                at: a.at.as_millis(),
            })
            .collect(),
        destinations: places
            .into_iter()
            .map(|(id, name, p)| DestinationFigures {
                id,
                name: shown(&name),
                files: p.files,
                bytes: p.bytes,
                saved: p.saved,
            })
            .collect(),
    })
}

/// Stretches of equal length, from a time on.
struct Chart {
    from: Timestamp,
    step_ms: i64,
    steps: i64,
}

impl Chart {
    /// Bytes a second of each stretch.
    fn rates(&self, bytes: impl Iterator<Item = (Timestamp, u64)>) -> Vec<f64> {
        let mut rates = vec![0.0; usize::try_from(self.steps).unwrap_or_default()];
        for (at, bytes) in bytes {
            let place = (at.as_millis() - self.from.as_millis()).div_euclid(self.step_ms);
            if let Some(rate) = usize::try_from(place).ok().and_then(|p| rates.get_mut(p)) {
                #[expect(clippy::cast_precision_loss, reason = "a rate needs no exact bytes")]
                let per_second = bytes as f64 * 1_000.0 / self.step_ms as f64;
                *rate += per_second;
            }
        }
        rates
    }
}
