//! What numbers mean in company: frequency, voltages, currents, powers, counters.

use crate::model::{Text, text};
use crate::profile::Number;

use super::forms::{Habit, form, history, raw};
use super::{Form, Known, Snapshots, What};

/// That a place holds this, and how much speaks for it.
#[derive(Debug, Clone)]
pub(super) struct Claim {
    pub(super) start: u16,
    pub(super) form: Form,
    pub(super) exponent: i8,
    pub(super) what: What,
    pub(super) bonus: f64,
    pub(super) why: Option<Text>,
}

/// Registers from a voltage to its currents and powers, at most.
const NEAR: u16 = 60;

/// More than this no input for strings bears.
const STRING_AMPS_MAX: f64 = 60.0;

/// Three neighbours of one form.
#[derive(Debug, Clone, Copy)]
struct Triple {
    start: u16,
    form: Form,
    exponent: i8,
    values: [f64; 3],
    /// Registers from one to the next.
    stride: u16,
}

impl Triple {
    fn mean(&self) -> f64 {
        self.values.iter().sum::<f64>() / 3.0
    }

    /// Difference of the extremes, as a share of the mean.
    fn spread(&self) -> f64 {
        let most = self.values.iter().copied().fold(f64::MIN, f64::max);
        let least = self.values.iter().copied().fold(f64::MAX, f64::min);
        (most - least) / self.mean().abs().max(1e-9)
    }

    fn claims(self, what: What, bonus: f64, why: &Text) -> impl Iterator<Item = Claim> {
        let Self { start, form, exponent, stride, .. } = self;
        let why = why.clone();
        (0..3).map(move |n| Claim {
            start: start.saturating_add(n * stride),
            form,
            exponent,
            what,
            bonus,
            why: Some(why.clone()),
        })
    }

    fn overlaps(&self, other: &Self) -> bool {
        let own: Vec<u16> = self.registers().collect();
        other.registers().any(|register| own.contains(&register))
    }

    fn registers(&self) -> impl Iterator<Item = u16> + '_ {
        let words = self.form.number.words();
        (0..3).flat_map(move |n| {
            (0..words).map(move |w| self.start.saturating_add(n * self.stride + w))
        })
    }
}

pub(super) fn scaled(raw: f64, exponent: i8) -> f64 {
    match exponent {
        0.. => raw * 10_f64.powi(i32::from(exponent)),
        // Division is exact where a product is not: 5001 / 100 is 50.01.
        _ => raw / 10_f64.powi(-i32::from(exponent)),
    }
}

/// The forms of numbers of a device with this habit.
pub(super) fn forms(habit: Habit) -> [Form; 7] {
    let numbers =
        [Number::U16, Number::I16, Number::U32, Number::I32, Number::F32, Number::U64, Number::F64];
    numbers.map(|number| form(number, habit.order))
}

/// All that can be claimed.
pub(super) fn claims(snapshots: &Snapshots, habit: Habit, known: &[Known]) -> Vec<Claim> {
    let mut claims = Vec::new();
    frequencies(snapshots, habit, &mut claims);
    let phases = voltages(snapshots, habit, What::PhaseVoltage, (190.0, 260.0), &mut claims);
    let lines = voltages(snapshots, habit, What::LineVoltage, (340.0, 450.0), &mut claims);
    star(&phases, &lines, &mut claims);
    currents(snapshots, habit, &phases, &lines, &mut claims);
    strings(snapshots, habit, &mut claims);
    products(snapshots, habit, &mut claims);
    counters(snapshots, habit, &mut claims);
    weak(snapshots, habit, &mut claims);
    knowns(snapshots, habit, known, &mut claims);
    claims
}

/// What a claim is worth beside a better one of the same quantity in another form: a device writes
/// all its voltages alike, and has one frequency.
const BESIDE_BETTER: f64 = 0.25;

