//! Counters of real life, and random lives whose truth is known.

use proptest::prelude::*;

use super::nature::Modulus;
use super::*;
use crate::model::Timestamp;
use crate::profile::Catalog;

const SECOND: i64 = 1_000;
/// 50 kW for 10 s.
const STEP_WH: f64 = 50_000.0 / 360.0;

/// 2^32 steps of 10 Wh.
const END: [Modulus; 1] = [Modulus { value: 42_949_672_960.0, step: 10.0 }];

/// An inverter of 50 kW with a 32-bit total in 10 Wh.
fn total() -> Nature {
    Nature::new(false, 60_000.0, 10.0, 1_700.0, END.to_vec())
}

fn today() -> Nature {
    Nature::new(true, 60_000.0, 10.0, 1_700.0, END.to_vec())
}

/// Feeds values 10 s apart: the sum of the increments, and what happened.
fn run(nature: &Nature, values: &[f64]) -> (f64, Vec<Change>) {
    let mut track = Track::default();
    let mut sum = 0.0;
    let mut seen = Vec::new();
    for (n, value) in (0..).zip(values) {
        let step = track.take(nature, Timestamp::from_ms(n * 10 * SECOND), *value);
        assert!(step.increment >= 0.0);
        sum += step.increment;
        seen.extend(step.happened.map(|happened| happened.change));
    }
    (sum, seen)
}

#[test]
fn what_happens_to_counters_is_recognised() {
    let cases: [(&str, &[f64], f64, &[Change]); 12] = [
        ("plain", &[1e6, 1_000_100.0, 1_000_100.0, 1_000_300.0], 300.0, &[]),
        // 42,949,672,960 Wh is 2^32 steps of 10 Wh: 60 + 100 + 100.
        (
            "roll-over",
            &[42_949_672_800.0, 42_949_672_900.0, 0.0, 100.0, 200.0],
            360.0,
            &[Change::RollOver],
        ),
        // A display of six digits: 99,999,990 Wh and 10 more.
        (
            "decimal roll-over",
            &[99_999_800.0, 99_999_900.0, 100.0, 200.0],
            400.0,
            &[Change::RollOver],
        ),
        ("reset", &[1e6, 1_000_100.0, 50.0, 150.0, 250.0], 350.0, &[Change::Reset]),
        ("swap down", &[1e6, 1_000_100.0, 5e5, 500_100.0], 200.0, &[Change::Swap]),
        ("swap up", &[1e6, 1_000_100.0, 5e8, 500_000_100.0], 200.0, &[Change::Swap]),
        (
            "step back",
            &[1e6, 1_000_500.0, 999_900.0, 1_000_000.0, 1_000_400.0, 1_000_600.0],
            600.0,
            &[Change::StepBack],
        ),
        ("back for a moment", &[1e6, 1_000_500.0, 999_900.0, 1_000_600.0], 600.0, &[]),
        (
            "all ones",
            &[1e6, 1_000_100.0, 42_949_672_950.0, 42_949_672_950.0, 1_000_200.0],
            200.0,
            &[Change::Glitch],
        ),
        ("zeros", &[1e6, 1_000_100.0, 0.0, 0.0, 0.0, 1_000_200.0], 200.0, &[Change::Glitch]),
        ("half a word", &[1e6, 1_000_100.0, 169_600.0, 1_000_200.0], 200.0, &[Change::Glitch]),
        ("rounding", &[1e6, 1_000_100.0, 1_000_090.0, 1_000_200.0], 200.0, &[]),
    ];
    for (name, values, sum, changes) in cases {
        let (found, seen) = run(&total(), values);
        assert!((found - sum).abs() < 1e-6, "{name}: {found} Wh, expected {sum}");
        assert_eq!(seen, changes, "{name}");
    }
}

