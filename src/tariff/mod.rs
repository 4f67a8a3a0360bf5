//! What electricity costs at a moment: prices with the date from which they count, by the time of the
//! day and the month where the contract says so.
//!
//! Architecture invariant: pure functions of data and moments; no price stands in the code.

use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::calendar::Windows;
use crate::model::Timestamp;

/// Hours with a price of their own.
#[derive(Debug, Clone, PartialEq)]
pub struct Period {
    /// The hours.
    pub windows: Windows,
    /// The months, 1 is January; all where it is empty.
    pub months: Vec<i8>,
    /// Price of a kWh, in the currency of the contract.
    pub price_per_kwh: f64,
}

/// What counts from a date on.
#[derive(Debug, Clone, PartialEq)]
pub struct Tariff {
    /// The first day.
    pub from: Date,
    /// Price of a kWh outside the periods.
    pub price_per_kwh: f64,
    /// Hours with prices of their own; the first that fits counts.
    pub periods: Vec<Period>,
}

/// All tariffs that there have been.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Tariffs(Vec<Tariff>);

impl Tariffs {
    /// In any order.
    #[must_use]
    pub fn new(mut tariffs: Vec<Tariff>) -> Self {
        tariffs.sort_by_key(|tariff| tariff.from);
        Self(tariffs)
    }

    /// The price of a kWh at a moment; `None` before the first tariff.
    #[must_use]
    pub fn price_per_kwh(&self, at: Timestamp, time_zone: &TimeZone) -> Option<f64> {
        let at = jiff::Timestamp::from_millisecond(at.ms()).ok()?;
        let local = time_zone.to_datetime(at);
        let tariff = self.0.iter().rev().find(|tariff| tariff.from <= local.date())?;
        let minute =
            u16::try_from(i32::from(local.hour()) * 60 + i32::from(local.minute())).ok()?;
        let fits = |period: &&Period| {
            let month = period.months.is_empty() || period.months.contains(&local.month());
            let mut windows = period.windows.as_slice().iter();
            month && windows.any(|window| (window.from_min()..window.to_min()).contains(&minute))
        };
        let own = tariff.periods.iter().find(fits).map(|period| period.price_per_kwh);
        Some(own.unwrap_or(tariff.price_per_kwh))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_price_goes_by_date_month_and_hour() {
        let windows = |text: &str| Windows::parse(text).expect("hours");
        let peak = |months: Vec<i8>, hours: &str, price_per_kwh: f64| Period {
            windows: windows(hours),
            months,
            price_per_kwh,
        };
        let date = |text: &str| text.parse::<Date>().expect("date");
        let periods = vec![
            peak(vec![7, 8], "11:00-13:00", 1.5),
            peak(Vec::new(), "10:00-15:00,18:00-21:00", 1.2),
        ];
        let tariffs = Tariffs::new(vec![
            Tariff { from: date("2026-07-01"), price_per_kwh: 0.9, periods },
            Tariff { from: date("2025-01-01"), price_per_kwh: 0.8, periods: Vec::new() },
        ]);
        let zone = TimeZone::get("Asia/Shanghai").expect("zone");
        let price = |text: &str| {
            let local: jiff::civil::DateTime = text.parse().expect("time");
            let at = zone.to_timestamp(local).expect("time").as_millisecond();
            tariffs.price_per_kwh(Timestamp::from_ms(at), &zone)
        };
        assert_eq!(price("2024-12-31T12:00"), None, "nobody knows");
        assert_eq!(price("2026-06-30T12:00"), Some(0.8));
        assert_eq!(price("2026-07-01T09:59"), Some(0.9));
        assert_eq!(price("2026-07-01T12:00"), Some(1.5));
        assert_eq!(price("2026-09-01T12:00"), Some(1.2));
        assert_eq!(price("2026-09-01T21:00"), Some(0.9), "the end is out");
    }
}
