//! Opens the rooms that stand on what the last run left.

use std::sync::Arc;

use crate::alert::{self, AlertError, Alerts, Channels, OverdueRepair, OverdueRepairs};
use crate::config::Hall;
use crate::history::{History, HistoryError};
use crate::influx::Sink;
use crate::live::Board;
use crate::model::{Site, Text, Timestamp};
use crate::profile::Profile;
use crate::repair;
use crate::service;
use crate::source::own;

use super::Common;

/// The alerts, with everything that they look after.
pub(super) fn open_alerts(
    hall: &Hall,
    board: Board,
    service: &service::Handle,
    (history, sinks): (&History, &[Sink]),
    told: &Channels,
    common: &Common,
) -> Result<(alert::Handle, Alerts), AlertError> {
    let Common { journal, clock, .. } = common.clone();
    let rules = hall.alert.rules.clone();
    let (handle, alerts) = Alerts::open(journal, rules, board, service.clone(), clock)?;
    let alerts = alerts.with_hours(hall.service.clone());
    let (policy, tariffs) = (hall.alert.policy.clone(), hall.alert.tariffs.clone());
    let alerts = alerts.telling(policy, tariffs, told.clone());
    let devices =
        format!("{:?}", hall.devices.iter().map(|(device, _)| device).collect::<Vec<_>>());
    let (rules, now) = (&hall.alert.rules, common.clock.now());
    let configured = alert::configured(&common.journal, &devices, rules, now)?;
    let alerts = alerts.behind(hall.alert.switches.clone());
    let alerts = alerts.configured(configured);
    Ok((handle, alerts.watching(history.clone(), sinks.to_vec())))
}

/// The alerts ask the orders what is overdue by contract.
pub(super) fn tell_overdue(orders: &repair::Handle, overdue: &OverdueRepairs, site: &Arc<Site>) {
    let (orders, site) = (orders.clone(), site.clone());
    overdue.ask_by(move || {
        let one = |late: repair::Overdue| OverdueRepair {
            order: late.order,
            device: late.device,
            late: match late.late {
                repair::Late::Response => Text::new("到场", "response"),
                repair::Late::Repair => Text::new("修复", "repair"),
            },
            due: late.due.map_or_else(|| Text::same("–"), |due| Text::same(minute(due, &site))),
        };
        orders.overdue().into_iter().map(one).collect()
    });
}

/// A local time for people.
fn minute(time: Timestamp, site: &Site) -> String {
    let time = jiff::Timestamp::from_millisecond(time.ms()).unwrap_or_default();
    site.time_zone.to_datetime(time).strftime("%m-%d %H:%M").to_string()
}

/// A board filled with what is known from before.
pub(super) fn board(hall: &Hall, history: &History, common: &Common) -> Board {
    let now = common.clock.now();
    let configured = hall.devices.iter().map(|(d, p)| (d.clone(), Some(p.clone())));
    let own = own::device(&hall.zones).map(|device| (Arc::new(device), None::<Arc<Profile>>));
    let lines = hall.modbus.iter().flat_map(|bus| {
        let name: Arc<str> = Arc::from(bus.name.as_str());
        bus.units.iter().map(move |unit| (unit.device.id.clone(), name.clone()))
    });
    let board = Board::new(hall.site.clone(), configured.chain(own), now);
    let mut board = board.with_lines(lines).with_declared(&hall.alert.declared_demand_w);
    let recalled = common.journal.archive().map_err(HistoryError::from);
    let recalled = recalled.and_then(|archive| board.recall(&archive, history, now));
    if let Err(error) = recalled {
        tracing::warn!(%error, "the page begins empty: the last readings cannot be read");
    }
    board
}
