//! People are told: over robots that behave as the services do, and past servers that hang, lead
//! elsewhere, refuse, or answer 200 and mean no.
#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::disallowed_methods)]

#[path = "support/certificates.rs"]
#[allow(dead_code)]
mod certificates;
#[path = "support/fakes.rs"]
#[allow(dead_code)]
mod fakes;
#[path = "support/telling.rs"]
#[allow(dead_code)]
mod telling;
#[path = "support/untrusted.rs"]
mod untrusted;

use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use fakes::{Fake, Manner, SECRET, Seen};
use hallwatch::alert::Change;
use hallwatch::clock::SystemClock;
use hallwatch::model::EventKind;
use hallwatch::notify::{self, ChannelConfig, Hook, Kind, Method, Net, Secret, Sms};
use telling::{World, alert, channel, names, over, people, raised, until};

/// Alerts that are raised at once.
const FLOOD: usize = 700;

fn wecom(fake: &Fake) -> Kind {
    Kind::Wecom { base: fake.url.clone(), key: Secret::new("K-0123456789") }
}

fn dingtalk(fake: &Fake, secret: &str) -> Kind {
    let secret = Some(Secret::new(secret));
    Kind::Dingtalk { base: fake.url.clone(), token: Secret::new("T-0123456789"), secret }
}

fn feishu(fake: &Fake, secret: &str) -> Kind {
    let secret = Some(Secret::new(secret));
    Kind::Feishu { base: fake.url.clone(), token: Secret::new("F-0123456789"), secret }
}

fn hook(url: &str) -> Kind {
    let url = Secret::new(url);
    Kind::Webhook(Hook { url, method: Method::Post, headers: Vec::new(), body: None })
}

fn collecting(name: &str, kind: Kind) -> ChannelConfig {
    ChannelConfig { digest_ms: 1_000, ..channel(name, kind) }
}

/// What a robot's message says, whichever robot it is.
fn words(seen: &Seen) -> String {
    let body = seen.json();
    let text = body["text"]["content"].as_str().or(body["content"]["text"].as_str());
    text.expect("a text").to_owned()
}

#[tokio::test]
async fn a_flood_is_two_messages_on_each_robot_and_every_alert_is_counted() {
    let fakes = [
        Fake::start(Manner::Wecom).await,
        Fake::start(Manner::Dingtalk).await,
        Fake::start(Manner::Feishu).await,
    ];
    let called = |config: ChannelConfig| ChannelConfig { mention: vec!["zhang".into()], ..config };
    let world = World::start(vec![
        called(collecting("wecom", wecom(&fakes[0]))),
        called(collecting("dingtalk", dingtalk(&fakes[1], SECRET))),
        called(collecting("feishu", feishu(&fakes[2], SECRET))),
    ]);
    world.ready().await;
    // Two commits, so that the second comes while the first has been told already.
    world.happens((0..5).map(raised).collect()).await;
    until("the first messages", 10, || fakes.iter().all(|fake| fake.taken().len() == 1)).await;
    world.happens((5..FLOOD).map(raised).collect()).await;
    until("the digests", 10, || fakes.iter().all(|fake| fake.taken().len() == 2)).await;
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    for fake in &fakes {
        let taken = fake.taken();
        assert_eq!((taken.len(), fake.seen().len()), (2, 2), "not one more, and none refused");
        assert!(words(&taken[0]).starts_with("● 5 条告警：重要 5｜"), "{}", words(&taken[0]));
        let digest = words(&taken[1]);
        assert!(digest.starts_with("● 695 条告警：重要 695｜"), "{digest}");
        assert!(digest.contains("KS001 一层 695 条：5 号自助机"), "{digest}");
        assert!(digest.contains("https://hall.example.org/"), "{digest}");
    }
    assert_eq!(fakes[0].taken()[1].json()["text"]["mentioned_mobile_list"][0], "13800000001");
    assert!(words(&fakes[1].taken()[1]).ends_with("@13800000001"));
    assert!(words(&fakes[2].taken()[1]).ends_with("<at user_id=\"ou_zhang\">张三</at>"));
    let delivered = world.events(EventKind::Delivered);
    for name in ["wecom", "dingtalk", "feishu"] {
        let of = delivered.iter().filter(|body| body["channel"] == name);
        let ids: Vec<_> = of.flat_map(|body| body["ids"].as_array().unwrap().clone()).collect();
        assert_eq!(ids.len(), FLOOD, "{name}");
    }
    world.end().await;
}

