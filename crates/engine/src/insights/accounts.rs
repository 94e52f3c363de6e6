//! Figures of whole accounts: what a server counts of uploads from all computers of the person, this one among them.
//!
//! Nothing of it is kept. Destinations of one account at one server are one; a server that does not answer is told as that,
//! beside those that do.

use futures::future::join_all;
use windlass_core::error::{ErrorCode, Failure};
use windlass_core::ids::OwnerId;
use windlass_core::names::shown;
use windlass_protocol::places::{FailedReason, MetricsOf, UploadMetrics};
use windlass_queue::servers::ServerRow;

use crate::server;
use crate::shell::Shared;
use crate::view::{AccountCounts, AccountFigures, Reason};

/// Of each server and account once, also where several destinations lie there.
pub(crate) async fn of(shared: &Shared) -> Result<Vec<AccountFigures>, Failure> {
    let rows = server::listed(shared).await?;
    let told = join_all(rows.into_iter().map(|(row, name)| ask(shared, row, name))).await;
    let mut accounts: Vec<(Option<(String, OwnerId)>, AccountFigures)> = Vec::new();
    for (account, figures) in told {
        let same = accounts
            .iter_mut()
            .find(|(known, _)| account.is_some() && *known == account);
        match same {
            Some((_, known)) => known.names.extend(figures.names),
            None => accounts.push((account, figures)),
        }
    }
    let mut figures: Vec<AccountFigures> = accounts.into_iter().map(|(_, figures)| figures).collect();
    figures.sort_by(|a, b| a.names.cmp(&b.names));
    Ok(figures)
}

/// What a server tells of the account of a destination; and which one that is, where the server tells it.
async fn ask(shared: &Shared, row: ServerRow, name: String) -> (Option<(String, OwnerId)>, AccountFigures) {
    let asked = async {
        let client = shared.planes.of(row.destination).await?.client;
        let (files, groups, quota) = futures::join!(
            client.upload_metrics(MetricsOf::Sessions),
            client.upload_metrics(MetricsOf::Groups),
            client.quota()
        );
        // A server that is older does not say who asks.
        let owner = quota.ok().map(|quota| quota.owner_id);
        Ok::<_, Failure>((owner, counts(files?), counts(groups?)))
    };
    let (owner, files, groups, problem) = match asked.await {
        Ok((owner, files, groups)) => (owner, Some(files), Some(groups), None),
        Err(failure) => {
            tracing::info!(%failure, "a server did not tell its figures");
            (None, None, None, Some(failure.code))
        }
    };
    let figures = AccountFigures {
        destination: row.destination,
        names: vec![shown(&name)],
        problem,
        number: problem.map(ErrorCode::label),
        files,
        groups,
    };
    (owner.map(|owner| (row.url, owner)), figures)
}

fn counts(told: UploadMetrics) -> AccountCounts {
    AccountCounts {
        succeeded: told.succeeded_24h,
        failed: told.failed_24h,
        mean_ms: told.average_upload_seconds_24h.and_then(millis),
        reasons: reasons(told.failed_reasons_7d),
        abandoned: told.abandoned,
    }
}

/// A server of a newer version may know more reasons than this one has words for: those are one.
fn reasons(told: Vec<FailedReason>) -> Vec<Reason> {
    let mut known: Vec<Reason> = Vec::new();
    for one in told {
        let code = one.reason.parse().unwrap_or(ErrorCode::Internal);
        match known.iter_mut().find(|reason| reason.code == code) {
            Some(reason) => reason.files = reason.files.saturating_add(one.count),
            None => known.push(Reason {
                code,
                number: code.label(),
                files: one.count,
            }),
        }
    }
    known.sort_by_key(|reason| std::cmp::Reverse(reason.files));
    known
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
    }

    #[test]
    fn reasons_that_this_version_does_not_know_are_one() {
        let told = [
            ("too_large", 4),
            ("of_later", 3),
            ("internal", 1),
            ("also_later", 2),
        ];
        let told = told.map(|(reason, count)| FailedReason {
            reason: reason.to_owned(),
            count,
        });
        let said: Vec<_> = reasons(told.to_vec())
            .into_iter()
            .map(|r| (r.code, r.files))
            .collect();
        assert_eq!(said, [(ErrorCode::Internal, 6), (ErrorCode::TooLarge, 4)]);
    }
}
