//! A year of a hall that is made up, and of which every watt-hour is known.
//!
//! Every inverter makes 85 % of what its modules would make of the light at their temperature, and the
//! light holds for five minutes: so its PR'25 is 0.85, whatever the weather was.

use std::path::Path;
use std::sync::Arc;

use hallwatch::books::Books;
use hallwatch::clock::{ManualClock, SharedClock};
use hallwatch::config;
use hallwatch::history::{self, History, Packer};
use hallwatch::journal::{self, Journal};
use hallwatch::model::{
    Decimal, DeviceId, PointName, Quality, Reading, Record, Sample, Timestamp, Value,
};
use hallwatch::past::Past;
use hallwatch::report::Reports;
use hallwatch::simulate::Place;
use hallwatch::tally::Tally;

/// 2026-01-01 00:00 in Beijing.
pub(crate) const START_MS: i64 = 1_767_196_800_000;
pub(crate) const MINUTE_MS: i64 = 60_000;
pub(crate) const RECORD_MS: i64 = 5 * MINUTE_MS;
pub(crate) const DAY_MS: i64 = 24 * 60 * MINUTE_MS;
pub(crate) const PR_25: f64 = 0.85;
pub(crate) const GAMMA_PER_K: f64 = -0.0035;
pub(crate) const BATCH: usize = 4_000;
/// Readings between two runs of the packer.
pub(crate) const PACK: usize = 400_000;

/// How many of each.
#[derive(Clone, Copy)]
pub(crate) struct Size {
    pub(crate) inverters: usize,
    pub(crate) meters: usize,
    pub(crate) kiosks: usize,
    pub(crate) days: i64,
    /// Minutes between two readings of a device.
    pub(crate) every_min: i64,
}

/// What was made and used, in thousandths of a watt-hour.
#[derive(Default)]
pub(crate) struct Truth {
    /// By inverter.
    pub(crate) made: Vec<i64>,
    /// By meter.
    pub(crate) drawn: Vec<i64>,
}

pub(crate) fn rated_w(n: usize) -> f64 {
    30_000.0 + 5_000.0 * (n % 5) as f64
}

pub(crate) fn hall_toml(size: Size) -> String {
    let mut file = String::from(
        r#"
[site]
id = "year"
name = { zh = "一年", en = "a year" }
latitude_deg = 39.9
longitude_deg = 116.4
altitude_m = 44
time_zone = "Asia/Shanghai"
[data]
folder = "."
[mqtt]
address = "127.0.0.1:9"
client_id = "hallwatch"
[report]
area_m2 = 15000
people = 600
[[tariff]]
from = "2020-01-01"
price_per_kwh = 0.8
[[zone]]
id = "roof"
name = { zh = "屋顶", en = "roof" }
"#,
    );
    let every_s = size.every_min * 60;
    let mut device = |id: &str, rest: &str| {
        file.push_str(&format!(
            "[[device]]\nid = \"{id}\"\nname = {{ zh = \"{id}\", en = \"{id}\" }}\nzone = \"roof\"\n\
             interval_s = {every_s}\n{rest}\n"
        ));
    };
    for n in 0..size.inverters {
        let (w, unit) = (rated_w(n), n + 1);
        device(
            &format!("inv-{n:02}"),
            &format!(
                "profile = \"huawei-sun2000\"\nmodbus = \"127.0.0.1:9\"\nunit = {unit}\nrated_power_w = {w:?}\n\
                 arrays = [{{ dc_rated_power_w = {w:?}, tilt_deg = 10, azimuth_deg = 180 }}]"
            ),
        );
    }
    for n in 0..size.meters {
        let (role, unit) = (if n == 0 { "main" } else { "sub" }, 101 + n);
        let parent = match n {
            0 => "code = \"01E00\"",
            _ => "parent = \"meter-00\"\ncode = \"01A10\"",
        };
        device(
            &format!("meter-{n:02}"),
            &format!(
                "profile = \"acrel-adl400\"\nmodbus = \"127.0.0.1:9\"\nunit = {unit}\nrole = \"{role}\"\n{parent}"
            ),
        );
    }
    device("weather-00", "profile = \"huawei-emi\"\nmodbus = \"127.0.0.1:9\"\nunit = 99");
    for n in 0..size.kiosks {
        device(&format!("tm-{n:02}"), "profile = \"ticket-machine\"\nmqtt = true");
    }
    file
}

pub(crate) fn record(device: &str, ms: i64, values: &[(&str, f64, i8)]) -> Record {
    let time = Timestamp::from_ms(ms);
    let sample = |(point, value, exponent): &(&str, f64, i8)| {
        let mantissa = (value * 10_f64.powi(-i32::from(*exponent))).round() as i64;
        Sample {
            point: PointName::parse(point).unwrap(),
            value: Value::Decimal(Decimal { mantissa, exponent: *exponent }),
            quality: Quality::Good,
        }
    };
    let device = DeviceId::parse(device).unwrap();
    let samples = values.iter().map(sample).collect();
    Record::Reading(Reading { device, time, received: time, message: 0, samples })
}

