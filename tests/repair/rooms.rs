//! The rooms behind the orders with a clock of our own: what machines say and what alerts say moves
//! orders by itself.

use std::sync::Arc;
use std::time::Duration;

use hallwatch::alert::Alerts;
use hallwatch::calendar::{Calendar, Holidays, Hours};
use hallwatch::clock::{Clock as _, ManualClock};
use hallwatch::journal::{self, Journal};
use hallwatch::live::{Board, Live};
use hallwatch::model::{
    Decimal, Device, DeviceId, DeviceKind, Event, EventKind, Link, LinkState, PointName, Quality,
    Reading, Record, Sample, Site, Text, Timestamp, Value, ZoneId,
};
use hallwatch::profile::Catalog;
use hallwatch::repair::{self, Handle, NewOrder, Order, Repairs, State, Wanted, Who};
use hallwatch::service::{self, ServiceZone};
use hallwatch::supervise::Supervisor;
use hallwatch::tally::Tally;

/// Monday 2 March 2026, 10:00 in Beijing.
const START: i64 = 1_772_416_800_000;
const MINUTE: i64 = 60_000;

const MACHINES: [(&str, DeviceKind, &str); 2] = [
    ("tm", DeviceKind::TicketMachine, "ticket-machine"),
    ("inv", DeviceKind::Inverter, "huawei-sun2000"),
];

struct Rooms {
    clock: Arc<ManualClock>,
    journal: Journal,
    orders: Handle,
    supervisor: Supervisor,
}

fn id(id: &str) -> DeviceId {
    DeviceId::parse(id).expect("id")
}

fn hours() -> service::Config {
    let (holidays, zone) = (Arc::new(Holidays::shipped()), beijing());
    let calendar = Arc::new(Calendar::new(Hours::default(), holidays.clone(), zone));
    let zone = ServiceZone {
        id: ZoneId::parse("hall").expect("id"),
        name: Text::same("hall"),
        floor: Some(1),
        calendar,
        always: false,
    };
    let devices = MACHINES.iter().map(|(name, ..)| id(name)).collect();
    service::Config { zones: vec![zone], holidays, opening_check_ms: 30 * MINUTE, devices }
}

fn beijing() -> jiff::tz::TimeZone {
    jiff::tz::TimeZone::get("Asia/Shanghai").expect("zone")
}

/// An alert is raised, as the alerts' engine keeps it.
async fn raise(journal: &Journal, time: Timestamp, device: &str, rule: &str, number: u32) {
    let text = serde_json::json!({"zh": "故障", "en": "a fault"});
    let body = serde_json::json!({"change": "raised", "tell": true, "alert": {
        "id": format!("{rule}-{device}-{number}"), "rule": rule, "severity": "major",
        "state": "active", "device": device, "text": text, "advice": text,
        "since_ms": time.ms(), "raised_ms": time.ms(), "resolved_ms": null, "acknowledged": null,
    }});
    let event = Event { kind: EventKind::Alert, time, body: body.to_string() };
    journal.append(vec![Record::Event(event)]).await.expect("kept");
}

