//! Maps as makers really have them, and maps that lie.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use proptest::prelude::*;

use super::*;
use crate::profile::{Catalog, Protocol, ScaleBy, SunspecPlan};
use crate::source::modbus::Block;

static CATALOG: LazyLock<Catalog> = LazyLock::new(|| Catalog::shipped().expect("profiles"));

fn of(profile: &str) -> (&'static SunspecPlan, &'static BusRules) {
    match &CATALOG.get(profile).expect("profile").protocol {
        Protocol::Sunspec { plan, bus } => (plan, bus),
        _ => panic!("not SunSpec"),
    }
}

/// Registers with answers of their own where a test wants them.
#[derive(Default)]
struct Device {
    words: BTreeMap<u16, u16>,
    errors: BTreeMap<u16, ReadError>,
    asked: Vec<u16>,
}

impl Device {
    /// A map: `(model, length)` one after the other, all points 0.
    fn with(base: u16, models: &[(u16, u16)]) -> Self {
        let mut words = vec![0x5375, 0x6E53];
        for (model, length) in models {
            words.extend([*model, *length]);
            words.extend(vec![0; usize::from(*length)]);
        }
        let words = (base..).zip(words).collect();
        Self { words, ..Self::default() }
    }

    fn failing(mut self, address: u16, error: ReadError) -> Self {
        self.errors.insert(address, error);
        self
    }
}

impl Registers for Device {
    async fn read(&mut self, start: u16, count: u16) -> Result<Vec<u16>, ReadError> {
        self.asked.push(start);
        if let Some(error) = self.errors.get(&start) {
            return Err(error.clone());
        }
        let word = |n| self.words.get(&start.checked_add(n)?).copied();
        (0..count).map(word).collect::<Option<_>>().ok_or(ReadError::Exception(2))
    }
}

const BASES: [u16; 3] = [40_000, 0, 50_000];

async fn walked(device: &mut Device) -> Result<Option<SunspecMap>, ReadError> {
    walk(device, &BASES).await
}

#[tokio::test]
async fn a_refused_base_does_not_hide_the_others() {
    let map = [(1, 66), (103, 50), (0xFFFF, 0)];
    for code in [1, 2, 3, 4, 6, 8] {
        let refused = ReadError::Exception(code);
        let mut device = Device::with(50_000, &map).failing(40_000, refused.clone());
        let found = walked(&mut device.failing(0, refused)).await.expect("walk").expect("map");
        assert_eq!((found.base, found.models.len(), found.end), (50_000, 2, WalkEnd::EndModel));
        device = Device::default().failing(40_000, ReadError::Exception(code));
        let none = walked(&mut device).await;
        // Refused is not the same as absent: the map may be there.
        let known = if code <= 3 { Ok(None) } else { Err(ReadError::Exception(code)) };
        assert_eq!((none, device.asked), (known, BASES.to_vec()));
    }
}

#[tokio::test]
async fn silence_ends_the_search_at_once() {
    for silent in [ReadError::Timeout(300), ReadError::Exception(0x0B)] {
        let mut device = Device::with(0, &[(1, 66)]).failing(40_000, silent.clone());
        assert_eq!(walked(&mut device).await, Err(silent));
        assert_eq!(device.asked, [40_000]);
    }
}

#[tokio::test]
async fn a_map_may_end_in_many_ways() {
    let whole = [(1, 65), (103, 50)];
    // SMA answers exception 2 behind its last model, others 4; Kostal ends with a model 0.
    let mut missing = Device::with(0, &whole);
    assert_eq!(walked(&mut missing).await.expect("walk").expect("map").end, WalkEnd::NoRegister);
    let behind = 2 + 67 + 52;
    let mut refused = Device::with(0, &whole).failing(behind, ReadError::Exception(4));
    let map = walked(&mut refused).await.expect("walk").expect("map");
    assert_eq!((map.models.len(), map.end), (2, WalkEnd::Refused(4)));
    assert!(!map.end.is_whole());
    let mut zero = Device::with(0, &[(1, 65), (103, 50), (0, 0)]);
    assert_eq!(walked(&mut zero).await.expect("walk").expect("map").end, WalkEnd::ZeroModel);
    // Busy passes, silence says nothing: the walk is done again.
    for error in [ReadError::Exception(6), ReadError::Timeout(300)] {
        let mut busy = Device::with(0, &whole).failing(behind, error.clone());
        assert_eq!(walked(&mut busy).await, Err(error));
    }
}