/// Weakens the claims from `first` on that are of another form than the best of them.
fn one_form(claims: &mut [Claim], first: usize) {
    let Some(new) = claims.get_mut(first..) else { return };
    let best = new.iter().max_by(|a, b| a.bonus.total_cmp(&b.bonus));
    let Some((form, exponent, bonus)) = best.map(|best| (best.form, best.exponent, best.bonus))
    else {
        return;
    };
    for claim in new {
        if (claim.form, claim.exponent) != (form, exponent) && claim.bonus < bonus {
            claim.bonus *= BESIDE_BETTER;
        }
    }
}

fn frequencies(snapshots: &Snapshots, habit: Habit, claims: &mut Vec<Claim>) {
    let first = claims.len();
    let ways = [
        (Number::F32, 0, 3.0),
        (Number::U16, -2, 4.0),
        (Number::U16, -1, 2.0),
        (Number::U16, -3, 2.5),
        (Number::U32, -2, 3.0),
        (Number::U32, -3, 2.5),
    ];
    for start in snapshots.addresses() {
        for (number, exponent, bonus) in ways {
            let form = form(number, habit.order);
            let Some(raw) = raw(snapshots, start, form) else { continue };
            let value = scaled(raw, exponent);
            let rare = (59.3..=60.7).contains(&value);
            if (49.3..=50.7).contains(&value) || rare {
                // A string of 600 V looks like 60 Hz; half of the world has 50.
                let bonus = if rare { 0.3 * bonus } else { bonus };
                let why =
                    Some(text!("{value} 像电网频率", "{value} looks like the grid's frequency"));
                let what = What::Frequency;
                claims.push(Claim { start, form, exponent, what, bonus, why });
            }
        }
    }
    one_form(claims, first);
}

/// Registers from one phase's values to the next one's, at most.
const STRIDE_MAX: u16 = 6;

/// Three values of one form at even distances: neighbours, or phase by phase with others between.
fn triples(snapshots: &Snapshots, habit: Habit, ways: &[(Number, i8)]) -> Vec<Triple> {
    let mut found = Vec::new();
    for start in snapshots.addresses() {
        for (number, exponent) in ways {
            let (form, exponent) = (form(*number, habit.order), *exponent);
            for stride in number.words()..=STRIDE_MAX {
                let value = |n: u16| {
                    let raw = raw(snapshots, start.checked_add(n * stride)?, form)?;
                    Some(scaled(raw, exponent))
                };
                if let (Some(a), Some(b), Some(c)) = (value(0), value(1), value(2)) {
                    found.push(Triple { start, form, exponent, values: [a, b, c], stride });
                }
            }
        }
    }
    found
}

fn voltages(
    snapshots: &Snapshots,
    habit: Habit,
    what: What,
    (least, most): (f64, f64),
    claims: &mut Vec<Claim>,
) -> Vec<Triple> {
    let ways = [
        (Number::F32, 0),
        (Number::U16, -1),
        (Number::U16, -2),
        (Number::U16, 0),
        (Number::U32, -1),
        (Number::U32, -2),
        (Number::U32, -3),
    ];
    let first = claims.len();
    let mut found = triples(snapshots, habit, &ways);
    found.retain(|triple| {
        triple.values.iter().all(|v| (least..=most).contains(v)) && triple.spread() < 0.1
    });
    for triple in &found {
        let shown: Vec<String> = triple.values.iter().map(|v| format!("{v:.1}")).collect();
        let shown = shown.join(", ");
        let why =
            text!("三个相邻值 {shown} 像三相电压", "three neighbours, {shown}, look like voltages");
        let close = triple.stride == triple.form.number.words();
        let plain = triple.exponent == 0 && triple.form.number == Number::U16;
        let bonus = if plain { 2.0 } else { 4.0 } - if close { 0.0 } else { 1.5 };
        claims.extend(triple.claims(what, bonus, &why));
    }
    one_form(claims, first);
    found
}

