//! One virtual self-service machine: visitors come, paper runs out, parts break; and the message
//! in which it tells so.
//!
//! Pure: it is told the time and its troubles. No message holds anything about a visitor.

use jiff::tz::TimeZone;
use serde_json::{Map, Value, json};

use crate::model::{DeviceKind, Timestamp};

use super::noise::{hash, unit};
use super::{day, roster};

/// Time between two visitors that may come, milliseconds.
const VISIT_MS: i64 = 10_000;
/// A roll or a tray, sheets.
const PAPER_FULL: u32 = 800;
/// From here on the sensor says "low".
const PAPER_LOW: u32 = 60;
/// At this the attendant, who has seen "low" for long, brings paper.
const PAPER_REFILL: u32 = 5;
/// What is left when the script wants the sensor to say "low".
const PAPER_SCRIPTED: u32 = 45;

/// Something that is wrong with a machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum KioskTrouble {
    /// The paper sensor says "low".
    PaperLow,
    /// No paper: out of service. When it ends, somebody has refilled it.
    PaperOut,
    /// A part reports a hardware error.
    PartBroken(&'static str),
    /// The cabinet stands open.
    DoorOpen,
    /// A sheet is stuck.
    PaperJam,
    /// The platform behind it cannot be reached.
    BackendDown,
    /// The application has stopped.
    AppDown,
    /// It has lost its network: the connection dies without a goodbye.
    Offline,
}

/// What a machine is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KioskSpec {
    /// Its id, also the client id.
    pub id: String,
    /// What it serves.
    pub kind: DeviceKind,
    /// Zone of the building, a topic level.
    pub zone: String,
}

impl KioskSpec {
    /// Parts besides the printer, as the message names them.
    #[must_use]
    pub const fn parts(&self) -> &'static [&'static str] {
        match self.kind {
            DeviceKind::TicketMachine => &["idcard", "touch", "speaker"],
            DeviceKind::HealthCheckMachine => &[
                "idcard", "camera", "face", "scale", "height", "vision", "hearing", "speaker",
                "touch", "lamp",
            ],
            DeviceKind::TaxTerminal => {
                &["idcard", "face", "camera", "scanner", "seal", "taxkey", "touch"]
            }
            DeviceKind::ApprovalKiosk => &["idcard", "face", "scanner", "seal", "touch"],
            DeviceKind::SocialSecurityKiosk => {
                &["idcard", "socialcard", "face", "dispenser", "pinpad", "touch"]
            }
            DeviceKind::MedicalInsuranceKiosk => {
                &["idcard", "socialcard", "face", "camera", "barcode", "touch"]
            }
            DeviceKind::Display => &["display"],
            DeviceKind::ZoneController => &["camera", "speaker", "hvac"],
            _ => &[],
        }
    }

    /// Runs an application for visitors.
    const fn serves(&self) -> bool {
        !matches!(self.kind, DeviceKind::ZoneController)
    }

    /// Talks to a platform of its trade.
    const fn has_backend(&self) -> bool {
        self.serves() && !matches!(self.kind, DeviceKind::TicketMachine)
    }

    const fn prints(&self) -> bool {
        !matches!(self.kind, DeviceKind::Display | DeviceKind::ZoneController)
    }

    const fn stock(&self) -> Option<&'static str> {
        match self.kind {
            DeviceKind::TaxTerminal => Some("invoice"),
            DeviceKind::SocialSecurityKiosk => Some("card"),
            _ => None,
        }
    }

    /// Visitors per [`VISIT_MS`], as a chance.
    const fn visits(&self) -> f64 {
        match self.kind {
            DeviceKind::TicketMachine => 0.45,
            DeviceKind::Display | DeviceKind::ZoneController => 0.0,
            _ => 0.06,
        }
    }

    /// The point that counts whom it serves.
    pub(super) const fn counts(&self) -> Option<&'static str> {
        match self.kind {
            DeviceKind::TicketMachine => Some("tickets_total"),
            DeviceKind::Display | DeviceKind::ZoneController => None,
            _ => Some("transactions_total"),
        }
    }

    /// The topic of its status.
    #[must_use]
    pub fn topic(&self) -> String {
        format!("hall/{}/{}/{}/status", self.zone, self.kind.as_str(), self.id)
    }

    /// Its last will.
    #[must_use]
    pub fn will(&self) -> String {
        json!({ "device": "offline", "id": self.id }).to_string()
    }
}