#[tokio::test]
async fn a_robot_that_says_200_and_means_no_has_taken_nothing() {
    let (ding, fei) = (Fake::start(Manner::Dingtalk).await, Fake::start(Manner::Feishu).await);
    let world = World::start(vec![
        collecting("dingtalk", dingtalk(&ding, "another secret")),
        collecting("feishu", feishu(&fei, "another secret")),
    ]);
    world.ready().await;
    let before = world.journal.cursor("channel:dingtalk").unwrap().unwrap().0;
    world.happens(vec![raised(1)]).await;
    until("the answers", 10, || {
        world.state("dingtalk").tries == 1 && world.state("feishu").tries == 1
    })
    .await;
    assert!(world.state("dingtalk").why.unwrap().zh.contains("310000"));
    assert!(world.state("feishu").why.unwrap().en.contains("19021"));
    assert_eq!(world.state("feishu").waiting, 1);
    assert_eq!(world.events(EventKind::Delivered).len(), 0);
    assert_eq!(world.journal.cursor("channel:dingtalk").unwrap().unwrap().0, before);
    // Nobody is helped by asking again every second.
    tokio::time::sleep(Duration::from_secs(4)).await;
    assert_eq!(ding.seen().len(), 1);
    world.end().await;
}

#[tokio::test]
async fn more_than_a_service_allows_is_collected_until_there_is_room() {
    let fake = Fake::start(Manner::Wecom).await;
    let limited =
        ChannelConfig { digest_ms: 50, per_minute: Some(3), ..channel("wecom", wecom(&fake)) };
    let world = World::start(vec![limited]);
    world.ready().await;
    for n in 0..12 {
        world.happens(vec![raised(n)]).await;
        tokio::time::sleep(Duration::from_millis(150)).await;
    }
    assert_eq!((fake.seen().len(), fake.taken().len()), (3, 3));
    until("the others wait", 5, || world.state("wecom").waiting == 9).await;
    world.end().await;
}

#[tokio::test]
async fn where_nothing_is_collected_a_limit_still_makes_a_digest() {
    let fake = Fake::start(Manner::Wecom).await;
    let limited = ChannelConfig { per_minute: Some(3), ..channel("wecom", wecom(&fake)) };
    let world = World::start(vec![limited]);
    world.ready().await;
    world.happens((0..2).map(raised).collect()).await;
    until("two of their own", 10, || fake.taken().len() == 2).await;
    world.happens((2..40).map(raised).collect()).await;
    until("a digest", 10, || fake.taken().len() == 3).await;
    assert!(words(&fake.taken()[2]).starts_with("● 38 条告警："));
    world.end().await;
}

#[tokio::test]
async fn a_proxy_is_the_way_out() {
    let proxy = Fake::start(Manner::Takes).await;
    let net = Net { proxy: Some(proxy.url.clone()), ..Net::default() };
    let far = channel("far", hook("http://alerts.example.invalid/hook"));
    let world = World::start(vec![ChannelConfig { net, ..far }]);
    world.ready().await;
    world.happens(vec![raised(1)]).await;
    until("it went by the proxy", 10, || proxy.taken().len() == 1).await;
    assert_eq!(proxy.taken()[0].path, "/hook");
    world.end().await;
}

#[tokio::test]
async fn what_came_and_went_while_it_waited_is_one_line() {
    let fake = Fake::start(Manner::Wecom).await;
    let world = World::start(vec![collecting("wecom", wecom(&fake))]);
    world.ready().await;
    world.happens(vec![raised(1)]).await;
    until("the first message", 10, || fake.taken().len() == 1).await;
    let gone = alert("KS001", 2);
    world.happens(vec![(Change::Raised, gone.clone()), raised(3)]).await;
    world.happens(vec![over(&gone)]).await;
    until("the digest", 10, || fake.taken().len() == 2).await;
    let digest = words(&fake.taken()[1]);
    assert_eq!(digest.matches("2 号自助机离线").count(), 1, "{digest}");
    assert!(digest.contains("✔ 重要 出现后已恢复：2 号自助机离线"), "{digest}");
    assert!(digest.contains("● 重要 3 号自助机离线"), "{digest}");
    world.end().await;
}

