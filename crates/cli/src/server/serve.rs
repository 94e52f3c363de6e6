//! `windlass serve`

use windlass_server::serve;

use super::args::Serve;
use super::{logs, settings, told};
use crate::event;
use crate::exit::{Exit, Trouble};
use crate::output::Output;
use crate::stop::Stop;

/// Runs the server until a signal asks it to end.
///
/// # Errors
/// When it can't be started.
pub async fn run(args: Serve, out: Output) -> Result<Exit, Trouble> {
    let settings = settings(
        &args.place,
        &[
            ("listen", args.listen),
            ("public-url", args.public_url),
            ("storage", args.storage),
            ("tls-cert", args.tls_cert),
            ("tls-key", args.tls_key),
            ("trusted-proxies", args.trusted_proxies),
            ("cors-origins", args.cors_origins),
        ],
    )?;
    let stop = Stop::listen()?;
    let logs = logs::begin(&settings).map_err(told)?;
    let data = settings.data.clone();
    let server = tokio::select! {
        server = serve::start(settings) => server.map_err(told)?,
        () = stop.asked() => return Ok(Exit::Done),
    };
    out.event(&event!("listening", url: server.url(), address: server.address().to_string()));
    if !out.is_json() {
        out.say(format!("Windlass listens on {}", server.url()));
        out.say(format!("Its ledger and files are in {}", data.display()));
        out.say(format!(
            "A token for a client: windlass token create --data {} --name NAME --scopes upload,read,delete",
            data.display()
        ));
    }
    stop.asked().await;
    tracing::info!("ending: no more connections, waiting for what is under way");
    let whole = server.shutdown().await?;
    if !whole {
        tracing::warn!("requests were cut after the time that shutdown-grace gives them");
    }
    logs.end().await;
    out.event(&event!("ended", whole: whole));
    Ok(Exit::Done)
}
