//! Work orders as people meet them: by the API of a gateway that is killed in between, by the label
//! on a machine, and closed by the machine's own data.
#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

#[path = "web_api/client.rs"]
#[allow(dead_code)]
mod client;
#[path = "support/field.rs"]
#[allow(dead_code)]
mod field;
#[path = "repair/rooms.rs"]
mod rooms;

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use client::{Answer, get, post, request};
use field::Daemon;
use serde_json::{Value, json};

/// Machines of the hall: each can have an order of its own.
const MACHINES: usize = 60;

/// A hall whose machines never say anything: the broker is not there.
fn hall(folder: &Path, public_url: &str) -> PathBuf {
    let mut text = format!(
        "[site]\nid = \"hall\"\nname = {{ zh = \"东城大厅\", en = \"Dongcheng hall\" }}\n\
         latitude_deg = 39.9\nlongitude_deg = 116.4\ntime_zone = \"Asia/Shanghai\"\n\
         [data]\nfolder = \"data\"\ncommit_wait_ms = 1\n\
         [web]\nlisten = \"127.0.0.1:0\"\n{public_url}\
         [mqtt]\naddress = \"127.0.0.1:9\"\n\
         [[vendor]]\nid = \"dongfang\"\nname = \"东方科技\"\nphone = \"010-87654321\"\n\
         response_h = 4\nrepair_h = 16\nkinds = [\"ticket_machine\"]\n\
         [[zone]]\nid = \"a\"\nname = {{ zh = \"一层大厅\", en = \"ground floor\" }}\nfloor = 1\n\
         hours = \"always\"\n"
    );
    for n in 0..MACHINES {
        let name =
            format!("{{ zh = \"{n} 号<script>alert(1)</script>\", en = \"no {n} & \\\"co\\\"\" }}");
        write!(
            text,
            "[[device]]\nid = \"tm-{n}\"\nname = {name}\nzone = \"a\"\n\
             profile = \"ticket-machine\"\nmqtt = true\n"
        )
        .expect("text");
    }
    let path = folder.join("hall.toml");
    std::fs::write(&path, text).expect("written");
    path
}

fn address(daemon: &Daemon) -> SocketAddr {
    daemon.url.strip_prefix("http://").and_then(|rest| rest.parse().ok()).expect("an address")
}

const PUBLIC_URL: &str = "public_url = \"http://10.1.2.3:8080/\"\n";

async fn make(address: SocketAddr, n: usize) -> Value {
    let body = json!({"device": format!("tm-{n}"), "what": format!("卡纸 {n}"), "by": "王芳"});
    post(address, "/api/v1/orders", &body.to_string()).await.json(200)
}

async fn step(address: SocketAddr, id: &Value, body: Value) -> Answer {
    let path = format!("/api/v1/orders/{}/step", id.as_str().expect("an id"));
    post(address, &path, &body.to_string()).await
}