#[tokio::test]
async fn a_channel_that_does_not_behave_delays_no_other() {
    let [good, hangs, redirects, broken] =
        [Manner::Takes, Manner::Hangs, Manner::Redirects, Manner::Status(500)].map(Fake::start);
    let (good, hangs, redirects, broken) = (good.await, hangs.await, redirects.await, broken.await);
    let made = certificates::Certificates::make();
    let tls = untrusted::serve(&made).await;
    let trusting = Net { ca_file: Some(made.authority.clone()), ..Net::default() };
    let world = World::start(vec![
        channel("hangs", hook(&hangs.url)),
        channel("redirects", hook(&redirects.url)),
        channel("untrusted", hook(&tls)),
        ChannelConfig { net: trusting, ..channel("trusted", hook(&tls)) },
        channel("broken", hook(&broken.url)),
        channel("good", hook(&good.url)),
        channel("wall", Kind::Sound),
    ]);
    world.ready().await;
    let begin = Instant::now();
    world.happens(vec![raised(1)]).await;
    until("the good one", 5, || good.taken().len() == 1).await;
    assert!(begin.elapsed() < Duration::from_secs(3), "{:?}", begin.elapsed());
    until("the wall", 5, || world.wall.look().len() == 1).await;
    assert!(world.wall.look()[0].title.zh.starts_with("● 重要 新告警｜"));
    assert_eq!(world.wall.look()[0].alerts.len(), 1, "the page knows what it is about");
    until("the one that is trusted by its own file", 5, || {
        world.state("trusted").delivered.is_some()
    })
    .await;
    until("the reasons", 5, || {
        ["redirects", "untrusted", "broken"].iter().all(|name| world.state(name).why.is_some())
    })
    .await;
    assert!(world.state("untrusted").why.unwrap().zh.starts_with("证书不可信"));
    assert!(world.state("redirects").why.unwrap().en.contains("307"));
    assert!(redirects.seen().iter().all(|seen| seen.path == "/"), "no redirect is followed");
    // Three tries in a row, and it is said to fail; the first answer that is good ends that.
    until("it is said to fail", 20, || world.state("broken").failing_since.is_some()).await;
    assert!(world.state("broken").tries >= 3);
    broken.now(Manner::Takes);
    until("it is well", 20, || world.state("broken").delivered.is_some()).await;
    until("nothing waits", 5, || world.state("broken").waiting == 0).await;
    let state = world.state("broken");
    assert_eq!((state.failing_since, state.tries, state.why, state.waiting), (None, 0, None, 0));
    let keys: std::collections::BTreeSet<_> =
        broken.seen().into_iter().map(|seen| seen.key).collect();
    assert_eq!(keys.len(), 1, "one key for all tries: {keys:?}");
    until("the hanging one", 15, || world.state("hangs").tries > 0).await;
    assert!(world.state("hangs").why.unwrap().zh.starts_with("超时"));
    world.end().await;
}

#[tokio::test]
async fn what_was_not_taken_is_sent_after_a_stop_and_nothing_else_again() {
    let fake = Fake::start(Manner::Takes).await;
    let webhook = ChannelConfig { plain_webhook: true, ..channel("duty", hook(&fake.url)) };
    let mut world = World::start(vec![webhook]);
    world.ready().await;
    world.happens(vec![raised(1)]).await;
    until("the first message", 10, || fake.taken().len() == 1).await;
    fake.now(Manner::Status(503));
    world.happens(vec![raised(2)]).await;
    until("a try", 10, || fake.seen().len() >= 2).await;
    world.end().await;
    // What happens meanwhile waits in the journal.
    world.happens(vec![raised(3)]).await;
    fake.now(Manner::Takes);
    world.begin();
    until("the others", 10, || fake.taken().len() == 3).await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    let taken = fake.taken();
    let devices: Vec<_> = taken.iter().map(|seen| seen.json()["alert"]["device"].clone()).collect();
    assert_eq!(devices, ["k-001", "k-002", "k-003"]);
    assert!(
        taken[0].json()["id"] == taken[0].key.as_str() && taken[0].json()["site"] == "dongcheng"
    );
    let second: std::collections::BTreeSet<_> = fake
        .seen()
        .into_iter()
        .filter(|s| s.json()["alert"]["device"] == "k-002")
        .map(|s| s.key)
        .collect();
    assert_eq!(second.len(), 1, "the key outlives the stop: {second:?}");
    assert!(world.journal.cursor("webhook:duty").unwrap().is_some(), "its old name");
    world.end().await;
}

#[tokio::test]
async fn a_message_that_is_refused_five_times_is_given_up_and_the_next_one_goes_on() {
    let fake = Fake::start(Manner::Status(422)).await;
    let world = World::start(vec![channel("duty", hook(&fake.url))]);
    world.ready().await;
    world.happens(vec![raised(1), raised(2)]).await;
    until("it is given up", 40, || world.events(EventKind::NotifyGivenUp).len() == 1).await;
    fake.now(Manner::Takes);
    let given_up = &world.events(EventKind::NotifyGivenUp)[0];
    assert_eq!((&given_up["channel"], &given_up["change"]), (&"duty".into(), &"raised".into()));
    assert!(given_up["alert"].as_str().unwrap().starts_with("KS001-k-001-"));
    assert!(given_up["answer"].as_str().unwrap().contains("422"));
    until("the next one", 20, || fake.taken().len() == 1).await;
    assert_eq!(fake.taken()[0].json()["alert"]["device"], "k-002");
    world.end().await;
}

