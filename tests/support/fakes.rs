//! Web servers that behave as chat services do, and others that do not behave.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use hallwatch::clock::{Clock as _, SystemClock};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;

/// The secret of the robots that want one.
pub(crate) const SECRET: &str = "SECfake0123456789";

/// One request that came.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) path: String,
    pub(crate) body: String,
    pub(crate) key: String,
    pub(crate) taken: bool,
    pub(crate) at: std::time::Instant,
}

impl Seen {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).expect("JSON")
    }
}

/// How it answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manner {
    /// Takes everything.
    Takes,
    /// This status.
    Status(u16),
    /// Never.
    Hangs,
    /// Somewhere else.
    Redirects,
    /// As the service of that name does.
    Wecom,
    Dingtalk,
    Feishu,
}

#[derive(Clone)]
pub(crate) struct Fake {
    pub(crate) url: String,
    seen: Arc<Mutex<Vec<Seen>>>,
    manner: Arc<Mutex<Manner>>,
    /// Messages that a robot takes in a minute.
    per_minute: usize,
}

impl Fake {
    fn new(manner: Manner) -> Self {
        let (url, seen, per_minute) = (String::new(), Arc::default(), 20);
        Self { url, seen, manner: Arc::new(Mutex::new(manner)), per_minute }
    }

    pub(crate) async fn start(manner: Manner) -> Self {
        Self::new(manner).listening().await
    }

    /// As a robot that never says that it has had enough.
    #[allow(dead_code)] // not every test that shares this file floods a robot
    pub(crate) async fn tireless(manner: Manner) -> Self {
        Self { per_minute: usize::MAX, ..Self::new(manner) }.listening().await
    }

    async fn listening(self) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address: SocketAddr = listener.local_addr().expect("its address");
        let fake = Self { url: format!("http://{address}"), ..self };
        let app = Router::new().fallback(answer).with_state(fake.clone());
        tokio::spawn(async move { axum::serve(listener, app).await });
        fake
    }

    pub(crate) fn now(&self, manner: Manner) {
        *self.manner.lock().expect("lock") = manner;
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().expect("lock").clone()
    }

    /// What came after the first `looked`, and how many there are now.
    #[allow(dead_code)] // not every test that shares this file looks all the time
    pub(crate) fn since(&self, looked: usize) -> (Vec<Seen>, usize) {
        let seen = self.seen.lock().expect("lock");
        (seen[looked..].to_vec(), seen.len())
    }

    pub(crate) fn taken(&self) -> Vec<Seen> {
        self.seen().into_iter().filter(|seen| seen.taken).collect()
    }
}

async fn answer(
    State(fake): State<Fake>,
    uri: Uri,
    Query(query): Query<BTreeMap<String, String>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let at = std::time::Instant::now();
    let manner = *fake.manner.lock().expect("lock");
    let body = String::from_utf8(body.to_vec()).expect("UTF-8");
    let key = headers.get("idempotency-key").map(|key| key.to_str().expect("text").to_owned());
    let before = fake.taken().len();
    let (taken, response) = match manner {
        Manner::Takes => (true, StatusCode::OK.into_response()),
        Manner::Status(code) => {
            (false, StatusCode::from_u16(code).expect("a status").into_response())
        }
        Manner::Hangs => (false, StatusCode::OK.into_response()),
        Manner::Redirects => {
            let elsewhere = [("location", format!("{}/elsewhere", fake.url))];
            (false, (StatusCode::TEMPORARY_REDIRECT, elsewhere).into_response())
        }
        // All of them answer 200, whatever they say.
        Manner::Wecom => numbered("errcode", wecom(&body, before >= fake.per_minute)),
        Manner::Dingtalk => numbered("errcode", dingtalk(&query, before >= fake.per_minute)),
        Manner::Feishu => numbered("code", feishu(&body)),
    };
    let path = uri.path().to_owned();
    let seen = Seen { path, body, key: key.unwrap_or_default(), taken, at };
    fake.seen.lock().expect("lock").push(seen);
    if manner == Manner::Hangs {
        tokio::time::sleep(Duration::from_secs(3_600)).await;
    }
    response
}

fn numbered(name: &str, number: i64) -> (bool, Response) {
    let body = json!({ name: number, "errmsg": "told by the fake", "msg": "told by the fake" });
    (number == 0, axum::Json(body).into_response())
}

fn wecom(body: &str, full: bool) -> i64 {
    let body: Value = serde_json::from_str(body).expect("JSON");
    let text = body["text"]["content"].as_str().expect("a text");
    match (full, body["msgtype"] == "text" && text.len() <= 2_048) {
        (true, _) => 45_009,
        (false, true) => 0,
        (false, false) => 40_058,
    }
}

fn sign(key: &str, message: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).expect("a key");
    mac.update(message.as_bytes());
    base64::engine::general_purpose::STANDARD.encode(mac.finalize().into_bytes())
}

/// Within an hour, as the services have it.
fn is_now(ms: i64) -> bool {
    (SystemClock.now().ms() - ms).abs() < 3_600_000
}

fn dingtalk(query: &BTreeMap<String, String>, full: bool) -> i64 {
    let time = &query["timestamp"];
    let right = query["sign"] == sign(SECRET, &format!("{time}\n{SECRET}"));
    match (full, right && is_now(time.parse().expect("milliseconds"))) {
        (true, _) => 130_101,
        (false, true) => 0,
        (false, false) => 310_000,
    }
}

fn feishu(text: &str) -> i64 {
    let body: Value = serde_json::from_str(text).expect("JSON");
    let time = body["timestamp"].as_str().expect("a text");
    let right = body["sign"] == sign(&format!("{time}\n{SECRET}"), "");
    match right && is_now(1_000 * time.parse::<i64>().expect("seconds")) {
        false => 19_021,
        true if text.len() > 20_000 || body["msg_type"] != "text" => 9_499,
        true => 0,
    }
}