/// All orders without their clocks, which go on.
async fn all(address: SocketAddr, state: &str) -> Vec<Value> {
    let path = format!("/api/v1/orders?state={state}&limit=1000");
    let answer: Value = get(address, &path).await.json(200);
    let mut orders = answer["orders"].as_array().expect("orders").clone();
    for order in orders.iter_mut().filter_map(Value::as_object_mut) {
        order.remove("response");
        order.remove("repair");
    }
    orders
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_open_orders_survive_a_kill() {
    let folder = tempfile::tempdir().expect("folder");
    let config = hall(folder.path(), PUBLIC_URL);
    let daemon = Daemon::run(&config);
    let here = address(&daemon);
    for n in 0..55 {
        let id = make(here, n).await["id"].clone();
        if n % 2 == 0 {
            let body =
                json!({"state": "assigned", "by": "李雷", "to": "dongfang", "note": "请今天去"});
            assert_eq!(step(here, &id, body).await.json::<Value>(200)["state"], "assigned");
        }
        if n % 3 == 0 {
            step(here, &id, json!({"state": "on_the_way", "by": "张工"})).await;
        }
        if n >= 50 {
            let body = json!({"state": "cancelled", "by": "李雷", "reason": "误报"});
            assert_eq!(step(here, &id, body).await.json::<Value>(200)["state"], "cancelled");
        }
    }
    let (open, closed) = (all(here, "open").await, all(here, "closed").await);
    assert_eq!((open.len(), closed.len()), (50, 5));
    // The last one is answered and killed at once: what was answered is on disk.
    let last = make(here, 58).await;
    daemon.kill_9();

    let daemon = Daemon::run(&config);
    let here = address(&daemon);
    let (mut again, newest) = (all(here, "open").await, last["id"].clone());
    assert_eq!(again.remove(0)["id"], newest);
    assert_eq!(again, open, "50 open orders, none lost, every step there");
    assert_eq!(all(here, "closed").await, closed);
    let first = open.last().expect("an order");
    assert_eq!(first["assigned"]["phone"], "010-87654321");
    assert_eq!(first["steps"].as_array().map(Vec::len), Some(3));
    assert_eq!(first["steps"][1]["note"]["zh"], "请今天去");
    // Numbers go on.
    let (next, newest) = (make(here, 59).await, newest.as_str().expect("id").to_owned());
    assert!(next["id"].as_str() > Some(&newest), "{next} after {newest}");
    // The figures come from the journal.
    let figures: Value = get(here, "/api/v1/repair").await.json(200);
    assert_eq!((&figures["all"]["orders"], &figures["all"]["cancelled"]), (&json!(57), &json!(5)));
    assert_eq!(figures["vendors"][0]["key"], "dongfang");
    daemon.terminate();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_goes_its_way_through_the_api_and_no_other() {
    let folder = tempfile::tempdir().expect("folder");
    let daemon = Daemon::run(&hall(folder.path(), PUBLIC_URL));
    let here = address(&daemon);
    let order = make(here, 1).await;
    let id = &order["id"];
    assert_eq!((&order["state"], &order["origin"]), (&json!("reported"), &json!("person")));
    assert_eq!(order["contract"]["vendor"], "dongfang");
    assert_eq!(order["response"]["running"], true);
    let again = json!({"device": "tm-1", "what": "x", "by": "王芳"}).to_string();
    post(here, "/api/v1/orders", &again).await.problem(409);
    for bad in [
        json!({"device": "tm-1", "what": "", "by": "王芳"}),
        json!({"device": "nobody", "what": "x", "by": "王芳"}),
        json!({"device": "tm-2", "what": "x", "by": ""}),
        json!({"device": "tm-2", "what": "x", "by": "王".repeat(65)}),
        json!({"device": "tm-2", "what": "x".repeat(201), "by": "王芳"}),
        json!({"device": "tm-2", "what": "x", "by": "王芳", "photo": "…"}),
    ] {
        post(here, "/api/v1/orders", &bad.to_string()).await.problem(400);
    }
    let lost = json!({"device": "tm-2", "what": "x", "by": "王芳", "alert": "none"}).to_string();
    post(here, "/api/v1/orders", &lost).await.problem(404);
    let answer = step(here, id, json!({"state": "done", "by": "张工"})).await;
    answer.problem(409);
    let told = String::from_utf8_lossy(&answer.body).into_owned();
    assert!(told.contains("已报修") && told.contains("`reported`"), "{told}");
    assert!(told.contains("`on_the_way`"), "{told}");
    for bad in [
        json!({"state": "assigned", "by": "张工"}),
        json!({"state": "cancelled", "by": "张工"}),
        json!({"state": "gone", "by": "张工"}),
        json!({"state": "repairing", "by": "张工", "note": "x".repeat(501)}),
        json!({"state": "repairing", "by": "张工", "parts": [{"name": "", "count": 1}]}),
        json!({"state": "repairing", "by": "张工", "parts": [{"name": "切刀", "count": 0}]}),
    ] {
        step(here, id, bad).await.problem(400);
    }
    for state in ["on_the_way", "repairing", "waiting_for_part"] {
        step(here, id, json!({"state": state, "by": "张工"})).await.json::<Value>(200);
    }
    let parts = json!([{"name": "切刀", "count": 2}]);
    let done = json!({"state": "done", "by": "张工", "note": "换了切刀", "parts": parts});
    let done: Value = step(here, id, done).await.json(200);
    assert_eq!((&done["state"], &done["parts"]), (&json!("done"), &parts));
    assert_eq!(done["repair"]["running"], false);
    step(here, id, json!({"state": "closed", "by": "王芳"})).await.problem(400);
    let closed = json!({"state": "closed", "by": "王芳", "reason": "已现场确认"});
    let closed: Value = step(here, id, closed).await.json(200);
    assert_eq!(closed["closed"]["proven"], false);
    assert_eq!(closed["next"], json!([]));
    let path = format!("/api/v1/orders/{}", id.as_str().expect("id"));
    assert_eq!(get(here, &path).await.json::<Value>(200)["state"], "closed");
    get(here, "/api/v1/orders/WO-1").await.problem(404);
    get(here, "/api/v1/orders?state=gone").await.problem(400);
    get(here, "/api/v1/repair?from_ms=5&to_ms=4").await.problem(400);
    let vendors: Value = get(here, "/api/v1/vendors").await.json(200);
    assert_eq!(vendors["vendors"][0]["devices"].as_array().map(Vec::len), Some(MACHINES));
    assert_eq!(vendors["vendors"][0]["response_ms"], 4 * 3_600_000);
    daemon.terminate();
}

/// The token of a machine, from its printed label.
fn token(config: &Path, device: &str) -> String {
    let folder = config.parent().expect("folder");
    let labels = hallwatch::repair::Labels::read(&folder.join("data")).expect("the key is there");
    labels.token(&hallwatch::model::DeviceId::parse(device).expect("id"))
}

async fn send(address: SocketAddr, path: &str, client: &str, form: &str) -> Answer {
    let head = format!(
        "Content-Type: application/x-www-form-urlencoded\r\nOrigin: http://{address}\r\n\
         X-Forwarded-For: 203.0.113.9, {client}\r\n"
    );
    request(address, "POST", path, &head, form.as_bytes()).await
}

fn page(answer: &Answer, status: u16) -> String {
    let text = String::from_utf8(answer.body.clone()).expect("UTF-8");
    assert_eq!(answer.status, status, "{text}");
    assert_eq!(answer.header("content-type"), Some("text/html; charset=utf-8"));
    assert!(!text.contains("<script"), "{text}");
    text
}

#[tokio::test(flavor = "multi_thread")]
async fn a_visitor_sees_the_machine_reports_it_and_sees_nothing_else() {
    let folder = tempfile::tempdir().expect("folder");
    let config = hall(folder.path(), PUBLIC_URL);
    let daemon = Daemon::run(&config);
    let here = address(&daemon);
    let path = format!("/m/tm-1?k={}", token(&config, "tm-1"));
    let zh = page(&get(here, &path).await, 200);
    assert!(zh.contains("1 号&lt;script&gt;alert(1)&lt;/script&gt;"), "{zh}");
    assert!(zh.contains("1 层 · 一层大厅") && zh.contains("它坏了"), "{zh}");
    let english = request(here, "GET", &path, "Accept-Language: en\r\n", b"").await;
    let en = page(&english, 200);
    assert!(en.contains("It does not work") && en.contains("no 1 &amp; &quot;co&quot;"), "{en}");
    assert!(page(&get(here, &format!("{path}&lang=en")).await, 200).contains("It does not work"));

    // A wrong token says no more than a machine that is not there.
    let other = format!("/m/tm-2?k={}", token(&config, "tm-1"));
    let nobody = format!("/m/nobody?k={}", token(&config, "nobody"));
    let nothing = page(&get(here, "/m/tm-1").await, 404);
    for path in [other.as_str(), nobody.as_str(), "/m/tm-1?k=", "/m/%3Cscript%3E?k=x"] {
        assert_eq!(page(&get(here, path).await, 404), nothing, "{path}");
        assert_eq!(page(&send(here, path, "10.9.9.9", "trouble=0").await, 404), nothing);
    }
    assert!(all(here, "all").await.is_empty(), "nothing was stored");

    // JSON routes stay as they are: a form is no way in.
    let form = "Content-Type: application/x-www-form-urlencoded\r\n";
    request(here, "POST", "/api/v1/orders", form, b"device=tm-1").await.problem(415);
    let foreign = format!("{form}Origin: http://evil.example\r\n");
    request(here, "POST", &path, &foreign, b"trouble=0").await.problem(403);

    let words = "trouble=1&words=%3Cscript%3E%0A%E4%B9%B1%E7%A0%81";
    let thanks = page(&send(here, &path, "10.0.0.1", words).await, 200);
    assert!(thanks.contains("编号 001") && !thanks.contains("WO-"), "{thanks}");
    let orders = all(here, "open").await;
    assert_eq!(orders.len(), 1);
    assert_eq!((&orders[0]["origin"], &orders[0]["reports"]), (&json!("public"), &json!(1)));
    assert_eq!(orders[0]["what"]["zh"], "打不出票或纸：<script> 乱码");
    for bad in ["", "trouble=5", "trouble=x", &format!("trouble=0&words={}", "x".repeat(201))] {
        page(&send(here, &path, "10.0.0.2", bad).await, 400);
    }

    // What staff write does not reach the page.
    let id = &orders[0]["id"];
    let body = json!({"state": "assigned", "by": "李雷雷", "to": "dongfang", "note": "内部备注"});
    step(here, id, body).await.json::<Value>(200);
    step(here, id, json!({"state": "repairing", "by": "张工"})).await.json::<Value>(200);
    let shown = page(&get(here, &path).await, 200);
    assert!(shown.contains("正在维修"), "{shown}");
    for secret in ["李雷雷", "张工", "内部备注", "dongfang", "东方科技", "010-87654321", "WO-"]
    {
        assert!(!shown.contains(secret), "{secret} in {shown}");
    }
    daemon.terminate();
}

#[tokio::test(flavor = "multi_thread")]
async fn reports_are_limited_per_machine_and_per_address() {
    let folder = tempfile::tempdir().expect("folder");
    let config = hall(folder.path(), PUBLIC_URL);
    let daemon = Daemon::run(&config);
    let here = address(&daemon);
    let path = |n: usize| format!("/m/tm-{n}?k={}", token(&config, &format!("tm-{n}")));
    page(&send(here, &path(0), "10.0.0.1", "trouble=0").await, 200);
    // The same machine within a minute, whoever it is.
    let refused = send(here, &path(0), "10.0.0.2", "trouble=0").await;
    assert!(page(&refused, 429).contains("请稍后再试"));
    let wait: u64 = refused.header("retry-after").and_then(|s| s.parse().ok()).expect("seconds");
    assert!((1..=60).contains(&wait), "{wait}");
    // Five of one address; the list of proxies that a client sends along does not help.
    for n in 1..5 {
        page(&send(here, &path(n), "10.0.0.1", "trouble=0").await, 200);
    }
    page(&send(here, &path(5), "10.0.0.1", "trouble=0").await, 429);
    page(&send(here, &path(5), "10.0.0.3", "trouble=0").await, 200);
    let orders = all(here, "open").await;
    assert_eq!(orders.len(), 6, "what is refused is not stored");
    assert!(orders.iter().all(|order| order["reports"] == 1));
    // A person's order takes up reports as well.
    let order = make(here, 9).await;
    let thanks = page(&send(here, &path(9), "10.0.0.4", "trouble=4").await, 200);
    let number = order["id"].as_str().and_then(|id| id.rsplit('-').next()).expect("number");
    assert!(thanks.contains(&format!("编号 {number}")));
    let orders = all(here, "open").await;
    assert_eq!((orders.len(), &orders[0]["reports"]), (7, &json!(1)));
    daemon.terminate();
}

#[test]
fn labels_are_printed_with_the_key_of_the_gateway() {
    let folder = tempfile::tempdir().expect("folder");
    let config = hall(folder.path(), PUBLIC_URL);
    let labels = |extra: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_hallwatch"));
        command.args(["labels", "--config"]).arg(&config).args(extra);
        let done = command.output().expect("runs");
        let said = String::from_utf8_lossy(&done.stderr).into_owned();
        (done.status.success(), String::from_utf8(done.stdout).expect("UTF-8"), said)
    };
    let (good, _, said) = labels(&[]);
    assert!(!good && said.contains("start the gateway once") && said.contains("先启动"), "{said}");
    let daemon = Daemon::run(&config);
    let one = field::http_get(&format!("{}/api/v1/devices/tm-1/label.svg", daemon.url));
    assert!(one.expect("answered").starts_with("<svg "));
    daemon.terminate();
    let file = folder.path().join("labels.html");
    let (good, out, said) = labels(&["-o", file.to_str().expect("a path")]);
    assert!(good && out.is_empty(), "{said}");
    let html = std::fs::read_to_string(file).expect("written");
    assert_eq!(html.matches("<article>").count(), MACHINES);
    assert!(html.contains("一层大厅") && !html.contains("<script"));
    assert_eq!(labels(&[]).1, html);
    // A hall that comes back from its backup needs no new labels.
    let at = |name: &str| folder.path().join(name);
    let hallwatch = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_hallwatch"));
        let done = command.args(arguments).current_dir(folder.path()).output().expect("runs");
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    };
    hallwatch(&["backup", "copy", "--config", "hall.toml"]);
    std::fs::rename(at("data"), at("lost")).expect("moved");
    hallwatch(&["restore", "copy", "--data", "data"]);
    assert_eq!(labels(&[]).1, html);
    let mode = std::fs::metadata(at("data/label.key")).expect("the key").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    hall(folder.path(), "");
    let (good, _, said) = labels(&[]);
    assert!(!good && said.contains("public_url = \"http://10.1.2.3:8080\""), "{said}");
    let daemon = Daemon::run(&config);
    let answer = field::http_get(&format!("{}/api/v1/devices/tm-1/label.svg", daemon.url));
    assert!(answer.expect("answered").contains("public_url"));
    daemon.terminate();
}
