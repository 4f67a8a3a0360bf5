//! What goes wrong in the virtual hall, and when: a pure function of the time since its start.
//!
//! A cycle takes six minutes; each cycle has the same troubles with other devices, so that a page
//! always has something to show and every trouble also ends.

use std::collections::BTreeMap;

use super::inverter::Condition;
use super::kiosk::KioskTrouble;

/// Length of a cycle, seconds.
const CYCLE_S: i64 = 360;

/// Which devices have which trouble in turn, from second to second of a cycle.
struct Act {
    from_s: i64,
    to_s: i64,
    trouble: KioskTrouble,
    /// One of them per cycle. The first are in the 24-hour zone, whose alerts do not wait for
    /// opening hours.
    devices: &'static [&'static str],
}

const PAPER: &[&str] = &["tm-05", "tm-01", "tax-01", "mi-01", "tm-02", "ap-01", "ss-01", "tm-03"];

const ACTS: &[Act] = &[
    Act { from_s: 10, to_s: 20, trouble: KioskTrouble::PaperLow, devices: PAPER },
    Act { from_s: 20, to_s: 160, trouble: KioskTrouble::PaperOut, devices: PAPER },
    Act {
        from_s: 60,
        to_s: 250,
        trouble: KioskTrouble::PartBroken("idcard"),
        devices: &["tax-02", "ap-02", "ss-02", "mi-02", "hc-01"],
    },
    Act {
        from_s: 90,
        to_s: 210,
        trouble: KioskTrouble::Offline,
        devices: &["ap-05", "dp-02", "tax-06", "ss-04"],
    },
    Act {
        from_s: 220,
        to_s: 300,
        trouble: KioskTrouble::DoorOpen,
        devices: &["hc-02", "tax-03", "mi-01"],
    },
    Act {
        from_s: 240,
        to_s: 340,
        trouble: KioskTrouble::AppDown,
        devices: &["mi-03", "ap-07", "hc-04"],
    },
];

/// An inverter trips from second 15 to 150.
const TRIP_S: std::ops::Range<i64> = 15..150;
/// It is one of the first three of the hall, which have these alarms in their profile:
/// insulation, loss of the grid, residual current.
const TRIP_CODES: [&str; 3] = ["2062", "2032", "2051"];

/// Whether things go wrong.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Script {
    /// As in life.
    #[default]
    Troubles,
    /// Nothing ever goes wrong.
    Peace,
}

impl Script {
    /// Conditions of the inverters that are not healthy, by number, `since_ms` after the start.
    #[must_use]
    pub fn inverters(self, since_ms: i64) -> BTreeMap<usize, Condition> {
        let (cycle, second) = place(since_ms);
        let turn = cycle % TRIP_CODES.len();
        match TRIP_CODES.get(turn) {
            Some(code) if self == Self::Troubles && TRIP_S.contains(&second) => {
                BTreeMap::from([(turn, Condition::Fault(vec![(*code).to_owned()]))])
            }
            _ => BTreeMap::new(),
        }
    }

    /// Troubles of the machines that have any, by id, `since_ms` after the start.
    #[must_use]
    pub fn kiosks(self, since_ms: i64) -> BTreeMap<&'static str, Vec<KioskTrouble>> {
        let mut troubles: BTreeMap<&'static str, Vec<KioskTrouble>> = BTreeMap::new();
        if self == Self::Peace {
            return troubles;
        }
        let (cycle, second) = place(since_ms);
        for act in ACTS.iter().filter(|act| (act.from_s..act.to_s).contains(&second)) {
            if let Some(device) = act.devices.iter().cycle().nth(cycle % act.devices.len()) {
                troubles.entry(device).or_default().push(act.trouble);
            }
        }
        troubles
    }
}

/// Number of the cycle and second within it; before the start nothing happens.
fn place(since_ms: i64) -> (usize, i64) {
    let seconds = since_ms.div_euclid(1000);
    if seconds < 0 {
        return (0, 0);
    }
    (usize::try_from(seconds / CYCLE_S).unwrap_or(0), seconds % CYCLE_S)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_cycle_is_as_announced_and_the_next_takes_other_devices() {
        let script = Script::Troubles;
        let paper = |s: i64, id| script.kiosks(s * 1000).get(id).cloned().unwrap_or_default();
        assert_eq!(paper(9, "tm-05"), []);
        assert_eq!(paper(10, "tm-05"), [KioskTrouble::PaperLow]);
        assert_eq!(paper(20, "tm-05"), [KioskTrouble::PaperOut]);
        assert_eq!(paper(160, "tm-05"), []);
        assert_eq!(paper(380, "tm-01"), [KioskTrouble::PaperOut]);
        let tripped = |s: i64| script.inverters(s * 1000).into_keys().collect::<Vec<_>>();
        assert_eq!((tripped(14), tripped(15), tripped(149)), (vec![], vec![0], vec![0]));
        assert_eq!((tripped(150), tripped(380), tripped(360 * 3 + 20)), (vec![], vec![1], vec![0]));
        assert!(
            Script::Peace.kiosks(20_000).is_empty() && Script::Peace.inverters(20_000).is_empty()
        );
        assert!(script.kiosks(-5).is_empty());
    }
}
