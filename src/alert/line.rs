//! Lines of which no device answers, and lines that are asked more than they can carry: one thing to look at
//! instead of many. Pure.

use crate::live::{Board, HealthState, Peers};
use crate::model::Text;
use crate::service::{Finding, What};
use crate::source::modbus::LastMinute;

/// Fewer cycles in a minute say nothing of their punctuality.
const CYCLES_MIN: u64 = 4;

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
