//! Silences and maintenance windows: for what, when, by whom and why. Pure.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use crate::calendar::{DayKind, Holidays};
use crate::model::{DeviceId, DeviceKind, Severity, Text, Timestamp, ZoneId, text};
use crate::rule::Labels;

/// The longest one, milliseconds: what is quiet for ever is not watched.
const LONGEST_MS: i64 = 366 * 24 * 3600 * 1000;
/// Stands for every kind of machine that serves people, as in rules.
pub const KIOSK: &str = "kiosk";
const DAY_MIN: u16 = 24 * 60;

/// What a silence does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// Alerts are raised and shown, and nobody is told.
    Silence,
    /// Somebody works there, or it is switched off on purpose: nothing is judged.
    Maintenance,
}

/// For which alerts. What is empty is any; at least one is given.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Matcher {
    /// Ids of rules.
    pub rules: Vec<String>,
    /// Ids of devices.
    pub devices: Vec<String>,
    /// Ids of zones.
    pub zones: Vec<String>,
    /// Kinds of devices.
    pub kinds: Vec<String>,
    /// Labels of rules: all of these, each with this value.
    #[serde(skip_serializing_if = "Labels::is_empty")]
    pub labels: Labels,
    /// Not for what is worse than this.
    pub severity_max: Option<String>,
}

/// What an alert is about, for those who pick some of them.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// Id of the rule.
    pub rule: &'a str,
    /// How bad.
    pub severity: Severity,
    /// The device, unless it is about several.
    pub device: Option<&'a DeviceId>,
    /// Where.
    pub zone: Option<&'a ZoneId>,
    /// The kind of the device.
    pub kind: Option<DeviceKind>,
    /// The labels of the rule.
    pub labels: &'a Labels,
}

/// On which days a recurring one counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum On {
    /// Every day.
    All,
    /// Days that are worked, make-up days among them.
    Working,
    /// Weekends and holidays.
    Rest,
    /// Days of the week, 1 is Monday.
    Weekdays(Vec<i8>),
}

/// Some hours of some days.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recurring {
    /// The days.
    pub on: On,
    /// Begin, minutes of the civil day.
    pub from_min: u16,
    /// End, minutes of the civil day; before the begin it is that of the next day.
    pub to_min: u16,
}

/// One silence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Silence {
    /// Its id.
    pub id: String,
    /// What it does.
    pub effect: Effect,
    /// For which alerts.
    pub matcher: Matcher,
    /// From when on.
    #[serde(rename = "from_ms", with = "ms")]
    pub from: Timestamp,
    /// Up to when.
    #[serde(rename = "until_ms", with = "ms")]
    pub until: Timestamp,
    /// Only then, where it is not for all that time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recurring: Option<Recurring>,
    /// Who wanted it.
    pub by: String,
    /// Why.
    pub why: String,
    /// When it was set.
    #[serde(rename = "set_ms", with = "ms")]
    pub set: Timestamp,
    /// Who ended it before its time, and when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<Ended>,
}

/// Who ended a silence before its time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ended {
    /// Name of the person.
    pub by: String,
    /// When.
    #[serde(rename = "at_ms", with = "ms")]
    pub at: Timestamp,
}

/// A moment as milliseconds since 1970.
mod ms {
    use serde::{Deserialize, Deserializer, Serializer};

    use crate::model::Timestamp;

    #[allow(clippy::trivially_copy_pass_by_ref)] // as serde calls it
    pub(super) fn serialize<S: Serializer>(time: &Timestamp, out: S) -> Result<S::Ok, S::Error> {
        out.serialize_i64(time.ms())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(input: D) -> Result<Timestamp, D::Error> {
        i64::deserialize(input).map(Timestamp::from_ms)
    }
}

/// Why a silence was not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SilenceError {
    /// It is for everything.
    #[error("a silence names rules, devices, zones, kinds, labels or a severity")]
    ForAll,
    /// Something that it names is not there.
    #[error("there is no {what} `{name}`")]
    Unknown {
        /// What kind of thing.
        what: &'static str,
        /// Its name.
        name: String,
    },
    /// It ends before it begins, or has ended.
    #[error("it ends before it begins, or has ended already")]
    Over,
    /// It is too long.
    #[error("it is longer than {} days", LONGEST_MS / 86_400_000)]
    TooLong,
    /// Its hours are none.
    #[error("the hours of a recurring silence are two different times of the day")]
    NoHours,
    /// It has no reason.
    #[error("a silence has a reason")]
    NoReason,
    /// There are too many.
    #[error("there are {0} silences already")]
    TooMany(usize),
}

