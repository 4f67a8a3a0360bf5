//! Whether the gateway's own clock can be believed: it must not jump, and machines of several kinds must not
//! agree that it is wrong. Pure.

use std::collections::BTreeSet;
use std::time::Duration;

use tokio::time::Instant;

use crate::live::{Board, Peers};
use crate::model::{Text, Timestamp, text};
use crate::service::{Finding, What};

/// A clock that moves so much otherwise than time does has jumped, milliseconds.
const JUMP_MS: i64 = 5_000;
/// A clock is set right soon after a start: that is as it should be.
const SETTLES: Duration = Duration::from_secs(600);
/// A jump is told for so long, milliseconds.
const TOLD_MS: i64 = 6 * 3_600_000;
/// So many machines have to agree, of so many kinds: those of one vendor may all be wrong.
const MACHINES_MIN: usize = 4;
const KINDS_MIN: usize = 2;
/// They agree when so many of a hundred say about the same, seconds.
const AGREE_PERCENT: usize = 80;
const SAME_S: f64 = 30.0;
/// What is off by less does no harm, seconds.
const OFF_S: f64 = 60.0;

/// Watches the gateway's own clock.
#[derive(Debug)]
pub(super) struct OwnClock {
    started: Instant,
    last: Option<(Timestamp, Instant)>,
    /// When it jumped, by the new time, and by how much, milliseconds.
    jumped: Option<(Timestamp, i64)>,
}

impl OwnClock {
    pub(super) const fn new(now: Instant) -> Self {
        Self { started: now, last: None, jumped: None }
    }

    /// It shows `wall` at this moment of the machine's running time.
    pub(super) fn look(&mut self, wall: Timestamp, now: Instant) {
        if let Some((before, at)) = self.last.replace((wall, now)) {
            let passed_ms = i64::try_from((now - at).as_millis()).unwrap_or(i64::MAX);
            let by_ms = wall.since_ms(before).saturating_sub(passed_ms);
            if by_ms.abs() > JUMP_MS && now - self.started > SETTLES {
                self.jumped = Some((wall, by_ms));
            }
        }
    }

    /// A jump of late.
    pub(super) fn jump(&self, now: Timestamp) -> Option<Finding> {
        let lately = |(at, _): &(Timestamp, i64)| (0..TOLD_MS).contains(&now.since_ms(*at));
        let (_, by_ms) = self.jumped.filter(lately)?;
        let seconds = by_ms.abs() / 1_000;
        let by = match by_ms > 0 {
            true => text!("向前 {seconds} 秒", "{seconds} s ahead"),
            false => text!("向后 {seconds} 秒", "{seconds} s back"),
        };
        Some(finding(What::ClockJumped, vec![("by", by)]))
    }
}

/// Machines agree that this clock is wrong.
pub(super) fn off(board: &Board, peers: &Peers) -> Option<Finding> {
    let mut kinds = BTreeSet::new();
    let mut skews = Vec::new();
    for live in board.iter().filter(|live| live.device.kind.is_kiosk()) {
        let skew = live.number("clock_skew_s").filter(|_| !board.health(live, peers).silent);
        if let Some(skew) = skew {
            kinds.insert(live.device.kind);
            skews.push(skew);
        }
    }
    skews.sort_by(f64::total_cmp);
    let middle = skews.get(skews.len() / 2).copied()?;
    let agree = skews.iter().filter(|skew| (*skew - middle).abs() <= SAME_S).count();
    if skews.len() < MACHINES_MIN
        || kinds.len() < KINDS_MIN
        || middle.abs() <= OFF_S
        || agree * 100 < skews.len() * AGREE_PERCENT
    {
        return None;
    }
    // To the minute: it is told once, not with every second.
    let minutes = (middle.abs() / 60.0).round();
    let by = match middle > 0.0 {
        true => text!("慢约 {minutes} 分钟", "about {minutes} min behind"),
        false => text!("快约 {minutes} 分钟", "about {minutes} min ahead"),
    };
    Some(finding(What::ClockOff, vec![("by", by)]))
}

