//! The life of an alert, with a clock of our own.

use std::sync::{Arc, LazyLock};

use super::super::track::{CODES_MAX, TOLD_MAX};
use super::*;
use crate::model::{
    Decimal, Device, DeviceKind, Link, LinkFault, LinkState, PointName, Quality, Reading, Record,
    Sample, Site, Text, Timestamp, Value, ZoneId,
};
use crate::profile::Catalog;

/// 2026-06-21T04:00:00Z: noon in Beijing.
pub(super) const NOON: i64 = 1_782_014_400_000;
/// 2026-06-21T15:00:00Z: eleven at night.
const NIGHT: i64 = NOON + 11 * 3_600_000;

fn site() -> Arc<Site> {
    Arc::new(Site {
        id: "t".into(),
        name: Text::same("t"),
        latitude_deg: 39.9,
        longitude_deg: 116.4,
        altitude_m: 44.0,
        time_zone: jiff::tz::TimeZone::UTC,
    })
}

fn device(id: &str, kind: DeviceKind, profile: &str) -> Arc<Device> {
    Arc::new(Device {
        id: DeviceId::parse(id).expect("id"),
        name: Text::same(id),
        zone: ZoneId::parse("z").expect("id"),
        kind,
        profile: profile.into(),
        rated_power_w: Some(50_000.0),
        interval_ms: 10_000,
        stale_after_ms: 30_000,
    })
}

/// The zone of all devices serves then, in Beijing time.
pub(super) fn serving(hours: crate::calendar::Hours) -> Arc<service::Config> {
    let eight = jiff::tz::TimeZone::fixed(jiff::tz::Offset::constant(8));
    let holidays = Arc::new(crate::calendar::Holidays::shipped());
    let zone = service::ServiceZone {
        id: ZoneId::parse("z").expect("id"),
        name: Text::same("z"),
        floor: None,
        calendar: Arc::new(crate::calendar::Calendar::new(hours, holidays.clone(), eight)),
        always: false,
    };
    let (zones, devices) = (vec![zone], Vec::new());
    Arc::new(service::Config { zones, holidays, opening_check_ms: 0, devices })
}

pub(super) struct World {
    board: Board,
    pub(super) engine: Engine,
    pub(super) found: Vec<service::Finding>,
    pub(super) now: Timestamp,
    look: Look,
    /// When its only zone serves: always, unless a test says otherwise.
    pub(super) hours: Arc<service::Config>,
    pub(super) switches: Vec<super::super::line::Switch>,
    /// What was decided when devices spoke, before the second was over.
    decided: Vec<Transition>,
}

impl World {
    pub(super) fn new(start: i64) -> Self {
        Self::with(start, &["inv"])
    }

    /// A ticket machine and these inverters.
    pub(super) fn with(start: i64, inverters: &[&str]) -> Self {
        // Read once for hundreds of worlds.
        static CATALOG: LazyLock<Catalog> = LazyLock::new(|| Catalog::shipped().expect("profiles"));
        let catalog = &*CATALOG;
        let kiosk = (device("tm", DeviceKind::TicketMachine, "kiosk-native"), "kiosk-native");
        let inverter =
            |id: &&str| (device(id, DeviceKind::Inverter, "huawei-sun2000"), "huawei-sun2000");
        let devices = inverters.iter().map(inverter).chain([kiosk]);
        let devices = devices.map(|(device, profile)| (device, catalog.get(profile).cloned()));
        let now = Timestamp::from_ms(start);
        let board = Board::new(site(), devices, now);
        static RULES: LazyLock<Vec<Rule>> =
            LazyLock::new(|| crate::rule::default_rules().expect("rules"));
        let engine = Engine::new(RULES.clone(), BTreeMap::new());
        let hours = serving(crate::calendar::Hours::always());
        let look = Look::at(&board, Some(&hours), &engine.wanted, now);
        Self {
            board,
            engine,
            found: Vec::new(),
            now,
            look,
            hours,
            switches: Vec::new(),
            decided: Vec::new(),
        }
    }

    /// As [`World::new`], and with the gateway's own device.
    pub(super) fn with_gateway(start: i64) -> Self {
        let mut world = Self::new(start);
        let own = device("gateway", DeviceKind::Gateway, "gateway");
        let devices = world.board.iter().map(|live| (live.device.clone(), live.profile.clone()));
        let all: Vec<_> = devices.chain([(own, None)]).collect();
        world.board = Board::new(site(), all, world.now);
        world
    }

