//! A hall of machines over some hours, with a clock of our own.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::calendar::{Calendar, Holidays, Hours};
use crate::clock::{Clock as _, ManualClock};
use crate::journal::{self, Journal};
use crate::live::{Board, Live};
use crate::model::{
    Decimal, Device, DeviceId, DeviceKind, Link, LinkFault, LinkState, PointName, Quality, Reading,
    Record, Sample, Severity, Site, Text, Timestamp, Value, ZoneId, words_of,
};
use crate::profile::Catalog;
use crate::tally::Tally;

use super::super::{Condition, Config, Finding, Handle, ServiceZone, What};
use super::Watch;

const MINUTE_MS: i64 = 60_000;

fn moment(text: &str) -> Timestamp {
    Timestamp::from_ms(text.parse::<jiff::Timestamp>().expect("time").as_millisecond())
}

fn beijing() -> jiff::tz::TimeZone {
    jiff::tz::TimeZone::get("Asia/Shanghai").expect("zone")
}

/// Five ticket machines on the first floor, one tax terminal and one more machine on the second.
const MACHINES: [(&str, &str, DeviceKind, &str); 7] = [
    ("t1", "hall", DeviceKind::TicketMachine, "ticket-machine"),
    ("t2", "hall", DeviceKind::TicketMachine, "ticket-machine"),
    ("t3", "hall", DeviceKind::TicketMachine, "ticket-machine"),
    ("t4", "hall", DeviceKind::TicketMachine, "ticket-machine"),
    ("t5", "hall", DeviceKind::TicketMachine, "ticket-machine"),
    ("a1", "up", DeviceKind::TaxTerminal, "tax-terminal"),
    ("a2", "up", DeviceKind::TaxTerminal, "tax-terminal"),
];

struct Hall {
    clock: Arc<ManualClock>,
    journal: Journal,
    live: Live,
    board: Board,
    handle: Handle,
    watch: Watch,
    _folder: tempfile::TempDir,
}

fn config() -> Config {
    let holidays = Arc::new(Holidays::shipped());
    let zone = |id: &str, floor: i16, hours: Hours, always| ServiceZone {
        id: ZoneId::parse(id).expect("id"),
        name: Text::same(id),
        floor: Some(floor),
        calendar: Arc::new(Calendar::new(hours, holidays.clone(), beijing())),
        always,
    };
    Config {
        // The order of the file is not that of the walk: floors come first.
        zones: vec![
            zone("up", 2, Hours::default(), false),
            zone("hall", 1, Hours::default(), false),
        ],
        holidays: holidays.clone(),
        opening_check_ms: 30 * MINUTE_MS,
        devices: MACHINES.iter().map(|(id, ..)| DeviceId::parse(id).expect("id")).collect(),
    }
}

impl Hall {
    fn new(start: &str) -> Self {
        let folder = tempfile::tempdir().expect("folder");
        let clock = Arc::new(ManualClock::new(moment(start)));
        let store =
            journal::Config { commit_wait_ms: 1, ..journal::Config::new(folder.path().to_owned()) };
        let journal = Journal::open(&store, clock.clone(), Tally::new()).expect("journal");
        let catalog = Catalog::shipped().expect("profiles");
        let device = |(id, zone, kind, profile): &(&str, &str, DeviceKind, &str)| {
            let device = Device {
                id: DeviceId::parse(id).expect("id"),
                name: Text::same(*id),
                zone: ZoneId::parse(zone).expect("id"),
                kind: *kind,
                profile: (*profile).to_owned(),
                rated_power_w: None,
                interval_ms: MINUTE_MS,
                stale_after_ms: 3 * MINUTE_MS,
            };
            (Arc::new(device), catalog.get(profile).cloned())
        };
        let site = Site {
            id: "t".into(),
            name: Text::same("t"),
            latitude_deg: 39.9,
            longitude_deg: 116.4,
            altitude_m: 44.0,
            time_zone: beijing(),
        };
        let board = Board::new(Arc::new(site), MACHINES.iter().map(device), clock.now());
        let live = Live::new(board.clone());
        let (handle, watch) =
            Watch::open(config(), live.clone(), journal.clone(), clock.clone()).expect("watch");
        Self { clock, journal, live, board, handle, watch, _folder: folder }
    }

