//! Many devices behind one thing that is gone: a line, a switch, the broker; and lines that are asked more
//! than they can carry. One thing to look at instead of many. Pure.

use std::collections::BTreeSet;

use crate::live::{Board, DeviceLive, HealthState, Peers};
use crate::model::{DeviceId, Text};
use crate::service::{Finding, Stands, What};
use crate::source::modbus::LastMinute;

/// Fewer cycles in a minute say nothing of their punctuality.
const CYCLES_MIN: u64 = 4;

/// A switch of the network, and what is behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Switch {
    /// Its id, fit for addresses.
    pub id: String,
    /// Its name.
    pub name: Text,
    /// The devices behind it.
    pub devices: Vec<DeviceId>,
}

/// What is gone. Inverters that sleep are not gone, nor is what nobody has heard yet.
pub(super) fn gone(board: &Board, peers: &Peers, switches: &[Switch]) -> Vec<Finding> {
    let mut found = Vec::new();
    let offline = |live: &&DeviceLive| board.health(live, peers).state == HealthState::Offline;
    for line in peers.silent_lines() {
        let members: Vec<_> =
            board.iter().filter(|live| live.line.as_ref() == Some(line)).collect();
        if members.iter().all(offline) {
            let part = format!("line-{}", plain(line));
            found.push(finding(What::LineGone, &part, ("line", Text::same(&**line)), &members));
        }
    }
    for switch in switches {
        let members: Vec<_> =
            switch.devices.iter().filter_map(|id| board.get(id.as_str())).collect();
        if members.len() > 1 && members.iter().all(offline) {
            let part = format!("switch-{}", switch.id);
            let word = ("switch", switch.name.clone());
            found.push(finding(What::SwitchGone, &part, word, &members));
        }
    }
    let unheard: Vec<_> = board.iter().filter(|live| live.unheard()).collect();
    if !unheard.is_empty() {
        let word = ("broker", Text::new("消息服务器", "broker"));
        found.push(finding(What::BrokerGone, "broker", word, &unheard));
    }
    found
}

/// Leaves out what a wider one says: a zone whose machines are all behind a switch that is gone.
pub(super) fn widest(found: &mut Vec<Finding>) {
    let silent = |one: &&Finding| one.what.stands_for() == Some(Stands::Silence);
    let all: Vec<(String, BTreeSet<DeviceId>)> = found
        .iter()
        .filter(silent)
        .map(|one| (one.part.clone(), one.devices.iter().map(|(id, _)| id.clone()).collect()))
        .collect();
    let is_wider = |(at, other): (usize, &(String, BTreeSet<DeviceId>)), own: usize| {
        let Some((_, devices)) = all.get(own) else { return false };
        // Of two that say the same the last stays: switches come after zones and lines.
        devices.is_subset(&other.1) && (devices.len() < other.1.len() || at > own)
    };
    let narrow: Vec<&str> = (0..all.len())
        .filter(|own| all.iter().enumerate().any(|other| other.0 != *own && is_wider(other, *own)))
        .filter_map(|own| all.get(own).map(|(part, _)| part.as_str()))
        .collect();
    found.retain(|one| !silent(&one) || !narrow.contains(&one.part.as_str()));
}

fn finding(what: What, part: &str, word: (&'static str, Text), members: &[&DeviceLive]) -> Finding {
    let devices = members.iter().map(|live| (live.device.id.clone(), live.device.name.clone()));
    Finding {
        what,
        device: None,
        part: part.to_owned(),
        severity: None,
        words: vec![word, ("count", Text::same(members.len().to_string()))],
        devices: devices.collect(),
    }
}

/// The lines on which most cycles begin later than they should by a whole interval. Where somebody does not
/// answer the time goes into waiting for him, and that has alerts of its own.
pub(super) fn late(
    board: &Board,
    peers: &Peers,
    lines: impl IntoIterator<Item = (String, LastMinute)>,
) -> Vec<Finding> {
    let mut found = Vec::new();
    for (line, last) in lines {
        let of_line = board.iter().filter(|live| live.line.as_deref() == Some(line.as_str()));
        let all_speak = of_line.into_iter().all(|live| !board.health(live, peers).silent);
        if last.cycles < CYCLES_MIN || last.late_cycles * 2 <= last.cycles || !all_speak {
            continue;
        }
        found.push(Finding {
            what: What::LineLate,
            device: None,
            part: format!("late-{}", plain(&line)),
            severity: None,
            words: vec![("line", Text::same(line))],
            devices: Vec::new(),
        });
    }
    found
}

/// A name in signs that are fit for addresses.
fn plain(name: &str) -> String {
    let sign = |c: char| if c.is_ascii_alphanumeric() || c == '_' { c } else { '-' };
    name.chars().map(sign).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_widest_says_it() {
        let one = |what: What, part: &str, ids: &[&str]| Finding {
            what,
            device: None,
            part: part.to_owned(),
            severity: None,
            words: Vec::new(),
            devices: ids
                .iter()
                .map(|id| (DeviceId::parse(id).expect("id"), Text::same(*id)))
                .collect(),
        };
        let mut found = vec![
            one(What::ZoneGone, "zone-1", &["a", "b"]),
            one(What::ZoneGone, "zone-2", &["d", "e"]),
            one(What::FewLeft, "kind-x", &["a"]),
            one(What::SwitchGone, "switch-1", &["a", "b", "c"]),
            one(What::SwitchGone, "switch-2", &["d", "e"]),
        ];
        widest(&mut found);
        let parts: Vec<&str> = found.iter().map(|one| one.part.as_str()).collect();
        assert_eq!(parts, ["kind-x", "switch-1", "switch-2"]);
    }
}