    /// Puts devices on one line.
    pub(super) fn on_one_line(&mut self, ids: &[&str], line: &str) {
        let devices = self.board.iter().map(|live| (live.device.clone(), live.profile.clone()));
        let all: Vec<_> = devices.collect();
        let lines = ids.iter().map(|id| (DeviceId::parse(id).expect("id"), Arc::from(line)));
        self.board = Board::new(site(), all, self.now).with_lines(lines);
    }

    /// The way to a device is down.
    pub(super) fn link(&mut self, device: &str, fault: LinkFault) {
        let device = DeviceId::parse(device).expect("id");
        let state = LinkState::Down { fault, detail: String::new() };
        let record = Record::Link(Link { device, time: self.now, state });
        self.decided.extend(self.engine.take(&mut self.board, &record, &self.look));
    }

    /// What the devices said last.
    pub(super) fn board(&self) -> &Board {
        &self.board
    }

    /// A second in which these devices speak.
    pub(super) fn second(&mut self, speaking: &[(&str, &[(&str, Value)])]) -> Vec<Transition> {
        self.now = self.now.plus_ms(1000);
        for (device, samples) in speaking {
            self.says(device, samples);
        }
        self.tick()
    }

    fn says(&mut self, device: &str, samples: &[(&str, Value)]) {
        let samples = samples.iter().map(|(point, value)| Sample {
            point: PointName::parse(point).expect("point"),
            value: value.clone(),
            quality: Quality::Good,
        });
        let record = Record::Reading(Reading {
            device: DeviceId::parse(device).expect("id"),
            time: self.now,
            received: self.now,
            message: 0,
            samples: samples.collect(),
        });
        self.decided.extend(self.engine.take(&mut self.board, &record, &self.look));
    }

    fn tick(&mut self) -> Vec<Transition> {
        self.look = Look::at(&self.board, Some(&self.hours), &self.engine.wanted, self.now);
        let mut found = self.found.clone();
        found.extend(super::super::line::gone(&self.board, &self.look.peers, &self.switches));
        super::super::line::widest(&mut found);
        let mut all = std::mem::take(&mut self.decided);
        all.extend(self.engine.tick(&self.board, &self.look, &found));
        all
    }

    /// Lets `seconds` pass, judging every second; the devices in `speaking` repeat themselves.
    fn pass(
        &mut self,
        seconds: i64,
        speaking: &[(&str, &[(&str, Value)])],
    ) -> Vec<(Change, String)> {
        let mut seen = Vec::new();
        for _ in 0..seconds {
            self.now = self.now.plus_ms(1000);
            for (device, samples) in speaking {
                self.says(device, samples);
            }
            let transitions = self.tick();
            seen.extend(transitions.into_iter().map(|t| (t.change, t.alert.rule)));
        }
        seen
    }
}

pub(super) fn producing() -> Vec<(&'static str, Value)> {
    let none: Arc<[Arc<str>]> = Vec::new().into();
    vec![
        ("ac_power_w", Value::Decimal(Decimal::whole(30_000))),
        ("state", Value::Decimal(Decimal::whole(4))),
        ("fault", Value::Codes(none)),
    ]
}

pub(super) fn tripped() -> Vec<(&'static str, Value)> {
    tripped_by(&["2032"])
}

fn tripped_by(codes: &[&str]) -> Vec<(&'static str, Value)> {
    let codes: Arc<[Arc<str>]> = codes.iter().map(|code| Arc::from(*code)).collect();
    vec![
        ("ac_power_w", Value::Decimal(Decimal::whole(0))),
        ("state", Value::Decimal(Decimal::whole(7))),
        ("fault", Value::Codes(codes)),
    ]
}

pub(super) fn paper(code: i64) -> Vec<(&'static str, Value)> {
    vec![("printer_paper", Value::Decimal(Decimal::whole(code))), ("online", Value::Bool(true))]
}

