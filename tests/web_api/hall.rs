//! A small hall: two inverters, a meter, a ticket machine, one open alert and one that is over.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use hallwatch::alert::{AckError, Acknowledged, Alert, AlertState, Silence, SilenceView, Suspect};
use hallwatch::clock::ManualClock;
use hallwatch::history::History;
use hallwatch::influx;
use hallwatch::journal::{self, Journal};
use hallwatch::live::{Board, Live};
use hallwatch::model::{
    Decimal, Device, DeviceId, DeviceKind, Link, LinkState, PointName, Quality, Reading, Record,
    Sample, Severity, Site, Text, Timestamp, Value, Zone, ZoneId,
};
use hallwatch::profile::Catalog;
use hallwatch::source::Sources;
use hallwatch::source::modbus::Monitor;
use hallwatch::supervise::Supervisor;
use hallwatch::tally::{Happening, Tally};
use hallwatch::web::{AlertDesk, Answer, Config, Context, Limits, SOCKET_NAME, Web, WebError};
use tokio::net::TcpListener;
use tokio::sync::watch;

/// 2025-11-24 12:00 in Shanghai.
pub(crate) const NOW: i64 = 1_763_956_800_000;
pub(crate) const PASSWORD: &str = "a long enough password";
const EVENING: i64 = NOW - 18 * 3_600_000;

pub(crate) struct Hall {
    pub(crate) address: SocketAddr,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) monitor: Monitor,
    journal: Journal,
    tally: Tally,
    supervisor: Supervisor,
    folder: tempfile::TempDir,
}

/// A web server that has not been started.
pub(crate) struct Made {
    pub(crate) web: Result<Web, WebError>,
    clock: Arc<ManualClock>,
    monitor: Monitor,
    journal: Journal,
    tally: Tally,
    live: Live,
}

fn id(id: &str) -> DeviceId {
    DeviceId::parse(id).expect("id")
}

fn zone(id: &str) -> ZoneId {
    ZoneId::parse(id).expect("id")
}

fn device(name: &str, kind: DeviceKind, zone_id: &str, rated: Option<f64>) -> Arc<Device> {
    let number: String = name.chars().filter(|c| c.is_ascii_digit() && *c != '0').collect();
    Arc::new(Device {
        id: id(name),
        name: Text::new(format!("{number} 号{}", kind.text().zh), name),
        zone: zone(zone_id),
        kind,
        profile: "none".to_owned(),
        rated_power_w: rated,
        interval_ms: 5_000,
        stale_after_ms: 30_000,
    })
}

fn board() -> Board {
    let site = Arc::new(Site {
        id: "hall".to_owned(),
        name: Text::new("东城大厅", "Dongcheng hall"),
        latitude_deg: 39.9,
        longitude_deg: 116.4,
        altitude_m: 44.0,
        time_zone: jiff::tz::TimeZone::get("Asia/Shanghai").expect("zone"),
    });
    let devices = [
        device("inv-01", DeviceKind::Inverter, "roof", Some(50_000.0)),
        device("inv-02", DeviceKind::Inverter, "roof", Some(50_000.0)),
        device("meter-01", DeviceKind::Meter, "roof", None),
        device("kiosk-01", DeviceKind::TicketMachine, "a", None),
    ];
    Board::new(site, devices.map(|device| (device, None)), Timestamp::from_ms(NOW - 1_000))
}

fn whole(mantissa: i64) -> Value {
    Value::Decimal(Decimal::whole(mantissa))
}

fn reading(device: &str, ms: i64, values: Vec<(&str, Value)>) -> Record {
    let sample = |(point, value): (&str, Value)| Sample {
        point: PointName::parse(point).expect("point"),
        value,
        quality: Quality::Good,
    };
    let time = Timestamp::from_ms(ms);
    let samples = values.into_iter().map(sample).collect();
    Record::Reading(Reading { device: id(device), time, received: time, message: 0, samples })
}

fn said() -> Vec<Record> {
    let up = Link { device: id("inv-01"), time: Timestamp::from_ms(NOW), state: LinkState::Up };
    let inverter = vec![
        ("ac_power_w", whole(30_000)),
        ("energy_total_wh", whole(1_080_500)),
        ("energy_today_wh", whole(80_000)),
        ("state", whole(4)),
        ("serial_number", Value::Text(Arc::from("SN1"))),
    ];
    vec![
        Record::Link(up),
        reading("inv-01", NOW, inverter),
        reading("meter-01", NOW, vec![("ac_power_w", Value::Float(1234.5))]),
        reading("kiosk-01", NOW, vec![("kiosk_state", whole(1)), ("printer_paper", whole(1))]),
    ]
}

