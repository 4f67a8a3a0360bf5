//! What the energy-monitoring platform gets: the registers of the meters with a code, as files.
//!
//! After the data packet of the guideline on the transmission of itemised energies (MOHURD 2008): a root with
//! `common` (building, gateway, type) and `data` (`report`, or `continuous` for what is made up for),
//! a `function` for each register with its code, `error` 0, or 192 where nothing was read. One file for each
//! time; whoever carries them to the platform may take them away: what was written is not written again.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::daybook::{DaybookError, Known};
use crate::history::HistoryError;
use crate::model::{DeviceId, Timestamp, escaped};

use super::building::{Meter, Supply};
use super::document::rounded;
use super::error::ReportError;
use super::make::Reports;

/// What is missing is made up for so far back.
const BACK_MS: i64 = 7 * 24 * 3_600_000;
/// Readings of a time are in after that.
const SETTLED_MS: i64 = 120_000;
/// What is written so long after its turn was made up for.
const LATE_MS: i64 = 20 * 60_000;
/// The file with the time that was written last: files that were taken away are not written again.
const MARK: &str = ".written";
/// Error code of a register that was not read.
const NOT_READ: u16 = 192;

/// The platform, as the configuration says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Platform {
    /// The building's code: six digits of the district, a letter, three digits.
    pub building_id: String,
    /// Number of the gateway, as the platform gave it.
    pub gateway_id: String,
    /// Where the files are put.
    pub folder: PathBuf,
    /// Registers are told for each such number of minutes.
    pub every_min: u16,
    /// Type of the packet in `common`.
    pub packet_type: String,
    /// Numbers of meters, as the platform gave them; a meter that is not here is told by its id.
    pub meters: BTreeMap<DeviceId, String>,
}

/// A register at a time.
#[derive(Debug, Clone, PartialEq)]
struct Told {
    meter: String,
    code: String,
    value: Option<f64>,
}

impl Reports {
    /// Writes the files that are due; how many.
    ///
    /// # Errors
    /// [`ReportError::Platform`], [`ReportError::Days`].
    pub async fn export_due(&self) -> Result<usize, ReportError> {
        let Some(platform) = &self.config.platform else { return Ok(0) };
        let (now, every_ms) = (self.clock.now(), i64::from(platform.every_min) * 60_000);
        let first = self.daybook.start(self.first_day().await?);
        let written = read_mark(&platform.folder);
        let from = written.unwrap_or(first).max(first).max(now.plus_ms(-BACK_MS));
        let mut time = self.on_the_clock(from, every_ms);
        if written.is_some_and(|written| written >= time) {
            time = time.plus_ms(every_ms);
        }
        let mut count = 0;
        while time.plus_ms(SETTLED_MS) <= now {
            let made_up = time.plus_ms(every_ms + LATE_MS) <= now;
            let mut told = Vec::new();
            for (known, meter, code) in self.coded() {
                told.push(self.told_at(platform, (known, meter, code), time, every_ms).await?);
            }
            // Before the first reading of all there is nothing to make up for.
            if written.is_none() && count == 0 && told.iter().all(|one| one.value.is_none()) {
                time = time.plus_ms(every_ms);
                continue;
            }
            let (name, xml) = (self.stamp(time), self.packet(platform, &told, time, made_up));
            let (folder, file) = (platform.folder.clone(), self.file(platform, &name));
            let written = tokio::task::spawn_blocking(move || write(&folder, &file, &xml, time));
            written.await.map_err(|_| DaybookError::from(HistoryError::BrokenOff))??;
            (count, time) = (count + 1, time.plus_ms(every_ms));
        }
        Ok(count)
    }

    /// The first time on the clock that is not before another one.
    fn on_the_clock(&self, from: Timestamp, every_ms: i64) -> Timestamp {
        let midnight = self.daybook.start(self.daybook.date(from));
        let gone = from.since_ms(midnight);
        midnight.plus_ms((gone + every_ms - 1) / every_ms * every_ms)
    }

