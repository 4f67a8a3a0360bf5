//! Who is told of what, when, and whom else if nobody answers. Pure.

use crate::calendar::Calendar;
use crate::model::{Severity, Timestamp};

use super::silence::{Matcher, Subject};
use super::types::Alert;

/// When a route may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hours {
    /// At any time.
    Always,
    /// While the zone of the device serves; what comes at another time waits for the opening. Its
    /// delay counts in service time.
    Open,
    /// Once a day at this minute of the local day: what is still open then.
    Daily(u16),
}

/// One step on the way of an alert to people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// Its name.
    pub name: String,
    /// The channels that are told.
    pub channels: Vec<String>,
    /// For which alerts; what is empty is any.
    pub matcher: Matcher,
    /// At least so bad.
    pub severity_min: Severity,
    /// Only when nobody has acknowledged it for so long, milliseconds; 0 tells at once.
    pub after_ms: i64,
    /// When it may be used.
    pub hours: Hours,
}

/// Who is told, and for how long an acknowledgement counts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Policy {
    /// The names of all channels.
    pub channels: Vec<String>,
    /// The routes; without any, all channels are told of everything at once.
    pub routes: Vec<Route>,
    /// An acknowledgement counts for so long, milliseconds; `None` is for ever.
    pub acknowledged_for_ms: Option<i64>,
}

/// What is asked of the calendar.
pub(super) struct Moment<'a> {
    pub(super) now: Timestamp,
    /// The hours of the zone of the device.
    pub(super) calendar: Option<&'a Calendar>,
    pub(super) time_zone: &'a jiff::tz::TimeZone,
}

impl Policy {
    /// The channels that are due now and have not been told of it.
    pub(super) fn due(
        &self,
        alert: &Alert,
        subject: &Subject<'_>,
        moment: &Moment<'_>,
    ) -> Vec<String> {
        let mut due: Vec<String> = Vec::new();
        let new = |name: &&String| !alert.told.contains(name);
        if self.routes.is_empty() {
            return self.channels.iter().filter(new).cloned().collect();
        }
        for route in &self.routes {
            let all_told = route.channels.iter().all(|name| alert.told.contains(name));
            if !all_told && route.is_due(alert, subject, moment) {
                due.extend(route.channels.iter().filter(new).cloned());
            }
        }
        due.sort();
        due.dedup();
        due
    }
}

impl Route {
    fn is_due(&self, alert: &Alert, subject: &Subject<'_>, moment: &Moment<'_>) -> bool {
        if subject.severity < self.severity_min || !self.matcher.matches(subject) {
            return false;
        }
        if self.after_ms > 0 && alert.acknowledged.is_some() {
            return false;
        }
        // A clock that was set back makes nobody wait for that long.
        let since = alert.raised.min(moment.now);
        let waited_ms = moment.now.since_ms(since);
        if waited_ms < self.after_ms {
            return false;
        }
        match (self.hours, moment.calendar) {
            (Hours::Open, Some(calendar)) => {
                calendar.is_open(moment.now)
                    && (self.after_ms == 0 || calendar.open_ms(since, moment.now) >= self.after_ms)
            }
            // What belongs to no zone serves always.
            (Hours::Open, None) | (Hours::Always, _) => true,
            (Hours::Daily(minute), _) => passed(minute, since, moment),
        }
    }
}

