//! When a consumable runs out: paper, cards, ribbons.

use crate::calendar::Calendar;
use crate::model::{Text, Timestamp, text};

use super::usage::{Count, Rate, in_order, rate, used_since};

/// What a sensor in the tray says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Sensor {
    /// There is enough.
    Full,
    /// There is little left.
    Low,
    /// There is nothing left.
    Out,
    /// Nothing, or there is no sensor.
    Unknown,
}

/// How much is left by counting, units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Left {
    /// The machine says it by itself.
    Said(u64),
    /// A refill brings it to this capacity; what was used since is counted, if there are readings
    /// from the day of the refill on.
    OfCapacity(u64),
    /// Neither.
    Unknown,
}

/// What is known of one consumable of one machine.
#[derive(Debug, Clone, Copy)]
pub struct Supply<'a> {
    /// Readings of the counter of use.
    pub counts: &'a [Count],
    /// When it was refilled; the last one until now counts.
    pub refills: &'a [Timestamp],
    /// How much is left.
    pub left: Left,
    /// What the sensor says.
    pub sensor: Sensor,
    /// What is left at most when the sensor says low, units; `None` when nobody has said, and then
    /// the count stands.
    pub low_means: Option<u64>,
}

/// Who says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Witness {
    /// The sensor.
    Sensor,
    /// The count.
    Count,
}

/// Why there is no forecast.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NoForecast {
    /// Fewer than three active working days are known.
    FewDays,
    /// Neither the machine nor a refill nor the sensor says how much is left.
    AmountUnknown,
    /// By the count nothing is left, but the sensor says that there is enough.
    CountWrong,
}

/// When it runs out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Forecast {
    /// Nothing is left.
    Out(Witness),
    /// It runs out.
    RunsOut {
        /// The moment at which the last unit is used.
        at: Timestamp,
        /// Units left now.
        left: u64,
        /// Use of a working day.
        rate: Rate,
        /// The sensor says low, so at most `left` is taken as left, whatever was counted.
        held_by_sensor: bool,
    },
    /// It lasts longer than [`HORIZON_DAYS`](crate::calendar::HORIZON_DAYS).
    Lasts {
        /// Units left now.
        left: u64,
        /// Use of a working day.
        rate: Rate,
    },
    /// It cannot be said.
    None(NoForecast),
}

impl Forecast {
    /// The moment at which nothing is left, if that can be said; `now` when that is so already.
    #[must_use]
    pub const fn at(&self, now: Timestamp) -> Option<Timestamp> {
        match self {
            Self::Out(_) => Some(now),
            Self::RunsOut { at, .. } => Some(*at),
            Self::Lasts { .. } | Self::None(_) => None,
        }
    }

    /// What it rests on, for people.
    #[must_use]
    pub fn reason(&self) -> Text {
        match self {
            Self::Out(Witness::Sensor) => text!("传感器提示已用完", "the sensor says it is out"),
            Self::Out(Witness::Count) => text!("按计数已用完", "by the count nothing is left"),
            Self::RunsOut { left, rate, held_by_sensor, .. } => {
                let Text { zh, en } = basis(*left, *rate);
                match held_by_sensor {
                    true => text!("传感器提示余量低；{zh}", "the sensor says low; {en}"),
                    false => Text { zh, en },
                }
            }
            Self::Lasts { left, rate } => basis(*left, *rate),
            Self::None(NoForecast::FewDays) => {
                text!("有用量的工作日不足 3 天", "fewer than 3 working days with any use")
            }
            Self::None(NoForecast::AmountUnknown) => {
                text!("余量未知，加注后即可预测", "the amount left is not known before a refill")
            }
            Self::None(NoForecast::CountWrong) => text!(
                "按计数已用完，但传感器提示充足：计数有误，请登记加注",
                "by the count nothing is left, but the sensor says there is enough: the count is \
                 wrong, note the refill",
            ),
        }
    }
}

fn basis(left: u64, rate: Rate) -> Text {
    let Rate { used, days, before_refill } = rate;
    let tenths = u128::from(used) * 10 / u128::from(days.max(1));
    let (whole, tenth) = (tenths / 10, tenths % 10);
    let [zh, en] =
        if before_refill { ["（含加注前）", ", some before the refill"] } else { ["", ""] };
    text!(
        "剩余 {left}，{days} 个工作日平均每天 {whole}.{tenth}{zh}",
        "{left} left, {whole}.{tenth} a working day over {days} days{en}",
    )
}