#[test]
fn a_daily_counter_may_begin_anew_at_any_hour() {
    let values = [250_000.0, 250_000.0, 0.0, 0.0, 100.0, 200.0];
    assert_eq!(run(&today(), &values), (200.0, Vec::new()));
    let zero_for_a_moment = [250_000.0, 250_100.0, 0.0, 250_200.0];
    assert_eq!(run(&today(), &zero_for_a_moment), (200.0, vec![Change::Glitch]));
}

#[test]
fn zeros_for_an_hour_and_back_are_one_line() {
    let mut values = vec![1e6, 1_000_100.0];
    values.extend(vec![0.0; 360]);
    values.extend([1_000_300.0, 1_000_400.0, 1_000_500.0]);
    let (sum, seen) = run(&total(), &values);
    assert!((sum - 500.0).abs() < 1e-6, "{sum}");
    assert_eq!(seen, [Change::Reset, Change::Glitch]);
}

#[test]
fn an_outage_hides_no_energy() {
    let mut track = Track::default();
    track.take(&total(), Timestamp::from_ms(0), 1e6);
    // 5 hours at 40 kW.
    let step = track.take(&total(), Timestamp::from_ms(5 * 3_600_000), 1_200_000.0);
    assert_eq!((step.increment, step.trusted, step.happened), (200_000.0, true, None));
}

#[test]
fn a_counter_that_is_renewed_each_hour_is_believed() {
    let mut values = vec![1e6; 360];
    values.extend([1_050_000.0, 1_050_000.0]);
    assert_eq!(run(&total(), &values), (50_000.0, Vec::new()));
}

#[test]
fn a_clock_set_back_stops_no_counter() {
    let mut track = Track::default();
    let at = |hours: i64| Timestamp::from_ms(hours * 3_600_000);
    track.take(&total(), at(20), 1e6);
    track.clock_set(at(12));
    let step = track.take(&total(), at(12), 1_000_100.0);
    assert_eq!((step.increment, step.trusted), (100.0, true));
}

#[test]
fn a_track_that_was_kept_goes_on_as_if_it_had_not() {
    let values = [1e6, 1_000_100.0, 50.0, 150.0, 250.0, 0.0, 350.0];
    for stop in 0..values.len() {
        let mut track = Track::default();
        let mut sum = 0.0;
        for (n, value) in (0..).zip(values) {
            if usize::try_from(n) == Ok(stop) {
                let kept = serde_json::to_vec(&track).expect("kept");
                track = serde_json::from_slice(&kept).expect("taken up");
            }
            sum += track.take(&total(), Timestamp::from_ms(n * 10 * SECOND), value).increment;
        }
        assert!((sum - 450.0).abs() < 1e-6, "{stop}: {sum}");
    }
}

#[test]
fn widths_come_from_the_profile() {
    let catalog = Catalog::shipped().expect("profiles");
    let huawei = catalog.get("huawei-sun2000").expect("profile");
    let nature = Nature::of("energy_total_wh", Some(huawei), Some(50_000.0)).expect("a counter");
    // 32 bits of 10 Wh: all ones are no value, and 5 Wh over the end is 5 Wh.
    assert!(nature.is_sentinel(42_949_672_950.0));
    let counted = nature.rolled_over(42_949_672_000.0, 40.0, 5_000.0);
    assert_eq!(counted, Some(1_000.0));
    assert!(Nature::of("energy_today_wh", Some(huawei), None).expect("a counter").daily);
    assert!(Nature::of("tickets_total", None, None).is_some_and(|nature| !nature.daily));
    assert_eq!(Nature::of("ac_power_w", Some(huawei), None), None);
    assert_eq!(Nature::of("energy_net_wh", None, None), None);
}

#[test]
fn an_event_survives_the_journal_and_says_what_happened() {
    let event = CounterEvent {
        device: crate::model::DeviceId::parse("m-1").expect("id"),
        point: crate::model::PointName::parse("energy_import_wh").expect("point"),
        happened: Happened {
            change: Change::Reset,
            before: 1_234_500.0,
            after: 100.0,
            time: Timestamp::from_ms(7),
        },
    };
    let record = event.record(Timestamp::from_ms(9)).expect("record");
    assert_eq!(CounterEvent::of(&record), Some(event.clone()));
    assert_eq!(
        event.text().en,
        "energy imported was reset (1234.5 kWh to 0.1 kWh); counting goes on from zero"
    );
    assert!(event.text().zh.contains("被清零"));
}

