//! The way of an order: what is possible, what is refused, and that no step is ever lost.

use jiff::tz::TimeZone;
use proptest::prelude::*;

use super::book::{Book, Change, Opening};
use super::handle::Wanted;
use super::types::{Assignee, Order, Origin, Part, State, Who};
use super::vendor::Vendor;
use super::*;
use crate::model::{Device, DeviceId, DeviceKind, Text, Timestamp, ZoneId};

/// 2026-11-29 20:00 in Beijing.
const EVENING: i64 = 1_795_953_600_000;
const HOUR: i64 = 3_600_000;

pub(super) fn device(id: &str) -> Device {
    Device {
        id: DeviceId::parse(id).expect("id"),
        name: Text::same(id),
        zone: ZoneId::parse("hall").expect("id"),
        kind: DeviceKind::TicketMachine,
        profile: "ticket-machine".to_owned(),
        rated_power_w: None,
        interval_ms: 5_000,
        stale_after_ms: 15_000,
    }
}

fn beijing() -> TimeZone {
    TimeZone::get("Asia/Shanghai").expect("zone")
}

fn at(ms: i64) -> Timestamp {
    Timestamp::from_ms(EVENING + ms)
}

fn vendors() -> Vec<Vendor> {
    vec![Vendor {
        id: "dongfang".to_owned(),
        name: "东方科技".to_owned(),
        phone: "010-1".to_owned(),
        response_ms: HOUR,
        repair_ms: 4 * HOUR,
        devices: Vec::new(),
        profiles: Vec::new(),
        kinds: vec![DeviceKind::TicketMachine],
        zones: Vec::new(),
    }]
}

fn opening<'a>(device: &'a Device, rule: Option<&str>, origin: Origin) -> Opening<'a> {
    Opening {
        device,
        contract: Vendor::of(&vendors(), device).map(Vendor::contract),
        rule: rule.map(str::to_owned),
        alert: rule.map(|rule| format!("{rule}-1")),
        what: Text::new("卡纸", "paper jam"),
        origin,
    }
}

fn person() -> Origin {
    Origin::Person { by: "王芳".to_owned() }
}

pub(super) fn wanted(state: State) -> Wanted {
    Wanted {
        state,
        by: "李雷".to_owned(),
        note: String::new(),
        to: (state == State::Assigned).then(|| "dongfang".to_owned()),
        parts: Vec::new(),
        reason: state.is_over().then(|| "误报".to_owned()),
    }
}

fn made(book: &mut Book, change: Change) -> Order {
    let order = change.order.clone();
    book.apply(change);
    order
}

fn step(book: &mut Book, id: &str, state: State, ms: i64) -> Result<Order, RepairError> {
    let change = book.stepped(id, wanted(state), &vendors(), at(ms))?;
    Ok(made(book, change))
}

#[test]
fn an_order_goes_from_fault_to_done_and_each_step_is_told() {
    let (mut book, tm) = (Book::default(), device("tm-1"));
    let change = book.opened(opening(&tm, None, person()), at(0), &beijing()).expect("opened");
    let order = made(&mut book, change);
    assert_eq!((order.id.as_str(), order.number()), ("WO-20261129-001", "001"));
    assert_eq!(order.contract.as_ref().map(|c| c.vendor.as_str()), Some("dongfang"));
    let id = order.id.as_str();
    let order = step(&mut book, id, State::Assigned, 1).expect("assigned");
    assert_eq!(order.assigned, Some(Assignee::Vendor("dongfang".to_owned())));
    for state in [State::OnTheWay, State::Repairing, State::WaitingForPart, State::Repairing] {
        step(&mut book, id, state, 2).expect("goes on");
    }
    let part = |count| Part { name: "切刀".to_owned(), count };
    let mut done = wanted(State::Done);
    done.parts = vec![part(1), part(2)];
    let change = book.stepped(id, done, &vendors(), at(3)).expect("done");
    let order = made(&mut book, change);
    assert_eq!((order.done, order.parts.clone()), (Some(at(3)), vec![part(3)]));
    let change = book.proven(id, Text::same("serves"), at(4)).expect("proven");
    let order = made(&mut book, change);
    let closed = order.closed.as_ref().expect("closed");
    assert!(closed.proven && closed.by == Who::Program && order.state == State::Closed);
    assert_eq!(order.steps.len(), 8);
    assert_eq!((book.open().count(), book.closed().len()), (0, 1));
    assert_eq!(book.proven(id, Text::same("again"), at(5)), None);
}

