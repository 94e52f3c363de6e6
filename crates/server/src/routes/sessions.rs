//! Sessions.

use axum::extract::State;
use windlass_protocol::sessions::{
    Answers, Batch, CompleteItem, CompleteResult, DeleteResult, Ids, InitItem, InitResult, Query,
    QueryAnswer, SignItem, SignResult, VerifyResult,
};

use super::Site;
use super::wire::{Json, Problems};

type Answer<T> = Result<Json<Answers<T>>, Problems>;

pub(super) async fn init(State(site): State<Site>, Json(batch): Json<Batch<InitItem>>) -> Answer<InitResult> {
    Ok(Json(Answers {
        items: site.service.init(site.owner, batch.items).await?,
    }))
}

pub(super) async fn sign(State(site): State<Site>, Json(batch): Json<Batch<SignItem>>) -> Answer<SignResult> {
    Ok(Json(Answers {
        items: site.service.sign(site.owner, batch.items).await?,
    }))
}

pub(super) async fn complete(
    State(site): State<Site>,
    Json(batch): Json<Batch<CompleteItem>>,
) -> Answer<CompleteResult> {
    Ok(Json(Answers {
        items: site.service.complete(site.owner, batch.items).await?,
    }))
}

pub(super) async fn query(
    State(site): State<Site>,
    Json(query): Json<Query>,
) -> Result<Json<QueryAnswer>, Problems> {
    Ok(Json(site.service.query(site.owner, query).await?))
}

pub(super) async fn delete(State(site): State<Site>, Json(ids): Json<Ids>) -> Answer<DeleteResult> {
    Ok(Json(Answers {
        items: site.service.delete(site.owner, ids.ids).await?,
    }))
}

pub(super) async fn verify(State(site): State<Site>, Json(ids): Json<Ids>) -> Answer<VerifyResult> {
    Ok(Json(Answers {
        items: site.service.verify(site.owner, ids.ids).await?,
    }))
}