    fn says(&mut self, device: &str, samples: &[(&str, i64)]) {
        let value = |(point, number): &(&str, i64)| Sample {
            point: PointName::parse(point).expect("point"),
            value: Value::Decimal(Decimal::whole(*number)),
            quality: Quality::Good,
        };
        let (time, device) = (self.clock.now(), DeviceId::parse(device).expect("id"));
        let samples = samples.iter().map(value).collect();
        let link = Link { device: device.clone(), time, state: LinkState::Up };
        self.board.apply(&Record::Link(link));
        let reading = Reading { device, time, received: time, message: 1, samples };
        self.board.apply(&Record::Reading(reading));
    }

    fn leaves(&mut self, device: &str) {
        let state = LinkState::Down { fault: LinkFault::LastWill, detail: String::new() };
        let (device, time) = (DeviceId::parse(device).expect("id"), self.clock.now());
        self.board.apply(&Record::Link(Link { device, time, state }));
    }

    /// Lets minutes pass; every machine but `silent` says what `say` tells of it and the minute.
    fn pass(
        &mut self,
        minutes: i64,
        silent: &[&str],
        say: impl Fn(&str, i64) -> Vec<(&'static str, i64)>,
    ) {
        for minute in 0..minutes {
            for (id, ..) in MACHINES.iter().filter(|(id, ..)| !silent.contains(id)) {
                self.says(id, &say(id, minute));
            }
            for _ in 0..12 {
                self.clock.advance_ms(MINUTE_MS / 12);
                self.live = Live::new(self.board.clone());
                self.watch.live = self.live.clone();
                self.watch.look();
            }
        }
    }

    fn found(&self, what: What) -> Vec<Finding> {
        self.handle.findings().iter().filter(|found| found.what == what).cloned().collect()
    }

    fn condition(&self, device: &str) -> Condition {
        let overview = self.handle.overview();
        let machine = overview.machines.iter().find(|machine| machine.device.as_str() == device);
        machine.expect("shown").condition
    }
}

fn word(point: &str, id: &str) -> i64 {
    words_of(point).and_then(|words| words.by_id(id)).expect("a word").code
}

fn well(_: &str, _: i64) -> Vec<(&'static str, i64)> {
    vec![("app_state", 0), ("backend_state", 0)]
}

#[test]
fn one_of_five_is_minor_and_four_of_five_are_critical() {
    let mut hall = Hall::new("2026-03-02T10:00:00+08:00");
    hall.pass(2, &[], well);
    assert!(hall.handle.findings().is_empty(), "{:?}", hall.handle.findings());
    for (gone, severity) in [
        ("t1", Severity::Minor),
        ("t2", Severity::Minor),
        ("t3", Severity::Major),
        ("t4", Severity::Critical),
    ] {
        hall.leaves(gone);
        let silent: Vec<&str> =
            ["t1", "t2", "t3", "t4"].into_iter().filter(|id| *id <= gone).collect();
        hall.pass(5, &silent, well);
        let found = hall.found(What::FewLeft);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].severity, Some(severity), "{gone}");
        assert_eq!(found[0].devices.len(), silent.len());
        assert!(hall.found(What::ZoneGone).is_empty(), "one after the other is no power cut");
    }
}

