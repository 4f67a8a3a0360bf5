//! What proves a repair, and what does not.

use std::sync::Arc;

use super::clock_tests::{at, hours, order};
use super::proving::{HOLD_MS, Sight, Witness, sight};
use super::types::{Order, State};
use crate::calendar::Calendar;
use crate::live::Board;
use crate::model::{
    Decimal, DeviceId, DeviceKind, PointName, Quality, Reading, Record, Sample, Site, Text,
    Timestamp, Value,
};
use crate::service::Overview;

fn calendar() -> Arc<Calendar> {
    hours().zones[0].calendar.clone()
}

fn counted(well: bool, served: Option<u64>) -> Sight {
    Sight { for_visitors: true, well, served, counts: true }
}

const UNCOUNTED: Sight = Sight { for_visitors: true, well: true, served: None, counts: false };
const DATA: Sight = Sight { for_visitors: false, well: true, served: None, counts: false };

#[test]
fn a_machine_that_counts_is_proven_by_the_next_visitor_while_it_serves() {
    let (calendar, mut witness) = (calendar(), Witness::default());
    let noon = at("2026-03-02 12:00");
    let mut look = |sight| witness.look(&sight, Some(&calendar), noon);
    assert_eq!(look(counted(true, None)), None, "not heard since it was done");
    assert_eq!(look(counted(true, Some(100))), None, "those of before");
    assert_eq!(look(counted(true, Some(100))), None);
    assert_eq!(look(counted(false, Some(101))), None, "it does not serve well");
    let proof = look(counted(true, Some(102))).expect("proven");
    assert!(proof.zh.contains('2') && proof.en.contains("served 2"), "{}", proof.en);
}

#[test]
fn an_hour_of_serving_nobody_proves_nothing_where_visitors_are_counted() {
    let (calendar, mut witness) = (calendar(), Witness::default());
    for minute in 0..60 {
        let now = at("2026-03-02 12:00").plus_ms(minute * 60_000);
        assert_eq!(witness.look(&counted(true, Some(5)), Some(&calendar), now), None);
    }
    // The machine's computer was replaced: its counter begins anew.
    let now = at("2026-03-02 13:30");
    assert_eq!(witness.look(&counted(true, Some(0)), Some(&calendar), now), None);
    assert!(witness.look(&counted(true, Some(1)), Some(&calendar), now).is_some());
}

#[test]
fn a_machine_that_counts_nobody_has_to_serve_ten_minutes_of_service_time() {
    let (calendar, mut witness) = (calendar(), Witness::default());
    let mut look = |sight: &Sight, when| witness.look(sight, Some(&calendar), at(when));
    // Friday evening: five minutes until it closes.
    assert_eq!(look(&UNCOUNTED, "2026-03-06 16:55"), None);
    assert_eq!(look(&UNCOUNTED, "2026-03-07 12:00"), None);
    assert_eq!(look(&UNCOUNTED, "2026-03-09 09:04"), None);
    assert!(look(&UNCOUNTED, "2026-03-09 09:05").is_some());
    // A break begins anew.
    let mut witness = Witness::default();
    let mut look = |sight: &Sight, when| witness.look(sight, Some(&calendar), at(when));
    assert_eq!(look(&UNCOUNTED, "2026-03-09 10:00"), None);
    assert_eq!(look(&Sight { well: false, ..UNCOUNTED }, "2026-03-09 10:09"), None);
    assert_eq!(look(&UNCOUNTED, "2026-03-09 10:10"), None);
    assert_eq!(look(&UNCOUNTED, "2026-03-09 10:19"), None);
    assert!(look(&UNCOUNTED, "2026-03-09 10:20").is_some());
}

#[test]
fn an_inverter_is_proven_by_ten_minutes_of_good_data_at_any_hour() {
    let (calendar, mut witness) = (calendar(), Witness::default());
    let start = at("2026-03-07 12:00");
    let mut look = |ms| witness.look(&DATA, Some(&calendar), start.plus_ms(ms));
    assert_eq!(look(0), None);
    assert_eq!(look(HOLD_MS - 1), None);
    assert!(look(HOLD_MS).is_some(), "also on a Saturday");
    // With a clock that was set back it begins anew.
    let mut witness = Witness::default();
    let mut look = |ms| witness.look(&DATA, Some(&calendar), start.plus_ms(ms));
    assert_eq!(look(HOLD_MS), None);
    assert_eq!(look(0), None);
    assert_eq!(look(HOLD_MS - 1), None);
    assert!(look(HOLD_MS).is_some());
}

/// A board with one inverter.
fn board() -> Board {
    let device =
        crate::model::Device { kind: DeviceKind::Inverter, ..super::book_tests::device("inv") };
    let site = Site {
        id: "t".into(),
        name: Text::same("t"),
        latitude_deg: 39.9,
        longitude_deg: 116.4,
        altitude_m: 44.0,
        time_zone: jiff::tz::TimeZone::UTC,
    };
    Board::new(Arc::new(site), [(Arc::new(device), None)], at("2026-03-02 08:00"))
}

fn says(board: &mut Board, time: Timestamp, point: &str, quality: Quality) {
    let device = DeviceId::parse("inv").expect("id");
    let (point, value) =
        (PointName::parse(point).expect("point"), Value::Decimal(Decimal::whole(1_000)));
    let samples = vec![Sample { point, value, quality }];
    board.apply(&Record::Reading(Reading { device, time, received: time, message: 0, samples }));
}

#[test]
fn an_inverter_is_well_with_good_data_of_now_and_without_its_alert() {
    let steps = [(State::Repairing, "2026-03-02 09:30"), (State::Done, "2026-03-02 10:00")];
    let told = order("inv", "2026-03-02 09:00", &steps);
    let with_rule = Order { rule: Some("PV002".to_owned()), ..told.clone() };
    let mut board = board();
    let well = |board: &Board, order: &Order, alerts: &[&str], now| {
        let id = DeviceId::parse("inv").expect("id");
        let alerts: Vec<_> = alerts.iter().map(|rule| (id.clone(), (*rule).to_owned())).collect();
        sight(order, board, &Overview::default(), &alerts, now).expect("a sight").well
    };
    let done = at("2026-03-02 10:00");
    says(&mut board, done.plus_ms(-1_000), "ac_power_w", Quality::Good);
    assert!(!well(&board, &told, &[], done.plus_ms(1_000)), "it said that before");
    let heard = done.plus_ms(5_000);
    says(&mut board, heard, "ac_power_w", Quality::Good);
    assert!(well(&board, &told, &[], heard.plus_ms(1_000)));
    assert!(!well(&board, &told, &[], heard.plus_ms(15_001)), "it is silent");
    assert!(!well(&board, &told, &["PV011"], heard), "any alert, where nobody named a rule");
    assert!(well(&board, &with_rule, &["PV011"], heard), "another fault");
    assert!(!well(&board, &with_rule, &["PV011", "PV002"], heard));
    says(&mut board, heard.plus_ms(5_000), "ac_power_w", Quality::SensorMissing);
    assert!(!well(&board, &told, &[], heard.plus_ms(5_000)), "nothing was measured");
    assert!(
        sight(&Order { done: None, ..told }, &board, &Overview::default(), &[], heard).is_none()
    );
}