#[tokio::test]
async fn short_messages_go_to_each_number_once() {
    let fake = Fake::start(Manner::Takes).await;
    let sms = |url: &str, body: &str, pattern: Option<&str>| {
        Kind::Sms(Sms {
            url: Secret::new(url),
            method: Method::Post,
            headers: Vec::new(),
            body: body.to_owned(),
            key: Some(Secret::new("s3cret-key")),
            success_pattern: pattern.map(str::to_owned),
            to: ["zhang", "li", "13900000003"].map(str::to_owned).into(),
        })
    };
    let json = r#"{"key":"{key}","to":["{phone}"],"text":"{text}"}"#;
    let strict = Fake::start(Manner::Wecom).await;
    // What this gateway answers holds a code other than the one that means success.
    let odd = r#"{"text":{"content":"{text}{phone}"},"msgtype":"x"}"#;
    let world = World::start(vec![
        channel("sms", sms(&format!("{}/send", fake.url), json, None)),
        channel("strict", sms(&strict.url, odd, Some(r#""errcode":0\b"#))),
    ]);
    world.ready().await;
    world.happens(vec![raised(1)]).await;
    until("three messages", 10, || fake.taken().len() == 3).await;
    let numbers: Vec<_> = fake.taken().iter().map(|seen| seen.json()["to"][0].clone()).collect();
    assert_eq!(numbers, ["13800000001", "13800000002", "13900000003"]);
    let first = fake.taken()[0].json();
    assert_eq!(first["key"], "s3cret-key");
    assert!(first["text"].as_str().unwrap().contains("1 号自助机离线"));
    until("the refusal", 10, || world.state("strict").tries == 1).await;
    assert!(world.state("strict").why.unwrap().zh.contains("40058"));
    assert_eq!(world.state("strict").delivered, None);
    world.end().await;
}

#[tokio::test]
async fn a_test_message_goes_past_what_waits_and_says_why_it_failed() {
    let fake = Fake::start(Manner::Wecom).await;
    let bad = Fake::start(Manner::Status(500)).await;
    let world = World::start(vec![channel("wecom", wecom(&fake)), channel("bad", hook(&bad.url))]);
    world.handle.test("wecom").await.expect("taken");
    assert!(words(&fake.taken()[0]).contains("测试消息"));
    let why = world.handle.test("bad").await.expect_err("refused");
    assert!(why.en.contains("500"), "{}", why.en);
    let why = world.handle.test("wecon").await.expect_err("unknown");
    assert!(why.zh.contains("是不是想写 `wecom`"), "{}", why.zh);
    let look = world.handle.look();
    assert_eq!((look.len(), look[0].kind, look[1].kind), (2, "wecom", "webhook"));
    world.end().await;
    let config = notify::Config { channels: vec![channel("w", wecom(&fake))], people: people() };
    notify::test(&config, names(), "w", Arc::new(SystemClock)).await.expect("taken");
    assert_eq!(fake.taken().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_sends_a_test_message_without_a_gateway() {
    let fake = Fake::start(Manner::Dingtalk).await;
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("token"), "T-0123456789\n").unwrap();
    std::fs::write(folder.path().join("secret"), SECRET).unwrap();
    let data = folder.path().join("data");
    let text = format!(
        "[site]\nid = \"s\"\nname = {{ zh = \"甲\", en = \"a\" }}\nlatitude_deg = 39.9\n\
         longitude_deg = 116.4\ntime_zone = \"Asia/Shanghai\"\n[data]\nfolder = {data:?}\n\
         [[channel]]\nname = \"duty\"\nkind = \"dingtalk\"\nbase_url = \"{}\"\n\
         token_file = \"token\"\nsecret_file = \"secret\"\n",
        fake.url
    );
    let path = folder.path().join("hall.toml");
    std::fs::write(&path, text).unwrap();
    let run = |channel: &str| {
        Command::new(env!("CARGO_BIN_EXE_hallwatch"))
            .args(["alert", "test", channel, "--config"])
            .arg(&path)
            .output()
            .unwrap()
    };
    let done = tokio::task::block_in_place(|| run("duty"));
    let said = String::from_utf8(done.stdout).unwrap();
    assert!(done.status.success(), "{said}{}", String::from_utf8_lossy(&done.stderr));
    assert!(said.contains("测试消息已被 `duty` 接收"), "{said}");
    assert_eq!(fake.taken().len(), 1);
    let failed = tokio::task::block_in_place(|| run("duti"));
    assert!(!failed.status.success());
    let said = String::from_utf8_lossy(&failed.stderr).into_owned();
    assert!(said.contains("是不是想写 `duty`") && said.contains("did you mean `duty`?"), "{said}");
}