/// A machine at one moment.
#[derive(Debug, Clone)]
pub struct Kiosk {
    spec: KioskSpec,
    seed: u64,
    stream: u64,
    visit: i64,
    seq: u64,
    paper: u32,
    stock: u32,
    served: u64,
    pages: u64,
    boots: u64,
    troubles: Vec<KioskTrouble>,
    start: Timestamp,
    time_zone: TimeZone,
}

impl Kiosk {
    /// A machine that has been in use for a while.
    #[must_use]
    pub fn new(spec: KioskSpec, seed: u64, start: Timestamp, time_zone: TimeZone) -> Self {
        let stream =
            spec.id.bytes().fold(1_000, |sum, byte| hash(seed, sum, i64::from(byte)) >> 16);
        let paper = 150 + (hash(seed, stream, -1) % 600) as u32;
        let served = 2_000 + hash(seed, stream, -2) % 50_000;
        let visit = start.ms().div_euclid(VISIT_MS);
        Self {
            seq: 0,
            paper,
            stock: 120 + paper / 3,
            served,
            pages: served * 2,
            boots: 3 + hash(seed, stream, -3) % 40,
            troubles: Vec::new(),
            spec,
            seed,
            stream,
            visit,
            start,
            time_zone,
        }
    }

    /// What it is.
    #[must_use]
    pub const fn spec(&self) -> &KioskSpec {
        &self.spec
    }

    /// The same machine on the morning of `start`: all is well, and somebody has looked after its paper.
    pub(super) fn begun(mut self, start: Timestamp) -> Self {
        self.step(start, &[]);
        let Self { paper, stock, .. } =
            Self::new(self.spec.clone(), self.seed, start, self.time_zone.clone());
        (self.paper, self.stock, self.start) = (paper, stock, start);
        self.troubles.clear();
        self
    }

    /// Counts on from what its counters showed last.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // a counter
    pub(super) fn go_on(&mut self, shown: &impl Fn(&str, &str) -> Option<f64>) {
        let Some(by_kind) = self.spec.counts() else { return };
        let of = |point| shown(&self.spec.id, point).map(|total| total as u64);
        (self.served, self.pages) =
            (of(by_kind).unwrap_or(self.served), of("pages_total").unwrap_or(self.pages));
    }

    /// Whom it served, and the pages it printed.
    pub(super) const fn counters_shown(&self) -> (u64, u64) {
        (self.served, self.pages)
    }

    fn has(&self, trouble: KioskTrouble) -> bool {
        self.troubles.contains(&trouble)
    }

    fn in_service(&self) -> bool {
        let no_paper = self.spec.prints() && self.paper == 0;
        let stopped = [KioskTrouble::AppDown, KioskTrouble::PaperJam, KioskTrouble::BackendDown];
        !(no_paper || stopped.into_iter().any(|trouble| self.has(trouble)))
    }

    /// Lives on to `now` with these troubles. `true` if something changed that must be told at
    /// once; visitors and their paper wait for the heartbeat.
    pub fn step(&mut self, now: Timestamp, troubles: &[KioskTrouble]) -> bool {
        let before = (self.troubles.clone(), self.paper_word());
        self.troubles = troubles.to_vec();
        self.wear(now);
        let last = now.ms().div_euclid(VISIT_MS);
        for visit in self.visit.max(last - 360)..last {
            if self.in_service() && unit(self.seed, self.stream, visit) < self.chance(visit) {
                self.serve();
            }
        }
        self.visit = last;
        if self.has(KioskTrouble::PaperOut) {
            self.paper = 0;
        } else if self.has(KioskTrouble::PaperLow) {
            self.paper = self.paper.clamp(1, PAPER_SCRIPTED);
        } else if self.paper <= PAPER_REFILL {
            self.paper = PAPER_FULL;
        }
        before != (self.troubles.clone(), self.paper_word())
    }

    /// Visitors of one span of time, as a chance: the rhythm of the day.
    fn chance(&self, visit: i64) -> f64 {
        let always_open = self.spec.zone == roster::ALWAYS_OPEN;
        self.spec.visits() * day::rhythm(visit * VISIT_MS, &self.time_zone, always_open)
    }