#[test]
fn what_is_not_possible_is_refused_in_both_languages_with_what_is() {
    let (mut book, tm) = (Book::default(), device("tm-1"));
    let change = book.opened(opening(&tm, None, person()), at(0), &beijing()).expect("opened");
    let id = made(&mut book, change).id;
    let error = step(&mut book, &id, State::Done, 1).expect_err("nobody was there");
    let (told, hint) = (error.text(), error.hint());
    assert!(told.zh.contains("已报修") && told.zh.contains("已修好"), "{}", told.zh);
    assert!(told.en.contains("`reported`") && told.en.contains("`done`"), "{}", told.en);
    assert!(hint.zh.contains("已派工、赶往现场、正在维修、已取消"), "{}", hint.zh);
    assert!(hint.en.contains("`on_the_way`") && hint.en.contains("`cancelled`"), "{}", hint.en);
    let nobody = Wanted { to: None, ..wanted(State::Assigned) };
    let missing = RepairError::Missing { state: State::Assigned, missing: "to" };
    assert_eq!(book.stepped(&id, nobody, &vendors(), at(1)), Err(missing));
    let mute = Wanted { reason: Some(String::new()), ..wanted(State::Cancelled) };
    let missing = RepairError::Missing { state: State::Cancelled, missing: "reason" };
    assert_eq!(book.stepped(&id, mute, &vendors(), at(1)), Err(missing));
    step(&mut book, &id, State::Cancelled, 2).expect("cancelled");
    let error = step(&mut book, &id, State::Repairing, 3).expect_err("it is over");
    assert!(error.hint().en.contains("open another order"), "{}", error.hint().en);
    let nowhere = step(&mut book, "WO-1", State::Done, 3);
    assert_eq!(nowhere, Err(RepairError::UnknownOrder("WO-1".to_owned())));
}

#[test]
fn one_order_per_device_and_rule_and_reports_count_up() {
    let (mut book, tm) = (Book::default(), device("tm-1"));
    let of = |rule| opening(&tm, rule, person());
    let change = book.opened(of(Some("KS001")), at(0), &beijing()).expect("opened");
    let first = made(&mut book, change);
    let again = book.opened(of(Some("KS001")), at(1), &beijing());
    let there = RepairError::AlreadyOpen { device: "tm-1".to_owned(), order: first.id.clone() };
    assert_eq!(again, Err(there));
    let change = book.opened(of(Some("KS002")), at(1), &beijing()).expect("another rule");
    assert_eq!(made(&mut book, change).id, "WO-20261129-002");
    for reports in 1..=3 {
        let change = book.reported(&tm.id).expect("an order is open");
        assert_eq!(made(&mut book, change).reports, reports);
    }
    assert_eq!(book.open().count(), 2);
    assert_eq!(book.reported(&device("tm-2").id), None);
}

#[test]
fn an_alert_that_comes_again_belongs_to_the_order_and_takes_back_what_was_done() {
    let (mut book, tm) = (Book::default(), device("tm-1"));
    let change = book.opened(opening(&tm, Some("KS001"), person()), at(0), &beijing());
    let id = made(&mut book, change.expect("opened")).id;
    assert_eq!(book.alerted(&tm.id, "KS001", "KS001-1", at(1)), None, "the same alert");
    assert_eq!(book.alerted(&tm.id, "KS002", "KS002-1", at(1)), None, "another rule");
    let change = book.alerted(&tm.id, "KS001", "KS001-2", at(2)).expect("attached");
    let order = made(&mut book, change);
    assert_eq!((order.state, order.alerts.len(), order.steps.len()), (State::Reported, 2, 1));
    step(&mut book, &id, State::Repairing, 3).expect("repairing");
    step(&mut book, &id, State::Done, 4).expect("done");
    let change = book.alerted(&tm.id, "KS001", "KS001-3", at(5)).expect("back");
    let order = made(&mut book, change);
    assert_eq!((order.state, order.done), (State::Repairing, None));
    assert!(order.came_back());
    let last = order.steps.last().expect("a step");
    assert_eq!((&last.by, last.at), (&Who::Program, at(5)));
    assert!(last.note.zh.contains("故障再次出现") && last.note.en.contains("KS001-3"));
    for n in 4..60 {
        let change = book.alerted(&tm.id, "KS001", &format!("KS001-{n}"), at(n));
        made(&mut book, change.expect("attached"));
    }
    let order = book.open().next().expect("open");
    assert!(order.alerts.len() <= 20 && order.alerts[0] == "KS001-1");
    assert_eq!(order.alerts.last().map(String::as_str), Some("KS001-59"));
}

#[test]
fn numbers_begin_anew_each_local_day_and_never_come_twice() {
    let (mut book, zone) = (Book::default(), beijing());
    let mut open = |name: &str, ms| {
        let tm = device(name);
        let change = book.opened(opening(&tm, None, Origin::Public), at(ms), &zone);
        made(&mut book, change.expect("opened")).id
    };
    assert_eq!(open("a", 0), "WO-20261129-001");
    assert_eq!(open("b", 3 * HOUR), "WO-20261129-002");
    assert_eq!(open("c", 5 * HOUR), "WO-20261130-001");
    // The clock is set back by a day.
    assert_eq!(open("d", 0), "WO-20261129-003");
    assert_eq!(open("e", 5 * HOUR), "WO-20261130-002");
}

