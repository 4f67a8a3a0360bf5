//! Where the data went, what it was, and what is sent once more.

use super::client::{get, post, request};
use super::contract;
use super::hall::{self, Hall};

#[tokio::test(flavor = "multi_thread")]
async fn what_was_kept_is_told_and_recounted() {
    let hall = Hall::open().await;
    let data: contract::Data = get(hall.address, "/api/v1/data").await.json(200);
    let of = |id: &str| data.sources.iter().find(|source| source.device == id).expect("told");
    let inverter = of("inv-01");
    assert!(inverter.kept >= 3, "what came while it started is one more");
    assert_eq!(inverter.read, inverter.kept);
    assert!(inverter.readings >= 3);
    assert_eq!(inverter.name.zh, "1 号逆变器");
    assert_eq!((of("inv-02").kept, of("inv-02").gaps.len()), (0, 0), "begun a moment ago");
    assert_eq!(data.counted_since_ms, None, "from the first reading on");
    for bad in ["?from_ms=5&to_ms=4", "?from_ms=0", "?day=1", "?from_ms=x"] {
        get(hall.address, &format!("/api/v1/data{bad}")).await.problem(400);
    }
    let date = jiff::Timestamp::from_millisecond(data.now_ms).expect("a time").to_string();
    let month = date.get(..7).expect("a month");
    let audit: contract::Audit =
        get(hall.address, &format!("/api/v1/audit?month={month}")).await.json(200);
    assert!(audit.kept >= 3 && audit.missing == 0 && audit.differences.is_empty());
    assert_eq!(audit.sinks[0].owed, Some(audit.kept), "the sink is not at work");
    for bad in ["?month=2026-13", "?month=x", ""] {
        get(hall.address, &format!("/api/v1/audit{bad}")).await.problem(400);
    }
    let metrics = String::from_utf8(get(hall.address, "/metrics").await.body).expect("text");
    assert!(metrics.contains("hallwatch_source_kept_total{device=\"inv-01\"} "), "{metrics}");
    hall.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_past_is_told_in_steps() {
    let hall = Hall::open().await;
    let now = hall::NOW;
    let ask = |query: String| {
        let address = hall.address;
        async move { get(address, &format!("/api/v1/devices/inv-01/past?{query}")).await }
    };
    let from = now - 4 * 3_600_000;
    let past: contract::Past =
        ask(format!("points=ac_power_w,energy_total_wh&from_ms={from}&to_ms={now}&step=1h"))
            .await
            .json(200);
    assert_eq!(past.edges_ms, (0..=4).map(|hour| from + hour * 3_600_000).collect::<Vec<_>>());
    let (power, energy) = (&past.points[0], &past.points[1]);
    assert_eq!((power.unit.as_str(), power.label.zh.as_str()), ("W", "交流功率"));
    assert_eq!(power.mean, [None, Some(20_000.0), None, Some(25_000.0)]);
    assert_eq!(power.increase, [None; 4], "no counter");
    let counted: f64 = energy.increase.iter().flatten().sum();
    // 20,000 Wh in fifteen hours, of which one is asked for, and 60,500 since.
    assert!((counted - (60_500.0 + 20_000.0 / 15.0)).abs() < 50.0, "{:?}", energy.increase);
    assert_eq!(past.parts.last().expect("here").origin, "here");
    // Of what was before this gateway the sink knows nothing: nobody listens at its address.
    let before = now - 40 * 86_400_000;
    let past: contract::Past =
        ask(format!("points=ac_power_w&from_ms={before}&to_ms={now}&step=1mo")).await.json(200);
    assert_eq!(past.points[0].count.iter().sum::<u64>(), 4, "two months, whole");
    assert_eq!(past.parts[0].origin, "nowhere");
    let hint = past.parts[0].hint.as_ref().expect("a hint");
    assert!(hint.zh.contains("读权限"), "{hint:?}");
    for bad in [
        format!("points=a&from_ms={now}&to_ms={now}&step=1h"),
        format!("points=a&from_ms={from}&to_ms={now}&step=1w"),
        format!("points=&from_ms={from}&to_ms={now}&step=1h"),
        format!("points=a&from_ms={from}&to_ms={now}&step=1s"),
        format!("points=a,b,c,d,e,f,g,h,i,j,k,l,m&from_ms={from}&to_ms={now}&step=1h"),
        format!("points=a&from_ms={}&to_ms={}&step=1d", i64::MIN, i64::MAX),
        String::new(),
    ] {
        ask(bad).await.problem(400);
    }
    get(
        hall.address,
        &format!("/api/v1/devices/none/past?points=a&from_ms={from}&to_ms={now}&step=1h"),
    )
    .await
    .problem(404);
    hall.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn grafana_is_answered_in_influxql() {
    let hall = Hall::open().await;
    let ask = |query: &'static str| {
        let address = hall.address;
        async move { get(address, &format!("/query?db=hall&epoch=ms&q={query}")).await }
    };
    // Grafana's look whether the source is well.
    let answer = ask("SHOW+measurements").await;
    assert_eq!(answer.header("x-influxdb-version"), Some("1.6.7"));
    let answer: serde_json::Value = answer.json(200);
    let names = answer["results"][0]["series"][0]["values"].to_string();
    assert_eq!(names, r#"[["inverter"],["kiosk"],["meter"]]"#);
    let answer: serde_json::Value =
        ask("SELECT+last(ac_power_w)+FROM+inverter+GROUP+BY+device").await.json(200);
    let series = &answer["results"][0]["series"][0];
    assert_eq!(series["tags"]["device"], "inv-01");
    assert_eq!(series["values"], serde_json::json!([[hall::NOW, 30_000]]));
    // As a form, too.
    let form = "Content-Type: application/x-www-form-urlencoded\r\n";
    let body = b"q=SELECT+count(ac_power_w)+FROM+meter";
    let answer: serde_json::Value =
        request(hall.address, "POST", "/query?db=hall", form, body).await.json(200);
    assert_eq!(answer["results"][0]["series"][0]["values"][0][1], 1);
    for (query, word) in [("DROP+DATABASE+hall", "DROP"), ("SELECT+FROM", "FROM"), ("", "missing")]
    {
        let answer = ask(query).await;
        let text = String::from_utf8_lossy(&answer.body).into_owned();
        assert_eq!(answer.status, 400, "{text}");
        assert!(text.starts_with(r#"{"error":""#) && text.contains(word), "{text}");
    }
    assert_eq!(get(hall.address, "/ping").await.status, 204);
    hall.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn old_readings_are_ordered_once_more_and_given_up() {
    let hall = Hall::open().await;
    let none: contract::Letters =
        get(hall.address, "/api/v1/sinks/main/dead-letters").await.json(200);
    assert!(none.letters.is_empty());
    get(hall.address, "/api/v1/sinks/nobody/dead-letters").await.problem(404);
    let path = "/api/v1/sinks/main/resend";
    for bad in ["{}", r#"{"dead_letters":true,"from_ms":1}"#, r#"{"from_ms":5,"to_ms":5}"#, "["] {
        post(hall.address, path, bad).await.problem(400);
    }
    post(hall.address, path, r#"{"dead_letters":true}"#).await.problem(409);
    let order = format!(r#"{{"from_ms":1,"to_ms":{}}}"#, hall::NOW - 100);
    let job: serde_json::Value = post(hall.address, path, &order).await.json(202);
    assert_eq!(job["job"], 1);
    let again: serde_json::Value = post(hall.address, path, &order).await.json(202);
    assert_eq!(again["job"], 1, "asked for twice it is one job");
    let part = format!(r#"{{"from_ms":{},"to_ms":{}}}"#, hall::NOW - 5000, hall::NOW - 4000);
    let part: serde_json::Value = post(hall.address, path, &part).await.json(202);
    assert_eq!(part["job"], 1, "and so is a part of what is under way");
    let other = |n: i64| format!(r#"{{"from_ms":{},"to_ms":9000000000000}}"#, hall::NOW - n);
    for n in 1..16 {
        assert_eq!(post(hall.address, path, &other(n)).await.status, 202);
    }
    post(hall.address, path, &other(16)).await.problem(409);
    let system: contract::System = get(hall.address, "/api/v1/system").await.json(200);
    let jobs = &system.sinks[0].jobs;
    assert_eq!((jobs.len(), jobs[0].cause.as_str(), jobs[0].from_ms), (16, "asked", 1));
    assert_eq!(system.sinks[0].state, "catching_up");
    let job = "/api/v1/sinks/main/jobs/1";
    assert_eq!(request(hall.address, "DELETE", job, "", b"").await.status, 204);
    request(hall.address, "DELETE", job, "", b"").await.problem(404);
    request(hall.address, "DELETE", "/api/v1/sinks/main/jobs/x", "", b"").await.problem(404);
    hall.close().await;
}