#[test]
fn a_fault_is_raised_after_its_minute_and_resolved_after_it_is_gone() {
    let mut world = World::new(NOON);
    let well: &[(&str, &[(&str, Value)])] = &[("inv", &producing()), ("tm", &paper(0))];
    let ill: &[(&str, &[(&str, Value)])] = &[("inv", &tripped()), ("tm", &paper(0))];
    assert!(world.pass(100, well).is_empty());
    assert!(world.pass(60, ill).is_empty(), "not before its minute");
    assert_eq!(world.pass(2, ill), [(Change::Raised, "PV002".to_owned())]);
    let open = world.engine.open();
    assert!(open[0].text.zh.contains("[2032]"), "{}", open[0].text.zh);
    assert!(world.pass(10, well).is_empty(), "recovering");
    assert_eq!(world.engine.open()[0].state, AlertState::Recovering);
    assert!(world.pass(3, ill).is_empty(), "the same alert comes back to life");
    assert_eq!(world.engine.open()[0].state, AlertState::Active);
    assert_eq!(world.pass(20, well), [(Change::Resolved, "PV002".to_owned())]);
}

#[test]
fn silence_at_noon_is_an_alert_and_after_sunset_it_is_sleep() {
    let mut world = World::new(NOON);
    let kiosk: &[(&str, &[(&str, Value)])] = &[("tm", &paper(0))];
    world.pass(10, &[("inv", &producing()), ("tm", &paper(0))]);
    let seen = world.pass(400, kiosk);
    assert_eq!(seen, [(Change::Raised, "PV001".to_owned())]);

    let mut night = World::new(NIGHT - 4 * 3_600_000); // 19:00: the sun is low
    night.pass(10, &[("inv", &producing()), ("tm", &paper(0))]);
    night.now = Timestamp::from_ms(NIGHT);
    assert!(night.pass(900, kiosk).is_empty(), "asleep");
    let live = night.board.get("inv").expect("device");
    assert_eq!(
        night.board.health(live, &night.board.peers(night.now)).state,
        crate::live::HealthState::Asleep
    );
}

#[test]
fn what_was_lost_at_noon_stays_lost_at_night() {
    let mut world = World::new(NOON);
    let kiosk: &[(&str, &[(&str, Value)])] = &[("tm", &paper(0))];
    world.pass(10, &[("inv", &producing()), ("tm", &paper(0))]);
    assert_eq!(world.pass(400, kiosk), [(Change::Raised, "PV001".to_owned())]);
    world.now = Timestamp::from_ms(NIGHT);
    world.says("tm", &paper(0));
    assert!(world.pass(60, kiosk).is_empty(), "no false recovery by darkness");
    assert_eq!(world.engine.open().len(), 1);
}

#[test]
fn only_the_evenings_silence_is_sleep() {
    let kiosk: &[(&str, &[(&str, Value)])] = &[("tm", &paper(0))];
    // When it was last heard, whether it had tripped, and whether its silence at night is sleep.
    let hour = 3_600_000;
    for (last_heard, tripped_then, asleep) in [
        (NIGHT - 4 * hour, false, true),   // 19:00
        (NOON, true, false),               // tripped at noon, then lost
        (NOON - 6 * hour, false, false),   // lost at six in the morning
        (NIGHT - 28 * hour, false, false), // lost yesterday at 19:00, silent all day
    ] {
        let mut world = World::new(last_heard);
        let said = if tripped_then { tripped() } else { producing() };
        world.pass(5, &[("inv", &said), ("tm", &paper(0))]);
        world.now = Timestamp::from_ms(NIGHT);
        world.pass(5, kiosk);
        let live = world.board.get("inv").expect("device");
        let state = world.board.health(live, &world.board.peers(world.now)).state;
        assert_eq!(state == crate::live::HealthState::Asleep, asleep, "{last_heard}: {state:?}");
    }
}

#[test]
fn another_fault_is_news_even_to_who_knew_of_the_first() {
    let mut world = World::new(NOON);
    let kiosk = paper(0);
    world.pass(70, &[("inv", &tripped_by(&["2032"])), ("tm", &kiosk)]);
    let first = world.engine.open()[0].clone();
    let who = || Acknowledged {
        by: "王".into(),
        note: String::new(),
        at: Timestamp::from_ms(NOON),
        until: None,
    };
    assert!(world.engine.acknowledge(&first.id, who()).is_some());
    world.says("inv", &tripped_by(&["2032", "2062"]));
    world.now = world.now.plus_ms(1000);
    let told = world.tick();
    assert_eq!((told.len(), told[0].change, told[0].tell), (1, Change::Changed, true));
    let now = world.engine.open()[0].clone();
    assert_eq!((now.id.as_str(), now.state), (first.id.as_str(), AlertState::Active));
    assert!(now.text.zh.contains("2062") && now.codes == ["2032", "2062"], "{now:?}");
    // A code that comes and goes is no news each time.
    assert!(world.engine.acknowledge(&first.id, who()).is_some());
    for codes in [&["2032"][..], &["2032", "2062"], &["2062"]] {
        world.says("inv", &tripped_by(codes));
        world.now = world.now.plus_ms(1000);
        let told = world.tick();
        assert!(told.iter().all(|t| !t.tell), "{told:?}");
    }
    assert_eq!(world.engine.open()[0].state, AlertState::Acknowledged);
}