    /// Meters that have a code and are read by the gateway.
    fn coded(&self) -> impl Iterator<Item = (&Known, &Meter, &str)> {
        self.config.meters.iter().filter_map(|meter| {
            let known = self.devices.iter().find(|known| known.0.id == meter.device)?;
            Some((known, meter, meter.code.as_deref()?))
        })
    }

    /// What the register of a meter showed last in the span before a time.
    async fn told_at(
        &self,
        platform: &Platform,
        (known, meter, code): (&Known, &Meter, &str),
        time: Timestamp,
        every_ms: i64,
    ) -> Result<Told, ReportError> {
        let supply = supply_of(code);
        let span = (time.plus_ms(-every_ms), time);
        let shown = self.daybook.shown(&known.0.id, supply.point(), span).await?;
        let id = platform.meters.get(&meter.device);
        let meter = id.map_or_else(|| meter.device.to_string(), Clone::clone);
        let value = shown.map(|(_, value)| value / supply.unit().1);
        Ok(Told { meter, code: code.to_owned(), value })
    }

    /// A time as the platform writes it, by the clock of the hall.
    fn stamp(&self, time: Timestamp) -> String {
        let moment = jiff::Timestamp::from_millisecond(time.ms()).unwrap_or_default();
        self.site.time_zone.to_datetime(moment).strftime("%Y%m%d%H%M%S").to_string()
    }

    fn file(&self, platform: &Platform, stamp: &str) -> PathBuf {
        let day = stamp.get(..8).unwrap_or(stamp);
        let name = format!("{}_{}_{stamp}.xml", platform.building_id, platform.gateway_id);
        platform.folder.join(day).join(name)
    }

    fn packet(&self, platform: &Platform, told: &[Told], time: Timestamp, made_up: bool) -> String {
        let stamp = self.stamp(time);
        let operation = if made_up { "continuous" } else { "report" };
        let meters: Vec<String> = told.iter().map(|one| meter_xml(one, &stamp)).collect();
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<root>\n  <common>\n    \
             <building_id>{building}</building_id>\n    <gateway_id>{gateway}</gateway_id>\n    \
             <type>{kind}</type>\n  </common>\n  <data operation=\"{operation}\">\n    \
             <sequence>{stamp}</sequence>\n    <parser>yes</parser>\n    <time>{stamp}</time>\n\
             {meters}  </data>\n</root>\n",
            building = escaped(&platform.building_id),
            gateway = escaped(&platform.gateway_id),
            kind = escaped(&platform.packet_type),
            meters = meters.concat(),
        )
    }
}

fn meter_xml(told: &Told, stamp: &str) -> String {
    let error = if told.value.is_some() { 0 } else { NOT_READ };
    let value = told.value.map(|value| rounded(value, 3)).unwrap_or_default();
    format!(
        "    <meter id=\"{}\">\n      <function id=\"1\" coding=\"{}\" error=\"{error}\" \
         sample_time=\"{stamp}\">{value}</function>\n    </meter>\n",
        escaped(&told.meter),
        escaped(&told.code),
    )
}

/// What a code counts: its class is its first two digits.
fn supply_of(code: &str) -> Supply {
    match code.get(..2) {
        Some("02") => Supply::Water,
        Some("03") => Supply::Gas,
        Some("04") => Supply::Heat,
        _ => Supply::Electricity,
    }
}

fn read_mark(folder: &Path) -> Option<Timestamp> {
    let text = std::fs::read_to_string(folder.join(MARK)).ok()?;
    text.trim().parse().ok().map(Timestamp::from_ms)
}

/// Writes a file whole or not at all, and then the mark.
fn write(folder: &Path, file: &Path, xml: &str, time: Timestamp) -> Result<(), ReportError> {
    let put = |file: &Path, text: &str| -> std::io::Result<()> {
        if let Some(folder) = file.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let beside = file.with_extension("part");
        std::fs::write(&beside, text)?;
        std::fs::File::open(&beside)?.sync_all()?;
        std::fs::rename(&beside, file)
    };
    put(file, xml)
        .and_then(|()| put(&folder.join(MARK), &time.ms().to_string()))
        .map_err(|error| ReportError::Platform(format!("`{}`: {error}", file.display())))
}
