//! What people entered, what stands in the way of closing, and the closing itself.

use std::collections::BTreeSet;

use jiff::civil::Date;

use crate::books::{Entry, Seal, Taken, What};
use crate::model::{DeviceKind, Text, Timestamp, standard_point, text};

use super::building::{Role, Supply};
use super::document::rounded;
use super::error::ReportError;
use super::figures::{Edit, Figures, Words};
use super::make::{Progress, Reports};
use super::meters::Counted;
use super::period::Period;

/// What the meters below the main one may leave uncounted.
const GAP_MAX: f64 = 0.05;
/// So many devices are named in a sentence.
const NAMED: usize = 6;
/// Share of readings that have to have come.
const COMPLETENESS_MIN: f64 = 0.95;

/// The entries that a period rests on, those taken back as well: what is about it, and the readings before and
/// after it by which people's meters are shared out.
pub(super) fn edits(reports: &Reports, period: Period) -> Vec<Edit> {
    let book = reports.books.book();
    let (from, to) =
        (reports.daybook.start(period.first()), reports.daybook.start(period.next().first()));
    let mut about: BTreeSet<u64> = BTreeSet::new();
    for own in &reports.config.by_hand {
        let readings = book.readings(own.id.as_str(), own.supply.point());
        let at = |entry: &&&Entry| entry.shown().map(|(time, ..)| time);
        let before = readings.iter().rev().find(|entry| at(entry).is_some_and(|at| at < from));
        let after = readings.iter().find(|entry| at(entry).is_some_and(|at| at >= to));
        about.extend(before.into_iter().chain(after).map(|entry| entry.id));
    }
    all(reports, |entry| touches(reports, period, entry) || about.contains(&entry.id))
}

/// Whether an entry is about a period.
fn touches(reports: &Reports, period: Period, entry: &Entry) -> bool {
    match entry.what {
        What::Shown { at_ms, .. } => {
            let date = reports.daybook.date(Timestamp::from_ms(at_ms));
            period.first() <= date && date <= period.next().first()
        }
        What::Counted { first, last, .. } => first <= period.last() && last >= period.first(),
    }
}

fn all(reports: &Reports, wanted: impl Fn(&Entry) -> bool) -> Vec<Edit> {
    let book = reports.books.book();
    let edit = |(entry, taken): (&Entry, Option<&Taken>)| Edit {
        id: entry.id,
        device: entry.device.clone(),
        name: name(reports, &entry.device).into(),
        what: told(reports, entry).into(),
        who: entry.who.clone(),
        why: entry.why.clone(),
        entered_ms: entry.time_ms,
        taken_back: taken.map(|taken| format!("{}: {}", taken.who, taken.why)),
    };
    book.entries().filter(|(entry, _)| wanted(entry)).map(edit).collect()
}

fn name(reports: &Reports, id: &str) -> Text {
    let device = reports.devices.iter().map(|known| &known.0).find(|d| d.id.as_str() == id);
    let by_hand = reports.config.by_hand.iter().find(|own| own.id.as_str() == id);
    let name = device.map(|device| device.name.clone());
    name.or_else(|| by_hand.map(|own| own.name.clone())).unwrap_or_else(|| Text::same(id))
}

/// What was entered, for people.
fn told(reports: &Reports, entry: &Entry) -> Text {
    let (unit, scale) = Supply::of_point(&entry.point).unit();
    let label = standard_point(&entry.point).map(|point| point.label);
    let Text { zh, en } = label.unwrap_or_else(|| Text::same(&entry.point));
    match &entry.what {
        What::Shown { at_ms, value, first } => {
            let shown = rounded(value.units() / scale, 3);
            let at = reports.daybook.minute(Timestamp::from_ms(*at_ms));
            let (new_zh, new_en) =
                if *first { ("（换表后）", ", new register") } else { ("", "") };
            text!("{at} {zh} {shown} {unit}{new_zh}", "{at}: {en} {shown} {unit}{new_en}")
        }
        What::Counted { first, last, amount, estimated } => {
            let amount = rounded(amount.units() / scale, 3);
            let (how_zh, how_en) = match (estimated, amount.starts_with('-')) {
                (_, true) => ("冲减", "taken away"),
                (true, _) => ("估算", "estimated"),
                (false, _) => ("补录", "by hand"),
            };
            text!(
                "{first} 至 {last} {how_zh} {amount} {unit}",
                "{first} to {last}: {amount} {unit}, {how_en}"
            )
        }
    }
}

