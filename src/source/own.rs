//! The gateway's own health, as readings of the device `gateway`: the same alerts, pages and
//! reports as for every other device, no second mechanism.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::journal::JournalError;
use crate::model::{
    Decimal, Device, DeviceId, DeviceKind, PointName, Quality, Reading, Record, Sample, Text,
    Value, Zone, ZoneId,
};
use crate::tally::Happening;

use super::{Context, SourceHealth};

/// Id of the gateway itself; the configuration cannot give it to another device.
pub const GATEWAY: &str = "gateway";
/// Time between two readings of the gateway.
pub const INTERVAL: Duration = Duration::from_secs(30);

/// As the page counts wrong passwords.
const WRONG_PASSWORD: &str = "password";

/// The gateway as a device of its own; it stands in the first zone.
#[must_use]
pub fn device(zones: &[Zone]) -> Option<Device> {
    let zone = zones.first().map(|zone| zone.id.clone());
    let interval_ms = i64::try_from(INTERVAL.as_millis()).unwrap_or(i64::MAX);
    Some(Device {
        id: DeviceId::parse(GATEWAY).ok()?,
        name: Text::new("采集网关", "gateway"),
        zone: zone.or_else(|| ZoneId::parse(GATEWAY).ok())?,
        kind: DeviceKind::Gateway,
        profile: GATEWAY.to_owned(),
        rated_power_w: None,
        interval_ms,
        stale_after_ms: 3 * interval_ms,
    })
}

/// Writes the gateway's own readings until told to stop.
pub async fn run(context: Context, stop: CancellationToken) {
    let mut ticks = tokio::time::interval(INTERVAL);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = ticks.tick() => {}
        }
        let Some(reading) = measure(&context) else { return };
        let record = Record::Reading(reading);
        match context.journal.append(vec![record.clone()]).await {
            Ok(_) => {}
            Err(JournalError::Closed) => return,
            Err(error) => {
                context.tally.count(Happening::NotKept, error.as_str());
                context.journal.lose(std::iter::once(&record));
            }
        }
    }
}

fn measure(context: &Context) -> Option<Reading> {
    let Context { journal, clock, tally, sources } = context;
    let status = journal.status();
    // Of those that deliver (`influx:main`, `webhook:duty`). The program's own followers keep their place
    // every few minutes only, and are not behind because of that.
    let delivering = status.cursors.iter().filter(|(name, _)| name.contains(':'));
    let slowest = delivering.map(|(_, at)| at.0).min().unwrap_or(status.head.0);
    let down = sources.all().iter().filter(|(_, s)| s.health == SourceHealth::Down).count();
    let refused = tally.labels(Happening::WebRefused);
    let passwords = refused.iter().filter(|(why, _)| why == WRONG_PASSWORD);
    let logins_refused: u64 = passwords.map(|(_, count)| count).sum();
    let free_percent = status.disk_free_bytes.saturating_mul(100) / status.disk_bytes.max(1);
    let numbers = [
        ("sources_down", down as u64),
        ("disk_free_percent", free_percent),
        ("journal_lag_records", status.head.0.saturating_sub(slowest)),
        ("journal_bytes", status.size_bytes),
        ("disk_free_bytes", status.disk_free_bytes),
        ("readings_total", tally.total(Happening::ReadingKept)),
        ("rejected_total", tally.total(Happening::Rejected)),
        ("logins_refused_total", logins_refused),
    ];
    let samples = numbers.into_iter().filter_map(|(point, number)| {
        let value = Value::Decimal(Decimal::whole(i64::try_from(number).ok()?));
        Some(Sample { point: PointName::parse(point).ok()?, value, quality: Quality::Good })
    });
    let time = clock.now();
    let device = DeviceId::parse(GATEWAY).ok()?;
    Some(Reading { device, time, received: time, message: 0, samples: samples.collect() })
}