/// Whether this minute of the day has begun since then.
fn passed(minute: u16, since: Timestamp, moment: &Moment<'_>) -> bool {
    let local = |time: Timestamp| {
        let time = jiff::Timestamp::from_millisecond(time.ms()).ok()?;
        Some(moment.time_zone.to_datetime(time))
    };
    let (Some(since), Some(now)) = (local(since), local(moment.now)) else { return false };
    let (hour, minute) = (i8::try_from(minute / 60), i8::try_from(minute % 60));
    let (Ok(hour), Ok(minute)) = (hour, minute) else { return false };
    let of = |day: jiff::civil::Date| day.at(hour.min(23), minute, 0, 0);
    let today = of(now.date());
    let last = if today <= now { Some(today) } else { now.date().yesterday().ok().map(of) };
    last.is_some_and(|last| since < last)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Text;

    use super::super::types::Acknowledged;

    fn at(text: &str) -> Timestamp {
        let time: jiff::civil::DateTime = text.parse().expect("time");
        let zone = jiff::tz::TimeZone::get("Asia/Shanghai").expect("zone");
        Timestamp::from_ms(zone.to_timestamp(time).expect("time").as_millisecond())
    }

    fn alert(raised: Timestamp) -> Alert {
        let texts = [Text::same("t"), Text::same("a")];
        Alert::new("a".to_owned(), "KS001", Severity::Major, None, texts, raised)
    }

    fn route(name: &str, after_min: i64, severity_min: Severity, hours: Hours) -> Route {
        let (name, channels) = (name.to_owned(), vec![name.to_owned()]);
        let (matcher, after_ms) = (Matcher::default(), after_min * 60_000);
        Route { name, channels, matcher, severity_min, after_ms, hours }
    }

    fn due(policy: &Policy, alert: &Alert, now: &str, calendar: Option<&Calendar>) -> Vec<String> {
        let subject = Subject {
            rule: &alert.rule,
            severity: alert.severity,
            device: None,
            zone: None,
            kind: None,
            labels: &alert.labels,
        };
        let time_zone = jiff::tz::TimeZone::get("Asia/Shanghai").expect("zone");
        policy.due(alert, &subject, &Moment { now: at(now), calendar, time_zone: &time_zone })
    }

    fn office() -> Calendar {
        let holidays = std::sync::Arc::new(crate::calendar::Holidays::shipped());
        let zone = jiff::tz::TimeZone::get("Asia/Shanghai").expect("zone");
        Calendar::new(crate::calendar::Hours::default(), holidays, zone)
    }

    #[test]
    fn without_routes_all_channels_are_told_once() {
        let channels = vec!["a".to_owned(), "b".to_owned()];
        let policy = Policy { channels, ..Policy::default() };
        let mut alert = alert(at("2026-06-22T10:00"));
        assert_eq!(due(&policy, &alert, "2026-06-22T10:00", None), ["a", "b"]);
        alert.told = vec!["a".to_owned()];
        assert_eq!(due(&policy, &alert, "2026-06-22T10:00", None), ["b"]);
    }

    #[test]
    fn the_next_ones_are_told_when_nobody_answers() {
        let routes = vec![
            route("team", 0, Severity::Minor, Hours::Always),
            route("lead", 30, Severity::Major, Hours::Always),
            route("boss", 60, Severity::Critical, Hours::Always),
        ];
        let policy = Policy { routes, ..Policy::default() };
        let mut alert = alert(at("2026-06-22T10:00"));
        assert_eq!(due(&policy, &alert, "2026-06-22T10:00", None), ["team"]);
        alert.told = vec!["team".to_owned()];
        assert!(due(&policy, &alert, "2026-06-22T10:29", None).is_empty());
        assert_eq!(due(&policy, &alert, "2026-06-22T10:30", None), ["lead"]);
        let who = Acknowledged {
            by: "王".to_owned(),
            note: String::new(),
            at: alert.raised,
            until: None,
        };
        alert.acknowledged = Some(who);
        assert!(due(&policy, &alert, "2026-06-22T10:30", None).is_empty());
        alert.acknowledged = None;
        alert.severity = Severity::Critical;
        alert.told.push("lead".to_owned());
        assert_eq!(due(&policy, &alert, "2026-06-22T11:00", None), ["boss"]);
        assert!(due(&policy, &alert, "2026-06-22T09:00", None).is_empty(), "the clock went back");
    }

    #[test]
    fn service_hours_and_the_morning_digest_are_waited_for() {
        let calendar = office();
        let routes = vec![
            route("open", 0, Severity::Info, Hours::Open),
            route("late", 30, Severity::Info, Hours::Open),
            route("digest", 0, Severity::Info, Hours::Daily(8 * 60 + 30)),
        ];
        let policy = Policy { routes, ..Policy::default() };
        // A Saturday evening.
        let mut alert = alert(at("2026-06-20T20:00"));
        let due = |alert: &Alert, now: &str| due(&policy, alert, now, Some(&calendar));
        assert!(due(&alert, "2026-06-21T08:29").is_empty());
        assert_eq!(due(&alert, "2026-06-21T08:30"), ["digest"]);
        alert.told = vec!["digest".to_owned()];
        assert!(due(&alert, "2026-06-22T08:59").is_empty());
        assert_eq!(due(&alert, "2026-06-22T09:00"), ["open"]);
        alert.told.push("open".to_owned());
        assert!(due(&alert, "2026-06-22T09:29").is_empty());
        assert_eq!(due(&alert, "2026-06-22T09:30"), ["late"]);
    }
}