/// Line voltages are the root of three times the phase voltages.
fn star(phases: &[Triple], lines: &[Triple], claims: &mut Vec<Claim>) {
    let fits = |phase: &Triple, line: &Triple| {
        let ratio = line.mean() / phase.mean();
        phase.form == line.form
            && phase.stride == line.stride
            && (ratio / 3_f64.sqrt() - 1.0).abs() < 0.03
    };
    let why =
        Text::new("线电压是相电压的 √3 倍", "the line voltages are √3 times the phase voltages");
    for phase in phases.iter().filter(|phase| lines.iter().any(|line| fits(phase, line))) {
        claims.extend(phase.claims(What::PhaseVoltage, 1.5, &why));
    }
    for line in lines.iter().filter(|line| phases.iter().any(|phase| fits(phase, line))) {
        claims.extend(line.claims(What::LineVoltage, 1.5, &why));
    }
}

/// A power: its place, form, exponent and value.
type PowerAt = (u16, Form, i8, f64);

/// All that a power near a place may be.
fn powers(snapshots: &Snapshots, habit: Habit, near: u16) -> Vec<PowerAt> {
    let ways = [
        (Number::F32, 0),
        (Number::F32, 3),
        (Number::U32, 0),
        (Number::I32, 0),
        (Number::U16, 0),
        (Number::U32, -1),
        (Number::U16, 1),
        (Number::U16, 2),
    ];
    let mut found = Vec::new();
    for start in snapshots.addresses().filter(|start| start.abs_diff(near) <= NEAR) {
        for (number, exponent) in ways {
            let form = form(number, habit.order);
            let value = raw(snapshots, start, form).map(|raw| scaled(raw, exponent));
            // Few digits meet any product.
            if let Some(value) = value.filter(|v| *v >= 100.0)
                && raw(snapshots, start, form).is_some_and(|raw| raw >= 50.0)
            {
                found.push((start, form, exponent, value));
            }
        }
    }
    found
}

/// Currents are three neighbours whose product with the voltages is a power nearby.
fn currents(
    snapshots: &Snapshots,
    habit: Habit,
    phases: &[Triple],
    lines: &[Triple],
    claims: &mut Vec<Claim>,
) {
    let ways = [
        (Number::F32, 0),
        (Number::U16, -1),
        (Number::U16, -2),
        (Number::U16, -3),
        (Number::U32, -3),
        (Number::U32, -2),
    ];
    let all = triples(snapshots, habit, &ways);
    let free = |triple: &&Triple| {
        phases.iter().chain(lines).all(|voltage| !voltage.overlaps(triple))
            && triple.values.iter().all(|value| (0.2..3_000.0).contains(value))
            && triple.spread() < 0.12
    };
    let all: Vec<&Triple> = all.iter().filter(free).collect();
    let voltages = phases.iter().map(|v| (v, 3.0)).chain(lines.iter().map(|v| (v, 3_f64.sqrt())));
    let mut best: Option<(u16, &Triple, PowerAt, f64)> = None;
    for (voltage, factor) in voltages {
        let near = powers(snapshots, habit, voltage.start);
        for current in all.iter().filter(|c| c.start.abs_diff(voltage.start) <= NEAR) {
            let together =
                current.form.number.words() == current.stride || current.stride == voltage.stride;
            if !together {
                continue;
            }
            let product = factor * voltage.mean() * current.mean();
            let is_power = |power: &&PowerAt| (0.94..=1.005).contains(&(power.3 / product));
            for power in near.iter().filter(is_power) {
                let apart = current.start.abs_diff(voltage.start) + power.0.abs_diff(voltage.start);
                if best.as_ref().is_none_or(|(least, ..)| apart < *least) {
                    best = Some((apart, current, *power, product));
                }
            }
        }
    }
    let Some((_, current, (start, form, exponent, value), product)) = best else { return };
    let why = text!(
        "三个电流乘电压得 {product:.0} W，与 {start} 处的 {value:.0} 相符",
        "currents times voltages are {product:.0} W, and {start} holds {value:.0}",
    );
    claims.extend(current.claims(What::Current, 3.5, &why));
    claims.push(Claim { start, form, exponent, what: What::Power, bonus: 3.5, why: Some(why) });
}

