//! Checks a file of `devices/sunspec/` and turns it into a [`ModelPlan`].

use std::collections::BTreeMap;

use toml::Spanned;

use crate::model::{Decimal, Mistake, Text, text};
use crate::profile::checker::{Checker, faults_of, text_of};
use crate::profile::file::{ModelFile, ModelGroupFile, ModelPointFile};
use crate::profile::register::{
    AddressKind, Meaning, Number, REGISTERS_PER_READ_LIMIT, RegisterPoint, ScaleBy, WordOrder,
};
use crate::profile::types::Fault;

use super::{GroupPlan, ModelPlan, PendingPoint};

/// SunSpec's types: how the words become a number, and the patterns that mean "not implemented".
fn number_of(kind: &str, words: Option<u16>) -> Option<(Number, Vec<u64>)> {
    Some(match kind {
        "uint16" | "enum16" | "count" => (Number::U16, vec![0xFFFF]),
        "int16" | "sunssf" => (Number::I16, vec![0x8000]),
        // An accumulator at zero has never counted.
        "acc16" => (Number::U16, vec![0]),
        "uint32" | "enum32" => (Number::U32, vec![0xFFFF_FFFF]),
        "int32" => (Number::I32, vec![0x8000_0000]),
        "acc32" => (Number::U32, vec![0]),
        "uint64" => (Number::U64, vec![u64::MAX]),
        "int64" => (Number::I64, vec![0x8000_0000_0000_0000]),
        "acc64" => (Number::Acc64, vec![0]),
        "bitfield16" => (Number::Bits(1), vec![0xFFFF]),
        "bitfield32" => (Number::Bits(2), vec![0xFFFF_FFFF]),
        "bitfield64" => (Number::Bits(4), vec![u64::MAX]),
        // Every NaN is "not implemented"; the decoder refuses all of them.
        "float32" => (Number::F32, Vec::new()),
        "float64" => (Number::F64, Vec::new()),
        "ipaddr" => (Number::Address(AddressKind::Ip4), Vec::new()),
        "ipv6addr" => (Number::Address(AddressKind::Ip6), Vec::new()),
        "eui48" => (Number::Address(AddressKind::Mac), Vec::new()),
        "string" => {
            let fits = |words: &u16| (1..=REGISTERS_PER_READ_LIMIT).contains(words);
            (Number::String(words.filter(fits)?), Vec::new())
        }
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
        let Some((number, not_available)) = number_of(file.kind.get_ref(), file.words) else {
            self.unknown_type(file);
            return None;
        };
        let name = file.point.as_ref()?;
        let checked =
            if in_group { name.get_ref().replace("{n}", "1") } else { name.get_ref().clone() };
        let point_name = self.check.point_name(&checked, name.span().start)?;
        if let Some(first) = &file.first {
            self.check.point_name(first.get_ref(), first.span().start)?;
        }
        let fixed = self.check.scale(file.scale.as_ref());
        let (scale, fixed_scale) = self.scale_by(file, fixed, own_factors)?;
        let meaning = self.meaning(file, &checked, number)?;
        let point = RegisterPoint {
            name: point_name,
            vendor: file.id.get_ref().clone(),
            address: *file.offset.get_ref(),
            number,
            order: WordOrder::HighFirst,
            scale,
            not_available,
            meaning,
            none_while: None,
        };
        let first = file.first.as_ref().map(|first| first.get_ref().clone());
        Some(PendingPoint { name: name.get_ref().clone(), first, point, fixed_scale })
    }

    fn unknown_type(&mut self, file: &ModelPointFile) {
        let kind = file.kind.get_ref();
        let hint = Text::new(
            "用 SunSpec 的类型名：uint16、int16、acc32、enum16、bitfield32；string 要写 `words`；pad 不用列",
            "use SunSpec's own names: uint16, int16, acc32, enum16, bitfield32, …; a string has \
             `words`; a pad need not be listed",
        );
        let problem = text!("未知的 SunSpec 类型 `{kind}`", "unknown SunSpec type `{kind}`");
        self.check.at(file.kind.span().start, problem, hint);
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
        let text = matches!(number, Number::String(_) | Number::Address(_));
        Some(if text { Meaning::Text } else { Meaning::Measure })
    }

    /// Points may not share registers nor, but for `fault`, names.
    fn apart(&mut self, files: &[ModelPointFile], from: u16, to: Option<u32>) {
        let mut taken: Vec<(u32, u32, &str)> = Vec::new();
        for file in files {
            let Some((number, _)) = number_of(file.kind.get_ref(), file.words) else { continue };
            let start = u32::from(*file.offset.get_ref());
            let end = start + u32::from(number.words());
            let id = file.id.get_ref().as_str();
            let at = file.offset.span().start;
            if start < u32::from(from) || to.is_some_and(|to| end > to) {
                let problem =
                    text!("`{id}` 超出了所在部分", "`{id}` lies outside the part it is in");
                let hint = Text::new(
                    "检查 `offset`、`length`、`words`",
                    "check `offset`, `length` and `words`",
                );
                self.check.at(at, problem, hint);
            }
            if let Some((.., other)) = taken.iter().find(|(a, b, _)| *a < end && start < *b) {
                let problem = text!(
                    "`{id}` 与 `{other}` 在偏移 {start} 处重叠",
                    "`{id}` overlaps `{other}` at offset {start}",
                );
                let hint = Text::new("检查 `offset`", "check `offset`");
                self.check.at(at, problem, hint);
            }
            taken.push((start, end, id));
        }
        let mut names: Vec<&str> = Vec::new();
        for name in files.iter().filter_map(|file| file.point.as_ref()) {
            if name.get_ref() != "fault" && names.contains(&name.get_ref().as_str()) {
                let name_text = name.get_ref();
                let problem =
                    text!("测点 `{name_text}` 重复", "point `{name_text}` twice in this model");
                let hint = Text::new("只有 `fault` 可以重复", "only `fault` may be repeated");
                self.check.at(name.span().start, problem, hint);
            }
            names.push(name.get_ref());
        }
    }

    fn group(&mut self, file: &ModelGroupFile) -> GroupPlan {
        self.at_least(&file.words, 1, "words");
        self.at_least(&file.first_offset, 2, "first_offset");
        let words = *file.words.get_ref();
        self.apart(&file.point, 0, Some(u32::from(words)));
        let own = factors(&file.point);
        let points = file.point.iter().filter_map(|p| self.point(p, &own, true)).collect();
        GroupPlan {
            id: file.id.get_ref().clone(),
            label: text_of(&file.label),
            first_offset: *file.first_offset.get_ref(),
            words: words.max(1),
            points,
        }
    }

    fn at_least(&mut self, found: &Spanned<u16>, least: u16, key: &str) {
        let value = *found.get_ref();
        if value < least {
            let problem = text!("`{key} = {value}` 太小", "`{key} = {value}` is too small");
            let hint = text!("至少为 {least}", "at least {least}");
            self.check.at(found.span().start, problem, hint);
        }
    }
}

fn factors(points: &[ModelPointFile]) -> BTreeMap<String, u16> {
    let is_factor = |p: &&ModelPointFile| p.kind.get_ref() == "sunssf";
    points.iter().filter(is_factor).map(|p| (p.id.get_ref().clone(), *p.offset.get_ref())).collect()
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
    let end = file.length.map(|length| u32::from(length) + 2);
    let first_offset = file.group.as_ref().map(|group| u32::from(*group.first_offset.get_ref()));
    model.apart(&file.point, 2, first_offset.or(end));
    let none = BTreeMap::new();
    let points: Vec<_> = file
        .point
        .iter()
        .filter_map(|point| model.point(point, &none, false))
        .map(|pending| pending.point)
        .collect();
    let group = file.group.as_ref().map(|group| model.group(group));
    check.done(ModelPlan {
        model: file.model,
        name: file.name,
        length: file.length,
        length_min: file.length_min,
        open_ended: file.open_ended,
        every: file.every.max(1),
        points,
        group,
        faults,
    })
}
