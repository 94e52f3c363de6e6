//! Traces: where the time of requests and jobs went, sent to a collector of OpenTelemetry where the settings name one.
//!
//! A span is a request or an attempt of a job, with its id, its kind and how it ended; nothing of a path, a query, a header,
//! a name or a file is in it. Spans wait in a queue of limited length and are sent by a thread of their own: when the
//! collector is slow or away, the oldest work goes on as if there were none, and spans that find no room are lost. That it
//! is away is told once, and once more when it is back. At the shutdown what waits gets a few seconds.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use opentelemetry::trace::{TraceContextExt as _, TracerProvider as _};
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{BatchConfigBuilder, BatchSpanProcessor, Sampler, SdkTracerProvider};
use tokio::runtime::Handle;
use tracing::{Span, Subscriber};
use tracing_opentelemetry::OpenTelemetrySpanExt as _;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::registry::LookupSpan;
use windlass_core::error::Failure;

use crate::failure::internal;
use crate::outgoing::{Call, Limits, Origin, Outgoing};

/// The target of spans that are for a collector, and of nothing else. The log leaves it out.
pub const TARGET: &str = "windlass_trace";
/// What one sending may cost.
const LIMITS: Limits = Limits {
    time: Duration::from_secs(5),
    bytes: 1 << 20,
};
/// Spans that wait at the most.
const QUEUE: usize = 4_096;
/// Spans of one sending.
const BATCH: usize = 512;
/// Time between two sendings.
const PAUSE: Duration = Duration::from_secs(2);
/// What waits at the shutdown gets so long.
const LAST: Duration = Duration::from_secs(3);

/// Where traces go.
#[derive(Clone, PartialEq)]
pub struct TraceSettings {
    /// The whole address, as `http://127.0.0.1:4318/v1/traces`.
    pub endpoint: String,
    /// What the collector wants with it; secrets.
    pub headers: Vec<(String, String)>,
    /// What this server is called there.
    pub service: String,
    /// Share of what is traced, 0 to 1.
    pub share: f64,
}

impl fmt::Debug for TraceSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TraceSettings")
            .field("service", &self.service)
            .field("share", &self.share)
            .finish_non_exhaustive()
    }
}

/// Running traces.
pub struct Traces(SdkTracerProvider);

impl Traces {
    /// Begins. The layer belongs into the program's subscriber.
    ///
    /// # Errors
    /// `invalid_field` for an address that is none.
    pub fn begin<S>(settings: &TraceSettings) -> Result<(Self, impl Layer<S> + use<S>), Failure>
    where
        S: Subscriber + for<'a> LookupSpan<'a> + Send + Sync,
    {
        let url: url::Url = settings.endpoint.parse().map_err(internal)?;
        let own: Origin = url.origin().ascii_serialization().parse()?;
        let collector = Collector {
            outgoing: Outgoing::new(vec![own])?,
            runtime: Handle::current(),
            is_away: Arc::default(),
        };
        let exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(collector)
            .with_endpoint(&settings.endpoint)
            .with_protocol(Protocol::HttpBinary)
            .with_timeout(LIMITS.time)
            .with_headers(settings.headers.iter().cloned().collect())
            .build()
            .map_err(internal)?;
        let batches = BatchConfigBuilder::default()
            .with_max_queue_size(QUEUE)
            .with_max_export_batch_size(BATCH)
            .with_scheduled_delay(PAUSE)
            .build();
        let processor = BatchSpanProcessor::builder(exporter)
            .with_batch_config(batches)
            .build();
        let about = Resource::builder_empty()
            .with_service_name(settings.service.clone())
            .with_attribute(opentelemetry::KeyValue::new(
                "service.version",
                env!("CARGO_PKG_VERSION"),
            ))
            .build();
        let provider = SdkTracerProvider::builder()
            .with_span_processor(processor)
            .with_sampler(Sampler::TraceIdRatioBased(settings.share))
            .with_resource(about)
            .build();
        let layer = tracing_opentelemetry::layer()
            .with_tracer(provider.tracer("windlass"))
            .with_location(false)
            .with_threads(false)
            .with_tracked_inactivity(false)
            .with_filter(filter_fn(|about| about.is_span() && about.target() == TARGET));
        Ok((Self(provider), layer))
    }

