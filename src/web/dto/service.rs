//! How the machines serve, on the wire: `GET /api/v1/service`.

use serde::Serialize;

use crate::calendar::DayKind;
use crate::model::{DeviceKind, Timestamp, ZoneId, standard_point};
use crate::service::{
    Condition, Config, Kpi, MachineView, Overview, RefillView, ServiceZone, SupplyView, Urgency,
};

use super::Text;

/// The whole answer.
#[derive(Debug, Serialize)]
pub(in crate::web) struct Service {
    now_ms: i64,
    opening: Opening,
    refill: Refill,
    machines: Vec<Machine>,
    kinds: Vec<Kind>,
    calendar: Calendar,
}

#[derive(Debug, Serialize)]
struct Opening {
    zones: Vec<Zone>,
    check_ms: Option<i64>,
    checked: bool,
    of: usize,
    not_ready: Vec<NotReady>,
}

#[derive(Debug, Serialize)]
struct Zone {
    zone: String,
    name: Text,
    floor: Option<i16>,
    open: bool,
    always: bool,
    opens_ms: Option<i64>,
    closes_ms: Option<i64>,
}

#[derive(Debug, Serialize)]
struct NotReady {
    #[serde(flatten)]
    place: Place,
    kind: &'static str,
    condition: &'static str,
    condition_text: Text,
    reason: Option<Text>,
}

/// Which machine, and where it stands.
#[derive(Debug, Serialize)]
struct Place {
    device: String,
    name: Text,
    zone: String,
    zone_name: Text,
    floor: Option<i16>,
}

#[derive(Debug, Serialize)]
struct Refill {
    by_ms: Option<i64>,
    items: Vec<Item>,
}

#[derive(Debug, Serialize)]
struct Item {
    #[serde(flatten)]
    place: Place,
    supply: &'static str,
    label: Text,
    urgency: &'static str,
    at_ms: Option<i64>,
    left: Option<u64>,
}

#[derive(Debug, Serialize)]
struct Machine {
    #[serde(flatten)]
    place: Place,
    kind: &'static str,
    condition: &'static str,
    condition_text: Text,
    hurt: Vec<Text>,
    reason: Option<Text>,
    since_ms: Option<i64>,
    month: Month,
    supplies: Vec<Supply>,
}

#[derive(Debug, Serialize)]
struct Month {
    service_ms: i64,
    down_ms: i64,
    maintenance_ms: i64,
    unknown_ms: i64,
    availability: Option<f64>,
    failures: u32,
    mtbf_ms: Option<i64>,
    mttr_ms: Option<i64>,
}

#[derive(Debug, Serialize)]
struct Supply {
    supply: &'static str,
    label: Text,
    left: Option<u64>,
    at_ms: Option<i64>,
    reason: Text,
}

#[derive(Debug, Serialize)]
struct Kind {
    kind: &'static str,
    text: Text,
    of: usize,
    serving: usize,
    month: Month,
}

#[derive(Debug, Serialize)]
struct Calendar {
    today: Option<Text>,
    missing_year: Option<i16>,
}

impl Service {
    pub(in crate::web) fn of(overview: &Overview, config: &Config, now: Timestamp) -> Self {
        let now = overview.now.unwrap_or(now);
        let of_machines = |zone: &&ServiceZone| overview.machines.iter().any(|m| m.zone == zone.id);
        let zones = config.zones.iter().filter(of_machines);
        let zones = zones.map(|zone| Zone::of(zone, now)).collect();
        let not_ready = overview.opening.not_ready.iter();
        let not_ready = not_ready.filter_map(|n| overview.machines.get(*n));
        let items = overview.refill.iter().filter_map(|due| item(due, overview, config));
        let today = config.zones.first().map(|zone| {
            let day: DayKind = zone.calendar.day(zone.calendar.date_of(now));
            day.text().into()
        });
        Self {
            now_ms: now.ms(),
            opening: Opening {
                zones,
                check_ms: overview.opening.check.map(Timestamp::ms),
                checked: overview.opening.running,
                of: overview.opening.of,
                not_ready: not_ready.map(|machine| NotReady::of(machine, config)).collect(),
            },
            refill: Refill { by_ms: overview.refill_by.map(Timestamp::ms), items: items.collect() },
            machines: overview.machines.iter().map(|m| Machine::of(m, config, now)).collect(),
            kinds: overview.kinds.iter().map(|kind| kind_of(kind.kind, kind)).collect(),
            calendar: Calendar { today, missing_year: overview.missing_year },
        }
    }
}

