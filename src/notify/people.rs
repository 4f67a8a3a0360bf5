//! Who can be called by name, and who of them is on call at a moment.

use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;

use crate::model::Timestamp;

/// One person.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Person {
    /// Unique among people and rotas.
    pub id: String,
    /// The name for people.
    pub name: String,
    /// Mobile number.
    pub mobile: Option<String>,
    /// E-mail address.
    pub email: Option<String>,
    /// User id in WeCom.
    pub wecom_id: Option<String>,
    /// User id in DingTalk.
    pub dingtalk_id: Option<String>,
    /// User id in Feishu, `ou_…`.
    pub feishu_id: Option<String>,
}

impl std::fmt::Debug for Person {
    /// Leaves out the numbers and addresses of a person.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Person").field("id", &self.id).finish_non_exhaustive()
    }
}

/// How long a turn is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// A day.
    Day,
    /// A week.
    Week,
}

/// People who take turns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rota {
    /// Unique among people and rotas.
    pub id: String,
    /// Ids of the people, in the order of their turns.
    pub people: Vec<String>,
    /// How long a turn is.
    pub turn: Turn,
    /// The local day on which the first turn begins.
    pub from: Date,
    /// The local time at which turns end and begin.
    pub handover: Time,
}

impl Rota {
    /// The id of who is on call. Before the first turn it is who has the first one: somebody has to
    /// be called.
    #[must_use]
    pub fn on_call(&self, at: Timestamp, zone: &TimeZone) -> Option<&str> {
        let local =
            jiff::Timestamp::from_millisecond(at.ms()).ok()?.to_zoned_datetime(zone.clone());
        // The day of a turn begins at its handover.
        let day = match local.time() >= self.handover {
            true => local.date(),
            false => local.date().yesterday().ok()?,
        };
        let days = self.from.until(day).ok()?.get_days().max(0);
        let turns = match self.turn {
            Turn::Day => days,
            Turn::Week => days / 7,
        };
        let count = self.people.len();
        let index = usize::try_from(turns).ok()?.checked_rem(count)?;
        self.people.get(index).map(String::as_str)
    }
}

/// All people and rotas.
#[derive(Debug, Clone, Default)]
pub struct People {
    /// The people.
    pub persons: Vec<Person>,
    /// Who takes turns.
    pub rotas: Vec<Rota>,
    /// Where days begin and end.
    pub zone: Option<TimeZone>,
}

impl People {
    /// The people of this name at a moment: a person, or who is on call in a rota.
    pub(super) fn of(&self, name: &str, at: Timestamp) -> Option<&Person> {
        let zone = self.zone.clone().unwrap_or(TimeZone::UTC);
        let rota = self.rotas.iter().find(|rota| rota.id == name);
        let id = match rota {
            Some(rota) => rota.on_call(at, &zone)?,
            None => name,
        };
        self.persons.iter().find(|person| person.id == id)
    }

    /// The people of these names at a moment, each once.
    pub(super) fn all_of(&self, names: &[String], at: Timestamp) -> Vec<&Person> {
        let mut found: Vec<&Person> = Vec::new();
        for person in names.iter().filter_map(|name| self.of(name, at)) {
            if !found.iter().any(|known| known.id == person.id) {
                found.push(person);
            }
        }
        found
    }

