//! The page itself, from inside the binary.
//!
//! Only names of embedded files are served, compared as they were sent: nothing is decoded, no
//! path is joined, no disk is read, so there is nothing to escape from.

use std::borrow::Cow;
use std::collections::HashMap;
use std::io::Write as _;
use std::sync::LazyLock;

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use flate2::Compression;
use flate2::write::GzEncoder;
use rust_embed::{EmbeddedFile, RustEmbed};

use super::problem::Problem;

#[derive(RustEmbed)]
#[folder = "$OUT_DIR/ui"]
struct Ui;

const INDEX: &str = "index.html";
/// Smaller files fit into one packet anyway.
const GZIP_BYTES_MIN: usize = 1_400;

/// The texts among the files, packed once when the page is first asked for.
static PACKED: LazyLock<HashMap<String, Bytes>> = LazyLock::new(|| {
    let packed = Ui::iter().filter_map(|name| {
        let file = Ui::get(&name).filter(|file| file.data.len() >= GZIP_BYTES_MIN)?;
        is_text(file.metadata.mimetype()).then(|| pack(&file.data).map(|b| (name.into(), b)))?
    });
    packed.collect()
});

fn is_text(mime: &str) -> bool {
    mime.starts_with("text/") || ["javascript", "json", "svg"].iter().any(|w| mime.contains(w))
}

fn pack(data: &[u8]) -> Option<Bytes> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(data).ok()?;
    encoder.finish().ok().map(Bytes::from)
}

/// Files of the page, the page for its own addresses, and 404 for everything else.
pub(super) async fn page(method: Method, uri: Uri, headers: HeaderMap) -> Response {
    let path = uri.path();
    if path == "/api" || path.starts_with("/api/") {
        return Problem::not_found("such address").into_response();
    }
    if !matches!(method, Method::GET | Method::HEAD) {
        return Problem::new(StatusCode::METHOD_NOT_ALLOWED, "pages can only be read")
            .header(header::ALLOW, HeaderValue::from_static("GET, HEAD"))
            .hint("请求方法不符合接口约定", "the method does not fit the interface")
            .into_response();
    }
    let name = path.strip_prefix('/').unwrap_or(path);
    if let Some(file) = Ui::get(name) {
        return serve(name, file, &headers);
    }
    match Ui::get(INDEX).filter(|_| is_navigation(path, &headers)) {
        Some(index) => serve(INDEX, index, &headers),
        None => Problem::not_found("such page").into_response(),
    }
}

/// A person opens an address of the page, such as `/devices/inv-01`.
fn is_navigation(path: &str, headers: &HeaderMap) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '-' | '_');
    let accept = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok());
    let wants_page = path == "/" || accept.is_some_and(|accept| accept.contains("text/html"));
    wants_page && path.chars().all(plain) && !path.starts_with("/assets")
}

fn serve(name: &str, file: EmbeddedFile, headers: &HeaderMap) -> Response {
    let accepts = headers.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok());
    let gzip = accepts.is_some_and(|value| {
        value.split(',').any(|part| {
            let mut words = part.split(';').map(str::trim);
            words.next() == Some("gzip") && words.all(|word| word != "q=0")
        })
    });
    let packed = PACKED.get(name).filter(|_| gzip).cloned();
    let kind = mime(name, file.metadata.mimetype());
    // Files under `assets` carry a hash of their contents in the name.
    let cache = if name.starts_with("assets/") {
        "public, max-age=31536000, immutable"
    } else {
        "no-cache"
    };
    let encoded = packed.is_some();
    let plain = || match file.data {
        Cow::Borrowed(data) => Bytes::from_static(data),
        Cow::Owned(data) => Bytes::from(data),
    };
    let mut response = Response::new(Body::from(packed.unwrap_or_else(plain)));
    let headers = response.headers_mut();
    if let Ok(kind) = HeaderValue::try_from(kind) {
        headers.insert(header::CONTENT_TYPE, kind);
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    if encoded {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    response
}

/// The type by the name's end, with the character set of texts.
fn mime(name: &str, guessed: &str) -> String {
    if name.ends_with(".webmanifest") {
        return "application/manifest+json".to_owned();
    }
    if guessed.starts_with("text/") { format!("{guessed}; charset=utf-8") } else { guessed.into() }
}
