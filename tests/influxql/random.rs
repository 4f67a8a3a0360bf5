//! Questions put together by dice, always the same ones, without what InfluxDB 1.6.7 does oddly:
//! it limits each of two functions by itself, and what `top` and `bottom` read rather than what they
//! answer; among equal values `percentile` picks now this reading and now that; and a low one that
//! picks nothing in the first bucket ends what is made of it.

use super::data::Dice;

const FLOATS: [&str; 3] = ["ac_power_w", "ac_energy_kwh", "temperature_c"];
const AGGREGATES: [&str; 9] =
    ["count", "sum", "mean", "median", "min", "max", "first", "last", "spread"];
const TIMES: [i64; 5] = [1_699_999_950, 1_700_000_000, 1_700_000_410, 1_700_001_000, 1_700_003_333];
const CONDITIONS: [&str; 10] = [
    "\"device\" = 'INV-01'",
    "\"device\" != 'INV-02'",
    "\"zone\" =~ /^roof/",
    "\"model\" !~ /^s/",
    "\"ac_power_w\" > 2500",
    "\"state\" <= 3",
    "\"online\" = true",
    "(\"state\" = 1 OR \"device\" =~ /[34]$/)",
    "(\"temperature_c\" < 40 OR \"state\" >= 2)",
    "\"ac_power_w\" / 2 + \"state\" < 1800",
];

pub(crate) fn queries(count: usize) -> Vec<String> {
    let mut dice = Dice(11);
    let of = |dice: &mut Dice| match dice.below(8) {
        0 => in_zone(dice),
        1 => nested(dice),
        _ => query(dice),
    };
    (0..count).map(|_| of(&mut dice)).collect()
}

/// Buckets on the clocks of a place, often over a change of them. Where the clocks change, 1.6.7 puts
/// an offset on twice or not at all, has other buckets in descending order, and empty ones of 3 h or of
/// what does not divide a day: that is left out.
fn in_zone(dice: &mut Dice) -> String {
    let zone = one(dice, &["Asia/Shanghai", "Europe/Berlin", "America/New_York"]);
    let steady = zone == "Asia/Shanghai";
    let every = one(dice, &["20m", "1h", "2h", "6h", "12h", "1d", "2d", "1w"]);
    let (offset, order) =
        (one(dice, &["", "", ", 30m", ", -1h", ", 7h"]), one(dice, &["", " ORDER BY time DESC"]));
    let (offset, order) = if steady { (offset, order) } else { ("", "") };
    let from =
        one(dice, &["2024-01-10", "2024-03-30 12:00:00", "2024-03-31 01:30:00", "2024-10-27"]);
    let days = 1 + dice.below(3);
    let call = one(dice, &["count(\"power_w\")", "sum(\"import_wh\")", "first(\"power_w\")"]);
    let fill = one(dice, &["", " fill(none)", " fill(previous)", " fill(0)"]);
    format!(
        "SELECT {call} FROM \"meter\" WHERE time >= '{from}' AND time < '{from}' + {days}d \
         GROUP BY time({every}{offset}){fill}{order} tz('{zone}')"
    )
}

/// Devices added up.
fn nested(dice: &mut Dice) -> String {
    let inner = one(dice, &["mean", "last", "max", "count"]);
    let outer = one(dice, &["sum", "mean", "max", "count", "min"]);
    let field = field(dice);
    let (every, group) =
        (one(dice, &["30s", "1m", "7m"]), one(dice, &["", ", \"zone\"", ", \"model\""]));
    let inner_every = one(dice, &["", ", time(30s)", ", time(1m)"]);
    let (from, to) =
        (one(dice, &["1700000000", "1700000410"]), one(dice, &["1700001000", "1700003333"]));
    let fill = one(dice, &["", " fill(none)", " fill(0)", " fill(previous)"]);
    format!(
        "SELECT {outer}(\"x\") FROM (SELECT {inner}(\"{field}\") AS \"x\" FROM \"pv_inverter\" \
         WHERE {} GROUP BY \"device\"{inner_every}) WHERE time >= {from}s AND time < {to}s \
         GROUP BY time({every}){group}{fill}",
        one(dice, &CONDITIONS)
    )
}

