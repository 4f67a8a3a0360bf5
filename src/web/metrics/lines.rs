//! The figures of lines and units. The number of series is bounded: a hall with many units gets
//! the sums of its lines, one with many lines the sums of each kind of line.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::source::modbus::{BOUNDS_MS, Histogram, LineFigures, Monitor, UnitFigures};

use super::Page;

/// More units than this are not shown one by one.
const UNITS_MAX: usize = 200;
/// More lines than this are not shown one by one.
const LINES_MAX: usize = 200;

/// The labels of a series and what it counts.
struct Series<T> {
    labels: Vec<(&'static str, String)>,
    of: T,
}

type Counter<T> = (&'static str, &'static str, fn(&T) -> u64);

const OF_LINE: [Counter<LineFigures>; 7] = [
    ("modbus_connects_total", "Connections made", |f| f.connects),
    ("modbus_connect_failures_total", "Connections that could not be made", |f| f.connect_failures),
    ("modbus_crc_errors_total", "Answers with a wrong checksum", |f| f.strays.crc_errors),
    ("modbus_noise_bytes_total", "Bytes that were no frame", |f| f.strays.noise_bytes),
    ("modbus_echoes_total", "Own questions that came back", |f| f.strays.echoes),
    ("modbus_late_answers_total", "Answers after their deadline", |f| f.strays.late_answers),
    ("modbus_foreign_frames_total", "Frames of another master", |f| f.strays.foreign_frames),
];

const OF_UNIT: [Counter<UnitFigures>; 5] = [
    ("modbus_questions_total", "Questions asked", |f| f.questions),
    ("modbus_answers_total", "Answers with data", |f| f.answers),
    ("modbus_timeouts_total", "Deadlines that passed in silence", |f| f.timeouts),
    ("modbus_bad_answers_total", "Answers that did not fit", |f| f.bad_answers),
    ("modbus_closed_total", "Connections closed instead of an answer", |f| f.closed),
];

pub(super) fn lines(page: &mut Page, monitor: &Monitor) {
    let lines: Vec<_> = monitor.lines().iter().map(|l| (l.clone(), l.figures())).collect();
    if lines.is_empty() {
        return;
    }
    let units: usize = lines.iter().map(|(_, figures)| figures.units.len()).sum();
    page.head("modbus_lines", "gauge", "Lines that are asked over Modbus");
    page.line("modbus_lines", &[], lines.len());
    page.head("modbus_units", "gauge", "Units that were asked");
    page.line("modbus_units", &[], units);
    let one_by_one = lines.len() <= LINES_MAX;
    if one_by_one {
        let name = "modbus_line_utilisation_ratio";
        page.head(name, "gauge", "Share of the last minute in which a line was busy");
        for (line, figures) in &lines {
            let share = figures.utilisation();
            page.line(name, &[("line", line.name())], format_args!("{share:.3}"));
        }
    }
    let mut of_lines: BTreeMap<String, Series<LineSum>> = BTreeMap::new();
    let mut of_units: BTreeMap<(String, u8), Series<UnitFigures>> = BTreeMap::new();
    for (line, figures) in &lines {
        let mut labels = vec![("transport", line.transport().to_owned())];
        if one_by_one {
            labels.insert(0, ("line", line.name().to_owned()));
        }
        let key = labels.first().map(|(_, label)| label.clone()).unwrap_or_default();
        let new = || Series { labels: labels.clone(), of: LineSum::default() };
        of_lines.entry(key.clone()).or_insert_with(new).of.add(figures);
        for (unit, of_unit) in &figures.units {
            let mut labels: Vec<_> = labels.first().cloned().into_iter().collect();
            let shown = if units <= UNITS_MAX && one_by_one { *unit } else { 0 };
            if units <= UNITS_MAX && one_by_one {
                labels.push(("unit", unit.to_string()));
            }
            let new = || Series { labels, of: UnitFigures::default() };
            let sum = of_units.entry((key.clone(), shown)).or_insert_with(new);
            add(&mut sum.of, of_unit);
        }
    }
    show_lines(page, of_lines.values());
    show_units(page, of_units.values());
}

fn show_lines<'a>(page: &mut Page, lines: impl Iterator<Item = &'a Series<LineSum>> + Clone) {
    page.head("modbus_line_busy_seconds_total", "counter", "Time in which lines were busy");
    for Series { labels, of } in lines.clone() {
        let labels: Vec<_> = labels.iter().map(|(key, label)| (*key, label.as_str())).collect();
        page.line("modbus_line_busy_seconds_total", &labels, of.busy.as_secs_f64());
    }
    for (place, (name, help, _)) in OF_LINE.iter().enumerate() {
        page.head(name, "counter", help);
        for Series { labels, of } in lines.clone() {
            let labels: Vec<_> = labels.iter().map(|(key, label)| (*key, label.as_str())).collect();
            page.line(name, &labels, of.counts.get(place).copied().unwrap_or(0));
        }
    }
    let name = "modbus_cycle_lateness_seconds";
    page.head(name, "histogram", "By how much cycles began later than they were due");
    for Series { labels, of } in lines {
        histogram(page, name, labels, &of.lateness);
    }
}

