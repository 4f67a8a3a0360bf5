//! SunSpec models as data: the points of one model, by offset from its id register.
//!
//! The chain of models is walked at run time; what is compiled here holds for every device.

use std::collections::BTreeMap;

use crate::model::{Decimal, PointName, Text, text};

use super::register::{Meaning, RegisterPoint, ScaleBy};
use super::types::Fault;

mod check;

pub use check::compile_model;

/// Instances of a repeating group that are taken: a length that says more is garbage.
pub const INSTANCES_MAX: u16 = 64;

/// Between a fault's code and the number of the further model that reported it.
const FURTHER: char = '@';

/// Repeating part of a model.
#[derive(Debug, Clone, PartialEq)]
pub struct GroupPlan {
    /// Begins the fault codes of an instance: `mppt` in `mppt-3-ground-fault`.
    pub id: String,
    /// Begins the texts of its faults; holds `{n}`.
    pub label: Text,
    /// Offset of the first instance from the model's id register.
    pub first_offset: u16,
    /// Registers of one instance.
    pub words: u16,
    /// Points of one instance; addresses count from its start, except scale factors of the fixed
    /// part, which [`ModelPlan::group_points`] has already placed. Names hold `{n}`.
    points: Vec<PendingPoint>,
}

/// A point whose name or address depends on the instance.
#[derive(Debug, Clone, PartialEq)]
struct PendingPoint {
    name: String,
    /// Its name in the first instance, where that differs.
    first: Option<String>,
    point: RegisterPoint,
    /// The scale factor lies in the model's fixed part.
    fixed_scale: bool,
}

/// One model: its points with addresses relative to its id register.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelPlan {
    /// Model id.
    pub model: u16,
    /// SunSpec's name of it.
    pub name: String,
    /// What the standard says of the length register, the repeating part left out.
    pub length: Option<u16>,
    /// The shortest length that is whole, too.
    pub length_min: Option<u16>,
    /// More may follow that is not described.
    pub open_ended: bool,
    /// Read in every n-th cycle.
    pub every: u32,
    /// Points of the fixed part.
    pub points: Vec<RegisterPoint>,
    /// The repeating part.
    pub group: Option<GroupPlan>,
    /// Meaning of its event bits.
    pub faults: BTreeMap<String, Fault>,
}

/// What is known of a model that may stand in a map, taken or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownModel {
    /// SunSpec's name of it.
    pub name: String,
    /// Lengths of the fixed part that are right, least and most.
    pub lengths: Option<(u16, u16)>,
    /// Registers of one instance of its repeating part.
    pub group_words: Option<u16>,
    /// More may follow that is not described.
    pub open_ended: bool,
}

impl ModelPlan {
    /// What is known of it without its points.
    pub(super) fn known(&self) -> KnownModel {
        KnownModel {
            name: self.name.clone(),
            lengths: self.length.map(|most| (self.length_min.unwrap_or(most), most)),
            group_words: self.group.as_ref().map(|group| group.words),
            open_ended: self.open_ended,
        }
    }

    /// The points of instance `n` (from 1) of the repeating group, addresses relative to the
    /// model's id register. Points beyond register 65535 are left out.
    #[must_use]
    pub fn group_points(&self, n: u16) -> Vec<RegisterPoint> {
        let Some(group) = &self.group else { return Vec::new() };
        let before = n.saturating_sub(1).checked_mul(group.words);
        let Some(start) = before.and_then(|before| before.checked_add(group.first_offset)) else {
            return Vec::new();
        };
        group.points.iter().filter_map(|pending| pending.place(&group.id, start, n)).collect()
    }

    /// Gives a point another scale, where a maker departs from the standard; false if the model
    /// has no such point.
    pub(super) fn rescale(&mut self, point: &str, scale: Decimal) -> bool {
        let group = self.group.iter_mut().flat_map(|group| &mut group.points);
        let in_group = group.filter(|pending| pending.name == point).map(|p| &mut p.point);
        let fixed = self.points.iter_mut().filter(|p| p.name.as_str() == point);
        let mut found = false;
        for point in fixed.chain(in_group) {
            match &mut point.scale {
                ScaleBy::Fixed(fixed) | ScaleBy::Register { fixed, .. } => *fixed = scale,
            }
            found = true;
        }
        found
    }