    /// What breaks by itself, by the habit of its kind.
    fn wear(&mut self, now: Timestamp) {
        let own = day::wear(&self.spec, self.seed, self.stream, self.start, now);
        let new = own.into_iter().filter(|trouble| !self.troubles.contains(trouble));
        self.troubles.extend(new.collect::<Vec<_>>());
    }

    fn serve(&mut self) {
        self.served += 1;
        self.pages += 1;
        self.paper = self.paper.saturating_sub(1).max(1);
        self.stock = if self.stock <= 20 { 250 } else { self.stock - 1 };
    }

    const fn paper_word(&self) -> &'static str {
        match self.paper {
            0 => "out",
            1..=PAPER_LOW => "low",
            _ => "full",
        }
    }

    /// Its next message.
    pub fn message(&mut self, now: Timestamp) -> String {
        self.seq += 1;
        let time = jiff::Timestamp::from_millisecond(now.ms()).unwrap_or_default();
        let zoned = time.to_zoned_datetime(self.time_zone.clone());
        let mut message = Map::new();
        let mut put = |key: &str, value: Value| message.insert(key.to_owned(), value);
        put("ts", zoned.strftime("%Y-%m-%dT%H:%M:%S%.3f%:z").to_string().into());
        put("seq", self.seq.into());
        put("id", self.spec.id.clone().into());
        put("device", "online".into());
        put("mode", "run".into());
        let stopped = self.has(KioskTrouble::AppDown) || self.spec.prints() && self.paper == 0;
        let app = if stopped { "outOfService" } else { "inService" };
        if self.spec.serves() {
            put("app", self.app(app));
        }
        if self.spec.has_backend() {
            let expires = now.plus_ms((40 + self.boots.cast_signed()) * 24 * 3600 * 1000);
            let expires = jiff::Timestamp::from_millisecond(expires.ms()).unwrap_or_default();
            put("certs", json!([{ "not_after": expires.to_string() }]));
        }
        if self.spec.kind == DeviceKind::ZoneController {
            put("entrance", "closed".into());
            put("alarm", "idle".into());
            put("lights", true.into());
            put("room_temp_c", json!(23.5));
        }
        put("faults", json!([]));
        put("parts", Value::Object(self.parts()));
        if let Some(stock) = self.spec.stock() {
            let level = if self.stock <= 40 { "low" } else { "ok" };
            put("stocks", json!({ stock: { "level": level, "left": self.stock } }));
        }
        if self.spec.prints() {
            let open = self.has(KioskTrouble::DoorOpen);
            put("door", if open { "open" } else { "closed" }.into());
        }
        put("ups", "good".into());
        put("counters", self.counters());
        let busy = unit(self.seed, self.stream, now.ms().div_euclid(15_000));
        let host = json!({
            "cpu_percent": (80.0 + 250.0 * busy).round() / 10.0,
            "disk_free_percent": 40 + self.boots,
            "temp_c": (410.0 + 60.0 * busy).round() / 10.0,
        });
        put("host", host);
        Value::Object(message).to_string()
    }

    fn app(&self, state: &str) -> Value {
        let down = self.has(KioskTrouble::BackendDown);
        let backend = if down { "unreachable" } else { "reachable" };
        match self.spec.has_backend() {
            true => json!({ "state": state, "version": "3.2.1", "backend": backend }),
            false => json!({ "state": state, "version": "3.2.1" }),
        }
    }

    fn parts(&self) -> Map<String, Value> {
        let mut parts = Map::new();
        if self.spec.prints() {
            let printer = json!({
                "device": self.part_word("printer"),
                "paper": if self.has(KioskTrouble::PaperJam) { "jammed" } else { self.paper_word() },
                "left": self.paper,
                "toner": "full",
                "cutter": "notPresent",
            });
            parts.insert("printer".to_owned(), printer);
        }
        for part in self.spec.parts() {
            parts.insert((*part).to_owned(), json!({ "device": self.part_word(part) }));
        }
        parts
    }

    fn part_word(&self, part: &'static str) -> &'static str {
        if self.has(KioskTrouble::PartBroken(part)) { "hardwareError" } else { "online" }
    }

    fn counters(&self) -> Value {
        match self.spec.kind {
            DeviceKind::TicketMachine => {
                json!({ "tickets": self.served, "pages": self.pages, "boots": self.boots })
            }
            DeviceKind::Display => json!({ "boots": self.boots }),
            _ => {
                json!({ "transactions": self.served, "pages": self.pages, "boots": self.boots })
            }
        }
    }
}