#[test]
fn a_book_is_read_back_from_its_snapshot_and_its_events() {
    let mut book = Book::default();
    let mut events = Vec::new();
    let mut keep = |book: &mut Book, change: Change| {
        events.push(change.event(at(0)).expect("json"));
        made(book, change)
    };
    for n in 0..50 {
        let tm = device(&format!("tm-{n}"));
        let change = book.opened(opening(&tm, Some("KS001"), person()), at(n), &beijing());
        let id = keep(&mut book, change.expect("opened")).id;
        if n % 5 == 0 {
            let change = book.stepped(&id, wanted(State::Cancelled), &vendors(), at(100 + n));
            keep(&mut book, change.expect("cancelled"));
        }
    }
    let snapshot = book.snapshot(&[]).expect("json");
    events.reverse();
    assert_eq!(Book::restore(&snapshot, &events), book);
    // Either of them is enough for what is open.
    for (snapshot, events) in [(&snapshot[..], &[][..]), (&b"broken"[..], &events[..])] {
        let again = Book::restore(snapshot, events);
        assert!(again.open().eq(book.open()));
        let tm = device("another");
        let next = again.opened(opening(&tm, None, person()), at(200), &beijing());
        assert_eq!(next.expect("opened").order.id, "WO-20261129-051");
    }
}

/// What may happen to the orders, with the device or order that it happens to.
#[derive(Debug, Clone)]
enum Happens {
    Open(usize),
    Report(usize),
    Step(usize, State),
    Alert(usize, u32),
    Proof(usize),
}

fn happens() -> impl Strategy<Value = Happens> {
    let state = prop::sample::select(State::ALL.to_vec());
    prop_oneof![
        (0..3_usize).prop_map(Happens::Open),
        (0..3_usize).prop_map(Happens::Report),
        (0..6_usize, state).prop_map(|(n, state)| Happens::Step(n, state)),
        (0..3_usize, 0..9_u32).prop_map(|(n, alert)| Happens::Alert(n, alert)),
        (0..6_usize).prop_map(Happens::Proof),
    ]
}

/// What holds of an order whatever happened.
fn is_sound(order: &Order) -> Result<(), TestCaseError> {
    let last = order.steps.last().expect("a step");
    prop_assert_eq!(last.state, order.state);
    prop_assert_eq!(order.steps[0].state, State::Reported);
    prop_assert_eq!(order.state.is_over(), order.closed.is_some());
    let states: Vec<State> = order.steps.iter().map(|step| step.state).collect();
    for pair in states.windows(2) {
        prop_assert!(pair[0].next().contains(&pair[1]), "{:?} to {:?}", pair[0], pair[1]);
    }
    let before_end = states.iter().rev().find(|state| !state.is_over());
    let is_done = before_end == Some(&State::Done);
    prop_assert_eq!(order.done.is_some(), is_done);
    if let Some(closed) = &order.closed {
        prop_assert_eq!(order.state == State::Closed, is_done);
        prop_assert_eq!(closed.proven, closed.by == Who::Program);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    /// Whatever is asked in whatever order: a step that was taken stays, one that was refused leaves
    /// everything as it was, no state is reached that cannot be, no second order for one fault.
    #[test]
    fn no_step_is_lost_and_no_state_is_impossible(
        all in prop::collection::vec(happens(), 1..120)
    ) {
        let (mut book, vendors, zone) = (Book::default(), vendors(), beijing());
        let devices = [0, 1, 2].map(|n| device(&format!("tm-{n}")));
        let mut steps: std::collections::BTreeMap<String, Vec<Step>> = Default::default();
        for (ms, happens) in (0..).zip(all) {
            let (before, now) = (book.clone(), at(ms));
            let nth = |n: usize| {
                let ids = book.open().chain(book.closed()).map(|order| order.id.clone());
                ids.collect::<Vec<_>>().get(n).cloned().unwrap_or_default()
            };
            let change = match &happens {
                Happens::Open(n) => book.opened(opening(&devices[*n], Some("R"), person()), now, &zone).ok(),
                Happens::Report(n) => book.reported(&devices[*n].id),
                Happens::Step(n, state) => book.stepped(&nth(*n), wanted(*state), &vendors, now).ok(),
                Happens::Alert(n, alert) => {
                    book.alerted(&devices[*n].id, "R", &format!("R-{alert}"), now)
                }
                Happens::Proof(n) => book.proven(&nth(*n), Text::same("works"), now),
            };
            prop_assert_eq!(&book, &before, "working a change out changes nothing");
            let Some(change) = change else { continue };
            let order = made(&mut book, change);
            is_sound(&order)?;
            let known = steps.entry(order.id.clone()).or_default();
            prop_assert!(order.steps.starts_with(known), "a step was lost: {:?}", happens);
            prop_assert!(order.steps.len() <= known.len() + 1);
            *known = order.steps.clone();
        }
        prop_assert_eq!(book.open().count() + book.closed().len(), steps.len());
        for device in &devices {
            let open = book.open().filter(|order| order.device == device.id);
            prop_assert!(open.count() <= 1);
        }
        let snapshot = book.snapshot(&[]).expect("json");
        prop_assert!(Book::restore(&snapshot, &[]).open().eq(book.open()));
    }
}
