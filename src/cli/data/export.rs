//! `hallwatch export`: what is kept, as CSV or as lines for an InfluxDB.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Args, ValueEnum};
use jiff::civil::Date;

use crate::clock::{Clock as _, SystemClock};
use crate::config::Hall;
use crate::history::History;
use crate::influx::Encoder;
use crate::model::{
    Decimal, Device, DeviceId, Reading, Text, Timestamp, Value, near, standard_point, text,
};

use super::super::check::one_line;
use super::super::door::Place;
use super::backup::data_folder;
use super::bar::Bar;
use super::{Done, Failure, runtime};

/// Length of what is read at once.
const WINDOW_MS: i64 = 6 * 3600 * 1000;

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum Format {
    /// A row for each value.
    Csv,
    /// InfluxDB's line protocol, times in milliseconds.
    Lines,
}

#[derive(Args)]
pub(in crate::cli) struct ExportArguments {
    /// First day, by the hall's clock. 起始日期。
    #[arg(long)]
    from: Date,
    /// Last day; until now without it. 结束日期（含）；不写则到现在。
    #[arg(long)]
    to: Option<Date>,
    /// Only these devices; may be given several times. 只导出这些设备，可重复。
    #[arg(long = "device")]
    devices: Vec<String>,
    /// csv: a row for each value; lines: for an InfluxDB. csv 每值一行；lines 为 InfluxDB 行协议。
    #[arg(long, value_enum, default_value = "csv")]
    format: Format,
    /// The file; it must not be there yet. 文件，不能已存在。
    #[arg(short, long = "out")]
    out: PathBuf,
    #[command(flatten)]
    pub(in crate::cli) place: Place,
}

pub(in crate::cli) fn run(arguments: &ExportArguments) -> Done {
    let place = &arguments.place;
    let hall = place.hall()?;
    let folder = data_folder(place)?;
    let (from, to) = span(arguments, &hall)?;
    runtime()?.block_on(async {
        let history = History::look(&folder, Arc::new(SystemClock))?;
        let devices = devices(&history, &hall, &arguments.devices).await?;
        let file = File::create_new(&arguments.out);
        let file = file.map_err(|error| Failure::of_file(&arguments.out, &error))?;
        let mut sheet = Sheet::new(arguments.format, &hall, BufWriter::new(file))?;
        let bar = Bar::new(Text::new("导出", "exporting"), place.lang);
        let windows = u64::try_from(to.since_ms(from).div_euclid(WINDOW_MS) + 1).unwrap_or(1);
        let (of, mut done) = (windows * devices.len() as u64, 0);
        for device in devices {
            let mut at = from;
            while at < to {
                let end = at.plus_ms(WINDOW_MS).min(to);
                let take = |all: &mut Vec<Reading>, reading: &Reading| all.push(reading.clone());
                for reading in history.walk(device.clone(), at, end, Vec::new(), take).await? {
                    sheet.write(&reading)?;
                }
                (at, done) = (end, done + 1);
                bar.tell(done, of);
            }
        }
        bar.end();
        let (rows, out) = (sheet.end()?, arguments.out.display());
        eprintln!("{}", one_line(text!("`{out}`：{rows} 行", "`{out}`: {rows} rows"), place.lang));
        Ok(ExitCode::SUCCESS)
    })
}

/// Local days as times.
fn span(arguments: &ExportArguments, hall: &Hall) -> Result<(Timestamp, Timestamp), Failure> {
    let midnight = |date: Date| -> Result<Timestamp, Failure> {
        let start = date.at(0, 0, 0, 0);
        let start = hall.site.time_zone.to_timestamp(start)?;
        Ok(Timestamp::from_ms(start.as_millisecond()))
    };
    let now = SystemClock.now();
    let from = midnight(arguments.from)?;
    let to = match arguments.to {
        Some(to) => midnight(to.tomorrow()?)?.min(now),
        None => now,
    };
    if from >= to {
        return Err(Failure::told(Text::new(
            "开始日期要早于结束日期，也要早于现在",
            "the first day has to be before the last, and before now",
        )));
    }
    Ok((from, to))
}

