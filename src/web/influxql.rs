//! `/query`: InfluxQL over what is kept here, in the form in which InfluxDB 1.x is asked, so that Grafana
//! takes it for one.

use std::collections::HashMap;

use axum::body::{Body, Bytes};
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use reqwest::Url;

use crate::query::{Epoch, QueryError};

use super::api::Web;

/// What InfluxDB calls itself by; the version whose answers these are.
const VERSION: (&str, &str) = ("x-influxdb-version", "1.6.7");

/// Of the address and of the form, where there is one; what is in the form counts.
fn parameters(query: Option<&str>, form: &[u8]) -> HashMap<String, String> {
    let form = String::from_utf8_lossy(form);
    let parts = [query.unwrap_or_default(), &form];
    let pairs = parts.iter().filter_map(|part| Url::parse(&format!("form:?{part}")).ok());
    pairs.flat_map(|part| part.query_pairs().into_owned().collect::<Vec<_>>()).collect()
}

pub(super) async fn query(
    State(shared): Web,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let is_form = kind.is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"));
    let form = if is_form { &body[..] } else { &[] };
    let mut asked = parameters(query.as_deref(), form);
    let Some(text) = asked.remove("q").filter(|text| !text.trim().is_empty()) else {
        return json(
            StatusCode::BAD_REQUEST,
            r#"{"error":"missing required parameter \"q\""}"#.into(),
        );
    };
    let epoch = asked.get("epoch").and_then(|epoch| Epoch::parse(epoch));
    // One after the other: two cores have other things to do.
    let turn = shared.queries.acquire().await;
    let answered = shared.tables.ask(text, asked.remove("db")).await;
    drop(turn);
    match answered {
        Ok(answer) => json(StatusCode::OK, answer.to_json(epoch)),
        Err(error @ QueryError::Store(_)) => json(StatusCode::SERVICE_UNAVAILABLE, error.to_json()),
        Err(error) => json(StatusCode::BAD_REQUEST, error.to_json()),
    }
}

/// Grafana and others look whether the server is there.
pub(super) async fn ping() -> Response {
    let mut response = json(StatusCode::NO_CONTENT, String::new());
    *response.body_mut() = Body::empty();
    response
}

fn json(status: StatusCode, mut body: String) -> Response {
    body.push('\n');
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(VERSION.0, HeaderValue::from_static(VERSION.1));
    response
}