fn finding(what: What, words: Vec<(&'static str, Text)>) -> Finding {
    let (device, severity, devices) = (None, None, Vec::new());
    Finding { what, device, part: "clock".to_owned(), severity, words, devices }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::model::{
        Device, DeviceId, DeviceKind, PointName, Quality, Reading, Record, Sample, Site, Value,
        ZoneId,
    };

    const NOW: Timestamp = Timestamp::from_ms(1_780_000_000_000);

    #[test]
    fn a_clock_that_jumps_is_told_for_hours_but_not_right_after_a_start() {
        let start = Instant::now();
        let at = |seconds: u64| start + Duration::from_secs(seconds);
        let wall = |seconds: i64| NOW.plus_ms(seconds * 1_000);
        let mut clock = OwnClock::new(start);
        clock.look(wall(0), at(0));
        clock.look(wall(4_000), at(1)); // set after the start
        assert!(clock.jump(wall(4_000)).is_none());
        clock.look(wall(4_700), at(701));
        clock.look(wall(4_704), at(702)); // three seconds are slewed away
        assert!(clock.jump(wall(4_704)).is_none());
        clock.look(wall(4_694), at(703));
        let found = clock.jump(wall(4_700)).expect("a jump");
        assert_eq!((found.what, found.words[0].1.en.as_str()), (What::ClockJumped, "11 s back"));
        assert!(clock.jump(wall(4_694 + 6 * 3_600)).is_none(), "long ago");
    }

    /// Machines of these kinds and skews, all heard just now.
    fn hall(machines: &[(DeviceKind, f64)]) -> Option<Finding> {
        let site = Site {
            id: "t".into(),
            name: Text::same("t"),
            latitude_deg: 39.9,
            longitude_deg: 116.4,
            altitude_m: 44.0,
            time_zone: jiff::tz::TimeZone::UTC,
        };
        let device = |(n, (kind, _)): (usize, &(DeviceKind, f64))| Device {
            id: DeviceId::parse(&format!("m-{n}")).expect("id"),
            name: Text::same("m"),
            zone: ZoneId::parse("z").expect("id"),
            kind: *kind,
            profile: "test".into(),
            rated_power_w: None,
            interval_ms: 60_000,
            stale_after_ms: 180_000,
        };
        let devices = machines.iter().enumerate().map(device);
        let devices = devices.map(|device| (Arc::new(device), None));
        let mut board = Board::new(Arc::new(site), devices, NOW);
        for (n, (_, skew)) in machines.iter().enumerate() {
            let sample = Sample {
                point: PointName::parse("clock_skew_s").expect("point"),
                value: Value::Float(*skew),
                quality: Quality::Good,
            };
            let device = DeviceId::parse(&format!("m-{n}")).expect("id");
            let (samples, message) = (vec![sample], 0);
            let reading = Reading { device, time: NOW, received: NOW, message, samples };
            board.apply(&Record::Reading(reading));
        }
        off(&board, &board.peers(NOW))
    }

    #[test]
    fn machines_of_several_kinds_that_agree_accuse_the_gateway() {
        use DeviceKind::{TaxTerminal as Tax, TicketMachine as Ticket};
        let agree = [(Ticket, 601.0), (Ticket, 599.0), (Tax, 605.0), (Tax, 590.0), (Tax, 0.5)];
        let found = hall(&agree).expect("the gateway is slow");
        assert_eq!(found.words[0].1.en, "about 10 min behind");
        for (what, machines) in [
            ("well", vec![(Ticket, 1.0), (Ticket, -2.0), (Tax, 0.0), (Tax, 3.0)]),
            ("one vendor", vec![(Ticket, 28_800.0); 6]),
            ("each by itself", vec![(Ticket, 90.0), (Ticket, 900.0), (Tax, -400.0), (Tax, 0.0)]),
            ("too few", vec![(Ticket, 601.0), (Tax, 601.0)]),
            ("nobody", Vec::new()),
        ] {
            assert_eq!(hall(&machines), None, "{what}");
        }
    }
}