#[tokio::test]
async fn a_map_that_never_ends_is_left() {
    let mut looping = Device::default();
    looping.words.extend([(40_000, 0x5375), (40_001, 0x6E53)]);
    looping.words.extend((40_002..=u16::MAX).map(|address| (address, (address % 2) ^ 1)));
    // Every model has id 1 and length 0.
    let map = walked(&mut looping).await.expect("walk").expect("map");
    assert_eq!((map.models.len(), map.end), (128, WalkEnd::TooMany));
    assert!(looping.asked.len() <= READS_MAX);

    let mut huge = Device::with(40_000, &[(1, 66)]);
    huge.words.extend([(40_070, 103), (40_071, 0xFFFF)]);
    let map = walked(&mut huge).await.expect("walk").expect("map");
    assert_eq!((map.models.len(), map.end), (2, WalkEnd::OutOfSpace));
    let (plan, bus) = of("sunspec");
    let placed = place(&map, plan, None, bus);
    assert_eq!(placed.models[1].fit, Fit::Long);
    assert!(placed.models[1].points > 25, "what the standard describes is read all the same");
}

#[tokio::test]
async fn marks_without_models_are_no_map() {
    let mut device = Device::with(50_000, &[(1, 66), (103, 50)]);
    device.words.extend([(40_000, 0x5375), (40_001, 0x6E53), (40_002, 0xFFFF), (40_003, 0)]);
    let found = walked(&mut device).await.expect("walk").expect("map");
    assert_eq!(found.base, 50_000);
}

/// Which device each model belongs to, for one profile.
async fn instances(profile: &str, models: &[(u16, u16)]) -> Vec<u16> {
    let map = walked(&mut Device::with(0, models)).await.expect("walk").expect("map");
    let (plan, bus) = of(profile);
    place(&map, plan, None, bus).models.iter().map(|model| model.instance).collect()
}

#[tokio::test]
async fn devices_in_one_map_are_counted() {
    const M: (u16, u16) = (1, 66);
    const I: (u16, u16) = (103, 50);
    const E: (u16, u16) = (203, 105);
    // SolarEdge: the inverter, then a common model for each meter.
    let solaredge = [M, I, M, E, M, E];
    assert_eq!(instances("sunspec", &solaredge).await, [1, 1, 0, 0, 0, 0]);
    assert_eq!(instances("sunspec-meter", &solaredge).await, [0, 0, 1, 1, 2, 2]);
    // Two meters of different models, each behind its own common model.
    let mixed = [M, (201, 105), M, (214, 124)];
    assert_eq!(instances("sunspec-meter", &mixed).await, [1, 1, 2, 2]);
    // Several behind one common model; what belongs to the second comes second.
    let behind_one = [M, I, I, (160, 28), (160, 28)];
    assert_eq!(instances("sunspec", &behind_one).await, [1, 1, 2, 1, 2]);
    // OutBack: many models that nobody knows between those that are.
    let outback = [M, (64_110, 282), (101, 50), (64_111, 23), (64_112, 64), (64_122, 77)];
    assert_eq!(instances("sunspec", &outback).await, [1, 0, 1, 0, 0, 0]);
}