    /// What `of` says of the people of these names, and the names that are no people's: addresses
    /// and numbers that stand for themselves. Each once.
    pub(super) fn reach(
        &self,
        names: &[String],
        at: Timestamp,
        of: impl Fn(&Person) -> Option<&String>,
    ) -> Vec<String> {
        let known = |name: &String| {
            self.persons.iter().any(|person| person.id == *name)
                || self.rotas.iter().any(|rota| rota.id == *name)
        };
        let mut found: Vec<String> = Vec::new();
        for name in names {
            let address = match known(name) {
                true => self.of(name, at).and_then(&of).cloned(),
                false => Some(name.clone()),
            };
            found.extend(address.filter(|address| !found.contains(address)));
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::{date, time};

    use super::*;

    fn shanghai() -> TimeZone {
        TimeZone::get("Asia/Shanghai").unwrap()
    }

    fn at(text: &str) -> Timestamp {
        let local: jiff::civil::DateTime = text.parse().unwrap();
        Timestamp::from_ms(
            local.to_zoned_datetime(shanghai()).unwrap().timestamp().as_millisecond(),
        )
    }

    fn rota(turn: Turn) -> Rota {
        Rota {
            id: "duty".to_owned(),
            people: ["zhang", "li", "wang"].map(str::to_owned).into(),
            turn,
            from: date(2026, 11, 30),
            handover: time(8, 30, 0, 0),
        }
    }

    fn who(rota: &Rota, moment: &str) -> String {
        rota.on_call(at(moment), &shanghai()).unwrap().to_owned()
    }

    #[test]
    fn turns_of_a_day_change_at_the_handover() {
        let rota = rota(Turn::Day);
        assert_eq!(who(&rota, "2026-11-30T08:30"), "zhang");
        assert_eq!(who(&rota, "2026-12-01T08:29:59"), "zhang");
        assert_eq!(who(&rota, "2026-12-01T08:30"), "li");
        assert_eq!(who(&rota, "2026-12-03T12:00"), "zhang");
        // Nobody has begun yet: the first one is called.
        assert_eq!(who(&rota, "2026-11-30T08:29"), "zhang");
        assert_eq!(who(&rota, "2026-01-01T00:00"), "zhang");
    }

    #[test]
    fn turns_of_a_week_go_on_over_the_end_of_the_year() {
        let rota = rota(Turn::Week);
        // Mondays: 30 November zhang, 7 December li, 14 wang, 21 zhang, 28 li, 4 January wang.
        assert_eq!(who(&rota, "2026-12-07T08:29"), "zhang");
        assert_eq!(who(&rota, "2026-12-07T08:30"), "li");
        assert_eq!(who(&rota, "2026-12-31T23:59"), "li");
        assert_eq!(who(&rota, "2027-01-01T00:01"), "li");
        assert_eq!(who(&rota, "2027-01-04T08:29"), "li");
        assert_eq!(who(&rota, "2027-01-04T08:30"), "wang");
    }

    #[test]
    fn daily_turns_skip_nobody_on_new_year_and_leap_day() {
        let rota = Rota { from: date(2027, 12, 30), ..rota(Turn::Day) };
        assert_eq!(who(&rota, "2027-12-31T23:00"), "li");
        assert_eq!(who(&rota, "2028-01-01T08:00"), "li");
        assert_eq!(who(&rota, "2028-01-01T09:00"), "wang");
        // 61 days after 30 December is 29 February: 61 modulo 3 is 1.
        assert_eq!(who(&rota, "2028-02-29T09:00"), "li");
        assert_eq!(who(&rota, "2028-03-01T09:00"), "wang");
    }

    #[test]
    fn names_are_looked_up_when_something_is_sent() {
        let person = |id: &str, mobile: &str| Person {
            id: id.to_owned(),
            mobile: Some(mobile.to_owned()),
            ..Person::default()
        };
        let people = People {
            persons: vec![person("zhang", "1"), person("li", "2"), person("wang", "3")],
            rotas: vec![rota(Turn::Day)],
            zone: Some(shanghai()),
        };
        let names = ["duty", "zhang", "li", "400"].map(str::to_owned);
        let reached = |moment| people.reach(&names, at(moment), |person| person.mobile.as_ref());
        assert_eq!(reached("2026-11-30T09:00"), ["1", "2", "400"]);
        assert_eq!(reached("2026-12-02T09:00"), ["3", "1", "2", "400"]);
        let ids: Vec<_> =
            people.all_of(&names, at("2026-11-30T09:00")).iter().map(|p| p.id.clone()).collect();
        assert_eq!(ids, ["zhang", "li"]);
    }
}
