//! What to refill on the next round.

use crate::calendar::Calendar;
use crate::model::{Text, Timestamp};

use super::forecast::{Forecast, Sensor};

/// One consumable of one machine, as the list looks at it.
#[derive(Debug, Clone, Copy)]
pub struct Stock<'a, M> {
    /// Which machine, or which of its consumables.
    pub machine: M,
    /// What the sensor says.
    pub sensor: Sensor,
    /// When it runs out.
    pub forecast: &'a Forecast,
    /// The service hours of the machine.
    pub calendar: &'a Calendar,
}

/// How urgent a refill is; the first is the most urgent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Urgency {
    /// Nothing is left.
    Out,
    /// The sensor says low.
    Low,
    /// It runs out before the next working day is over.
    RunsOut,
}

impl Urgency {
    /// The word for people.
    #[must_use]
    pub fn text(self) -> Text {
        match self {
            Self::Out => Text::new("已用完", "out"),
            Self::Low => Text::new("余量低", "low"),
            Self::RunsOut => Text::new("即将用完", "runs out"),
        }
    }
}

/// One line of the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Due<M> {
    /// Which machine.
    pub machine: M,
    /// How urgent.
    pub urgency: Urgency,
    /// When it runs out; `None` when it is low and nobody can say.
    pub at: Option<Timestamp>,
}

/// What is out, what is low by its sensor, and what runs out before its zone closes on the next
/// working day after that of `now`: on Friday, all that will not see Monday evening.
///
/// First what is out; then by the moment at which it runs out, low ones without such a moment
/// before all others, since it may be any; then in the order in which they came.
#[must_use]
pub fn refill_list<'a, M: 'a>(
    stocks: impl IntoIterator<Item = Stock<'a, M>>,
    now: Timestamp,
) -> Vec<Due<M>> {
    let mut list: Vec<Due<M>> = stocks.into_iter().filter_map(|stock| due(stock, now)).collect();
    // `None` sorts before every moment.
    list.sort_by_key(|due| (due.urgency != Urgency::Out, due.at));
    list
}

fn due<M>(stock: Stock<'_, M>, now: Timestamp) -> Option<Due<M>> {
    let at = stock.forecast.at(now);
    let urgency = match (stock.forecast, stock.sensor) {
        (Forecast::Out(_), _) | (_, Sensor::Out) => Urgency::Out,
        (_, Sensor::Low) => Urgency::Low,
        _ if at.zip(next_close(stock.calendar, now)).is_some_and(|(at, close)| at < close) => {
            Urgency::RunsOut
        }
        _ => return None,
    };
    Some(Due { machine: stock.machine, urgency, at })
}

/// When the zone closes on the first working day after the day of `now`.
fn next_close(calendar: &Calendar, now: Timestamp) -> Option<Timestamp> {
    let tomorrow = calendar.date_of(now).tomorrow().ok()?;
    calendar.working_days(tomorrow).next().and_then(|date| calendar.close_of(date))
}
