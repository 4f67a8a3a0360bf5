//! Rules that look at days, strings and spans, played on a roof and at meters in Beijing time: what makes them
//! fire, and the dawns, clouds, nights and restarts that must not.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use crate::alert::{Change, Policy, Trial};
use crate::live::Board;
use crate::model::{
    Device, DeviceId, DeviceKind, PointName, Quality, Reading, Record, Sample, Severity, Site,
    Text, Timestamp, Value, ZoneId,
};
use crate::profile::Catalog;
use crate::rule::{Rule, default_rules};
use crate::sky;

/// The rules that are tried here.
pub(super) const TRIED: [&str; 11] = [
    "PV004", "PV005", "PV006", "PV007", "PV008", "PV009", "PV019", "MT003", "MT005", "MT007",
    "SY005",
];

/// 2026-06-20T16:00:00Z: midnight in Beijing.
const MIDNIGHT: i64 = 1_781_971_200_000;
const MINUTE_MS: i64 = 60_000;
const DAY_MS: i64 = 24 * 60 * MINUTE_MS;
const RATED_W: f64 = 50_000.0;

/// A device that says this is not heard, and counts on.
const LOST: &str = "lost";

type Said = Vec<(String, Value)>;

/// A time of the story: its day, and the hour of it in Beijing.
#[derive(Clone, Copy)]
struct When {
    day: i64,
    hour: f64,
    /// How much of the sun there is, 0 to 1; nothing before it has risen.
    light: f64,
}

fn when(time: Timestamp) -> When {
    let ms = time.ms() - MIDNIGHT;
    let sun_deg = sky::sun(39.9, 116.4, time).elevation_deg;
    let hour = ms.rem_euclid(DAY_MS) as f64 / 3_600_000.0;
    When { day: ms.div_euclid(DAY_MS), hour, light: sun_deg.max(0.0).to_radians().sin() }
}

fn numbers(said: &[(&str, f64)]) -> Said {
    said.iter().map(|(point, number)| ((*point).to_owned(), Value::Float(*number))).collect()
}

/// What became of a rule: what, how bad, on which device or part, when.
#[derive(Debug, Clone)]
struct Happened {
    rule: String,
    change: Change,
    severity: Severity,
    id: String,
    day: i64,
    hour: f64,
}

struct Hall {
    trial: Trial,
    devices: Vec<Arc<Device>>,
    now: Timestamp,
    step_ms: i64,
    energy_wh: BTreeMap<String, f64>,
    happened: Vec<Happened>,
}

impl Hall {
    fn new(devices: &[(&str, DeviceKind)], step_ms: i64, declared_w: Option<f64>) -> Self {
        static CATALOG: LazyLock<Catalog> = LazyLock::new(|| Catalog::shipped().expect("profiles"));
        let profile = CATALOG.get("huawei-sun2000").cloned();
        let eight = jiff::tz::TimeZone::fixed(jiff::tz::Offset::constant(8));
        let site = Site {
            id: "t".into(),
            name: Text::same("t"),
            latitude_deg: 39.9,
            longitude_deg: 116.4,
            altitude_m: 44.0,
            time_zone: eight,
        };
        let device = |(id, kind): &(&str, DeviceKind)| {
            Arc::new(Device {
                id: DeviceId::parse(id).expect("id"),
                name: Text::same(*id),
                zone: ZoneId::parse("roof").expect("id"),
                kind: *kind,
                profile: "huawei-sun2000".into(),
                rated_power_w: (*kind == DeviceKind::Inverter).then_some(RATED_W),
                interval_ms: step_ms,
                stale_after_ms: 3 * step_ms,
            })
        };
        let devices: Vec<Arc<Device>> = devices.iter().map(device).collect();
        let now = Timestamp::from_ms(MIDNIGHT);
        let live = devices.iter().map(|device| (device.clone(), profile.clone()));
        let board = Board::new(Arc::new(site), live, now);
        let declared: BTreeMap<DeviceId, f64> =
            devices.iter().filter_map(|device| Some((device.id.clone(), declared_w?))).collect();
        let board = board.with_declared(&declared);
        static RULES: LazyLock<Vec<Rule>> = LazyLock::new(|| default_rules().expect("rules"));
        let trial = Trial::new(RULES.clone(), board, None, Policy::default());
        let (energy_wh, happened) = (BTreeMap::new(), Vec::new());
        Self { trial, devices, now, step_ms, energy_wh, happened }
    }

