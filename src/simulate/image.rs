//! Register images: all registers of one virtual device at one moment.

use std::collections::BTreeMap;

use crate::profile::{
    BusRules, Function, Number, Profile, Protocol, RegisterPoint, ScaleBy, SunspecPlan,
};

use super::encode::{range, unit_of, words_of};
use super::error::SimulateError;
use super::values::{SimValue, Values};

/// The registers that a device has, by function and address. What is not here does not exist:
/// reading it is answered with exception 2.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RegisterImage(BTreeMap<(Function, u16), u16>);

impl RegisterImage {
    /// The words of one read, or `None` if one of them does not exist.
    #[must_use]
    pub fn read(&self, function: Function, address: u16, count: u16) -> Option<Vec<u16>> {
        let last = address.checked_add(count.checked_sub(1)?)?;
        let words: Vec<u16> =
            self.0.range((function, address)..=(function, last)).map(|(_, word)| *word).collect();
        (words.len() == usize::from(count)).then_some(words)
    }

    /// Writes words one after the other; those beyond register 65535 are dropped.
    pub fn write(&mut self, function: Function, address: u16, words: &[u16]) {
        for (address, word) in (address..=u16::MAX).zip(words) {
            self.0.insert((function, address), *word);
        }
    }

    /// Takes registers away, from `first` to `last`: reads that touch them are refused.
    pub fn remove(&mut self, function: Function, first: u16, last: u16) {
        self.0.retain(|(of, address), _| *of != function || !(first..=last).contains(address));
    }

    /// Number of registers.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no register at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Fills the holes that a gateway with these rules may read through.
    fn fill_holes(&mut self, bus: &BusRules) {
        let known: Vec<(Function, u16)> = self.0.keys().copied().collect();
        for (before, after) in known.iter().zip(known.iter().skip(1)) {
            let hole = after.1.saturating_sub(before.1).saturating_sub(1);
            if before.0 == after.0 && hole <= bus.read_through_max {
                self.write(before.0, before.1 + 1, &vec![0; usize::from(hole)]);
            }
        }
    }

    /// Writes a point that counts only by another register. Such points share registers with
    /// others, so one that says nothing leaves them alone.
    fn write_conditional(&mut self, function: Function, point: &RegisterPoint, values: &Values) {
        let Some(when) = &point.none_while else { return };
        let says = match values.get(point.name.as_str()) {
            Some(SimValue::Codes(codes)) => !codes.is_empty(),
            other => other.is_some(),
        };
        let word = self.0.get(&(function, when.address));
        let counts = word.is_none_or(|word| !when.words.contains(word));
        if (says && counts) || !self.0.contains_key(&(function, point.address)) {
            self.write(function, point.address, &words_of(point, values, 0));
        }
    }

    /// Writes points, with one scale factor for all that share its register.
    fn write_points(&mut self, function: Function, points: &[RegisterPoint], values: &Values) {
        let exponents = exponents(points, values);
        for (address, exponent) in &exponents {
            #[allow(clippy::cast_sign_loss)]
            self.write(function, *address, &[i16::from(*exponent) as u16]);
        }
        for point in points.iter().filter(|point| point.none_while.is_none()) {
            let exponent = match point.scale {
                ScaleBy::Register { address, .. } => exponents.get(&address).copied().unwrap_or(0),
                ScaleBy::Fixed(_) => 0,
            };
            self.write(function, point.address, &words_of(point, values, exponent));
        }
    }
}

/// The image of a device with fixed register tables.
///
/// # Errors
/// [`SimulateError::Protocol`] if the profile is read otherwise.
pub fn register_image(profile: &Profile, values: &Values) -> Result<RegisterImage, SimulateError> {
    let Protocol::Registers { bus, tables } = &profile.protocol else {
        return Err(SimulateError::Protocol(profile.id.clone()));
    };
    let mut image = RegisterImage::default();
    for table in tables {
        image.write_points(table.function, &table.points, values);
    }
    for table in tables {
        for point in &table.points {
            image.write_conditional(table.function, point, values);
        }
    }
    image.fill_holes(bus);
    Ok(image)
}

/// One model in a SunSpec map.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ModelLayout {
    /// Model id, such as 103.
    pub model: u16,
    /// Instances of its repeating group; 0 for models without one.
    pub instances: u16,
}

