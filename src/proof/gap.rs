//! When nothing came from a source, and why.

use std::collections::BTreeMap;

use crate::history::Presence;
use crate::model::{Device, DeviceId, DeviceKind, Link, LinkFault, LinkState, Site, Timestamp};
use crate::sky;

/// So long before a gap a link may have broken that explains it, in ages of old values.
const BEFORE: i64 = 2;
/// An inverter that wakes after sunrise and goes to sleep before sunset was asleep.
const TWILIGHT_DEG: f64 = 5.0;
const STEPS: i64 = 8;

/// Why nothing came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cause {
    /// The gateway itself kept nothing: it did not run, or its disk took nothing.
    Gateway,
    /// The sun was down, and the inverter asleep.
    Night,
    /// The link was down.
    Link(LinkFault),
    /// The link was up, and the device sent nothing that was kept.
    Silent,
}

/// A time without a reading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gap {
    /// The last reading before it, or the beginning of the span.
    pub from: Timestamp,
    /// The first reading after it, or the end of the span.
    pub to: Timestamp,
    /// Why.
    pub cause: Cause,
}

/// What gaps are explained by.
pub(super) struct Causes<'a> {
    site: &'a Site,
    /// How each link changed, in order.
    links: BTreeMap<DeviceId, Vec<Link>>,
    /// When no gateway ran.
    pauses: Vec<(Timestamp, Timestamp)>,
    /// When the gateway kept nothing.
    gateway: Vec<(Timestamp, Timestamp)>,
}

impl<'a> Causes<'a> {
    pub(super) fn new(
        site: &'a Site,
        links: Vec<Link>,
        pauses: Vec<(Timestamp, Timestamp)>,
        devices: &[Device],
        presences: &BTreeMap<DeviceId, Presence>,
    ) -> Self {
        let mut of_device: BTreeMap<DeviceId, Vec<Link>> = BTreeMap::new();
        for link in links {
            of_device.entry(link.device.clone()).or_default().push(link);
        }
        let gateway = devices.iter().find(|device| device.kind == DeviceKind::Gateway);
        let gateway = gateway.and_then(|device| presences.get(&device.id));
        let gateway = gateway.map(|presence| presence.gaps.clone()).unwrap_or_default();
        Self { site, links: of_device, pauses, gateway }
    }

    pub(super) fn explain(&self, device: &Device, (from, to): (Timestamp, Timestamp)) -> Gap {
        Gap { from, to, cause: self.cause(device, from, to) }
    }

    fn cause(&self, device: &Device, from: Timestamp, to: Timestamp) -> Cause {
        let length = to.since_ms(from).max(1);
        // The gateway's own readings come seldom: its gap and this one cover each other for the most.
        let shared = |(a, b): &(Timestamp, Timestamp)| to.min(*b).since_ms(from.max(*a)).max(0);
        let away: i64 = self.gateway.iter().map(shared).sum();
        // A short stop leaves no gap in the gateway's own readings.
        let paused: i64 = self.pauses.iter().map(shared).sum();
        let most = away.max(paused).saturating_mul(2) > length;
        if device.kind == DeviceKind::Gateway || most {
            return Cause::Gateway;
        }
        if device.kind == DeviceKind::Inverter && self.was_night(from, to) {
            return Cause::Night;
        }
        let links = self.links.get(&device.id).map(Vec::as_slice).unwrap_or_default();
        let earliest = from.plus_ms(-BEFORE * device.stale_after_ms);
        let before = links.iter().rev().find(|link| link.time < earliest);
        let amid = links.iter().filter(|link| link.time >= earliest && link.time < to);
        let mut fault = before.into_iter().chain(amid).filter_map(|link| match &link.state {
            LinkState::Down { fault, .. } => Some(*fault),
            LinkState::Up => None,
        });
        fault.next_back().map_or(Cause::Silent, Cause::Link)
    }

    fn was_night(&self, from: Timestamp, to: Timestamp) -> bool {
        let step = (to.since_ms(from) / STEPS).max(1);
        (0..=STEPS).all(|n| {
            let at = from.plus_ms(step * n);
            let sun = sky::sun(self.site.latitude_deg, self.site.longitude_deg, at);
            sun.elevation_deg < TWILIGHT_DEG
        })
    }
}