    fn roof() -> Self {
        let inverters = ["a", "b", "c"].map(|id| (id, DeviceKind::Inverter));
        Self::new(&inverters, 5 * MINUTE_MS, None)
    }

    /// Plays the story up to an hour of a day: what a device says at a time; nothing while it is silent.
    fn play(&mut self, day: i64, hour: f64, says: impl Fn(&str, When) -> Option<Said>) {
        #[allow(clippy::cast_possible_truncation)]
        let until = Timestamp::from_ms(MIDNIGHT + day * DAY_MS + (hour * 3_600_000.0) as i64);
        while self.now < until {
            self.now = self.now.plus_ms(self.step_ms);
            let (now, at) = (self.now, when(self.now));
            let mut transitions = Vec::new();
            for device in self.devices.clone() {
                let Some(mut said) = says(device.id.as_str(), at) else { continue };
                said.extend(self.counter(&device, &said));
                if said.iter().any(|(point, _)| point == LOST) {
                    continue;
                }
                let sample = |(point, value): (String, Value)| Sample {
                    point: PointName::parse(&point).expect("point"),
                    value,
                    quality: Quality::Good,
                };
                let samples = said.into_iter().map(sample).collect();
                let (device, message) = (device.id.clone(), 0);
                let reading = Reading { device, time: now, received: now, message, samples };
                transitions.extend(self.trial.take(&Record::Reading(reading)));
            }
            transitions.extend(self.trial.tick(now, &[]));
            for told in transitions {
                let text = &told.alert.text;
                assert!(!text.zh.contains(['{', '–']) && !text.en.contains(['{', '–']), "{text:?}");
                self.happened.push(Happened {
                    rule: told.alert.rule,
                    change: told.change,
                    severity: told.alert.severity,
                    id: told.alert.id,
                    day: at.day,
                    hour: at.hour,
                });
            }
        }
    }

    /// The counter of an inverter goes on with its power, also while nobody hears it.
    fn counter(&mut self, device: &Device, said: &Said) -> Option<(String, Value)> {
        let power_w = said.iter().find(|(point, _)| point == "ac_power_w")?.1.as_f64()?;
        #[allow(clippy::cast_precision_loss)]
        let step_h = self.step_ms as f64 / 3_600_000.0;
        let counted = self.energy_wh.entry(device.id.to_string()).or_insert(1e6);
        *counted += power_w * step_h;
        (device.kind == DeviceKind::Inverter)
            .then(|| ("energy_total_wh".to_owned(), Value::Float(counted.round())))
    }

    fn of(&self, rule: &str, change: Change) -> Vec<&Happened> {
        let wanted = |one: &&Happened| one.rule == rule && one.change == change;
        self.happened.iter().filter(wanted).collect()
    }

    fn raised(&self, rule: &str) -> Vec<&Happened> {
        self.of(rule, Change::Raised)
    }
}

/// An inverter that wakes with the sun and makes this share of what it could.
fn making(at: When, share: f64) -> Option<Said> {
    let power_w = RATED_W * at.light * share;
    (at.light > 0.03).then(|| numbers(&[("ac_power_w", power_w), ("state", 4.0)]))
}

#[test]
fn an_inverter_that_makes_less_for_three_days_is_told_on_the_third_morning() {
    let mut roof = Hall::roof();
    let story = |id: &str, at: When| {
        let weak = id == "c" && (1..=4).contains(&at.day);
        making(at, if weak { 0.87 } else { 1.0 })
    };
    roof.play(4, 7.0, story);
    assert!(roof.raised("PV004").is_empty(), "{:?}", roof.happened);
    roof.play(6, 20.0, story);
    let raised = roof.raised("PV004");
    assert_eq!(raised.len(), 1, "{raised:?}");
    assert!(raised[0].id.starts_with("PV004-c-") && raised[0].day == 4, "{raised:?}");
    assert!((8.0..18.0).contains(&raised[0].hour), "not at night: {raised:?}");
    assert!(roof.raised("PV005").is_empty());
    let over = roof.of("PV004", Change::Resolved);
    assert_eq!(over.iter().map(|one| one.day).collect::<Vec<_>>(), [6], "{over:?}");
}