#[test]
fn a_device_that_makes_codes_up_is_told_for_the_first_of_them() {
    let mut world = World::new(NOON);
    world.pass(70, &[("inv", &tripped_by(&["2032"]))]);
    let of_inverter = |alert: &Alert| alert.device.as_ref().is_some_and(|id| id.as_str() == "inv");
    let mut told = 0;
    for n in 0..500 {
        world.says("inv", &tripped_by(&[&format!("made-up-{n}")]));
        world.now = world.now.plus_ms(1000);
        let found = world.tick();
        told += found.iter().filter(|t| t.tell && of_inverter(&t.alert)).count();
    }
    // With the first one that is all for an hour.
    assert_eq!(told, TOLD_MAX - 1);
    let open = world.engine.open();
    let alert = open.iter().find(|alert| of_inverter(alert)).expect("open");
    assert_eq!(alert.codes.len(), CODES_MAX);
}

#[test]
fn a_gateway_that_was_off_until_night_accuses_nobody() {
    let mut world = World::new(NOON);
    world.pass(5, &[("inv", &producing()), ("tm", &paper(0))]);
    // It starts again at night, with what it knew at noon.
    world.now = Timestamp::from_ms(NIGHT);
    world.board.listening_since = world.now;
    assert!(world.pass(900, &[("tm", &paper(0))]).is_empty());
    let live = world.board.get("inv").expect("device");
    let state = world.board.health(live, &world.board.peers(world.now)).state;
    assert_eq!(state, crate::live::HealthState::Waiting);
}

#[test]
fn a_broker_that_is_down_is_not_the_kiosks_fault() {
    let mut world = World::new(NOON);
    let inverter = producing();
    world.pass(5, &[("inv", &inverter), ("tm", &paper(0))]);
    let link = |world: &mut World, state: LinkState| {
        let device = DeviceId::parse("tm").expect("id");
        world.board.apply(&Record::Link(Link { device, time: world.now, state }));
    };
    let fault = LinkFault::BrokerDown;
    link(&mut world, LinkState::Down { fault, detail: String::new() });
    let seen = world.pass(900, &[("inv", &inverter)]);
    assert_eq!(seen, [(Change::Raised, "SY016".to_owned())], "the broker's");
    link(&mut world, LinkState::Up);
    let seen = world.pass(400, &[("inv", &inverter)]);
    let wanted = [(Change::Resolved, "SY016"), (Change::Raised, "KS001")];
    assert_eq!(seen, wanted.map(|(change, rule)| (change, rule.to_owned())));
}

#[test]
fn a_clock_that_is_set_back_does_not_freeze_the_hall() {
    let mut world = World::new(NOON + 8 * 3_600_000);
    let kiosk = paper(0);
    world.pass(5, &[("inv", &producing()), ("tm", &kiosk)]);
    world.now = Timestamp::from_ms(NOON);
    world.board.listening_since = world.now;
    let seen = world.pass(70, &[("inv", &tripped()), ("tm", &kiosk)]);
    assert_eq!(seen, [(Change::Raised, "PV002".to_owned())]);
}

#[test]
fn paper_low_then_out_then_filled() {
    let mut world = World::new(NOON);
    let inverter = producing();
    let mut with = |code: i64, seconds: i64| {
        let kiosk = paper(code);
        world.pass(seconds, &[("inv", &inverter), ("tm", &kiosk)])
    };
    assert_eq!(with(1, 1), [(Change::Raised, "KS003".to_owned())]);
    let seen = with(2, 70);
    assert!(seen.contains(&(Change::Raised, "KS004".to_owned())));
    assert!(seen.contains(&(Change::Resolved, "KS003".to_owned())));
    assert_eq!(with(0, 20), [(Change::Resolved, "KS004".to_owned())]);
}

