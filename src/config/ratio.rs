//! `ct_ratio` and `pt_ratio`: the transformers in front of a meter that gives secondary values.

use std::sync::Arc;

use crate::model::{Decimal, Text, text};
use crate::profile::{Profile, Ratios};

use super::section::Section;

/// Largest ratio: 1000 kV to 100 V, or 50 kA to 5 A.
const RATIO_MAX: f64 = 10_000.0;
/// More places than a nameplate has would leave no room for the values themselves.
const PLACES_MAX: i8 = -6;

/// The profile with the ratios of the device worked into it.
pub(super) fn applied(
    section: &Section<'_>,
    profile: Option<Arc<Profile>>,
) -> Option<Arc<Profile>> {
    let ct = ratio(section, "ct_ratio", profile.as_deref());
    let pt = ratio(section, "pt_ratio", profile.as_deref());
    let profile = profile?;
    if ct.is_none() && pt.is_none() {
        return Some(profile);
    }
    let none = Ratios::NONE;
    let ratios = Ratios { ct: ct.unwrap_or(none.ct), pt: pt.unwrap_or(none.pt) };
    // Ratios within the bounds above always fit.
    Some(profile.with_ratios(ratios).map_or(profile, Arc::new))
}

fn ratio(section: &Section<'_>, key: &str, profile: Option<&Profile>) -> Option<Decimal> {
    let given = section.real(key, 1.0..=RATIO_MAX)?;
    if let Some(profile) = profile.filter(|profile| !profile.secondary) {
        let id = &profile.id;
        let problem = text!(
            "`{key}` 不适用：设备模板 `{id}` 读到的已是一次侧数值",
            "`{key}` does not fit: profile `{id}` reads primary values",
        );
        let hint = Text::new(
            "请删除；变比若要设，设在仪表里",
            "remove it; where a ratio has to be set, set it in the meter",
        );
        section.note(section.key_offset(key), problem, hint);
        return None;
    }
    let ratio = Decimal::as_written(given.value).filter(|ratio| ratio.exponent >= PLACES_MAX);
    if ratio.is_none() {
        let value = given.value;
        let problem =
            text!("`{key} = {value}` 小数位太多", "`{key} = {value}` has too many places");
        let hint = Text::new(
            "最多 6 位小数；1000/5 A 的互感器写 200",
            "at most 6; a transformer of 1000/5 A is 200",
        );
        section.note(given.offset, problem, hint);
    }
    ratio
}
