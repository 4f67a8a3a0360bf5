//! The SunSpec map of a unit, and the profiles that are for it.

use std::sync::Arc;

use crate::model::{Text, text};
use crate::profile::{Function, Profile, Protocol, SunspecPlan};
use crate::source::modbus::sunspec::{Fit, SunspecMap, place, walk};

use super::asker::Asker;
use super::evidence::{self, Trial};
use super::finding::{Candidate, Identity, ModelSeen, SunspecSeen, Sureness};

/// The model that names a device, its strings (offset and registers), and how long it is.
const COMMON: u16 = 1;
const MAKER: (usize, usize) = (0, 16);
const MODEL: (usize, usize) = (16, 16);
const FIRMWARE: (usize, usize) = (40, 8);
const SERIAL: (usize, usize) = (48, 16);
const COMMON_WORDS: u16 = 64;

/// A map and what its common model says.
pub(super) struct Seen {
    pub(super) seen: SunspecSeen,
    pub(super) common: Identity,
}

/// Walks the map of a unit, wherever any profile says that one may begin.
pub(super) async fn look(
    asker: &mut Asker,
    unit: u8,
    profiles: &[Arc<Profile>],
) -> Option<SunspecMap> {
    let mut bases: Vec<u16> = Vec::new();
    for (_, plan) in plans(profiles) {
        bases.extend(plan.bases.iter().filter(|base| !bases.contains(base)).collect::<Vec<_>>());
    }
    // Silence or a refusal says that there is none as far as we can know.
    walk(&mut asker.holding(unit), &bases).await.ok().flatten()
}

fn plans(profiles: &[Arc<Profile>]) -> impl Iterator<Item = (&Arc<Profile>, &SunspecPlan)> {
    profiles.iter().filter_map(|profile| match &profile.protocol {
        Protocol::Sunspec { plan, .. } => Some((profile, plan)),
        _ => None,
    })
}

/// The profiles that take something of the map, and what the best of them reads.
pub(super) async fn candidates(
    asker: &mut Asker,
    unit: u8,
    map: &SunspecMap,
    profiles: &[Arc<Profile>],
) -> (Vec<(Candidate, Trial)>, Seen) {
    let common = common(asker, unit, map).await;
    let maker = common.maker.clone().unwrap_or_default();
    let mut seen =
        SunspecSeen { base: map.base, models: Vec::new(), instances: 1, whole: map.end.is_whole() };
    let mut found = Vec::new();
    let fits = plans(profiles).filter_map(|(profile, plan)| {
        let own = whose(plan, &maker)?;
        Some((profile, plan, own, taken(plan, map)))
    });
    let mut fits: Vec<_> = fits.filter(|(.., models)| !models.is_empty()).collect();
    fits.sort_by_key(|(_, _, own, models)| (!own, usize::MAX - models.len()));
    let has_own = fits.iter().any(|(_, _, own, _)| *own);
    if let Some((_, plan)) = plans(profiles).next() {
        seen.models = models(map, plan);
    }
    for (n, (profile, plan, own, models)) in fits.into_iter().enumerate() {
        let Protocol::Sunspec { bus, .. } = &profile.protocol else { continue };
        let rules = asker.rules_of(bus);
        let placed = place(map, plan, None, &rules);
        let mut trial = Trial::default();
        if n == 0 {
            seen.instances = placed.instances.max(1);
            trial = evidence::trial(asker, unit, placed.blocks, bus).await;
        }
        let sureness = if own || !has_own { Sureness::Certain } else { Sureness::Likely };
        let models: Vec<String> = models.iter().map(ToString::to_string).collect();
        let mut why = vec![text!(
            "SunSpec 表始于 {}，含模型 {}",
            "its SunSpec map at {} holds model {}",
            map.base,
            models.join(", "),
        )];
        why.push(of_maker(own, has_own, &maker));
        let score = if own { 100 } else { 50 } + i32::try_from(models.len()).unwrap_or(0);
        found.push((Candidate { profile: profile.clone(), sureness, score, why }, trial));
    }
    (found, Seen { seen, common })
}

fn of_maker(own: bool, has_own: bool, maker: &str) -> Text {
    match (own, has_own) {
        (true, _) => text!("厂家自报 `{maker}`", "it names its maker `{maker}`"),
        (false, _) if maker.is_empty() => Text::new("没有自报厂家", "it does not name its maker"),
        (false, true) => text!(
            "通用模板，没有 `{maker}` 的专门修正",
            "the general profile, without what is known of `{maker}`",
        ),
        (false, false) => text!(
            "厂家 `{maker}` 没有专门模板，用通用模板",
            "no profile is for the maker `{maker}`, so the general one",
        ),
    }
}

/// Whether a plan is for this maker (`true`), for any (`false`), or for another.
fn whose(plan: &SunspecPlan, maker: &str) -> Option<bool> {
    if plan.manufacturers.is_empty() {
        return Some(false);
    }
    let maker = maker.to_lowercase();
    plan.manufacturers.iter().any(|name| maker.starts_with(&name.to_lowercase())).then_some(true)
}

/// Models of a map that a plan takes, besides the one that every device has.
fn taken(plan: &SunspecPlan, map: &SunspecMap) -> Vec<u16> {
    let models = map.models.iter().map(|found| found.model);
    let mut models: Vec<u16> =
        models.filter(|model| *model != COMMON && plan.models.contains_key(model)).collect();
    models.dedup();
    models
}

fn models(map: &SunspecMap, plan: &SunspecPlan) -> Vec<ModelSeen> {
    let rules = crate::profile::BusRules {
        port: 0,
        unit: 0,
        registers_per_read_max: 125,
        read_through_max: 0,
        window_registers: 0,
        gap_ms: 0,
        pause_after_connect_ms: 0,
        timeout_ms: 0,
        connections_max: 1,
        close_after_cycle: false,
    };
    let seen = |model: crate::source::modbus::sunspec::SunspecModel| ModelSeen {
        model: model.found.model,
        length: model.found.length,
        name: model.name,
        fit: match model.fit {
            Fit::Standard => "standard",
            Fit::Short => "short",
            Fit::Long => "long",
            Fit::Unknown => "unknown",
            Fit::Vendor => "vendor",
        },
    };
    place(map, plan, None, &rules).models.into_iter().map(seen).collect()
}

/// What the first common model says.
async fn common(asker: &mut Asker, unit: u8, map: &SunspecMap) -> Identity {
    let Some(found) = map.models.iter().find(|found| found.model == COMMON) else {
        return Identity::default();
    };
    let count = found.length.min(COMMON_WORDS);
    let start = found.address.saturating_add(2);
    let words = asker.read(unit, Function::Holding, start, count).await.unwrap_or_default();
    let string = |(offset, length): (usize, usize)| {
        let words = words.iter().skip(offset).take(length);
        let bytes: Vec<u8> = words.flat_map(|word| word.to_be_bytes()).collect();
        let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
        let text = String::from_utf8_lossy(bytes.get(..end).unwrap_or_default());
        Some(text.trim().to_owned()).filter(|text| !text.is_empty())
    };
    Identity {
        maker: string(MAKER),
        model: string(MODEL),
        serial: string(SERIAL),
        firmware: string(FIRMWARE),
        rated_power_w: None,
    }
}