#[test]
fn a_restart_neither_resolves_nor_raises_anew() {
    let mut world = World::new(NOON);
    world.pass(10, &[("inv", &producing())]);
    let speaking: &[(&str, &[(&str, Value)])] = &[("inv", &producing())];
    world.says("tm", &[("online", Value::Bool(false))]);
    let down = LinkState::Down { fault: LinkFault::LastWill, detail: String::new() };
    let device = DeviceId::parse("tm").expect("id");
    world.board.apply(&Record::Link(Link { device, time: world.now, state: down }));
    assert_eq!(world.pass(310, speaking), [(Change::Raised, "KS001".to_owned())]);
    let id = world.engine.open()[0].id.clone();
    let who = Acknowledged { by: "王".into(), note: String::new(), at: world.now, until: None };
    assert!(world.engine.acknowledge(&id, who).is_some());

    let state = super::super::record::snapshot(&world.engine.tracks, &[]).expect("snapshot");
    let mut next = World::new(world.now.ms() + 5000);
    next.engine.tracks = super::super::record::restore(&state).tracks;
    assert!(next.pass(20, speaking).is_empty(), "waiting is no recovery");
    assert_eq!(next.engine.open()[0].id, id);
    let alert = &next.engine.open()[0];
    // Nothing has been heard of it yet; who knew of it still does.
    assert_eq!((alert.state, alert.acknowledged.is_some()), (AlertState::Stale, true));
    assert!(
        next.engine
            .acknowledge(
                "nobody",
                Acknowledged { by: String::new(), note: String::new(), at: next.now, until: None }
            )
            .is_none()
    );
}

#[test]
fn an_alert_says_why_in_both_languages_and_not_anew_with_every_figure() {
    let mut world = World::with(NOON, &["a", "b", "c"]);
    let at_power = |watts: i64| {
        let mut said = producing();
        said[0].1 = Value::Decimal(Decimal::whole(watts));
        said
    };
    let (well, idle) = (at_power(12_000), at_power(0));
    let seen = world.pass(1190, &[("a", &idle), ("b", &well), ("c", &well), ("tm", &paper(0))]);
    assert!(seen.is_empty(), "not before its 20 minutes: {seen:?}");
    let seen = world.pass(20, &[("a", &idle), ("b", &well), ("c", &well), ("tm", &paper(0))]);
    assert_eq!(seen, [(Change::Raised, "PV003".to_owned())]);
    let text = world.engine.open()[0].text.clone();
    assert!(
        text.en.ends_with("produces nothing while 2 of 2 siblings make 12 kW each"),
        "{text:?}"
    );
    assert!(text.zh.contains("同组 2 台中 2 台在发电，每台约 12 kW"), "{text:?}");
    let more = at_power(14_000);
    let seen = world.pass(60, &[("a", &idle), ("b", &more), ("c", &more), ("tm", &paper(0))]);
    assert!(seen.is_empty(), "figures are no news: {seen:?}");

    // It makes something again, then falls silent beside siblings that go on.
    let all: &[(&str, &[(&str, Value)])] =
        &[("a", &well), ("b", &well), ("c", &well), ("tm", &paper(0))];
    assert_eq!(world.pass(20, all), [(Change::Resolved, "PV003".to_owned())]);
    let seen = world.pass(600, &[("b", &well), ("c", &more), ("tm", &paper(0))]);
    assert_eq!(seen, [(Change::Raised, "PV001".to_owned())]);
    let text = world.engine.open()[0].text.clone();
    assert!(text.en.contains("2 of 2 siblings make 13 kW each"), "{text:?}");
    assert!(!text.en.contains("silent for"), "time passes, the text stays: {text:?}");
    // The way there says something: that is another reason, told in the alert but not loudly.
    let (device, time) = (DeviceId::parse("a").expect("id"), world.now);
    let state = LinkState::Down { fault: LinkFault::Refused, detail: "os error 111".into() };
    world.board.apply(&Record::Link(Link { device, time, state }));
    let seen = world.pass(60, &[("b", &well), ("c", &more), ("tm", &paper(0))]);
    assert_eq!(seen, [(Change::Changed, "PV001".to_owned())]);
    assert!(world.engine.open()[0].text.zh.contains("连接被拒绝"));
}