/// What stands in the way of closing.
pub(super) fn obstacles(
    reports: &Reports,
    figures: &Figures,
    counted: &[Counted],
    silent: bool,
) -> Vec<Words> {
    let mut found: Vec<Text> = Vec::new();
    if figures.running {
        found.push(Text::new("报告期尚未结束", "the period is not over"));
    }
    if silent {
        found.push(Text::new("有数据库未答复", "a database did not answer"));
    }
    found.extend(late_main(reports, counted, figures));
    found.extend(silent_devices(reports, counted));
    found.extend(unknown_changes(figures));
    if let Some(gap) = figures.electricity.gap.value.filter(|gap| gap.abs() > GAP_MAX) {
        let (gap, most) = (rounded(gap * 100.0, 1), rounded(GAP_MAX * 100.0, 0));
        found.push(text!(
            "分项缺口率 {gap}%，超过 {most}%",
            "the sub-meters leave a gap of {gap} %; {most} % are allowed"
        ));
    }
    // What people can do something about comes first.
    found.extend(unread(reports, counted, figures));
    let mut poor: Vec<&Words> = Vec::new();
    for meter in &figures.meters {
        let few = meter.completeness.value.is_some_and(|share| share < COMPLETENESS_MIN);
        if few && !poor.contains(&&meter.name) {
            poor.push(&meter.name);
        }
    }
    found.extend(few(&poor));
    found.into_iter().map(Words::from).collect()
}

/// Devices that were not heard in too many records, in one sentence.
fn few(poor: &[&Words]) -> Option<Text> {
    let least = rounded(COMPLETENESS_MIN * 100.0, 0);
    let (zh, en) = named(poor)?;
    Some(text!(
        "有效记录不足 {least}%：{zh}",
        "less than {least} % of the records are valid of {en}"
    ))
}

/// Names in a sentence, in both languages, and how many more there are; `None` without any.
fn named(all: &[&Words]) -> Option<(String, String)> {
    let named = |of: fn(&Words) -> &String, between: &str| {
        let named = all.iter().take(NAMED).map(|words| of(words).as_str());
        named.collect::<Vec<_>>().join(between)
    };
    let (zh, en) = (named(|words| &words.zh, "、"), named(|words| &words.en, ", "));
    match all.len().saturating_sub(NAMED) {
        0 => (!all.is_empty()).then_some((zh, en)),
        more => Some((format!("{zh}，另有 {more} 台"), format!("{en}, and of {more} more"))),
    }
}

/// Inverters and meters of which there is no reading at all.
fn silent_devices(reports: &Reports, counted: &[Counted]) -> Option<Text> {
    let counts = |kind| matches!(kind, DeviceKind::Inverter | DeviceKind::Meter);
    let devices = reports.devices.iter().map(|known| &known.0).filter(|d| counts(d.kind));
    let silent: Vec<Words> = devices
        .filter(|device| !counted.iter().any(|one| one.id == device.id))
        .map(|device| device.name.clone().into())
        .collect();
    let (zh, en) = named(&silent.iter().collect::<Vec<_>>())?;
    Some(text!("期内没有任何读数：{zh}", "there is no reading at all of {en}"))
}

/// Registers that were changed, where nobody has said what was counted in between.
fn unknown_changes(figures: &Figures) -> Vec<Text> {
    let unknown = figures.meters.iter().filter(|meter| {
        let said = meter.counted.manual + meter.counted.estimated;
        let by_hand = meter.lines.len() > 1 && meter.completeness.value.is_none();
        // What people read is by hand itself.
        !meter.holes.is_empty() && (said == 0.0 || by_hand)
    });
    let told = |meter: &crate::report::MeterFigures| {
        let (zh, en) = (&meter.name.zh, &meter.name.en);
        text!(
            "{zh} 换过表，换表期间的用量未知，请补录",
            "the register of {en} was changed: enter what was counted in between"
        )
    };
    unknown.map(told).collect()
}

/// A main meter that was read for the first time after the period had begun: a part of it is missing.
fn late_main(reports: &Reports, counted: &[Counted], figures: &Figures) -> Option<Text> {
    let begin = reports.daybook.start(figures.first.tomorrow().unwrap_or(figures.first)).ms();
    let mains = counted.iter().filter(|one| {
        one.device.is_some() && one.meter.as_ref().is_some_and(|meter| meter.role == Role::Main)
    });
    let late = |one: &&Counted| one.booked.pieces.first().is_some_and(|p| p.first.0 >= begin);
    let late: Vec<&Counted> = mains.filter(late).collect();
    let (zh, en) = late.first().map(|one| (&one.name.zh, &one.name.en))?;
    let first = late.first()?.booked.pieces.first()?.first.0;
    let since = reports.daybook.minute(Timestamp::from_ms(first));
    Some(text!(
        "总表 {zh} 自 {since} 才有读数，期初部分未知",
        "the main meter {en} was read for the first time on {since}: what it counted before is not known"
    ))
}