#[test]
fn all_machines_of_a_zone_gone_within_a_minute_are_one_finding() {
    let mut hall = Hall::new("2026-03-02T10:00:00+08:00");
    hall.pass(2, &[], well);
    ["t1", "t2", "t3", "t4"].iter().for_each(|id| hall.leaves(id));
    let silent = ["t1", "t2", "t3", "t4", "t5"];
    hall.pass(1, &silent[..4], well);
    assert!(hall.found(What::ZoneGone).is_empty(), "one is left");
    hall.leaves("t5");
    hall.pass(1, &silent, well);
    let found = hall.found(What::ZoneGone);
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].part.as_str(), found[0].devices.len()), ("zone-hall", 5));
    assert_eq!(hall.condition("a1"), Condition::Serving);
}

#[test]
fn a_back_end_that_half_of_a_kind_cannot_reach_is_one_finding() {
    let mut hall = Hall::new("2026-03-02T10:00:00+08:00");
    let cut = word("backend_state", "unreachable");
    hall.pass(2, &[], |id, _| {
        let backend = if matches!(id, "t1" | "t2") { cut } else { 0 };
        vec![("app_state", 0), ("backend_state", backend)]
    });
    assert!(hall.found(What::BackendGone).is_empty(), "two of five");
    hall.pass(2, &[], |id, _| {
        let backend = if matches!(id, "t1" | "t2" | "t3") { cut } else { 0 };
        vec![("app_state", 0), ("backend_state", backend)]
    });
    let found = hall.found(What::BackendGone);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].devices.len(), 3);
}

#[test]
fn three_starts_within_an_hour_are_a_loop() {
    let mut hall = Hall::new("2026-03-02T10:00:00+08:00");
    let boots = |id: &str, boots: i64| match id {
        "a1" => vec![("app_state", 0), ("boots_total", boots)],
        _ => well(id, 0),
    };
    for n in [7, 8, 9] {
        hall.pass(10, &[], |id, _| boots(id, n));
    }
    assert!(hall.found(What::BootLoop).is_empty(), "two starts");
    hall.pass(1, &[], |id, _| boots(id, 10));
    assert_eq!(hall.found(What::BootLoop)[0].device.as_ref().map(DeviceId::as_str), Some("a1"));
    hall.pass(55, &[], |id, _| boots(id, 10));
    assert!(hall.found(What::BootLoop).is_empty(), "an hour later");
}

#[test]
fn a_machine_that_nobody_uses_while_its_siblings_are_busy_is_found() {
    let mut hall = Hall::new("2026-03-02T09:00:00+08:00");
    let tickets = |id: &str, minute: i64| match id {
        "t3" => vec![("app_state", 0), ("tickets_total", 100)],
        _ => vec![("app_state", 0), ("tickets_total", 100 + minute)],
    };
    hall.pass(58, &[], tickets);
    assert!(hall.found(What::Idle).is_empty(), "not for an hour yet");
    hall.pass(8, &[], |id, minute| tickets(id, 58 + minute));
    let idle = hall.found(What::Idle);
    assert_eq!(idle.len(), 1);
    assert_eq!(idle[0].device.as_ref().map(DeviceId::as_str), Some("t3"));
    // At lunch nobody comes, to none of them.
    hall.pass(70, &[], |id, _| tickets(id, 66));
    assert!(hall.found(What::Idle).is_empty(), "a quiet hour is nobody's fault");
}

#[test]
fn the_opening_check_walks_floor_by_floor() {
    // Monday, half an hour before the check.
    let mut hall = Hall::new("2026-03-02T08:00:00+08:00");
    hall.pass(2, &[], well);
    ["a2", "t4", "t1"].iter().for_each(|id| hall.leaves(id));
    let silent = ["a2", "t4", "t1"];
    hall.pass(27, &silent, well);
    assert!(hall.found(What::NotReady).is_empty());
    assert!(hall.found(What::FewLeft).is_empty(), "nobody is served at this hour");
    let check = hall.handle.overview().opening.check;
    assert_eq!(check, Some(moment("2026-03-02T08:30:00+08:00")));
    hall.pass(2, &silent, well);
    let found = hall.found(What::NotReady);
    assert_eq!(found.len(), 1, "one message");
    let order: Vec<_> = found[0].devices.iter().map(|(id, _)| id.as_str()).collect();
    assert_eq!(order, ["t1", "t4", "a2"], "the first floor, then the second");
    let list = &found[0].words.iter().find(|(key, _)| *key == "list").expect("a list").1;
    assert_eq!(list.en, "hall: t1 (offline), t4 (offline); up: a2 (offline)");
    // All are back before nine.
    hall.pass(1, &[], well);
    assert!(hall.found(What::NotReady).is_empty());
    // On a Sunday there is no check; the next one is on Monday.
    let hall = Hall::new("2026-03-08T08:45:00+08:00");
    let opening = hall.handle.overview().opening.clone();
    assert_eq!(
        (opening.running, opening.check),
        (false, Some(moment("2026-03-09T08:30:00+08:00")))
    );
}

