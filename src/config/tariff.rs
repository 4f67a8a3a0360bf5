//! What electricity costs: the `[[tariff]]`s.

use jiff::civil::Date;

use crate::calendar::Windows;
use crate::model::{Text, text};
use crate::tariff::{Period, Tariff, Tariffs};

use super::section::{Section, write};

const TARIFF: &[&str] = &["from", "price_per_kwh", "periods"];
const PERIOD: &[&str] = &["hours", "months", "price_per_kwh"];
/// The highest price of a kWh that can be meant.
const PRICE_MAX: f64 = 100.0;

/// Reads them.
pub(super) fn tariffs(root: &Section<'_>) -> Tariffs {
    let sections = root.list("tariff", TARIFF);
    Tariffs::new(sections.iter().filter_map(tariff).collect())
}

fn tariff(section: &Section<'_>) -> Option<Tariff> {
    let from = section.need_words("from", write("from = \"2026-01-01\""));
    let from = from.and_then(|from| match from.value.parse::<Date>() {
        Ok(date) => Some(date),
        Err(_) => {
            let problem = text!("`{}` 不是日期", "`{}` is not a date", from.value);
            section.note(from.offset, problem, write("from = \"2026-01-01\""));
            None
        }
    });
    let price_per_kwh = price(section);
    let periods = section.list("periods", PERIOD);
    let periods = periods.iter().filter_map(period).collect();
    Some(Tariff { from: from?, price_per_kwh: price_per_kwh?, periods })
}

fn price(section: &Section<'_>) -> Option<f64> {
    if !section.has("price_per_kwh") {
        section.missing("price_per_kwh", write("price_per_kwh = 0.85"));
    }
    section.real("price_per_kwh", 0.0..=PRICE_MAX).map(|price| price.value)
}

fn period(section: &Section<'_>) -> Option<Period> {
    let hours = section.need_words("hours", write("hours = \"10:00-15:00,18:00-21:00\""));
    let windows = hours.and_then(|hours| match Windows::parse(&hours.value) {
        Ok(windows) => Some(windows),
        Err(error) => {
            section.note(hours.offset, error.text(), error.hint());
            None
        }
    });
    let months = section.get::<Vec<i64>>("months");
    let offset = months.as_ref().map_or(section.offset, |months| months.offset);
    let months = months.map(|months| months.value).unwrap_or_default();
    if let Some(wrong) = months.iter().find(|month| !(1..=12).contains(*month)) {
        let problem = text!("没有第 `{wrong}` 月", "there is no month `{wrong}`");
        section.note(offset, problem, Text::new("应在 1 到 12 之间", "from 1 to 12"));
    }
    let months = months.into_iter().filter_map(|month| i8::try_from(month).ok()).collect();
    let price_per_kwh = price(section);
    Some(Period { windows: windows?, months, price_per_kwh: price_per_kwh? })
}
