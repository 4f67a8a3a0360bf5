//! Where a visitor finds another machine of the same kind that works.

use crate::model::{Device, DeviceId, ZoneId};
use crate::service::{Condition, MachineView};

/// The nearest machine of the same kind that serves: one in the same zone first, then by the number of
/// floors between; where floors are not known, last. `is_taken` says of which machines not to speak,
/// `floor_of` on which floor a zone is.
pub(super) fn nearest<'a>(
    device: &Device,
    machines: &'a [MachineView],
    is_taken: impl Fn(&DeviceId, &ZoneId) -> bool,
    floor_of: impl Fn(&ZoneId) -> Option<i16>,
) -> Option<&'a MachineView> {
    let own = floor_of(&device.zone);
    let serves = |machine: &&MachineView| {
        machine.kind == device.kind
            && machine.device != device.id
            && machine.condition == Condition::Serving
            && !is_taken(&machine.device, &machine.zone)
    };
    let distance = |machine: &&MachineView| {
        let floors = own.zip(floor_of(&machine.zone)).map_or(u16::MAX, |(a, b)| a.abs_diff(b));
        (machine.zone != device.zone, floors, machine.device.clone())
    };
    machines.iter().filter(serves).min_by_key(distance)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{DeviceKind, Text};
    use crate::service::Kpi;

    fn machine(id: &str, zone: &str, kind: DeviceKind, condition: Condition) -> MachineView {
        MachineView {
            device: DeviceId::parse(id).expect("id"),
            name: Text::same(id),
            kind,
            zone: ZoneId::parse(zone).expect("id"),
            condition,
            hurt: Vec::new(),
            reason: None,
            since: None,
            month: Kpi::default(),
            supplies: Vec::new(),
        }
    }

    #[test]
    fn the_same_zone_goes_before_the_same_floor_and_that_before_others() {
        use DeviceKind::{TaxTerminal, TicketMachine};
        let device = Device {
            id: DeviceId::parse("own").expect("id"),
            name: Text::same("own"),
            zone: ZoneId::parse("f1-a").expect("id"),
            kind: TicketMachine,
            profile: "any".to_owned(),
            rated_power_w: None,
            interval_ms: 1_000,
            stale_after_ms: 3_000,
        };
        let mut machines = vec![
            machine("own", "f1-a", TicketMachine, Condition::Serving),
            machine("tax", "f1-a", TaxTerminal, Condition::Serving),
            machine("down", "f1-a", TicketMachine, Condition::Down),
            machine("hurt", "f1-a", TicketMachine, Condition::Degraded),
            machine("attic", "nowhere", TicketMachine, Condition::Serving),
            machine("up", "f3-a", TicketMachine, Condition::Serving),
            machine("floor", "f1-b", TicketMachine, Condition::Serving),
            machine("zone", "f1-a", TicketMachine, Condition::Serving),
        ];
        let floor_of = |zone: &ZoneId| match zone.as_str() {
            "f1-a" | "f1-b" => Some(1),
            "f3-a" => Some(3),
            _ => None,
        };
        // Whatever is found is taken away, and the next one comes.
        for expected in ["zone", "floor", "up", "attic"] {
            let found = nearest(&device, &machines, |_, _| false, floor_of).expect("another");
            assert_eq!(found.device.as_str(), expected);
            machines.retain(|machine| machine.device.as_str() != expected);
        }
        assert!(nearest(&device, &machines, |_, _| false, floor_of).is_none());
        let other = [machine("zone", "f1-a", TicketMachine, Condition::Serving)];
        let taken = |id: &DeviceId, _: &ZoneId| id.as_str() == "zone";
        assert!(nearest(&device, &other, taken, floor_of).is_none());
    }
}
