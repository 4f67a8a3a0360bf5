//! All ways to see all registers, weighed: the best that do not overlap, each with its rivals.

use crate::model::Text;
use crate::profile::{Number, WordOrder};

use super::claims::{claims, forms, scaled};
use super::forms::{Habit, form, habit, looks, missing, raw, words};
use super::{Detected, Guess, Known, Place, Snapshots, What};

/// What each register of a text adds.
const TEXT_SCORE: f64 = 1.2;
/// Rivals shown of one place.
const SHOWN_MAX: usize = 4;
/// What a scale costs that nothing speaks for.
const SCALE_COST: f64 = 0.8;

/// Weighs all ways to see the registers, under both orders of words.
#[must_use]
pub fn guess(snapshots: &Snapshots, known: &[Known]) -> Detected {
    let under = |order| {
        let all = guesses(snapshots, habit(snapshots, order), known);
        tiling(snapshots, &all)
    };
    let (high, low) = (under(WordOrder::HighFirst), under(WordOrder::LowFirst));
    // Most devices send the high word first: a tie is theirs.
    let (high_sum, low_sum) = (high.1 + 0.5, low.1);
    let share = |own: f64, other: f64| 1.0 / (1.0 + (other - own).exp());
    if low_sum > high_sum {
        Detected { places: low.0, order: (WordOrder::LowFirst, share(low_sum, high_sum)) }
    } else {
        Detected { places: high.0, order: (WordOrder::HighFirst, share(high_sum, low_sum)) }
    }
}

fn guesses(snapshots: &Snapshots, habit: Habit, known: &[Known]) -> Vec<Guess> {
    let mut all: Vec<Guess> = Vec::new();
    for start in snapshots.addresses() {
        for form in forms(habit) {
            let Some(value) = raw(snapshots, start, form) else { continue };
            let Some(score) = looks(snapshots, start, form, habit) else { continue };
            let plain = Guess {
                start,
                form,
                exponent: 0,
                what: What::Unknown,
                value: Some(value),
                text: None,
                score,
                share: 0.0,
                why: Vec::new(),
            };
            all.push(plain);
        }
        all.extend(missing_at(snapshots, start, habit));
        if let Some((count, text)) = words(snapshots, start) {
            all.push(Guess {
                start,
                form: form(Number::String(count), habit.order),
                exponent: 0,
                what: What::Words,
                value: None,
                text: Some(text),
                score: TEXT_SCORE * f64::from(count),
                share: 0.0,
                why: vec![Text::new("可读文字", "printable text")],
            });
        }
    }
    claimed(snapshots, habit, known, &mut all);
    all
}

fn missing_at(snapshots: &Snapshots, start: u16, habit: Habit) -> Vec<Guess> {
    let numbers = [Number::U16, Number::U32];
    let of = |number: Number| {
        let form = form(number, habit.order);
        Some(Guess {
            start,
            form,
            exponent: 0,
            what: What::Missing,
            value: None,
            text: None,
            score: missing(snapshots, start, form)?,
            share: 0.0,
            why: vec![Text::new("常见的无效值", "a usual pattern for `no value`")],
        })
    };
    numbers.into_iter().filter_map(of).collect()
}

/// Adds what is claimed to what the words look like.
fn claimed(snapshots: &Snapshots, habit: Habit, known: &[Known], all: &mut Vec<Guess>) {
    for claim in claims(snapshots, habit, known) {
        let same = all.iter_mut().find(|guess| {
            (guess.start, guess.form, guess.exponent, guess.what)
                == (claim.start, claim.form, claim.exponent, claim.what)
        });
        if let Some(guess) = same {
            guess.score += claim.bonus;
            guess.why.extend(claim.why.filter(|why| !guess.why.contains(why)));
            continue;
        }
        let signed = matches!(claim.form.number, Number::I16 | Number::I32);
        let looks = looks(snapshots, claim.start, claim.form, habit);
        // A sign that nothing needs is no other way to see a number.
        if signed && looks.is_none() {
            continue;
        }
        let looks = looks.unwrap_or(-1.0);
        let Some(raw) = raw(snapshots, claim.start, claim.form) else { continue };
        all.push(Guess {
            start: claim.start,
            form: claim.form,
            exponent: claim.exponent,
            what: claim.what,
            value: Some(scaled(raw, claim.exponent)),
            text: None,
            score: looks + claim.bonus,
            share: 0.0,
            why: claim.why.into_iter().collect(),
        });
    }
}

/// The guesses that do not overlap and weigh most together, and what they weigh.
fn tiling(snapshots: &Snapshots, all: &[Guess]) -> (Vec<Place>, f64) {
    let addresses: Vec<u16> = snapshots.addresses().collect();
    // For each place from the last to the first: the best sum from there on, and the guess.
    let mut best: Vec<(f64, Option<usize>)> = vec![(0.0, None); addresses.len() + 1];
    let position = |address: u32| {
        let found = addresses.binary_search_by_key(&address, |a| u32::from(*a));
        found.unwrap_or_else(|next| next)
    };
    for (place, address) in addresses.iter().enumerate().rev() {
        let mut here = (f64::MIN, None);
        for (index, guess) in all.iter().enumerate().filter(|(_, g)| g.start == *address) {
            let end = u32::from(guess.start) + u32::from(guess.form.number.words());
            let rest = best.get(position(end)).map_or(0.0, |(sum, _)| *sum);
            if guess.score + rest > here.0 {
                here = (guess.score + rest, Some(index));
            }
        }
        if let Some(slot) = best.get_mut(place) {
            *slot = here;
        }
    }
    let sum = best.first().map_or(0.0, |(sum, _)| *sum);
    let mut places = Vec::new();
    let mut place = 0;
    while let Some((_, Some(index))) = best.get(place) {
        let Some(chosen) = all.get(*index) else { break };
        let count = chosen.form.number.words();
        let guesses = ranked(all, chosen);
        let words = snapshots.last(chosen.start, count).unwrap_or_default();
        places.push(Place { start: chosen.start, words, guesses });
        place = position(u32::from(chosen.start) + u32::from(count));
    }
    (places, sum)
}

/// A chosen guess with its rivals at the same place, and the share of each.
fn ranked(all: &[Guess], chosen: &Guess) -> Vec<Guess> {
    let mut rivals: Vec<Guess> = all
        .iter()
        .filter(|guess| guess.start == chosen.start && *guess != chosen)
        .cloned()
        .collect();
    rivals.sort_by(|a, b| b.score.total_cmp(&a.score));
    // A number that nothing explains may have any scale.
    let unscaled = chosen.what == What::Unknown && chosen.value.is_some_and(|v| v != 0.0);
    let is_whole = !matches!(chosen.form.number, Number::F32 | Number::F64);
    if unscaled && is_whole {
        for exponent in [-1, -2] {
            let value = chosen.value.map(|value| scaled(value, exponent));
            let score = chosen.score - SCALE_COST;
            rivals.push(Guess { exponent, value, score, ..chosen.clone() });
        }
    }
    let mut guesses = vec![chosen.clone()];
    guesses.extend(rivals);
    let most = guesses.iter().map(|guess| guess.score).fold(f64::MIN, f64::max);
    let sum: f64 = guesses.iter().map(|guess| (guess.score - most).exp()).sum();
    for guess in &mut guesses {
        guess.share = (guess.score - most).exp() / sum.max(f64::MIN_POSITIVE);
    }
    guesses.truncate(SHOWN_MAX);
    guesses
}