/// When the consumable runs out, at the mean use of a working day, spread evenly over the day's
/// open time.
///
/// The sensor wins over the count: out is out; at low at most what low means is left; a count of
/// zero under a full sensor is a wrong count, and no date is made up.
#[must_use]
pub fn forecast(supply: &Supply<'_>, calendar: &Calendar, now: Timestamp) -> Forecast {
    let counts: Vec<Count> =
        in_order(supply.counts).into_iter().filter(|count| count.at <= now).collect();
    let refill = supply.refills.iter().copied().filter(|refill| *refill <= now).max();
    let counted = match (supply.left, refill) {
        (Left::Said(left), _) => Some(left),
        (Left::OfCapacity(capacity), Some(refill)) => {
            used_since(&counts, refill, calendar).map(|used| capacity.saturating_sub(used))
        }
        (Left::OfCapacity(_), None) | (Left::Unknown, _) => None,
    };
    let is_low = supply.sensor == Sensor::Low;
    let low_means = supply.low_means.filter(|_| is_low);
    let held_by_sensor = low_means.is_some_and(|low| counted.is_none_or(|left| low < left));
    let left = match (supply.sensor, counted, low_means) {
        (Sensor::Out, ..) => return Forecast::Out(Witness::Sensor),
        (Sensor::Full, Some(0), _) => return Forecast::None(NoForecast::CountWrong),
        (_, Some(left), Some(low)) => left.min(low),
        (_, Some(left), None) | (_, None, Some(left)) => left,
        (_, None, None) => return Forecast::None(NoForecast::AmountUnknown),
    };
    if left == 0 {
        return Forecast::Out(if held_by_sensor { Witness::Sensor } else { Witness::Count });
    }
    let Some(rate) = rate(&counts, refill, calendar, now) else {
        return Forecast::None(NoForecast::FewDays);
    };
    match run_out(left, rate, calendar, now) {
        Some(at) => Forecast::RunsOut { at, left, rate, held_by_sensor },
        None => Forecast::Lasts { left, rate },
    }
}

/// The moment at which `left` units are used up; `None` beyond the horizon.
fn run_out(left: u64, rate: Rate, calendar: &Calendar, now: Timestamp) -> Option<Timestamp> {
    // How many working days it lasts, as a fraction that is never rounded: what is used up of each
    // day's open time is taken off it.
    let mut days =
        Fraction { up: i128::from(left) * i128::from(rate.days), down: rate.used.into() };
    for date in calendar.working_days(calendar.date_of(now)) {
        let windows = calendar.windows(date);
        let (open, close) = (windows.first()?.0, windows.last()?.1);
        let day_ms = calendar.open_ms(open, close);
        let rest_ms = calendar.open_ms(open.max(now), close);
        let needed_ms = days.of_ceiling(day_ms)?;
        if needed_ms <= rest_ms {
            return calendar.after_open_ms(open.max(now), needed_ms);
        }
        days = days.minus(rest_ms, day_ms)?;
    }
    None
}

/// A number of days, not negative.
#[derive(Debug, Clone, Copy)]
struct Fraction {
    up: i128,
    down: i128,
}

impl Fraction {
    /// This part of `ms` milliseconds, rounded up.
    fn of_ceiling(self, ms: i64) -> Option<i64> {
        let up = self.up.checked_mul(ms.into())?;
        let whole = up.checked_div(self.down)?;
        i64::try_from(whole + i128::from(whole * self.down < up)).ok()
    }

    /// Less `part` / `whole`, with whole days taken off without a larger denominator.
    fn minus(self, part: i64, whole: i64) -> Option<Self> {
        if part == whole {
            return Some(Self { up: self.up - self.down, ..self });
        }
        let (part, whole) = (i128::from(part), i128::from(whole));
        let up = self.up.checked_mul(whole)?.checked_sub(self.down.checked_mul(part)?)?;
        Some(Self { up, down: self.down.checked_mul(whole)? })
    }
}
