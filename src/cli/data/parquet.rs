//! Readings as a Parquet file: a row for each value, the columns of the CSV.
//!
//! A value that is a number stands in `value`, as the nearest double; a text or a set of codes stands in
//! `text`.

use std::collections::HashMap;
use std::fs::File;
use std::io::BufWriter;
use std::sync::Arc;

use parquet::basic::Compression;
use parquet::column::writer::ColumnWriter;
use parquet::data_type::ByteArray;
use parquet::errors::{ParquetError, Result};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::parser::parse_message_type;

use crate::model::{Reading, Value, standard_point};

/// Rows that are gathered before they are written: some megabytes.
const ROWS_PER_GROUP: usize = 131_072;

const SCHEMA: &str = "message readings {
    required int64 time (TIMESTAMP(MILLIS, true));
    required binary device (STRING);
    required binary point (STRING);
    optional double value;
    optional binary text (STRING);
    required binary unit (STRING);
    required binary quality (STRING);
}";

/// A file as it grows.
pub(super) struct Parquet {
    file: SerializedFileWriter<BufWriter<File>>,
    rows: Rows,
    written: u64,
    /// Texts that come again and again, each once.
    words: HashMap<String, ByteArray>,
}

/// Rows that are not written yet, column by column.
#[derive(Default)]
struct Rows {
    time: Vec<i64>,
    device: Vec<ByteArray>,
    point: Vec<ByteArray>,
    /// 1 where there is one.
    has_value: Vec<i16>,
    value: Vec<f64>,
    has_text: Vec<i16>,
    text: Vec<ByteArray>,
    unit: Vec<ByteArray>,
    quality: Vec<ByteArray>,
}

impl Parquet {
    pub(super) fn new(out: BufWriter<File>) -> Result<Self> {
        let schema = Arc::new(parse_message_type(SCHEMA)?);
        let properties = WriterProperties::builder().set_compression(Compression::SNAPPY).build();
        let file = SerializedFileWriter::new(out, schema, Arc::new(properties))?;
        Ok(Self { file, rows: Rows::default(), written: 0, words: HashMap::new() })
    }

    pub(super) fn write(&mut self, reading: &Reading) -> Result<()> {
        let device = self.word(reading.device.as_str());
        for sample in &reading.samples {
            let name = sample.point.as_str();
            let unit = standard_point(name).map_or("", |point| point.unit);
            let (point, unit) = (self.word(name), self.word(unit));
            let quality = self.word(sample.quality.as_str());
            let number = sample.value.as_f64();
            let text = match &sample.value {
                Value::Text(text) => Some(text.to_string()),
                Value::Codes(codes) => Some(codes.join(" ")),
                Value::Decimal(_) | Value::Float(_) | Value::Bool(_) => None,
            };
            let rows = &mut self.rows;
            rows.time.push(reading.time.ms());
            rows.device.push(device.clone());
            rows.point.push(point);
            rows.has_value.push(i16::from(number.is_some()));
            rows.value.extend(number);
            rows.has_text.push(i16::from(text.is_some()));
            rows.text.extend(text.map(|text| ByteArray::from(text.into_bytes())));
            rows.unit.push(unit);
            rows.quality.push(quality);
        }
        if self.rows.time.len() >= ROWS_PER_GROUP { self.group() } else { Ok(()) }
    }

    fn word(&mut self, text: &str) -> ByteArray {
        if let Some(known) = self.words.get(text) {
            return known.clone();
        }
        let word = ByteArray::from(text.as_bytes().to_vec());
        self.words.insert(text.to_owned(), word.clone());
        word
    }

    fn group(&mut self) -> Result<()> {
        let rows = std::mem::take(&mut self.rows);
        let mut group = self.file.next_row_group()?;
        column(&mut group, |writer| integers(writer, &rows.time))?;
        column(&mut group, |writer| texts(writer, &rows.device, None))?;
        column(&mut group, |writer| texts(writer, &rows.point, None))?;
        column(&mut group, |writer| doubles(writer, &rows.value, &rows.has_value))?;
        column(&mut group, |writer| texts(writer, &rows.text, Some(&rows.has_text)))?;
        column(&mut group, |writer| texts(writer, &rows.unit, None))?;
        column(&mut group, |writer| texts(writer, &rows.quality, None))?;
        group.close()?;
        self.written += rows.time.len() as u64;
        Ok(())
    }

    /// The file and its rows, now that all is written.
    pub(super) fn end(mut self) -> Result<(BufWriter<File>, u64)> {
        if !self.rows.time.is_empty() {
            self.group()?;
        }
        Ok((self.file.into_inner()?, self.written))
    }
}

fn column(
    group: &mut SerializedRowGroupWriter<'_, BufWriter<File>>,
    write: impl FnOnce(&mut ColumnWriter<'_>) -> Result<usize>,
) -> Result<()> {
    let mut column = group.next_column()?.ok_or_else(another)?;
    write(column.untyped())?;
    column.close()
}

/// The schema and the columns are both of this file.
fn another() -> ParquetError {
    ParquetError::General("the columns are not those of the schema".to_owned())
}

fn integers(writer: &mut ColumnWriter<'_>, values: &[i64]) -> Result<usize> {
    match writer {
        ColumnWriter::Int64ColumnWriter(writer) => writer.write_batch(values, None, None),
        _ => Err(another()),
    }
}

fn doubles(writer: &mut ColumnWriter<'_>, values: &[f64], there: &[i16]) -> Result<usize> {
    match writer {
        ColumnWriter::DoubleColumnWriter(writer) => writer.write_batch(values, Some(there), None),
        _ => Err(another()),
    }
}

fn texts(
    writer: &mut ColumnWriter<'_>,
    values: &[ByteArray],
    there: Option<&[i16]>,
) -> Result<usize> {
    match writer {
        ColumnWriter::ByteArrayColumnWriter(writer) => writer.write_batch(values, there, None),
        _ => Err(another()),
    }
}
