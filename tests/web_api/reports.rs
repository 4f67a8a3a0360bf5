//! Reports, meters that people read, and months that are closed, through the API.

use super::client::{Answer, get, post};
use super::hall::{Hall, NOW};

const HOUR: i64 = 3_600_000;
/// 2025-10-01 00:00 in Shanghai.
const OCTOBER: i64 = 1_759_248_000_000;
const NOVEMBER: i64 = OCTOBER + 31 * 24 * HOUR;

fn value(answer: &Answer, status: u16) -> serde_json::Value {
    answer.json(status)
}

async fn reads(hall: &Hall, at_ms: i64, value: f64, more: &str) -> Answer {
    let body = format!(
        "{{\"meter\":\"water-main\",\"by\":\"李工\",\"at_ms\":{at_ms},\"value\":{value}{more}}}"
    );
    post(hall.address, "/api/v1/entries", &body).await
}

async fn water(hall: &Hall, query: &str) -> f64 {
    let path = format!("/api/v1/reports/2025-10?form=json{query}");
    let report = value(&get(hall.address, &path).await, 200);
    assert_eq!(report["supplies"][0]["supply"], "water", "{report}");
    report["supplies"][0]["total"]["value"].as_f64().expect("a total")
}

fn hint(answer: &Answer, status: u16) -> String {
    answer.problem(status);
    let problem: serde_json::Value = serde_json::from_slice(&answer.body).expect("JSON");
    problem["hint"]["en"].as_str().expect("a hint").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_meter_that_people_read_counts_by_its_register() {
    let hall = Hall::open().await;
    value(&reads(&hall, OCTOBER + 8 * HOUR, 1_000.0, "").await, 200);
    value(&reads(&hall, NOVEMBER + 9 * HOUR, 1_120.5, "").await, 200);
    // Shared out over time: what was counted on the first of November is November's.
    let expected = 120.5 * (31.0 * 24.0 - 8.0) / (31.0 * 24.0 + 1.0);
    let counted = water(&hall, "").await;
    assert!((counted - expected).abs() < 0.001, "{counted} of {expected}");

    let backwards = hint(&reads(&hall, NOVEMBER + 10 * HOUR, 1_119.0, "").await, 409);
    assert!(backwards.contains("1120.5"), "{backwards}");
    let between = hint(&reads(&hall, OCTOBER + 9 * HOUR, 1_121.0, "").await, 409);
    assert!(between.contains("between 1000 and 1120.5"), "{between}");
    hint(&reads(&hall, NOVEMBER + 9 * HOUR, 1_121.0, "").await, 409);
    hint(&reads(&hall, NOW + HOUR, 2_000.0, "").await, 400);
    hint(&reads(&hall, OCTOBER / 1_000, 2_000.0, "").await, 400);
    hint(&reads(&hall, NOVEMBER + 10 * HOUR, -1.0, ",\"first_of_new\":true").await, 400);
    hint(&reads(&hall, NOVEMBER + 10 * HOUR, 1_121.0, ",\"estimated\":true").await, 400);
    for body in [
        "{\"meter\":\"nobody\",\"by\":\"李工\",\"at_ms\":1,\"value\":1}",
        "{\"meter\":\"water-main\",\"by\":\" \",\"at_ms\":1,\"value\":1}",
        "{\"meter\":\"water-main\",\"by\":\"李\u{202e}工\",\"at_ms\":1,\"value\":1}",
        "{\"meter\":\"water-main\",\"by\":\"李工\",\"value\":1}",
        "{\"meter\":\"water-main\",\"by\":\"李工\",\"value\":1e300,\"at_ms\":1}",
        "{\"meter\":\"water-main\",\"by\":\"李工\",\"value\":1,\"first\":\"2025-10-02\",\"last\":\"2025-10-01\",\"why\":\"x\"}",
        "{\"meter\":\"water-main\",\"by\":\"李工\",\"value\":1,\"first\":\"2025-10-01\",\"last\":\"2025-10-01\"}",
        "{\"meter\":\"water-main\",\"by\":\"李工\",\"value\":-1,\"first\":\"2025-10-01\",\"last\":\"2025-10-01\",\"why\":\"x\"}",
        "{\"meter\":\"water-main\",\"by\":\"李工\",\"value\":1,\"first\":\"2025-11-24\",\"last\":\"2025-11-25\",\"why\":\"x\"}",
        "{\"meter\":\"water-main\",\"by\":\"李工\",\"value\":1,\"first\":\"10/1\",\"last\":\"2025-10-01\",\"why\":\"x\"}",
    ] {
        let answer = post(hall.address, "/api/v1/entries", body).await;
        assert!(matches!(answer.status, 400 | 404), "{body}: {}", answer.status);
        answer.problem(answer.status);
    }
    assert!((water(&hall, "").await - expected).abs() < 0.001, "nothing of that was taken");

    // The meter is changed: the new register begins where it likes.
    value(&reads(&hall, NOVEMBER + 24 * HOUR, 5.0, ",\"first_of_new\":true").await, 200);
    value(&reads(&hall, NOVEMBER + 48 * HOUR, 9.0, "").await, 200);
    let report = value(&get(hall.address, "/api/v1/reports/2025-11?form=json").await, 200);
    let meter = &report["meters"][report["meters"].as_array().expect("meters").len() - 1];
    assert_eq!((meter["holes"].as_array().expect("holes").len()), 1, "{meter}");
    // What nobody knows is entered by hand, taken back, and then counts no more.
    let body = "{\"meter\":\"water-main\",\"by\":\"李工\",\"value\":3.25,\"first\":\"2025-10-10\",\
                \"last\":\"2025-10-12\",\"why\":\"换表期间\"}";
    let entered = value(&post(hall.address, "/api/v1/entries", body).await, 200);
    assert!((water(&hall, "").await - expected - 3.25).abs() < 0.001);
    // Twice the same days count once; what takes away says so.
    hint(&post(hall.address, "/api/v1/entries", body).await, 409);
    let away = "{\"meter\":\"water-main\",\"by\":\"李工\",\"value\":-1,\"first\":\"2025-10-11\",\
                \"last\":\"2025-10-11\",\"why\":\"多计\",\"correction\":true}";
    let away = value(&post(hall.address, "/api/v1/entries", away).await, 200);
    assert!((water(&hall, "").await - expected - 2.25).abs() < 0.001);
    let back = format!("/api/v1/entries/{}/take-back", away["id"]);
    value(&post(hall.address, &back, "{\"by\":\"王工\",\"why\":\"看错\"}").await, 200);
    let back = format!("/api/v1/entries/{}/take-back", entered["id"]);
    hint(&post(hall.address, &back, "{\"by\":\"王工\",\"why\":\"\"}").await, 400);
    value(&post(hall.address, &back, "{\"by\":\"王工\",\"why\":\"重复\"}").await, 200);
    hint(&post(hall.address, &back, "{\"by\":\"王工\",\"why\":\"again\"}").await, 409);
    hint(&post(hall.address, "/api/v1/entries/99/take-back", "{\"by\":\"王工\"}").await, 400);
    assert!((water(&hall, "").await - expected).abs() < 0.001);
    let list = value(&get(hall.address, "/api/v1/reports").await, 200);
    assert_eq!(list["entries"][1]["taken_back"], "王工: 重复", "{list}");
    // Before the first reading nothing is known, and that is not nothing.
    let before = value(&get(hall.address, "/api/v1/reports/2025-08?form=json").await, 200);
    assert_eq!(before["supplies"][0]["total"]["value"], serde_json::Value::Null, "{before}");
    assert_eq!(list["meters"][0]["last"]["value"], 9.0);
    hall.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_point_that_was_forgotten_is_asked_about_and_who_knows_better_says_why() {
    let hall = Hall::open().await;
    let day = 24 * HOUR;
    // The first two say nothing of what is usual.
    value(&reads(&hall, OCTOBER, 1_000.0, "").await, 200);
    value(&reads(&hall, OCTOBER + 2 * day, 1_008.0, "").await, 200);
    value(&reads(&hall, OCTOBER + 3 * day, 1_040.0, "").await, 200);
    let slip = hint(&reads(&hall, OCTOBER + 4 * day, 10_400.0, "").await, 400);
    assert!(slip.starts_with("293 times as much in a day"), "{slip}");
    let why = ",\"why\":\"消防水池放水\"";
    value(&reads(&hall, OCTOBER + 4 * day, 10_400.0, why).await, 200);
    // No more is taken away than was counted.
    let more = "{\"meter\":\"water-main\",\"by\":\"李工\",\"value\":-500,\"first\":\"2025-10-02\",\
                \"last\":\"2025-10-02\",\"why\":\"多计\",\"correction\":true}";
    let refused = hint(&post(hall.address, "/api/v1/entries", more).await, 400);
    assert!(refused.contains("no more can be taken away"), "{refused}");
    hall.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_month_never_changes_and_is_signed_in_order() {
    let hall = Hall::open().await;
    let path = |what: &str| format!("/api/v1/reports/2025-10/{what}");
    value(&reads(&hall, OCTOBER, 1_000.0, "").await, 200);
    hint(&post(hall.address, "/api/v1/reports/2025-11/close", "{\"by\":\"李工\"}").await, 409);
    hint(&post(hall.address, &path("sign"), "{\"by\":\"李工\",\"role\":\"made\"}").await, 404);
    let why = hint(&post(hall.address, &path("close"), "{\"by\":\"李工\"}").await, 409);
    assert!(why.contains("water main was not read on 2025-10-31"), "{why}");
    value(&reads(&hall, NOVEMBER, 1_100.0, "").await, 200);
    let body = "{\"by\":\"李工\",\"why\":\"逆变器 11 月接入\"}";
    let seal = value(&post(hall.address, &path("close"), body).await, 200);
    assert_eq!(
        (seal["revision"].as_u64(), seal["hash"].as_str().expect("hash").len()),
        (Some(1), 64)
    );
    hint(&post(hall.address, &path("close"), body).await, 409);
    let first = get(hall.address, "/api/v1/reports/2025-10?form=json").await.body;

    for (by, role, status) in [
        ("赵主任", "approved", 409),
        ("李工", "made", 200),
        ("李工", "made", 409),
        ("李 工", "checked", 409),
        ("王工", "checked", 200),
        ("李工", "approved", 409),
        ("赵主任", "approved", 200),
    ] {
        let body = format!("{{\"by\":\"{by}\",\"role\":\"{role}\"}}");
        let answer = post(hall.address, &path("sign"), &body).await;
        assert_eq!(answer.status, status, "{by} {role}");
    }
    // What comes later changes nothing of it.
    hall.clock.advance_ms(HOUR);
    value(&reads(&hall, OCTOBER + 15 * 24 * HOUR, 1_090.0, "").await, 200);
    let body = "{\"meter\":\"water-main\",\"by\":\"李工\",\"value\":7,\"first\":\"2025-10-10\",\
                \"last\":\"2025-10-12\",\"why\":\"消防用水\"}";
    value(&post(hall.address, "/api/v1/entries", body).await, 200);
    assert_eq!(get(hall.address, "/api/v1/reports/2025-10?form=json").await.body, first);
    assert_eq!(water(&hall, "&now=true").await, 107.0);
    assert_eq!(entries_since(&hall, "2025-10").await, 2);
    let again = "{\"by\":\"李工\",\"why\":\"补录消防用水\"}";
    hint(&post(hall.address, &path("close"), "{\"by\":\"李工\"}").await, 409);
    let seal = value(&post(hall.address, &path("close"), again).await, 200);
    assert_eq!(seal["revision"], 2);
    assert_eq!((water(&hall, "").await, water(&hall, "&revision=1").await), (107.0, 100.0));
    let old = get(hall.address, "/api/v1/reports/2025-10?form=json&revision=1").await.body;
    assert_eq!(old, first, "to the last byte");
    hint(&get(hall.address, "/api/v1/reports/2025-10?revision=3").await, 404);

    let html = |query: &str| get_text(&hall, format!("/api/v1/reports/2025-10?form=html{query}"));
    let one = html("&revision=1").await;
    for words in ["已关账 R1", "李工", "王工", "赵主任", "逆变器 11 月接入"] {
        assert!(one.contains(words), "`{words}` in\n{one}");
    }
    let two = html("").await;
    for words in ["已关账 R2", "与 R1 的差异", "100.00", "107.00", "消防用水"] {
        assert!(two.contains(words), "`{words}` in\n{two}");
    }
    assert!(!two.contains("赵主任"), "a further revision is signed anew");
    // Another program that opens the journal finds the same.
    let archive = hallwatch::journal::Archive::look(hall.folder()).expect("an archive").0;
    let zone = jiff::tz::TimeZone::get("Asia/Shanghai").expect("zone");
    let books = hallwatch::books::Books::look(archive, zone, hall.clock.clone()).expect("books");
    assert_eq!((books.book().seals().len(), books.book().entries().count()), (2, 4));
    assert!(books.sealed("2025-10", 1).expect("sealed").is_whole());
    hall.close().await;
}

/// What the list says that came since a month was closed.
async fn entries_since(hall: &Hall, month: &str) -> serde_json::Value {
    let list = value(&get(hall.address, "/api/v1/reports").await, 200);
    let months = list["months"].as_array().expect("months");
    let own = months.iter().find(|listed| listed["period"] == month);
    own.expect("the month")["entries_since"].clone()
}

async fn get_text(hall: &Hall, path: String) -> String {
    let answer = get(hall.address, &path).await;
    assert_eq!(answer.status, 200, "{path}");
    String::from_utf8(answer.body).expect("UTF-8")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_comes_in_every_form() {
    let hall = Hall::open().await;
    for (form, begins, kind) in [
        ("json", "{", "application/json"),
        ("html", "<!doctype html>", "text/html"),
        ("pdf", "%PDF-", "application/pdf"),
        ("xlsx", "PK", "application/vnd.openxmlformats"),
        ("csv", "\u{feff}", "text/csv"),
    ] {
        let path = format!("/api/v1/reports/2025-11-24?form={form}&lang=en&save=true");
        let answer = get(hall.address, &path).await;
        assert_eq!(answer.status, 200, "{form}");
        assert!(answer.body.starts_with(begins.as_bytes()), "{form}");
        assert!(answer.header("content-type").expect("a type").starts_with(kind), "{form}");
        let named = format!("attachment; filename=\"hall-2025-11-24.{form}\"");
        assert_eq!(answer.header("content-disposition"), Some(named.as_str()));
    }
    for (path, status) in [
        ("2025-13", 400),
        ("2025-11?form=doc", 400),
        ("2025-11?revision=x", 400),
        ("2025-11?lang=fr", 400),
        ("2025-11?revision=1", 404),
        ("2025-11?other=1", 400),
    ] {
        get(hall.address, &format!("/api/v1/reports/{path}")).await.problem(status);
    }
    hall.close().await;
}
