//! What the registers of an unknown device may mean, on the wire.

use serde_json::{Value, json};

use crate::profile::{Number, WordOrder};
use crate::source::modbus::detect::{Detected, Guess, Place};

use super::scan::{all_words, words};

/// All places with the ways to see them, best first, as JSON.
#[must_use]
pub(in crate::web) fn detected(detected: &Detected) -> Value {
    let (order, share) = detected.order;
    json!({
        "word_order": order_word(order),
        "word_order_share": rounded(share),
        "places": detected.places.iter().map(place).collect::<Vec<_>>(),
    })
}

fn place(place: &Place) -> Value {
    let registers: Vec<String> = place.words.iter().map(|word| format!("{word:04X}")).collect();
    json!({
        "address": place.start,
        "words": registers,
        "guesses": place.guesses.iter().map(guess).collect::<Vec<_>>(),
    })
}

fn guess(guess: &Guess) -> Value {
    let number = match guess.form.number {
        Number::String(count) => format!("string {count}"),
        number => format!("{number:?}").to_lowercase(),
    };
    json!({
        "type": number,
        "word_order": order_word(guess.form.order),
        "exponent": guess.exponent,
        "what": words(&guess.what.text()),
        "value": guess.value,
        "text": guess.text,
        "share": rounded(guess.share),
        "why": all_words(&guess.why),
    })
}

const fn order_word(order: WordOrder) -> &'static str {
    match order {
        WordOrder::HighFirst => "high_first",
        WordOrder::LowFirst => "low_first",
    }
}

fn rounded(share: f64) -> f64 {
    (share * 1000.0).round() / 1000.0
}