fn history() -> Vec<Record> {
    let past = |ms, watts, total| {
        reading("inv-01", ms, vec![("ac_power_w", whole(watts)), ("energy_total_wh", whole(total))])
    };
    vec![
        past(EVENING, 0, 1_000_000),
        past(NOW - 3 * 3_600_000, 20_000, 1_020_000),
        past(NOW - 3_600_000, 25_000, 1_050_000),
    ]
}

/// The web server over a journal in `folder`.
pub(crate) async fn web(
    folder: &Path,
    listen: SocketAddr,
    password_hash: Option<String>,
    limits: Limits,
    alerts: usize,
) -> Made {
    let clock = Arc::new(ManualClock::new(Timestamp::from_ms(NOW)));
    let tally = Tally::new();
    tally.add(Happening::Rejected, "bad_answer", 3);
    let config = journal::Config { commit_wait_ms: 1, ..journal::Config::new(folder.to_owned()) };
    let journal = Journal::open(&config, clock.clone(), tally.clone()).expect("opens");
    journal.append(history()).await.expect("kept");
    let live = Live::new(board());
    let monitor = Monitor::new();
    let zones = [("roof", "屋顶", "roof"), ("a", "一层", "ground floor")];
    let past = hallwatch::history::Config::default();
    let (history, _packer) = History::open(&past, &journal, clock.clone()).expect("history");
    let stage = hallwatch::alert::Stage {
        site: live.look(|board| board.site.clone()),
        devices: live.look(|board| board.iter().map(|l| (l.device.clone(), None)).collect()),
        rules: hallwatch::rule::default_rules().expect("rules"),
        hours: hours(),
        policy: hallwatch::alert::Policy::default(),
        declared_demand_w: std::collections::BTreeMap::new(),
        history: history.clone(),
        archive: Arc::new(journal.archive().expect("archive")),
    };
    let context = Context {
        reports: reports(&live, &journal, &history, &clock),
        stage: Arc::new(stage),
        live: live.clone(),
        alerts: Arc::new(Desk::new(alerts)),
        orders: orders(&live, &journal, &clock),
        channels: hallwatch::notify::Handle::default(),
        service: hallwatch::service::Handle::default(),
        hours: hours(),
        journal: journal.clone(),
        sources: Sources::new(),
        monitor: monitor.clone(),
        catalog: Catalog::shipped().expect("catalog"),
        taken: Vec::new(),
        sinks: vec![sink(&journal, &history, &clock)],
        tally: tally.clone(),
        clock: clock.clone(),
        zones: zones
            .map(|(id, zh, en)| Zone { id: zone(id), name: Text::new(zh, en), floor: None })
            .into(),
        history,
        former: Vec::new(),
    };
    let demo = Some(Text::new("演示数据", "made-up data"));
    let config = Config { listen, password_hash, public_url: None, demo };
    let web = Web::with_limits(config, context, limits);
    Made { web, clock, monitor, journal, tally, live }
}

/// Reports of the inverters and the meter, and a water meter that people read.
fn reports(
    live: &Live,
    journal: &Journal,
    history: &History,
    clock: &Arc<ManualClock>,
) -> hallwatch::report::Reports {
    use hallwatch::report;
    let site = live.look(|board| board.site.clone());
    let past = hallwatch::past::Past::new(history.clone(), Vec::new(), clock.clone());
    let zone = site.time_zone.clone();
    let by_hand = report::ByHand {
        id: id("water-main"),
        name: Text::new("总水表", "water main"),
        supply: report::Supply::Water,
    };
    let building =
        report::Building { area_m2: Some(15_000.0), people: None, region: "beijing".to_owned() };
    let config = report::Config {
        building,
        meters: Vec::new(),
        by_hand: vec![by_hand],
        factors: hallwatch::factor::Factors::shipped().expect("factors"),
        quota: report::Quota::default(),
        bands: hallwatch::factor::Bands::shipped().expect("bands"),
        post: None,
        fonts: None,
        items: hallwatch::factor::Items::shipped().expect("shipped"),
        platform: None,
        wash_cost: None,
    };
    let plant = hallwatch::pv::Plant {
        arrays: Vec::new(),
        sensors: std::collections::BTreeMap::new(),
        turbidity: hallwatch::sky::Turbidity::BEIJING,
        albedo: 0.2,
    };
    report::Reports {
        former: Arc::default(),
        site: site.clone(),
        devices: Arc::new(live.look(|b| b.iter().map(|l| (l.device.clone(), None)).collect())),
        config: Arc::new(config),
        plant: Arc::new(plant),
        tariffs: Arc::default(),
        daybook: hallwatch::daybook::Daybook::open(journal.folder(), past, zone, clock.clone()),
        repair: hallwatch::repair::Config {
            devices: Vec::new(),
            hours: hours(),
            vendors: Vec::new(),
            time_zone: site.time_zone.clone(),
        },
        books: hallwatch::books::Books::open(journal, clock.clone()).expect("books"),
        standing: report::Standing::default(),
        clock: clock.clone(),
    }
}

