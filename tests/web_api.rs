//! The web server over real sockets and a real journal: the contract with the page, and what it
//! does against those who do not keep to it.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic)] // helpers of tests

#[path = "web_api/client.rs"]
mod client;
#[path = "web_api/contract.rs"]
mod contract;
#[path = "web_api/data.rs"]
mod data;
#[path = "web_api/detect.rs"]
mod detect;
#[path = "web_api/hall.rs"]
mod hall;
#[path = "web_api/lines.rs"]
mod lines;
#[path = "web_api/reports.rs"]
mod reports;
#[path = "web_api/scan.rs"]
mod scan;

use std::time::{Duration, Instant};

use client::{get, post, request};
use hall::{Hall, NOW, PASSWORD};
use hallwatch::web::{Limits, WebError};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

#[tokio::test(flavor = "multi_thread")]
async fn the_answers_keep_the_contract() {
    let hall = Hall::open().await;
    let seen: contract::Hall = get(hall.address, "/api/v1/hall").await.json(200);
    assert_eq!((seen.site.id.as_str(), seen.site.time_zone.as_str()), ("hall", "Asia/Shanghai"));
    assert_eq!(seen.zones.iter().map(|zone| zone.id.as_str()).collect::<Vec<_>>(), ["roof", "a"]);
    let kinds: Vec<_> = seen.kinds.iter().map(|kind| kind.id.as_str()).collect();
    assert_eq!(kinds, ["inverter", "meter", "ticket_machine"]);
    assert!(!seen.login_required && seen.logged_in && seen.demo.is_some());
    let list: contract::Devices = get(hall.address, "/api/v1/devices").await.json(200);
    assert_eq!(list.now_ms, NOW);
    let ids: Vec<_> = list.devices.iter().map(|device| device.id.as_str()).collect();
    assert_eq!(ids, ["inv-01", "inv-02", "kiosk-01", "meter-01"]);
    let inverter = &list.devices[0];
    assert_eq!(inverter.health, "ok");
    assert_eq!(inverter.state.as_ref().expect("state").code, "mppt");
    assert!(inverter.link.up && inverter.reason.is_none());
    let names: Vec<_> = inverter.points.iter().map(|point| point.name.as_str()).collect();
    assert_eq!(names, ["ac_power_w", "energy_today_wh", "state"]);
    assert_eq!(inverter.points[0].value, serde_json::json!(30_000));
    assert_eq!(inverter.points[2].text.as_ref().expect("text").zh, "正常发电");
    assert_eq!(inverter.open_alerts, 1);
    assert_eq!(list.devices[1].health, "waiting");
    assert!(list.devices[1].state.is_none() && list.devices[1].last_seen_ms.is_none());
    assert_eq!(list.devices[2].health, "degraded", "paper low");
    let one: contract::DeviceAnswer = get(hall.address, "/api/v1/devices/inv-01").await.json(200);
    assert!(one.device.points.iter().any(|point| point.name == "serial_number"));
    get(hall.address, "/api/v1/devices/nobody").await.problem(404);
    let pv: contract::Pv = get(hall.address, "/api/v1/pv").await.json(200);
    assert_eq!((pv.inverters_reporting, pv.inverters_total), (1, 2));
    assert_eq!((pv.power_w, pv.rated_power_w), (Some(30_000.0), 100_000.0));
    assert_eq!(pv.curve_step_ms, 300_000);
    let system: contract::System = get(hall.address, "/api/v1/system").await.json(200);
    assert_eq!(system.journal.state, "ok");
    assert_eq!((system.sinks[0].lag_readings, system.sinks[0].state.as_str()), (3, "ok"));
    assert_eq!(system.rejected[0].text.en, "the answer does not fit the question");
    hall.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_roof_of_today_is_read_from_the_past_and_followed() {
    let hall = Hall::open().await;
    hall.tell_inverter(NOW + 1_000, 31_000).await;
    let mut pv: contract::Pv = get(hall.address, "/api/v1/pv").await.json(200);
    for _ in 0..50 {
        if pv.energy_today_wh == Some(80_600.0) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
        pv = get(hall.address, "/api/v1/pv").await.json(200);
    }
    assert_eq!(pv.energy_today_wh, Some(80_600.0), "counter since yesterday evening");
    assert_eq!(pv.energy_today_since_ms, None);
    assert!(pv.sun.elevation_deg > 20.0 && pv.sun.sunrise_ms < pv.sun.sunset_ms);
    let told: Vec<_> = pv.curve.iter().filter_map(|(_, watts)| *watts).collect();
    assert_eq!(told.get(..2), Some(&[20_000.0, 25_000.0][..]));
    hall.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn alerts_are_listed_and_acknowledged() {
    let hall = Hall::open().await;
    let list: contract::Alerts = get(hall.address, "/api/v1/alerts").await.json(200);
    let alert = &list.alerts[0];
    assert_eq!((alert.rule.as_str(), alert.state.as_str()), ("PV002", "active"));
    assert_eq!(alert.device_name.zh, "1 号逆变器");
    assert_eq!(alert.zone.as_deref(), Some("roof"));
    let path = format!("/api/v1/alerts/{}/acknowledge", alert.id);
    let done = post(hall.address, &path, r#"{"by":" 王师傅 ","note":"去看了"}"#).await;
    let done: contract::Alert = done.json(200);
    let who = done.acknowledged.expect("acknowledged");
    assert_eq!((who.by.as_str(), who.note.as_str()), ("王师傅", "去看了"));
    for bad in [r#"{"by":""}"#, r#"{"by":"x","more":1}"#, "{", r#"{"by":"a\u0007b"}"#] {
        post(hall.address, &path, bad).await.problem(400);
    }
    let long = format!(r#"{{"by":"x","note":"{}"}}"#, "长".repeat(501));
    post(hall.address, &path, &long).await.problem(400);
    let unknown = "/api/v1/alerts/nobody/acknowledge";
    post(hall.address, unknown, r#"{"by":"x"}"#).await.problem(404);
    let over = "/api/v1/alerts/over/acknowledge";
    post(hall.address, over, r#"{"by":"x"}"#).await.problem(409);
    let all: contract::Alerts = get(hall.address, "/api/v1/alerts?state=all").await.json(200);
    assert_eq!(all.alerts.len(), 2);
    assert!(all.alerts[0].raised_ms >= all.alerts[1].raised_ms, "newest first");
    let over: contract::Alerts =
        get(hall.address, "/api/v1/alerts?state=resolved&limit=1").await.json(200);
    assert_eq!(over.alerts[0].state, "resolved");
    get(hall.address, "/api/v1/alerts?state=some").await.problem(400);
    get(hall.address, "/api/v1/alerts?limit=-1").await.problem(400);
    let soon: contract::Suspects = get(hall.address, "/api/v1/suspects").await.json(200);
    let [suspect] = &soon.suspects[..] else { panic!("{soon:?}") };
    assert_eq!((suspect.rule.as_str(), suspect.due_ms), ("PV002", NOW + 55_000));
    assert_eq!(suspect.zone.as_deref(), Some("roof"));
    hall.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn channels_are_listed_and_an_unknown_one_cannot_be_tried() {
    let hall = Hall::open().await;
    let list: contract::Channels = get(hall.address, "/api/v1/channels").await.json(200);
    assert_eq!((list.now_ms, list.channels.len()), (NOW, 0));
    post(hall.address, "/api/v1/channels/nobody/test", "{}").await.problem(404);
    assert_eq!(get(hall.address, "/api/v1/channels/nobody/test").await.status, 405);
    hall.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_stream_tells_what_changes() {
    let limits = Limits { beat: Duration::from_millis(50), streams: 1, ..Limits::default() };
    let hall = Hall::with(limits, None).await;
    let mut stream = client::Events::open(hall.address, "/api/v1/stream", "").await;
    let (name, hello) = stream.next().await.expect("hello");
    assert_eq!(name, "hello");
    assert_eq!(hello["boot"].as_str().expect("boot").len(), 16);
    get(hall.address, "/api/v1/stream").await.problem(503);
    let first: contract::Devices = stream.wait_for("device").await;
    assert_eq!(first.devices.len(), 4, "a first stream is told everything");
    hall.tell_inverter(NOW + 2_000, 12_345).await;
    let told = loop {
        let told: contract::Devices = stream.wait_for("device").await;
        if told.devices.iter().any(|d| d.points.iter().any(|p| p.value == 12_345)) {
            break told;
        }
    };
    assert_eq!(told.devices.len(), 1);
    // Time passes and nobody speaks.
    hall.clock.advance_ms(60_000);
    let mut silent = std::collections::BTreeSet::new();
    while silent.len() < 4 {
        let told: contract::Devices = stream.wait_for("device").await;
        silent.extend(told.devices.into_iter().filter(|d| d.health == "offline").map(|d| d.id));
    }
    let _: contract::Pv = stream.wait_for("pv").await;
    let _: contract::Tick = stream.wait_for("tick").await;
    let _: contract::System = stream.wait_for("system").await;
    let path = "/api/v1/alerts/open-1/acknowledge";
    assert_eq!(post(hall.address, path, r#"{"by":"x"}"#).await.status, 200);
    let alerts: contract::Alerts = stream.wait_for("alerts").await;
    assert_eq!(alerts.alerts[0].state, "acknowledged");
    let start = Instant::now();
    hall.close().await;
    assert!(stream.next().await.is_none(), "the stream ends with the program");
    assert!(start.elapsed() < Duration::from_secs(3));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_falls_behind_is_sent_everything_anew() {
    let limits = Limits { beat: Duration::from_millis(2), ..Limits::default() };
    let hall = Hall::with_alerts(limits, None, 1_000).await;
    let mut stream = client::Events::open(hall.address, "/api/v1/stream", "").await;
    assert_eq!(stream.next().await.expect("hello").0, "hello");
    let first: contract::Devices = stream.wait_for("device").await;
    assert_eq!(first.devices.len(), 4);
    // Changes of a list of half a megabyte, and nothing is read: the sockets fill up, and then
    // the shared queue with what comes at every fifth beat.
    for n in 1..=30 {
        let path = format!("/api/v1/alerts/open-{n}/acknowledge");
        assert_eq!(post(hall.address, &path, r#"{"by":"x"}"#).await.status, 200);
        tokio::time::sleep(Duration::from_millis(30)).await;
    }
    tokio::time::sleep(Duration::from_secs(2)).await;
    hall.tell_inverter(NOW + 1, 777).await;
    let mut anew = false;
    let mut newest = false;
    while !anew || !newest {
        let told: contract::Devices = stream.wait_for("device").await;
        anew |= told.devices.len() == 4;
        newest |= told.devices.iter().any(|d| d.points.iter().any(|p| p.value == 777));
    }
    hall.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_asks_and_never_reads_is_cut_off() {
    let limits = Limits { unread: Duration::from_secs(1), ..Limits::default() };
    let hall = Hall::with(limits, None).await;
    let mut stream = TcpStream::connect(hall.address).await.expect("connects");
    let ask = b"GET /api/v1/devices HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(100);
    let asking = async { while stream.write_all(&ask).await.is_ok() {} };
    tokio::time::timeout(Duration::from_secs(15), asking).await.expect("cut off");
    assert_eq!(hall.connections().await, 1, "only the asking one is left");
    hall.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_told_without_login() {
    let hall = Hall::with(Limits::default(), Some(PASSWORD)).await;
    let locked = get(hall.address, "/api/v1/hall").await;
    let keys: contract::LockedHall = locked.json(200);
    assert!(keys.login_required && !keys.logged_in);
    let closed = [
        "/api/v1/devices",
        "/api/v1/devices/inv-01",
        "/api/v1/devices/inv-01/plan",
        "/api/v1/devices/inv-01/registers",
        "/api/v1/devices/inv-01/recording",
        "/api/v1/buses",
        "/api/v1/scan",
        "/api/v1/detect",
        "/api/v1/pv",
        "/api/v1/alerts",
        "/api/v1/system",
        "/api/v1/stream",
        "/api/v1/alerts/open-1/acknowledge",
        "/api/v1/data",
        "/api/v1/devices/inv-01/past",
        "/api/v1/audit",
        "/api/v1/sinks/main/dead-letters",
        "/api/v1/sinks/main/resend",
        "/api/v1/sinks/main/jobs/1",
        "/api/v1/none",
        "/api/v1/hall/",
        "/api/v2/hall",
        "/metrics",
        "/query",
    ];
    let forged = "Cookie: hallwatch_session=AAAA\r\n";
    for path in closed {
        for method in ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"] {
            for extra in ["", forged] {
                let extra = format!("{extra}Content-Type: application/json\r\n");
                let answer = request(hall.address, method, path, &extra, b"{}").await;
                assert_eq!(answer.status, 401, "{method} {path}");
            }
        }
    }
    for path in ["/", "/livez", "/readyz", "/assets/index-0000.js"] {
        let status = get(hall.address, path).await.status;
        assert!(matches!(status, 200 | 404), "{path} needs no login: {status}");
    }
    hall.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_opens_and_closes_the_hall() {
    let limits = Limits { beat: Duration::from_millis(50), ..Limits::default() };
    let hall = Hall::with(limits, Some(PASSWORD)).await;
    let login = format!(r#"{{"password":"{PASSWORD}"}}"#);
    let opened = post(hall.address, "/api/v1/session", &login).await;
    assert_eq!(opened.status, 204);
    let cookie = opened.header("set-cookie").expect("cookie").to_owned();
    for part in ["HttpOnly", "SameSite=Strict", "Path=/", "Max-Age=43200"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    let pair = cookie.split(';').next().expect("pair");
    assert!(pair.len() > 50, "{pair}");
    let cookie = format!("Cookie: {pair}\r\n");
    let answer = request(hall.address, "GET", "/api/v1/hall", &cookie, b"").await;
    let seen: contract::Hall = answer.json(200);
    assert!(seen.login_required && seen.logged_in);
    assert_eq!(request(hall.address, "GET", "/metrics", &cookie, b"").await.status, 200);
    let mut stream = client::Events::open(hall.address, "/api/v1/stream", &cookie).await;
    assert_eq!(stream.next().await.expect("hello").0, "hello");
    let closed = request(hall.address, "DELETE", "/api/v1/session", &cookie, b"").await;
    assert_eq!(closed.status, 204);
    request(hall.address, "GET", "/api/v1/devices", &cookie, b"").await.problem(401);
    while stream.next().await.is_some() {} // ends with the session
    hall.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn guessing_is_stopped_after_five_tries() {
    let hall = Hall::with(Limits::default(), Some(PASSWORD)).await;
    let basic = |pair: &str| {
        use base64::Engine as _;
        let pair = base64::engine::general_purpose::STANDARD.encode(pair);
        format!("Authorization: Basic {pair}\r\n")
    };
    let right = basic(&format!("prometheus:{PASSWORD}"));
    for _ in 0..6 {
        // Right ones are not counted.
        assert_eq!(request(hall.address, "GET", "/metrics", &right, b"").await.status, 200);
    }
    // As many panels at once as a dashboard has, with a name that was not heard before.
    let panels = basic(&format!("grafana:{PASSWORD}"));
    let mut asked = tokio::task::JoinSet::new();
    for _ in 0..12 {
        let (address, panels) = (hall.address, panels.clone());
        asked.spawn(async move {
            request(address, "GET", "/query?q=SHOW+MEASUREMENTS", &panels, b"").await.status
        });
    }
    let statuses = asked.join_all().await;
    assert_eq!(statuses, [200; 12]);
    assert_eq!(request(hall.address, "GET", "/api/v1/pv", &right, b"").await.status, 401);
    let wrong = r#"{"password":"not the password"}"#;
    for _ in 0..4 {
        post(hall.address, "/api/v1/session", wrong).await.problem(401);
    }
    let scrape = request(hall.address, "GET", "/metrics", &basic("x:y"), b"").await;
    assert!(scrape.header("www-authenticate").is_some());
    let login = format!(r#"{{"password":"{PASSWORD}"}}"#);
    let refused = post(hall.address, "/api/v1/session", &login).await;
    let wait: u64 = refused.header("retry-after").expect("wait").parse().expect("seconds");
    assert!((1..=61).contains(&wait));
    refused.problem(429);
    hall.close().await;
}

#[tokio::test]
async fn without_a_password_only_this_machine_is_served() {
    let folder = tempfile::tempdir().expect("temp dir");
    let listen = "0.0.0.0:0".parse().expect("address");
    let web = hall::web(folder.path(), listen, None, Limits::default(), 0).await.web;
    let error = web.err().expect("refused");
    assert!(matches!(error, WebError::PasswordNeeded(_)));
    assert!(!error.hint().zh.is_empty());
    let folder = tempfile::tempdir().expect("temp dir");
    let web =
        hall::web(folder.path(), listen, Some("plain".to_owned()), Limits::default(), 0).await;
    assert!(matches!(web.web.err(), Some(WebError::BadPasswordHash)));
}

#[tokio::test(flavor = "multi_thread")]
async fn other_sites_and_other_names_are_refused() {
    let hall = Hall::open().await;
    for host in ["evil.cn", "127.0.0.1.evil.cn", "192.168.1.5:8080", "hall.local"] {
        let raw = format!("GET /api/v1/hall HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        client::raw(hall.address, raw.as_bytes()).await.problem(421);
    }
    for host in ["localhost", "LOCALHOST:80", "127.0.0.1:1", "[::1]:8080"] {
        let raw = format!("GET /livez HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        assert_eq!(client::raw(hall.address, raw.as_bytes()).await.status, 200, "{host}");
    }
    let none = b"GET /livez HTTP/1.0\r\n\r\n";
    client::raw(hall.address, none).await.problem(400);
    let path = "/api/v1/alerts/open-1/acknowledge";
    for origin in ["http://evil.cn", "null", "http://127.0.0.1:1"] {
        let extra = format!("Content-Type: application/json\r\nOrigin: {origin}\r\n");
        request(hall.address, "POST", path, &extra, br#"{"by":"x"}"#).await.problem(403);
    }
    let own = format!("Content-Type: application/json\r\nOrigin: http://{}\r\n", hall.address);
    assert_eq!(request(hall.address, "POST", path, &own, br#"{"by":"x"}"#).await.status, 200);
    let form = "Content-Type: text/plain\r\n";
    request(hall.address, "POST", path, form, br#"{"by":"x"}"#).await.problem(415);
    request(hall.address, "POST", path, "", br#"{"by":"x"}"#).await.problem(415);
    request(hall.address, "DELETE", "/api/v1/hall", "", b"").await.problem(405);
    hall.close().await;
}

/// A build without node embeds a page that only says how to get the real one: never ship that.
#[tokio::test(flavor = "multi_thread")]
async fn the_real_page_is_embedded_not_its_placeholder() {
    let hall = Hall::open().await;
    let index = String::from_utf8_lossy(&get(hall.address, "/").await.body).into_owned();
    assert!(!index.contains("data-placeholder"), "built without node: {index}");
    let is_script = |part: &&str| part.starts_with("/assets/") && part.ends_with(".js");
    let script = index.split('"').find(is_script).expect("the page's script");
    let script = get(hall.address, script).await;
    assert_eq!(script.status, 200);
    assert!(script.header("content-type").is_some_and(|kind| kind.contains("javascript")));
    assert!(script.body.len() > 10_000, "{} bytes", script.body.len());
    hall.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_is_served_and_nothing_beside_it() {
    let hall = Hall::open().await;
    let index = get(hall.address, "/").await;
    assert_eq!((index.status, index.header("cache-control")), (200, Some("no-cache")));
    assert!(index.header("content-type").is_some_and(|kind| kind.starts_with("text/html")));
    let html = "Accept: text/html\r\n";
    let deep = request(hall.address, "GET", "/devices/inv-01", html, b"").await;
    assert_eq!(deep.body, index.body);
    let head = request(hall.address, "HEAD", "/", "", b"").await;
    assert_eq!((head.status, head.body.len()), (200, 0));
    for answer in [&index, &get(hall.address, "/api/v1/nothing").await] {
        let policy = answer.header("content-security-policy").expect("policy");
        assert!(policy.contains("frame-ancestors 'none'"));
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        assert!(answer.header("referrer-policy").is_some());
    }
    assert_eq!(get(hall.address, "/api/v1/hall").await.header("cache-control"), Some("no-store"));
    for path in client::escapes() {
        let raw =
            format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n{html}Connection: close\r\n\r\n");
        let answer = client::raw(hall.address, raw.as_bytes()).await;
        assert!(matches!(answer.status, 400 | 404), "{path}: {}", answer.status);
        assert!(!String::from_utf8_lossy(&answer.body).contains("root:"), "{path}");
    }
    for path in ["/x.js", "/devices/none.png", "/api", "/api/", "/api/v1/none"] {
        request(hall.address, "GET", path, html, b"").await.problem(404);
    }
    get(hall.address, "/devices/inv-01").await.problem(404); // not a person: no Accept
    hall.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn machines_can_ask_how_it_is() {
    let hall = Hall::open().await;
    assert_eq!(get(hall.address, "/livez").await.status, 200);
    assert_eq!(get(hall.address, "/readyz").await.status, 200);
    let metrics = get(hall.address, "/metrics").await;
    assert!(metrics.header("content-type").is_some_and(|kind| kind.contains("version=0.0.4")));
    let text = String::from_utf8(metrics.body).expect("text");
    for line in [
        "hallwatch_build_info{version=",
        "hallwatch_rejected_total{label=\"bad_answer\"} 3",
        "hallwatch_devices{health=\"ok\"} 2",
        "hallwatch_devices{health=\"offline\"} 0",
        "hallwatch_sink_lag_records{sink=\"main\"} 3",
        "hallwatch_sink_fresh_lag_seconds{sink=\"main\"} 0.000",
        "hallwatch_sink_delivered_total{sink=\"main\"} 0",
        "hallwatch_alerts_open{severity=\"major\"} 1",
        "hallwatch_journal_writable 1",
    ] {
        assert!(text.contains(line), "{line} is missing in\n{text}");
    }
    let mut heads: Vec<_> = text.lines().filter(|line| line.starts_with("# TYPE")).collect();
    let all = heads.len();
    heads.sort_unstable();
    heads.dedup();
    assert_eq!(heads.len(), all, "each name is declared once");
    hall.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_of_ten_megabytes_is_refused_and_the_client_hears_why() {
    let hall = Hall::open().await;
    let body = vec![b'x'; 10 * 1024 * 1024];
    let json = "Content-Type: application/json\r\n";
    request(hall.address, "POST", "/api/v1/session", json, &body).await.problem(413);
    let mut chunked = b"POST /api/v1/session HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
        Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
        .to_vec();
    for _ in 0..20 {
        chunked.extend_from_slice(b"10000\r\n");
        chunked.extend_from_slice(&body[..0x10000]);
        chunked.extend_from_slice(b"\r\n");
    }
    chunked.extend_from_slice(b"0\r\n\r\n");
    client::raw(hall.address, &chunked).await.problem(413);
    hall.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn half_sent_requests_are_cut_off_and_the_page_answers_meanwhile() {
    let limits = Limits { head: Duration::from_secs(1), ..Limits::default() };
    let hall = Hall::with(limits, None).await;
    let mut slow = Vec::new();
    for n in 0..200 {
        let mut stream = TcpStream::connect(hall.address).await.expect("connects");
        // Some never speak, some stop in the middle, some have asked once and stay.
        let words: &[u8] = match n % 3 {
            0 => b"",
            1 => b"GET / HTTP/1.1\r\nHost: local",
            _ => b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\nGET / HT",
        };
        stream.write_all(words).await.expect("written");
        slow.push(stream);
    }
    let start = Instant::now();
    let answer = tokio::time::timeout(Duration::from_secs(2), get(hall.address, "/livez")).await;
    assert_eq!(answer.expect("in time").status, 200);
    for mut stream in slow {
        // Drips a byte now and then; that does not help.
        drop(stream.write_all(b"x").await);
        let mut rest = Vec::new();
        let end = tokio::time::timeout(Duration::from_secs(5), stream.read_to_end(&mut rest));
        drop(end.await.expect("cut off"));
    }
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    assert_eq!(hall.connections().await, 1, "only the asking one is left");
    hall.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_body_is_cut_off() {
    let limits = Limits { request: Duration::from_secs(1), ..Limits::default() };
    let hall = Hall::with(limits, None).await;
    let half = b"POST /api/v1/session HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
        Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{";
    let answer = tokio::time::timeout(Duration::from_secs(5), client::raw(hall.address, half));
    answer.await.expect("in time").problem(408);
    hall.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_above_the_cap_are_closed_at_once() {
    let limits = Limits { connections: 8, head: Duration::from_secs(60), ..Limits::default() };
    let hall = Hall::with(limits, None).await;
    let mut held = Vec::new();
    for _ in 0..8 {
        let mut stream = TcpStream::connect(hall.address).await.expect("connects");
        stream.write_all(b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n").await.expect("sent");
        let mut answer = [0; 12];
        stream.read_exact(&mut answer).await.expect("answered");
        held.push(stream);
    }
    let mut extra = TcpStream::connect(hall.address).await.expect("connects");
    let mut rest = Vec::new();
    let end = tokio::time::timeout(Duration::from_secs(2), extra.read_to_end(&mut rest)).await;
    drop(end.expect("closed at once"));
    assert!(rest.is_empty());
    assert_eq!(hall.refused("connections"), 1);
    drop(held);
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(get(hall.address, "/livez").await.status, 200, "there is room again");
    hall.close().await;
}
