//! Whether a serial line can carry what is asked of it. Only a notice: a device may answer faster
//! than is assumed here, and the gateway skips what does not fit.

use crate::model::{Text, text};
use crate::profile::Protocol;
use crate::source::modbus::{self, Parity, SerialLine, Transport, Unit, plan};

use super::bus::Buses;
use super::section::Section;

/// Bytes of a question, and of an answer without its registers.
const QUESTION_BYTES: u32 = 8;
const ANSWER_BYTES: u32 = 5;
/// Time that a device thinks about a question, milliseconds: most take between 5 and 50.
const TURN_AROUND_MS: f64 = 20.0;

/// What is asked of a line.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Load {
    /// Time on the line of what falls into the shortest interval, seconds.
    needed_s: f64,
    /// The shortest interval, seconds.
    every_s: f64,
    /// What some devices are asked is known only when they are there.
    at_least: bool,
}

/// Notices serial lines that are asked for more than they carry.
pub(super) fn notice(root: &Section<'_>, buses: &Buses, lines: &[modbus::Config]) {
    for bus in buses.iter() {
        let Some(line) = lines.iter().find(|line| line.name == bus.id) else { continue };
        let Transport::Serial(serial) = &line.transport else { continue };
        let Some(load) = load(serial, &line.units) else { continue };
        if load.needed_s <= load.every_s {
            continue;
        }
        let Load { needed_s, every_s, at_least } = load;
        let [zh, en] = if at_least { ["至少", "at least "] } else { ["", ""] };
        let told = text!(
            "总线 `{}` 每 {every_s:.0} 秒要读的内容{zh}需要 {needed_s:.1} 秒",
            "bus `{}` needs {en}{needed_s:.1} s for what is asked every {every_s:.0} s",
            bus.id,
        );
        let hint = Text::new(
            "加大设备的 interval_s 或线路的 baud_rate，或把设备分到两条线上",
            "raise interval_s of its devices or the line's baud_rate, or use two lines",
        );
        root.notice(bus.offset, told, hint);
    }
}

fn load(line: &SerialLine, units: &[Unit]) -> Option<Load> {
    let interval_s = |unit: &Unit| {
        f64::from(i32::try_from(unit.device.interval_ms).unwrap_or(i32::MAX)) / 1_000.0
    };
    let every_s = units.iter().map(interval_s).min_by(f64::total_cmp)?;
    let busy = units.iter().map(|unit| cycle_ms(line, unit) / 1_000.0 / interval_s(unit));
    let at_least =
        units.iter().any(|unit| matches!(unit.profile.protocol, Protocol::Sunspec { .. }));
    Some(Load { needed_s: busy.sum::<f64>() * every_s, every_s, at_least })
}

/// Time of one cycle of a unit on the line.
fn cycle_ms(line: &SerialLine, unit: &Unit) -> f64 {
    let Protocol::Registers { tables, .. } = &unit.profile.protocol else { return 0.0 };
    let parity = u8::from(line.parity != Parity::None);
    let byte_ms = f64::from(1 + line.data_bits + parity + line.stop_bits) * 1_000.0
        / f64::from(line.baud_rate.max(1));
    let read_ms = |registers: u16| {
        let bytes = QUESTION_BYTES + ANSWER_BYTES + 2 * u32::from(registers);
        f64::from(bytes) * byte_ms + f64::from(unit.bus.gap_ms) + TURN_AROUND_MS
    };
    let blocks = plan(tables, &unit.bus);
    blocks.iter().map(|block| read_ms(block.count) / f64::from(block.every.max(1))).sum()
}
