//! What people hear: silences, maintenance, time-outs, repetition, parents, and the way up.

use super::super::policy::{Hours, Policy, Route};
use super::super::record::{self, Restored};
use super::super::silence::{Effect, Matcher};
use super::super::track::TOLD_MAX;
use super::tests::{NOON, World, paper, producing, tripped};
use super::*;
use crate::model::{Severity, Text, Timestamp, Value};

const MINUTE: i64 = 60;

type Said<'a> = &'a [(&'a str, &'a [(&'a str, Value)])];

fn silence(effect: Effect, matcher: Matcher, from: Timestamp, for_s: i64) -> Silence {
    Silence {
        id: format!("S{}", from.ms()),
        effect,
        matcher,
        from,
        until: from.plus_ms(for_s * 1000),
        recurring: None,
        by: "王".to_owned(),
        why: "清洗".to_owned(),
        set: from,
        ended: None,
    }
}

fn of_device(id: &str) -> Matcher {
    Matcher { devices: vec![id.to_owned()], ..Matcher::default() }
}

fn route(name: &str, after_min: i64) -> Route {
    Route {
        name: name.to_owned(),
        channels: vec![name.to_owned()],
        matcher: Matcher::default(),
        severity_min: Severity::Minor,
        after_ms: after_min * 60_000,
        hours: Hours::Always,
    }
}

/// The transitions of the inverter's fault alone: its silence has rules of its own.
fn seconds(world: &mut World, count: i64, speaking: Said<'_>) -> Vec<Transition> {
    let mut all = Vec::new();
    for _ in 0..count {
        all.extend(world.second(speaking));
    }
    all
}

fn changes(transitions: &[Transition]) -> Vec<(Change, bool)> {
    transitions.iter().map(|t| (t.change, t.tell)).collect()
}

#[test]
fn what_toggles_is_told_three_times_an_hour_and_held_open() {
    let mut world = World::new(NOON);
    world.engine.desk.policy.channels = vec!["duty".to_owned()];
    let (well, ill) = (paper(0), paper(1));
    let mut told = Vec::new();
    let mut marked = false;
    // Paper that is low and full in turn, every half minute, for three hours.
    for round in 0..360 {
        let said = if round % 2 == 0 { &ill } else { &well };
        let found = seconds(&mut world, 30, &[("inv", &producing()), ("tm", said)]);
        let news = found.iter().filter(|t| t.tell && t.alert.rule == "KS003");
        told.extend(news.map(|_| world.now));
        marked |= world.engine.open().iter().any(|alert| alert.flapping);
    }
    assert!(marked, "it is marked");
    for (at, first) in told.iter().enumerate() {
        let within = told.iter().skip(at).filter(|t| t.since_ms(*first) < 3_600_000).count();
        assert!(within <= TOLD_MAX, "{within} within an hour");
    }
    assert!(told.len() >= 3, "{}", told.len());
    // Well for good: it is over after ten minutes and an hour, and that is told.
    let found = seconds(&mut world, 75 * MINUTE, &[("inv", &producing()), ("tm", &well)]);
    assert!(world.engine.open().is_empty(), "{:?}", world.engine.open());
    assert_eq!(changes(&found).last(), Some(&(Change::Resolved, true)));
    // What is well for an hour is news again.
    seconds(&mut world, 61 * MINUTE, &[("inv", &producing()), ("tm", &well)]);
    let found = seconds(&mut world, 2, &[("inv", &producing()), ("tm", &ill)]);
    assert_eq!(changes(&found), [(Change::Raised, true)]);
    assert!(!found[0].alert.flapping);
}

#[test]
fn what_becomes_worse_is_told_all_the_same() {
    let mut track = Track::default();
    let now = Timestamp::from_ms(NOON);
    for _ in 0..TOLD_MAX {
        track.told.push_back((now, Severity::Major));
    }
    assert!(!track.has_room(Severity::Major) && track.has_room(Severity::Critical));
    track.forget(now.plus_ms(3_600_000));
    assert!(track.has_room(Severity::Info));
}

#[test]
fn a_device_that_fell_silent_leaves_its_alerts_stale() {
    let mut world = World::new(NOON);
    seconds(&mut world, 70, &[("inv", &tripped()), ("tm", &paper(0))]);
    assert_eq!(world.engine.open()[0].state, AlertState::Active);
    seconds(&mut world, 60, &[("tm", &paper(0))]);
    let open = world.engine.open();
    assert_eq!((open[0].rule.as_str(), open[0].state), ("PV002", AlertState::Stale));
    assert!(world.engine.take_shown(), "the page is told");
    seconds(&mut world, 3, &[("inv", &tripped()), ("tm", &paper(0))]);
    assert_eq!(world.engine.open()[0].state, AlertState::Active);
}

#[test]
fn an_acknowledgement_counts_for_its_time() {
    let mut world = World::new(NOON);
    world.engine.desk.policy.channels = vec!["duty".to_owned()];
    let said: Said<'_> = &[("inv", &tripped()), ("tm", &paper(0))];
    seconds(&mut world, 70, said);
    let id = world.engine.open()[0].id.clone();
    let until = Some(world.now.plus_ms(600_000));
    let who = Acknowledged { by: "王".into(), note: String::new(), at: world.now, until };
    let noted = world.engine.acknowledge(&id, who).expect("open");
    assert_eq!(noted.to, Some(vec!["duty".to_owned()]));
    assert!(seconds(&mut world, 599, said).is_empty());
    let found = seconds(&mut world, 2, said);
    assert_eq!(changes(&found), [(Change::Forgotten, true)]);
    let open = world.engine.open();
    assert_eq!((open[0].state, open[0].acknowledged.clone()), (AlertState::Active, None));
}

#[test]
fn what_nobody_heard_of_ends_unheard_and_maintenance_is_an_end_that_is_told() {
    let mut world = World::new(NOON);
    world.engine.desk.policy.channels = vec!["duty".to_owned()];
    let broken: Said<'_> = &[("inv", &tripped()), ("tm", &paper(0))];
    let well: Said<'_> = &[("inv", &producing()), ("tm", &paper(0))];
    let quiet = silence(Effect::Silence, of_device("inv"), world.now, 300);
    world.engine.desk.silences.push(quiet);
    assert_eq!(changes(&seconds(&mut world, 70, broken)), [(Change::Raised, false)]);
    assert_eq!(changes(&seconds(&mut world, 30, well)), [(Change::Resolved, false)]);
    assert_eq!(changes(&seconds(&mut world, 4_000, well)), []);
    assert_eq!(changes(&seconds(&mut world, 70, broken)), [(Change::Raised, true)]);
    let works = silence(Effect::Maintenance, of_device("inv"), world.now, 600);
    world.engine.desk.silences.push(works);
    let over = seconds(&mut world, 30, broken);
    let over: Vec<_> = over.iter().filter(|t| t.change == Change::Resolved).collect();
    assert!(over.len() == 1 && over[0].tell, "{over:?}");
}

#[test]
fn a_silence_keeps_it_from_people_and_its_end_tells_them() {
    let mut world = World::new(NOON);
    world.engine.desk.policy.channels = vec!["duty".to_owned()];
    let said: Said<'_> = &[("inv", &tripped()), ("tm", &paper(0))];
    let quiet = silence(Effect::Silence, of_device("inv"), world.now, 600);
    world.engine.desk.silences.push(quiet.clone());
    let found = seconds(&mut world, 70, said);
    assert_eq!(changes(&found), [(Change::Raised, false)], "raised and shown, not told");
    assert_eq!(world.engine.open()[0].silenced.as_deref(), Some(quiet.id.as_str()));
    let found = seconds(&mut world, 600, said);
    assert_eq!(changes(&found), [(Change::Unmuted, true)]);
    assert_eq!(found[0].to, Some(vec!["duty".to_owned()]));
    // One that is set while it is open: who heard of it hears of its end all the same.
    let quiet = silence(Effect::Silence, of_device("inv"), world.now, 600);
    world.engine.desk.silences.push(quiet.clone());
    assert_eq!(changes(&seconds(&mut world, 2, said)), [(Change::Muted, false)]);
    let well: Said<'_> = &[("inv", &producing()), ("tm", &paper(0))];
    let over = seconds(&mut world, 30, well);
    assert_eq!(changes(&over), [(Change::Resolved, true)]);
    assert_eq!(over[0].to, Some(vec!["duty".to_owned()]));
    // Ended by hand.
    let at = world.now;
    assert!(world.engine.end_silence(&quiet.id, Ended { by: "李".into(), at }).is_some());
    assert!(world.engine.end_silence(&quiet.id, Ended { by: "李".into(), at }).is_none());
    assert_eq!(changes(&seconds(&mut world, 70, said)), [(Change::Raised, true)]);
}

#[test]
fn a_device_that_is_worked_on_by_plan_is_not_judged() {
    let mut world = World::new(NOON);
    let work = silence(Effect::Maintenance, of_device("inv"), world.now, 600);
    world.engine.desk.silences.push(work);
    // Switched off, and a fault on the way.
    let said: Said<'_> = &[("inv", &tripped()), ("tm", &paper(0))];
    assert!(seconds(&mut world, 100, said).is_empty());
    assert!(seconds(&mut world, 480, &[("tm", &paper(0))]).is_empty());
    assert!(world.engine.open().is_empty());
    // It is not back in time.
    let found = seconds(&mut world, 400, &[("tm", &paper(0))]);
    assert_eq!(found.iter().map(|t| t.alert.rule.as_str()).collect::<Vec<_>>(), ["PV001"]);
}

#[test]
fn the_next_are_told_when_nobody_answers_and_the_end_is_told_to_all_who_heard() {
    let mut world = World::new(NOON);
    let channels = ["team", "lead", "vendor"].map(str::to_owned).to_vec();
    let routes = vec![route("team", 0), route("lead", 5), route("vendor", 10)];
    world.engine.desk.policy = Policy { channels, routes, acknowledged_for_ms: None };
    let said: Said<'_> = &[("inv", &tripped()), ("tm", &paper(0))];
    let found = seconds(&mut world, 62 + 5 * MINUTE, said);
    let to = |t: &Transition| t.to.clone().unwrap_or_default().join(" ");
    assert_eq!(found.iter().map(to).collect::<Vec<_>>(), ["team", "lead"]);
    assert_eq!(changes(&found), [(Change::Raised, true), (Change::Escalated, true)]);
    let id = world.engine.open()[0].id.clone();
    let who = Acknowledged { by: "王".into(), note: String::new(), at: world.now, until: None };
    assert!(world.engine.acknowledge(&id, who).is_some());
    assert!(seconds(&mut world, 20 * MINUTE, said).is_empty(), "somebody is on it");
    let found = seconds(&mut world, 30, &[("inv", &producing()), ("tm", &paper(0))]);
    assert_eq!(found.iter().map(to).collect::<Vec<_>>(), ["team lead"]);
}

#[test]
fn a_line_without_an_answer_is_one_alert_and_those_before_it_hear_no_more() {
    let mut world = World::with(NOON, &["a", "b", "c"]);
    world.engine.desk.policy.channels = vec!["duty".to_owned()];
    world.on_one_line(&["a", "b", "c"], "/dev/ttyS1");
    let all: Said<'_> =
        &[("a", &producing()), ("b", &producing()), ("c", &producing()), ("tm", &paper(0))];
    seconds(&mut world, 10, all);
    // One is gone alone first.
    let rest: Said<'_> = &[("b", &producing()), ("c", &producing()), ("tm", &paper(0))];
    let found = seconds(&mut world, 400, rest);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].alert.rule, "PV001");
    let found = seconds(&mut world, 600, &[("tm", &paper(0))]);
    let told: Vec<_> = found.iter().filter(|t| t.tell).map(|t| t.alert.rule.as_str()).collect();
    assert_eq!(told, ["SY015"], "{found:?}");
    let open = world.engine.open();
    let parent = open.iter().find(|alert| alert.rule == "SY015").expect("the line's");
    assert_eq!(parent.text.en, "none of the 3 devices on line `/dev/ttyS1` answers");
    assert!(parent.id.starts_with("SY015-gateway-line--dev-ttyS1-"), "{}", parent.id);
    let child = open.iter().find(|alert| alert.rule == "PV001").expect("the first one's");
    assert_eq!(child.inhibited.as_deref(), Some(parent.id.as_str()));
    // All come back.
    let found = seconds(&mut world, 30, all);
    let told: Vec<_> = found.iter().filter(|t| t.tell).map(|t| t.alert.rule.as_str()).collect();
    assert!(told.contains(&"SY015"), "{found:?}");
    assert!(world.engine.open().is_empty());
}

#[test]
fn inverters_of_a_line_that_sleep_are_no_line_that_is_gone() {
    let mut world = World::with(NOON + 7 * 3_600_000, &["a", "b"]); // 19:00
    world.on_one_line(&["a", "b"], "l1");
    seconds(&mut world, 10, &[("a", &producing()), ("b", &producing()), ("tm", &paper(0))]);
    world.now = Timestamp::from_ms(NOON + 11 * 3_600_000);
    assert!(seconds(&mut world, 900, &[("tm", &paper(0))]).is_empty());
}

#[test]
fn what_was_decided_after_the_snapshot_is_read_from_the_journal() {
    let mut world = World::new(NOON);
    world.engine.desk.policy.channels = vec!["duty".to_owned()];
    let said: Said<'_> = &[("inv", &tripped()), ("tm", &paper(1))];
    let before = record::snapshot(&world.engine.tracks, &[]).expect("snapshot");
    let mut events = Vec::new();
    for _ in 0..70 {
        let found = world.second(said);
        events.extend(found.iter().filter_map(|t| record::event(t, world.now)));
    }
    let id = world.engine.open()[0].id.clone();
    let who = Acknowledged { by: "王".into(), note: String::new(), at: world.now, until: None };
    let noted = world.engine.acknowledge(&id, who).expect("open");
    events.extend(record::event(&noted, world.now));
    let quiet = silence(Effect::Silence, of_device("tm"), world.now, 600);
    events.extend(record::silence_event(&quiet, world.now));
    let with = |state: &[u8]| {
        let mut known: Restored = record::restore(state);
        // Some of it may be in the snapshot already.
        events.iter().for_each(|event| known.replay(event));
        let open: Vec<_> = known.tracks.values().filter_map(|t| t.open.clone()).collect();
        let told: usize = known.tracks.values().map(|t| t.told.len()).sum();
        (open, told, known.silences)
    };
    let after =
        record::snapshot(&world.engine.tracks, std::slice::from_ref(&quiet)).expect("snapshot");
    for state in [before, after] {
        let (mut open, told, silences) = with(&state);
        open.sort_by(|a, b| b.raised.cmp(&a.raised).then_with(|| a.id.cmp(&b.id)));
        assert_eq!(open, world.engine.open());
        assert_eq!((told, silences), (2, vec![quiet.clone()]));
    }
}

#[test]
fn a_channel_that_fails_is_told_of_on_the_others() {
    let mut world = World::new(NOON);
    world.engine.desk.policy.channels = vec!["duty".to_owned(), "mail".to_owned()];
    world.found = vec![service::Finding {
        what: service::What::ChannelFailing,
        device: None,
        part: "channel-duty".to_owned(),
        severity: None,
        words: vec![("channel", Text::same("duty")), ("why", Text::same("HTTP 500"))],
        devices: Vec::new(),
    }];
    let said: Said<'_> = &[("inv", &producing()), ("tm", &paper(0))];
    let found = seconds(&mut world, 2, said);
    assert_eq!(found[0].alert.rule, "SY004");
    assert_eq!(found[0].to, Some(vec!["mail".to_owned()]));
    assert_eq!(found[0].alert.text.zh, "通知渠道 `duty` 发不出：HTTP 500");
}

#[test]
fn an_inverter_that_stands_still_costs_what_its_siblings_make() {
    let mut world = World::with(NOON, &["a", "b", "c"]);
    let tariff = crate::tariff::Tariff {
        from: "2026-01-01".parse().expect("date"),
        price_per_kwh: 0.5,
        periods: Vec::new(),
    };
    world.engine.desk.costs.tariffs = crate::tariff::Tariffs::new(vec![tariff]);
    let (ill, well) = (tripped(), producing());
    let said: Said<'_> = &[("a", &ill), ("b", &well), ("c", &well), ("tm", &paper(0))];
    seconds(&mut world, 61, said);
    let before = world.engine.open();
    assert_eq!(before.len(), 1, "{before:?}");
    let labels: Vec<_> = before[0].evidence.iter().map(|(label, _)| label.en.as_str()).collect();
    assert!(labels.contains(&"sun") && labels.contains(&"siblings' median output"), "{labels:?}");
    seconds(&mut world, 3600, said);
    let open = world.engine.open();
    let cost = open.iter().find(|alert| alert.rule == "PV002").expect("open").cost;
    // Its siblings make 30 kW each; the sun of this noon is not asked.
    assert!((cost.energy_wh - before[0].cost.energy_wh - 30_000.0).abs() < 1.0, "{cost:?}");
    assert!((cost.money.expect("a tariff") - cost.energy_wh / 1000.0 * 0.5).abs() < 1e-9);
    // A gap in which nobody looked is not reckoned with.
    world.now = world.now.plus_ms(3_600_000);
    seconds(&mut world, 1, said);
    let open = world.engine.open();
    let after = open.iter().find(|alert| alert.rule == "PV002").expect("open").cost;
    assert!(after.energy_wh - cost.energy_wh < 10.0, "{after:?}");
    let state = record::snapshot(&world.engine.tracks, &[]).expect("snapshot");
    let kept = record::restore(&state);
    assert!(kept.tracks.values().any(|t| t.open.as_ref().is_some_and(|a| a.cost == after)));
}

#[test]
fn a_switch_without_its_devices_is_one_alert() {
    let mut world = World::with(NOON, &["a", "b"]);
    let id = |id: &str| DeviceId::parse(id).expect("id");
    world.switches = vec![super::super::line::Switch {
        id: "sw-1".to_owned(),
        name: Text::new("一层交换机", "switch of floor 1"),
        devices: vec![id("a"), id("tm")],
    }];
    seconds(&mut world, 10, &[("a", &producing()), ("b", &producing()), ("tm", &paper(0))]);
    let found = seconds(&mut world, 900, &[("b", &producing())]);
    let told: Vec<_> = found.iter().map(|t| t.alert.text.en.as_str()).collect();
    assert_eq!(told, ["all 2 devices behind switch of floor 1 are gone"]);
}

#[test]
fn a_broker_that_is_gone_is_one_alert_with_its_devices() {
    let mut world = World::new(NOON);
    seconds(&mut world, 5, &[("inv", &producing()), ("tm", &paper(0))]);
    world.link("tm", crate::model::LinkFault::BrokerDown);
    let found = seconds(&mut world, 900, &[("inv", &producing())]);
    assert_eq!(found.iter().map(|t| t.alert.rule.as_str()).collect::<Vec<_>>(), ["SY016"]);
    assert!(found[0].alert.evidence[0].1.contains("[tm]"), "{:?}", found[0].alert.evidence);
}

#[test]
fn a_line_that_cannot_keep_up_is_told_unless_somebody_on_it_is_silent() {
    let mut world = World::with(NOON, &["a", "b"]);
    world.on_one_line(&["a", "b"], "l1");
    let late = |world: &World, cycles: u64, late_cycles: u64| {
        let last = crate::source::modbus::LastMinute { cycles, late_cycles, ..Default::default() };
        let lines = [("l1".to_owned(), last)];
        super::super::line::late(world.board(), &world.board().peers(world.now), lines)
    };
    seconds(&mut world, 5, &[("a", &producing()), ("b", &producing()), ("tm", &paper(0))]);
    let found = late(&world, 10, 6);
    assert_eq!((found.len(), found[0].part.as_str()), (1, "late-l1"));
    assert!(late(&world, 10, 5).is_empty() && late(&world, 3, 3).is_empty());
    seconds(&mut world, 60, &[("a", &producing()), ("tm", &paper(0))]);
    assert!(late(&world, 10, 9).is_empty(), "the time goes into waiting for b");
}

#[test]
fn what_is_found_beside_the_devices_is_told_in_whole_sentences() {
    use super::super::upkeep::{self, OverdueRepair};
    let mut world = World::new(NOON);
    let finding = |what: service::What, word: &'static str| service::Finding {
        what,
        device: None,
        part: word.to_owned(),
        severity: None,
        words: vec![(word, Text::same("l1"))],
        devices: Vec::new(),
    };
    let repair = OverdueRepair {
        order: "W7".to_owned(),
        device: DeviceId::parse("tm").expect("id"),
        late: Text::new("修复", "repair"),
        due: Text::same("11-29 15:00"),
    };
    world.found = vec![
        finding(service::What::LineLate, "line"),
        finding(service::What::ClockOff, "by"),
        finding(service::What::ClockJumped, "by"),
    ];
    world.found.extend(upkeep::overdue(vec![repair]));
    let month = service::Kpi { service_ms: 1 << 40, down_ms: 1 << 38, ..service::Kpi::default() };
    let month = service::Kpi { serving_ms: (1 << 40) - (1 << 38), ..month };
    let (kind, of, serving) = (DeviceKind::TicketMachine, 1, 1);
    let kinds = vec![service::KindView { kind, of, serving, month }];
    let overview = service::Overview { kinds, ..service::Overview::default() };
    world.found.extend(upkeep::availability(&overview));
    let said: Said<'_> = &[("inv", &producing()), ("tm", &paper(0))];
    let found = seconds(&mut world, 605, said);
    let mut rules: Vec<&str> = found.iter().map(|told| told.alert.rule.as_str()).collect();
    rules.sort_unstable();
    assert_eq!(rules, ["SL002", "SL003", "SY002", "SY003", "SY018"], "each once, after its time");
    for told in &found {
        let text = &told.alert.text;
        assert!(!text.zh.contains('{') && !text.en.contains('{'), "{text:?}");
    }
    let overdue = found.iter().find(|told| told.alert.rule == "SL002").expect("told");
    assert_eq!(overdue.alert.text.zh, "tm 工单 W7 修复已超合同时限（应于 11-29 15:00 前）");
    world.found.clear();
    let over = seconds(&mut world, 20, said);
    assert!(over.iter().any(|told| told.alert.rule == "SL002"), "{over:?}");
}

#[test]
fn what_is_no_alert_yet_is_a_suspect_until_it_is_one_or_recovers() {
    let mut world = World::new(NOON);
    let both: Said<'_> = &[("inv", &producing()), ("tm", &paper(0))];
    let only: Said<'_> = &[("inv", &producing())];
    seconds(&mut world, 5, both);
    assert!(world.engine.suspects().is_empty(), "{:?}", world.engine.suspects());
    seconds(&mut world, 60, only);
    let suspects = world.engine.suspects();
    let [suspect] = &suspects[..] else { panic!("{suspects:?}") };
    assert_eq!((suspect.rule.as_str(), suspect.severity), ("KS001", Severity::Major));
    assert_eq!(suspect.device.as_ref().map(DeviceId::as_str), Some("tm"));
    assert_eq!(suspect.due.since_ms(suspect.since), 300_000);
    assert!(!suspect.text.zh.contains('{') && suspect.due > world.now, "{suspect:?}");
    // What the snapshot leaves out is seen anew.
    let state = record::snapshot(&world.engine.tracks, &[]).expect("state");
    world.engine = Engine::new(world.engine.rules.to_vec(), record::restore(&state).tracks);
    seconds(&mut world, 2, only);
    assert_eq!(world.engine.suspects(), suspects);
    seconds(&mut world, 2, both);
    assert!(world.engine.suspects().is_empty(), "it speaks again");
    let raised = seconds(&mut world, 340, only);
    assert_eq!(changes(&raised), [(Change::Raised, true)]);
    assert!(world.engine.suspects().is_empty(), "it is an alert");
}

#[test]
fn routes_and_silences_pick_by_the_labels_of_rules() {
    let mut world = World::new(NOON);
    let mut rules = world.engine.rules.to_vec();
    let label = || ("team".to_owned(), "electricians".to_owned());
    for rule in rules.iter_mut().filter(|rule| *rule.id == *"PV002") {
        rule.labels.extend([label()]);
    }
    world.engine = Engine::new(rules, BTreeMap::new());
    let labels = || Matcher { labels: Labels::from([label()]), ..Matcher::default() };
    let electricians = Route { matcher: labels(), ..route("electricians", 0) };
    let kiosks = Route {
        matcher: Matcher { kinds: vec!["ticket_machine".to_owned()], ..Matcher::default() },
        ..route("it", 0)
    };
    let channels = vec!["electricians".to_owned(), "it".to_owned()];
    world.engine.desk.policy =
        Policy { channels, routes: vec![electricians, kiosks], ..Policy::default() };
    let broken: Said<'_> = &[("inv", &tripped()), ("tm", &paper(0))];
    let well: Said<'_> = &[("inv", &producing()), ("tm", &paper(0))];
    let raised = seconds(&mut world, 70, broken);
    let raised: Vec<_> = raised.iter().filter(|t| t.alert.rule == "PV002").collect();
    assert_eq!(raised[0].to.as_deref(), Some(&["electricians".to_owned()][..]));
    assert_eq!(raised[0].alert.labels, Labels::from([label()]));
    let again = record::event(raised[0], world.now).and_then(|event| record::transition(&event));
    assert_eq!(again.as_ref(), Some(raised[0]), "the journal keeps them");
    seconds(&mut world, 60, well);
    let quiet = silence(Effect::Silence, labels(), world.now, 600);
    world.engine.desk.silences.push(quiet);
    let raised = seconds(&mut world, 70, broken);
    let told: Vec<_> = raised.iter().filter(|t| t.tell && t.alert.rule == "PV002").collect();
    assert!(told.is_empty(), "{told:?}");
    assert!(world.engine.open()[0].silenced.is_some());
}

/// NOON is that of a Sunday in June.
const MONDAY_OPENS: i64 = NOON + 21 * 3_600_000;
const MONDAY_CLOSES: i64 = MONDAY_OPENS + 8 * 3_600_000;

#[test]
fn machines_that_are_off_at_night_and_on_sundays_are_no_alerts() {
    let mut world = World::new(NOON);
    world.hours = super::tests::serving(crate::calendar::Hours::default());
    let both: Said<'_> = &[("inv", &producing()), ("tm", &paper(2))];
    let only: Said<'_> = &[("inv", &producing())];
    assert_eq!(changes(&seconds(&mut world, 600, both)), [], "out of paper on a Sunday");
    assert_eq!(changes(&seconds(&mut world, 900, only)), [], "and switched off");
    world.now = Timestamp::from_ms(MONDAY_OPENS - 120_000);
    assert_eq!(changes(&seconds(&mut world, 400, only)), [], "five minutes from the opening on");
    let raised = seconds(&mut world, 30, only);
    assert_eq!((raised.len(), raised[0].alert.rule.as_str()), (1, "KS001"));
    assert_eq!(raised[0].alert.since.ms() / 10_000, MONDAY_OPENS / 10_000);
    // It is no less broken because the hall closes.
    world.now = Timestamp::from_ms(MONDAY_CLOSES - 60_000);
    assert_eq!(changes(&seconds(&mut world, 300, only)), []);
    let back = seconds(&mut world, 60, both);
    assert_eq!((back.len(), back[0].change), (1, Change::Resolved));
    assert!(
        world.engine.open().is_empty(),
        "without paper, after hours: {:?}",
        world.engine.open()
    );
}

#[test]
fn paper_that_is_out_is_open_until_it_is_filled_also_after_closing() {
    let mut world = World::new(MONDAY_CLOSES - 300_000);
    world.hours = super::tests::serving(crate::calendar::Hours::default());
    let with = |code| [("inv", producing()), ("tm", paper(code))];
    let mut pass = |said: [(&str, Vec<(&'static str, Value)>); 2], count| {
        let said: Vec<_> = said.iter().map(|(id, said)| (*id, &said[..])).collect();
        changes(&seconds(&mut world, count, &said))
    };
    assert_eq!(pass(with(2), 120), [(Change::Raised, true)]);
    assert_eq!(pass(with(2), 400), [], "the hall closes");
    assert_eq!(pass(with(0), 60), [(Change::Resolved, true)]);
}
