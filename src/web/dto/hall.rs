//! The hall as a whole, and its roof, on the wire.

use serde::Serialize;

use crate::live::Board;
use crate::model::{self, DeviceKind, Site, Timestamp, Zone};
use crate::pv;

use super::Text;

/// What the page has to know before anything else.
#[derive(Debug, Serialize)]
pub(in crate::web) struct Hall {
    site: SiteAnswer,
    demo: Option<Text>,
    version: &'static str,
    zones: Vec<Named>,
    kinds: Vec<Named>,
    login_required: bool,
    logged_in: bool,
    now_ms: i64,
}

#[derive(Debug, Serialize)]
struct SiteAnswer {
    id: String,
    name: Text,
    time_zone: String,
    latitude_deg: f64,
    longitude_deg: f64,
}

#[derive(Debug, Serialize)]
struct Named {
    id: String,
    name: Text,
}

impl Hall {
    pub(in crate::web) fn of(
        board: &Board,
        zones: &[Zone],
        demo: Option<&model::Text>,
        login_required: bool,
        now: Timestamp,
    ) -> Self {
        let site: &Site = &board.site;
        let used = |kind: &&DeviceKind| board.iter().any(|live| live.device.kind == **kind);
        let kinds = DeviceKind::ALL.iter().filter(used);
        Self {
            site: SiteAnswer {
                id: site.id.clone(),
                name: Text::from(&site.name),
                time_zone: site.time_zone.iana_name().unwrap_or("UTC").to_owned(),
                latitude_deg: site.latitude_deg,
                longitude_deg: site.longitude_deg,
            },
            demo: demo.map(Text::from),
            version: env!("CARGO_PKG_VERSION"),
            zones: zones
                .iter()
                .map(|zone| Named { id: zone.id.to_string(), name: Text::from(&zone.name) })
                .collect(),
            kinds: kinds
                .map(|kind| Named { id: kind.as_str().to_owned(), name: kind.text().into() })
                .collect(),
            login_required,
            logged_in: true,
            now_ms: now.ms(),
        }
    }
}

/// What the login page may know.
#[derive(Debug, Serialize)]
pub(in crate::web) struct LockedHall {
    site: SiteName,
    version: &'static str,
    login_required: bool,
    logged_in: bool,
}

#[derive(Debug, Serialize)]
struct SiteName {
    name: Text,
}

impl LockedHall {
    pub(in crate::web) fn of(site: &Site) -> Self {
        Self {
            site: SiteName { name: Text::from(&site.name) },
            version: env!("CARGO_PKG_VERSION"),
            login_required: true,
            logged_in: false,
        }
    }
}

/// The roof.
#[derive(Debug, Serialize)]
pub(in crate::web) struct Pv {
    now_ms: i64,
    power_w: Option<f64>,
    rated_power_w: f64,
    inverters_reporting: usize,
    inverters_total: usize,
    energy_today_wh: Option<f64>,
    energy_today_since_ms: Option<i64>,
    sun: Sun,
    curve_step_ms: i64,
    curve: Vec<(i64, Option<f64>)>,
}

#[derive(Debug, Serialize)]
struct Sun {
    elevation_deg: f64,
    sunrise_ms: Option<i64>,
    sunset_ms: Option<i64>,
}

impl Pv {
    pub(in crate::web) fn of(pv: pv::Pv, now: Timestamp) -> Self {
        let round = |watts: f64| (watts * 10.0).round() / 10.0;
        Self {
            now_ms: now.ms(),
            power_w: pv.power_w,
            rated_power_w: pv.rated_power_w,
            inverters_reporting: pv.inverters_reporting,
            inverters_total: pv.inverters_total,
            energy_today_wh: pv.energy_today_wh,
            energy_today_since_ms: pv.energy_today_since.map(Timestamp::ms),
            sun: Sun {
                elevation_deg: pv.sun_elevation_deg,
                sunrise_ms: pv.sunrise.map(Timestamp::ms),
                sunset_ms: pv.sunset.map(Timestamp::ms),
            },
            curve_step_ms: pv::CURVE_STEP_MS,
            curve: pv.curve.into_iter().map(|(at, w)| (at.ms(), w.map(round))).collect(),
        }
    }
}
