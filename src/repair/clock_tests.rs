//! The clocks over nights, weekends and holidays, with the numbers written out.

use std::sync::Arc;

use jiff::tz::TimeZone;

use super::book::{Book, Opening};
use super::book_tests::{device, wanted};
use super::clocks::overdue;
use super::types::{Contract, Order, Origin, State};
use super::*;
use crate::calendar::{Calendar, Holidays, Hours};
use crate::model::{Text, Timestamp, ZoneId};
use crate::service::{self, Lapse, ServiceZone};

pub(super) const HOUR: i64 = 3_600_000;

/// A moment in Beijing, as `2026-10-01 09:00`.
pub(super) fn at(text: &str) -> Timestamp {
    let local: jiff::civil::DateTime = text.parse().expect("a local time");
    let zone = TimeZone::get("Asia/Shanghai").expect("zone");
    Timestamp::from_ms(zone.to_timestamp(local).expect("in range").as_millisecond())
}

/// One zone, 09:00 to 17:00 on working days.
pub(super) fn hours() -> service::Config {
    let (holidays, zone) = (Arc::new(Holidays::shipped()), TimeZone::get("Asia/Shanghai"));
    let calendar = Calendar::new(Hours::default(), holidays.clone(), zone.expect("zone"));
    let zone = ServiceZone {
        id: ZoneId::parse("hall").expect("id"),
        name: Text::same("hall"),
        floor: Some(1),
        calendar: Arc::new(calendar),
        always: false,
    };
    service::Config { zones: vec![zone], holidays, opening_check_ms: 0, devices: Vec::new() }
}

/// An order with these steps, of a contract of 2 and 8 service hours.
pub(super) fn order(id: &str, opened: &str, steps: &[(State, &str)]) -> Order {
    let (mut book, tm) = (Book::default(), device(id));
    let contract = Contract { vendor: "v".to_owned(), response_ms: 2 * HOUR, repair_ms: 8 * HOUR };
    let opening = Opening {
        device: &tm,
        contract: Some(contract),
        rule: None,
        alert: None,
        what: Text::same("broken"),
        origin: Origin::Public,
    };
    let zone = TimeZone::get("Asia/Shanghai").expect("zone");
    let change = book.opened(opening, at(opened), &zone).expect("opened");
    let mut order = change.order.clone();
    book.apply(change);
    for (state, when) in steps {
        let change = match state {
            // By the machine's own data.
            State::Closed => book.proven(&order.id, Text::same("works"), at(when)).expect("proven"),
            state => book.stepped(&order.id, wanted(*state), &[], at(when)).expect("possible"),
        };
        order = change.order.clone();
        book.apply(change);
    }
    order
}

#[test]
fn a_night_and_a_weekend_count_by_the_clock_only() {
    // Friday 6 March 2026 16:00 to Monday 10:00: one hour of Friday, one of Monday.
    let steps = [
        (State::Assigned, "2026-03-06 16:10"),
        (State::OnTheWay, "2026-03-09 10:00"),
        (State::Repairing, "2026-03-09 11:00"),
        (State::Done, "2026-03-10 09:30"),
    ];
    let order = order("tm-1", "2026-03-06 16:00", &steps);
    let clocks = clocks(&order, &hours(), at("2026-03-20 12:00"));
    assert_eq!(clocks.response, Lapse { service_ms: 2 * HOUR, calendar_ms: 66 * HOUR });
    // 1 h of Friday, 8 h of Monday, half an hour of Tuesday.
    assert_eq!(clocks.repair.service_ms, 9 * HOUR + HOUR / 2);
    assert_eq!(clocks.repair.calendar_ms, 89 * HOUR + HOUR / 2);
    assert!(clocks.response_stopped && clocks.repair_stopped);
    // Two hours are two hours; nine and a half are more than eight.
    assert_eq!((clocks.response_late, clocks.repair_late), (false, true));
    assert_eq!(clocks.response_due, Some(at("2026-03-09 10:00")));
    assert_eq!(clocks.repair_due, Some(at("2026-03-09 16:00")));
    assert_eq!(overdue(&order, &hours(), at("2026-03-20 12:00")), [], "it is done");
}

#[test]
fn national_day_stands_still_and_the_saturday_after_counts() {
    // Wednesday 30 September 16:00; 1 to 7 October are off, Thursday 8 October is worked, and so is
    // Saturday 10 October.
    let order = order("tm-1", "2026-09-30 16:00", &[(State::Assigned, "2026-09-30 16:05")]);
    let at_work = clocks(&order, &hours(), at("2026-10-08 09:30"));
    assert_eq!(at_work.response.service_ms, HOUR + HOUR / 2);
    assert!(!at_work.response_stopped && !at_work.response_late);
    let later = at("2026-10-10 10:00");
    let late = clocks(&order, &hours(), later);
    // 1 h, 8 h of Thursday, 8 h of Friday, 1 h of Saturday.
    assert_eq!(late.repair.service_ms, 18 * HOUR);
    let overdue = overdue(&order, &hours(), later);
    let told: Vec<_> = overdue.iter().map(|o| (o.late, o.limit_ms, o.service_ms)).collect();
    let expected = [(Late::Response, 2 * HOUR, 18 * HOUR), (Late::Repair, 8 * HOUR, 18 * HOUR)];
    assert_eq!(told, expected);
    assert_eq!(overdue[0].due, Some(at("2026-10-08 10:00")));
    assert_eq!(overdue[0].vendor, "v");
}

#[test]
fn a_zone_that_is_gone_is_told_by_the_clock_and_a_cancelled_order_stands_still() {
    let steps = [(State::Cancelled, "2026-03-06 20:00")];
    let order = order("tm-1", "2026-03-06 16:00", &steps);
    let nowhere = service::Config { zones: Vec::new(), ..hours() };
    let clocks = clocks(&order, &nowhere, at("2026-04-01 00:00"));
    assert_eq!(clocks.repair, Lapse { service_ms: 4 * HOUR, calendar_ms: 4 * HOUR });
    assert!(clocks.response_stopped && clocks.repair_stopped);
    assert_eq!(overdue(&order, &nowhere, at("2026-04-01 00:00")), []);
}