#[test]
fn two_weak_days_and_a_good_one_are_no_three() {
    let mut roof = Hall::roof();
    let share = |id: &str, day: i64| if id == "c" && day % 3 != 0 { 0.87 } else { 1.0 };
    roof.play(8, 20.0, |id, at| making(at, share(id, at.day)));
    assert!(roof.raised("PV004").is_empty(), "{:?}", roof.happened);
}

#[test]
fn an_inverter_that_made_far_too_little_is_told_in_the_morning_after() {
    let mut roof = Hall::roof();
    let share = |id: &str, at: When| if id == "c" && at.day == 1 { 0.6 } else { 1.0 };
    roof.play(4, 0.0, |id, at| making(at, share(id, at)));
    let raised = roof.raised("PV005");
    assert_eq!(raised.len(), 1, "{raised:?}");
    assert!(raised[0].day == 2 && (8.0..10.0).contains(&raised[0].hour), "{raised:?}");
    assert!(raised[0].id.starts_with("PV005-c-"));
    assert_eq!(roof.of("PV005", Change::Resolved).len(), 1);
}

#[test]
fn days_that_say_nothing_of_the_modules_accuse_nobody() {
    // What happens to the one inverter on day 1, and how much of their best the others make then.
    let lost = |at: When| (10.0..15.0).contains(&at.hour);
    let code = |code: &str| Value::Codes(vec![Arc::from(code)].into());
    for what in ["lost for hours", "tripped for hours", "limited", "overcast", "snow"] {
        let mut roof = Hall::roof();
        roof.play(3, 12.0, |id, at| {
            let own = id == "c" && at.day == 1;
            match what {
                // Its counter goes on, and that is seen later.
                "lost for hours" if own && lost(at) => {
                    let mut said = making(at, 1.0)?;
                    said.extend(numbers(&[(LOST, 1.0)]));
                    Some(said)
                }
                "tripped for hours" if own && lost(at) => {
                    let mut said = numbers(&[("ac_power_w", 0.0), ("state", 7.0)]);
                    said.push(("fault".to_owned(), code("2032")));
                    Some(said)
                }
                "limited" => {
                    let mut said = making(at, if id == "c" { 0.5 } else { 1.0 })?;
                    let limit = if id == "c" { 50.0 } else { 100.0 };
                    said.extend(numbers(&[("power_limit_percent", limit)]));
                    Some(said)
                }
                "overcast" if at.day == 1 => making(at, if id == "c" { 0.02 } else { 0.04 }),
                "snow" if at.day == 1 => making(at, 0.0),
                _ => making(at, 1.0),
            }
        });
        let accused = roof.raised("PV005").len() + roof.raised("PV004").len();
        assert_eq!(accused, 0, "{what}: {:?}", roof.happened);
    }
}

/// Strings of an inverter: their currents at full light.
fn strings(at: When, currents_a: &[f64]) -> Option<Said> {
    let mut said = making(at, 1.0)?;
    for (n, current_a) in (1..).zip(currents_a) {
        said.extend(numbers(&[(&format!("string_{n}_current_a"), current_a * at.light)]));
    }
    Some(said)
}

#[test]
fn a_string_that_dies_is_told_and_an_input_that_is_not_used_is_not() {
    let mut roof = Hall::roof();
    let story = |_: &str, at: When| {
        let dead = at.day == 1 && at.hour > 11.0;
        strings(at, &[9.0, 9.1, if dead { 0.05 } else { 9.0 }, 8.9, 0.04])
    };
    roof.play(1, 11.0, story);
    assert!(roof.raised("PV006").is_empty(), "{:?}", roof.happened);
    roof.play(2, 14.0, story);
    let raised = roof.raised("PV006");
    assert_eq!(raised.len(), 3, "one of each inverter: {raised:?}");
    assert!(raised.iter().all(|one| one.id.contains("-string_3_current_a-")), "{raised:?}");
    assert!(raised[0].hour < 12.0, "{raised:?}");
    assert_eq!(roof.of("PV006", Change::Resolved).len(), 3);
    // Dead from the beginning on: nobody knows that it is used at all.
    let mut roof = Hall::roof();
    roof.play(2, 14.0, |_, at| strings(at, &[9.0, 9.1, 0.05, 8.9]));
    assert!(roof.raised("PV006").is_empty());
}

