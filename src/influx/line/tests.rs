//! Lines against a small parser that shares nothing with the encoder.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::model::{DeviceKind, Quality, Text, Timestamp, ZoneId};

fn device(id: &str, kind: DeviceKind, profile: &str) -> Device {
    Device {
        id: DeviceId::parse(id).expect("id"),
        name: Text::same(id),
        zone: ZoneId::parse("roof").expect("id"),
        kind,
        profile: profile.to_owned(),
        rated_power_w: None,
        interval_ms: 5000,
        stale_after_ms: 20_000,
    }
}

fn sample(point: &str, value: Value) -> Sample {
    Sample { point: PointName::parse(point).expect("point"), value, quality: Quality::Good }
}

fn reading(device: &str, samples: Vec<Sample>) -> Reading {
    let time = Timestamp::from_ms(1_763_900_000_123);
    let device = DeviceId::parse(device).expect("id");
    Reading { device, time, received: time, message: 0, samples }
}

fn line_of(site: &str, samples: Vec<Sample>) -> String {
    let devices = [device("inv-01", DeviceKind::Inverter, "chint-cps")];
    let mut body = String::new();
    Encoder::new(site, &devices).encode(&reading("inv-01", samples), &mut body);
    body
}

fn dec(mantissa: i64, exponent: i8) -> Value {
    Value::Decimal(Decimal { mantissa, exponent })
}

#[test]
fn a_line_has_its_tags_in_order_and_its_fields_typed() {
    let codes: std::sync::Arc<[std::sync::Arc<str>]> = ["pv_overvoltage".into()].into();
    let line = line_of(
        "guangming hall, east",
        vec![
            sample("grid_freq_hz", dec(4999, -2)),
            sample("energy_total_wh", dec(472_748, 1)),
            sample("state", dec(4, 0)),
            sample("online", Value::Bool(true)),
            sample("fault", Value::Codes(codes)),
            sample("serial_number", Value::Text("A 1".into())),
            sample("cabinet_temp_c", Value::Float(-0.125)),
            sample("ac_power_w", Value::Float(f64::NAN)),
            sample("vendor_open", Value::Bool(false)),
            sample("model", dec(5, 0)),
        ],
    );
    assert_eq!(
        line,
        "inverter,device=inv-01,site=guangming\\ hall\\,\\ east,zone=roof,kind=inverter,\
         model=chint-cps grid_freq_hz=49.99,energy_total_wh=4727480,state=4i,online=true,\
         fault_count=1,cabinet_temp_c=-0.125,vendor_open=0,vendor_model=5 1763900000123\n"
    );
}

#[test]
fn a_stranger_keeps_its_id_and_an_empty_reading_is_no_line() {
    let mut encoder = Encoder::new("hall", &[]);
    let mut body = String::new();
    assert!(encoder.encode(&reading("old-1", vec![sample("ac_power_w", dec(1, 0))]), &mut body));
    assert_eq!(body, "device,device=old-1,site=hall ac_power_w=1 1763900000123\n");
    let text = sample("firmware", Value::Text("1.2".into()));
    assert!(!encoder.encode(&reading("old-1", vec![text]), &mut body));
    let mut refused = sample("ac_power_w", dec(9, 9));
    refused.quality = Quality::Rejected;
    assert!(!encoder.encode(&reading("old-1", vec![refused]), &mut body));
    assert!(body.ends_with("123\n") && body.lines().count() == 1, "nothing of them is left");
}

#[test]
fn a_standard_point_never_changes_its_type() {
    let line = line_of(
        "h",
        vec![
            sample("state", Value::Float(4.0)),
            sample("kiosk_state", dec(15, -1)),
            sample("printer_paper", dec(20, -1)),
            sample("online", dec(1, 0)),
            sample("ac_power_w", Value::Bool(true)),
        ],
    );
    let fields = line.split(' ').nth(1).expect("fields");
    assert_eq!(fields, "state=4i,printer_paper=2i,online=true,ac_power_w=1");
}

