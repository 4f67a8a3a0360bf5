//! Lines of which no device answers: one thing to look at instead of many. Pure.

use crate::live::{Board, HealthState, Peers};
use crate::model::Text;
use crate::service::{Finding, What};

/// The lines that are gone. Inverters that sleep are not gone, nor is what nobody has heard yet.
pub(super) fn gone(board: &Board, peers: &Peers) -> Vec<Finding> {
    let mut found = Vec::new();
    for line in peers.silent_lines() {
        let members: Vec<_> =
            board.iter().filter(|live| live.line.as_ref() == Some(line)).collect();
        let offline = |state| state == HealthState::Offline;
        if !members.iter().all(|live| offline(board.health(live, peers).state)) {
            continue;
        }
        let devices = members.iter().map(|live| (live.device.id.clone(), live.device.name.clone()));
        let words =
            vec![("line", Text::same(&**line)), ("count", Text::same(members.len().to_string()))];
        found.push(Finding {
            what: What::LineGone,
            device: None,
            part: format!("line-{}", plain(line)),
            severity: None,
            words,
            devices: devices.collect(),
        });
    }
    found
}

/// A name in signs that are fit for addresses.
fn plain(name: &str) -> String {
    let sign = |c: char| if c.is_ascii_alphanumeric() || c == '_' { c } else { '-' };
    name.chars().map(sign).collect()
}