fn hours() -> hallwatch::service::Config {
    hallwatch::service::Config {
        zones: Vec::new(),
        holidays: Arc::new(hallwatch::calendar::Holidays::shipped()),
        opening_check_ms: 30 * 60_000,
        devices: Vec::new(),
    }
}

/// Orders that nobody keeps.
fn orders(live: &Live, journal: &Journal, clock: &Arc<ManualClock>) -> hallwatch::repair::Handle {
    let service = hallwatch::service::Handle::default();
    let (alerts, _) = hallwatch::alert::Alerts::open(
        journal.clone(),
        Vec::new(),
        board(),
        service.clone(),
        clock.clone(),
    )
    .expect("alerts");
    let config = hallwatch::repair::Config {
        devices: Vec::new(),
        hours: hours(),
        vendors: Vec::new(),
        time_zone: jiff::tz::TimeZone::UTC,
    };
    let (journal, clock) = (journal.clone(), clock.clone());
    let rooms = (service, alerts);
    hallwatch::repair::Repairs::open(config, live.clone(), rooms, journal, clock).expect("orders").0
}

/// A sink that nobody listens to and that is not at work.
fn sink(journal: &Journal, history: &History, clock: &Arc<ManualClock>) -> influx::Sink {
    let version =
        influx::Version::V1 { database: "hall".to_owned(), username: None, password: None };
    let config = influx::Config::new("main", "http://127.0.0.1:9", version, "hall");
    let context = influx::Context {
        journal: journal.clone(),
        history: history.clone(),
        devices: Arc::new([]),
        profiles: Arc::default(),
        tally: Tally::new(),
        clock: clock.clone(),
    };
    influx::Sink::new(config, context).expect("a sink")
}

impl Hall {
    pub(crate) async fn open() -> Self {
        Self::with(Limits::default(), None).await
    }

    pub(crate) async fn with(limits: Limits, password: Option<&str>) -> Self {
        Self::with_alerts(limits, password, 1).await
    }

    pub(crate) async fn with_alerts(limits: Limits, password: Option<&str>, alerts: usize) -> Self {
        let folder = tempfile::tempdir().expect("temp dir");
        let hash = password.map(|p| hallwatch::web::hash_password(p).expect("hash"));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("binds");
        let address = listener.local_addr().expect("address");
        let Made { web, clock, monitor, journal, tally, live } =
            web(folder.path(), address, hash, limits, alerts).await;
        let web = web.expect("starts").with_door(folder.path().join(SOCKET_NAME));
        let supervisor = Supervisor::new(tally.clone());
        let mut changes = live.watch();
        supervisor.once("live", live.run(journal.clone(), supervisor.stop_signal()));
        tokio::task::yield_now().await;
        let server = supervisor.clone();
        supervisor.once("web", async move {
            web.serve(listener, server).await.expect("served");
        });
        // The board follows from the journal's end: it has to be there first.
        tokio::time::sleep(Duration::from_millis(100)).await;
        journal.append(said()).await.expect("kept");
        changes.recv().await.expect("heard");
        Self { address, clock, monitor, journal, tally, supervisor, folder }
    }

    pub(crate) async fn tell_inverter(&self, ms: i64, watts: i64) {
        let values = vec![("ac_power_w", whole(watts)), ("energy_total_wh", whole(1_080_600))];
        self.journal.append(vec![reading("inv-01", ms, values)]).await.expect("kept");
    }