#[test]
fn decimals_are_short_and_exact() {
    let cases = [
        (0, -7, "0"),
        (4999, -2, "49.99"),
        (5000, -2, "50"),
        (-5, -3, "-0.005"),
        (50, -3, "0.05"),
        (-1, 3, "-1000"),
        (7, -25, "7e-25"),
        (i64::MAX, 0, "9.223372036854776e18"),
        (i64::MIN, -30, "-9.223372036854777e-12"),
    ];
    for (mantissa, exponent, text) in cases {
        let mut line = String::new();
        assert!(decimal(&mut line, Decimal { mantissa, exponent }));
        assert_eq!(line, text);
    }
}

/// What the parser found: measurement, tags, fields as text, time.
type Parsed = (String, Vec<(String, String)>, BTreeMap<String, String>, i64);

/// Line protocol by its grammar: a backslash takes the next character as it is.
fn parse(line: &str) -> Parsed {
    let mut parts = vec![vec![String::new()]];
    let mut characters = line.chars();
    while let Some(c) = characters.next() {
        let part = parts.last_mut().expect("a part");
        match c {
            '\\' => part.last_mut().expect("text").push(characters.next().expect("escaped")),
            ' ' => parts.push(vec![String::new()]),
            ',' | '=' => part.push(String::new()),
            c => part.last_mut().expect("text").push(c),
        }
    }
    assert_eq!(parts.len(), 3, "tags, fields, time: {line}");
    let pairs = |items: &[String]| -> Vec<(String, String)> {
        assert_eq!(items.len() % 2, 0, "{line}");
        items.chunks(2).map(|pair| (pair[0].clone(), pair[1].clone())).collect()
    };
    let tags = pairs(&parts[0][1..]);
    assert!(tags.iter().all(|(key, value)| !key.is_empty() && !value.is_empty()), "{line}");
    let fields = pairs(&parts[1]).into_iter().collect();
    (parts[0][0].clone(), tags, fields, parts[2][0].parse().expect("time"))
}

fn values() -> impl Strategy<Value = Value> {
    prop_oneof![
        (any::<i64>(), -30i8..=30).prop_map(|(mantissa, exponent)| dec(mantissa, exponent)),
        (-100_000i64..100_000, -6i8..=6).prop_map(|(mantissa, exponent)| dec(mantissa, exponent)),
        any::<f64>().prop_map(Value::Float),
        any::<bool>().prop_map(Value::Bool),
        ".*".prop_map(|text| Value::Text(text.into())),
    ]
}

proptest! {
    #[test]
    fn every_line_is_read_back(
        site in any::<String>(),
        profile in ".*",
        value in values(),
        time in any::<i64>(),
    ) {
        let devices = [device("inv-01", DeviceKind::Inverter, &profile)];
        let mut reading = reading("inv-01", vec![sample("ac_power_w", value.clone())]);
        reading.time = Timestamp::from_ms(time);
        let mut body = String::new();
        let sent = Encoder::new(&site, &devices).encode(&reading, &mut body);
        let number = match value {
            Value::Decimal(Decimal { mantissa, exponent }) => {
                Some(format!("{mantissa}e{exponent}").parse::<f64>().expect("a number"))
            }
            ref other => other.as_f64(),
        }.filter(|number| number.is_finite());
        prop_assert_eq!(sent, number.is_some());
        let Some(number) = number else { return Ok(()) };
        let line = body.strip_suffix('\n').expect("one line break, at the end");
        prop_assert!(!line.chars().any(char::is_control));
        let (measurement, tags, fields, at) = parse(line);
        prop_assert_eq!(measurement, "inverter");
        prop_assert_eq!(at, time);
        prop_assert_eq!(fields["ac_power_w"].parse::<f64>().expect("a number"), number);
        let plain = |text: &str| text
            .chars()
            .map(|c| if c == '\\' { '/' } else if c.is_control() { ' ' } else { c })
            .collect::<String>();
        let found = tags.iter().find(|(key, _)| key == "site").map(|(_, value)| value.clone());
        prop_assert_eq!(found.unwrap_or_default(), plain(&site));
        let found = tags.iter().find(|(key, _)| key == "model").map(|(_, value)| value.clone());
        prop_assert_eq!(found.unwrap_or_default(), plain(&profile));
    }
}