impl SilenceError {
    /// What is wrong and what to do, for people.
    #[must_use]
    pub fn text(&self) -> Text {
        match self {
            Self::ForAll => Text::new(
                "请指定规则、设备、区域、类型、标签或级别，不能静默全部",
                "name rules, devices, zones, kinds, labels or a severity: not everything can be silenced",
            ),
            Self::Unknown { what, name } => {
                let zh = match *what {
                    "rule" => "规则",
                    "device" => "设备",
                    "zone" => "区域",
                    "kind" => "设备类型",
                    "label" => "标签",
                    _ => "级别",
                };
                text!("没有{zh} `{name}`", "there is no {what} `{name}`")
            }
            Self::Over => Text::new(
                "结束时间必须晚于开始时间和现在",
                "the end must be after the begin, and after now",
            ),
            Self::TooLong => Text::new("最长 366 天", "366 days at most"),
            Self::NoHours => Text::new(
                "重复时段的开始和结束须为当天两个不同的时刻",
                "a recurring one begins and ends at two different times of the day",
            ),
            Self::NoReason => Text::new("请写明原因", "say why"),
            Self::TooMany(count) => text!(
                "已有 {count} 条静默，请先结束不需要的",
                "there are {count} silences; end those that are not needed first",
            ),
        }
    }
}

impl Matcher {
    /// Whether it picks this one.
    #[must_use]
    pub fn matches(&self, subject: &Subject<'_>) -> bool {
        let one_of = |list: &[String], own: Option<&str>| {
            list.is_empty() || own.is_some_and(|own| list.iter().any(|name| name == own))
        };
        let mild = self.severity_max.as_deref().and_then(Severity::parse);
        one_of(&self.rules, Some(subject.rule))
            && one_of(&self.devices, subject.device.map(DeviceId::as_str))
            && one_of(&self.zones, subject.zone.map(ZoneId::as_str))
            && (one_of(&self.kinds, subject.kind.map(DeviceKind::as_str))
                || self.is_for_kiosk(subject))
            && mild.is_none_or(|mild| subject.severity <= mild)
            && self.labels.iter().all(|(name, value)| subject.labels.get(name) == Some(value))
    }

    fn is_for_kiosk(&self, subject: &Subject<'_>) -> bool {
        subject.kind.is_some_and(DeviceKind::is_kiosk)
            && self.kinds.iter().any(|kind| kind == KIOSK)
    }

    fn is_for_all(&self) -> bool {
        let Self { rules, devices, zones, kinds, labels, severity_max } = self;
        let lists = [rules, devices, zones, kinds];
        lists.iter().all(|list| list.is_empty()) && labels.is_empty() && severity_max.is_none()
    }
}

impl Recurring {
    /// Whether it counts at a moment.
    #[must_use]
    pub fn holds(&self, now: Timestamp, time_zone: &TimeZone, holidays: &Holidays) -> bool {
        let Ok(now) = jiff::Timestamp::from_millisecond(now.ms()) else { return false };
        let local = time_zone.to_datetime(now);
        let minute = u16::try_from(i32::from(local.hour()) * 60 + i32::from(local.minute()));
        let minute = minute.unwrap_or_default();
        let (from, to) = (self.from_min, self.to_min);
        if from < to {
            return self.is_on(local.date(), holidays) && (from..to).contains(&minute);
        }
        // Through midnight: the hours after it belong to the day before.
        let evening = minute >= from && self.is_on(local.date(), holidays);
        let yesterday = local.date().yesterday();
        evening || minute < to && yesterday.is_ok_and(|day| self.is_on(day, holidays))
    }

    fn is_on(&self, date: Date, holidays: &Holidays) -> bool {
        let works = || matches!(holidays.day(date), DayKind::Workday | DayKind::MakeUp(_));
        match &self.on {
            On::All => true,
            On::Working => works(),
            On::Rest => !works(),
            On::Weekdays(days) => days.contains(&date.weekday().to_monday_one_offset()),
        }
    }
}