    /// Where commands come in.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn socket(&self) -> std::path::PathBuf {
        self.folder.path().join(SOCKET_NAME)
    }

    pub(crate) fn refused(&self, why: &str) -> u64 {
        let labels = self.tally.labels(Happening::WebRefused);
        labels.into_iter().find(|(label, _)| label == why).map_or(0, |(_, n)| n)
    }

    /// Open connections as `/metrics` counts them.
    pub(crate) async fn connections(&self) -> usize {
        let text = super::client::get(self.address, "/metrics").await.body;
        let text = String::from_utf8(text).expect("text");
        let line = text.lines().find_map(|line| line.strip_prefix("hallwatch_web_connections "));
        line.and_then(|n| n.parse().ok()).expect("a number")
    }

    pub(crate) async fn close(&self) {
        assert!(self.supervisor.stop(Duration::from_secs(3)).await, "all tasks end in time");
        assert_eq!(self.tally.total(Happening::Panic), 0);
    }
}

/// Alerts without an engine.
struct Desk {
    open: Mutex<Vec<Alert>>,
    version: watch::Sender<u64>,
}

impl Desk {
    fn new(alerts: usize) -> Self {
        let open = (1..=alerts).map(|n| alert(&format!("open-{n}"), AlertState::Active));
        Self { open: Mutex::new(open.collect()), version: watch::channel(0).0 }
    }
}

fn alert(id_: &str, state: AlertState) -> Alert {
    let over = state == AlertState::Resolved;
    let raised = Timestamp::from_ms(if over { NOW - 9_000_000 } else { NOW - 60_000 });
    let texts = [
        Text::new("绝缘阻抗低", "low insulation resistance"),
        Text::new("检查组串接线", "check the strings"),
    ];
    let device = Some(id("inv-01"));
    Alert {
        state,
        since: raised.plus_ms(-5_000),
        resolved: over.then(|| raised.plus_ms(60_000)),
        evidence: vec![(Text::new("故障字", "fault word"), "0x0004".to_owned())],
        ..Alert::new(id_.to_owned(), "PV002", Severity::Major, device, texts, raised)
    }
}

impl AlertDesk for Desk {
    fn open(&self) -> Vec<Alert> {
        self.open.lock().expect("lock").clone()
    }

    fn recent(&self, limit: usize) -> Vec<Alert> {
        [alert("over", AlertState::Resolved)].into_iter().take(limit).collect()
    }

    fn watch(&self) -> watch::Receiver<u64> {
        self.version.subscribe()
    }

    fn silences(&self) -> Vec<SilenceView> {
        Vec::new()
    }

    fn suspects(&self) -> Answer<'_, Vec<Suspect>> {
        let suspect = Suspect {
            rule: "PV002".to_owned(),
            severity: Severity::Major,
            device: Some(id("inv-01")),
            text: Text::new("绝缘阻抗低", "low insulation resistance"),
            since: Timestamp::from_ms(NOW - 5_000),
            due: Timestamp::from_ms(NOW + 55_000),
        };
        Box::pin(async move { Ok(vec![suspect]) })
    }

    fn silence(&self, silence: Silence) -> Answer<'_, Silence> {
        Box::pin(async move { Ok(silence) })
    }

    fn end_silence<'a>(&'a self, id: &'a str, _by: &'a str) -> Answer<'a, Silence> {
        Box::pin(async move { Err(AckError::Unknown(id.to_owned())) })
    }

    fn acknowledge<'a>(
        &'a self,
        id: &'a str,
        by: &'a str,
        note: &'a str,
        _for_ms: Option<i64>,
    ) -> Answer<'a> {
        Box::pin(async move {
            if id == "over" {
                return Err(AckError::AlreadyResolved(id.to_owned()));
            }
            let mut open = self.open.lock().expect("lock");
            let found = open.iter_mut().find(|alert| alert.id == id);
            let alert = found.ok_or_else(|| AckError::Unknown(id.to_owned()))?;
            alert.state = AlertState::Acknowledged;
            let at = Timestamp::from_ms(NOW);
            alert.acknowledged =
                Some(Acknowledged { by: by.to_owned(), note: note.to_owned(), at, until: None });
            self.version.send_modify(|version| *version += 1);
            Ok(alert.clone())
        })
    }
}
