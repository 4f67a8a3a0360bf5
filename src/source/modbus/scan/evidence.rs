//! What is read of a unit to judge which profiles fit: their marks, then their points.

use std::sync::Arc;

use crate::model::{Sample, Value};
use crate::profile::{BusRules, Marker, Profile, RegisterPoint};
use crate::source::modbus::decode::{RegisterImage, decode};
use crate::source::modbus::error::ReadError;
use crate::source::modbus::plan::Block;

use super::asker::Asker;
use super::presence::Question;

/// Silences in a row after which a unit is asked for no more marks.
const SILENCES_MAX: usize = 3;
/// Reads of one trial.
const TRIAL_READS_MAX: usize = 12;
/// Of those, the ones that are halved when they are refused as a whole.
const HALVINGS_MAX: usize = 6;

/// What came where marks may be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Answer {
    Words(Vec<u16>),
    Refused,
    Silence,
}

/// What came, by question.
#[derive(Debug, Default)]
pub(super) struct Marks(Vec<(Question, Answer)>);

impl Marks {
    pub(super) fn get(&self, marker: &Marker) -> Option<&Answer> {
        let question = question_of(marker);
        self.0.iter().find(|(of, _)| *of == question).map(|(_, answer)| answer)
    }

    /// The first question that was answered with registers; those that prove something came first.
    pub(super) fn answered(&self) -> Option<Question> {
        let mut all = self.0.iter();
        all.find(|(_, answer)| matches!(answer, Answer::Words(_))).map(|(question, _)| *question)
    }

    #[cfg(test)]
    pub(super) fn with(mut self, marker: &Marker, answer: Answer) -> Self {
        self.0.push((question_of(marker), answer));
        self
    }
}

const fn question_of(marker: &Marker) -> Question {
    Question { function: marker.function, start: marker.address, count: marker.count() }
}

/// Reads the marks of all profiles, each register once, those that prove something first.
pub(super) async fn marks(asker: &mut Asker, unit: u8, profiles: &[Arc<Profile>]) -> Marks {
    let mut markers: Vec<&Marker> = profiles.iter().flat_map(|p| &p.markers).collect();
    markers.sort_by_key(|marker| !marker.certain);
    let mut marks = Marks::default();
    let mut silences = 0;
    for marker in markers {
        if marks.get(marker).is_some() || silences >= SILENCES_MAX {
            continue;
        }
        let Question { function, start, count } = question_of(marker);
        let answer = match asker.read(unit, function, start, count).await {
            Ok(words) => Answer::Words(words),
            Err(ReadError::Exception(_)) => Answer::Refused,
            Err(_) => Answer::Silence,
        };
        silences = if answer == Answer::Silence { silences + 1 } else { 0 };
        marks.0.push((question_of(marker), answer));
    }
    marks
}

/// A profile tried on a unit.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Trial {
    /// Reads that a device of the profile must answer.
    pub(super) needed: usize,
    /// Of those, the ones that it did not.
    pub(super) missed: usize,
    /// Of those, the ones that it answered in parts.
    pub(super) cut: usize,
    /// The values.
    pub(super) samples: Vec<Sample>,
    /// Points whose registers make no sense.
    pub(super) refused: usize,
}

impl Trial {
    /// A text that the device gives.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        self.samples.iter().find(|sample| sample.point.as_str() == name).and_then(|sample| {
            match &sample.value {
                Value::Text(text) => Some(text.trim().to_owned()).filter(|text| !text.is_empty()),
                _ => None,
            }
        })
    }

    /// A number that the device gives.
    pub(super) fn number(&self, name: &str) -> Option<f64> {
        let sample = self.samples.iter().find(|sample| sample.point.as_str() == name)?;
        sample.value.as_f64()
    }
}

/// Reads the points of a profile once.
pub(super) async fn trial(
    asker: &mut Asker,
    unit: u8,
    mut blocks: Vec<Block>,
    bus: &BusRules,
) -> Trial {
    let rules = asker.rules_of(bus);
    // What every device of the family has, then who it is, then what some have.
    blocks.sort_by_key(|block| match (block.every, block.optional) {
        (1, false) => 0,
        (1, true) => 2,
        _ => 1,
    });
    let mut trial = Trial::default();
    let mut halvings = 0;
    let mut reads: Vec<(Arc<[RegisterPoint]>, RegisterImage)> = Vec::new();
    for block in blocks.into_iter().take(TRIAL_READS_MAX) {
        let Block { function, start, count, optional, every, .. } = block;
        let needed = !optional && every == 1;
        trial.needed += usize::from(needed);
        match asker.read_by(&rules, unit, function, start, count).await {
            Ok(words) => reads.push((block.points, RegisterImage::new(function, start, words))),
            Err(ReadError::Exception(code @ (2 | 3)))
                if halvings < HALVINGS_MAX && (needed || every > 1) =>
            {
                halvings += 1;
                // One missing register refuses the whole: another variant of the family, perhaps.
                let parts = asker.halve(&rules, unit, &block, code).await;
                trial.missed += usize::from(needed && parts.is_empty());
                trial.cut += usize::from(needed && !parts.is_empty());
                reads.extend(parts.into_iter().map(|(part, image)| (part.points, image)));
            }
            Err(ReadError::Exception(_)) => trial.missed += usize::from(needed),
            Err(_) => {
                trial.missed += usize::from(needed);
                break;
            }
        }
    }
    let views: Vec<(&[RegisterPoint], RegisterImage)> =
        reads.iter().map(|(points, image)| (&**points, image.clone())).collect();
    let decoded = decode(&views, true);
    trial.samples = decoded.samples;
    trial.refused = decoded.rejected.len();
    trial
}
