//! The map of the addresses.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::middleware;
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post};
use axum::{Extension, Router};
use tokio_util::sync::CancellationToken;

use super::guard::Local;
use super::problem::Problem;
use super::state::Shared;
use super::{
    alerts, api, channels, detect, guard, influxql, lines, metrics, orders, past, proof, reports,
    rules, scan, sinks, stream, ui, visitor,
};

/// All routes behind their guard. Streams end with `stop`.
pub(super) fn router(shared: &Arc<Shared>, stop: CancellationToken) -> Router {
    let heard = stop.clone();
    let recording = move |State(shared): State<Arc<Shared>>, local, headers, id| {
        lines::recording(shared, local, headers, id, heard.clone())
    };
    let live = move |State(shared): State<Arc<Shared>>,
                     local: Option<Extension<Local>>,
                     headers: HeaderMap| {
        let stop = stop.clone();
        async move { stream::open(&shared, &headers, local.is_some(), stop) }
    };
    Router::new()
        .route("/api/v1/hall", get(api::hall))
        .route("/api/v1/devices", get(api::devices))
        .route("/api/v1/devices/{id}", get(api::device))
        .route("/api/v1/devices/{id}/plan", get(lines::plan))
        .route("/api/v1/devices/{id}/registers", get(lines::registers))
        .route("/api/v1/devices/{id}/past", get(past::past))
        .route("/api/v1/devices/{id}/recording", get(recording))
        .route("/api/v1/buses", get(lines::buses))
        .route("/api/v1/scan", get(scan::look).post(scan::start).delete(scan::stop))
        .route("/api/v1/detect", get(detect::look).post(detect::start).delete(detect::stop))
        .route("/api/v1/pv", get(api::pv))
        .route("/api/v1/service", get(api::service))
        .route("/api/v1/alerts", get(alerts::alerts))
        .route("/api/v1/alerts/{id}/acknowledge", post(alerts::acknowledge))
        .route("/api/v1/rules", get(rules::rules))
        .route("/api/v1/rehearsal", get(rules::rehearsal))
        .route("/api/v1/noise", get(rules::noise))
        .route("/api/v1/suspects", get(alerts::suspects))
        .route("/api/v1/silences", get(alerts::silences).post(alerts::silence))
        .route("/api/v1/silences/{id}/end", post(alerts::end_silence))
        .route("/api/v1/orders", get(orders::list).post(orders::make))
        .route("/api/v1/orders/{id}", get(orders::one))
        .route("/api/v1/orders/{id}/step", post(orders::step))
        .route("/api/v1/repair", get(orders::figures))
        .route("/api/v1/reports", get(reports::list))
        .route("/api/v1/reports/{period}", get(reports::one))
        .route("/api/v1/reports/{period}/close", post(reports::close))
        .route("/api/v1/reports/{period}/sign", post(reports::sign))
        .route("/api/v1/entries", post(reports::enter))
        .route("/api/v1/entries/{id}/take-back", post(reports::take_back))
        .route("/api/v1/vendors", get(orders::vendors))
        .route("/api/v1/devices/{id}/label.svg", get(visitor::label))
        .route("/m/{id}", get(visitor::page).post(visitor::report))
        .route("/api/v1/channels", get(channels::all))
        .route("/api/v1/wall", get(channels::wall))
        .route("/api/v1/channels/{name}/test", post(channels::test))
        .route("/api/v1/system", get(api::system))
        .route("/api/v1/data", get(proof::data))
        .route("/api/v1/audit", get(proof::audit))
        .route("/api/v1/sinks/{name}/dead-letters", get(sinks::letters))
        .route("/api/v1/sinks/{name}/resend", post(sinks::resend))
        .route("/api/v1/sinks/{name}/jobs/{id}", delete(sinks::cancel))
        .route("/api/v1/stream", get(live))
        .route("/api/v1/session", post(api::login).delete(api::logout))
        .route("/query", get(influxql::query).post(influxql::query))
        .route("/ping", get(influxql::ping))
        .route("/livez", get(metrics::livez))
        .route("/readyz", get(metrics::readyz))
        .route("/metrics", get(metrics::metrics))
        .fallback(ui::page)
        .method_not_allowed_fallback(method_not_allowed)
        .layer(middleware::from_fn_with_state(shared.clone(), guard::guard))
        .with_state(shared.clone())
}

async fn method_not_allowed() -> Response {
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "this address does not know the method")
        .hint("请求方法不符合接口约定", "the method does not fit the interface")
        .into_response()
}
