//! Was anything lost: the ledger against what is on disk, and when nothing came and why.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::sync::Arc;

use hallwatch::clock::ManualClock;
use hallwatch::history::{self, History, Packer};
use hallwatch::journal::{self, Journal};
use hallwatch::model::{
    Decimal, Device, DeviceId, DeviceKind, Link, LinkFault, LinkState, PointName, Quality, Reading,
    Record, Sample, Site, Text, Timestamp, Value, ZoneId,
};
use hallwatch::proof::{self, Cause};
use hallwatch::tally::Tally;

/// 2026-11-24 00:00 in Beijing.
const MIDNIGHT: i64 = 1_795_449_600_000;
const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;

fn at(ms: i64) -> Timestamp {
    Timestamp::from_ms(MIDNIGHT + ms)
}

fn device(id: &str, kind: DeviceKind, interval_ms: i64) -> Device {
    Device {
        id: DeviceId::parse(id).expect("id"),
        name: Text::same(id),
        zone: ZoneId::parse("roof").expect("zone"),
        kind,
        profile: "any".to_owned(),
        rated_power_w: None,
        interval_ms,
        stale_after_ms: 3 * interval_ms,
    }
}

fn reading(device: &str, ms: i64) -> Record {
    let point = PointName::parse("ac_power_w").expect("point");
    let value = Value::Decimal(Decimal::whole(ms % 1000));
    Record::Reading(Reading {
        device: DeviceId::parse(device).expect("id"),
        time: at(ms),
        received: at(ms),
        message: 0,
        samples: vec![Sample { point, value, quality: Quality::Good }],
    })
}

fn site() -> Site {
    Site {
        id: "hall".to_owned(),
        name: Text::same("hall"),
        latitude_deg: 39.9,
        longitude_deg: 116.4,
        altitude_m: 44.0,
        time_zone: jiff::tz::TimeZone::get("Asia/Shanghai").expect("zone"),
    }
}

struct Hall {
    folder: tempfile::TempDir,
    clock: Arc<ManualClock>,
    journal: Journal,
    history: History,
    packer: Packer,
}

fn hall() -> Hall {
    let folder = tempfile::tempdir().expect("folder");
    let clock = Arc::new(ManualClock::new(at(0)));
    let mut config = journal::Config::new(folder.path().to_owned());
    (config.commit_wait_ms, config.zone) = (1, site().time_zone);
    let journal = Journal::open(&config, clock.clone(), Tally::new()).expect("journal");
    let past = history::Config::default();
    let (history, packer) = History::open(&past, &journal, clock.clone()).expect("history");
    Hall { folder, clock, journal, history, packer }
}

/// A reading a minute of `device` in `hours`, but not within `gap`.
fn minutes(device: &str, hours: i64, gap: (i64, i64)) -> Vec<Record> {
    let times = (0..hours * 60).map(|n| n * MINUTE);
    times.filter(|ms| *ms <= gap.0 || *ms >= gap.1).map(|ms| reading(device, ms)).collect()
}

#[tokio::test]
async fn gaps_are_told_with_their_cause() {
    let mut hall = hall();
    let devices = [
        device("gateway", DeviceKind::Gateway, MINUTE),
        device("inv-01", DeviceKind::Inverter, MINUTE),
        device("meter-01", DeviceKind::Meter, MINUTE),
        device("kiosk-01", DeviceKind::TicketMachine, MINUTE),
    ];
    let none = (i64::MAX, i64::MAX);
    let mut records = minutes("gateway", 24, (20 * HOUR, 21 * HOUR));
    // The inverter sleeps from 17:30 to 7:00; its day begins at midnight.
    let awake = (0..24 * 60).map(|n| n * MINUTE);
    let awake = awake.filter(|ms| *ms > 7 * HOUR && *ms < 17 * HOUR + 30 * MINUTE);
    records.extend(awake.map(|ms| reading("inv-01", ms)));
    records.extend(minutes("meter-01", 24, (9 * HOUR, 10 * HOUR)));
    records.extend(minutes("kiosk-01", 24, (20 * HOUR, 21 * HOUR)));
    records.extend(minutes("kiosk-02", 1, none));
    let down = LinkState::Down { fault: LinkFault::Timeout, detail: String::new() };
    let meter = DeviceId::parse("meter-01").expect("id");
    records.push(Record::Link(Link { device: meter, time: at(9 * HOUR + MINUTE), state: down }));
    // Something that comes again is counted, and kept once.
    records.push(reading("kiosk-01", 0));
    hall.journal.append(records).await.expect("kept");
    hall.clock.set(at(24 * HOUR));
    for packed in [false, true] {
        if packed {
            hall.packer.pack().await.expect("packed");
        }
        let (from, to) = (at(0), at(24 * HOUR));
        let site = site();
        let asked = proof::Hall { site: &site, devices: &devices, sinks: &[] };
        let sources = proof::overview(&hall.journal, &hall.history, asked, from, to).await;
        let sources = sources.expect("told");
        let of = |id: &str| sources.iter().find(|s| s.device.as_str() == id).expect("there");
        let causes =
            |id: &str| -> Vec<Cause> { of(id).gaps.iter().map(|gap| gap.cause.clone()).collect() };
        assert_eq!(causes("gateway"), [Cause::Gateway]);
        assert_eq!(causes("inv-01"), [Cause::Night, Cause::Night]);
        assert_eq!(causes("meter-01"), [Cause::Link(LinkFault::Timeout)]);
        assert_eq!(causes("kiosk-01"), [Cause::Gateway]);
        assert_eq!(of("meter-01").gaps_ms, HOUR);
        let kiosk = &of("kiosk-01").sums;
        assert_eq!((kiosk.read(), kiosk.kept, kiosk.doubled), (1382, 1381, 1));
        assert_eq!(of("kiosk-01").readings, 1381);
        assert_eq!(of("kiosk-02").sums.kept, 60, "no longer configured, and not forgotten");
    }
    hall.journal.close();
}