impl Rooms {
    /// Everything that the orders need, on the data of this folder.
    async fn open(folder: &std::path::Path, now_ms: i64) -> Self {
        let clock = Arc::new(ManualClock::new(Timestamp::from_ms(now_ms)));
        let config = journal::Config { commit_wait_ms: 1, ..journal::Config::new(folder) };
        let journal = Journal::open(&config, clock.clone(), Tally::new()).expect("journal");
        let catalog = Catalog::shipped().expect("profiles");
        let site = Arc::new(Site {
            id: "t".into(),
            name: Text::same("t"),
            latitude_deg: 39.9,
            longitude_deg: 116.4,
            altitude_m: 44.0,
            time_zone: beijing(),
        });
        let device = |(name, kind, profile): &(&str, DeviceKind, &str)| {
            let device = Device {
                id: id(name),
                name: Text::same(*name),
                zone: ZoneId::parse("hall").expect("id"),
                kind: *kind,
                profile: (*profile).to_owned(),
                rated_power_w: Some(50_000.0),
                interval_ms: MINUTE,
                stale_after_ms: 3 * MINUTE,
            };
            (Arc::new(device), catalog.get(profile).cloned())
        };
        let devices: Vec<_> = MACHINES.iter().map(device).collect();
        let board = Board::new(site, devices.clone(), clock.now());
        let live = Live::new(board.clone());
        let (service, watch) =
            service::Watch::open(hours(), live.clone(), journal.clone(), clock.clone())
                .expect("service");
        let (alerts, _engine) =
            Alerts::open(journal.clone(), Vec::new(), board, service.clone(), clock.clone())
                .expect("alerts");
        let config = repair::Config {
            devices: devices.into_iter().map(|(device, _)| device).collect(),
            hours: hours(),
            vendors: Vec::new(),
            time_zone: beijing(),
        };
        let rooms = (service, alerts);
        let (orders, repairs) =
            Repairs::open(config, live.clone(), rooms, journal.clone(), clock.clone())
                .expect("orders");
        let supervisor = Supervisor::new(Tally::new());
        let stop = supervisor.stop_signal();
        supervisor.once("live", live.run(journal.clone(), stop.clone()));
        supervisor.once("service", watch.run(stop.clone()));
        supervisor.once("repair", repairs.run(stop));
        tokio::time::sleep(Duration::from_millis(100)).await;
        Self { clock, journal, orders, supervisor }
    }

    async fn close(self) {
        assert!(self.supervisor.stop(Duration::from_secs(3)).await, "all end in time");
        tokio::task::spawn_blocking(move || self.journal.close()).await.expect("closed");
    }

    async fn says(&self, device: &str, samples: &[(&str, i64)]) {
        let value = |(point, number): &(&str, i64)| Sample {
            point: PointName::parse(point).expect("point"),
            value: Value::Decimal(Decimal::whole(*number)),
            quality: Quality::Good,
        };
        let time = self.clock.now();
        let link = Link { device: id(device), time, state: LinkState::Up };
        let samples = samples.iter().map(value).collect();
        let reading = Reading { device: id(device), time, received: time, message: 0, samples };
        self.journal
            .append(vec![Record::Link(link), Record::Reading(reading)])
            .await
            .expect("kept");
    }

    async fn alert(&self, device: &str, rule: &str, number: u32) {
        raise(&self.journal, self.clock.now(), device, rule, number).await;
    }

    async fn make(&self, device: &str, rule: &str) -> String {
        let wanted = NewOrder {
            device: device.to_owned(),
            what: Text::new("卡纸", "paper jam"),
            by: "王芳".to_owned(),
            alert: Some((format!("{rule}-{device}-1"), rule.to_owned())),
        };
        self.orders.make(wanted).await.expect("made").id.clone()
    }

    async fn step(&self, id: &str, state: State) {
        let wanted = Wanted {
            state,
            by: "张工".to_owned(),
            note: String::new(),
            to: None,
            parts: Vec::new(),
            reason: None,
        };
        self.orders.step(id, wanted).await.expect("a step");
    }

