//! The routes in the words of those who called before: training uploads, upload groups, two tracks, records, and Uppy's
//! companion. Nothing is stored for them. Their statuses are [`words`] for what the ledger knows, derived in one place.
//!
//! Their callers send no header but the content type, and often tell no checksum: what proves their files is said in the
//! server model, M2. They may tell more than is asked for; it is passed over.

mod companion;
mod door;
mod groups;
mod records;
mod tracks;
mod training;
pub mod words;

use axum::Router;
use axum::routing::{get, patch, post};

use crate::routes::Site;

/// All of them.
pub(crate) fn router() -> Router<Site> {
    Router::new()
        .route("/training/upload/init", post(training::init))
        .route("/training/upload/update", post(training::update))
        .route(
            "/training/sources/{id}",
            get(training::source).delete(training::remove),
        )
        .route("/training/jobs", post(training::create_job))
        .route("/training/jobs/{id}", get(training::job))
        .route("/init", post(tracks::init))
        .route("/finalize", post(tracks::finalize))
        .route("/uploads", get(tracks::all))
        .route("/uploads/{id}", get(tracks::one).delete(tracks::remove))
        .route("/groups", post(groups::create))
        .route("/groups/{id}", get(groups::group))
        .route("/groups/{id}/complete", post(groups::complete_group))
        .route("/groups/{id}/cancel", post(groups::cancel))
        .route("/generateFileUploadUrl", post(groups::generate))
        .route("/multipart/init", post(groups::multipart_init))
        .route("/multipart/sign", post(groups::multipart_sign))
        .route("/multipart/complete", post(groups::multipart_complete))
        .route("/multipart/abort", post(groups::multipart_abort))
        .route("/sessions/{id}", get(groups::session).delete(groups::remove))
        .route("/sessions/{id}/parts", get(groups::parts))
        .route("/sessions/{id}/jobs", get(groups::jobs))
        .route("/records", post(records::create_record).get(records::all))
        .route("/options", post(records::create_option).get(records::all))
        .route("/projects", post(records::create_project).get(records::all))
        .route(
            "/records/{id}",
            get(records::get).patch(records::patch).delete(records::remove),
        )
        .route(
            "/options/{id}",
            get(records::get).patch(records::patch).delete(records::remove),
        )
        .route(
            "/projects/{id}",
            get(records::get).patch(records::patch).delete(records::remove),
        )
        .route(
            "/records/{id}/files",
            get(records::files).post(records::add_files),
        )
        .route(
            "/options/{id}/files",
            get(records::files).post(records::add_files),
        )
        .route(
            "/projects/{id}/files",
            get(records::files).post(records::add_files),
        )
        .route(
            "/upload_files/{id}",
            patch(records::patch_file).get(records::file),
        )
        .route("/rpc/finalize_record", post(records::finalize))
        .route("/rpc/finalize_option", post(records::finalize))
        .route("/rpc/finalize_project", post(records::finalize))
        .merge(companion::router("/s3"))
        .merge(companion::router("/k/{upload_key}/s3"))
}
