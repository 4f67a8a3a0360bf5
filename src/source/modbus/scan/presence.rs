//! Whether a unit is there: any answer of its own will do, a refusal too.

use std::sync::Arc;

use crate::profile::{BusRules, Function, Profile, Protocol};
use crate::source::modbus::error::ReadError;

use super::asker::Asker;
use super::plan::UnitChoice;

/// Where most SunSpec maps begin, and where most devices have something or refuse.
const SUNSPEC: Question = Question { function: Function::Holding, start: 40_000, count: 2 };
const FIRST: Question = Question { function: Function::Holding, start: 0, count: 1 };
/// Questions to a unit that some profile has from the factory: some devices do not even refuse
/// registers that they do not have.
pub(super) const LIKELY_QUESTIONS_MAX: usize = 4;
/// The last of the units that are asked in any case.
const USUAL_LAST: u8 = 16;
/// Numbers that no maker sets: what answers to them answers to all.
const GHOSTS: [u8; 3] = [213, 189, 94];

/// One read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Question {
    pub(super) function: Function,
    pub(super) start: u16,
    pub(super) count: u16,
}

impl Question {
    pub(super) const fn holding(start: u16, count: u16) -> Self {
        Self { function: Function::Holding, start, count }
    }
}

/// What came to the first question that was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Presence {
    /// Registers.
    Words(Question, Vec<u16>),
    /// The unit refuses.
    Refused(Question, u8),
    /// A gateway says that nobody is there.
    Nobody,
    /// Nothing in time.
    Silent,
    /// The connection was closed, or what came was not Modbus.
    Trouble,
    /// No connection.
    NoDoor,
}

/// Which units are asked, and what first.
pub(super) struct Questions {
    likely: Vec<(u8, Vec<Question>)>,
}

impl Questions {
    pub(super) fn of(profiles: &[Arc<Profile>]) -> Self {
        let mut likely: Vec<(u8, Vec<Question>)> = Vec::new();
        for profile in profiles {
            let Some(bus) = bus_of(profile) else { continue };
            let place = likely.iter().position(|(unit, _)| *unit == bus.unit);
            let questions = match place.and_then(|place| likely.get_mut(place)) {
                Some((_, questions)) => questions,
                None => {
                    likely.push((bus.unit, vec![SUNSPEC]));
                    let Some((_, questions)) = likely.last_mut() else { continue };
                    questions
                }
            };
            let mut marks: Vec<_> = profile.markers.iter().collect();
            marks.sort_by_key(|mark| !mark.certain);
            let first = marks.first().map(|mark| Question {
                function: mark.function,
                start: mark.address,
                count: mark.count(),
            });
            questions.extend(first.filter(|question| !questions.contains(question)));
        }
        for (_, questions) in &mut likely {
            mix(questions);
        }
        Self { likely }
    }

    /// The units in the order in which they are asked.
    pub(super) fn units(&self, choice: &UnitChoice) -> Vec<u8> {
        let likely = self.likely.iter().map(|(unit, _)| *unit);
        let mut units: Vec<u8> = match choice {
            UnitChoice::These(units) => units.clone(),
            UnitChoice::Usual => [1].into_iter().chain(likely).chain(2..=USUAL_LAST).collect(),
            UnitChoice::All => [1].into_iter().chain(likely).chain(1..=247).collect(),
        };
        let mut seen = Vec::new();
        units.retain(|unit| {
            let new = !seen.contains(unit);
            seen.push(*unit);
            new
        });
        units
    }

    /// Units that some profile has from the factory.
    pub(super) fn likely(&self, units: &[u8]) -> Vec<u8> {
        let likely = |unit: &&u8| self.likely.iter().any(|(of, _)| of == *unit);
        units.iter().filter(likely).copied().collect()
    }

    fn of_unit(&self, unit: u8) -> Vec<Question> {
        let likely = self.likely.iter().find(|(of, _)| *of == unit);
        likely.map_or_else(|| vec![FIRST], |(_, questions)| questions.clone())
    }
}

