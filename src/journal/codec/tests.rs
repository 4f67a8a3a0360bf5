//! Whatever is written is read back; whatever is damaged is refused, never misread in a panic.

use proptest::prelude::*;

use super::*;
use crate::model::PointName;

fn names() -> Names {
    let folder = tempfile::tempdir().expect("temp dir");
    let mut opened =
        super::super::schema::open(folder.path(), Timestamp::from_ms(0)).expect("opens");
    let names = Names::load(&opened.connection).expect("loads");
    let known = ["inv-01", "ac_power_w", "state", "serial_number", "fault", "online", "alert"];
    names.learn(&mut opened.connection, &known.into()).expect("learns");
    names
}

fn row_of(record: &Record, names: &Names) -> Row {
    // What was there before leaves no trace.
    let mut row = Row { kind: 9, subject: 9, time: 9, message: 9, body: vec![9; 9] };
    assert!(encode(record, &names.look(), &mut row));
    row
}

fn value() -> impl Strategy<Value = (&'static str, Value)> {
    prop_oneof![
        (any::<i64>(), -30i8..30).prop_map(|(mantissa, exponent)| (
            "ac_power_w",
            Value::Decimal(Decimal { mantissa, exponent })
        )),
        any::<f64>()
            .prop_filter("finite", |f| f.is_finite())
            .prop_map(|f| ("ac_power_w", Value::Float(f))),
        any::<bool>().prop_map(|yes| ("online", Value::Bool(yes))),
        "\\PC{0,40}".prop_map(|text| ("serial_number", Value::Text(text.into()))),
        proptest::collection::vec("[a-z]{1,8}", 0..4)
            .prop_map(|codes| ("fault", Value::Codes(codes.into_iter().map(Arc::from).collect()))),
    ]
}

fn reading() -> impl Strategy<Value = Record> {
    let samples = proptest::collection::vec((value(), 0usize..6), 0..12);
    (any::<i32>(), any::<i32>(), any::<u64>(), samples).prop_map(
        |(time, late, message, samples)| {
            let time = Timestamp::from_ms(1_700_000_000_000 + i64::from(time));
            Record::Reading(Reading {
                device: DeviceId::parse("inv-01").expect("id"),
                time,
                received: time.plus_ms(i64::from(late)),
                message,
                samples: samples
                    .into_iter()
                    .map(|((point, value), quality)| Sample {
                        point: PointName::parse(point).expect("point"),
                        value,
                        quality: Quality::ALL[quality],
                    })
                    .collect(),
            })
        },
    )
}

proptest! {
    #[test]
    fn readings_come_back(record in reading()) {
        let names = names();
        let row = row_of(&record, &names);
        prop_assert_eq!(decode(&row, &names), Some(record));
    }

    #[test]
    fn damage_is_refused_or_read_but_never_panics(record in reading(), at in any::<usize>(), bit in 0u8..8) {
        let names = names();
        let mut row = row_of(&record, &names);
        let length = row.body.len();
        if let Some(byte) = row.body.get_mut(at % length) {
            *byte ^= 1 << bit;
        }
        drop(decode(&row, &names));
        row.body.truncate(at % length);
        drop(decode(&row, &names));
    }
}

#[test]
fn links_and_events_come_back() {
    let names = names();
    let time = Timestamp::from_ms(1_763_900_000_000);
    let device = DeviceId::parse("inv-01").expect("id");
    let down = LinkState::Down { fault: LinkFault::Timeout, detail: "没有应答".to_owned() };
    for record in [
        Record::Link(Link { device: device.clone(), time, state: LinkState::Up }),
        Record::Link(Link { device, time, state: down }),
        Record::Event(Event { kind: EventKind::Alert, time, body: "{\"a\":1}".to_owned() }),
    ] {
        let row = row_of(&record, &names);
        assert_eq!(decode(&row, &names), Some(record));
    }
}
