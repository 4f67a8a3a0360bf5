//! Columns of anything that devices send come back bit for bit, and damaged ones never panic.
#![allow(clippy::expect_used)]

use proptest::prelude::*;

use super::*;

fn back(cells: &[Cell], rows: usize) -> Vec<Cell> {
    let packed = pack(cells, rows);
    let column = unpack(&packed, rows).expect("readable");
    let mut out = Vec::new();
    assert!(column.cells(|row, value, quality| out.push(Cell { row, value, quality })));
    out
}

/// Bit for bit: -0.0 is not 0.0.
fn same(a: &[Cell], b: &[Cell]) -> bool {
    let bits = |cells: &[Cell]| -> Vec<Option<u64>> {
        let bits = |cell: &Cell| match cell.value {
            Value::Float(float) => Some(float.to_bits()),
            _ => None,
        };
        cells.iter().map(bits).collect()
    };
    a == b && bits(a) == bits(b)
}

fn value() -> impl Strategy<Value = Value> {
    let decimal = (any::<i64>(), -30i8..=30)
        .prop_map(|(mantissa, exponent)| Value::Decimal(Decimal { mantissa, exponent }));
    let small = (-5000i64..5000, -3i8..=0)
        .prop_map(|(mantissa, exponent)| Value::Decimal(Decimal { mantissa, exponent }));
    let float = prop::num::f64::NORMAL | prop::num::f64::ZERO | prop::num::f64::SUBNORMAL;
    let written = (-99_999i32..99_999).prop_map(|n| Value::Float(f64::from(n) / 10.0));
    let single = (-9_999i16..9999).prop_map(|n| Value::Float(f64::from(f32::from(n) / 10.0)));
    let codes = prop::collection::vec("[a-z]{0,5}", 0..3)
        .prop_map(|codes| Value::Codes(codes.into_iter().map(Arc::from).collect()));
    prop_oneof![
        decimal,
        small,
        float.prop_map(Value::Float),
        written,
        single,
        any::<bool>().prop_map(Value::Bool),
        "[a-z]{0,9}".prop_map(|text| Value::Text(text.into())),
        codes,
    ]
}

fn cells() -> impl Strategy<Value = (Vec<Cell>, usize)> {
    let quality = (0..Quality::ALL.len()).prop_map(|n| Quality::ALL[n]);
    let cell = prop_oneof![3 => Just(true), 1 => Just(false)];
    prop::collection::vec((cell, value(), quality), 1..400).prop_map(|rows| {
        let count = rows.len();
        let there = rows.into_iter().enumerate().filter(|(_, (there, _, _))| *there);
        (there.map(|(row, (_, value, quality))| Cell { row, value, quality }).collect(), count)
    })
}

proptest! {
    #[test]
    fn what_comes_out_is_what_went_in((cells, rows) in cells()) {
        prop_assert!(same(&back(&cells, rows), &cells));
    }

    #[test]
    fn one_kind_alone_too(
        which in 0usize..4,
        numbers in prop::collection::vec(-100_000i64..100_000, 1..600),
    ) {
        let value = |n: &i64| {
            #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation)]
            let float = *n as f64 / 100.0;
            match which {
                0 => Value::Decimal(Decimal { mantissa: *n, exponent: -2 }),
                1 => Value::Float(float),
                #[allow(clippy::cast_possible_truncation)]
                2 => Value::Float(f64::from(float as f32)),
                _ => Value::Float(float.sin()),
            }
        };
        let cell = |(row, n)| Cell { row, value: value(n), quality: Quality::Good };
        let cells: Vec<Cell> = numbers.iter().enumerate().map(cell).collect();
        prop_assert!(same(&back(&cells, cells.len()), &cells));
        let column = unpack(&pack(&cells, cells.len()), cells.len()).expect("readable");
        let mut seen = Vec::new();
        prop_assert!(column.numbers(|row, number| seen.push((row, number.to_bits()))));
        let number = |cell: &Cell| cell.value.as_f64().map(|n| (cell.row, n.to_bits()));
        prop_assert_eq!(seen, cells.iter().filter_map(number).collect::<Vec<_>>());
    }

    #[test]
    fn damaged_bytes_are_refused_or_read_but_never_a_panic(
        (cells, rows) in cells(),
        place in any::<prop::sample::Index>(),
        bit in 0u8..8,
    ) {
        let mut packed = pack(&cells, rows);
        let at = place.index(packed.len());
        packed[at] ^= 1 << bit;
        if let Some(column) = unpack(&packed, rows) {
            column.cells(|_, _, _| {});
            column.numbers(|_, _| {});
        }
        packed.truncate(at);
        drop(unpack(&packed, rows));
    }
}

#[test]
fn what_was_not_measured_is_no_number() {
    let of = |row, quality| Cell { row, value: Value::Decimal(Decimal::whole(7)), quality };
    let cells = [of(0, Quality::Good), of(1, Quality::Rejected), of(2, Quality::Estimated)];
    let column = unpack(&pack(&cells, 3), 3).expect("readable");
    let mut seen = Vec::new();
    assert!(column.numbers(|row, _| seen.push(row)));
    assert_eq!(seen, [0, 2]);
}

#[test]
fn a_float_that_was_a_decimal_takes_no_more_than_the_decimal() {
    let noise = |n: i64| 2300 + n * 7919 % 37;
    let of = |value: fn(i64) -> Value| -> usize {
        let cell = |row| Cell {
            row,
            value: value(noise(i64::try_from(row).expect("small"))),
            quality: Quality::Good,
        };
        pack(&(0..4000).map(cell).collect::<Vec<_>>(), 4000).len()
    };
    let decimal = of(|n| Value::Decimal(Decimal { mantissa: n, exponent: -1 }));
    #[allow(clippy::cast_precision_loss)]
    let double = of(|n| Value::Float(n as f64 / 10.0));
    #[allow(clippy::cast_precision_loss)]
    let single = of(|n| Value::Float(f64::from(n as f32 / 10.0)));
    assert!(double <= decimal + 8 && single <= decimal + 8, "{decimal} {double} {single}");
}