#[test]
fn a_reset_counter_is_told_for_a_day_and_its_nonsense_is_not_shown() {
    let mut world = World::new(NOON);
    let event = |change: &str, at: Timestamp| {
        let at_ms = at.ms();
        let body = format!(
            r#"{{"device":"inv","point":"energy_total_wh","change":"{change}","before":1000000.0,"after":50.0,"at_ms":{at_ms}}}"#
        );
        let kind = crate::model::EventKind::Counter;
        Record::Event(crate::model::Event { kind, time: at, body })
    };
    world.pass(5, &[("inv", &producing()), ("tm", &paper(0))]);
    world.board.apply(&event("roll_over", world.now));
    let speaking: &[(&str, &[(&str, Value)])] = &[("inv", &producing()), ("tm", &paper(0))];
    assert!(world.pass(5, speaking).is_empty(), "to roll over is its nature");
    world.board.apply(&event("reset", world.now));
    assert_eq!(world.pass(5, speaking), [(Change::Raised, "MT002".to_owned())]);
    let text = world.engine.open()[0].text.clone();
    assert!(text.zh.contains("被清零（1000.0 kWh → 0.1 kWh）"), "{text:?}");
    world.now = world.now.plus_ms(24 * 3_600_000);
    assert_eq!(world.pass(20, speaking), [(Change::Resolved, "MT002".to_owned())]);

    let total =
        |wh: i64| [("energy_total_wh", Value::Decimal(Decimal { mantissa: wh, exponent: 0 }))];
    let shown = |world: &World| {
        let live = world.board.get("inv").expect("device");
        live.points.get("energy_total_wh").map(|latest| latest.quality)
    };
    for (wh, quality) in [
        (1_000_000, Quality::Good),
        (1_000_100, Quality::Good),
        (0, Quality::Rejected),
        (1_000_200, Quality::Good),
    ] {
        world.now = world.now.plus_ms(10_000);
        world.says("inv", &total(wh));
        assert_eq!(shown(&world), Some(quality), "{wh}");
    }
}

#[test]
fn one_alert_about_a_zone_stands_for_those_of_its_machines() {
    let mut world = World::new(NOON);
    let speaking: &[(&str, &[(&str, Value)])] = &[("inv", &producing()), ("tm", &paper(0))];
    world.pass(5, speaking);
    let device = DeviceId::parse("tm").expect("id");
    world.found = vec![service::Finding {
        what: service::What::ZoneGone,
        device: None,
        part: "zone-z".to_owned(),
        severity: None,
        words: vec![("zone", Text::same("z")), ("count", Text::same("1"))],
        devices: vec![(device, Text::same("ticket machine"))],
    }];
    // Silent for longer than an alert of its own takes.
    let only: &[(&str, &[(&str, Value)])] = &[("inv", &producing())];
    let seen = world.pass(500, only);
    assert_eq!(seen, [(Change::Raised, "KS021".to_owned())], "and no KS001");
    let alert = world.engine.open().remove(0);
    assert_eq!((alert.device.clone(), alert.severity), (None, crate::model::Severity::Critical));
    assert!(alert.evidence[0].1.contains("[tm]"), "{:?}", alert.evidence);
    assert!(alert.id.starts_with("KS021-gateway-zone-z-"), "{}", alert.id);
    // The zone is back, this machine is not: it has the time that one needs to start.
    world.found.clear();
    assert_eq!(world.pass(290, only), [(Change::Resolved, "KS021".to_owned())]);
    assert_eq!(world.pass(20, only), [(Change::Raised, "KS001".to_owned())]);
}

#[test]
fn somebody_who_poses_as_a_machine_is_told_and_over_after_ten_minutes() {
    let mut world = World::new(NOON);
    let speaking: &[(&str, &[(&str, Value)])] = &[("inv", &producing()), ("tm", &paper(0))];
    world.pass(5, speaking);
    let device = DeviceId::parse("tm").expect("id");
    let (reason, detail) = (crate::source::mqtt::Refusal::ForeignId, "hall/z/tm".to_owned());
    world.engine.note(Refused { device, reason, detail, count: 7, time: world.now });
    assert_eq!(world.pass(5, speaking), [(Change::Raised, "KS023".to_owned())]);
    assert_eq!(world.pass(700, speaking), [(Change::Resolved, "KS023".to_owned())]);
}