#[test]
fn an_hour_down_is_an_hour_in_the_figures_also_over_a_restart() {
    // 2 March 2026 is a Monday: one working day of eight hours, of which one is lost.
    let mut hall = Hall::new("2026-03-02T09:00:00+08:00");
    let out = word("printer_paper", "out");
    let paper = move |id: &str, out_of_paper: bool| match (id, out_of_paper) {
        ("t1", true) => vec![("app_state", 0), ("printer_paper", out)],
        ("t1", false) => vec![("app_state", 0), ("printer_paper", 0)],
        _ => well(id, 0),
    };
    hall.pass(60, &[], |id, _| paper(id, false));
    hall.pass(60, &[], |id, _| paper(id, true));
    assert_eq!(hall.condition("t1"), Condition::Down);
    let overview = hall.handle.overview();
    let machine = overview.machines.iter().find(|m| m.device.as_str() == "t1").expect("shown");
    assert_eq!(machine.hurt.len(), 2, "{:?}", machine.hurt);
    hall.pass(60, &[], |id, _| paper(id, false));
    tokio::runtime::Runtime::new().expect("runtime").block_on(hall.watch.keep());
    let (handle, mut watch) =
        Watch::open(config(), hall.live.clone(), hall.journal.clone(), hall.clock.clone())
            .expect("watch");
    watch.look();
    let overview = handle.overview();
    let month: BTreeMap<_, _> =
        overview.machines.iter().map(|m| (m.device.to_string(), m.month)).collect();
    let kpi = month["t1"];
    // A look is five seconds, so a change is seen up to five seconds late.
    let about = |ms: i64, minutes: i64| (ms - minutes * MINUTE_MS).abs() <= 10_000;
    assert!(about(kpi.service_ms, 180), "{kpi:?}");
    assert!(about(kpi.down_ms, 60), "{kpi:?}");
    assert_eq!((kpi.failures, kpi.repairs), (1, 1));
    assert!(kpi.availability().is_some_and(|a| (a - 2.0 / 3.0).abs() < 0.01), "{kpi:?}");
    assert!(kpi.mttr_ms().is_some_and(|ms| about(ms, 60)), "{kpi:?}");
    assert_eq!(month["t2"].failures, 0);
    assert_eq!(month["t2"].mtbf_ms(), None, "no failure, no figure");
}

#[test]
fn holidays_that_are_missing_weigh_more_when_their_year_has_come() {
    let mut hall = Hall::new("2026-11-30T23:58:00+08:00");
    hall.pass(1, &[], well);
    assert!(hall.found(What::CalendarMissing).is_empty(), "they are not out yet");
    for (minutes, severity) in [(3, None), (31 * 24 * 60, Some(Severity::Minor))] {
        hall.clock.advance_ms(minutes * MINUTE_MS);
        hall.watch.look();
        let found = hall.found(What::CalendarMissing);
        let said: Vec<_> = found.iter().map(|one| (one.severity, one.words.clone())).collect();
        assert_eq!(said, [(severity, vec![("year", Text::new("2027 年", "2027"))])]);
    }
    assert_eq!(hall.handle.overview().missing_year, Some(2027));
}