    /// Instances of the repeating group in a model of `length` registers (id and length not
    /// counted); a part of one is none.
    #[must_use]
    pub fn instances(&self, length: u16) -> u16 {
        self.group.as_ref().map_or(0, |group| {
            let body = length.saturating_add(2).saturating_sub(group.first_offset);
            (body / group.words.max(1)).min(INSTANCES_MAX)
        })
    }
}

impl PendingPoint {
    fn place(&self, group: &str, start: u16, n: u16) -> Option<RegisterPoint> {
        let mut point = self.point.clone();
        let name = match &self.first {
            Some(first) if n == 1 => first.clone(),
            _ => self.name.replace("{n}", &n.to_string()),
        };
        point.name = PointName::parse(&name).ok()?;
        point.vendor = format!("{}-{n}", point.vendor);
        point.address = point.address.checked_add(start)?;
        if let ScaleBy::Register { address, .. } = &mut point.scale
            && !self.fixed_scale
        {
            *address = address.checked_add(start)?;
        }
        if let Meaning::FaultBits(codes) = &mut point.meaning {
            codes.values_mut().for_each(|code| *code = format!("{group}-{n}-{code}"));
        }
        Some(point)
    }
}

/// The same point of the `number`-th model of a kind in one map: the first is the device's own,
/// further ones are kept as `vendor_model_<id>_<number>_<point>`. `None` if the name is too long.
#[must_use]
pub fn further_instance(
    mut point: RegisterPoint,
    model: u16,
    number: u16,
) -> Option<RegisterPoint> {
    match &mut point.meaning {
        Meaning::FaultBits(codes) => {
            codes.values_mut().for_each(|code| *code = format!("{code}{FURTHER}{number}"));
            point.vendor = format!("{}{FURTHER}{number}", point.vendor);
        }
        _ => {
            let own = point.name.as_str();
            let own = own.strip_prefix("vendor_").unwrap_or(own);
            let name = format!("vendor_model_{model}_{number}_{own}");
            point.name = PointName::parse(&name).ok()?;
        }
    }
    Some(point)
}

/// Where to look on a SunSpec device and what to take.
#[derive(Debug, Clone, PartialEq)]
pub struct SunspecPlan {
    /// Addresses at which the map may begin.
    pub bases: Vec<u16>,
    /// Names in the common model that this plan is for; none means any.
    pub manufacturers: Vec<String>,
    /// The models that are taken.
    pub models: BTreeMap<u16, ModelPlan>,
    /// All models that have a file, to name what is found and left.
    pub known: BTreeMap<u16, KnownModel>,
}

impl SunspecPlan {
    /// The meaning of a code that a repeating part or a further model reported, such as
    /// `mppt-3-ground-fault` or `ground-fault@2`.
    pub(super) fn fault_of_instance(
        &self,
        code: &str,
        faults: &BTreeMap<String, Fault>,
    ) -> Option<Fault> {
        let (code, further) = match code.split_once(FURTHER) {
            Some((code, number)) => (code, Some(number)),
            None => (code, None),
        };
        let groups = self.models.values().filter_map(|model| model.group.as_ref());
        let of_group = groups.filter_map(|group| {
            let rest = code.strip_prefix(group.id.as_str())?.strip_prefix('-')?;
            let (number, code) = rest.split_once('-')?;
            number.parse::<u16>().ok()?;
            Some((group.label.fill("n", &Text::same(number)), code))
        });
        let (label, mut fault) = match faults.get(code) {
            Some(fault) => (None, fault.clone()),
            None => of_group
                .filter_map(|(label, code)| Some((Some(label), faults.get(code)?.clone())))
                .next()?,
        };
        let further = further.map(|n| text!("第{n}个", "no. {n}"));
        for before in label.iter().chain(further.iter()) {
            let (Text { zh, en }, Text { zh: text_zh, en: text_en }) = (before, &fault.text);
            fault.text = text!("{zh}：{text_zh}", "{en}: {text_en}");
        }
        Some(fault)
    }
}

#[cfg(test)]
mod tests;
