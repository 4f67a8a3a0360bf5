//! The file that an export becomes: rows of CSV, lines for an InfluxDB, or Parquet.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::Path;

use clap::ValueEnum;

use crate::config::Hall;
use crate::influx::Encoder;
use crate::model::{Decimal, Device, Reading, Value, standard_point};

use super::Failure;
use super::parquet::Parquet;

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum Format {
    /// A row for each value.
    Csv,
    /// InfluxDB's line protocol, times in milliseconds.
    Lines,
    /// A row for each value, in columns.
    Parquet,
}

impl Format {
    /// By the ending of a file.
    pub(super) fn of(file: &Path) -> Self {
        let ending = file.extension().map(|ending| ending.to_string_lossy().to_lowercase());
        match ending.as_deref() {
            Some("parquet") => Self::Parquet,
            Some("lp" | "lines") => Self::Lines,
            _ => Self::Csv,
        }
    }
}

/// The file as it grows.
pub(super) enum Sheet {
    Csv { out: Box<csv::Writer<BufWriter<File>>>, zone: jiff::tz::TimeZone, rows: u64 },
    Lines { out: BufWriter<File>, encoder: Box<Encoder>, rows: u64 },
    Parquet(Box<Parquet>),
}

impl Sheet {
    pub(super) fn new(
        format: Format,
        hall: &Hall,
        devices: &[Device],
        mut out: BufWriter<File>,
    ) -> Result<Self, Failure> {
        match format {
            Format::Csv => {
                // Spreadsheets take a file without it for one in the system's own old encoding.
                out.write_all("\u{feff}".as_bytes())?;
                let mut out = csv::Writer::from_writer(out);
                out.write_record(["time", "device", "point", "value", "unit", "quality"])?;
                Ok(Self::Csv { out: Box::new(out), zone: hall.site.time_zone.clone(), rows: 0 })
            }
            Format::Lines => {
                let encoder = Box::new(Encoder::new(&hall.site.id, devices));
                Ok(Self::Lines { out, encoder, rows: 0 })
            }
            Format::Parquet => Ok(Self::Parquet(Box::new(Parquet::new(out)?))),
        }
    }

    pub(super) fn write(&mut self, reading: &Reading) -> Result<(), Failure> {
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
            Self::Parquet(parquet) => parquet.write(reading)?,
        }
        Ok(())
    }

    /// How many rows there are, now that they are on disk.
    pub(super) fn end(self) -> Result<u64, Failure> {
        let (out, rows) = match self {
            Self::Csv { out, rows, .. } => {
                (out.into_inner().map_err(csv::IntoInnerError::into_error)?, rows)
            }
            Self::Lines { out, rows, .. } => (out, rows),
            Self::Parquet(parquet) => parquet.end()?,
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