#[tokio::test]
async fn a_recount_agrees_until_something_is_taken_away() {
    let mut hall = hall();
    let mut records: Vec<Record> = (0..3000).map(|n| reading("inv-01", n * MINUTE)).collect();
    records.extend((0..100).map(|n| reading("meter-01", n * MINUTE)));
    hall.journal.append(records).await.expect("kept");
    hall.clock.set(at(3000 * MINUTE));
    hall.packer.pack().await.expect("packed");
    hall.journal.append(vec![reading("meter-01", 100 * MINUTE)]).await.expect("kept");
    let now = at(3000 * MINUTE);
    let audit = proof::audit(&hall.journal, &hall.history, &[], "2026-11", now).await;
    let audit = audit.expect("recounted");
    assert_eq!(
        (audit.from.to_string(), audit.to.to_string()),
        ("2026-11-24".into(), "2026-11-26".into())
    );
    assert_eq!((audit.missing(), audit.differences.len()), (0, 0));
    assert_eq!(audit.on_disk["inv-01"], 3000);
    assert_eq!(audit.on_disk["meter-01"], 101);
    for bad in ["2026-13", "november", "2026"] {
        let error = proof::audit(&hall.journal, &hall.history, &[], bad, now).await;
        assert!(error.is_err(), "{bad}");
    }
    let empty = proof::audit(&hall.journal, &hall.history, &[], "2026-10", now).await;
    let empty = empty.expect("told");
    assert!(empty.from > empty.to, "nothing to recount");

    // A block of the second day goes missing.
    let connection = rusqlite::Connection::open(hall.folder.path().join("history.db")).expect("db");
    let taken = connection.execute("DELETE FROM segment WHERE device = 'inv-01'", []);
    assert!(taken.expect("deleted") > 0);
    drop(connection);
    let audit = proof::audit(&hall.journal, &hall.history, &[], "2026-11", now).await;
    let audit = audit.expect("recounted");
    assert_eq!(audit.missing(), 3000);
    assert_eq!(audit.differences.len(), 3, "three days of it");
    assert!(audit.differences.iter().all(|d| d.device == "inv-01" && d.on_disk == 0));
    hall.journal.close();
}

#[tokio::test]
async fn what_the_disk_does_not_take_is_on_the_ledger_and_the_counts_survive() {
    let hall = hall();
    hall.journal.append(vec![reading("inv-01", 0)]).await.expect("kept");
    let lost = [reading("inv-01", MINUTE), reading("inv-02", MINUTE)];
    hall.journal.lose(lost.iter());
    hall.journal.append(vec![reading("inv-01", 2 * MINUTE)]).await.expect("kept");
    let before = proof::of_sources(&hall.journal.ledger_totals());
    assert_eq!((before["inv-01"].kept, before["inv-01"].not_kept), (2, 1));
    assert_eq!((before["inv-02"].read(), before["inv-02"].not_kept), (1, 1));
    hall.journal.close();
    let config = journal::Config::new(hall.folder.path().to_owned());
    let again = Journal::open(&config, hall.clock.clone(), Tally::new()).expect("opens again");
    assert_eq!(proof::of_sources(&again.ledger_totals()), before);
    again.close();
}

#[tokio::test]
async fn a_short_stop_of_the_gateway_is_not_the_fault_of_the_devices() {
    let hall = hall();
    let kiosk = [device("kiosk-01", DeviceKind::TicketMachine, 5000)];
    hall.journal
        .append((0..12).map(|n| reading("kiosk-01", n * 5000)).collect())
        .await
        .expect("kept");
    hall.clock.set(at(MINUTE));
    hall.journal.close();
    drop(hall.history);
    drop(hall.packer);
    hall.clock.set(at(2 * MINUTE));
    let mut config = journal::Config::new(hall.folder.path().to_owned());
    (config.commit_wait_ms, config.zone) = (1, site().time_zone);
    let journal = Journal::open(&config, hall.clock.clone(), Tally::new()).expect("opens again");
    let past = history::Config::default();
    let (history, _packer) = History::open(&past, &journal, hall.clock.clone()).expect("history");
    let more = (24..36).map(|n| reading("kiosk-01", n * 5000)).collect();
    journal.append(more).await.expect("kept");
    hall.clock.set(at(4 * MINUTE));
    // It has given a sign of itself.
    tokio::time::sleep(std::time::Duration::from_millis(1500)).await;
    let site = site();
    let asked = proof::Hall { site: &site, devices: &kiosk, sinks: &[] };
    let sources = proof::overview(&journal, &history, asked, at(0), at(4 * MINUTE)).await;
    let gaps: Vec<(i64, Cause)> = sources.expect("told")[0]
        .gaps
        .iter()
        .map(|gap| (gap.from.since_ms(at(0)), gap.cause.clone()))
        .collect();
    let expected = [(35 * 5000, Cause::Silent), (11 * 5000, Cause::Gateway)];
    assert_eq!(gaps, expected, "newest first");
    journal.close();
}
