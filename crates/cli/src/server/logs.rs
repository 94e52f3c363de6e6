//! The log of a server: to stderr, where whoever started it takes it from.

use tracing_appender::non_blocking::WorkerGuard;
use tracing_subscriber::EnvFilter;
use windlass_core::error::{ErrorCode, Failure};
use windlass_server::serve::settings::{LogFormat, Settings};

/// Begins to log. What is kept in memory is written when the guard goes.
///
/// # Errors
/// `invalid_field` for levels that are none.
pub fn begin(settings: &Settings) -> Result<WorkerGuard, Failure> {
    let filter = EnvFilter::try_new(&settings.log).map_err(|e| {
        let detail = format!("log: {:?} is no level, as info or warn: {e}", settings.log);
        Failure::new(ErrorCode::InvalidField, detail)
    })?;
    let (writer, guard) = tracing_appender::non_blocking(std::io::stderr());
    let builder = tracing_subscriber::fmt()
        .with_writer(writer)
        .with_ansi(false)
        .with_env_filter(filter);
    // Only the first counts, which is this one.
    let _ = match settings.log_format {
        LogFormat::Json => builder
            .json()
            .flatten_event(true)
            .with_current_span(true)
            .try_init(),
        LogFormat::Text => builder.try_init(),
    };
    Ok(guard)
}