    async fn until(&self, id: &str, what: &str, is: impl Fn(&Order) -> bool) -> Arc<Order> {
        for _ in 0..200 {
            let order = self.orders.order(id).expect("the order");
            if is(&order) {
                return order;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("{what} in vain: {:?}", self.orders.order(id));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_machine_proves_its_repair_by_the_next_visitor() {
    let folder = tempfile::tempdir().expect("folder");
    let rooms = Rooms::open(folder.path(), START).await;
    rooms.says("tm", &[("kiosk_state", 1), ("tickets_total", 100)]).await;
    let id = rooms.make("tm", "KS001").await;
    rooms.step(&id, State::Repairing).await;
    rooms.clock.advance_ms(5 * MINUTE);
    rooms.step(&id, State::Done).await;
    rooms.clock.advance_ms(MINUTE);
    rooms.says("tm", &[("kiosk_state", 1), ("tickets_total", 100)]).await;
    // Longer than a look at the machines takes: that it serves is not enough.
    tokio::time::sleep(Duration::from_secs(7)).await;
    assert_eq!(rooms.orders.order(&id).expect("there").state, State::Done);
    rooms.clock.advance_ms(MINUTE);
    rooms.says("tm", &[("kiosk_state", 1), ("tickets_total", 101)]).await;
    let order = rooms.until(&id, "proof", |order| order.state == State::Closed).await;
    let closed = order.closed.as_ref().expect("closed");
    assert!(closed.proven && closed.by == Who::Program);
    assert_eq!(closed.at, Timestamp::from_ms(START + 7 * MINUTE));
    let (from, to) = (Timestamp::from_ms(START), Timestamp::from_ms(START + 8 * MINUTE));
    let orders = rooms.orders.clone();
    let figures = tokio::task::spawn_blocking(move || orders.figures(from, to)).await;
    let figures = figures.expect("joined").expect("figures");
    assert_eq!((figures.all.proven, figures.all.first_time_fix), (1, Some(1.0)));
    assert_eq!(figures.all.repair.map(|lapse| lapse.service_ms), Some(5 * MINUTE));
    rooms.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_inverter_proves_its_repair_by_ten_minutes_of_good_data() {
    let folder = tempfile::tempdir().expect("folder");
    let rooms = Rooms::open(folder.path(), START).await;
    let id = rooms.make("inv", "PV002").await;
    rooms.step(&id, State::Repairing).await;
    rooms.step(&id, State::Done).await;
    for _ in 0..10 {
        rooms.clock.advance_ms(MINUTE);
        rooms.says("inv", &[("ac_power_w", 30_000), ("state", 4)]).await;
        tokio::time::sleep(Duration::from_millis(1_200)).await;
        let order = rooms.orders.order(&id).expect("there");
        assert_eq!(order.state, State::Done, "too soon: {order:?}");
    }
    rooms.clock.advance_ms(MINUTE);
    rooms.says("inv", &[("ac_power_w", 30_000), ("state", 4)]).await;
    let order = rooms.until(&id, "proof", |order| order.state == State::Closed).await;
    assert!(order.closed.as_ref().expect("closed").proven);
    rooms.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alert_that_comes_back_returns_the_order_also_over_a_restart() {
    let folder = tempfile::tempdir().expect("folder");
    let rooms = Rooms::open(folder.path(), START).await;
    // Raised before there was an order: the past.
    rooms.alert("tm", "KS001", 0).await;
    tokio::time::sleep(Duration::from_millis(300)).await; // until who follows the alerts has passed it
    let id = rooms.make("tm", "KS001").await;
    rooms.alert("tm", "KS001", 1).await; // the one that it was made of
    rooms.alert("tm", "KS002", 1).await; // another rule
    rooms.alert("inv", "KS001", 1).await; // another device
    rooms.alert("tm", "KS001", 2).await;
    let order = rooms.until(&id, "the second alert", |order| order.alerts.len() == 2).await;
    assert_eq!((order.state, order.steps.len()), (State::Reported, 1));
    rooms.step(&id, State::Repairing).await;
    rooms.step(&id, State::Done).await;
    rooms.close().await;

    // While nobody follows it is raised again.
    let now = Timestamp::from_ms(START + MINUTE);
    let config = journal::Config { commit_wait_ms: 1, ..journal::Config::new(folder.path()) };
    let clock = Arc::new(ManualClock::new(now));
    let journal = Journal::open(&config, clock, Tally::new()).expect("journal");
    raise(&journal, now, "tm", "KS001", 3).await;
    tokio::task::spawn_blocking(move || journal.close()).await.expect("closed");

    let rooms = Rooms::open(folder.path(), START + 2 * MINUTE).await;
    let order = rooms.until(&id, "the return", |order| order.state == State::Repairing).await;
    assert_eq!(order.alerts, ["KS001-tm-1", "KS001-tm-2", "KS001-tm-3"]);
    let last = order.steps.last().expect("a step");
    assert_eq!((&last.by, order.done), (&Who::Program, None));
    assert!(last.note.zh.contains("故障再次出现"));
    rooms.close().await;
}
