//! The day of a machine: when visitors come, and what breaks by itself. Pure; the same seed gives the
//! same day.

use jiff::tz::TimeZone;

use crate::model::{DeviceKind, Timestamp};

use super::kiosk::{KioskSpec, KioskTrouble};
use super::noise::unit;

const HOUR_MS: i64 = 3600 * 1000;
const MINUTE_MS: i64 = 60 * 1000;
/// Nothing breaks by itself in the first quarter of an hour: what is seen then is the script.
const QUIET_MS: i64 = 15 * MINUTE_MS;

/// Share of the busiest hour's visitors, by the hour of the day; mornings are full.
const RHYTHM: [f64; 24] = [
    0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.1, 0.8, 1.0, 0.9, 0.4, 0.5, 0.9, 0.8, 0.5, 0.1, 0.0,
    0.0, 0.0, 0.0, 0.0, 0.0,
];
/// The same in a zone that never closes: some come late, few at night.
const RHYTHM_ALWAYS: [f64; 24] = [
    0.03, 0.02, 0.01, 0.01, 0.01, 0.02, 0.05, 0.1, 0.3, 0.7, 0.9, 0.8, 0.5, 0.5, 0.7, 0.7, 0.6,
    0.6, 0.5, 0.4, 0.3, 0.2, 0.1, 0.05,
];

/// What a kind of machine is known for: the trouble, mean hours between two of them, and how long one
/// stays, minutes.
type Habit = (KioskTrouble, f64, i64);

const fn habits(kind: DeviceKind) -> &'static [Habit] {
    use KioskTrouble::{AppDown, BackendDown, DoorOpen, PaperJam, PartBroken};
    match kind {
        // Thermal printers jam; visitors pull at the tickets.
        DeviceKind::TicketMachine => &[(PaperJam, 30.0, 12), (PartBroken("idcard"), 90.0, 40)],
        // Scales and cameras suffer most, and the door is left open.
        DeviceKind::HealthCheckMachine => &[
            (PartBroken("scale"), 60.0, 50),
            (PartBroken("camera"), 80.0, 30),
            (DoorOpen, 40.0, 5),
        ],
        // The tax key wants its driver again, the platform has its maintenance.
        DeviceKind::TaxTerminal => {
            &[(PartBroken("taxkey"), 70.0, 25), (BackendDown, 100.0, 15), (PaperJam, 80.0, 15)]
        }
        DeviceKind::ApprovalKiosk => &[(PartBroken("scanner"), 60.0, 35), (AppDown, 90.0, 20)],
        // Cards stick in the dispenser.
        DeviceKind::SocialSecurityKiosk => {
            &[(PartBroken("dispenser"), 45.0, 30), (PartBroken("socialcard"), 90.0, 30)]
        }
        DeviceKind::MedicalInsuranceKiosk => {
            &[(PartBroken("barcode"), 70.0, 20), (BackendDown, 90.0, 15)]
        }
        DeviceKind::Display => &[(AppDown, 120.0, 10)],
        _ => &[],
    }
}

/// Share of the busiest visitors at a moment.
pub(super) fn rhythm(ms: i64, zone: &TimeZone, always_open: bool) -> f64 {
    let time = jiff::Timestamp::from_millisecond(ms).unwrap_or_default();
    let hour = usize::try_from(time.to_zoned_datetime(zone.clone()).hour()).unwrap_or(0);
    let table = if always_open { &RHYTHM_ALWAYS } else { &RHYTHM };
    table.get(hour).copied().unwrap_or(0.0)
}

/// What is broken of itself at `now`.
pub(super) fn wear(
    spec: &KioskSpec,
    seed: u64,
    stream: u64,
    start: Timestamp,
    now: Timestamp,
) -> Vec<KioskTrouble> {
    if now.since_ms(start) < QUIET_MS {
        return Vec::new();
    }
    let (hour, within_ms) = (now.ms().div_euclid(HOUR_MS), now.ms().rem_euclid(HOUR_MS));
    let mut troubles = Vec::new();
    for (n, (trouble, mean_h, lasting_min)) in (1u64..).zip(habits(spec.kind)) {
        let stream = stream.wrapping_add(n << 40);
        // It begins at some minute of the hour, so that it is over before the next.
        let room_ms = HOUR_MS - lasting_min * MINUTE_MS;
        #[allow(clippy::cast_possible_truncation, clippy::cast_precision_loss)]
        let begins_ms = (unit(seed, stream ^ 1, hour) * room_ms as f64) as i64;
        let ends_ms = begins_ms + lasting_min * MINUTE_MS;
        if unit(seed, stream, hour) < 1.0 / mean_h && (begins_ms..ends_ms).contains(&within_ms) {
            troubles.push(*trouble);
        }
    }
    troubles
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_machine_breaks_about_as_often_as_it_is_known_for() {
        let start = Timestamp::from_ms(0);
        for kind in DeviceKind::ALL {
            let spec = KioskSpec { id: "x".into(), kind: *kind, zone: "z".into() };
            let habits = habits(*kind);
            let mut minutes = vec![0.0; habits.len()];
            for minute in 15..60 * 24 * 365 {
                let now = Timestamp::from_ms(minute * MINUTE_MS);
                for trouble in wear(&spec, 7, 99, start, now) {
                    let n = habits.iter().position(|habit| habit.0 == trouble).expect("known");
                    minutes[n] += 1.0;
                }
            }
            for ((trouble, mean_h, lasting_min), found) in habits.iter().zip(minutes) {
                let wanted = 24.0 * 365.0 / mean_h * *lasting_min as f64;
                assert!(
                    (found / wanted - 1.0).abs() < 0.4,
                    "{kind:?} {trouble:?}: {found} of {wanted}"
                );
            }
        }
    }

    #[test]
    fn visitors_come_in_the_morning_and_a_zone_that_never_closes_has_some_at_night() {
        let zone = TimeZone::get("Asia/Shanghai").expect("zone");
        let at = |hour: i64, always| rhythm((hour - 8) * HOUR_MS, &zone, always);
        assert!(at(10, false) > at(12, false) && at(12, false) > at(17, false));
        assert_eq!((at(3, false), at(22, false)), (0.0, 0.0));
        assert!(at(3, true) > 0.0 && at(3, true) < at(21, true));
    }
}
