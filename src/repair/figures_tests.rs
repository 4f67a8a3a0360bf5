//! The figures of two weeks that were worked out by hand.

use super::clock_tests::{HOUR, at, hours, order};
use super::types::{Order, Part, State};
use super::*;
use crate::model::{DeviceId, DeviceKind};
use crate::service::Lapse;

/// Two weeks of March 2026, Monday 2 to Sunday 15: ten working days, 80 hours.
const WEEKS: (&str, &str) = ("2026-03-02 00:00", "2026-03-16 00:00");

fn machine(id: &str, alerts: u32) -> Machine {
    Machine {
        device: DeviceId::parse(id).expect("id"),
        kind: DeviceKind::TicketMachine,
        profile: "ticket-machine".to_owned(),
        vendor: Some("v".to_owned()),
        service_ms: 80 * HOUR,
        alerts,
    }
}

/// Orders are numbered by their place, so that each has its own id.
fn orders() -> Vec<Order> {
    use State::{Cancelled, Closed, Done, OnTheWay, Repairing};
    let told = [
        // Somebody comes after 1 h; done after 3 h; the same fault is back on the 10th.
        order(
            "tm-1",
            "2026-03-02 09:00",
            &[
                (OnTheWay, "2026-03-02 10:00"),
                (Repairing, "2026-03-02 10:30"),
                (Done, "2026-03-02 12:00"),
                (Closed, "2026-03-02 12:30"),
            ],
        ),
        // After 3 h, which is late; done after 13 h, which is late: 8 h of Tuesday, 5 h of Wednesday.
        order(
            "tm-1",
            "2026-03-10 09:00",
            &[
                (Repairing, "2026-03-10 12:00"),
                (Done, "2026-03-11 14:00"),
                (Closed, "2026-03-11 15:00"),
            ],
        ),
        // After 2 h, in time; done after 5 h.
        order(
            "tm-2",
            "2026-03-03 09:00",
            &[
                (Repairing, "2026-03-03 11:00"),
                (Done, "2026-03-03 14:00"),
                (Closed, "2026-03-03 14:10"),
            ],
        ),
        // Nobody came, nothing was to be done.
        order("tm-2", "2026-03-04 09:00", &[(Cancelled, "2026-03-04 17:00")]),
        // Still open; nobody is coming and two hours have not passed.
        order("tm-2", "2026-03-13 16:00", &[]),
        // Before the range.
        order("tm-3", "2026-02-27 09:00", &[(Repairing, "2026-02-27 09:30")]),
        // After the range, and too late to be a repetition.
        order("tm-2", "2026-03-18 09:00", &[]),
    ];
    let number = |(n, order): (usize, Order)| Order { id: format!("WO-{n}"), ..order };
    let mut orders: Vec<Order> = told.into_iter().enumerate().map(number).collect();
    orders[0].parts = vec![Part { name: "切刀".to_owned(), count: 1 }];
    orders[1].parts = vec![Part { name: "切刀".to_owned(), count: 2 }];
    orders
}

#[test]
fn two_weeks_by_hand() {
    let machines = [machine("tm-1", 1), machine("tm-2", 0)];
    let range = (at(WEEKS.0), at(WEEKS.1));
    let figures = figures(&orders(), &machines, &hours(), range, at("2026-03-13 17:00"));
    let all = &figures.all;
    assert_eq!((all.orders, all.cancelled, all.closed, all.proven), (5, 1, 3, 3));
    // 3, 13 and 5 hours; by the clock 3, 29 and 5.
    let mean = |sum: i64, of: i64| sum * HOUR / of;
    let repair = Lapse { service_ms: mean(21, 3), calendar_ms: mean(37, 3) };
    assert_eq!(all.repair, Some(repair));
    // 1, 3 and 2 hours.
    assert_eq!(all.response, Some(Lapse { service_ms: 2 * HOUR, calendar_ms: 2 * HOUR }));
    // Four orders without an alert that were not cancelled, and one alert, in 160 hours.
    assert_eq!((all.failures, all.service_ms, all.mtbf_ms), (5, 160 * HOUR, Some(32 * HOUR)));
    // The first is back after 8 days, and the third on the 13th after 10; the second is not.
    assert_eq!(all.first_time_fix, Some(1.0 / 3.0));
    // Late: the second. Not decided yet: the fifth.
    assert_eq!(all.response_in_time, Some(2.0 / 3.0));
    assert_eq!(all.repair_in_time, Some(2.0 / 3.0));
    assert_eq!(figures.parts, [Part { name: "切刀".to_owned(), count: 3 }]);
    let repeats: Vec<_> = figures.repeats.iter().map(|r| r.orders.join(" ")).collect();
    assert_eq!(repeats, ["WO-0 WO-1", "WO-2 WO-4"]);
    let keys = |groups: &[Group]| groups.iter().map(|g| g.key.clone()).collect::<Vec<_>>();
    assert_eq!(keys(&figures.vendors), ["v"]);
    assert_eq!(keys(&figures.profiles), ["ticket-machine"]);
    assert_eq!(keys(&figures.kinds), ["ticket_machine"]);
    assert_eq!(Group { key: String::new(), ..figures.vendors[0].clone() }, *all);
}

#[test]
fn a_repair_that_came_back_before_it_was_proven_is_no_first_time_fix() {
    use State::{Closed, Done, Repairing};
    let back = order(
        "tm-1",
        "2026-03-02 09:00",
        &[
            (Repairing, "2026-03-02 10:00"),
            (Done, "2026-03-02 11:00"),
            (Repairing, "2026-03-02 13:00"),
            (Done, "2026-03-02 15:00"),
            (Closed, "2026-03-02 15:10"),
        ],
    );
    let range = (at(WEEKS.0), at(WEEKS.1));
    let told = figures(&[back], &[], &hours(), range, at("2026-03-20 09:00"));
    assert_eq!(told.all.first_time_fix, Some(0.0));
    // Until it was done for good: six hours.
    assert_eq!(told.all.repair.map(|lapse| lapse.service_ms), Some(6 * HOUR));
    let none = figures(&[], &[], &hours(), range, at("2026-03-20 09:00"));
    assert_eq!(none.all, Group::default());
    assert!(none.vendors.is_empty() && none.all.first_time_fix.is_none());
}
