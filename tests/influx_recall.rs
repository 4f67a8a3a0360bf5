//! What is no longer here comes back from an InfluxDB: a gateway that kept everything and one that
//! kept the end only tell the same of the past.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test fails by panicking"
)]
#![allow(dead_code, reason = "the support is shared with another test")]

#[path = "support/influx.rs"]
mod support;

use std::sync::Arc;
use std::time::{Duration, Instant};

use hallwatch::clock::ManualClock;
use hallwatch::counter::Nature;
use hallwatch::history::{Asked, Window, Windows};
use hallwatch::influx::{Config, Recall};
use hallwatch::model::{DeviceId, Record, Timestamp, Value};
use hallwatch::past::{Origin, Past, Told};

use support::hall::{Hall, START, dec, reading, sample, v1, v1_as, v2, v3};
use support::{Fake, Influxd, Reply};

const HOUR_MS: i64 = 3_600_000;
const DAYS: i64 = 3;
const SPLIT_MS: i64 = 40 * HOUR_MS;

/// A reading a minute: a power, a counter that is reset once, a yes and no, an own point.
fn minute_of(minute: i64) -> Record {
    let power = 4000 - (minute % 1440 - 720).abs() * 5;
    let counted = if minute < 1000 { 500_000 + minute * 37 } else { (minute - 1000) * 37 };
    let mut samples = vec![
        sample("ac_power_w", dec(power * 10 + minute % 7, -1)),
        sample("energy_total_wh", dec(counted, 0)),
        sample("online", Value::Bool(minute % 50 != 0)),
        sample("state", dec(4 + minute % 3, 0)),
    ];
    if minute % 10 == 0 {
        samples.push(sample("time", dec(minute, -2)));
    }
    reading(1, minute * 60_000, samples)
}

fn minutes(from_ms: i64, to_ms: i64) -> Vec<Record> {
    (from_ms / 60_000..to_ms / 60_000).map(minute_of).collect()
}

fn asked() -> Vec<Asked> {
    let of = |point: &str| Asked {
        point: point.to_owned(),
        counter: Nature::of(point, None, None),
        hold_ms: 120_000,
    };
    ["ac_power_w", "energy_total_wh", "online", "state", "time"].map(of).into()
}

async fn told(hall: &Hall, config: Config) -> Told {
    told_by(hall, vec![config]).await
}

async fn told_by(hall: &Hall, configs: Vec<Config>) -> Told {
    let running: Vec<_> = configs.into_iter().map(|config| hall.run(config)).collect();
    let databases = running.iter().map(|running| Recall::from(&running.sink)).collect();
    let past = Past::new(running[0].history.clone(), databases, hall.clock());
    let end = Timestamp::from_ms(START + DAYS * 24 * HOUR_MS);
    let windows = Windows::every_ms(Timestamp::from_ms(START), end, HOUR_MS).expect("windows");
    let device = DeviceId::parse("inv-01").expect("id");
    let told = past.windows(&device, asked(), windows).await.expect("told");
    for sink in running {
        sink.stop().await;
    }
    told
}

fn hall() -> Hall {
    let end = Timestamp::from_ms(START + DAYS * 24 * HOUR_MS);
    Hall::with(Arc::new(ManualClock::new(end)), u64::MAX)
}

