//! The service hours of the zones, and the days that are known.

use std::path::Path;
use std::sync::Arc;

use jiff::tz::TimeZone;

use crate::calendar::{Calendar, Days, Holidays, HolidaysError, Hours, Windows};
use crate::model::{Mistake, Text, Zone, text};
use crate::service::ServiceZone;

use super::section::{Placed, Section};

const CALENDAR: &[&str] = &["folder", "opening_check_min"];
/// Minutes before opening at which the machines have to be ready, where nothing is written.
const OPENING_CHECK_MIN: u16 = 30;

/// What `[calendar]` says.
pub(super) struct KnownDays {
    pub(super) holidays: Arc<Holidays>,
    pub(super) opening_check_ms: i64,
}

/// Reads `[calendar]`; mistakes in own files of years are told after those of the configuration.
pub(super) fn calendar(
    root: &Section<'_>,
    folder: &Path,
    of_files: &mut Vec<Mistake>,
) -> KnownDays {
    let section = root.table("calendar", CALENDAR);
    let section = section.as_ref();
    let before = section.and_then(|s| s.whole::<u16>("opening_check_min", 1..=240));
    let before = before.map_or(OPENING_CHECK_MIN, |minutes| minutes.value);
    let opening_check_ms = i64::from(before) * 60_000;
    let own = section.and_then(|s| Some((s, s.words("folder")?)));
    let holidays = match own {
        None => Holidays::shipped(),
        Some((section, own)) => years(section, &own, folder, of_files),
    };
    KnownDays { holidays: Arc::new(holidays), opening_check_ms }
}

fn years(
    section: &Section<'_>,
    own: &Placed<String>,
    folder: &Path,
    of_files: &mut Vec<Mistake>,
) -> Holidays {
    let path = folder.join(&own.value);
    if !path.is_dir() {
        let hint =
            Text::new("新建这个目录，或删除 `folder`", "make the folder, or remove `folder`");
        let problem = text!("`{}` 不是目录", "`{}` is not a folder", own.value);
        section.note(own.offset, problem, hint);
        return Holidays::shipped();
    }
    match Holidays::with_folder(&path) {
        Ok(holidays) => holidays,
        Err(HolidaysError::Mistakes(mistakes)) => {
            of_files.extend(mistakes);
            Holidays::shipped()
        }
        Err(error) => {
            let hint =
                Text::new("新建这个目录，或删除 `folder`", "make the folder, or remove `folder`");
            section.note(own.offset, error.text(), hint);
            Holidays::shipped()
        }
    }
}

/// The hours that a zone's section says.
pub(super) fn hours(section: &Section<'_>) -> Hours {
    let mut hours = Hours::default();
    let always = section.words("hours").filter(|hours| hours.value.trim() == "always");
    if always.is_some() {
        hours = Hours::always();
        for key in ["saturday", "sunday", "holiday"].iter().filter(|key| section.has(key)) {
            let problem =
                text!("`{key}` 与 `hours = \"always\"` 矛盾", "`{key}` with `hours = \"always\"`",);
            let hint = text!("请删除 {key}", "remove {key}");
            section.note(section.key_offset(key), problem, hint);
        }
    } else {
        let read = |key: &str, into: &mut Windows| {
            if let Some(found) = windows(section, key) {
                *into = found;
            }
        };
        read("hours", &mut hours.workday);
        read("saturday", &mut hours.saturday);
        read("sunday", &mut hours.sunday);
        read("holiday", &mut hours.holiday);
    }
    hours.closed = closed(section);
    hours
}

fn windows(section: &Section<'_>, key: &str) -> Option<Windows> {
    let text = section.words(key)?;
    match Windows::parse(&text.value) {
        Ok(windows) => Some(windows),
        Err(error) => {
            section.note(text.offset, error.text(), error.hint());
            None
        }
    }
}

/// `closed = "2026-12-24..2026-12-26, 2026-12-31"`
fn closed(section: &Section<'_>) -> Vec<Days> {
    let Some(text) = section.words("closed") else { return Vec::new() };
    let parts = text.value.split([',', '，', '、']).map(str::trim).filter(|part| !part.is_empty());
    let mut days = Vec::new();
    for part in parts {
        match Days::parse(part) {
            Ok(found) => days.push(found),
            Err(error) => section.note(text.offset, error.text(), error.hint()),
        }
    }
    days
}

/// A zone with its calendar.
pub(super) fn zone(
    zone: &Zone,
    hours: &Hours,
    days: &KnownDays,
    time_zone: &TimeZone,
) -> ServiceZone {
    let always = *hours == Hours { closed: hours.closed.clone(), ..Hours::always() };
    let calendar = Calendar::new(hours.clone(), days.holidays.clone(), time_zone.clone());
    ServiceZone {
        id: zone.id.clone(),
        name: zone.name.clone(),
        floor: zone.floor,
        calendar: Arc::new(calendar),
        always: always && hours.closed.is_empty(),
    }
}