/// `SunS`, the mark at the base of every map.
const MARK: [u16; 2] = [0x5375, 0x6E53];
/// Id of the model that ends the chain.
const END_MODEL: u16 = 0xFFFF;
const UNIMPLEMENTED: u16 = 0xFFFF;
/// Registers of a model's own id and length.
const HEAD: u16 = 2;
/// Offset of the number of modules in model 160, the only group that counts itself here.
const MODEL_160_COUNT: u16 = 8;

/// The map of a SunSpec device: mark, models one after the other, end model.
///
/// # Errors
/// [`SimulateError::NoModel`] for a model that the plan does not have, and
/// [`SimulateError::MapTooLong`].
pub fn sunspec_image(
    plan: &SunspecPlan,
    layout: &[ModelLayout],
    values: &Values,
) -> Result<RegisterImage, SimulateError> {
    let base = plan.bases.first().copied().unwrap_or(40_000);
    let too_long = SimulateError::MapTooLong;
    let mut image = RegisterImage::default();
    image.write(Function::Holding, base, &MARK);
    let mut start = base.checked_add(2).ok_or(too_long(base))?;
    for part in layout {
        let model = plan.models.get(&part.model).ok_or(SimulateError::NoModel(part.model))?;
        let mut points = model.points.clone();
        points.extend((1..=part.instances).flat_map(|n| model.group_points(n)));
        let group = model.group.as_ref().map_or(0, |group| group.words);
        let length = length_of(part, model.length, &points, group);
        image.write(Function::Holding, start, &[part.model, length]);
        let body = start.checked_add(HEAD).ok_or(too_long(base))?;
        image.write(Function::Holding, body, &vec![UNIMPLEMENTED; usize::from(length)]);
        for point in &mut points {
            shift(point, start).ok_or(too_long(base))?;
        }
        image.write_points(Function::Holding, &points, values);
        if part.model == 160 {
            let count = start.checked_add(MODEL_160_COUNT).ok_or(too_long(base))?;
            image.write(Function::Holding, count, &[part.instances]);
        }
        start = body.checked_add(length).ok_or(too_long(base))?;
    }
    start.checked_add(1).ok_or(too_long(base))?;
    image.write(Function::Holding, start, &[END_MODEL, 0]);
    Ok(image)
}

/// The standard's length; the points that hallwatch takes may end earlier.
fn length_of(
    part: &ModelLayout,
    standard: Option<u16>,
    points: &[RegisterPoint],
    group_words: u16,
) -> u16 {
    let fixed = standard.unwrap_or(0);
    let with_groups = fixed.saturating_add(part.instances.saturating_mul(group_words));
    let last = points.iter().map(RegisterPoint::end).max().unwrap_or(0);
    let taken = u16::try_from(last).unwrap_or(u16::MAX).saturating_sub(HEAD);
    with_groups.max(taken)
}

/// Moves a point from the model's own count to the device's registers.
fn shift(point: &mut RegisterPoint, start: u16) -> Option<()> {
    point.address = point.address.checked_add(start)?;
    if let ScaleBy::Register { address, .. } = &mut point.scale {
        *address = address.checked_add(start)?;
    }
    Some(())
}

/// The finest exponent at which every value that shares a scale-factor register fits.
fn exponents(points: &[RegisterPoint], values: &Values) -> BTreeMap<u16, i8> {
    let mut found: BTreeMap<u16, i8> = BTreeMap::new();
    for point in points {
        let ScaleBy::Register { address, .. } = point.scale else { continue };
        let needed = match values.get(point.name.as_str()) {
            Some(SimValue::Number(value)) => needed(point, *value),
            _ => usual(point.name.as_str()),
        };
        let entry = found.entry(address).or_insert(needed);
        *entry = (*entry).max(needed);
    }
    found
}

/// Exponents that inverters usually have for a unit. Starting there keeps a factor steady while
/// the value changes.
fn usual(point: &str) -> i8 {
    let unit = point.rsplit('_').next().unwrap_or_default();
    match unit {
        "w" | "va" | "var" | "wh" => 0,
        "a" | "hz" => -2,
        _ => -1,
    }
}

#[allow(clippy::cast_precision_loss)]
fn needed(point: &RegisterPoint, value: f64) -> i8 {
    const COARSEST: i8 = 10;
    if matches!(point.number, Number::F32 | Number::F64) {
        return 0;
    }
    let (_, most) = range(point.number);
    let fits = |exponent: &i8| (value / unit_of(&point.scale, *exponent)).abs() < most as f64;
    (usual(point.name.as_str())..COARSEST).find(fits).unwrap_or(COARSEST)
}