fn show_units<'a>(page: &mut Page, units: impl Iterator<Item = &'a Series<UnitFigures>> + Clone) {
    for (name, help, count) in OF_UNIT {
        page.head(name, "counter", help);
        for Series { labels, of } in units.clone() {
            let labels: Vec<_> = labels.iter().map(|(key, label)| (*key, label.as_str())).collect();
            page.line(name, &labels, count(of));
        }
    }
    let name = "modbus_exceptions_total";
    page.head(name, "counter", "Refusals, by Modbus exception code");
    for Series { labels, of } in units.clone() {
        for (code, count) in &of.exceptions {
            let code = code.to_string();
            let labels = labels.iter().map(|(key, label)| (*key, label.as_str()));
            let labels: Vec<_> = labels.chain([("code", code.as_str())]).collect();
            page.line(name, &labels, count);
        }
    }
    page.head("modbus_answer_seconds", "histogram", "How long answers took");
    for Series { labels, of } in units {
        histogram(page, "modbus_answer_seconds", labels, &of.latency);
    }
}

/// Classes count everything up to their bound, as the format wants it.
fn histogram(
    page: &mut Page,
    name: &str,
    labels: &[(&'static str, String)],
    histogram: &Histogram,
) {
    let labels: Vec<_> = labels.iter().map(|(key, label)| (*key, label.as_str())).collect();
    let bucket = format!("{name}_bucket");
    let mut sum = 0;
    for (place, count) in histogram.counts.iter().enumerate() {
        sum += count;
        let bound = BOUNDS_MS.get(place).map(|ms| f64::from(*ms) / 1000.0);
        let bound = bound.map_or_else(|| "+Inf".to_owned(), |seconds| seconds.to_string());
        let labels: Vec<_> = labels.iter().copied().chain([("le", bound.as_str())]).collect();
        page.line(&bucket, &labels, sum);
    }
    let seconds = Duration::from_micros(histogram.sum_us).as_secs_f64();
    page.line(&format!("{name}_sum"), &labels, seconds);
    page.line(&format!("{name}_count"), &labels, sum);
}

/// The counters of one line, or of several.
#[derive(Default)]
struct LineSum {
    busy: Duration,
    counts: [u64; OF_LINE.len()],
    lateness: Histogram,
}

impl LineSum {
    fn add(&mut self, figures: &LineFigures) {
        self.busy += figures.busy();
        for (sum, (_, _, count)) in self.counts.iter_mut().zip(OF_LINE) {
            *sum += count(figures);
        }
        self.lateness.add_all(&figures.lateness);
    }
}

fn add(sum: &mut UnitFigures, figures: &UnitFigures) {
    sum.questions += figures.questions;
    sum.answers += figures.answers;
    sum.timeouts += figures.timeouts;
    sum.bad_answers += figures.bad_answers;
    sum.closed += figures.closed;
    for (code, count) in &figures.exceptions {
        *sum.exceptions.entry(*code).or_default() += count;
    }
    sum.latency.add_all(&figures.latency);
}
