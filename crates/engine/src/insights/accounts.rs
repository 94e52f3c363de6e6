//! Figures of whole accounts: what a server counts of uploads from all computers of the person, this one among them.
//!
//! Nothing of it is kept. A server that does not answer is told as that, beside those that do.

use std::collections::BTreeMap;

use futures::future::join_all;
use windlass_core::error::{ErrorCode, Failure};
use windlass_core::names::shown;
use windlass_protocol::places::{MetricsOf, UploadMetrics};
use windlass_queue::servers::ServerRow;

use crate::server;
use crate::shell::Shared;
use crate::view::{AccountCounts, AccountFigures, Reason};

/// A server, and the token that says who asks there, or why there is none.
type Account = (String, Result<String, ErrorCode>);

/// Of each server and account once, also where several destinations lie there.
pub(crate) async fn of(shared: &Shared) -> Result<Vec<AccountFigures>, Failure> {
    let mut accounts: BTreeMap<Account, (ServerRow, Vec<String>)> = BTreeMap::new();
    for (row, name) in server::listed(shared).await? {
        // Two destinations with the same token are the same account. The token itself leaves this function for nowhere.
        let token = shared.planes.token(&row).await.map_err(|f| f.code);
        let known = accounts
            .entry((row.url.clone(), token))
            .or_insert_with(|| (row, Vec::new()));
        known.1.push(shown(&name));
    }
    let mut figures = join_all(accounts.into_values().map(|(row, names)| ask(shared, row, names))).await;
    figures.sort_by(|a, b| a.names.cmp(&b.names));
    Ok(figures)
}

async fn ask(shared: &Shared, row: ServerRow, names: Vec<String>) -> AccountFigures {
    let asked = async {
        let client = shared.planes.of(row.destination).await?.client;
        let (files, groups) = futures::try_join!(
            client.upload_metrics(MetricsOf::Sessions),
            client.upload_metrics(MetricsOf::Groups)
        )?;
        Ok::<_, Failure>((counts(files), counts(groups)))
    };
    let (told, problem) = match asked.await {
        Ok(told) => (Some(told), None),
        Err(failure) => {
            tracing::info!(%failure, "a server did not tell its figures");
            (None, Some(failure.code))
        }
    };
    let (files, groups) = told.unzip();
    AccountFigures {
        destination: row.destination,
        names,
        problem,
        number: problem.map(ErrorCode::label),
        files,
        groups,
    }
}

fn counts(told: UploadMetrics) -> AccountCounts {
    AccountCounts {
        succeeded: told.succeeded_24h,
        failed: told.failed_24h,
        mean_ms: told.average_upload_seconds_24h.and_then(millis),
        reasons: told.failed_reasons_7d.into_iter().map(reason).collect(),
        abandoned: told.abandoned,
    }
}

/// A server of a newer version may know more reasons than this one has words for.
fn reason(told: windlass_protocol::places::FailedReason) -> Reason {
    let code = told.reason.parse().unwrap_or(ErrorCode::Internal);
    Reason {
        code,
        number: code.label(),
        files: told.count,
    }
}

fn millis(seconds: f64) -> Option<i64> {
    let ms = seconds * 1_000.0;
    #[expect(
        clippy::cast_possible_truncation,
        reason = "within the range that was looked at"
    )]
    (ms.is_finite() && (0.0..9e15).contains(&ms)).then_some(ms as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_server_tells_is_taken_as_it_is_or_not_at_all() {
        assert_eq!(millis(1.5), Some(1_500));
        assert_eq!(millis(0.0), Some(0));
        for nonsense in [f64::NAN, f64::INFINITY, -1.0, 1e300] {
            assert_eq!(millis(nonsense), None);
        }
        let newer = windlass_protocol::places::FailedReason {
            reason: "of_a_later_version".into(),
            count: 3,
        };
        assert_eq!(
            (reason(newer.clone()).code, reason(newer).files),
            (ErrorCode::Internal, 3)
        );
    }
}