/// What is done to the register before a reading.
#[derive(Debug, Clone, Copy)]
enum Trouble {
    None,
    Reset,
    Swap(f64),
    StepBack(f64),
    Nonsense(u8),
}

fn trouble() -> impl Strategy<Value = Trouble> {
    prop_oneof![
        20 => Just(Trouble::None),
        1 => Just(Trouble::Reset),
        1 => (1e5..1e9).prop_map(Trouble::Swap),
        1 => (0.0..1.0).prop_map(Trouble::StepBack),
        2 => (0_u8..4).prop_map(Trouble::Nonsense),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, ..ProptestConfig::default() })]

    /// Whatever happens to the register, the sum is what was made: short of at most the interval
    /// in which it happened, never more, never negative, never more at once than can be made.
    #[test]
    fn energy_is_what_was_made(
        start in prop_oneof![1e6..4e10, (42_949_600_000.0..42_949_672_900.0)],
        life in prop::collection::vec((0.3_f64..1.0, trouble()), 10..120),
    ) {
        let nature = total();
        let modulus = 42_949_672_960.0;
        let mut track = Track::default();
        let (mut made, mut counted, mut lost) = (0.0, 0.0, 0.0);
        let mut register: f64 = start;
        let mut calm = 0;
        let mut waiting = 0;
        for (n, (power, trouble)) in (0_i64..).zip(life) {
            let energy = power * STEP_WH;
            made += if n == 0 { 0.0 } else { energy };
            let grown = if n == 0 { register } else { register + energy };
            register = grown % modulus;
            if grown >= modulus {
                calm = 0; // a roll-over waits for its confirmation like any other trouble
            }
            // Troubles come one at a time: nobody can tell two at once apart.
            let trouble = if calm < 4 { Trouble::None } else { trouble };
            calm += 1;
            let mut said = register;
            match trouble {
                Trouble::None => {}
                // Just before the end a reset looks like what was to be expected.
                Trouble::Reset if [1e7, 1e8, 1e9, 1e10, modulus]
                    .iter()
                    .any(|end| (end - 1e4..*end).contains(&register)) => {}
                Trouble::Reset => { register = 0.0; said = 0.0; lost += STEP_WH + 20.0; calm = 0; }
                Trouble::Swap(level) => {
                    // To another level for sure.
                    if (level - register).abs() > 1e5 {
                        register = level; said = level; lost += STEP_WH + 20.0; calm = 0;
                    }
                }
                Trouble::StepBack(share) => {
                    let back = share * STEP_WH;
                    if register > 1e5 { register -= back; said = register; lost += back + 20.0; calm = 0; }
                }
                Trouble::Nonsense(kind) => {
                    said = match kind {
                        0 => modulus - 10.0,
                        1 => 0.0,
                        2 => register % 655_360.0,
                        _ => register + 21_474_836_480.0,
                    };
                    calm = 0;
                }
            }
            let said = (said / 10.0).floor() * 10.0;
            if said == modulus - 10.0 {
                calm = 0; // its last value looks like nonsense, honest or not
            }
            let step = track.take(&nature, Timestamp::from_ms(n * 10 * SECOND), said);
            waiting += 1;
            prop_assert!(step.increment >= 0.0);
            prop_assert!(step.increment <= STEP_WH * f64::from(waiting) + 20.0, "{n}: a jump of {}", step.increment);
            if step.increment > 0.0 { waiting = 0; }
            counted += step.increment;
        }
        // The last readings may still wait for their confirmation.
        let open = STEP_WH * f64::from(waiting);
        prop_assert!(counted <= made + 20.0, "{counted} of {made}");
        prop_assert!(counted >= made - lost - open - 20.0 , "{counted} of {made}, {lost} lost");
    }
}