/// Meters that nobody read at the end of the period or after it, or not at its beginning.
fn unread(reports: &Reports, counted: &[Counted], figures: &Figures) -> Vec<Text> {
    let begin = reports.daybook.start(figures.first.tomorrow().unwrap_or(figures.first)).ms();
    let end = reports.daybook.start(figures.last).ms();
    let mut told = Vec::new();
    for own in &reports.config.by_hand {
        let (zh, en) = (&own.name.zh, &own.name.en);
        let pieces = counted.iter().filter(|one| one.id == own.id).map(|one| &one.booked.pieces);
        let pieces: Vec<_> = pieces.flatten().collect();
        if pieces.is_empty() {
            let (first, last) = (figures.first, figures.last);
            told.push(text!(
                "{zh} 没有期初（{first} 或之前）和期末（{last} 或之后）读数",
                "{en} was not read at the beginning ({first} or before) nor at the end ({last} or later)"
            ));
            continue;
        }
        if !pieces.iter().any(|piece| piece.last.0 >= end) {
            let last = figures.last;
            told.push(text!(
                "{zh} 没有期末读数（{last} 或之后）",
                "{en} was not read on {last} or later"
            ));
        }
        if !pieces.iter().any(|piece| piece.first.0 < begin) {
            let first = figures.first;
            told.push(text!(
                "{zh} 没有期初读数（{first} 或之前）",
                "{en} was not read on {first} or before"
            ));
        }
    }
    told
}

impl Reports {
    /// All entries, in their order.
    #[must_use]
    pub fn entries(&self) -> Vec<Edit> {
        all(self, |_| true)
    }

    /// Entries of a closed period that came, or were taken back, after it was closed last.
    #[must_use]
    pub fn entries_since(&self, period: Period) -> usize {
        let book = self.books.book();
        let Some(closed_ms) = book.seal(&period.to_string()).map(|seal| seal.time_ms) else {
            return 0;
        };
        let later = book.entries().filter(|(entry, taken)| {
            let came = entry.time_ms > closed_ms;
            let gone = taken.is_some_and(|taken| taken.time_ms > closed_ms);
            // What came and went since changes nothing.
            touches(self, period, entry) && came != gone
        });
        later.count()
    }

    /// The first day of which something is known; where a database may know more, a year ago at least.
    ///
    /// # Errors
    /// [`ReportError::Days`].
    pub async fn first_day(&self) -> Result<Date, ReportError> {
        let today = self.daybook.date(self.clock.now());
        let mut first = today;
        for (device, _) in self.devices.iter() {
            if let Some(day) = self.daybook.first_day(&device.id).await? {
                first = first.min(day);
            }
        }
        let book = self.books.book();
        for (entry, _) in book.entries().filter(|(_, taken)| taken.is_none()) {
            first = first.min(match entry.what {
                What::Shown { at_ms, .. } => self.daybook.date(Timestamp::from_ms(at_ms)),
                What::Counted { first, .. } => first,
            });
        }
        Ok(first)
    }

    /// Closes a period with the figures that it has now. Closed again it becomes a further revision.
    ///
    /// # Errors
    /// [`ReportError::Blocked`]: something stands in the way and nobody has said why it is closed all the
    /// same; [`ReportError::Running`]; [`ReportError::Books`].
    pub async fn close(
        &self,
        period: Period,
        (who, why): (String, String),
        progress: Progress<'_>,
    ) -> Result<Seal, ReportError> {
        let figures = self.figures(period, progress).await?;
        if figures.running {
            return Err(ReportError::Running(period.to_string()));
        }
        if figures.meters.is_empty() {
            return Err(ReportError::Unknown(period.to_string()));
        }
        if !figures.obstacles.is_empty() && why.trim().is_empty() {
            return Err(ReportError::Blocked(figures.obstacles));
        }
        let name = period.to_string();
        let book = self.books.book();
        if let Some(seal) = book.seal(&name) {
            let before = self.sealed(period, seal.revision)?;
            // Another version of the program is no other figure.
            if (Figures { program: figures.program.clone(), ..before }) == figures {
                return Err(crate::books::BooksError::Same(name).into());
            }
        }
        let text = serde_json::to_string(&figures);
        let text = text.map_err(|error| ReportError::Sheet(error.to_string()))?;
        Ok(self.books.close(&name, text, who, why).await?)
    }

    /// The figures of a closed period, as they were sealed.
    ///
    /// # Errors
    /// [`ReportError::Books`], [`ReportError::Broken`].
    pub fn sealed(&self, period: Period, revision: u32) -> Result<Figures, ReportError> {
        let name = period.to_string();
        let sealed = self.books.sealed(&name, revision)?;
        let broken = || ReportError::Broken(format!("{name} R{revision}"));
        if !sealed.is_whole() {
            return Err(broken());
        }
        serde_json::from_str(&sealed.figures).map_err(|_| broken())
    }
}