impl Silence {
    /// Whether it is good as it stands; what it names is looked up by the one who takes it.
    ///
    /// # Errors
    /// [`SilenceError`].
    pub fn check(&self, now: Timestamp) -> Result<(), SilenceError> {
        if self.matcher.is_for_all() {
            return Err(SilenceError::ForAll);
        }
        if let Some(word) = self.matcher.severity_max.as_deref()
            && Severity::parse(word).is_none()
        {
            return Err(SilenceError::Unknown { what: "severity", name: word.to_owned() });
        }
        if let Some(word) =
            self.matcher.kinds.iter().find(|k| *k != KIOSK && DeviceKind::parse(k).is_none())
        {
            return Err(SilenceError::Unknown { what: "kind", name: word.clone() });
        }
        if self.until <= self.from || self.until <= now {
            return Err(SilenceError::Over);
        }
        if self.until.since_ms(self.from.max(now)) > LONGEST_MS {
            return Err(SilenceError::TooLong);
        }
        if self.why.trim().is_empty() {
            return Err(SilenceError::NoReason);
        }
        let hours = self.recurring.as_ref().is_none_or(|recurring| {
            let days = match &recurring.on {
                On::Weekdays(days) => {
                    !days.is_empty() && days.iter().all(|day| (1..=7).contains(day))
                }
                _ => true,
            };
            let (from, to) = (recurring.from_min, recurring.to_min);
            days && from != to && from < DAY_MIN && to <= DAY_MIN
        });
        if hours { Ok(()) } else { Err(SilenceError::NoHours) }
    }

    /// Whether it is over for good.
    #[must_use]
    pub fn is_over(&self, now: Timestamp) -> bool {
        self.ended.is_some() || now >= self.until
    }

    /// Whether it counts at a moment.
    #[must_use]
    pub fn holds(&self, now: Timestamp, time_zone: &TimeZone, holidays: &Holidays) -> bool {
        let within = !self.is_over(now) && now >= self.from;
        let recurring = self.recurring.as_ref();
        within && recurring.is_none_or(|recurring| recurring.holds(now, time_zone, holidays))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ZONE: &str = "Asia/Shanghai";

    fn at(text: &str) -> Timestamp {
        let time: jiff::civil::DateTime = text.parse().expect("time");
        let zone = TimeZone::get(ZONE).expect("zone");
        Timestamp::from_ms(zone.to_timestamp(time).expect("time").as_millisecond())
    }

    fn holds(recurring: &Recurring, text: &str) -> bool {
        recurring.holds(at(text), &TimeZone::get(ZONE).expect("zone"), &Holidays::shipped())
    }

    #[test]
    fn recurring_ones_go_by_the_calendar_and_through_midnight() {
        let lunch = Recurring { on: On::Working, from_min: 12 * 60, to_min: 13 * 60 };
        assert!(holds(&lunch, "2026-06-22T12:00") && holds(&lunch, "2026-06-22T12:59"));
        assert!(!holds(&lunch, "2026-06-22T13:00"), "the end is out");
        assert!(!holds(&lunch, "2026-06-20T12:30"), "a Saturday");
        assert!(!holds(&lunch, "2026-10-01T12:30"), "a holiday");
        // A Sunday that is worked in place of another day.
        assert!(holds(&lunch, "2026-09-20T12:30"));
        let night = Recurring { on: On::Weekdays(vec![5]), from_min: 22 * 60, to_min: 6 * 60 };
        assert!(holds(&night, "2026-06-19T23:00") && holds(&night, "2026-06-20T05:59"));
        assert!(!holds(&night, "2026-06-19T05:00"), "that night began on a Thursday");
        assert!(!holds(&night, "2026-06-20T23:00"));
    }

    #[test]
    fn one_that_cannot_be_meant_is_refused() {
        let now = at("2026-06-22T08:00");
        let good = Silence {
            id: "s".to_owned(),
            effect: Effect::Silence,
            matcher: Matcher { kinds: vec!["inverter".to_owned()], ..Matcher::default() },
            from: now,
            until: now.plus_ms(1),
            recurring: None,
            by: "王".to_owned(),
            why: "清洗".to_owned(),
            set: now,
            ended: None,
        };
        assert_eq!(good.check(now), Ok(()));
        let with = |change: fn(&mut Silence)| {
            let mut silence = good.clone();
            change(&mut silence);
            silence.check(now).expect_err("a mistake")
        };
        assert_eq!(with(|s| s.matcher = Matcher::default()), SilenceError::ForAll);
        assert_eq!(with(|s| s.until = s.from), SilenceError::Over);
        assert_eq!(with(|s| s.until = s.from.plus_ms(LONGEST_MS + 1)), SilenceError::TooLong);
        assert_eq!(with(|s| s.why = " ".to_owned()), SilenceError::NoReason);
        let unknown = with(|s| s.matcher.kinds = vec!["toaster".to_owned()]);
        assert!(unknown.text().zh.contains("toaster"), "{unknown}");
        let hours = |s: &mut Silence| {
            s.recurring = Some(Recurring { on: On::Weekdays(vec![8]), from_min: 0, to_min: 60 });
        };
        assert_eq!(with(hours), SilenceError::NoHours);
    }
}