#[test]
fn strings_that_differ_at_noon_are_told_and_east_and_west_are_not() {
    let mut roof = Hall::roof();
    roof.play(2, 20.0, |_, at| {
        let weak = if at.day == 1 { 4.0 } else { 8.9 };
        strings(at, &[9.0, 9.1, weak, 9.0, 0.0])
    });
    let raised = roof.raised("PV007");
    assert_eq!(raised.len(), 3, "{raised:?}");
    assert!(
        raised.iter().all(|one| one.day == 1 && (12.0..13.0).contains(&one.hour)),
        "{raised:?}"
    );
    let over = roof.of("PV007", Change::Resolved);
    assert!(over.len() == 3 && over.iter().all(|one| one.day == 2), "{over:?}");
    // East before noon, west after it.
    let mut roof = Hall::roof();
    roof.play(2, 20.0, |_, at| {
        let turn = (at.hour - 12.25) / 10.0;
        strings(
            at,
            &[9.0 * (1.0 - turn), 9.0 * (1.0 - turn), 9.0 * (1.0 + turn), 9.0 * (1.0 + turn)],
        )
    });
    assert!(roof.raised("PV007").is_empty(), "{:?}", roof.raised("PV007"));
}

#[test]
fn insulation_that_is_low_all_day_is_told_and_dew_is_not() {
    for (what, morning_ohm, noon_ohm, fires) in
        [("low", 60e3, 80e3, true), ("dew", 40e3, 900e3, false), ("none", 0.0, 0.0, false)]
    {
        let mut roof = Hall::roof();
        roof.play(2, 20.0, |_, at| {
            let mut said = making(at, 1.0)?;
            let ohm = if at.hour < 9.5 { morning_ohm } else { noon_ohm };
            said.extend(numbers(&[("insulation_ohm", ohm)]));
            Some(said)
        });
        let raised = roof.raised("PV008");
        assert_eq!(raised.len(), if fires { 3 } else { 0 }, "{what}: {raised:?}");
        assert!(raised.iter().all(|one| one.hour > 10.0), "{raised:?}");
    }
}

#[test]
fn a_residual_current_is_told_at_once_and_once_and_a_trip_is_no_danger() {
    for (code, rule, other) in [("2051", "PV009", "PV002"), ("2032", "PV002", "PV009")] {
        let mut roof = Hall::roof();
        roof.play(0, 12.0, |id, at| {
            let mut said = making(at, 1.0)?;
            if id == "b" && at.hour > 10.0 {
                said = numbers(&[("ac_power_w", 0.0), ("state", 7.0)]);
                said.push(("fault".to_owned(), Value::Codes(vec![Arc::from(code)].into())));
            }
            Some(said)
        });
        let raised = roof.raised(rule);
        assert_eq!(raised.len(), 1, "{code}: {:?}", roof.happened);
        assert!(roof.raised(other).is_empty(), "{code}");
        if rule == "PV009" {
            assert!(
                raised[0].severity == Severity::Critical && raised[0].hour < 10.1,
                "{raised:?}"
            );
        }
    }
}

#[test]
fn an_inverter_at_its_limit_is_noted_and_one_under_clouds_is_not() {
    for (limit, cloud, fires) in [(50.0, 1.0, true), (50.0, 0.3, false), (100.0, 1.0, false)] {
        let mut roof = Hall::roof();
        roof.play(0, 23.0, |id, at| {
            let share = (at.light * cloud).min(limit / 100.0);
            let mut said = numbers(&[("ac_power_w", RATED_W * share), ("state", 4.0)]);
            said.extend(numbers(&[("power_limit_percent", limit)]));
            (at.light > 0.03 && id == "a").then_some(said)
        });
        let raised = roof.raised("PV019");
        assert_eq!(raised.len(), usize::from(fires), "{limit} {cloud}: {raised:?}");
        assert_eq!(roof.of("PV019", Change::Resolved).len(), usize::from(fires), "{limit} {cloud}");
    }
}