fn kind_of(kind: DeviceKind, view: &crate::service::KindView) -> Kind {
    Kind {
        kind: kind.as_str(),
        text: kind.text().into(),
        of: view.of,
        serving: view.serving,
        month: Month::of(&view.month),
    }
}

impl Zone {
    fn of(zone: &ServiceZone, now: Timestamp) -> Self {
        let open = zone.calendar.is_open(now);
        let ms = |at: Option<Timestamp>| at.filter(|_| !zone.always).map(Timestamp::ms);
        Self {
            zone: zone.id.to_string(),
            name: (&zone.name).into(),
            floor: zone.floor,
            open,
            always: zone.always,
            opens_ms: ms(zone.calendar.opens_next(now).filter(|_| !open)),
            closes_ms: ms(zone.calendar.closes_next(now).filter(|_| open)),
        }
    }
}

impl Place {
    fn of(machine: &MachineView, config: &Config) -> Self {
        let zone: &ZoneId = &machine.zone;
        let known = config.zone(zone);
        Self {
            device: machine.device.to_string(),
            name: (&machine.name).into(),
            zone: zone.to_string(),
            zone_name: known
                .map_or_else(|| crate::model::Text::same(zone.as_str()), |zone| zone.name.clone())
                .into(),
            floor: known.and_then(|zone| zone.floor),
        }
    }
}

impl NotReady {
    fn of(machine: &MachineView, config: &Config) -> Self {
        Self {
            place: Place::of(machine, config),
            kind: machine.kind.as_str(),
            condition: machine.condition.as_str(),
            condition_text: machine.condition.text().into(),
            reason: machine.reason.as_ref().map(Text::from),
        }
    }
}

fn item(due: &RefillView, overview: &Overview, config: &Config) -> Option<Item> {
    let machine = overview.machines.get(due.machine)?;
    let supply = machine.supplies.get(due.supply)?;
    let urgency = match due.urgency {
        Urgency::Out => "out",
        Urgency::Low => "low",
        Urgency::RunsOut => "runs_out",
    };
    // When it ran out nobody wrote down.
    let at_ms = due.at.filter(|_| due.urgency != Urgency::Out).map(Timestamp::ms);
    let (place, left) = (Place::of(machine, config), supply.left);
    let (label, supply) = (label(supply), supply.supply);
    Some(Item { place, supply, label, urgency, at_ms, left })
}

fn label(supply: &SupplyView) -> Text {
    let known = standard_point(supply.supply).map(|point| point.label);
    known.unwrap_or_else(|| crate::model::Text::same(supply.supply)).into()
}

impl Machine {
    fn of(machine: &MachineView, config: &Config, now: Timestamp) -> Self {
        let condition: Condition = machine.condition;
        let supplies = machine.supplies.iter().map(|supply| Supply {
            supply: supply.supply,
            label: label(supply),
            left: supply.left,
            at_ms: supply.forecast.at(now).filter(|at| *at > now).map(Timestamp::ms),
            reason: supply.forecast.reason().into(),
        });
        Self {
            place: Place::of(machine, config),
            kind: machine.kind.as_str(),
            condition: condition.as_str(),
            condition_text: condition.text().into(),
            hurt: machine.hurt.iter().map(Text::from).collect(),
            reason: machine.reason.as_ref().map(Text::from),
            since_ms: machine.since.map(Timestamp::ms),
            month: Month::of(&machine.month),
            supplies: supplies.collect(),
        }
    }
}

impl Month {
    fn of(kpi: &Kpi) -> Self {
        Self {
            service_ms: kpi.service_ms,
            down_ms: kpi.down_ms,
            maintenance_ms: kpi.maintenance_ms,
            unknown_ms: kpi.unknown_ms,
            availability: kpi.availability(),
            failures: kpi.failures,
            mtbf_ms: kpi.mtbf_ms(),
            mttr_ms: kpi.mttr_ms(),
        }
    }
}