fn assert_equal(whole: &[Vec<Window>], joined: &[Vec<Window>]) {
    assert_eq!(whole.len(), joined.len());
    for (whole, joined) in whole.iter().flatten().zip(joined.iter().flatten()) {
        assert_eq!(whole, joined);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_influxdb_tells_what_is_no_longer_here() {
    let server = Influxd::running(true).await;
    let mut server = server;
    server.query("CREATE USER writer WITH PASSWORD 'p' WITH ALL PRIVILEGES").await;
    server.ask_as("writer", "p");
    let whole = hall();
    whole.keep(minutes(0, DAYS * 24 * HOUR_MS)).await;
    let mut sink = whole.run(v1_as(server.url(), "writer", "p"));
    sink.until_done(u64::try_from(DAYS * 1440).expect("small")).await;
    sink.stop().await;
    let all = told(&whole, v1_as(server.url(), "writer", "p")).await;
    assert_eq!(all.parts.len(), 1, "{:?}", all.parts);
    assert_eq!(all.parts[0].origin, Origin::Here);

    // Another gateway, set up anew two days later.
    let half = hall();
    half.keep(minutes(SPLIT_MS, DAYS * 24 * HOUR_MS)).await;
    let joined = told(&half, v1_as(server.url(), "writer", "p")).await;
    let split = Timestamp::from_ms(START + SPLIT_MS);
    let origins: Vec<_> = joined.parts.iter().map(|part| (part.to, part.origin.clone())).collect();
    let end = Timestamp::from_ms(START + DAYS * 24 * HOUR_MS);
    assert_eq!(origins, [(split, Origin::Influx("main".to_owned())), (end, Origin::Here)]);
    assert_equal(&all.series, &joined.series);
    let reset: f64 = joined.series[1].iter().filter_map(|window| window.increase).sum();
    assert!((reset - 37.0 * (DAYS * 1440 - 2) as f64).abs() < 1e-6, "{reset}");

    // Whoever may not read is told so, and the rest is there.
    let refused = told(&half, v1_as(server.url(), "writer", "wrong")).await;
    let Origin::Nowhere(Some(error)) = &refused.parts[0].origin else {
        panic!("{:?}", refused.parts)
    };
    assert!(error.to_string().contains("401"), "{error}");
    assert_eq!(refused.series[0][50], all.series[0][50]);
    assert_eq!(refused.series[0][10].count, 0);
}

/// What InfluxDB 2 and 3 answer, made of the same readings.
fn answer(request: &support::Request, flux: bool) -> Reply {
    let between = |before: &str, after: &str| -> String {
        let text = if flux { &request.body } else { &request.target };
        let rest = text.split(before).nth(1).unwrap_or_default();
        rest.split(after).next().unwrap_or_default().to_owned()
    };
    if !request.target.contains("query") {
        return Reply::status(204);
    }
    if flux {
        assert!(request.head.contains("authorization: token s3cret-token"), "{}", request.head);
        assert!(request.target.starts_with("/api/v2/query?org=city"), "{}", request.target);
        let time = |text: String| -> i64 {
            let time: jiff::Timestamp = text.parse().expect("a time");
            (time.as_millisecond() - START) / 60_000
        };
        let (from, to) = (time(between("start: ", ",")), time(between("stop: ", ")")));
        let mut body = String::new();
        for (field, of) in fields() {
            body.push_str(",result,table,_time,_value,_field\r\n");
            for at in from..to {
                let time = jiff::Timestamp::from_millisecond(START + at * 60_000).expect("a time");
                if let Some(value) = of(at) {
                    body.push_str(&format!(",_result,0,{time},{value},{field}\r\n"));
                }
            }
            body.push_str("\r\n");
        }
        return Reply::Whole(200, "", body);
    }
    // The first minute at or after it.
    let time =
        |text: String| (text.parse::<i64>().expect("ms") - START + 59_999).div_euclid(60_000);
    let (from, to) = (time(between("time+%3e%3d+", "ms")), time(between("time+%3c+", "ms")));
    let rows: Vec<String> = (from..to)
        .map(|at| {
            let values = fields().map(|(_, of)| of(at).unwrap_or_else(|| "null".to_owned()));
            format!("[{},{}]", START + at * 60_000, values.join(","))
        })
        .collect();
    let body = format!(
        "{{\"results\":[{{\"statement_id\":0,\"series\":[{{\"name\":\"inverter\",\"columns\":[],\
         \"values\":[{}]}}]}}]}}",
        rows.join(",")
    );
    Reply::Whole(200, "", body)
}

type Of = fn(i64) -> Option<String>;

fn fields() -> [(&'static str, Of); 5] {
    fn number(minute: i64, point: &str) -> Option<String> {
        let Record::Reading(reading) = minute_of(minute) else { return None };
        reading.value(point)?.as_f64().map(|number| number.to_string())
    }
    [
        ("ac_power_w", |at| number(at, "ac_power_w")),
        ("energy_total_wh", |at| number(at, "energy_total_wh")),
        ("online", |at| Some((at % 50 != 0).to_string())),
        ("state", |at| number(at, "state")),
        ("vendor_time", |at| number(at, "time")),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn versions_2_and_3_tell_it_in_their_language() {
    let whole = hall();
    whole.keep(minutes(0, DAYS * 24 * HOUR_MS)).await;
    let all = told(&whole, v1("http://127.0.0.1:9".to_owned())).await;
    let half = hall();
    half.keep(minutes(SPLIT_MS, DAYS * 24 * HOUR_MS)).await;
    let two = Fake::running(|request| answer(request, true)).await;
    let joined = told(&half, v2(two.url())).await;
    assert_eq!(joined.parts[0].origin, Origin::Influx("main".to_owned()));
    assert_equal(&all.series, &joined.series);
    let three = Fake::running(|request| answer(request, false)).await;
    let joined = told(&half, v3(three.url(), Some("t"))).await;
    assert_eq!(joined.parts[0].origin, Origin::Influx("main".to_owned()));
    assert_equal(&all.series, &joined.series);

    // What only imitates it answers something else.
    let other = Fake::running(|request| match request.is_write() {
        true => Reply::status(204),
        false => {
            Reply::Whole(200, "", "{\"results\":[{\"series\":[{\"values\":[[\"x\"]]}]}]}".into())
        }
    });
    let joined = told(&half, v1(other.await.url())).await;
    assert!(matches!(joined.parts[0].origin, Origin::Nowhere(Some(_))), "{:?}", joined.parts);
}

/// A server that takes questions and never answers: what is here is told all the same, in time.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_hangs_does_not_hide_what_is_here() {
    let half = hall();
    half.keep(minutes(SPLIT_MS, DAYS * 24 * HOUR_MS)).await;
    // A reading of a clock that had never been set says nothing of how far back this history reaches.
    half.keep(vec![reading(1, 86_400_000 - START, vec![sample("ac_power_w", dec(1, 0))])]).await;
    let hangs = Fake::running(|request| match request.target.contains("query") {
        true => Reply::Late(Duration::from_secs(60)),
        false => Reply::status(204),
    });
    let hangs = hangs.await;
    let begin = Instant::now();
    let told = told(&half, v1(hangs.url())).await;
    assert!(begin.elapsed() < Duration::from_secs(20), "{:?}", begin.elapsed());
    assert!(matches!(told.parts[0].origin, Origin::Nowhere(Some(_))), "{:?}", told.parts);
    assert_eq!(told.parts.last().expect("a part").origin, Origin::Here);
    assert_eq!(told.series[0][50].count, 60);
}

/// Half of an answer is none, in any language, and what it says is not mixed with the next database's.
/// One that knows nothing of that time does not hide another that does.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn half_an_answer_and_an_empty_one_give_way_to_a_whole_one() {
    let whole = hall();
    whole.keep(minutes(0, DAYS * 24 * HOUR_MS)).await;
    let all = told(&whole, v1("http://127.0.0.1:9".to_owned())).await;
    let half = hall();
    half.keep(minutes(SPLIT_MS, DAYS * 24 * HOUR_MS)).await;
    let cut_short = |flux: bool| {
        Fake::running(move |request| match answer(request, flux) {
            Reply::Whole(status, _, body) if request.target.contains("query") => {
                let text = format!(
                    "HTTP/1.1 {status} X\r\nContent-Length: {}\r\n\r\n{}",
                    body.len(),
                    body.split_at(body.len() / 2).0
                );
                Reply::Cut(text.leak())
            }
            other => other,
        })
    };
    let empty = Fake::running(|request| match request.target.contains("query") {
        true => Reply::Whole(200, "", "{\"results\":[{\"statement_id\":0}]}".to_owned()),
        false => Reply::status(204),
    });
    let (in_flux, in_influxql, empty) =
        (cut_short(true).await, cut_short(false).await, empty.await);
    let good = Fake::running(|request| answer(request, false)).await;
    let second = || Config { name: "second".to_owned(), ..v3(good.url(), Some("t")) };
    for first in [v2(in_flux.url()), v3(in_influxql.url(), Some("t")), v1(empty.url())] {
        let alone = told(&half, first.clone()).await;
        assert!(matches!(alone.parts[0].origin, Origin::Nowhere(_)), "{:?}", alone.parts);
        assert_eq!(alone.series[0][10].count, 0);
        let joined = told_by(&half, vec![first, second()]).await;
        assert_eq!(joined.parts[0].origin, Origin::Influx("second".to_owned()));
        assert_equal(&all.series, &joined.series);
    }
}

/// After a damage, or a backup that was brought back, what is missing in between comes from there as well.
/// Where nothing was lost, a silence is a silence and nobody is asked.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hole_in_the_middle_comes_back_where_something_was_lost() {
    let (from, to) = (20 * HOUR_MS, 31 * HOUR_MS);
    let whole = hall();
    whole.keep(minutes(0, DAYS * 24 * HOUR_MS)).await;
    let all = told(&whole, v1("http://127.0.0.1:9".to_owned())).await;
    let holed = hall();
    holed.keep(minutes(0, from)).await;
    holed.keep(minutes(to, DAYS * 24 * HOUR_MS)).await;
    let server = Fake::running(|request| answer(request, false)).await;
    let config = || v3(server.url(), Some("t"));
    let silent = told(&holed, config()).await;
    assert_eq!(silent.parts.len(), 1, "{:?}", silent.parts);
    assert!(server.requests().iter().all(|request| !request.target.contains("query")));

    let end = Timestamp::from_ms(START + DAYS * 24 * HOUR_MS);
    hallwatch::history::note_restored(holed.folder(), end).expect("noted");
    let joined = told(&holed, config()).await;
    let origins: Vec<_> = joined.parts.iter().map(|part| part.origin.clone()).collect();
    let main = Origin::Influx("main".to_owned());
    assert_eq!(origins, [Origin::Here, main, Origin::Here], "{:?}", joined.parts);
    assert_eq!(joined.parts[1].to, Timestamp::from_ms(START + to));
    assert_equal(&all.series, &joined.series);
}