/// Voltage and current in turns: strings of modules.
fn strings(snapshots: &Snapshots, habit: Habit, claims: &mut Vec<Claim>) {
    let of = |start: u16| raw(snapshots, start, form(Number::U16, habit.order));
    let pair = |start: u16| -> Option<(f64, f64)> {
        let (volts, amps) = (of(start)?, of(start.checked_add(1)?)?);
        let good = (1_500.0..=11_000.0).contains(&volts) && amps < 2_500.0 && volts > 4.0 * amps;
        good.then_some((volts, amps))
    };
    let mut behind = 0_u32;
    for start in snapshots.addresses() {
        if u32::from(start) < behind {
            continue;
        }
        let mut pairs = Vec::new();
        let mut at = start;
        while let Some(found) = pair(at) {
            pairs.push(found);
            let Some(next) = at.checked_add(2) else { break };
            at = next;
        }
        let lively = pairs.iter().filter(|(_, amps)| *amps > 0.0).count();
        let most = pairs.iter().map(|pair| pair.0).fold(0.0, f64::max);
        let least = pairs.iter().map(|pair| pair.0).fold(f64::MAX, f64::min);
        if pairs.len() < 2 || lively < 2 || most > 3.0 * least {
            continue;
        }
        behind = u32::from(at);
        let watts = |exponent: i8| -> f64 {
            pairs.iter().map(|(v, a)| scaled(*v, -1) * scaled(*a, exponent)).sum()
        };
        let near = powers(snapshots, habit, start);
        let meets = |exponent: i8| {
            near.iter().find(|power| (0.93..=1.08).contains(&(power.3 / watts(exponent)))).copied()
        };
        let found = [-1, -2].into_iter().find_map(|exponent| Some((exponent, meets(exponent)?)));
        // No string carries more than some tens of amperes.
        let amps = pairs.iter().map(|pair| pair.1).fold(0.0, f64::max);
        let usual = if scaled(amps, -1) > STRING_AMPS_MAX { -2 } else { -1 };
        let exponent = found.map_or(usual, |(exponent, _)| exponent);
        let why = text!(
            "{} 组电压、电流相间，像组串",
            "{} voltages and currents in turns look like strings",
            pairs.len(),
        );
        let bonus = if found.is_some() { 4.0 } else { 2.0 };
        for n in 0..u16::try_from(pairs.len()).unwrap_or(0) {
            let volts = start.saturating_add(2 * n);
            for (at, exponent, what) in
                [(volts, -1, What::DcVoltage), (volts.saturating_add(1), exponent, What::DcCurrent)]
            {
                let form = form(Number::U16, habit.order);
                claims.push(Claim {
                    start: at,
                    form,
                    exponent,
                    what,
                    bonus,
                    why: Some(why.clone()),
                });
            }
        }
        if let Some((_, (start, form, exponent, value))) = found {
            let why = Some(text!(
                "{value:.0} W 等于各组串之和",
                "{value:.0} W is the sum of the strings"
            ));
            claims.push(Claim { start, form, exponent, what: What::DcPower, bonus: 2.0, why });
        }
    }
}

/// Voltage, current, and right behind them their product.
fn products(snapshots: &Snapshots, habit: Habit, claims: &mut Vec<Claim>) {
    let one = form(Number::U16, habit.order);
    for start in snapshots.addresses() {
        let at = |n: u16| start.checked_add(n).and_then(|a| raw(snapshots, a, one));
        let (Some(volts), Some(amps)) = (at(0), at(1)) else { continue };
        if !(1_000.0..=11_000.0).contains(&volts) || amps < 5.0 {
            continue;
        }
        let power_at = start.saturating_add(2);
        for (number, exponent) in [(Number::U32, -1), (Number::U32, 0), (Number::U16, 0)] {
            let form = form(number, habit.order);
            let Some(watts) = raw(snapshots, power_at, form).map(|raw| scaled(raw, exponent))
            else {
                continue;
            };
            for amps_exponent in [-1, -2] {
                let product = scaled(volts, -1) * scaled(amps, amps_exponent);
                if watts < 50.0 || (watts / product - 1.0).abs() > 0.015 {
                    continue;
                }
                let why = Some(text!(
                    "{product:.0} W：后面是前两个值的积",
                    "{product:.0} W: the product of the two before it",
                ));
                let (volts, amps, power) = match scaled(volts, -1) {
                    190.0..=260.0 => (What::PhaseVoltage, What::Current, What::Power),
                    _ => (What::DcVoltage, What::DcCurrent, What::DcPower),
                };
                let next = start.saturating_add(1);
                for (start, form, exponent, what) in [
                    (start, one, -1, volts),
                    (next, one, amps_exponent, amps),
                    (power_at, form, exponent, power),
                ] {
                    claims.push(Claim {
                        start,
                        form,
                        exponent,
                        what,
                        bonus: 3.0,
                        why: why.clone(),
                    });
                }
            }
        }
    }
}