/// What all devices say in a minute.
pub(crate) fn minute(place: &Place, size: Size, minute: i64, truth: &mut Truth) -> Vec<Record> {
    let ms = START_MS + minute * MINUTE_MS;
    let weather = place.weather(Timestamp::from_ms(ms.div_euclid(RECORD_MS) * RECORD_MS));
    // As the registers of the sensors show them.
    let (poa, module_c) = (weather.poa_wm2.round(), (weather.module_c * 10.0).round() / 10.0);
    let mut records = Vec::with_capacity(size.inverters + size.meters + size.kiosks + 1);
    for n in 0..size.inverters {
        let w = rated_w(n);
        let ac_w = w * poa / 1_000.0 * (1.0 + GAMMA_PER_K * (module_c - 25.0)) * PR_25;
        let (ac_w, made) = (ac_w.max(0.0), truth.made[n]);
        let values = [
            ("ac_power_w", ac_w, -3),
            ("dc_power_w", ac_w / 0.98, 0),
            ("energy_total_wh", made as f64 / 1_000.0 + 5e7, 1),
            ("state", if ac_w > 0.0 { 4.0 } else { 2.0 }, 0),
        ];
        records.push(record(&format!("inv-{n:02}"), ms, &values));
        truth.made[n] += (ac_w * 1_000.0 / 60.0) as i64 * size.every_min;
    }
    for n in 0..size.meters {
        let load_w = if n == 0 { 60_000.0 } else { 6_000.0 } + f64::from(minute as i32 % 60) * 10.0;
        let drawn = truth.drawn[n] as f64 / 1_000.0;
        let values = [
            ("energy_import_wh", drawn + 9e8, 1),
            ("energy_export_wh", 1e6, 1),
            ("ac_power_w", load_w, 0),
        ];
        records.push(record(&format!("meter-{n:02}"), ms, &values));
        truth.drawn[n] += (load_w * 1_000.0 / 60.0) as i64 * size.every_min;
    }
    let values = [
        ("irradiance_poa_wm2", poa, 0),
        ("module_temp_c", module_c, -1),
        ("ambient_temp_c", weather.ambient_c, -1),
        ("wind_speed_ms", weather.wind_ms, -1),
    ];
    records.push(record("weather-00", ms, &values));
    for n in 0..size.kiosks {
        let values = [("cpu_percent", 20.0, 0), ("tickets_total", (minute / 3) as f64, 0)];
        records.push(record(&format!("tm-{n:02}"), ms, &values));
    }
    records
}

pub(crate) struct Hall {
    pub(crate) reports: Reports,
    pub(crate) journal: Journal,
    pub(crate) packer: Packer,
    pub(crate) history: History,
    pub(crate) config: config::Hall,
    pub(crate) clock: SharedClock,
}

/// A hall in a folder, with what else its configuration says.
pub(crate) fn open(folder: &Path, size: Size, more: &str) -> Hall {
    let file = folder.join("hall.toml");
    std::fs::write(&file, hall_toml(size) + more).expect("written");
    let hall = config::read(&file).expect("a sound configuration");
    let clock: SharedClock =
        Arc::new(ManualClock::new(Timestamp::from_ms(START_MS + size.days * DAY_MS)));
    let config = journal::Config {
        commit_wait_ms: 0,
        zone: hall.site.time_zone.clone(),
        ..journal::Config::new(folder.to_owned())
    };
    let journal = Journal::open(&config, clock.clone(), Tally::new()).expect("journal");
    let past = history::Config::default();
    let (history, packer) = History::open(&past, &journal, clock.clone()).expect("history");
    let databases = hall.databases(&clock).expect("databases");
    let past = Past::new(history.clone(), databases, clock.clone());
    let books = Books::open(&journal, clock.clone()).expect("books");
    let reports = hall.reports(past, books, folder, clock.clone());
    Hall { reports, journal, packer, history, config: hall, clock }
}

impl Truth {
    pub(crate) fn new(size: Size) -> Self {
        Self { made: vec![0; size.inverters], drawn: vec![0; size.meters] }
    }
}

/// Makes all days; of what a device says in a minute only that is kept which is heard.
pub(crate) async fn fill(
    hall: &mut Hall,
    size: Size,
    truth: &mut Truth,
    heard: impl Fn(&Record, i64) -> bool,
) {
    let heard = |said: Vec<Record>, n| said.into_iter().filter(|record| heard(record, n)).collect();
    fill_with(hall, size, truth, heard).await;
}

/// The same; what comes in in a minute is made of what the devices say.
pub(crate) async fn fill_with(
    hall: &mut Hall,
    size: Size,
    truth: &mut Truth,
    mut comes: impl FnMut(Vec<Record>, i64) -> Vec<Record>,
) {
    let time_zone = jiff::tz::TimeZone::get("Asia/Shanghai").expect("zone");
    let place = Place { latitude_deg: 39.9, longitude_deg: 116.4, time_zone, seed: 7 };
    let (mut batch, mut since) = (Vec::new(), 0);
    let last = size.days * 1_440;
    for n in (0..=last).step_by(usize::try_from(size.every_min).unwrap()) {
        // What comes after the last reading is no part of the year.
        let mut after = Truth { made: truth.made.clone(), drawn: truth.drawn.clone() };
        let said = minute(&place, size, n, if n == last { &mut after } else { truth });
        batch.extend(comes(said, n));
        if batch.len() >= BATCH {
            since += batch.len();
            hall.journal.append(std::mem::take(&mut batch)).await.expect("kept");
        }
        if since > PACK {
            since = 0;
            hall.packer.pack().await.expect("packed");
        }
    }
    hall.journal.append(batch).await.expect("kept");
    hall.packer.pack().await.expect("packed");
}