/// The devices that are asked for, or all that there are.
async fn devices(
    history: &History,
    hall: &Hall,
    asked: &[String],
) -> Result<Vec<DeviceId>, Failure> {
    let mut all = history.devices().await?;
    all.extend(hall.devices.iter().map(|(device, _)| device.id.clone()));
    all.sort();
    all.dedup();
    if asked.is_empty() {
        return Ok(all);
    }
    let find = |id: &String| {
        all.iter().find(|known| known.as_str() == id).cloned().ok_or_else(|| {
            let near = near::nearest(id, all.iter().map(DeviceId::as_str));
            Failure::told(match near {
                Some(near) => text!(
                    "没有设备 `{id}`；是不是想写 `{near}`？",
                    "there is no device `{id}`; did you mean `{near}`?",
                ),
                None => text!("没有设备 `{id}`", "there is no device `{id}`"),
            })
        })
    };
    asked.iter().map(find).collect()
}

/// The file as it grows.
enum Sheet {
    Csv { out: Box<csv::Writer<BufWriter<File>>>, zone: jiff::tz::TimeZone, rows: u64 },
    Lines { out: BufWriter<File>, encoder: Box<Encoder>, rows: u64 },
}

impl Sheet {
    fn new(format: Format, hall: &Hall, mut out: BufWriter<File>) -> Result<Self, Failure> {
        match format {
            Format::Csv => {
                // Spreadsheets take a file without it for one in the system's own old encoding.
                out.write_all("\u{feff}".as_bytes())?;
                let mut out = csv::Writer::from_writer(out);
                out.write_record(["time", "device", "point", "value", "unit", "quality"])?;
                Ok(Self::Csv { out: Box::new(out), zone: hall.site.time_zone.clone(), rows: 0 })
            }
            Format::Lines => {
                let devices: Vec<Device> =
                    hall.devices.iter().map(|(device, _)| (**device).clone()).collect();
                let encoder = Box::new(Encoder::new(&hall.site.id, &devices));
                Ok(Self::Lines { out, encoder, rows: 0 })
            }
        }
    }

    fn write(&mut self, reading: &Reading) -> Result<(), Failure> {
        match self {
            Self::Csv { out, zone, rows } => {
                let time = jiff::Timestamp::from_millisecond(reading.time.ms())?;
                let time = time.display_with_offset(zone.to_offset(time)).to_string();
                for sample in &reading.samples {
                    let point = sample.point.as_str();
                    let unit = standard_point(point).map_or("", |point| point.unit);
                    let value = words(&sample.value);
                    let quality = sample.quality.as_str();
                    let device = reading.device.as_str();
                    out.write_record([&time, device, point, &value, unit, quality])?;
                    *rows += 1;
                }
            }
            Self::Lines { out, encoder, rows } => {
                let mut line = String::new();
                if encoder.encode(reading, &mut line) {
                    out.write_all(line.as_bytes())?;
                    *rows += 1;
                }
            }
        }
        Ok(())
    }

    /// How many rows there are, now that they are on disk.
    fn end(self) -> Result<u64, Failure> {
        let (out, rows) = match self {
            Self::Csv { out, rows, .. } => {
                (out.into_inner().map_err(csv::IntoInnerError::into_error)?, rows)
            }
            Self::Lines { out, rows, .. } => (out, rows),
        };
        out.into_inner().map_err(std::io::IntoInnerError::into_error)?.sync_all()?;
        Ok(rows)
    }
}

/// A value as it is written: numbers in full, codes with blanks between.
fn words(value: &Value) -> String {
    match value {
        Value::Bool(yes) => yes.to_string(),
        Value::Text(text) => text.to_string(),
        Value::Codes(codes) => codes.join(" "),
        Value::Decimal(number) => decimal(*number),
        Value::Float(number) => number.to_string(),
    }
}

/// All digits, as they came: `4999e-2` is `49.99`, `5000e-2` is `50.00`.
fn decimal(number: Decimal) -> String {
    let sign = if number.mantissa < 0 { "-" } else { "" };
    let digits = number.mantissa.unsigned_abs().to_string();
    let shift = usize::from(number.exponent.unsigned_abs());
    if number.exponent >= 0 {
        let zeros = if number.mantissa == 0 { 0 } else { shift };
        return format!("{sign}{digits}{}", "0".repeat(zeros));
    }
    let digits = format!("{digits:0>width$}", width = shift + 1);
    let (whole, part) = digits.split_at(digits.len() - shift);
    format!("{sign}{whole}.{part}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_written_in_full() {
        let of = |mantissa, exponent| decimal(Decimal { mantissa, exponent });
        assert_eq!(of(4999, -2), "49.99");
        assert_eq!(of(5000, -2), "50.00");
        assert_eq!(of(-5, -3), "-0.005");
        assert_eq!((of(12, 3), of(0, 3), of(-7, 0)), ("12000".into(), "0".into(), "-7".into()));
        assert_eq!(of(i64::MIN, -1), "-922337203685477580.8");
    }
}