/// A few questions of each kind: holding and input registers take turns.
fn mix(questions: &mut Vec<Question>) {
    let input = questions.iter().find(|question| question.function == Function::Input).copied();
    questions.insert(1.min(questions.len()), FIRST);
    questions.retain({
        let mut seen = Vec::new();
        move |question| {
            let new = !seen.contains(question);
            seen.push(*question);
            new
        }
    });
    questions.truncate(LIKELY_QUESTIONS_MAX);
    if let Some(input) = input.filter(|input| !questions.contains(input)) {
        questions.pop();
        questions.push(input);
    }
}

/// The discipline of a profile that is read over Modbus.
pub(super) const fn bus_of(profile: &Profile) -> Option<&BusRules> {
    match &profile.protocol {
        Protocol::Registers { bus, .. } | Protocol::Sunspec { bus, .. } => Some(bus),
        Protocol::Mqtt(_) => None,
    }
}

/// Asks whether a unit is there, with so many questions at most.
pub(super) async fn is_there(
    asker: &mut Asker,
    questions: &Questions,
    unit: u8,
    most: usize,
) -> Presence {
    let mut last = Presence::Silent;
    for question in questions.of_unit(unit).into_iter().take(most) {
        last = ask(asker, unit, question).await;
        if !matches!(last, Presence::Silent) {
            break;
        }
    }
    last
}

/// One question to a unit.
pub(super) async fn ask(asker: &mut Asker, unit: u8, question: Question) -> Presence {
    let Question { function, start, count } = question;
    match asker.read(unit, function, start, count).await {
        Ok(words) => Presence::Words(question, words),
        Err(error @ ReadError::Exception(_)) if !error.is_refusal() => Presence::Nobody,
        Err(ReadError::Exception(code)) => Presence::Refused(question, code),
        Err(ReadError::Timeout(_)) => Presence::Silent,
        Err(ReadError::Connect { .. }) => Presence::NoDoor,
        Err(_) => Presence::Trouble,
    }
}

/// Whether two units that cannot be there answer a question with registers as well: then whoever
/// answers does so to every number.
pub(super) async fn ghosts_answer(asker: &mut Asker, unit: u8, question: Question) -> bool {
    for ghost in GHOSTS.into_iter().filter(|ghost| *ghost != unit).take(2) {
        if !matches!(ask(asker, ghost, question).await, Presence::Words(..)) {
            return false;
        }
    }
    true
}

/// Whether a unit that cannot be there refuses a question with this code: a gateway that refuses
/// for whoever is missing.
pub(super) async fn ghost_refuses(
    asker: &mut Asker,
    unit: u8,
    (question, code): (Question, u8),
) -> bool {
    let Some(ghost) = GHOSTS.into_iter().find(|ghost| *ghost != unit) else { return false };
    matches!(ask(asker, ghost, question).await, Presence::Refused(_, same) if same == code)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::Catalog;

    #[test]
    fn units_of_the_factory_come_first_and_each_comes_once() {
        let catalog = Catalog::shipped().expect("profiles");
        let profiles: Vec<_> = catalog.iter().cloned().collect();
        let questions = Questions::of(&profiles);
        let usual = questions.units(&UnitChoice::Usual);
        assert_eq!(usual.first(), Some(&1));
        assert!(usual.contains(&126) && usual.contains(&16), "SMA's and the lines': {usual:?}");
        assert!(usual.len() < 30, "{usual:?}");
        let all = questions.units(&UnitChoice::All);
        assert!((1..=247).all(|unit| all.iter().filter(|of| **of == unit).count() == 1));
        // A logger's own 0 and what profiles name beyond the standard's 247 are all there is more.
        assert!(all.len() <= 247 + 4, "{all:?}");
        let first = questions.of_unit(1);
        assert!(first.len() <= LIKELY_QUESTIONS_MAX);
        assert!(first.iter().any(|question| question.function == Function::Input), "{first:?}");
        assert_eq!(questions.of_unit(9), [FIRST]);
    }
}
