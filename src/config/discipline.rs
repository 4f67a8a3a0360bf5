//! The discipline on the wire, as far as the configuration says anything of it: the device's word
//! counts before that of its bus, and both before the profile's.

use crate::profile::BusRules;

use super::section::Section;

/// Its keys, the same in `[[bus]]` and `[[device]]`.
pub(super) const KEYS: [&str; 7] = [
    "timeout_ms",
    "gap_ms",
    "pause_after_connect_ms",
    "registers_per_read_max",
    "read_through_max",
    "window_registers",
    "close_after_cycle",
];

/// What one section says.
#[derive(Debug, Clone, Default)]
pub(super) struct Discipline {
    timeout_ms: Option<u32>,
    gap_ms: Option<u32>,
    pause_after_connect_ms: Option<u32>,
    registers_per_read_max: Option<u16>,
    read_through_max: Option<u16>,
    window_registers: Option<u16>,
    pub(super) close_after_cycle: Option<bool>,
}

impl Discipline {
    /// Reads the keys of a section.
    pub(super) fn of(section: &Section<'_>) -> Self {
        let number = |key, bounds| section.whole::<u32>(key, bounds).map(|given| given.value);
        let registers = |key, bounds| section.whole::<u16>(key, bounds).map(|given| given.value);
        Self {
            timeout_ms: number("timeout_ms", 50..=60_000),
            gap_ms: number("gap_ms", 0..=10_000),
            pause_after_connect_ms: number("pause_after_connect_ms", 0..=60_000),
            registers_per_read_max: registers("registers_per_read_max", 1..=125),
            read_through_max: registers("read_through_max", 0..=124),
            window_registers: registers("window_registers", 0..=10_000),
            close_after_cycle: section.get("close_after_cycle").map(|given| given.value),
        }
    }

    /// The profile's rules on this bus. How many registers a gateway passes on says nothing of how
    /// many the device behind it bears: of two limits the smaller one counts.
    pub(super) fn of_bus(&self, profile: &BusRules) -> BusRules {
        let longest = profile.registers_per_read_max;
        let through = profile.read_through_max;
        let narrowed = Self {
            registers_per_read_max: self.registers_per_read_max.map(|max| max.min(longest)),
            read_through_max: self.read_through_max.map(|max| max.min(through)),
            ..self.clone()
        };
        narrowed.over(profile)
    }

    /// These rules with what is said here instead.
    pub(super) fn over(&self, rules: &BusRules) -> BusRules {
        BusRules {
            timeout_ms: self.timeout_ms.unwrap_or(rules.timeout_ms),
            gap_ms: self.gap_ms.unwrap_or(rules.gap_ms),
            pause_after_connect_ms: self
                .pause_after_connect_ms
                .unwrap_or(rules.pause_after_connect_ms),
            registers_per_read_max: self
                .registers_per_read_max
                .unwrap_or(rules.registers_per_read_max),
            read_through_max: self.read_through_max.unwrap_or(rules.read_through_max),
            window_registers: self.window_registers.unwrap_or(rules.window_registers),
            close_after_cycle: self.close_after_cycle.unwrap_or(rules.close_after_cycle),
            ..rules.clone()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn profile() -> BusRules {
        BusRules {
            port: 502,
            unit: 1,
            registers_per_read_max: 60,
            read_through_max: 4,
            window_registers: 0,
            gap_ms: 30,
            pause_after_connect_ms: 0,
            timeout_ms: 2_000,
            connections_max: 1,
            close_after_cycle: false,
        }
    }

    #[test]
    fn the_device_counts_before_the_bus_and_the_bus_before_the_profile() {
        let bus = Discipline { timeout_ms: Some(500), gap_ms: Some(100), ..Discipline::default() };
        let device = Discipline { timeout_ms: Some(900), ..Discipline::default() };
        let rules = device.over(&bus.of_bus(&profile()));
        assert_eq!((rules.timeout_ms, rules.gap_ms), (900, 100));
        assert_eq!((rules.registers_per_read_max, rules.pause_after_connect_ms), (60, 0));
    }

    #[test]
    fn a_bus_narrows_what_the_profile_reads_at_once_and_a_device_may_widen_it() {
        let limit = |max| Discipline { registers_per_read_max: Some(max), ..Discipline::default() };
        assert_eq!(limit(125).of_bus(&profile()).registers_per_read_max, 60);
        assert_eq!(limit(20).of_bus(&profile()).registers_per_read_max, 20);
        assert_eq!(limit(125).over(&profile()).registers_per_read_max, 125);
    }
}
