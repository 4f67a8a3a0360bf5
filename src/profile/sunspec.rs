//! SunSpec models as data: the points of one model, by offset from its id register.
//!
//! The chain of models is walked at run time; what is compiled here holds for every device.

use std::collections::BTreeMap;

use crate::model::{Decimal, Mistake, Text, text};

use super::checker::{Checker, faults_of};
use super::file::{ModelFile, ModelPointFile};
use super::register::{Meaning, Number, RegisterPoint, ScaleBy, WordOrder};
use super::types::Fault;

/// Repeating part of a model.
#[derive(Debug, Clone, PartialEq)]
pub struct GroupPlan {
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
    /// Points of the fixed part.
    pub points: Vec<RegisterPoint>,
    /// The repeating part.
    pub group: Option<GroupPlan>,
    /// Meaning of its event bits.
    pub faults: BTreeMap<String, Fault>,
}

impl ModelPlan {
    /// The points of instance `n` (from 1) of the repeating group, addresses relative to the
    /// model's id register.
    #[must_use]
    pub fn group_points(&self, n: u16) -> Vec<RegisterPoint> {
        let Some(group) = &self.group else { return Vec::new() };
        let start = group.first_offset + (n - 1) * group.words;
        group.points.iter().filter_map(|pending| pending.place(start, n)).collect()
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
}

impl PendingPoint {
    fn place(&self, start: u16, n: u16) -> Option<RegisterPoint> {
        let mut point = self.point.clone();
        let name = self.name.replace("{n}", &n.to_string());
        point.name = crate::model::PointName::parse(&name).ok()?;
        point.address = point.address.checked_add(start)?;
        if let ScaleBy::Register { address, .. } = &mut point.scale
            && !self.fixed_scale
        {
            *address = address.checked_add(start)?;
        }
        Some(point)
    }
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
}

/// SunSpec's types: how the words become a number, and the patterns that mean "not implemented".
fn number_of(kind: &str, words: Option<u16>) -> Option<(Number, Vec<u64>)> {
    Some(match kind {
        "uint16" | "enum16" | "bitfield16" | "count" => (Number::U16, vec![0xFFFF]),
        "int16" | "sunssf" => (Number::I16, vec![0x8000]),
        "acc16" => (Number::U16, vec![0]),
        "uint32" | "enum32" | "bitfield32" => (Number::U32, vec![0xFFFF_FFFF]),
        "int32" => (Number::I32, vec![0x8000_0000]),
        "acc32" => (Number::U32, vec![0]),
        "uint64" | "bitfield64" => (Number::U64, vec![u64::MAX]),
        "int64" => (Number::I64, vec![0x8000_0000_0000_0000]),
        "acc64" => (Number::U64, vec![0]),
        // Every NaN is "not implemented"; the decoder refuses all of them.
        "float32" => (Number::F32, Vec::new()),
        "float64" => (Number::F64, Vec::new()),
        "string" => (Number::String(words?), Vec::new()),
        _ => return None,
    })
}

struct ModelChecker<'a> {
    check: &'a mut Checker,
    faults: &'a BTreeMap<String, Fault>,
    /// Scale-factor points of the fixed part, by name.
    scale_factors: BTreeMap<String, u16>,
}

impl ModelChecker<'_> {
    fn point(
        &mut self,
        file: &ModelPointFile,
        own_factors: &BTreeMap<String, u16>,
        in_group: bool,
    ) -> Option<PendingPoint> {
        let name = file.point.as_ref()?;
        let Some((number, not_available)) = number_of(file.kind.get_ref(), file.words) else {
            let kind = file.kind.get_ref();
            let hint = Text::new(
                "用 SunSpec 的类型名：uint16、int16、acc32、enum16、bitfield32、string……",
                "use SunSpec's own names: uint16, int16, acc32, enum16, bitfield32, string, …",
            );
            let problem = text!("未知的 SunSpec 类型 `{kind}`", "unknown SunSpec type `{kind}`");
            self.check.at(file.kind.span().start, problem, hint);
            return None;
        };
        let checked =
            if in_group { name.get_ref().replace("{n}", "1") } else { name.get_ref().clone() };
        let point_name = self.check.point_name(&checked, name.span().start)?;
        let fixed = self.check.scale(file.scale.as_ref());
        let (scale, fixed_scale) = self.scale_by(file, fixed, own_factors)?;
        let meaning = self.meaning(file, &checked, number)?;
        let point = RegisterPoint {
            name: point_name,
            vendor: file.id.get_ref().clone(),
            address: file.offset,
            number,
            order: WordOrder::HighFirst,
            scale,
            not_available,
            meaning,
            none_while: None,
        };
        Some(PendingPoint { name: name.get_ref().clone(), point, fixed_scale })
    }

    fn scale_by(
        &mut self,
        file: &ModelPointFile,
        fixed: Decimal,
        own_factors: &BTreeMap<String, u16>,
    ) -> Option<(ScaleBy, bool)> {
        let Some(sf) = &file.sf else { return Some((ScaleBy::Fixed(fixed), true)) };
        let own = own_factors.get(sf.get_ref());
        let outer = self.scale_factors.get(sf.get_ref());
        match own.or(outer) {
            Some(address) => Some((ScaleBy::Register { fixed, address: *address }, own.is_none())),
            None => {
                let problem = text!(
                    "该模型没有比例因子测点 `{}`",
                    "no scale-factor point `{}` in this model",
                    sf.get_ref(),
                );
                let hint =
                    Text::new("把它列为 sunssf 类型的测点", "list it as a point of type sunssf");
                self.check.at(sf.span().start, problem, hint);
                None
            }
        }
    }

    fn meaning(&mut self, file: &ModelPointFile, name: &str, number: Number) -> Option<Meaning> {
        if let Some(values) = &file.values {
            return self.check.enumeration(name, values).map(Meaning::Enumeration);
        }
        if let Some(bits) = &file.bits {
            return self.check.bits(bits, number, self.faults).map(Meaning::FaultBits);
        }
        Some(if matches!(number, Number::String(_)) { Meaning::Text } else { Meaning::Measure })
    }
}

fn factors(points: &[ModelPointFile]) -> BTreeMap<String, u16> {
    let is_factor = |p: &&ModelPointFile| p.kind.get_ref() == "sunssf";
    points.iter().filter(is_factor).map(|p| (p.id.get_ref().clone(), p.offset)).collect()
}

/// Checks one `devices/sunspec/model_<id>.toml`.
///
/// # Errors
/// All mistakes of the file, with line and column.
pub fn compile_model(file_name: &str, source: &str) -> Result<ModelPlan, Vec<Mistake>> {
    let mut check = Checker::new(file_name, source);
    let file: ModelFile = check.parse()?;
    let faults = faults_of(&mut check, &file.fault);
    let scale_factors = factors(&file.point);
    let mut model = ModelChecker { check: &mut check, faults: &faults, scale_factors };
    let none = BTreeMap::new();
    let points: Vec<_> = file
        .point
        .iter()
        .filter_map(|point| model.point(point, &none, false))
        .map(|pending| pending.point)
        .collect();
    let group = file.group.as_ref().map(|group| {
        let own = factors(&group.point);
        let points = group.point.iter().filter_map(|p| model.point(p, &own, true)).collect();
        GroupPlan { first_offset: group.first_offset, words: group.words.max(1), points }
    });
    check.done(ModelPlan { model: file.model, name: file.name, points, group, faults })
}