    /// Sends what waits, and ends.
    pub async fn end(self) {
        let provider = self.0;
        let ended = tokio::task::spawn_blocking(move || provider.shutdown_with_timeout(LAST));
        if let Ok(Err(e)) = ended.await {
            tracing::debug!(error = %e, "not all traces could be sent");
        }
    }
}

/// The span of a request.
#[must_use]
pub fn request(id: &str, method: &'static str) -> Span {
    tracing::info_span!(
        target: TARGET,
        "request",
        otel.kind = "server",
        otel.status_code = tracing::field::Empty,
        windlass.request_id = id,
        http.request.method = method,
    )
}

/// How a request ended: by the pattern of its route, never by its path.
pub fn answered(span: &Span, method: &'static str, route: &str, status: u16) {
    if span.is_disabled() {
        return;
    }
    // Its name can't be recorded any more once it was entered.
    span.context().span().update_name(format!("{method} {route}"));
    span.set_attribute("http.route", route.to_owned());
    span.set_attribute("http.response.status_code", i64::from(status));
    if status >= 500 {
        span.record("otel.status_code", "ERROR");
    }
}

/// The span of an attempt of a job.
#[must_use]
pub fn job(id: impl fmt::Display, kind: &str, attempt: u32) -> Span {
    tracing::info_span!(
        target: TARGET,
        "job",
        otel.name = format!("job {kind}"),
        otel.kind = "consumer",
        otel.status_code = tracing::field::Empty,
        windlass.job_id = %id,
        windlass.job_type = kind,
        windlass.attempt = attempt,
    )
}

/// How an attempt of a job ended; with the word of its error.
pub fn ended(span: &Span, end: &'static str, error: Option<&'static str>) {
    span.set_attribute("windlass.end", end);
    if let Some(error) = error {
        span.set_attribute("error.type", error);
        span.record("otel.status_code", "ERROR");
    }
}

/// Sends to the collector, by the runtime of the server, whoever waits.
struct Collector {
    outgoing: Outgoing,
    runtime: Handle,
    is_away: Arc<AtomicBool>,
}

impl fmt::Debug for Collector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Collector")
    }
}

impl Collector {
    fn told(is_away: &AtomicBool, away: Option<String>) {
        let was = is_away.swap(away.is_some(), Ordering::AcqRel);
        match away {
            Some(why) if !was => tracing::warn!(why, "traces are lost: the collector takes none"),
            None if was => tracing::info!("the collector takes traces again"),
            _ => {}
        }
    }
}

impl HttpClient for Collector {
    fn send_bytes<'a, 'b>(
        &'a self,
        request: Request<Bytes>,
    ) -> BoxFuture<'b, Result<Response<Bytes>, HttpError>>
    where
        'a: 'b,
        Self: 'b,
    {
        let (outgoing, is_away) = (self.outgoing.clone(), Arc::clone(&self.is_away));
        let sending = self.runtime.spawn(async move {
            let (parts, body) = request.into_parts();
            let url = parts.uri.to_string();
            let call = Call {
                url: &url,
                headers: parts
                    .headers
                    .iter()
                    .map(|(n, v)| (n.clone(), v.clone()))
                    .collect(),
                body,
                limits: LIMITS,
            };
            let reply = match outgoing.post(call).await {
                Ok(reply) => reply,
                Err(e) => {
                    Self::told(&is_away, Some(e.to_string()));
                    return Err(HttpError::from(e.to_string()));
                }
            };
            let away = (!(200..300).contains(&reply.status)).then(|| format!("answer {}", reply.status));
            Self::told(&is_away, away);
            Ok(Response::builder().status(reply.status).body(reply.body)?)
        });
        async move { sending.await? }.boxed()
    }
}
