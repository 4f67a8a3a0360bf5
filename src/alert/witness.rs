//! What is known beside the engine when an alert is raised: the registers as they stood, and whether
//! somebody has changed the configuration lately.

use sha2::{Digest as _, Sha256};

use crate::journal::{Journal, JournalError};
use crate::model::{DeviceId, Text, Timestamp};
use crate::rule::{Rule, matches};
use crate::source::modbus::{Monitor, Register};

use super::task::Alerts;
use super::types::{Change, Transition};

/// A change of the configuration that is older than this explains nothing any more.
const LATELY_MS: i64 = 30 * 24 * 3600 * 1000;
/// Registers that are shown with one alert.
const REGISTERS_MAX: usize = 8;
/// Name of the fact: what the configuration was, and since when.
const FACT: &str = "configuration";

impl Alerts {
    /// Adds what was seen beside to alerts that are new.
    pub(super) fn witness(&mut self, transitions: &mut [Transition]) {
        let raised = |transition: &&mut Transition| transition.change == Change::Raised;
        for transition in transitions.iter_mut().filter(raised) {
            let alert = &mut transition.alert;
            let mut seen = Vec::new();
            if let Some(device) = &alert.device {
                seen.extend(registers(&self.monitor, device, self.engine.points_of(&alert.rule)));
            }
            let lately = |at: &Timestamp| alert.raised.since_ms(*at) < LATELY_MS;
            if let Some(at) = self.configured.filter(lately) {
                seen.push((Text::new("配置最近变更", "configuration changed"), self.local(at)));
            }
            if !seen.is_empty() {
                alert.evidence.extend_from_slice(&seen);
                self.engine.witness(alert, &seen);
            }
        }
    }

    fn local(&self, at: Timestamp) -> String {
        let at = jiff::Timestamp::from_millisecond(at.ms()).unwrap_or_default();
        let zone = &self.live.site.time_zone;
        zone.to_datetime(at).strftime("%Y-%m-%d %H:%M").to_string()
    }
}

/// The registers of the points that a rule looks at, as they stood.
fn registers(monitor: &Monitor, device: &DeviceId, points: &[String]) -> Vec<(Text, String)> {
    let Some(view) = monitor.device(device.as_str()) else { return Vec::new() };
    let wanted = |register: &&Register| {
        let name = register.name.as_str();
        let fault = name == "fault" || name == "state";
        !register.words.is_empty() && (fault || points.iter().any(|point| matches(point, name)))
    };
    let shown = |register: &Register| {
        let words = register.words.iter().map(|word| format!("{word:04X}"));
        let words: Vec<String> = words.collect();
        let label = Text::new(
            format!("寄存器 {}（{}）", register.address, register.vendor),
            format!("register {} ({})", register.address, register.vendor),
        );
        (label, format!("0x{}", words.join(" ")))
    };
    view.registers().iter().filter(wanted).take(REGISTERS_MAX).map(shown).collect()
}

/// When the configuration changed last: now, when it is another one than at the last start; `None`
/// where that is not known, as at the first start. Blocks.
///
/// # Errors
/// [`JournalError`].
pub fn configured(
    journal: &Journal,
    devices: &str,
    rules: &[Rule],
    now: Timestamp,
) -> Result<Option<Timestamp>, JournalError> {
    let mut hash = Sha256::new();
    hash.update(devices.as_bytes());
    hash.update(format!("{rules:?}").as_bytes());
    let hash: String = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    let facts = journal.archive()?.facts(FACT)?;
    let known = facts.iter().find(|(name, _)| name == FACT).map(|(_, fact)| fact.as_str());
    let (before, since) = known.and_then(|fact| fact.split_once(' ')).unwrap_or_default();
    if before == hash {
        return Ok(since.parse().ok().map(Timestamp::from_ms));
    }
    let since = if before.is_empty() { None } else { Some(now) };
    let told = since.map(|at| at.ms().to_string()).unwrap_or_default();
    journal.remember(&[(FACT.to_owned(), format!("{hash} {told}"))])?;
    Ok(since)
}