#[tokio::test]
async fn odd_lengths_keep_whole_instances() {
    // Solren: a combiner whose length is no whole number of strings (14 registers each).
    let map = walked(&mut Device::with(0, &[(1, 66), (402, 20 + 3 * 14 + 5)])).await;
    let map = map.expect("walk").expect("map");
    let (plan, bus) = of("sunspec-combiner");
    let placed = place(&map, plan, None, bus);
    assert_eq!((placed.models[1].fit, placed.models[0].fit), (Fit::Long, Fit::Standard));
    let names: Vec<_> =
        placed.blocks.iter().flat_map(|b| &*b.points).map(|p| p.name.as_str()).collect();
    assert!(names.contains(&"string_3_current_a"));
    assert!(!names.contains(&"string_4_current_a"));
}

#[tokio::test]
async fn a_factor_too_far_away_is_read_before_and_after() {
    let map = walked(&mut Device::with(0, &[(1, 66), (160, 8 + 12 * 20)])).await;
    let map = map.expect("walk").expect("map");
    let (plan, bus) = of("sunspec");
    let placed = place(&map, plan, None, bus);
    let base = 70;
    let holds = |block: &&Block| (block.start..block.start + block.count).contains(&(base + 2));
    assert_eq!(placed.blocks.iter().filter(holds).count(), 2);
    let last = placed.blocks.last().expect("blocks");
    assert_eq!((last.start, last.count, last.points.len()), (base + 2, 4, 0));

    // The current of the first and of the last MPPT, with the factor changing in between.
    let mut image: Vec<u16> = vec![0x5375, 0x6E53, 1, 66];
    image.extend([0; 66]);
    image.extend([160, 248]);
    image.extend([0; 248]);
    let at = |n: u16| usize::from(base + 10 + (n - 1) * 20 + 9);
    (image[at(1)], image[at(12)]) = (7, 7);
    let reads = |changed: u16| {
        let word = |address: u16, last: bool| match (address == base + 2, last) {
            (true, true) => changed,
            _ => image[usize::from(address)],
        };
        let blocks = placed.blocks.iter().enumerate();
        let of_block = blocks.map(|(n, block)| {
            let last = n + 1 == placed.blocks.len();
            let words = (block.start..block.start + block.count).map(|a| word(a, last)).collect();
            let image =
                crate::source::modbus::RegisterImage::new(block.function, block.start, words);
            (&*block.points, image)
        });
        crate::source::modbus::decode(&of_block.collect::<Vec<_>>(), false)
    };
    let names = |changed| -> Vec<String> {
        let samples = reads(changed).samples.into_iter();
        samples.map(|s| s.point.to_string()).filter(|n| n.ends_with("_current_a")).collect()
    };
    assert!(names(0).contains(&"mppt_12_current_a".to_owned()));
    let torn = names(0xFFFF);
    assert!(torn.contains(&"mppt_1_current_a".to_owned()), "{torn:?}");
    assert!(!torn.contains(&"mppt_12_current_a".to_owned()), "{torn:?}");
    assert!(reads(0xFFFF).rejected.contains(&"scale_factor_changed"));
}

/// A device that bears short reads only: the factors of model 701 lie behind its values.
#[tokio::test]
async fn a_factor_far_behind_is_read_before_its_values_too() {
    let map = walked(&mut Device::with(0, &[(1, 66), (701, 153)])).await;
    let map = map.expect("walk").expect("map");
    let (plan, bus) = of("sunspec");
    let bus = BusRules { registers_per_read_max: 40, ..bus.clone() };
    let placed = place(&map, plan, None, &bus);
    let (base, behind) = (70, 70 + 116);
    let measures: Vec<_> = placed.blocks.iter().filter(|block| block.start >= base).collect();
    let holds = |block: &&Block, at| (block.start..block.start + block.count).contains(&at);
    let power = measures.iter().position(|block| holds(block, base + 10)).expect("the power");
    let factor = |blocks: &[&Block]| blocks.iter().filter(|block| holds(block, behind)).count();
    assert_eq!((factor(&measures[..power]), factor(&measures[power..])), (1, 1));
    assert!(measures.iter().all(|block| block.count <= 40));
}

