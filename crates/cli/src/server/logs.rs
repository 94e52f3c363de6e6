//! The log of a server: to stderr, where whoever started it takes it from.

use tracing_appender::non_blocking::WorkerGuard;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer as _};
use windlass_core::error::{ErrorCode, Failure};
use windlass_server::serve::settings::{LogFormat, Settings};
use windlass_server::traces::{self, Traces};

/// Logging, and tracing where the settings name a collector.
pub struct Logs {
    traces: Option<Traces>,
    _written_at_the_end: WorkerGuard,
}

impl Logs {
    /// Sends what waits for the collector, and writes what waits for the log.
    pub async fn end(self) {
        if let Some(traces) = self.traces {
            traces.end().await;
        }
    }
}

/// Begins to log. What is kept in memory is written when the guard goes.
///
/// # Errors
/// `invalid_field` for levels that are none.
pub fn begin(settings: &Settings) -> Result<Logs, Failure> {
    let level = |e: &dyn std::fmt::Display| {
        let detail = format!("log: {:?} is no level, as info or warn: {e}", settings.log);
        Failure::new(ErrorCode::InvalidField, detail)
    };
    // Spans for the collector are not for the log.
    let not_traces = format!("{}=off", traces::TARGET).parse().map_err(|e| level(&e))?;
    let filter = EnvFilter::try_new(&settings.log)
        .map_err(|e| level(&e))?
        .add_directive(not_traces);
    let (traces, layer) = match &settings.traces {
        Some(wanted) => {
            let (traces, layer) = Traces::begin(wanted)?;
            (Some(traces), Some(layer))
        }
        None => (None, None),
    };
    let (writer, guard) = tracing_appender::non_blocking(std::io::stderr());
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(writer)
        .with_ansi(false);
    let lines = match settings.log_format {
        LogFormat::Json => lines.json().flatten_event(true).with_current_span(true).boxed(),
        LogFormat::Text => lines.boxed(),
    };
    // Only the first counts, which is this one.
    let _ = tracing_subscriber::registry()
        .with(lines.with_filter(filter))
        .with(layer)
        .try_init();
    Ok(Logs {
        traces,
        _written_at_the_end: guard,
    })
}