/// What never falls and sometimes rises.
fn counters(snapshots: &Snapshots, habit: Habit, claims: &mut Vec<Claim>) {
    for start in snapshots.addresses() {
        for form in forms(habit) {
            let values = history(snapshots, start, form);
            let rises = values.iter().zip(values.iter().skip(1)).filter(|(a, b)| b > a).count();
            let falls = values.iter().zip(values.iter().skip(1)).filter(|(a, b)| b < a).count();
            let (first, last) = (values.first(), values.last());
            let (Some(first), Some(last)) = (first, last) else { continue };
            let slow = (last - first).abs() <= 0.01 * first.abs().max(100.0);
            if rises >= 2 && falls == 0 && slow && *first >= 0.0 {
                let why = Some(text!("只增不减", "it only grows"));
                let bonus = if form.number.words() == 1 { 0.3 } else { 1.0 };
                claims.push(Claim { start, form, exponent: 0, what: What::Counter, bonus, why });
            }
        }
    }
}

/// What proves little and is better than nothing.
fn weak(snapshots: &Snapshots, habit: Habit, claims: &mut Vec<Claim>) {
    let one = form(Number::U16, habit.order);
    for start in snapshots.addresses() {
        if let Some(value) = raw(snapshots, start, one) {
            let ranges = [
                (1_900.0..=2_600.0, -1, What::PhaseVoltage, 0.4),
                (150.0..=850.0, -1, What::Temperature, -0.3),
                (901.0..=1_000.0, -3, What::PowerFactor, -0.3),
            ];
            for (range, exponent, what, bonus) in ranges {
                if range.contains(&value) {
                    claims.push(Claim { start, form: one, exponent, what, bonus, why: None });
                }
            }
        }
    }
}

/// What a person reads on the display.
fn knowns(snapshots: &Snapshots, habit: Habit, known: &[Known], claims: &mut Vec<Claim>) {
    const ALL: [What; 11] = [
        What::Frequency,
        What::PhaseVoltage,
        What::LineVoltage,
        What::DcVoltage,
        What::Current,
        What::DcCurrent,
        What::Power,
        What::DcPower,
        What::Counter,
        What::Temperature,
        What::Unknown,
    ];
    for value in known {
        let mut found: Vec<Claim> = Vec::new();
        for start in snapshots.addresses() {
            for form in forms(habit) {
                let Some(raw) = raw(snapshots, start, form) else { continue };
                for exponent in -3..=3 {
                    let what = |what: &What| value.matches(*what, scaled(raw, exponent));
                    let Some(what) = ALL.into_iter().find(what) else { continue };
                    let why = Some(value.note());
                    found.push(Claim { start, form, exponent, what, bonus: 5.0, why });
                }
            }
        }
        // A float that stands there as it is explains the value; another one that would have to be
        // divided by ten for it, a power of ten times the voltage, is hardly the same.
        let odd = |claim: &Claim| {
            matches!(claim.form.number, Number::F32 | Number::F64) && claim.exponent != 0
        };
        if !found.iter().all(odd) {
            found.iter_mut().filter(|claim| odd(claim)).for_each(|claim| claim.bonus = 0.5);
        }
        claims.extend(found);
    }
}