fn meter(declared_w: Option<f64>) -> Hall {
    Hall::new(&[("m", DeviceKind::Meter)], MINUTE_MS, declared_w)
}

#[test]
fn a_meter_whose_voltage_never_moves_is_frozen() {
    for (moves, fires) in [(0.0, false), (12.0, true)] {
        let mut hall = meter(None);
        hall.play(0, 14.0, |_, at| {
            // It stands still between two hours of the day.
            let still = (8.0..8.0 + moves).contains(&at.hour) && at.hour < 11.5;
            let volts = if still { 229.0 } else { 229.0 + (at.hour * 37.0).sin() };
            // A load that does not change at night is nothing strange.
            Some(numbers(&[("phase_a_voltage_v", volts), ("ac_power_w", 500.0)]))
        });
        let raised = hall.raised("MT003");
        assert_eq!(raised.len(), usize::from(fires), "{raised:?}");
        assert!(raised.iter().all(|one| one.hour > 9.9), "{raised:?}");
        assert_eq!(hall.of("MT003", Change::Resolved).len(), usize::from(fires));
    }
}

#[test]
fn demand_near_what_is_declared_is_told_and_a_short_peak_is_not() {
    let demand = |declared_w: Option<f64>, power_w: f64, minutes: f64| {
        let mut hall = meter(declared_w);
        hall.play(0, 12.0, |_, at| {
            let peak = (9.0..9.0 + minutes / 60.0).contains(&at.hour);
            Some(numbers(&[("ac_power_w", if peak { power_w } else { 40_000.0 })]))
        });
        let worst = hall.happened.iter().filter(|one| one.rule == "MT005").map(|one| one.severity);
        worst.max()
    };
    let declared_w = Some(100_000.0);
    assert_eq!(demand(declared_w, 95_000.0, 60.0), Some(Severity::Major));
    assert_eq!(demand(declared_w, 108_000.0, 60.0), Some(Severity::Critical));
    assert_eq!(demand(declared_w, 85_000.0, 60.0), None);
    assert_eq!(demand(declared_w, 120_000.0, 5.0), None, "an elevator");
    assert_eq!(demand(None, 120_000.0, 60.0), None, "nothing is declared");
}

#[test]
fn phases_and_power_factor_matter_under_load() {
    let told = |power_w: f64, weak_a: f64, factor: Option<f64>| {
        let mut hall = meter(Some(100_000.0));
        hall.play(0, 3.0, |_, _| {
            let mut said = numbers(&[
                ("ac_power_w", power_w),
                ("phase_a_current_a", 100.0),
                ("phase_b_current_a", 96.0),
                ("phase_c_current_a", weak_a),
            ]);
            said.extend(factor.map(|factor| ("power_factor".to_owned(), Value::Float(factor))));
            Some(said)
        });
        hall.raised("MT007").len()
    };
    assert_eq!(told(60_000.0, 60.0, None), 1);
    assert_eq!(told(60_000.0, 80.0, Some(0.98)), 0);
    assert_eq!(told(60_000.0, 80.0, Some(0.85)), 1);
    assert_eq!(told(5_000.0, 10.0, Some(0.4)), 0, "at night nothing weighs");
}

#[test]
fn somebody_who_tries_passwords_is_told_and_a_slip_or_a_restart_is_not() {
    let told = |count: &dyn Fn(f64) -> f64| {
        let mut hall = Hall::new(&[("gateway", DeviceKind::Gateway)], 30_000, None);
        hall.play(0, 2.0, |_, at| {
            Some(numbers(&[("logins_refused_total", count(at.hour)), ("disk_free_percent", 60.0)]))
        });
        hall.raised("SY005").len()
    };
    assert_eq!(told(&|hour| if hour > 1.05 { 9.0 } else { 2.0 }), 1);
    assert_eq!(told(&|hour| (hour * 6.0).floor()), 0, "a slip now and then");
    assert_eq!(told(&|hour| if hour > 1.0 { 0.0 } else { 400.0 }), 0, "the gateway started again");
}
