//! No text does harm: bytes at random, and words of the language at random.

use proptest::prelude::*;

use super::hall::Hall;
use super::json;

const WORDS: [&str; 96] = [
    "SELECT",
    "SELECT",
    "FROM",
    "FROM",
    "inverter",
    "inverter",
    "WHERE",
    "GROUP",
    "BY",
    "ORDER",
    "LIMIT",
    "OFFSET",
    "SLIMIT",
    "fill",
    "tz",
    "time",
    "time",
    "SHOW",
    "TAG",
    "VALUES",
    "KEYS",
    "FIELD",
    "SERIES",
    "WITH",
    "KEY",
    "MEASUREMENTS",
    "MEASUREMENT",
    "ON",
    "IN",
    "AS",
    "AND",
    "OR",
    "DESC",
    "ASC",
    "null",
    "none",
    "previous",
    "linear",
    "true",
    "now",
    "mean",
    "count",
    "max",
    "last",
    "top",
    "percentile",
    "stddev",
    "mode",
    "median",
    "integral",
    "distinct",
    "derivative",
    "difference",
    "moving_average",
    "cumulative_sum",
    "elapsed",
    "spread",
    "power_w",
    "power_w",
    "online",
    "device",
    "zone",
    "\"device\"",
    "'A'",
    "'2023-11-14'",
    "'Europe/Berlin'",
    "/A|B/",
    "/./",
    "=~",
    "!~",
    "=",
    "!=",
    "<",
    ">=",
    "(",
    "(",
    ")",
    ")",
    ")",
    ",",
    ",",
    ";",
    ".",
    "::",
    "*",
    "/",
    "+",
    "-",
    "%",
    "5",
    "0.5",
    "9223372036854775807",
    "1m",
    "10s",
    "1700000000s",
    "1w",
];

/// Clauses that fit together, each with a part at random.
fn likely() -> impl Strategy<Value = String> {
    let word = || prop::sample::select(&WORDS[..]);
    let some = move |most| prop::collection::vec(word(), 0..most).prop_map(|words| words.join(" "));
    let call = prop::sample::select(&WORDS[40..57]);
    (call, some(4), some(5), prop::sample::select(&WORDS[89..96]), some(4)).prop_map(
        |(call, argument, condition, every, rest)| {
            format!(
                "SELECT {call}(power_w {argument}) FROM inverter WHERE time > 1700000000s {condition} \
                 GROUP BY time({every}), device {rest}"
            )
        },
    )
}

fn is_answered(text: &str) {
    let found = json(&Hall::new(), text);
    let parsed: Result<serde_json::Value, _> = serde_json::from_str(&found);
    assert!(parsed.is_ok(), "{text}: {found}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn bytes_do_no_harm(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        is_answered(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn letters_do_no_harm(text in "(SELECT|SHOW|)[ -~µ\n]{0,120}") {
        is_answered(&text);
    }

    #[test]
    fn words_do_no_harm(words in prop::collection::vec(prop::sample::select(&WORDS[..]), 0..40)) {
        is_answered(&words.join(" "));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn likely_queries_do_no_harm(text in likely()) {
        is_answered(&text);
    }
}

#[test]
fn long_chains_do_no_harm() {
    let many = |one: &str, count: usize| one.repeat(count);
    is_answered(&format!(
        "SELECT power_w FROM inverter WHERE device = 'A'{}",
        many(" OR device = 'A'", 240)
    ));
    is_answered(&format!("SELECT power_w{} FROM inverter", many(" + power_w", 499)));
    is_answered(&format!("SELECT power_w FROM inverter{}", many(", inverter", 9000)));
    is_answered(&format!("SELECT {}power_w{} FROM inverter", many("(", 31), many(")", 31)));
    is_answered(&many("SHOW DATABASES;", 200));
}
