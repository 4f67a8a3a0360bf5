//! The contract with the page as types that bear no further and no missing field.
#![allow(dead_code)] // read by the decoder

use serde::Deserialize;
use serde_json::Value;

macro_rules! wire {
    ($($name:ident { $($field:ident: $type:ty,)* })*) => {
        $(
            #[derive(Debug, Deserialize)]
            #[serde(deny_unknown_fields)]
            pub(crate) struct $name { $(#[serde(deserialize_with = "present")] pub(crate) $field: $type,)* }
        )*
    };
}

/// An `Option` may be null but not absent.
fn present<'de, D: serde::Deserializer<'de>, T: Deserialize<'de>>(input: D) -> Result<T, D::Error> {
    T::deserialize(input)
}

wire! {
    Text { zh: String, en: String, }
    Tick { now_ms: i64, }
    Site {
        id: String, name: Text, time_zone: String, latitude_deg: f64, longitude_deg: f64,
    }
    Named { id: String, name: Text, }
    Hall {
        site: Site, demo: Option<Text>, version: String, zones: Vec<Named>, kinds: Vec<Named>,
        login_required: bool, logged_in: bool, now_ms: i64,
    }
    SiteName { name: Text, }
    LockedHall { site: SiteName, version: String, login_required: bool, logged_in: bool, }
    Devices { now_ms: i64, devices: Vec<Device>, }
    DeviceAnswer { now_ms: i64, device: Device, }
    Device {
        id: String, name: Text, zone: String, kind: String, profile: String,
        state: Option<State>, health: String, reason: Option<Text>, last_seen_ms: Option<i64>,
        stale_after_ms: i64, link: Link, points: Vec<Point>, faults: Vec<Fault>,
        open_alerts: usize,
    }
    State { code: String, text: Text, }
    Link { up: bool, reason: Option<Text>, }
    Point {
        name: String, label: Text, unit: String, value: Value, text: Option<Text>,
        quality: String,
    }
    Fault { code: String, text: Text, severity: String, }
    Pv {
        now_ms: i64, power_w: Option<f64>, rated_power_w: f64, inverters_reporting: usize,
        inverters_total: usize, energy_today_wh: Option<f64>, energy_today_since_ms: Option<i64>,
        sun: Sun, curve_step_ms: i64, curve: Vec<(i64, Option<f64>)>,
    }
    Sun { elevation_deg: f64, sunrise_ms: Option<i64>, sunset_ms: Option<i64>, }
    Alerts { now_ms: i64, alerts: Vec<Alert>, }
    Suspects { now_ms: i64, suspects: Vec<Suspect>, }
    Suspect {
        rule: String, severity: String, device: Option<String>, device_name: Text,
        zone: Option<String>, text: Text, since_ms: i64, due_ms: i64,
    }
    Channels { now_ms: i64, channels: Vec<Value>, }
    Alert {
        id: String, rule: String, severity: String, state: String, device: Option<String>,
        device_name: Text, zone: Option<String>, kind: Option<String>, text: Text, advice: Text,
        since_ms: i64, raised_ms: i64, resolved_ms: Option<i64>,
        acknowledged: Option<Acknowledged>, evidence: Vec<Evidence>,
        silenced: Option<String>, inhibited: Option<String>, flapping: bool, told: Vec<String>,
        cost: Cost, labels: std::collections::BTreeMap<String, String>,
    }
    Cost { energy_wh: f64, money: Option<f64>, service_ms: i64, }
    Acknowledged { by: String, note: String, at_ms: i64, until_ms: Option<i64>, }
    Evidence { label: Text, value: String, }
    System {
        now_ms: i64, journal: Journal, sinks: Vec<Sink>, sources: Vec<Source>,
        rejected: Vec<Rejected>,
    }
    Journal {
        state: String, readings_committed: u64, position: u64, size_bytes: u64,
        disk_free_bytes: u64,
    }
    Sink {
        name: String, kind: String, state: String, delivered: u64, without_line: u64,
        dead_letters: u64, dead_letters_waiting: u64, resent: u64, lag_readings: u64, backlog_readings: u64, lag_ms: i64,
        fresh_lag_ms: i64, last_error: Option<SinkError>, jobs: Vec<Job>,
        jobs_done: Vec<Job>,
    }
    SinkError { class: String, text: Text, detail: String, time_ms: i64, }
    Job {
        id: u64, cause: String, dead_letters_again: bool, from_ms: i64, to_ms: i64, next_ms: i64,
        lines: u64, dead_letters: u64, of: Option<u64>,
    }
    Data {
        now_ms: i64, from_ms: i64, to_ms: i64, counted_since_ms: Option<i64>, sinks: Vec<Sink>,
        sources: Vec<Proof>,
    }
    Proof {
        device: String, name: Text, read: u64, kept: u64, doubled: u64, not_kept: u64,
        readings: u64, sinks: Vec<AtSink>, gaps: Vec<Gap>, gaps_ms: i64,
    }
    AtSink {
        sink: String, delivered: u64, without_line: u64, dead_letters: u64, recovered: u64,
        owed: Option<u64>,
    }
    Gap { from_ms: i64, to_ms: i64, cause: String, text: Text, }
    Audit {
        month: String, from: String, to: String, kept: u64, doubled: u64, not_kept: u64,
        on_disk: u64, missing: u64, sinks: Vec<AuditSink>, differences: Vec<Value>,
    }
    AuditSink {
        sink: String, delivered: u64, without_line: u64, dead_letters: u64, recovered: u64,
        owed: Option<u64>,
    }
    Past { device: String, edges_ms: Vec<i64>, points: Vec<Series>, parts: Vec<PartOfPast>, }
    Series {
        name: String, label: Text, unit: String, count: Vec<u64>, mean: Vec<Option<f64>>,
        min: Vec<Option<f64>>, max: Vec<Option<f64>>, last: Vec<Option<f64>>,
        time_weighted_mean: Vec<Option<f64>>, increase: Vec<Option<f64>>,
    }
    PartOfPast {
        from_ms: i64, to_ms: i64, origin: String, sink: Option<String>, problem: Option<String>,
        hint: Option<Text>,
    }
    Letters { now_ms: i64, letters: Vec<Letter>, }
    Letter {
        position: u64, time_ms: i64, lines: usize, line: String, device: Option<String>,
        from_ms: i64, to_ms: i64, status: u16, message: String,
    }
    Source { name: String, kind: String, state: String, devices: usize, reason: Option<Text>, }
    Rejected { reason: String, text: Text, count: u64, }
    Buses { now_ms: i64, total: usize, bounds_ms: Vec<u32>, buses: Vec<Bus>, }
    Bus {
        name: String, transport: String, watched_ms: u64, utilisation: f64, busy_ms: u64,
        connects: u64, connect_failures: u64, crc_errors: u64, noise_bytes: u64, echoes: u64,
        late_answers: u64, foreign_frames: u64, lateness: Durations, findings: Vec<Finding>,
        units: Vec<BusUnit>,
    }
    BusUnit {
        unit: u8, devices: Vec<String>, questions: u64, answers: u64, unanswered: u64,
        timeouts: u64, exceptions: Vec<Exceptions>, bad_answers: u64, closed: u64,
        latency: Durations,
    }
    Exceptions { code: u8, count: u64, text: Text, }
    Durations {
        counts: Vec<u64>, total: u64, p50_ms: Option<u64>, p95_ms: Option<u64>,
        max_ms: Option<u64>,
    }
    Finding { weight: String, unit: Option<u8>, text: Text, }
    Plan {
        device: String, line: String, unit: u8, reads: Vec<Read>, holes: Vec<Hole>,
        absent: Vec<String>, sunspec: Option<Sunspec>,
    }
    Read {
        function: u8, start: u16, count: u16, every: u32, rests: bool,
        exception: Option<u8>, points: Vec<String>,
    }
    Hole { function: u8, first: u16, count: u16, exception: u8, text: Text, }
    Sunspec { base: u16, end: String, whole: bool, models: Vec<Model>, }
    Model {
        model: u16, address: u16, length: u16, name: Option<String>, fit: String, instance: u16,
        points: usize,
    }
    Registers { now_ms: i64, device: String, registers: Vec<Register>, }
    Register {
        name: String, vendor: String, label: Text, unit: String, function: u8, address: u16,
        count: u16, words: Vec<String>, value: Value, text: Option<Text>, quality: String,
        reason: Option<Text>, read_ms: Option<i64>,
    }
}