/// A counter must not change its register.
#[tokio::test]
async fn a_counter_has_one_source() {
    let map = walked(&mut Device::with(0, &[(1, 66), (103, 50), (701, 153)])).await;
    let map = map.expect("walk").expect("map");
    let (plan, bus) = of("sunspec");
    let placed = place(&map, plan, None, bus);
    let counts = |name: &str| {
        let points = placed.blocks.iter().flat_map(|block| &*block.points);
        points.filter(|point| point.name.as_str() == name).count()
    };
    assert_eq!((counts("energy_total_wh"), counts("ac_power_w")), (1, 2));
}

/// Registers near a mark, so that walks have something to walk on.
fn images() -> impl Strategy<Value = Vec<(u16, Vec<u16>)>> {
    let ids = prop::sample::select(vec![0, 1, 103, 160, 203, 302, 402, 701, 714, 64_122, 0xFFFF]);
    let length = prop_oneof![0u16..300, Just(0xFFFF), any::<u16>()];
    let model = (ids, length, prop::collection::vec(any::<u16>(), 0..120));
    let base = prop::sample::select(vec![40_000u16, 0, 50_000, 65_500]);
    (base, prop::collection::vec(model, 0..8), any::<bool>()).prop_map(|(base, models, fits)| {
        let mut words = vec![0x5375, 0x6E53];
        for (id, length, body) in models {
            let said = if fits { u16::try_from(body.len()).expect("short") } else { length };
            words.extend([id, said]);
            words.extend(body);
        }
        vec![(base, words)]
    })
}

proptest! {
    /// Whatever stands in the registers: no panic, no endless walk, nothing read outside what is
    /// planned, and no number that is not finite.
    #[test]
    fn any_image_is_walked_within_bounds(image in images(), wanted in prop::option::of(0u16..4)) {
        for profile in ["sunspec", "sunspec-meter", "sunspec-weather", "sunspec-combiner"] {
            let (plan, bus) = of(profile);
            let Some(seen) = sunspec_walk_of_image(&image, plan, wanted, bus) else { continue };
            prop_assert!(seen.walk_reads <= READS_MAX);
            prop_assert!(seen.map.models.windows(2).all(|pair| pair[0].address < pair[1].address));
            prop_assert_eq!(seen.models.len(), seen.map.models.len());
            for block in &seen.blocks {
                prop_assert!(block.count >= 1 && block.count <= bus.registers_per_read_max);
                prop_assert!(u32::from(block.start) + u32::from(block.count) <= 0x1_0000);
            }
            for sample in &seen.decoded.samples {
                prop_assert!(sample.value.as_f64().is_none_or(f64::is_finite));
            }
        }
    }

    /// Noise at all three bases.
    #[test]
    fn noise_is_no_map_or_a_short_one(words in prop::collection::vec(any::<u16>(), 2..400)) {
        let mut words = words;
        (words[0], words[1]) = (0x5375, 0x6E53);
        let (plan, bus) = of("sunspec");
        if let Some(seen) = sunspec_walk_of_image(&[(0, words)], plan, None, bus) {
            prop_assert!(seen.walk_reads <= READS_MAX);
        }
    }
}

#[test]
fn every_name_of_a_further_instance_fits() {
    for profile in CATALOG.iter() {
        let Protocol::Sunspec { plan, .. } = &profile.protocol else { continue };
        for model in plan.models.values() {
            let repeated = (1..=64).flat_map(|n| model.group_points(n));
            for point in model.points.iter().cloned().chain(repeated) {
                let name = point.name.clone();
                let further = crate::profile::further_instance(point, model.model, 64);
                assert!(further.is_some(), "{name} of model {}", model.model);
            }
            let factor =
                |p: &&crate::profile::RegisterPoint| matches!(p.scale, ScaleBy::Register { .. });
            let longest = 125;
            let far = model.points.iter().filter(factor).filter(|p| {
                let ScaleBy::Register { address, .. } = p.scale else { return false };
                p.end().max(u32::from(address) + 1) - u32::from(p.address.min(address)) > longest
            });
            assert_eq!(far.count(), 0, "model {}: value and factor in one read", model.model);
        }
    }
}