fn one<'a>(dice: &mut Dice, of: &[&'a str]) -> &'a str {
    let at = dice.below(i64::try_from(of.len()).unwrap());
    of[usize::try_from(at).unwrap()]
}

fn often(dice: &mut Dice, percent: i64) -> bool {
    dice.below(100) < percent
}

fn field(dice: &mut Dice) -> &'static str {
    if often(dice, 20) { "state" } else { one(dice, &FLOATS) }
}

fn call(dice: &mut Dice) -> String {
    let field = field(dice);
    match dice.below(12) {
        0 if field == "ac_power_w" => format!("percentile(\"{field}\", {})", 60 + dice.below(40)),
        1 => format!("stddev(\"{field}\")"),
        _ => format!("{}(\"{field}\")", one(dice, &AGGREGATES)),
    }
}

fn transformed(dice: &mut Dice) -> String {
    let inner = call(dice);
    match dice.below(6) {
        0 => format!("derivative({inner}, 1m)"),
        1 => format!("non_negative_derivative({inner}, 1h)"),
        2 => format!("difference({inner})"),
        3 => format!("non_negative_difference({inner})"),
        4 => format!("cumulative_sum({inner})"),
        _ => format!("moving_average({inner}, {})", 2 + dice.below(4)),
    }
}

/// What is asked for, and whether it can be grouped by time, and can be limited.
fn columns(dice: &mut Dice) -> (String, bool, bool) {
    match dice.below(8) {
        0 => (format!("\"{}\", \"state\" * 2, \"device\"", field(dice)), false, true),
        1 => (format!("\"{}\" - \"state\"", field(dice)), false, true),
        2 => {
            let function = one(dice, &["max", "min", "first", "last"]);
            (
                format!("{function}(\"{}\"), \"device\"", one(dice, &FLOATS[..1])),
                often(dice, 50),
                false,
            )
        }
        3 => {
            let function = one(dice, &["top", "bottom"]);
            let count = 1 + dice.below(5);
            (format!("{function}(\"ac_power_w\", {count})"), often(dice, 50), false)
        }
        4 => (transformed(dice), true, true),
        5 => (format!("{} / 3, {} AS \"b\"", call(dice), call(dice)), true, false),
        6 => (format!("{} + {}", call(dice), transformed(dice)), true, false),
        _ => (call(dice), often(dice, 70), true),
    }
}

fn query(dice: &mut Dice) -> String {
    let (columns, by_time, limitable) = columns(dice);
    let mut conditions = Vec::new();
    if by_time || often(dice, 60) {
        let (from, to) = (
            TIMES[usize::try_from(dice.below(3)).unwrap()],
            TIMES[usize::try_from(2 + dice.below(3)).unwrap()],
        );
        conditions.push(format!("time {} {from}s", one(dice, &[">", ">="])));
        conditions.push(format!("time {} {to}s", one(dice, &["<", "<="])));
    }
    while often(dice, 45) {
        conditions.push(one(dice, &CONDITIONS).to_owned());
    }
    let mut query = format!("SELECT {columns} FROM \"pv_inverter\"");
    if !conditions.is_empty() {
        query.push_str(&format!(" WHERE {}", conditions.join(" AND ")));
    }
    let mut groups: Vec<&str> = Vec::new();
    if by_time {
        groups.push(one(dice, &["time(7s)", "time(30s)", "time(1m)", "time(5m, 20s)", "time(2h)"]));
    }
    if often(dice, 50) {
        groups.push(one(dice, &["\"device\"", "\"zone\"", "\"model\", \"zone\"", "*", "\"none\""]));
    }
    if !groups.is_empty() {
        query.push_str(&format!(" GROUP BY {}", groups.join(", ")));
    }
    if by_time {
        let fills =
            ["", "", " fill(none)", " fill(null)", " fill(previous)", " fill(linear)", " fill(3)"];
        query.push_str(one(dice, &fills));
    }
    query.push_str(one(dice, &["", "", " ORDER BY time DESC", " ORDER BY time"]));
    if limitable {
        query.push_str(one(dice, &["", "", " LIMIT 5", " LIMIT 3 OFFSET 2", " LIMIT 40"]));
    }
    query
}
